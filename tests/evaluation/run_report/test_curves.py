from __future__ import annotations

import numpy as np
import pytest

from engram.evaluation.contract import Metric, Record
from engram.evaluation.run_report.curves import by_task, cumulative, is_lifelong
from engram.evaluation.statistics import wilson

RATE = Metric("success", "rate", "success")
SHARE = Metric("proper", "share", "proper", "things")
MEAN = Metric("path", "mean", "path")


def records(rows, ended="done"):
    return [Record(f"base/{k}", "base", k, "toy", "", ended, 1, row, {}, "", {}, "") for k, row in enumerate(rows)]


def test_a_rate_runs_along_the_episodes_with_wilsons_band():
    curve = cumulative(records([{"success": s} for s in (1.0, 0.0, 1.0, 1.0)]), RATE)
    assert curve.x.tolist() == [1, 2, 3, 4]
    assert curve.value == pytest.approx([1, 1 / 2, 2 / 3, 3 / 4])
    for k, (low, high) in enumerate(zip(curve.low, curve.high, strict=True)):
        assert (low, high) == pytest.approx(wilson([1, 1, 2, 3][k], k + 1))


def test_a_mean_has_the_band_of_its_standard_error():
    curve = cumulative(records([{"path": v} for v in (1.0, 3.0, 8.0)]), MEAN)
    assert curve.value == pytest.approx([1, 2, 4])
    assert np.isnan(curve.low[0])  # one episode shows no spread
    half = 1.959964 * np.std([1, 3, 8], ddof=1) / np.sqrt(3)
    assert (curve.low[2], curve.high[2]) == pytest.approx((4 - half, 4 + half))


def test_a_share_weighs_episodes_by_what_they_have_to_count_and_stays_below_one():
    rows = [{"proper": 1, "things": 1}, {"proper": 1, "things": 3}, {"proper": None, "things": None}]
    curve = cumulative(records(rows), SHARE)
    assert curve.x.tolist() == [1, 2]  # the third has nothing to say
    assert curve.value == pytest.approx([1, 0.5])
    # residuals 1 - 0.5 and 1 - 1.5: sqrt(2 / 1 * 0.5) / 4 = 0.25
    assert curve.low[1] == pytest.approx(0.5 - 1.959964 * 0.25)
    assert curve.high[1] == pytest.approx(0.5 + 1.959964 * 0.25)
    assert cumulative(records([*rows[:1], {"proper": 1, "things": 2}]), SHARE).high[1] == 1.0


def test_a_crash_is_a_failure_of_a_rate_and_no_part_of_a_mean():
    run = [*records([{"success": 1.0, "path": 2.0}]), *records([{}], "crashed")]
    assert cumulative(run, RATE).value.tolist() == [1.0, 0.5]
    assert cumulative(run, MEAN).value.tolist() == [2.0]


def test_long_runs_are_drawn_by_a_hundred_points_with_both_ends():
    curve = cumulative(records([{"path": float(v)} for v in range(1000)]), MEAN)
    assert len(curve.x) == 100
    assert (curve.x[0], curve.x[-1], curve.value[-1]) == (1, 1000, 499.5)


def test_lives_are_drawn_by_task():
    run = records([{"task": k % 3, "success": float(k in (1, 2, 4, 5))} for k in range(6)])
    assert is_lifelong(run)
    curve = by_task(run, RATE)
    assert curve.x.tolist() == [0, 1, 2]
    assert curve.value.tolist() == [0, 1, 1]
    assert (curve.low[1], curve.high[1]) == pytest.approx(wilson(2, 2))


@pytest.mark.parametrize("rows", [[], [{"success": 1.0}], [{"task": 0}, {"task": None}]])
def test_other_runs_are_not_lives(rows):
    assert not is_lifelong(records(rows))


def test_nothing_to_count_gives_no_points():
    assert len(cumulative(records([{"path": None}]), MEAN).x) == 0
    assert len(cumulative(records([{"proper": 0, "things": 0}]), SHARE).x) == 0
    assert len(cumulative([], RATE).x) == 0
