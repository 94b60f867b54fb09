"""Toggling, slicing, and what things do to one another."""

from __future__ import annotations

import numpy as np
import pytest

from engram.sims.contract import Outcome, Verb

BASIN = (4.65, 1.0)


def test_running_water_cleans_and_fills(lab, put):
    k = lab(put("Mug_1", *BASIN, 0.74, dirty=True), stand="sink", pitch=1)
    assert k.object("Mug_1").receptacles[0] == "Sink_1/SinkBasin_1"
    assert k.state("Mug_1")["dirty"]
    assert k.do(Verb.TOGGLE_ON, "Sink_1/Faucet_1") is Outcome.OK
    state = k.state("Mug_1")
    assert (state["dirty"], state["filled"]) == (False, "water")
    assert k.state("Sink_1/Faucet_1")["toggled"]


def test_water_works_on_what_comes_later(lab, on_counter, put):
    k = lab(put("Plate_1", 3.0, 4.0, 0.0, dirty=True), stand="sink", pitch=1)
    k.do(Verb.TOGGLE_ON, "Sink_1/Faucet_1")
    assert k.state("Plate_1")["dirty"], "what is elsewhere stays dirty"
    k.world._episode.arm.hand.take(k.world._episode.house.by_id["Plate_1"])
    assert k.do(Verb.PLACE, "Sink_1/SinkBasin_1") is Outcome.OK
    assert not k.state("Plate_1")["dirty"]


def test_dirt_shows(lab, put):
    clean = lab(put("Mug_1", 0.5, 1.0, 0.901)).observation["rgb"]
    dirty = lab(put("Mug_1", 0.5, 1.0, 0.901, dirty=True)).observation["rgb"]
    assert (clean != dirty).any()


def test_toggle_reasons(lab, on_counter):
    k = lab(on_counter["Mug_1"], stand="sink", pitch=1)
    frozen = k.freeze()
    assert k.do(Verb.TOGGLE_OFF, "Sink_1/Faucet_1") is Outcome.INVALID
    assert k.do(Verb.TOGGLE_ON, "Sink_1") is Outcome.NOTHING_THERE
    assert k.do(Verb.TOGGLE_ON, k.wall()) is Outcome.NOTHING_THERE
    assert k.freeze() == frozen


def test_toggle_beyond_reach(lab):
    k = lab(stand="sink", pitch=1, reach_m=0.3)
    assert k.do(Verb.TOGGLE_ON, "Sink_1/Faucet_1") is Outcome.UNREACHABLE


def test_a_burner_cooks_in_a_pot(lab, put):
    k = lab(stand="stove", pitch=1)
    burner = k.object("CounterTop_3/StoveBurner_1")
    start = k.world.truth.start.matrix()
    x, y, z, _ = start @ [*burner.position, 1.0]
    k = lab(put("Pot_1", x, y, z + 0.02), put("Potato_1", x, y, z + 0.04), stand="stove", pitch=1)
    assert k.object("Potato_1").receptacles == ("Pot_1", "CounterTop_3/StoveBurner_1")
    assert k.do(Verb.TOGGLE_ON, "CounterTop_3/StoveKnob_2") is Outcome.OK
    assert k.state("CounterTop_3/StoveBurner_2")["toggled"]
    assert k.state("Potato_1") == {"held": False, "cooked": False, "sliced": False, "temperature": "RoomTemp"}
    before = k.observation["rgb"]
    assert k.do(Verb.TOGGLE_ON, "CounterTop_3/StoveKnob_1") is Outcome.OK
    assert k.state("CounterTop_3/StoveBurner_1")["toggled"]
    assert k.state("Potato_1")["cooked"]
    assert k.state("Pot_1")["temperature"] == "Hot"
    assert (before != k.observation["rgb"]).any(), "a lit burner glows"


def test_a_microwave_heats_behind_its_door(lab, put):
    k = lab(put("Potato_1", 0.3, 4.25, 0.935), put("Mug_1", 0.3, 4.37, 0.935), stand="microwave", pitch=0)
    assert k.object("Potato_1").receptacles == ("Microwave_1",)
    k.do(Verb.LOOK_DOWN)
    assert k.do(Verb.TOGGLE_ON, "Microwave_1") is Outcome.OK
    assert k.state("Potato_1")["cooked"]
    assert k.state("Potato_1")["temperature"] == k.state("Mug_1")["temperature"] == "Hot"


def test_a_coffee_machine_fills_a_mug(lab, put):
    k = lab(put("Mug_1", 4.62, 4.15, 0.932), stand="coffee", pitch=1)
    assert k.object("Mug_1").receptacles == ("CoffeeMachine_1",)
    assert k.do(Verb.TOGGLE_ON, "CoffeeMachine_1") is Outcome.OK
    assert k.state("Mug_1")["filled"] == "coffee"
    assert k.state("Mug_1")["temperature"] == "Hot"


def test_a_toaster_toasts_bread(lab, on_counter):
    k = lab(on_counter["BreadSliced_1"], stand="coffee", pitch=1)
    k.world._episode.arm.hand.take(k.world._episode.house.by_id["BreadSliced_1"])
    assert k.do(Verb.PLACE, "Toaster_1") is Outcome.OK
    assert k.do(Verb.TOGGLE_ON, "Toaster_1") is Outcome.OK
    assert k.state("BreadSliced_1")["cooked"]


def test_a_closed_fridge_has_cooled_its_contents(lab, put):
    k = lab(put("Apple_1", 0.4, 2.7, 1.02))
    assert k.state("Apple_1")["temperature"] == "Cold"


def test_slicing_needs_a_knife(lab, on_counter):
    k = lab(on_counter["Apple_1"], on_counter["Mug_1"], on_counter["Knife_1"])
    assert k.do(Verb.SLICE, "Apple_1") is Outcome.HAND_EMPTY
    k.do(Verb.PICK, "Mug_1")
    frozen = k.freeze()
    assert k.do(Verb.SLICE, "Apple_1") is Outcome.INVALID
    assert k.freeze() == frozen


@pytest.mark.parametrize(("whole", "count"), [("Apple_1", 4), ("Bread_1", 4), ("Egg_1", 1)])
def test_slices_replace_the_thing(lab, on_counter, whole, count):
    k = lab(on_counter[whole], on_counter["Knife_1"])
    kind = {"Egg_1": "EggCracked"}.get(whole, f"{whole[:-2]}Sliced")
    place = np.array(k.object(whole).position)
    assert not [o for o in k.world.truth.objects() if o.category == kind]
    assert k.do(Verb.PICK, "Knife_1") is Outcome.OK
    assert k.do(Verb.SLICE, "CounterTop_1") is Outcome.NOTHING_THERE
    assert k.do(Verb.SLICE, whole) is Outcome.OK
    things = k.world.truth.objects()
    assert whole not in [o.id for o in things]
    pieces = [o for o in things if o.category == kind]
    assert len(pieces) == count
    for piece in pieces:
        assert piece.state["sliced"]
        assert piece.receptacles == ("CounterTop_1",)
        assert np.linalg.norm(np.subtract(piece.position, place)) < 0.25
    assert k.state("Knife_1")["held"]
    shown = k.world.truth.instances()
    assert {things.index(p) for p in pieces} & set(np.unique(shown).tolist())


def test_a_slice_can_be_picked_up(lab, on_counter):
    k = lab(on_counter["Bread_1"], on_counter["Knife_1"])
    k.do(Verb.PICK, "Knife_1")
    k.do(Verb.SLICE, "Bread_1")
    assert k.do(Verb.PLACE, k.point_of(0.5, 1.15, 0.9)) is Outcome.OK
    assert k.do(Verb.PICK, "Bread_1_slice_1") is Outcome.OK
    assert k.state("Bread_1_slice_1")["held"]


def test_screens_light_up(lab, put):
    k = lab(put("Laptop_1", 0.4, 1.0, 0.902))
    k.do(Verb.OPEN, "Laptop_1")
    dark = k.observation["rgb"].astype(int)
    assert k.do(Verb.TOGGLE_ON, "Laptop_1") is Outcome.OK
    assert (k.observation["rgb"].astype(int) - dark).max() > 20


def test_lights_shine_only_while_on(lab):
    k = lab(stand="sink", pitch=1)
    model, tap = k.world._episode.house.model, k.world._episode.house.by_id["Sink_1/Faucet_1"]
    glow = model.material("glow").id
    off = model.geom_rgba[tap.geoms].copy()
    assert glow not in model.geom_matid[tap.geoms]
    k.do(Verb.TOGGLE_ON, "Sink_1/Faucet_1")
    assert glow in model.geom_matid[tap.geoms]
    assert (model.geom_rgba[tap.geoms] != off).any()
    k.do(Verb.TOGGLE_OFF, "Sink_1/Faucet_1")
    assert glow not in model.geom_matid[tap.geoms]
    np.testing.assert_array_equal(model.geom_rgba[tap.geoms], off)
