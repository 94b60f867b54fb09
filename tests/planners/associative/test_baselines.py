from __future__ import annotations

import pytest

from engram.planners.associative import placing_prior
from engram.planners.associative.baselines import CommonMemory, RandomReceptacle
from engram.planners.associative.graph import MemoryNode, merged
from engram.planners.placement import FLOOR, Candidate, PlacementPrior

COUNTS = {"Mug": {"CounterTop": {"Kitchen": 5.0}, "Desk": {"Bedroom": 1.0}}, "Boots": {FLOOR: {"Bedroom": 2.0}}}


@pytest.fixture
def prior():
    return PlacementPrior({"version": 1, "counts": COUNTS, "rooms": {"Kitchen": {"Fridge": 3.0}}})


def remembered(*holders):
    nodes = [MemoryNode(600_000, "Kitchen_1", "Kitchen", label) for label in (FLOOR, "CounterTop", "Desk")]
    mugs = [MemoryNode(600_000, "Kitchen_1", "Kitchen", "Mug") for _ in holders]
    number = {FLOOR: 0, "CounterTop": 1, "Desk": 2}
    return merged([([*nodes, *mugs], [(k, number[h], 2, 1) for k, h in enumerate(holders, 3)])])


def test_the_commonest_holder_is_best_in_any_room(prior):
    common = CommonMemory(prior, remembered("CounterTop", "Desk", "Desk", FLOOR))
    assert common.proper("Mug", "Desk", {"Bathroom": 1.0}) == 1.0
    assert common.proper("Mug", "CounterTop", {}) == 0.5
    assert common.proper("Mug", None, {}) == 0.5
    assert common.proper("Mug", "Sofa", {}) == common.proper("Boots", "Desk", {}) == 0.0
    candidates = [Candidate("CounterTop", {}, 0.0), Candidate("Desk", {}, 30.0), Candidate("Desk", {}, 10.0)]
    assert [k for k, _ in common.rank_receptacles("Mug", candidates)] == [2, 1, 0]
    assert common.knows("Boots")


def test_by_chance_every_receptacle_comes_first_and_the_floor_last(prior):
    chance = RandomReceptacle(prior, seed=3)
    candidates = [Candidate("Desk", {}, 0.0), Candidate("CounterTop", {}, 900.0), Candidate(FLOOR, {}, 0.0)]
    ranked = [chance.rank_receptacles("Mug", candidates) for _ in range(40)]
    assert {r[0][0] for r in ranked} == {0, 1}
    assert {r[2] for r in ranked} == {(2, 0.0)}
    again = RandomReceptacle(prior, seed=3)
    assert [again.rank_receptacles("Mug", candidates) for _ in range(40)] == ranked


def test_the_factory_gives_each_kind(prior):
    assert placing_prior("table", prior) is prior
    assert isinstance(placing_prior("common", prior), CommonMemory)
    assert isinstance(placing_prior("random", prior), RandomReceptacle)
