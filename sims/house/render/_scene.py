"""What never changes about a model, laid out as arrays for the kernels.

A *surface* is what one code in the code image names: a face of a box, a triangle of a mesh, or a whole curved geom.
"""

from __future__ import annotations

from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.house.render.base import RenderError

PLANE, SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX, MESH = (
    int(getattr(mujoco.mjtGeom, f"mjGEOM_{n}"))
    for n in ("PLANE", "SPHERE", "CAPSULE", "ELLIPSOID", "CYLINDER", "BOX", "MESH")
)
UNBOUNDED_M = 100.0  # half side of the quad drawn for a plane without bounds
CREASE_DEG = 40.0  # neighbouring faces that meet at a smaller angle are shaded as one smooth surface


class Scene(NamedTuple):
    """Arrays of G geoms, V vertices and F triangles; geom frames, metres."""

    kind: NDArray[np.int32]  # (G,) mjtGeom
    size: NDArray[np.float64]  # (G, 3) MuJoCo half sizes
    bounds: NDArray[np.float64]  # (G, 6) centre and half sides of the box around the geom, geom frame
    mesh: NDArray[np.int32]  # (G, 4) first vertex, vertex count, first triangle, triangle count
    base: NDArray[np.int32]  # (G,) code of the geom's first surface
    owner: NDArray[np.int32]  # (codes,) geom of each surface
    vertices: NDArray[np.float64]  # (V, 3)
    faces: NDArray[np.int32]  # (F, 3) vertex numbers within the mesh
    planes: NDArray[np.float64]  # (F, 4) outward unit normal and its offset: n . p = offset
    normals: NDArray[np.float32]  # (F, 12) shading normal at p = K + M p: K, then M by rows
    frame: NDArray[np.float64]  # (G, 12) rotation by rows and shift from the geom frame to that of its textures
    axes: NDArray[np.int32]  # (G, 3, 2) texture axes (along, across) on faces normal to x, y and z
    flat: NDArray[np.bool_]  # (G,) wide and thin, like a floor


def build_scene(model: mujoco.MjModel) -> Scene:
    """Collect the arrays of a model.

    Raises:
        RenderError: the model has a geom type that cannot be rasterised.

    """
    kind = np.array(model.geom_type, np.int32)
    odd = [g for g in range(model.ngeom) if kind[g] not in (PLANE, SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX, MESH)]
    if odd:
        raise RenderError(f"geom {odd[0]} has a type the rasteriser does not know; use make_renderer('rays', ...)")
    spans = _mesh_spans(model, kind)
    surfaces = np.where(kind == BOX, 6, np.where(kind == MESH, spans[:, 3], 1))
    base = np.concatenate([[0], np.cumsum(surfaces)[:-1]]) if model.ngeom else np.zeros(0)
    faces = np.array(model.mesh_face, np.int32).reshape(-1, 3)
    vertices = np.array(model.mesh_vert, np.float64).reshape(-1, 3)
    first = np.repeat(np.array(model.mesh_vertadr, np.int64), np.array(model.mesh_facenum, np.int64))
    planes, normals = _shading(vertices, faces + first[:, None], first)
    bounds = _bounds(model, kind, spans, vertices)
    half = np.sort(bounds[:, 3:], axis=1)
    return Scene(
        kind=kind,
        size=np.array(model.geom_size, np.float64),
        bounds=bounds,
        mesh=spans,
        base=base.astype(np.int32),
        owner=np.repeat(np.arange(model.ngeom, dtype=np.int32), surfaces),
        vertices=vertices,
        faces=faces,
        planes=planes,
        normals=normals.astype(np.float32),
        frame=_texture_frames(model, kind),
        axes=_texture_axes(bounds),
        flat=(kind == PLANE) | ((half[:, 0] < 0.15) & (half[:, 1] > 0.55)),
    )


def _mesh_spans(model: mujoco.MjModel, kind: NDArray[np.int32]) -> NDArray[np.int32]:
    spans = np.zeros((model.ngeom, 4), np.int32)
    for g in np.flatnonzero(kind == MESH):
        m = int(model.geom_dataid[g])
        spans[g] = model.mesh_vertadr[m], model.mesh_vertnum[m], model.mesh_faceadr[m], model.mesh_facenum[m]
    return spans


def _bounds(
    model: mujoco.MjModel, kind: NDArray[np.int32], spans: NDArray[np.int32], vertices: NDArray[np.float64]
) -> NDArray[np.float64]:
    bounds = np.zeros((model.ngeom, 6))
    for g in range(model.ngeom):
        a, b, c = model.geom_size[g]
        if kind[g] == MESH:
            own = vertices[spans[g, 0] : spans[g, 0] + spans[g, 1]]
            bounds[g, :3], bounds[g, 3:] = (own.max(0) + own.min(0)) / 2, (own.max(0) - own.min(0)) / 2
        elif kind[g] == PLANE:
            bounds[g, 3:] = a or UNBOUNDED_M, b or UNBOUNDED_M, 0.0
        else:
            special = {SPHERE: (a, a, a), CAPSULE: (a, a, a + b), CYLINDER: (a, a, b)}
            bounds[g, 3:] = special.get(int(kind[g]), (a, b, c))
    return bounds


def _texture_frames(model: mujoco.MjModel, kind: NDArray[np.int32]) -> NDArray[np.float64]:
    """Undo the turn and shift that MuJoCo's compiler gives a mesh, so that textures lie as its author laid them."""
    frame = np.zeros((model.ngeom, 12))
    frame[:, [0, 4, 8]] = 1.0
    for g in np.flatnonzero(kind == MESH):
        m = int(model.geom_dataid[g])
        mujoco.mju_quat2Mat(frame[g, :9], np.array(model.mesh_quat[m], np.float64))
        frame[g, 9:] = model.mesh_pos[m]
    return frame


def _texture_axes(bounds: NDArray[np.float64]) -> NDArray[np.int32]:
    """Of the two axes in a face, the grain runs along the longer side of the geom."""
    axes = np.zeros((len(bounds), 3, 2), np.int32)
    for normal, (p, q) in enumerate(((1, 2), (0, 2), (0, 1))):
        swap = bounds[:, 3 + q] > bounds[:, 3 + p]
        axes[:, normal, 0] = np.where(swap, q, p)
        axes[:, normal, 1] = np.where(swap, p, q)
    return axes


def _shading(
    vertices: NDArray[np.float64], corners: NDArray[np.int64], first: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Planes (F, 4) and affine shading normals (F, 12) of triangles with global vertex numbers ``corners``."""
    if not len(corners):
        return np.zeros((0, 4)), np.zeros((0, 12))
    a, b, c = (vertices[corners[:, k]] for k in range(3))
    scaled = np.cross(b - a, c - a)
    area2 = np.linalg.norm(scaled, axis=1, keepdims=True)
    normal = scaled / np.maximum(area2, 1e-30)
    planes = np.concatenate([normal, np.sum(normal * a, 1, keepdims=True)], 1)
    smooth = _corner_normals(vertices, corners, first, normal)
    n0, n1, n2 = smooth[:, 0], smooth[:, 1], smooth[:, 2]
    # Barycentric coordinates are affine in the point: lambda = g . (p - a).
    g1, g2 = np.cross(c - a, normal), np.cross(normal, b - a)
    g1 /= _away_from_zero(np.sum(g1 * (b - a), 1, keepdims=True))
    g2 /= _away_from_zero(np.sum(g2 * (c - a), 1, keepdims=True))
    matrix = (n1 - n0)[:, :, None] * g1[:, None, :] + (n2 - n0)[:, :, None] * g2[:, None, :]
    matrix[area2[:, 0] < 1e-12] = 0.0
    constant = n0 - np.einsum("fij,fj->fi", matrix, a)
    return planes, np.concatenate([constant, matrix.reshape(-1, 9)], 1)


def _away_from_zero(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(x) < 1e-30, 1e-30, x)


def _corner_normals(
    vertices: NDArray[np.float64],
    corners: NDArray[np.int64],
    first: NDArray[np.int64],
    normal: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(F, 3, 3) unit normal at each corner: the mean over the faces around it within the crease angle."""
    points = np.column_stack([first, np.zeros((len(first), 3))]).repeat(3, axis=0)
    points[:, 1:] = vertices[corners.ravel()].round(6)
    _, welded = np.unique(points, axis=0, return_inverse=True)  # the same place in the same mesh
    welded = welded.ravel()
    order = np.argsort(welded, kind="stable")
    count = np.bincount(welded)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    # All pairs (corner, corner at the same place).
    valence = count[welded]
    one = np.repeat(np.arange(len(welded)), valence)
    offset = np.arange(len(one)) - np.repeat(np.cumsum(valence) - valence, valence)
    other = order[start[welded[one]] + offset]
    near = np.sum(normal[one // 3] * normal[other // 3], 1) > np.cos(np.radians(CREASE_DEG))
    one, other = one[near], other[near]
    weight = _corner_angles(vertices, corners).ravel()[other]
    total = np.stack(
        [np.bincount(one, weight * normal[other // 3, k], minlength=len(welded)) for k in range(3)], axis=1
    )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    unit = np.where(length > 1e-9, total / np.maximum(length, 1e-9), normal.repeat(3, axis=0))
    return np.asarray(unit.reshape(-1, 3, 3))


def _corner_angles(vertices: NDArray[np.float64], corners: NDArray[np.int64]) -> NDArray[np.float64]:
    """(F, 3) inner angles, radians."""
    p = vertices[corners]
    u, v = np.roll(p, -1, axis=1) - p, np.roll(p, 1, axis=1) - p
    scale = np.linalg.norm(u, axis=2) * np.linalg.norm(v, axis=2)
    cosine = np.sum(u * v, 2) / np.maximum(scale, 1e-30)
    return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)))
