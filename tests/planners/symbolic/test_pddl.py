import random

import pytest

from engram.planners.contract import CLEAN, COLD, FILLED, HOT, Goal, Noun, Plan, Step, Want
from engram.planners.goals import parse_goal
from engram.planners.placement import PlacementPrior
from engram.planners.symbolic import planner as planner_module
from engram.planners.symbolic.grounding import Grounding
from engram.planners.symbolic.htn import NO_PLAN
from engram.planners.symbolic.planner import SymbolicConfig, SymbolicPlanner, flaw
from engram.planners.symbolic.record import Record
from engram.planners.symbolic.state import State

pytest.importorskip("unified_planning", reason="the extra 'plan' is not installed")
pytest.importorskip("up_fast_downward", reason="the extra 'plan' is not installed")

from engram.planners.symbolic.pddl import encode, limits, solve, valid

PRIOR = PlacementPrior.load()
PLACES = ["CounterTop_1", "DiningTable_1", "Cabinet_1", "Fridge_1", "Microwave_1"]
HOLDERS = ["CounterTop", "DiningTable", "Cabinet", "Fridge"]
CAN_BE = {
    "Apple": [CLEAN, HOT, COLD],
    "Mug": [CLEAN, HOT, COLD, FILLED],
    "Book": [],
    "Plate": [CLEAN],
    "Pot": [CLEAN, FILLED],
}


def problem(goal, beliefs, steps=()):
    state = State.of(beliefs)
    record = Record()
    record.note(state)
    grounding = Grounding(goal, state, record)
    return encode(state, grounding.names | {arg for step in steps for arg in step.args}, grounding.goals), state


def random_case(kitchen, seed):
    """Up to four things of different kinds in random places, some wanted elsewhere and in some state."""
    rng = random.Random(seed)
    kinds = rng.sample(sorted(CAN_BE), 4)
    places = {f"{kind}_1": rng.choice(PLACES) for kind in kinds}
    wants = []
    for kind in kinds[: rng.randint(1, 3)]:
        states = frozenset(rng.sample(CAN_BE[kind], min(len(CAN_BE[kind]), rng.randint(0, 1))))
        holders = HOLDERS[:-1] if HOT in states else HOLDERS
        wants.append(Want(Noun(frozenset({kind}), states), at=Noun(frozenset({rng.choice(holders)}))))
    if "Plate_1" in places and rng.random() < 0.5 and places["Plate_1"] != "Microwave_1":
        inside = next(name for name in places if name != "Plate_1")
        places = {"Plate_1": places["Plate_1"], **places, inside: "Plate_1"}
    held = "Knife_1" if rng.random() < 0.3 else ""
    return Goal(tuple(wants)), kitchen(held=held, **places)


def test_the_librarys_validator_agrees_on_random_problems(kitchen):
    lengths = []
    for seed in range(12):
        goal, beliefs = random_case(kitchen, seed)
        steps = SymbolicPlanner(None, PRIOR, SymbolicConfig(search=False)).plan(goal, beliefs).steps
        encoded, state = problem(goal, beliefs, steps)
        assert valid(encoded, steps, state), (seed, goal, steps)
        assert not steps or not valid(encoded, steps[:-2], state), (seed, "two steps short")
        lengths.append(len(steps))
    assert sum(lengths) > 60


def test_the_validator_rejects_what_thinking_it_through_rejects(kitchen):
    beliefs = kitchen(Mug_1="Cabinet_1")
    goal = parse_goal("put a mug on the dining table")
    steps = [Step("pick", ("Mug_1",)), Step("place", ("DiningTable_1",))]
    encoded, state = problem(goal, beliefs, steps)
    assert flaw(steps, state.copy()) is not None
    assert not valid(encoded, steps, state)
    steps = [Step("open", ("Cabinet_1",)), *steps]
    assert flaw(steps, state.copy()) is None
    assert valid(encoded, steps, state)


def test_what_the_search_finds_can_be_thought_through(kitchen):
    goal = parse_goal("put a bowl with an apple in it in the fridge")
    encoded, state = problem(goal, kitchen(Apple_1="Cabinet_1", Bowl_1="DiningTable_1"))
    steps = solve(encoded, 30.0)
    assert steps is not None
    after = state.copy()
    assert flaw(steps, after) is None
    assert (after.holder["Apple_1"], after.holder["Bowl_1"]) == ("Bowl_1", "Fridge_1")


def test_the_search_is_asked_where_the_decomposition_finds_nothing(kitchen, monkeypatch):
    monkeypatch.setattr(planner_module, "decompose", lambda *_: (Plan(refusal=NO_PLAN), False))
    goal = parse_goal("put an apple in the fridge")
    beliefs = kitchen(Apple_1="CounterTop_1")
    plan = SymbolicPlanner(None, PRIOR, SymbolicConfig(deadline_secs=30.0)).plan(goal, beliefs)
    assert sorted(map(str, plan.steps))[:1] == ["open(Fridge_1)"]
    assert [str(step) for step in plan.steps if step.skill != "open"] == ["pick(Apple_1)", "place(Fridge_1)"]
    assert SymbolicPlanner(None, PRIOR, SymbolicConfig(search=False)).plan(goal, beliefs).refusal == NO_PLAN


def test_the_search_is_not_waited_for_beyond_its_deadline(kitchen, monkeypatch):
    monkeypatch.setattr(planner_module, "decompose", lambda *_: (Plan(refusal=NO_PLAN), False))
    goal = parse_goal("put an apple in the fridge")
    plan = SymbolicPlanner(None, PRIOR, SymbolicConfig(deadline_secs=0.0)).plan(goal, kitchen(Apple_1="CounterTop_1"))
    assert plan.refusal == NO_PLAN


def test_the_engine_ends_by_itself():
    assert limits("fast-downward", 4.2) == {"fast_downward_search_time_limit": "5s"}
    assert limits("fast-downward", 0.0) == {"fast_downward_search_time_limit": "1s"}
    assert limits("another", 4.2) == {}
