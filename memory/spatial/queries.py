"""Compiled queries on blocks: cells in a box or ball, and rays. Each touches only the blocks it passes through.

Cells are unsigned here: ``offset`` is what was added to the signed ones, ``OFFSET`` at the finest level and half as
much at each coarser one.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engram.memory.spatial.blocks import CELLS, Floats, Slots, find
from engram.memory.spatial.carve import axis_of_ray
from engram.memory.spatial.morton import Cells, Keys, gather, interleave

UNKNOWN, FREE, OCCUPIED = -1, 0, 1
KNOWN = 2  # free or occupied, in questions
Triple = tuple[int, int, int]
Spot = tuple[float, float, float]


@njit(cache=True, nogil=True)
def blocks_between(table: Slots, keys: Keys, count: int, low: Triple, high: Triple) -> NDArray[np.int64]:
    """Return the slots of the blocks that reach into a box of cells, ``high`` included, in the order of their keys."""
    x0, y0, z0 = low[0] >> 3, low[1] >> 3, low[2] >> 3
    x1, y1, z1 = high[0] >> 3, high[1] >> 3, high[2] >> 3
    volume = (x1 - x0 + 1) * (y1 - y0 + 1) * (z1 - z0 + 1)
    found = np.empty(min(volume, count), np.int64)
    n = 0
    if volume > count:  # fewer blocks exist than fit into the box
        for slot in range(count):
            x, y, z = gather(keys[slot]), gather(keys[slot] >> 1), gather(keys[slot] >> 2)
            if x0 <= x <= x1 and y0 <= y <= y1 and z0 <= z <= z1:
                found[n] = slot
                n += 1
    else:
        for z in range(z0, z1 + 1):
            for y in range(y0, y1 + 1):
                for x in range(x0, x1 + 1):
                    slot = find(table, interleave(x, y, z))
                    if slot >= 0:
                        found[n] = slot
                        n += 1
    found = found[:n]
    return found[np.argsort(keys[found])]


@njit(cache=True, nogil=True)
def select(
    store: tuple[Slots, Keys, Floats, int],
    box: tuple[Triple, Triple],
    ball: tuple[Spot, float],  # centre in cells, squared radius in cells
    wanted: int,
    threshold: float,
) -> tuple[Keys, Floats]:
    """Return keys and values of the wanted cells in a box whose centres lie in a ball, in the order of the keys."""
    table, keys, values, count = store
    low, high = box
    (cx, cy, cz), radius_squared = ball
    slots = blocks_between(table, keys, count, low, high)
    found, levels = np.empty(len(slots) * CELLS, np.int64), np.empty(len(slots) * CELLS, np.float32)
    n = 0
    for slot in slots:
        bx, by, bz = gather(keys[slot]) << 3, gather(keys[slot] >> 1) << 3, gather(keys[slot] >> 2) << 3
        gx, gy, gz = max(bx - cx, 0.0, cx - bx - 8), max(by - cy, 0.0, cy - by - 8), max(bz - cz, 0.0, cz - bz - 8)
        if gx * gx + gy * gy + gz * gz > radius_squared:
            continue
        for cell in range(CELLS):
            value = values[slot, cell]
            if math.isnan(value) or (wanted != KNOWN and (value >= threshold) != (wanted == OCCUPIED)):
                continue
            x = bx | (cell & 1) | (cell >> 2 & 2) | (cell >> 4 & 4)
            y = by | (cell >> 1 & 1) | (cell >> 3 & 2) | (cell >> 5 & 4)
            z = bz | (cell >> 2 & 1) | (cell >> 4 & 2) | (cell >> 6 & 4)
            if x < low[0] or x > high[0] or y < low[1] or y > high[1] or z < low[2] or z > high[2]:
                continue
            dx, dy, dz = x + 0.5 - cx, y + 0.5 - cy, z + 0.5 - cz
            if dx * dx + dy * dy + dz * dz <= radius_squared:
                found[n], levels[n] = keys[slot] << 9 | cell, value
                n += 1
    return found[:n].copy(), levels[:n].copy()


@njit(cache=True, nogil=True)
def look(table: Slots, values: Floats, points: NDArray[np.float64], edge: float, offset: int, found: Floats) -> int:
    """Fill in the values of the cells in which points lie; return the first point outside of the map, or -1."""
    factor = 1.0 / edge
    home, slot = -1, -1
    for i in range(len(points)):
        x, y, z = factor * points[i, 0], factor * points[i, 1], factor * points[i, 2]
        if not (abs(x) < offset and abs(y) < offset and abs(z) < offset):
            return i
        key = interleave(math.floor(x) + offset, math.floor(y) + offset, math.floor(z) + offset)
        if key >> 9 != home:
            home = key >> 9
            slot = find(table, home)
        found[i] = values[slot, key & 511] if slot >= 0 else np.nan
    return -1


@njit(cache=True, nogil=True)
def cast(
    table: Slots,
    values: Floats,
    rays: tuple[NDArray[np.float32], NDArray[np.float32]],  # origins, directions of any length
    geometry: tuple[float, int, float, float],  # edge of a cell, offset, maximum range, threshold
    ignore_unknown: bool,
    answer: tuple[NDArray[np.int8], Cells, NDArray[np.float64]],  # state, cell, distance: filled in
) -> int:
    """Follow rays to the first occupied cell (``castRay`` of OctoMap); return the first ray that is none, or -1."""
    origins, directions = rays
    edge, offset, _, _ = geometry
    bound = offset * edge
    for i in range(len(origins)):
        x, y, z = origins[i]
        dx, dy, dz = directions[i]
        length = np.float32(math.sqrt(np.float64(dx * dx + dy * dy + dz * dz)))
        if not (abs(x) < bound and abs(y) < bound and abs(z) < bound and 0 < length < np.inf):
            return i
        way = (dx / length, dy / length, dz / length)
        answer[0][i], cell, answer[2][i] = _cast_one(table, values, (x, y, z), way, geometry, ignore_unknown)
        answer[1][i, 0], answer[1][i, 1], answer[1][i, 2] = cell
    return -1


@njit(cache=True, nogil=True)
def _cast_one(
    table: Slots,
    values: Floats,
    origin: Spot,
    way: Spot,
    geometry: tuple[float, int, float, float],
    ignore_unknown: bool,
) -> tuple[int, Triple, float]:
    edge, offset, limit, threshold = geometry
    factor = 1.0 / edge
    x, y, z = math.floor(factor * origin[0]), math.floor(factor * origin[1]), math.floor(factor * origin[2])
    sx, tx, ux = axis_of_ray(origin[0], way[0], x, edge)
    sy, ty, uy = axis_of_ray(origin[1], way[1], y, edge)
    sz, tz, uz = axis_of_ray(origin[2], way[2], z, edge)
    distance, home, slot = 0.0, -1, -1
    while True:
        key = interleave(x + offset, y + offset, z + offset)
        dx, dy, dz = (x + 0.5) * edge - origin[0], (y + 0.5) * edge - origin[1], (z + 0.5) * edge - origin[2]
        if key < 0 or (distance > 0 and dx * dx + dy * dy + dz * dz > limit * limit):
            return FREE, (0, 0, 0), limit
        if key >> 9 != home:
            home = key >> 9
            slot = find(table, home)
        value = values[slot, key & 511] if slot >= 0 else np.nan
        if value >= threshold or (math.isnan(value) and not ignore_unknown):
            return UNKNOWN if math.isnan(value) else OCCUPIED, (x, y, z), distance
        if tx < ty and tx < tz:
            distance, x, tx = tx, x + sx, tx + ux
        elif ty <= tx and ty < tz:
            distance, y, ty = ty, y + sy, ty + uy
        else:
            distance, z, tz = tz, z + sz, tz + uz
