"""Training: ``engram train detector|out-of-place|placement|planner|search``, and what renders ahead of it."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engram.agents.cli import DONE, MISSING, CommandError
from engram.evaluation.commands import known_errors
from engram.evaluation.training.out_of_place_command import OutOfPlace, run
from engram.evaluation.training.placement_command import Placement
from engram.evaluation.training.placement_command import run as run_placement
from engram.evaluation.training.planner_command import Planner
from engram.evaluation.training.planner_command import run as run_planner
from engram.evaluation.training.search_command import Search
from engram.evaluation.training.search_command import run as run_search

if TYPE_CHECKING:
    from engram.evaluation.training.detector import DetectorTraining

_FRAMES = Path("runs/train/frames")


@dataclass(frozen=True)
class Detector:
    """Train the embedded detector: weights, card, checkpoint and log go to the folder ``out``."""

    preset: Literal["quick", "full"] = "full"
    """quick takes minutes and shows that all parts work together; full is what the weights were made with."""
    out: Path = Path("runs/train/detector")
    """Directory for detector.safetensors, detector.md, checkpoint.safetensors and log.jsonl."""
    frames: Path = _FRAMES
    """Directory of rendered frames; what is missing is rendered into it."""
    resume: bool = False
    """Go on from the checkpoint in the output directory, if there is one."""
    steps: int | None = None
    """Steps in all, if not those of the preset; a finished run goes on with --resume and more steps."""
    seed: int = 0
    """Seed of weights, order and variations."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute; auto takes a GPU where there is one."""
    threads: int = 1
    """Threads of the network on the CPU."""
    workers: int = 1
    """Processes that render ahead; 0 renders when frames are needed."""
    precision: Literal["bf16", "fp32"] = "bf16"
    """Numbers that the convolutions compute with."""


@dataclass(frozen=True)
class Frames:
    """Render the frames of training houses ahead of training."""

    out: Path = _FRAMES
    """Directory of the frames."""
    houses: int = 1500
    """How many training houses."""
    workers: int = 2
    """Processes."""


Options = Detector | Frames | OutOfPlace | Placement | Planner | Search


def train(options: Options) -> int:
    """Train a learned part on houses of the training split.

    Exit code 0: trained; 2: it cannot be done so; 3: something is missing on this machine.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise CommandError('training needs torch; run: pip install "engram[learn]"', MISSING) from error
    with known_errors():
        if isinstance(options, Frames):
            return _render(options)
        torch.set_num_threads(options.threads)
        device = _device(options.device, cuda=torch.cuda.is_available())
        if isinstance(options, OutOfPlace):
            run(options, device, _say)
            return DONE
        if isinstance(options, Placement):
            run_placement(options, device, _say)
            return DONE
        if isinstance(options, Planner):
            run_planner(options, device, _say)
            return DONE
        if isinstance(options, Search):
            run_search(options, device, _say)
            return DONE
        return _detector(options, device)


def _render(options: Frames) -> int:
    from engram.evaluation.training.frames import FrameOptions, make_shards
    from engram.evaluation.training.houses import house_seeds

    seeds = house_seeds("train", options.houses)
    for k, _ in enumerate(make_shards(options.out, seeds, "train", FrameOptions(), options.workers), 1):
        if k % 50 == 0 or k == len(seeds):
            _say(f"{k} of {len(seeds)} houses")
    return DONE


def _device(wanted: str, *, cuda: bool) -> str:
    device = wanted if wanted != "auto" else "cuda" if cuda else "cpu"
    if device == "cuda" and not cuda:
        raise CommandError("torch sees no GPU here; run with --device cpu", MISSING)
    return device


def _detector(options: Detector, device: str) -> int:
    from engram.evaluation.training.detector import train_detector

    resume = options.resume and (options.out / "checkpoint.safetensors").exists()
    try:
        train_detector(
            _configured(options), options.out, options.frames, resume=resume, device=device, workers=options.workers,
            command=_command(options), say=_say,
        )  # fmt: skip
    except (ValueError, FloatingPointError) as error:
        raise CommandError(str(error)) from error
    return DONE


def _configured(options: Detector) -> DetectorTraining:
    from engram.evaluation.training.detector import FULL, QUICK

    config = QUICK if options.preset == "quick" else FULL
    config = replace(config, seed=options.seed, half=options.precision == "bf16")
    return config if options.steps is None else replace(config, steps=options.steps)


def _command(options: Detector) -> str:
    """What to type to get the same weights; folders are everyone's own."""
    words = ["engram", "train", "detector", "--preset", options.preset, "--seed", str(options.seed)]
    if options.steps is not None:
        words += ["--steps", str(options.steps)]
    return shlex.join([*words, "--precision", options.precision])


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
