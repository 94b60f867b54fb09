"""Stores that rest on one another, when the other one is slow or fails."""

from __future__ import annotations

import random
import threading

import pytest

from engram.memory.contract import Event, HippocampusError, Percepts, Query, Seen, Source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores

PATIENT = HippocampusConfig(deadline_secs=30.0)
HASTY = HippocampusConfig(deadline_secs=1.0)


class Gate:
    """Holds a call up until it is opened."""

    def __init__(self, call) -> None:
        self.call, self.opened = call, threading.Event()

    def __call__(self, *args):
        assert self.opened.wait(30.0)
        return self.call(*args)


class Moody:
    """A call that fails when it is told to."""

    def __init__(self, call) -> None:
        self.call, self.fails = call, False

    def __call__(self, *args):
        if self.fails:
            raise ZeroDivisionError("on purpose")
        return self.call(*args)


def mug_at(step: int, x: float, **more) -> Percepts:
    mug = Seen("Mug", 0.95, (x, 0.0, 0.9), (0.1, 0.1, 0.1), "Table")
    return Percepts(Source("r", "e", step, step * 10**9), f"saw step {step}", things=[mug], **more)


def nodes(graph) -> set[str]:
    return {id_ for id_ in graph.graph.nodes if id_.startswith("Mug")}


def test_a_slow_object_map_does_not_make_the_graph_late(tmp_path):
    objects, graph = default_stores(["objects", "graph"])
    gate = objects._match = Gate(objects._match)
    with Hippocampus(tmp_path / "m", [objects, graph], HASTY) as memory:
        memory.write(mug_at(0, 0.0, relations=[("Cup", "on", "Shelf")]))
        health = memory.health()
        assert (health["objects"].state, health["graph"].state, health["graph"].dropped) == ("late", "ready", 0)
        assert "'objects' did not answer within 0.75 s" in health["graph"].fault
        assert [h.data["triple"] for h in memory.recall(Query("Cup")).hits["graph"]] == [["Cup", "on", "Shelf"]]
        assert nodes(graph) == set()  # nobody knew whose mug that is
        gate.opened.set()
        memory.flush()
        assert set(objects.things) == {"Mug_1"}
        memory.write(mug_at(1, 0.0))
        assert nodes(graph) == {"Mug_1"}


def test_a_slow_look_at_the_attempts_does_not_make_semantic_memory_late(tmp_path):
    stores = {s.name: s for s in default_stores(["episodic", "semantic"])}
    gate = stores["episodic"].attempts = Gate(stores["episodic"].attempts)
    with Hippocampus(tmp_path / "m", list(stores.values()), HASTY) as memory:
        for step in range(3):
            action = {"verb": "open", "target": "Fridge_1", "outcome": "ok"}
            memory.write(mug_at(step, 0.0, action=action, task="look", outcome="success" if step == 1 else ""))
        answer = memory.recall(Query("open the fridge", stores=frozenset({"semantic"})))
        assert (answer.stale, memory.health()["semantic"].dropped) == (frozenset(), 0)
        assert next(h for h in answer.hits["semantic"] if h.text == "open Fridge: works").data["support"] == 3
        gate.opened.set()


def test_what_an_object_map_failed_to_take_in_is_not_in_the_graph_either(tmp_path):
    objects, graph = default_stores(["objects", "graph"])
    propose = objects.propose = Moody(objects.propose)
    with Hippocampus(tmp_path / "m", [objects, graph], PATIENT) as memory:
        propose.fails = True
        memory.write(mug_at(0, 0.0))
        assert (memory.health()["objects"].dropped, memory.health()["graph"].dropped) == (1, 0)
        assert nodes(graph) == set()
        propose.fails = False
        memory.write(mug_at(1, 5.0))
        assert set(objects.things) == nodes(graph) == {"Mug_1"}
        assert graph.graph.nodes["Mug_1"].position_m == objects.things["Mug_1"].centre_m == (5.0, 0.0, 0.9)


def test_a_question_that_fails_is_reported_by_the_store_that_asked(tmp_path):
    objects, graph = default_stores(["objects", "graph"])
    answer = graph.ask = Moody(graph.ask)
    answer.fails = True
    with Hippocampus(tmp_path / "m", [objects, graph], PATIENT) as memory:
        memory.write(mug_at(0, 0.0))
        health = memory.health()
        assert "'objects' did not answer: ZeroDivisionError" in health["graph"].fault
        assert (health["objects"].fault, set(objects.things), nodes(graph)) == ("", {"Mug_1"}, set())


def test_a_quarantined_object_map_gives_the_graph_no_ids(tmp_path):
    objects, graph = default_stores(["objects", "graph"])
    with Hippocampus(tmp_path / "m", [objects, graph], PATIENT) as memory:
        memory.write(mug_at(0, 0.0))
        memory.change([Event("objects", "nonsense", Source("r", "e", 1, 1), {})])
        assert memory.health()["objects"].state == "quarantined"
        memory.write(mug_at(2, 5.0, relations=[("Cup", "on", "Shelf")]))
        assert nodes(graph) == {"Mug_1"}
        assert "Cup" in graph.graph.nodes


@pytest.mark.parametrize("parallel", [True, False])
def test_graph_and_object_map_never_mean_different_things_whatever_fails(tmp_path, parallel):
    rng = random.Random(5)
    objects, graph = default_stores(["objects", "graph"])
    moody = [Moody(objects.propose), Moody(objects._match), Moody(graph.propose_with), Moody(graph.ask)]
    objects.propose, objects._match, graph.propose_with, graph.ask = moody
    config = HippocampusConfig(deadline_secs=30.0, parallel=parallel)
    with Hippocampus(tmp_path / "m", [objects, graph], config) as memory:
        for step in range(60):
            for call in moody:
                call.fails = rng.random() < 0.2
            memory.write(mug_at(step, 3.0 * rng.randrange(8)))
            assert nodes(graph) <= set(objects.things)
        assert all(memory.health()[name].dropped > 3 for name in ("objects", "graph"))
        assert len(nodes(graph)) >= 6
        for id_ in nodes(graph):
            assert graph.graph.nodes[id_].position_m[0] == objects.things[id_].centre_m[0]


def test_the_graph_alone_goes_by_labels(tmp_path):
    with Hippocampus(tmp_path / "m", default_stores(["graph"]), PATIENT) as memory:
        memory.write(mug_at(0, 0.0))
        assert memory.recall(Query("Mug")).hits["graph"][0].data["triple"] == ["Mug", "on", "Table"]


def test_nothing_is_asked_of_a_closed_memory(tmp_path):
    memory = Hippocampus(tmp_path / "m", default_stores(["graph"]), PATIENT)
    memory.close()
    with pytest.raises(HippocampusError, match="closed; open it again"):
        memory.recall(Query("Mug"))
