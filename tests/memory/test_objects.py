from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from engram.memory.contract import Event, Percepts, Query, Seen, Source
from engram.memory.graph.store import GraphStore
from engram.memory.objects import ObjectError, ObjectStore

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
EYE = (0.0, 0.0, 1.5)


def seen(label, at, extent=(0.1, 0.1, 0.1), score=0.95, **kw):
    return Seen(label, score, at, extent, **kw)


def look_at(*places):
    """Points behind places, as of a look at them while they are empty: each ray goes on for half a metre."""
    rng = np.random.default_rng(0)
    out = []
    for place in places:
        aim = np.array(place) + rng.uniform(-0.03, 0.03, (60, 3)) - EYE
        out.append(EYE + aim * (1 + 0.5 / np.linalg.norm(aim, axis=1, keepdims=True)))
    return np.concatenate(out).astype(np.float32)


class Robot:
    """Drives an object map and the graph that asks it."""

    def __init__(self):
        self.objects = ObjectStore()
        self.graph = GraphStore(associate=self.objects.associate)
        self.log = []
        self.step = 0

    def sees(self, *things, stamp_ns=None, empty=(), **kw):
        """One step; returns the ids of the things."""
        stamp = self.step * SECOND if stamp_ns is None else stamp_ns
        view = {"points": look_at(*empty), "camera_m": EYE} if empty else {}
        percepts = Percepts(Source("robot", "e", self.step, stamp), things=things, **view, **kw)
        before = self.objects.dump()
        ids = self.objects.associate(percepts).ids
        events = [(store, e) for store in (self.objects, self.graph) for e in store.propose(percepts)]
        assert self.objects.dump() == before
        for store, event in events:
            store.apply(event)
        self.log += [e for _, e in events]
        self.step += 1
        return list(ids)

    def act(self, verb, target="", outcome="ok", *things, **kw):
        return self.sees(*things, action={"verb": verb, "target": target, "outcome": outcome}, **kw)

    def state(self, id_):
        return self.objects.state(self.objects.things[id_])

    def facts(self):
        return {e.triple for e in self.graph.graph.current() if e.relation in ("on", "in", "holds", "absent_from")}


@pytest.fixture
def robot():
    return Robot()


TABLE = seen("Table", (1.5, 0, 0.4), (1, 1, 0.8))


def test_views_of_one_thing_are_one_thing(robot):
    assert robot.sees(seen("Mug", (1.5, 0, 0.85))) == ["Mug_1"]
    assert robot.sees(seen("Mug", (1.6, 0, 0.85))) == ["Mug_1"]
    mug = robot.objects.things["Mug_1"]
    assert mug.centre_m == pytest.approx((1.55, 0, 0.85))
    assert (mug.views, robot.state("Mug_1")) == (2, "visible")


def test_a_large_thing_that_shows_more_and_more_is_one_thing(robot):
    assert robot.sees(seen("Bed", (0.0, 0.0, 0.25), (0.2, 0.4, 0.5))) == ["Bed_1"]
    assert robot.sees(seen("Bed", (0.8, 0.3, 0.25), (1.9, 1.2, 0.5))) == ["Bed_1"]
    assert robot.sees(seen("Bed", (3.0, 0.3, 0.25), (1.9, 1.2, 0.5))) == ["Bed_2"]
    assert robot.sees(seen("Mug", (0.0, 0.0, 0.6)), seen("Mug", (0.3, 0.0, 0.6), (0.7, 0.1, 0.1))) == ["Mug_1", "Mug_2"]


def test_a_glimpse_of_a_large_thing_is_that_thing_and_moves_it_nowhere(robot):
    whole = seen("Desk", (2, 0, 0.4), (1.6, 0.8, 0.8))
    for _ in range(3):
        robot.sees(whole)
    corner = seen("Desk", (2.75, 0.42, 0.6), (0.3, 0.2, 0.4))
    assert robot.sees(corner) == ["Desk_1"]
    desk = robot.objects.things["Desk_1"]
    assert (desk.centre_m, desk.extent_m) == (pytest.approx((2, 0, 0.4)), pytest.approx((1.6, 0.8, 0.8)))
    assert robot.sees(whole, seen("Desk", (4, 0, 0.4), (1.6, 0.8, 0.8))) == ["Desk_1", "Desk_2"]


def test_neighbours_are_told_apart_together(robot):
    left, right = seen("Mug", (1.5, 0.0, 0.85)), seen("Mug", (1.5, 0.2, 0.85))
    assert robot.sees(left, right) == ["Mug_1", "Mug_2"]
    shifted = [replace(m, centre_m=(1.5, m.centre_m[1] + 0.09, 0.85)) for m in (right, left)]
    assert robot.sees(*shifted) == ["Mug_2", "Mug_1"]


def test_another_thing_at_the_same_place_is_another_thing(robot):
    assert robot.sees(seen("Mug", (1.5, 0, 0.85))) == ["Mug_1"]
    assert robot.sees(seen("Sofa", (1.5, 0, 0.85), (2, 1, 1))) == ["Sofa_1"]


def test_confused_labels_are_one_thing_and_evidence_decides(robot):
    robot.sees(seen("Cup", (1.5, 0, 0.85), score=0.7))
    for _ in range(2):
        assert robot.sees(seen("Mug", (1.5, 0, 0.85), score=0.9)) == ["Cup_1"]
    thing = robot.objects.things["Cup_1"]
    assert (thing.label, set(thing.labels)) == ("Mug", {"Cup", "Mug"})
    assert 0.9 < thing.belief() < 0.995
    assert [h.id for h in robot.objects.recall(Query("where is the mug?"))] == ["Cup_1"]


def test_states_of_a_thing_that_is_carried(robot):
    robot.sees(TABLE, seen("Mug", (1.5, 0, 0.85), support="Table"))
    assert robot.objects.things["Mug_1"].support == "Table_1"
    assert robot.sees() == []
    assert robot.state("Mug_1") == "stale"
    robot.act("pick", "Mug")
    assert robot.state("Mug_1") == "held"
    assert robot.sees(seen("Mug", (0.3, 0, 1.1), held=True)) == ["Mug_1"]
    robot.sees(seen("Shelf", (4, 0, 0.5), (1, 0.4, 1.0)))
    robot.act("place", "Shelf")
    assert robot.state("Mug_1") == "placed"
    mug = robot.objects.things["Mug_1"]
    assert (mug.support, mug.centre_m) == ("Shelf_1", pytest.approx((4, 0, 1.05)))
    assert robot.sees(seen("Mug", (4.4, 0.1, 1.05), support="Shelf")) == ["Mug_1"]
    assert robot.state("Mug_1") == "visible"
    assert robot.facts() == {("Mug_1", "on", "Shelf_1")}


def test_drop(robot):
    robot.sees(seen("Mug", (1.5, 0, 0.85)))
    robot.act("pick", "Mug")
    robot.act("drop", base=(3.0, 1.0, 0.0))
    mug = robot.objects.things["Mug_1"]
    assert (mug.support, mug.centre_m, robot.objects.held) == ("Floor", (3, 1, 0.05), "")


def test_a_second_one_while_the_first_may_still_be_there(robot):
    robot.sees(seen("Mug", (1.5, 0, 0.85)))
    assert robot.sees(seen("Mug", (4, 0, 0.85))) == ["Mug_2"]


def test_moved_when_its_place_is_seen_empty_in_the_same_view(robot):
    robot.sees(seen("Mug", (1.5, 0, 0.85)))
    assert robot.sees(seen("Mug", (1.5, 0.8, 0.85)), empty=[(1.5, 0, 0.85)]) == ["Mug_1"]
    assert robot.objects.things["Mug_1"].misses == 0


def test_moved_when_its_place_was_seen_empty_before(robot):
    robot.sees(TABLE, seen("Mug", (1.5, 0, 0.85), support="Table"))
    robot.sees(TABLE, empty=[(1.5, 0, 0.85)])
    robot.sees(TABLE, empty=[(1.5, 0, 0.85)])
    assert robot.state("Mug_1") == "removed"
    assert robot.facts() == {("Mug_1", "absent_from", "Table_1")}
    assert robot.sees(seen("Mug", (7, 0, 0.85), support="Sink")) == ["Mug_1"]
    assert robot.facts() == {("Mug_1", "in", "Sink"), ("Mug_1", "absent_from", "Table_1")}


def test_moved_after_all_when_its_place_is_looked_at_later(robot):
    robot.sees(seen("Mug", (1.5, 0, 0.85)))
    robot.sees(seen("Mug", (7, 0, 0.85)))
    robot.sees(empty=[(1.5, 0, 0.85)])
    robot.sees(empty=[(1.5, 0, 0.85)])
    old, new = (robot.objects.things[i] for i in ("Mug_1", "Mug_2"))
    assert (robot.state("Mug_1"), old.became, new.became) == ("removed", "Mug_2", "")
    assert robot.sees(seen("Mug", (9, 0, 0.85))) == ["Mug_3"]  # Mug_1 is accounted for
    first = robot.objects.recall(Query("where is Mug_1?"))[0]
    assert first.text == "Mug_1, removed, probably Mug_2 by now"


def test_one_look_at_an_empty_place_makes_doubt_not_certainty(robot):
    for _ in range(2):
        robot.sees(seen("Mug", (1.5, 0, 0.85)))
    (before,) = robot.objects.recall(Query("mug"))
    robot.sees(empty=[(1.5, 0, 0.85)])
    (after,) = robot.objects.recall(Query("mug"))
    assert 0.5 < after.confidence < before.confidence - 0.01
    assert robot.state("Mug_1") != "removed"


def test_appearance_tells_a_stranger_from_what_moved(robot):
    robot.sees(seen("Mug", (1.5, 0, 0.85), feature=(1.0, 0.0)), seen("Mug", (1.5, 0.6, 0.85), feature=(0.0, 1.0)))
    gone = [(1.5, 0, 0.85), (1.5, 0.6, 0.85)]
    assert robot.sees(seen("Mug", (1.5, -0.6, 0.85), feature=(0.1, 0.9)), empty=gone) == ["Mug_2"]
    assert robot.sees(seen("Mug", (1.5, -0.9, 0.85), feature=(-1.0, 0.0)), empty=gone[:1]) == ["Mug_3"]


def test_two_discs(robot):
    desk = seen("Desk", (1.5, 0, 0.4), (1, 1, 0.8))
    one, two = (seen("CD", (1.5, y, 0.81), (0.12, 0.12, 0.02), support="Desk") for y in (0.0, 0.4))
    assert robot.sees(desk, one, two) == ["Desk_1", "CD_1", "CD_2"]
    robot.act("pick", "CD_2")
    robot.sees(seen("Drawer", (3, 0, 0.3), (0.4, 0.4, 0.2)))
    robot.act("place", "Drawer")
    for _ in range(3):
        assert robot.sees(desk, one) == ["Desk_1", "CD_1"]
    assert robot.facts() == {("CD_1", "on", "Desk_1"), ("CD_2", "in", "Drawer_1")}
    assert robot.objects.recall(Query("where is CD_2?"))[0].text == "CD_2 on Drawer_1, placed"
    third = replace(two, centre_m=(1.5, -0.4, 0.81))
    assert robot.sees(desk, one, third) == ["Desk_1", "CD_1", "CD_3"]


def test_graph_and_object_map_agree_on_which_of_two_was_taken(robot):
    near, far = (seen("Plate", (x, 0.5, 0.8)) for x in (1.0, 3.0))
    assert robot.sees(far, near, base=(0.5, 0.5, 0.0)) == ["Plate_1", "Plate_2"]
    robot.act("pick", "Plate", "ok", base=(0.5, 0.5, 0.0))
    assert robot.objects.held == "Plate_2"
    assert ("robot", "holds", "Plate_2") in robot.facts()


def test_the_point_that_was_aimed_at_tells_which_was_meant(robot):
    robot.sees(*(seen("Plate", (x, 0.5, 0.8)) for x in (1.0, 1.5)))
    aimed = {"verb": "pick", "target": "Plate", "outcome": "ok", "position_m": (1.5, 0.5, 0.85)}
    robot.sees(action=aimed, base=(0.5, 0.5, 0.0))
    assert robot.objects.held == "Plate_2"
    assert ("robot", "holds", "Plate_2") in robot.facts()


def test_nothing_to_grasp_counts_as_a_miss(robot):
    robot.sees(seen("Mug", (1.5, 0, 0.85)))
    robot.act("pick", "Mug", "nothing_there")
    assert robot.objects.things["Mug_1"].misses == 1


def test_where_was_it_then(robot):
    robot.sees(TABLE, seen("Cup", (1.5, 0, 0.85), support="Table"), stamp_ns=8 * HOUR)
    robot.sees(seen("Cup", (1.5, 0.9, 0.85), support="Shelf"), empty=[(1.5, 0, 0.85)], stamp_ns=10 * HOUR)
    (then,) = robot.objects.recall(Query("where was the cup?", at_ns=9 * HOUR))
    (now,) = robot.objects.recall(Query("where is the cup?"))
    assert (then.position_m, then.data["support"]) == ((1.5, 0, 0.85), "Table_1")
    assert (then.source.stamp_ns, now.source.stamp_ns) == (8 * HOUR, 10 * HOUR)
    assert (now.position_m, now.data["support"]) == ((1.5, 0.9, 0.85), "Shelf")
    assert robot.objects.recall(Query("where was the cup?", at_ns=7 * HOUR)) == []


def test_questions_about_a_place(robot):
    robot.sees(seen("Cup", (1, 0, 1)), seen("Plate", (1.2, 0, 1)), seen("Pan", (4, 0, 1)))
    found = robot.objects.recall(Query("", near_m=(1, 0, 1), within_m=0.5))
    assert sorted(h.id for h in found) == ["Cup_1", "Plate_1"]
    assert robot.objects.recall(Query("unknown words")) == []


def test_certainty_fades_with_time(robot):
    robot.sees(seen("Cup", (1, 0, 1)))
    sure, later, last = (robot.objects.recall(Query("cup", at_ns=h * HOUR))[0].confidence for h in (1, 24, 900))
    assert later < sure - 0.01
    label = robot.objects.things["Cup_1"].belief()
    assert last == pytest.approx(0.5 * label, abs=1e-6)


def test_the_best_of_many_namesakes(robot):
    for k in range(40):
        robot.sees(seen("Cup", (float(k), 0, 1), score=0.6 + 0.3 * (k % 7 == 3)), stamp_ns=k * HOUR)
    hits = robot.objects.recall(Query("cup", limit=4))
    assert [h.id for h in hits] == ["Cup_39", "Cup_32", "Cup_25", "Cup_18"]
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    near = robot.objects.recall(Query("cup", limit=4, near_m=(5.0, 0, 1), within_m=1.0))
    assert sorted(h.id for h in near) == ["Cup_5", "Cup_6", "Cup_7"]


def test_the_log_gives_the_same_state_again(robot):
    robot.sees(TABLE, seen("Mug", (1.5, 0, 0.85), support="Table", feature=(0.6, 0.8)))
    robot.act("pick", "Mug")
    robot.sees(seen("Sofa", (3, 0, 0.3), (2, 1, 0.6)))
    robot.act("place", "Sofa")
    robot.sees(seen("Cup", (1.5, 0.5, 0.85)))
    robot.sees(seen("Cup", (5, 0, 1)), empty=[(1.5, 0.5, 0.85)])
    again, restored = ObjectStore(), ObjectStore()
    for event in robot.log:
        if event.store == "objects":
            again.apply(replace(event, data=json.loads(json.dumps(event.data))))
    restored.load(robot.objects.dump())
    assert again.dump() == restored.dump() == robot.objects.dump()
    percepts = Percepts(Source("robot", "e", 9, 10**12), things=(seen("Mug", (3, 0.2, 0.7)), seen("Cup", (8, 0, 1))))
    assert again.propose(percepts) == restored.propose(percepts) == robot.objects.propose(percepts)
    assert [h.id for h in restored.recall(Query("mug"))] == ["Mug_1"]


def test_events_that_do_not_fit_are_refused():
    store = ObjectStore()
    source = Source("r", "e", 0, 0)
    with pytest.raises(ObjectError, match="'add'"):
        store.apply(Event("objects", "add", source, {}))
    with pytest.raises(ObjectError, match="'Mug_1'"):
        store.apply(Event("objects", "update", source, {"changes": [{"op": "miss", "id": "Mug_1"}]}))


def test_what_was_known_then_of_a_later_time(robot):
    robot.sees(TABLE, seen("Cup", (1.5, 0, 0.85), support="Table"), stamp_ns=8 * HOUR)
    robot.sees(seen("Cup", (1.5, 0.9, 0.85), support="Shelf"), empty=[(1.5, 0, 0.85)], stamp_ns=10 * HOUR)
    for times in ({"known_ns": 9 * HOUR}, {"at_ns": 11 * HOUR, "known_ns": 9 * HOUR}):
        (hit,) = robot.objects.recall(Query("where was the cup?", **times))
        assert hit.data["support"] == "Table_1"
    assert robot.objects.recall(Query("where was the cup?", known_ns=7 * HOUR)) == []
