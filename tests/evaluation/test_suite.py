from __future__ import annotations

import json

import pytest

from engram.evaluation.suite import SuiteRow, run_suite, table
from engram.evaluation.tidy import TidyTask


def row(seed, right, displaced, worse, undisplaced, steps, energy=None, **failures):
    metrics = {
        "displaced": displaced, "displaced_proper": right, "undisplaced": undisplaced, "undisplaced_worse": worse,
        "false_success": 1, "correctly_moved": 4, "steps": steps, "energy_displaced": energy,
    }  # fmt: skip
    return SuiteRow(seed, "done", metrics, failures)


def play(task: TidyTask) -> SuiteRow:
    if task.seed == 2:
        raise RuntimeError("fell over")
    return row(task.seed, 4, 5, 0, 50, 100 + task.seed)


def test_table_adds_up():
    rows = [row(1, 4, 5, 1, 40, 100, 0.25, no_path=2), row(2, 5, 5, 0, 60, 300, 0.75, no_path=1, closed=1)]
    figures = table([*rows, SuiteRow(3, "crashed", {}, {}, "RuntimeError: x")])
    assert (figures["houses"], figures["crashes"], figures["out_of_steps"]) == (3, 1, 0)
    better = figures["displaced_proper"]
    assert (better["count"], better["total"], better["share"]) == (9, 10, 0.9)
    assert (better["low"], better["high"]) == (pytest.approx(0.5958, abs=1e-4), pytest.approx(0.9821, abs=1e-4))
    assert figures["undisplaced_worse"]["share"] == 0.01
    assert figures["false_success"]["share"] == 0.25
    assert (figures["steps_mean"], figures["energy_displaced"]) == (200, 0.5)
    assert figures["failures"] == {"closed": 1, "no_path": 3}


def test_nothing_ran():
    figures = table([SuiteRow(3, "crashed", {}, {}, "x")])
    assert figures["displaced_proper"] == {"count": 0, "total": 0, "share": None, "low": 0.0, "high": 1.0}
    assert figures["steps_mean"] is None


@pytest.mark.slow
def test_a_crash_is_a_row_and_stops_nobody():
    seen = []
    rows = run_suite([TidyTask(seed) for seed in (1, 2, 3)], 2, seen.append, play)
    assert [r.seed for r in rows] == [1, 2, 3]
    assert rows == seen
    assert [r.ended for r in rows] == ["done", "crashed", "done"]
    assert rows[1].error == "RuntimeError: fell over"


def test_results_leave_time_out():
    assert "secs" not in json.dumps(row(1, 1, 1, 0, 1, 1).result())
