"""Putting rankings of one set of items together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
_BINS = 1024


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
    """Return the rows of the ``count`` best scores, best first; of equal scores the later row first."""
    count = min(count, len(scores))
    if count <= 0:
        return np.zeros(0, np.int64)
    rows = np.flatnonzero(scores >= _bound(scores, count))[::-1]
    return np.asarray(rows[np.argsort(-scores[rows], kind="stable")][:count], np.int64)


def _bound(scores: Floats, count: int) -> float:
    """Return a value that at least ``count`` scores reach, and few more, from a histogram.

    A partition would be exact, but takes 20 times as long when many scores are equal, as those by words are.
    """
    low, high = float(scores.min()), float(scores.max())
    if len(scores) < 4 * _BINS or not high > low:
        return low
    step = (high - low) / _BINS
    bins = np.minimum(((scores - low) / step).astype(np.int32), _BINS - 1)
    reach = np.cumsum(np.bincount(bins, minlength=_BINS)[::-1])
    lowest = _BINS - 1 - int(np.searchsorted(reach, count))
    return float(scores[bins >= lowest].min())
