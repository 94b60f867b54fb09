"""The household visited twice."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engram.sims.contract import Outcome, Verb, act
from engram.sims.house.options import ConfigError
from engram.sims.house.rearrange import RearrangeWorld
from engram.sims.house.shuffle import MIN_MOVE_M

SIZE = 160
COUNTER = (1.4, 1.0, 180.0)


@pytest.fixture
def things(put):
    names = ["Mug_1", "Apple_1", "Bread_1", "Vase_1", "Bottle_1"]
    return [put(name, 0.3 + 0.1 * (k % 2), 0.78 + 0.11 * k, 0.901) for k, name in enumerate(names)]


@pytest.fixture
def visit(plan, things):
    made = []

    def begin(phase="unshuffle", seed=3, size=32, **options):
        made.append(RearrangeWorld(width=size, height=size))
        made[-1].observation, made[-1].told = made[-1].reset(
            seed=seed, options={"house": plan(*things), "phase": phase, **options}
        )
        return made[-1]

    yield begin
    for world in made:
        world.close()


def differing(world):
    return {
        a.id
        for a, b in zip(world.goal, world.poses(), strict=True)
        if math.dist(a.centre, b.centre) > 0.01 or a.openness != b.openness
    }


def test_both_phases_have_one_goal_and_one_start(visit):
    first, second = visit("walkthrough", ajar=1, opening=0.3), visit("unshuffle", ajar=1, opening=0.3)
    assert first.truth.start == second.truth.start
    assert first.changed == ()
    assert differing(first) == set()
    for a, b in zip(first.poses(), second.goal, strict=True):
        assert (a.id, a.openness) == (b.id, b.openness)
        np.testing.assert_array_equal(a.centre, b.centre)
    np.testing.assert_array_equal(first.observation["base"], second.observation["base"])


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_what_is_said_to_have_changed_has_and_nothing_else(visit, seed):
    world = visit(seed=seed, opening=0.4)
    assert 1 <= len(world.changed) <= 5
    assert world.told["changed"] == len(world.changed)
    assert differing(world) == {c.id for c in world.changed}
    goal, now = ({p.id: p for p in poses} for poses in (world.goal, world.start))
    for c in world.changed:
        if c.kind == "moved":
            assert math.dist(goal[c.id].centre, now[c.id].centre) > MIN_MOVE_M - 0.1
        else:
            assert (goal[c.id].openness, now[c.id].openness) == ((0.0, 1.0) if c.kind == "opened" else (1.0, 0.0))


def test_changes_are_drawn_by_the_seed(visit):
    assert visit(seed=3).changed == visit(seed=3).changed
    assert len({visit(seed=s).changed for s in range(3, 8)}) == 5
    assert visit(shuffle=0).changed == ()
    assert len(visit(shuffle=1).changed) == 1


def test_only_what_is_asked_for_changes(visit):
    assert {c.kind for s in range(3, 7) for c in visit(seed=s, opening=0.0).changed} == {"moved"}
    assert {c.kind for s in range(3, 7) for c in visit(seed=s, opening=1.0).changed} == {"opened"}


def test_what_is_ajar_is_so_in_the_goal_and_may_be_shut(visit):
    world = visit(ajar=3, opening=1.0, seed=5)
    ajar = {p.id for p in world.goal if p.openness}
    assert len(ajar) == 3
    for c in world.changed:
        assert c.kind == ("closed" if c.id in ajar else "opened")


def test_a_phase_has_its_budget(visit):
    world = visit(steps=2)
    assert not world.step(act(Verb.LOOK_DOWN))[3]
    assert world.step(act(Verb.LOOK_UP))[3]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"phase": "nap"}, "phase must be"),
        ({"shuffle": -1}, "must not be negative"),
        ({"opening": 1.5}, "opening"),
        ({"shuffle": 1.5}, "whole number"),
    ],
)
def test_options_that_make_no_sense(options, said):
    with pytest.raises(ConfigError, match=said):
        RearrangeWorld(width=32, height=32).reset(seed=3, options=options)


def point_of(world, centre):
    """Image point of a position of the house frame."""
    pose = np.linalg.inv(world.truth.start.matrix() @ world.truth.map_T_camera())
    p = pose[:3, :3] @ centre + pose[:3, 3]
    c = world.camera
    return (c.fx * p[0] / p[2] + c.cx) / c.width, (c.fy * p[1] / p[2] + c.cy) / c.height


def put_down_beside(world):
    """Pick the mug up and place it 20 cm nearer to the edge of the counter; its pose before and then."""
    mug = next(p for p in world.goal if p.id == "Mug_1")
    world.step(act(Verb.LOOK_DOWN))
    assert world.step(act(Verb.PICK, *point_of(world, mug.centre)))[0]["outcome"] == Outcome.OK
    spot = np.array([mug.centre[0] + 0.2, mug.centre[1], 0.9])
    assert world.step(act(Verb.PLACE, *point_of(world, spot)))[0]["outcome"] == Outcome.OK
    return mug, next(p for p in world.poses() if p.id == "Mug_1")


@pytest.mark.parametrize(("snap_m", "same"), [(0.5, True), (0.0, False), (0.1, False)])
def test_what_is_put_down_near_its_goal_snaps_to_it(visit, snap_m, same):
    world = visit(size=SIZE, shuffle=0, snap_m=snap_m, start=COUNTER)
    goal, now = put_down_beside(world)
    assert (math.dist(goal.centre, now.centre) < 1e-6) == same
    assert np.allclose(goal.rotation, now.rotation, atol=1e-6) or not same
    assert differing(world) - {"Mug_1"} == set()
