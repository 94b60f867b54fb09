"""How long the report of 1,000 episodes takes and how large it is: ``python benchmarks/bench_report.py [FOLDER]``.

The episodes are made up; each has a trace of 500 steps. The run is written into a folder that is gone afterwards,
unless one is named.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from engram.agents.events import Event
from engram.evaluation.aggregate import table
from engram.evaluation.contract import Record, RunFolder, Timing
from engram.evaluation.ledger import pretty, replace
from engram.evaluation.protocols.tidy import TidyProtocol
from engram.evaluation.run_report import write
from engram.evaluation.runner import StepRecord, Turn
from engram.evaluation.suite import load
from engram.evaluation.trace.writer import TraceWriter

STEPS, SIDE = 500, 224
REASONS = ("no_space", "no_path", "occluded", "not_seen", "nothing_there")


def episodes(seeds: int, random: np.random.Generator) -> tuple[list[Record], list[Timing]]:
    """Made-up episodes of two variants, the second a little worse."""
    records, timings = [], []
    for seed in range(700_000, 700_000 + seeds):
        for variant, skill in (("base", 0.85), ("no placement prior", 0.7)):
            proper = int(random.binomial(5, skill))
            values: dict[str, Any] = dict.fromkeys(
                {v for m in TidyProtocol.metrics.values() for v in (m.value, m.total) if v}, 0
            )
            values |= {"displaced": 5, "displaced_proper": proper, "correctly_moved": proper, "claimed": 5}
            values |= {"success": int(proper == 5), "false_success": 5 - proper, "undisplaced": 60, "steps": STEPS}
            values |= {"energy_removed_displaced": 20.0 * proper, "path_m": random.normal(90, 20)}
            values["undisplaced_worse"] = int(random.binomial(60, 0.01))
            failures = {str(random.choice(REASONS)): 5 - proper} if proper < 5 else {}
            id_, versions = f"{variant}/{seed}", {"engram": "0.1.0"}
            records.append(
                Record(id_, variant, seed, "tidy", "0" * 16, "done", STEPS, values, failures, "", versions, "")
            )
            ms = {"p50": random.uniform(40, 60), "p95": random.uniform(90, 150), "p99": random.uniform(300, 500)}
            timings.append(Timing(id_, {"agent": 30.0, "total": random.normal(40, 4)}, {"agent": ms}))
    return records, timings


class Agent:
    """What a trace asks of an agent."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def journal(self) -> list[Event]:
        return self.events


def trace(path: Path, random: np.random.Generator) -> None:
    """Write a trace in which a place fails every 25 steps."""
    agent: Any = Agent()
    rgb = np.repeat(np.repeat(random.integers(0, 255, (SIDE // 8, SIDE // 8, 3), np.uint8), 8, 0), 8, 1)
    observed = {
        "rgb": rgb, "depth": np.ones((SIDE, SIDE), np.float32),
        "camera": np.array([100, 100, 112, 112, SIDE, SIDE], float),
        "map_T_camera": np.eye(4), "base": np.zeros(3), "holding": 0, "outcome": 0,
    }  # fmt: skip
    with TraceWriter(path, _job()) as writer:
        for k in range(STEPS + 1):
            observation: Any = {**observed, "rgb": np.roll(rgb, k, 1), "stamp_ns": np.int64(k) * 10**9}
            fails = k % 25 == 24
            if fails:
                agent.events.append(Event("failed", k - 1, "Mug", str(random.choice(REASONS)), target="SideTable"))
            record = StepRecord(k - 1, "fetch", "move_ahead", None, "ok", (0.0, 0.0, 0.0), False) if k else None
            writer(Turn(record, observation, agent, {"verb": 0, "point": np.zeros(2)} if k else None))  # type: ignore[arg-type]
        writer.result("done")


def _job() -> dict[str, Any]:
    nothing: dict[str, Any] = {"config": {}, "options": {}, "agent": {}, "prior": "", "versions": {}, "revision": ""}
    return {"protocol": "tidy", "seed": 700_000, **nothing}


def make(folder: RunFolder, seeds: int = 500) -> None:
    """Write a run of two variants."""
    random = np.random.default_rng(1)
    suite = load("tidy-ablations", seeds=f"700000:{700_000 + seeds}")
    variants = {"base": {}, "no placement prior": {"agent.placement_prior": False}}
    folder.path.mkdir(parents=True, exist_ok=True)
    replace(folder.suite, pretty({**suite.document(), "variants": variants, "began": {}}))
    records, timings = episodes(seeds, random)
    trace(folder.path / "trace.mcap", random)
    folder.trace("x").parent.mkdir(exist_ok=True)
    for path, lines in ((folder.episodes, records), (folder.timings, timings)):
        path.write_text("".join(json.dumps(asdict(line)) + "\n" for line in lines), encoding="utf-8")
    for record in records:
        folder.trace(record.id).hardlink_to(folder.path / "trace.mcap")
    replace(folder.table, pretty(table(records, suite.metrics)))


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch) / "run")
        make(folder)
        begin = time.perf_counter()
        write(folder)
        secs, size = time.perf_counter() - begin, folder.page.stat().st_size
        print(f"1,000 episodes loaded and reported in {secs:.2f} s; report.html has {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
