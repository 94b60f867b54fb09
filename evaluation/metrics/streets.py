"""Metrics of street navigation (Touchdown, Map2Seq) over nodes of a graph.

Two families carry the same names in the literature and must not be mixed. That of the community (Touchdown,
VLN-Transformer, ORAR, VELMA) counts hops; that of Mem4Nav's text measures metres. The names here say which is which.
Paths are node ids, at least one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike

from engram.evaluation.metrics.navigation import dtw, length_score

Node = Hashable
Path = Sequence[Node]
Hops = Callable[[Node, Node], float]  # from, to; infinite where there is no way


def hops(graph: Any) -> Hops:
    """Count links of the shortest way in a networkx graph, directed or not; each start is searched once.

    ORAR counts them undirected, VELMA directed: give the graph that is meant.
    """
    reached: dict[Node, dict[Node, int]] = {}

    def between(start: Node, end: Node) -> float:
        if start not in reached:
            reached[start] = nx.single_source_shortest_path_length(graph, start)
        return reached[start].get(end, math.inf)

    return between


def tc_neighbour(path: Path, goal: Node, between: Hops) -> bool:
    """Task completion of the community: the end is the goal or one of its neighbours.

    Source: Chen et al., Touchdown (CVPR 2019).
    """
    end = _nodes(path)[-1]
    return min(between(goal, end), between(end, goal)) <= 1


def spd_hops(path: Path, goal: Node, between: Hops) -> float:
    """Shortest-path distance from the end to the goal, in hops. Source: Chen et al., Touchdown (CVPR 2019)."""
    return between(_nodes(path)[-1], goal)


def sed(success: bool, path: Path, route: Path) -> float:
    """Success weighted by edit distance: ``S (1 - Lev(P, R) / max(|P|, |R|))``.

    Source: Chen et al., Touchdown (CVPR 2019), with Levenshtein's distance.
    """
    return 1 - levenshtein(_nodes(path), _nodes(route)) / max(len(path), len(route)) if success else 0.0


def levenshtein(a: Path, b: Path) -> int:
    """Fewest insertions, deletions and replacements that turn one sequence into the other.

    Source: V. I. Levenshtein, Binary codes capable of correcting deletions, insertions, and reversals (1966).
    """
    above = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        here = [i]
        for j, y in enumerate(b, 1):
            here.append(min(above[j] + 1, here[j - 1] + 1, above[j - 1] + (x != y)))
        above = here
    return above[-1]


def ndtw_vlnt(path: Path, route: Path, between: Hops) -> float:
    """nDTW of the community: ``exp(-DTW / (2 sqrt(|R|)))`` with hops as cost; not Ilharco's ``|R| d``.

    Source: code of VLN-Transformer (Zhu et al., EACL 2021), which the tables of ORAR, VELMA and FLAME follow.
    """
    return math.exp(-dtw(_hop_costs(route, path, between)) / (2 * math.sqrt(len(route))))


def cls_hops(path: Path, route: Path, between: Hops) -> float:
    """CLS over nodes: ``PC = mean over r of exp(-min over p of h(p, r))``, lengths as numbers of nodes.

    Source: Jain et al. (ACL 2019) as the code of VLN-Transformer (Zhu et al., EACL 2021) counts it.
    """
    coverage = float(np.mean(np.exp(-_hop_costs(route, path, between).min(axis=1))))
    return coverage * length_score(coverage * len(route), len(path))


def tc_3m(end: ArrayLike, goal: ArrayLike) -> bool:
    """Task completion by Mem4Nav's text: the end is within 3 m of the goal, straight.

    Args:
        end: where the agent stopped, in metres.
        goal: in the same frame.

    Source: Mem4Nav (arXiv 2506.19433).

    """
    return math.dist(np.asarray(end, np.float64), np.asarray(goal, np.float64)) <= 3.0


def ndtw_metric(cost_m: ArrayLike, route_length_m: float) -> float:
    """nDTW by Mem4Nav's text: ``exp(-DTW / L)`` with metres as cost.

    Args:
        cost_m: (|R|, |P|) distances of the nodes of the route from those of the path.
        route_length_m: L, above 0.

    Source: Mem4Nav (arXiv 2506.19433).

    """
    if not route_length_m > 0.0:
        raise ValueError(f"route_length_m must be above 0, not {route_length_m}")
    return math.exp(-dtw(cost_m) / route_length_m)


def _hop_costs(route: Path, path: Path, between: Hops) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(|R|, |P|) hops from each node of the path to each of the route."""
    return np.array([[between(p, r) for p in _nodes(path)] for r in _nodes(route)], np.float64)


def _nodes(path: Path) -> Path:
    if not path:
        raise ValueError("a path has at least one node")
    return path
