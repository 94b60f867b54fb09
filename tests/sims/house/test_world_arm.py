"""Pick, place and drop."""

from __future__ import annotations

import numpy as np
import pytest

from engram.sims.contract import Outcome, Verb


def test_pick_and_place_on_the_counter(lab, on_counter):
    k = lab(on_counter["Mug_1"])
    before = k.object("Mug_1")
    assert before.receptacles == ("CounterTop_1",)
    assert k.do(Verb.PICK, "Mug_1") is Outcome.OK
    assert k.observation["holding"] == 1
    assert k.object("Mug_1").receptacles == ()
    assert k.state("Mug_1")["held"]
    assert k.do(Verb.PLACE, k.point_of(0.45, 0.85, 0.9)) is Outcome.OK
    assert k.observation["holding"] == 0
    after = k.object("Mug_1")
    assert after.receptacles == ("CounterTop_1",)
    assert np.linalg.norm(np.subtract(after.position, before.position)) > 0.1
    assert after.position[2] == pytest.approx(before.position[2], abs=0.01), "it stands upright"


def test_a_held_thing_shows_low_and_near(lab, on_counter):
    k = lab(on_counter["Mug_1"], pitch=1)
    k.do(Verb.PICK, "Mug_1")
    number = [o.id for o in k.world.truth.objects()].index("Mug_1")
    for verb in (Verb.LOOK_UP, Verb.LOOK_DOWN, Verb.MOVE_BACK, Verb.ROTATE_LEFT, Verb.CROUCH):
        assert k.do(verb) is Outcome.OK
        mine = k.world.truth.instances() == number
        assert mine.sum() > 50
        assert np.nonzero(mine)[0].min() > 0.6 * 160
        assert 0.1 < k.observation["depth"][mine].max() < 0.5


def test_pick_reasons(lab, on_counter, put):
    k = lab(on_counter["Mug_1"], on_counter["Apple_1"], put("Plate_1", 0.2, 1.2, 0.901))
    for target, reason in (("CounterTop_1", Outcome.NOTHING_THERE), (k.wall(), Outcome.NOTHING_THERE)):
        frozen = k.freeze()
        assert k.do(Verb.PICK, target) is reason
        assert k.freeze() == frozen
    k.do(Verb.PICK, "Mug_1")
    frozen = k.freeze()
    assert k.do(Verb.PICK, "Apple_1") is Outcome.HAND_FULL
    assert k.do(Verb.PICK, "Mug_1") is Outcome.OCCLUDED
    assert k.freeze() == frozen


def test_pick_beyond_reach(lab, on_counter):
    k = lab(on_counter["Mug_1"], reach_m=0.5)
    frozen = k.freeze()
    assert k.do(Verb.PICK, "Mug_1") is Outcome.UNREACHABLE
    assert k.freeze() == frozen


def test_a_plate_brings_what_lies_on_it(lab, on_counter, put):
    k = lab(on_counter["Plate_1"], put("Apple_1", 0.4, 1.0, 0.92))
    assert k.object("Apple_1").receptacles == ("Plate_1", "CounterTop_1")
    offset = np.subtract(k.object("Apple_1").position, k.object("Plate_1").position)
    assert k.do(Verb.PICK, "Plate_1") is Outcome.OK
    assert k.object("Apple_1").receptacles == ("Plate_1",)
    assert k.do(Verb.PICK, "Apple_1") is Outcome.OCCLUDED
    assert k.do(Verb.PLACE, k.point_of(0.4, 1.0, 0.9)) is Outcome.OK
    assert k.object("Apple_1").receptacles == ("Plate_1", "CounterTop_1")
    again = np.subtract(k.object("Apple_1").position, k.object("Plate_1").position)
    assert again[2] == pytest.approx(offset[2], abs=0.01)


def test_what_stood_on_a_thing_falls_when_it_is_taken(lab, put):
    k = lab(put("Book_1", 0.45, 1.0, 0.901), put("SoapBar_1", 0.45, 1.0, 0.935))
    high = k.object("SoapBar_1").position[2]
    assert k.do(Verb.PICK, k.point_of(0.51, 1.0, 0.93)) is Outcome.OK
    assert k.state("Book_1")["held"]
    assert k.object("SoapBar_1").position[2] < high - 0.02


def test_place_reasons(lab, on_counter):
    k = lab(on_counter["Mug_1"])
    frozen = k.freeze()
    assert k.do(Verb.PLACE, "CounterTop_1") is Outcome.HAND_EMPTY
    assert k.freeze() == frozen
    k.do(Verb.PICK, "Mug_1")
    frozen = k.freeze()
    assert k.do(Verb.PLACE, "Mug_1") is Outcome.OCCLUDED
    assert k.do(Verb.PLACE, k.wall()) is Outcome.NOTHING_THERE
    assert k.do(Verb.PLACE, "CounterTop_1/Drawer_1") is Outcome.CLOSED
    assert k.freeze() == frozen


def test_place_beyond_reach(lab, on_counter):
    k = lab(on_counter["Mug_1"])
    k.do(Verb.PICK, "Mug_1")
    k.do(Verb.MOVE_BACK)
    k.do(Verb.MOVE_BACK)
    k.do(Verb.MOVE_BACK)
    assert k.do(Verb.PLACE, "CounterTop_1") is Outcome.UNREACHABLE


def test_no_space_leaves_everything_as_it_was(lab, put):
    crowd = [
        put(f"Plate_{5 * i + j + 2}", 0.15 + 0.14 * i, 0.76 + 0.12 * j, 0.901 + 0.03 * ((i + j) % 2))
        for i in range(4)
        for j in range(5)
    ]
    k = lab(*crowd, put("Plate_1", 1.1, 1.5), pitch=1)
    hand = k.world._episode.arm.hand
    hand.take(k.world._episode.house.by_id["Plate_1"])
    k.do(Verb.LOOK_DOWN)
    frozen = k.freeze()
    assert k.do(Verb.PLACE, "CounterTop_1/Drawer_2") is Outcome.CLOSED
    assert k.do(Verb.PLACE, k.find("CounterTop_1")) is Outcome.NO_SPACE
    assert k.freeze() == frozen
    assert k.observation["holding"] == 1


def test_pointing_at_a_thing_means_what_it_lies_in(lab, on_counter):
    k = lab(on_counter["Mug_1"], on_counter["Apple_1"])
    k.do(Verb.PICK, "Mug_1")
    assert k.do(Verb.PLACE, "Apple_1") is Outcome.OK
    assert k.object("Mug_1").receptacles == ("CounterTop_1",)


def test_special_holders_take_one_kind(lab, put):
    k = lab(put("Apple_1", 4.45, 3.75, 0.0), stand="coffee")
    k.world._episode.arm.hand.take(k.world._episode.house.by_id["Apple_1"])
    assert k.do(Verb.PLACE, "CoffeeMachine_1") is Outcome.INVALID


def test_drop_falls_to_the_floor_ahead(lab, on_counter):
    k = lab(on_counter["Mug_1"])
    assert k.do(Verb.DROP) is Outcome.HAND_EMPTY
    k.do(Verb.PICK, "Mug_1")
    k.do(Verb.ROTATE_LEFT)
    k.do(Verb.ROTATE_LEFT)
    assert k.do(Verb.DROP) is Outcome.OK
    mug = k.object("Mug_1")
    assert mug.receptacles == ()
    assert mug.position[2] < 0.1
    assert -1.0 < mug.position[0] < -0.2, "map x grows towards the counter, behind the robot now"


def test_a_wall_keeps_things_from_being_dropped(lab, on_counter):
    k = lab(on_counter["Mug_1"])
    k.do(Verb.PICK, "Mug_1")
    k.do(Verb.ROTATE_LEFT)
    for _ in range(10):
        if k.do(Verb.MOVE_AHEAD) is Outcome.BLOCKED:
            break
    frozen = k.freeze()
    assert k.do(Verb.DROP) is Outcome.BLOCKED
    assert k.freeze() == frozen
    assert k.observation["holding"] == 1


def test_a_dropped_thing_blocks_but_never_traps(lab, on_counter):
    k = lab(on_counter["Mug_1"])
    k.do(Verb.PICK, "Mug_1")
    k.do(Verb.ROTATE_LEFT)
    k.do(Verb.ROTATE_LEFT)
    k.do(Verb.DROP)
    assert k.do(Verb.MOVE_AHEAD) is Outcome.BLOCKED
    ways = {k.do(verb) for verb in (Verb.MOVE_LEFT, Verb.MOVE_RIGHT)}
    assert Outcome.OK in ways
    assert len(k.world.truth.reachable()) > 20


def test_a_pan_may_stick_out_over_its_burner(lab, put):
    k = lab(put("Pan_1", 2.0, 2.0), stand="stove", pitch=1)
    k.world._episode.arm.hand.take(k.world._episode.house.by_id["Pan_1"])
    assert k.do(Verb.PLACE, "CounterTop_3/StoveBurner_1") is Outcome.OK
    assert k.object("Pan_1").receptacles == ("CounterTop_3/StoveBurner_1",)


@pytest.mark.parametrize("category", ["Pan", "Pot", "Kettle"])
@pytest.mark.parametrize("variant", range(4))
def test_cookware_on_a_stove_top_goes_to_the_nearest_burner(lab, put, category, variant):
    name = f"{category}_1"
    k = lab(put(name, 2.0, 2.0, variant=variant), stand="stove")
    k.world._episode.arm.hand.take(k.world._episode.house.by_id[name])
    burner = k.object("CounterTop_3/StoveBurner_1")
    assert k.do(Verb.PLACE, k.point_of(4.61, 3.05, 0.9)) is Outcome.OK
    assert k.object(name).receptacles == ("CounterTop_3/StoveBurner_1",)
    low = k.object(name).position[2] - k.object(name).extent[2] / 2
    assert low == pytest.approx(burner.position[2] + burner.extent[2] / 2, abs=0.004), "it stands level on the ring"


def test_what_sticks_out_over_a_burner_overlaps_nothing(lab, put):
    k = lab(put("Pan_1", 2.0, 1.0), put("Pan_2", 2.0, 2.0, variant=1), stand="stove")
    hand, things = k.world._episode.arm.hand, k.world._episode.house.by_id
    for name, y in (("Pan_1", 3.05), ("Pan_2", 2.9)):
        hand.take(things[name])
        assert k.do(Verb.PLACE, k.point_of(4.61, y, 0.9)) is Outcome.OK
    one, two = k.object("Pan_1"), k.object("Pan_2")
    assert one.receptacles == ("CounterTop_3/StoveBurner_1",)
    assert two.receptacles[0].startswith("CounterTop_3/StoveBurner_")
    assert two.receptacles != one.receptacles
    gap = np.abs(np.subtract(one.position, two.position)) - np.add(one.extent, two.extent) / 2
    assert gap.max() > -0.001


def test_a_stove_top_has_no_space_for_other_things(lab, put):
    k = lab(put("Apple_1", 2.0, 2.0), stand="stove")
    k.world._episode.arm.hand.take(k.world._episode.house.by_id["Apple_1"])
    assert k.do(Verb.PLACE, k.point_of(4.63, 3.0, 0.9)) is Outcome.NO_SPACE
    assert k.do(Verb.PLACE, "CounterTop_3/StoveBurner_1") is Outcome.INVALID


def test_truth_follows_what_is_carried(lab, on_counter):
    k = lab(on_counter["Mug_1"], on_counter["Apple_1"])
    k.do(Verb.PICK, "Mug_1")
    start = k.world.truth.objects()
    k.do(Verb.MOVE_BACK)
    k.do(Verb.MOVE_BACK)
    moved = {o.id: np.subtract(o.position, was.position) for o, was in zip(k.world.truth.objects(), start, strict=True)}
    np.testing.assert_allclose(moved["Mug_1"], [-0.5, 0.0, 0.0], atol=1e-9)
    np.testing.assert_array_equal(moved["Apple_1"], 0.0)


def test_a_thing_dropped_at_the_counter_lands_on_it(lab, on_counter):
    k = lab(on_counter["Mug_1"])
    k.do(Verb.PICK, "Mug_1")
    assert [k.do(Verb.MOVE_AHEAD) for _ in range(2)] == [Outcome.OK] * 2
    assert k.do(Verb.DROP) is Outcome.OK
    assert k.object("Mug_1").receptacles == ("CounterTop_1",)
