"""Somebody else in the house."""

from __future__ import annotations

import numpy as np
import pytest

from engram.evaluation.household.actor import live, without
from engram.evaluation.household.tasks import household
from engram.sims.house import placement
from engram.sims.house.text import TextHouse


@pytest.fixture(scope="module")
def house():
    return household(11, 2)


def changed(before, after):
    places = {o.id: o.pos for o in before.objects}
    return {o.id for o in after.objects if np.linalg.norm(np.subtract(o.pos, places[o.id])) > 0.05}


@pytest.mark.parametrize("manner", ["habits", "random"])
def test_so_many_things_are_elsewhere(house, manner):
    after, moved = live(house, 3, manner, np.random.default_rng(1))
    assert len(moved) == 3
    assert {o.id for o in after.objects} == {o.id for o in house.objects}
    assert {m.id for m in moved} <= changed(house, after)
    assert all(m.before != m.after for m in moved)
    holders = {o.id: o.receptacle for o in after.objects}
    assert all(holders[m.id] == m.after for m in moved)
    again, twice = live(house, 3, manner, np.random.default_rng(1))
    assert (again, twice) == (after, moved)


def test_by_habit_things_go_where_they_belong(house):
    rooms = {r.id: r.type for r in house.rooms}
    after, moved = live(house, 5, "habits", np.random.default_rng(2))
    objects = {o.id: o for o in after.objects}
    for one in moved:
        item, holder = objects[one.id], one.after.rpartition("/")[2].rpartition("_")[0]
        assert placement.proper(item.category, rooms[item.room], holder)


def test_all_is_at_rest_and_shut_afterwards(house):
    after, _ = live(house, 3, "random", np.random.default_rng(3))
    world = TextHouse()
    world.reset(11, {"house": after})
    for thing in world.truth.objects():
        assert not thing.state.get("open", False)
    holders = {o.id: o.receptacle for o in after.objects}
    found = {t.id: t.receptacles[0] if t.receptacles else "" for t in world.truth.objects() if t.pickupable}
    assert found == holders


def test_what_lies_around_a_place_is_taken_away(house):
    on_floor = next(o for o in household(11, 4).objects if not o.receptacle)
    left = without(household(11, 4), on_floor.pos[0] + 0.1, on_floor.pos[1], 0.3)
    assert on_floor.id not in {o.id for o in left.objects}
    assert without(house, 100.0, 100.0, 0.3) == house
