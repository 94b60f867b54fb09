"""The whole brain step of the tidy agent by its parts: ``python benchmarks/bench_brain.py``.

The agent runs in a validation house with the embedded detector and a memory file. Without trained weights the network
runs for its time alone, and the agent goes by the simulator's masks. Rows further in are parts of the row above them.
Wall time is what a robot waits; time of the processor counts all threads together, and grows less where other work
shares the machine.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
import tyro
from rich.console import Console
from rich.table import Table

from engram.agents import situation
from engram.agents.attend import Attend
from engram.agents.remember import Remember
from engram.agents.situation import Situation, TidyConfig
from engram.agents.tidy import TidyAgent
from engram.evaluation.oracles import mask_detector
from engram.evaluation.tidy import TidyTask, make_world
from engram.memory.contract import Query
from engram.memory.hippocampus import Hippocampus
from engram.memory.occupancy import Occupancy
from engram.memory.stores import default_stores
from engram.perception.contracts import Detection, Detector
from engram.perception.detector import detector as embedded
from engram.perception.detector.detector import EmbeddedDetector
from engram.perception.detector.model import DetectorNet, NetConfig, multiply_adds
from engram.perception.detector.weights import load_weights
from engram.perception.geometry import point_image
from engram.perception.thalamus.gate import NoveltyGate
from engram.perception.tracker import Tracker
from engram.sims.contract import Action, Observation, parse_action
from engram.sims.house.categories import CATEGORIES

STEP = "brain step"
# What is timed: row of the table, who has it, and its name there. Rows with a dot belong to the row before the dot.
PARTS: tuple[tuple[str, Any, str], ...] = (
    ("gate", NoveltyGate, "attend"),
    ("perceive", Situation, "perceive"),
    ("perceive.points", situation, "point_image"),
    ("perceive.map", Occupancy, "integrate"),
    ("perceive.map footprint", Occupancy, "visit"),
    ("perceive.detect", EmbeddedDetector, "detect"),
    ("perceive.detect.network", EmbeddedDetector, "_run"),
    ("perceive.detect.group", embedded, "group"),
    ("perceive.detect.paint", embedded, "paint"),
    ("perceive.track", Tracker, "update"),
    ("words and questions", Attend, "summarise"),
    ("words and questions.queries", Attend, "queries"),
    ("remember", Remember, "perceived"),
    ("remember.write", Hippocampus, "write"),
)
RECALL = "recall, beside it"
TARGETS = {STEP: "p50 < 120", "perceive.detect": "p50 < 66.7"}


@dataclass(frozen=True)
class BrainBenchmark:
    """Options."""

    seed: int = 700_000
    """House; one of the validation split."""
    steps: int = 150
    """Steps that are timed."""
    threads: int = 2
    """Threads of the network."""
    weights: Path | None = None
    """Trained weights of the detector; the agent then sees with them."""
    profile: bool = False
    """Print the functions that take longest, too; the figures of such a run are too high."""
    json: bool = False
    """Print JSON instead of a table."""


@dataclass
class Laps:
    """Seconds by part: of the step that runs, and of all steps."""

    now: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    cpu_now: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    steps: list[dict[str, tuple[float, float]]] = field(default_factory=list)

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.now[name] += time.perf_counter() - wall
            self.cpu_now[name] += time.process_time() - cpu

    def timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            with self.lap(name):
                return function(*args, **kwargs)

        return call

    def next(self) -> None:
        self.steps.append({name: (secs, self.cpu_now[name]) for name, secs in self.now.items()})
        self.now.clear()
        self.cpu_now.clear()

    def of(self, name: str, *, cpu: bool = False) -> list[float]:
        return [step[name][cpu] for step in self.steps if name in step]


class Both:
    """Runs a detector for its time and returns what another one sees, of which the time is not counted."""

    def __init__(self, run: Detector, see: Detector, laps: Laps) -> None:
        self._run, self._see, self._laps = run, see, laps

    def detect(self, observation: Observation) -> Sequence[Detection]:
        self._run.detect(observation)
        with self._laps.lap("masks"):
            return self._see.detect(observation)


def main(options: BrainBenchmark) -> int:
    """Measure and print."""
    torch.set_num_threads(options.threads)
    laps = Laps()
    with ExitStack() as stack:
        for name, owner, method in PARTS:
            stack.enter_context(patch.object(owner, method, laps.timed(getattr(owner, method), name)))
        profile = stack.enter_context(cProfile.Profile()) if options.profile else None
        config = run(options, laps)
    figures = {"steps": len(laps.steps), "threads": options.threads, **summary(laps)}
    figures["detector_frames_per_sec"] = 1e3 / figures["perceive.detect"]["p50_ms"]
    figures["detector_gflop"] = 2e-9 * multiply_adds(config, 224, 224)
    if options.json:
        print(json.dumps(figures, indent=1, sort_keys=True))
    else:
        show(figures)
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    return 0


def run(options: BrainBenchmark, laps: Laps) -> NetConfig:
    """Run the episode; return the sizes of the network."""
    world = make_world(TidyTask(options.seed))
    net = load_weights(options.weights) if options.weights else random_net()
    own = EmbeddedDetector(net)
    detector: Detector = own if options.weights else Both(own, mask_detector(world), laps)
    try:
        with tempfile.TemporaryDirectory() as folder, Hippocampus(f"{folder}/m.engram", default_stores()) as memory:
            observation, _ = world.reset(seed=options.seed, options={"mess": 5})
            for _ in range(3):
                own.detect(observation)  # the first times are slower
            laps.now.clear()
            laps.cpu_now.clear()
            c = world.config
            choices = TidyConfig(c.move_m, c.rotate_deg, c.look_deg, max_steps=options.steps + 10)
            telling, gate = Telling(memory, laps), NoveltyGate()
            agent = TidyAgent(detector, choices, remember=telling)
            agent.reset(observation)
            for _ in range(options.steps):
                with laps.lap(STEP):
                    gate.attend(observation, point_image(observation), telling.verb)
                    action = agent.act(observation)
                telling.recall()
                observation = world.step(action)[0]
                laps.next()
    finally:
        world.close()
    return net.config


class Telling(Remember):
    """Puts steps into words and asks about them, besides."""

    def __init__(self, memory: Hippocampus, laps: Laps) -> None:
        super().__init__(memory)
        self._laps, self._attend, self._hippocampus = laps, Attend(), memory
        self.queries: list[Query] = []
        self.verb = ""

    def perceived(self, sit: Situation) -> None:
        super().perceived(sit)
        action = {"verb": self.verb, "outcome": sit.outcome.code} if self.verb else {}
        self._attend.summarise(sit, action, "")
        self.queries = self._attend.queries(sit, self.config.task)

    def decided(self, sit: Situation, action: Action) -> None:
        super().decided(sit, action)
        self.verb = parse_action(action)[0].name.lower()

    def recall(self) -> None:
        """Ask what the last step calls for."""
        if self.queries:
            with self._laps.lap(RECALL):
                self._hippocampus.recall(self.queries)


def random_net() -> DetectorNet:
    """A network of the size that is trained, with random weights."""
    torch.manual_seed(0)
    labels = tuple(CATEGORIES)
    return DetectorNet(NetConfig(labels, tuple(CATEGORIES[name].pickupable for name in labels)))


def summary(laps: Laps) -> dict[str, Any]:
    """Percentiles by part, in milliseconds."""
    for step in laps.steps:
        hidden = step.pop("masks", (0.0, 0.0))
        for name in (STEP, "perceive"):
            step[name] = (step[name][0] - hidden[0], step[name][1] - hidden[1])
        inner = [step[name] for name, *_ in PARTS if "." not in name and name in step]
        step["decide"] = (step[STEP][0] - sum(i[0] for i in inner), step[STEP][1] - sum(i[1] for i in inner))
    names = [STEP, *(name for name, *_ in PARTS), "decide", RECALL]
    return {name: _figures(laps, name) for name in names if laps.of(name)}


def _figures(laps: Laps, name: str) -> dict[str, float]:
    wall, cpu = (1e3 * np.array(laps.of(name, cpu=k)) for k in (False, True))
    return {
        "p50_ms": float(np.percentile(wall, 50)),
        "p95_ms": float(np.percentile(wall, 95)),
        "cpu_p50_ms": float(np.percentile(cpu, 50)),
        "cpu_p95_ms": float(np.percentile(cpu, 95)),
        "times": len(wall),
    }


def show(figures: dict[str, Any]) -> None:
    """Print a table."""
    table = Table("ms", "p50", "p95", "processor p50", "p95", "steps", "target", box=None, pad_edge=False)
    for name, row in figures.items():
        if isinstance(row, dict):
            shown = "  " * name.count(".") + name.rpartition(".")[2]
            numbers = [f"{row[key]:.2f}" for key in ("p50_ms", "p95_ms", "cpu_p50_ms", "cpu_p95_ms")]
            table.add_row(shown, *numbers, str(row["times"]), TARGETS.get(name, ""))
    Console().print(table)
    rate, size = figures["detector_frames_per_sec"], figures["detector_gflop"]
    print(f"detector: {rate:.1f} frames a second (target 15), {size:.2f} GFLOP a frame, {figures['threads']} threads")


if __name__ == "__main__":
    raise SystemExit(main(tyro.cli(BrainBenchmark, description=__doc__)))
