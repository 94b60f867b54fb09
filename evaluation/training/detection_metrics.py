"""Average precision of detections, as COCO counts it: per category, at one IoU, interpolated at 101 recalls.

Things outside the range of sizes neither count nor are missed: a detection that matches one is left out, and so is a
detection outside the range that matches nothing. Categories that no image shows have no figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engram.perception.contracts import Box

RECALLS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class Found:
    """One detection."""

    label: str
    score: float
    box: Box


@dataclass(frozen=True)
class Real:
    """One thing that is there."""

    label: str
    box: Box


@dataclass
class _Ledger:
    scores: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    real: int = 0


class DetectionScore:
    """Gathers images and tells the average precision."""

    def __init__(self, min_area: float = 0.0, overlap: float = 0.5) -> None:
        """Take the least area of a box in square pixels that counts, and the IoU from which on a detection is right."""
        self._min_area, self._overlap = min_area, overlap
        self._ledgers: dict[str, _Ledger] = defaultdict(_Ledger)

    def add(self, found: Sequence[Found], real: Sequence[Real]) -> None:
        """Take the detections and the truth of one image."""
        for label in sorted({f.label for f in found} | {r.label for r in real}):
            self._add(
                self._ledgers[label],
                sorted((f for f in found if f.label == label), key=lambda f: -f.score),
                [r for r in real if r.label == label],
            )

    def _add(self, ledger: _Ledger, found: Sequence[Found], real: Sequence[Real]) -> None:
        counts = [_area(r.box) >= self._min_area for r in real]
        ledger.real += sum(counts)
        taken: set[int] = set()
        for f in found:
            fits = [
                (counts[k], overlap, k)
                for k, r in enumerate(real)
                if k not in taken and (overlap := box_iou(f.box, r.box)) >= self._overlap
            ]
            match = max(fits, default=None)
            if match is not None:
                taken.add(match[2])
            counted = match[0] if match is not None else _area(f.box) >= self._min_area
            if counted:
                ledger.scores.append(f.score)
                ledger.right.append(match is not None)

    def per_category(self) -> dict[str, float]:
        """Average precision of each category that was there."""
        return {
            label: average_precision(np.array(ledger.scores), np.array(ledger.right, bool), ledger.real)
            for label, ledger in sorted(self._ledgers.items())
            if ledger.real
        }

    def counts(self) -> dict[str, int]:
        """How many things of each category were there."""
        return {label: ledger.real for label, ledger in sorted(self._ledgers.items()) if ledger.real}

    def mean(self) -> float:
        """Mean over the categories that were there; 0 without any."""
        values = list(self.per_category().values())
        return float(np.mean(values)) if values else 0.0


def average_precision(scores: NDArray[np.float64], right: NDArray[np.bool_], real: int) -> float:
    """Area under the precision-recall curve at 101 recalls, where precision never rises with recall.

    Args:
        scores: (N,) confidence of each detection.
        right: (N,) whether it is right.
        real: how many things were there, at least 1.

    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    if not len(hits):
        return 0.0
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(hits / real, RECALLS - 1e-12)
    return float(np.append(envelope, 0.0)[place].mean())


def box_iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    rows, cols = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(rows, 0) * max(cols, 0)
    return both / max(_area(a) + _area(b) - both, 1)


def _area(box: Box) -> int:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)
