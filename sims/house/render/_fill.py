"""Polygons into the inverse-depth buffer: faces of boxes, planes and triangles of meshes.

Along a face the inverse depth is affine in the pixel, iz = a j + b i + c at the centre of pixel (i, j), so that
interpolation is exact and equals what a ray through the centre would hit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engram.sims.house.render._cull import NEAR_M
from engram.sims.house.render._jit import inlined, kernel


@inlined
def span(iz: Any, code: Any, i: int, j0: int, n: int, start: float, step: float, mark: int) -> None:
    """Draw ``n`` pixels of row ``i`` from column ``j0`` whose inverse depth starts at ``start``."""
    row, marks = iz[i, j0 : j0 + n], code[i, j0 : j0 + n]
    first, slope, label = np.float32(start), np.float32(step), np.int32(mark)
    for k in range(n):
        z = first + slope * np.float32(k)
        nearer = z > row[k]
        marks[k] = label if nearer else marks[k]
        row[k] = z if nearer else row[k]


@inlined
def _face_plane(nx: float, ny: float, nz: float, offset: float, view: Any) -> Any:
    """Inverse depth (a, b, c) of the plane n . p = offset of the camera frame at pixel centres."""
    k = 1.0 / offset
    a = nx * k / view[12]
    b = ny * k / view[13]
    return a, b, nz * k + a * (0.5 - view[14]) + b * (0.5 - view[15])


@kernel
def fill_triangle(
    x0: float, y0: float, x1: float, y1: float, x2: float, y2: float,
    a: float, b: float, c: float, mark: int, iz: Any, code: Any,
) -> None:  # fmt: skip
    """Draw a triangle given in pixels. Edges run from their upper end, so that neighbours share them bit by bit."""
    if y0 > y1:
        x0, y0, x1, y1 = x1, y1, x0, y0
    if y1 > y2:
        x1, y1, x2, y2 = x2, y2, x1, y1
        if y0 > y1:
            x0, y0, x1, y1 = x1, y1, x0, y0
    height, width = iz.shape
    top = max(0, math.ceil(min(max(y0, -1.0), height + 1.0) - 0.5))
    end = min(height, math.ceil(min(max(y2, -1.0), height + 1.0) - 0.5))
    if top >= end:
        return
    long_slope = (x2 - x0) / (y2 - y0)
    upper = (x1 - x0) / (y1 - y0) if y1 > y0 else 0.0
    lower = (x2 - x1) / (y2 - y1) if y2 > y1 else 0.0
    for i in range(top, end):
        y = i + 0.5
        xa = x0 + (y - y0) * long_slope
        xb = x0 + (y - y0) * upper if y < y1 else x1 + (y - y1) * lower
        left, right = min(xa, xb), max(xa, xb)
        j0 = math.ceil(min(max(left, 0.0), width + 1.0) - 0.5)
        j1 = math.ceil(min(max(right, 0.0), width + 0.5) - 0.5)
        if j1 > j0:
            span(iz, code, i, j0, j1 - j0, a * j0 + b * i + c, a, mark)


@kernel
def fill_polygon(
    points: Any, n: int, clipped: Any, a: float, b: float, c: float, view: Any, mark: int, iz: Any, code: Any
) -> None:
    """Draw a convex polygon of ``n`` camera-frame ``points`` (>= n, 3), cut off at the near plane."""
    count = 0
    for k in range(n):
        p, q = points[k], points[(k + 1) % n]
        if p[2] >= NEAR_M:
            clipped[count, 0] = p[0] / p[2] * view[12] + view[14]
            clipped[count, 1] = p[1] / p[2] * view[13] + view[15]
            count += 1
        if (p[2] >= NEAR_M) != (q[2] >= NEAR_M):
            t = (NEAR_M - p[2]) / (q[2] - p[2])
            clipped[count, 0] = (p[0] + t * (q[0] - p[0])) / NEAR_M * view[12] + view[14]
            clipped[count, 1] = (p[1] + t * (q[1] - p[1])) / NEAR_M * view[13] + view[15]
            count += 1
    if count < 3:
        return
    height, width = iz.shape
    low, high = clipped[0, 1], clipped[0, 1]
    for k in range(1, count):
        low, high = min(low, clipped[k, 1]), max(high, clipped[k, 1])
    top = max(0, math.ceil(min(max(low, -1.0), height + 1.0) - 0.5))
    end = min(height, math.ceil(min(max(high, -1.0), height + 1.0) - 0.5))
    for i in range(top, end):
        y = i + 0.5
        left, right = 1e30, -1e30
        for k in range(count):
            m = k + 1 if k + 1 < count else 0
            xk, yk, xm, ym = clipped[k, 0], clipped[k, 1], clipped[m, 0], clipped[m, 1]
            if yk > ym:
                xk, yk, xm, ym = xm, ym, xk, yk
            if yk <= y < ym:
                x = xk + (y - yk) * ((xm - xk) / (ym - yk))
                left, right = min(left, x), max(right, x)
        j0 = math.ceil(min(max(left, 0.0), width + 1.0) - 0.5)
        j1 = math.ceil(min(max(right, 0.0), width + 0.5) - 0.5)
        if j1 > j0:
            span(iz, code, i, j0, j1 - j0, a * j0 + b * i + c, a, mark)


@inlined
def _camera_point(local: Any, x: float, y: float, z: float, out: Any) -> None:
    x, y, z = x - local[0], y - local[1], z - local[2]
    out[0] = x * local[3] + y * local[4] + z * local[5]
    out[1] = x * local[6] + y * local[7] + z * local[8]
    out[2] = x * local[9] + y * local[10] + z * local[11]


@kernel
def draw_face(
    local: Any, centre: Any, half: Any, axis: int, sign: float, view: Any, mark: int, iz: Any, code: Any, work: Any
) -> None:
    """Draw the face of a box, or the one face of a plane, that looks along ``sign`` times ``axis``."""
    level = centre[axis] + sign * half[axis]
    offset = sign * (level - local[axis])  # negative on the outer side
    if offset >= -1e-9:
        return
    p, q = (axis + 1) % 3, (axis + 2) % 3
    point = work.point
    for k in range(4):
        point[axis] = level
        point[p] = centre[p] + (half[p] if k == 1 or k == 2 else -half[p])
        point[q] = centre[q] + (half[q] if k >= 2 else -half[q])
        _camera_point(local, point[0], point[1], point[2], work.polygon[k])
    nx, ny, nz = sign * local[3 + axis], sign * local[6 + axis], sign * local[9 + axis]
    a, b, c = _face_plane(nx, ny, nz, offset, view)
    fill_polygon(work.polygon, 4, work.clipped, a, b, c, view, mark, iz, code)


@kernel
def draw_mesh(scene: Any, g: int, local: Any, view: Any, iz: Any, code: Any, work: Any) -> None:
    """Draw the triangles of a mesh that face the camera."""
    v0, nv, f0, nf = scene.mesh[g]
    points, screen = work.points, work.screen
    whole = True
    for k in range(nv):
        v = scene.vertices[v0 + k]
        out = points[k]
        _camera_point(local, v[0], v[1], v[2], out)
        if out[2] >= NEAR_M:
            inv = 1.0 / out[2]
            screen[k, 0] = out[0] * inv * view[12] + view[14]
            screen[k, 1] = out[1] * inv * view[13] + view[15]
        else:
            whole = False
    for k in range(nf):
        plane = scene.planes[f0 + k]
        n0, n1, n2 = plane[0], plane[1], plane[2]
        offset = plane[3] - (n0 * local[0] + n1 * local[1] + n2 * local[2])
        if offset >= -1e-9:
            continue
        p, q, r = scene.faces[f0 + k, 0], scene.faces[f0 + k, 1], scene.faces[f0 + k, 2]
        if whole:  # most small triangles lie between two rows of pixel centres
            yp, yq, yr = screen[p, 1], screen[q, 1], screen[r, 1]
            if math.ceil(min(yp, yq, yr) - 0.5) >= math.ceil(max(yp, yq, yr) - 0.5):
                continue
        a, b, c = _face_plane(
            n0 * local[3] + n1 * local[4] + n2 * local[5],
            n0 * local[6] + n1 * local[7] + n2 * local[8],
            n0 * local[9] + n1 * local[10] + n2 * local[11],
            offset,
            view,
        )
        mark = scene.base[g] + k
        if whole:
            fill_triangle(
                screen[p, 0], screen[p, 1], screen[q, 0], screen[q, 1], screen[r, 0], screen[r, 1],
                a, b, c, mark, iz, code,
            )  # fmt: skip
        else:
            for axis in range(3):
                work.polygon[0, axis] = points[p, axis]
                work.polygon[1, axis] = points[q, axis]
                work.polygon[2, axis] = points[r, axis]
            fill_polygon(work.polygon, 3, work.clipped, a, b, c, view, mark, iz, code)
