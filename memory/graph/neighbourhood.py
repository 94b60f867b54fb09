"""Neighbourhoods: K hops around seeds, and the best facts among what they reach, within a hard budget.

K-hop retrieval after RoboMemory (arXiv 2508.01415, section on spatial memory), with what it lacks: a bound that holds
whatever the degrees are, and a ranking by relevance, recency and belief.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, islice

from engram.memory.graph.graph import Graph
from engram.memory.graph.model import FOREVER, Edge

Links = Callable[[str], Iterable[str]]  # the neighbours of a node


@dataclass(frozen=True)
class NeighbourhoodConfig:
    """Bounds and weights of retrieval."""

    hops: int = 2
    degree: int = 16  # neighbours of a node that are followed in each direction: the most recently touched
    nodes: int = 256  # no further hop once this many are reached
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


def links_then(graph: Graph, valid_ns: int, degree: int, known_ns: int = FOREVER - 1) -> Links:
    """Links both ways along the facts that were true at a time; at most twice ``degree``, the latest written."""

    def links(node: str) -> list[str]:
        latest = heapq.nlargest(2 * degree, graph.as_of(valid_ns, known_ns, [node]), key=lambda e: e.serial)
        return [e.object if e.subject == node else e.subject for e in latest]

    return links


def retrieve(
    graph: Graph,
    seeds: Mapping[str, float],
    now_ns: int,
    config: NeighbourhoodConfig,
    at_ns: int | None = None,
) -> list[Ranked]:
    """Return the facts around seeds that matter most, best first, at most ``config.edges``.

    A fact's score is relevance x recency x belief. A node is as relevant as the best seed that reaches it, damped with
    each hop; a fact is as relevant as its two ends are on average.

    Args:
        graph: where to look.
        seeds: relevance of the nodes to start from, in [0, 1].
        now_ns: the time that recency and belief count from.
        config: bounds and weights.
        at_ns: facts that were true then, instead of now.

    """
    links = both_ways(graph, config.degree) if at_ns is None else links_then(graph, at_ns, config.degree)
    relevance = _relevance(links, {s: r for s, r in seeds.items() if s in graph.nodes}, config)
    edges = graph.inside(relevance) if at_ns is None else _within_then(graph, relevance, at_ns)
    half_life_ns = config.half_life_secs * 1e9
    scored = []
    for edge in edges:
        nearness = relevance[edge.subject] + relevance[edge.object]
        recency = 0.5 ** (max(0, now_ns - edge.last_ns) / half_life_ns)
        scored.append((-nearness * (1.0 + recency) * edge.confidence(now_ns), edge.serial, edge))
    return [Ranked(edge, -0.25 * score) for score, _, edge in heapq.nsmallest(config.edges, scored)]


def _relevance(links: Links, seeds: Mapping[str, float], config: NeighbourhoodConfig) -> dict[str, float]:
    """Relevance of every node within reach; seeds spread in order of their own."""
    reached = dict(sorted(seeds.items(), key=lambda item: (-item[1], item[0])))
    frontier = list(reached)
    for _ in range(config.hops):
        if len(reached) >= config.nodes:
            break
        ring: list[str] = []
        for node in frontier:
            left = reached[node] * config.damping
            for other in links(node):
                if other not in reached:
                    reached[other] = left
                    ring.append(other)
        frontier = ring[: max(0, config.nodes - len(reached) + len(ring))]
        for other in ring[len(frontier) :]:
            del reached[other]
    return reached


def _within_then(graph: Graph, nodes: Mapping[str, float], at_ns: int) -> list[Edge]:
    return [e for e in graph.as_of(at_ns, nodes=nodes) if e.subject in nodes and e.object in nodes]
