import pytest

from engram.planners.contract import (
    AT,
    CLEAN,
    COLD,
    FILLED,
    HOLDING,
    HOT,
    ON,
    OPEN,
    SEARCHED,
    SLICED,
    Beliefs,
    Step,
    Thing,
)
from engram.planners.symbolic.domain import SKILLS, Lack, applicable, apply, missing


def beliefs(*facts, held="", names="Apple_1 Bowl_1 Fridge_1 CounterTop_1 Microwave_1 SinkBasin_1 Knife_1 Mug_1 Sofa_1"):
    things = {name: Thing(name, name.split("_")[0], (float(k), 0.0, 0.0)) for k, name in enumerate(names.split())}
    true = {fact: True for fact in facts if fact[0] != "not"} | {fact[1:]: False for fact in facts if fact[0] == "not"}
    return Beliefs(things, true | ({(HOLDING, held): True} if held else {}))


def test_what_is_shut_in_cannot_be_taken_and_unknown_doors_are_told_apart():
    inside = ((AT, "Bowl_1", "Fridge_1"), (AT, "Apple_1", "Bowl_1"))
    shut = beliefs(*inside, ("not", OPEN, "Fridge_1"))
    assert missing(Step("pick", ("Apple_1",)), shut) == [Lack(("reachable", "Apple_1"), True, False)]
    unknown = missing(Step("pick", ("Apple_1",)), beliefs(*inside))
    assert unknown == [Lack(("reachable", "Apple_1"), True, None)]
    assert unknown[0].unknown
    assert missing(Step("pick", ("Apple_1",)), beliefs(*inside, (OPEN, "Fridge_1"))) == []


@pytest.mark.parametrize(
    ("step", "held", "reason"),
    [
        (Step("pick", ("Apple_1",)), "Mug_1", "hand_full"),
        (Step("place", ("CounterTop_1",)), "", "hand_empty"),
        (Step("place", ("Fridge_1",)), "Apple_1", "closed"),
        (Step("open", ("Sofa_1",)), "", "not_openable"),
        (Step("pick", ("Sofa_1",)), "", "precondition"),
        (Step("slice", ("Apple_1",)), "Mug_1", "precondition"),
        (Step("place", ("Bowl_1",)), "Bowl_1", "impossible_place"),
        (Step("heat", ("Fridge_1",)), "Apple_1", "precondition"),
        (Step("fly", ()), "", "unknown_skill"),
    ],
)
def test_the_critic_is_told_why_not(step, held, reason):
    verdict = applicable(step, beliefs(("not", OPEN, "Fridge_1"), held=held))
    assert (verdict.suitable, verdict.reason) == (False, reason)


def test_the_critic_lets_pass_what_is_unknown():
    assert applicable(Step("place", ("Fridge_1",)), beliefs(held="Apple_1")).suitable
    assert applicable(Step("find", ("Spoon",)), beliefs()).suitable


def test_a_bowl_is_carried_with_what_is_in_it():
    before = beliefs((AT, "Apple_1", "Bowl_1"), (AT, "Bowl_1", "CounterTop_1"))
    held = apply(Step("pick", ("Bowl_1",)), before)
    assert (held.held, held.place_of("Apple_1"), held.place_of("Bowl_1")) == ("Bowl_1", "Bowl_1", "")
    after = apply(Step("place", ("SinkBasin_1",)), held)
    assert (after.held, after.place_of("Bowl_1"), after.things["Bowl_1"].position_m) == (
        "",
        "SinkBasin_1",
        (5.0, 0.0, 0.0),
    )
    assert before.place_of("Bowl_1") == "CounterTop_1"


def test_heat_drives_out_cold_and_leaves_the_appliance_shut_and_off():
    after = apply(Step("heat", ("Microwave_1",)), beliefs((COLD, "Mug_1"), held="Mug_1"))
    told = [
        after.holds(HOT, "Mug_1"),
        after.holds(COLD, "Mug_1"),
        after.holds(OPEN, "Microwave_1"),
        after.holds(ON, "Microwave_1"),
    ]
    assert told == [True, False, False, False]
    assert after.held == "Mug_1"


def test_a_tap_cleans_and_fills_only_what_can_be_filled():
    mug = apply(Step("clean", ("SinkBasin_1",)), beliefs(held="Mug_1"))
    apple = apply(Step("clean", ("SinkBasin_1",)), beliefs(held="Apple_1"))
    assert (mug.holds(CLEAN, "Mug_1"), mug.holds(FILLED, "Mug_1")) == (True, True)
    assert (apple.holds(CLEAN, "Apple_1"), apple.holds(FILLED, "Apple_1")) == (True, None)


def test_a_fridge_that_closes_cools():
    before = beliefs((AT, "Apple_1", "Fridge_1"), (OPEN, "Fridge_1"), (HOT, "Apple_1"))
    after = apply(Step("close", ("Fridge_1",)), before)
    assert (after.holds(COLD, "Apple_1"), after.holds(HOT, "Apple_1")) == (True, False)


def test_slices_lie_where_the_whole_lay():
    after = apply(
        Step("slice", ("Apple_1",)), beliefs((AT, "Apple_1", "CounterTop_1"), (CLEAN, "Apple_1"), held="Knife_1")
    )
    assert "Apple_1" not in after.things
    assert after.things["AppleSliced_1"].kind == "AppleSliced"
    assert after.place_of("AppleSliced_1") == "CounterTop_1"
    assert (after.holds(SLICED, "AppleSliced_1"), after.holds(CLEAN, "AppleSliced_1")) == (True, True)


def test_looking_is_remembered():
    after = apply(Step("explore"), apply(Step("search", ("Fridge_1",)), beliefs()))
    assert (after.holds(SEARCHED, "Fridge_1"), after.explored) == (True, True)


def test_every_skill_has_a_budget_and_one_parameter_at_most():
    assert sorted(SKILLS) == sorted(
        [
            "find",
            "go_to",
            "pick",
            "place",
            "put_down",
            "open",
            "close",
            "toggle_on",
            "toggle_off",
            "slice",
            "heat",
            "cool",
            "clean",
            "fill",
            "search",
            "explore",
            "tidy",
        ]
    )
    assert all(skill.budget > 0 for skill in SKILLS.values())
    assert missing(Step("pick", ()), beliefs()) == [Lack(("arguments", "pick"), True, False)]
