from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from engram.memory.contract import Percepts, Query, Seen, Source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.objects import ObjectStore
from engram.memory.stores import default_stores

SECOND = 1_000_000_000
EYE = (0.0, 0.0, 1.5)
HERE, THERE = (1.5, 0.0, 0.85), (1.5, 2.0, 0.85)


def seen(label, at, score=0.95, **kw):
    return Seen(label, score, at, (0.1, 0.1, 0.1), **kw)


class Robot:
    def __init__(self):
        self.store, self.log, self.step = ObjectStore(), [], 0

    def sees(self, *things, empty=(), **kw):
        rays = (np.array(at) + np.random.default_rng(0).uniform(-0.03, 0.03, (60, 3)) - EYE for at in empty)
        points = [EYE + 1.5 * ray for ray in rays]
        view = {"points": np.concatenate(points).astype(np.float32), "camera_m": EYE} if points else {}
        events = self.store.propose(Percepts(self.source(self.step), things=things, **view, **kw))
        self.take(events)
        self.step += 1

    def undo(self, step):
        """Take a step back; returns whether there was anything to take back."""
        before = self.store.dump()
        events = self.store.undo([e for e in self.log if e.source.step == step], self.source(step, self.step))
        assert self.store.dump() == before
        self.take(events)
        return bool(events)

    def take(self, events):
        for event in events:
            event = replace(event, data=json.loads(json.dumps(event.data)))
            self.store.apply(event)
            self.log.append(event)

    def source(self, step, stamp=None):
        return Source("robot", "e", step, (step if stamp is None else stamp) * SECOND)

    def where(self, text="where is the mug?"):
        return [(h.id, h.data["state"], h.position_m) for h in self.store.recall(Query(text))]


@pytest.fixture
def robot():
    robot = Robot()
    yield robot
    again, loaded = ObjectStore(), ObjectStore()
    for event in robot.log:
        again.apply(event)
    loaded.load(robot.store.dump())
    assert again.dump() == loaded.dump() == robot.store.dump()
    percepts = Percepts(robot.source(99), things=[seen("Mug", HERE), seen("Mug", THERE)])
    assert again.propose(percepts) == loaded.propose(percepts) == robot.store.propose(percepts)
    assert loaded.recall(Query("mug")) == robot.store.recall(Query("mug"))


def test_a_thing_that_only_the_step_saw_is_forgotten(robot):
    robot.sees(seen("Mug", HERE))
    robot.sees(seen("Mug", THERE), seen("Ghost", THERE))
    assert [id_ for id_, *_ in robot.where("mug or ghost")] == ["Ghost_1", "Mug_2", "Mug_1"]
    assert robot.undo(1)
    assert robot.where("mug or ghost") == [("Mug_1", "stale", HERE)]
    assert robot.store.recall(Query("", near_m=THERE)) == []
    robot.sees(seen("Mug", THERE))
    assert [id_ for id_, *_ in robot.where()] == ["Mug_3", "Mug_1"]  # what was said of Mug_2 is not said of another


def test_a_thing_that_was_moved_in_the_step_is_back(robot):
    robot.sees(seen("Mug", HERE, support="Desk"))
    robot.sees(seen("Mug", (1.5, 0.8, 0.85), support="Shelf"), empty=[HERE])
    assert robot.where() == [("Mug_1", "visible", (1.5, 0.8, 0.85))]
    robot.undo(1)
    (hit,) = robot.store.recall(Query("where is the mug?"))
    assert (hit.position_m, hit.data["support"], hit.source.step) == (HERE, "Desk", 0)
    robot.sees(seen("Mug", HERE))
    assert list(robot.store.things) == ["Mug_1"]


def test_a_pick_that_did_not_happen(robot):
    robot.sees(seen("Bowl", THERE), seen("Mug", HERE))
    robot.sees(action={"verb": "pick", "target": "Bowl", "outcome": "ok"})
    robot.sees(action={"verb": "pick", "target": "Mug", "outcome": "ok"})  # so the bowl was put down unnoticed
    assert [robot.where(n)[0][1] for n in ("mug", "bowl")] == ["held", "placed"]
    robot.undo(2)
    assert [robot.where(n)[0][1] for n in ("mug", "bowl")] == ["stale", "held"]
    assert robot.store.held == "Bowl_1"
    robot.undo(1)
    assert (robot.where("bowl"), robot.store.held) == ([("Bowl_1", "stale", THERE)], "")


def test_a_look_that_was_none_takes_nothing_away(robot):
    for _ in range(2):
        robot.sees(seen("Mug", HERE, score=0.7))
    sure = robot.store.recall(Query("mug"))[0].confidence
    robot.sees(empty=[HERE])
    assert robot.where()[0][1] == "removed"
    robot.undo(2)
    (hit,) = robot.store.recall(Query("mug"))
    assert (hit.data["state"], hit.position_m, hit.confidence) == ("stale", HERE, pytest.approx(sure, abs=1e-3))
    assert robot.store.things["Mug_1"].misses == 0


def test_evidence_of_a_step_is_taken_off_once(robot):
    robot.sees(seen("Mug", HERE, score=0.7))
    (before,) = robot.store.recall(Query("mug"))
    robot.sees(seen("Mug", HERE, score=0.8))
    assert robot.undo(1)
    (after,) = robot.store.recall(Query("mug"))
    assert (after.confidence, after.source.step) == (pytest.approx(before.confidence, abs=1e-3), 0)
    state = robot.store.dump()
    assert not robot.undo(1)
    assert not robot.undo(7)
    assert robot.store.dump() == state


def test_what_was_seen_since_stands(robot):
    robot.sees(seen("Mug", HERE))
    robot.sees(seen("Mug", (1.5, 0.8, 0.85)), empty=[HERE])
    robot.sees(seen("Mug", (1.5, 0.8, 0.85)))
    robot.undo(1)
    assert robot.where() == [("Mug_1", "visible", (1.5, 0.8, 0.85))]


def test_through_the_facade_graph_and_object_map_go_back_together(tmp_path):
    desk = Seen("Desk", 0.95, (1.5, 0.0, 0.4), (1.0, 1.0, 0.8), "Floor")
    with Hippocampus(tmp_path / "m", default_stores(), HippocampusConfig(deadline_secs=60.0)) as memory:
        memory.write(Percepts(Source("robot", "e", 0, 0), things=[desk, seen("Mug", HERE, support="Desk")]))
        memory.write(Percepts(Source("robot", "e", 1, SECOND), things=[desk, seen("Mug", THERE, support="Floor")]))
        memory.undo("e", 1)
        hits = memory.recall(Query("where is the mug?", limit=20)).hits
    assert [h.id for h in hits["objects"]] == ["Mug_1"]
    assert [h.text for h in hits["graph"] if h.data["thing"].startswith("Mug")] == ["Mug_1 on Desk_1"]
