"""What an episode sees with, as options; light, so that commands can show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Perception = Literal["oracle", "noisy", "learned"]
DEFAULT_PERCEPTION: Perception = "learned"


@dataclass(frozen=True)
class DetectorOptions:
    """The learned detector.

    A pretrained model is named by its family (``engram.perception.adapters.config.FAMILIES``) and, where it is not the
    usual one, by folder or hub id and revision: ``owlv2``, ``rt-detr:FOLDER``, ``d-fine:HUB_ID@COMMIT``.
    """

    model: str = ""  # a pretrained model, or a file of weights of the embedded detector; empty: those of the package
    masks: str = ""  # pretrained model that draws the masks of pretrained detectors; empty: they are cut out by depth
    depth: str = ""  # pretrained model that tells depth where the sensor gives none; empty: nothing does
    device: str = "auto"  # of pretrained models: auto, cpu, cuda, cuda:1, mps
    judge: bool = True  # the embedded detector says, too, what looks out of place
    least_score: float | None = None  # detections below are left out; None: the detector's own choice

    def __post_init__(self) -> None:
        """Check the values."""
        if self.least_score is not None and not 0.0 <= self.least_score <= 1.0:
            raise ValueError(f"least_score must lie in [0, 1], not {self.least_score!r}")


@dataclass(frozen=True)
class DetectionNoise:
    """What true detections are spoilt by; all of it grows with ``level``, and level 0 spoils nothing.

    A thing of P pixels at D metres is seen with probability
    ``(1 - miss) * P / (P + small_px) * 1 / (1 + (D / far_m) ** 2)``. Levels 0.5, 1 and 2 come to an AP50 of about
    0.86, 0.76 and 0.55 over things of 16 by 16 pixels and more (one house).
    """

    level: float = 1.0
    miss: float = 0.05
    small_px: float = 15.0  # half of the things of so many pixels are missed
    far_m: float = 12.0  # half of the things so far away are missed
    confusion: float = 0.1  # share of wrong labels; a thing has one look-alike, and some are confused more than others
    score_loss: float = 0.2  # mean loss of score; wrong labels lose twice as much
    score_spread: float = 0.1  # standard deviation
    edge_px: float = 0.7  # standard deviation by which masks grow or shrink
    shift_px: float = 0.7  # standard deviation by which masks move along each axis
    doubled: float = 0.03  # share of things that are reported once more, under another label
    phantoms: float = 0.1  # mean number of things seen on bare walls and floors in a frame

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("miss", "confusion", "doubled", "score_loss"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie in [0, 1], not {getattr(self, name)!r}")
        for name in ("level", "small_px", "score_spread", "edge_px", "shift_px", "phantoms"):
            if not 0.0 <= getattr(self, name) < 1e3:
                raise ValueError(f"{name} must not be negative, it is {getattr(self, name)!r}")
        if not self.far_m > 0.0:
            raise ValueError(f"far_m must be above 0, not {self.far_m!r}")
