import numpy as np
import pytest

from engram.memory.retrieval.hopfield import HopfieldConfig, complete, energy


@pytest.fixture
def patterns() -> np.ndarray:
    vectors = np.random.default_rng(3).normal(size=(400, 128))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_a_partial_cue_is_completed(patterns: np.ndarray) -> None:
    given = np.arange(128) < 48
    done = complete(patterns, np.where(given, patterns[11], 0), given=given)
    assert done.row == 11
    assert done.known
    assert done.pattern @ patterns[11] > 0.99
    assert done.confidence > 0.95


def test_what_was_never_stored_is_unknown(patterns: np.ndarray) -> None:
    rng = np.random.default_rng(4)
    strangers = rng.normal(size=(200, 128))
    told_known = [complete(patterns, s, HopfieldConfig(min_cosine=0.0)).known for s in strangers]
    noisy = patterns[:200] + 0.06 * rng.normal(size=(200, 128))
    recognised = [complete(patterns, s, HopfieldConfig(min_cosine=0.0)).known for s in noisy]
    assert np.mean(told_known) < 0.1
    assert np.mean(recognised) > 0.98
    assert complete(patterns, strangers[0]).confidence == 0


def test_near_duplicates_are_one_memory(patterns: np.ndarray) -> None:
    twin = patterns[5] + 0.01 * patterns[6]
    stored = np.concatenate([patterns, twin[None] / np.linalg.norm(twin)])
    done = complete(stored, patterns[5])
    assert done.cluster.tolist() == [5, 400]
    assert done.weights[5] < 0.6
    assert done.confidence > 0.95
    assert done.separation > 0.5


def test_a_step_does_not_raise_the_energy(patterns: np.ndarray) -> None:
    cue = patterns[1] + 0.1 * np.random.default_rng(5).normal(size=128)
    weights = complete(patterns, cue / np.linalg.norm(cue), HopfieldConfig(beta=8)).weights
    assert energy(patterns, weights @ patterns, 8) < energy(patterns, cue / np.linalg.norm(cue), 8)


def test_nothing_stored() -> None:
    done = complete(np.zeros((0, 4)), np.ones(4))
    assert (done.row, done.known, done.confidence) == (-1, False, 0.0)


def test_the_nearest_and_a_sample_tell_as_much_as_all(patterns: np.ndarray) -> None:
    rng = np.random.default_rng(6)
    for cue in (patterns[3] + 0.05 * rng.normal(size=128), rng.normal(size=128)):
        near = patterns[np.argsort(-(patterns @ cue))[:64]]
        part = complete(near, cue, sample=patterns[::7], total=len(patterns))
        whole = complete(patterns, cue)
        assert part.known == whole.known
        assert part.confidence == pytest.approx(whole.confidence, abs=0.02)
