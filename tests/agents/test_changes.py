"""Telling what has changed from what two visits saw."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engram.agents.changes import (
    ChangeConfig,
    Remembered,
    Views,
    moved_by_positions,
    moved_by_relations,
    sentences,
    swung,
    unmatched,
)
from engram.perception.relations import Placed
from engram.perception.tracker import Track
from engram.sims.contract import Camera

CONFIG = ChangeConfig()


def thing(label, centre, size=(0.1, 0.1, 0.1), views=3):
    c, half = np.array(centre, float), np.array(size, float) / 2
    return Remembered(label, c - half, c + half, views, 100.0, track=Track(0, {label: 1.0}, c - half, c + half, 0, 0))


def moved(before, now, gone=lambda t: True, new=lambda t: True, config=CONFIG):
    return [(m.goal, m.now) for m in moved_by_positions(before, now, gone, new, config)]


def test_what_moved_is_paired_with_where_it_was():
    mug, plate = thing("Mug", (0, 0, 1)), thing("Plate", (1, 0, 1))
    there = thing("Mug", (3, 2, 1))
    assert moved([mug, plate], [there, thing("Plate", (1.05, 0, 1))]) == [(mug, there.track)]


def test_of_several_alike_those_that_lie_still_are_left_alone():
    still, gone, there = thing("Mug", (0, 0, 1)), thing("Mug", (0.5, 0, 1)), thing("Mug", (2, 0, 1))
    assert moved([still, gone], [there, thing("Mug", (0.05, 0, 1))]) == [(gone, there.track)]


def test_sizes_tell_who_is_who():
    small, large = thing("Book", (0, 0, 1), (0.1, 0.1, 0.02)), thing("Book", (1, 0, 1), (0.3, 0.2, 0.05))
    a, b = thing("Book", (5, 0, 1), (0.2, 0.3, 0.05)), thing("Book", (6, 0, 1), (0.1, 0.09, 0.02))
    assert moved([small, large], [a, b]) == [(small, b.track), (large, a.track)]
    assert moved([small], [a]) == []


def test_a_place_that_was_not_seen_to_be_empty_proves_nothing():
    mug, there = thing("Mug", (0, 0, 1)), thing("Mug", (3, 2, 1))
    assert moved([mug], [there], gone=lambda t: False) == []
    assert moved([mug], [there], new=lambda t: False) == [(mug, there.track)]
    slimmer = thing("Mug", (3, 2, 1), (0.04, 0.1, 0.06))
    assert moved([mug], [slimmer]) == [(mug, slimmer.track)]
    assert moved([mug], [slimmer], new=lambda t: False) == []


def test_views_of_a_large_thing_may_differ_by_more():
    assert unmatched([thing("Pillow", (0, 0, 1), (0.8, 0.4, 0.2))], [thing("Pillow", (0.35, 0, 1))], CONFIG) == ([], [])
    left, new = unmatched([thing("Mug", (0, 0, 1))], [thing("Mug", (0.35, 0, 1))], CONFIG)
    assert (len(left), len(new)) == (1, 1)


FIXTURES = [
    Placed("CounterTop", np.array([0, 0, 0.0]), np.array([1, 1, 0.9]), holds=True),
    Placed("Sink", np.array([1, 0, 0.0]), np.array([1.5, 1, 0.9])),
    Placed("Bed", np.array([5, 0, 0.0]), np.array([7, 2, 0.5]), holds=True),
]


def test_relations_tell_what_is_elsewhere():
    mug, there = thing("Mug", (0.5, 0.5, 0.95)), thing("Mug", (6, 1, 0.55))
    assert "The mug is supported by the countertop" in sentences(mug, FIXTURES)
    found = moved_by_relations([mug], [there], (FIXTURES, FIXTURES), CONFIG)
    assert [(m.goal, m.now) for m in found] == [(mug, there.track)]
    nudged = thing("Mug", (0.6, 0.6, 0.95))
    assert moved_by_relations([mug], [nudged], (FIXTURES, FIXTURES), CONFIG) == []


def test_relations_compare_the_best_seen_of_a_label():
    seen, hardly = thing("Mug", (0.5, 0.5, 0.95), views=9), thing("Mug", (6, 1, 0.55), views=1)
    worn = [thing("Mug", (0.5, 0.5, 0.95), views=1), thing("Mug", (6, 1, 0.55), views=9)]
    one = moved_by_relations([seen, hardly], worn, (FIXTURES, FIXTURES), CONFIG)
    assert [(m.goal, m.now) for m in one] == [(seen, worn[1].track)]  # nothing has moved: the rule is wrong here
    two = moved_by_relations([seen, hardly], worn, (FIXTURES, FIXTURES), ChangeConfig(instances=2))
    assert len(two) == 2


def test_a_thing_of_which_nothing_can_be_said_counts_as_moved():
    assert len(moved_by_relations([thing("Mug", (0, 0, 1))], [thing("Mug", (0, 0, 1))], ([], []), CONFIG)) == 1


def test_an_open_leaf_reaches_where_it_was_free():
    shut, opened = thing("Fridge", (0, 0, 0.9), (0.7, 0.7, 1.8)), thing("Fridge", (0, 0.3, 0.9), (0.7, 1.3, 1.8))
    ahead = {(0.0, 0.65, 0.9)}

    def among(free):
        return lambda place: tuple(np.round(place, 2).tolist()) in free

    front = among({(0.0, 0.65, 0.9), (0.0, 0.65, 0.9)})
    nowhere = among(set())
    assert ahead
    assert [(s.thing, s.open) for s in swung([shut], [opened], front, nowhere, CONFIG)] == [(opened.track, False)]
    assert [(s.thing, s.open) for s in swung([opened], [shut], nowhere, front, CONFIG)] == [(shut.track, True)]
    assert swung([shut], [opened], nowhere, nowhere, CONFIG) == []
    assert swung([shut], [shut], front, front, CONFIG) == []


def test_a_lid_reaches_up():
    shut, opened = thing("Toilet", (0, 0, 0.3), (0.4, 0.6, 0.6)), thing("Toilet", (0, 0, 0.5), (0.4, 0.6, 1.0))
    found = swung([shut], [opened], lambda p: p[2] > 0.6, lambda p: False, CONFIG)
    assert [s.open for s in found] == [False]


@pytest.fixture
def views():
    """Two frames from the origin along x, 1 m above the floor: a wall 2 m ahead."""
    pose = np.eye(4)
    pose[:3, :3] = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    pose[2, 3] = 1.0
    made = Views()
    for _ in range(2):
        camera = np.array(Camera.from_fov(80, 80, 90.0))
        made.add({"depth": np.full((80, 80), 2.0, np.float32), "map_T_camera": pose, "camera": camera})
    return made


@pytest.mark.parametrize(
    ("place", "count"),
    [
        ((1.5, 0.0, 1.0), 2),
        ((2.5, 0.0, 1.0), 0),  # behind the wall
        ((-1.5, 0.0, 1.0), 0),  # behind the robot
        ((1.5, 1.6, 1.0), 0),  # beside what it sees
        ((1.5, 1.2, 1.0), 2),
        ((0.2, 0.0, 1.0), 0),  # at the camera
    ],
)
def test_frames_that_would_have_shown_a_thing(views, place, count):
    assert views.clear(np.array(place), 100.0) == count


def test_what_is_too_small_to_be_seen_is_not_missed(views):
    assert views.clear(np.array([1.5, 0.0, 1.0]), 5.0) == 0
    assert views.clear(np.array([1.5, 0.0, 1.0])) == 2
    assert Views().clear(np.zeros(3), math.inf) == 0
