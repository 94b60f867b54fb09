from __future__ import annotations

import math

import networkx as nx
import pytest

from engram.evaluation.metrics.streets import (
    cls_hops,
    hops,
    levenshtein,
    ndtw_metric,
    ndtw_vlnt,
    sed,
    spd_hops,
    tc_3m,
    tc_neighbour,
)

STREET = hops(nx.path_graph(6))  # 0 - 1 - 2 - 3 - 4 - 5
ROUTE, SHORT = [0, 1, 2, 3], [0, 1, 2]


def test_the_neighbour_of_the_goal_completes_the_task():
    assert tc_neighbour(SHORT, 3, STREET)
    assert tc_neighbour([0, 3, 4], 3, STREET)
    assert not tc_neighbour([0, 1], 3, STREET)
    assert (spd_hops(SHORT, 3, STREET), spd_hops([0], 3, STREET)) == (1, 3)


def test_one_way_streets():
    ring = hops(nx.cycle_graph(5, create_using=nx.DiGraph))
    assert spd_hops([1], 0, ring) == 4
    assert tc_neighbour([1], 0, ring)  # a link either way makes neighbours
    assert spd_hops([0], 1, hops(nx.DiGraph([(1, 0)]))) == math.inf


def test_edit_distance():
    assert levenshtein("kitten", "sitting") == 3
    assert levenshtein("", "abc") == 3
    assert sed(True, SHORT, ROUTE) == 0.75
    assert sed(False, ROUTE, ROUTE) == 0.0


def test_stopping_one_hop_short():
    """DTW = 1 and |R| = 4: exp(-1 / (2 sqrt 4)); coverage (3 + 1/e) / 4."""
    assert ndtw_vlnt(SHORT, ROUTE, STREET) == pytest.approx(math.exp(-1 / 4))
    coverage = (3 + math.exp(-1)) / 4
    assert cls_hops(SHORT, ROUTE, STREET) == pytest.approx(coverage * 4 * coverage / (4 * coverage + 4 * coverage - 3))
    assert ndtw_vlnt(ROUTE, ROUTE, STREET) == cls_hops(ROUTE, ROUTE, STREET) == 1.0


def test_in_metres():
    assert tc_3m((0, 0), (1.8, 2.4))
    assert not tc_3m((0, 0), (1.8, 2.41))
    cost_m = [[0, 9, 19], [9, 0, 10], [19, 10, 0], [28, 19, 9]]
    assert ndtw_metric(cost_m, 28.0) == pytest.approx(math.exp(-9 / 28))
    with pytest.raises(ValueError, match="above 0"):
        ndtw_metric(cost_m, 0.0)


def test_a_path_has_a_node():
    with pytest.raises(ValueError, match="at least one node"):
        spd_hops([], 3, STREET)
