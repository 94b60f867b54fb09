"""The household in words: what is told, what is not, and that its rules are those of the world that is seen."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from engram.sims.house.text import TextHouse
from engram.sims.house.world import HouseWorld

MIDDLE = (2.5, 2.5, 180.0)


@pytest.fixture
def live(plan):
    """A world with the given things in a kitchen, and its first observation."""

    def make(*objects, start=MIDDLE, **fields):
        world = TextHouse(**fields)
        return world, world.reset(3, {"house": plan(*objects), "start": start})

    return make


def do(world, *steps):
    """Carry out steps such as ``"go_to Mug_1"``; return the last observation. All but the last must work."""
    for k, step in enumerate(steps):
        skill, *args = step.split()
        seen = world.step(skill, tuple(args))
        assert k == len(steps) - 1 or seen.outcome == "ok", f"{step}: {seen.outcome}"
    return seen


def told(seen):
    return {t.name: t for t in seen.seen}


def state(world, id_):
    return next(o for o in world.truth.objects() if o.id == id_).state


def tour(world, seen):
    """Observations of a walk through a house."""
    yield seen
    yield world.step("look_around")
    for thing in seen.seen[:8]:
        yield world.step("go_to", (thing.name,))
        yield world.step("open", (thing.name,))
    for room in seen.exits:
        yield world.step("go_to", (room,))


def test_the_same_seed_gives_the_same_words():
    world, again = TextHouse(rooms=2), TextHouse(rooms=2)
    first = list(tour(world, world.reset(11)))
    assert first == list(tour(again, again.reset(11)))
    assert first == list(tour(world, world.reset(11))), "a world can be used again"
    assert first[0] != world.reset(12)


def test_names_tell_nothing_of_ids(plan, put):
    mugs = [put(f"Mug_{k}", x, y, 0.901) for k, x, y in ((1, 0.5, 1.0), (2, 0.4, 1.25), (3, 4.6, 4.35))]
    turned = [replace(mug, id=f"Mug_{9 - k}") for k, mug in enumerate(mugs)]
    seen = []
    for objects in (mugs, turned[::-1]):
        world = TextHouse()
        start = world.reset(3, {"house": plan(*objects), "start": MIDDLE})
        seen.append([start, world.step("look_around"), do(world, "go_to CounterTop_1", "look_around")])
    assert seen[0] == seen[1]
    assert {t.name for t in seen[0][2].seen if t.kind == "Mug"} <= {"Mug_1", "Mug_2", "Mug_3"}


def test_names_are_kinds_and_numbers_in_the_order_of_being_seen():
    world = TextHouse(rooms=2)
    numbers: dict[str, list[int]] = {}
    for seen in tour(world, world.reset(11)):
        for thing in seen.seen:
            assert re.fullmatch(rf"{thing.kind}_\d+", thing.name)
            number = int(thing.name.rpartition("_")[2])
            if number not in numbers.setdefault(thing.kind, []):
                numbers[thing.kind].append(number)
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values()), "none is left out or out of turn"


def test_small_things_are_told_of_when_near_and_furniture_from_afar(live, on_counter):
    world, _ = live(on_counter["Mug_1"], start=(4.0, 3.6, 180.0))
    seen = world.step("look_around")
    assert "Mug_1" not in told(seen)
    counters = [n for n, t in told(seen).items() if t.kind == "CounterTop"]
    assert len(counters) == 4
    there = [do(world, f"go_to {name}") for name in counters]
    assert sum("Mug_1" in told(s) for s in there) >= 1
    mug = next(told(s)["Mug_1"] for s in there if "Mug_1" in told(s))
    assert mug.holder in counters
    assert mug.room == "Kitchen"


def test_what_is_behind_the_robot_is_told_when_it_looks_around(live, on_counter):
    world, seen = live(on_counter["Mug_1"], start=(1.4, 1.0, 0.0))
    assert "Mug_1" not in told(seen)
    assert "Mug_1" in told(world.step("look_around"))


def test_what_is_in_a_closed_thing_is_not_told(live, on_counter):
    world, _ = live(on_counter["Egg_1"], start=(1.4, 1.0, 180.0))
    closed = do(world, "pick Egg_1", "go_to Fridge_1", "place Fridge_1")
    assert closed.outcome == "closed"
    assert closed.holding == "Egg_1"
    inside = do(world, "open Fridge_1", "place Fridge_1")
    assert told(inside)["Egg_1"].holder == "Fridge_1"
    assert "Fridge_1" in inside.looked_into
    shut = do(world, "close Fridge_1")
    for seen in (shut, world.step("look_around")):
        assert "Egg_1" not in told(seen)
        assert "Fridge_1" not in seen.looked_into
        assert not told(seen)["Fridge_1"].states["open"]
    assert do(world, "pick Egg_1").outcome == "nothing_there"
    assert "Egg_1" in told(do(world, "open Fridge_1"))
    assert state(world, "Egg_1")["temperature"] == "Cold"


def test_looking_into_needs_standing_there(live):
    world, _ = live()
    do(world, "go_to Fridge_1", "open Fridge_1")
    away = do(world, "go_to CoffeeMachine_1", "look_around")
    assert "Fridge_1" in told(away)
    assert "Fridge_1" not in away.looked_into


def test_reach(live, on_counter):
    mug = on_counter["Mug_1"]
    assert do(live(mug, start=(2.4, 1.0, 180.0))[0], "pick Mug_1").outcome == "unreachable"
    assert do(live(mug, start=(1.4, 1.0, 180.0))[0], "pick Mug_1").outcome == "ok"
    world, _ = live(mug, start=(1.4, 1.0, 180.0))
    assert do(world, "look_around", "go_to Faucet_1", "pick Mug_1").outcome == "nothing_there", (
        "out of sight from there"
    )


def test_one_thing_in_the_hand(live, on_counter):
    world, _ = live(on_counter["Mug_1"], on_counter["Knife_1"], start=(1.4, 1.0, 180.0))
    assert do(world, "put_down").outcome == "hand_empty"
    assert do(world, "place CounterTop_1").outcome == "hand_empty"
    seen = do(world, "pick Mug_1")
    assert seen.holding == "Mug_1"
    assert "Mug_1" not in told(seen)
    assert do(world, "pick Knife_1").outcome == "hand_full"
    seen = do(world, "put_down")
    assert seen.holding == ""
    assert told(seen)["Mug_1"].holder == "Floor"


def test_a_microwave_heats_when_it_is_shut_and_on(live, on_counter):
    world, _ = live(on_counter["Mug_1"], start=(1.4, 1.0, 180.0))
    do(world, "pick Mug_1", "go_to Microwave_1", "open Microwave_1", "place Microwave_1")
    assert do(world, "toggle_on Microwave_1").outcome == "invalid"
    seen = do(world, "close Microwave_1", "toggle_on Microwave_1")
    assert told(seen)["Microwave_1"].states["on"]
    assert state(world, "Mug_1")["temperature"] == "Hot"
    assert do(world, "open Microwave_1").outcome == "invalid", "it runs"


def test_water_cleans_and_fills(live, on_counter, put):
    world, _ = live(put("Mug_1", 0.5, 1.0, 0.901, dirty=True), start=(1.4, 1.0, 180.0))
    do(world, "look_around", "pick Mug_1", "go_to SinkBasin_1", "place SinkBasin_1", "toggle_on Faucet_1")
    assert (state(world, "Mug_1")["dirty"], state(world, "Mug_1")["filled"]) == (False, "water")


def test_slicing_needs_a_knife(live, on_counter):
    world, _ = live(on_counter["Apple_1"], on_counter["Knife_1"], on_counter["Mug_1"], start=(1.4, 1.0, 180.0))
    assert do(world, "slice Apple_1").outcome == "hand_empty"
    assert do(world, "pick Mug_1", "slice Apple_1").outcome == "invalid"
    do(world, "place CounterTop_1")
    seen = do(world, "pick Knife_1", "slice Apple_1")
    assert seen.outcome == "ok"
    slices = [t for t in seen.seen if t.kind == "AppleSliced"]
    assert sorted(t.name for t in slices) == [f"AppleSliced_{k}" for k in (1, 2, 3, 4)]
    assert all(t.states["sliced"] and t.holder.startswith("CounterTop") for t in slices)
    assert "Apple_1" not in told(seen)
    assert do(world, "go_to Apple_1").outcome == "nothing_there"


def test_a_burner_holds_one_kind_of_thing(live, on_counter):
    world, _ = live(on_counter["Mug_1"], start=(1.4, 1.0, 180.0))
    assert do(world, "look_around", "pick Mug_1", "go_to StoveBurner_1", "place StoveBurner_1").outcome == "invalid"


def test_what_makes_no_sense_is_invalid_and_changes_nothing(live, on_counter):
    world, first = live(on_counter["Mug_1"], start=(1.4, 1.0, 180.0))
    for skill, args in (
        ("fly", ()), ("pick", ()), ("pick", ("Mug_1", "Mug_1")), ("pick", ("Mug_2",)), ("pick", ("Kitchen_1",)),
        ("look_around", ("Mug_1",)), ("go_to", ("nowhere",)),
    ):  # fmt: skip
        seen = world.step(skill, args)
        assert seen.outcome == "invalid", skill
        assert (seen.moves, seen.seen, seen.base_m) == (0, first.seen, first.base_m)
    assert do(world, "open Mug_1").outcome == "not_openable"
    assert do(world, "pick CounterTop_1").outcome == "nothing_there"
    assert do(world, "look_around", "pick Mug_1", "place Faucet_1").outcome == "nothing_there"
    with pytest.raises(ValueError, match="unknown reset option 'hose'"):
        world.reset(3, {"hose": 1})


def test_moves_grow_with_the_way(live):
    world, _ = live(start=(1.4, 1.0, 180.0))
    near, far = do(world, "go_to CounterTop_1").moves, do(world, "go_to CoffeeMachine_1")
    assert world.step("look_around").moves == 4
    assert near < 6
    x, y, _ = far.base_m
    assert far.moves >= (abs(x) + abs(y)) / 0.25 - 6, "each move is a quarter of a metre"


def test_rooms_are_told_one_at_a_time():
    world = TextHouse(rooms=4)
    first = world.reset(11)
    kinds = world.truth.rooms()
    for room in (first.room, *first.exits):
        world.step("go_to", (room,))
        seen = world.step("look_around")
        assert seen.room == room
        inside = {o.id for o in world.truth.objects() if o.room == world.true_id(room)}
        assert {world.true_id(t.name) for t in seen.seen} <= inside
        assert {t.room for t in seen.seen} == {kinds[world.true_id(room)]}
    assert first.exits
    assert first.room not in first.exits


def test_it_begins_where_the_world_that_is_seen_begins():
    told_house, house = TextHouse(), HouseWorld(width=16, height=16)
    told_house.reset(11, {"rooms": 2, "mess": 2})
    house.reset(seed=11, options={"rooms": 2, "mess": 2})
    assert told_house.truth.start == house.truth.start
    for a, b in zip(told_house.truth.objects(), house.truth.objects(), strict=True):
        assert a.id == b.id
        assert a.receptacles == b.receptacles
        assert np.allclose(a.position, b.position, atol=1e-6)
    house.close()


def test_the_house_as_it_is_begins_the_next_episode(live, on_counter):
    world, _ = live(on_counter["Egg_1"], on_counter["Apple_1"], on_counter["Knife_1"], start=(1.4, 1.0, 180.0))
    do(world, "pick Egg_1", "go_to Fridge_1", "open Fridge_1", "place Fridge_1")
    do(world, "go_to Knife_1", "pick Knife_1", "slice Apple_1")
    left = world.true_spec()
    assert sorted(o.id for o in left.objects) == ["Apple_1", "Egg_1"], "the knife is in the hand, the apple whole again"
    assert next(o for o in left.objects if o.id == "Egg_1").receptacle == "Fridge_1"
    again = TextHouse()
    assert "Egg_1" not in told(again.reset(3, {"house": left, "start": (1.4, 1.0, 180.0)}))
    assert do(again, "go_to Fridge_1", "open Fridge_1").looked_into.count("Fridge_1") == 1


def test_colours_are_words_of_whoever_gives_them(live, on_counter):
    _, seen = live(on_counter["Mug_1"], start=(1.4, 1.0, 180.0))
    assert told(seen)["Mug_1"].colour == ""
    _, seen = live(
        on_counter["Mug_1"], start=(1.4, 1.0, 180.0), colour=lambda rgb: f"{min(rgb) >= 0 and max(rgb) <= 1}"
    )
    assert told(seen)["Mug_1"].colour == "True"


def test_going_to_furniture_again_leads_to_another_side_of_it(live):
    world, _ = live()
    do(world, "look_around")
    places = [np.array(do(world, "go_to CounterTop_1").base_m[:2]) for _ in range(3)]
    gaps = [np.hypot(*(a - b)) for a, b in ((places[0], places[1]), (places[1], places[2]), (places[0], places[2]))]
    assert min(gaps) >= 0.4
    do(world, "go_to Fridge_1")
    assert np.allclose(do(world, "go_to CounterTop_1").base_m[:2], places[0], atol=0.3)
