"""Is a memory file whole? Pages, checksums, sequence numbers, and that replay gives the snapshots again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engram.memory.contract import SCHEMA_VERSION, Store
from engram.memory.errors import CorruptFileError
from engram.memory.log import UNREADABLE, Log
from engram.memory.packing import meta_of
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
    notes: tuple[str, ...] = ()  # what could not be compared, though nothing is wrong with it

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
    notes: list[str] = []
    if not problems:
        for store in stores:
            problems += _replay(file, store, snapshots[store.name], notes)
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
        notes=tuple(notes),
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


def _replay(file: Log, store: Store, at: Sequence[int], notes: list[str]) -> Iterator[str]:
    """Yield what is wrong with the snapshots of a store: a replay from the one before must give each again."""
    empty = store.dump()
    start = 0
    for seq in at:
        where = f"store {store.name!r} at event {seq}"
        try:
            state = file.load_snapshot(store.name, seq)
        except CorruptFileError as error:
            yield f"snapshot: {error.cause}"
            continue
        whole = start >= file.base
        if whole:
            _apply(file, store, start, seq)
        replayed = store.dump()
        try:
            store.load(state)
        except UNREADABLE as error:
            notes.append(f"snapshot: {where} was not compared: {error}")
            store.load(replayed)
            start = seq if whole else start
            continue
        loaded = store.dump()
        if _other_embedder(store, state):
            notes.append(f"snapshot: {where} was compared after its texts were embedded anew")
        elif loaded != state:
            yield f"snapshot: {where} does not dump as it was loaded"
        if whole and replayed != loaded:
            yield f"replay: {where} differs from its snapshot"
        start = seq
    if not at and file.base == 0:
        store.load(empty)
        _apply(file, store, 0, None)


def _apply(file: Log, store: Store, after: int, upto: int | None) -> None:
    for _, event in file.events(after, upto, store.name):
        store.apply(event)


def _other_embedder(store: Store, state: bytes) -> bool:
    """Whether a state holds vectors of another embedder than the store's, which are then made anew on loading."""
    mine = getattr(getattr(store, "embedder", None), "name", None)
    return mine is not None and meta_of(state).get("embedder", mine) != mine
