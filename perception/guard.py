"""Between the sensors, a detector and the rest of the brain: what cannot be used is left out, and counted by reason.

Reasons
    of frames: ``black_frame``, ``broken_depth`` (NaN, infinite or negative readings), ``no_depth`` (no reading at all);
    of detections: ``detector_failed``, ``unknown_label``, ``bad_score``, ``bad_box``, ``bad_mask``, ``bad_belief``,
    ``bad_feature``.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection

import numpy as np

from engram.perception.contracts import Detection, Detector
from engram.sims.contract import Observation

_BLACK = 10  # a frame without any brighter channel shows nothing
_LOG = logging.getLogger(__name__)


class DetectorError(RuntimeError):
    """Raised by a detector that cannot say what an observation shows; a :class:`Guarded` one then says nothing."""


class FrameGuard:
    """Makes every observation one that can be computed with."""

    def __init__(self, counts: Counter[str] | None = None) -> None:
        """Take where reasons are counted."""
        self.counts: Counter[str] = Counter() if counts is None else counts

    def __call__(self, observation: Observation) -> Observation:
        """Return the observation with 0 for each reading of depth that is NaN, infinite or negative."""
        depth = observation["depth"]
        broken = ~(np.isfinite(depth) & (depth >= 0.0))
        self.counts.update(
            name
            for name, so in (
                ("black_frame", observation["rgb"].max(initial=0) < _BLACK),
                ("broken_depth", broken.any()),
                ("no_depth", not (depth[~broken] > 0.0).any()),
            )
            if so
        )
        if not broken.any():
            return observation
        return {**observation, "depth": np.where(broken, np.float32(0.0), depth)}


class Guarded:
    """A detector whose garbage is dropped; a ``Detector``.

    ``RuntimeError`` is what torch raises when a model cannot be run (no memory, a lost device, shapes that do not fit),
    and :class:`DetectorError` is one; such a frame counts as ``detector_failed`` and shows nothing. Other exceptions
    are faults of the program, and pass.
    """

    def __init__(
        self, detector: Detector, labels: Collection[str] | None = None, counts: Counter[str] | None = None
    ) -> None:
        """Take a detector.

        Args:
            detector: the one to guard.
            labels: those that the rest of the brain knows; any when not given.
            counts: where reasons are counted.

        """
        self._detector = detector
        self._labels = None if labels is None else frozenset(labels)
        self.counts: Counter[str] = Counter() if counts is None else counts

    def detect(self, observation: Observation) -> list[Detection]:
        """Return the detections that can be used."""
        try:
            found = self._detector.detect(observation)
        except RuntimeError as error:
            if not self.counts["detector_failed"]:
                _LOG.warning("the detector failed, and more failures are only counted: %s", error)
            self.counts["detector_failed"] += 1
            return []
        faults = [self._fault(d, observation["depth"].shape) for d in found]
        self.counts.update(fault for fault in faults if fault)
        return [d for d, fault in zip(found, faults, strict=True) if not fault]

    def _fault(self, detection: Detection, shape: tuple[int, ...]) -> str:
        """Return why a detection cannot be used; empty when it can."""
        if self._labels is not None and detection.label not in self._labels:
            return "unknown_label"
        if not 0.0 <= detection.score <= 1.0:  # nor is NaN
            return "bad_score"
        if not _is_box(detection.box, shape):
            return "bad_box"
        if not _fits(detection, shape):
            return "bad_mask"
        if any(p is not None and not 0.0 <= p <= 1.0 for p in (detection.out_of_place, detection.presence)):
            return "bad_belief"
        if detection.feature is not None and not np.isfinite(detection.feature).all():
            return "bad_feature"
        return ""


def _is_box(box: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether a box has whole numbers, an area, and lies within the image."""
    if len(box) != 4 or not all(isinstance(v, (int, np.integer)) for v in box):
        return False
    row0, col0, row1, col1 = box
    return 0 <= row0 < row1 <= shape[0] and 0 <= col0 < col1 <= shape[1]


def _fits(detection: Detection, shape: tuple[int, ...]) -> bool:
    """Whether a mask is one of the image, with some pixels, as many as said, and all of them in the box."""
    mask = detection.mask
    if mask.shape != shape or mask.dtype != np.bool_:
        return False
    row0, col0, row1, col1 = detection.box
    inside = np.count_nonzero(mask[row0:row1, col0:col1])
    return bool(0 < inside == np.count_nonzero(mask) == detection.pixels)
