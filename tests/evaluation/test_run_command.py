from __future__ import annotations

import json
import re

import pytest

from engram.agents.brain import Ending
from engram.agents.cli import DONE, ENDED, USAGE, CommandError
from engram.evaluation import run_task
from engram.evaluation.run_command import RunOptions, run
from engram.evaluation.run_task import RunTask, TaskRun, symbolic
from engram.evaluation.run_task import run_task as really
from engram.evaluation.world_option import HouseOptions
from engram.planners.contract import OK, Plan, Result, Step

HOME = "house:seed=3,rooms=1"  # a bathroom


def ended(monkeypatch, *, claimed, reached):
    """Have every task end in some way."""
    steps = (Result(Step("pick", ("Mug_1",)), OK, 5), Result(Step("place", ("Shelf_1",)), "no_space", 3))
    ending = Ending(claimed, "success" if claimed else "budget", "", steps, 8, 2, 1, (0.004, 0.006))
    seen = []

    def run_(task, planner):
        seen.append(task)
        return TaskRun(ending, reached, int(reached), 1, 0.5, 1.5)

    monkeypatch.setattr(run_task, "run_task", run_)
    return seen


@pytest.mark.parametrize(
    ("claimed", "reached", "code"),
    [(True, True, DONE), (True, False, ENDED), (False, True, DONE), (False, False, ENDED)],
)
def test_the_world_and_not_the_robot_decides_the_exit_code(monkeypatch, claimed, reached, code):
    ended(monkeypatch, claimed=claimed, reached=reached)
    assert run(RunOptions("put a mug on a shelf")) == code


def test_options_decide_the_run(monkeypatch):
    seen = ended(monkeypatch, claimed=True, reached=True)
    options = RunOptions(
        "put a mug on a shelf", "house:seed=5,rooms=2", text=True, seed=9, max_steps=7, max_moves=70, critic=False
    )
    run(options)
    (task,) = seen
    assert (task.house, task.in_words, task.max_moves) == (HouseOptions(9, 2), True, 70)
    assert (task.brain.max_steps, task.brain.max_moves, task.brain.critic, task.brain.loop_guard) == (
        7,
        70,
        False,
        True,
    )


def test_the_report_tells_what_was_done(monkeypatch, tmp_path, capsys):
    ended(monkeypatch, claimed=True, reached=False)
    run(RunOptions("put a mug on a shelf", out=tmp_path / "out", json=True))
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert json.loads(capsys.readouterr().out) == report
    assert report["false_success"] is True
    assert report["decision_p50_ms"] == 5.0
    assert [(s["step"], s["outcome"]) for s in report["steps"]] == [
        ("pick(Mug_1)", "ok"),
        ("place(Shelf_1)", "no_space"),
    ]


def test_lines_are_for_people(monkeypatch, capsys):
    ended(monkeypatch, claimed=False, reached=False)
    run(RunOptions("put a mug on a shelf"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "  place(Shelf_1) no space"
    assert lines[-1].startswith("goal not reached (budget): 2 steps, 8 actions")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (RunOptions("florble the mug", HOME), "florble"),
        (RunOptions("", HOME), "nothing is asked for"),
        (RunOptions("find a towel", "castle"), "castle"),
        (RunOptions("find a towel", "house:seed=999999999"), "seed"),
        (RunOptions("find a towel", HOME, max_steps=0), "--max-steps"),
        (RunOptions("find a towel", HOME, text=True, memory="/nowhere/at/all.db"), "/nowhere"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(options, said):
    with pytest.raises(CommandError, match=re.escape(said)) as error:
        run(options)
    assert error.value.exit_code == USAGE


def test_a_task_is_done_in_words_and_judged_by_the_truth(capsys):
    assert run(RunOptions("Put a soap bar on the toilet.", HOME, text=True)) == DONE
    assert capsys.readouterr().out.splitlines()[-1].startswith("goal reached")
    ran = really(RunTask("Put a soap bar on the toilet.", HouseOptions(3, 1), in_words=True), symbolic)
    assert ran.reached
    assert ran.ending.claimed
    assert not ran.false_success
    assert ran.conditions == ran.met == 1


def test_a_robot_that_lies_is_found_out():
    class Liar:
        def plan(self, goal, beliefs, feedback=()):
            return Plan()

    ran = really(RunTask("Put a soap bar on the toilet.", HouseOptions(3, 1), in_words=True), lambda where: Liar())
    assert not ran.reached
    assert not ran.ending.claimed
