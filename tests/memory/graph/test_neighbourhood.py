from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.memory.contract import Source
from engram.memory.graph.graph import Graph
from engram.memory.graph.model import make_node
from engram.memory.graph.neighbourhood import NeighbourhoodConfig, along, both_ways, k_hop, retrieve

SECOND = 1_000_000_000


def at(stamp_ns):
    return Source("robot", "episode", 0, stamp_ns)


def graph(pairs, count=12, relation="near"):
    g = Graph()
    for k in range(count):
        g.put_node(make_node(f"n{k}", "object", f"n{k}", at(0)))
    for step, (a, b) in enumerate(pairs):
        g.believe((f"n{a}", relation, f"n{b}"), 2.0, at(step * SECOND))
    return g


def breadth_first(pairs, seeds, hops, undirected=False):
    """Distance of every node within reach, by a queue."""
    ways = [*pairs, *((b, a) for a, b in pairs)] if undirected else list(pairs)
    distance = dict.fromkeys(seeds, 0)
    queue = deque(seeds)
    while queue:
        node = queue.popleft()
        for a, b in ways:
            if a == node and b not in distance and distance[node] < hops:
                distance[b] = distance[node] + 1
                queue.append(b)
    return distance


PAIRS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40)
SEEDS = st.lists(st.integers(0, 11), min_size=1, max_size=4, unique=True)


@settings(max_examples=200, deadline=None)
@given(PAIRS, SEEDS, st.integers(0, 4))
def test_k_hop_is_breadth_first_search(pairs, seeds, hops):
    g = graph(pairs)
    for links, undirected in ((along(g), False), (both_ways(g), True)):
        rings = k_hop(links, [f"n{s}" for s in seeds], hops)
        found = {int(node[1:]): distance for distance, ring in enumerate(rings) for node in ring}
        assert found == breadth_first(pairs, seeds, hops, undirected)


@settings(max_examples=200, deadline=None)
@given(PAIRS, SEEDS, st.integers(0, 4))
def test_touched_vertices_keep_to_the_bound(pairs, seeds, hops):
    degree = max([1, *(len({b for a, b in pairs if a == k}) for k in range(12))])
    bound = len(seeds) * (sum(degree**h for h in range(hops + 1)))  # M (D^(K+1) - 1) / (D - 1)
    assert sum(map(len, k_hop(along(graph(pairs)), [f"n{s}" for s in seeds], hops))) <= bound


@settings(max_examples=100, deadline=None)
@given(PAIRS, st.integers(1, 3), st.integers(1, 3))
def test_a_capped_degree_bounds_any_graph(pairs, degree, hops):
    g = graph(pairs)
    reached = sum(map(len, k_hop(both_ways(g, degree), ["n0"], hops)))
    assert reached <= sum((2 * degree) ** h for h in range(hops + 1))


@settings(max_examples=100, deadline=None)
@given(PAIRS, SEEDS)
def test_generous_bounds_retrieve_all_facts_within_reach(pairs, seeds):
    config = NeighbourhoodConfig(hops=2, degree=99, nodes=99, edges=999)
    found = retrieve(graph(pairs), {f"n{s}": 1.0 for s in seeds}, 0, config)
    within = breadth_first(pairs, seeds, 2, undirected=True)
    reach = {(f"n{a}", "near", f"n{b}") for a, b in pairs if min(within.get(a, 9), within.get(b, 9)) < 2}
    assert {r.edge.triple for r in found} == reach
    assert [r.score for r in found] == sorted((r.score for r in found), reverse=True)
    assert all(0 < r.score <= 1 for r in found)


@pytest.mark.parametrize("then", [False, True])
def test_a_hub_gives_its_latest_neighbours(then):
    g = graph([(k, 0) for k in range(1, 12)])
    config = NeighbourhoodConfig(hops=1, degree=3)
    found = retrieve(g, {"n0": 1.0}, 11 * SECOND, config, at_ns=11 * SECOND if then else None)
    assert {r.edge.subject for r in found} == {"n9", "n10", "n11"}


def test_the_budget_keeps_what_is_near_recent_and_believed():
    g = graph([(0, 1), (1, 2), (2, 3), (0, 4)])
    g.doubt(("n0", "near", "n4"), 4.0, at(4 * SECOND))
    config = NeighbourhoodConfig(hops=3, edges=2)
    found = retrieve(g, {"n0": 1.0}, 4 * SECOND, config)
    assert [r.edge.triple for r in found] == [("n0", "near", "n1"), ("n1", "near", "n2")]
    fresh = retrieve(graph([(0, 1), (0, 2)]), {"n0": 1.0}, SECOND, NeighbourhoodConfig(half_life_secs=1.0))
    assert [r.edge.object for r in fresh] == ["n2", "n1"]


def test_no_more_nodes_than_allowed():
    g = graph([(0, k) for k in range(1, 12)])
    found = retrieve(g, {"n0": 1.0}, 0, NeighbourhoodConfig(degree=99, nodes=4))
    assert len(found) == 3


def test_the_past_is_walked_by_what_was_true_then():
    g = graph([(0, 1)])
    g.close(("n0", "near", "n1"), at(10 * SECOND))
    g.believe(("n0", "near", "n2"), 2.0, at(10 * SECOND))
    config = NeighbourhoodConfig()
    assert [r.edge.object for r in retrieve(g, {"n0": 1.0}, 20 * SECOND, config)] == ["n2"]
    assert [r.edge.object for r in retrieve(g, {"n0": 1.0}, 20 * SECOND, config, at_ns=5 * SECOND)] == ["n1"]


def test_seeds_that_do_not_exist_find_nothing():
    assert retrieve(graph([(0, 1)]), {"x": 1.0}, 0, NeighbourhoodConfig()) == []
