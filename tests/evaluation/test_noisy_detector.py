from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest

from engram.evaluation.detector_options import DetectionNoise
from engram.evaluation.noisy_detector import NoisyDetector, moved, rivals
from engram.perception.contracts import Detection
from engram.perception.guard import Guarded
from engram.sims.contract import Camera
from engram.sims.house.categories import CATEGORIES

QUIET = DetectionNoise(
    miss=0, small_px=0, far_m=1e9, confusion=0, score_loss=0, score_spread=0, edge_px=0, shift_px=0, doubled=0,
    phantoms=0,
)  # fmt: skip
SIZE = 64


def scene(depth=2.0):
    """A mug of 100 pixels and a sofa of 900."""
    numbers = np.full((SIZE, SIZE), -1, np.int32)
    numbers[5:15, 5:15], numbers[25:55, 25:55] = 0, 1
    labels = ("Mug", "Sofa")
    found = [
        Detection(label, 1.0, numbers == k, box, int((numbers == k).sum()))
        for k, (label, box) in enumerate(zip(labels, [(5, 5, 15, 15), (25, 25, 55, 55)], strict=True))
    ]
    observation = {
        "rgb": np.full((SIZE, SIZE, 3), 100, np.uint8),
        "depth": np.full((SIZE, SIZE), depth, np.float32),
        "camera": np.array(Camera.from_fov(SIZE, SIZE, 90.0)),
    }
    return numbers, found, observation


class Truth:
    def __init__(self, found):
        self.found = found

    def detect(self, observation):
        return self.found


def frames(noise, count=200, seed=7, depth=2.0):
    numbers, found, observation = scene(depth)
    detector = NoisyDetector(Truth(found), lambda: numbers, noise, seed)
    guarded = Guarded(detector, CATEGORIES)
    seen = [guarded.detect(observation) for _ in range(count)]
    assert not +guarded.counts, "what it makes up is sound"
    return seen


def said(seen):
    return [[(d.label, d.score, d.box, d.pixels) for d in found] for found in seen]


def test_level_0_is_the_truth():
    _, found, _ = scene()
    for some in frames(DetectionNoise(level=0.0), 5):
        assert said([some]) == said([found])
        assert all(np.array_equal(a.mask, b.mask) for a, b in zip(some, found, strict=True))


def test_equal_seeds_see_equally_and_steps_differ():
    first, second, other = (said(frames(DetectionNoise(), 20, seed)) for seed in (7, 7, 8))
    assert first == second != other
    assert len({str(s) for s in first}) > 10


def test_misses_rise_for_what_is_small_and_far():
    noise = replace(QUIET, miss=0.1, small_px=50, far_m=4)

    def share(label, depth):
        return np.mean([any(d.label == label for d in f) for f in frames(noise, 1000, depth=depth)])

    assert share("Mug", 1.0) == pytest.approx(0.9 * 100 / 150 / (1 + 1 / 16), abs=0.05)
    assert share("Sofa", 1.0) == pytest.approx(0.9 * 900 / 950 / (1 + 1 / 16), abs=0.05)
    assert share("Sofa", 4.0) == pytest.approx(0.9 * 900 / 950 / 2, abs=0.05)


def test_a_thing_is_taken_for_one_look_alike():
    rates = []
    for seed in range(60):
        labels = Counter(d.label for f in frames(replace(QUIET, confusion=0.3), 20, seed) for d in f if d.box[0] == 5)
        assert len(labels) <= 2
        assert all(CATEGORIES[name].pickupable for name in labels)
        rates.append(1 - labels["Mug"] / labels.total())
    assert np.mean(rates) == pytest.approx(0.3, abs=0.1)
    assert np.std(rates) > 0.15, "some things are confused more than others"


def test_what_is_alike_in_size_is_confused_most():
    names, weights = rivals("Mug")
    chance = dict(zip(names, weights, strict=True))
    assert sum(weights) == pytest.approx(1.0)
    assert chance["Cup"] > 5 * chance["Pillow"]
    assert "Sofa" not in chance
    assert "Mug" not in chance


def test_scores_fall_and_spread():
    scores = [d.score for f in frames(replace(QUIET, score_loss=0.3, score_spread=0.05), 200) for d in f]
    assert np.mean(scores) == pytest.approx(0.7, abs=0.02)
    assert np.std(scores) == pytest.approx(0.05, abs=0.01)


def test_masks_move_and_change_size():
    seen = [d for f in frames(replace(QUIET, edge_px=1.0), 200) for d in f if d.label == "Mug"]
    assert {d.pixels for d in seen} > {64, 100, 140}  # shrunk and grown by a pixel
    seen = [d for f in frames(replace(QUIET, shift_px=2.0), 400) for d in f if d.label == "Mug"]
    assert np.std([d.box[0] for d in seen]) == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize(("grow", "down", "right", "pixels"), [(0, -8, 0, 70), (0, 0, 52, 70), (2, 0, 0, 184)])
def test_a_moved_mask_is_cut_at_the_border(grow, down, right, pixels):
    _, found, _ = scene()
    mask = moved(found[0], grow, down, right)
    assert mask.shape == (SIZE, SIZE)
    assert mask.sum() == pixels


def test_what_is_moved_or_shrunk_away_is_nothing():
    _, found, _ = scene()
    assert not moved(found[0], 0, -40, 0).any()
    assert not moved(found[0], -5, 0, 0).any()


def test_phantoms_stand_on_bare_structure():
    numbers, _, _ = scene()
    seen = [d for f in frames(replace(QUIET, phantoms=0.5), 200) for d in f if d.score < 1.0 or d.label != "Sofa"]
    phantoms = [d for d in seen if d.box != (5, 5, 15, 15)]
    assert 60 < len(phantoms) < 140
    assert all(CATEGORIES[d.label].pickupable and (numbers[d.mask] == -1).all() for d in phantoms)


def test_doubles_have_another_label():
    seen = frames(replace(QUIET, doubled=0.2), 300)
    extra = [f for f in seen if len(f) > 2]
    assert 60 < len(extra) < 150
    assert all(len({d.label for d in f if d.box == (5, 5, 15, 15)}) >= 1 for f in extra)
    assert all(f[0].label == "Mug" for f in seen)


@pytest.mark.parametrize("name", [f.name for f in fields(DetectionNoise)])
def test_levels_are_checked(name):
    with pytest.raises(ValueError, match=name):
        DetectionNoise(**{name: -0.5})
