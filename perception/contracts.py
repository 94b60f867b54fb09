"""What a detector gives: the seam between seeing and everything behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import Observation


@dataclass(frozen=True, eq=False)
class Detection:
    """One thing seen in one image. It has a label but no identity: who it is, the tracker finds out."""

    label: str
    score: float  # confidence in the label, in [0, 1]
    mask: NDArray[np.bool_]  # (H, W) its visible pixels
    box: tuple[int, int, int, int]  # row0, col0, row1, col1 around the mask, ends excluded
    pixels: int  # number of mask pixels
    out_of_place: float | None = None  # belief that it is where it does not belong, when the detector judges that
    feature: NDArray[np.float32] | None = None  # (F,) appearance, when the detector gives one


class Detector(Protocol):
    """Anything that finds things in an observation."""

    def detect(self, observation: Observation) -> Sequence[Detection]:
        """Return the things in view, in any order."""
        ...
