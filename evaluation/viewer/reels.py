"""Memory as it was: stores brought to any version of a log by replay, without anybody having to wait for all of it.

A reel holds one store and moves it to the version that is asked for: from where it stands, from a snapshot in the log,
or from a mark, a state that an earlier move left behind. A move does a bounded amount of work; when it needs more, it
says how far it came, and the next one goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from engram.evaluation.contract import EvaluationError
from engram.memory.contract import HippocampusError, Store
from engram.memory.errors import CorruptFileError
from engram.memory.log import UNREADABLE, Log

_FAULTS = (HippocampusError, ArithmeticError, LookupError, TypeError, ValueError)


class NotYetError(Exception):
    """Raised when a replay is under way; ``share`` of it, in [0, 1), is done."""

    def __init__(self, share: float) -> None:
        super().__init__(f"{share:.0%} replayed")
        self.share = share


class StoreUnreadableError(EvaluationError):
    """Raised for a store that cannot be brought to a version; the message says why."""


@dataclass(frozen=True)
class ReelConfig:
    """How much a move may cost."""

    move_secs: float = 0.4
    """Longest move."""
    mark_secs: float = 0.15
    """Work between two marks; doubles when there are too many."""
    marks: int = 48
    """Marks kept."""


class Reel:
    """One store of a log, to be read at any version; may be used from any thread."""

    def __init__(self, log: Log, store: Store, config: ReelConfig | None = None) -> None:
        """Take a log and a new, empty store."""
        self.name = store.name
        self.fault = ""  # why the last move failed; empty when it did not
        self._log, self._store, self._config = log, store, config or ReelConfig()
        self._lock = Lock()
        self._at = log.base if log.base else 0
        self._whole = log.base == 0  # whether the state is that at ``_at``
        self._spacing = self._config.mark_secs
        self._unreadable: set[int] = set()  # snapshots that are
        self._marks: dict[int, bytes] = {} if log.base else {0: store.dump()}

    @property
    def reached(self) -> int:
        """The version of the store that was lent last."""
        return self._at

    @contextmanager
    def at(self, version: int, partial: bool = False) -> Iterator[Store]:
        """Lend the store as it was after an event; it must not be changed.

        With ``partial``, a replay that takes longer than a move may gives the store as far as it came: see ``reached``.

        Raises:
            NotYetError: the replay takes longer than a move may.
            StoreUnreadableError: the replay failed.

        """
        with self._lock:
            try:
                self._move(version)
            except NotYetError:
                if not partial:
                    raise
            except _FAULTS as error:
                self._whole = False
                self.fault = f"{type(error).__name__}: {error}"
                raise StoreUnreadableError(f"store {self.name!r} cannot be replayed: {self.fault}") from error
            self.fault = ""
            yield self._store

    def _move(self, version: int) -> None:
        begin = time.monotonic()
        self._start(version)
        marked = begin
        for seq, event in self._log.events(self._at, version, self.name):
            self._whole = False
            self._store.apply(event)
            self._at, self._whole = seq, True
            now = time.monotonic()
            if now - marked > self._spacing:
                self._mark()
                marked = now
            if now - begin > self._config.move_secs:
                raise NotYetError(seq / version)
        self._at = version

    def _start(self, version: int) -> None:
        """Put the store at the nearest state that there is before a version.

        A snapshot that cannot be read is passed over, as by the log itself.
        """
        mark = max((seq for seq in self._marks if seq <= version), default=-1)
        mine = {s.seq for s in self._log.snapshots() if s.store == self.name} - self._unreadable
        kept = sorted(seq for seq in mine if mark < seq <= version)
        if self._whole and max(mark, *kept, -1) <= self._at <= version:
            return
        for seq in reversed(kept):
            try:
                self._load(self._log.load_snapshot(self.name, seq), seq)
            except (CorruptFileError, *UNREADABLE):
                self._unreadable.add(seq)
                continue
            return
        if mark < 0:
            raise CorruptFileError(self._log.name, f"events up to {self._log.base} were dropped; look at a later step")
        self._load(self._marks[mark], mark)

    def _load(self, state: bytes, at: int) -> None:
        self._whole = False
        self._store.load(state)
        self._at, self._whole = at, True

    def _mark(self) -> None:
        self._marks[self._at] = self._store.dump()
        if len(self._marks) > self._config.marks:
            for seq in sorted(self._marks)[1::2]:
                del self._marks[seq]
            self._spacing *= 2


class Reels:
    """The reels of all stores of a log."""

    def __init__(self, log: Log, stores: Sequence[Store], config: ReelConfig | None = None) -> None:
        """Take a log and new, empty stores."""
        self._reels = {store.name: Reel(log, store, config) for store in stores}

    def __contains__(self, name: str) -> bool:
        return name in self._reels

    def __iter__(self) -> Iterator[Reel]:
        return iter(self._reels.values())

    def __getitem__(self, name: str) -> Reel:
        return self._reels[name]
