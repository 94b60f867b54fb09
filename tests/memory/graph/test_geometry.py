from __future__ import annotations

import pytest

from engram.memory.graph.extract import ExtractConfig
from engram.memory.graph.geometry import GeometryConfig
from engram.memory.graph.store import GraphConfig, GraphStore

SPACE = ("near", "above")


def test_near_and_above_come_from_boxes_and_are_believed_at_the_second_look(robot, thing):
    view = [
        thing("Clock", (0.0, 0.0, 1.8)),
        thing("Desk", (0.0, 0.3, 0.4), "Floor", extent=(1.0, 1.0, 0.8)),
        thing("Poster", (0.4, 0.0, 1.8)),
        thing("Door", (3.0, 0.0, 1.0)),
    ]
    robot.does(*view)
    assert robot.facts(*SPACE) == set()
    robot.does(*view)
    assert robot.facts(*SPACE) == {("Clock", "above", "Desk"), ("Clock", "near", "Poster"), ("Poster", "above", "Desk")}


def test_what_rests_on_something_known_is_said_to_be_near_nothing(robot, thing):
    table = thing("Table", (0, 0, 0.4), extent=(1.0, 1.0, 0.8))
    cup, plate = thing("Cup", (0, 0, 0.85), "Table"), thing("Plate", (0.2, 0, 0.82), "Table")
    for _ in range(3):
        robot.does(table, cup, plate)
    robot.does(table, thing("Cup", (0, 0, 0.85)), plate)  # what it rests on is known from before
    assert robot.facts() == {("Cup", "on", "Table"), ("Plate", "on", "Table")}
    assert robot.store.knowledge.suspects == {}


def test_nearness_ends_when_both_are_seen_apart(robot, thing):
    lamp, bag = thing("Lamp", (0, 0, 0.5)), thing("Bag", (0.4, 0, 0.5))
    for _ in range(2):
        robot.does(lamp, bag)
    assert robot.facts() == {("Bag", "near", "Lamp")}
    robot.does(lamp)  # the bag is out of view
    robot.does(lamp, thing("Bag", (0.8, 0, 0.5)))  # hardly moved
    assert robot.facts() == {("Bag", "near", "Lamp")}
    robot.does(lamp, thing("Bag", (3.0, 0, 0.5)))
    assert robot.facts() == set()


def test_a_crowd_brings_few_facts_and_a_quiet_scene_none(robot, thing):
    crowd = [thing(f"Book{k}", (0.2 * (k % 6), 0.2 * (k // 6), 1.0)) for k in range(36)]
    ids = [t.label for t in crowd]
    sizes = []
    for _ in range(30):
        changes = robot.does(*crowd, ids=ids)
        sizes.append(sum(c.get("triple", ["", ""])[1] in SPACE for c in changes))
    assert max(sizes) <= GeometryConfig().facts
    assert sizes[-1] == 0
    assert 36 / 2 <= len(robot.facts("near")) <= 2 * 36


def test_geometry_is_a_switch(make_robot, thing):
    robot = make_robot()
    config = GraphConfig(extract=ExtractConfig(geometry=None))
    robot.store = GraphStore(config, associate=robot.associate)
    for _ in range(3):
        robot.does(thing("Lamp", (0, 0, 0.5)), thing("Bag", (0.4, 0, 0.5)))
    assert robot.facts() == set()


def test_who_holds_a_thing_and_is_no_robot_is_a_person(robot, thing):
    robot.does(thing("Cup", support="Table"), thing("Man", (2, 0, 0.9)))
    for _ in range(2):
        robot.does(relations=[("Anna", "holds", "cup"), ("I", "hold", "plate")])
    nodes = robot.store.graph.nodes
    assert [nodes[i].kind.value for i in ("Anna", "Man", "robot", "plate")] == ["person", "person", "robot", "object"]
    assert robot.facts("holds") == {("Anna", "holds", "Cup"), ("robot", "holds", "plate")}


@pytest.mark.parametrize(("base", "connects"), [((2.0, 0, 0), 1), ((9.0, 0, 0), 0)])
def test_going_from_room_to_room_connects_them(robot, base, connects):
    robot.does(room="Kitchen", base=(0.0, 0.0, 0.0))
    robot.does(room="", base=(1.0, 0.0, 0.0))
    robot.does(room="Bedroom", base=base)
    assert robot.facts("connects") == ({("Bedroom", "connects", "Kitchen")} if connects else set())
    assert robot.facts("in_room") == {("robot", "in_room", "Bedroom")}
    first = [e.confidence(0) for e in robot.store.graph.current() if e.relation == "connects"]
    robot.does(room="Kitchen", base=(base[0] - 1.0, 0.0, 0.0))
    assert [e.seen for e in robot.store.graph.current() if e.relation == "connects"] == [1 + connects]
    assert all(0.6 < p < 0.75 for p in first)


def test_where_a_thing_belongs_is_told_and_stays_when_it_is_moved(robot, thing):
    robot.does(thing("Cup", support="Table"))
    for _ in range(2):
        robot.does(relations=[("cup", "belongs in", "Cabinet")])
    robot.act("pick", "Cup")
    assert robot.facts() == {("Cup", "belongs_in", "Cabinet"), ("robot", "holds", "Cup")}
    edge = robot.store.graph.get(("Cup", "belongs_in", "Cabinet"))
    week_ns = 7 * 86_400 * 10**9
    assert edge.confidence(edge.last_ns + week_ns) > 0.75
