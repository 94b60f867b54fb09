"""Neighbourhoods: K hops around seeds, and the best facts among what they reach, within a hard budget.

K-hop retrieval after RoboMemory (arXiv 2508.01415, section on spatial memory), with what it lacks: a bound that holds
whatever the degrees are, and a ranking by relevance, recency and belief.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from engram.memory.graph.graph import Graph
from engram.memory.graph.model import FREE, NOW, RELATIONS, Edge

Links = Callable[[str], Iterable[str]]  # the neighbours of a node


@dataclass(frozen=True)
class NeighbourhoodConfig:
    """Bounds and weights of retrieval."""

    hops: int = 2
    degree: int = 16  # neighbours of a node that are followed in each direction: the most recently touched
    nodes: int = 160  # no further hop once this many are reached
    edges: int = 64  # facts in the answer
    damping: float = 0.5  # relevance that is left after a hop
    half_life_secs: float = 3600.0  # of recency in the ranking


@dataclass(frozen=True, eq=False)
class Ranked:
    """A fact with its worth for the question, in [0, 1]."""

    edge: Edge
    score: float


def k_hop(links: Links, seeds: Iterable[str], hops: int) -> list[set[str]]:
    """Return the nodes at each distance 0, 1, ..., ``hops`` from the nearest seed; the sets are disjoint."""
    frontier = set(seeds)
    seen = set(frontier)
    rings = [frontier]
    for _ in range(hops):
        frontier = set().union(*map(links, frontier)) - seen
        seen |= frontier
        rings.append(frontier)
    return rings


def both_ways(graph: Graph, degree: int | None = None) -> Links:
    """Links along and against the current facts; at most ``degree`` each way, the most recently touched ones."""
    if degree is None:
        return lambda node: chain(graph.successors(node), graph.predecessors(node))
    return lambda node: chain(
        islice(reversed(graph.successors(node)), degree), islice(reversed(graph.predecessors(node)), degree)
    )


def along(graph: Graph) -> Links:
    """Links along the current facts, from subject to object."""
    return graph.successors


def links_then(graph: Graph, valid_ns: int, degree: int, known_ns: int = NOW) -> Links:
    """Links both ways along facts true at a time, by what was known at another; the latest ``degree`` of each kind."""
    return lambda node: [
        e.object if e.subject == node else e.subject for e in graph.latest_then(node, valid_ns, degree, known_ns)
    ]


def retrieve(
    graph: Graph,
    seeds: Mapping[str, float],
    now_ns: int,
    config: NeighbourhoodConfig,
    at_ns: int | None = None,
    known_ns: int = NOW,
) -> list[Ranked]:
    """Return the facts around seeds that matter most, best first, at most ``config.edges``.

    Those are the facts on ways of at most ``config.hops`` from a seed, to the most recent neighbours of each node.
    A fact's score is relevance x recency x belief. A node is as relevant as the best seed that reaches it, damped with
    each hop; a fact is as relevant as its two ends are on average.

    Args:
        graph: where to look.
        seeds: relevance of the nodes to start from, in [0, 1].
        now_ns: the time that recency and belief count from.
        config: bounds and weights.
        at_ns: facts that were true then, instead of now.
        known_ns: ... by what was known then; without ``at_ns`` it has no effect.

    """
    links = both_ways(graph, config.degree) if at_ns is None else links_then(graph, at_ns, config.degree, known_ns)
    relevance, inner = _relevance(links, {s: r for s, r in seeds.items() if s in graph.nodes}, config)
    edges = graph.inside(relevance, inner) if at_ns is None else graph.inside_then(relevance, inner, at_ns, known_ns)
    if not edges:
        return []
    scores = _scores(edges, relevance, now_ns, config)
    serials = np.array([e.serial for e in edges])
    return [Ranked(edges[k], float(scores[k])) for k in np.lexsort((serials, -scores))[: config.edges]]


def _scores(
    edges: Sequence[Edge], relevance: Mapping[str, float], now_ns: int, config: NeighbourhoodConfig
) -> NDArray[np.float64]:
    """(N,) relevance x recency x belief of facts."""
    nearness = np.array([relevance[e.subject] + relevance[e.object] for e in edges])
    age = np.maximum(now_ns - np.array([e.last_ns for e in edges]), 0) / 1e9
    half_life = np.array([RELATIONS.get(e.relation, FREE).half_life_secs for e in edges])
    belief = 1.0 / (1.0 + np.exp(-np.array([e.log_odds for e in edges]) * 0.5 ** (age / half_life)))
    recency = 0.5 ** (age / config.half_life_secs)
    return np.asarray(0.25 * nearness * (1.0 + recency) * belief)


def _relevance(
    links: Links, seeds: Mapping[str, float], config: NeighbourhoodConfig
) -> tuple[dict[str, float], set[str]]:
    """Relevance of every node within reach, and those that were expanded; seeds spread in order of their own."""
    reached = dict(sorted(seeds.items(), key=lambda item: (-item[1], item[0])))
    frontier, inner = list(reached), set(reached)
    for hop in range(config.hops):
        ring: list[str] = []
        for node in frontier:
            left = reached[node] * config.damping
            for other in links(node):
                if other not in reached and len(reached) < config.nodes:
                    reached[other] = left
                    ring.append(other)
        frontier = ring
        if hop + 1 < config.hops:
            inner.update(ring)
    return reached, inner
