"""The learned judges: one reads what is said of a thing, one looks at it, and one does both.

Sentences come as vectors of a frozen embedder. They are a set: attention pools them, whatever their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from engram.planners.weights import WeightsFormat, joined, part_of

Variant = Literal["language", "visual", "both"]
OUTPUTS = ("displaced", "implausible")  # what is judged: that a mess moved it, that it belongs elsewhere
_WEIGHTS = WeightsFormat(
    key="out_of_place",
    what="out-of-place weights",
    version=1,
    package="engram.planners.out_of_place",
    name="out_of_place.safetensors",
    command="engram train out-of-place",
)


@dataclass(frozen=True)
class NetConfig:
    """Shape of a judge. A judge that reads has text; one that looks has features."""

    text_dims: int = 512
    feature_dims: int = 0
    hidden: int = 96
    dropout: float = 0.2

    @property
    def variant(self) -> Variant:
        """What it judges by."""
        if self.text_dims and self.feature_dims:
            return "both"
        return "language" if self.text_dims else "visual"


class OutOfPlaceNet(nn.Module):
    """Log-odds that a thing is displaced and that it is where it does not belong."""

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        if not config.text_dims and not config.feature_dims:
            raise ValueError("a judge needs text, features, or both")
        self.config = config
        h, width = config.hidden, 0
        if config.text_dims:
            self.read = nn.Sequential(nn.Linear(config.text_dims, h), nn.GELU(), nn.Linear(h, h), nn.GELU())
            self.attend = nn.Linear(h, 1)
            width += 2 * h
        if config.feature_dims:
            self.look = nn.Sequential(nn.LayerNorm(config.feature_dims), nn.Linear(config.feature_dims, h), nn.GELU())
            width += h
        self.judge = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(width, h), nn.GELU(), nn.Dropout(config.dropout),
            nn.Linear(h, len(OUTPUTS)),
        )  # fmt: skip

    def forward(self, texts: Tensor | None, mask: Tensor | None, features: Tensor | None) -> Tensor:
        """Judge B things.

        Args:
            texts: (B, S, text_dims) sentence vectors, for judges that read.
            mask: (B, S) which of them are there.
            features: (B, feature_dims) appearance, for judges that look.

        Returns:
            (B, 2) log-odds, in the order of ``OUTPUTS``.

        """
        parts = []
        if self.config.text_dims:
            if texts is None or mask is None:
                raise ValueError("this judge reads: it needs sentences and their mask")
            parts.append(self._pooled(texts, mask))
        if self.config.feature_dims:
            if features is None:
                raise ValueError("this judge looks: it needs features")
            parts.append(self.look(features))
        judged: Tensor = self.judge(torch.cat(parts, dim=1))
        return judged

    def _pooled(self, texts: Tensor, mask: Tensor) -> Tensor:
        """(B, 2 hidden) what is attended to, and the strongest of each unit; zeros without sentences."""
        read = self.read(texts * self.config.text_dims**0.5)  # entries of unit vectors are small
        score = self.attend(read).squeeze(-1).masked_fill(~mask, -1e4)
        weight = torch.softmax(score, dim=1) * mask
        strongest = read.masked_fill(~mask[..., None], -1e4).amax(dim=1)
        some = mask.any(dim=1, keepdim=True)
        return torch.cat([(weight[..., None] * read).sum(dim=1), strongest * some], dim=1)


def class_weights(labels: Tensor) -> Tensor:
    """(2, K) weights of absence and presence of each of K labels (N, K): the rarer of the two weighs more.

    Both classes weigh the same in sum, and the mean weight is 1.
    """
    share = labels.float().mean(dim=0).clamp(1e-3, 1.0 - 1e-3)
    return torch.stack([0.5 / (1.0 - share), 0.5 / share])


def balanced_loss(odds: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of log-odds (B, K) against labels (B, K) with the weights of :func:`class_weights`."""
    weight = torch.where(labels > 0.5, weights[1], weights[0])
    return nn.functional.binary_cross_entropy_with_logits(odds, labels, weight=weight)


def save(path: Path, nets: Mapping[str, OutOfPlaceNet], about: Mapping[str, Any]) -> None:
    """Write judges by name, and what is to be known of them, as one safetensors file."""
    shapes = {name: asdict(net.config) for name, net in nets.items()}
    tensors = joined({name: net.state_dict() for name, net in nets.items()})
    _WEIGHTS.write(path, tensors, {"nets": shapes, "about": dict(about)})


def load(path: Path | None = None) -> tuple[dict[str, OutOfPlaceNet], dict[str, Any]]:
    """Read judges, ready to judge, and what is known of them; without a path those that come with the package.

    Raises:
        WeightsError: the file is not there, broken, or of another version.

    """
    _, tensors, head = _WEIGHTS.read(path)
    nets = {}
    for name, shape in head["nets"].items():
        net = OutOfPlaceNet(NetConfig(**shape))
        net.load_state_dict(part_of(tensors, name))
        nets[name] = net.eval()
    return nets, head["about"]
