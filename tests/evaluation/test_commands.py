from __future__ import annotations

import errno
import json

import pytest

from engram.agents.cli import main
from engram.evaluation import session
from engram.evaluation.commands import TidyOptions, known_errors
from engram.evaluation.detector_options import DEFAULT_PERCEPTION
from engram.evaluation.detectors import PerceptionError
from engram.planners.placement import PlacementCountsError
from engram.sims.house.render.base import RenderError


def test_options_make_the_task():
    task = TidyOptions(seed=3, rooms=2, mess=4, width=64, height=48, max_steps=9).task()
    assert (task.seed, task.rooms, task.objects, task.mess, task.house) == (3, 2, None, 4, None)
    assert (task.width, task.height, task.max_steps, task.perception) == (64, 48, 9, DEFAULT_PERCEPTION)
    task = TidyOptions(perception="learned", detector="owlv2").task()
    assert (task.perception, task.detector.model) == ("learned", "owlv2")


@pytest.mark.parametrize(("ended", "code"), [("done", 0), ("out_of_steps", 0), ("interrupted", 1)])
def test_exit_code_says_whether_it_ran_to_its_end(monkeypatch, ended, code):
    monkeypatch.setattr(session, "run_and_report", lambda options: ended)
    assert main(["tidy", "--seed", "7"]) == code


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PlacementCountsError("counts.json: not JSON"), 2, "engram: counts.json: not JSON\n"),
        (
            RenderError("needs EGL; run: x"),
            3,
            "engram: needs EGL; run: x (engram doctor says what this machine lacks)\n",
        ),
        (PerceptionError("no detector weights"), 3, "engram: no detector weights\n"),
        (OSError(errno.ENOSPC, "No space left on device", "runs"), 2, "engram: runs: No space left on device\n"),
    ],
)
def test_known_errors_are_one_line(monkeypatch, capsys, error, code, said):
    def fail(options):
        raise error

    monkeypatch.setattr(session, "run_and_report", fail)
    assert main(["tidy"]) == code
    assert capsys.readouterr().err == said


def test_a_detector_is_of_learned_perception(capsys):
    assert main(["tidy", "--perception", "oracle", "--detector", "owlv2"]) == 2
    assert "add --perception learned" in capsys.readouterr().err


def test_unknown_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), known_errors():
        raise ZeroDivisionError


@pytest.mark.parametrize("seed", ["900000", "-1"])
def test_seed_of_no_split(tmp_path, capsys, seed):
    assert main(["tidy", "--seed", seed, "--out", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"engram: seed {seed} belongs to no split")
    assert err.count("\n") == 1


def test_broken_house_file_names_the_fault(tmp_path, capsys):
    house = tmp_path / "house.json"
    house.write_text(json.dumps({"seed": 1, "rooms": [{"id": "Kitchen_1", "type": "Cellar"}]}))
    assert main(["tidy", "--perception", "oracle", "--house", str(house), "--out", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert f"{house}: $.rooms[0].type: must be one of" in err


@pytest.mark.parametrize("words", [["--rooms", "99"], ["--rooms", "1", "--objects", "100000"], ["--mess", "-1"]])
def test_impossible_requests_are_refused(tmp_path, capsys, words):
    assert main(["tidy", "--perception", "oracle", "--out", str(tmp_path), *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith("engram: ")
    assert err.count("\n") == 1


def test_out_that_is_a_file(tmp_path, capsys):
    (tmp_path / "taken").touch()
    assert main(["tidy", "--perception", "oracle", "--out", str(tmp_path / "taken")]) == 2
    assert "File exists" in capsys.readouterr().err


def test_warmup_says_how_long_each_took(monkeypatch, capsys):
    monkeypatch.setattr("engram.sims.house.render.warm_up", lambda: 2.34)
    monkeypatch.setattr("engram.memory.spatial.warm.warm_up", lambda: 0.5)
    assert main(["warmup"]) == 0
    assert capsys.readouterr().out == "renderer ready after 2.3 s\nmap ready after 0.5 s\n"
