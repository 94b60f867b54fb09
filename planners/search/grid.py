"""The map from above as the search network sees it: layers of the occupancy map, and the things that are known.

The grid is aligned with the map frame and follows what was explored, with a margin for what may lie beyond: it has no
fixed size and no fixed centre. Arrays are indexed [ix, iy].
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engram.memory.occupancy import Occupancy
from engram.perception.tracker import Track

Floats = NDArray[np.float64]
Image = NDArray[np.float32]
Boxes = NDArray[np.int64]  # (N, 4) x0, y0, x1, y1 in cells, ends excluded

LAYERS = ("floor", "solid", "seen", "near", "wall", "low", "middle", "high")
_HEIGHTS_M = ((0.08, 0.6), (0.6, 1.1), (1.1, np.inf))  # tops of seats, of tables, and of what is higher


@dataclass(frozen=True)
class GridConfig:
    """Geometry of the grid."""

    cell_m: float = 0.2
    margin_m: float = 3.0  # beyond what was explored
    multiple: int = 8  # sides are multiples of so many cells
    near_m: float = 2.5  # what was seen from this near counts as looked at
    spread_m: float = 0.3  # standard deviation of the blur of a target


@dataclass(frozen=True, eq=False)
class BirdsEye:
    """The input of the network, but for names that are still words."""

    layers: Image  # (L, nx, ny) in [0, 1], in the order of ``LAYERS``
    origin: NDArray[np.int64]  # (2,) index in the plane of cell (0, 0)
    cell_m: float
    labels: tuple[str, ...]  # of the known things
    boxes: Boxes  # (T, 4) the cells that each of them covers

    @property
    def shape(self) -> tuple[int, int]:
        """Number of cells along x and y."""
        return int(self.layers.shape[1]), int(self.layers.shape[2])

    def cells(self, xy: Floats) -> NDArray[np.int64]:
        """(N, 2) array indices of (N, 2) points of the map frame; they may lie outside."""
        return np.asarray(np.floor(np.asarray(xy) / self.cell_m).astype(np.int64) - self.origin)

    def centres(self, cells: NDArray[np.int64]) -> Floats:
        """(N, 2) centres of cells, metres."""
        return np.asarray((cells + self.origin + 0.5) * self.cell_m, np.float64)


def known_things(tracks: Iterable[Track]) -> tuple[list[str], Floats]:
    """Labels and (T, 4) rectangles (x0, y0, x1, y1 in metres) of tracks."""
    things = list(tracks)
    return [t.label for t in things], np.array([[*t.lo[:2], *t.hi[:2]] for t in things], np.float64).reshape(-1, 4)


def birds_eye(grid: Occupancy, labels: Sequence[str], spans: Floats, config: GridConfig | None = None) -> BirdsEye:
    """Return what is known, seen from above: the map, and things with labels and rectangles (T, 4) in metres."""
    c = config or GridConfig()
    factor = round(c.cell_m / grid.config.cell_m)
    known = np.isfinite(grid.near) | grid.visited
    origin, shape = _extent(grid, known, factor, c)
    tops, solid = grid.heights(), grid.obstacles()
    fine = [grid.known_floor(), solid, known, grid.near <= c.near_m, grid.wall > 0]
    fine += [solid & (tops > lo) & (tops <= hi) for lo, hi in _HEIGHTS_M]
    layers = np.stack([_coarse(layer, grid.origin - origin * factor, shape, factor) for layer in fine])
    return BirdsEye(layers, origin, c.cell_m, tuple(labels), boxes_of(spans, origin, shape, c.cell_m))


def boxes_of(spans: Floats, origin: NDArray[np.int64], shape: Sequence[int], cell_m: float) -> Boxes:
    """(N, 4) cells that (N, 4) rectangles (x0, y0, x1, y1 in metres) touch; empty boxes for those outside."""
    cells = np.floor(spans / cell_m).astype(np.int64) - np.tile(origin, 2)
    cells[:, 2:] += 1
    return np.clip(cells, 0, np.tile(np.array(shape[-2:], np.int64), 2))


def target_heat(boxes: Boxes, shape: tuple[int, int], config: GridConfig | None = None) -> Image | None:
    """(nx, ny) where the things of some boxes are, blurred, with the sum 1; ``None`` when none is in the grid.

    Each thing weighs the same, however large it is.
    """
    c = config or GridConfig()
    heat = np.zeros(shape, np.float64)
    for x0, y0, x1, y1 in boxes.tolist():
        if x1 > x0 and y1 > y0:
            heat[x0:x1, y0:y1] += 1.0 / ((x1 - x0) * (y1 - y0))
    if not heat.any():
        return None
    heat = ndimage.gaussian_filter(heat, c.spread_m / c.cell_m, mode="constant")
    return np.asarray(heat / heat.sum(), np.float32)


def searched(scene: BirdsEye) -> NDArray[np.bool_]:
    """(nx, ny) free cells that were looked at from near: what is looked for would have been seen there."""
    floor, solid, near = (scene.layers[LAYERS.index(name)] for name in ("floor", "solid", "near"))
    return np.asarray((floor > 0.75) & (near > 0.75) & (solid == 0.0))


def _extent(
    grid: Occupancy, known: NDArray[np.bool_], factor: int, config: GridConfig
) -> tuple[NDArray[np.int64], tuple[int, int]]:
    """Index in the plane of the first cell, and the number of cells."""
    at = np.argwhere(known) if known.any() else np.array([grid.shape]) // 2
    margin = round(config.margin_m / config.cell_m)
    lo = (at.min(0) + grid.origin) // factor - margin
    hi = (at.max(0) + grid.origin) // factor + margin + 1
    size = -(-(hi - lo) // config.multiple) * config.multiple
    lo -= (size - (hi - lo)) // 2
    return lo, (int(size[0]), int(size[1]))


def _coarse(layer: NDArray[np.bool_], offset: NDArray[np.int64], shape: tuple[int, int], factor: int) -> Image:
    """(nx, ny) share of the fine cells of each cell; ``offset`` is where the fine layer begins in the grid."""
    canvas = np.zeros((shape[0] * factor, shape[1] * factor), bool)
    lo = np.maximum(offset, 0)
    hi = np.minimum(offset + layer.shape, canvas.shape)
    part = layer[lo[0] - offset[0] : hi[0] - offset[0], lo[1] - offset[1] : hi[1] - offset[1]]
    canvas[lo[0] : hi[0], lo[1] : hi[1]] = part
    return np.asarray(canvas.reshape(shape[0], factor, shape[1], factor).mean((1, 3)), np.float32)
