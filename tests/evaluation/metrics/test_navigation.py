from __future__ import annotations

import math

import numpy as np
import pytest

from engram.evaluation.metrics.navigation import (
    cls,
    dtw,
    navigation_error_m,
    ndtw,
    oracle_success,
    path_length_m,
    sdtw,
    soft_spl,
    spl,
)

ROUTE = [(0, 0), (1, 0), (2, 0), (3, 0)]
PATH = [(0, 0), (1, 0), (2, 0)]


@pytest.mark.parametrize(
    ("success", "shortest", "taken", "expected"),
    [(True, 10, 20, 0.5), (True, 10, 5, 1.0), (False, 10, 10, 0.0), (True, 0, 0, 1.0), (True, 0, 3, 0.0)],
)
def test_spl(success, shortest, taken, expected):
    assert spl(success, shortest, taken) == expected


@pytest.mark.parametrize(
    ("shortest", "taken", "left", "expected"),
    [(10, 20, 5, 0.25), (10, 10, 0, 1.0), (10, 2, 15, 0.0), (0, 0, 0, 1.0), (0, 4, 0, 0.0), (0, 0, 2, 0.0)],
)
def test_soft_spl(shortest, taken, left, expected):
    assert soft_spl(shortest, taken, left) == expected


@pytest.mark.parametrize("lengths", [(-1, 2), (math.nan, 2), (1, math.inf)])
def test_lengths_are_checked(lengths):
    with pytest.raises(ValueError, match="0 m or more"):
        spl(True, *lengths)


def test_end_and_nearest_point():
    path = [(0, 0), (3, 4), (6, 0)]
    assert path_length_m(path) == 10.0
    assert path_length_m([(1, 1)]) == 0.0
    assert navigation_error_m(path, (3, 4)) == 5.0
    assert oracle_success(path, (3, 5), 1.0)
    assert not oracle_success(path, (3, 5.1), 1.0)


def test_dtw_by_hand():
    """The best way is 1, 2, 1, 0: down the first column, then the diagonal."""
    assert dtw([[1, 5, 9], [2, 7, 9], [6, 1, 9], [9, 9, 0]]) == 4.0
    assert dtw([[3.0]]) == 3.0


def test_dtw_is_the_least_over_all_alignments():
    cost = np.random.default_rng(3).random((5, 4))

    def best(i, j):
        if i == j == 0:
            return cost[0, 0]
        before = [(i - 1, j), (i, j - 1), (i - 1, j - 1)]
        return cost[i, j] + min(best(*b) for b in before if min(b) >= 0)

    assert dtw(cost) == pytest.approx(best(4, 3))


def test_stopping_one_metre_short():
    """DTW = 1; with 3 m and four points nDTW = exp(-1/12)."""
    assert ndtw(PATH, ROUTE, 3.0) == pytest.approx(math.exp(-1 / 12))
    assert sdtw(True, PATH, ROUTE, 3.0) == ndtw(PATH, ROUTE, 3.0)
    assert sdtw(False, PATH, ROUTE, 3.0) == 0.0
    coverage = (3 + math.exp(-1 / 3)) / 4
    expected = 3 * coverage
    assert cls(PATH, ROUTE, 3.0) == pytest.approx(coverage * expected / (expected + abs(expected - 2)))


def test_following_exactly():
    assert ndtw(ROUTE, ROUTE, 3.0) == cls(ROUTE, ROUTE, 3.0) == 1.0
    assert cls([(0, 0)], [(0, 0)], 3.0) == 1.0


def test_walking_twice_as_far_costs_length_but_not_coverage():
    assert cls([*ROUTE, *ROUTE[::-1]], ROUTE, 3.0) == pytest.approx(3 / (3 + 3))


@pytest.mark.parametrize("path", [[], [1.0, 2.0]])
def test_what_is_no_path(path):
    with pytest.raises(ValueError, match="at least one point"):
        ndtw(path, ROUTE, 3.0)


def test_threshold_and_cost_are_checked():
    with pytest.raises(ValueError, match="above 0"):
        ndtw(PATH, ROUTE, 0.0)
    with pytest.raises(ValueError, match="at least 1 x 1"):
        dtw(np.empty((0, 3)))
