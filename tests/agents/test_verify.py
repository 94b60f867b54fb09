from __future__ import annotations

import numpy as np

from engram.agents.aim import pick_points, ring_points
from engram.agents.look import gain, most_doubtful
from engram.agents.verify import Watched, certain, held_label, plausible, still_there
from engram.perception.contracts import Detection
from engram.perception.tracker import Sighting, Track
from engram.sims.contract import Verb, act


def track(number, label, at, belief=0.9, **flags):
    centre = np.array(at, float)
    return Track(number, {label: belief}, centre - 0.05, centre + 0.05, 0, 0, **flags)


class Fixed:
    def __init__(self, *detections):
        self.detections = detections

    def detect(self, observation):
        return self.detections


def unsure(sit, *labels, depth=0.4):
    """Let the situation see boxes of these labels with a score of 0.8, all pixels at a depth."""
    mask = np.ones(sit.observation["depth"].shape, bool)
    box = (0, 0, *mask.shape)
    sit.detector = Watched(Fixed(*(Detection(name, 0.8, mask, box, mask.size) for name in labels)))
    sit.detector.detect(sit.observation)
    sit.observation = {**sit.observation, "holding": 1, "depth": np.full(mask.shape, depth, np.float32)}
    return sit


def test_what_is_held_is_what_it_was_taken_for_among_things_to_put_away(just_begun):
    sit, _ = just_begun
    unsure(sit, "Mug")
    assert not certain(sit)
    assert held_label(sit, "Cup", {"Mug": 0.5, "Cup": 0.2, "Sofa": 0.6}) == "Mug"
    assert held_label(sit, "Cup", {"Sofa": 0.9}) == "Cup"


def test_one_thing_with_two_labels_is_the_one_that_was_seen_more_often(just_begun):
    sit, _ = just_begun
    mug, cup = track(1, "Mug", (1, 1, 0.8), views=9), track(2, "Cup", (1.03, 1, 0.8), views=3)
    faint, ghost = track(3, "Chair", (3, 1, 0.8), belief=0.4), track(4, "Pot", (4, 1, 0.8), confirmed=False)
    sit.tracker.tracks = [mug, cup, faint, ghost]
    assert all(plausible(sit, t) for t in sit.tracker.tracks)  # who is told the truth need not doubt
    unsure(sit, "Mug")
    assert [plausible(sit, t) for t in sit.tracker.tracks] == [True, False, False, False]


def test_the_target_that_is_still_there_was_not_taken(just_begun):
    sit, _ = just_begun
    mug = track(1, "Mug", (1, 1, 0.8))
    detection = Detection("Mug", 0.8, np.ones((2, 2), bool), (0, 0, 2, 2), 4)
    for at, there in ((mug.centre, True), (mug.centre + 0.2, False)):
        sit.sightings = [Sighting(detection, mug, np.array([at]))]
        assert still_there(sit, mug, mug.centre) is there


def test_a_look_pays_where_it_is_open_and_near(just_begun):
    sit, _ = just_begun
    unsure(sit, "Mug")
    near, far = track(1, "Mug", (1, 1, 0.8), out_of_place=0.5), track(2, "Cup", (5, 1, 0.8), out_of_place=0.5)
    sure, seen = track(3, "Pan", (1, 0, 0.8), out_of_place=0.0), track(4, "Pot", (1, 0, 0.1), out_of_place=0.5)
    seen.nearest_m = 1.0
    sit.tracker.tracks = [far, near, sure, seen]
    assert gain(sit, near) > 0.9
    assert gain(sit, sure) == gain(sit, seen) == 0.0
    cost = {1: 4.0, 2: 30.0, 3: 1.0, 4: 1.0}
    assert most_doubtful(sit, [], lambda t: cost[t.number]) is near
    assert most_doubtful(sit, [("Mug", near.centre)], lambda t: cost[t.number]) is far


def test_rings_of_points_stay_in_the_image():
    points = list(ring_points((0.98, 0.5), 10.0, 2, 480, 480))
    assert len(points) == 17
    assert points[0] == (0.98, 0.5)
    assert max(u for u, _ in points) == 0.99
    assert min(v for _, v in points) == 0.5 - 20 / 480


def test_points_for_picking_are_on_the_thing(just_begun):
    sit, world = just_begun
    observation, *_ = world.step(act(Verb.LOOK_DOWN))
    sit.perceive(observation)
    mug = next(t for t in sit.tracker.tracks if t.label == "Mug")
    numbers, size = world.numbers, world.config.width
    found = [world.boxes[numbers[int(v * size), int(u * size)]].label for u, v in pick_points(sit, mug)]
    assert found[0] == "Mug"
    assert found.count("Mug") >= 2
    mug.lo[2], mug.hi[2] = 1.0, 1.1  # where there is nothing
    assert pick_points(sit, mug) == []
