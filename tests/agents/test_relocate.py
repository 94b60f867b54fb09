from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from engram.agents.relocate import Relocate, RelocateConfig, moved
from engram.agents.remember import Remember, RememberConfig
from engram.agents.tidy import TidyAgent, TidyConfig
from engram.memory.contract import Percepts, Seen, Source
from engram.memory.mapping.planar import inverse
from engram.memory.mapping.relocalise import StoredMap
from engram.memory.spatial.octree import Octree
from engram.perception.oracle import MaskDetector

SECOND = 10**9
ELSEWHERE = np.array([1.3, -0.7, math.pi / 2 + 0.2])


class Kept:
    """A memory that keeps what it is told."""

    def __init__(self) -> None:
        self.percepts: list[Percepts] = []

    def write(self, percepts) -> int:
        self.percepts.append(percepts)
        return len(self.percepts)


def tidied(world, steps):
    """What the first steps of an episode tell."""
    kept = Kept()
    agent = TidyAgent(MaskDetector(world.masks, world.labels), TidyConfig(), remember=Remember(kept, RememberConfig()))
    observation, _ = world.reset(seed=0)
    agent.reset(observation)
    for _ in range(steps):
        observation, *_ = world.step(agent.act(observation))
    return [replace(p, source=replace(p.source, stamp_ns=p.source.step * SECOND)) for p in kept.percepts]


def mapped(percepts):
    tree = Octree()
    for p in percepts:
        tree.insert(p.points, p.camera_m)
    return StoredMap.of(tree)


def walls(*sides):
    parts, z = [], np.arange(0.0, 2.2, 0.05)
    for x0, y0, x1, y1 in sides:
        part = np.arange(0, 1, 0.04 / math.hypot(x1 - x0, y1 - y0))
        line = np.stack([x0 + part * (x1 - x0), y0 + part * (y1 - y0)], -1)
        parts.append(np.column_stack([np.repeat(line, len(z), 0), np.tile(z, len(line))]))
    return np.concatenate(parts)


def other_house():
    """A house of another plan, as a map."""
    tree = Octree()
    plan = [(0, 0, 2.2, 0), (2.2, 0, 2.2, 7), (2.2, 7, 0, 7), (0, 7, 0, 0), (0, 3, 1.2, 3), (1, 5, 2.2, 5)]
    for _ in range(3):
        tree.insert(walls(*plan), (1.1, 1.5, 1.3))
    return StoredMap.of(tree)


def test_what_is_told_from_elsewhere_is_written_in_the_stored_frame_and_later(box_world):
    percepts = tidied(box_world, 40)
    assert all(p.source.stamp_ns == p.source.step * SECOND for p in percepts)
    kept = Kept()
    relocate = Relocate(kept, mapped(percepts), 500 * SECOND)
    written = []
    for p in percepts:
        relocate.write(moved(p, inverse(ELSEWHERE), 0))
        written.append(len(kept.percepts))
    assert written[18:21] == [0, 20, 21]  # the second try is at the twentieth look, and brings what was held back
    assert (relocate.searching, relocate.reason) == (False, "")
    np.testing.assert_allclose(relocate.pose, ELSEWHERE, atol=0.03)
    assert [p.source.stamp_ns for p in kept.percepts] == [560 * SECOND + p.source.stamp_ns for p in percepts]
    assert [p.source.step for p in kept.percepts] == list(range(40))
    for was, now in zip(percepts, kept.percepts, strict=True):
        np.testing.assert_allclose(now.camera_m, was.camera_m, atol=0.08)
        np.testing.assert_allclose(now.base[:2], was.base[:2], atol=0.08)
        assert abs(math.remainder(now.base[2] - was.base[2], 2 * math.pi)) < 0.02
        np.testing.assert_allclose(now.points[::500], was.points[::500], atol=0.15)
        assert now.points.dtype == np.float32
        assert [t.label for t in now.things] == [t.label for t in was.things]
        for a, b in zip(was.things, now.things, strict=True):
            np.testing.assert_allclose(b.centre_m, a.centre_m, atol=0.12)


def test_another_house_is_not_written_into(box_world):
    kept = Kept()
    relocate = Relocate(kept, other_house(), 0, RelocateConfig(max_steps=20))
    for p in tidied(box_world, 22):
        assert relocate.write(p) == 0
    assert (kept.percepts, relocate.pose, relocate.searching) == ([], None, False)
    assert "map" in relocate.reason


def test_an_episode_that_ends_too_early_is_not_written(box_world):
    percepts = tidied(box_world, 12)
    kept = Kept()
    relocate = Relocate(kept, mapped(percepts), 0, RelocateConfig(first_steps=20))
    for p in [*percepts, Percepts(percepts[-1].source, outcome="interrupted")]:
        relocate.write(p)
    assert (kept.percepts, relocate.searching) == ([], False)
    assert "no second look" in relocate.reason


def test_the_end_of_an_episode_may_confirm_the_first_try(box_world):
    percepts = tidied(box_world, 12)
    kept = Kept()
    relocate = Relocate(kept, mapped(percepts), 0)
    for p in [*percepts, Percepts(percepts[-1].source, outcome="success")]:
        relocate.write(p)
    assert len(kept.percepts) == 13
    assert kept.percepts[-1].outcome == "success"


def test_a_clock_that_runs_on_is_left_alone(box_world):
    percepts = tidied(box_world, 20)
    late = [replace(p, source=replace(p.source, stamp_ns=p.source.stamp_ns + 900 * SECOND)) for p in percepts]
    kept = Kept()
    relocate = Relocate(kept, mapped(percepts), 500 * SECOND)
    for p in late:
        relocate.write(p)
    assert [p.source.stamp_ns for p in kept.percepts] == [p.source.stamp_ns for p in late]


def test_everything_that_has_a_place_is_moved():
    told = Percepts(
        Source("r", "e", 3, 5),
        "Put Mug on Desk.",
        [Seen("Mug", 0.9, (1.0, 0.0, 0.8), (0.2, 0.1, 0.1), "Desk")],
        points=np.array([[1.0, 2.0, 0.5]], np.float32),
        camera_m=(0.0, 0.0, 1.5),
        base=(1.0, 0.0, 0.5),
        action={"verb": "place", "position_m": (1.0, 1.0, 0.7)},
    )
    now = moved(told, np.array([10.0, 20.0, math.pi / 2]), 7)
    assert now.source == Source("r", "e", 3, 12)
    assert now.things[0].centre_m == pytest.approx((10.0, 21.0, 0.8))
    assert now.things[0].extent_m == pytest.approx((0.1, 0.2, 0.1))
    assert (now.things[0].support, now.summary) == ("Desk", "Put Mug on Desk.")
    np.testing.assert_allclose(now.points, [[8.0, 21.0, 0.5]], atol=1e-6)
    assert now.camera_m == pytest.approx((10.0, 20.0, 1.5))
    assert now.base == pytest.approx((10.0, 21.0, 0.5 + math.pi / 2))
    assert now.action["position_m"] == pytest.approx((9.0, 21.0, 0.7))
    assert now.action["verb"] == "place"
    assert told.action["position_m"] == (1.0, 1.0, 0.7)
    bare = moved(Percepts(Source("r", "e", 3, 5)), np.array([10.0, 20.0, 1.0]), 0)
    assert (bare.points, bare.base, bare.camera_m, list(bare.things)) == (None, None, None, [])
