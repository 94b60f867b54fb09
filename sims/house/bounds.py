"""Exact axis-aligned boxes around the geoms of any MuJoCo model, however they lie.

MuJoCo's own boxes turn with the geom, and meshes are turned by the compiler, so a box around such a box is too large by
up to a factor of 1.7: an apple that has rolled would reach through the table it lies on.
"""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

_SPHERE, _CAPSULE, _ELLIPSOID, _CYLINDER, _MESH = (
    int(getattr(mujoco.mjtGeom, f"mjGEOM_{name}")) for name in ("SPHERE", "CAPSULE", "ELLIPSOID", "CYLINDER", "MESH")
)

Floats = NDArray[np.float64]


class Bounds:
    """Boxes around the geoms of a model; only those that have moved are measured again."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self._pos, self._mat = np.full((model.ngeom, 3), np.nan), np.full((model.ngeom, 9), np.nan)
        self._boxes = np.zeros((model.ngeom, 2, 3))

    def boxes(self, data: mujoco.MjData) -> Floats:
        """(G, 2, 3) lower and upper corners, world frame; do not change the array."""
        moved = np.flatnonzero((data.geom_xpos != self._pos).any(1) | (data.geom_xmat != self._mat).any(1))
        if len(moved):
            self._pos[moved], self._mat[moved] = data.geom_xpos[moved], data.geom_xmat[moved]
            is_mesh = self._model.geom_type[moved] == _MESH
            self._primitives(moved[~is_mesh])
            for geom in moved[is_mesh]:
                self._mesh(int(geom))
        return self._boxes

    def _primitives(self, geoms: NDArray[np.int64]) -> None:
        kind, size = self._model.geom_type[geoms], self._model.geom_size[geoms]
        turn = self._mat[geoms].reshape(-1, 3, 3)
        radius, length, axis = size[:, :1], size[:, 1:2], np.abs(turn[:, :, 2])
        reach = np.einsum("gij,gj->gi", np.abs(turn), size)  # boxes
        for one, its in (
            (_SPHERE, radius + 0.0 * axis),
            (_CAPSULE, axis * length + radius),
            (_CYLINDER, axis * length + radius * np.sqrt(np.maximum(1.0 - axis**2, 0.0))),
            (_ELLIPSOID, np.linalg.norm(turn * size[:, None, :], axis=2)),
        ):
            reach = np.where((kind == one)[:, None], its, reach)
        self._boxes[geoms, 0], self._boxes[geoms, 1] = self._pos[geoms] - reach, self._pos[geoms] + reach

    def _mesh(self, geom: int) -> None:
        model = self._model
        mesh = int(model.geom_dataid[geom])
        first = int(model.mesh_vertadr[mesh])
        vertices = model.mesh_vert[first : first + int(model.mesh_vertnum[mesh])]
        points = vertices @ self._mat[geom].reshape(3, 3).T + self._pos[geom]
        self._boxes[geom, 0], self._boxes[geom, 1] = points.min(0), points.max(0)
