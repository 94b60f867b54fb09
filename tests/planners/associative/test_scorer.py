from __future__ import annotations

import sys
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from engram.planners.associative import PlacingError, placing_prior  # noqa: E402
from engram.planners.associative.graph import FLOOR, MemoryGraph, SceneNode  # noqa: E402
from engram.planners.associative.model import load  # noqa: E402
from engram.planners.associative.scorer import AssociativePrior, load_prior  # noqa: E402
from engram.planners.placement import Candidate, PlacementPrior  # noqa: E402
from engram.planners.weights import WeightsError  # noqa: E402

KITCHEN, BEDROOM, BATHROOM = {"Kitchen": 1.0}, {"Bedroom": 1.0}, {"Bathroom": 1.0}
PLACES = [
    Candidate("CounterTop", KITCHEN, 10.0),
    Candidate("Bed", BEDROOM, 10.0),
    Candidate("ToiletPaperHanger", BATHROOM, 10.0),
    Candidate("Desk", BEDROOM, 10.0),
]


@pytest.fixture(scope="module")
def prior():
    return PlacementPrior.load()


@pytest.fixture(scope="module", params=["net", "no_memory"])
def placing(prior, request):
    return placing_prior(request.param, prior)


@pytest.mark.parametrize(("thing", "place"), [("Bread", 0), ("Pillow", 1), ("ToiletPaper", 2), ("Laptop", 3)])
def test_things_go_where_they_belong(placing, thing, place):
    ranked = placing.rank_receptacles(thing, PLACES)
    assert ranked[0][0] == place
    assert ranked[0][1] > 0.5
    assert sorted(k for k, _ in ranked) == [0, 1, 2, 3]
    assert [b for _, b in ranked] == sorted((b for _, b in ranked), reverse=True)


def test_the_type_of_the_room_counts(placing):
    shelves = [Candidate("Shelf", BATHROOM), Candidate("Shelf", BEDROOM)]
    assert placing.rank_receptacles("Book", shelves)[0][0] == 1
    assert placing.rank_receptacles("SoapBar", shelves)[0][0] == 0
    assert placing.proper("Book", "Shelf", BEDROOM) > 0.5 > placing.proper("Book", "Shelf", BATHROOM)
    mixed = placing.proper("Book", "Shelf", {"Bedroom": 0.5, "Bathroom": 0.5})
    assert mixed == pytest.approx(
        (placing.proper("Book", "Shelf", BEDROOM) + placing.proper("Book", "Shelf", BATHROOM)) / 2
    )


def test_the_way_decides_between_equals(placing):
    near, far = Candidate("Bed", BEDROOM, 5.0), Candidate("Bed", BEDROOM, 60.0)
    assert [k for k, _ in placing.rank_receptacles("Pillow", [far, near])] == [1, 0]
    assert placing.rank_receptacles("Pillow", []) == []


def test_floors_are_for_few_things(placing):
    assert placing.proper("Mug", None, KITCHEN) < 0.2
    assert placing.proper("Mug", None, KITCHEN) == placing.proper("Mug", FLOOR, KITCHEN)
    assert placing.proper("Boots", None, BEDROOM) > 0.5


def test_beliefs_of_all_places_sum_to_one(placing):
    chance = placing.distribution("Pillow")
    assert sum(p for rooms in chance.values() for p in rooms.values()) == pytest.approx(1.0)
    assert max(chance, key=lambda holder: sum(chance[holder].values())) in ("Bed", "Sofa")


def test_what_was_seen_is_taken_in(prior):
    placing = placing_prior("net", prior)
    assert isinstance(placing, AssociativePrior)
    before = placing.distribution("Book")
    placing.see([SceneNode("Sofa", {"LivingRoom": 1.0}, (1.0, 2.0, 0.4)), SceneNode("TVStand", {"LivingRoom": 1.0})])
    after = placing.distribution("Book")
    assert before != after
    placing.see([])
    assert placing.rank_receptacles("Bread", PLACES)[0][0] == 0


def test_the_memory_can_be_changed(prior):
    whole = MemoryGraph.load()
    plain = load_prior(prior, "full", graph=whole)
    forgetful = load_prior(prior, "full", graph=whole.only(without={"Kettle"}))
    assert plain.distribution("Kettle") != forgetful.distribution("Kettle")


def test_what_was_never_taught_is_recalled_by_the_memory(prior):
    whole = MemoryGraph.load()
    nodes = tuple(replace(n, label="Zzyzx" if n.label == "Pillow" else n.label) for n in whole.nodes)
    renamed = load_prior(prior, "full", graph=MemoryGraph(nodes, whole.edges))
    assert renamed.rank_receptacles("Zzyzx", PLACES)[0][0] == 1
    chance = renamed.distribution("Zzyzx")
    assert max(chance, key=lambda holder: sum(chance[holder].values())) in ("Bed", "Sofa")


def test_the_weights_belong_to_the_memory_of_the_package():
    _, about = load()
    assert about["memory_graph"] == MemoryGraph.load().digest


def test_networks_that_are_not_there_are_named(prior):
    with pytest.raises(WeightsError, match="full, no_memory"):
        load_prior(prior, "other")


def test_without_torch_the_command_is_named(prior, monkeypatch):
    monkeypatch.setitem(sys.modules, "engram.planners.associative.scorer", None)
    with pytest.raises(PlacingError, match="pip install"):
        placing_prior("net", prior)
