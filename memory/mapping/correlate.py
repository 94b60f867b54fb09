"""Where does a scan fit best into a grid? Exactly, by branch and bound over shifts, for a number of headings.

Source: Hess et al., Real-time loop closure in 2D LIDAR SLAM, ICRA 2016.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import ndimage

Grids = NDArray[np.float32]
Shift = NDArray[np.int64]


class Placement(NamedTuple):
    """A shift of a scan at one of its headings."""

    score: float  # mean value of the cells on which the scan lies
    x: int  # cells
    y: int
    heading: int  # index


def pyramid(grid: Grids, levels: int) -> Grids:
    """Return, (levels, B, X + pad, Y + pad), the maxima of grids, (B, X, Y), over squares of 2^level cells.

    A square begins at its cell and extends to higher indices; ``pad`` is 2^(levels - 1), at the low ends.
    """
    pad = 1 << levels - 1
    base = np.pad(grid, [(0, 0), (pad, 0), (pad, 0)])
    made = np.empty((levels, *base.shape), np.float32)
    for level in range(levels):
        size = 1 << level
        origin = -(size // 2)  # of an even window, scipy counts the middle down
        shift = [0, origin, origin] if size > 1 else [0, 0, 0]
        made[level] = ndimage.maximum_filter(base, (1, size, size), mode="constant", cval=0.0, origin=shift)
    return made


def search(
    pyramids: Grids, scans: NDArray[np.int32], low: Shift, high: Shift, taken: Shift, apart: tuple[int, int]
) -> Placement:
    """Return the best placement away from those taken.

    Args:
        pyramids: of ``pyramid``.
        scans: (H, N, 3) cells x, y and band of the scan at each heading, without padding.
        low: (2,) lowest shift in cells.
        high: (2,) highest shift, included.
        taken: (K, 3) shift and heading of placements that are known already.
        apart: cells, and headings, by which one of both a placement must differ from all that are taken.

    """
    score, x, y, heading = _search(pyramids, scans, low, high, taken.reshape(-1, 3), apart)
    return Placement(float(score), int(x), int(y), int(heading))


@njit(cache=True, nogil=True)
def _search(
    pyramids: Grids, scans: NDArray[np.int32], low: Shift, high: Shift, taken: Shift, apart: tuple[int, int]
) -> tuple[Any, Any, Any, Any]:
    top = len(pyramids) - 1
    size = 1 << top
    nx, ny = (high[0] - low[0]) // size + 1, (high[1] - low[1]) // size + 1
    bounds = np.empty(len(scans) * nx * ny)
    for i in range(len(bounds)):
        h, x, y = i // (nx * ny), low[0] + i // ny % nx * size, low[1] + i % ny * size
        bounds[i] = _score(pyramids[top], size, scans[h], x, y)
    best, best_x, best_y, best_h = -np.inf, np.int64(0), np.int64(0), np.int64(0)
    stack, promise = np.empty((4 * (top + 1), 3), np.int64), np.empty(4 * (top + 1))
    for i in np.argsort(-bounds):
        if bounds[i] <= best:
            break
        h = i // (nx * ny)
        stack[0, 0], stack[0, 1], stack[0, 2] = low[0] + i // ny % nx * size, low[1] + i % ny * size, top
        promise[0] = bounds[i]
        n = 1
        while n > 0:
            n -= 1
            x, y, level = stack[n, 0], stack[n, 1], stack[n, 2]
            if promise[n] <= best or x > high[0] or y > high[1]:
                continue
            if level == 0:
                if not _is_taken(taken, x, y, h, len(scans), apart):
                    best, best_x, best_y, best_h = promise[n], x, y, h
                continue
            half = 1 << level - 1
            first = n
            for child in range(4):
                cx, cy = x + (child & 1) * half, y + (child >> 1) * half
                bound = _score(pyramids[level - 1], size, scans[h], cx, cy)
                if bound <= best:
                    continue
                at = n
                while at > first and promise[at - 1] > bound:  # the best on top
                    stack[at], promise[at] = stack[at - 1], promise[at - 1]
                    at -= 1
                stack[at, 0], stack[at, 1], stack[at, 2], promise[at] = cx, cy, level - 1, bound
                n += 1
    return float(best), best_x, best_y, best_h


@njit(cache=True, nogil=True)
def _score(grid: Grids, pad: int, scan: NDArray[np.int32], x: int, y: int) -> Any:
    total = 0.0
    for i in range(len(scan)):
        a, b = scan[i, 0] + x + pad, scan[i, 1] + y + pad
        if 0 <= a < grid.shape[1] and 0 <= b < grid.shape[2]:
            total += grid[scan[i, 2], a, b]
    return total / max(len(scan), 1)


@njit(cache=True, nogil=True)
def _is_taken(taken: Shift, x: int, y: int, heading: int, headings: int, apart: tuple[int, int]) -> bool:
    for k in range(len(taken)):
        turn = abs(heading - taken[k, 2])
        turn = min(turn, headings - turn)
        if max(abs(x - taken[k, 0]), abs(y - taken[k, 1])) < apart[0] and turn < apart[1]:
            return True
    return False
