"""Where to look next for a thing of some category: four ways to choose, from chance to a learned network.

A scout is asked for one pose at a time, and again after the robot has been there: by then the map says more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engram.agents.explore import View, best_view, worth_of_seeing
from engram.agents.motion import turns
from engram.agents.relate import LearnedPartError
from engram.agents.situation import Situation
from engram.memory.occupancy import Occupancy
from engram.perception.geometry import Floats
from engram.perception.tracker import Track
from engram.planners.navigation import Node

Worth = NDArray[np.float32]
Pose = tuple[Node, int]
_HEADINGS = np.array([k * math.pi / 2 for k in range(4)])
_FIXED_COST = 5.0  # steps; keeps the robot from looking again and again for crumbs
_CANDIDATES = 200
_LEFT = 0.1  # share of its worth that a cell keeps each time it was looked at in vain
_DOUBT = 0.3  # share of the belief that is spread over all that is unseen, whatever the searcher says
_UNSEEN = 0.05  # worth of an unseen square metre, in surely proper receptacles
_LEAST_WORTH = 1e-3  # of a view, for going there
_AROUND_M = 0.75
_AWAY_M = 0.4  # random goals are farther than this


class Belief(Protocol):
    """Where a thing is believed to be."""

    def on(self, grid: Occupancy) -> Worth:
        """(nx, ny) probability per square metre in the cells of a map."""
        ...


class Searcher(Protocol):
    """What tells where a thing of a label may be, given the map and what is known to be in it."""

    def heat(self, grid: Occupancy, tracks: Sequence[Track], label: str) -> Belief:
        """Return where it is believed to be."""
        ...

    def places(self, grid: Occupancy, tracks: Sequence[Track], label: str) -> list[tuple[Floats, float]]:
        """Return a few places (2,) and the probability around each, the likeliest first."""
        ...


class Scout(Protocol):
    """Chooses where to look for things of a label."""

    def view(self, sit: Situation, label: str, refused: Collection[Pose]) -> View | None:
        """Return the next pose, never one of the refused; ``None`` when nothing is left."""
        ...


def learned_searcher() -> Searcher:
    """Return the search network with the weights that come with the package; torch is loaded when this is called.

    Raises:
        LearnedPartError: torch is not installed.
        WeightsError: the weights cannot be used.

    """
    try:
        from engram.planners.search.scorer import load_search
    except ModuleNotFoundError as error:
        raise LearnedPartError(f"search=net needs {error.name}; run: pip install 'engram[learn]'") from error
    return load_search()


class RandomScout:
    """Goes to random places, all equally likely."""

    def __init__(self, seed: int = 0) -> None:
        """Take the seed of the choices."""
        self._rng = np.random.default_rng(seed)

    def view(self, sit: Situation, label: str, refused: Collection[Pose]) -> View | None:
        """Return a random pose at some distance."""
        sit.plan()
        here = np.array(sit.navigator.position(sit.node))
        nodes = sorted(sit.navigator.reachable())
        far = [n for n in nodes if float(np.hypot(*(np.array(sit.navigator.position(n)) - here))) > _AWAY_M]
        if not far:
            return None
        return View(far[int(self._rng.integers(len(far)))], int(self._rng.integers(4)), 0.0)


class FrontierScout:
    """Goes on exploring, whatever is looked for."""

    def view(self, sit: Situation, label: str, refused: Collection[Pose]) -> View | None:
        """Return the pose from which most that is unseen comes into view, for its cost."""
        return best_view(sit, refused)


class WorthScout:
    """Goes where most of the worth of cells comes into view, for its cost."""

    def __init__(self, worth: Callable[[Situation, str], Worth]) -> None:
        """Take what gives the (nx, ny) worth of seeing the cells of the map, per square metre."""
        self._worth = worth

    def view(self, sit: Situation, label: str, refused: Collection[Pose]) -> View | None:
        """Return the pose that shows most worth for its cost; cells that were looked at count less each time."""
        worth = self._worth(sit, label) * unlooked(sit, refused)
        return view_of(sit, np.asarray(worth, np.float32), refused)


def scout_of(method: str, seed: int = 0, searcher: Searcher | None = None) -> list[Scout]:
    """Return the scouts of a method; each is asked when those before it have nothing left.

    Args:
        method: ``net``, ``prior``, ``frontier`` or ``random``.
        seed: of random choices.
        searcher: of ``net``; the one with the weights of the package when not given.

    """
    if method == "random":
        return [RandomScout(seed)]
    last: list[Scout] = [FrontierScout(), RandomScout(seed)]
    if method == "frontier":
        return last
    if method == "prior":
        return [WorthScout(worth_by_counts), *last]
    net = searcher or learned_searcher()
    return [WorthScout(lambda sit, label: worth_by_belief(sit, label, net)), *last]


def worth_by_belief(sit: Situation, label: str, searcher: Searcher) -> Worth:
    """(nx, ny) probability per square metre that a thing is there: by the searcher, and in doubt anywhere unseen."""
    belief = searcher.heat(sit.grid, sit.tracker.tracks, label).on(sit.grid)
    unseen = worth_of_seeing(sit)
    area_m2 = float(unseen.sum()) * sit.grid.config.cell_m**2
    return np.asarray((1.0 - _DOUBT) * belief + _DOUBT * unseen / max(area_m2, 1.0), np.float32)


def worth_by_counts(sit: Situation, label: str) -> Worth:
    """(nx, ny) worth of seeing the cells of the map by the counts of what is kept on what, and of what is unseen."""
    worth = (worth_of_seeing(sit) > 0.0).astype(np.float32) * np.float32(_UNSEEN)
    for holder in sit.holders():
        proper = sit.placing.proper(label, holder.label, sit.room_at(holder.centre))
        lo, hi = sit.grid.cells(np.stack([holder.lo[:2], holder.hi[:2]]))
        part = np.s_[max(lo[0], 0) : max(hi[0] + 1, 0), max(lo[1], 0) : max(hi[1] + 1, 0)]
        size = worth[part].size * sit.grid.config.cell_m**2
        if size and sit.prior.knows(label):
            worth[part] += np.float32(proper / size)
    return worth


def worth_around(place: Floats) -> Callable[[Situation, str], Worth]:
    """Return what gives each cell near a place (3,) the same worth, for looking at it from other sides."""

    def worth(sit: Situation, label: str) -> Worth:
        xs, ys = (
            (np.arange(sit.grid.shape[k]) + sit.grid.origin[k] + 0.5) * sit.grid.config.cell_m - float(place[k])
            for k in range(2)
        )
        return np.asarray(np.hypot(xs[:, None], ys[None, :]) < _AROUND_M, np.float32)

    return worth


def unlooked(sit: Situation, looks: Collection[Pose]) -> Worth:
    """(nx, ny) what is left of the worth of each cell after looks from some poses."""
    left = np.ones(sit.grid.shape, np.float32)
    for node, heading in looks:
        ix, iy = sit.sight.cells(sit.grid, np.array(sit.navigator.position(node)), float(_HEADINGS[heading]))
        cells = np.unique(np.stack([ix, iy], 1), axis=0)
        left[cells[:, 0], cells[:, 1]] *= _LEFT
    return left


def view_of(sit: Situation, worth: Worth, refused: Collection[Pose]) -> View | None:
    """Return the pose with the best ratio of worth in view to cost; ``None`` when none shows any."""
    sit.plan()
    nodes = [n for n in sorted(sit.navigator.reachable()) if sum(n) % 2 == 0 or n == sit.node]
    if not nodes:
        return None
    cost = np.array([sit.navigator.distance(n) for n in nodes])
    xy = np.array([sit.navigator.position(n) for n in nodes])
    gains = np.concatenate(
        [sit.sight.gains(sit.grid, xy[k : k + _CANDIDATES], worth, _HEADINGS) for k in range(0, len(xy), _CANDIDATES)]
    )
    turning = np.array([turns(sit.heading, h, sit.config.rotate_deg) for h in range(4)])
    ratio = np.where(gains >= _LEAST_WORTH, gains / (cost[:, None] + turning + _FIXED_COST), 0.0)
    place = {node: k for k, node in enumerate(nodes)}
    for node, heading in [*refused, (sit.node, sit.heading)]:
        if node in place:
            ratio[place[node], heading] = 0.0
    k, heading = (int(v) for v in np.unravel_index(int(ratio.argmax()), ratio.shape))
    return View(nodes[k], heading, float(gains[k, heading])) if ratio[k, heading] > 0.0 else None
