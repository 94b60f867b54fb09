"""Walking, turning, looking, and what is in the way."""

from __future__ import annotations

import numpy as np
import pytest

from engram.sims.contract import Outcome, Verb
from engram.sims.house.motion import NoStandingRoomError
from engram.sims.house.options import ConfigError
from engram.sims.house.world import HouseWorld


def test_the_camera_is_where_thor_has_it(lab):
    k = lab(stand="middle", pitch=0)
    pose = k.observation["map_T_camera"]
    np.testing.assert_allclose(pose[:3, 3], [0, 0, 1.576])
    np.testing.assert_array_equal(pose[:3, 2], [1, 0, 0])
    k.do(Verb.CROUCH)
    assert k.observation["map_T_camera"][2, 3] == pytest.approx(0.901)
    assert k.do(Verb.CROUCH) is Outcome.INVALID


def test_pitch_limits(lab):
    k = lab(stand="middle", pitch=0)
    assert [k.do(Verb.LOOK_UP) for _ in range(2)] == [Outcome.OK, Outcome.INVALID]
    assert [k.do(Verb.LOOK_DOWN) for _ in range(4)] == [Outcome.OK] * 3 + [Outcome.INVALID]
    assert k.observation["map_T_camera"][2, 2] == pytest.approx(-np.sin(np.radians(60)))


def test_small_turns(lab):
    k = lab(stand="middle", pitch=0, rotate_deg=30.0)
    k.do(Verb.ROTATE_LEFT)
    k.do(Verb.MOVE_AHEAD)
    angle = np.radians(30)
    np.testing.assert_allclose(k.observation["base"], [0.25 * np.cos(angle), 0.25 * np.sin(angle), angle])
    for _ in range(11):
        k.do(Verb.ROTATE_LEFT)
    assert k.observation["base"][2] == 0.0


def test_half_a_turn_is_plus_pi(lab):
    k = lab(stand="middle", pitch=0)
    k.do(Verb.ROTATE_RIGHT)
    k.do(Verb.ROTATE_RIGHT)
    assert k.observation["base"][2] == pytest.approx(np.pi)


def test_fixtures_block_where_they_stand(lab):
    k = lab(stand="counter", pitch=0)
    assert [k.do(Verb.MOVE_AHEAD) for _ in range(2)] == [Outcome.OK] * 2
    frozen = k.freeze()
    assert k.do(Verb.MOVE_AHEAD) is Outcome.BLOCKED, "from 0.9 m, to a front at 0.66 m"
    assert k.freeze() == frozen


def test_nothing_is_jumped_over(lab, put):
    k = lab(put("Vase_1", 3.0, 2.5), stand="middle", pitch=0, move_m=1.0)
    assert k.do(Verb.MOVE_AHEAD) is Outcome.BLOCKED


def test_flat_things_do_not_block(lab, put):
    k = lab(put("Newspaper_1", 2.8, 2.5), stand="middle", pitch=0)
    assert k.do(Verb.MOVE_AHEAD) is Outcome.OK


def test_held_things_do_not_block(lab, on_counter):
    k = lab(on_counter["Mug_1"])
    k.do(Verb.PICK, "Mug_1")
    assert k.do(Verb.MOVE_AHEAD) is Outcome.OK


def test_what_was_taken_away_no_longer_blocks(lab, put):
    k = lab(put("Vase_1", 2.9, 2.5), stand="middle", pitch=2)
    assert k.do(Verb.MOVE_AHEAD) is Outcome.BLOCKED
    assert k.do(Verb.PICK, "Vase_1") is Outcome.OK
    assert k.do(Verb.MOVE_AHEAD) is Outcome.OK


def test_reachable_cells_avoid_furniture(lab):
    k = lab(stand="middle", pitch=0)
    cells = k.world.truth.reachable()
    house = cells + np.array([2.5, 2.5])
    assert len(cells) > 100
    assert ((house > 0.2) & (house < 4.8)).all()
    assert not ((house[:, 0] < 0.9) & (abs(house[:, 1] - 1.0) < 0.3)).any()
    np.testing.assert_allclose(cells * 4, np.round(cells * 4), atol=1e-6)


def test_map_lies_at_the_first_pose(lab, on_counter):
    k = lab(on_counter["Mug_1"], stand="counter", pitch=0)
    x, y, z = k.object("Mug_1").position
    assert x == pytest.approx(0.9, abs=0.03), "straight ahead"
    assert y == pytest.approx(0.0, abs=0.03)
    assert z == pytest.approx(0.95, abs=0.02)


def test_a_start_in_a_wall_is_refused(plan):
    world = HouseWorld(width=32, height=32)
    with pytest.raises(NoStandingRoomError, match="start"):
        world.reset(seed=1, options={"house": plan(), "start": (0.0, 0.0, 0.0)})
    with pytest.raises(ConfigError, match="multiple of 90"):
        world.reset(seed=1, options={"house": plan(), "start": (2.5, 2.5, 45.0)})


def test_drawn_starts_have_room(plan):
    world = HouseWorld(width=32, height=32)
    headings = set()
    for seed in range(12):
        world.reset(seed=seed, options={"house": plan()})
        start = world.truth.start
        headings.add(start.yaw_deg)
        assert world._episode.floor.solids().clearance(start.point[None])[0] >= 0.4
    assert headings <= {0.0, 90.0, 180.0, 270.0}
    assert len(headings) > 1
