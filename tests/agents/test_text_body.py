from __future__ import annotations

import math
from dataclasses import replace

import pytest

from engram.agents.brain import Brain, BrainConfig
from engram.agents.scribe import Scribe
from engram.agents.text_body import Episode, TextBody, run
from engram.agents.text_rooms import Rooms
from engram.evaluation.household.faults import DeadText
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores
from engram.planners.contract import AT, NO_EFFECT, NOT_FOUND, OPEN, SEARCHED, UNKNOWN_SKILL, Step
from engram.planners.symbolic.planner import SymbolicPlanner
from engram.sims.house.text import TextHouse
from engram.sims.text import TextObservation

STORES = ("objects", "graph", "temporal", "episodic", "semantic")
PATIENT = BrainConfig(settle_secs=10.0, max_steps=20)


class Home:
    """A kitchen in words, and a body and a brain in it."""

    def __init__(self, path, seed=3, dead="", house=None, episode="first"):
        self.house = house or TextHouse()
        world = DeadText(self.house, dead) if dead else self.house
        seen = world.reset(seed, {"rooms": ["Kitchen"]})
        stores = default_stores(STORES)
        self.memory = Hippocampus(path, stores, HippocampusConfig(naps=False, deadline_secs=10.0))
        self.scribe = Scribe(self.memory, stores)
        self.brain = Brain(self.scribe, lambda where: SymbolicPlanner(where), PATIENT)
        newest = self.memory.newest
        later_ns = 0 if newest is None else newest.stamp_ns + 60_000_000_000
        self.body = TextBody(world, self.brain, Episode("robot", episode, later_ns))
        self.body.begin(seen)
        self.think()

    def think(self):
        self.brain.update()

    def do(self, skill, *args):
        result = self.body.run(Step(skill, args))
        self.think()
        return result

    def true(self, category):
        return [t for t in self.house.truth.objects() if t.category == category]

    def close(self):
        self.scribe.close()
        self.memory.close()


@pytest.fixture
def home(tmp_path):
    made = []

    def make(**choices):
        made.append(Home(tmp_path / f"memory{len(made)}.db", **choices))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_what_is_told_is_believed(home):
    kitchen = home()
    kitchen.do("explore")
    true = kitchen.house.truth.objects()
    believed = kitchen.brain.beliefs
    assert believed.explored
    assert len(believed.things) > 5
    for thing in believed.things.values():
        off = [math.dist(t.position, thing.position_m) for t in true if t.category == thing.kind]
        assert min(off) < 0.01


def test_a_thing_is_found_picked_up_and_put_into_what_was_opened(home):
    kitchen = home()
    found = kitchen.do("find", "Mug")
    assert found.ok
    assert kitchen.brain.beliefs.things[found.found].kind == "Mug"
    assert kitchen.do("find", "Fridge").found == "Fridge_1"
    assert kitchen.do("pick", found.found).ok
    assert kitchen.brain.beliefs.held == found.found
    assert kitchen.do("place", "Fridge_1").outcome == "closed"
    assert kitchen.do("open", "Fridge_1").ok
    assert kitchen.brain.beliefs.holds(OPEN, "Fridge_1") is True
    assert kitchen.do("place", "Fridge_1").ok
    assert kitchen.brain.beliefs.holds(AT, found.found, "Fridge_1") is True
    assert kitchen.do("close", "Fridge_1").ok
    assert [m.receptacles for m in kitchen.true("Mug") if m.receptacles == ("Fridge_1",)]


def test_cooling_ends_with_the_thing_in_the_hand_and_the_door_shut(home):
    kitchen = home()
    mug = kitchen.do("find", "Mug").found
    kitchen.do("find", "Fridge")
    assert kitchen.do("pick", mug).ok
    result = kitchen.do("cool", "Fridge_1")
    assert result.ok
    assert result.actions > 4
    assert kitchen.brain.beliefs.held == mug
    assert [m.state["temperature"] for m in kitchen.true("Mug") if m.state["held"]] == ["Cold"]
    assert kitchen.true("Fridge")[0].state["open"] is False


def test_looking_into_something_closed_shuts_it_again(home):
    kitchen = home()
    kitchen.do("find", "Fridge")
    assert kitchen.do("search", "Fridge_1").ok
    assert kitchen.true("Fridge")[0].state["open"] is False
    assert kitchen.brain.beliefs.holds(SEARCHED, "Fridge_1") is True
    inside = {t.category for t in kitchen.house.truth.objects() if t.receptacles[:1] == ("Fridge_1",)}
    believed = {kitchen.brain.beliefs.things[f[1]].kind for f in kitchen.brain.beliefs.facts if f[2:] == ("Fridge_1",)}
    assert inside <= believed


def test_furniture_that_cannot_be_overlooked_is_looked_over_from_other_sides(home, monkeypatch):
    kitchen, steps = home(), []
    kitchen.do("find", "CounterTop")
    step = kitchen.house.step

    def hide(skill, args=()):
        steps.append(skill)
        return replace(step(skill, args), looked_into=())

    monkeypatch.setattr(kitchen.house, "step", hide)
    assert kitchen.do("search", "CounterTop_1").ok
    assert steps == ["go_to", "look_around"] * 3


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        (("juggle", "Mug_1"), UNKNOWN_SKILL),
        (("pick",), "invalid"),
        (("pick", "Unicorn_1"), NOT_FOUND),
        (("go_to", "Ballroom"), NOT_FOUND),
        (("heat", "Fridge_1"), "precondition"),
        (("find", "Unicorn"), NOT_FOUND),
    ],
)
def test_what_cannot_be_done_says_why(home, step, outcome):
    kitchen = home()
    kitchen.do("find", "Fridge")
    assert kitchen.do(*step).outcome == outcome


@pytest.mark.parametrize("dead", ["pick", "open", "place"])
def test_a_dead_actuator_is_noticed(home, dead):
    kitchen = home(dead=dead)
    mug = kitchen.do("find", "Mug").found
    kitchen.do("find", "Fridge")
    steps = {"pick": ("pick", mug), "open": ("open", "Fridge_1"), "place": ("place", "CounterTop_1")}
    if dead == "place":
        assert kitchen.do("pick", mug).ok
    assert kitchen.do(*steps[dead]).outcome == NO_EFFECT
    assert kitchen.brain.beliefs.holds(OPEN, "Fridge_1") is not True
    assert bool(kitchen.brain.beliefs.held) == (dead == "place")


@pytest.mark.parametrize("dead", ["pick", "open", "place"])
def test_no_success_is_claimed_with_a_dead_actuator(home, dead):
    kitchen = home(dead=dead)
    ending = run(kitchen.brain, kitchen.body, "Put a mug in the fridge.")
    assert not ending.claimed
    assert not [m for m in kitchen.true("Mug") if m.receptacles == ("Fridge_1",)]


def test_a_task_is_done(home):
    kitchen = home()
    ending = run(kitchen.brain, kitchen.body, "Put a cold mug on the counter.")
    assert ending.claimed, [f"{r.step} {r.outcome}" for r in ending.steps]
    cold = [m for m in kitchen.true("Mug") if m.state["temperature"] == "Cold"]
    assert [r.partition("_")[0] for m in cold for r in m.receptacles[:1]] == ["CounterTop"]
    assert ending.moves == sum(r.actions for r in ending.steps)


def test_rooms_are_looked_at_the_nearest_first_and_those_of_a_kind_before():
    rooms = Rooms()
    rooms.saw(_in("Hall_1", "Bedroom_1", "Kitchen_1"), around=True)
    assert not rooms.explored
    assert list(rooms.unseen("Hall_1")) == ["Bedroom_1", "Kitchen_1"]
    assert rooms.likely("Hall_1", "Kitchen") == "Kitchen_1"
    rooms.saw(_in("Bedroom_1", "Hall_1", "Bathroom_1"), around=True)
    assert list(rooms.unseen("Bedroom_1")) == ["Bathroom_1", "Kitchen_1"]
    rooms.refused("Bathroom_1")
    rooms.saw(_in("Kitchen_1", "Hall_1"), around=True)
    assert rooms.explored
    assert not rooms.is_new("Kitchen_1")


def _in(room, *exits):
    return TextObservation("ok", "", (), (), "", room, exits, (0.0, 0.0, 0.0), 1, 0)
