"""What counts as done: each family of tasks, reached and not."""

from __future__ import annotations

import pytest

from engram.evaluation.household.check import Scene, beside, check, meant
from engram.planners.contract import CLEAN, COLD, FILLED, HOT, ON, OPEN, SLICED, Goal, Noun, Want
from engram.sims.contract import TrueObject

FIXED = ("CounterTop", "SideTable", "Fridge", "DeskLamp", "Bed")


def thing(id_, *holders, at=(0.0, 0.0, 0.5), room="Kitchen_1", **state):
    kind = id_.split("_")[0]
    return TrueObject(id_, kind, at, (0.1, 0.1, 0.1), holders, room, kind not in FIXED, True, False, state)


def noun(*kinds, **more):
    states = frozenset(more.pop("states", ()))
    return Noun(frozenset(kinds), states, **more)


HOUSE = (
    thing("CounterTop_1", at=(0.0, 0.0, 0.5)),
    thing("SideTable_1", at=(3.0, 0.0, 0.5), room="Bedroom_1"),
    thing("Fridge_1", at=(1.0, 3.0, 0.5), open=False),
    thing("DeskLamp_1", at=(2.0, 3.0, 0.5), toggled=False),
)
START = (*HOUSE, thing("Mug_1", "CounterTop_1", dirty=True), thing("Mug_2", "SideTable_1", room="Bedroom_1"))


def judged(want_or_wants, *end, start=START, **scene):
    wants = want_or_wants if isinstance(want_or_wants, tuple) else (want_or_wants,)
    found = check(Goal(wants), Scene(start, **scene), Scene((*HOUSE, *end), **scene))
    return found.met, found.total, found.success


IN_FRIDGE = Want(noun("Mug"), noun("Fridge"))


def test_put_somewhere():
    assert judged(IN_FRIDGE, thing("Mug_1", "Fridge_1")) == (1, 1, True)
    assert judged(IN_FRIDGE, thing("Mug_1", "CounterTop_1")) == (0, 1, False)
    assert judged(IN_FRIDGE, thing("Cup_1", "Fridge_1")) == (0, 1, False)
    assert judged(IN_FRIDGE) == (0, 1, False), "there is none"


def test_what_lies_in_something_there_is_there():
    end = thing("Bowl_1", "Fridge_1"), thing("Mug_1", "Bowl_1", "Fridge_1")
    assert judged(IN_FRIDGE, *end) == (1, 1, True)


def test_two_on_the_same_one():
    want = Want(noun("Mug"), noun("CounterTop", "SideTable"), count=2)
    assert judged(want, thing("Mug_1", "CounterTop_1"), thing("Mug_2", "CounterTop_1")) == (2, 2, True)
    assert judged(want, thing("Mug_1", "CounterTop_1"), thing("Mug_2", "SideTable_1")) == (1, 2, False)


def test_look_in_the_light():
    wants = (Want(noun("Book"), held=True), Want(noun("DeskLamp", states=[ON])))
    lit = thing("DeskLamp_1", toggled=True)
    start = (*HOUSE, thing("Book_1", "SideTable_1", held=False))

    def at_end(book, lamp):
        scene = [t for t in HOUSE if t.id != "DeskLamp_1"] + [book, lamp]
        found = check(Goal(wants), Scene(start), Scene(scene))
        return found.met, found.success

    assert at_end(thing("Book_1", held=True), lit) == (2, True)
    assert at_end(thing("Book_1", held=True), thing("DeskLamp_1", toggled=False)) == (1, False)
    assert at_end(thing("Book_1", "SideTable_1", held=False), lit) == (1, False)


@pytest.mark.parametrize(
    ("state", "so", "not_so"),
    [
        (CLEAN, {"dirty": False}, {"dirty": True}),
        (HOT, {"temperature": "Hot"}, {"temperature": "RoomTemp"}),
        (COLD, {"temperature": "Cold"}, {"temperature": "Hot"}),
        (FILLED, {"filled": "water"}, {"filled": ""}),
        (SLICED, {"sliced": True}, {"sliced": False}),
        (OPEN, {"open": True}, {"open": False}),
    ],
)
def test_treated_and_put_somewhere(state, so, not_so):
    want = Want(noun("Mug", states=[state]), noun("SideTable"))
    assert judged(want, thing("Mug_1", "SideTable_1", **so)) == (2, 2, True)
    assert judged(want, thing("Mug_1", "SideTable_1", **not_so)) == (1, 2, False)
    assert judged(want, thing("Mug_1", "CounterTop_1", **so)) == (1, 2, False)
    apart = thing("Mug_1", "SideTable_1", **not_so), thing("Mug_2", "CounterTop_1", **so)
    assert judged(want, *apart) == (1, 2, False), "one thing must have it all"


def test_something_in_what_is_moved():
    wants = (Want(noun("Fork"), noun("Bowl")), Want(noun("Bowl"), noun("SideTable")))
    start = (*HOUSE, thing("Fork_1", "CounterTop_1"), thing("Bowl_1", "CounterTop_1"), thing("Bowl_2", "SideTable_1"))
    bowl, fork = thing("Bowl_1", "SideTable_1"), thing("Fork_1", "Bowl_1", "SideTable_1")
    assert judged(wants, bowl, fork, start=start) == (2, 2, True)
    left = thing("Bowl_1", "CounterTop_1"), thing("Bowl_2", "SideTable_1"), thing("Fork_1", "Bowl_1", "CounterTop_1")
    assert judged(wants, *left, start=start) == (1, 2, False), "the fork is in a bowl that was not moved"


def test_slices_are_things_of_their_own():
    want = Want(noun("AppleSliced"), noun("CounterTop"))
    start = (*HOUSE, thing("Apple_1", "Fridge_1"))
    assert judged(want, thing("Apple_1_slice_1", "CounterTop_1"), start=start) == (0, 1, False)
    piece = TrueObject(
        "Apple_1_slice_1", "AppleSliced", (0, 0, 0), (0, 0, 0), ("CounterTop_1",), "", True, False, False, {}
    )
    assert judged(want, piece, start=start) == (1, 1, True)
    assert judged(want, thing("Apple_1", "CounterTop_1"), start=start) == (0, 1, False)


def test_descriptions_speak_of_how_it_was_at_first():
    colours = {"Mug_1": "red", "Mug_2": "blue"}
    other, right = thing("Mug_2", "Fridge_1"), thing("Mug_1", "Fridge_1")
    for described in (
        noun("Mug", colour="red"), noun("Mug", room="Kitchen"), noun("Mug", place=noun("CounterTop")),
    ):  # fmt: skip
        want = Want(described, noun("Fridge"))
        rooms = {"Kitchen_1": "Kitchen", "Bedroom_1": "Bedroom"}
        assert judged(want, right, colours=colours, rooms=rooms) == (1, 1, True)
        assert judged(want, other, colours=colours, rooms=rooms) == (0, 1, False)


def test_neighbours():
    near = thing("Fork_1", "CounterTop_1", at=(0.3, 0.0, 0.5))
    scene = Scene((*START, near, thing("Fork_2", "CounterTop_1", at=(1.2, 0.0, 0.5))))
    assert [t.id for t in meant(noun("Fork", beside=noun("Mug")), scene)] == ["Fork_1"]
    assert beside(near, scene.by_id()["Mug_1"])
    assert not beside(near, near)
    assert not beside(thing("Fork_1", "Bowl_1", at=(0.3, 0.0, 0.5)), scene.by_id()["Mug_1"]), "in something else"


def test_a_goal_without_wants_is_never_reached():
    assert judged(()) == (0, 0, False)
