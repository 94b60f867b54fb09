from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engram.memory.check import check
from engram.memory.contract import HippocampusError, Percepts, Query, Seen, Source
from engram.memory.graph.model import FOREVER
from engram.memory.graph.store import GraphStore
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.testing import Notes

SECOND = 1_000_000_000


@pytest.fixture
def undo(robot):
    def take_back(step):
        source = Source("robot", "e", step, (robot.step - 1) * SECOND)
        before = robot.store.dump()
        events = robot.store.undo([e for e in robot.log if e.source.step == step], source)
        assert robot.store.dump() == before
        for event in events:
            robot.store.apply(event)
        robot.log += events
        return [change["op"] for event in events for change in event.data["changes"]]

    return take_back


def test_what_a_wrong_step_ended_goes_on_and_what_it_brought_is_given_up(robot, thing, undo):
    robot.does(thing("Cup", support="Table"), relations=[("Cup", "near", "Lamp")])
    robot.does(relations=[("Cup", "near", "Lamp")])
    before = robot.facts()
    robot.does(thing("Cup", (5, 0, 1), "Shelf"))
    assert robot.facts() == {("Cup", "on", "Shelf")}
    undo(2)
    assert robot.facts() == before == {("Cup", "on", "Table"), ("Cup", "near", "Lamp")}
    graph = robot.store.graph
    edge = graph.get(("Cup", "on", "Table"))
    assert (edge.valid_from, edge.valid_to, edge.source.step) == (0, FOREVER, 0)
    then = {e.triple for e in graph.as_of(2 * SECOND)}
    assert then == before  # by what is known now it never was on the shelf
    assert any(e.triple == ("Cup", "on", "Shelf") for e in graph.versions())  # that it was believed is on record


def test_undoing_twice_or_a_step_that_brought_nothing_changes_nothing(robot, thing, undo):
    robot.does(thing("Cup", support="Table"))
    robot.does(thing("Cup", (5, 0, 1), "Shelf"))
    assert undo(1)
    state = robot.store.dump()
    assert undo(1) == []
    assert undo(9) == []
    assert robot.store.dump() == state


def test_a_pick_that_did_not_happen(robot, thing, undo):
    robot.does(thing("Cup", support="Table"), thing("Bowl", (1, 0, 1), support="Table"))
    robot.act("pick", "Cup")
    undo(1)
    assert robot.facts() == {("Cup", "on", "Table"), ("Bowl", "on", "Table")}
    assert not robot.facts("by", "target")


def test_what_other_steps_confirmed_stands(robot, thing, undo):
    robot.does(thing("Cup", support="Table", score=0.9))
    robot.does(thing("Cup", (5, 0, 1), "Shelf", score=0.9))
    robot.does(thing("Cup", (5, 0, 1), "Shelf", score=0.9))
    was = robot.store.graph.get(("Cup", "on", "Shelf")).log_odds
    undo(1)
    edge = robot.store.graph.get(("Cup", "on", "Shelf"))
    assert (edge.seen, robot.facts("on")) == (1, {("Cup", "on", "Shelf")})
    assert edge.log_odds < was


def test_a_fact_goes_on_until_the_next_that_excludes_it(robot, thing, undo):
    robot.does(thing("Cup", support="Table"))
    robot.does(thing("Cup", (5, 0, 1), "Shelf"))
    robot.does()
    robot.does(thing("Cup", (9, 0, 1), "Sofa"))
    undo(1)
    assert robot.facts("on") == {("Cup", "on", "Sofa")}
    for second, place in ((0, "Table"), (1, "Table"), (2, "Table"), (3, "Sofa")):
        assert [e.object for e in robot.store.graph.as_of(second * SECOND)] == [place]


def test_evidence_claims_and_misses_are_taken_off(robot, thing, undo):
    robot.does(thing("Cup", support="Table", score=0.95))
    odds = robot.store.graph.get(("Cup", "on", "Table")).log_odds
    robot.does(thing("Table"), absent=("Cup",), ids=("Table",), relations=[("Cup", "on", "Sofa")])
    edge = robot.store.graph.get(("Cup", "on", "Table"))
    assert (edge.missed, len(robot.store.knowledge.suspects)) == (1, 1)
    undo(1)
    assert (edge.missed, robot.store.knowledge.suspects) == (0, {})
    assert edge.log_odds == pytest.approx(odds)


def test_the_log_with_an_undo_gives_the_same_state_again(robot, thing, undo):
    robot.does(thing("Cup", support="Table"))
    robot.act("pick", "Cup")
    robot.does(thing("Cup", (5, 0, 1), "Shelf", held=True))
    undo(1)
    robot.does(thing("Cup", support="Table"))
    again, restored = GraphStore(), GraphStore()
    for event in robot.log:
        again.apply(replace(event, data=json.loads(json.dumps(event.data))))
    restored.load(robot.store.dump())
    assert again.dump() == robot.store.dump() == restored.dump()


def test_the_facade_undoes_a_step_by_its_number(tmp_path):
    config = HippocampusConfig(robot="r1", deadline_secs=30.0)
    table, shelf = (Seen("Cup", 0.95, (x, 0.0, 0.9), (0.1, 0.1, 0.1), s) for x, s in ((1.0, "Table"), (5.0, "Shelf")))
    with Hippocampus(tmp_path / "m", [GraphStore(), Notes()], config) as memory:
        for step, thing in enumerate((table, shelf)):
            memory.write(Percepts(Source("r1", "e", step, step * SECOND), f"step {step}", things=[thing]))
        version = memory.version
        assert memory.undo("e", 1) == version + 1
        assert memory.undo("e", 1) == memory.undo("another", 1) == version + 1
        assert memory.recall(Query("where is the cup?")).hits["graph"][0].text == "Cup on Table"
        assert len(memory.recall(Query("step")).hits["notes"]) == 2  # a store that takes nothing back
    with Hippocampus(tmp_path / "m", [GraphStore(), Notes()], config) as memory:
        assert memory.recall(Query("where is the cup?")).hits["graph"][0].text == "Cup on Table"
        assert check(memory.file, [GraphStore(), Notes()]).ok
    read_only = replace(config, read_only=True)
    with (
        Hippocampus(tmp_path / "m", [GraphStore()], read_only) as memory,
        pytest.raises(HippocampusError, match="read"),
    ):
        memory.undo("e", 0)
