"""A detector put together from a finder of boxes, a segmenter and an embedder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engram.perception.adapters.boxes import BoxFinder, Found, OpenVocabulary
from engram.perception.contracts import Box, Detection, Embedder, Segmenter
from engram.sims.contract import Observation


class ComposedDetector:
    """Finds boxes, cuts the things out of them, and describes each by a vector; a ``Detector``."""

    def __init__(
        self, finder: BoxFinder, segmenter: Segmenter, embedder: Embedder | None = None, min_pixels: int = 4
    ) -> None:
        """Take the parts; things of fewer than ``min_pixels`` pixels are left out."""
        self._finder, self._segmenter, self._embedder = finder, segmenter, embedder
        self._min_pixels = min_pixels

    def look_for(self, labels: Sequence[str]) -> bool:
        """Look for these labels from now on; return False when the finder's classes are fixed."""
        if not isinstance(self._finder, OpenVocabulary):
            return False
        self._finder.look_for(labels)
        return True

    def detect(self, observation: Observation) -> list[Detection]:
        """Return the things in view, the surest first."""
        found = self._finder.find(observation["rgb"])
        if not found:
            return []
        masks = self._segmenter.segment(observation, [f.box for f in found])
        seen = [(f, m, int(m.sum())) for f, m in zip(found, masks, strict=True)]
        seen = [(f, m, n) for f, m, n in seen if n >= self._min_pixels]
        features = self._features(observation["rgb"], [f for f, _, _ in seen])
        return [
            Detection(f.label, f.score, m, box_of(m), n, feature=v) for (f, m, n), v in zip(seen, features, strict=True)
        ]

    def _features(self, rgb: NDArray[np.uint8], found: Sequence[Found]) -> Sequence[NDArray[np.float32] | None]:
        if self._embedder is None or not found:
            return [None] * len(found)
        return list(self._embedder.embed_images([rgb[r0:r1, c0:c1] for r0, c0, r1, c1 in (f.box for f in found)]))


def box_of(mask: NDArray[np.bool_]) -> Box:
    """Return the box around a mask that is not empty."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1
