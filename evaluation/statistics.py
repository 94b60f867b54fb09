"""Statistics of runs: how sure episodes make us of a figure, and of a difference between two runs.

Everything that draws is seeded: equal input gives equal bytes. The unit that is drawn is the episode, since the things
of one house are not independent of each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import binomtest

Interval = tuple[float, float]
Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]  # column means (..., k) -> (...); NaN where undefined

RESAMPLES = 4999
_SEED = 1
_BLOCK = 1 << 21  # drawn rows at once
_EXACT = 1 << 12  # as many swaps or fewer are all tried


def wilson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Wilson score interval of a binomial share; (0, 1) without trials.

    Args:
        successes: between 0 and ``trials``.
        trials: number of independent trials.
        confidence: in (0, 1).

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927),
    without continuity correction.

    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie between 0 and {trials}, not {successes}")
    z = _z(confidence)
    if trials == 0:
        return 0.0, 1.0
    share, weight = successes / trials, z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / trials + weight / (4 * trials)) / (1 + weight)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


def bootstrap(data: ArrayLike, statistic: Statistic, confidence: float = 0.95, resamples: int = RESAMPLES) -> Interval:
    """Bias-corrected and accelerated (BCa) bootstrap interval of a function of column means.

    Rows are drawn with replacement, so a row must be what is independent: an episode, or a pair of episodes. Without
    any spread the interval is a point.

    Args:
        data: (n, k), n at least 1.
        statistic: of the means of the columns.
        confidence: in (0, 1).
        resamples: how often n rows are drawn.

    Source: B. Efron, Better bootstrap confidence intervals, JASA 82 (1987); Efron and Tibshirani, An introduction to
    the bootstrap (1993), chapter 14.

    """
    rows = np.asarray(data, np.float64)
    if rows.ndim != 2 or not len(rows):
        raise ValueError(f"data must be rows of numbers, at least one, not of shape {rows.shape}")
    point = float(statistic(rows.mean(axis=0)))
    drawn = statistic(_drawn_means(rows, resamples))
    drawn = drawn[np.isfinite(drawn)]
    if not drawn.size or np.ptp(drawn) == 0.0:
        return point, point
    low, high = np.quantile(drawn, _bca_levels(point, drawn, _left_one_out(rows, statistic), _z(confidence)))
    return float(low), float(high)


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval | None:
    """Bootstrap interval of a mean over episodes; ``None`` with fewer than two, which have no spread to show."""
    if len(values) < 2:
        return None
    return bootstrap(np.reshape(values, (-1, 1)), lambda means: means[..., 0], confidence)


def share_interval(counts: Sequence[float], totals: Sequence[float], confidence: float = 0.95) -> Interval:
    """Interval of ``sum of counts / sum of totals`` by bootstrap over episodes (clusters).

    Episodes with nothing to count are left out; (0, 1) when at most one is left. Where the share is 0 or 1 in all of
    them, drawing cannot vary: Wilson's interval is taken then, with an episode as one trial.

    Source: A. C. Davison and D. V. Hinkley, Bootstrap methods and their application (1997), section 3.8 (clusters are
    drawn, not their members).

    """
    rows = np.column_stack([counts, totals]).astype(np.float64)
    if np.any(rows[:, 0] < 0) or np.any(rows[:, 0] > rows[:, 1]):
        raise ValueError("each count must lie between 0 and its total")
    rows = rows[rows[:, 1] > 0]
    if not np.any(rows[:, 0]):
        return wilson(0, len(rows), confidence)
    if np.array_equal(rows[:, 0], rows[:, 1]):
        return wilson(len(rows), len(rows), confidence)
    return bootstrap(rows, ratio, confidence) if len(rows) > 1 else (0.0, 1.0)


def ratio(means: Floats) -> Floats:
    """Statistic of rows (count, total): ``sum of counts / sum of totals``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Floats = means[..., 0] / means[..., 1]
    return quotient


def ratio_difference(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Interval:
    """Paired bootstrap interval of ``ratio(b) - ratio(a)``: pairs of episodes are drawn.

    Args:
        a: (n, 2), count and total of each episode of the first run; the total is 1 for a mean.
        b: (n, 2), those of the second run; row i belongs to row i of ``a``.
        confidence: in (0, 1).

    Source: Efron and Tibshirani (1993), chapters 8 and 14.

    """
    pairs = np.hstack(_pairs(a, b))
    return bootstrap(pairs, lambda means: ratio(means[..., 2:]) - ratio(means[..., :2]), confidence)


def rate_difference(both: int, only_a: int, only_b: int, neither: int, confidence: float = 0.95) -> Interval:
    """Interval of ``rate of b - rate of a`` for paired successes; it has width even when no pair differs.

    Args:
        both: pairs in which both succeeded.
        only_a: pairs in which only a succeeded.
        only_b: pairs in which only b succeeded.
        neither: pairs in which neither did.
        confidence: in (0, 1).

    Source: R. G. Newcombe, Improved confidence intervals for the difference between binomial proportions based on
    paired data, Statistics in Medicine 17 (1998), method 10.

    """
    n = both + only_a + only_b + neither
    if n == 0:
        return -1.0, 1.0
    a, b = (both + only_a) / n, (both + only_b) / n
    low_a, high_a = wilson(both + only_a, n, confidence)
    low_b, high_b = wilson(both + only_b, n, confidence)
    phi = _phi(both, only_a, only_b, neither)
    below, above = (b - low_b, high_a - a), (high_b - b, a - low_a)
    low, high = (math.sqrt(x * x - 2 * phi * x * y + y * y) for x, y in (below, above))
    return b - a - low, b - a + high


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p of paired successes, from the pairs in which just one of both succeeded; 1 without any.

    Source: Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages,
    Psychometrika 12 (1947); exact by the binomial distribution with share 1/2.

    """
    if min(only_a, only_b) < 0:
        raise ValueError(f"pairs cannot be fewer than none: {only_a}, {only_b}")
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def swap_test(a: ArrayLike, b: ArrayLike, resamples: int = 2 * RESAMPLES + 1) -> float:
    """Two-sided p of ``ratio(b) - ratio(a)`` under swapping a with b within pairs; exact where pairs are few.

    Args:
        a: (n, 2), count and total of each episode of the first run; the total is 1 for a mean.
        b: (n, 2), those of the second run.
        resamples: swaps drawn where not all of them are tried.

    Source: R. A. Fisher, The design of experiments (1935), section 21; with the count of Phipson and Smyth, Permutation
    p-values should never be zero, Stat. Appl. Genet. Mol. Biol. 9 (2010).

    """
    left, right = _pairs(a, b)
    change = right - left
    change = change[np.any(change != 0.0, axis=1)]  # swapping equals changes nothing
    exact = 1 << len(change) <= _EXACT
    moved = _all_swaps(len(change)) @ change if exact else _drawn_swaps(change, resamples)
    sums_a, sums_b = left.sum(axis=0), right.sum(axis=0)
    seen = abs(ratio(sums_b) - ratio(sums_a))
    got = np.abs(ratio(sums_b - moved) - ratio(sums_a + moved))
    as_far = int(np.sum(~(got < seen * (1 - 1e-9) - 1e-15)))  # what is undefined counts as far
    return as_far / len(moved) if exact else (as_far + 1) / (len(moved) + 1)


def holm(p: Sequence[float]) -> list[float]:
    """Adjust p-values for there being several: the chance of any false alarm among them stays below the level.

    The i-th smallest of m becomes the largest of ``(m - j) p_j`` for ``j <= i`` (from 0), at most 1.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6 (1979).

    """
    adjusted, largest = [0.0] * len(p), 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        largest = max(largest, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = largest
    return adjusted


def _z(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    return float(ndtri((1.0 + confidence) / 2.0))


def _drawn_means(rows: Floats, resamples: int) -> Floats:
    """(resamples, k) means of n rows drawn with replacement."""
    random, n = np.random.default_rng(_SEED), len(rows)
    means = np.empty((resamples, rows.shape[1]))
    columns = np.ascontiguousarray(rows.T)
    block = max(1, _BLOCK // n)
    for begin in range(0, resamples, block):
        chosen = random.integers(0, n, (min(block, resamples - begin), n), np.int32)
        for k, column in enumerate(columns):
            means[begin : begin + len(chosen), k] = column[chosen].mean(axis=1)
    return means


def _left_one_out(rows: Floats, statistic: Statistic) -> Floats:
    """Statistic without each row in turn, where it is defined."""
    if len(rows) < 2:
        return np.empty(0)
    values = statistic((rows.sum(axis=0) - rows) / (len(rows) - 1))
    return values[np.isfinite(values)]


def _bca_levels(point: float, drawn: Floats, jackknife: Floats, z: float) -> Floats:
    """Quantiles of the drawn values at which the interval ends."""
    plain = ndtr([-z, z])
    share_below = (np.mean(drawn < point) + np.mean(drawn <= point)) / 2
    if not 0.0 < share_below < 1.0 or not jackknife.size:
        return np.asarray(plain)
    bias = ndtri(share_below)
    spread = jackknife.mean() - jackknife
    square = np.sum(spread**2)
    acceleration = np.sum(spread**3) / (6 * square**1.5) if square > 0 else 0.0
    shifted = bias + np.array([-z, z])
    scale = 1 - acceleration * shifted
    return np.asarray(ndtr(bias + shifted / scale) if np.all(scale > 0.0) else plain)


def _phi(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Correlation of paired successes, corrected for continuity when positive; 0 where a margin is empty."""
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if margins == 0:
        return 0.0
    cross = float(both * neither - only_a * only_b)
    if cross > 0:
        cross = max(cross - (both + only_a + only_b + neither) / 2, 0.0)
    return cross / math.sqrt(margins)


def _pairs(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if left.shape != right.shape or left.ndim != 2 or left.shape[1] != 2 or not len(left):
        raise ValueError(f"a and b must be pairs of (count, total), not of shapes {left.shape} and {right.shape}")
    return left, right


def _all_swaps(n: int) -> Floats:
    """(2^n, n) zeros and ones."""
    return ((np.arange(1 << n)[:, None] >> np.arange(n)) & 1).astype(np.float64)


def _drawn_swaps(change: Floats, resamples: int) -> Floats:
    """(resamples, k) sums of the rows that each drawn swap moves."""
    random, n = np.random.default_rng(_SEED), len(change)
    block = max(1, _BLOCK // n)
    sizes = [min(block, resamples - begin) for begin in range(0, resamples, block)]
    return np.concatenate([random.integers(0, 2, (size, n), np.int8).astype(np.float64) @ change for size in sizes])
