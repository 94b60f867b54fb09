"""From the code and inverse-depth images to colours, one row at a time.

A row is shaded in three steps over the same strip of arrays: normals and colours of each run of pixels that show one
surface, patterns, and light. Light is computed in linear colour and written with a gamma of 2.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.house.render._jit import kernel
from engram.sims.house.render._scene import BOX, CAPSULE, CYLINDER, ELLIPSOID, MESH, PLANE, Scene
from engram.sims.house.render._texture import (
    BRUSHED,
    PERIOD_M,
    PLANKS,
    PLASTER,
    SIDE,
    TILES,
    WEAVE,
    WOOD,
    patterns,
)

STRIP = 10  # arrays of a strip: normal (3), colour (3), reflectance ahead, at grazing angles, highlight, glow
_PLAIN, _WOOD = 0, 1
# name: pattern or -1, reflectance ahead, reflectance at grazing angles, highlight, glow
_FINISHES: dict[str, tuple[int, float, float, float, float]] = {
    "plain": (PLASTER, 0.02, 0.10, 0.05, 0.0),
    "wood": (WOOD, 0.03, 0.25, 0.12, 0.0),
    "tile": (TILES, 0.04, 0.45, 0.25, 0.0),
    "cloth": (WEAVE, 0.0, 0.10, 0.0, 0.0),
    "metal": (BRUSHED, 0.55, 0.85, 0.8, 0.0),
    "glass": (-1, 0.15, 0.80, 0.9, 0.0),
    "glow": (-1, 0.0, 0.0, 0.0, 1.0),
}
_SKY = np.array([0.62, 0.76, 0.88], np.float32)  # where nothing was hit, linear
# Linear light: from below, from above, the key light (from its side), the robot's lamp, a mirrored room.
_LIGHT = np.array(
    [[0.40, 0.36, 0.32], [0.58, 0.60, 0.63], [0.60, 0.55, 0.47], [0.16, 0.16, 0.16], [0.95, 0.95, 0.93]], np.float32
)
_KEY = np.array([0.48, 0.29, 0.83], np.float32) / np.float32(np.sqrt(0.48**2 + 0.29**2 + 0.83**2))
_NEAR_M, _WIDE_M = 0.07, 0.40  # radii of contact darkening


class Look(NamedTuple):
    """Colours and finishes of the geoms, and what lights them."""

    rgb: NDArray[np.float32]  # (G, 3) linear
    layer: NDArray[np.int32]  # (G,) pattern, -1 for none
    finish: NDArray[np.float32]  # (G, 4) reflectance ahead and at grazing angles, highlight, glow
    sky: NDArray[np.float32]  # (3,) linear
    light: NDArray[np.float32]  # (5, 3)
    key: NDArray[np.float32]  # (3,) unit vector towards the key light, world frame
    patterns: NDArray[np.uint8]  # (layers, levels, SIDE, SIDE)
    texels: NDArray[np.float64]  # (layers, 2) texels a metre along and across


class Palette:
    """Finishes of a model's materials by name; an unknown name is plain."""

    def __init__(self, model: mujoco.MjModel, scene: Scene) -> None:
        names = [model.mat(m).name for m in range(model.nmat)]
        rows = [_FINISHES.get(name, _FINISHES["plain"]) for name in names]
        table = np.array([*rows, _FINISHES["plain"]], np.float64)  # the last row is what material -1 picks
        self._layer = table[:, 0].astype(np.int32)
        self._finish = table[:, 1:].astype(np.float32)
        self._flat = scene.flat
        self._texels = SIDE / np.array(PERIOD_M)

    def look(self, model: mujoco.MjModel) -> Look:
        """Read the colours and materials that the geoms have now."""
        material = model.geom_matid
        layer = self._layer[material]
        layer[(layer == WOOD) & self._flat] = PLANKS
        rgb = np.square(model.geom_rgba[:, :3], dtype=np.float32)
        return Look(rgb, layer, self._finish[material], _SKY, _LIGHT, _KEY, patterns(), self._texels)


@kernel
def _flat_run(mat: Any, kind: int, face: int, strip: Any, j0: int, n: int) -> None:
    """Normal of a face of a box or of a plane."""
    axis = face >> 1 if kind == BOX else 2
    sign = np.float32(-1.0 if face & 1 else 1.0)
    for c in range(3):
        value = sign * np.float32(mat[3 * c + axis])
        row = strip[c, j0 : j0 + n]
        for k in range(n):
            row[k] = value


@kernel
def _round_run(
    mat: Any, local: Any, kind: int, size: Any, view: Any, i: int, iz: Any, strip: Any, j0: int, n: int
) -> None:
    """Normals of a curved geom, from the points hit."""
    a, b, c = size[0], size[1], size[2]
    v = (i + 0.5 - view[15]) / view[13]
    for j in range(j0, j0 + n):
        u = (j + 0.5 - view[14]) / view[12]
        t = 1.0 / iz[i, j]
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
        strip[0, j] = mat[0] * x + mat[1] * y + mat[2] * z
        strip[1, j] = mat[3] * x + mat[4] * y + mat[5] * z
        strip[2, j] = mat[6] * x + mat[7] * y + mat[8] * z


@kernel
def _mesh_run(
    mat: Any, local: Any, normals: Any, first: int, view: Any, i: int, iz: Any, code: Any, strip: Any, j0: int, n: int
) -> None:
    """Normals of a mesh; ``first`` is the row of ``normals`` for code 0."""
    v = (i + 0.5 - view[15]) / view[13]
    for j in range(j0, j0 + n):
        u = (j + 0.5 - view[14]) / view[12]
        t = 1.0 / iz[i, j]
        px = local[0] + t * (local[9] + u * local[3] + v * local[6])
        py = local[1] + t * (local[10] + u * local[4] + v * local[7])
        pz = local[2] + t * (local[11] + u * local[5] + v * local[8])
        m = normals[first + code[i, j]]
        x = m[0] + m[3] * px + m[4] * py + m[5] * pz
        y = m[1] + m[6] * px + m[7] * py + m[8] * pz
        z = m[2] + m[9] * px + m[10] * py + m[11] * pz
        strip[0, j] = mat[0] * x + mat[1] * y + mat[2] * z
        strip[1, j] = mat[3] * x + mat[4] * y + mat[5] * z
        strip[2, j] = mat[6] * x + mat[7] * y + mat[8] * z


@kernel
def _pattern_run(
    scene: Any, look: Any, g: int, mat: Any, local: Any, view: Any, i: int, iz: Any, strip: Any, j0: int, n: int
) -> None:
    """Multiply the colours of a run by the pattern of its material."""
    layer = look.layer[g]
    per_along, per_across = look.texels[layer, 0], look.texels[layer, 1]
    fine = max(per_along, per_across) / view[12]
    shift = 61.7 * g  # so that equal things do not look equal
    frame, axes = scene.frame[g], scene.axes[g]
    images = look.patterns[layer]
    mesh = scene.kind[g] == MESH
    v = (i + 0.5 - view[15]) / view[13]
    for j in range(j0, j0 + n):
        u = (j + 0.5 - view[14]) / view[12]
        t = 1.0 / iz[i, j]
        dx = local[9] + u * local[3] + v * local[6]
        dy = local[10] + u * local[4] + v * local[7]
        dz = local[11] + u * local[5] + v * local[8]
        x, y, z = local[0] + t * dx, local[1] + t * dy, local[2] + t * dz
        wx, wy, wz = strip[0, j], strip[1, j], strip[2, j]
        nx = mat[0] * wx + mat[3] * wy + mat[6] * wz
        ny = mat[1] * wx + mat[4] * wy + mat[7] * wz
        nz = mat[2] * wx + mat[5] * wy + mat[8] * wz
        facing = abs(nx * dx + ny * dy + nz * dz)
        facing = facing * facing / (nx * nx + ny * ny + nz * nz)
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
        s = (x if along == 0 else (y if along == 1 else z)) * per_along + shift
        r = (x if across == 0 else (y if across == 1 else z)) * per_across + shift
        # Squared texels a pixel, between the two of a slanted surface.
        ratio = t * t * fine * fine / math.sqrt(max(facing, 0.0025))
        level, scale = 0, 1.0
        while ratio > 2.0 and level < 6:
            ratio *= 0.25
            scale *= 0.5
            level += 1
        s, r = s * scale - 0.5, r * scale - 0.5
        fs, fr = math.floor(s), math.floor(r)
        mask = (SIDE >> level) - 1
        s0, r0 = int(fs) & mask, int(fr) & mask
        s1, r1 = (s0 + 1) & mask, (r0 + 1) & mask
        s, r = s - fs, r - fr
        upper = images[level, s0, r0] * (1.0 - r) + images[level, s0, r1] * r
        lower = images[level, s1, r0] * (1.0 - r) + images[level, s1, r1] * r
        tone = np.float32((upper * (1.0 - s) + lower * s) * (1.0 / 128.0))
        strip[3, j] *= tone
        strip[4, j] *= tone
        strip[5, j] *= tone


@kernel
def _empty_run(look: Any, strip: Any, j0: int, n: int) -> None:
    for j in range(j0, j0 + n):
        strip[0, j], strip[1, j], strip[2, j] = 0.0, 0.0, 1.0
        strip[3, j], strip[4, j], strip[5, j] = look.sky[0], look.sky[1], look.sky[2]
        strip[6, j], strip[7, j], strip[8, j], strip[9, j] = 0.0, 0.0, 0.0, 1.0


@kernel
def _paint_run(look: Any, g: int, strip: Any, j0: int, n: int) -> None:
    """Colour and finish of a geom."""
    for c in range(3):
        value = look.rgb[g, c]
        row = strip[3 + c, j0 : j0 + n]
        for k in range(n):
            row[k] = value
    for c in range(4):
        value = look.finish[g, c]
        row = strip[6 + c, j0 : j0 + n]
        for k in range(n):
            row[k] = value


@kernel
def _hollow(iz: Any, i: int, j: int, di: int, dj: int, gain: float) -> Any:
    """How far two opposite neighbours stand out before a pixel, relative to their distance.

    Inverse depth is affine along a plane, so that the mean of opposite neighbours gives nothing on flat surfaces,
    whatever their slant.
    """
    w = iz[i, j]
    x = (0.5 * (iz[i + di, j + dj] + iz[i - di, j - dj]) / w - 1.0) * gain
    return max(x / (1.0 + x * x), -0.12)  # far things in front do not shade; edges shine a little


@kernel
def _shade_row(i: int, iz: Any, focal: float, out: Any) -> None:
    """Darken corners and contacts of row ``i``: (W,) factors of the light."""
    height, width = iz.shape
    rows = min(i, height - 1 - i)
    for j in range(width):
        w = iz[i, j]
        if w <= 0.0:
            out[j] = 1.0
            continue
        columns = min(j, width - 1 - j)
        wide = int(min(max(_WIDE_M * focal * w, 2.0), 40.0))
        near = int(min(max(_NEAR_M * focal * w, 1.0), 10.0))
        a, b = max(0, min(wide, columns)), max(0, min(wide, rows))
        c = max(0, min(near, columns, rows))
        total = 0.0
        total += _hollow(iz, i, j, 0, a, focal / max(a, 1))
        total += _hollow(iz, i, j, b, 0, focal / max(b, 1))
        total += 0.7 * _hollow(iz, i, j, c, c, 0.7 * focal / max(c, 1))
        total += 0.7 * _hollow(iz, i, j, c, -c, 0.7 * focal / max(c, 1))
        out[j] = np.float32(1.0 - 0.62 * total)


@kernel
def _light_row(i: int, view: Any, look: Any, iz: Any, strip: Any, shade: Any, rgb: Any) -> None:
    """Light a strip and write its colours."""
    zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
    top, lift, fade = np.float32(255.0), np.float32(0.5), np.float32(0.12)
    kx, ky, kz = look.key[0], look.key[1], look.key[2]
    light = look.light
    v = (i + 0.5 - view[15]) / view[13]
    u0, du = np.float32((0.5 - view[14]) / view[12]), np.float32(1.0 / view[12])
    ax, ay, az = np.float32(view[3]), np.float32(view[4]), np.float32(view[5])
    bx, by, bz = (
        np.float32(view[9] + v * view[6]),
        np.float32(view[10] + v * view[7]),
        np.float32(view[11] + v * view[8]),
    )
    for j in range(iz.shape[1]):
        u = u0 + du * np.float32(j)
        dx, dy, dz = bx + u * ax, by + u * ay, bz + u * az
        inv = one / math.sqrt(dx * dx + dy * dy + dz * dz)
        dx, dy, dz = dx * inv, dy * inv, dz * inv
        nx, ny, nz = strip[0, j], strip[1, j], strip[2, j]
        inv = one / math.sqrt(nx * nx + ny * ny + nz * nz)
        nx, ny, nz = nx * inv, ny * inv, nz * inv
        ahead = nx * dx + ny * dy + nz * dz
        facing = min(max(-ahead, zero), one)
        key = half + half * (nx * kx + ny * ky + nz * kz)
        key *= key
        sky = half + half * nz
        w2 = iz[i, j] * iz[i, j]
        lamp = facing * w2 / (w2 + fade)
        # Mirror the view: what looks up sees the bright ceiling, what looks at the key light its highlight.
        rx, ry, rz = dx - (ahead + ahead) * nx, dy - (ahead + ahead) * ny, dz - (ahead + ahead) * nz
        room = half + half * rz
        room = room * room + np.float32(0.15)
        spot = max(rx * kx + ry * ky + rz * kz, zero)
        spot *= spot
        spot *= spot
        spot *= spot
        spot *= spot * strip[8, j]
        slant = one - facing
        slant *= slant
        slant *= slant
        mirror = strip[6, j] + (strip[7, j] - strip[6, j]) * slant
        matt, glow, open_ = one - mirror, strip[9, j], shade[j]
        shine = mirror * room + spot
        metallic = strip[6, j] + strip[6, j]  # metals tint what they mirror
        metallic = min(metallic, one)
        for c in range(3):
            lit = light[0, c] + (light[1, c] - light[0, c]) * sky + light[2, c] * key + light[3, c] * lamp
            colour = strip[3 + c, j]
            tint = metallic * colour + (one - metallic)
            value = (colour * lit * matt + tint * light[4, c] * shine) * open_
            value = value + glow * (colour - value)
            rgb[i, j, c] = np.uint8(min(top * math.sqrt(min(max(value, zero), one)) + lift, top))


@kernel
def shade(
    scene: Any, mat: Any, look: Any, view: Any, work: Any, iz: Any, code: Any, rgb: Any, depth: Any, geom: Any
) -> None:
    """Write colours, depths and geom ids of the drawn surfaces."""
    height, width = iz.shape
    strip, factor = work.strip, work.shade
    for i in range(height):
        j = 0
        while j < width:
            start, mark = j, code[i, j]
            if mark < 0:
                while j < width and code[i, j] < 0:
                    depth[i, j], geom[i, j] = 0.0, -1
                    j += 1
                _empty_run(look, strip, start, j - start)
                continue
            g = scene.owner[mark]
            kind = scene.kind[g]
            low, high = mark, mark
            if kind == MESH:
                low, high = scene.base[g], scene.base[g] + scene.mesh[g, 3] - 1
            while j < width and low <= code[i, j] <= high:
                depth[i, j], geom[i, j] = np.float32(1.0) / iz[i, j], g
                j += 1
            n = j - start
            turn, local = mat[g], work.local[g]
            _paint_run(look, g, strip, start, n)
            if kind == MESH:
                _mesh_run(
                    turn, local, scene.normals, scene.mesh[g, 2] - low, view, i, iz, code, strip, start, n
                )  # fmt: skip
            elif kind in (BOX, PLANE):
                _flat_run(turn, kind, mark - scene.base[g], strip, start, n)
            else:
                _round_run(turn, local, kind, scene.size[g], view, i, iz, strip, start, n)
            if look.layer[g] >= 0:
                _pattern_run(scene, look, g, turn, local, view, i, iz, strip, start, n)
        _shade_row(i, iz, view[12], factor)
        _light_row(i, view, look, iz, strip, factor, rgb)
