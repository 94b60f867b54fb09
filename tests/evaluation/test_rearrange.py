"""Rearrangement runs on real houses, and how they are judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engram.evaluation.rearrange import RearrangeEpisode, RearrangeHouse, RearrangeOracle, judge, run_rearrange
from engram.sims.house.shuffle import TruePose

ROOM = RearrangeHouse(rooms=1, shuffle=2, opening=0.0, ajar=0, snap_m=0.5, width=112, height=112)


def at(name, x, openness=None):
    movable = openness is None
    return TruePose(name, name, movable, np.array([x, 0.0, 0.0]), np.full(3, 0.1), np.eye(3), openness)


def test_things_are_paired_by_id_and_what_is_gone_is_broken():
    goal = [at("Cup", 0), at("Door", 0, 0.0), at("Mug", 0)]
    start = [at("Cup", 0), at("Door", 0, 1.0), at("Mug", 5)]
    end = [at("Mug", 0.01), at("Door", 0, 0.1)]
    result = judge(goal, start, end)
    assert result.start == (0.0, 1.0, 1.0)
    assert result.end == (1.0, 0.0, 0.0)
    assert (result.newly_misplaced, result.fixed_strict) == (1, 0.0)


@pytest.mark.slow
def test_puts_a_room_back():
    told = RearrangeEpisode(ROOM, oracle=RearrangeOracle(changes=True), perception="oracle")
    run = run_rearrange(told, 700_003)
    moved = run.values["moved"]
    assert moved >= 1
    assert run.values["moved_fixed"] == moved
    assert run.result.success
    assert run.values["noticed"] == run.values["claimed"] == moved
    assert run.values["false_success"] == 0
    assert run.kinds.count("moved") == moved
    seen = run_rearrange(replace(told, oracle=RearrangeOracle()), 700_003)
    assert seen.values["noticed"] >= 1
    assert seen.result.newly_misplaced == 0


@pytest.mark.slow
def test_equal_episodes_give_equal_figures():
    options = RearrangeEpisode(
        replace(ROOM, move_noise_m=0.005, width=64, height=64), perception="oracle", walk_steps=60, unshuffle_steps=80
    )
    first, second = (run_rearrange(options, 700_006) for _ in range(2))
    assert first.values == second.values
    assert first.unshuffle.steps == second.unshuffle.steps
    assert first.result == second.result
