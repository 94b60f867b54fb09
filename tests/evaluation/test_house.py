"""The whole command on a real house."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engram.agents.cli import main
from engram.evaluation.report import document
from engram.evaluation.tidy import TidyTask, run_tidy

SMALL = ["--perception", "oracle", "--rooms", "1", "--mess", "2", "--width", "96", "--height", "96", "--no-progress"]


def test_tidies_a_room(tmp_path, capsys):
    assert main(["tidy", "--seed", "7", "--out", str(tmp_path), *SMALL]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["ended"] == "done"
    assert report["metrics"]["displaced"] == 2
    assert report["metrics"]["objects"] > 10
    assert report["metrics"]["undisplaced_worse"] <= 1
    assert {p.name for p in tmp_path.iterdir()} == {"report.json", "report.html", "episode.gif", "steps.jsonl"}
    assert "of 2 displaced things in a proper place" in capsys.readouterr().out


@pytest.mark.slow
def test_equal_tasks_give_equal_reports():
    task = TidyTask(11, rooms=1, mess=2, perception="oracle", width=64, height=64, max_steps=120)
    first, second = (document(run_tidy(task), {}) for _ in range(2))
    other = document(run_tidy(replace(task, seed=12)), {})
    assert first == second
    assert first["journal"] != other["journal"]
