from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise

import networkx as nx
import pytest

from engram.memory.contract import Event, Percepts, Query, Seen, Source
from engram.memory.topology import TopologyConfig, TopologyError, TopologyStore

SECOND = 1_000_000_000


class Walker:
    """Walks a robot and keeps the log."""

    def __init__(self, **kw):
        self.store = TopologyStore(**kw)
        self.step, self.log, self.look = 0, [], ()

    def at(self, x, y, yaw=0.0, episode="e", look=(), **kw):
        self.look = look
        source = Source("robot", episode, self.step, self.step * SECOND)
        percepts = Percepts(source, base=(x, y, yaw), **kw)
        before = self.store.dump()
        events = self.store.propose(percepts)
        assert self.store.dump() == before
        for event in events:
            self.store.apply(event)
        self.log += events
        self.step += 1
        return self.store.here


@pytest.fixture
def walker():
    return Walker()


def looking():
    walker = Walker(describe=lambda percepts: walker.look)
    return walker


def test_a_place_reaches_as_far_as_its_radius(walker):
    assert [walker.at(x, 0) for x in (0.0, 1.4, 1.6, 3.0, 0.0)] == [
        "place_1",
        "place_1",
        "place_2",
        "place_2",
        "place_1",
    ]
    assert len(walker.log) == 3  # staying is no news


def test_the_present_place_holds_on_where_two_overlap(walker):
    for x in (0.0, 2.0):
        walker.at(x, 0)
    assert walker.at(0.9, 0) == "place_2"
    assert walker.at(0.4, 0) == "place_1"
    assert walker.at(1.1, 0) == "place_1"


def test_views_merge_only_if_alike_and_near():
    walker = looking()
    assert walker.at(0, 0, look=(1.0, 0.0)) == "place_1"
    assert walker.at(0.2, 0, look=(0.0, 1.0)) == "place_2"  # near, but another view
    assert walker.at(9, 0, look=(1.0, 0.0)) == "place_3"  # alike, but far away
    assert walker.at(0, 0, look=(0.9, 0.1)) == "place_1"


def test_the_other_side_of_a_wall_is_another_place(walker):
    assert walker.at(0.0, 0.0, room="Kitchen") == "place_1"
    assert walker.at(1.2, 0.0, room="Bedroom") == "place_2"
    assert walker.at(0.7, 0.0) == "place_2"  # in no room that it knows: where it is already
    assert walker.at(0.7, 0.0, room="Kitchen") == "place_1"
    assert {s.id: s.room for s in walker.store.spots.values()} == {"place_1": "Kitchen", "place_2": "Bedroom"}
    assert walker.store.ways["place_1", "place_2"].passed == walker.store.ways["place_2", "place_1"].passed == 1


def test_rooms_tell_places_apart_by_choice():
    walker = Walker(config=TopologyConfig(by_room=False))
    assert [walker.at(0.0, 0.0, room="Kitchen"), walker.at(1.2, 0.0, room="Bedroom")] == ["place_1", "place_1"]


def test_a_place_takes_its_room_as_soon_as_it_is_known(walker):
    walker.at(0.0, 0.0)
    assert walker.at(0.2, 0.0, room="Kitchen") == "place_1"
    assert walker.store.spots["place_1"].room == "Kitchen"
    assert walker.at(1.0, 0.0, room="Bedroom") == "place_2"
    walker.at(1.0, 0.0, room="Bedroom")
    assert len(walker.log) == 3


def test_ways_carry_metres_bearing_and_success(walker):
    for _ in range(2):
        walker.at(0, 0)
        walker.at(0, 2)
    there, back = walker.store.ways["place_1", "place_2"], walker.store.ways["place_2", "place_1"]
    assert (there.metres, there.bearing_rad, there.tries, there.passed) == (2.0, pytest.approx(math.pi / 2), 2, 2)
    assert (back.bearing_rad, back.tries) == (pytest.approx(-math.pi / 2), 1)
    assert (there.success, back.success) == (0.75, pytest.approx(2 / 3))


def test_a_blocked_move_counts_against_the_way_ahead(walker):
    for at in ((0, 0), (2, 0), (0, 0), (0, 2), (0, 0)):
        walker.at(*at)
    east, north = (walker.store.ways["place_1", f"place_{k}"] for k in (2, 3))
    walker.at(0, 0, yaw=0.3, action={"verb": "move_ahead", "outcome": "blocked"})
    assert (east.tries, east.passed, north.tries) == (2, 1, 1)
    walker.at(0, 0, yaw=0.1, action={"verb": "move_left", "outcome": "blocked"})
    assert (north.tries, north.passed) == (2, 1)
    walker.at(0, 0, yaw=math.pi, action={"verb": "move_ahead", "outcome": "blocked"})
    assert (east.tries, north.tries) == (2, 2)


def test_carried_robots_make_no_ways(walker):
    walker.at(0, 0)
    walker.at(20, 0)
    walker.at(22, 0, episode="next")
    assert walker.store.ways == {}


def test_route_avoids_what_was_blocked(walker):
    for at in ((0, 0), (2, 0), (4, 0), (2, 0), (0, 0), (0, 2), (2, 2.5), (4, 2), (4, 0)):
        walker.at(*at)
    assert walker.store.route("place_1", "place_3")[0] == ["place_1", "place_2", "place_3"]
    for _ in range(9):
        walker.store.ways["place_1", "place_2"].tries += 1
    walker.at(9, 9, episode="x")
    path, cost = walker.store.route("place_1", "place_3")
    assert path == ["place_1", "place_4", "place_5", "place_6", "place_3"]
    assert cost == pytest.approx(sum(walker.store.ways[a, b].cost_m for a, b in pairwise(path)))


def test_routes_that_do_not_exist(walker):
    walker.at(0, 0)
    walker.at(50, 0)
    with pytest.raises(TopologyError, match="no known way"):
        walker.store.route("place_1", "place_2")
    with pytest.raises(TopologyError, match="'moon'"):
        walker.store.route("place_1", "moon")


def test_landmarks_are_what_is_large(walker):
    fridge, mug = Seen("Fridge", 0.9, (2, 0, 1), (0.8, 0.8, 1.8)), Seen("Mug", 0.9, (1, 0, 1), (0.1, 0.1, 0.1))
    walker.at(0, 0, things=(fridge, mug), room="Kitchen")
    walker.at(0, 0.5, things=(replace(fridge, centre_m=(2.2, 0, 1)),), room="Kitchen")
    assert set(walker.store.spots) == {"place_1", "landmark_1"}
    assert walker.store.ways["place_1", "landmark_1"].metres == pytest.approx(2.0)
    walker.at(2, 2, things=(fridge, replace(fridge, centre_m=(2, 4, 1))))
    assert {pair for pair in walker.store.ways if pair[1].startswith("landmark")} == {
        ("place_1", "landmark_1"),
        ("place_2", "landmark_1"),
        ("place_2", "landmark_2"),
    }
    first = walker.store.recall(Query("where is the fridge?"))[0]
    assert (first.id, first.text) == ("landmark_1", "Fridge (landmark_1), seen from place_1, place_2")
    (kitchen,) = walker.store.recall(Query("kitchen"))
    assert kitchen.text == "place_1, in Kitchen, near Fridge, leads to place_2"


def test_questions_about_a_place(walker):
    for x in (0, 2, 4):
        walker.at(x, 0)
    found = walker.store.recall(Query("", near_m=(1.8, 0, 0), within_m=2.5))
    assert [h.id for h in found] == ["place_2", "place_1", "place_3"]
    assert [h.id for h in walker.store.recall(Query("", near_m=(1.8, 0, 0), within_m=2.5, at_ns=SECOND))] == [
        "place_2",
        "place_1",
    ]


def test_without_a_pose_nothing_is_learnt():
    assert TopologyStore().propose(Percepts(Source("r", "e", 0, 0), room="Kitchen")) == []


def test_export(walker):
    for x in (0, 2):
        walker.at(x, 0)
    graph = walker.store.to_networkx()
    assert graph.nodes["place_2"]["position_m"] == (2, 0, 0)
    assert graph.edges["place_1", "place_2"]["metres"] == 2.0
    assert nx.utils.graphs_equal(nx.node_link_graph(nx.node_link_data(graph)), graph)


def test_the_log_gives_the_same_state_again():
    walker = Walker(config=TopologyConfig(radius_m=1.0))
    sofa = Seen("Sofa", 0.9, (2, 1, 0.4), (2, 1, 0.8), feature=(0.6, 0.8))
    for k in range(12):
        walker.at(2 * math.cos(k), 2 * math.sin(k), k, things=(sofa,), room="Den")
    walker.at(0, 0, action={"verb": "move_ahead", "outcome": "blocked"})
    again, restored = TopologyStore(walker.store.config), TopologyStore(walker.store.config)
    for event in walker.log:
        again.apply(replace(event, data=json.loads(json.dumps(event.data))))
    restored.load(walker.store.dump())
    assert again.dump() == restored.dump() == walker.store.dump()
    percepts = Percepts(Source("robot", "e", 99, 99), base=(5.0, 5.0, 0.0), things=(sofa,))
    assert again.propose(percepts) == restored.propose(percepts)


def test_events_of_others_are_refused(walker):
    with pytest.raises(TopologyError, match="'add'"):
        walker.store.apply(Event("topology", "add", Source("r", "e", 0, 0), {}))
