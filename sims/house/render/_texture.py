"""Repeating surface patterns, baked once with all their reduced sizes.

A pattern multiplies the colour: the byte 128 stands for 1. Its first axis runs along the grain.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

SIDE = 256  # texels
LEVELS = 7
WOOD, PLANKS, TILES, WEAVE, BRUSHED = range(5)
# Metres that one repeat covers, along and across.
PERIOD_M: tuple[tuple[float, float], ...] = ((1.6, 0.7), (2.4, 0.96), (1.2, 1.2), (0.16, 0.16), (0.5, 0.5))
Pattern = NDArray[np.float64]


@cache
def patterns() -> NDArray[np.uint8]:
    """(5, LEVELS, SIDE, SIDE) patterns; level k fills the first SIDE >> k rows and columns, the rest is unused."""
    rng = np.random.default_rng(20)
    out = np.zeros((len(PERIOD_M), LEVELS, SIDE, SIDE), np.uint8)
    for layer, make in enumerate((_wood, _planks, _tiles, _weave, _brushed)):
        image = make(rng)
        image /= image.mean()
        for level in range(LEVELS):
            n = SIDE >> level
            out[layer, level, :n, :n] = np.clip(image * 128.0 + 0.5, 0.0, 255.0)
            image = image.reshape(n // 2, 2, n // 2, 2).mean((1, 3))
    return out


def _noise(rng: np.random.Generator, along: float, across: float) -> Pattern:
    """Smooth repeating noise of unit deviation whose blobs measure ``along`` by ``across`` texels."""
    f = np.fft.fftfreq(SIDE)
    keep = np.exp(-2.0 * ((np.pi * f[:, None] * along) ** 2 + (np.pi * f[None, :] * across) ** 2))
    image = np.fft.ifft2(np.fft.fft2(rng.standard_normal((SIDE, SIDE))) * keep).real
    return np.asarray((image - image.mean()) / image.std())


def _grain(rng: np.random.Generator) -> Pattern:
    """Growth rings cut lengthwise: a wavy ramp across the grain, and fine fibres."""
    across = np.arange(SIDE)[None, :] / SIDE
    rings = np.sin(2.0 * np.pi * (9.0 * across + 0.35 * _noise(rng, 40.0, 14.0)))
    return np.asarray(0.06 * rings + 0.05 * _noise(rng, 30.0, 1.0) + 0.05 * _noise(rng, 60.0, 8.0))


def _wood(rng: np.random.Generator) -> Pattern:
    return 1.0 + _grain(rng)


def _planks(rng: np.random.Generator) -> Pattern:
    image = 1.0 + 0.8 * _grain(rng)
    boards, width = 8, SIDE // 8
    for k in range(boards):
        board = image[:, k * width : (k + 1) * width]
        cut = int(rng.integers(SIDE))
        tint = rng.uniform(0.84, 1.12, 2)
        ends = (np.arange(SIDE) - cut) % SIDE
        board *= np.where(ends < SIDE // 2, tint[0], tint[1])[:, None]
        board[(ends % (SIDE // 2)) == 0] *= 0.6
        board[:, 0] *= 0.6
        board[:, 1] *= 0.85
    return image


def _tiles(rng: np.random.Generator) -> Pattern:
    image = 1.0 + 0.02 * _noise(rng, 6.0, 6.0)
    width = SIDE // 4
    image *= np.kron(rng.uniform(0.93, 1.06, (4, 4)), np.ones((width, width)))
    place = np.minimum(np.arange(SIDE) % width, width - 1 - np.arange(SIDE) % width)
    for line, tone in ((0, 0.62), (1, 1.06)):
        edge = place == line
        inner = place >= line
        image[edge[:, None] & inner[None, :]] *= tone
        image[inner[:, None] & edge[None, :] & ~(edge[:, None])] *= tone
    return image


def _weave(rng: np.random.Generator) -> Pattern:
    phase = np.arange(SIDE) * (2.0 * np.pi / 8.0)
    warp, weft = np.sin(phase)[:, None], np.sin(phase)[None, :]
    over = (np.arange(SIDE)[:, None] // 8 + np.arange(SIDE)[None, :] // 8) % 2 == 0
    return np.asarray(1.0 + 0.11 * np.where(over, warp, weft) + 0.05 * _noise(rng, 10.0, 10.0))


def _brushed(rng: np.random.Generator) -> Pattern:
    return 1.0 + 0.03 * _noise(rng, 40.0, 0.7) + 0.03 * _noise(rng, 60.0, 6.0)
