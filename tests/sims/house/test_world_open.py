"""Opening and closing."""

from __future__ import annotations

import numpy as np
import pytest

from engram.sims.contract import Outcome, Verb
from engram.sims.house.interact import Hit


def test_a_drawer_takes_its_contents_along(lab, put):
    k = lab(put("Spoon_1", 0.36, 1.0, 0.73), pitch=1)
    k.do(Verb.MOVE_BACK)
    inside = k.object("Spoon_1")
    assert inside.receptacles == ("CounterTop_1/Drawer_1",)
    assert k.do(Verb.OPEN, "CounterTop_1/Drawer_1") is Outcome.OK
    assert k.state("CounterTop_1/Drawer_1")["open"]
    out = k.object("Spoon_1")
    assert out.receptacles == ("CounterTop_1/Drawer_1",)
    assert out.position[0] < inside.position[0] - 0.2, "towards the robot"
    assert k.do(Verb.CLOSE, "CounterTop_1/Drawer_1") is Outcome.OK
    np.testing.assert_allclose(k.object("Spoon_1").position, inside.position, atol=0.02)


def test_what_is_shut_in_cannot_be_had(lab, put):
    k = lab(put("Apple_1", 0.4, 2.7, 1.02), stand="fridge", pitch=0)
    arm, thing = k.world._episode.arm, k.world._episode.house.by_id["Apple_1"]
    assert k.object("Apple_1").receptacles == ("Fridge_1",)
    assert arm.pick(Hit(thing, np.zeros(3), 0.5)) is Outcome.CLOSED


def test_place_in_an_opened_fridge(lab, on_counter):
    k = lab(on_counter["Apple_1"], stand="fridge", pitch=0)
    k.world._episode.arm.hand.take(k.world._episode.house.by_id["Apple_1"])
    assert k.do(Verb.PLACE, "Fridge_1") is Outcome.CLOSED
    assert k.do(Verb.OPEN, "Fridge_1") is Outcome.OK
    assert k.do(Verb.PLACE, k.point_of(0.5, 2.75, 1.01)) is Outcome.OK
    assert k.object("Apple_1").receptacles == ("Fridge_1",)
    assert k.state("Apple_1")["temperature"] == "RoomTemp", "an open fridge does not cool"
    assert k.do(Verb.CLOSE, "Fridge_1") is Outcome.OK
    assert k.state("Apple_1")["temperature"] == "Cold"


def test_open_reasons(lab, on_counter):
    k = lab(on_counter["Mug_1"])
    k.do(Verb.MOVE_BACK)
    frozen = k.freeze()
    assert k.do(Verb.OPEN, "CounterTop_1") is Outcome.NOT_OPENABLE
    assert k.do(Verb.OPEN, k.wall()) is Outcome.NOTHING_THERE
    assert k.do(Verb.CLOSE, "CounterTop_1/Drawer_1") is Outcome.INVALID
    assert k.freeze() == frozen
    assert k.do(Verb.OPEN, "CounterTop_1/Drawer_1") is Outcome.OK
    assert k.do(Verb.OPEN, "CounterTop_1/Drawer_1") is Outcome.INVALID


def test_open_beyond_reach(lab):
    k = lab(reach_m=0.3)
    assert k.do(Verb.OPEN, "CounterTop_1/Drawer_1") is Outcome.UNREACHABLE


def test_the_robot_stands_in_the_way(lab):
    k = lab(pitch=1)
    assert k.do(Verb.MOVE_AHEAD) is Outcome.OK
    frozen = k.freeze()
    assert k.do(Verb.LOOK_DOWN) is Outcome.OK
    assert k.do(Verb.OPEN, "CounterTop_1/Drawer_1") is Outcome.BLOCKED
    k.do(Verb.LOOK_UP)
    assert k.freeze() == frozen


def test_a_thing_stands_in_the_way(lab, put):
    k = lab(put("Vase_1", 0.78, 1.1), pitch=2)
    frozen = k.freeze()
    assert k.do(Verb.OPEN, "CounterTop_1/Drawer_4") is Outcome.BLOCKED
    assert k.freeze() == frozen


def test_an_open_door_blocks_the_way(lab):
    k = lab(stand="fridge", pitch=0)
    assert k.do(Verb.OPEN, "Fridge_1") is Outcome.OK
    ways = []
    for _ in range(4):
        ways.append(k.do(Verb.MOVE_AHEAD))
    assert Outcome.BLOCKED in ways


def test_a_running_microwave_stays_shut(lab):
    k = lab(stand="microwave", pitch=1)
    assert k.do(Verb.TOGGLE_ON, "Microwave_1") is Outcome.OK
    assert k.do(Verb.OPEN, "Microwave_1") is Outcome.INVALID
    assert k.do(Verb.TOGGLE_OFF, "Microwave_1") is Outcome.OK
    assert k.do(Verb.OPEN, "Microwave_1") is Outcome.OK
    assert k.do(Verb.TOGGLE_ON, "Microwave_1") is Outcome.INVALID


@pytest.mark.parametrize("name", ["Book_1", "Laptop_1"])
def test_movable_things_open_too(lab, put, name):
    k = lab(put(name, 0.4, 1.0, 0.902), pitch=1)
    assert k.do(Verb.OPEN, name) is Outcome.OK
    assert k.state(name)["openness"] == 1.0
    assert k.do(Verb.PICK, name) is Outcome.OK
    assert k.state(name)["openness"] == 1.0


def test_store_in_a_drawer(lab, put):
    k = lab(put("Spoon_1", 0.4, 1.0, 0.901), pitch=1)
    k.do(Verb.PICK, "Spoon_1")
    k.do(Verb.MOVE_BACK)
    assert k.do(Verb.OPEN, "CounterTop_1/Drawer_1") is Outcome.OK
    assert k.do(Verb.PLACE, "CounterTop_1/Drawer_1") is Outcome.OK
    assert k.object("Spoon_1").receptacles == ("CounterTop_1/Drawer_1",)
    assert k.do(Verb.CLOSE, "CounterTop_1/Drawer_1") is Outcome.OK
    assert k.object("Spoon_1").receptacles == ("CounterTop_1/Drawer_1",)
    assert "Spoon_1" not in {k.world.truth.objects()[n].id for n in np.unique(k.world.truth.instances()) if n >= 0}


def test_store_in_a_cabinet_under_the_sink(lab, put):
    k = lab(put("SprayBottle_1", 2.0, 2.0), stand="sink", pitch=1)
    k.world._episode.arm.hand.take(k.world._episode.house.by_id["SprayBottle_1"])
    k.do(Verb.MOVE_BACK)
    assert k.do(Verb.PLACE, "Sink_1/Cabinet_1") is Outcome.CLOSED
    assert k.do(Verb.OPEN, "Sink_1/Cabinet_1") is Outcome.OK
    assert k.do(Verb.PLACE, "Sink_1/Cabinet_1") is Outcome.OK
    assert k.object("SprayBottle_1").receptacles == ("Sink_1/Cabinet_1",)
