"""Paths over the lattice of base positions: steps of 0.25 m along four directions, from the first pose.

A node is a lattice cell (i, j) = (x, y) / step, rounded. The base can step sideways and back, so a path needs no
turns; headings matter only where something is to be seen or done.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from engram.memory.occupancy import Floats, Mask, Occupancy

Node = tuple[int, int]
DIRECTIONS: tuple[Node, ...] = ((1, 0), (0, 1), (-1, 0), (0, -1))  # heading k looks along DIRECTIONS[k]


@dataclass(frozen=True)
class NavigationConfig:
    """Geometry of base and lattice."""

    step_m: float = 0.25
    radius_m: float = 0.20
    tight_m: float = 0.28  # passing nearer to something than this costs extra
    tight_cost: float = 0.6


class Navigator:
    """Shortest paths over what the map calls free, and over what bumping into things has taught."""

    def __init__(self, config: NavigationConfig | None = None) -> None:
        """Start with no blocked steps."""
        self.config = config or NavigationConfig()
        self._blocked: set[tuple[Node, Node]] = set()
        self._lo: Node = (0, 0)
        self._free: Mask = np.zeros((1, 1), bool)
        self._cost: Floats = np.ones((1, 1))
        self._from: Node = (0, 0)
        self._distance: Floats = np.zeros((1, 1))
        self._previous: NDArray[np.int32] = np.full((1, 1), -9999, np.int32)

    def node(self, x: float, y: float) -> Node:
        """Lattice node nearest to a point."""
        return round(x / self.config.step_m), round(y / self.config.step_m)

    def position(self, node: Node) -> tuple[float, float]:
        """Point of a node in the map frame."""
        return node[0] * self.config.step_m, node[1] * self.config.step_m

    def block(self, a: Node, b: Node) -> None:
        """Remember that the step from ``a`` to ``b`` (and back) failed."""
        self._blocked |= {(a, b), (b, a)}

    def plan(self, grid: Occupancy, start: Node) -> None:
        """Find the shortest paths from ``start`` to everywhere."""
        self._read(grid, start)
        rows, cols, weights = self._edges()
        n = self._free.size
        graph = coo_matrix((weights, (rows, cols)), shape=(n, n)).tocsr()
        self._from = start
        origin = self._index(start)
        distance, previous = dijkstra(graph, indices=origin, return_predecessors=True)
        self._distance, self._previous = distance.reshape(self._free.shape), previous

    def reachable(self) -> list[Node]:
        """Nodes that a path leads to, the start included."""
        found = np.argwhere(np.isfinite(self._distance))
        return [(int(i) + self._lo[0], int(j) + self._lo[1]) for i, j in found]

    def distance(self, node: Node) -> float:
        """Path cost in steps from the planned start; infinite when there is no path."""
        i, j = node[0] - self._lo[0], node[1] - self._lo[1]
        if not (0 <= i < self._free.shape[0] and 0 <= j < self._free.shape[1]):
            return math.inf
        return float(self._distance[i, j])

    def path(self, node: Node) -> list[Node]:
        """Nodes from the planned start to ``node``, both included; empty when there is no path."""
        if not math.isfinite(self.distance(node)):
            return []
        steps = [self._index(node)]
        while steps[-1] != self._index(self._from):
            steps.append(int(self._previous[steps[-1]]))
        return [self._node_of(k) for k in reversed(steps)]

    def nearest(self, goals: Mapping[Node, float]) -> Node | None:
        """Goal with the least path cost plus its own extra cost."""
        best, least = None, math.inf
        for node, extra in goals.items():
            cost = self.distance(node) + extra
            if cost < least:
                best, least = node, cost
        return best

    def _read(self, grid: Occupancy, start: Node) -> None:
        step, cell = self.config.step_m, grid.config.cell_m
        lo = np.ceil((grid.origin + 1) * cell / step).astype(int)
        hi = np.floor((grid.origin + np.array(grid.shape) - 1) * cell / step).astype(int)
        self._lo = (int(lo[0]), int(lo[1]))
        nodes = np.stack(np.meshgrid(*(np.arange(lo[k], hi[k] + 1) for k in range(2)), indexing="ij"), -1)
        # A node lies on a corner of four map cells: the least clearance of them counts.
        corner = grid.cells((nodes * step).reshape(-1, 2) + 0.25 * cell).reshape(nodes.shape)
        corner = np.clip(corner, 1, np.array(grid.shape) - 1)
        clearance, floor = grid.clearance(), grid.known_floor()
        quad = [(corner[..., 0] - a, corner[..., 1] - b) for a in (0, 1) for b in (0, 1)]
        room = np.min([clearance[q] for q in quad], axis=0)
        ground = np.mean([floor[q] for q in quad], axis=0) >= 0.5
        self._free = ground & (room > self.config.radius_m)
        self._cost = 1.0 + self.config.tight_cost * (room < self.config.tight_m)
        self._free[self._index2(start)] = True

    def _edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        index = np.arange(self._free.size).reshape(self._free.shape)
        rows, cols = [], []
        for a, b in ((np.s_[:-1, :], np.s_[1:, :]), (np.s_[:, :-1], np.s_[:, 1:])):
            both = self._free[a] & self._free[b]
            rows += [index[a][both], index[b][both]]
            cols += [index[b][both], index[a][both]]
        row, col = np.concatenate(rows), np.concatenate(cols)
        if self._blocked:
            size = self._free.size
            bad = [self._index(a) * size + self._index(b) for a, b in self._blocked if self._has(a) and self._has(b)]
            keep = ~np.isin(row * size + col, bad)
            row, col = row[keep], col[keep]
        return row, col, self._cost.ravel()[col]

    def _has(self, node: Node) -> bool:
        i, j = self._index2(node)
        return 0 <= i < int(self._free.shape[0]) and 0 <= j < int(self._free.shape[1])

    def _index2(self, node: Node) -> Node:
        return node[0] - self._lo[0], node[1] - self._lo[1]

    def _index(self, node: Node) -> int:
        i, j = self._index2(node)
        return i * int(self._free.shape[1]) + j

    def _node_of(self, index: int) -> Node:
        i, j = divmod(index, int(self._free.shape[1]))
        return i + self._lo[0], j + self._lo[1]
