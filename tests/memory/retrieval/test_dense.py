import numpy as np
import pytest

from engram.memory.retrieval import scan
from engram.memory.retrieval.dense import DenseConfig, DenseIndex, rotate


def clustered(count: int, dims: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(50, dims))
    vectors = centres[rng.integers(0, 50, count)] + 0.7 * rng.normal(size=(count, dims))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def filled(vectors: np.ndarray, **options: object) -> DenseIndex:
    index = DenseIndex(vectors.shape[1], DenseConfig(exact_below=10, **options))
    for vector in vectors:
        index.add(vector)
    return index


@pytest.mark.parametrize("scan", ["exact", "int8", "bits"])
def test_recall_against_brute_force(scan: str) -> None:
    vectors = clustered(4000, 96)
    index = filled(vectors, scan=scan)
    found, wanted = 0, 0
    noise = np.random.default_rng(1).normal(size=(20, 96)) / 20
    for query in (vectors[:20] + noise).astype(np.float32):
        exact = set(np.argsort(-(vectors @ query))[:10].tolist())
        rows, cosines = index.search(query, 10)
        assert np.all(np.diff(cosines) <= 0)
        found, wanted = found + len(exact & set(rows.tolist())), wanted + 10
    assert found / wanted >= 0.95


@pytest.mark.parametrize("scan", ["exact", "int8", "bits"])
def test_rows_that_are_removed_or_not_allowed_are_not_found(scan: str) -> None:
    vectors = clustered(300, 32)
    index = filled(vectors, scan=scan)
    best = int(index.search(vectors[7], 1)[0][0])
    assert best == 7
    index.remove(7)
    allowed = np.arange(300) % 2 == 1
    rows, _ = index.search(vectors[7], 300, allowed)
    assert 7 not in rows
    assert set(rows.tolist()) == {row for row in range(300) if row % 2 and row != 7}


def test_rows_added_after_a_scan_are_found() -> None:
    vectors = clustered(500, 32)
    index = filled(vectors[:200], scan="bits")
    index.search(vectors[0], 5)
    for vector in vectors[200:]:
        index.add(vector)
    assert index.search(vectors[450], 1)[0].tolist() == [450]


def test_rotation_keeps_angles() -> None:
    vectors = clustered(6, 48)
    turned = rotate(vectors, 64) / 8
    assert turned @ turned.T == pytest.approx(vectors @ vectors.T, abs=1e-5)


def test_of_equal_codes_the_last_usable_rows_are_taken() -> None:
    scores = np.array([-3, 0, -3, -1, -3, -8], np.int32)
    usable = np.array([True, True, True, False, True, True])
    assert scan.nearest(scores, usable, 2, 8).tolist() == [1, 4]
    assert scan.nearest(scores, usable, 3, 8).tolist() == [1, 2, 4]
    assert scan.nearest(scores, usable, 9, 8).tolist() == [0, 1, 2, 4, 5]
