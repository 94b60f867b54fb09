"""Image points to try where no mask says where a thing is: from its stored place, and in rings around it.

The rings are those of TIDEE (arXiv 2207.10761): 10 pixels apart for picking, 20 for placing, of an image of 480 rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engram.agents.situation import Situation
from engram.perception.geometry import Floats, in_view, lift, project
from engram.perception.tracker import Track

ImagePoint = tuple[float, float]
_ROWS = 480
_PICK_PX, _PICK_ROUNDS = 10.0, 2
_PLACE_PX, _PLACE_ROUNDS = 20.0, 3
_SLACK_M = 0.04  # a point so far out of the box of a thing may still be of it
_LEVEL_M = 0.08  # what is this much above or below a surface is another
_AROUND = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]


def ring_points(start: ImagePoint, step_px: float, rounds: int, rows: int, cols: int) -> Iterator[ImagePoint]:
    """Yield ``start`` and, ring by ring, the eight points around it; all within [0.01, 0.99]."""
    yield start
    step = step_px * rows / _ROWS
    for k in range(1, rounds + 1):
        for i, j in _AROUND:
            u, v = start[0] + i * k * step / cols, start[1] + j * k * step / rows
            yield min(max(u, 0.01), 0.99), min(max(v, 0.01), 0.99)


def surface_point(sit: Situation, track: Track) -> ImagePoint | None:
    """Image point of what is seen nearest to the centre of a thing and within its box; ``None`` when it is hidden."""
    points = sit.image.points.astype(np.float64)
    within = sit.image.valid & np.all((points > track.lo - _SLACK_M) & (points < track.hi + _SLACK_M), axis=-1)
    within &= points[..., 2] > track.lo[2] + min(0.01, 0.3 * float(track.size[2]))  # not what it lies on
    if not within.any():
        return None
    away = np.where(within, np.linalg.norm(points - track.centre, axis=-1), np.inf)
    row, col = np.unravel_index(int(away.argmin()), away.shape)
    rows, cols = sit.observation["depth"].shape
    s = sit.image.stride
    return (float(col) * s + 0.5) / cols, (float(row) * s + 0.5) / rows


def pick_points(sit: Situation, track: Track) -> list[ImagePoint]:
    """Image points at which a thing may be grasped, by its stored place; none when it is hidden."""
    start = surface_point(sit, track)
    if start is None:
        return []
    rows, cols = sit.observation["depth"].shape
    found = []
    for uv in ring_points(start, _PICK_PX, _PICK_ROUNDS, rows, cols):
        at = lifted(sit, uv)
        if at is not None and np.all(at > track.lo - _SLACK_M) and np.all(at < track.hi + _SLACK_M):
            found.append(uv)
    return found


def place_points(sit: Situation, target: Floats, mask: NDArray[np.bool_] | None = None) -> list[ImagePoint]:
    """Image points on the level of a point (3,) of a receptacle, around it, within reach and, if given, its mask."""
    uv, depth = project(target, sit.observation)
    if not in_view(uv, depth)[0]:
        return []
    rows, cols = sit.observation["depth"].shape
    found = []
    for u, v in ring_points((float(uv[0, 0]), float(uv[0, 1])), _PLACE_PX, _PLACE_ROUNDS, rows, cols):
        at = lifted(sit, (u, v))
        if at is None or float(np.hypot(*(at[:2] - sit.observation["base"][:2]))) > sit.config.limit_m:
            continue
        masked = mask is not None and bool(mask[int(v * rows), int(u * cols)])
        if masked or (mask is None and abs(float(at[2] - target[2])) < _LEVEL_M):
            found.append((u, v))
    return found


def lifted(sit: Situation, uv: ImagePoint) -> Floats | None:
    """(3,) what the image shows at a point, map frame; ``None`` without a depth there, and for the held thing."""
    rows, cols = sit.observation["depth"].shape
    row, col = min(int(uv[1] * rows), rows - 1), min(int(uv[0] * cols), cols - 1)
    if sit.holding and float(sit.observation["depth"][row, col]) < sit.config.hand_depth_m:
        return None
    at = lift(sit.observation, np.array([row]), np.array([col]))
    return at[0] if len(at) else None
