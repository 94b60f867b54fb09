"""What seeing gives, and who gives it: the seam between the models and everything behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import Observation

Box = tuple[int, int, int, int]  # row0, col0, row1, col1 in pixels, ends excluded


@dataclass(frozen=True, eq=False)
class Detection:
    """One thing seen in one image. It has a label but no identity: who it is, the tracker finds out."""

    label: str
    score: float  # confidence in the label, in [0, 1]
    mask: NDArray[np.bool_]  # (H, W) its visible pixels
    box: Box  # around the mask
    pixels: int  # number of mask pixels
    out_of_place: float | None = None  # belief that it is where it does not belong, when the detector judges that
    feature: NDArray[np.float32] | None = None  # (F,) appearance, when the detector gives one
    beliefs: Mapping[str, float] | None = None  # probability of each likely label; what is left of 1 is anything else
    presence: float | None = None  # confidence that there is a thing, whatever its label; the score when not given


class Detector(Protocol):
    """Anything that finds things in an observation."""

    def detect(self, observation: Observation) -> Sequence[Detection]:
        """Return the things in view, in any order."""
        ...


class Segmenter(Protocol):
    """Anything that tells the pixels of a thing from those around it."""

    def segment(self, observation: Observation, boxes: Sequence[Box]) -> Sequence[NDArray[np.bool_]]:
        """Return one (H, W) mask for each box, in their order; an empty mask where nothing stands out."""
        ...


class Embedder(Protocol):
    """Anything that turns images and texts into vectors of one space, where a dot product is a cosine."""

    @property
    def name(self) -> str:
        """What made the vectors; those of different names must never be compared."""
        ...

    @property
    def dims(self) -> int:
        """Length of a vector."""
        ...

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return (N, dims) unit vectors of N images (h, w, 3), each of any size."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (N, dims) unit vectors of N texts."""
        ...


class DepthEstimator(Protocol):
    """Anything that tells depth from colour."""

    def estimate(self, observation: Observation) -> NDArray[np.float32]:
        """Return (H, W) metres along the optical axis, 0 = invalid, at the scale of the observation's valid depth."""
        ...
