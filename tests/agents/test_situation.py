from __future__ import annotations

import sys

import numpy as np
import pytest

from engram.agents.relate import LearnedPartError
from engram.agents.situation import Situation, TidyConfig
from engram.perception.oracle import MaskDetector
from engram.perception.tracker import Track, pack_voxels
from engram.planners.placement import PlacementPrior
from engram.sims.contract import Verb, act


def furniture(number, label, x, y):
    centre = np.array([x, y, 0.4])
    return Track(number, {label: 1.0}, centre - 0.3, centre + 0.3, 0, 0)


def test_rooms_that_the_map_has_not_told_apart_keep_their_types():
    sit = Situation(TidyConfig(), detector=None, prior=PlacementPrior.load())
    sit.grid.floor[:] = 1
    sit.grid.near[:] = 1.0
    sit.grid.version += 1
    sit.tracker.tracks = [
        furniture(k, label, *at)
        for k, (label, at) in enumerate(
            [
                ("Bed", (-2.0, 0.0)),
                ("Dresser", (-2.0, 1.5)),
                ("Fridge", (2.5, 0.0)),
                ("StoveBurner", (2.5, 1.0)),
                ("CounterTop", (2.5, 1.5)),
            ]
        )
    ]
    assert sit.region_of(np.array([-1.5, 0.5])) == sit.region_of(np.array([2.0, 0.5])) != 0
    assert sit.room_at(np.array([-1.5, 0.5]))["Bedroom"] > 0.7
    assert sit.room_at(np.array([2.0, 0.5]))["Kitchen"] > 0.7


def test_what_lies_on_the_lid_is_not_inside():
    sit = Situation(TidyConfig(), detector=None, prior=PlacementPrior.load())
    hamper = Track(0, {"LaundryHamper": 1.0}, np.array([1.0, 0.0, 0.0]), np.array([1.4, 0.5, 0.58]), 0, 0)
    hamper.surface = set(pack_voxels(np.array([[1.1, 0.1, 0.57], [1.2, 0.2, 0.57], [1.3, 0.3, 0.57]])).tolist())
    above = Track(1, {"Cloth": 1.0}, np.array([1.1, 0.1, 0.58]), np.array([1.3, 0.3, 0.6]), 0, 0)
    within = Track(2, {"Cloth": 1.0}, np.array([1.1, 0.1, 0.48]), np.array([1.3, 0.3, 0.5]), 0, 0)
    toilet = furniture(3, "Toilet", 2.0, 0.5)
    sit.grid.near[:] = 1.0
    sit.tracker.tracks = [hamper, above, within, toilet]
    assert sit.support(above).track is sit.support(within).track is hamper
    assert sit.misplaced(above) == 1.0
    assert sit.misplaced(within) < 0.5


def test_a_thing_on_a_chair_is_out_of_place():
    sit = Situation(TidyConfig(), detector=None, prior=PlacementPrior.load())
    chair = furniture(0, "Chair", 1.2, 0.2)
    chair.surface = set(pack_voxels(np.array([[1.1, 0.1, 0.44], [1.2, 0.2, 0.44], [1.3, 0.3, 0.44]])).tolist())
    book = Track(1, {"Book": 1.0}, np.array([1.1, 0.1, 0.45]), np.array([1.3, 0.3, 0.47]), 0, 0)
    sit.tracker.tracks = [chair, book]
    assert sit.misplaced(book) == 1.0


class _Judge:
    def __init__(self):
        self.asked = []

    def saw(self, track, detection):
        pass

    def belief(self, track, sentences, table):
        self.asked.append((track, sentences, table))
        return 0.75


def test_a_judge_is_told_what_is_said_and_counted():
    sit = Situation(TidyConfig(), detector=None, prior=PlacementPrior.load())
    chair = furniture(0, "Chair", 1.2, 0.2)
    chair.surface = set(pack_voxels(np.array([[1.1, 0.1, 0.44], [1.2, 0.2, 0.44], [1.3, 0.3, 0.44]])).tolist())
    book = Track(1, {"Book": 1.0}, np.array([1.1, 0.1, 0.45]), np.array([1.3, 0.3, 0.47]), 0, 0, out_of_place=0.0)
    hidden = Track(2, {"Mug": 1.0}, np.array([3.1, 0.1, 0.95]), np.array([3.2, 0.2, 1.05]), 0, 0)
    sit.tracker.tracks = [chair, book, hidden]
    sit.judge = _Judge()
    assert sit.misplaced(book) == 0.75
    number, sentences, table = sit.judge.asked[0]
    assert (number, table) == (1, 1.0)
    assert "The book is supported by the chair" in sentences
    sit.misplaced(hidden)
    assert sit.judge.asked[1][2] is None  # nothing is seen to hold it


def test_the_learned_judge_that_comes_with_the_package():
    pytest.importorskip("torch")
    sit = Situation(TidyConfig(out_of_place="learned"), detector=None, prior=PlacementPrior.load())
    desk, bed = furniture(0, "Desk", 1.2, 0.2), furniture(1, "Bed", 2.2, 0.2)
    desk.surface = set(pack_voxels(np.array([[1.1, 0.1, 0.7], [1.2, 0.2, 0.7], [1.3, 0.3, 0.7]])).tolist())
    book = Track(2, {"Book": 1.0}, np.array([1.1, 0.1, 0.71]), np.array([1.3, 0.3, 0.74]), 0, 0)
    egg = Track(3, {"Egg": 1.0}, np.array([1.9, -0.5, 0.0]), np.array([1.95, -0.45, 0.05]), 0, 0)
    sit.grid.floor[:] = 1
    sit.grid.near[:] = 1.0
    sit.grid.version += 1
    sit.tracker.tracks = [desk, bed, book, egg]
    assert sit.misplaced(egg) > 0.9
    assert sit.misplaced(book) < 0.2


def test_what_the_learned_judge_needs_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "engram.planners.out_of_place.scorer", raising=False)
    with pytest.raises(LearnedPartError, match=r"engram\[learn\]"):
        Situation(TidyConfig(out_of_place="learned"), detector=None, prior=PlacementPrior.load())


def test_only_what_is_sure_enough_is_acted_upon():
    sit = Situation(TidyConfig(), detector=None, prior=PlacementPrior.load())
    desk, bed = furniture(0, "Desk", 1.2, 0.2), furniture(1, "Bed", 3.0, 0.2)
    book = Track(2, {"Book": 1.0}, np.array([1.1, 0.1, 0.71]), np.array([1.2, 0.2, 0.81]), 0, 0)
    sit.tracker.tracks = [desk, bed, book]
    assert (sit.holders(), sit.fixtures(), sit.things()) == ([desk, bed], [desk, bed], [book])
    desk.confirmed = book.confirmed = False
    assert (sit.holders(), sit.fixtures(), sit.things()) == ([bed], [bed], [])


def test_what_the_detector_judges_weighs_more_than_counts_that_may_be_of_another_thing():
    sit = Situation(TidyConfig(), detector=None, prior=PlacementPrior.load())
    chair = furniture(0, "Chair", 1.2, 0.2)
    chair.surface = set(pack_voxels(np.array([[1.1, 0.1, 0.44], [1.2, 0.2, 0.44], [1.3, 0.3, 0.44]])).tolist())
    book = Track(1, {"Book": 1.0}, np.array([1.1, 0.1, 0.45]), np.array([1.3, 0.3, 0.47]), 0, 0)
    sit.tracker.tracks = [chair, book]
    book.out_of_place = 0.02
    assert sit.misplaced(book) == pytest.approx(0.0838, abs=1e-3)  # log-odds -3.89 and 1.5
    book.out_of_place = 0.5
    assert sit.misplaced(book) == pytest.approx(1.0 / (1.0 + np.exp(-1.5)), abs=1e-3)
    book.out_of_place = 0.0  # knowledge
    assert sit.misplaced(book) == 0.0


def test_what_may_be_several_things_is_misplaced_as_far_as_each_would_be():
    sit = Situation(TidyConfig(), detector=None, prior=PlacementPrior.load())
    pillow = Track(
        1, {"Pillow": 0.3, "Boots": 0.3, "Sofa": 0.2}, np.array([1.1, 0.1, 0.0]), np.array([1.3, 0.3, 0.1]), 0, 0
    )
    sit.tracker.tracks = [pillow]
    sit.grid.near[:] = 1.0
    alone = {}
    for name in ("Pillow", "Boots", "Sofa"):
        pillow.belief = {name: 1.0}
        alone[name] = sit.misplaced(pillow)
    assert alone["Pillow"] > 0.9
    assert alone["Sofa"] == 0.0
    pillow.belief = {"Pillow": 0.3, "Boots": 0.3, "Sofa": 0.2}
    assert sit.movable(pillow) == pytest.approx(0.75)
    assert sit.misplaced(pillow) == pytest.approx((3 * alone["Pillow"] + 3 * alone["Boots"]) / 8)


class Counting:
    """A detector that counts how often it is asked."""

    def __init__(self, detector) -> None:
        self.detector, self.asked = detector, 0

    def detect(self, observation):
        self.asked += 1
        return self.detector.detect(observation)


def test_attention_leaves_out_what_is_known_until_somebody_asks(box_world):
    observation, _ = box_world.reset(seed=0)
    eyes = Counting(MaskDetector(box_world.masks, box_world.labels))
    sit = Situation(TidyConfig(attention=True), eyes, PlacementPrior.load())
    looked, shown = [], set()
    for verb in [Verb.ROTATE_LEFT, Verb.ROTATE_RIGHT, Verb.ROTATE_LEFT, Verb.ROTATE_RIGHT]:
        sit.perceive(observation)
        looked.append(sit.looked)
        shown = shown or {s.track.label for s in sit.sightings}
        observation, *_ = box_world.step(act(verb))
        sit.acted, sit.step = verb.name.lower(), sit.step + 1
    assert looked == [True, True, False, False]
    assert eyes.asked == 2
    sit.perceive(observation)
    assert not sit.looked
    assert {s.track.label for s in sit.sightings} == shown
    assert (sit.looked, eyes.asked) == (True, 3)


def test_without_attention_each_frame_is_looked_at_once(box_world):
    observation, _ = box_world.reset(seed=0)
    eyes = Counting(MaskDetector(box_world.masks, box_world.labels))
    sit = Situation(TidyConfig(), eyes, PlacementPrior.load())
    for _ in range(3):
        sit.perceive(observation)
        sit.look()
        assert sit.sightings
    assert eyes.asked == 3
