"""Boxes and undersides of things."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engram.sims.house.geometry import axis_quat, part_corners
from engram.sims.house.model import compile_house
from engram.sims.house.physics import Physics, Pose
from engram.sims.house.regions import Regions

COUNTER_M = 0.9


@pytest.fixture
def leaning(put, plan):
    """A pillow that leans, the lowest corner of its solid on the counter and its cover hanging lower."""
    pillow = replace(put("Pillow_1", 0.4, 1.0, 1.2), quat=axis_quat("x", 60))
    house = compile_house(plan(pillow))
    physics, thing = Physics(house), house.by_id["Pillow_1"]
    pose = physics.pose(thing)
    drop = np.array([0.0, 0.0, physics.foot(thing)[2] - COUNTER_M])
    physics.move(thing, Pose(pose.pos - drop, pose.quat))
    return house, physics, thing


def test_a_foot_is_below_the_solid_parts(leaning):
    _, physics, thing = leaning
    turn = np.array(axis_quat("x", 60))
    pose = physics.pose(thing)
    solid = np.concatenate([part_corners(p) for p in thing.shape.parts if p.solid and p.mesh is None])
    corners = np.array([pose.then(Pose(c, turn)).pos for c in solid])
    lo, hi = corners.min(0), corners.max(0)
    np.testing.assert_allclose(physics.foot(thing), [*(lo + hi)[:2] / 2, COUNTER_M], atol=0.01)


def test_a_cover_below_the_solid_does_not_cost_the_receptacle(leaning):
    house, physics, thing = leaning
    assert physics.box(thing)[0, 2] < COUNTER_M - 0.03
    holders = Regions(house, physics).receptacles(thing)
    assert [house.things[k].id for k in holders] == ["CounterTop_1"]


def test_a_box_is_hardly_larger_than_a_tilted_mesh(put, plan):
    quat = axis_quat("y", 40)
    house = compile_house(plan(replace(put("Apple_1", 2.0, 2.0, 1.0), quat=quat)))
    physics, thing = Physics(house), house.by_id["Apple_1"]
    pose = physics.pose(thing)
    mesh = np.concatenate([part_corners(p) for p in thing.shape.parts if p.mesh is not None])
    points = np.array([pose.then(Pose(p, np.array(quat))).pos for p in mesh])
    low = physics.box(thing)[0, 2]
    assert points[:, 2].min() - 0.008 < low <= points[:, 2].min() + 1e-6


def test_carried_things_keep_their_foot(leaning):
    _, physics, thing = leaning
    before = physics.foot(thing)
    physics.set_solid(thing, solid=False)
    np.testing.assert_array_equal(physics.foot(thing), before)
