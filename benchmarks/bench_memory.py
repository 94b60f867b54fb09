"""The memory file and the facade over it: ``python benchmarks/bench_memory.py``.

Crashes: a writing process is killed at random points, and what it leaves is opened and examined. Steps: one write and
one recall, at a number of stored items. Items: the rate at which a file takes them, beside bare SQLite with the same
columns, and how long it takes to open again, from a snapshot and from the log alone.
"""

from __future__ import annotations

import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from engram.memory.contract import Event, Percepts, Query, Seen, Source, Store
from engram.memory.crashes import crash
from engram.memory.file import MemoryFile
from engram.memory.graph.store import GraphStore
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.longterm import LongTermStore
from engram.memory.objects import ObjectStore
from engram.memory.stores import default_stores
from engram.memory.testing import Notes

_PATIENT = HippocampusConfig(robot="bench", deadline_secs=600.0, snapshot_secs=600.0)
_BATCH = 1000
_THINGS = ("mug", "cup", "plate", "book", "laptop", "pillow", "apple", "knife", "bottle", "remote control")
TARGETS = {
    "crashes.with_problems": "0",
    "parallel.write_secs": "< 0.15",
    "steps.write_recall_ms_p50": "< 5",
    "steps.write_recall_ms_p99": "< 20",
}


@dataclass(frozen=True)
class MemoryBenchmark:
    """Options."""

    kills: int = 200
    """Times that a writer is killed."""
    steps: int = 1000
    """Steps that are timed."""
    stored: int = 100_000
    """Events, and edges of the graph, in memory before these steps."""
    items: int = 1_000_000
    """Items of the measurement of size and speed."""
    json: bool = False
    """Print JSON instead of a table."""


def main(options: MemoryBenchmark) -> int:
    """Measure and print; the exit code is 1 when a crash lost or tore something."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        figures["crashes"] = crashes(place, options.kills)
        figures["parallel"] = parallel(place)
        figures["steps"] = steps(place / "steps.engram", [Notes()], options)
        stores = default_stores()
        if stores:
            figures["steps_all_stores"] = {
                "stores": [s.name for s in stores],
                **steps(place / "stores.engram", stores, options),
            }
        figures["items"] = items(place, options.items)
    if options.json:
        print(json.dumps(figures, indent=1, sort_keys=True))
    else:
        show(figures)
    return 1 if figures["crashes"]["with_problems"] else 0


def crashes(place: Path, kills: int) -> dict[str, Any]:
    """Kill a writer again and again; every ten kills have one file."""
    rng = random.Random(0)
    found = [crash(place / f"crash-{k // 10}.engram", rng.uniform(0.0, 0.1)) for k in range(kills)]
    return {
        "kills": kills,
        "with_problems": sum(bool(c.problems) for c in found),
        "before_the_first_write": sum(c.acknowledged == 0 for c in found),
        "events_at_most": max((c.found for c in found), default=0),
        "reopen_ms_p50": _percentile([c.reopen_secs for c in found], 50),
        "reopen_ms_max": _percentile([c.reopen_secs for c in found], 100),
    }


def parallel(place: Path) -> dict[str, float]:
    """Four stores that sleep 100 ms in each method."""
    figures = {}
    for name, together in (("write", True), ("write_sequential", False)):
        stores = [Notes(letter) for letter in "abcd"]
        for store in stores:
            store.hooks["propose"] = lambda: time.sleep(0.1)
        config = HippocampusConfig(deadline_secs=10.0, parallel=together)
        with Hippocampus(place / f"{name}.engram", stores, config) as memory:
            figures[f"{name}_secs"] = _timed(lambda memory=memory: memory.write(_percepts(0)))
    return figures


def steps(path: Path, stores: Sequence[Store], options: MemoryBenchmark) -> dict[str, float]:
    """Write and recall when much is stored."""
    writing, recalling = [], []
    with Hippocampus(path, stores, _PATIENT) as memory:
        step = 0
        while min(memory.version, _contents(stores).get("edges", options.stored)) < options.stored:
            memory.write(_percepts(step))
            step += 1
        for k in range(step, step + options.steps):
            percepts, query = _percepts(k), Query(f"the {_THINGS[k % len(_THINGS)]}")
            writing.append(_timed(lambda percepts=percepts: memory.write(percepts)))
            recalling.append(_timed(lambda query=query: memory.recall(query)))
        figures: dict[str, float] = {"events": memory.version, **_contents(stores)}
    for name, secs in (("write", writing), ("recall", recalling), ("write_recall", np.add(writing, recalling))):
        figures |= {f"{name}_ms_p{p}": _percentile(secs, p) for p in (50, 99)}
    return figures


def _contents(stores: Sequence[Store]) -> dict[str, float]:
    """How much the stores hold."""
    held: dict[str, float] = {}
    for store in stores:
        if isinstance(store, ObjectStore):
            held["things"] = len(store.things)
        elif isinstance(store, GraphStore):
            held["nodes"], held["edges"] = len(store.graph.nodes), len(store.graph)
        elif isinstance(store, LongTermStore):
            held[store.name] = len(store.notebook)
    return held


def items(place: Path, count: int) -> dict[str, float]:
    """Fill a file through the facade, and plain SQLite with the same rows."""
    path = place / "items.engram"
    store = Notes(copies=_BATCH)
    memory = Hippocampus(path, [store], _PATIENT)
    filled = _timed(lambda: [memory.write(_percepts(k)) for k in range(count // _BATCH)])
    memory.file.close()  # no snapshot yet: all of the log is replayed
    replayed, memory = _opened(path)
    snapshot = _timed(memory.close)
    reopened, memory = _opened(path)
    bytes_snapshot = sum(s.size for s in memory.file.snapshots())
    memory.close()
    bytes_log = path.stat().st_size - bytes_snapshot
    plain = plain_sqlite(path, place / "plain.sqlite")
    stored = count // _BATCH * _BATCH
    appended = append_only(path, place / "append.engram")
    return {
        "items": stored,
        "facade_items_per_sec": stored / filled,
        "file_items_per_sec": stored / appended,
        "plain_sqlite_items_per_sec": stored / plain["secs"],
        "file_to_plain_ratio": plain["secs"] / appended,
        "bytes_per_item_log": bytes_log / stored,
        "bytes_per_item_plain_sqlite": plain["bytes"] / stored,
        "bytes_per_item_snapshot": bytes_snapshot / stored,
        "snapshot_secs": snapshot,
        "open_file_ms": 1e3 * _timed(lambda: MemoryFile(path).close()),
        "reopen_by_replay_secs": replayed,
        "reopen_from_snapshot_secs": reopened,
    }


def append_only(path: Path, target: Path) -> float:
    """Seconds to append the same events in the same batches, without stores."""
    batches: list[list[Event]] = []
    with MemoryFile(path, read_only=True) as file:
        for seq, event in file.events():
            if seq % _BATCH == 1:
                batches.append([])
            batches[-1].append(event)
    with MemoryFile(target) as file:
        return _timed(lambda: [file.append(batch) for batch in batches])


def plain_sqlite(path: Path, target: Path) -> dict[str, float]:
    """Insert the same events as JSON, without checksums, in transactions of the same size."""
    with MemoryFile(path, read_only=True) as file:
        rows = [(*row[:-2], json.loads(row.data)) for row in file.rows()]
    connection = sqlite3.connect(target, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(
        "CREATE TABLE log (seq INTEGER PRIMARY KEY, store TEXT, kind TEXT, robot TEXT, episode TEXT, step INTEGER, "
        "stamp_ns INTEGER, data TEXT)"
    )
    start = time.perf_counter()
    for first in range(0, len(rows), _BATCH):
        batch = [(*row[:-1], json.dumps(row[-1])) for row in rows[first : first + _BATCH]]
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)", batch)
        connection.execute("COMMIT")
    secs = time.perf_counter() - start
    connection.close()
    return {"secs": secs, "bytes": target.stat().st_size}


def show(figures: dict[str, Any]) -> None:
    """Print a table."""
    table = Table("", "measured", "target", box=None, pad_edge=False)
    for group, values in figures.items():
        for key, value in values.items():
            text = f"{value:,.3f}" if isinstance(value, float) else str(value)
            name = f"{group}.{key}"
            table.add_row(name, text, TARGETS.get(name.replace("_all_stores", ""), ""))
    Console().print(table)


def _opened(path: Path) -> tuple[float, Hippocampus]:
    start = time.perf_counter()
    memory = Hippocampus(path, [Notes(copies=_BATCH)], _PATIENT)
    return time.perf_counter() - start, memory


def _percepts(step: int) -> Percepts:
    """Return what a robot sees that walks through a long row of rooms of 10 m x 8 m, 50 steps in each.

    Three things in view each time, on a table that is in view itself every other step; every tenth step ends a task.
    """
    rng = random.Random(step)
    number = step // 50
    room = ("Kitchen", "Bedroom", "LivingRoom")[number % 3]
    x, y = number % 40 * 10.0, number // 40 * 8.0
    table = Seen("dining table", 0.95, (x + 5.0, y + 4.0, 0.4), (1.8, 0.9, 0.8), "Floor")
    things = [
        Seen(rng.choice(_THINGS), 0.9, (x + rng.uniform(0, 10), y + rng.uniform(0, 8), 0.85), (0.1,) * 3, table.label)
        for _ in range(3)
    ]
    goal = rng.choice(_THINGS)
    return Percepts(
        Source("bench", f"episode {step // 10}", step, step * 1_000_000_000),
        f"Looked for the {goal} in the {room} and saw the {things[0].label}.",
        [*things, table] if step % 2 else things,
        camera_m=(x + rng.uniform(0, 10), y + rng.uniform(0, 8), 1.4),
        base=(x + rng.uniform(0, 10), y + rng.uniform(0, 8), 0.0),
        room=room,
        action={"verb": "move_ahead", "outcome": "ok"},
        outcome=rng.choice(("success", "no_space", "out_of_steps")) if step % 10 == 9 else "",
        task=f"bring the {goal}",
    )


def _timed(action: Any) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _percentile(secs: Any, percent: float) -> float:
    return float(np.percentile(secs, percent)) * 1e3 if len(secs) else 0.0


if __name__ == "__main__":
    raise SystemExit(main(tyro.cli(MemoryBenchmark, description=__doc__)))
