"""The rearrangement agent in a house of boxes."""

from __future__ import annotations

import numpy as np
import pytest

from engram.agents.changes import Move, Remembered
from engram.agents.rearrange import RearrangeAgent, RearrangeConfig
from engram.perception.oracle import MaskDetector
from engram.perception.tracker import Track
from engram.sims.contract import Verb


@pytest.fixture
def agent(box_world):
    return RearrangeAgent(MaskDetector(box_world.masks, box_world.labels))


def shift(world, label, to):
    """Change the house that the next reset begins with."""
    b = world.where(label)
    by = np.array(to, float) - (b.lo + b.hi) / 2
    b.lo, b.hi = b.lo + by, b.hi + by
    world._make = world.boxes


def phase(world, agent, limit=500):
    observation, _ = world.reset(seed=0)
    agent.reset(observation)
    for k in range(limit):
        action = agent.act(observation)
        observation, _, terminated, _, _ = world.step(action)
        if terminated:
            return k + 1
    return None


def centre(world, label):
    b = world.where(label)
    return (b.lo + b.hi) / 2


def test_puts_back_what_was_moved_and_nothing_else(box_world, agent):
    assert phase(box_world, agent, 250)
    before = {b.label: (b.lo + b.hi) / 2 for b in box_world.boxes if b.movable}
    shift(box_world, "Bread", (1.3, -1.6, 0.76))  # onto the desk
    shift(box_world, "Laptop", (4.1, -1.2, 0.75))  # onto the dining table
    assert phase(box_world, agent)
    for label, was in before.items():
        assert np.linalg.norm(centre(box_world, label) - was) < 0.1, label
    status = agent.status()
    assert (status["found"], status["tidied"], status["failed"], status["holding"]) == (2, 2, 0, "")
    assert [e.label for e in agent.journal() if e.kind == "found"] == ["Bread", "Laptop"]


def test_leaves_a_house_alone_that_did_not_change(box_world, agent):
    assert phase(box_world, agent)
    box_world._make = box_world.boxes
    before = [b.lo.copy() for b in box_world.boxes]
    assert phase(box_world, agent)
    assert all(np.array_equal(a, b.lo) for a, b in zip(before, box_world.boxes, strict=True))
    assert [e.label for e in agent.journal()] == ["unshuffle", "restore"]


def test_lays_back_on_the_floor_what_lay_there(box_world, agent):
    assert phase(box_world, agent)
    was = centre(box_world, "Pillow")
    shift(box_world, "Pillow", (1.5, -1.6, 0.79))
    shift(box_world, "Laptop", (4.1, -1.2, 0.75))
    assert phase(box_world, agent)
    assert box_world.under("Pillow") == "Floor"
    assert np.linalg.norm(centre(box_world, "Pillow")[:2] - was[:2]) < 0.35


@pytest.fixture
def told():
    """The mug is to be carried from the floor of the bedroom to the dining table."""
    goal = Remembered("Mug", np.array([4.0, -1.3, 0.73]), np.array([4.1, -1.2, 0.83]), 1, 0.0, "DiningTable")
    now = np.array([0.6, -0.9, 0.05])
    return lambda: ([Move(Track(-1, {"Mug": 1.0}, now - 0.05, now + 0.05, 0, 0), goal)], [])


def brought(world, told, steps):
    config = RearrangeConfig(walk_steps=8, unshuffle_steps=steps, explore_steps=60)
    agent = RearrangeAgent(MaskDetector(world.masks, world.labels), config, changes=told)
    assert phase(world, agent) == 4  # the walkthrough ends with its budget, but for what is kept back
    used = phase(world, agent)
    return used, next(e.step for e in agent.journal() if e.kind == "picked")


def test_is_told_what_changed_and_ends_in_time_with_an_empty_hand(box_world, told):
    _, picked = brought(box_world, told, 300)
    assert box_world.under("Mug") == "DiningTable"
    used, _ = brought(box_world, told, picked + 7)  # what is kept back begins with the thing in the hand
    assert used <= picked + 7
    assert box_world.held is None
    assert box_world.under("Mug") == "Floor"


def test_phases_take_turns(box_world, agent):
    observation, _ = box_world.reset(seed=0)
    with pytest.raises(RuntimeError, match="reset"):
        agent.act(observation)
    for name in ("walkthrough", "unshuffle", "walkthrough"):
        agent.reset(observation)
        assert agent.act(observation)["verb"] == Verb.LOOK_DOWN
        assert [e.label for e in agent.journal()] == [name]
