import numpy as np
import pytest

from engram.memory.retrieval.router import certainty, route


def test_certainty_of_a_coin_by_hand() -> None:
    p = np.array([0.8, 0.2])
    entropy = -(p * np.log(p)).sum()
    assert certainty(0.5 * np.log(p), temperature=0.5) == pytest.approx(1 - entropy / np.log(2))


def test_equal_scores_of_a_large_store_are_not_negative() -> None:
    assert certainty(np.full(100_000, 0.3)) == pytest.approx(0, abs=1e-9)
    assert certainty(np.array([1.0, *([0.0] * 9999)]), 0.01) == pytest.approx(1)


def test_the_sharper_granularity_weighs_more() -> None:
    sharp, flat = np.array([1.0, 0, 0, 0]), np.array([0.5, 0.4, 0.5, 0.4])
    first, second = route([sharp, flat])
    assert first > 0.9
    assert first + second == pytest.approx(1)
    assert route([flat * 0, flat * 0]) == [0.5, 0.5]
