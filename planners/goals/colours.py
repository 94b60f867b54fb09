"""Names of colours: the words that goals use, and what a camera's pixels are called.

The names are the basic colour terms of English (Berlin and Kay, 1969). Hue, saturation and value decide, so that the
same thing keeps its name in shade.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import ArrayLike, NDArray

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey")

_BLACK_VALUE, _DARK_VALUE, _LIGHT_VALUE = 0.14, 0.27, 0.78
_GREY_SATURATION, _CREAM_SATURATION = 0.14, 0.28
_BROWN_VALUE, _PINK_SATURATION, _PINK_VALUE = 0.68, 0.55, 0.68
_HUES_DEG = ((14.0, "red"), (40.0, "orange"), (70.0, "yellow"), (165.0, "green"), (255.0, "blue"), (290.0, "purple"))
_RED_DEG = 342.0


def colour_word(rgb: ArrayLike) -> str:
    """Name a colour, or the most frequent name of several pixels (that of the earlier in ``COLOURS`` on a tie).

    Args:
        rgb: (3,) or (N, 3): integers from 0 to 255, or floats from 0 to 1.

    Returns:
        One of ``COLOURS``; empty where there is no pixel.

    Raises:
        ValueError: the shape or the range is another.

    """
    pixels = np.asarray(rgb)
    scale = 255.0 if np.issubdtype(pixels.dtype, np.integer) else 1.0
    if pixels.size == 0:
        return ""
    if pixels.ndim not in (1, 2) or pixels.shape[-1] != 3:
        raise ValueError(f"pixels have the shape (3,) or (N, 3), not {pixels.shape}")
    part = pixels.reshape(-1, 3).astype(np.float64) / scale
    if not (np.isfinite(part).all() and part.min() >= 0.0 and part.max() <= 1.0):
        raise ValueError("pixels are integers from 0 to 255 or floats from 0 to 1")
    unique, counts = np.unique(part, axis=0, return_counts=True)
    named: Counter[str] = Counter()
    for pixel, count in zip(unique, counts, strict=True):
        named[_word(pixel)] += int(count)
    return max(COLOURS, key=lambda name: named[name])


def _word(pixel: NDArray[np.float64]) -> str:
    value, chroma = float(pixel.max()), float(np.ptp(pixel))
    saturation = chroma / value if value > 0 else 0.0
    hue = _hue_deg(pixel, chroma)
    warm = 14.0 <= hue <= 75.0
    if value < _BLACK_VALUE or (value < _DARK_VALUE and saturation < _CREAM_SATURATION):
        return "black"
    # Cream and ivory count as white, and daylight bulbs tint whites: warm light colours need more saturation to be one.
    if saturation < _GREY_SATURATION or (warm and value > _LIGHT_VALUE and saturation < _CREAM_SATURATION):
        return "white" if value > _LIGHT_VALUE else "grey"
    return _hue_word(hue, saturation, value)


def _hue_word(hue: float, saturation: float, value: float) -> str:
    red = hue < _HUES_DEG[0][0] or hue >= _RED_DEG
    if red and saturation < _PINK_SATURATION and value > _PINK_VALUE:
        return "pink"
    if hue < _HUES_DEG[1][0] and not red:
        return "brown" if value < _BROWN_VALUE or saturation < _PINK_SATURATION else "orange"
    if _HUES_DEG[1][0] <= hue < _HUES_DEG[1][0] + 10.0 and value < _BROWN_VALUE:
        return "brown"
    if hue >= _HUES_DEG[-1][0] and not red:
        return "pink" if value > _PINK_VALUE else "purple"
    if red:
        return "brown" if value < _BROWN_VALUE and saturation < _PINK_SATURATION and hue < _RED_DEG else "red"
    return next(name for limit, name in _HUES_DEG if hue < limit)


def _hue_deg(pixel: NDArray[np.float64], chroma: float) -> float:
    if chroma <= 0:
        return 0.0
    r, g, b = (float(part) for part in pixel)
    top = max(r, g, b)
    if top == r:
        return 60.0 * (((g - b) / chroma) % 6.0)
    return 60.0 * ((b - r) / chroma + 2.0) if top == g else 60.0 * ((r - g) / chroma + 4.0)
