"""Where a round base can stand: upright solids seen from above.

Every solid geom between ankle and head height is a rounded rectangle on the floor plan: exact for upright boxes,
cylinders and spheres, the bounding box for what lies or leans.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

BASE_RADIUS_M = 0.2
LOW_M, HIGH_M = 0.03, 1.7  # a base rolls over what is flatter and passes under what hangs higher

_ROUND = (mujoco.mjtGeom.mjGEOM_CYLINDER, mujoco.mjtGeom.mjGEOM_SPHERE, mujoco.mjtGeom.mjGEOM_CAPSULE)


@dataclass(frozen=True, eq=False)
class Footprints:
    """G rounded rectangles: centre (G, 2), unit x axis (G, 2), half sides (G, 2) and corner radius (G,), metres."""

    geom: NDArray[np.int64]  # (G,) MuJoCo geom id
    centre: NDArray[np.float64]
    axis: NDArray[np.float64]
    half: NDArray[np.float64]
    radius: NDArray[np.float64]

    def clearance(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) distance from each of the points (N, 2) to the nearest solid; 0 inside one; inf where there is none."""
        if not len(self.geom):
            return np.full(len(points), np.inf)
        return np.asarray(self._distances(points).min(1))

    def blocking(self, points: NDArray[np.float64], radius_m: float = BASE_RADIUS_M) -> NDArray[np.int64]:
        """Geom ids that a disc of the given radius touches at any of the points (N, 2)."""
        return np.asarray(self.geom[(self._distances(points) < radius_m).any(0)])

    def only(self, keep: NDArray[np.bool_]) -> Footprints:
        """Those of the solids for which ``keep`` (G,) is true."""
        return Footprints(self.geom[keep], self.centre[keep], self.axis[keep], self.half[keep], self.radius[keep])

    def near(self, points: NDArray[np.float64]) -> Footprints:
        """The solids that a base at any of the points (N, 2) may touch, and perhaps a few more."""
        lo, hi = points.min(0), points.max(0)
        reach = np.hypot(self.half[:, 0], self.half[:, 1]) + self.radius + BASE_RADIUS_M
        return self.only((np.abs(self.centre - (lo + hi) / 2) <= reach[:, None] + (hi - lo) / 2).all(1))

    def _distances(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        d = points[:, None, :] - self.centre[None]
        along = np.abs(d[..., 0] * self.axis[:, 0] + d[..., 1] * self.axis[:, 1]) - self.half[:, 0]
        across = np.abs(d[..., 1] * self.axis[:, 0] - d[..., 0] * self.axis[:, 1]) - self.half[:, 1]
        gap = np.hypot(np.maximum(along, 0.0), np.maximum(across, 0.0)) - self.radius
        return np.maximum(gap, 0.0)


def footprints(model: mujoco.MjModel, data: mujoco.MjData, geoms: NDArray[np.int64]) -> Footprints:
    """Project the given geoms that reach into the base's height band."""
    mat = data.geom_xmat[geoms].reshape(-1, 3, 3)
    local = model.geom_aabb[geoms]
    centre = data.geom_xpos[geoms] + np.einsum("gij,gj->gi", mat, local[:, :3])
    half = local[:, 3:]
    reach = np.einsum("gij,gj->gi", np.abs(mat), half)
    band = (centre[:, 2] + reach[:, 2] > LOW_M) & (centre[:, 2] - reach[:, 2] < HIGH_M)
    geoms, mat, centre, half, reach = geoms[band], mat[band], centre[band], half[band], reach[band]
    upright = np.abs(mat[:, 2, 2]) > 0.999
    round_ = np.isin(model.geom_type[geoms], [int(k) for k in _ROUND]) & upright
    flat = np.where(upright[:, None], half[:, :2], reach[:, :2])
    axis = np.where(upright[:, None], mat[:, :2, 0], [1.0, 0.0])
    norm = np.linalg.norm(axis, axis=1, keepdims=True)
    return Footprints(
        geom=geoms,
        centre=centre[:, :2],
        axis=axis / norm,
        half=np.where(round_[:, None], 0.0, flat),
        radius=np.where(round_, half[:, 0], 0.0),
    )


def flood(start: NDArray[np.float64], step_m: float, solids: Footprints) -> NDArray[np.float64]:
    """(N, 2) grid points, ``step_m`` apart and aligned with ``start`` (2,), that the base can get to from there."""
    if not len(solids.geom):
        raise ValueError("no solids: the floor plan has no walls, so the reachable area has no end")
    lo = np.floor((solids.centre.min(0) - start) / step_m).astype(int) - 1
    hi = np.ceil((solids.centre.max(0) - start) / step_m).astype(int) + 1
    sub = 5  # as the motion check: every fifth of a step
    xs = np.arange(lo[0] * sub, hi[0] * sub + 1) * (step_m / sub) + start[0]
    ys = np.arange(lo[1] * sub, hi[1] * sub + 1) * (step_m / sub) + start[1]
    free = np.zeros((len(xs), len(ys)), bool)
    for i, x in enumerate(xs):
        column = np.column_stack([np.full(len(ys), x), ys])
        free[i] = solids.near(column).clearance(column) >= BASE_RADIUS_M
    open_x = np.logical_and.reduce([free[k : len(xs) - sub + k : sub, ::sub] for k in range(sub + 1)])
    open_y = np.logical_and.reduce([free[::sub, k : len(ys) - sub + k : sub] for k in range(sub + 1)])
    first = (int(-lo[0]), int(-lo[1]))
    seen = {first} if free[first[0] * sub, first[1] * sub] else set()
    queue = list(seen)
    while queue:
        i, j = queue.pop()
        steps = []
        if i < open_x.shape[0] and open_x[i, j]:
            steps.append((i + 1, j))
        if i > 0 and open_x[i - 1, j]:
            steps.append((i - 1, j))
        if j < open_y.shape[1] and open_y[i, j]:
            steps.append((i, j + 1))
        if j > 0 and open_y[i, j - 1]:
            steps.append((i, j - 1))
        new = [s for s in steps if s not in seen]
        seen.update(new)
        queue += new
    cells = np.array(sorted(seen), np.float64).reshape(-1, 2)
    return cells * step_m + start + np.array(lo) * step_m
