"""What a pose would show: sight over the height map, for choosing where to look next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engram.memory.occupancy import Floats, Mask, Occupancy


@dataclass(frozen=True)
class SightConfig:
    """Rays of a look-around."""

    rays: int = 96
    near_m: float = 0.45
    far_m: float = 2.4
    step_m: float = 0.1
    eye_m: float = 1.576
    half_angle_rad: float = 0.72  # half of the useful field of view


class Sight:
    """Casts rays in all directions from many places at once."""

    def __init__(self, config: SightConfig | None = None) -> None:
        """Prepare the ray table."""
        self.config = config or SightConfig()

    @cached_property
    def _table(self) -> tuple[Floats, Floats, Floats]:
        c = self.config
        angle = np.asarray(np.arange(c.rays) * (2 * np.pi / c.rays), np.float64)
        radius = np.asarray(np.arange(c.near_m, c.far_m, c.step_m), np.float64)
        offset = np.stack([np.outer(np.cos(angle), radius), np.outer(np.sin(angle), radius)], -1)
        return angle, radius, offset

    def gains(self, grid: Occupancy, eyes: Floats, worth: NDArray[np.float32], headings: Floats) -> Floats:
        """(K, N) worth in square metres that each of N headings (radians) would show at each of K places (K, 2).

        Args:
            grid: the map; its heights block the view, what is not known is taken for floor.
            eyes: places of the camera.
            worth: (nx, ny) worth of seeing each cell from near.
            headings: directions of the optical axis.

        """
        c = self.config
        angle, radius, _ = self._table
        ix, iy, ok, visible = self._look(grid, eyes)
        area = radius * c.step_m * (2 * np.pi / c.rays)
        value = (np.where(ok & visible, worth[ix, iy], 0.0) * area).sum(-1)  # (K, rays)
        window = np.abs((angle[None, :] - headings[:, None] + np.pi) % (2 * np.pi) - np.pi) <= c.half_angle_rad
        return np.asarray(value @ window.T.astype(np.float64))

    def cells(self, grid: Occupancy, eye: Floats, heading: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Array indices (ix, iy) of the cells that a pose is expected to show."""
        angle, _, _ = self._table
        ix, iy, ok, visible = self._look(grid, eye[None, :])
        window = np.abs((angle - heading + np.pi) % (2 * np.pi) - np.pi) <= self.config.half_angle_rad
        chosen = (ok & visible)[0] & window[:, None]
        return ix[0][chosen], iy[0][chosen]

    def _look(self, grid: Occupancy, eyes: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], Mask, Mask]:
        """Return indices and flags (K, rays, steps): inside the arrays, and in sight."""
        _, radius, offset = self._table
        cells = grid.cells((eyes[:, None, None, :] + offset[None]).reshape(-1, 2)).reshape(len(eyes), *offset.shape)
        ok = grid.inside(cells)
        ix, iy = np.where(ok, cells[..., 0], 0), np.where(ok, cells[..., 1], 0)
        height = np.where(ok, _thickened(grid.heights())[ix, iy], 0.0)
        slope = (height - self.config.eye_m) / radius  # the higher, the more it hides and the better it is seen
        ceiling = np.maximum.accumulate(slope, axis=-1)
        visible = np.ones(slope.shape, bool)
        visible[..., 1:] = slope[..., 1:] >= ceiling[..., :-1] - 1e-9
        return ix, iy, ok, visible


def _thickened(height: NDArray[np.float32]) -> NDArray[np.float32]:
    """Raise each cell to the highest of its 2 x 2 block, so that rays do not step over a wall of one cell."""
    padded = np.pad(height, ((0, 1), (0, 1)))
    return np.asarray(np.max([padded[:-1, :-1], padded[1:, :-1], padded[:-1, 1:], padded[1:, 1:]], axis=0))
