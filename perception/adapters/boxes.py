"""Boxes as models give them, and what is left of them when the impossible and the doubled are gone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engram.perception.adapters.config import BoxRules
from engram.perception.contracts import Box

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Found:
    """One thing in a box."""

    label: str
    score: float  # in [0, 1]
    box: Box


class BoxFinder(Protocol):
    """A model that finds things in an image."""

    def find(self, rgb: NDArray[np.uint8]) -> list[Found]:
        """Return what is in an image (H, W, 3), the surest first."""
        ...


@runtime_checkable
class OpenVocabulary(Protocol):
    """A finder that is told what to look for."""

    def look_for(self, labels: Sequence[str]) -> None:
        """Look for these labels from now on."""
        ...


def keep(corners: Floats, scores: Floats, labels: Sequence[str], size: tuple[int, int], rules: BoxRules) -> list[Found]:
    """Return the boxes worth keeping, the surest first; equal scores in the order given.

    ``corners`` is (N, 4) x0, y0, x1, y1 in pixels of an image of ``size`` (height, width). Boxes are cut at the border
    and widened to whole pixels; those with a NaN, without area, or outside the image are left out.
    """
    height, width = size
    kept: list[Found] = []
    for index in np.argsort(-np.nan_to_num(scores, nan=-1.0), kind="stable"):
        score, corner = float(scores[index]), corners[index]
        if len(kept) == rules.most or not score >= rules.threshold:
            break
        if not np.isfinite(corner).all() or corner[0] >= corner[2] or corner[1] >= corner[3]:
            continue
        x0, y0 = max(0, math.floor(corner[0])), max(0, math.floor(corner[1]))
        x1, y1 = min(width, math.ceil(corner[2])), min(height, math.ceil(corner[3]))
        box = (y0, x0, y1, x1)
        small = min(y1 - y0, x1 - x0) < rules.min_side_px
        if not small and all(overlap(box, other.box) <= rules.overlap for other in kept):
            kept.append(Found(labels[index], min(score, 1.0), box))
    return kept


def corners_of(boxes: Floats, size: tuple[float, float]) -> Floats:
    """Return (N, 4) corners in pixels of (N, 4) centre x, y, width and height in shares of ``size`` (height, width)."""
    centre, half = boxes[:, :2], boxes[:, 2:] / 2
    scale = np.array([size[1], size[0]] * 2, np.float32)
    return np.asarray(np.concatenate([centre - half, centre + half], axis=1) * scale, np.float32)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    rows, cols = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0, rows) * max(0, cols)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union else 0.0
