from __future__ import annotations

import json

import networkx as nx
import pytest

from engram.memory.contract import Percepts, Query, Seen, Source
from engram.memory.topology import TopologyError, TopologyStore
from engram.memory.topology_export import from_json, from_networkx, to_json

SOFA = Seen("Sofa", 0.9, (2.0, 1.0, 0.4), (2.0, 1.0, 0.8), feature=(0.6, 0.8))


def visit(store, step, at):
    percepts = Percepts(Source("robot", "e", step, step), base=(*at, 0.0), things=(SOFA,), room="Den")
    for event in store.propose(percepts):
        store.apply(event)


@pytest.fixture
def store():
    made = TopologyStore(describe=lambda percepts: (1.0, 0.5))
    for step, at in enumerate([(0, 0), (2, 0), (4, 0), (2, 0), (2, 2)]):
        visit(made, step, at)
    return made


@pytest.mark.parametrize("by", [lambda s: from_networkx(s.to_networkx()), lambda s: from_json(to_json(s))])
def test_places_and_ways_come_back_whole(store, by):
    back = by(store)
    assert back.dump() == store.dump()
    assert back.route("place_1", "place_4") == store.route("place_1", "place_4")
    for question in ("sofa", "den", "place_2"):
        assert back.recall(Query(question)) == store.recall(Query(question)) != []


def test_what_came_back_can_be_walked_on(store):
    back = from_json(to_json(store), TopologyStore(describe=lambda percepts: (1.0, 0.5)))
    for walked in (store, back):
        visit(walked, 9, (4.0, 2.0))
    assert back.dump() == store.dump()
    assert ("place_4", "place_5") in back.ways


def test_an_empty_graph_has_no_places():
    assert from_json(to_json(TopologyStore())).dump() == TopologyStore().dump()


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(version=2),
        lambda d: d.pop("nodes"),
        lambda d: d["nodes"][0].pop("kind"),
        lambda d: d["nodes"][0].update(kind="planet"),
        lambda d: d["nodes"][0].update(position_m=[1.0]),
        lambda d: d["ways"][0].pop("metres"),
        lambda d: d.update(here="moon"),
    ],
)
def test_what_is_no_topology_graph_is_refused(store, change):
    data = json.loads(to_json(store))
    change(data)
    with pytest.raises(TopologyError, match=r"topology graph|no place 'moon'"):
        from_json(json.dumps(data))
    with pytest.raises(TopologyError, match="no topology graph"):
        from_json("no json")
    with pytest.raises(TopologyError, match="no topology graph"):
        from_networkx(nx.DiGraph([(1, 2)]))
