"""Learning curves: how a metric went along the episodes of a run, or along the tasks of a life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from engram.evaluation.aggregate import CONFIDENCE, CRASHED, counted
from engram.evaluation.contract import Metric, Record

TASK = "task"  # figure of an episode: its index among the tasks that one memory went through
_POINTS = 100

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Points of a line and of the band around it; the band is NaN where nothing is known of the spread."""

    x: Floats
    value: Floats
    low: Floats
    high: Floats


def is_lifelong(records: Sequence[Record]) -> bool:
    """Whether every episode says which task of a life it was."""
    finished = [r for r in records if r.ended != CRASHED]
    return bool(finished) and all(r.values.get(TASK) is not None for r in finished)


def cumulative(records: Sequence[Record], metric: Metric) -> Curve:
    """Return the metric over the first k episodes, for k up to all of them; episodes without it are passed over."""
    rows = [(k, pair) for k, r in enumerate(records, 1) if (pair := counted(r, metric)) is not None]
    pairs = np.reshape([pair for _, pair in rows], (-1, 2)).astype(float)
    x, t = pairs.T
    n = np.arange(1, len(pairs) + 1)
    moments = np.cumsum([x, t, x * x, x * t, t * t], axis=1)
    curve = _curve(np.array([k for k, _ in rows], float), n, moments, metric)
    keep = np.unique(np.linspace(0, len(n) - 1, min(_POINTS, len(n))).astype(int)) if len(n) else n[:0]
    keep = keep[~np.isnan(curve.value[keep])]
    return Curve(curve.x[keep], curve.value[keep], curve.low[keep], curve.high[keep])


def by_task(records: Sequence[Record], metric: Metric) -> Curve:
    """Return the metric of each task over the lives that went through it."""
    groups: dict[float, list[tuple[float, float]]] = {}
    for record in records:
        pair, task = counted(record, metric), record.values.get(TASK)
        if pair is not None and task is not None:
            groups.setdefault(task, []).append(pair)
    tasks = sorted(groups)
    moments = np.zeros((5, len(tasks)))
    for k, task in enumerate(tasks):
        x, t = np.array(groups[task], float).T
        moments[:, k] = [x.sum(), t.sum(), (x * x).sum(), (x * t).sum(), (t * t).sum()]
    curve = _curve(np.array(tasks, float), np.array([len(groups[k]) for k in tasks]), moments, metric)
    keep = ~np.isnan(curve.value)
    return Curve(curve.x[keep], curve.value[keep], curve.low[keep], curve.high[keep])


def _curve(x: Floats, n: NDArray[np.int_], moments: Floats, metric: Metric) -> Curve:
    """Return ratios of sums with bands that are cheap enough to draw at every point.

    Wilson's interval for rates; else the ratio and its linearised (delta method) standard error over episodes,
    ``sqrt(n / (n - 1) * sum (x - R t)^2) / sum t`` (Cochran, Sampling techniques, 1977, section 6.3), which the
    bootstrap of the table refines. Shares stay within 0 and 1.
    """
    count, total, xx, xt, tt = moments
    z = float(ndtri((1 + CONFIDENCE) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(total > 0, count / total, np.nan)
        if metric.kind == "rate":
            centre = (value + z * z / (2 * n)) / (1 + z * z / n)
            half = z * np.sqrt(value * (1 - value) / n + z * z / (4 * n * n)) / (1 + z * z / n)
            return Curve(x, value, np.maximum(centre - half, 0), np.minimum(centre + half, 1))
        square = np.maximum(xx - 2 * value * xt + value * value * tt, 0)
        half = np.where(n > 1, z * np.sqrt(n / (n - 1) * square) / total, np.nan)
    low, high = value - half, value + half
    return (
        Curve(x, value, np.maximum(low, 0), np.minimum(high, 1))
        if metric.kind == "share"
        else Curve(x, value, low, high)
    )
