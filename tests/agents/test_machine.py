from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engram.agents.machine import Errand, State, run
from engram.agents.tidy import Budgets, TidyAgent, TidyConfig
from engram.perception.oracle import MaskDetector
from engram.sims.contract import Outcome, Verb, act


def episode(world, agent, limit=400):
    observation, _ = world.reset(seed=0)
    agent.reset(observation)
    for _ in range(limit):
        observation, _, terminated, truncated, _ = world.step(agent.act(observation))
        if terminated or truncated:
            return terminated
    return False


def agent_in(world, *, detector=None, budgets=None, parts=None, **choices):
    seen = detector or MaskDetector(world.masks, world.labels)
    return TidyAgent(seen, TidyConfig(budgets=budgets or Budgets(), **choices), parts=parts)


def phases(agent):
    return [(e.label, e.reason) for e in agent.journal() if e.kind == "phase"]


def constant(state, why="", steps=0):
    def part(sit, errand):
        for _ in range(steps):
            yield act(Verb.ROTATE_LEFT)
            sit.step += 1
        errand.why = why
        if state is State.FETCH:
            errand.attempts, errand.begun = errand.attempts + 1, sit.step
        return state

    return part


def test_states_follow_one_another_until_attempts_are_spent(just_begun):
    sit, _ = just_begun
    parts = {
        State.EXPLORE: constant(State.SEARCH_OOP),
        State.SEARCH_OOP: constant(State.FETCH),
        State.FETCH: constant(State.SEARCH_OOP, "not_seen", steps=2),
    }
    actions = list(run(sit, Errand(), parts, Budgets(attempts=2)))
    told = [(e.label, e.reason) for e in sit.events]
    cycle = [("search_oop", ""), ("fetch", ""), ("search_oop", "not_seen"), ("fetch", "")]
    assert told == [("explore", ""), *cycle, ("done", "out_of_attempts")]
    assert len(actions) == 4
    assert sit.phase == "done"


def test_time_passes_where_an_attempt_takes_no_step(just_begun):
    sit, _ = just_begun
    parts = {State.SEARCH_OOP: constant(State.FETCH), State.FETCH: constant(State.SEARCH_OOP)}
    actions = list(run(sit, Errand(), parts, Budgets(attempts=3), State.SEARCH_OOP))
    assert len(actions) == 2 * 4  # the base of this world does not turn: a turn gives up after four tries


def test_an_episode_goes_through_its_states(box_world):
    agent = agent_in(box_world)
    assert episode(box_world, agent)
    names = [name for name, _ in phases(agent)]
    one = ["search_oop", "fetch", "propose", "locate", "place"]
    assert names == ["explore", *one * 3, "search_oop", "done"]
    assert ("locate", "Bed, Sofa, ArmChair") in phases(agent)


def test_an_attempt_is_all_that_a_budget_of_one_gives(box_world):
    agent = agent_in(box_world, budgets=Budgets(attempts=1))
    assert episode(box_world, agent)
    assert phases(agent)[-1] == ("done", "out_of_attempts")
    assert [e.kind for e in agent.journal()].count("picked") == 1


def test_patience_ends_with_the_hand_empty(box_world):
    box_world._place = lambda point: Outcome.NO_SPACE
    agent = agent_in(box_world, budgets=Budgets(failed_actions=4))
    assert episode(box_world, agent)
    assert box_world.held is None
    failed = [(e.label, e.reason) for e in agent.journal() if e.kind == "failed"]
    assert failed[-1][1] == "out_of_steps"
    assert agent.status()["step"] < 150


def test_what_is_proposed_may_be_told(box_world):
    def bed(sit, errand):
        yield from ()
        errand.label, errand.classes, errand.told = sit.held, ("Bed",), True
        return State.LOCATE

    agent = agent_in(box_world, parts={State.PROPOSE: bed}, budgets=Budgets(attempts=3))
    assert episode(box_world, agent)
    assert box_world.under("Mug") == "Bed"


def test_where_no_place_is_proper_any_receptacle_is_better_than_the_floor(box_world):
    nowhere = {State.LOCATE: constant(State.PLACE_FALLBACK)}
    box_world.reset(seed=0)
    box_world.where("Mug").label = "Plunger"  # belongs on bathroom floors; there is no bathroom
    box_world._make = box_world.boxes
    agent = agent_in(box_world, parts=nowhere, budgets=Budgets(attempts=1))
    assert episode(box_world, agent)
    assert box_world.held is None
    placed = [e for e in agent.journal() if e.kind == "placed"]
    assert len(placed) == 1
    assert placed[0].target in {"Bed", "Desk", "CounterTop", "DiningTable", "Sink", "Floor"}


class Narrow:
    """Makes a world refuse to let go of things but in one direction, and to take any."""

    def __init__(self, world):
        self.drop = world._drop
        world._place, world._drop = (lambda point: Outcome.NO_SPACE), self._dropped
        self.world = world

    def _dropped(self):
        return self.drop() if self.world.h == 3 else Outcome.BLOCKED


def pick_step(world, **choices):
    agent = agent_in(world, **choices)
    episode(world, agent)
    return next(e.step for e in agent.journal() if e.kind == "picked")


@pytest.mark.parametrize("late", [1, 12, 24])
def test_never_ends_with_something_in_the_hand(box_world, late):
    Narrow(box_world)
    begun = pick_step(box_world, explore_steps=0, max_steps=60)
    agent = agent_in(box_world, explore_steps=0, max_steps=begun + 5 + late)
    assert episode(box_world, agent)
    assert box_world.held is None
    assert agent.status()["holding"] == ""
    assert any(e.kind == "failed" and e.reason == "out_of_steps" for e in agent.journal())


@pytest.mark.slow
@pytest.mark.parametrize("budget", range(20, 201, 9))
def test_never_ends_with_something_in_the_hand_whatever_the_steps(box_world, budget):
    Narrow(box_world)
    agent = agent_in(box_world, explore_steps=0, max_steps=budget)
    assert episode(box_world, agent)
    assert box_world.held is None
    assert agent.status()["step"] <= budget


class Slippery:
    """Makes a world in which what is held falls down, once, after a few moves."""

    def __init__(self, world, moves=6):
        self.move, self.left, self.world = world._move, moves, world
        world._move = self._moved

    def _moved(self, i, j):
        done = self.move(i, j)
        self.left -= self.world.held is not None and done is Outcome.OK
        if self.left == 0 and self.world.held is not None:
            self.world._drop()
        return done


def test_what_slips_out_of_the_hand_is_missed_at_once_and_found_again(box_world):
    Slippery(box_world)
    agent = agent_in(box_world)
    assert episode(box_world, agent)
    failed = [e for e in agent.journal() if e.kind == "failed"]
    assert [e.reason for e in failed] == ["slipped"]
    picked = [e for e in agent.journal() if e.kind == "picked"]
    assert [e.label for e in picked].count(failed[0].label) == 2
    again = next(e for e in picked if e.step > failed[0].step)
    assert again.label == failed[0].label
    assert again.step - failed[0].step < 20
    assert (agent.status()["tidied"], agent.status()["failed"]) == (3, 1)
    assert box_world.under("Pillow") == "Bed"


def test_a_pick_that_leaves_the_hand_empty_is_a_failure(box_world):
    pick, slips = box_world._pick, [1]

    def slip(point):
        outcome = pick(point)
        if outcome is Outcome.OK and slips:
            slips.pop()
            box_world._drop()
        return outcome

    box_world._pick = slip
    agent = agent_in(box_world)
    assert episode(box_world, agent)
    assert [e.reason for e in agent.journal() if e.kind == "failed"] == ["slipped"]
    assert agent.status()["tidied"] == 3


class Doubtful(MaskDetector):
    """Is never sure, and does not see some things from near."""

    shy = ""

    def detect(self, observation):
        seen = [replace(d, score=0.8) for d in super().detect(observation)]
        depth = observation["depth"]
        return [d for d in seen if d.label != self.shy or np.median(depth[d.mask]) > 1.5]


def test_what_is_not_seen_from_near_is_grasped_where_it_was_seen(box_world):
    detector = Doubtful(box_world.masks, box_world.labels)
    detector.shy = "Pillow"
    agent = agent_in(box_world, detector=detector)
    assert episode(box_world, agent)
    assert box_world.under("Pillow") == "Bed"
    assert agent.status()["tidied"] >= 3


def test_a_receptacle_that_is_not_seen_from_near_is_put_on_where_it_was_seen(box_world):
    detector = Doubtful(box_world.masks, box_world.labels)
    detector.shy = "Bed"
    agent = agent_in(box_world, detector=detector)
    assert episode(box_world, agent)
    assert box_world.under("Pillow") == "Bed"
