from __future__ import annotations

import json

import networkx as nx
import pytest

from engram.memory.contract import Query, Source
from engram.memory.graph.export import as_changes, from_networkx, from_scene, to_graphml, to_networkx, to_scene
from engram.memory.graph.graph import Graph
from engram.memory.graph.model import GraphError, make_node
from engram.memory.graph.state import graph_state
from engram.memory.graph.store import GraphStore
from engram.memory.packing import pack


def at(stamp_ns):
    return Source("robot", "episode", stamp_ns, stamp_ns)


@pytest.fixture
def graph():
    g = Graph()
    for id_, name in (("Cup_1", "Cup"), ("Table_1", "Table"), ("Shelf_1", "Shelf"), ("Lamp_1", "Lamp")):
        g.put_node(make_node(id_, "object", name, at(0), (1.0, 2.0, 3.0) if name == "Cup" else None))
    g.believe(("Cup_1", "on", "Table_1"), 2.0, at(1), position_m=(1.0, 2.0, 3.0))
    g.close(("Cup_1", "on", "Table_1"), at(5))
    g.believe(("Cup_1", "on", "Shelf_1"), 2.0, at(6))
    g.believe(("Cup_1", "near", "Shelf_1"), 1.0, at(7))
    return g


def test_networkx_holds_what_is_true_now_without_isolated_nodes(graph):
    out = to_networkx(graph)
    assert sorted(out) == ["Cup_1", "Shelf_1"]
    assert out.nodes["Cup_1"] == {
        "kind": "object",
        "name": "Cup",
        "position_m": (1.0, 2.0, 3.0),
        "source": ["robot", "episode", 0, 0],
    }
    assert sorted(d["relation"] for d in out["Cup_1"]["Shelf_1"].values()) == ["near", "on"]


def test_networkx_of_the_past(graph):
    assert list(to_networkx(graph, at_ns=3).edges()) == [("Cup_1", "Table_1")]


@pytest.mark.parametrize(
    "by", [lambda g: from_networkx(to_networkx(g, history=True)), lambda g: from_scene(to_scene(g, history=True))]
)
def test_a_history_comes_back_whole(graph, by):
    back = by(graph)
    assert pack(*graph_state(back)) == pack(*graph_state(graph))
    assert [e.triple for e in back.as_of(3)] == [("Cup_1", "on", "Table_1")]


def test_scenes_are_plain_json_with_open_ends(graph):
    scene = json.loads(to_scene(graph))
    assert [n["id"] for n in scene["nodes"]] == ["Cup_1", "Shelf_1"]
    on = scene["edges"][0]
    assert (on["subject"], on["relation"], on["object"], on["valid_from"]) == ("Cup_1", "on", "Shelf_1", 6)
    assert (on["valid_to"], on["known_to"]) == (None, None)
    assert to_scene(from_scene(to_scene(graph))) == to_scene(graph)


def test_networkx_makes_json_of_it_too(graph):
    out = to_networkx(graph)
    assert set(nx.node_link_graph(nx.node_link_data(out)).edges(keys=True)) == set(out.edges(keys=True))


def test_a_scene_is_imported_into_another_memory(graph):
    store, source = GraphStore(), at(9)
    changes = as_changes(from_scene(to_scene(graph)))
    store.apply(store.event(json.loads(json.dumps(changes)), source))
    assert {e.triple for e in store.graph.current()} == {e.triple for e in graph.current()}
    edge = store.graph.get(("Cup_1", "on", "Shelf_1"))
    assert (edge.valid_from, edge.known_from, edge.source, edge.log_odds) == (6, 9, source, 2.0)
    hit = store.recall(Query("where is the cup?"))[0]
    assert (hit.text, hit.position_m) == ("Cup_1 on Shelf_1", (1.0, 2.0, 3.0))


def test_graphml_is_read_by_others(graph):
    read = nx.parse_graphml(to_graphml(graph), force_multigraph=True)
    assert sorted(read) == ["Cup_1", "Shelf_1"]
    assert read.nodes["Cup_1"] == {
        "kind": "object", "name": "Cup", "x_m": 1.0, "y_m": 2.0, "z_m": 3.0,
        "robot": "robot", "episode": "episode", "step": 0, "stamp_ns": 0,
    }  # fmt: skip
    on = next(d for d in read["Cup_1"]["Shelf_1"].values() if d["relation"] == "on")
    assert (on["valid_from"], on["step"], on["latest_step"], "valid_to" in on) == (6, 6, 6, False)
    past = nx.parse_graphml(to_graphml(graph, history=True), force_multigraph=True)
    assert (set(past), past.number_of_edges()) == ({"Cup_1", "Table_1", "Shelf_1", "Lamp_1"}, 4)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 1, "nodes": [{"id": "a"}], "edges": []}', '{"version": 9}']
)
def test_what_is_no_scene_is_refused(text):
    with pytest.raises(GraphError, match=r"(scene|knowledge) graph"):
        from_scene(text)
