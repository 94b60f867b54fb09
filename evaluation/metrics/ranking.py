"""How well scores rank what is so before what is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Interval = tuple[float, float]


def average_precision(scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Area under precision over recall, in steps; NaN where nothing is so. Equal scores are taken together.

    Args:
        scores: (N,), higher is surer.
        labels: (N,) whether it is so.
        weights: (N,) how often each counts; once when not given.

    """
    return _Ranked(scores, labels).precision(weights)


def precision_intervals(
    scores: Sequence[ArrayLike], labels: ArrayLike, groups: ArrayLike, resamples: int = 999, confidence: float = 0.95
) -> tuple[list[Interval], list[Interval]]:
    """Bootstrap intervals of the average precision of each score, and of its gain over the first.

    Groups, such as houses, are drawn whole, the same ones for all scores, so that gains are paired.

    Args:
        scores: K scores, (N,) each.
        labels: (N,) whether it is so.
        groups: (N,) number of the group.
        resamples: how often groups are drawn.
        confidence: in (0, 1).

    """
    ranked = [_Ranked(s, labels) for s in scores]
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    random, count = np.random.default_rng(1), int(group.max()) + 1
    drawn = np.empty((resamples, len(ranked)))
    for k in range(resamples):
        times = np.bincount(random.integers(0, count, count), minlength=count)[group]
        drawn[k] = [r.precision(times) for r in ranked]
    levels = [(1 - confidence) / 2, (1 + confidence) / 2]
    own, gain = (np.nanquantile(v, levels, axis=0).T for v in (drawn, drawn - drawn[:, :1]))
    return [(float(a), float(b)) for a, b in own], [(float(a), float(b)) for a, b in gain]


class _Ranked:
    """Labels in the order of falling scores."""

    def __init__(self, scores: ArrayLike, labels: ArrayLike) -> None:
        score = np.asarray(scores, np.float64)
        self._order = np.argsort(-score, kind="stable")
        self._labels = np.asarray(labels, np.float64)[self._order]
        self._last = np.append(np.diff(score[self._order]) != 0.0, True)  # last of those with equal scores

    def precision(self, weights: ArrayLike | None = None) -> float:
        """Average precision."""
        weight = np.ones(len(self._order)) if weights is None else np.asarray(weights, np.float64)[self._order]
        hits = np.cumsum(weight * self._labels)[self._last]
        named = np.cumsum(weight)[self._last]
        if not len(hits) or hits[-1] == 0.0:
            return float("nan")
        steps = np.diff(hits, prepend=0.0)
        return float(np.sum(steps * hits / np.maximum(named, 1e-12)) / hits[-1])
