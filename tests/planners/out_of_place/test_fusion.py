from __future__ import annotations

import numpy as np
import pytest

from engram.planners.out_of_place.fusion import LIMIT, Fusion, Views, calibrate, cross_entropy, log_odds, probability


def test_log_odds_and_back():
    assert log_odds(0.5) == 0.0
    assert log_odds(0.9) == pytest.approx(np.log(9.0))
    assert probability(log_odds(0.2)) == pytest.approx(0.2)
    assert log_odds(0.0) == -LIMIT
    assert log_odds(1.0) == LIMIT


def test_views_against_lower_what_views_for_raised():
    views = Views()
    assert views.fused(0.5) is None
    views.add(2.0)
    assert views.fused(0.5) == 2.0
    views.add(2.0)
    assert views.fused(1.0) == 4.0
    assert views.fused(0.0) == 2.0
    views.add(-3.0)
    views.add(-3.0)
    assert views.fused(1.0) == -2.0
    views.add(-1e9)
    assert views.fused(1.0) == -2.0 - LIMIT


def test_a_silent_source_changes_nothing():
    fusion = Fusion(("language", "table"), (1.0, 2.0), (-1.0, -3.0), bias=-2.0)
    assert fusion.odds({}) == -2.0
    assert fusion.odds({"language": None, "table": -3.0}) == -2.0
    assert fusion.odds({"language": 1.0, "table": -3.0, "looks": 5.0}) == 0.0
    assert fusion.belief({"language": 1.0}) == 0.5


def test_a_fusion_is_kept_as_text():
    fusion = Fusion(("language", "table"), (1.0, 2.0), (-1.0, -3.0), bias=-2.0, repeat=0.25)
    assert Fusion.from_json(fusion.to_json()) == fusion


@pytest.fixture(scope="module")
def drawn():
    """Labels with two independent sources; the first says twice too much."""
    random = np.random.default_rng(3)
    labels = random.random(6000) < 0.1
    base = np.log(0.1 / 0.9)
    sharp = 2.0 * (base + random.normal(np.where(labels, 2.0, -2.0), 2.0))
    dull = base + random.normal(np.where(labels, 0.5, -0.5), 1.0)
    return [{"language": a, "table": b} for a, b in zip(sharp, dull, strict=True)], labels


def test_calibration_finds_the_weights(drawn):
    evidence, labels = drawn
    fusion = calibrate(evidence, labels)
    assert fusion.sources == ("language", "table")
    assert fusion.weights == pytest.approx((0.5, 1.0), abs=0.12)
    beliefs = np.array([fusion.belief(e) for e in evidence])
    assert beliefs.mean() == pytest.approx(labels.mean(), abs=0.005)
    sure = beliefs > 0.5
    assert labels[sure].mean() == pytest.approx(beliefs[sure].mean(), abs=0.06)


def test_two_sources_are_better_than_one(drawn):
    evidence, labels = drawn
    alone = [{"language": e["language"]} for e in evidence]
    both = cross_entropy(calibrate(evidence, labels), evidence, labels)
    assert both < cross_entropy(calibrate(alone, labels), alone, labels) - 0.005
    assert cross_entropy(Fusion(("language",), (0.0,), (0.0,), 0.0), alone, labels) == pytest.approx(np.log(2))
