from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import binomtest

from engram.evaluation import statistics
from engram.evaluation.statistics import (
    bootstrap,
    holm,
    mcnemar,
    mean_interval,
    rate_difference,
    ratio,
    ratio_difference,
    share_interval,
    swap_test,
    wilson,
)

SPATIAL = [
    48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41,
]  # fmt: skip  # test A of Efron and Tibshirani (1993), table 14.1


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe (1998), table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_published_values(successes, trials, low, high):
    assert wilson(successes, trials) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 300), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_agrees_with_scipy(trials, data, confidence):
    successes = data.draw(st.integers(0, trials))
    peer = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    assert wilson(successes, trials, confidence) == pytest.approx((peer.low, peer.high), abs=1e-9)


def test_without_trials_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("k", "n", "confidence"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0), (1, 2, 0.0)])
def test_refuses_nonsense(k, n, confidence):
    with pytest.raises(ValueError, match="must lie between"):
        wilson(k, n, confidence)


def houses(n, seed=0):
    """Things put right and things displaced in houses that differ from one another."""
    random = np.random.default_rng(seed)
    totals = random.integers(3, 12, n)
    return random.binomial(totals, random.beta(1.2, 0.8, n)), totals


def variance(means):
    """Of rows (x, x^2)."""
    return means[..., 1] - means[..., 0] ** 2


def test_bca_of_a_variance_as_published():
    """Efron and Tibshirani (1993), table 14.2: 171.5, 90 % from 115.8 to 259.6 (the percentiles: 100.8 to 233.9)."""
    rows = np.column_stack([SPATIAL, np.square(SPATIAL)])
    assert variance(rows.mean(axis=0)) == pytest.approx(171.5, abs=0.05)
    low, high = bootstrap(rows, variance, 0.9, resamples=100_000)
    assert low == pytest.approx(115.8, abs=1)
    assert high == pytest.approx(259.6, abs=1)


def test_bca_of_a_skewed_mean_agrees_with_scipy():
    values = np.random.default_rng(4).exponential(size=25)
    random = np.random.default_rng(0)
    peer = stats.bootstrap((values,), np.mean, n_resamples=50_000, method="BCa", random_state=random)
    low, high = peer.confidence_interval
    assert mean_interval(values) == pytest.approx((low, high), abs=0.05)


def test_bootstrap_is_equal_to_the_bit_and_does_not_depend_on_blocks(monkeypatch):
    counts, totals = houses(40)
    once = share_interval(counts, totals)
    assert share_interval(counts, totals) == once
    monkeypatch.setattr(statistics, "_BLOCK", 41)
    assert share_interval(counts, totals) == once


def test_interval_of_a_mean_needs_two_episodes():
    assert mean_interval([]) is None
    assert mean_interval([3.0]) is None
    assert mean_interval([3.0, 3.0]) == (3.0, 3.0)


def test_clusters_cover_where_things_taken_for_independent_do_not():
    """The share of each house differs; 95 % intervals of 200 samples of 30 houses."""
    truth, hits, naive = 1.2 / 2.0, 0, 0
    for seed in range(200):
        counts, totals = houses(30, seed)
        low, high = share_interval(counts, totals)
        hits += low <= truth <= high
        low, high = wilson(int(counts.sum()), int(totals.sum()))
        naive += low <= truth <= high
    assert 182 <= hits <= 199
    assert naive < 160


@pytest.mark.parametrize(
    ("counts", "totals", "expected"),
    [
        ([5, 4, 0], [5, 4, 0], wilson(2, 2)),  # all right in both houses that have something
        ([0, 0, 0], [5, 4, 3], wilson(0, 3)),
        ([], [], (0.0, 1.0)),
        ([2], [5], (0.0, 1.0)),  # one house does not say how houses differ
    ],
)
def test_share_where_drawing_cannot_vary(counts, totals, expected):
    assert share_interval(counts, totals) == expected


def test_houses_with_nothing_to_count_say_nothing():
    assert share_interval([1, 0, 2, 0], [4, 0, 3, 0]) == share_interval([1, 2], [4, 3])


@pytest.mark.parametrize(("counts", "totals"), [([3], [2]), ([-1], [2])])
def test_refuses_counts_beyond_their_total(counts, totals):
    with pytest.raises(ValueError, match="between 0 and its total"):
        share_interval(counts, totals)


def test_refuses_no_rows():
    with pytest.raises(ValueError, match="at least one"):
        bootstrap(np.empty((0, 2)), ratio)


def test_paired_difference_is_narrower_than_what_houses_differ_by():
    counts, totals = houses(30)
    a = np.column_stack([np.minimum(counts, totals - 1), totals])
    b = a + np.array([1, 0])  # one thing more in each house
    low, high = ratio_difference(a, b)
    gain = 30 / totals.sum()
    assert low < gain < high
    assert high - low < 0.04
    unpaired = share_interval(*a.T)
    assert unpaired[1] - unpaired[0] > 0.15
    assert ratio_difference(b, a) == pytest.approx((-high, -low), abs=2e-3)


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [
        ((36, 12, 2, 0), 0.0569, 0.3404),  # Newcombe (1998), table II, method 10
        ((54, 0, 0, 0), -0.0664, 0.0664),
        ((0, 30, 0, 0), 0.8395, 1.0),
    ],
)
def test_difference_of_paired_rates_as_published(cells, low, high):
    both, only_a, only_b, neither = cells
    assert rate_difference(both, only_b, only_a, neither) == pytest.approx((low, high), abs=5e-5)
    assert rate_difference(both, only_a, only_b, neither) == pytest.approx((-high, -low), abs=5e-5)


def test_difference_of_rates_without_pairs():
    assert rate_difference(0, 0, 0, 0) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [
        (12, 2, 2 * (1 + 14 + 91) / 2**14),
        (0, 5, 2 / 2**5),
        (3, 3, 1.0),
        (0, 0, 1.0),
        (121, 59, 4.434446e-06),  # statsmodels mcnemar([[101, 121], [59, 33]], exact=True)
    ],
)
def test_mcnemar(only_a, only_b, p):
    assert mcnemar(only_a, only_b) == pytest.approx(p, rel=1e-6)
    assert mcnemar(only_b, only_a) == pytest.approx(p, rel=1e-6)


def test_mcnemar_refuses_negative_counts():
    with pytest.raises(ValueError, match="fewer than none"):
        mcnemar(-1, 3)


def rows(values, totals=None):
    return np.column_stack([values, np.ones(len(values)) if totals is None else totals])


def test_swaps_of_few_pairs_are_all_tried():
    assert swap_test(rows([1, 2, 3]), rows([2, 4, 6])) == 2 / 8
    assert swap_test(rows([1, 2, 3, 7, 7]), rows([2, 4, 6, 7, 7])) == 2 / 8  # equal pairs change nothing
    assert swap_test(rows([1, 2, 3]), rows([2, 4, 2])) == 6 / 8  # changes of 1, 2 and -1
    assert swap_test(rows([1, 2]), rows([1, 2])) == 1.0


def test_swaps_agree_with_scipy_on_many_pairs():
    random = np.random.default_rng(2)
    a = random.normal(size=40)
    b = a + random.normal(0.25, 1, 40)
    peer = stats.permutation_test(
        (a, b), lambda x, y, axis: np.mean(y - x, axis=axis), permutation_type="samples", vectorized=True
    )
    assert 0.02 < peer.pvalue < 0.5
    assert swap_test(rows(a), rows(b)) == pytest.approx(peer.pvalue, abs=0.02)
    assert swap_test(rows(a), rows(b)) == swap_test(rows(a), rows(b))


def test_swaps_never_give_zero_and_do_not_depend_on_scale():
    a, b = np.arange(30.0), np.arange(30.0) + 5
    assert swap_test(rows(a), rows(b)) == 1 / 10_000
    assert swap_test(rows(a * 1e-9), rows(b * 1e-9)) == 1 / 10_000


def test_swaps_of_shares_hold_their_level():
    """Both runs are alike, so p is below 5 % in about 5 of 100."""
    low = 0
    for seed in range(100):
        (a, totals), (b, _) = houses(12, seed), houses(12, seed)
        b = np.random.default_rng(seed + 500).binomial(totals, (a + 1) / (totals + 2))
        a = np.random.default_rng(seed + 900).binomial(totals, (a + 1) / (totals + 2))
        low += swap_test(rows(a, totals), rows(b, totals)) <= 0.05
    assert low <= 11


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ([0.01, 0.02, 0.03, 0.04], [0.04, 0.06, 0.06, 0.06]),  # R: p.adjust(p, "holm")
        ([0.04, 0.01, 0.03], [0.06, 0.03, 0.06]),
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.2], [0.2]),
        ([], []),
    ],
)
def test_holm(p, expected):
    assert holm(p) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_never_lowers(p):
    adjusted = holm(p)
    assert all(a >= b and a <= 1 for a, b in zip(adjusted, p, strict=True))
    order = sorted(range(len(p)), key=p.__getitem__)
    assert [adjusted[i] for i in order] == sorted(adjusted)


@pytest.mark.parametrize("shape", [(3, 1), (0, 2), (3,)])
def test_refuses_what_is_no_pairs(shape):
    with pytest.raises(ValueError, match="must be pairs"):
        swap_test(np.ones(shape), np.ones(shape))


def test_swaps_that_leave_a_share_undefined_count_as_far():
    assert swap_test(rows([0, 1], [0, 2]), rows([1, 0], [1, 0])) == 1.0


def test_draws_that_leave_a_share_undefined_are_passed_over():
    a, b = rows([1, 1, 0], [2, 3, 0]), rows([1, 1, 1], [1, 2, 1])
    low, high = ratio_difference(a, b)
    assert -1 <= low < 3 / 4 - 2 / 5 < high <= 1
