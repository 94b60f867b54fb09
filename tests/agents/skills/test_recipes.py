from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("seed", "skill", "kind", "appliance", "key", "value"),
    [
        (4, "heat", "Egg", "Microwave", "temperature", "Hot"),
        (3, "heat", "Pot", "StoveBurner", "temperature", "Hot"),
        (3, "cool", "Mug", "Fridge", "temperature", "Cold"),
        (3, "clean", "Mug", "SinkBasin", "dirty", False),
        (12, "clean", "Mug", "Faucet", "dirty", False),
        (4, "fill", "Cup", "SinkBasin", "filled", "water"),
        (4, "fill", "Mug", "CoffeeMachine", "filled", "coffee"),
    ],
)
def test_the_thing_is_changed_and_in_the_hand_again(household, seed, skill, kind, appliance, key, value):
    house = household(seed)
    assert house.do("pick", kind).ok
    assert house.one(kind).state[key] != value
    assert house.do(skill, appliance).ok
    assert house.one(kind).state[key] == value
    assert house.one(kind).state["held"]
    assert not house.one(appliance).state.get("open", False)
    assert not house.one(appliance).state.get("toggled", False)


@pytest.mark.parametrize("cut", [3, 8, 16, 18, 19, 20, 22])
@pytest.mark.slow
def test_it_goes_on_where_it_was_cut_off_even_when_nothing_is_remembered(household, cut):
    house = household(4)
    assert house.do("pick", "Egg").ok
    house.do("heat", "Microwave", cancel_after=cut)
    house.wake()
    house.do("explore")
    assert house.do("heat", "Microwave").ok
    egg = house.one("Egg")
    assert (egg.state["temperature"], egg.state["held"]) == ("Hot", True)
    assert not house.one("Microwave").state["open"]


def test_nothing_to_work_on_is_a_precondition(household):
    house = household(4)
    assert house.do("clean", "SinkBasin").outcome in ("precondition", "ok")
    assert house.do("cool", "Fridge").outcome in ("precondition", "ok")
    assert not house.one("Fridge").state["open"]
