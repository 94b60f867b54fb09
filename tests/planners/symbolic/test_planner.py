import pytest

from engram.planners.contract import (
    AT,
    CLEAN,
    FILLED,
    HOT,
    IN_ROOM,
    ON,
    OPEN,
    SEARCHED,
    Beliefs,
    Goal,
    Noun,
    Plan,
    Result,
    Step,
    Want,
)
from engram.planners.goals import parse_goal
from engram.planners.placement import PlacementPrior
from engram.planners.symbolic.feedback import failure
from engram.planners.symbolic.planner import SymbolicConfig, SymbolicPlanner, flaw
from engram.planners.symbolic.state import State

PRIOR = PlacementPrior.load()
INTO_FRIDGE = "open(Fridge_1) place(Fridge_1) close(Fridge_1)"


def planner(where=None):
    return SymbolicPlanner(where, PRIOR, SymbolicConfig(search=False))


def told(plan: Plan) -> str:
    return plan.refusal or " ".join(map(str, plan.steps))


@pytest.mark.parametrize(
    ("task", "places", "steps"),
    [
        # The seven families of ALFRED.
        ("put an apple on the dining table", {"Apple_1": "CounterTop_1"}, "pick(Apple_1) place(DiningTable_1)"),
        (
            "put two apples in the fridge",
            {"Apple_1": "CounterTop_1", "Apple_2": "DiningTable_1", "Apple_3": "GarbageCan_1"},
            f"pick(Apple_1) {INTO_FRIDGE} pick(Apple_2) {INTO_FRIDGE}",
        ),
        (
            "put a bowl with an apple in it in the fridge",
            {"Apple_1": "CounterTop_1", "Bowl_1": "DiningTable_1"},
            f"pick(Apple_1) place(Bowl_1) pick(Bowl_1) {INTO_FRIDGE}",
        ),
        (
            "put a clean mug in the coffee machine",
            {"Mug_1": "CounterTop_1"},
            "pick(Mug_1) clean(SinkBasin_1) place(CoffeeMachine_1)",
        ),
        (
            "put a hot apple on the dining table",
            {"Apple_1": "CounterTop_1"},
            "pick(Apple_1) heat(Microwave_1) place(DiningTable_1)",
        ),
        (
            "put a cold potato on the counter",
            {"Potato_1": "Cabinet_1"},
            "open(Cabinet_1) pick(Potato_1) close(Cabinet_1) cool(Fridge_1) place(CounterTop_1)",
        ),
        (
            "look at the book under the lamp",
            {"Book_1": "DiningTable_1", "DeskLamp_1": "CounterTop_1"},
            "pick(Book_1) toggle_on(DeskLamp_1)",
        ),
        # And what else is asked for.
        (
            "put a slice of tomato in the fridge",
            {"Tomato_1": "DiningTable_1", "Knife_1": "CounterTop_1"},
            "pick(Knife_1) slice(Tomato_1) place(CounterTop_1)",
        ),
        ("bring me a cup of coffee", {"Mug_1": "CounterTop_1"}, "pick(Mug_1) fill(CoffeeMachine_1)"),
        ("fill a mug with water", {"Mug_1": "DiningTable_1"}, "pick(Mug_1) fill(SinkBasin_1) place(DiningTable_1)"),
        ("open the fridge", {}, "open(Fridge_1)"),
        ("find a mug", {"Mug_1": "DiningTable_1"}, "go_to(Mug_1)"),
        ("put a mug on the floor", {"Mug_1": "DiningTable_1"}, "pick(Mug_1) put_down()"),
        ("put an apple on the dining table", {"Apple_1": "DiningTable_1"}, ""),
    ],
)
def test_plans_are_these_steps(kitchen, task, places, steps):
    assert told(planner().plan(parse_goal(task), kitchen(**places))) == steps


def noun(*kinds, **more):
    return Noun(frozenset(kinds), **more)


def test_the_thing_that_is_meant_is_told_by_colour_place_neighbour_and_room(kitchen):
    beliefs = kitchen(
        Mug_1="CounterTop_1", Mug_2="DiningTable_1", Plate_1="DiningTable_1", Mug_3="Cabinet_1",
        colours={"Mug_1": "red", "Mug_2": "blue", "Mug_3": "red"}, facts={(IN_ROOM, "Mug_1", "Bedroom_1"): True},
    )  # fmt: skip

    def chosen(**more):
        return told(planner().plan(Goal((Want(noun("Mug", **more), held=True),)), beliefs)).split()[-1]

    by_cabinet = "open(Cabinet_1) pick(Mug_3) close(Cabinet_1)"
    assert chosen(colour="blue") == "pick(Mug_2)"
    assert chosen(room="Bedroom") == "pick(Mug_1)"
    assert chosen(beside=noun("Plate")) == "pick(Mug_2)"
    asked = Goal((Want(noun("Mug", place=noun("Cabinet")), held=True),))
    assert told(planner().plan(asked, beliefs)) == by_cabinet


def test_what_lay_there_first_is_still_meant_after_it_was_moved(kitchen):
    goal = Goal((Want(noun("Mug", place=noun("Cabinet")), at=noun("DiningTable")),))
    mind = planner()
    first = kitchen(Mug_1="Cabinet_1", Mug_2="CounterTop_1")
    assert told(mind.plan(goal, first)) == "open(Cabinet_1) pick(Mug_1) close(Cabinet_1) place(DiningTable_1)"
    assert (
        told(mind.plan(goal, kitchen(Mug_2="CounterTop_1", Mug_1="CounterTop_1"))) == "pick(Mug_1) place(DiningTable_1)"
    )
    assert mind.plan(goal, kitchen(Mug_2="CounterTop_1", Mug_1="DiningTable_1")) == Plan()


def test_the_hand_is_freed_first(kitchen):
    beliefs = kitchen(held="Plate_1", Mug_1="CounterTop_1")
    assert told(planner().plan(parse_goal("put a mug in the fridge"), beliefs)) == (
        f"place(CounterTop_1) pick(Mug_1) {INTO_FRIDGE}"
    )
    assert told(planner().plan(parse_goal("put a plate in the fridge"), beliefs)) == INTO_FRIDGE


def test_what_is_not_known_to_be_clean_is_washed_and_what_is_known_is_not(kitchen):
    goal = parse_goal("put a clean mug on the dining table")
    beliefs = kitchen(Mug_1="CounterTop_1", facts={(CLEAN, "Mug_1"): True})
    assert told(planner().plan(goal, beliefs)) == "pick(Mug_1) place(DiningTable_1)"
    dirty = kitchen(Mug_1="DiningTable_1")
    assert told(planner().plan(goal, dirty)) == "pick(Mug_1) clean(SinkBasin_1) place(DiningTable_1)"


def test_what_is_hot_is_not_shut_in_a_fridge(kitchen):
    goal = Goal((Want(noun("Potato", states=frozenset({HOT})), at=noun("Fridge")),))
    steps = told(planner().plan(goal, kitchen(Potato_1="CounterTop_1")))
    assert steps == "pick(Potato_1) heat(Microwave_1) open(Fridge_1) place(Fridge_1)"


def test_a_plate_is_washed_before_something_is_put_on_it(kitchen):
    goal = Goal((Want(noun("Apple"), at=noun("Plate", states=frozenset({CLEAN}))),))
    assert told(planner().plan(goal, kitchen(Apple_1="CounterTop_1", Plate_1="DiningTable_1"))) == (
        "pick(Plate_1) clean(SinkBasin_1) place(DiningTable_1) pick(Apple_1) place(Plate_1)"
    )


def test_slices_that_are_known_are_used(kitchen):
    goal = parse_goal("put a hot slice of tomato in the fridge")
    beliefs = kitchen(TomatoSliced_1="DiningTable_1", Tomato_2="CounterTop_1", facts={(OPEN, "Fridge_1"): True})
    assert told(planner().plan(goal, beliefs)) == "pick(TomatoSliced_1) heat(Microwave_1) place(Fridge_1)"


def test_without_a_knife_one_is_looked_for(kitchen):
    goal = parse_goal("put a slice of tomato in the fridge")
    assert told(planner().plan(goal, kitchen(explored=False, Tomato_1="DiningTable_1"))) == "find(ButterKnife)"


def test_the_unknown_is_explored_then_what_is_closed_is_searched_then_it_is_refused(kitchen):
    goal, mind = parse_goal("put a mug on the dining table"), planner()
    assert told(mind.plan(goal, kitchen(explored=False))) == "find(Mug)"
    assert told(mind.plan(goal, kitchen(), ("find(Mug) failed: not_found.",))) == "search(Cabinet_1)"
    searched = {(SEARCHED, name): True for name in ("Cabinet_1", "Fridge_1", "Microwave_1")}
    everywhere = searched | {
        (SEARCHED, n): True for n in ("CounterTop_1", "DiningTable_1", "SinkBasin_1", "CoffeeMachine_1", "GarbageCan_1")
    }
    assert mind.plan(goal, kitchen(facts=everywhere)).refusal == "not_found"


def test_where_such_things_were_found_before_is_looked_into_first(kitchen):
    mind = planner(lambda kind: {"Mug": ["Microwave_1"]}.get(kind, []))
    assert (
        told(mind.plan(parse_goal("put a mug on the dining table"), kitchen(explored=False))) == "search(Microwave_1)"
    )


def test_what_can_be_done_is_done_before_looking(kitchen):
    goal = parse_goal("put an apple in the fridge and put a mug on the dining table")
    steps = told(planner().plan(goal, kitchen(explored=False, Apple_1="CounterTop_1")))
    assert steps == f"pick(Apple_1) {INTO_FRIDGE} find(Mug)"


def test_where_another_is_known_all_is_explored_and_what_lies_behind_a_stuck_door_is_left(kitchen):
    goal, mind = parse_goal("put two mugs on the dining table"), planner()
    beliefs = kitchen(explored=False, Mug_1="CounterTop_1", Mug_2="Cabinet_1")
    assert told(mind.plan(goal, beliefs)).endswith("open(Cabinet_1) pick(Mug_2) close(Cabinet_1) place(DiningTable_1)")
    stuck = [failed(Step("open", ("Cabinet_1",)), "blocked") for _ in range(3)]
    assert told(mind.plan(goal, beliefs, stuck)) == "pick(Mug_1) place(DiningTable_1) explore()"


def test_what_is_hardly_there_is_tried_and_what_is_gone_is_not(kitchen):
    goal = parse_goal("bring me a mug")
    assert told(planner().plan(goal, kitchen(Mug_1="CounterTop_1"))) == "pick(Mug_1)"
    seen = kitchen(explored=False, Mug_1="CounterTop_1")
    gone = Beliefs(seen.things, {**seen.facts, (AT, "Mug_1", "CounterTop_1"): False}, False, seen.here)
    assert told(planner().plan(goal, gone)) == "find(Mug)"


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ("bring me the fridge", "not_pickupable"),
        ("put the mug in the towel holder", "impossible_place"),
        ("put the mug in the book", "impossible_place"),
        ("heat the sofa", "not_pickupable"),
        ("slice the mug", "impossible_state"),
        ("turn on the fork", "impossible_state"),
        ("fill the fork", "impossible_state"),
    ],
)
def test_the_impossible_is_refused_with_a_reason(kitchen, task, code):
    plan = planner().plan(parse_goal(task), kitchen(Mug_1="CounterTop_1", Fork_1="CounterTop_1"))
    assert (plan.refusal, plan.steps, plan.text[-1:]) == (code, (), ".")


def test_two_things_cannot_be_held(kitchen):
    goal = Goal((Want(noun("Mug"), held=True, count=2),))
    assert planner().plan(goal, kitchen()).refusal == "hand_full"


def test_hot_and_cold_at_once_is_refused(kitchen):
    goal = Goal((Want(noun("Mug", states=frozenset({HOT, "cold"}))),))
    assert planner().plan(goal, kitchen(Mug_1="CounterTop_1")).refusal == "impossible_state"


def failed(step, outcome):
    return failure(Result(step, outcome, text="It is full."))


def test_another_place_is_taken_where_there_is_no_space_and_in_the_end_it_is_refused(kitchen):
    goal = Goal((Want(noun("Mug"), at=noun("DiningTable", "CounterTop")),))
    beliefs = kitchen(held="Mug_1")
    mind = planner()
    assert told(mind.plan(goal, beliefs)) == "place(CounterTop_1)"
    feedback = [failed(Step("place", ("CounterTop_1",)), "no_space")]
    assert told(mind.plan(goal, beliefs, feedback)) == "place(DiningTable_1)"
    assert told(mind.plan(goal, beliefs, feedback)) == "place(DiningTable_1)"
    for name in ["DiningTable_1", "CounterTop_1"] * 3:
        feedback.append(failed(Step("place", (name,)), "no_space"))
        plan = mind.plan(goal, beliefs, feedback)
    assert plan.refusal == "no_space"


def test_another_instance_is_taken_where_one_cannot_be_got(kitchen):
    goal, mind = parse_goal("bring me a mug"), planner()
    beliefs = kitchen(Mug_1="CounterTop_1", Mug_2="DiningTable_1")
    assert told(mind.plan(goal, beliefs)) == "pick(Mug_1)"
    assert told(mind.plan(goal, beliefs, (failed(Step("pick", ("Mug_1",)), "no_way"),))) == "pick(Mug_2)"


def test_another_appliance_is_taken_where_one_fails(kitchen):
    beliefs = kitchen(Mug_1="CounterTop_1")
    things = {
        **beliefs.things,
        "Microwave_2": beliefs.things["DiningTable_1"].__class__("Microwave_2", "Microwave", (5, 5, 1)),
    }
    beliefs = Beliefs(things, beliefs.facts, True, beliefs.here)
    goal, mind = parse_goal("bring me a hot mug"), planner()
    assert told(mind.plan(goal, beliefs)) == "pick(Mug_1) heat(Microwave_1)"
    assert (
        told(mind.plan(goal, beliefs, (failed(Step("heat", ("Microwave_1",)), "no_effect"),)))
        == "pick(Mug_1) heat(Microwave_2)"
    )


def test_what_was_opened_is_closed_in_the_end(kitchen):
    goal, mind = parse_goal("put an apple in the fridge"), planner()
    assert told(mind.plan(goal, kitchen(held="Apple_1"))) == INTO_FRIDGE
    left = kitchen(Apple_1="Fridge_1", facts={(OPEN, "Fridge_1"): True})
    assert told(mind.plan(goal, left, (failed(Step("close", ("Fridge_1",)), "blocked"),))) == "close(Fridge_1)"
    assert planner().plan(goal, left) == Plan()


def test_tidying_is_one_step_that_is_not_repeated(kitchen):
    mind, goal = planner(), Goal((), "tidy up")
    assert told(mind.plan(goal, kitchen())) == "tidy()"
    assert mind.plan(goal, kitchen(), ("tidy() failed: budget.",)).steps == (Step("tidy"),)
    assert mind.plan(goal, kitchen(), ("tidy() failed: budget.",)) == Plan()


def test_things_in_one_another_cannot_be(kitchen):
    goal = Goal((Want(noun("Bowl"), at=noun("Plate")), Want(noun("Plate"), at=noun("Bowl"))))
    assert planner().plan(goal, kitchen(Bowl_1="CounterTop_1", Plate_1="CounterTop_1")).refusal == "no_plan"


def test_steps_are_thought_through(kitchen):
    state = State.of(kitchen(Mug_1="Cabinet_1"))
    lack = flaw([Step("pick", ("Mug_1",))], state)
    assert str(lack) == "reachable(Mug_1) should be true but is false"
    assert flaw([Step("open", ("Cabinet_1",)), Step("pick", ("Mug_1",))], State.of(kitchen(Mug_1="Cabinet_1"))) is None


def test_forty_things_are_put_away(kitchen):
    places = {f"Mug_{k}": "CounterTop_1" for k in range(1, 41)}
    goal = Goal((Want(noun("Mug"), at=noun("Cabinet"), count=40),))
    plan = planner().plan(goal, kitchen(**places))
    assert len(plan.steps) == 160
    assert sorted(s.args[0] for s in plan.steps if s.skill == "pick") == sorted(places)


def test_a_lamp_that_burns_stays_on(kitchen):
    beliefs = kitchen(Book_1="DiningTable_1", DeskLamp_1="CounterTop_1", facts={(ON, "DeskLamp_1"): True})
    assert told(planner().plan(parse_goal("look at the book under the lamp"), beliefs)) == "pick(Book_1)"
    assert FILLED not in {fact[0] for fact in beliefs.facts}
