"""Overlap of 3-D boxes that may be turned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog
from scipy.spatial import ConvexHull, HalfspaceIntersection

Floats = NDArray[np.float64]
_SIGNS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
_THIN = 1e-9  # of the smallest side: intersections as thin have no volume


@dataclass(frozen=True, eq=False)
class Box:
    """A box in 3-D."""

    centre: Floats  # (3,) metres
    extent: Floats  # (3,) full sides, metres, all above 0
    rotation: Floats  # (3, 3), columns are its axes

    @staticmethod
    def of(centre: ArrayLike, extent: ArrayLike, rotation: ArrayLike | None = None) -> Box:
        """Make a box; along the axes when no rotation is given.

        Raises:
            ValueError: a side is not above 0, or the rotation is none.

        """
        sides = np.asarray(extent, np.float64)
        turn = np.eye(3) if rotation is None else np.asarray(rotation, np.float64)
        if sides.shape != (3,) or not np.all(sides > 0.0):
            raise ValueError(f"a box has three sides above 0, not {sides}")
        if turn.shape != (3, 3) or not np.allclose(turn @ turn.T, np.eye(3), atol=1e-6):
            raise ValueError("the rotation must be an orthonormal (3, 3) matrix")
        return Box(np.asarray(centre, np.float64), sides, turn)

    @property
    def volume(self) -> float:
        """Cubic metres."""
        return float(np.prod(self.extent))

    @property
    def corners(self) -> Floats:
        """(8, 3) metres."""
        return self.centre + (_SIGNS * self.extent / 2) @ self.rotation.T

    @property
    def halfspaces(self) -> Floats:
        """(6, 4) rows (normal, offset) with ``normal . x + offset <= 0`` inside."""
        normals = np.vstack([self.rotation.T, -self.rotation.T])
        offsets = -normals @ self.centre - np.tile(self.extent / 2, 2)
        return np.column_stack([normals, offsets])


def iou(a: Box, b: Box) -> float:
    """Volume of the intersection over that of the union, in [0, 1]."""
    shared = intersection_volume(a, b)
    return shared / (a.volume + b.volume - shared)


def intersection_volume(a: Box, b: Box) -> float:
    """Volume that both boxes hold, in cubic metres, exact up to rounding."""
    if np.allclose(a.rotation, b.rotation, atol=1e-9):
        apart = np.abs((b.centre - a.centre) @ a.rotation)
        return float(np.prod(np.clip((a.extent + b.extent) / 2 - apart, 0.0, np.minimum(a.extent, b.extent))))
    planes = np.vstack([a.halfspaces, b.halfspaces])
    inside = _centre(planes)
    if inside is None or inside[3] <= _THIN * min(a.extent.min(), b.extent.min()):
        return 0.0
    return float(ConvexHull(HalfspaceIntersection(planes, inside[:3]).intersections).volume)


def corner_distance_m(a: Box, b: Box) -> float:
    """Distance of the two corners, one of each box, that are nearest to each other."""
    return float(np.min(np.linalg.norm(a.corners[:, None] - b.corners[None], axis=2)))


def _centre(planes: Floats) -> Floats | None:
    """(x, y, z, radius) of the largest ball inside; ``None`` where nothing is."""
    bounds = [(None, None)] * 3 + [(0, None)]
    normals = np.column_stack([planes[:, :3], np.ones(len(planes))])
    found = linprog([0, 0, 0, -1], A_ub=normals, b_ub=-planes[:, 3], bounds=bounds)
    return np.asarray(found.x, np.float64) if found.success else None
