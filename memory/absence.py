"""Looked, and not there: which boxes a depth image looks right through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram.memory.contract import Point

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class AbsenceConfig:
    """When a place counts as seen and empty."""

    core: float = 0.7  # rays must cross this share of the box, about its centre line
    foot: float = 0.3  # share of the height above the support that is left out: the support itself is seen there
    rays: int = 4  # least number of rays through the box
    through: float = 0.8  # share of them that must end beyond it
    slack_m: float = 0.02
    range_m: float = 3.0  # farther places are not judged
    points: int = 20_000  # the image is thinned to about this many


def seen_through(
    points: Floats, camera_m: Point, centres_m: Floats, extents_m: Floats, config: AbsenceConfig | None = None
) -> NDArray[np.bool_]:
    """(K,) whether nothing is in each of K boxes although it lies in clear view.

    A ray is the way from the camera to a point of the image. A box is empty when enough rays cross its core and most of
    them end behind it; rays that end in front of it (it is hidden) or in it (something is there) speak against that.

    Args:
        points: (N, 3) end points of the rays, map frame, metres.
        camera_m: optical centre, map frame.
        centres_m: (K, 3) centres of axis-aligned boxes, map frame.
        extents_m: (K, 3) full sides.
        config: thresholds.

    """
    c = config or AbsenceConfig()
    empty = np.zeros(len(centres_m), bool)
    offset = centres_m - np.asarray(camera_m)
    distance = np.linalg.norm(offset, axis=1)
    judged = np.flatnonzero((distance < c.range_m) & (distance > 1e-6))
    if not len(judged) or not len(points):
        return empty
    rays = np.asarray(points[:: max(1, len(points) // c.points)], np.float64) - np.asarray(camera_m)
    length = np.linalg.norm(rays, axis=1)
    rays, length = rays[length > 1e-6], length[length > 1e-6]
    cosines = np.einsum("nd,kd->nk", rays / length[:, None], offset[judged] / distance[judged, None])  # no BLAS threads
    for column, k in enumerate(judged):
        half = np.linalg.norm(extents_m[k]) / 2
        aimed = cosines[:, column] > np.cos(np.arctan2(half, distance[k]))
        if aimed.sum() >= c.rays:
            lo, hi = _core(offset[k], extents_m[k], c)
            empty[k] = _is_empty(rays[aimed], length[aimed], lo, hi, c)
    return empty


def _core(centre: Floats, extent: Floats, c: AbsenceConfig) -> tuple[Floats, Floats]:
    half = extent * (c.core / 2)
    lo, hi = centre - half, centre + half
    lo[2] = centre[2] + extent[2] * (c.foot - 0.5)
    hi[2] = max(hi[2], lo[2] + 1e-3)
    return lo, hi


def _is_empty(rays: Floats, length: Floats, lo: Floats, hi: Floats, c: AbsenceConfig) -> bool:
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = lo / rays, hi / rays
    enter = np.fmin(first, second).max(1)  # as a share of the ray's length
    leave = np.fmax(first, second).min(1)
    crossing = (enter < leave) & (leave > 0)
    if crossing.sum() < c.rays:
        return False
    beyond = leave[crossing] * length[crossing] <= length[crossing] + c.slack_m
    return bool(beyond.mean() >= c.through)
