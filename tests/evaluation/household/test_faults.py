"""Actuators that say that they have done what they have not."""

from __future__ import annotations

import pytest

from engram.evaluation.household.faults import DeadHouse, DeadText
from engram.sims.contract import Outcome, Verb, act
from engram.sims.house.text import TextHouse


def test_a_dead_skill_says_that_it_is_done_and_does_nothing():
    inner = TextHouse()
    world = DeadText(inner, "pick")
    seen = world.reset(11, {"rooms": 1})
    small = next(t for t in seen.seen if t.holder)
    world.step("go_to", (small.name,))
    before = [o.position for o in inner.truth.objects()]
    said = world.step("pick", (small.name,))
    assert (said.outcome, said.holding) == ("ok", "")
    assert [o.position for o in world.truth.objects()] == before
    assert inner.step("pick", (small.name,)).holding == small.name, "it could be done"


@pytest.mark.parametrize(("dead", "holding"), [("drop", 1), ("", 0)])
def test_a_dead_verb_of_the_world_of_pixels(dead, holding):
    world = DeadHouse(width=16, height=16)
    world.dead = dead
    world.reset(seed=11, options={"rooms": 1})
    arm, things = world._episode.arm, world._episode.house.things
    arm.hand.take(next(t for t in things if t.category == "SoapBar" or t.category == "Pen" or t.movable))
    observation = world.step(act(Verb.DROP))[0]
    assert observation["outcome"] == Outcome.OK
    assert observation["holding"] == holding
    world.close()
