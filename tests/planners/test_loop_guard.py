from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.planners.contract import AT, NO_EFFECT, OK, OPEN, Beliefs, Result, Step, Thing
from engram.planners.loop_guard import (
    Allowed,
    ExploreFirst,
    LoopGuard,
    LoopGuardConfig,
    Stop,
    Tabu,
    belief_hash,
)

PICK, OPEN_IT, EXPLORE = Step("pick", ("Mug_1",)), Step("open", ("Fridge_1",)), Step("explore")
SHUT = Beliefs(facts={(OPEN, "Fridge_1"): False})
AJAR = Beliefs(facts={(OPEN, "Fridge_1"): True})


def done(step, outcome=OK):
    return Result(step, outcome)


def take(guard, step, beliefs, outcome=OK):
    advice = guard.advise(step, beliefs)
    if isinstance(advice, Allowed):
        guard.took(step, beliefs, done(step, outcome))
    return advice


def test_the_hash_is_of_facts_and_not_of_positions_or_their_order():
    one = Beliefs({"Mug_1": Thing("Mug_1", "Mug", (0, 0, 1))}, {(AT, "Mug_1", "Desk_1"): True, (OPEN, "Box_1"): True})
    other = Beliefs({"Mug_1": Thing("Mug_1", "Mug", (0.1, 0, 1), confidence=0.4)}, dict(reversed(one.facts.items())))

    assert belief_hash(one) == belief_hash(other)
    assert belief_hash(SHUT) != belief_hash(AJAR) != belief_hash(Beliefs())
    assert belief_hash(replace(SHUT, explored=True)) != belief_hash(SHUT)


def test_a_step_that_failed_is_tabu_here_for_twice_as_long_each_time_and_free_elsewhere():
    guard = LoopGuard(LoopGuardConfig(tabu_steps=1))
    waits = []
    for number in range(3):
        assert take(guard, PICK, SHUT, NO_EFFECT) == Allowed()
        assert isinstance(guard.advise(PICK, AJAR), Allowed)
        waited = 0
        while isinstance(guard.advise(PICK, SHUT), Tabu):
            take(guard, Step("go_to", (f"Bed_{number}_{waited}",)), SHUT)
            waited += 1
        waits.append(waited)

    assert waits == [1, 2, 4]


def test_a_step_that_failed_too_often_stays_tabu():
    guard = LoopGuard(LoopGuardConfig(tabu_steps=0, max_failures=2))
    take(guard, PICK, SHUT, NO_EFFECT)
    take(guard, PICK, SHUT, NO_EFFECT)

    assert guard.advise(PICK, SHUT) == Tabu("pick(Mug_1) failed 2 times here", 0)


def test_repeating_in_the_same_state_leads_to_exploring_and_then_to_the_end():
    guard = LoopGuard(LoopGuardConfig(max_repeats=3, max_explorations=1))

    assert [type(take(guard, PICK, SHUT)) for _ in range(5)] == [Allowed, Allowed, Allowed, ExploreFirst, Stop]
    assert guard.advise(OPEN_IT, AJAR).reason == "loop"  # once stopped, stopped


def test_going_round_in_a_circle_is_seen_when_the_third_round_begins():
    guard, shut = LoopGuard(), Step("close", ("Fridge_1",))
    round_ = [(OPEN_IT, SHUT), (shut, AJAR)]

    assert [take(guard, *move) for move in round_ * 2] == [Allowed()] * 4
    assert guard.advise(*round_[0]) == ExploreFirst("the last 2 steps repeat themselves")


def test_where_all_is_explored_a_circle_ends_the_task():
    guard, shut = LoopGuard(), Step("close", ("Fridge_1",))
    round_ = [(OPEN_IT, replace(SHUT, explored=True)), (shut, replace(AJAR, explored=True))]
    for move in round_ * 2:
        take(guard, *move)

    assert guard.advise(*round_[0]).reason == "loop"


def test_the_same_step_with_something_learnt_in_between_is_no_loop():
    guard = LoopGuard()
    for number in range(20):
        seen = Beliefs(facts={(AT, f"Mug_{k}", "Desk_1"): True for k in range(number)})
        assert take(guard, EXPLORE, seen) == Allowed()


def test_exploring_may_take_longer_before_anything_new_is_seen_but_not_for_ever():
    guard = LoopGuard(LoopGuardConfig(max_blind=12))

    assert [take(guard, EXPLORE, SHUT) for _ in range(12)] == [Allowed()] * 12
    assert guard.advise(EXPLORE, SHUT).reason == "loop"


def test_switched_off_it_keeps_the_bounds_only():
    guard = LoopGuard(LoopGuardConfig(enabled=False, max_steps=9))

    assert [take(guard, PICK, SHUT, NO_EFFECT) for _ in range(9)] == [Allowed()] * 9
    assert guard.advise(PICK, SHUT).reason == "budget"


def test_another_task_begins_afresh():
    guard = LoopGuard(LoopGuardConfig(max_steps=1))
    take(guard, PICK, SHUT, NO_EFFECT)
    assert isinstance(guard.advise(PICK, SHUT), Stop)

    guard.reset()

    assert guard.advise(PICK, SHUT) == Allowed()


STEPS = [PICK, OPEN_IT, EXPLORE, Step("find", ("Mug",))]
MOVES = st.tuples(st.sampled_from(STEPS), st.integers(0, 5), st.booleans(), st.booleans(), st.booleans())


@settings(max_examples=150, deadline=None)
@given(st.lists(MOVES, min_size=1, max_size=30), st.booleans(), st.booleans())
def test_whatever_a_brain_does_it_ends_within_the_bound(moves, enabled, fresh_beliefs):
    config = LoopGuardConfig(enabled=enabled, max_steps=15, max_refusals=5, max_explorations=2, max_blind=4)
    guard, asked, taken = LoopGuard(config), 0, 0
    while True:
        step, place, ok, obeys, explored = moves[asked % len(moves)]
        place = asked if fresh_beliefs else place  # every state a new one: no loop to be seen
        beliefs = Beliefs(facts={(AT, "Mug_1", f"Desk_{place}"): True}, explored=explored)
        advice = guard.advise(step, beliefs)
        asked += 1
        assert asked <= config.bound
        if isinstance(advice, Stop):
            assert advice.reason in ("loop", "livelock", "budget")
            break
        if isinstance(advice, Allowed) and obeys:
            guard.took(step, beliefs, done(step, OK if ok else NO_EFFECT))
            taken += 1

    assert taken <= config.max_steps
    assert isinstance(guard.advise(EXPLORE, Beliefs()), Stop)


@pytest.mark.parametrize("refusals", [1, 5])
def test_refusals_by_others_count_too(refusals):
    guard = LoopGuard(LoopGuardConfig(max_refusals=refusals))

    assert [guard.refused() for _ in range(refusals)] == [None] * refusals
    assert guard.refused().reason == "livelock"
