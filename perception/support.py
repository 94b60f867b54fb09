"""What stands on what, judged from boxes and up-facing surfaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engram.perception.geometry import Floats
from engram.perception.tracker import VOXEL_M, Track

Where = Literal["floor", "on", "unknown"]
_STANDING_M = 0.3  # what begins lower than this stands on the floor


@dataclass(frozen=True, eq=False)
class Support:
    """Where a thing rests."""

    where: Where
    track: Track | None = None  # what it rests on, when ``where`` is "on"


def support_of(track: Track, holders: Sequence[Track], others: Sequence[Track] = (), floor_m: float = 0.05) -> Support:
    """Return what a track rests on.

    It is what has most up-facing surface just below the thing; failing that the floor; failing that the smallest
    whose box holds the thing's centre, holders before others (a towel on its rail shows no level surface, nor does a
    bin that a kettle was thrown into).

    Args:
        track: the thing.
        holders: tracks that can hold things.
        others: further tracks that something may lie on although it should not, such as chairs.
        floor_m: an underside lower than this rests on the floor, unless a surface is under it.

    """
    base = float(track.lo[2])
    best, most = _most_surface(track, [*holders, *others])
    if best is not None and (most >= 2 or base > floor_m):
        return Support("on", best)
    if base < floor_m:
        return Support("floor")
    standing = [t for t in others if t.lo[2] < min(_STANDING_M, base)]
    for group in (holders, standing):
        around = [t for t in group if t is not track and _about(t, track.centre)]
        if around:
            return Support("on", min(around, key=lambda t: float(np.prod(t.size + 0.02))))
    return Support("floor") if base < 0.12 else Support("unknown")


def _most_surface(track: Track, below: Sequence[Track]) -> tuple[Track | None, int]:
    """The track with most up-facing voxels just below a thing, and how many."""
    base = float(track.lo[2])
    reach = track.size[:2] / 2 + 1.5 * VOXEL_M
    best, most = None, 0
    for other in below:
        if other is track or np.any(track.lo[:2] > other.hi[:2] + 0.1) or np.any(track.hi[:2] < other.lo[:2] - 0.1):
            continue
        points = other.surface_points()
        if not len(points):
            continue
        rise = points[:, 2] - base
        under = np.all(np.abs(points[:, :2] - track.centre[:2]) <= reach, axis=1) & (rise < 0.06) & (rise > -0.12)
        count = int(under.sum())
        if count > most:
            best, most = other, count
    return best, most


def _about(track: Track, point: Floats) -> bool:
    """Whether a point is in the box of a track or a little above it."""
    above = np.array([0.08, 0.08, 0.3])
    return bool(np.all(point >= track.lo - 0.08) and np.all(point <= track.hi + above))
