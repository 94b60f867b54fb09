from __future__ import annotations

import pytest

from engram.agents.beliefs import Known, estimate
from engram.agents.scribe import Claim, Scribe, View
from engram.memory.contract import Percepts, Seen, Source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores
from engram.planners.contract import AT, CLEAN, FLOOR, HOLDING, HOT, IN_ROOM, OPEN, SEARCHED, Beliefs

SMALL, BIG = (0.1, 0.1, 0.1), (0.8, 0.6, 1.0)
FRIDGE = Seen("Fridge", 0.99, (3.0, 0.0, 0.5), BIG, room="Kitchen")
TABLE = Seen("Table", 0.99, (0.0, 3.0, 0.4), BIG, room="Kitchen")
APPLE = Seen("Apple", 0.99, (0.0, 3.0, 0.95), SMALL, "Table")
SOCK = Seen("Sock", 0.99, (1.0, 1.0, 0.05), SMALL, FLOOR)


class Mind:
    """A memory, and what is told to it."""

    def __init__(self, path, episode="first", stores=("objects", "graph")):
        self.stores = default_stores(stores)
        self.memory = Hippocampus(path, self.stores, HippocampusConfig(naps=False, deadline_secs=10.0))
        self.scribe = Scribe(self.memory, self.stores)
        newest = self.memory.newest
        self.episode, self.number = episode, 0
        self.stamp_ns = 0 if newest is None else newest.stamp_ns

    def see(self, *things, action=None, **view):
        self.number += 1
        self.stamp_ns += 1_000_000_000
        source = Source("robot", self.episode, self.number, self.stamp_ns)
        self.scribe.see(View(Percepts(source, things=things, base=(0.0, 0.0, 0.0), action=action or {}), **view))
        return source

    def believes(self, **known):
        assert self.scribe.settle(10.0)
        return estimate(self.scribe, Known(**known))

    def close(self):
        self.scribe.close()
        self.memory.close()


@pytest.fixture
def mind(tmp_path):
    made = []

    def make(**choices):
        if made:
            made[-1].close()
        made.append(Mind(tmp_path / "memory.db", **choices))
        return made[-1]

    yield make
    made[-1].close()


def test_nothing_is_believed_before_anything_is_seen(mind):
    assert mind().believes() == Beliefs()


def test_things_have_places_rooms_and_states_that_can_be_seen(mind):
    m = mind()
    for _ in range(2):
        m.see(FRIDGE, TABLE, APPLE, SOCK, states={0: {OPEN: False}}, colours={2: "red"}, explored=True)
    b = m.believes()
    assert set(b.things) == {"Fridge_1", "Table_1", "Apple_1", "Sock_1"}
    assert b.place_of("Apple_1") == "Table_1"
    assert b.place_of("Sock_1") == FLOOR
    assert b.holds(OPEN, "Fridge_1") is False
    assert b.holds(IN_ROOM, "Fridge_1", "Kitchen") is True
    assert b.things["Apple_1"].colour == "red"
    assert b.things["Apple_1"].position_m == pytest.approx((0.0, 3.0, 0.95))
    assert b.explored
    assert b.here == (0.0, 0.0, 0.0)


def test_unknown_is_not_false(mind):
    m = mind()
    m.see(FRIDGE, APPLE)
    b = m.believes()
    assert b.holds(CLEAN, "Apple_1") is None
    assert b.holds(OPEN, "Fridge_1") is None
    assert b.holds(AT, "Apple_1", "Fridge_1") is None


def test_what_a_step_has_shown_is_believed_until_it_is_undone(mind):
    m = mind()
    source = m.see(FRIDGE, TABLE, APPLE)
    m.scribe.claim([Claim("Apple_1", CLEAN), Claim("Apple_1", HOT)], source)
    assert m.believes().holds(HOT, "Apple_1") is True
    m.scribe.claim([Claim("Apple_1", HOT, true=False)], m.see(FRIDGE, TABLE, APPLE))
    b = m.believes()
    assert b.holds(HOT, "Apple_1") is False
    assert b.holds(CLEAN, "Apple_1") is True


def test_what_is_in_the_hand_is_nowhere_else(mind):
    m = mind()
    m.see(TABLE, APPLE)
    held = Seen("Apple", 0.99, (0.0, 0.0, 1.0), SMALL, held=True)
    m.see(TABLE, held, action={"verb": "pick", "target": "Apple", "outcome": "ok"}, holding=True)
    b = m.believes()
    assert b.held == "Apple_1"
    assert b.place_of("Apple_1") == ""


def test_a_hand_that_feels_nothing_holds_nothing(mind):
    m = mind()
    m.see(TABLE, APPLE)
    m.see(TABLE, action={"verb": "pick", "target": "Apple", "outcome": "ok"}, holding=False)
    assert m.believes().held == ""
    assert not any(f[0] == HOLDING for f in m.believes().facts)


def test_what_is_not_where_it_was_is_known_not_to_be_there(mind):
    m = mind()
    for _ in range(3):
        m.see(TABLE, APPLE)
    m.see(TABLE, looked_into=(0,))
    b = m.believes()
    assert "Apple_1" not in b.things
    assert b.holds(SEARCHED, "Table_1") is True


def test_without_spatial_memory_only_what_is_in_view_is_known(mind):
    m = mind()
    m.see(TABLE, APPLE)
    m.see(FRIDGE)
    assert set(m.believes().things) == {"Table_1", "Apple_1", "Fridge_1"}
    b = m.believes(spatial=False)
    assert set(b.things) == {"Fridge_1"}
    assert not any(f[0] == AT for f in b.facts)


def test_without_the_graph_states_and_searches_are_forgotten_when_out_of_view(mind):
    m = mind()
    m.see(FRIDGE, TABLE, APPLE, states={0: {OPEN: True}}, looked_into=(1,))
    m.see(TABLE, APPLE)
    assert m.believes().holds(OPEN, "Fridge_1") is True
    b = m.believes(graph=False)
    assert b.holds(OPEN, "Fridge_1") is None
    assert b.holds(SEARCHED, "Table_1") is None
    assert b.place_of("Apple_1") == "Table_1"


def test_a_later_episode_knows_places_but_no_states(mind):
    first = mind()
    source = first.see(FRIDGE, TABLE, APPLE, states={0: {OPEN: True}}, looked_into=(1,))
    first.scribe.claim([Claim("Apple_1", CLEAN)], source)
    second = mind(episode="second")
    second.see(FRIDGE)
    b = second.believes()
    assert b.place_of("Apple_1") == "Table_1"
    assert b.holds(CLEAN, "Apple_1") is None
    assert b.holds(SEARCHED, "Table_1") is None
    assert b.holds(OPEN, "Fridge_1") is None
    assert set(second.believes(long_term=False).things) == {"Fridge_1"}
    assert second.scribe.is_fresh("Fridge_1")
    assert not second.scribe.is_fresh("Apple_1")


def test_the_same_episode_goes_on_after_a_restart(mind):
    first = mind()
    source = first.see(FRIDGE, TABLE, APPLE, looked_into=(1,))
    first.scribe.claim([Claim("Apple_1", CLEAN)], source)
    again = mind()
    again.see(FRIDGE)
    b = again.believes()
    assert b.holds(CLEAN, "Apple_1") is True
    assert b.holds(SEARCHED, "Table_1") is True
    assert again.scribe.is_fresh("Apple_1")


def test_what_is_seen_again_unchanged_is_not_written_again(mind):
    m = mind()
    m.see(FRIDGE, TABLE, APPLE)
    m.believes()
    version = m.memory.version
    m.see(FRIDGE, TABLE, APPLE)
    assert set(m.believes().things) == {"Fridge_1", "Table_1", "Apple_1"}
    assert m.memory.version == version
    assert m.scribe.sight.names == ("Fridge_1", "Table_1", "Apple_1")


def test_what_is_new_is_not_taken_for_its_namesake_beside_it(mind):
    m = mind()
    m.see(TABLE, APPLE)
    m.see(TABLE, APPLE)
    m.see(TABLE, APPLE, Seen("Apple", 0.99, (0.15, 3.0, 0.95), SMALL, "Table"))
    apples = {n: t.position_m for n, t in m.believes().things.items() if t.kind == "Apple"}
    assert apples == {"Apple_1": pytest.approx((0.0, 3.0, 0.95)), "Apple_2": pytest.approx((0.15, 3.0, 0.95))}
