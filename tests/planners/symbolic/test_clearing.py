from __future__ import annotations

from engram.planners.contract import Result, Step
from engram.planners.goals import parse_goal
from engram.planners.placement import PlacementPrior
from engram.planners.symbolic.clearing import MOST
from engram.planners.symbolic.feedback import failure
from engram.planners.symbolic.planner import SymbolicConfig, SymbolicPlanner

PRIOR = PlacementPrior.load()


def planner():
    return SymbolicPlanner(None, PRIOR, SymbolicConfig(search=False))


def told(plan):
    return plan.refusal or " ".join(map(str, plan.steps))


def failed(skill, name, code):
    return [failure(Result(Step(skill, (name,)), code))]


def test_a_full_basin_is_emptied_before_it_is_given_up(kitchen):
    plans = planner()
    goal = parse_goal("wash a plate and put it on the dining table")
    here = {"Plate_1": "CounterTop_1", "Fork_1": "SinkBasin_1"}
    assert told(plans.plan(goal, kitchen(**here))) == "pick(Plate_1) clean(SinkBasin_1) place(DiningTable_1)"
    full = kitchen(held="Plate_1", Fork_1="SinkBasin_1", DishSponge_1="SinkBasin_1")
    plan = told(plans.plan(goal, full, failed("clean", "SinkBasin_1", "no_space")))
    assert plan == "place(CounterTop_1) pick(DishSponge_1) place(CounterTop_1)"
    emptied = kitchen(Plate_1="CounterTop_1", DishSponge_1="CounterTop_1", Fork_1="SinkBasin_1")
    assert told(plans.plan(goal, emptied)) == "pick(Plate_1) clean(SinkBasin_1) place(DiningTable_1)"


def test_what_stands_before_a_door_is_put_elsewhere(kitchen):
    plans = planner()
    goal = parse_goal("heat an apple and put it on the dining table")
    plans.plan(goal, kitchen(Apple_1="CounterTop_1", Pot_1="Microwave_1"))
    around = kitchen(held="Apple_1", Bottle_1="CounterTop_1", Book_1="DiningTable_1")
    things = dict(around.things)
    near = things["Microwave_1"].position_m
    things["Bottle_1"] = type(things["Bottle_1"])("Bottle_1", "Bottle", (near[0] + 0.3, near[1], near[2]))
    believed = type(around)(things, around.facts, True, around.here)
    plan = told(plans.plan(goal, believed, failed("heat", "Microwave_1", "blocked")))
    assert "pick(Bottle_1) place(DiningTable_1)" in plan
    assert "Book_1" not in plan


def test_things_of_the_goal_are_left_alone_and_there_is_an_end(kitchen):
    plans = planner()
    goal = parse_goal("put a fork in the sink")
    only = kitchen(held="Fork_2", Fork_1="SinkBasin_1")
    assert "pick(Fork_1)" not in told(plans.plan(goal, only, failed("place", "SinkBasin_1", "no_space")))
    plans, goal = planner(), parse_goal("put a mug in the sink")
    crowd = {f"Spoon_{k}": "SinkBasin_1" for k in range(9)}
    cleared = 0
    for _ in range(2 * MOST):
        plan = told(plans.plan(goal, kitchen(held="Mug_1", **crowd), failed("place", "SinkBasin_1", "no_space")))
        cleared += plan.count("pick(Spoon")
        plans.plan(goal, kitchen(held="Mug_1", **crowd))  # nothing new is told
    assert cleared == MOST
