import pytest

from engram.planners.contract import (
    AT,
    CLEAN,
    COLD,
    HOLDING,
    IN_ROOM,
    NOT_FOUND,
    OK,
    ON,
    OPEN,
    SEARCHED,
    Beliefs,
    Goal,
    Noun,
    Result,
    Step,
    Thing,
    Verdict,
    Want,
)
from engram.planners.critic import (
    ALREADY,
    OVER_BUDGET,
    PLACED,
    SEEN,
    CriticConfig,
    CriticPanel,
    EvidenceCritic,
    JudgeUnavailableError,
    SymbolicCritic,
)
from engram.planners.loop_guard import LoopGuard, LoopGuardConfig, Stop

KINDS = {"Mug_1": "Mug", "Mug_2": "Mug", "Fridge_1": "Fridge", "Desk_1": "Desk", "Desk_2": "Desk", "Lamp_1": "DeskLamp"}
NOTHING = Goal(())


def noun(*kinds, states=(), colour=""):
    return Noun(frozenset(kinds), frozenset(states), colour)


def believed(*facts, colours=None, confidence=1.0, names=KINDS):
    colours = colours or {}
    things = {n: Thing(n, KINDS[n], colour=colours.get(n, ""), confidence=confidence) for n in names}
    return Beliefs(
        things,
        {tuple(f.split()): True for f in facts if f[0] != "-"}
        | {tuple(f[1:].split()): False for f in facts if f[0] == "-"},
    )


def judged(step, *facts, goal=NOTHING, **more):
    return SymbolicCritic().judge(step, goal, believed(*facts, **more))


REJECTED = {
    "a second thing in the hand": (Step("pick", ("Mug_1",)), [f"{HOLDING} Mug_2"], "hand_full"),
    "what is in the hand": (Step("pick", ("Mug_1",)), [f"{HOLDING} Mug_1"], ALREADY),
    "placing nothing": (Step("place", ("Desk_1",)), [], "hand_empty"),
    "heating nothing": (Step("heat", ("Fridge_1",)), [f"-{HOLDING} Mug_1"], "hand_empty"),
    "into a closed fridge": (Step("place", ("Fridge_1",)), [f"{HOLDING} Mug_1", f"-{OPEN} Fridge_1"], "closed"),
    "out of a closed fridge": (Step("pick", ("Mug_1",)), [f"{AT} Mug_1 Fridge_1", f"-{OPEN} Fridge_1"], "closed"),
    "opening what is open": (Step("open", ("Fridge_1",)), [f"{OPEN} Fridge_1"], ALREADY),
    "closing what is closed": (Step("close", ("Fridge_1",)), [f"-{OPEN} Fridge_1"], ALREADY),
    "lighting what is lit": (Step("toggle_on", ("Lamp_1",)), [f"{ON} Lamp_1"], ALREADY),
    "washing what is clean": (Step("clean", ("Desk_1",)), [f"{HOLDING} Mug_1", f"{CLEAN} Mug_1"], ALREADY),
    "chilling what is cold": (Step("cool", ("Fridge_1",)), [f"{HOLDING} Mug_1", f"{COLD} Mug_1"], ALREADY),
    "a thing that nobody knows": (Step("pick", ("Mug_9",)), [], NOT_FOUND),
    "a kind where a name is needed": (Step("go_to", ("Mug",)), [], NOT_FOUND),
}


@pytest.mark.parametrize("case", REJECTED)
def test_what_cannot_be_done_or_is_done_is_rejected(case):
    step, facts, reason = REJECTED[case]

    verdict = judged(step, *facts)

    assert (verdict.suitable, verdict.reason) == (False, reason)
    assert verdict.feedback


@pytest.mark.parametrize(
    ("step", "facts"),
    [
        (Step("pick", ("Mug_1",)), [f"{AT} Mug_1 Fridge_1"]),  # whether the fridge is closed is unknown
        (Step("open", ("Fridge_1",)), []),
        (Step("toggle_off", ("Lamp_1",)), []),
        (Step("clean", ("Desk_1",)), [f"{HOLDING} Mug_1"]),
        (Step("place", ("Floor",)), [f"{HOLDING} Mug_1"]),
        (Step("find", ("Knife",)), []),
        (Step("go_to", ("Kitchen_1",)), [f"{IN_ROOM} Mug_1 Kitchen_1"]),
        (Step("explore"), []),
    ],
)
def test_what_is_unknown_is_not_held_against_a_step(step, facts):
    assert judged(step, *facts).suitable


ON_DESK = Goal((Want(noun("Mug"), noun("Desk")),))
TWO_ON_DESK = Goal((Want(noun("Mug"), noun("Desk"), count=2),))


def test_what_lies_where_it_shall_be_is_left_there():
    pick = Step("pick", ("Mug_1",))

    assert judged(pick, "at Mug_1 Desk_1", goal=ON_DESK).reason == PLACED
    assert judged(pick, "at Mug_1 Fridge_1", goal=ON_DESK).suitable
    assert judged(pick, "at Mug_1 Desk_1", goal=NOTHING).suitable


def test_it_may_be_taken_again_where_more_is_wanted_of_it():
    clean = Goal((Want(noun("Mug", states=[CLEAN]), noun("Desk")),))
    also_held = Goal((*ON_DESK.wants, Want(noun("Mug"), held=True)))
    pick = Step("pick", ("Mug_1",))

    assert judged(pick, "at Mug_1 Desk_1", goal=clean).suitable
    assert judged(pick, "at Mug_1 Desk_1", "clean Mug_1", goal=clean).reason == PLACED
    assert judged(pick, "at Mug_1 Desk_1", goal=also_held).suitable


def test_of_two_that_belong_together_only_one_may_be_moved_to_the_other():
    apart = ["at Mug_1 Desk_1", "at Mug_2 Desk_2"]

    verdicts = [judged(Step("pick", (name,)), *apart, goal=TWO_ON_DESK).suitable for name in ("Mug_1", "Mug_2")]

    assert verdicts == [False, True]


def test_a_thing_of_another_colour_is_not_what_was_asked_for():
    red = Goal((Want(noun("Mug", colour="red"), noun("Desk")),))
    pick = Step("pick", ("Mug_1",))

    assert judged(pick, "at Mug_1 Desk_1", goal=red, colours={"Mug_1": "red"}).reason == PLACED
    assert judged(pick, "at Mug_1 Desk_1", goal=red, colours={"Mug_1": "blue"}).suitable


def test_the_domain_has_the_last_word_on_preconditions():
    critic = SymbolicCritic(lambda step, beliefs: Verdict(step.skill != "slice", "precondition", "no knife"))

    assert critic.judge(Step("slice", ("Mug_1",)), NOTHING, believed()).feedback == "no knife"
    assert critic.judge(Step("explore"), NOTHING, believed()).suitable


def test_what_was_looked_for_and_not_there_is_evidence():
    critic = EvidenceCritic(min_confidence=0.3)
    pick = Step("pick", ("Mug_1",))

    gone = critic.judge(pick, NOTHING, believed(f"-{AT} Mug_1 Desk_1"))
    moved = critic.judge(pick, NOTHING, believed(f"-{AT} Mug_1 Desk_1", f"{AT} Mug_1 Desk_2"))

    assert (gone.suitable, gone.reason) == (False, NOT_FOUND)
    assert "Desk_1" in gone.feedback
    assert moved.suitable
    assert critic.judge(pick, NOTHING, believed(f"{AT} Mug_1 Desk_1", confidence=0.2)).reason == NOT_FOUND
    assert critic.judge(pick, NOTHING, believed(f"{HOLDING} Mug_1", f"-{AT} Mug_1 Desk_1")).suitable


def test_nobody_looks_twice_into_the_same_thing():
    search = Step("search", ("Fridge_1",))

    assert EvidenceCritic().judge(search, NOTHING, believed(f"{SEARCHED} Fridge_1")).reason == SEEN
    assert EvidenceCritic().judge(search, NOTHING, believed(f"-{SEARCHED} Fridge_1")).suitable


def rejecting(step, goal, beliefs, verdict):
    return Verdict(False, "no", "never")


def test_each_layer_can_be_switched_off():
    pick, place = Step("pick", ("Mug_1",)), Step("place", ("Desk_1",))
    gone = believed(f"-{AT} Mug_1 Desk_1")

    assert CriticPanel(CriticConfig(preconditions=False)).judge(place, NOTHING, gone).suitable
    assert not CriticPanel(CriticConfig()).judge(place, NOTHING, gone).suitable
    assert CriticPanel(CriticConfig(evidence=False)).judge(pick, NOTHING, gone).suitable
    assert not CriticPanel(CriticConfig()).judge(pick, NOTHING, gone).suitable
    assert CriticPanel(CriticConfig(model=False), model=rejecting).judge(Step("explore"), NOTHING, gone).suitable
    assert not CriticPanel(model=rejecting).judge(Step("explore"), NOTHING, gone).suitable


def test_the_model_is_asked_only_when_nothing_else_speaks_against_and_may_be_away():
    asked = []

    def away(step, goal, beliefs, verdict):
        asked.append((step.skill, verdict.suitable))
        raise JudgeUnavailableError("the server is down")

    panel = CriticPanel(model=away)
    rejected, passed = (panel.judge(Step(skill), NOTHING, believed()) for skill in ("put_down", "explore"))

    assert asked == [("explore", True)]
    assert (rejected.suitable, passed) == (False, Verdict(True, "no_judge", "the server is down"))


def test_after_too_many_rejections_in_a_row_a_step_is_let_through_with_a_note():
    panel = CriticPanel(CriticConfig(max_rejections=2))
    bad, good = Step("put_down"), Step("explore")

    verdicts = [panel.judge(step, NOTHING, believed()) for step in (bad, good, bad, bad, bad, bad)]

    assert [v.suitable for v in verdicts] == [False, True, False, False, True, False]
    assert verdicts[4].reason == OVER_BUDGET
    assert "hand" in verdicts[4].feedback


def run(panel, guard, exempt):
    """The loop of RoboMemory's Algorithm 1 with plans of three steps: actions, planner calls, and why it ended."""
    actions = plans = 0
    while True:
        plans += 1
        for k in range(3):
            step = Step("go_to", (f"Desk_{actions % 2 + 1}_{actions}",))
            beliefs = Beliefs(facts={(AT, "Mug_1", f"Desk_{actions}"): True})
            advice = guard.advise(step, beliefs)
            if isinstance(advice, Stop):
                return actions, plans, advice.reason
            if (k or not exempt) and not panel.judge(step, NOTHING, beliefs).suitable:
                break
            guard.took(step, beliefs, Result(step, OK))
            actions += 1


def test_a_critic_that_rejects_all_lets_one_action_through_a_plan_until_the_budget_ends():
    panel = CriticPanel(CriticConfig(preconditions=False, max_rejections=0), model=rejecting)

    actions, plans, reason = run(panel, LoopGuard(LoopGuardConfig(max_steps=30)), exempt=True)

    assert (actions, plans, reason) == (30, 30, "budget")


def test_without_the_exemption_it_is_seen_as_a_livelock():
    panel = CriticPanel(CriticConfig(preconditions=False, max_rejections=0), model=rejecting)

    actions, plans, reason = run(panel, LoopGuard(LoopGuardConfig(max_refusals=6)), exempt=False)

    assert (actions, plans, reason) == (0, 7, "livelock")


def test_the_rejection_budget_keeps_it_alive_without_the_exemption():
    panel = CriticPanel(CriticConfig(preconditions=False, max_rejections=2), model=rejecting)

    actions, plans, reason = run(panel, LoopGuard(LoopGuardConfig(max_steps=10)), exempt=False)

    assert (actions, plans, reason) == (10, 21, "budget")
