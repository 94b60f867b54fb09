"""The memory file: an append-only log of events and snapshots of the stores, in SQLite with a write-ahead log.

A write is one transaction, so that it is there whole or not at all. ``synchronous="NORMAL"`` keeps every acknowledged
write when the process is killed; ``"FULL"`` also when the power fails, at some milliseconds a write.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from engram.memory.contract import SCHEMA_VERSION
from engram.memory.errors import (
    CorruptFileError,
    MissingFileError,
    NotAMemoryFileError,
    ReadOnlyFileError,
    SchemaVersionError,
    named_errors,
)
from engram.memory.lock import WriterLock
from engram.memory.log import PAGE, Log, Snapshot, Synchronous, seal, unseal
from engram.memory.migrations import migrate, version_of
from engram.memory.records import Draft, Row, to_row


class MemoryFile(Log):
    """An open memory file; its methods may be called from any thread, and a with block closes it."""

    def __init__(
        self,
        path: str | Path,
        *,
        robot: str = "robot",
        create: bool = True,
        read_only: bool = False,
        synchronous: Synchronous = "NORMAL",
    ) -> None:
        """Open a file, or make one of this robot; older files are brought to the present schema.

        Raises:
            MissingFileError, NotAMemoryFileError, SchemaVersionError, CorruptFileError: as named.
            TwoWritersError: it is open for writing elsewhere.
            ReadOnlyFileError: it may not be written to, and ``read_only`` is not set.
            DiskFullError: there is no room to make it.
        """
        self.path = Path(path)
        self.name = str(path)
        self.read_only = read_only
        self._mutex = threading.RLock()
        self._require_access(create)
        with ExitStack() as opened, named_errors(self.path):
            if not read_only:
                opened.enter_context(WriterLock(self.path))
            self._connection = sqlite3.connect(
                self._uri(), uri=True, isolation_level=None, check_same_thread=False, timeout=5.0
            )
            opened.callback(self._connection.close)
            self._require_schema(robot, synchronous)
            self.robot = self.meta("robot")
            self._last = self._newest()
            self._opened = opened.pop_all()

    @property
    def last(self) -> int:
        """Sequence number of the newest event; ``base`` when there is none."""
        return self._newest() if self.read_only else self._last

    @property
    def base(self) -> int:
        """Sequence number up to which events were dropped; 0 when all are there."""
        return int(self.meta("base"))

    def meta(self, key: str) -> str:
        """Return a value of the table ``meta``: robot, created_ns or base."""
        with self._reading() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise CorruptFileError(self.path, f"has no {key!r} in its table meta")
        return str(row[0])

    def commit(self, drafts: Sequence[Draft]) -> int:
        """Add events that are encoded already; otherwise as ``append``."""
        with self._mutex:
            rows = [to_row(self._last + k, event, text) for k, (event, text) in enumerate(drafts, 1)]
            if rows:
                with self._writing() as connection:
                    connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
                self._last = rows[-1].seq
            return self._last

    def rows(self, after: int = 0, upto: int | None = None, store: str | None = None) -> Iterator[Row]:
        """Yield the rows after a sequence number, in order, unchecked."""
        end = self.last if upto is None else upto
        query = "SELECT * FROM log WHERE seq > ? AND seq <= ? AND (? IS NULL OR store = ?) ORDER BY seq LIMIT ?"
        while after < end:
            limit = min(PAGE, end - after)  # exact, so that SQLite does not look at the next page, which may be torn
            with self._reading() as connection:
                page = connection.execute(query, (after, end, store, store, limit)).fetchall()
            yield from map(Row._make, page)
            if len(page) < limit:
                return
            after = page[-1][0]

    def counts(self) -> Mapping[str, int]:
        """Return the number of events in the log by store."""
        with self._reading() as connection:
            return dict(connection.execute("SELECT store, count(*) FROM log GROUP BY store ORDER BY store").fetchall())

    def save_snapshot(self, store: str, seq: int, state: bytes, keep: int = 2) -> None:
        """Keep the state that a store had after event ``seq``, and of older ones the newest ``keep - 1``."""
        packed, crc = seal(store, seq, state)
        with self._writing() as connection:
            row = (seq, store, packed, crc)
            connection.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)", row)
            _thin(connection, store, keep)

    def snapshots(self) -> list[Snapshot]:
        """Return what snapshots there are, by store and age."""
        query = "SELECT store, seq, length(state) FROM snapshots ORDER BY store, seq"
        with self._reading() as connection:
            return list(map(Snapshot._make, connection.execute(query).fetchall()))

    def load_snapshot(self, store: str, seq: int) -> bytes:
        """Return the state of a store after event ``seq``; CorruptFileError when it is damaged or missing."""
        query = "SELECT state, crc FROM snapshots WHERE store = ? AND seq = ?"
        with self._reading() as connection:
            row = connection.execute(query, (store, seq)).fetchone()
        return unseal(self.name, store, seq, row)

    def compact(self, keep: int = 1, drop_events: bool = False) -> None:
        """Drop all but the newest ``keep`` snapshots of each store, on request also events, and give the space back.

        Events are dropped as far as the replay rule above allows.
        """
        with self._writing() as connection:
            for store in {s.store for s in self.snapshots()}:
                _thin(connection, store, keep)
            if drop_events:
                base = max(self.base, self.replayable_without())
                connection.execute("DELETE FROM log WHERE seq <= ?", (base,))
                connection.execute("UPDATE meta SET value = ? WHERE key = 'base'", (str(base),))
        with self._reading() as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def damage(self) -> list[str]:
        """Return what SQLite finds wrong with the pages of the file; empty when all is well."""
        with self._reading() as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check").fetchall()]
        return [] if found == ["ok"] else found

    def size_bytes(self) -> int:
        """Return the size of the file, without its write-ahead log."""
        return self.path.stat().st_size

    def health(self) -> Mapping[str, str]:
        """Return what keeps the memory."""
        return {"kept by": f"SQLite {sqlite3.sqlite_version}"}

    def close(self) -> None:
        """Close the file and let the next writer in."""
        with self._mutex, named_errors(self.path):
            self._opened.close()

    def _require_access(self, create: bool) -> None:
        if not self.path.exists():
            if self.read_only or not create:
                raise MissingFileError(self.path, "does not exist", "check the path")
            return
        if not self.path.is_file():
            raise NotAMemoryFileError(self.path, "is not a file")
        # Root may write to anything; a file without any write bit is meant to stay as it is even so.
        if not self.read_only and not (os.access(self.path, os.W_OK) and self.path.stat().st_mode & 0o222):
            raise ReadOnlyFileError(self.path)

    def _uri(self) -> str:
        uri = self.path.resolve().as_uri()
        if not self.read_only:
            return f"{uri}?mode=rwc"
        # A reader of a write-ahead log needs to make an index beside it; without a log there is nothing to index.
        settled = not self.path.with_name(self.path.name + "-wal").exists() and not os.access(self.path.parent, os.W_OK)
        return f"{uri}?mode=ro&immutable=1" if settled else f"{uri}?mode=ro"

    def _require_schema(self, robot: str, synchronous: Synchronous) -> None:
        version = version_of(self._connection)
        if version is None or (version == 0 and self.read_only):
            raise NotAMemoryFileError(self.path)
        if version > SCHEMA_VERSION:
            raise SchemaVersionError(self.path, f"has schema version {version}, newest known is {SCHEMA_VERSION}")
        if version < SCHEMA_VERSION and self.read_only:
            cause = f"has schema version {version}, current is {SCHEMA_VERSION}"
            raise SchemaVersionError(self.path, cause, "open it once for writing, which upgrades it")
        if self.read_only:
            return
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if synchronous == 'FULL' else 'NORMAL'}")
        if version < SCHEMA_VERSION:
            with self._writing() as connection:
                migrate(connection, version)
                if version == 0:
                    values = {"robot": robot, "created_ns": str(time.time_ns()), "base": "0"}
                    connection.executemany("INSERT INTO meta VALUES (?, ?)", values.items())

    def _newest(self) -> int:
        with self._reading() as connection:
            (last,) = connection.execute("SELECT max(seq) FROM log").fetchone()
        return self.base if last is None else int(last)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._mutex, named_errors(self.path):
            yield self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self.read_only:
            raise ReadOnlyFileError(self.path, "was opened read-only", "open it for writing")
        with self._mutex, named_errors(self.path), ExitStack() as undo:
            self._connection.execute("BEGIN IMMEDIATE")
            undo.callback(self._roll_back)
            yield self._connection
            self._connection.execute("COMMIT")
            undo.pop_all()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # a full disk has rolled back already
            self._connection.execute("ROLLBACK")


def _thin(connection: sqlite3.Connection, store: str, keep: int) -> None:
    old = "SELECT seq FROM snapshots WHERE store = ? ORDER BY seq DESC LIMIT -1 OFFSET ?"
    connection.execute(f"DELETE FROM snapshots WHERE store = ? AND seq IN ({old})", (store, store, max(1, keep)))  # noqa: S608 (no value in the text)
