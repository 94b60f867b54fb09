from __future__ import annotations

import numpy as np
import pytest

from engram.evaluation.metrics.ranking import average_precision, precision_intervals


def test_average_precision_by_hand():
    assert average_precision([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0]) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision([0.1, 0.2, 0.3], [0, 0, 1]) == 1.0
    assert np.isnan(average_precision([0.1, 0.2], [0, 0]))


def test_equal_scores_have_no_order():
    assert average_precision([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0]) == 0.25
    assert average_precision([0.5, 0.5, 0.5, 0.5], [0, 0, 0, 1]) == 0.25
    assert average_precision([0.9, 0.5, 0.5], [1, 0, 1]) == pytest.approx((1 + 2 / 3) / 2)


def test_weights_count_as_repetitions():
    scores, labels = [0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0]
    weighted = average_precision(scores, labels, [2, 1, 0, 3])
    assert weighted == pytest.approx(average_precision([0.9, 0.9, 0.8, 0.6, 0.6, 0.6], [1, 1, 0, 0, 0, 0]))


def test_intervals_hold_the_value_and_pair_the_gain():
    random = np.random.default_rng(2)
    labels = random.random(600) < 0.2
    groups = np.repeat(np.arange(30), 20)
    poor = labels + random.normal(0, 1.0, 600)
    good = labels + random.normal(0, 0.5, 600)
    own, gain = precision_intervals([poor, good, poor], labels, groups, resamples=199)
    for (low, high), score in zip(own, (poor, good, poor), strict=True):
        assert low < average_precision(score, labels) < high
    assert gain[0] == gain[2] == (0.0, 0.0)
    assert gain[1][0] > 0.1
