import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram.memory.retrieval.graph import personalised_pagerank


@given(st.integers(3, 12), st.integers(0, 10_000))
def test_agrees_with_networkx(nodes: int, seed: int) -> None:
    graph = nx.connected_watts_strogatz_graph(nodes, 2, 0.5, seed=seed)
    seeds = {0: 2.0, 1: 1.0}
    expected = nx.pagerank(graph, alpha=0.5, personalization=seeds, tol=1e-12)
    share = personalised_pagerank(
        lambda n: [(m, 1.0) for m in graph[n]], seeds, restart=0.5, tolerance=1e-9, max_pushes=20_000
    )
    assert all(share.get(node, 0) == pytest.approx(expected[node], abs=1e-5) for node in graph)


def test_the_budget_bounds_the_nodes_that_are_followed() -> None:
    asked = []

    def chain(node: int) -> list[tuple[int, float]]:
        asked.append(node)
        return [(node + 1, 1.0)]

    share = personalised_pagerank(chain, {0: 1.0}, restart=0.1, tolerance=1e-12, max_pushes=5)
    assert asked == [0, 1, 2, 3, 4]
    assert share[0] == pytest.approx(0.1)
    assert share[3] == pytest.approx(0.1 * 0.9**3)


def test_nothing_to_start_from() -> None:
    assert personalised_pagerank(lambda n: [], {}) == {}
    with pytest.raises(ValueError, match="restart"):
        personalised_pagerank(lambda n: [], {0: 1.0}, restart=0)
