"""The agent's own map as a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engram.memory.occupancy import Occupancy

_UNKNOWN, _SEEN, _FREE, _SOLID = (60, 64, 72), (150, 152, 158), (240, 238, 232), (110, 84, 66)
_TRAIL, _ROBOT = (48, 110, 190), (220, 60, 50)


class MapPicture:
    """Draws an occupancy map from above, y up, cropped to what is known."""

    def __init__(self, grid: Occupancy, scale: int = 4) -> None:
        """Fix the crop; ``scale`` is pixels a cell."""
        known = np.argwhere(np.isfinite(grid.near) | grid.visited)
        self._grid, self._scale = grid, scale
        self._lo = np.maximum(known.min(0) - 4, 0) if len(known) else np.zeros(2, np.int64)
        self._hi = np.minimum(known.max(0) + 5, grid.shape) if len(known) else np.array(grid.shape)

    def to_pixel(self, x: float, y: float) -> tuple[float, float]:
        """(column, row) of a point of the map frame."""
        cell = np.array([x, y]) / self._grid.config.cell_m - self._grid.origin - self._lo
        height = float(self._hi[1] - self._lo[1])
        return float(cell[0]) * self._scale, (height - float(cell[1])) * self._scale

    def draw(self, trail: list[tuple[float, float]]) -> NDArray[np.uint8]:
        """(H, W, 3) picture with the way the robot went and where it is."""
        grid = self._grid
        part = np.s_[self._lo[0] : self._hi[0], self._lo[1] : self._hi[1]]
        colours = np.empty((*(self._hi - self._lo), 3), np.uint8)
        colours[:] = _UNKNOWN
        colours[np.isfinite(grid.near)[part]] = _SEEN
        colours[grid.known_floor()[part]] = _FREE
        colours[grid.obstacles()[part]] = _SOLID
        pixels = colours.transpose(1, 0, 2)[::-1].repeat(self._scale, 0).repeat(self._scale, 1)
        image = Image.fromarray(np.ascontiguousarray(pixels))
        draw = ImageDraw.Draw(image)
        way = [self.to_pixel(x, y) for x, y in trail]
        if len(way) > 1:
            draw.line(way, fill=_TRAIL, width=max(1, self._scale // 2))
        if way:
            (u, v), r = way[-1], self._scale * 2
            draw.ellipse((u - r, v - r, u + r, v + r), fill=_ROBOT)
        return np.asarray(image, np.uint8)
