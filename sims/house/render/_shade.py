"""From the code and inverse-depth images to colours, a strip of pixels at a time.

Light is computed in linear colour and written with a gamma of 2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engram.sims.house.render._jit import kernel
from engram.sims.house.render._occlude import occlude, read_fields
from engram.sims.house.render._scene import MESH
from engram.sims.house.render._strip import (
    AHEAD,
    BLUE,
    GLOW,
    GRAZING,
    GREEN,
    IZ,
    LIT,
    NX,
    NY,
    NZ,
    OPEN,
    RED,
    SPAN,
    SPOT,
)  # fmt: skip
from engram.sims.house.render._surface import empty_run, surface_run

_u = np.uint64
_f = np.float32


@kernel
def _light_strip(i: int, left: int, n: int, view: Any, look: Any, strip: Any) -> None:
    """Replace the colours of a strip by what reaches the camera, from 0 to 255."""
    zero, half, one, ambient, fade = _f(0.0), _f(0.5), _f(1.0), _f(0.15), _f(0.06)
    top = _f(255.0)
    kx, ky, kz = look.key[0], look.key[1], look.key[2]
    light = look.light
    v = (i + 0.5 - view[15]) / view[13]
    u0, du = (left + 0.5 - view[14]) / view[12], 1.0 / view[12]
    ax, ay, az = _f(du * view[3]), _f(du * view[4]), _f(du * view[5])
    bx = _f(view[9] + v * view[6] + u0 * view[3])
    by = _f(view[10] + v * view[7] + u0 * view[4])
    bz = _f(view[11] + v * view[8] + u0 * view[5])
    b0, b1, b2 = light[0, 0], light[0, 1], light[0, 2]
    s0, s1, s2 = light[1, 0] - b0, light[1, 1] - b1, light[1, 2] - b2
    k0, k1, k2 = light[2, 0], light[2, 1], light[2, 2]
    l0, l1, l2 = light[3, 0], light[3, 1], light[3, 2]
    m0, m1, m2 = light[4, 0], light[4, 1], light[4, 2]
    for k in range(_u(n)):
        x = _f(np.int32(k))
        dx, dy, dz = bx + x * ax, by + x * ay, bz + x * az
        inv = one / math.sqrt(dx * dx + dy * dy + dz * dz)
        dx, dy, dz = dx * inv, dy * inv, dz * inv
        nx, ny, nz = strip[NX + k], strip[NY + k], strip[NZ + k]
        inv = one / math.sqrt(nx * nx + ny * ny + nz * nz)
        nx, ny, nz = nx * inv, ny * inv, nz * inv
        toward = nx * dx + ny * dy + nz * dz
        facing = min(max(-toward, zero), one)
        free = one - (one - strip[LIT + k]) * max(nz, zero)  # cover matters to what looks up
        key = half + half * (nx * kx + ny * ky + nz * kz)
        key *= key * free
        sky = (half + half * nz) * free
        w2 = strip[IZ + k] * strip[IZ + k]
        lamp = facing * w2 / (w2 + fade)
        # Mirror the view: what looks up shows the bright ceiling, what looks at the key light its highlight.
        rx, ry, rz = dx - (toward + toward) * nx, dy - (toward + toward) * ny, dz - (toward + toward) * nz
        room = half + half * rz
        room = room * room + ambient
        spot = max(rx * kx + ry * ky + rz * kz, zero)
        spot *= spot
        spot *= spot
        spot *= spot
        spot *= spot
        slant = one - facing
        slant *= slant
        slant *= slant
        ahead, glow, open_ = strip[AHEAD + k], strip[GLOW + k], strip[OPEN + k]
        mirror = ahead + (strip[GRAZING + k] - ahead) * slant
        shine = (mirror * room + spot * strip[SPOT + k]) * open_
        matt = (one - mirror) * open_
        tint = min(ahead + ahead, one)  # metals colour what they mirror
        white = one - tint
        red, green, blue = strip[RED + k], strip[GREEN + k], strip[BLUE + k]
        r = red * matt * (b0 + s0 * sky + k0 * key + l0 * lamp) + (tint * red + white) * m0 * shine
        g = green * matt * (b1 + s1 * sky + k1 * key + l1 * lamp) + (tint * green + white) * m1 * shine
        b = blue * matt * (b2 + s2 * sky + k2 * key + l2 * lamp) + (tint * blue + white) * m2 * shine
        r, g, b = r + glow * (red - r), g + glow * (green - g), b + glow * (blue - b)
        strip[RED + k] = top * math.sqrt(min(max(r, zero), one))
        strip[GREEN + k] = top * math.sqrt(min(max(g, zero), one))
        strip[BLUE + k] = top * math.sqrt(min(max(b, zero), one))


@kernel
def _write_strip(strip: Any, n: int, out: Any) -> None:
    """Round the colours of a strip to bytes, interleaved in ``out`` (3 n,)."""
    half = _f(0.5)
    for k in range(_u(n)):
        j = k + k + k
        out[j] = np.uint8(np.int32(strip[RED + k] + half))
        out[j + _u(1)] = np.uint8(np.int32(strip[GREEN + k] + half))
        out[j + _u(2)] = np.uint8(np.int32(strip[BLUE + k] + half))


@kernel
def _depth_strip(row: Any, strip: Any, depth: Any) -> None:
    zero, one = _f(0.0), _f(1.0)
    for k in range(_u(row.shape[0])):
        w = row[k]
        strip[IZ + k] = w
        depth[k] = one / w if w > zero else zero


@kernel
def shade(scene: Any, mat: Any, look: Any, view: Any, work: Any, rgb: Any, depth: Any, geom: Any) -> None:
    """Write colours (H, 3 W), depths and geom ids (H, W) of the drawn surfaces."""
    iz, code, strip = work.iz, work.code, work.strip
    height, width = iz.shape
    occlude(iz, view, work.taps, work.raw, work.fields)
    for i in range(height):
        for left in range(0, width, SPAN):
            n = min(SPAN, width - left)
            _depth_strip(iz[i, left : left + n], strip, depth[i, left : left + n])
            k = 0
            while k < n:
                start, mark = k, code[i, left + k]
                if mark < 0:
                    while k < n and code[i, left + k] < 0:
                        geom[i, left + k] = -1
                        k += 1
                    empty_run(look, strip, start, k - start)
                    continue
                g = scene.owner[mark]
                low, high = mark, mark
                if scene.kind[g] == MESH:
                    low = scene.base[g]
                    high = low + scene.mesh[g, 3] - 1
                while k < n and low <= code[i, left + k] <= high:
                    geom[i, left + k] = g
                    k += 1
                surface_run(scene, look, g, mark, mat[g], work.local[g], view, i, left, code, strip, start, k - start)
            read_fields(work.fields, i, left, n, strip)
            _light_strip(i, left, n, view, look, strip)
            _write_strip(strip, n, rgb[i, 3 * left : 3 * (left + n)])
