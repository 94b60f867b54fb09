"""Making a mess as TIDEE does."""

from __future__ import annotations

import numpy as np
import pytest

from engram.sims.house.mess import SPARED, TRIES
from engram.sims.house.options import ConfigError
from engram.sims.house.world import HouseWorld


@pytest.fixture
def things(put):
    names = ["Mug_1", "Apple_1", "Bread_1", "Vase_1", "Bottle_1"]
    on = [put(name, 0.3 + 0.1 * (k % 2), 0.78 + 0.11 * k, 0.901) for k, name in enumerate(names)]
    return [*on, put("Potato_1", 0.4, 2.7, 1.02), put("Plate_1", 4.5, 4.1, 0.901), put("Egg_1", 4.5, 4.1, 0.92)]


def messed(plan, things, count: int, seed: int = 3) -> HouseWorld:
    world = HouseWorld(width=32, height=32, mess=count)
    world.reset(seed=seed, options={"house": plan(*things)})
    return world


def test_the_record_tells_what_happened(plan, things):
    world = messed(plan, things, 3)
    record = world.truth.mess
    assert len(record) == 3
    assert world.truth.displaced() == sorted(d.id for d in record)
    start = world.truth.start.matrix()
    now = {o.id: o for o in world.truth.objects()}
    was = {o.id: o for o in world.truth.original()}
    for d in record:
        assert 1 <= d.tries <= TRIES
        assert d.from_receptacles == was[d.id].receptacles
        for position, thing in ((d.from_position, was[d.id]), (d.to_position, now[d.id])):
            x, y, z, _ = start @ [*thing.position, 1.0]
            if d is record[-1] or thing is was[d.id]:
                np.testing.assert_allclose(position, (x, y, z), atol=0.01)
        assert np.linalg.norm(np.subtract(d.to_position, d.from_position)) > 0.1
        assert 0 < d.to_position[0] < 5
        assert 0 < d.to_position[1] < 5
        assert d.to_position[2] > 0


def test_what_is_not_displaced_stays(plan, things):
    world = messed(plan, things, 2)
    moved = {d.id for d in world.truth.mess} | {i for d in world.truth.mess for i in (*d.carried, *d.disturbed)}
    was = {o.id: o for o in world.truth.original()}
    for thing in world.truth.objects():
        if thing.pickupable and thing.id not in moved:
            np.testing.assert_allclose(thing.position, was[thing.id].position, atol=0.06)


def test_spared_places_keep_their_things(plan, things):
    world = messed(plan, things, 99)
    names = set(world.truth.displaced())
    assert {"Potato_1", "Egg_1"}.isdisjoint(names), "in the fridge; on a plate"
    assert names == {"Mug_1", "Apple_1", "Bread_1", "Vase_1", "Bottle_1", "Plate_1"}
    assert {"Fridge", "Plate", "Drawer"} <= SPARED
    plate = next(d for d in world.truth.mess if d.id == "Plate_1")
    assert plate.carried == ("Egg_1",)


def test_drops_and_throws_both_occur(plan, things):
    thrown = [d.thrown for seed in range(6) for d in messed(plan, things, 3, seed).truth.mess]
    assert 3 <= sum(thrown) <= 15


def test_same_seed_same_mess(plan, things):
    a, b = messed(plan, things, 3), messed(plan, things, 3)
    assert a.truth.mess == b.truth.mess
    assert a.truth.mess != messed(plan, things, 3, 4).truth.mess


def test_no_mess_by_default(plan, things):
    world = messed(plan, things, 0)
    assert world.truth.mess == ()
    assert world.truth.original() == world.truth.objects()


def test_info_says_how_many(plan, things):
    world = HouseWorld(width=32, height=32)
    info = world.reset(seed=3, options={"house": plan(*things), "mess": 99})[1]
    assert info["displaced"] == 6
    with pytest.raises(ConfigError, match="mess"):
        world.reset(seed=3, options={"mess": -1})
