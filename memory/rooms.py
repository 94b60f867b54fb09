"""Rooms as regions of the map: walls and the lintels above doors enclose them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engram.memory.occupancy import Occupancy


@dataclass(frozen=True)
class RoomConfig:
    """Sizes that tell a room from a niche."""

    gap_m: float = 0.25  # holes in walls up to this width are closed
    core_m: float = 0.3  # a room's core is this far from its walls
    area_m2: float = 0.8  # least area of a core


def segment(grid: Occupancy, config: RoomConfig | None = None) -> NDArray[np.int32]:
    """(nx, ny) number of the room of each cell, from 1; 0 where nothing is known.

    Only walls reach the band between door tops and the ceiling, and above a door the lintel does: in that band rooms
    are closed shapes, whatever stands in them.
    """
    c = config or RoomConfig()
    cell = grid.config.cell_m
    known = ndimage.binary_closing(np.isfinite(grid.near) | grid.visited, np.ones((3, 3), bool), iterations=2)
    size = round(c.gap_m / cell) | 1
    line = np.ones((size, 1), bool)
    wall = grid.wall > 0
    wall = wall | ndimage.binary_closing(wall, line) | ndimage.binary_closing(wall, line.T)
    inner = known & ~wall
    core = inner & (ndimage.distance_transform_edt(~wall) * cell > c.core_m)
    parts, count = ndimage.label(core)
    areas = np.bincount(parts.ravel(), minlength=count + 1) * cell * cell
    keep = areas >= c.area_m2
    keep[0] = False
    if not keep.any():
        return np.asarray(inner, np.int32)
    number = np.cumsum(keep) * keep
    seeds = number[parts]
    distance, nearest = ndimage.distance_transform_edt(seeds == 0, return_indices=True)
    rooms = seeds[nearest[0], nearest[1]]
    return np.asarray(np.where((known | wall) & (distance * cell < 1.5), rooms, 0), np.int32)
