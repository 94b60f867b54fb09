"""Metrics of navigation in metres: success by path length, distance to the goal, and how well a route was followed.

Paths are (n, d) in metres, d 2 or 3, in one frame; n at least 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def path_length_m(path: ArrayLike) -> float:
    """Length of a path: sum of the distances of consecutive points."""
    return float(np.linalg.norm(np.diff(_points(path), axis=0), axis=1).sum())


def spl(success: bool, shortest_m: float, taken_m: float) -> float:
    """Success weighted by path length: ``S l / max(p, l)``; averaged over episodes.

    Args:
        success: S.
        shortest_m: l, geodesic distance from start to goal; 0 where the robot starts at the goal.
        taken_m: p, length of the way taken.

    Source: Anderson et al., On evaluation of embodied navigation agents (arXiv 1807.06757, 2018).

    """
    return _efficiency(shortest_m, taken_m) if success else 0.0


def soft_spl(shortest_m: float, taken_m: float, left_m: float) -> float:
    """SPL with progress in place of success: ``max(0, 1 - d / l) l / max(p, l)``.

    Args:
        shortest_m: l, geodesic distance from start to goal; where it is 0, progress is 1 if ``left_m`` is 0, else 0.
        taken_m: p, length of the way taken.
        left_m: d, geodesic distance from the end to the goal.

    Source: Datta et al., Integrating egocentric localization for more realistic point-goal navigation agents (CoRL
    2020).

    """
    _check_lengths(shortest_m, taken_m, left_m)
    if shortest_m == 0.0:
        return _efficiency(0.0, taken_m) if left_m == 0.0 else 0.0
    return max(0.0, 1 - left_m / shortest_m) * _efficiency(shortest_m, taken_m)


def navigation_error_m(path: ArrayLike, goal: ArrayLike) -> float:
    """Distance from the end of the path to the goal, straight.

    Source: Anderson et al., Vision-and-language navigation (CVPR 2018), with geodesic distance there.
    """
    return float(np.linalg.norm(_points(path)[-1] - np.asarray(goal, np.float64)))


def oracle_success(path: ArrayLike, goal: ArrayLike, threshold_m: float) -> bool:
    """Whether any point of the path is within the threshold of the goal, as if it had stopped there.

    Source: Anderson et al., Vision-and-language navigation (CVPR 2018); the threshold is 3 m there.
    """
    return bool(np.min(np.linalg.norm(_points(path) - np.asarray(goal, np.float64), axis=1)) <= threshold_m)


def dtw(cost: ArrayLike) -> float:
    """Cost of the best monotone alignment of two sequences from end to end (dynamic time warping).

    ``D(i, j) = cost(i, j) + min(D(i-1, j), D(i, j-1), D(i-1, j-1))``.

    Args:
        cost: (n, m) of matching point i of the one with point j of the other.

    Source: D. J. Berndt and J. Clifford, Using dynamic time warping to find patterns in time series (1994).

    """
    rows = np.asarray(cost, np.float64)
    if rows.ndim != 2 or 0 in rows.shape:
        raise ValueError(f"cost must be a matrix of at least 1 x 1, not of shape {rows.shape}")
    above = [0.0, *[math.inf] * rows.shape[1]]
    for row in rows.tolist():
        here = [math.inf]
        for j, value in enumerate(row):
            here.append(value + min(above[j], above[j + 1], here[j]))
        above = here
    return above[-1]


def ndtw(path: ArrayLike, route: ArrayLike, threshold_m: float) -> float:
    """Normalised dynamic time warping: ``exp(-DTW(R, Q) / (|R| d))``, in (0, 1].

    Args:
        path: Q, what was walked.
        route: R, what was to be walked.
        threshold_m: d, the distance within which a goal counts as reached.

    Source: Ilharco et al., General evaluation for instruction conditioned navigation using dynamic time warping (arXiv
    1907.05446, 2019).

    """
    _check_threshold(threshold_m)
    cost = _distances(route, path)
    return math.exp(-dtw(cost) / (len(cost) * threshold_m))


def sdtw(success: bool, path: ArrayLike, route: ArrayLike, threshold_m: float) -> float:
    """Success weighted by nDTW: ``S nDTW``. Source: as :func:`ndtw`."""
    return ndtw(path, route, threshold_m) if success else 0.0


def cls(path: ArrayLike, route: ArrayLike, threshold_m: float) -> float:
    """Coverage weighted by length score: ``PC LS``.

    ``PC = mean over r in R of exp(-d(r, P) / d_th)``, ``EPL = PC PL(R)``, ``LS = EPL / (EPL + |EPL - PL(P)|)``; LS is 1
    where both lengths are 0.

    Args:
        path: P, what was walked.
        route: R, what was to be walked.
        threshold_m: d_th.

    Source: Jain et al., Stay on the path: instruction fidelity in vision-and-language navigation (ACL 2019).

    """
    _check_threshold(threshold_m)
    coverage = float(np.mean(np.exp(-_distances(route, path).min(axis=1) / threshold_m)))
    return coverage * length_score(coverage * path_length_m(route), path_length_m(path))


def length_score(expected: float, taken: float) -> float:
    """``EPL / (EPL + |EPL - PL|)`` of :func:`cls`."""
    below = expected + abs(expected - taken)
    return expected / below if below else 1.0


def _efficiency(shortest_m: float, taken_m: float) -> float:
    _check_lengths(shortest_m, taken_m)
    longest = max(shortest_m, taken_m)
    return shortest_m / longest if longest else 1.0


def _distances(a: ArrayLike, b: ArrayLike) -> Floats:
    """(n, m) straight distances of all points of the one from all of the other."""
    distances: Floats = np.linalg.norm(_points(a)[:, None] - _points(b)[None], axis=2)
    return distances


def _points(path: ArrayLike) -> Floats:
    points = np.asarray(path, np.float64)
    if points.ndim != 2 or not len(points):
        raise ValueError(f"a path must be (n, d) with at least one point, not of shape {points.shape}")
    return points


def _check_lengths(*lengths_m: float) -> None:
    if not all(0.0 <= length < math.inf for length in lengths_m):
        raise ValueError(f"lengths must be 0 m or more and finite, not {lengths_m}")


def _check_threshold(threshold_m: float) -> None:
    if not 0.0 < threshold_m < math.inf:
        raise ValueError(f"threshold_m must be above 0, not {threshold_m}")
