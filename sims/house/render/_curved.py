"""Spheres, ellipsoids, cylinders and capsules into the inverse-depth buffer, by exact ray tests.

With the ray o + t d whose d has optical z = 1, t is the depth. The nearer root of A t^2 + 2 B t + C = 0 with C > 0
(centre of the camera outside) has the inverse (sqrt(B^2 - A C) - B) / C, so that no pixel needs a division.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engram.sims.house.render._jit import kernel
from engram.sims.house.render._scene import CYLINDER, ELLIPSOID


@kernel
def draw_ball(rect: Any, local: Any, size: Any, kind: int, view: Any, mark: int, iz: Any, code: Any) -> None:
    """Draw a sphere or an ellipsoid."""
    sx = 1.0 / size[0]
    sy, sz = (1.0 / size[1], 1.0 / size[2]) if kind == ELLIPSOID else (sx, sx)
    ox, oy, oz = local[0] * sx, local[1] * sy, local[2] * sz
    c = ox * ox + oy * oy + oz * oz - 1.0
    if c <= 0.0:
        return
    inv_c, label = 1.0 / c, np.int32(mark)
    ux, uy, uz = local[3] * sx / view[12], local[4] * sy / view[12], local[5] * sz / view[12]
    j0, n = max(0, rect[2]), rect[3] - rect[2] + 1
    for i in range(rect[0], rect[1] + 1):
        v = (i + 0.5 - view[15]) / view[13]
        start = j0 + 0.5 - view[14]
        dx = (local[9] + v * local[6]) * sx + start * ux
        dy = (local[10] + v * local[7]) * sy + start * uy
        dz = (local[11] + v * local[8]) * sz + start * uz
        row, marks = iz[i, j0 : j0 + n], code[i, j0 : j0 + n]
        for k in range(n):
            x, y, z = dx + k * ux, dy + k * uy, dz + k * uz
            a = x * x + y * y + z * z
            b = ox * x + oy * y + oz * z
            q = b * b - a * c
            near = np.float32((math.sqrt(max(q, 0.0)) - b) * inv_c)
            nearer = (q >= 0.0) & (near > row[k])
            marks[k] = label if nearer else marks[k]
            row[k] = near if nearer else row[k]


@kernel
def draw_pipe(rect: Any, local: Any, size: Any, kind: int, view: Any, mark: int, iz: Any, code: Any) -> None:
    """Draw a cylinder or a capsule along z."""
    radius, h = size[0], size[1]
    ox, oy, oz = local[0], local[1], local[2]
    c = ox * ox + oy * oy - radius * radius
    capped = kind == CYLINDER
    inv_c = 1.0 / c if c > 0.0 else 0.0
    zt, zb = oz - h, oz + h
    ct, cb = c + zt * zt, c + zb * zb
    if capped:
        if c <= 0.0 and abs(oz) <= h:
            return
    elif (c <= 0.0 and abs(oz) <= h) or ct <= 0.0 or cb <= 0.0:
        return
    cap = h if oz > 0.0 else -h
    inv_cap = 1.0 / (cap - oz) if capped and abs(oz) > h else 0.0
    inv_ct, inv_cb = (0.0, 0.0) if capped else (1.0 / ct, 1.0 / cb)
    r2, label = radius * radius, np.int32(mark)
    ux, uy, uz = local[3] / view[12], local[4] / view[12], local[5] / view[12]
    j0, n = max(0, rect[2]), rect[3] - rect[2] + 1
    for i in range(rect[0], rect[1] + 1):
        v = (i + 0.5 - view[15]) / view[13]
        start = j0 + 0.5 - view[14]
        dx = local[9] + v * local[6] + start * ux
        dy = local[10] + v * local[7] + start * uy
        dz = local[11] + v * local[8] + start * uz
        row, marks = iz[i, j0 : j0 + n], code[i, j0 : j0 + n]
        for k in range(n):
            x, y, z = dx + k * ux, dy + k * uy, dz + k * uz
            a = x * x + y * y
            b = ox * x + oy * y
            q = b * b - a * c
            side = (math.sqrt(max(q, 0.0)) - b) * inv_c
            best = side if (q >= 0.0) & (abs(oz * side + z) <= h * side) else 0.0
            if capped:
                end = z * inv_cap
                ex, ey = ox * end + x, oy * end + y
                end = end if ex * ex + ey * ey <= r2 * end * end else 0.0
                best = max(best, end)
            else:
                a3 = a + z * z
                bt, bb = b + zt * z, b + zb * z
                qt, qb = bt * bt - a3 * ct, bb * bb - a3 * cb
                top = (math.sqrt(max(qt, 0.0)) - bt) * inv_ct
                bottom = (math.sqrt(max(qb, 0.0)) - bb) * inv_cb
                best = max(best, top if qt >= 0.0 else 0.0, bottom if qb >= 0.0 else 0.0)
            near = np.float32(best)
            nearer = near > row[k]
            marks[k] = label if nearer else marks[k]
            row[k] = near if nearer else row[k]
