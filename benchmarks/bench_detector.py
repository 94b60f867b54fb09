"""How well and how fast the embedded detector sees: ``python benchmarks/bench_detector.py``.

Average precision at IoU 0.5 on frames of test houses (as COCO counts, mean over the categories that occur), and frames
a second of ``detect`` on the same frames.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from rich.console import Console
from rich.table import Table

from engram.evaluation.training.detector import evaluate
from engram.evaluation.training.frames import Frame, FrameOptions, views_of_house
from engram.perception.detector.detector import EmbeddedConfig, EmbeddedDetector
from engram.perception.detector.model import DetectorNet, multiply_adds
from engram.perception.detector.weights import DEFAULT, load_weights
from engram.sims.seeds import SPLITS, Split

_WARM_UP = 3


@dataclass(frozen=True)
class Options:
    """What is measured."""

    weights: Path = DEFAULT
    """Weights of the embedded detector."""
    split: Split = "test"
    """Houses of which split."""
    houses: int = 10
    """How many houses."""
    frames: int = 40
    """Frames of each house."""
    threads: int = 2
    """Threads of the network."""


def main(options: Options) -> None:
    """Print precision and speed."""
    torch.set_num_threads(options.threads)
    net = load_weights(options.weights)
    seeds = SPLITS[options.split][: options.houses]
    frames = [f for seed in seeds for f in views_of_house(seed, FrameOptions(frames=options.frames))]
    figures = evaluate(net, frames)
    milliseconds = _speed(net, frames)
    table = Table("what", "figure", title=f"Embedded detector, {len(frames)} frames of {options.split} houses {seeds}")
    table.add_row("AP50, at least 16 x 16 pixels", f"{figures['ap50']:.3f} ({len(figures['categories'])} categories)")
    table.add_row("AP50, all sizes", f"{figures['ap50_all_sizes']:.3f}")
    table.add_row("GFLOP a frame", f"{2e-9 * multiply_adds(net.config, *frames[0].depth.shape):.2f}")
    table.add_row("ms a frame, p50 and p95", " and ".join(f"{np.percentile(milliseconds, q):.1f}" for q in (50, 95)))
    table.add_row("frames a second", f"{1000.0 / np.mean(milliseconds):.1f} on {options.threads} threads")
    console = Console()
    console.print(table)
    rows = Table("category", "things", "AP50")
    for name, value in sorted(figures["categories"].items(), key=lambda item: item[1]):
        rows.add_row(name, str(figures["counts"][name]), f"{value:.2f}")
    console.print(rows)


def _speed(net: DetectorNet, frames: list[Frame]) -> list[float]:
    """Milliseconds of wall time of each frame but the first few."""
    detector = EmbeddedDetector(net, EmbeddedConfig(height=frames[0].depth.shape[0]))
    taken = []
    for frame in frames:
        observation = frame.observation()
        begin = time.perf_counter()
        detector.detect(observation)
        taken.append(1000.0 * (time.perf_counter() - begin))
    return taken[_WARM_UP:]


if __name__ == "__main__":
    main(tyro.cli(Options))
