"""Compiled rays through a frame, and the merging of a frame into the map."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engram.memory.spatial.blocks import Floats, Slots, add
from engram.memory.spatial.morton import OFFSET, Keys, interleave
from engram.memory.spatial.scan import Bits, Corner, EndCells

Model = tuple[float, float, float, float, float]  # hit, miss, lowest, highest, threshold: log odds
FAR = np.finfo(np.float64).max
_X = np.array([0, 1, 8, 9, 64, 65, 72, 73])  # Morton index of x in a block; y is twice, z four times that


@njit(cache=True, nogil=True)
def axis_of_ray(origin: float, direction: float, cell: int, resolution: float) -> tuple[int, float, float]:
    """Return the step along an axis, the distance to the first border and that between borders (OctoMap's terms)."""
    if direction == 0:
        return 0, FAR, FAR
    step = 1 if direction > 0 else -1
    border = (cell + 0.5) * resolution + float(np.float32(step * resolution * 0.5))
    return step, (border - origin) / direction, resolution / abs(direction)


@njit(cache=True, nogil=True)
def carve(
    bits: Bits, low: Corner, size: Corner, ends: EndCells, camera: NDArray[np.float32], resolution: float, finer: int
) -> None:
    """Set the bits of all cells between the camera and the end cells, which are left out themselves.

    End cells have 2^-finer the edge of cells; rays go to their centres.

    ``computeRayKeys`` of OctoMap (Amanatides and Woo, A fast voxel traversal algorithm, 1987), a ray an end cell.
    """
    factor, edge = 1.0 / resolution, resolution / (1 << finer)
    cx = math.floor(factor * camera[0])
    cy = math.floor(factor * camera[1])
    cz = math.floor(factor * camera[2])
    along_y, along_z = size[0], size[0] * size[1]
    start = (cz - low[2]) * along_z + (cy - low[1]) * along_y + cx - low[0]
    for i in range(len(ends)):
        x, y, z = ends[i, 0] >> finer, ends[i, 1] >> finer, ends[i, 2] >> finer
        end = (z - low[2]) * along_z + (y - low[1]) * along_y + x - low[0]
        if end == start:
            continue
        dx = np.float32((ends[i, 0] + 0.5) * edge) - camera[0]
        dy = np.float32((ends[i, 1] + 0.5) * edge) - camera[1]
        dz = np.float32((ends[i, 2] + 0.5) * edge) - camera[2]
        length = np.float32(math.sqrt(np.float64(dx * dx + dy * dy + dz * dz)))
        sx, tx, ux = axis_of_ray(camera[0], dx / length, cx, resolution)
        sy, ty, uy = axis_of_ray(camera[1], dy / length, cy, resolution)
        sz, tz, uz = axis_of_ray(camera[2], dz / length, cz, resolution)
        sy, sz = sy * along_y, sz * along_z
        at = start
        while True:
            bits[at >> 3] |= np.uint8(1 << (at & 7))
            if tx < ty and tx < tz:
                at += sx
                tx += ux
            elif ty < tz and ty <= tx:
                at += sy
                ty += uy
            else:
                at += sz
                tz += uz
            if at == end or min(tx, ty, tz) > length:
                break


@njit(cache=True, nogil=True)
def touched_blocks(bits: Bits, size: Corner) -> NDArray[np.int64]:
    """Return the numbers of the blocks, x fastest, in which a bit is set."""
    nx, ny, nz = size[0] >> 3, size[1] >> 3, size[2] >> 3
    seen = np.zeros(nx * ny * nz, np.bool_)
    for row in range(size[1] * size[2]):
        first = (row // size[1] >> 3) * nx * ny + (row % size[1] >> 3) * nx
        for x in range(nx):
            seen[first + x] |= bits[row * nx + x] != 0
    return np.flatnonzero(seen)


@njit(cache=True, nogil=True)
def merge(
    grid: tuple[Bits, Bits, Corner, Corner],  # hit, free, low, size
    numbers: NDArray[np.int64],
    store: tuple[Slots, Keys, Floats],
    count: int,
    model: Model,
    vanished: Keys,
) -> tuple[int, int]:
    """Add a frame to the blocks; return the count of blocks and of the cells that were occupied and are not any more.

    ``numbers`` are those of ``touched_blocks``; there must be room for that many new blocks, and in ``vanished``.
    """
    hits, free, low, size = grid
    table, keys, values = store
    nx, ny = size[0] >> 3, size[1] >> 3
    gone = 0
    for number in numbers:
        bx, by, bz = number % nx, number // nx % ny, number // (nx * ny)
        key = interleave(((low[0] + OFFSET) >> 3) + bx, ((low[1] + OFFSET) >> 3) + by, ((low[2] + OFFSET) >> 3) + bz)
        slot = add(table, keys, values, count, key)
        count = max(count, slot + 1)
        for z in range(8):
            for y in range(8):
                at = ((bz * 8 + z) * size[1] + by * 8 + y) * nx + bx
                if hits[at] | free[at]:
                    gone = _merge_row(
                        hits[at], free[at], values[slot], 2 * _X[y] + 4 * _X[z], model, key, vanished, gone
                    )
    return count, gone


@njit(cache=True, nogil=True)
def _merge_row(
    hits: int,
    free: int,
    values: Any,
    row: int,
    model: Model,
    key: int,
    vanished: Keys,
    gone: int,
) -> int:
    """Add eight cells; a cell in which a ray ended is not free, whatever passed through it."""
    hit, miss, lowest, highest, threshold = model
    for x in range(8):
        if not (hits | free) >> x & 1:
            continue
        cell = row + _X[x]
        before = values[cell]
        old = np.float32(0.0) if math.isnan(before) else before
        new = np.float32(min(max(old + (hit if hits >> x & 1 else miss), lowest), highest))
        values[cell] = new
        if before >= threshold and new < threshold:
            vanished[gone] = key << 9 | cell
            gone += 1
    return gone
