"""The log of a memory: what a memory file and a memory server have in common, and the door to both.

Replay rule
    The state of a store at sequence number ``n`` is its newest snapshot at or before ``n`` (or the empty store) and the
    events after it up to ``n``. ``compact`` drops events only when asked to, and then only those at or before the
    oldest kept snapshot of *every* store that has events in the log. The number it dropped up to is ``base``: all
    states from ``base`` on can be replayed, whatever was compacted.
"""

from __future__ import annotations

import logging
import zlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, Protocol, TypeVar

from engram.memory.contract import Event, HippocampusError, Store
from engram.memory.errors import CorruptFileError
from engram.memory.packing import StateError
from engram.memory.records import Draft, Row, is_intact, text_of, to_event

Synchronous = Literal["NORMAL", "FULL"]
# What a store raises that cannot read a state: it is of another layout, numbered or not.
UNREADABLE = (StateError, KeyError, IndexError, TypeError, ValueError, AttributeError)
PAGE = 1000  # rows read at a time: readers do not hold the connection for the whole log
_log = logging.getLogger(__name__)
_Self = TypeVar("_Self", bound="Log")


class Snapshot(NamedTuple):
    """Where a snapshot stands."""

    store: str
    seq: int
    size: int  # bytes it takes


class Log(Protocol):
    """The events and snapshots of one robot's memory; may be called from any thread, and a with block closes it.

    All methods raise a MemoryFileError when the file or the server cannot be used.
    """

    name: str
    """What messages call it: the path, or the URL without its password."""
    robot: str
    read_only: bool

    @property
    @abstractmethod
    def last(self) -> int:
        """Sequence number of the newest event; ``base`` when there is none."""

    @property
    @abstractmethod
    def base(self) -> int:
        """Sequence number up to which events were dropped; 0 when all are there."""

    @abstractmethod
    def meta(self, key: str) -> str:
        """Return a value about the memory: robot, created_ns or base."""

    @abstractmethod
    def commit(self, drafts: Sequence[Draft]) -> int:
        """Add encoded events in one transaction and return the sequence number of the last, as ``append`` does."""

    @abstractmethod
    def rows(self, after: int = 0, upto: int | None = None, store: str | None = None) -> Iterator[Row]:
        """Yield the rows after a sequence number, in order, unchecked."""

    @abstractmethod
    def counts(self) -> Mapping[str, int]:
        """Return the number of events in the log by store."""

    @abstractmethod
    def save_snapshot(self, store: str, seq: int, state: bytes, keep: int = 2) -> None:
        """Keep the state that a store had after event ``seq``, and of older ones the newest ``keep - 1``."""

    @abstractmethod
    def snapshots(self) -> list[Snapshot]:
        """Return what snapshots there are, by store and age."""

    @abstractmethod
    def load_snapshot(self, store: str, seq: int) -> bytes:
        """Return the state of a store after event ``seq``; CorruptFileError when it is damaged or missing."""

    @abstractmethod
    def compact(self, keep: int = 1, drop_events: bool = False) -> None:
        """Drop all but the newest ``keep`` snapshots of each store, and events too as far as the replay rule allows."""

    @abstractmethod
    def damage(self) -> list[str]:
        """Return what is wrong below the level of rows; empty when all is well."""

    @abstractmethod
    def size_bytes(self) -> int:
        """Return how much room the memory takes."""

    @abstractmethod
    def health(self) -> Mapping[str, str]:
        """Return what keeps the memory, and what it has to do without."""

    @abstractmethod
    def close(self) -> None:
        """Close it and let the next writer in."""

    def append(self, events: Sequence[Event]) -> int:
        """Add events in one transaction and return the sequence number of the last; durable when it returns.

        Raises TypeError or ValueError for an event that is not plain JSON, DiskFullError when there is no room;
        then nothing was added.
        """
        return self.commit([Draft(event, text_of(event.data)) for event in events])

    def events(self, after: int = 0, upto: int | None = None, store: str | None = None) -> Iterator[tuple[int, Event]]:
        """Yield sequence numbers and events; CorruptFileError at one that is not as it was written."""
        for row in self.rows(after, upto, store):
            if not is_intact(row):
                raise CorruptFileError(self.name, f"event {row.seq} of store {row.store!r} has a wrong checksum")
            yield row.seq, to_event(row)

    def replay(self, store: Store, empty: bytes, upto: int | None = None) -> int:
        """Bring a store to the state after event ``upto``, the newest by default; return the number it stands at.

        ``empty`` is the dump of the store before its first event. A snapshot that is damaged, or that the store cannot
        read, is passed over for an older one, or for the log.
        """
        end = self.last if upto is None else upto
        start = self._load_newest(store, empty, end)
        for _, event in self.events(start, end, store.name):
            store.apply(event)
        return end

    def replayable_without(self) -> int:
        """Return up to which event the snapshots make the log dispensable."""
        oldest: dict[str, int] = {}
        for snapshot in self.snapshots():
            oldest.setdefault(snapshot.store, snapshot.seq)
        return min((oldest.get(store, 0) for store in self.counts()), default=0)

    def _load_newest(self, store: Store, empty: bytes, end: int) -> int:
        for snapshot in reversed([s for s in self.snapshots() if s.store == store.name and s.seq <= end]):
            if self._load(store, snapshot.seq):
                return snapshot.seq
        if self.base > 0 and any(s.store == store.name for s in self.snapshots()):
            raise CorruptFileError(
                self.name,
                f"store {store.name!r} has no intact snapshot at or before event {end}, as this version reads it",
            )
        store.load(empty)
        return 0

    def _load(self, store: Store, seq: int) -> bool:
        try:
            state = self.load_snapshot(store.name, seq)
        except CorruptFileError as error:
            _log.warning("%s", error)
            return False
        try:
            store.load(state)
        except UNREADABLE as error:
            why = f"{type(error).__name__}: {error}"
            _log.warning("%s: snapshot %d of store %r is passed over: %s", self.name, seq, store.name, why)
            return False
        return True

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_log(
    place: str | Path,
    *,
    robot: str = "robot",
    create: bool = True,
    read_only: bool = False,
    synchronous: Synchronous = "NORMAL",
) -> Log:
    """Open a memory file, or one robot's memory on the server that a URL (``postgresql://...``) names.

    Raises a MemoryFileError when it cannot be used, HippocampusError for a URL of another kind.
    """
    scheme, found, _ = str(place).partition("://")
    if not found:
        from engram.memory.file import MemoryFile

        return MemoryFile(place, robot=robot, create=create, read_only=read_only, synchronous=synchronous)
    if scheme not in ("postgresql", "postgres"):
        raise HippocampusError(f"no memory is kept by {scheme!r}; name a file, or a URL that starts postgresql://")
    from engram.memory.server.log import PostgresLog

    return PostgresLog(str(place), robot=robot, create=create, read_only=read_only, synchronous=synchronous)


def seal(store: str, seq: int, state: bytes) -> tuple[bytes, int]:
    """Return a state packed, and its checksum."""
    packed = zlib.compress(state, 1)
    return packed, _checksum(store, seq, packed)


def unseal(name: str, store: str, seq: int, sealed: tuple[bytes, int] | None) -> bytes:
    """Return the state that was sealed; CorruptFileError when it is another, or none."""
    if sealed is None or _checksum(store, seq, sealed[0]) != sealed[1]:
        raise CorruptFileError(name, f"snapshot {seq} of store {store!r} is damaged or missing")
    return zlib.decompress(sealed[0])


def _checksum(store: str, seq: int, packed: bytes) -> int:
    return zlib.crc32(packed, zlib.crc32(f"{store}\x1f{seq}".encode()))
