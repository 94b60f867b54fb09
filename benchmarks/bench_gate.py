"""What the novelty gate spares and what it misses: ``python benchmarks/bench_gate.py``.

The tidy agent records episodes in validation houses with the simulator's masks, attending to every frame. The record is
then tracked again with all frames, with those that the gate lets through, and with the same share of frames taken at
even intervals. A thing is missed when no track of its label lies where one lay with all frames.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from engram.evaluation.contract import TraceConfig, Tracing
from engram.evaluation.tidy import TidyTask, run_tidy
from engram.evaluation.trace.reader import Trace
from engram.perception.contracts import Detection
from engram.perception.geometry import PointImage, point_image
from engram.perception.thalamus.gate import GateConfig, NoveltyGate
from engram.perception.tracker import Track, Tracker
from engram.planners.placement import PlacementPrior
from engram.sims.contract import Observation

_SAME_M = 0.3
Tracks = list[Track]


@dataclass(frozen=True)
class GateBenchmark:
    """Options."""

    seeds: tuple[int, ...] = (700_000, 700_001, 700_002)
    """Houses; of the validation split."""
    rooms: int = 3
    """Rooms of each."""
    max_steps: int = 400
    """Steps of an episode at most."""
    gate: GateConfig = field(default_factory=GateConfig)
    """Thresholds."""
    json: bool = False
    """Print JSON instead of a table."""


class Turn(NamedTuple):
    """One recorded frame."""

    observation: Observation
    image: PointImage
    detections: list[Detection]
    verb: str


def main(options: GateBenchmark) -> int:
    """Measure and print."""
    rows = [measured(seed, options) for seed in options.seeds]
    figures = {"episodes": rows, "total": total(rows), "gate": asdict(options.gate)}
    if options.json:
        print(json.dumps(figures, indent=1, sort_keys=True))
    else:
        show(figures)
    return 0


def measured(seed: int, options: GateBenchmark) -> dict[str, Any]:
    """Return the figures of one house."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.mcap"
        task = TidyTask(seed, rooms=options.rooms, max_steps=options.max_steps, perception="oracle")
        run_tidy(task, tracing=Tracing(path, TraceConfig("all")))
        turns = recorded(path)
    verdicts, secs = judged(turns, options.gate)
    passed = [v.attended for v in verdicts]
    every = tracked(turns, [True] * len(turns))
    even = evenly(len(turns), sum(passed))
    return {
        "seed": seed,
        "frames": len(turns),
        "attended": sum(passed),
        "reasons": dict(Counter(v.reason for v in verdicts)),
        "longest_gap": max(v.skipped for v in verdicts),
        "gate_ms_p50": 1e3 * float(np.percentile(secs, 50)),
        "tracks": split(every),
        "missed": split(missing(every, tracked(turns, passed))),
        "added": split(missing(tracked(turns, passed), every)),
        "missed_at_even_intervals": split(missing(every, tracked(turns, even))),
        "missed_names": [t.label for t in missing(every, tracked(turns, passed))],
    }


def recorded(path: Path) -> list[Turn]:
    """Return the frames of a trace that the agent acted on."""
    trace = Trace(path)
    found = dict(trace.detections())
    verbs = ["", *(str(step["verb"]).lower() for step in trace.steps)]
    near_m = {0: 0.25, 1: 0.5}  # as the agent does: while it holds something, what is near is that
    return [
        Turn(o, point_image(o, near_m=near_m[int(o["holding"])]), found[k], verbs[k])
        for k, o in enumerate(trace.sensed())
        if k in found
    ]


def judged(turns: Sequence[Turn], config: GateConfig) -> tuple[list[Any], list[float]]:
    """Judge each frame; also the processor's seconds for it."""
    gate, verdicts, secs = NoveltyGate(config), [], []
    for turn in turns:
        begin = time.thread_time()
        verdicts.append(gate.attend(turn.observation, turn.image, turn.verb))
        secs.append(time.thread_time() - begin)
    return verdicts, secs


def tracked(turns: Sequence[Turn], passed: Sequence[bool]) -> Tracks:
    """Return the tracks at the end when only some frames are looked at."""
    tracker = Tracker()
    for step, (turn, attended) in enumerate(zip(turns, passed, strict=True)):
        if attended:
            tracker.update(turn.observation, turn.detections, turn.image, step)
    return tracker.tracks


def evenly(frames: int, count: int) -> list[bool]:
    """Which of the frames to take for ``count`` of them at even intervals, the first among them."""
    chosen = set(np.linspace(0, frames - 1, count).round().astype(int).tolist())
    return [k in chosen for k in range(frames)]


def missing(of: Tracks, among: Tracks) -> Tracks:
    """Return the tracks that have no counterpart."""
    return [t for t in of if not any(_same(t, other) for other in among)]


def _same(a: Track, b: Track) -> bool:
    near = max(_SAME_M, float(a.size.max()) / 2)
    return a.label == b.label and float(np.linalg.norm(a.centre - b.centre)) < near


def split(tracks: Tracks) -> dict[str, int]:
    """Count what can be put away, and what stays."""
    knows: Callable[[str], bool] = PlacementPrior.load().knows
    movable = sum(knows(t.label) for t in tracks)
    return {"movable": movable, "other": len(tracks) - movable}


def total(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Add the episodes up."""
    counts: dict[str, Any] = {key: sum(row[key] for row in rows) for key in ("frames", "attended")}
    counts["gated_share"] = 1.0 - counts["attended"] / counts["frames"]
    for key in ("tracks", "missed", "added", "missed_at_even_intervals"):
        counts[key] = {kind: sum(row[key][kind] for row in rows) for kind in ("movable", "other")}
    return counts


def show(figures: dict[str, Any]) -> None:
    """Print a table."""
    names = ("house", "frames", "gated away", "things", "missed", "added", "missed at even intervals", "ms")
    table = Table(*names, box=None, pad_edge=False)
    for row in [*figures["episodes"], {**figures["total"], "seed": "all"}]:
        cells = [f"{row[k]['movable']} + {row[k]['other']}" for k in ("tracks", "missed", "added")]
        gated = f"{1 - row['attended'] / row['frames']:.0%}"
        even = row["missed_at_even_intervals"]
        ms = f"{row['gate_ms_p50']:.2f}" if "gate_ms_p50" in row else ""
        table.add_row(str(row["seed"]), str(row["frames"]), gated, *cells, f"{even['movable']} + {even['other']}", ms)
    Console().print(table)
    print("things: what can be put away + what stays")


if __name__ == "__main__":
    raise SystemExit(main(tyro.cli(GateBenchmark, description=__doc__)))
