from __future__ import annotations

import re

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from engram.agents.cli import DONE, MISSING, CommandError
from engram.evaluation.serve_language import ServeLanguageOptions, serve_language
from engram.perception.language.serve import LanguageServer


def test_the_model_that_comes_with_engram_is_served_until_it_is_ended(monkeypatch, capsys):
    asked = []

    def serve(server):
        asked.append((server.config.name, server.model.config.max_tokens))
        raise KeyboardInterrupt

    monkeypatch.setattr(LanguageServer, "serve_forever", serve)
    assert serve_language(ServeLanguageOptions(port=0, name="planner", max_tokens=64)) == DONE
    assert asked == [("planner", 64)]
    assert re.match(r"planner: http://127\.0\.0\.1:\d+/v1\n", capsys.readouterr().out)


def test_a_model_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CommandError, match="cannot be loaded") as caught:
        serve_language(ServeLanguageOptions(model=str(tmp_path), port=0))
    assert caught.value.exit_code == MISSING


@pytest.mark.parametrize(("wrong", "said"), [({"host": "0.0.0.0"}, "other machines"), ({"timeout_secs": 0}, "must")])  # noqa: S104
def test_what_cannot_be_served_so_is_refused(wrong, said):
    with pytest.raises(CommandError, match=said):
        serve_language(ServeLanguageOptions(**{"port": 0, **wrong}))
