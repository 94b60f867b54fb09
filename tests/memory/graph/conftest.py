from __future__ import annotations

import pytest

from engram.memory.contract import Percepts, Seen, Source
from engram.memory.graph.store import GraphStore
from engram.memory.identity import Association

SECOND = 1_000_000_000


class Robot:
    """Drives a store step by step, and keeps the log."""

    def __init__(self, store=None, ids=None):
        self.ids = ids
        self.absent = ()
        self.store = store or GraphStore(associate=self.associate)
        self.step = 0
        self.log = []

    def associate(self, percepts):
        ids = [thing.label for thing in percepts.things] if self.ids is None else self.ids
        return Association(tuple(ids), tuple(self.absent))

    def does(self, *things, stamp_ns=None, ids=None, absent=(), **kw):
        """One step; returns the changes it made."""
        self.ids, self.absent = ids, absent
        stamp = self.step * SECOND if stamp_ns is None else stamp_ns
        percepts = Percepts(Source("robot", "e", self.step, stamp), things=things, **kw)
        before = self.store.dump()
        events = self.store.propose(percepts)
        assert self.store.dump() == before
        for event in events:
            self.store.apply(event)
        self.log += events
        self.step += 1
        return [change for event in events for change in event.data["changes"]]

    def act(self, verb, target="", outcome="ok", **kw):
        return self.does(action={"verb": verb, "target": target, "outcome": outcome}, **kw)

    def facts(self, *relations):
        """Current facts with these relations; all but those of actions when none are given."""
        mine = {e.triple for e in self.store.graph.current()}
        return {t for t in mine if (t[1] in relations if relations else t[1] not in ("by", "target", "part_of"))}


@pytest.fixture
def robot():
    return Robot()


@pytest.fixture
def make_robot():
    return Robot


@pytest.fixture
def thing():
    def make(label, at=(0.0, 0.0, 0.5), support="", score=0.95, extent=(0.1, 0.1, 0.1), **kw):
        return Seen(label, score, at, extent, support, **kw)

    return make
