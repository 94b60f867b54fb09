"""Training of the out-of-place judges on examples that are already there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engram.evaluation.training.checkpoint import load_checkpoint, save_checkpoint
from engram.evaluation.training.optimiser import cosine, descend, set_rate
from engram.perception.text import TextEmbedder
from engram.planners.out_of_place.data import Example, appearance
from engram.planners.out_of_place.model import NetConfig, OutOfPlaceNet, balanced_loss, class_weights

_MOST = 50  # sentences of one example


@dataclass(frozen=True)
class TrainConfig:
    """How a judge is trained."""

    epochs: int = 20
    batch: int = 128
    rate: float = 2e-3
    weight_decay: float = 0.02
    clip: float = 1.0
    unsaid: float = 0.2  # share of the sentences that are left out, other ones each time
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Encoded:
    """Examples as tensors. Sentences are rows of ``vectors``; row 0 is no sentence."""

    vectors: Tensor  # (U, D) float32
    said: Tensor  # (N, S) int64 rows of ``vectors``; 0 fills up
    features: Tensor  # (N, V, F) float32 appearance in up to V views, F = 0 without
    views: Tensor  # (N,) int64 number of views
    labels: Tensor  # (N, 2) float32, in the order of the model's outputs

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.labels)


def encode(examples: Sequence[Example], embedder: TextEmbedder) -> Encoded:
    """Embed each sentence once and lay the examples out."""
    texts = sorted({s for e in examples for s in e.sentences[:_MOST]})
    row = {text: k for k, text in enumerate(texts, 1)}
    vectors = np.vstack([np.zeros((1, embedder.dims), np.float32), embedder.embed(texts)])
    said = np.zeros((len(examples), max([1, *(min(len(e.sentences), _MOST) for e in examples)])), np.int64)
    for k, e in enumerate(examples):
        rows = [row[s] for s in e.sentences[:_MOST]]
        said[k, : len(rows)] = rows
    seen, views = _appearances(examples)
    labels = np.array([(e.displaced, e.implausible) for e in examples], np.float32).reshape(-1, 2)
    return Encoded(*(torch.from_numpy(a) for a in (vectors, said, seen, views, labels)))


def fit(
    shape: NetConfig,
    data: Encoded,
    config: TrainConfig,
    checkpoint: Path | None = None,
    progress: Callable[[int, float], None] = lambda epoch, loss: None,
    device: str = "cpu",
) -> OutOfPlaceNet:
    """Train a judge; with ``checkpoint`` it goes on where a run that was stopped left off.

    Args:
        shape: shape of the judge.
        data: what it learns from.
        config: how.
        checkpoint: file that is written after each epoch, and read first when it is there.
        progress: told each epoch and its mean loss.
        device: ``"cpu"`` or ``"cuda"``, where it is computed in bfloat16.

    Raises:
        ValueError: there are no examples, or the checkpoint is of another network.

    """
    if not len(data):
        raise ValueError("there is nothing to learn from: no examples")
    torch.manual_seed(config.seed)
    net = OutOfPlaceNet(shape).to(device)
    optimiser = torch.optim.AdamW(net.parameters(), config.rate, weight_decay=config.weight_decay)
    begun = load_checkpoint(checkpoint, net, [optimiser], {}) if checkpoint and checkpoint.exists() else 0
    weights = class_weights(data.labels).to(device)
    for epoch in range(begun, config.epochs):
        random = torch.Generator().manual_seed(config.seed * 10_007 + epoch)
        set_rate(optimiser, cosine(config.rate, epoch / config.epochs))
        losses = []
        net.train()
        for rows in _batches(torch.randperm(len(data), generator=random), config.batch):
            with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
                odds = net(*_inputs(shape, data, rows, device, config.unsaid, random))
            loss = balanced_loss(odds.float(), data.labels[rows].to(device), weights)
            losses.append(descend(net, optimiser, loss, config.clip))
        if checkpoint is not None:
            save_checkpoint(checkpoint, net, [optimiser], {}, epoch + 1)
        progress(epoch + 1, float(np.mean(losses)))
    return net.cpu().eval()


def predict(net: OutOfPlaceNet, data: Encoded, batch: int = 512) -> NDArray[np.float64]:
    """(N, 2) log-odds of examples. A judge that looks without reading gives the mean over the views."""
    found = []
    with torch.inference_mode():
        for rows in _batches(torch.arange(len(data)), batch):
            if net.config.variant == "visual":
                b, v, f = data.features[rows].shape
                each = net(None, None, data.features[rows].reshape(b * v, f)).reshape(b, v, -1)
                there = (torch.arange(v) < data.views[rows, None])[..., None]
                found.append((each * there).sum(dim=1) / there.sum(dim=1).clamp(min=1))
            else:
                found.append(net(*_inputs(net.config, data, rows, "cpu")))
    return torch.cat(found).double().numpy() if found else np.empty((0, 2))


def _batches(rows: Tensor, size: int) -> list[Tensor]:
    return [rows[k : k + size] for k in range(0, len(rows), size)]


def _inputs(
    shape: NetConfig,
    data: Encoded,
    rows: Tensor,
    device: str,
    unsaid: float = 0.0,
    random: torch.Generator | None = None,
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Inputs of a judge; ``random``, in training, leaves out sentences and picks one view."""
    texts = mask = features = None
    if shape.text_dims:
        said = data.said[rows]
        if random is not None:
            keep = torch.rand(said.shape, generator=random) >= unsaid
            keep |= ~((said > 0) & keep).any(dim=1, keepdim=True)  # something is always said
            said = torch.where(keep, said, 0)
        texts, mask = data.vectors[said].to(device), (said > 0).to(device)
    if shape.feature_dims:
        seen, views = data.features[rows], data.views[rows].clamp(min=1)
        if random is not None:
            pick = (torch.rand(len(rows), generator=random) * views).long()
            features = seen[torch.arange(len(rows)), pick].to(device)
        else:
            features = (seen.sum(dim=1) / views[:, None]).to(device)
    return texts, mask, features


def _appearances(examples: Sequence[Example]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    found = [appearance(e) for e in examples]
    known = [f for f in found if f is not None]
    views = np.array([0 if f is None else len(f) for f in found], np.int64)
    size = known[0].shape[1] if known else 0
    seen = np.zeros((len(examples), max([1, *views]), size), np.float32)
    for k, f in enumerate(found):
        if f is not None:
            seen[k, : len(f)] = f
    return seen, views
