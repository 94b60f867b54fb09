from __future__ import annotations

import pytest

from engram.perception.language.testing import Told
from engram.planners.contract import AT, HOLDING, IN_ROOM, OPEN, Beliefs, Plan, Step, Thing

PLACES = {
    "Mug_1": "CounterTop_1",
    "Apple_1": "CounterTop_1",
    "Knife_1": "CounterTop_1",
    "Ring_1": "Safe_1",
    "Book_1": "DiningTable_1",
}
FIXTURES = ("CounterTop_1", "DiningTable_1", "Fridge_1", "Microwave_1", "SinkBasin_1", "Safe_1", "CoffeeMachine_1",
            "DeskLamp_1", "Toaster_1")  # fmt: skip
CLOSED = ("Fridge_1", "Microwave_1", "Safe_1")


class Symbolic:
    """A planner that always plans the same, and notes what it was told."""

    def __init__(self, plan=None):
        self.answer, self.asked = plan or Plan((Step("explore"),)), []

    def plan(self, goal, beliefs, feedback=()):
        self.asked.append((goal, beliefs, tuple(feedback)))
        return self.answer


def make_beliefs(held="", explored=False, facts=None, things=()):
    named = {name: Thing(name, name.split("_")[0], (1.0, 2.0, 0.5)) for name in (*FIXTURES, *PLACES)}
    true = {(AT, thing, place): True for thing, place in PLACES.items() if thing != held}
    true |= {(OPEN, name): False for name in CLOSED}
    true |= {(IN_ROOM, name, "Kitchen"): True for name in named}
    if held:
        true[(HOLDING, held)] = True
    named |= {thing.name: thing for thing in things}
    return Beliefs(named, {**true, **(facts or {})}, explored)


@pytest.fixture
def told():
    return Told


@pytest.fixture
def symbolic():
    return Symbolic


@pytest.fixture
def believe():
    return make_beliefs
