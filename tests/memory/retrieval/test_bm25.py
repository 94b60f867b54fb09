import math

import numpy as np
import pytest

from engram.memory.retrieval.bm25 import Bm25, Bm25Config
from engram.perception.words import words

TEXTS = ["red mug", "red red box", "green plate shelf"]


@pytest.fixture
def index() -> Bm25:
    index = Bm25(Bm25Config(k1=1.2, b=0.75))
    for text in TEXTS:
        index.add(text)
    return index


def test_scores_worked_by_hand(index: Bm25) -> None:
    mean = 8 / 3
    idf_red, idf_mug = math.log(1 + 1.5 / 2.5), math.log(1 + 2.5 / 1.5)
    short, long = 1.2 * (0.25 + 0.75 * 2 / mean), 1.2 * (0.25 + 0.75 * 3 / mean)
    expected = [(idf_red + idf_mug) * 2.2 / (1 + short), idf_red * 2 * 2.2 / (2 + long), 0]
    assert index.scores("the red mug") == pytest.approx(expected, rel=1e-6)


def test_a_repeated_query_word_counts_once(index: Bm25) -> None:
    assert np.array_equal(index.scores("mug mug"), index.scores("mug"))


def test_removed_rows_are_gone_from_counts_and_lengths(index: Bm25) -> None:
    assert index.remove(1) == {"red": 2, "box": 1}
    fresh = Bm25(Bm25Config(k1=1.2, b=0.75))
    for text in (TEXTS[0], TEXTS[2]):
        fresh.add(text)
    assert index.scores("red plate box")[[0, 2]] == pytest.approx(fresh.scores("red plate box"))
    assert index.idf("box") == 0
    with pytest.raises(KeyError):
        index.remove(1)


def test_a_growing_row_equals_one_written_at_once(index: Bm25) -> None:
    index.change(0, {"mug": 1, "cup": 1})
    fresh = Bm25(Bm25Config(k1=1.2, b=0.75))
    for text in ("red mug mug cup", *TEXTS[1:]):
        fresh.add(text)
    assert index.scores("mug cup red") == pytest.approx(fresh.scores("mug cup red"))


def test_counts_of_rows(index: Bm25) -> None:
    found = index.counts(["red", "mug", "nothing"], np.array([0, 1, 2]))
    assert found.tolist() == [[1, 2, 0], [1, 0, 0], [0, 0, 0]]


def test_bad_parameters_are_named() -> None:
    with pytest.raises(ValueError, match="b=2"):
        Bm25Config(b=2)


def test_the_best_are_those_of_all_scores() -> None:
    rng = np.random.default_rng(3)
    common, rare = ["go", "see", "turn"], [f"w{k}" for k in range(40)]
    index = Bm25()
    for _ in range(900):
        index.add(" ".join([*rng.choice(common, rng.integers(1, 4)), *rng.choice(rare, rng.integers(0, 3))]))
    usable = rng.random(900) < 0.8
    for query in ("go w3", "see turn w1 w2 w39", "go", "nothing", "w5 w5 go turn"):
        scores = np.where(usable, index.scores(query), 0)
        for count in (1, 10, 2000):
            best = index.best(words(query), count, usable)
            expected = np.sort(scores[scores > 0])[::-1][:count]
            assert scores[best] == pytest.approx(expected, rel=1e-5)
            assert len(set(best.tolist())) == len(best)


def test_rows_are_scored_alone_as_among_all() -> None:
    index = Bm25()
    for text in ("red mug", "red red cup", "blue cup on the shelf", "shelf"):
        index.add(text)
    rows = np.array([3, 1])
    assert index.row_scores(words("red shelf"), rows) == pytest.approx(index.scores("red shelf")[rows])
