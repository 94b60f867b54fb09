"""Training of the embedded detector on renders of training houses.

A run is decided by its configuration: each step draws its frames and their variations from the seed and the number of
the step, so a run that was stopped and resumed ends with the weights of one that was not. The pool of houses grows
with the steps, so that training need not wait for all of them to be rendered.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engram.evaluation.training.checkpoint import load_checkpoint, save_checkpoint
from engram.evaluation.training.detection_metrics import DetectionScore, Found, Real
from engram.evaluation.training.frames import Frame, FrameOptions, Shard, make_shard, make_shards
from engram.evaluation.training.houses import house_seeds
from engram.evaluation.training.optimiser import MuonAdamW
from engram.evaluation.training.targets import SMALL_PIXELS, Batch, make_batch
from engram.perception.detector.detector import EmbeddedConfig, EmbeddedDetector
from engram.perception.detector.loss import LossWeights, detector_loss
from engram.perception.detector.model import DetectorNet, NetConfig, channels_last, read_cells
from engram.perception.detector.weights import save_weights
from engram.sims.house.categories import CATEGORIES

Say = Callable[[str], None]
_SAY_STEPS = 50
_HAND = "hand"  # folder of the frames that show something in the hand
_VALIDATION_SCORE = 0.02  # detections below this never change the average precision by much


@dataclass(frozen=True)
class DetectorTraining:
    """What decides a run."""

    steps: int = 30_000
    batch: int = 16
    houses: int = 1500
    first_houses: int = 500  # in the pool when training starts
    grow_steps: int = 12  # after so many steps another house joins
    frames: FrameOptions = field(default_factory=FrameOptions)
    hand: float = 0.2  # share of the images that show something in the hand
    hand_houses: int = 300  # ... from so many houses
    rate: float = 2.5e-3
    warmup_steps: int = 300
    cooldown: float = 0.25  # share of the steps, at the end, over which the rate falls to zero
    weight_decay: float = 0.02
    average: float = 0.999  # of the moving average of the weights
    clip: float = 5.0
    loss: LossWeights = field(default_factory=LossWeights)
    seed: int = 0
    validation_houses: int = 10
    validation_every: int = 10  # frames: only every so-many-th is looked at while training
    validate_steps: int = 1000
    half: bool = True  # compute in bfloat16 where the processor can
    widths: tuple[int, int, int, int] = NetConfig.widths

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        rising = min(1.0, (step + 1) / max(self.warmup_steps, 1))
        falling = min(1.0, (self.steps - step) / max(self.cooldown * self.steps, 1.0))
        return self.rate * rising * max(falling, 0.0)

    @property
    def hand_frames(self) -> FrameOptions:
        """How a house is looked at with something in the hand."""
        return replace(self.frames, held=1.0)

    def pool(self, step: int) -> int:
        """How many houses a step draws from."""
        return min(self.houses, self.first_houses + step // max(self.grow_steps, 1))


QUICK = DetectorTraining(
    steps=240,
    houses=24,
    first_houses=24,
    hand_houses=4,
    warmup_steps=30,
    average=0.98,
    validation_houses=2,
    validate_steps=120,
)
FULL = DetectorTraining()


def house_net(widths: tuple[int, int, int, int] = NetConfig.widths) -> NetConfig:
    """Return the network for all categories of the house."""
    return NetConfig(tuple(CATEGORIES), tuple(c.pickupable for c in CATEGORIES.values()), widths)


class DetectorTrainer:
    """One run: its network, optimiser and moving average."""

    def __init__(self, config: DetectorTraining, device: str = "cpu") -> None:
        """Start from random weights, which the seed decides."""
        self.config, self.device, self.step = config, device, 0
        torch.manual_seed(config.seed)
        self.net = channels_last(DetectorNet(house_net(config.widths)).to(device))
        self.average = {name: value.detach().clone() for name, value in self.net.state_dict().items()}
        self.optimiser = MuonAdamW(self.net, config.rate, config.weight_decay, plain=("head.weight",))
        self._forward: Callable[[Tensor], Tensor] = torch.compile(self.net) if device == "cuda" else self.net

    def train_step(self, batch: Batch) -> dict[str, float]:
        """Learn from one batch and return the parts of the loss."""
        self.optimiser.set_rate(self.config.rate_at(self.step))
        self.net.train()
        inputs = batch.inputs.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.config.half):
            raw = self._forward(inputs)
        targets = type(batch.targets)(**{k: v.to(self.device) for k, v in vars(batch.targets).items()})
        loss, parts = detector_loss(read_cells(raw, len(CATEGORIES)), targets, self.config.loss)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.clip)
        self.optimiser.step()
        self._follow()
        self.step += 1
        return {"loss": float(loss.detach()), **{name: float(v.detach()) for name, v in parts.items()}}

    def _follow(self) -> None:
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.net.state_dict().items():
                kept = self.average[name]
                if kept.is_floating_point():
                    kept.lerp_(value, 1.0 - keep)
                else:
                    kept.copy_(value)

    def averaged(self) -> DetectorNet:
        """Return the network with the averaged weights, on the CPU."""
        net = DetectorNet(self.net.config)
        net.load_state_dict({name: value.cpu() for name, value in self.average.items()})
        return net

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        save_checkpoint(path, self.net, self.optimiser.parts, self.average, self.step)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint; raise ``ValueError`` when it is of another network."""
        self.step = load_checkpoint(path, self.net, self.optimiser.parts, self.average)


class Pool:
    """Frames of training houses, drawn at random."""

    def __init__(self, config: DetectorTraining, folder: Path) -> None:
        """Take the folder of shards; missing ones are made when they are needed."""
        self._config, self._folder = config, folder
        self._seeds = house_seeds("train", config.houses)

    def draw(self, step: int) -> Batch:
        """Return the batch of a step, the same one every time."""
        rng = np.random.default_rng([self._config.seed, step])
        houses = rng.integers(self._config.pool(step), size=self._config.batch)
        frames = [self._frame(int(house), rng) for house in houses]
        return make_batch(frames, _NUMBERS, rng)

    def _frame(self, house: int, rng: np.random.Generator) -> Frame:
        config, folder, options = self._config, self._folder, self._config.frames
        if rng.random() < config.hand:
            house, folder, options = house % config.hand_houses, folder / _HAND, config.hand_frames
        shard = Shard(make_shard(folder, self._seeds[house], "train", options))
        return shard[int(rng.random() * len(shard))]


_NUMBERS = {name: k for k, name in enumerate(CATEGORIES)}


def train_detector(
    config: DetectorTraining,
    out: Path,
    frames: Path,
    *,
    resume: bool = False,
    device: str = "cpu",
    workers: int = 1,
    checkpoint_secs: float = 120.0,
    command: str = "",
    say: Say = lambda line: None,
) -> float:
    """Train, and leave weights, card, checkpoint and log in ``out``; return the mean AP50 on validation houses.

    Args:
        config: what decides the run.
        out: folder of the results.
        frames: folder of rendered frames; what is missing is rendered into it.
        resume: go on from the checkpoint in ``out``.
        device: ``"cpu"`` or ``"cuda"``.
        workers: processes that render ahead; 0 renders in this one.
        checkpoint_secs: seconds between checkpoints.
        command: how the run was started, for the card.
        say: takes lines about the progress.

    """
    out.mkdir(parents=True, exist_ok=True)
    trainer = DetectorTrainer(config, device)
    if resume:
        trainer.load(out / "checkpoint.safetensors")
        say(f"resumed at step {trainer.step}")
    seen = validation_frames(config, frames, workers)
    losses = _Losses(config, trainer.step, say)
    done, saved = Event(), time.monotonic()
    with ThreadPoolExecutor(2) as threads:
        if workers:
            threads.submit(_render_ahead, config, frames, workers, done)
        try:
            for batch in _batches(Pool(config, frames), range(trainer.step, config.steps), threads):
                losses.add(trainer.train_step(batch), trainer.step)
                if time.monotonic() - saved > checkpoint_secs:
                    trainer.save(out / "checkpoint.safetensors")
                    saved = time.monotonic()
                if trainer.step % config.validate_steps == 0 and trainer.step < config.steps:
                    _report(trainer, seen[:: config.validation_every], out, losses.means, command, say)
        finally:
            done.set()
    trainer.save(out / "checkpoint.safetensors")
    return _report(trainer, seen, out, losses.means, command, say)


class _Losses:
    """Running means of the loss and its parts."""

    def __init__(self, config: DetectorTraining, first: int, say: Say) -> None:
        self.means: dict[str, float] = {}
        self._batch, self._first, self._say, self._begin = config.batch, first, say, time.monotonic()

    def add(self, parts: dict[str, float], step: int) -> None:
        """Take in a step; raise ``FloatingPointError`` when it went astray."""
        if not math.isfinite(parts["loss"]):
            raise FloatingPointError(f"the loss is {parts['loss']} at step {step}: go on from the last checkpoint")
        self.means = {name: 0.98 * self.means.get(name, value) + 0.02 * value for name, value in parts.items()}
        if step % _SAY_STEPS == 0:
            speed = (step - self._first) * self._batch / (time.monotonic() - self._begin)
            text = ", ".join(f"{name} {value:.3f}" for name, value in self.means.items())
            self._say(f"step {step}: {speed:.1f} images/s, {text}")


def _batches(pool: Pool, steps: range, threads: ThreadPoolExecutor) -> Iterator[Batch]:
    """Batches of the steps; each is made while the one before is learned from."""
    coming = [threads.submit(pool.draw, step) for step in steps[:1]]
    for step in steps:
        batch = coming.pop().result()
        if step + 1 in steps:
            coming.append(threads.submit(pool.draw, step + 1))
        yield batch


def _render_ahead(config: DetectorTraining, frames: Path, workers: int, done: Event) -> None:
    hand = house_seeds("train", config.hand_houses if config.hand else 0)
    others = make_shards(frames, house_seeds("train", config.houses), "train", config.frames, workers)
    for _ in chain(make_shards(frames / _HAND, hand, "train", config.hand_frames, workers), others):
        if done.is_set():
            return


def validation_frames(config: DetectorTraining, folder: Path, workers: int) -> list[Frame]:
    """Frames of validation houses."""
    seeds = house_seeds("validation", config.validation_houses)
    paths = list(make_shards(folder, seeds, "validation", config.frames, workers))
    return [frame for path in paths for shard in [Shard(path)] for frame in (shard[k] for k in range(len(shard)))]


def evaluate(net: DetectorNet, frames: Sequence[Frame]) -> dict[str, Any]:
    """AP50 of a network on frames: of things of at least 16 x 16 pixels by category and in the mean, and of all."""
    height = frames[0].rgb.shape[0] if frames else EmbeddedConfig.height
    detector = EmbeddedDetector(net, EmbeddedConfig(height=height, min_presence=_VALIDATION_SCORE, min_pixels=1))
    larger, every = DetectionScore(SMALL_PIXELS), DetectionScore()
    for frame in frames:
        found = [Found(d.label, d.score, d.box) for d in detector.detect(frame.observation())]
        real = [Real(t.label, t.box) for t in frame.things]
        larger.add(found, real)
        every.add(found, real)
    return {
        "frames": len(frames),
        "ap50": larger.mean(),
        "ap50_all_sizes": every.mean(),
        "categories": larger.per_category(),
        "counts": larger.counts(),
    }


def _report(
    trainer: DetectorTrainer, frames: Sequence[Frame], out: Path, losses: dict[str, float], command: str, say: Say
) -> float:
    """Judge the averaged weights, and write them with their card and a line of the log."""
    net = trainer.averaged()
    figures = evaluate(net, frames)
    images = trainer.step * trainer.config.batch
    line = {"step": trainer.step, "images": images, "losses": losses, **figures}
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(line, sort_keys=True) + "\n")
    made = {
        "command": command,
        "seed": str(trainer.config.seed),
        "images": str(images),
        "ap50": f"{figures['ap50']:.4f}",
    }
    save_weights(out / "detector.safetensors", net, made)
    (out / "detector.md").write_text(_card(trainer.config, figures, images, command), encoding="utf-8")
    say(f"step {trainer.step}: AP50 {figures['ap50']:.3f} (all sizes {figures['ap50_all_sizes']:.3f})")
    return float(figures["ap50"])


def _card(config: DetectorTraining, figures: dict[str, Any], images: int, command: str) -> str:
    worst = sorted(figures["categories"].items(), key=lambda item: item[1])[:10]
    rows = "\n".join(f"| {name} | {figures['counts'][name]} | {value:.2f} |" for name, value in worst)
    houses = house_seeds("train", config.pool(images // config.batch))
    return f"""# Embedded detector

Trained from scratch on renders of the embedded household; weights in half precision, averaged over the steps.

- command: `{command}`
- seed: {config.seed}; images seen: {images:,}, batch {config.batch}
- data: houses {houses[0]} to {houses[-1]} (training split), {config.frames.frames} frames each,
  {config.frames.mess} things displaced in each
- score: AP50 {figures["ap50"]:.3f} over {len(figures["categories"])} categories, boxes of at least {SMALL_PIXELS}
  square pixels; {figures["ap50_all_sizes"]:.3f} for all sizes; {figures["frames"]} frames of {config.validation_houses}
  validation houses

The categories it finds hardest:

| category | things | AP50 |
|---|---|---|
{rows}
"""
