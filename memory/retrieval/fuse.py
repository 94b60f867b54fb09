"""Putting rankings of one set of items together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def reciprocal_rank(scores: Sequence[Floats], weights: Sequence[float] | None = None, k: float = 60) -> Floats:
    """Return sum_i w_i / (k + rank_i), the reciprocal rank fusion of Cormack et al. (SIGIR 2009).

    Args:
        scores: (N,) arrays, one a ranking; items that score 0 or less are not in it.
        weights: of the rankings; 1 each when not given.
        k: large values level the top of the rankings.

    """
    out = np.zeros(len(scores[0]))
    for values, weight in zip(scores, weights or [1.0] * len(scores), strict=True):
        found = np.flatnonzero(values > 0)
        order = found[np.argsort(-values[found], kind="stable")]
        out[order] += weight / (k + 1 + np.arange(len(order)))
    return out


def weighted_sum(scores: Sequence[Floats], weights: Sequence[float] | None = None) -> Floats:
    """Return sum_i w_i * unit(scores_i), where ``unit`` maps the least score to 0 and the best to 1."""
    out = np.zeros(len(scores[0]))
    for values, weight in zip(scores, weights or [1.0] * len(scores), strict=True):
        out += weight * unit(values)
    return out


def unit(values: Floats) -> Floats:
    """Return scores mapped to [0, 1]; equal ones to 1, or 0 where nothing was found."""
    if not len(values):
        return np.zeros(0)
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / (high - low)) if high > low else np.full(len(values), float(high > 0))


def top(scores: Floats, count: int) -> NDArray[np.int64]:
    """Return the rows of the ``count`` best scores, best first; of equal scores the earlier row first."""
    count = min(count, len(scores))
    if count <= 0:
        return np.zeros(0, np.int64)
    worst = np.partition(scores, len(scores) - count)[len(scores) - count]
    rows = np.flatnonzero(scores >= worst)
    return np.asarray(rows[np.argsort(-scores[rows], kind="stable")][:count], np.int64)
