"""Training of the visual search network on maps of training houses, and how well it tells where things are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engram.evaluation.training.checkpoint import load_checkpoint, save_checkpoint
from engram.evaluation.training.optimiser import cosine, descend, set_rate
from engram.evaluation.training.search_maps import HouseMaps, collect
from engram.perception.detector.model import channels_last
from engram.perception.text import TextConfig, TextEmbedder, text_embedder
from engram.planners.search.grid import BirdsEye, GridConfig, target_heat
from engram.planners.search.model import Maps, NetConfig, SearchNet, lay_out, save, search_loss
from engram.planners.search.scorer import SearchPrior, waypoints

FIRST = {"train": 30_000, "validation": 60_000}  # number of the first house, in its split
_FOUND_M = 1.0  # a waypoint this near to a thing has found it
_RANDOM_TRIES = 4
_BUCKET = 8  # batches whose maps are sorted by size, so that little is filled up


@dataclass(frozen=True)
class SearchTraining:
    """What decides a run."""

    houses: int = 200
    validation_houses: int = 16
    epochs: int = 6
    batch: int = 8  # maps
    targets: int = 8  # names asked for of each map
    rate: float = 3e-3
    weight_decay: float = 0.02
    clip: float = 1.0
    unknown: float = 0.4  # up to this share of the known things is left out of a map
    mistaken: float = 0.05  # share of the known things that bear another's name
    text: str = "hashed"
    seed: int = 0
    save_every: int = 100  # batches between checkpoints


FULL = SearchTraining()
QUICK = SearchTraining(houses=30, validation_houses=8, epochs=8)


@dataclass(frozen=True)
class Row:
    """How well things that are not known yet are found after so many frames."""

    frames: int
    cases: int
    loss: float  # nats of the network
    uniform: float  # ... of a belief that is the same in all cells not looked at
    found: float  # share of the cases in which one of three waypoints is within 1 m
    random: float  # ... of three random cells not looked at


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished run."""

    net: SearchNet
    rows: list[Row]
    maps: int
    parameters: int


@dataclass(frozen=True, eq=False)
class _Case:
    """A map with the names asked for and where they are."""

    scene: BirdsEye
    names: list[str]
    heats: list[NDArray[np.float32]]


def train_search(
    config: SearchTraining,
    out: Path,
    folder: Path,
    device: str = "cpu",
    progress: Callable[[str], None] = lambda text: None,
) -> Trained:
    """Make the maps, train the network and judge it; weights go to ``out``.

    Args:
        config: what decides the run.
        out: directory of the weights and of the checkpoint, from which a run that was stopped goes on.
        folder: directory of the maps.
        device: ``"cpu"`` or ``"cuda"``, where it is compiled and computed in bfloat16.
        progress: told what is being done.

    Raises:
        ValueError: the checkpoint is of another network, or a file of maps is broken.

    """
    out.mkdir(parents=True, exist_ok=True)
    c = config
    taught = collect("train", FIRST["train"], c.houses, folder, progress)
    held = collect("validation", FIRST["validation"], c.validation_houses, folder, progress)
    embedder = text_embedder(TextConfig(model=c.text))
    net = fit(c, taught, embedder, out / "search.checkpoint.safetensors", device, progress)
    about = {"embedder": embedder.name, "text_model": c.text, "cell_m": GridConfig().cell_m, "seed": c.seed}
    save(out / "search.safetensors", net, about)
    rows = judge(SearchPrior(net, embedder), held)
    return Trained(net, rows, sum(len(h.scenes) for h in taught), sum(p.numel() for p in net.parameters()))


def fit(
    config: SearchTraining,
    houses: Sequence[HouseMaps],
    embedder: TextEmbedder,
    checkpoint: Path | None = None,
    device: str = "cpu",
    progress: Callable[[str], None] = lambda text: None,
) -> SearchNet:
    """Train a network; with ``checkpoint`` it goes on where a run that was stopped left off."""
    c = config
    torch.manual_seed(c.seed)
    net = channels_last(SearchNet(NetConfig(text_dims=embedder.dims)).to(device))
    optimiser = torch.optim.AdamW(net.parameters(), c.rate, weight_decay=c.weight_decay)
    begun = load_checkpoint(checkpoint, net, [optimiser], {}) if checkpoint and checkpoint.exists() else 0
    scenes = [(house, scene) for house in houses for scene in house.scenes]
    if not scenes:
        raise ValueError("there is nothing to learn from: no maps")
    total = c.epochs * -(-len(scenes) // c.batch)
    forward = torch.compile(net, dynamic=True) if device == "cuda" else net
    losses: list[float] = []
    net.train()
    for step, chosen in enumerate(_batches(scenes, c)):
        if step < begun:
            continue
        set_rate(optimiser, min(1.0, (step + 1) / 50) * cosine(c.rate, step / total))
        rng = np.random.default_rng([c.seed, 1, step])
        cases = [case for k in chosen if (case := _drawn(scenes[k], c, rng)).names]
        if not cases:
            continue
        maps, which, targets, heat = _tensors(cases, embedder, device)
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            scores = forward(maps, which, targets)
        loss = search_loss(scores.float(), heat).mean()
        losses.append(descend(net, optimiser, loss, c.clip))
        if (step + 1) % c.save_every == 0 or step + 1 == total:
            if checkpoint is not None:
                save_checkpoint(checkpoint, net, [optimiser], {}, step + 1)
            progress(f"batch {step + 1} of {total}, loss {np.mean(losses[-c.save_every :]):.3f}")
    return net.cpu().eval()


def judge(prior: SearchPrior, houses: Sequence[HouseMaps], seed: int = 0) -> list[Row]:
    """Return how well things are found of which none of their name is known, by the number of frames seen."""
    rng = np.random.default_rng(seed)
    found: dict[int, list[tuple[float, ...]]] = {}
    for house in houses:
        for k, scene in enumerate(house.scenes):
            moments = len(house.moments)
            results = found.setdefault(house.moments[k % moments], [])
            results += _judged(prior, house, scene, rng)
    rows = []
    for frames, results in sorted(found.items()):
        means = np.mean(results, axis=0) if results else np.full(4, np.nan)
        rows.append(Row(frames, len(results), *(float(v) for v in means)))
    return rows


def _judged(prior: SearchPrior, house: HouseMaps, scene: BirdsEye, rng: np.random.Generator) -> list[tuple[float, ...]]:
    names = [n for n in sorted(set(house.labels)) if n not in scene.labels]
    heats = {n: h for n in names if (h := target_heat(house.boxes(scene, n), scene.shape)) is not None}
    if not heats:
        return []
    results: list[tuple[float, ...]] = []
    for (name, truth), belief in zip(heats.items(), prior.heats(scene, list(heats)), strict=True):
        open_cells = np.argwhere(belief.value > 0.0)
        loss = -float((truth * np.log(np.maximum(belief.value, 1e-9))).sum())
        boxes = house.boxes(scene, name)
        places = scene.cells(np.array([xy for xy, _ in waypoints(belief)]).reshape(-1, 2))
        luck = [
            _hit(open_cells[rng.integers(len(open_cells), size=3)], boxes, scene.cell_m) for _ in range(_RANDOM_TRIES)
        ]
        hit = _hit(places, boxes, scene.cell_m)
        results.append((loss, float(np.log(len(open_cells))), float(hit), float(np.mean(luck))))
    return results


def _hit(places: NDArray[np.int64], boxes: NDArray[np.int64], cell_m: float) -> bool:
    """Whether one of the cells (N, 2) is near one of the boxes (K, 4)."""
    at = places[:, None, :]
    gap = np.maximum(np.maximum(boxes[None, :, :2] - at, at - boxes[None, :, 2:] + 1), 0)
    return bool((np.hypot(gap[..., 0], gap[..., 1]) * cell_m <= _FOUND_M).any())


def _batches(scenes: Sequence[tuple[HouseMaps, BirdsEye]], config: SearchTraining) -> list[NDArray[np.int64]]:
    """Return the numbers of the maps of each batch, of all epochs; maps of one batch are of about the same size."""
    c, found = config, []
    size = np.array([np.prod(scene.shape) for _, scene in scenes])
    for epoch in range(c.epochs):
        rng = np.random.default_rng([c.seed, 0, epoch])
        order = rng.permutation(len(scenes))
        batches: list[NDArray[np.int64]] = []
        for start in range(0, len(order), c.batch * _BUCKET):
            part = order[start : start + c.batch * _BUCKET]
            part = part[np.argsort(size[part], kind="stable")]
            batches += [part[k : k + c.batch] for k in range(0, len(part), c.batch)]
        found += [batches[k] for k in rng.permutation(len(batches))]
    return found


def _drawn(chosen: tuple[HouseMaps, BirdsEye], config: SearchTraining, rng: np.random.Generator) -> _Case:
    """Return a map as a worse detector would have it, turned or mirrored, with some names to ask for."""
    (house, scene), c = chosen, config
    kept = rng.random(len(scene.labels)) >= rng.uniform(0.0, c.unknown)
    labels = [
        house.labels[rng.integers(len(house.labels))] if rng.random() < c.mistaken else label
        for label, keep in zip(scene.labels, kept, strict=True)
        if keep
    ]
    names = sorted(set(house.labels))
    asked = [names[k] for k in rng.permutation(len(names))[: c.targets]]
    turn = (bool(rng.integers(2)), bool(rng.integers(2)), bool(rng.integers(2)))
    layers = turned(scene.layers, turn)
    spoilt = BirdsEye(
        layers, scene.origin, scene.cell_m, tuple(labels), turned_boxes(scene.boxes[kept], scene.shape, turn)
    )
    heats = {
        n: h
        for n in asked
        if (h := target_heat(turned_boxes(house.boxes(scene, n), scene.shape, turn), spoilt.shape)) is not None
    }
    return _Case(spoilt, list(heats), list(heats.values()))


def turned(layers: NDArray[np.float32], turn: tuple[bool, bool, bool]) -> NDArray[np.float32]:
    """(L, nx, ny) layers mirrored along x, along y, and with the axes swapped."""
    layers = layers[:, ::-1] if turn[0] else layers
    layers = layers[:, :, ::-1] if turn[1] else layers
    return np.ascontiguousarray(layers.swapaxes(1, 2) if turn[2] else layers)


def turned_boxes(boxes: NDArray[np.int64], shape: tuple[int, int], turn: tuple[bool, bool, bool]) -> NDArray[np.int64]:
    """(N, 4) boxes of layers that were :func:`turned`; ``shape`` is that before."""
    b = boxes.copy()
    for axis in range(2):
        if turn[axis]:
            b[:, axis], b[:, axis + 2] = shape[axis] - boxes[:, axis + 2], shape[axis] - boxes[:, axis]
    return b[:, [1, 0, 3, 2]] if turn[2] else b


def _tensors(cases: Sequence[_Case], embedder: TextEmbedder, device: str) -> tuple[Maps, Tensor, Tensor, Tensor]:
    names = sorted({name for case in cases for name in (*case.scene.labels, *case.names)})
    rows = {name: k for k, name in enumerate(names)}
    vectors = torch.from_numpy(embedder.embed(names))
    maps = lay_out([case.scene for case in cases], rows, vectors)
    which = [b for b, case in enumerate(cases) for _ in case.names]
    heat = torch.zeros(len(which), *maps.mask.shape[1:])
    for k, h in enumerate(h for case in cases for h in case.heats):
        heat[k, : h.shape[0], : h.shape[1]] = torch.from_numpy(h)
    targets = vectors[[rows[name] for case in cases for name in case.names]]
    return (
        Maps(*(t.to(device) for t in maps)),
        torch.tensor(which, device=device),
        targets.to(device),
        heat.to(device),
    )


def quick_or_full(preset: str, seed: int, text: str) -> SearchTraining:
    """Return a configuration by name, with a seed and an embedder of its own."""
    return replace(QUICK if preset == "quick" else FULL, text=text, seed=seed)
