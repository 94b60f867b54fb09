"""Which geoms may be seen, where on the image, in what order; and what already hides them.

View
    ``view`` is (16,) float64: optical centre, then the optical x, y, z axes (world frame), then fx, fy, cx, cy.
    A geom's ``local`` row is (12,): the same centre and axes in the geom's frame. A point p of that frame has the
    camera coordinates ((p - o) . x, (p - o) . y, (p - o) . z).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engram.sims.house.render._jit import inlined, kernel
from engram.sims.house.render._scene import PLANE

NEAR_M = 0.02
TILE = 8
_FAR = 1e30


@inlined
def to_local(view: Any, pos: Any, mat: Any, out: Any) -> None:
    """Write the camera's centre and axes in the frame at ``pos`` (3,) turned by ``mat`` (9,) to ``out`` (12,)."""
    x, y, z = view[0] - pos[0], view[1] - pos[1], view[2] - pos[2]
    for k in range(3):
        a, b, c = mat[k], mat[3 + k], mat[6 + k]
        out[k] = a * x + b * y + c * z
        out[3 + k] = a * view[3] + b * view[4] + c * view[5]
        out[6 + k] = a * view[6] + b * view[7] + c * view[8]
        out[9 + k] = a * view[9] + b * view[10] + c * view[11]


@kernel
def side_planes(view: Any, width: int, height: int) -> Any:
    """(4, 3) inward unit normals of the sides of the frustum, camera frame (x right, y down, z forward)."""
    out = np.empty((4, 3))
    fx, fy, cx, cy = view[12], view[13], view[14], view[15]
    slopes = (-cx / fx, (width - cx) / fx, -cy / fy, (height - cy) / fy)
    for k in range(4):
        s = slopes[k]
        sign = 1.0 if k % 2 == 0 else -1.0
        scale = sign / math.sqrt(1.0 + s * s)
        out[k, 0] = scale if k < 2 else 0.0
        out[k, 1] = 0.0 if k < 2 else scale
        out[k, 2] = -s * scale
    return out


@inlined
def _grow(box: Any, x: float, y: float, z: float, view: Any) -> None:
    """Stretch (left, right, top, bottom) in pixels to hold a point in front of the camera."""
    iz = 1.0 / z
    u = x * iz * view[12] + view[14]
    v = y * iz * view[13] + view[15]
    box[0], box[1] = min(box[0], u), max(box[1], u)
    box[2], box[3] = min(box[2], v), max(box[3], v)


@kernel
def project_box(local: Any, centre: Any, half: Any, view: Any, corner: Any, box: Any) -> float:
    """Bound the projection of a box, clipped at the near plane, in ``box`` (4,); return its least depth."""
    low = _FAR
    for i in range(8):
        x = centre[0] - local[0] + (half[0] if i & 1 else -half[0])
        y = centre[1] - local[1] + (half[1] if i & 2 else -half[1])
        z = centre[2] - local[2] + (half[2] if i & 4 else -half[2])
        corner[i, 0] = x * local[3] + y * local[4] + z * local[5]
        corner[i, 1] = x * local[6] + y * local[7] + z * local[8]
        corner[i, 2] = x * local[9] + y * local[10] + z * local[11]
        low = min(low, corner[i, 2])
    box[0], box[1], box[2], box[3] = _FAR, -_FAR, _FAR, -_FAR
    for i in range(8):
        if corner[i, 2] >= NEAR_M:
            _grow(box, corner[i, 0], corner[i, 1], corner[i, 2], view)
    if low >= NEAR_M:
        return low
    for i in range(8):
        for bit in (1, 2, 4):
            j = i | bit
            if j != i and (corner[i, 2] >= NEAR_M) != (corner[j, 2] >= NEAR_M):
                t = (NEAR_M - corner[i, 2]) / (corner[j, 2] - corner[i, 2])
                x = corner[i, 0] + t * (corner[j, 0] - corner[i, 0])
                y = corner[i, 1] + t * (corner[j, 1] - corner[i, 1])
                _grow(box, x, y, NEAR_M, view)
    return NEAR_M


@kernel
def cull(scene: Any, pos: Any, mat: Any, show: Any, view: Any, width: int, height: int, work: Any) -> int:
    """Fill ``work`` with the geoms inside the frustum, nearest first, and return how many there are."""
    sides = side_planes(view, width, height)
    corner = np.empty((8, 3))
    box = np.empty(4)
    count = 0
    for g in range(scene.kind.shape[0]):
        if not show[g]:
            continue
        b = scene.bounds[g]
        unbounded = scene.kind[g] == PLANE and (scene.size[g, 0] <= 0.0 or scene.size[g, 1] <= 0.0)
        if not unbounded:
            r = mat[g]
            x = pos[g, 0] - view[0] + r[0] * b[0] + r[1] * b[1] + r[2] * b[2]
            y = pos[g, 1] - view[1] + r[3] * b[0] + r[4] * b[1] + r[5] * b[2]
            z = pos[g, 2] - view[2] + r[6] * b[0] + r[7] * b[1] + r[8] * b[2]
            radius = math.sqrt(b[3] * b[3] + b[4] * b[4] + b[5] * b[5])
            xc = x * view[3] + y * view[4] + z * view[5]
            yc = x * view[6] + y * view[7] + z * view[8]
            zc = x * view[9] + y * view[10] + z * view[11]
            if zc + radius < NEAR_M:
                continue
            outside = False
            for k in range(4):
                if xc * sides[k, 0] + yc * sides[k, 1] + zc * sides[k, 2] < -radius:
                    outside = True
            if outside:
                continue
        local = work.local[g]
        to_local(view, pos[g], mat[g], local)
        centre = work.centre[g]
        for k in range(3):
            centre[k] = local[k] if unbounded and k < 2 and scene.size[g, k] <= 0.0 else b[k]
        near = project_box(local, centre, b[3:6], view, corner, box)
        # A pixel is covered when its centre is.
        i0, i1 = max(0.0, math.ceil(box[2] - 0.5)), min(height - 1.0, math.floor(box[3] - 0.5))
        j0, j1 = max(0.0, math.ceil(box[0] - 0.5)), min(width - 1.0, math.floor(box[1] - 0.5))
        if i0 > i1 or j0 > j1:
            continue
        rect = work.rect[g]
        rect[0], rect[1], rect[2], rect[3] = int(i0), int(i1), int(j0), int(j1)
        work.near[count] = near
        work.order[count] = g
        count += 1
    ranks = np.argsort(work.near[:count], kind="mergesort")  # stable: equal depths keep the order of ids
    work.sorted[:count] = work.order[:count][ranks]
    work.order[:count] = work.sorted[:count]
    for q in range(count):
        work.limit[q] = np.float32(1.0 / work.near[ranks[q]])
    return count


@kernel
def hidden(rect: Any, limit: Any, iz: Any, tile_low: Any, tile_dirty: Any) -> bool:
    """Whether every pixel of the rectangle already shows something nearer than ``limit``, an inverse depth."""
    height, width = iz.shape
    for ti in range(rect[0] // TILE, rect[1] // TILE + 1):
        for tj in range(rect[2] // TILE, rect[3] // TILE + 1):
            if tile_dirty[ti, tj]:
                low = iz[ti * TILE, tj * TILE]
                for i in range(ti * TILE, min(height, ti * TILE + TILE)):
                    for j in range(tj * TILE, min(width, tj * TILE + TILE)):
                        low = min(low, iz[i, j])
                tile_low[ti, tj] = low
                tile_dirty[ti, tj] = False
            if tile_low[ti, tj] < limit:
                return False
    return True


@inlined
def soil(rect: Any, tile_dirty: Any) -> None:
    """Mark the tiles of a rectangle for another look."""
    for ti in range(rect[0] // TILE, rect[1] // TILE + 1):
        for tj in range(rect[2] // TILE, rect[3] // TILE + 1):
            tile_dirty[ti, tj] = True
