"""Kill a writing process with SIGKILL and look at what it leaves behind; for tests and benchmarks."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from engram.memory.check import check
from engram.memory.contract import Percepts, Query, Seen, Source, Store
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import STORES, default_stores
from engram.memory.testing import Notes

_CONFIG = HippocampusConfig(robot="crash", deadline_secs=30.0, snapshot_events=150)
_COPIES = {"a": 1, "b": 2, "c": 5}  # events a step by store
_QUESTIONS = ("where is the Mug?", "where is the Book?", "put the Cup away", "open the Fridge", "step 3")
_KINDS = ("Mug", "Cup", "Book")


@dataclass(frozen=True)
class Crash:
    """What a killed process had acknowledged and what was found afterwards, as versions."""

    acknowledged: int
    found: int
    reopen_secs: float
    problems: tuple[str, ...]  # empty when nothing was lost or torn


def crash(path: str | Path, delay_secs: float, after: int = 0, real: bool = False) -> Crash:
    """Let a process write to a memory, kill it, open the memory again and examine it.

    Args:
        path: file or URL of the memory.
        delay_secs: the process is killed so long after it was about to open the memory,
        after: ... and after it has acknowledged so many steps.
        real: write to the stores of a robot, which take naps, instead of toy stores.

    """
    context = multiprocessing.get_context("forkserver")
    modules = [entry.partition(":")[0] for entry in STORES.values()]
    context.set_forkserver_preload([__name__, "psycopg", *modules])
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=write_on, args=(path, sender, real))
    process.start()
    sender.close()
    acknowledged = [receiver.recv() for _ in range(after + 1)]
    time.sleep(delay_secs)
    process.kill()
    process.join()
    return _examine(path, max([*acknowledged, *_received(receiver)]), real)


def write_on(path: str | Path, acknowledgements: Connection, real: bool) -> None:
    """Write steps for ever, and send the version of each when it is written."""
    stores = _stores(real)
    acknowledgements.send(0)
    memory = Hippocampus(path, stores, _CONFIG)
    step = 0 if memory.newest is None else memory.newest.step + 1
    while True:
        acknowledgements.send(memory.write(_percepts(step) if real else _note(step)))
        step += 1


def _stores(real: bool) -> list[Store]:
    return default_stores() if real else [Notes(name, copies) for name, copies in _COPIES.items()]


def _note(step: int) -> Percepts:
    return Percepts(Source("crash", "e", step, step), f"step {step}")


def _percepts(step: int) -> Percepts:
    """What a robot sees that carries things from one table to another; every fifth step ends a task."""
    tables = [Seen("Table", 0.95, (4.0 * k, 2.0, 0.4), (1.2, 0.8, 0.8), "Floor") for k in range(2)]
    kind = _KINDS[step % len(_KINDS)]
    at = tables[step // 3 % 2]
    thing = Seen(kind, 0.9, (at.centre_m[0] + 0.1 * (step % 4), 2.0, 0.85), (0.1, 0.1, 0.1), "Table")
    return Percepts(
        Source("crash", f"e{step // 5}", step, step * 10**9),
        f"step {step}: saw the {kind}",
        [*tables, thing],
        camera_m=(2.0, 0.0, 1.4),
        base=(2.0 + step % 7, 0.0, 0.5),
        room="Kitchen",
        action={"verb": "open", "target": "Fridge", "outcome": "ok" if step % 4 else "blocked"},
        outcome=("success", "no_space")[step % 2] if step % 5 == 4 else "",
        task=f"put the {kind} away",
    )


def _received(receiver: Connection) -> Iterator[int]:
    try:
        while True:
            yield receiver.recv()
    except EOFError:
        receiver.close()


def _examine(path: str | Path, acknowledged: int, real: bool) -> Crash:
    problems: list[str] = []
    stores = _stores(real)
    start = time.perf_counter()
    with Hippocampus(path, stores, _CONFIG) as memory:
        took = time.perf_counter() - start
        found = memory.version
        if found < acknowledged:
            problems.append(f"version {acknowledged} was acknowledged, {found} is there")
        look: Callable[[Hippocampus, Sequence[Store]], Iterator[str]] = _of_robot if real else _of_notes
        problems += look(memory, stores)
        problems += check(memory.file, _stores(real)).problems
    return Crash(acknowledged, found, took, tuple(problems))


def _of_notes(memory: Hippocampus, stores: Sequence[Store]) -> Iterator[str]:
    steps = memory.version // sum(_COPIES.values())
    for store in stores:
        texts = [f"step {k}" for k in range(steps) for _ in range(_COPIES[store.name])]
        if isinstance(store, Notes) and [note[1] for note in store.notes] != texts:
            yield f"store {store.name!r} holds {len(store.notes)} notes, not {len(texts)} in order"
    found = memory.recall(Query(f"step {steps - 1}", limit=1)).hits.values()
    if steps and any(not hits or hits[0].source.step != steps - 1 for hits in found):
        yield "the last step is not recalled"


def _of_robot(memory: Hippocampus, stores: Sequence[Store]) -> Iterator[str]:
    """Yield where the opened stores differ from fresh ones that all events were replayed into, without snapshots."""
    steps = [e.source.step for _, e in memory.file.events(store="episodic") if e.kind == "step"]
    if steps != list(range(len(steps))):
        yield f"steps are missing, or there twice: {steps}"
    fresh = _stores(real=True)
    for store in fresh:
        for _, event in memory.file.events(store=store.name):
            store.apply(event)
    for store, again in zip(stores, fresh, strict=True):
        if store.dump() != again.dump():
            yield f"store {store.name!r} is not as its log says"
    for query in map(partial(Query, limit=10), _QUESTIONS):
        answer = memory.recall(query)
        for store in fresh:
            hits = tuple(sorted(store.recall(query), key=lambda hit: (-hit.score, hit.id)))
            if answer.hits[store.name] != hits:
                yield f"store {store.name!r} answers {query.text!r} otherwise than its log"
