from __future__ import annotations

import pytest

from engram.memory.contract import Percepts, Seen, Source
from engram.memory.objects import ObjectStore
from engram.memory.unite import same_things

MUG = Seen("Mug", 0.95, (1.0, 0.0, 0.9), (0.1, 0.1, 0.1), "Desk")
DESK = Seen("Desk", 0.95, (1.0, 0.0, 0.4), (1.0, 0.6, 0.8), "Floor")


def moved(thing, dx=0.0, dy=0.0, **kw):
    x, y, z = thing.centre_m
    values = {"support": thing.support, "feature": thing.feature, "label": thing.label, **kw}
    return Seen(values["label"], 0.95, (x + dx, y + dy, z), thing.extent_m, values["support"], values["feature"])


def known(robot, *views, action=None):
    store = ObjectStore()
    for step, view in enumerate(views):
        percepts = Percepts(Source(robot, "e", step, step), things=view, base=(0.0, 0.0, 0.0))
        for event in store.propose(percepts):
            store.apply(event)
    for event in store.propose(Percepts(Source(robot, "e", 9, 9), action=action)) if action else ():
        store.apply(event)
    return robot, store


def test_things_at_one_place_are_one_and_the_nearest_of_namesakes():
    row = [moved(MUG, dy=0.2 * k) for k in range(3)]
    shifted = [moved(mug, dy=0.05) for mug in reversed(row)]
    same = same_things([known("a", [DESK, *row]), known("b", [*shifted, moved(DESK, 0.05)])])
    assert same["a"] == {}
    assert same["b"] == {
        "Desk_1": ("a", "Desk_1"),
        "Mug_1": ("a", "Mug_3"),
        "Mug_2": ("a", "Mug_2"),
        "Mug_3": ("a", "Mug_1"),
    }


def test_a_third_robot_finds_what_only_the_second_knows():
    lamp = Seen("Lamp", 0.9, (5.0, 0.0, 1.0), (0.2, 0.2, 0.4))
    same = same_things([known("a", [DESK]), known("b", [DESK, lamp]), known("c", [lamp, DESK])])
    assert same["c"] == {"Lamp_1": ("b", "Lamp_1"), "Desk_1": ("a", "Desk_1")}


@pytest.mark.parametrize(
    "other",
    [moved(MUG, dx=0.6), moved(MUG, label="Cup"), moved(MUG, feature=(0.0, 1.0)), moved(MUG, support="Floor")],
    ids=["elsewhere", "of another name", "of another look", "on something else"],
)
def test_what_differs_stays_two(other):
    mug = moved(MUG, feature=(1.0, 0.0))
    assert same_things([known("a", [DESK, mug]), known("b", [DESK, other])])["b"] == {"Desk_1": ("a", "Desk_1")}


def test_what_was_carried_stays_two():
    held = known("b", [DESK, MUG], action={"verb": "pick", "target": "Mug", "outcome": "ok"})
    assert "Mug_1" not in same_things([known("a", [DESK, MUG]), held])["b"]


def test_what_rests_on_two_things_is_two():
    desk = moved(DESK, label="Table")
    assert same_things([known("a", [DESK, MUG]), known("b", [desk, moved(MUG, support="Table")])])["b"] == {}


def test_each_of_many_things_is_found():
    views = [Seen(f"Book{k}", 0.9, (0.7 * (k % 40), 0.7 * (k // 40), 1.0), (0.1, 0.1, 0.1)) for k in range(1600)]
    same = same_things([known("a", views), known("b", [moved(v, dx=0.05) for v in views])])
    assert same["b"] == {f"Book{k}_1": ("a", f"Book{k}_1") for k in range(1600)}
