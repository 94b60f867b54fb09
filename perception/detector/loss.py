"""What the network is trained for: the classes, boxes, box qualities and misplacement that its cells should say."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - its usual name

from engram.perception.detector.model import Cells, boxes_of


@dataclass(frozen=True, eq=False)
class Targets:
    """What the cells of a batch should say."""

    classes: Tensor  # (B, h, w) int64; 0 is structure or nothing, k + 1 is label k
    weight: Tensor  # (B, h, w) float; how much a cell counts
    boxes: Tensor  # (B, 4, h, w) float row0, col0, row1, col1 in pixels; meaningless where nothing is
    out_of_place: Tensor  # (B, h, w) float 0 or 1; -1 where the question has no answer


@dataclass(frozen=True)
class LossWeights:
    """How much each part counts."""

    classes: float = 1.0
    boxes: float = 2.0
    quality: float = 0.5
    out_of_place: float = 0.3


def detector_loss(cells: Cells, targets: Targets, weights: LossWeights) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss and its unweighted parts, each a mean over the cells it applies to."""
    classes = F.cross_entropy(cells.classes, targets.classes, reduction="none", label_smoothing=0.02)
    thing = targets.weight * (targets.classes > 0)
    overlap, generalised = box_overlap(boxes_of(cells.sides), targets.boxes)
    quality = F.binary_cross_entropy_with_logits(cells.quality, overlap.detach(), reduction="none")
    asked = thing * (targets.out_of_place >= 0)
    judged = F.binary_cross_entropy_with_logits(
        cells.out_of_place, targets.out_of_place.clamp(min=0.0), reduction="none"
    )
    parts = {
        "classes": _mean(classes, targets.weight),
        "boxes": _mean(1.0 - generalised, thing),
        "quality": _mean(quality, thing),
        "out_of_place": _mean(judged, asked),
    }
    total = sum((getattr(weights, name) * part for name, part in parts.items()), torch.zeros((), device=thing.device))
    return total, parts


def box_overlap(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU (Rezatofighi et al., CVPR 2019) of boxes (B, 4, h, w); each (B, h, w)."""
    area_a = (a[:, 2] - a[:, 0]).clamp(min=0.0) * (a[:, 3] - a[:, 1]).clamp(min=0.0)
    area_b = (b[:, 2] - b[:, 0]).clamp(min=0.0) * (b[:, 3] - b[:, 1]).clamp(min=0.0)
    inner = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0.0)
    outer = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    both = inner[:, 0] * inner[:, 1]
    union = (area_a + area_b - both).clamp(min=1e-6)
    hull = (outer[:, 0] * outer[:, 1]).clamp(min=1e-6)
    overlap = both / union
    return overlap, overlap - (hull - union) / hull


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1e-6)
