"""Normals, colours and patterns of a run: neighbouring pixels of a row that show one surface.

A run is ``n`` pixels from place ``k0`` of a strip whose first pixel is (i, left).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engram.sims.house.render._jit import kernel
from engram.sims.house.render._scene import BOX, CAPSULE, CYLINDER, ELLIPSOID, MESH, PLANE
from engram.sims.house.render._strip import (
    ACROSS,
    AHEAD,
    ALONG,
    BLUE,
    GLOW,
    GRAZING,
    GREEN,
    IZ,
    NX,
    NY,
    NZ,
    RATIO,
    RED,
    SPOT,
)  # fmt: skip
from engram.sims.house.render._texture import LEVELS, SIDE

_u = np.uint64
_f = np.float32


@kernel
def empty_run(look: Any, strip: Any, k0: int, n: int) -> None:
    """Sky."""
    r, g, b = look.sky[0], look.sky[1], look.sky[2]
    for k in range(_u(k0), _u(k0 + n)):
        strip[NX + k], strip[NY + k], strip[NZ + k] = 0.0, 0.0, 1.0
        strip[RED + k], strip[GREEN + k], strip[BLUE + k] = r, g, b
        strip[AHEAD + k], strip[GRAZING + k], strip[SPOT + k], strip[GLOW + k] = 0.0, 0.0, 0.0, 1.0


@kernel
def paint_run(look: Any, g: int, strip: Any, k0: int, n: int) -> None:
    """Colour and finish of a geom."""
    red, green, blue = look.rgb[g, 0], look.rgb[g, 1], look.rgb[g, 2]
    ahead, grazing, spot, glow = look.finish[g, 0], look.finish[g, 1], look.finish[g, 2], look.finish[g, 3]
    for k in range(_u(k0), _u(k0 + n)):
        strip[RED + k], strip[GREEN + k], strip[BLUE + k] = red, green, blue
        strip[AHEAD + k], strip[GRAZING + k], strip[SPOT + k], strip[GLOW + k] = ahead, grazing, spot, glow


@kernel
def flat_run(mat: Any, axis: int, sign: float, strip: Any, k0: int, n: int) -> None:
    """Normal of a face of a box or of a plane."""
    x, y, z = _f(sign * mat[axis]), _f(sign * mat[3 + axis]), _f(sign * mat[6 + axis])
    for k in range(_u(k0), _u(k0 + n)):
        strip[NX + k], strip[NY + k], strip[NZ + k] = x, y, z


@kernel
def round_run(
    mat: Any, local: Any, kind: int, size: Any, view: Any, i: int, left: int, strip: Any, k0: int, n: int
) -> None:
    """Normals of a curved geom, from the points hit."""
    a, b, c = size[0], size[1], size[2]
    v = (i + 0.5 - view[15]) / view[13]
    for k in range(_u(k0), _u(k0 + n)):
        u = (left + int(k) + 0.5 - view[14]) / view[12]
        t = 1.0 / strip[IZ + k]
        x = local[0] + t * (local[9] + u * local[3] + v * local[6])
        y = local[1] + t * (local[10] + u * local[4] + v * local[7])
        z = local[2] + t * (local[11] + u * local[5] + v * local[8])
        if kind == ELLIPSOID:
            x, y, z = x / (a * a), y / (b * b), z / (c * c)
        elif kind == CAPSULE:
            z -= min(max(z, -b), b)
        elif kind == CYLINDER:
            # On the caps the distance to the end is the smaller one.
            if b - abs(z) < a - math.sqrt(x * x + y * y):
                x, y = 0.0, 0.0
            else:
                z = 0.0
        strip[NX + k] = mat[0] * x + mat[1] * y + mat[2] * z
        strip[NY + k] = mat[3] * x + mat[4] * y + mat[5] * z
        strip[NZ + k] = mat[6] * x + mat[7] * y + mat[8] * z


@kernel
def mesh_run(
    mat: Any, local: Any, normals: Any, shift: int, view: Any, i: int, left: int, code: Any, strip: Any, k0: int, n: int
) -> None:
    """Normals of a mesh; the triangle of code c has the row c + ``shift`` of ``normals``."""
    v = (i + 0.5 - view[15]) / view[13]
    for k in range(_u(k0), _u(k0 + n)):
        j = left + int(k)
        u = (j + 0.5 - view[14]) / view[12]
        t = 1.0 / strip[IZ + k]
        px = local[0] + t * (local[9] + u * local[3] + v * local[6])
        py = local[1] + t * (local[10] + u * local[4] + v * local[7])
        pz = local[2] + t * (local[11] + u * local[5] + v * local[8])
        m = normals[max(0, code[i, j] + shift)]
        x = m[0] + m[3] * px + m[4] * py + m[5] * pz
        y = m[1] + m[6] * px + m[7] * py + m[8] * pz
        z = m[2] + m[9] * px + m[10] * py + m[11] * pz
        strip[NX + k] = mat[0] * x + mat[1] * y + mat[2] * z
        strip[NY + k] = mat[3] * x + mat[4] * y + mat[5] * z
        strip[NZ + k] = mat[6] * x + mat[7] * y + mat[8] * z


@kernel
def flat_pattern(
    look: Any, g: int, axis: int, along: int, across: int, local: Any, view: Any, i: int, left: int,
    strip: Any, k0: int, n: int,
) -> None:  # fmt: skip
    """Place every pixel of a flat face in the pattern of its material."""
    one, floor = _f(1.0), _f(0.05)
    p, q = look.texels[look.layer[g], 0], look.texels[look.layer[g], 1]
    fine = max(p, q) / _f(view[12])
    shift = _f(61.7 * g)  # so that equal things do not look equal
    v, u0, du = (i + 0.5 - view[15]) / view[13], (left + 0.5 - view[14]) / view[12], 1.0 / view[12]
    # Along a row the ray is affine in the column: start + k step.
    s0, s1 = _f(local[9 + along] + u0 * local[3 + along] + v * local[6 + along]), _f(du * local[3 + along])
    r0, r1 = _f(local[9 + across] + u0 * local[3 + across] + v * local[6 + across]), _f(du * local[3 + across])
    n0, n1 = _f(local[9 + axis] + u0 * local[3 + axis] + v * local[6 + axis]), _f(du * local[3 + axis])
    so, ro = _f(local[along]), _f(local[across])
    for k in range(_u(k0), _u(k0 + n)):
        x = _f(np.int32(k))
        t = one / strip[IZ + k]
        strip[ALONG + k] = (so + t * (s0 + x * s1)) * p + shift
        strip[ACROSS + k] = (ro + t * (r0 + x * r1)) * q + shift
        strip[RATIO + k] = t * t * fine * fine / max(abs(n0 + x * n1), floor)


@kernel
def round_pattern(
    scene: Any, look: Any, g: int, mat: Any, local: Any, view: Any, i: int, left: int, strip: Any, k0: int, n: int
) -> None:
    """Place every pixel of a curved geom or mesh in the pattern, projected along the nearest axis."""
    p, q = look.texels[look.layer[g], 0], look.texels[look.layer[g], 1]
    fine = max(p, q) / view[12]
    shift = 61.7 * g
    frame, axes = scene.frame[g], scene.axes[g]
    mesh = scene.kind[g] == MESH
    v = (i + 0.5 - view[15]) / view[13]
    for k in range(_u(k0), _u(k0 + n)):
        u = (left + int(k) + 0.5 - view[14]) / view[12]
        t = 1.0 / strip[IZ + k]
        x = local[0] + t * (local[9] + u * local[3] + v * local[6])
        y = local[1] + t * (local[10] + u * local[4] + v * local[7])
        z = local[2] + t * (local[11] + u * local[5] + v * local[8])
        wx, wy, wz = strip[NX + k], strip[NY + k], strip[NZ + k]
        nx = mat[0] * wx + mat[3] * wy + mat[6] * wz
        ny = mat[1] * wx + mat[4] * wy + mat[7] * wz
        nz = mat[2] * wx + mat[5] * wy + mat[8] * wz
        if mesh:
            x, y, z = (
                frame[0] * x + frame[1] * y + frame[2] * z + frame[9],
                frame[3] * x + frame[4] * y + frame[5] * z + frame[10],
                frame[6] * x + frame[7] * y + frame[8] * z + frame[11],
            )
            nx, ny, nz = (
                frame[0] * nx + frame[1] * ny + frame[2] * nz,
                frame[3] * nx + frame[4] * ny + frame[5] * nz,
                frame[6] * nx + frame[7] * ny + frame[8] * nz,
            )
        nx, ny, nz = abs(nx), abs(ny), abs(nz)
        axis = 2 if nz >= nx and nz >= ny else (0 if nx >= ny else 1)
        along, across = axes[axis, 0], axes[axis, 1]
        strip[ALONG + k] = (x if along == 0 else (y if along == 1 else z)) * p + shift
        strip[ACROSS + k] = (x if across == 0 else (y if across == 1 else z)) * q + shift
        strip[RATIO + k] = 2.0 * t * t * fine * fine


@kernel
def apply_pattern(images: Any, strip: Any, k0: int, n: int) -> None:
    """Multiply the colours of a run by ``images`` (LEVELS, SIDE, SIDE), interpolated at a size that fits the pixels."""
    one = _f(1.0)
    for k in range(_u(k0), _u(k0 + n)):
        ratio, scale, level = strip[RATIO + k], one, 0
        while ratio > _f(2.0) and level < LEVELS - 1:
            ratio *= _f(0.25)
            scale *= _f(0.5)
            level += 1
        s, r = strip[ALONG + k] * scale - _f(0.5), strip[ACROSS + k] * scale - _f(0.5)
        fs, fr = math.floor(s), math.floor(r)
        mask = (SIDE >> level) - 1
        s0, r0 = _u(int(fs) & mask), _u(int(fr) & mask)
        s1, r1 = _u((int(fs) + 1) & mask), _u((int(fr) + 1) & mask)
        s, r = s - _f(fs), r - _f(fr)
        image = images[level]
        upper = _f(image[s0, r0]) * (one - r) + _f(image[s0, r1]) * r
        lower = _f(image[s1, r0]) * (one - r) + _f(image[s1, r1]) * r
        tone = (upper * (one - s) + lower * s) * _f(1.0 / 128.0)
        strip[RED + k] *= tone
        strip[GREEN + k] *= tone
        strip[BLUE + k] *= tone


@kernel
def surface_run(
    scene: Any, look: Any, g: int, mark: int, mat: Any, local: Any, view: Any, i: int, left: int,
    code: Any, strip: Any, k0: int, n: int,
) -> None:  # fmt: skip
    """Fill a run with everything but light."""
    kind = scene.kind[g]
    patterned = look.layer[g] >= 0
    paint_run(look, g, strip, k0, n)
    if kind in (BOX, PLANE):
        face = mark - scene.base[g]
        axis = face >> 1 if kind == BOX else 2
        flat_run(mat, axis, -1.0 if face & 1 else 1.0, strip, k0, n)
        if patterned:
            along, across = scene.axes[g, axis, 0], scene.axes[g, axis, 1]
            flat_pattern(look, g, axis, along, across, local, view, i, left, strip, k0, n)
    else:
        if kind == MESH:
            shift = scene.mesh[g, 2] - scene.base[g]
            mesh_run(mat, local, scene.normals, shift, view, i, left, code, strip, k0, n)
        else:
            round_run(mat, local, kind, scene.size[g], view, i, left, strip, k0, n)
        if patterned:
            round_pattern(scene, look, g, mat, local, view, i, left, strip, k0, n)
    if patterned:
        apply_pattern(look.patterns[look.layer[g]], strip, k0, n)
