"""Kill a writing process with SIGKILL and look at what it leaves behind; for tests and benchmarks."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from engram.memory.check import check
from engram.memory.contract import Percepts, Query, Source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.testing import Notes

_CONFIG = HippocampusConfig(robot="crash", deadline_secs=30.0, snapshot_events=150)
_COPIES = {"a": 1, "b": 2, "c": 5}  # events a step by store


@dataclass(frozen=True)
class Crash:
    """What a killed process had acknowledged and what was found afterwards, as versions."""

    acknowledged: int
    found: int
    reopen_secs: float
    problems: tuple[str, ...]  # empty when nothing was lost or torn


def crash(path: str | Path, delay_secs: float) -> Crash:
    """Let a process write to a memory, kill it after a delay, open it again and examine it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "psycopg"])
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=write_on, args=(path, sender))
    process.start()
    sender.close()
    receiver.recv()  # it is about to open the file
    time.sleep(delay_secs)
    process.kill()
    process.join()
    return _examine(path, max(_received(receiver), default=0))


def write_on(path: str | Path, acknowledgements: Connection) -> None:
    """Write steps for ever, and send the version of each when it is written."""
    stores = _stores()
    acknowledgements.send(0)
    memory = Hippocampus(path, stores, _CONFIG)
    while True:
        step = len(stores[0].notes)
        version = memory.write(Percepts(Source("crash", "e", step, step), f"step {step}"))
        acknowledgements.send(version)


def _stores() -> list[Notes]:
    return [Notes(name, copies) for name, copies in _COPIES.items()]


def _received(receiver: Connection) -> Iterator[int]:
    try:
        while True:
            yield receiver.recv()
    except EOFError:
        receiver.close()


def _examine(path: str | Path, acknowledged: int) -> Crash:
    problems: list[str] = []
    stores = _stores()
    start = time.perf_counter()
    with Hippocampus(path, stores, _CONFIG) as memory:
        took = time.perf_counter() - start
        found = memory.version
        if found < acknowledged:
            problems.append(f"version {acknowledged} was acknowledged, {found} is there")
        steps = found // sum(_COPIES.values())
        for store in stores:
            texts = [f"step {k}" for k in range(steps) for _ in range(store.copies)]
            if [note[1] for note in store.notes] != texts:
                problems.append(f"store {store.name!r} holds {len(store.notes)} notes, not {len(texts)} in order")
        hits = memory.recall(Query(f"step {steps - 1}", limit=1)).best(1)
        if steps and (not hits or hits[0].source.step != steps - 1):
            problems.append("the last step is not recalled")
        problems += check(memory.file, _stores()).problems
    return Crash(acknowledged, found, took, tuple(problems))
