from __future__ import annotations

import pytest

from engram.evaluation.scoring import Case, Location, is_proper, locate, score
from engram.sims.contract import TrueObject

COUNTS = {
    "Fork": {"DiningTable": {"Kitchen": 6.0, "LivingRoom": 2.0}, "Drawer": {"Kitchen": 12.0}},
    "Pillow": {"Bed": {"Bedroom": 9.0}, "Sofa": {"LivingRoom": 3.0}},
}


def thing(name, *receptacles, room="Kitchen_1", pickupable=True, receptacle=False, **state):
    category = name.partition("_")[0].rpartition("/")[2]
    return TrueObject(name, category, (0, 0, 0), (1, 1, 1), receptacles, room, pickupable, receptacle, False, state)


def proper(category, room, receptacle):
    return (category, room, receptacle) in {
        ("Fork", "Kitchen", "DiningTable"),
        ("Fork", "Kitchen", "Drawer"),
        ("Pillow", "Bedroom", "Bed"),
        ("Boots", "Bedroom", "Floor"),
    }


TABLE = thing("DiningTable_1", pickupable=False, receptacle=True)
COUNTER = thing("CounterTop_1", pickupable=False, receptacle=True)
DRAWER = thing("Drawer_1", "CounterTop_1", pickupable=False, receptacle=True)
BED = thing("Bed_1", room="Bedroom_1", pickupable=False, receptacle=True)
SOFA = thing("Sofa_1", room="LivingRoom_1", pickupable=False, receptacle=True)
FURNITURE = [TABLE, COUNTER, DRAWER, BED, SOFA]


def test_chain_ends_at_the_first_furniture():
    plate = thing("Plate_1", "DiningTable_1", receptacle=True)
    fork = thing("Fork_1", "Plate_1", "DiningTable_1")
    knife = thing("Knife_1", "Drawer_1", "CounterTop_1")
    at = locate([*FURNITURE, plate, fork, knife])
    assert set(at) == {"Plate_1", "Fork_1", "Knife_1"}
    assert at["Fork_1"] == Location("Kitchen", ("Plate", "DiningTable"))
    assert at["Knife_1"] == Location("Kitchen", ("Drawer",))
    assert at["Fork_1"].text == "Plate on DiningTable, Kitchen"


@pytest.mark.parametrize(
    ("category", "location", "expected"),
    [
        ("Fork", Location("Kitchen", ("Plate", "DiningTable")), True),
        ("Fork", Location("Kitchen", ("CounterTop",)), False),
        ("Fork", Location("Bedroom", ("DiningTable",)), False),
        ("Boots", Location("Bedroom", ()), True),
        ("Fork", Location("Kitchen", ()), False),
        ("Boots", Location("Bedroom", (), held=True), False),
        ("Boots", Location("", ()), False),
    ],
)
def test_proper_by_room_and_holder(category, location, expected):
    assert is_proper(category, location, proper) is expected


def case() -> Case:
    """Fork 1 put right, the pillow left on the floor, boots carried from their place to the kitchen."""
    start = [
        *FURNITURE,
        thing("Boots_1", room="Bedroom_1"),
        thing("Fork_1", room="Bedroom_1"),
        thing("Fork_2", "Drawer_1", "CounterTop_1"),
        thing("Pillow_1", room="Kitchen_1"),
    ]
    end = [
        *FURNITURE,
        thing("Boots_1", room="Kitchen_1"),
        thing("Fork_1", "DiningTable_1"),
        thing("Fork_2", "Drawer_1", "CounterTop_1"),
        thing("Pillow_1", room="Kitchen_1"),
    ]
    original = [
        *FURNITURE,
        thing("Boots_1", room="Bedroom_1"),
        thing("Fork_1", "Drawer_1", "CounterTop_1"),
        thing("Fork_2", "Drawer_1", "CounterTop_1"),
        thing("Pillow_1", "Bed_1", room="Bedroom_1"),
    ]
    return Case(start, end, ["Fork_1", "Pillow_1"], ["Fork_1", "Boots_1"], original)


def test_hand_worked_episode():
    m = score(case(), COUNTS, proper).metrics()
    assert (m["objects"], m["displaced"], m["undisplaced"]) == (4, 2, 2)
    assert (m["displaced_proper"], m["displaced_proper_start"], m["displaced_proper_share"]) == (1, 0, 0.5)
    assert (m["undisplaced_worse"], m["undisplaced_worse_share"]) == (1, 0.5)
    assert (m["correctly_moved"], m["incorrectly_moved"], m["missed"]) == (1, 1, 1)
    # Displaced: S_orig = 12/20 + 9/12, S_messy = 0, S_now = 8/20 + 0.
    assert m["energy_displaced"] == pytest.approx(1 - 0.4 / 1.35)
    assert m["energy_handled"] == pytest.approx(1 - 0.4 / 1.35)  # boots were never counted
    # All: Fork_2 adds 0.6 to each: (1 - 1.0/1.95) / (1 - 0.6/1.95).
    assert m["energy_removed_displaced"] == pytest.approx(40 / 1.35)
    assert m["success"] == 0
    assert m["energy_all"] == pytest.approx((1 - 1.0 / 1.95) / (1 - 0.6 / 1.95))


def test_what_the_hand_holds_and_what_is_gone_is_improper():
    before = case()
    end = [o for o in before.end if o.id not in ("Fork_1", "Fork_2")] + [thing("Fork_1", "DiningTable_1", held=True)]
    m = score(Case(before.start, end, before.displaced), COUNTS, proper).metrics()
    assert m["displaced_proper"] == 0
    assert m["undisplaced_worse"] == 2
    assert m["energy_displaced"] is None


def test_shares_of_nothing_are_none():
    m = score(Case(FURNITURE, FURNITURE, []), COUNTS, proper).metrics()
    assert m["displaced_proper_share"] is None
    assert m["undisplaced_worse_share"] is None


def test_a_house_where_all_is_put_right_and_nothing_worse_is_a_success():
    before = case()
    m = score(Case(before.start, before.original, before.displaced), COUNTS, proper).metrics()
    assert m["success"] == 1
    assert m["energy_removed_all"] is None  # without the original there is nothing to compare with


def test_energy_counts_only_receptacles_of_this_house():
    start, end = [TABLE, thing("Fork_1")], [TABLE, thing("Fork_1", "DiningTable_1")]
    m = score(Case(start, end, ["Fork_1"], (), end), {"Fork": {"DiningTable": {"Kitchen": 1.0}}}, proper).metrics()
    assert (m["energy_displaced"], m["energy_removed_displaced"]) == (0.0, 100.0)
