import numpy as np
import pytest

from engram.memory.retrieval.fuse import reciprocal_rank, top, unit, weighted_sum


def test_reciprocal_rank_by_hand() -> None:
    words, meaning = np.array([3.0, 1.0, 0.0]), np.array([0.2, 0.9, 0.5])
    fused = reciprocal_rank([words, meaning], k=60)
    assert fused == pytest.approx([1 / 61 + 1 / 63, 1 / 62 + 1 / 61, 1 / 62])
    assert top(fused, 3).tolist() == [1, 0, 2]


def test_weights_turn_the_order() -> None:
    words, meaning = np.array([3.0, 1.0, 0.0]), np.array([0.2, 0.9, 0.5])
    assert top(reciprocal_rank([words, meaning], [5, 1]), 1).tolist() == [0]
    assert top(weighted_sum([words, meaning], [5, 1]), 1).tolist() == [0]
    assert top(weighted_sum([words, meaning], [1, 5]), 1).tolist() == [1]


def test_unit_maps_to_zero_and_one() -> None:
    assert unit(np.array([2.0, 4.0, 3.0])).tolist() == [0, 1, 0.5]
    assert unit(np.array([7.0, 7.0])).tolist() == [1, 1]
    assert unit(np.zeros(2)).tolist() == [0, 0]
    assert unit(np.zeros(0)).tolist() == []


def test_top_prefers_later_rows_among_equals() -> None:
    assert top(np.array([1.0, 5.0, 5.0, 5.0, 0.0]), 2).tolist() == [3, 2]
    assert top(np.array([1.0]), 5).tolist() == [0]
    assert top(np.zeros(0), 3).tolist() == []


@pytest.mark.parametrize("kind", ["spread", "tied", "skewed", "equal"])
def test_top_of_many_is_that_of_a_full_sort(kind: str) -> None:
    rng = np.random.default_rng(0)
    scores = {
        "spread": rng.normal(size=20_000),
        "tied": rng.integers(0, 4, 20_000).astype(float),
        "skewed": np.where(rng.random(20_000) < 0.001, 1e6, rng.random(20_000)),
        "equal": np.ones(20_000),
    }[kind]
    full = 19_999 - np.argsort(-scores[::-1], kind="stable")
    for count in (1, 7, 500, 19_999):
        assert np.array_equal(top(scores, count), full[:count])
