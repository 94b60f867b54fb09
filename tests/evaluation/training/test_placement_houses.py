from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from engram.evaluation.training.placement_houses import (
    Furniture,
    Kept,
    LookConfig,
    TidyHouse,
    TidyHouseError,
    holder_label,
    houses,
    look,
    memory_graph,
    tidy_house,
)
from engram.planners.associative.graph import RELATIONS, SOURCES
from engram.planners.placement import PlacementPrior
from engram.sims.seeds import SeedError

SURE = LookConfig(unseen_room=0.0, missed=0.0, mistaken=0.0, merged=0.0, spread_m=0.0)


def house():
    rooms = {"Kitchen_1": ("Kitchen", 0.0, 0.0, 4.0, 4.0), "Bathroom_1": ("Bathroom", 4.0, 0.0, 6.0, 4.0)}
    furniture = (
        Furniture("CounterTop_1", "CounterTop", "Kitchen_1", (0.0, 0.0, 0.0, 0.6, 2.0, 0.9), 0.0),
        Furniture("CounterTop_1/Drawer_1", "Drawer", "Kitchen_1", (0.0, 0.0, 0.6, 0.6, 1.0, 0.85), 0.0),
        Furniture("Fridge_1", "Fridge", "Kitchen_1", (3.3, 1.0, 0.0, 4.0, 1.7, 1.8), math.pi),
        Furniture("Toilet_1", "Toilet", "Bathroom_1", (5.0, 1.0, 0.0, 5.5, 1.7, 0.8), 0.0),
    )
    kept = (
        Kept("Mug", "Kitchen_1", "CounterTop_1", (0.2, 0.2, 0.9, 0.3, 0.3, 1.0)),
        Kept("Plunger", "Bathroom_1", "", (4.2, 0.2, 0.0, 4.4, 0.4, 0.5)),
    )
    return TidyHouse(600_123, rooms, furniture, kept)


def test_holders_come_from_ids():
    assert [holder_label(h) for h in ("CounterTop_1/Drawer_2", "Bed_1", "")] == ["Drawer", "Bed", "Floor"]


def test_the_memory_of_a_house():
    graph = memory_graph([house()])
    assert [(n.room, n.label) for n in graph.nodes][:3] == [
        ("Bathroom_1", "Floor"), ("Bathroom_1", "Toilet"), ("Bathroom_1", "Plunger"),
    ]  # fmt: skip
    assert sorted(graph.kept()) == [("Mug", "CounterTop", "Kitchen"), ("Plunger", "Floor", "Bathroom")]
    named = {
        (graph.nodes[a].label, RELATIONS[r], graph.nodes[b].label, SOURCES[s]) for a, b, r, s in graph.edges.tolist()
    }
    assert ("Fridge", "facing", "CounterTop", "simulator") in named
    assert ("Mug", "supported-by", "Drawer", "geometry") in named  # its box says so; what is known is told apart
    assert {graph.nodes[a].room == graph.nodes[b].room for a, b, _, _ in graph.edges.tolist()} == {True}
    assert memory_graph([house()]).digest == graph.digest


def test_a_sure_look_sees_all_and_believes_rooms_as_the_agent_does():
    prior = PlacementPrior.load()
    view = look(house(), prior, np.random.default_rng(0), SURE)
    assert [n.label for n in view.nodes] == ["CounterTop", "Drawer", "Fridge", "Toilet"]
    assert view.truth[3] == ("Toilet", "Bathroom")
    assert view.nodes[2].centre == (3.65, 1.35, 0.9)
    assert view.nodes[3].rooms == prior.room_belief({"Toilet": 1.0})
    counter, drawer, fridge = ((0.3, 1.0), (0.3, 0.5), (3.65, 1.35))
    near = {
        "CounterTop": 1.0,
        "Drawer": math.exp(-math.dist(counter, drawer) / 2.0),
        "Fridge": math.exp(-math.dist(counter, fridge) / 2.0),
    }
    assert view.nodes[0].rooms == pytest.approx(prior.room_belief(near))


def test_what_a_robot_gets_wrong():
    prior, rng = PlacementPrior.load(), np.random.default_rng(1)
    blind = [look(house(), prior, rng, replace(SURE, unseen_room=1.0)) for _ in range(20)]
    assert {frozenset(room for _, room in v.truth) for v in blind} == {frozenset({"Kitchen"}), frozenset({"Bathroom"})}
    assert look(house(), prior, rng, replace(SURE, missed=1.0)).nodes == ()
    wrong = [look(house(), prior, rng, replace(SURE, mistaken=1.0)) for _ in range(20)]
    assert {n.label for v in wrong for n in v.nodes[3:]} > {"Toilet"}
    assert {v.truth[3] for v in wrong} == {("Toilet", "Bathroom")}


def test_a_generated_house_lies_as_it_was_specified(tmp_path):
    made = next(iter(houses([600_002], "memory", tmp_path)))
    assert made == next(iter(houses([600_002], "memory", tmp_path)))
    ids = {f.id for f in made.furniture}
    assert all(k.holder in ids or not k.holder for k in made.kept)
    for k in made.kept:
        _, x0, y0, x1, y1 = made.rooms[k.room]
        assert x0 <= (k.box[0] + k.box[3]) / 2 <= x1
        assert y0 <= (k.box[1] + k.box[4]) / 2 <= y1
        assert k.box[2] > -0.02
    tables = {f.id: f.box for f in made.furniture if f.label in ("DiningTable", "CoffeeTable", "SideTable", "Desk")}
    on_top = [k.box[2] - tables[k.holder][5] for k in made.kept if k.holder in tables]
    assert on_top
    assert np.median(np.abs(on_top)) < 0.03


def test_broken_files_and_other_splits_are_refused(tmp_path):
    (tmp_path / "600001.json").write_text("{}", encoding="utf-8")
    with pytest.raises(TidyHouseError, match="version 1"):
        list(houses([600_001], "memory", tmp_path))
    (tmp_path / "600001.json").write_text("{", encoding="utf-8")
    with pytest.raises(TidyHouseError, match="delete it"):
        list(houses([600_001], "memory", tmp_path))
    with pytest.raises(SeedError):
        tidy_house(800_000, "train")
