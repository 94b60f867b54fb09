"""Which pretrained models see, and how much of what they say is believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

Kind = Literal["closed-set", "open-vocabulary", "masks", "embedding", "depth"]


@dataclass(frozen=True)
class Family:
    """Models that are loaded and asked alike."""

    kind: Kind
    hub_id: str  # the model of the family that is taken when none is named


FAMILIES: Mapping[str, Family] = {
    "rt-detr": Family("closed-set", "PekingU/rtdetr_v2_r18vd"),
    "d-fine": Family("closed-set", "ustc-community/dfine-small-coco"),
    "grounding-dino": Family("open-vocabulary", "IDEA-Research/grounding-dino-tiny"),
    "owlv2": Family("open-vocabulary", "google/owlv2-base-patch16-ensemble"),
    "sam2": Family("masks", "facebook/sam2.1-hiera-tiny"),
    "siglip": Family("embedding", "google/siglip-base-patch16-224"),
    "siglip2": Family("embedding", "google/siglip2-base-patch16-224"),
    "clip": Family("embedding", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
    "depth-anything": Family("depth", "depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf"),
}
DTYPES = ("float32", "bfloat16", "float16")
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")


@dataclass(frozen=True)
class ModelConfig:
    """One pretrained model.

    Raises:
        ValueError: a family, device or dtype that there is not.

    """

    family: str
    """A name of ``FAMILIES``."""
    model: str = ""
    """Folder, or id on the hub; empty: the one of the family."""
    revision: str = ""
    """Commit, tag or branch on the hub; empty: its main branch. A commit makes runs repeatable."""
    device: str = "auto"
    """``auto`` (CUDA if there is, else the CPU), ``cpu``, ``cuda``, ``cuda:1``, ``mps``."""
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """Of weights and activations."""

    def __post_init__(self) -> None:
        """Check the values."""
        if self.family not in FAMILIES:
            near = get_close_matches(self.family, FAMILIES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(FAMILIES)}"
            raise ValueError(f"unknown family of models {self.family!r}; {hint}")
        if not _DEVICE.fullmatch(self.device):
            raise ValueError(f"device must be auto, cpu, mps, cuda or cuda:N, not {self.device!r}")
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, not {self.dtype!r}")

    @property
    def kind(self) -> Kind:
        """What models of the family do."""
        return FAMILIES[self.family].kind

    @property
    def source(self) -> str:
        """Folder or id on the hub that is loaded."""
        return self.model or FAMILIES[self.family].hub_id


@dataclass(frozen=True)
class BoxRules:
    """Which of the boxes that a model gives are kept."""

    threshold: float = 0.3  # least score
    overlap: float = 0.7  # of two boxes with a larger intersection over union, whatever their labels, the better stays
    most: int = 60  # boxes of one image
    min_side_px: int = 2

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("threshold", "overlap"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie in [0, 1], not {getattr(self, name)!r}")
        for name in ("most", "min_side_px"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)!r}")


@dataclass(frozen=True)
class BandConfig:
    """How depth tells a thing from what is before and behind it."""

    middle: float = 0.5  # share of the sides of a box in whose middle the thing is looked for
    depth_share: float = 0.6  # a thing reaches this share of its smaller side before and behind its middle ...
    min_band_m: float = 0.04  # ... but at least this far
    jump_share: float = 0.04  # neighbouring pixels that differ by more than this share of their depth ...
    min_jump_m: float = 0.04  # ... and by more than this belong to two things

    def __post_init__(self) -> None:
        """Check the values."""
        if not 0.0 < self.middle <= 1.0:
            raise ValueError(f"middle must lie in (0, 1], not {self.middle!r}")
        for name in ("depth_share", "min_band_m", "jump_share", "min_jump_m"):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"{name} must not be negative, it is {getattr(self, name)!r}")


@dataclass(frozen=True)
class DetectorConfig:
    """A detector put together from pretrained models.

    Raises:
        ValueError: a model of the wrong kind, or an open-vocabulary model that is told no labels.

    """

    boxes: ModelConfig
    """Closed-set or open-vocabulary."""
    labels: tuple[str, ...] = ()
    """Names of what is looked for, as the rest of the brain spells them (``CoffeeTable``). Empty: a closed-set model's
    own names."""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    """What else a model may call a label, such as ``{"settee": "Sofa"}``; added to the ones that are built in."""
    masks: ModelConfig | None = None
    """None: masks are cut out by depth."""
    features: ModelConfig | None = None
    """None: detections have no feature."""
    rules: BoxRules = field(default_factory=BoxRules)
    bands: BandConfig = field(default_factory=BandConfig)
    min_pixels: int = 4
    """A thing with fewer is left out."""

    def __post_init__(self) -> None:
        """Check that each model is of the kind that its place needs."""
        _need(self.boxes, "boxes", "closed-set", "open-vocabulary")
        _need(self.masks, "masks", "masks")
        _need(self.features, "features", "embedding")
        if self.boxes.kind == "open-vocabulary" and not self.labels:
            raise ValueError(f"{self.boxes.family} finds what it is told: labels must not be empty")
        if self.min_pixels < 1:
            raise ValueError(f"min_pixels must be at least 1, not {self.min_pixels!r}")


def _need(config: ModelConfig | None, place: str, *kinds: Kind) -> None:
    if config is not None and config.kind not in kinds:
        fitting = ", ".join(name for name, family in FAMILIES.items() if family.kind in kinds)
        raise ValueError(f"{place} needs one of {fitting}, not {config.family}")
