"""From the points of a depth image to the distinct cells in which its rays end.

Many pixels see the same cell. One ray a distinct cell carves nearly the same free space at a fraction of the cost: this
is OctoMap's ``insertPointCloud(discretize=True)``, whose arithmetic, single precision included, is kept to the bit.

Source: Hornung et al., OctoMap, Autonomous Robots 34 (2013).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from engram.memory.contract import Point
from engram.memory.spatial.errors import OutOfBoundsError, ScanTooWideError
from engram.memory.spatial.morton import OFFSET

MAX_GRID_BYTES = 1 << 28
FINER = 1
_MARGIN = 2  # cells; rounding may lead a ray one cell beside the box of its ends

EndCells = NDArray[np.int32]
Bits = NDArray[np.uint8]
Corner = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scan:
    """What one depth image says about cells.

    ``hits`` and ``beyond`` are int32 (N, 3): distinct cells in which rays end on matter, and cells at the maximum range
    up to which rays found nothing. The latter are finer, of 2^-FINER the edge, so that their rays keep their direction.
    Both are sorted by z, then y, then x.
    """

    camera_m: Point  # map frame, single precision
    hits: EndCells
    beyond: EndCells


@dataclass(frozen=True, eq=False)
class BitGrid:
    """A dense bit a cell over a box of whole blocks; ``bits`` is flat, x fastest."""

    low: Corner  # cell of the first bit
    size: Corner  # cells along x, y and z; multiples of 8
    bits: Bits

    @classmethod
    def around(cls, *cells: NDArray[np.int32]) -> BitGrid:
        """Return an empty grid that holds all cells, (N, 3) each, with a margin.

        Raises:
            ScanTooWideError: it would take more than 256 MB.

        """
        low, high = np.full(3, OFFSET, np.int64), np.full(3, -OFFSET, np.int64)
        for some in cells:
            _widen(low, high, some)
        low, high = (low - _MARGIN) >> 3 << 3, (high + _MARGIN) >> 3 << 3
        size = high - low + 8
        needed = math.prod(size.tolist()) // 8
        if needed > MAX_GRID_BYTES:
            raise ScanTooWideError(
                f"a scan over {size.tolist()} cells takes {needed >> 20} MB; lower max_range_m or coarsen the map"
            )
        return cls(low, size, np.zeros(needed, np.uint8))

    def empty_copy(self) -> BitGrid:
        """Return an empty grid over the same box."""
        return BitGrid(self.low, self.size, np.zeros_like(self.bits))

    def mark(self, cells: EndCells) -> int:
        """Set the bits of cells and return how many were not set before."""
        return int(_mark(self.bits, self.low, self.size, cells))

    def cells(self, count: int) -> EndCells:
        """Return the ``count`` cells whose bits are set, sorted by z, then y, then x."""
        found = np.empty((count, 3), np.int32)
        _list_cells(self.bits, self.low, self.size, found)
        return found


def quantise(points: ArrayLike, camera_m: ArrayLike, resolution_m: float, max_range_m: float) -> Scan:
    """Return the distinct end cells of the rays from the camera to points.

    Args:
        points: (N, 3) metres, map frame. Points that are not finite (no depth) are left out.
        camera_m: (3,) optical centre, map frame.
        resolution_m: edge of a cell.
        max_range_m: rays to cells whose centre is farther end here, and only carve.

    Raises:
        OutOfBoundsError: a point, or the camera, is outside of what keys can name.
        ScanTooWideError: the rays span too many cells.

    """
    clouds = np.ascontiguousarray(points, np.float32).reshape(-1, 3)
    camera = np.ascontiguousarray(camera_m, np.float32)
    if camera.shape != (3,) or not (np.abs(camera) < OFFSET * resolution_m).all():
        raise OutOfBoundsError(f"the camera at {camera.tolist()} m is outside the map; move the origin or coarsen it")
    hits, beyond = np.empty(clouds.shape, np.int32), np.empty(clouds.shape, np.int32)
    near, far, lost = _sort_out(clouds, camera, resolution_m, max_range_m, hits, beyond)
    if lost >= 0:
        raise OutOfBoundsError(f"point {clouds[lost].tolist()} m is outside the map; move the origin or coarsen it")
    x, y, z = camera.tolist()
    return Scan((x, y, z), _distinct(hits[:near]), _distinct(beyond[:far]))


def _distinct(cells: EndCells) -> EndCells:
    if not len(cells):
        return cells.copy()
    grid = BitGrid.around(cells)
    return grid.cells(grid.mark(cells))


@njit(cache=True, nogil=True)
def _sort_out(
    points: NDArray[np.float32],
    camera: NDArray[np.float32],
    resolution: float,
    limit: float,
    hits: EndCells,
    beyond: EndCells,
) -> tuple[int, int, int]:
    """Fill in the end cells; return how many hit, how many go beyond, and a point that is outside the map, or -1.

    Neighbouring pixels mostly share a cell, so runs of one cell are taken once here already.
    """
    factor = 1.0 / resolution
    fine = factor * (1 << FINER)
    near, far = 0, 0
    last = (np.int32(0), np.int32(0), np.int32(0))
    first = True
    for i in range(len(points)):
        fx, fy, fz = factor * points[i, 0], factor * points[i, 1], factor * points[i, 2]
        if not (abs(fx) < OFFSET and abs(fy) < OFFSET and abs(fz) < OFFSET):
            if math.isfinite(fx) and math.isfinite(fy) and math.isfinite(fz):
                return near, far, i
            continue
        cell = (np.int32(math.floor(fx)), np.int32(math.floor(fy)), np.int32(math.floor(fz)))
        if cell == last and not first:
            continue
        last, first = cell, False
        dx = np.float32((cell[0] + 0.5) * resolution) - camera[0]
        dy = np.float32((cell[1] + 0.5) * resolution) - camera[1]
        dz = np.float32((cell[2] + 0.5) * resolution) - camera[2]
        distance = math.sqrt(np.float64(dx * dx + dy * dy + dz * dz))
        if distance <= limit:
            hits[near, 0], hits[near, 1], hits[near, 2] = cell
            near += 1
        else:
            share = limit / distance
            beyond[far, 0] = math.floor(fine * (camera[0] + share * dx))
            beyond[far, 1] = math.floor(fine * (camera[1] + share * dy))
            beyond[far, 2] = math.floor(fine * (camera[2] + share * dz))
            far += 1
    return near, far, -1


@njit(cache=True, nogil=True)
def _widen(low: Corner, high: Corner, cells: EndCells) -> None:
    for i in range(len(cells)):
        for axis in range(3):
            low[axis] = min(low[axis], cells[i, axis])
            high[axis] = max(high[axis], cells[i, axis])


@njit(cache=True, nogil=True)
def _mark(bits: Bits, low: Corner, size: Corner, cells: EndCells) -> int:
    fresh = 0
    for i in range(len(cells)):
        at = ((cells[i, 2] - low[2]) * size[1] + cells[i, 1] - low[1]) * size[0] + cells[i, 0] - low[0]
        bit = np.uint8(1 << (at & 7))
        if not bits[at >> 3] & bit:
            bits[at >> 3] |= bit
            fresh += 1
    return fresh


@njit(cache=True, nogil=True)
def _list_cells(bits: Bits, low: Corner, size: Corner, found: EndCells) -> None:
    count = 0
    row = size[0] >> 3
    for at in range(len(bits)):
        if bits[at] == 0:
            continue
        for bit in range(8):
            if bits[at] >> bit & 1:
                found[count, 0] = low[0] + (at % row) * 8 + bit
                found[count, 1] = low[1] + at // row % size[1]
                found[count, 2] = low[2] + at // (row * size[1])
                count += 1
