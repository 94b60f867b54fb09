"""Is a memory file whole? Pages, checksums, sequence numbers, and that replay gives the snapshots again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engram.memory.contract import SCHEMA_VERSION, Store
from engram.memory.errors import CorruptFileError
from engram.memory.log import Log
from engram.memory.records import is_intact

_MOST = 20  # problems listed of each kind: a torn page breaks many rows


@dataclass(frozen=True)
class CheckReport:
    """What was looked at, and what is wrong."""

    file: str
    schema_version: int
    robot: str
    first: int  # sequence numbers of the oldest and newest event
    last: int
    events: int
    snapshots: int
    replayed: tuple[str, ...]  # stores whose replay was compared
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def check(file: Log, stores: Sequence[Store] = ()) -> CheckReport:
    """Check a file; the fresh ``stores`` are replayed and compared with their snapshots, which changes them."""
    problems = [f"page: {text}" for text in _guarded(file)[:_MOST]]
    count, first, found = _read_log(file)
    problems += found
    snapshots = {store.name: [s.seq for s in file.snapshots() if s.store == store.name] for store in stores}
    known = {s.store for s in file.snapshots()} | set(file.counts()) if not problems else set()
    if not problems:
        for store in stores:
            problems += _replay(file, store, snapshots[store.name])
    return CheckReport(
        file=file.name,
        schema_version=SCHEMA_VERSION,
        robot=file.robot,
        first=first,
        last=file.last,
        events=count,
        snapshots=len(file.snapshots()),
        replayed=tuple(s.name for s in stores if s.name in known),
        problems=tuple(problems),
    )


def _guarded(file: Log) -> list[str]:
    try:
        return file.damage()
    except CorruptFileError as error:
        return [str(error)]


def _read_log(file: Log) -> tuple[int, int, list[str]]:
    """Return how many rows there are, the first number, and what is wrong with them."""
    problems: list[str] = []
    count, first, expected = 0, 0, file.base + 1
    try:
        for row in file.rows():
            first = first or row.seq
            count += 1
            if row.seq != expected:
                problems.append(f"log: events {expected} to {row.seq - 1} are missing")
            if not is_intact(row):
                problems.append(f"log: event {row.seq} of store {row.store!r} has a wrong checksum")
            expected = row.seq + 1
    except CorruptFileError as error:
        problems.append(f"log: unreadable after event {expected - 1} ({error.cause})")
    return count, first, problems[:_MOST]


def _replay(file: Log, store: Store, at: Sequence[int]) -> Iterator[str]:
    """Yield the snapshots of a store that a replay from the one before does not give."""
    empty = store.dump()
    start = 0
    for seq in at:
        try:
            state = file.load_snapshot(store.name, seq)
        except CorruptFileError as error:
            yield f"snapshot: {error.cause}"
            continue
        if start >= file.base:
            for _, event in file.events(start, seq, store.name):
                store.apply(event)
            if store.dump() != state:
                yield f"replay: store {store.name!r} at event {seq} differs from its snapshot"
        store.load(state)
        start = seq
        if store.dump() != state:
            yield f"snapshot: store {store.name!r} at event {seq} does not dump as it was loaded"
    if not at and file.base == 0:
        store.load(empty)
        for _, event in file.events(0, None, store.name):
            store.apply(event)
