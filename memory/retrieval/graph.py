"""Personalised PageRank near some seeds: what is linked to what was found.

The push algorithm (Andersen, Chung, Lang, FOCS 2006) touches only nodes that get a noticeable share, so its cost does
not grow with the graph; a budget of pushes bounds it in any case.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def personalised_pagerank(
    links: Callable[[Node], Sequence[tuple[Node, float]]],
    seeds: Mapping[Node, float],
    restart: float = 0.7,
    tolerance: float = 1e-4,
    max_pushes: int = 64,
) -> dict[Node, float]:
    """Return the share of a random walker's time that each node near the seeds gets.

    Args:
        links: gives the (neighbour, weight) pairs of a node; weights are not negative.
        seeds: where the walker starts, and how often; need not sum to 1.
        restart: probability of going back to a seed at each step.
        tolerance: a node is left alone while less than this share waits in it.
        max_pushes: nodes whose links are followed at most.

    Returns:
        Shares, which sum to 1 less what is left waiting.

    """
    if not 0 < restart <= 1:
        raise ValueError(f"restart must be in (0, 1], got {restart}")
    total = sum(seeds.values())
    if total <= 0:
        return {}
    waiting = {node: weight / total for node, weight in seeds.items()}
    order = {node: place for place, node in enumerate(seeds)}  # ties are settled by first appearance
    queue = [(-weight, order[node], node) for node, weight in waiting.items()]
    heapq.heapify(queue)
    share: dict[Node, float] = {}
    pushes = 0
    while queue and pushes < max_pushes:
        _, _, node = heapq.heappop(queue)
        mass = waiting.get(node, 0.0)
        if mass < tolerance:
            continue
        waiting[node] = 0.0
        pushes += 1
        neighbours = links(node)
        weight_sum = sum(weight for _, weight in neighbours)
        if weight_sum <= 0:
            share[node] = share.get(node, 0.0) + mass
            continue
        share[node] = share.get(node, 0.0) + restart * mass
        for other, weight in neighbours:
            waiting[other] = waiting.get(other, 0.0) + (1 - restart) * mass * weight / weight_sum
            order.setdefault(other, len(order))
            if waiting[other] >= tolerance:
                heapq.heappush(queue, (-waiting[other], order[other], other))
    for node, mass in waiting.items():  # what waits is counted where it waits
        if mass > 0:
            share[node] = share.get(node, 0.0) + restart * mass
    return share
