"""What has changed in a house between two visits, as far as the robot can tell from what it saw.

Two ways to tell what was moved: by relations, as TIDEE's rearrangement does (released code), and by positions. By
relations, a thing is out of place where few of the sentences about it were true before. By positions, things of one
label are paired where they lie still; what is left of both visits, and was seen to be gone or not there before, is
paired by size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from engram.perception.geometry import Floats, camera_of
from engram.perception.relations import Placed, text_relations
from engram.perception.tracker import Track
from engram.planners.navigation import Node
from engram.sims.contract import Camera, Observation

_FORBIDDEN = 1e3
_STRIDE = 4  # of the depth that is kept of each frame
_CLEAR_M, _CLEAR_RANGE_M, _CLEAR_PIXELS = 0.05, 4.0, 5.0


@dataclass(frozen=True)
class ViewPoint:
    """From where something was seen."""

    node: Node
    heading: int
    pitch_deg: float


@dataclass(frozen=True, eq=False)
class Remembered:
    """A thing as a visit left it in memory. Map frame, metres."""

    label: str
    lo: Floats  # (3,) its box
    hi: Floats
    views: int
    pixel_m2: float  # pixels times squared depth: how large it shows
    support: str = ""  # label of what it lay on, "Floor", or "" where that was not seen
    seen_from: ViewPoint | None = None  # the nearest pose that showed it
    track: Track | None = None

    @property
    def centre(self) -> Floats:
        """(3,) centre of the box."""
        return (self.lo + self.hi) / 2

    @property
    def size(self) -> Floats:
        """(3,) sides of the box."""
        return self.hi - self.lo


@dataclass(frozen=True, eq=False)
class Move:
    """A thing that lies elsewhere now."""

    now: Track
    goal: Remembered


@dataclass(frozen=True, eq=False)
class Swing:
    """A door, lid or drawer that is not as it was."""

    thing: Track
    open: bool  # how it was


@dataclass(frozen=True)
class ChangeConfig:
    """Thresholds of change."""

    ratio: float = 0.35  # by relations: least ratio of sentences that hold still to those that do not (TIDEE)
    instances: int = 1  # by relations: things of one label that are compared (TIDEE: up to 2)
    still_m: float = 0.2  # by positions: what is nearer than this, and a quarter of its size, has not moved
    size_log: float = 1.2  # by positions: most difference of two views of one thing, summed over logs of its sides
    unseen_log: float = 0.4  # ... which counts as this much more where nobody had seen that the place was empty before
    views: int = 2  # clear views of a place that show that a thing is not there
    swing_views: int = 1  # clear views of where a leaf stands in the other visit
    swing_m: float = 0.1  # a thing that opens grows or shrinks at least this much
    near_m: float = 0.6  # ... and its centre is within this


class Views:
    """The depth of each frame of a visit, thinned, to ask later whether a place was in plain view."""

    def __init__(self) -> None:
        """Start with no frames."""
        self._depth: list[NDArray[np.float32]] = []
        self._pose: list[Floats] = []
        self._camera: Camera | None = None

    def add(self, observation: Observation) -> None:
        """Keep a frame."""
        self._camera = camera_of(observation)
        self._depth.append(observation["depth"][::_STRIDE, ::_STRIDE].copy())
        self._pose.append(observation["map_T_camera"].copy())

    def clear(self, point: Floats, pixel_m2: float = math.inf) -> int:
        """Return how many frames would have shown something at a point (3,), if it had been there.

        Args:
            point: map frame, metres.
            pixel_m2: how large it would show: pixels times squared depth.

        """
        if self._camera is None:
            return 0
        c = self._camera
        poses = np.stack(self._pose)
        optical = np.einsum("nji,nj->ni", poses[:, :3, :3], point - poses[:, :3, 3])
        away = np.maximum(optical[:, 2], 1e-6)
        u, v = c.fx * optical[:, 0] / away + c.cx, c.fy * optical[:, 1] / away + c.cy
        near = (optical[:, 2] > 0.3) & (away < _CLEAR_RANGE_M) & (pixel_m2 / away**2 >= _CLEAR_PIXELS)
        inside = near & (u > 0.05 * c.width) & (u < 0.95 * c.width) & (v > 0.05 * c.height) & (v < 0.95 * c.height)
        count = 0
        for k in np.flatnonzero(inside):
            count += bool(self._depth[k][int(v[k]) // _STRIDE, int(u[k]) // _STRIDE] > away[k] - _CLEAR_M)
        return count


def moved_by_positions(
    before: Sequence[Remembered],
    now: Sequence[Remembered],
    gone: Callable[[Remembered], bool],
    new: Callable[[Remembered], bool],
    config: ChangeConfig,
) -> list[Move]:
    """Pair what is no longer where it was with what is where nothing was.

    Args:
        before: things of the first visit.
        now: things of the second; each has its track.
        gone: whether the place of a thing of the first visit was seen to be empty in the second.
        new: whether the place of a thing of the second visit was seen to be empty in the first; it need not have been,
            since nobody can go back to look.
        config: thresholds.

    """
    left, appeared = unmatched(before, now, config)
    left = [t for t in left if gone(t)]

    def unlike(a: Remembered, b: Remembered) -> float:
        return _size_cost(a, b) + (0.0 if new(b) else config.unseen_log)

    moves = []
    for label in sorted({t.label for t in left}):
        a, b = [t for t in left if t.label == label], [t for t in appeared if t.label == label]
        for i, k in _pairs(a, b, unlike, lambda *_: config.size_log):
            moves += [Move(track, a[i]) for track in (b[k].track,) if track is not None]
    return moves


def unmatched(
    before: Sequence[Remembered], now: Sequence[Remembered], config: ChangeConfig
) -> tuple[list[Remembered], list[Remembered]]:
    """Things of either visit that the other has not at the same place."""

    def still(a: Remembered, b: Remembered) -> float:
        return config.still_m + 0.25 * max(float(a.size.max()), float(b.size.max()))

    left, appeared = list(before), list(now)
    for label in {t.label for t in before}:
        a, b = [t for t in before if t.label == label], [t for t in now if t.label == label]
        for i, k in _pairs(a, b, _away_m, still):
            left.remove(a[i])
            appeared.remove(b[k])
    return left, appeared


def moved_by_relations(
    before: Sequence[Remembered],
    now: Sequence[Remembered],
    fixtures: tuple[Sequence[Placed], Sequence[Placed]],
    config: ChangeConfig,
) -> list[Move]:
    """Compare what can be said of the best seen things of each label; ``fixtures`` are those of either visit.

    A thing is out of place where ``similar / (dissimilar + 1e-6)`` is less than ``ratio``: so, too, where nothing can
    be said of it.
    """
    moves = []
    for label in sorted({t.label for t in before} & {t.label for t in now}):
        pairs = zip(_best(before, label), _best(now, label), strict=False)
        for a, b in islice(pairs, config.instances):
            said, says = sentences(a, fixtures[0]), sentences(b, fixtures[1])
            similar = len(says & said)
            if similar / (len(says - said) + 1e-6) < config.ratio and b.track is not None:
                moves.append(Move(b.track, a))
    return moves


def sentences(thing: Remembered, fixtures: Sequence[Placed]) -> set[str]:
    """What can be said of a thing and what stands about it."""
    return {r.sentence for r in text_relations(Placed(thing.label, thing.lo, thing.hi), fixtures)}


def swung(
    before: Sequence[Remembered],
    now: Sequence[Remembered],
    was_free: Callable[[Floats], bool],
    is_free: Callable[[Floats], bool],
    config: ChangeConfig,
) -> list[Swing]:
    """Tell what was opened or shut from how far things reach to their sides and up.

    Args:
        before: things that open, of the first visit.
        now: those of the second; each has its track.
        was_free: whether a place (3,) was seen to be free in the first visit: an open leaf is there now.
        is_free: the same of the second.
        config: thresholds.

    """
    found = []
    for label in sorted({t.label for t in before}):
        a, b = [t for t in before if t.label == label], [t for t in now if t.label == label]
        for i, k in _pairs(a, b, _away_m, lambda *_: config.near_m):
            track = b[k].track
            opened = any(map(was_free, _grown(a[i], b[k], config.swing_m)))
            shut = any(map(is_free, _grown(b[k], a[i], config.swing_m)))
            if track is not None and opened != shut:
                found.append(Swing(track, open=shut))
    return found


def _grown(small: Remembered, large: Remembered, least_m: float) -> Iterator[Floats]:
    """Yield the middles of the parts of a box that reach beyond another, to the sides and up."""
    for axis in range(3):
        for sign in (1, -1) if axis < 2 else (1,):
            inner, outer = (small.hi, large.hi) if sign > 0 else (small.lo, large.lo)
            if sign * (outer[axis] - inner[axis]) > least_m:
                middle = large.centre.copy()
                middle[axis] = (outer[axis] + inner[axis]) / 2
                yield middle


def _pairs(
    a: Sequence[Remembered],
    b: Sequence[Remembered],
    cost: Callable[[Remembered, Remembered], float],
    most: Callable[[Remembered, Remembered], float],
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of least total cost, none of which costs more than ``most``."""
    if not a or not b:
        return
    table = np.array([[c if (c := cost(x, y)) <= most(x, y) else _FORBIDDEN for y in b] for x in a])
    for i, k in zip(*linear_sum_assignment(table), strict=True):
        if table[i, k] < _FORBIDDEN:
            yield int(i), int(k)


def _away_m(a: Remembered, b: Remembered) -> float:
    return math.dist(a.centre, b.centre)


def _size_cost(a: Remembered, b: Remembered) -> float:
    """Difference of two boxes, however they are turned."""
    sides = [np.log(np.sort(t.size) + 0.03) for t in (a, b)]
    return float(np.abs(sides[0] - sides[1]).sum())


def _best(things: Sequence[Remembered], label: str) -> list[Remembered]:
    return sorted((t for t in things if t.label == label), key=lambda t: -t.views)
