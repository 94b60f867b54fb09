"""Exploration: go where most of what was not yet looked at from near would come into view."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engram.agents.motion import Skill, look_to, travel, turn_to, turns
from engram.agents.situation import Situation
from engram.planners.navigation import Node

_HEADINGS = np.array([k * math.pi / 2 for k in range(4)])
_CANDIDATES = 160
_FIXED_COST = 3.0  # steps; keeps the robot from hopping after crumbs
_PATIENCE = 2  # frames that should have shown a cell before it is given up


@dataclass(frozen=True)
class View:
    """A pose and what it promises."""

    node: Node
    heading: int
    gain_m2: float


def explore(
    sit: Situation,
    until: int | None = None,
    refused: set[tuple[Node, int]] | None = None,
    enough: Callable[[], bool] = lambda: False,
) -> Skill[bool]:
    """Look around until nothing promising is left; returns whether nothing was left.

    Args:
        sit: the situation.
        until: step at which to stop; ``explore_steps`` of the configuration when not given.
        refused: poses that showed all they can; grows. With any, the robot has looked around where it began.
        enough: asked after each step; ends the exploration early when it says so.

    """
    until = sit.config.explore_steps if until is None else until
    if not refused:
        yield from look_to(sit, sit.config.pitch_deg)
        for _ in range(3):
            if not enough():
                yield from turn_to(sit, (sit.heading + 1) % 4)
    refused = set() if refused is None else refused
    while sit.step < until and not enough():
        view = best_view(sit, refused)
        if view is None:
            return True
        yield from look_to(sit, sit.config.pitch_deg)
        stale = _Stale(sit, view)
        arrived = yield from travel(sit, {view.node: 0.0}, ahead=True, enough=lambda: enough() or stale())  # noqa: B023
        if arrived and sit.node == view.node:
            yield from turn_to(sit, view.heading)
        if not arrived or sit.node == view.node:
            refused.add((view.node, view.heading))
    return False


def worth_of_seeing(sit: Situation) -> NDArray[np.float32]:
    """(nx, ny) worth of each cell: 1 where nothing is known, less where it was only seen from afar."""
    grid = sit.grid
    unseen = ~np.isfinite(grid.near)
    far = (grid.near > sit.config.see_near_m) & ~unseen
    worth = np.where(unseen, 1.0, np.where(far, 0.6, 0.0)).astype(np.float32)
    worth[grid.tried >= _PATIENCE] = 0.0
    worth[~ndimage.binary_opening(worth > 0, np.ones((3, 3), bool))] = 0.0  # gaps between distant readings
    return worth


def best_view(sit: Situation, refused: Collection[tuple[Node, int]] = ()) -> View | None:
    """Return the pose with the best ratio of promised view to cost; None when none promises enough."""
    sit.plan()
    worth = worth_of_seeing(sit)
    nodes = [n for n in sit.navigator.reachable() if sum(n) % 2 == 0 or n == sit.node]
    if not nodes:
        return None
    xy = np.array([sit.navigator.position(n) for n in nodes])
    cost = np.array([sit.navigator.distance(n) for n in nodes])
    chosen = _promising(sit, worth, xy, cost)
    gains = sit.sight.gains(sit.grid, xy[chosen], worth, _HEADINGS)
    turning = np.array([turns(sit.heading, h, sit.config.rotate_deg) for h in range(4)])
    way = cost[chosen][:, None] + turning[None, :] + _FIXED_COST
    ratio = (gains if sit.config.explore == "sight" else 1.0) / way
    ratio[gains < sit.config.explore_gain_m2] = 0.0
    place = {nodes[c]: k for k, c in enumerate(chosen)}
    for node, heading in [*refused, (sit.node, sit.heading)]:  # seen before, and what it sees now
        if node in place:
            ratio[place[node], heading] = 0.0
    k, best = np.unravel_index(int(ratio.argmax()), ratio.shape)
    if ratio[k, best] <= 0.0:
        return None
    return View(nodes[chosen[k]], int(best), float(gains[k, best]))


def _promising(
    sit: Situation, worth: NDArray[np.float32], xy: NDArray[np.float64], cost: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Indices of the places with most unseen area around them for their cost: an upper bound, cheap to have."""
    size = round(2 * sit.config.see_near_m / sit.grid.config.cell_m) | 1
    around = ndimage.uniform_filter(worth, size, mode="constant")
    cells = sit.grid.cells(xy)
    bound = around[cells[:, 0], cells[:, 1]] / (cost + _FIXED_COST)
    order = np.argsort(-bound, kind="stable")[:_CANDIDATES]
    return np.asarray(order[bound[order] > 0] if (bound[order] > 0).any() else order[:1])


class _Stale:
    """Whether the view that a journey was for has, on the way, already been seen; asked every third step."""

    def __init__(self, sit: Situation, view: View) -> None:
        """Remember the promise."""
        self._sit, self._view, self._calls = sit, view, 0

    def __call__(self) -> bool:
        """Compare what the view still promises with what it promised."""
        self._calls += 1
        if self._calls % 3:
            return False
        sit, view = self._sit, self._view
        place = np.array([sit.navigator.position(view.node)])
        left = sit.sight.gains(sit.grid, place, worth_of_seeing(sit), _HEADINGS[view.heading : view.heading + 1])
        return bool(left[0, 0] < 0.5 * view.gain_m2)
