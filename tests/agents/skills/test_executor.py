from __future__ import annotations

from engram.planners.contract import BUDGET, CANCELLED, NO_EFFECT, UNKNOWN_SKILL, Step
from engram.sims.contract import Outcome, Verb


def test_a_step_that_cannot_begin_takes_no_action(household):
    house = household(3)
    for skill, args, outcome in (
        ("fly", (), UNKNOWN_SKILL),
        ("pick", (), Outcome.INVALID.code),
        ("explore", ("Mug",), Outcome.INVALID.code),
        ("place", ("Fridge",), Outcome.HAND_EMPTY.code),
        ("pick", ("Unicorn",), "not_found"),
    ):
        result = house.do(skill, *args)
        assert (result.outcome, result.actions) == (outcome, 0)
        assert result.step == Step(skill, args)
        assert result.text


def test_a_step_ends_with_its_budget(household):
    house = household(3)
    house.budgets["go_to"] = 2
    result = house.do("go_to", "Toaster")
    assert (result.outcome, result.actions) == (BUDGET, 2)
    assert house.do("pick", "Mug").ok


def test_exploring_stops_with_its_budget_and_says_that_there_is_more(household):
    house = household(3)
    house.wake()
    house.budgets["explore"] = 6
    result = house.do("explore")
    assert result.outcome == BUDGET
    assert result.actions == 6


def test_a_cancelled_step_says_what_the_hand_holds(household):
    house = household(3)
    assert house.do("pick", "Mug").ok
    result = house.do("heat", "Microwave", cancel_after=2)
    assert (result.outcome, result.actions) == (CANCELLED, 2)
    assert "Mug" in result.text
    assert house.one("Mug").state["held"]
    assert house.do("place", "DiningTable").ok  # and the next step is not cancelled


def test_a_robot_that_was_cancelled_while_it_crouched_stands_up(household):
    house = household(3)
    script = house.body.run(Step("go_to", ("Toaster",)))
    house.act(next(script))
    house.act({"verb": int(Verb.CROUCH), "point": [0.5, 0.5]})
    house.body.cancel()
    action = next(script)
    assert action["verb"] == Verb.STAND


def test_an_actuator_that_does_nothing_and_says_ok_makes_no_success(household):
    house = household(3)
    cases = [
        ((("open", "Fridge"), ("close", "Fridge")), ("open", "Fridge"), NO_EFFECT),
        ((), ("search", "Fridge"), NO_EFFECT),
        ((("go_to", "Faucet"),), ("toggle_on", "Faucet"), NO_EFFECT),
        ((("go_to", "Mug"),), ("pick", "Mug"), NO_EFFECT),
        ((("pick", "Mug"), ("go_to", "SinkBasin")), ("clean", "SinkBasin"), NO_EFFECT),
        ((("go_to", "DiningTable"),), ("place", "DiningTable"), NO_EFFECT),
        ((), ("put_down",), NO_EFFECT),
        ((("place", "DiningTable"), ("pick", "Knife"), ("go_to", "Bread")), ("slice", "Bread"), NO_EFFECT),
        ((("go_to", "Fridge"),), ("go_to", "DiningTable"), "no_way"),
    ]
    for first, step, outcome in cases:
        for each in first:
            assert house.do(*each).ok, each
        house.idle = True
        assert house.do(*step).outcome == outcome, step
        house.idle = False


def test_what_slips_out_of_the_hand_is_no_longer_held(household):
    house = household(3)
    assert house.do("pick", "Mug").ok
    house.observation = {**house.observation, "holding": 0}
    house.body.perceive(house.observation)
    assert house.sit.held == ""


def test_the_held_thing_is_known_by_its_looks_after_a_crash(household):
    house = household(3)
    assert house.do("pick", "Mug").ok
    house.wake()
    assert house.sit.held == "Mug"
