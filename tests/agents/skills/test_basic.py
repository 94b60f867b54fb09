from __future__ import annotations

import numpy as np
import pytest

from engram.sims.contract import Outcome


def test_a_thing_is_put_into_the_closed_fridge_and_gets_cold(household):
    house = household(3)
    before = house.sit.tracker.labelled(["Mug"])[0].centre.copy()
    assert house.do("pick", "Mug").ok
    assert house.observation["holding"] == 1
    assert house.one("Mug").state["held"]
    assert not [t for t in house.sit.tracker.labelled(["Mug"]) if np.linalg.norm(t.centre - before) < 0.3]
    assert house.do("place", "Fridge").outcome == Outcome.CLOSED.code
    assert house.do("open", "Fridge").ok
    assert house.one("Fridge").state["open"]
    assert house.do("place", "Fridge").ok
    assert house.observation["holding"] == 0
    assert house.do("close", "Fridge").ok
    assert house.one("Mug").receptacles == ("Fridge_1",)
    assert house.one("Mug").state["temperature"] == "Cold"
    assert not house.one("Fridge").state["open"]


def test_what_is_inside_is_taken_out_again(household):
    house = household(4)
    for step in (
        ("pick", "Mug"),
        ("open", "Fridge"),
        ("place", "Fridge"),
        ("close", "Fridge"),
        ("go_to", "DiningTable"),
    ):
        assert house.do(*step).ok, step
    assert house.do("open", "Fridge").ok
    assert house.do("pick", "Mug").ok
    assert house.one("Mug").state["held"]


def test_what_closes_is_opened_and_closed_and_leaves_the_map_as_it_was(household):
    house = household(4)
    for kind in ("Cabinet", "Drawer", "Microwave"):
        house.sit.plan()
        free = len(house.sit.navigator.reachable())
        assert house.do("open", kind).ok
        (open_one,) = [t for t in house.all(kind) if t.state["open"]]
        house.positions[f"{kind}_1"] = open_one.position
        assert house.do("open", f"{kind}_1").ok  # it is open already
        assert house.do("close", f"{kind}_1").ok
        assert not any(t.state["open"] for t in house.all(kind))
        house.sit.plan()
        assert len(house.sit.navigator.reachable()) >= free - 2


def test_switches_are_switched_and_what_is_on_already_counts_as_done(household):
    house = household(4)
    for kind in ("Faucet", "Microwave", "CoffeeMachine"):
        assert house.do("toggle_on", kind).ok
        assert house.one(kind).state["toggled"]
        assert house.do("toggle_on", kind).ok
        assert house.do("toggle_off", kind).ok
        assert not house.one(kind).state["toggled"]


def test_an_open_microwave_is_not_switched_on(household):
    house = household(4)
    assert house.do("open", "Microwave").ok
    assert house.do("toggle_on", "Microwave").outcome == "precondition"
    assert not house.one("Microwave").state["toggled"]


def test_slicing_needs_a_knife_and_leaves_pieces(household):
    house = household(4)
    assert house.do("slice", "Lettuce").outcome == Outcome.HAND_EMPTY.code
    assert house.do("pick", "Mug").ok
    assert house.do("slice", "Lettuce").outcome == "precondition"
    assert house.do("place", "CounterTop").ok
    assert house.do("pick", "Knife").ok
    assert house.do("slice", "Lettuce").ok
    assert len(house.all("LettuceSliced")) > 1
    assert house.all("Lettuce") == []
    assert house.sit.held == "Knife"


def test_putting_down_leaves_the_thing_on_the_floor(household):
    house = household(3)
    assert house.do("put_down").outcome == Outcome.HAND_EMPTY.code
    assert house.do("pick", "Cup").ok
    assert house.do("put_down").ok
    cup = house.one("Cup")
    assert cup.receptacles == ()
    assert cup.position[2] < 0.15
    assert house.observation["holding"] == 0


def test_searching_looks_into_a_closed_thing_and_closes_it_again_and_what_is_inside_can_be_taken_out(household):
    house = household(4)
    for step in (("pick", "Mug"), ("open", "Fridge"), ("place", "Fridge"), ("close", "Fridge")):
        assert house.do(*step).ok, step
    house.wake()
    house.do("explore")
    assert not house.sit.tracker.labelled(["Mug"])
    result = house.do("search", "Fridge")
    assert result.ok
    assert "Mug" in result.text
    assert len(house.sit.tracker.labelled(["Mug"])) == 1
    assert not house.one("Fridge").state["open"]
    for step in (("go_to", "DiningTable"), ("open", "Fridge"), ("pick", "Mug")):
        assert house.do(*step).ok, step
    assert house.one("Mug").state["held"]


def test_searching_a_table_sees_what_is_on_it(household):
    house = household(3)
    house.positions["DiningTable_1"] = table = house.one("DiningTable").position
    result = house.do("search", "DiningTable_1")
    assert result.ok
    assert house.away_m(table) < 1.6
    on_it = {t.category for t in house.world.truth.objects() if house.one("DiningTable").id in t.receptacles}
    assert on_it
    assert all(kind in result.text for kind in on_it)


def test_going_to_a_thing_ends_near_it_and_facing_it(household):
    house = household(3)
    assert house.do("go_to", "Toaster").ok
    assert house.away_m(house.one("Toaster").position) < 1.2
    number = [t.id for t in house.world.truth.objects()].index(house.one("Toaster").id)
    assert (house.world.truth.instances() == number).sum() > 20


def test_going_to_a_room_ends_where_it_is(household):
    house = household(3)
    x, y, _ = house.one("DiningTable").position
    house.positions["Kitchen_1"] = (x, y, 0.0)
    result = house.do("go_to", "Kitchen_1")
    assert result.outcome == "no_way"  # a table is there
    free = house.sit.navigator.position(max(house.sit.navigator.reachable()))
    house.positions["Kitchen_1"] = (*free, 0.0)
    assert house.do("go_to", "Kitchen_1").ok
    assert house.away_m(free) < 0.7


def test_what_is_not_where_it_was_believed_is_not_found_after_a_look_from_near(household):
    house = household(3)
    place = house.one("DiningTable").position
    house.positions["Statue_1"] = (place[0], place[1], 0.8)
    result = house.do("pick", "Statue_1")
    assert result.outcome == "not_found"
    assert result.actions > 0
    assert house.away_m(place) < 1.6


def test_the_name_with_a_position_means_the_thing_that_is_there(household):
    house = household(5)
    cabinets = house.all("Cabinet")
    chosen = cabinets[-1]
    house.positions["Cabinet_9"] = chosen.position
    assert house.do("open", "Cabinet_9").ok
    assert [t.id for t in house.all("Cabinet") if t.state["open"]] == [chosen.id]


def test_finding_explores_until_one_is_seen_and_names_it(household):
    house = household(3, rooms=("LivingRoom", "Kitchen"))
    assert house.do("find", "Bathtub").outcome == "not_found"
    house.wake()
    result = house.do("find", "Fridge")
    assert (result.outcome, result.found) == ("ok", "Fridge_seen")
    assert house.sit.tracker.labelled(["Fridge"])


def test_a_full_hand_takes_nothing_more(household):
    house = household(3)
    assert house.do("pick", "Cup").ok
    assert house.do("pick", "Mug").outcome == Outcome.HAND_FULL.code
    again = house.do("pick", "Cup")
    assert (again.ok, again.actions) == (True, 0)


@pytest.mark.slow
def test_tidying_leaves_less_out_of_place(household):
    house = household(7, rooms=("Kitchen", "Bedroom"), mess=4)
    moved = {d: house.thing(d).position for d in house.world.truth.displaced()}
    result = house.do("tidy")
    assert result.outcome in ("ok", "budget")
    assert sum(house.thing(d).position != place for d, place in moved.items()) >= 2
