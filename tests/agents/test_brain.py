from __future__ import annotations

import statistics

import pytest

from engram.agents.brain import Brain, BrainConfig
from engram.agents.scribe import Scribe, View
from engram.memory.contract import Percepts, Query, Seen, Source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores
from engram.planners.contract import AT, NO_EFFECT, NOT_FOUND, OK, Plan, Result, Step, Verdict
from engram.planners.critic import CriticConfig
from engram.planners.symbolic.planner import SymbolicPlanner

TASK = "Put a mug on the shelf."
STORES = ("objects", "graph", "temporal", "episodic", "semantic")
PLACES = {"Shelf": (2.0, 0.0, 0.5), "Desk": (0.0, 2.0, 0.5)}
BIG, SMALL = (1.0, 0.6, 1.0), (0.1, 0.1, 0.1)


class Room:
    """A shelf, a desk, and a mug on the desk; a brain in it, whose steps are carried out at once."""

    def __init__(self, path, planner=None, config=None, episode="first", critic=None, at="Desk"):
        stores = default_stores(STORES)
        self.memory = Hippocampus(path, stores, HippocampusConfig(naps=False, deadline_secs=10.0))
        self.scribe = Scribe(self.memory, stores)
        config = config or BrainConfig(settle_secs=10.0, max_steps=20)
        make = planner or (lambda where: SymbolicPlanner(where))
        self.brain = Brain(self.scribe, make, config, **({} if critic is None else {"critic": critic}))
        newest = self.memory.newest
        self.stamp_ns = 0 if newest is None else newest.stamp_ns
        self.episode, self.number = episode, 0 if newest is None else newest.step
        self.mug, self.dead, self.taken = at, frozenset(), []

    def look(self, action=None):
        self.number += 1
        self.stamp_ns += 1_000_000_000
        things = [Seen(kind, 0.99, at, BIG, room="Bedroom") for kind, at in PLACES.items()]
        if self.mug in PLACES:
            x, y, _ = PLACES[self.mug]
            things.append(Seen("Mug", 0.99, (x, y, 1.05), SMALL, self.mug))
        elif self.mug == "hand":
            things.append(Seen("Mug", 0.99, (1.0, 1.0, 1.0), SMALL, held=True))
        source = Source("robot", self.episode, self.number, self.stamp_ns)
        percepts = Percepts(source, things=things, base=(1.0, 1.0, 0.0), room="Bedroom", action=action or {})
        self.brain.see(View(percepts, looked_into=(0, 1), holding=self.mug == "hand", explored=True))

    def do(self, step):
        """Carry a step out, unless its actuator is dead, which it says nothing of."""
        self.taken.append(str(step))
        known = self.brain.beliefs.things
        kind = known[step.args[0]].kind if step.args and step.args[0] in known else ""
        action = {"verb": step.skill, "target": kind, "outcome": OK}
        if step.skill in self.dead:
            action["outcome"] = NO_EFFECT
        elif step.skill == "pick":
            if self.mug not in PLACES:
                return Result(step, NOT_FOUND, 1)
            self.mug, action["position_m"] = "hand", (*PLACES[self.mug][:2], 1.05)
        elif step.skill == "place":
            self.mug, action["position_m"] = kind, PLACES[kind]
        self.look(action)
        return Result(step, OK, 1)

    def run(self, task=TASK, stop_after=None):
        thought = self.brain.think(task)
        try:
            step = next(thought)
            while True:
                result = self.do(step)
                if len(self.taken) == stop_after:
                    return None
                step = thought.send(result)
        except StopIteration as end:
            return end.value

    def close(self):
        self.scribe.close()
        self.memory.close()


@pytest.fixture
def room(tmp_path):
    made = []

    def make(**choices):
        made.append(Room(tmp_path / "memory.db", **choices))
        made[-1].look()
        return made[-1]

    yield make
    for each in made:
        each.close()


class Script:
    """Gives the same plan again and again."""

    def __init__(self, *steps):
        self.steps, self.heard = steps, []

    def __call__(self, where):
        return self

    def plan(self, goal, beliefs, feedback=()):
        self.heard.append(tuple(feedback))
        return Plan(self.steps)


class No:
    """Rejects whatever it is asked about."""

    def __init__(self, config: CriticConfig):
        self.asked = []

    def judge(self, step, goal, beliefs):
        self.asked.append(str(step))
        return Verdict(False, "no", "I would not")


def test_a_task_is_planned_done_and_claimed(room):
    bedroom = room()
    ending = bedroom.run()
    assert bedroom.taken == ["pick(Mug_1)", "place(Shelf_1)"]
    assert (ending.claimed, ending.reason, ending.moves) == (True, "success", 2)
    assert bedroom.brain.beliefs.holds(AT, "Mug_1", "Shelf_1")


@pytest.mark.parametrize("dead", ["pick", "place"])
def test_an_actuator_that_does_nothing_makes_no_success(room, dead):
    bedroom = room()
    bedroom.dead = frozenset({dead})
    ending = bedroom.run()
    assert not ending.claimed
    assert ending.reason != "success"
    assert {r.outcome for r in ending.steps if r.step.skill == dead} == {NO_EFFECT}
    assert len(ending.steps) <= 20


def test_a_planner_that_says_done_is_not_believed(room):
    ending = room(planner=Script()).run()
    assert (ending.claimed, ending.reason, ending.steps) == (False, "not_shown", ())


def test_what_cannot_be_understood_ends_with_a_reason(room):
    ending = room().run("Florble the mug.")
    assert (ending.claimed, ending.reason) == (False, "unknown_word")


def test_what_is_impossible_is_refused_with_the_reason(room):
    ending = room().run("Put the shelf in a mug.")
    assert not ending.claimed
    assert ending.reason == "not_pickupable"
    assert ending.text


def test_a_critic_that_says_no_leaves_one_step_to_each_plan(room):
    script = Script(Step("go_to", ("Shelf_1",)), Step("go_to", ("Desk_1",)))
    bedroom = room(planner=script, critic=No, config=BrainConfig(settle_secs=10.0, max_steps=5, loop_guard=False))
    ending = bedroom.run()
    assert bedroom.taken == ["go_to(Shelf_1)"] * 5
    assert (ending.reason, ending.plans, ending.rejections) == ("budget", 5, 4)
    assert "I would not" in script.heard[1][-1]


def test_without_the_exemption_such_a_critic_is_noticed(room):
    config = BrainConfig(settle_secs=10.0, first_step_exempt=False)
    ending = room(planner=Script(Step("go_to", ("Shelf_1",))), critic=No, config=config).run()
    assert (ending.reason, ending.steps) == ("livelock", ())


def test_without_a_critic_nobody_is_asked(room):
    critics = []

    def critic(config):
        critics.append(No(config))
        return critics[-1]

    ending = room(critic=critic, config=BrainConfig(settle_secs=10.0, critic=False, max_steps=20)).run()
    assert ending.claimed
    assert critics[0].asked == []


def test_going_round_in_circles_ends_with_a_reason(room):
    script = Script(Step("go_to", ("Shelf_1",)), Step("go_to", ("Desk_1",)))
    ending = room(planner=script, config=BrainConfig(settle_secs=10.0, max_steps=100)).run()
    assert ending.reason == "loop"
    assert len(ending.steps) < 20


def test_the_budget_of_actions_is_kept_to(room):
    config = BrainConfig(settle_secs=10.0, max_moves=1)
    ending = room(config=config).run()
    assert (ending.reason, ending.moves) == ("budget", 1)


@pytest.mark.parametrize("stop_after", [1, 2])
def test_a_task_goes_on_from_the_memory_file(room, tmp_path, stop_after):
    first = room()
    assert first.run(stop_after=stop_after) is None
    first.scribe.flush(10.0)
    where = first.mug
    first.close()
    second = Room(tmp_path / "memory.db", at=where)
    second.look()
    assert second.brain.unfinished == TASK
    ending = second.run(second.brain.unfinished)
    assert ending.claimed
    assert second.taken == ([] if stop_after == 2 else ["place(Shelf_1)"])
    assert second.brain.unfinished == ""
    second.close()


def test_what_is_only_remembered_is_looked_for_before_it_counts(room):
    first = room(at="Shelf")
    assert first.run("Put a mug on the shelf.").claimed
    first.close()
    moved = room(episode="second", at="elsewhere")
    ending = moved.run()
    assert not ending.claimed


def test_attempts_are_kept_as_episodes_with_their_outcome(room):
    bedroom = room()
    bedroom.run()
    bedroom.scribe.flush(10.0)
    hits = bedroom.memory.recall(Query(TASK, stores=frozenset({"episodic"}))).hits["episodic"]
    assert hits[0].data["outcome"] == "success"
    assert any("place(Shelf_1)" in text for _, text in hits[0].data["steps"])


@pytest.mark.parametrize(("temporal", "sentences"), [(True, 3), (False, 1)])
def test_temporal_memory_is_what_the_planner_hears_of_failures(room, temporal, sentences):
    script = Script(Step("pick", ("Mug_1",)))
    config = BrainConfig(settle_secs=10.0, temporal=temporal, max_steps=4, loop_guard=False, critic=False)
    bedroom = room(planner=script, config=config, at="elsewhere")
    bedroom.do = lambda step: Result(step, NOT_FOUND, 1)
    bedroom.run()
    assert len(script.heard[3]) == sentences


def test_a_decision_takes_little_time(room):
    bedroom = room(config=BrainConfig(settle_secs=10.0, max_steps=40))
    secs = []
    for number in range(8):
        bedroom.mug, bedroom.taken = "Desk", []
        bedroom.look()
        secs += bedroom.run(TASK if number % 2 else "Put the mug on the shelf.").decision_secs
    assert statistics.median(secs) < 0.2  # of a busy machine; 5 ms on an idle one
