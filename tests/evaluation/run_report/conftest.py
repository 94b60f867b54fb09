"""A run of two variants in a folder, with traces of made-up episodes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest

from engram.agents.events import Event
from engram.evaluation.aggregate import table
from engram.evaluation.contract import Metric, Record, RunFolder, Timing
from engram.evaluation.runner import StepRecord, Turn
from engram.evaluation.trace.writer import TraceWriter
from engram.sims.contract import Outcome, Verb

EVIL = "<img src=x onerror=alert(1)>'\"</script><script>alert(2)</script>"
METRICS = (
    Metric("success", "rate", "success", about="all is well"),
    Metric("proper", "share", "proper", "things"),
    Metric("path", "mean", "path_m", better="lower", unit="m"),
)
SEEDS = range(700000, 700006)
SIDE = 48


@dataclass
class Agent:
    events: list[Event]

    def journal(self):
        return self.events


def episode(variant: str, seed: int, **other) -> Record:
    k = seed - SEEDS[0]
    good = k % 3 != 0 if variant == "base" else k % 3 == 1
    values = {"success": float(good), "proper": 4 if good else 1, "things": 4, "path_m": 10.0 + k, "extra": None}
    said = {"ended": "done", "steps": 30, "values": values, "failures": {} if good else {"no_space": 2}, "error": ""}
    said |= other
    return Record(
        f"{variant}/{seed}", variant, seed, "toy", f"hash{seed}", versions={"engram": "0.1"}, revision="abc", **said
    )


def write_trace(path: Path, steps: int = 30, events=(), failed=()) -> None:
    """Write a trace; at the steps of ``failed`` a place meets no space. Observation k is of brightness 5 k."""
    agent = Agent([])
    observed = {
        "depth": np.ones((SIDE, SIDE), np.float32), "camera": np.array([40, 40, 24, 24, SIDE, SIDE], float),
        "map_T_camera": np.eye(4), "base": np.zeros(3), "holding": 0,
    }  # fmt: skip
    nothing = {"config": {}, "options": {}, "agent": {}, "prior": "", "versions": {}, "revision": ""}
    with TraceWriter(path, {"protocol": "toy", "seed": 1, **nothing}) as writer:
        for number in range(steps + 1):
            step, place = number - 1, number - 1 in failed
            outcome = Outcome.NO_SPACE if place else Outcome.OK
            rgb = np.full((SIDE, SIDE, 3), min(255, 5 * number), np.uint8)
            seen = {**observed, "rgb": rgb, "outcome": int(outcome), "stamp_ns": np.int64(number) * 10**9}
            agent.events += [e for e in events if e.step == step]
            verb, point = (Verb.PLACE, (0.25, 0.75)) if place else (Verb.MOVE_AHEAD, None)
            record = StepRecord(step, "fetch", verb.name.lower(), point, outcome.code, (0.0, 0.0, 0.0), False)
            action = {"verb": int(verb), "point": np.array(point or (0, 0), np.float32)}
            writer(Turn(record, seen, agent, action) if number else Turn(None, seen, agent))
        writer.result("done")


def write_run(folder: RunFolder, records: list[Record], **suite) -> None:
    """Write what the harness leaves behind."""
    folder.path.mkdir(parents=True, exist_ok=True)
    variants = {r.variant: {} if r.variant == "base" else {"gain": 2} for r in records}
    content = {
        "schema_version": 1, "name": "toys", "about": "Toys.", "protocol": "toy",
        "options": {"gain": 1, "perception": "oracle"}, "seeds": sorted({r.seed for r in records}),
        "variants": variants, "metrics": [m.name for m in METRICS], "wall_secs": 9.0,
        "began": {"versions": {}, "revision": ""}, **suite,
    }  # fmt: skip
    folder.suite.write_text(json.dumps(content))
    folder.episodes.write_text("".join(r.line() + "\n" for r in records))
    timings = [
        Timing(r.id, {"agent": 2.0, "total": 3.0 + k}, {"agent": {"p50": 10.0 + k, "p95": 20.0, "p99": 40.0}})
        for k, r in enumerate(records)
    ]
    folder.timings.write_text("".join(json.dumps(asdict(t)) + "\n" for t in timings))
    folder.table.write_text(json.dumps(table(records, METRICS)))


@pytest.fixture(scope="session")
def toys(tmp_path_factory) -> RunFolder:
    """Twelve episodes; those that failed have traces, one crashed, and one says what no page should obey."""
    folder = RunFolder(tmp_path_factory.mktemp("report") / "run")
    records = [episode(variant, seed) for seed in SEEDS for variant in ("base", "double")]
    crash = {
        "ended": "crashed",
        "steps": 0,
        "values": {},
        "failures": {"exception": 1},
        "error": f"Traceback\nE: {EVIL}",
    }
    records[5] = episode("double", SEEDS[2], **crash)
    records[6] = episode("base", SEEDS[3], failures={EVIL: 1, "no_space": 2})
    write_run(folder, records, about=f"Toys. {EVIL}")
    events = [
        Event("picked", 4, "Mug", target="Desk"),
        Event("failed", 12, "Mug", "no_space", target="Shelf"),
        Event("failed", 20, EVIL, EVIL, target=EVIL),
        Event("placed", 25, "Mug", "verified", target="Table"),
    ]
    for record in records:
        if record.failures and record.ended != "crashed":
            write_trace(folder.trace(record.id), events=events, failed=(9, 10, 11))
    return folder


@pytest.fixture(scope="session")
def make():
    """Functions that make runs."""
    return {"episode": episode, "trace": write_trace, "run": write_run, "metrics": METRICS, "evil": EVIL}
