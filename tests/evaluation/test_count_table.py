from __future__ import annotations

from dataclasses import replace

import pytest

from engram.evaluation.count_table import category_of, count, training_seeds
from engram.planners.placement import PlacementPrior
from engram.sims.house.spec import FixtureSpec, HouseSpec, ObjectSpec, RoomSpec
from engram.sims.seeds import SeedError

UP = (1.0, 0.0, 0.0, 0.0)


def lying(name, receptacle, room="Kitchen_1"):
    return ObjectSpec(name, name.partition("_")[0], 0, room, receptacle, (0.0, 0.0, 0.0), UP)


def house() -> HouseSpec:
    rooms = tuple(
        RoomSpec(f"{kind}_1", kind, x, 0.0, x + 4.0, 4.0, "wood", (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
        for kind, x in (("Kitchen", 0.0), ("Bedroom", 4.0))
    )
    fixtures = (
        FixtureSpec("DiningTable_1", "DiningTable", 0, "Kitchen_1", (1.0, 1.0, 0.0), 0.0),
        FixtureSpec("Chair_1", "Chair", 0, "Kitchen_1", (2.0, 1.0, 0.0), 0.0),
        FixtureSpec("Chair_2", "Chair", 1, "Kitchen_1", (3.0, 1.0, 0.0), 0.0),
        FixtureSpec("Bed_1", "Bed", 0, "Bedroom_1", (6.0, 2.0, 0.0), 0.0),
    )
    objects = (
        lying("Mug_1", "DiningTable_1"),
        lying("Mug_2", "CounterTop_1/Drawer_2"),
        lying("Fork_1", "Plate_1"),
        lying("Boots_1", "", "Bedroom_1"),
    )
    return HouseSpec(0, rooms, (), fixtures, objects)


@pytest.mark.parametrize(
    ("receptacle", "category"),
    [("CounterTop_1/Drawer_2", "Drawer"), ("Plate_3", "Plate"), ("", "Floor"), ("Sink_1/SinkBasin_1", "SinkBasin")],
)
def test_category_of_an_id(receptacle, category):
    assert category_of(receptacle) == category


def test_counts_of_two_houses():
    first = house()
    table = count([first, replace(first, objects=first.objects[:1])])
    assert table["counts"] == {
        "Mug": {"DiningTable": {"Kitchen": 2.0}, "Drawer": {"Kitchen": 1.0}},
        "Fork": {"Plate": {"Kitchen": 1.0}},
        "Boots": {"Floor": {"Bedroom": 1.0}},
    }
    assert table["rooms"]["Kitchen"]["Chair"] == 2.0  # rooms that have one, not chairs
    assert table["rooms"]["Bedroom"]["Bed"] == 2.0
    assert "Bed" not in table["rooms"]["Kitchen"]


def test_prior_reads_the_table():
    prior = PlacementPrior(count([house()]))
    assert prior.proper("Mug", "DiningTable", {"Kitchen": 1.0}) == 0.5
    assert prior.room_belief(["Bed"])["Bedroom"] > 0.5


@pytest.mark.parametrize(("first", "number"), [(699_999, 2), (700_000, 1), (800_000, 5), (0, 0), (900_000, 1)])
def test_only_training_seeds(first, number):
    with pytest.raises(SeedError):
        training_seeds(first, number)
    assert training_seeds(699_998, 2) == range(699_998, 700_000)
