from __future__ import annotations

from engram.planners.contract import COLD, OPEN, Goal, Noun, Result, Step, Want
from engram.planners.goals import parse_goal
from engram.planners.placement import PlacementPrior
from engram.planners.symbolic.clearing import MOST
from engram.planners.symbolic.feedback import failure
from engram.planners.symbolic.planner import SymbolicConfig, SymbolicPlanner

PRIOR = PlacementPrior.load()


def planner():
    return SymbolicPlanner(None, PRIOR, SymbolicConfig(search=False))


def noun(*kinds, **more):
    return Noun(frozenset(kinds), **more)


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


def test_another_place_is_taken_before_room_is_made(kitchen):
    plans, goal = planner(), Goal((Want(noun("Mug"), at=noun("CounterTop", "DiningTable")),))
    full = kitchen(held="Mug_1", Book_1="CounterTop_1")
    assert told(plans.plan(goal, full)) == "place(CounterTop_1)"
    assert told(plans.plan(goal, full, failed("place", "CounterTop_1", "no_space"))) == "place(DiningTable_1)"


def test_what_was_in_the_way_is_not_put_back(kitchen):
    plans, goal = planner(), parse_goal("wash a plate and put it on the dining table")
    plans.plan(goal, kitchen(Plate_1="CounterTop_1", Pan_1="SinkBasin_1"))
    full = kitchen(held="Plate_1", Pan_1="SinkBasin_1")
    told_ = failed("clean", "SinkBasin_1", "no_space")
    assert told(plans.plan(goal, full, told_)) == "place(CounterTop_1) pick(Pan_1) place(CounterTop_1)"
    carried = kitchen(held="Pan_1", Plate_1="CounterTop_1")
    told_ += failed("place", "CounterTop_1", "no_space")
    assert told(plans.plan(goal, carried, told_)) == (
        "open(Cabinet_1) place(Cabinet_1) close(Cabinet_1) pick(Plate_1) clean(SinkBasin_1) place(DiningTable_1)"
    )


def test_what_does_not_fit_gives_way_to_another_of_its_kind(kitchen):
    plans, goal = planner(), parse_goal("bring me a cold wine bottle")
    beliefs = kitchen(held="WineBottle_1", WineBottle_2="DiningTable_1")
    assert told(plans.plan(goal, beliefs)) == "cool(Fridge_1)"
    feedback = []
    for _ in range(3):
        feedback += failed("cool", "Fridge_1", "no_space")
        plan = plans.plan(goal, beliefs, feedback)
    assert told(plan) == "place(CounterTop_1) pick(WineBottle_2) cool(Fridge_1)"


def test_a_box_that_cannot_be_opened_where_it_is_is_put_elsewhere(kitchen):
    plans, goal = planner(), Goal((Want(noun("CreditCard", place=noun("Box")), at=noun("DiningTable")),))
    beliefs = kitchen(Box_1="CounterTop_1", CreditCard_1="Box_1", facts={(OPEN, "Box_1"): False})
    assert told(plans.plan(goal, beliefs)) == ("open(Box_1) pick(CreditCard_1) close(Box_1) place(DiningTable_1)")
    plan = plans.plan(goal, beliefs, failed("open", "Box_1", "blocked"))
    assert told(plan) == "pick(Box_1) place(DiningTable_1)"


def test_a_bowl_out_of_reach_is_put_within_reach(kitchen):
    plans, goal = planner(), parse_goal("put an egg in a bowl")
    beliefs = kitchen(held="Egg_1", Bowl_1="CounterTop_1")
    assert told(plans.plan(goal, beliefs)) == "place(Bowl_1)"
    plan = plans.plan(goal, beliefs, failed("place", "Bowl_1", "unreachable"))
    assert told(plan) == "place(CounterTop_1) pick(Bowl_1) place(DiningTable_1)"


def test_what_was_left_on_the_floor_may_be_in_the_way(kitchen):
    plans, goal = planner(), parse_goal("put an apple in the fridge")
    plans.plan(goal, kitchen(held="Apple_1", Pan_1="CounterTop_1", Pot_1="Floor"))
    beliefs = kitchen(held="Apple_1", Pan_1="Floor", Pot_1="Floor")
    plan = told(plans.plan(goal, beliefs, failed("open", "Fridge_1", "unreachable")))
    assert "pick(Pan_1)" in plan
    assert "pick(Pot_1)" not in plan


def test_what_failed_is_tried_again_once_things_lie_otherwise(kitchen):
    plans, goal = planner(), parse_goal("put a mug on the dining table")
    beliefs, feedback = kitchen(held="Mug_1"), []
    for _ in range(3):
        feedback += failed("place", "DiningTable_1", "no_space")
        plan = plans.plan(goal, beliefs, feedback)
    assert told(plan) == "no_space"
    changed = kitchen(held="Mug_1", Vase_1="CounterTop_1")
    assert told(plans.plan(goal, changed, feedback)) == "place(DiningTable_1)"


def test_a_thing_that_is_as_wanted_says_which_place_is_meant(kitchen):
    goal = Goal((Want(noun("Plate", states=frozenset({COLD})), at=noun("CounterTop", "DiningTable")),))
    beliefs = kitchen(Plate_1="DiningTable_1", Plate_2="CounterTop_1", facts={(COLD, "Plate_1"): True})
    assert planner().plan(goal, beliefs).steps == ()


def test_another_of_the_kind_may_be_in_the_way_where_one_is_meant(kitchen):
    plans, goal = planner(), Goal((Want(noun("Mug", place=noun("CounterTop")), at=noun("DiningTable")),))
    plans.plan(goal, kitchen(Mug_1="CounterTop_1", Mug_2="DiningTable_1"))
    plan = plans.plan(goal, kitchen(held="Mug_1", Mug_2="DiningTable_1"), failed("place", "DiningTable_1", "no_space"))
    assert told(plan) == "place(CounterTop_1) pick(Mug_2) place(CounterTop_1)"
