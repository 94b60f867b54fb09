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


def test_ends_in_time_with_an_empty_hand(box_world):
    config = RearrangeConfig(walk_steps=200, unshuffle_steps=200, explore_steps=200)
    detector = MaskDetector(box_world.masks, box_world.labels)
    steps = None
    for stop in (200, None):
        agent = RearrangeAgent(
            detector, config if stop else RearrangeConfig(walk_steps=200, unshuffle_steps=steps, explore_steps=200)
        )
        box_world._make = None
        assert phase(box_world, agent)
        box_world._make = box_world.boxes
        shift(box_world, "Bread", (1.3, -1.6, 0.76))
        assert phase(box_world, agent) <= (stop or steps)
        picked = [e.step for e in agent.journal() if e.kind == "picked"]
        assert picked
        steps = picked[0] + 7  # the reserve begins with the thing in the hand
    assert box_world.held is None


def test_is_told_what_changed(box_world):
    mug = centre(box_world.__class__(), "Mug") if hasattr(box_world, "boxes") else np.array([0.6, -0.9, 0.05])
    goal = Remembered("Mug", np.array([4.0, -1.3, 0.73]), np.array([4.1, -1.2, 0.83]), 1, 0.0, "DiningTable")
    told = Move(Track(-1, {"Mug": 1.0}, mug - 0.05, mug + 0.05, 0, 0), goal)
    agent = RearrangeAgent(MaskDetector(box_world.masks, box_world.labels), changes=lambda: ([told], []))
    assert phase(box_world, agent)
    box_world._make = box_world.boxes
    assert phase(box_world, agent)
    assert box_world.under("Mug") == "DiningTable"


def test_phases_take_turns(box_world, agent):
    observation, _ = box_world.reset(seed=0)
    with pytest.raises(RuntimeError, match="reset"):
        agent.act(observation)
    for name in ("walkthrough", "unshuffle", "walkthrough"):
        agent.reset(observation)
        assert agent.act(observation)["verb"] == Verb.LOOK_DOWN
        assert [e.label for e in agent.journal()] == [name]
