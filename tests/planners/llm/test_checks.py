from __future__ import annotations

import re

import pytest

from engram.planners.contract import AT, CLEAN, HOT, ON, OPEN, SLICED, Goal, Noun, Step, Thing, Want
from engram.planners.llm.checks import faults, reached

WORDS = re.compile(r"(\w+)\(([^)]*)\)")


def steps(text):
    return tuple(Step(skill, tuple(a for a in args.split(", ") if a)) for skill, args in WORDS.findall(text))


def kinds(*names):
    return frozenset(names)


MUG_IN_FRIDGE = Goal((Want(Noun(kinds("Mug")), Noun(kinds("Fridge"))),), "put a mug in the fridge")
CLEAN_MUG = Goal((Want(Noun(kinds("Mug"), kinds(CLEAN)), Noun(kinds("CoffeeMachine"))),), "a clean mug, please")
HOT_MUG = Goal((Want(Noun(kinds("Mug"), kinds(HOT)), Noun(kinds("DiningTable"))),), "heat the mug")
SLICE = Goal((Want(Noun(kinds("Apple"), kinds(SLICED)), Noun(kinds("DiningTable"))),), "a sliced apple on the table")
READ = Goal((Want(Noun(kinds("Book")), held=True), Want(Noun(kinds("DeskLamp"), kinds(ON)))), "read under the lamp")
OPEN_SAFE = Goal((Want(Noun(kinds("Safe"), kinds(OPEN))),), "open the safe")
RING = Goal((Want(Noun(kinds("Ring")), held=True),), "bring me the ring")
TIDY = Goal((), "tidy up the house")


def codes(text, goal, beliefs, most=20):
    return [fault.code for fault in faults(steps(text), goal, beliefs, most)]


@pytest.mark.parametrize(
    ("plan", "goal"),
    [
        ("pick(Mug_1), open(Fridge_1), place(Fridge_1), close(Fridge_1)", MUG_IN_FRIDGE),
        ("open(Fridge_1), pick(Mug_1), place(Fridge_1)", MUG_IN_FRIDGE),
        ("pick(Mug_1)", MUG_IN_FRIDGE),
        ("go_to(Kitchen), find(Mug)", MUG_IN_FRIDGE),
        ("search(Safe_1), explore()", MUG_IN_FRIDGE),
        ("pick(Mug_1), clean(SinkBasin_1), place(CoffeeMachine_1)", CLEAN_MUG),
        ("pick(Mug_1), heat(Microwave_1), place(DiningTable_1)", HOT_MUG),
        ("pick(Mug_1), open(Microwave_1), place(Microwave_1), close(Microwave_1), toggle_on(Microwave_1), "
         "toggle_off(Microwave_1), open(Microwave_1), pick(Mug_1), place(DiningTable_1)", HOT_MUG),
        ("pick(Knife_1), slice(Apple_1), put_down(), pick(AppleSliced_1), place(DiningTable_1)", SLICE),
        ("pick(Knife_1), slice(Apple_1), place(CounterTop_1), pick(AppleSliced_1), place(DiningTable_1)", SLICE),
        ("pick(Book_1), toggle_on(DeskLamp_1)", READ),
        ("open(Safe_1)", OPEN_SAFE),
        ("open(Safe_1), pick(Ring_1), close(Safe_1)", RING),
        ("tidy()", TIDY),
    ],
)  # fmt: skip
def test_plans_to_the_point_pass(plan, goal, believe):
    assert faults(steps(plan), goal, believe(), 20) == []


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("", ["empty"]),
        ("fly(Mug_1)", ["unknown_skill"]),
        ("pick(Teapot_1)", ["unknown_name"]),
        ("pick(Mug)", ["unknown_name"]),
        ("find(Unicorn)", ["unknown_name"]),
        ("find(Mug), pick(Mug_2)", ["unknown_name"]),
        ("go_to(Attic)", ["unknown_name"]),
        ("pick()", ["invalid_plan"]),
        ("pick(Mug_1, Apple_1)", ["invalid_plan"]),
        ("pick(Fridge_1)", ["invalid_plan"]),
        ("pick(Mug_1), place(Fridge_1)", ["invalid_plan"]),  # it is closed
        ("pick(Mug_1), pick(Apple_1)", ["invalid_plan"]),  # the hand is full
        ("place(CounterTop_1)", ["invalid_plan"]),  # the hand is empty
        ("pick(Ring_1)", ["invalid_plan"]),  # it lies in the closed safe
        ("open(Mug_1)", ["invalid_plan"]),
        ("explore(), explore()", ["invalid_plan"]),
    ],
)
def test_plans_that_cannot_be_are_told_apart(plan, expected, believe):
    assert codes(plan, MUG_IN_FRIDGE, believe()) == expected


def test_the_step_that_is_wrong_is_told(believe):
    (fault,) = faults(steps("pick(Mug_1), place(Fridge_1)"), MUG_IN_FRIDGE, believe(), 20)
    assert fault.text.startswith("step 2: place(Fridge_1): ")
    assert "open(Fridge_1) should be true but is false" in fault.text


def test_too_many_steps(believe):
    assert codes("find(Mug), find(Mug), find(Mug)", MUG_IN_FRIDGE, believe(), most=2) == ["too_long"]


ORDERS = (
    "open(Safe_1)",
    "open(Safe_1), close(Safe_1)",
    "open(Safe_1), pick(Ring_1)",
    "open(Safe_1), pick(Ring_1), place(DiningTable_1), close(Safe_1)",
    "open(Safe_1), pick(Ring_1), put_down()",
    "toggle_on(Toaster_1)",
    "toggle_on(Toaster_1), toggle_off(Toaster_1)",
    "pick(Knife_1)",
    "pick(Knife_1), slice(Apple_1)",
    "tidy()",
)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "plan", ["{}", "{}, pick(Mug_1)", "pick(Mug_1), open(Fridge_1), place(Fridge_1), close(Fridge_1), {}"]
)
def test_what_is_beside_the_goal_is_refused(order, plan, believe):
    found = set(codes(plan.format(order), MUG_IN_FRIDGE, believe()))
    assert found
    assert found <= {"off_goal", "invalid_plan"}


@pytest.mark.parametrize("order", ORDERS[:5])
def test_only_the_step_beside_the_goal_is_blamed(order, believe):
    plan = f"pick(Mug_1), open(Fridge_1), place(Fridge_1), close(Fridge_1), {order}"
    found = faults(steps(plan), MUG_IN_FRIDGE, believe(), 20)
    assert all(fault.text.startswith(("step 5,", "step 6,", "step 7,")) for fault in found)
    assert found[0].text == "step 5, open, does nothing for the task; leave it out"


def test_what_another_goal_needs_is_beside_this_one(believe):
    assert codes("pick(Mug_1), heat(Microwave_1)", CLEAN_MUG, believe()) == ["off_goal"]
    assert codes("pick(Mug_1), clean(SinkBasin_1), place(DiningTable_1)", CLEAN_MUG, believe()) == ["off_goal"]
    assert codes("tidy()", MUG_IN_FRIDGE, believe()) == ["off_goal"]


def test_nothing_that_is_reached_is_undone(believe):
    done = believe(
        facts={(AT, "Mug_1", "CounterTop_1"): False, (AT, "Mug_1", "Fridge_1"): True, (OPEN, "Fridge_1"): True}
    )
    assert reached(MUG_IN_FRIDGE, done) == 1
    assert codes("pick(Mug_1)", MUG_IN_FRIDGE, done) == ["off_goal"]
    assert codes("pick(Mug_1), place(Fridge_1), close(Fridge_1)", MUG_IN_FRIDGE, done) == []


def test_freeing_the_hand_is_needed(believe):
    full = believe(held="Book_1")
    assert codes("place(DiningTable_1), pick(Mug_1)", MUG_IN_FRIDGE, full) == []
    assert codes("put_down()", MUG_IN_FRIDGE, full) == []
    assert codes("place(DiningTable_1)", MUG_IN_FRIDGE, full) == ["off_goal"]


def test_what_is_unknown_is_no_fault_and_opening_it_is_to_the_point(believe):
    unknown = believe(things=[Thing("Fridge_2", "Fridge", (3.0, 3.0, 1.0))])
    assert codes("pick(Mug_1), place(Fridge_2)", MUG_IN_FRIDGE, unknown) == []
    assert codes("pick(Mug_1), open(Fridge_2), place(Fridge_2)", MUG_IN_FRIDGE, unknown) == []


def test_conditions_are_counted_for_as_many_things_as_are_wanted(believe):
    two = Goal((Want(Noun(kinds("Mug", "Apple"), kinds(CLEAN)), Noun(kinds("CounterTop")), count=2),))
    assert reached(two, believe()) == 2
    assert reached(two, believe(facts={(CLEAN, "Mug_1"): True, (CLEAN, "Apple_1"): True})) == 4
    assert reached(two, believe(held="Mug_1", facts={(CLEAN, "Mug_1"): True})) == 2
    assert reached(RING, believe(held="Ring_1")) == 1
