"""A 2-D map of where the base can go, from depth: obstacles, floor, walls, and what was seen from how near.

Cells are 5 cm squares of the map frame; arrays are indexed [ix, iy]. Obstacles are kept in two log-odds layers. What is
low (a toy on the floor) is carved away again by rays that end on the floor of its cell: such a ray comes down
through the whole low layer. A ray to the floor says nothing about what hangs higher in the same cell (a table
top seen from below its edge), so that layer only grows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engram.perception.geometry import PointImage

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Cells = NDArray[np.int64]


@dataclass(frozen=True)
class OccupancyConfig:
    """Geometry and evidence of the map."""

    cell_m: float = 0.05
    floor_m: float = 0.08  # what is lower is floor
    low_m: float = 0.30  # top of the layer that floor readings carve
    top_m: float = 1.60  # what is higher than the robot does not hinder it
    wall_m: tuple[float, float] = (2.08, 2.55)  # only walls, and lintels above doors, reach this band
    range_m: float = 6.0
    hit: float = 0.85  # log odds
    miss: float = 0.40
    clamp: float = 3.5
    grow_m: float = 2.0
    blind_m: float = 0.55


class Occupancy:
    """The map of an episode; it grows as needed."""

    def __init__(self, config: OccupancyConfig | None = None) -> None:
        """Start with a small unknown map about the origin."""
        self.config = config or OccupancyConfig()
        half = round(3.0 / self.config.cell_m)
        self.origin = np.array([-half, -half], np.int64)  # cell index in the plane of array index (0, 0)
        shape = (2 * half, 2 * half)
        self.low = np.zeros(shape, np.float32)
        self.high = np.zeros(shape, np.float32)
        self.floor = np.zeros(shape, np.uint16)  # frames in which its floor was seen
        self.wall = np.zeros(shape, np.uint16)  # frames in which something was seen in the wall band
        self.near = np.full(shape, np.inf, np.float32)  # nearest distance from which anything in it was seen
        self.bottom = np.full(shape, np.inf, np.float32)  # lowest and highest obstacle point, metres
        self.top = np.full(shape, -np.inf, np.float32)
        self.visited = np.zeros(shape, bool)
        self.bumped = np.zeros(shape, bool)
        self.tried = np.zeros(shape, np.uint8)  # frames that should have shown it and did not
        self.version = 0
        self._clearance: tuple[int, NDArray[np.float32]] = (-1, np.zeros(shape, np.float32))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of cells along x and y."""
        return int(self.low.shape[0]), int(self.low.shape[1])

    def cells(self, xy: NDArray[np.floating]) -> Cells:
        """(N, 2) array indices of (N, 2) points; they may lie outside."""
        return np.asarray(np.floor(np.asarray(xy) / self.config.cell_m).astype(np.int64) - self.origin)

    def centres(self, cells: Cells) -> Floats:
        """(N, 2) centres of cells, metres."""
        return np.asarray((cells + self.origin + 0.5) * self.config.cell_m, np.float64)

    def inside(self, cells: Cells) -> Mask:
        """Whether indices (..., 2) are within the arrays."""
        return np.asarray(np.all((cells >= 0) & (cells < self.shape), axis=-1))

    def integrate(self, image: PointImage) -> None:
        """Add the points of a frame."""
        c = self.config
        usable = image.valid & (image.range_m < c.range_m) & (image.points[..., 2] < c.wall_m[1])
        points = image.points[usable]
        if not len(points):
            return
        self._cover(points[:, :2])
        cells = self.cells(points[:, :2])
        index = cells[:, 0] * self.shape[1] + cells[:, 1]
        z = points[:, 2]
        on_floor, solid = np.abs(z) < c.floor_m, (z >= c.floor_m) & (z <= c.top_m)
        low_hit = self._mark(index[solid & (z < c.low_m)])
        floor_hit = self._mark(index[on_floor])
        self.low[low_hit] += c.hit
        self.low[floor_hit & ~low_hit] -= c.miss
        self.high[self._mark(index[solid & (z >= c.low_m)])] += c.hit
        np.clip(self.low, -c.clamp, c.clamp, out=self.low)
        np.minimum(self.high, c.clamp, out=self.high)
        self.floor[floor_hit] += 1
        self.wall[self._mark(index[z > c.wall_m[0]])] += 1
        np.minimum.at(self.bottom.ravel(), index[solid], z[solid])
        np.maximum.at(self.top.ravel(), index[solid], z[solid])
        seen = np.argwhere(self._mark(index[z <= c.top_m]))
        distance = np.hypot(*(self.centres(seen) - image.camera_m[:2]).T)
        at = (seen[:, 0], seen[:, 1])
        self.near[at] = np.minimum(self.near[at], distance)
        self.version += 1

    def visit(self, x: float, y: float, radius_m: float) -> None:
        """Mark the footprint of the base as free: the robot stands there.

        Where it stands first, the floor about its feet is taken for granted: it is out of view.
        """
        if not self.visited.any():
            self.floor[self._disk(x, y, self.config.blind_m)] += 1
        self._cover(np.array([[x - 1, y - 1], [x + 1, y + 1]]))
        self.visited |= self._disk(x, y, radius_m)
        self.version += 1

    def bump(self, x: float, y: float) -> None:
        """Mark a point that stopped the base as an obstacle."""
        self._cover(np.array([[x, y]]))
        ix, iy = self.cells(np.array([[x, y]]))[0]
        self.bumped[ix, iy] = True
        self.version += 1

    def forget(self, x: float, y: float, radius_m: float) -> None:
        """Drop what is known of obstacles about a point, for instance where a door leaf was."""
        disk = self._disk(x, y, radius_m)
        self.low[disk] = self.high[disk] = 0.0
        self.bottom[disk], self.top[disk] = np.inf, -np.inf
        self.bumped[disk] = False
        self.version += 1

    def obstacles(self) -> Mask:
        """(nx, ny) cells that stop the base."""
        solid = (self.low > 0.5) | (self.high > 0.5)
        return np.asarray((solid & ~self.visited) | self.bumped)

    def known_floor(self) -> Mask:
        """(nx, ny) cells whose floor was seen or stood upon, small gaps between distant readings closed."""
        seen = (self.floor > 0) | self.visited
        return np.asarray(ndimage.binary_closing(seen, np.ones((3, 3), bool)) | seen)

    def clearance(self) -> NDArray[np.float32]:
        """(nx, ny) distance in metres to the nearest obstacle."""
        if self._clearance[0] != self.version:
            distance = ndimage.distance_transform_edt(~self.obstacles()) * self.config.cell_m
            self._clearance = (self.version, distance.astype(np.float32))
        return self._clearance[1]

    def heights(self) -> NDArray[np.float32]:
        """(nx, ny) height of what stands in each cell; 0 where nothing is known to."""
        return np.asarray(np.maximum(self.top, 0.0), np.float32)

    def clear_lines(self, eyes: Floats, target: Floats, skip_m: float = 0.12) -> Mask:
        """(N,) whether the straight line from each eye (N, 3) to the target (3,) passes no known obstacle.

        The last ``skip_m`` before the target are not checked: there lies the target itself.
        """
        span = np.linalg.norm(eyes[:, :2] - target[:2], axis=1)
        steps = max(2, math.ceil(float(span.max(initial=0.1)) / self.config.cell_m))
        part = np.linspace(0.0, 1.0, steps)[None, :] * np.clip(1.0 - skip_m / np.maximum(span, 1e-6), 0.0, 1.0)[:, None]
        line = eyes[:, None, :] + part[..., None] * (target - eyes)[:, None, :]
        cells = self.cells(line[..., :2].reshape(-1, 2)).reshape(*part.shape, 2)
        ok = self.inside(cells)
        ix, iy = np.where(ok, cells[..., 0], 0), np.where(ok, cells[..., 1], 0)
        z = line[..., 2]
        struck = ok & (z > self.bottom[ix, iy] - 0.03) & (z < self.top[ix, iy] + 0.02)
        return np.asarray(~struck.any(axis=1))

    def _mark(self, index: Cells) -> Mask:
        marked = np.zeros(self.low.size, bool)
        marked[index] = True
        return marked.reshape(self.shape)

    def _disk(self, x: float, y: float, radius_m: float) -> Mask:
        cell = self.config.cell_m
        xs = (np.arange(self.shape[0]) + self.origin[0] + 0.5) * cell - x
        ys = (np.arange(self.shape[1]) + self.origin[1] + 0.5) * cell - y
        return np.asarray(xs[:, None] ** 2 + ys[None, :] ** 2 <= radius_m**2)

    def _cover(self, xy: NDArray[np.floating]) -> None:
        """Grow the arrays until they hold all points."""
        cells = self.cells(np.stack([xy.min(0), xy.max(0)]))
        before = np.maximum(0, -cells[0])
        after = np.maximum(0, cells[1] + 1 - self.shape)
        if not before.any() and not after.any():
            return
        extra = round(self.config.grow_m / self.config.cell_m)
        before, after = before + extra * (before > 0), after + extra * (after > 0)
        pad = [(int(before[k]), int(after[k])) for k in range(2)]
        for name, fill in _FILL.items():
            setattr(self, name, np.pad(getattr(self, name), pad, constant_values=fill))
        self.origin = self.origin - before


_FILL: dict[str, float] = {
    "low": 0,
    "high": 0,
    "floor": 0,
    "wall": 0,
    "near": np.inf,
    "bottom": np.inf,
    "top": -np.inf,
    "visited": 0,
    "bumped": 0,
    "tried": 0,
}
