"""A detector that is given the masks: it stands in for a learned one where perception is not what is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engram.perception.contracts import Detection
from engram.sims.contract import Observation


class MaskDetector:
    """Detections from an instance image and the label of each instance.

    Instance numbers stay inside: what comes out has a label and a mask, as from any other detector.
    """

    def __init__(
        self,
        instances: Callable[[], NDArray[np.int32]],
        labels: Callable[[], Sequence[str]],
        min_pixels: int = 4,
        judge: Callable[[], Sequence[float | None]] | None = None,
    ) -> None:
        """Take the sources of masks.

        Args:
            instances: gives the (H, W) instance number of each pixel of the last observation; -1 is none.
            labels: gives the label of each instance number.
            min_pixels: what shows fewer pixels is not seen.
            judge: gives the belief that each instance is out of place; without it, detections do not say.

        """
        self._instances, self._labels, self._min_pixels, self._judge = instances, labels, min_pixels, judge

    def detect(self, observation: Observation) -> list[Detection]:
        """Return one detection for each instance that shows at least ``min_pixels``."""
        numbers, labels = self._instances(), self._labels()
        if numbers.shape != observation["depth"].shape:
            raise ValueError(f"masks of shape {numbers.shape} do not fit an image of {observation['depth'].shape}")
        judged = self._judge() if self._judge is not None else None
        counts = np.bincount((numbers.ravel() + 1), minlength=1)
        found: list[Detection] = []
        for number, where in enumerate(ndimage.find_objects(numbers + 1)):
            if where is None or counts[number + 1] < self._min_pixels:
                continue
            rows, cols = where
            mask = np.zeros(numbers.shape, bool)
            mask[where] = numbers[where] == number
            box = (rows.start, cols.start, rows.stop, cols.stop)
            belief = None if judged is None else judged[number]
            found.append(Detection(labels[number], 1.0, mask, box, int(counts[number + 1]), out_of_place=belief))
        return found
