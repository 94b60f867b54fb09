"""What actions come to: reason codes, limits, bad actions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from engram.sims.contract import InvalidActionError, Outcome, Verb, act

BAD_ACTIONS = [
    {"verb": 0, "point": np.array([np.nan, 0.5], np.float32)},
    {"verb": 0, "point": np.array([0.5, 1.5], np.float32)},
    {"verb": 0, "point": np.array([0.5], np.float32)},
    {"verb": 0, "point": "here"},
    {"verb": len(Verb), "point": np.zeros(2, np.float32)},
    {"verb": -1, "point": np.zeros(2, np.float32)},
    {"verb": "pick", "point": np.zeros(2, np.float32)},
    {"verb": True, "point": np.zeros(2, np.float32)},
    {"verb": 0},
    {"point": np.zeros(2, np.float32)},
    {"verb": 0, "point": np.zeros(2, np.float32), "object": "Mug_1"},
    None,
    7,
]


def same(a, b) -> None:
    for name in ("rgb", "depth", "map_T_camera", "base", "holding"):
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_full_turn_comes_back(pilot):
    first = pilot.observation
    for verb in (Verb.ROTATE_LEFT, Verb.ROTATE_RIGHT):
        for _ in range(round(360 / pilot.world.config.rotate_deg)):
            assert pilot.do(verb) is Outcome.OK
        same(first, pilot.observation)


def test_steps_there_and_back_come_back(pilot):
    pairs = [
        (Verb.MOVE_AHEAD, Verb.MOVE_BACK),
        (Verb.MOVE_BACK, Verb.MOVE_AHEAD),
        (Verb.MOVE_LEFT, Verb.MOVE_RIGHT),
        (Verb.MOVE_RIGHT, Verb.MOVE_LEFT),
    ]
    moved = 0
    for there, back in pairs:
        first = pilot.observation
        if pilot.do(there) is Outcome.OK:
            step = np.linalg.norm(pilot.observation["base"][:2] - first["base"][:2])
            assert step == pytest.approx(pilot.world.config.move_m, abs=1e-6)
            assert pilot.do(back) is Outcome.OK
            moved += 1
        same(first, pilot.observation)
    assert moved > 0


def test_a_move_goes_the_way_its_name_says(pilot):
    for verb, way in (
        (Verb.MOVE_AHEAD, (1, 0)),
        (Verb.MOVE_LEFT, (0, 1)),
        (Verb.MOVE_BACK, (-1, 0)),
        (Verb.MOVE_RIGHT, (0, -1)),
    ):
        before = pilot.observation["base"][:2].copy()
        if pilot.do(verb) is Outcome.OK:
            wanted = before + pilot.world.config.move_m * np.array(way)
            np.testing.assert_allclose(pilot.observation["base"][:2], wanted, atol=1e-6)


def test_walls_block_and_leave_the_pose(pilot):
    for _ in range(200):
        before = pilot.observation
        if pilot.do(Verb.MOVE_AHEAD) is not Outcome.OK:
            break
    assert pilot.observation["outcome"] == Outcome.BLOCKED
    same(before, pilot.observation)


def test_the_head_has_limits(pilot):
    for verb in (Verb.LOOK_DOWN, Verb.LOOK_UP):
        for _ in range(20):
            before = pilot.observation
            outcome = pilot.do(verb)
            if outcome is not Outcome.OK:
                break
        assert outcome in (Outcome.BLOCKED, Outcome.INVALID)
        same(before, pilot.observation)


def test_crouching_lowers_the_camera(pilot):
    first = pilot.observation
    if pilot.do(Verb.CROUCH) is Outcome.INVALID:
        pytest.skip("this robot cannot crouch")
    assert pilot.observation["map_T_camera"][2, 3] < first["map_T_camera"][2, 3] - 0.05
    assert pilot.do(Verb.STAND) is Outcome.OK
    same(first, pilot.observation)


@pytest.mark.parametrize("verb", [Verb.PLACE, Verb.DROP])
def test_nothing_to_put_down(pilot, verb):
    first = pilot.observation
    assert pilot.do(verb) is Outcome.HAND_EMPTY
    same(first, pilot.observation)


@pytest.mark.parametrize("verb", [Verb.PICK, Verb.TOGGLE_ON, Verb.OPEN, Verb.CLOSE])
def test_structure_offers_nothing(pilot, verb):
    for _ in pilot.look_around():
        wall = pilot.structure() & (pilot.away() < pilot.world.config.reach_m)
        if wall.any():
            break
    else:
        pytest.skip("no wall or floor within reach")
    first = pilot.observation
    outcome = pilot.do(verb, *pilot.pixel(wall))
    assert outcome in (Outcome.NOTHING_THERE, Outcome.NOT_OPENABLE)
    assert verb in (Verb.OPEN, Verb.CLOSE) or outcome is Outcome.NOTHING_THERE
    same(first, pilot.observation)


def test_things_beyond_reach(pilot):
    for _ in pilot.wander(100):
        far = pilot.movable() & (pilot.away() > pilot.world.config.reach_m + 0.1)
        if np.count_nonzero(far) > 30:
            break
    else:
        pytest.skip("nothing that can be picked up was seen from afar")
    assert pilot.do(Verb.PICK, *pilot.pixel(far)) is Outcome.UNREACHABLE
    assert pilot.observation["holding"] == 0


def test_pick_and_drop(pilot):
    name = pilot.grasp()
    if name is None:
        pytest.skip("nothing that can be picked up was met")
    assert pilot.observation["holding"] == 1
    assert pilot.do(Verb.PICK, 0.5, 0.3) in (Outcome.HAND_FULL, Outcome.OCCLUDED)
    assert pilot.do(Verb.PICK, *pilot.pixel(pilot.structure())) is Outcome.HAND_FULL
    assert pilot.do(Verb.PLACE, *pilot.pixel(pilot.structure())) is Outcome.NOTHING_THERE
    assert pilot.observation["holding"] == 1
    for _ in range(8):
        if pilot.do(Verb.DROP) is Outcome.OK:
            break
        pilot.do(Verb.ROTATE_LEFT)
    assert pilot.observation["holding"] == 0
    thing = next(o for o in pilot.world.truth.objects() if o.id == name)
    away = np.linalg.norm(np.array(thing.position[:2]) - pilot.observation["base"][:2])
    assert away < 3.0


def test_what_is_held_goes_along(pilot):
    name = pilot.grasp()
    if name is None:
        pytest.skip("nothing that can be picked up was met")

    def offset() -> np.ndarray:
        thing = next(o for o in pilot.world.truth.objects() if o.id == name)
        pose = np.linalg.inv(pilot.world.truth.map_T_camera())
        return pose[:3, :3] @ thing.position + pose[:3, 3]

    first = offset()
    assert 0 < first[2] < 1.0, "ahead of the camera"
    for verb in (Verb.ROTATE_LEFT, Verb.MOVE_AHEAD, Verb.MOVE_BACK, Verb.ROTATE_RIGHT):
        pilot.do(verb)
        assert np.linalg.norm(offset() - first) < 0.15


@pytest.mark.parametrize("action", BAD_ACTIONS, ids=repr)
def test_bad_actions_are_refused_and_change_nothing(pilot, action):
    before = pilot.world.truth.objects()
    first = pilot.observation
    with pytest.raises(InvalidActionError):
        pilot.world.step(action)
    assert pilot.world.truth.objects() == before
    for verb in (Verb.ROTATE_LEFT, Verb.ROTATE_RIGHT):
        assert pilot.do(verb) is Outcome.OK
    same(first, pilot.observation)
    assert pilot.info["steps"] == 2, "a refused action is not a step"


def test_done_ends_the_episode(pilot):
    _, _, terminated, truncated, _ = pilot.world.step(act(Verb.DONE))
    assert terminated
    assert not truncated
    before = pilot.world.truth.objects()
    with pytest.raises(ResetNeeded):
        pilot.world.step(act(Verb.MOVE_AHEAD))
    assert pilot.world.truth.objects() == before
    assert pilot.world.reset(seed=11)[0]["outcome"] == Outcome.OK


def test_a_world_must_be_reset_first(make):
    with pytest.raises(ResetNeeded):
        make().step(act(Verb.MOVE_AHEAD))


def test_steps_are_counted_out(pilot, monkeypatch):
    monkeypatch.setattr(pilot.world, "config", dataclasses.replace(pilot.world.config, max_steps=2))
    assert not pilot.world.step(act(Verb.ROTATE_LEFT))[3]
    assert pilot.world.step(act(Verb.ROTATE_LEFT))[2:4] == (False, True)
    with pytest.raises(ResetNeeded):
        pilot.world.step(act(Verb.ROTATE_LEFT))


def test_unknown_reset_options_are_refused(shared):
    with pytest.raises(ValueError, match="no_such_option"):
        shared.reset(seed=11, options={"no_such_option": 1})
