from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.memory.contract import Percepts, Query, Seen, Source
from engram.memory.graph.model import FOREVER
from engram.memory.graph.rules import located_by
from engram.memory.graph.store import GraphStore
from engram.memory.hippocampus import Hippocampus
from engram.memory.objects import ObjectStore

SECOND = 1_000_000_000
THINGS = ("Mug", "Plate", "Tray", "Table")
THING = st.builds(
    Seen,
    label=st.sampled_from(THINGS),
    score=st.sampled_from([0.4, 0.6, 0.8, 0.95]),
    centre_m=st.tuples(st.integers(0, 2), st.integers(0, 2), st.just(1)).map(lambda p: (float(p[0]), float(p[1]), 1.0)),
    extent_m=st.just((0.1, 0.1, 0.1)),
    support=st.sampled_from(["", "Floor", "Shelf", *THINGS]),
    held=st.sampled_from([False, False, False, True]),
)
RELATION = st.tuples(
    st.sampled_from(["I", *THINGS]),
    st.sampled_from(["on", "in", "near", "absent from", "likes"]),
    st.sampled_from(THINGS),
)
ACTION = st.fixed_dictionaries(
    {
        "verb": st.sampled_from(["pick", "place", "drop", "move_ahead", "open"]),
        "target": st.sampled_from(["", "Shelf", *THINGS]),
        "outcome": st.sampled_from(["ok", "blocked", "nothing_there"]),
    }
)
STEP = st.tuples(st.lists(THING, max_size=4), st.lists(RELATION, max_size=3), st.one_of(st.just({}), ACTION))


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=8))
def test_whatever_happens_the_rules_hold_and_the_log_tells_it_again(steps):
    objects = ObjectStore()
    store = GraphStore(associate=objects.associate)
    log = []
    for k, (things, relations, action) in enumerate(steps):
        percepts = Percepts(
            Source("robot", "e", k, k * SECOND), things=things, relations=relations, action=action, base=(0.0, 0.0, 0.0)
        )
        for part, event in [(s, e) for s in (objects, store) for e in s.propose(percepts)]:
            part.apply(event)
            log.append(event)
        places = [t for e in store.graph.current() if (t := located_by(e.triple))]
        assert len(places) == len(set(places))
        assert sum(e.relation == "holds" for e in store.graph.current()) <= 1
        assert all(e.subject != e.object for e in store.graph.current())
        assert sum(t.state == "held" for t in objects.things.values()) <= 1
        assert not {e.triple for e in store.graph.current()} & set(store.knowledge.suspects)
    for stamp in range(0, len(steps) * SECOND, SECOND):
        places = [t for e in store.graph.as_of(stamp) if (t := located_by(e.triple))]
        assert len(places) == len(set(places))
    assert all(e.valid_from < e.valid_to and e.known_from <= e.known_to <= FOREVER for e in store.graph.versions())
    for original, again in ((store, GraphStore()), (objects, ObjectStore())):
        for event in log:
            if event.store == again.name:
                json.dumps(event.data, allow_nan=False)
                again.apply(event)
        assert again.dump() == original.dump()
        again.load(original.dump())
        assert again.dump() == original.dump()


@pytest.fixture
def open_memory(tmp_path):
    def build():
        return Hippocampus(tmp_path / "memory.engram", [ObjectStore(), GraphStore()])

    return build


def test_the_facade_finds_the_mug_again_after_a_restart(open_memory):
    memory = open_memory()
    mug = Seen("Mug", 0.9, (1.0, 0.0, 0.85), (0.1, 0.1, 0.1), "Table")
    table = Seen("Table", 0.9, (1.0, 0.0, 0.4), (1.0, 1.0, 0.8), "Floor")
    for k in range(3):
        memory.write(
            Percepts(Source("r", "e", k, k * SECOND), things=(mug, table), base=(0.0, 0.0, 0.0), room="Kitchen")
        )
    memory.close()
    memory = open_memory()
    hits = memory.recall([Query("where is the mug?")]).hits
    memory.close()
    assert hits["graph"][0].text == "Mug_1 on Table_1, Table_1 in room Kitchen"
    assert (hits["objects"][0].id, hits["objects"][0].position_m) == ("Mug_1", (1.0, 0.0, 0.85))
