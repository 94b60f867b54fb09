from __future__ import annotations

import sys

import pytest

from engram.agents.placing import placing_of
from engram.agents.relate import LearnedPartError
from engram.agents.search import SearchWaypoints
from engram.agents.situation import Situation, TidyConfig
from engram.agents.tidy import TidyAgent
from engram.planners.associative.baselines import CommonMemory, RandomReceptacle
from engram.planners.placement import AnyReceptacle, Candidate, PlacementPrior

HERE = [Candidate(name, {"Bedroom": 0.5, "Kitchen": 0.5}, cost) for name, cost in (("Bed", 0), ("CounterTop", 20))]
MANY = [Candidate("CounterTop", {}, float(k)) for k in range(20)]


@pytest.fixture(scope="module")
def prior():
    return PlacementPrior.load()


def placing(prior, **choices):
    return Situation(TidyConfig(**choices), detector=None, prior=prior).placing


def test_the_table_is_the_prior_that_is_given(prior):
    assert placing(prior) is prior
    assert isinstance(placing(prior, placing="common", placement_prior=False), AnyReceptacle)


def test_what_networks_are_measured_against(prior):
    common, drawn = placing(prior, placing="common"), placing(prior, placing="random")
    assert (type(common), type(drawn)) == (CommonMemory, RandomReceptacle)
    assert [k for k, _ in common.rank_believed({"Pan": 1.0}, HERE)] == [1, 0]
    order = [k for k, _ in drawn.rank_believed({"Pan": 0.7, "Pot": 0.3}, MANY)]
    assert sorted(order) == list(range(20))
    assert order != list(range(20))  # the way does not matter


@pytest.mark.parametrize("method", ["net", "no_memory"])
def test_networks_put_pans_on_the_counter_and_pillows_on_the_bed(prior, method):
    pytest.importorskip("torch")
    net = placing(prior, placing=method)
    for label, place in (("Pan", 1), ("Pillow", 0)):
        (best, belief), (_, other) = net.rank_believed({label: 1.0}, HERE)
        assert best == place
        assert belief - other > 0.15


def test_a_network_without_torch_says_what_to_install(prior, monkeypatch):
    for name in [n for n in sys.modules if n.startswith("engram.planners.associative.scorer")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(LearnedPartError, match=r"placing=net needs torch; run: pip install 'engram\[learn\]'"):
        placing_of("net", prior)


def test_the_search_network_is_asked_when_configured():
    assert TidyAgent(detector=None)._waypoints is None
    assert isinstance(TidyAgent(None, TidyConfig(search="net"))._waypoints, SearchWaypoints)
