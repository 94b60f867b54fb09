"""Parts of the tidy agent that can be switched off, and parts that can be told the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engram.agents.explore import best_view
from engram.agents.handled import Deed, HandledNow
from engram.agents.situation import Situation, TidyConfig
from engram.agents.tidy import TidyAgent
from engram.perception.oracle import MaskDetector
from engram.perception.tracker import Track, pack_voxels
from engram.planners.placement import AnyReceptacle, Candidate, PlacementPrior

PRIOR = PlacementPrior.load()


def situation(rooms=None, **switches):
    sit = Situation(TidyConfig(**switches), None, PRIOR, rooms)
    sit.grid.floor[:] = 1
    sit.grid.near[:] = 1.0
    sit.grid.version += 1
    bed = Track(0, {"Bed": 1.0}, np.array([1.0, 0.0, 0.1]), np.array([1.6, 0.6, 0.7]), 0, 0)
    chair = Track(1, {"Chair": 1.0}, np.array([3.0, 0.0, 0.1]), np.array([3.6, 0.6, 0.5]), 0, 0)
    chair.surface = set(pack_voxels(np.array([[3.1, 0.1, 0.44], [3.2, 0.2, 0.44], [3.3, 0.3, 0.44]])).tolist())
    on_chair = Track(2, {"Book": 1.0}, np.array([3.1, 0.1, 0.45]), np.array([3.3, 0.3, 0.47]), 0, 0)
    on_floor = Track(3, {"Book": 1.0}, np.array([2.1, 1.0, 0.0]), np.array([2.3, 1.2, 0.02]), 0, 0)
    sit.tracker.tracks = [bed, chair, on_chair, on_floor]
    return sit


def test_without_the_room_prior_all_rooms_are_as_likely():
    at = np.array([1.2, 0.8])
    assert situation().room_at(at)["Bedroom"] > 0.5
    assert set(situation(room_prior=False).room_at(at).values()) == {1 / len(PRIOR.room_types)}


def test_rooms_may_be_told():
    assert situation(rooms=lambda position: {"Kitchen": 1.0}).room_at(np.array([1.2, 0.8])) == {"Kitchen": 1.0}


def test_without_the_misplaced_prior_what_lies_on_the_floor_is_misplaced():
    with_prior, without = situation(), situation(misplaced_prior=False)
    _, _, on_chair, on_floor = with_prior.tracker.tracks
    assert (with_prior.misplaced(on_chair), with_prior.misplaced(on_floor)) == (1.0, 1.0)
    assert (without.misplaced(on_chair), without.misplaced(on_floor)) == (0.0, 1.0)
    assert without.placing is PRIOR


def test_without_the_placement_prior_the_nearest_receptacle_will_do():
    sit = situation(placement_prior=False)
    kitchen = {"Kitchen": 1.0}
    near, far = Candidate("Bed", kitchen, 3.0), Candidate("CounterTop", kitchen, 30.0)
    assert sit.placing.rank_receptacles("Mug", [far, near])[0] == (1, 1.0)
    assert PRIOR.rank_receptacles("Mug", [far, near])[0][0] == 0
    assert sit.judging is PRIOR


def test_any_receptacle_knows_the_same_names():
    any_ = AnyReceptacle(PRIOR)
    assert any_.knows("Mug")
    assert any_.receptacles == PRIOR.receptacles
    assert any_.proper("Boots", None, {"Bedroom": 1.0}) == any_.proper("Boots", "Floor", {"Bedroom": 1.0}) == 0.0


def test_exploration_without_sight_goes_for_the_nearest_view(box_world):
    agent = TidyAgent(MaskDetector(box_world.masks, box_world.labels))
    observation, _ = box_world.reset(seed=0)
    for _ in range(6):
        observation, *_ = box_world.step(agent.act(observation))
    sit = agent._sit
    best = best_view(sit)
    away = sit.navigator.distance(best.node)
    sit.config = replace(sit.config, explore="nearest")
    nearest = best_view(sit)
    assert nearest.gain_m2 < best.gain_m2
    assert sit.navigator.distance(nearest.node) < away


def test_without_memory_of_what_was_handled_it_is_handled_again(box_world):
    for remembers in (True, False):
        agent = TidyAgent(MaskDetector(box_world.masks, box_world.labels), TidyConfig(handled_memory=remembers))
        observation, _ = box_world.reset(seed=0)
        sit = agent._sit
        sit.perceive(observation)
        mug = Track(9, {"Mug": 1.0}, np.array([1.0, 0.5, 0.0]), np.array([1.1, 0.6, 0.1]), 0, 0, out_of_place=1.0)
        sit.tracker.tracks = [mug]
        agent._states.handled = HandledNow([Deed("tried", "Mug", mug.centre)] * 2)
        assert agent._states.next(sit) is (None if remembers else mug)


def test_time_passes_even_where_nothing_can_be_tried(box_world):
    config = TidyConfig(handled_memory=False, explore_steps=0, max_steps=40, reach_m=0.01, stretch_m=0.0)
    agent = TidyAgent(MaskDetector(box_world.masks, box_world.labels), config)
    observation, _ = box_world.reset(seed=0)
    terminated = False
    while not terminated:
        observation, _, terminated, _, _ = box_world.step(agent.act(observation))
    assert agent.status()["step"] == 36  # the reserve is kept
    assert agent.status()["failed"] > 10
