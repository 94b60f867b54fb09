"""Where little light comes: corners, contacts, and places with something above them, from the inverse depths alone.

Worked out at every other pixel of every other row, with directions that repeat every two samples; a tent filter over
three samples then weighs all directions alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.sims.house.render._jit import inlined, kernel
from engram.sims.house.render._strip import LIT, OPEN

_WIDE_M = 0.45  # radius of corner darkening
_REACH = 40  # the same in pixels, at most
_ROUND = 1024.5  # rounds to nearest once the whole part is taken off
_GOLDEN = 0.618034  # turns that spread directions evenly
_HEIGHTS_M = (0.05, 0.16, 0.38, 0.75)  # where cover is looked for
_u = np.uint64
_f = np.float32


def make_taps() -> NDArray[np.float64]:
    """(4, 3, 3) offset in metres and inverse length of the pairs of neighbours that four kinds of samples look at."""
    taps = np.zeros((4, 3, 3))
    for p in range(3):
        for q in range(4):
            number = 4 * p + q
            angle, radius = np.pi * (number * _GOLDEN % 1.0), _WIDE_M * (number + 1.0) / 12.0
            taps[q, p] = radius * np.cos(angle), radius * np.sin(angle), 1.0 / radius
    return taps


def field_shape(height: int, width: int) -> tuple[int, int]:
    """Shape of the fields: one sample every two pixels and a border of one."""
    return height // 2 + 3, width // 2 + 3


@inlined
def _hollow(iz: Any, i: int, j: int, w: float, room: int, taps: Any, focal: float) -> Any:
    """How much neighbours stand out before a pixel, as a slope; they are looked for up to ``room`` pixels away.

    Inverse depth is affine along a plane, so that the mean of opposite neighbours gives nothing on flat surfaces,
    whatever their slant.
    """
    scale = min(focal * w, room * (1.0 / _WIDE_M))
    gain = focal / (scale * w)
    total = 0.0
    for p in range(3):
        dj, di = int(taps[p, 0] * scale + _ROUND) - int(_ROUND), int(taps[p, 1] * scale + _ROUND) - int(_ROUND)
        mean = 0.5 * (iz[_u(i + di), _u(j + dj)] + iz[_u(i - di), _u(j - dj)])
        slope = (mean - w) * gain * taps[p, 2]
        # What stands far in front does not shade; edges shine a little.
        total += max(0.0, slope * (1.0 - 0.8 * slope)) if slope > 0.0 else max(slope, -0.15)
    return total


@inlined
def _faces_up(iz: Any, i: int, j: int, w: float, x: float, y: float, view: Any) -> Any:
    """Whether the surface at a pixel, seen along (x, y, 1), looks up, judged by the slope of the inverse depth."""
    a, b = (iz[_u(i), _u(j + 1)] - w) * view[12], (iz[_u(i + 1), _u(j)] - w) * view[13]
    return a * view[5] + b * view[8] + (w - a * x - b * y) * view[11] < 0.0


@inlined
def _covered(iz: Any, w: float, x: float, y: float, view: Any, stretch: float) -> Any:
    """How much of what lies straight above a pixel's point is taken, as far as the image shows it."""
    height, width = iz.shape
    total, weight = 0.0, 0.5
    for s in _HEIGHTS_M:
        s *= stretch * w  # all lengths are relative to the depth of the pixel
        z = 1.0 + s * view[11]
        inv = 1.0 / max(z, 0.01)
        a = (x + s * view[5]) * inv * view[12] + view[14]
        b = (y + s * view[8]) * inv * view[13] + view[15]
        if a < 0.0 or b < 0.0 or a >= width or b >= height:
            break
        other = iz[_u(int(b)), _u(int(a))]
        behind = other * z - w  # how far the point is behind what the image shows there
        if behind > 0.012 * w and behind < (0.15 * w + s) * other:
            total += weight
        weight -= 0.08
    return total


@kernel
def _sample(iz: Any, view: Any, taps: Any, raw: Any) -> None:
    height, width = iz.shape
    for a in range(raw.shape[1]):
        i = min(max(2 * a - 2, 0), height - 1)
        y = (i + 0.5 - view[15]) / view[13]
        for b in range(raw.shape[2]):
            j = min(max(2 * b - 2, 0), width - 1)
            w = float(iz[_u(i), _u(j)])
            raw[0, a, b], raw[1, a, b] = 1.0, 1.0
            if w <= 0.0:
                continue
            kind = 2 * (a & 1) + (b & 1)
            room = min(i, height - 1 - i, j, width - 1 - j, _REACH)
            if room > 0:
                raw[0, a, b] = _f(max(0.0, 1.0 - 0.75 * _hollow(iz, i, j, w, room, taps[kind], view[12])))
            x = (j + 0.5 - view[14]) / view[12]
            if i < height - 1 and j < width - 1 and _faces_up(iz, i, j, w, x, y, view):
                raw[1, a, b] = _f(max(0.0, 1.0 - _covered(iz, w, x, y, view, 0.7 + 0.2 * kind)))


@kernel
def occlude(iz: Any, view: Any, taps: Any, raw: Any, fields: Any) -> None:
    """Fill ``fields`` (2, samples) with how open and how free of cover each place is, 1 for fully."""
    _sample(iz, view, taps, raw)
    rows, columns = raw.shape[1], raw.shape[2]
    quarter, half = _f(0.25), _f(0.5)
    for c in range(2):
        for a in range(1, rows - 1):
            above, here, below, out = raw[c, a - 1], raw[c, a], raw[c, a + 1], fields[c, a]
            for b in range(columns):
                out[b] = quarter * (above[b] + below[b]) + half * here[b]
            last = out[0]
            for b in range(1, columns - 1):
                now = out[b]
                out[b] = quarter * (last + out[b + 1]) + half * now
                last = now


@kernel
def read_fields(fields: Any, i: int, left: int, n: int, strip: Any) -> None:
    """Interpolate the fields at ``n`` pixels of row ``i`` from column ``left``, which is even, into a strip."""
    half = _f(0.5)
    top = 1 + (i >> 1)
    bottom = top + (i & 1)
    for c in range(2):
        base = OPEN if c == 0 else LIT
        upper, lower = fields[c, top, left >> 1 :], fields[c, bottom, left >> 1 :]
        for b in range(_u((n + 1) >> 1)):
            now = half * (upper[b + _u(1)] + lower[b + _u(1)])
            then = half * (upper[b + _u(2)] + lower[b + _u(2)])
            strip[base + b + b] = now
            strip[base + b + b + _u(1)] = half * (now + then)
