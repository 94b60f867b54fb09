"""What stands on what, judged from boxes and up-facing surfaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engram.perception.tracker import VOXEL_M, Track

Where = Literal["floor", "on", "unknown"]


@dataclass(frozen=True, eq=False)
class Support:
    """Where a thing rests."""

    where: Where
    track: Track | None = None  # what it rests on, when ``where`` is "on"


def support_of(track: Track, holders: Sequence[Track], floor_m: float = 0.05) -> Support:
    """Return what a track rests on.

    The holder is the one with most up-facing surface just below the thing; failing that the smallest whose box
    holds the thing's centre (a towel on its rail shows no level surface); failing that the floor.

    Args:
        track: the thing.
        holders: tracks that can hold things.
        floor_m: an underside lower than this rests on the floor, unless a holder's surface is under it.

    """
    base = float(track.lo[2])
    reach = track.size[:2] / 2 + 1.5 * VOXEL_M
    best, most = None, 0
    for holder in holders:
        if holder is track or np.any(track.lo[:2] > holder.hi[:2] + 0.1) or np.any(track.hi[:2] < holder.lo[:2] - 0.1):
            continue
        points = holder.surface_points()
        if not len(points):
            continue
        rise = points[:, 2] - base
        under = np.all(np.abs(points[:, :2] - track.centre[:2]) <= reach, axis=1) & (rise < 0.06) & (rise > -0.12)
        count = int(under.sum())
        if count > most:
            best, most = holder, count
    if best is not None and (most >= 2 or base > floor_m):
        return Support("on", best)
    if base < floor_m:
        return Support("floor")
    around = [
        h
        for h in holders
        if h is not track
        and np.all(track.centre >= h.lo - 0.08)
        and np.all(track.centre <= h.hi + np.array([0.08, 0.08, 0.3]))
    ]
    if around:
        return Support("on", min(around, key=lambda h: float(np.prod(h.size + 0.02))))
    return Support("floor") if base < 0.12 else Support("unknown")
