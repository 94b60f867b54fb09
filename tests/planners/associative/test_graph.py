from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engram.perception.relations import FLOOR, Placed
from engram.planners.associative.graph import (
    RELATIONS,
    SOURCES,
    KnownThing,
    MemoryGraph,
    MemoryGraphError,
    MemoryNode,
    merged,
    room_edges,
)


def box(label, x0, y0, z0, x1, y1, z1):
    return Placed(label, np.array([x0, y0, z0]), np.array([x1, y1, z1]))


FLOOR_BOX = box(FLOOR, 0, 0, -0.1, 6, 6, 0)
TABLE = box("DiningTable", 2, 2, 0, 3, 4, 0.7)
MUG = box("Mug", 2.4, 2.4, 0.7, 2.5, 2.5, 0.8)


def named(things):
    return {
        (things[a].placed.label, RELATIONS[r], things[b].placed.label, SOURCES[s]) for a, b, r, s in room_edges(things)
    }


def test_what_is_known_to_be_held_is_not_guessed_again():
    things = [KnownThing(FLOOR_BOX), KnownThing(TABLE), KnownThing(MUG, holder=1, fixed=False)]
    found = named(things)
    assert ("Mug", "supported-by", "DiningTable", "simulator") in found
    assert ("Mug", "supported-by", "DiningTable", "geometry") not in found
    assert ("DiningTable", "supported-by", "Floor", "geometry") in found
    assert ("DiningTable", "supported-by", "Mug", "geometry") not in found


def test_nothing_but_support_ties_to_the_floor():
    lamp = box("FloorLamp", 0.2, 0.2, 0.0, 0.5, 0.5, 1.5)
    picture = box("Painting", 0.2, 0.2, 1.8, 0.5, 0.5, 2.2)
    found = named([KnownThing(FLOOR_BOX), KnownThing(lamp), KnownThing(picture)])
    assert {name for _, name, other, _ in found if other == FLOOR} == {"supported-by"}
    assert ("Painting", "above", "FloorLamp", "geometry") in found
    assert ("Painting", "supported-by", "Floor", "geometry") not in found


def test_facing_goes_out_of_the_front():
    sofa, television = box("Sofa", 0, 2, 0, 1, 4, 0.8), box("Television", 4, 2.5, 0.5, 4.2, 3.5, 1.2)
    front = np.array([1.0, 0.0])
    forth = named([KnownThing(sofa, front=front), KnownThing(television)])
    assert ("Sofa", "facing", "Television", "simulator") in forth
    back = named([KnownThing(sofa, front=-front), KnownThing(television)])
    assert not any(name == "facing" for _, name, _, _ in back)
    unknown = named([KnownThing(sofa), KnownThing(television, front=-front)])
    assert ("Television", "facing", "Sofa", "simulator") in unknown
    assert ("Sofa", "facing", "Television", "simulator") not in unknown


def test_symmetric_relations_are_kept_once():
    a, b = box("Chair", 0, 0, 0, 0.5, 0.5, 0.9), box("Stool", 0.7, 0, 0, 1.2, 0.5, 0.6)
    found = [(x, y) for x, y, r, _ in room_edges([KnownThing(a), KnownThing(b)]) if RELATIONS[r] == "next-to"]
    assert found == [(0, 1)]


@pytest.fixture
def graph():
    def room(seed, kind, holder):
        nodes = [MemoryNode(seed, f"{kind}_1", kind, label) for label in (FLOOR, holder, "Mug")]
        return nodes, [(2, 1, 2, 1), (1, 0, 2, 0)]

    return merged([room(600_000, "Kitchen", "CounterTop"), room(600_001, "Bedroom", "Desk")])


def test_rooms_keep_their_own_numbers(graph):
    assert graph.edges.tolist() == [[2, 1, 2, 1], [1, 0, 2, 0], [5, 4, 2, 1], [4, 3, 2, 0]]
    assert graph.kept() == [("Mug", "CounterTop", "Kitchen"), ("Mug", "Desk", "Bedroom")]
    assert graph.support_counts() == {"Mug": {"CounterTop": 1, "Desk": 1}}


def test_a_part_has_its_own_numbers(graph):
    bedroom = graph.only(houses={600_001})
    assert bedroom.edges.tolist() == [[2, 1, 2, 1], [1, 0, 2, 0]]
    assert bedroom.kept() == [("Mug", "Desk", "Bedroom")]
    assert graph.only(without={"Mug"}).kept() == []
    assert len(graph.only(without={"Desk"}).nodes) == 5


def test_the_file_gives_the_graph_back(graph, tmp_path):
    path = tmp_path / "graph.json"
    path.write_text(graph.to_json(), encoding="utf-8")
    read = MemoryGraph.load(path)
    assert read.to_json() == graph.to_json()
    assert read.digest == graph.digest
    assert read.kept() == graph.kept()


def test_changed_files_are_noticed(graph):
    raw = json.loads(graph.to_json())
    raw["edges"][0][1] = 0
    with pytest.raises(MemoryGraphError, match="hash"):
        MemoryGraph.from_json(json.dumps(raw))
    raw["edges"][0][1] = 99
    with pytest.raises(MemoryGraphError, match="node"):
        MemoryGraph.from_json(json.dumps(raw))
    with pytest.raises(MemoryGraphError, match="version 1"):
        MemoryGraph.from_json(json.dumps({**raw, "version": 2}))
    with pytest.raises(MemoryGraphError, match="broken"):
        MemoryGraph.from_json("[1, 2]")


def test_a_missing_file_names_the_command():
    with pytest.raises(MemoryGraphError, match="engram train placement"):
        MemoryGraph.load(Path("nowhere.json"))


def test_the_graph_of_the_package_comes_from_memory_houses():
    graph = MemoryGraph.load()
    assert min(graph.houses) >= 600_000
    assert max(graph.houses) < 700_000
    assert {n.room_type for n in graph.nodes} == {"Kitchen", "LivingRoom", "Bedroom", "Bathroom"}
    assert graph.support_counts()["ToiletPaper"].most_common(1)[0][0] == "ToiletPaperHanger"
