"""The log of one robot's memory in a PostgreSQL database that a fleet shares.

A write is one statement, so that it is there whole or not at all. An advisory lock of the connection keeps a second
writer of the same robot out; the server drops it when the process ends, however it ends. When the connection is lost,
it is made anew and the lock is taken again; a write that was on its way then is looked for, and undone before it is
tried once more, so that nothing is there twice. A pooler between robot and server must pool sessions, not transactions.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engram.memory.errors import CorruptFileError, MissingFileError, ReadOnlyFileError, TwoWritersError
from engram.memory.log import PAGE, Log, Snapshot, Synchronous, seal, unseal
from engram.memory.migrations import APPLICATION_ID
from engram.memory.records import Draft, Row, to_row
from engram.memory.server import fleet
from engram.memory.server.address import parse
from engram.memory.server.driver import driver
from engram.memory.server.schema import require_schema
from engram.memory.server.session import Deadlines, Session
from engram.memory.server.vectors import pgvector_version

_ROWS = "seq, store, kind, robot, episode, step, stamp_ns, data, crc"
_APPEND = """INSERT INTO engram.log SELECT %s, * FROM unnest(
    %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[])
"""
_PAGE = f"""SELECT {_ROWS} FROM engram.log WHERE memory = %s AND seq > %s AND seq <= %s
    AND (%s::text IS NULL OR store = %s) ORDER BY seq LIMIT %s"""  # noqa: S608 (no value in the text)
_HOLDER = """SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND granted"""
_SAVE = """INSERT INTO engram.snapshots (memory, store, seq, state, crc) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (memory, store, seq) DO UPDATE SET state = excluded.state, crc = excluded.crc"""
_THIN = """DELETE FROM engram.snapshots WHERE memory = %s AND store = %s AND seq IN (
    SELECT seq FROM engram.snapshots WHERE memory = %s AND store = %s ORDER BY seq DESC OFFSET %s)"""
_SIZE = """SELECT (SELECT coalesce(sum(pg_column_size(l.*)), 0) FROM engram.log l WHERE memory = %s)
    + (SELECT coalesce(sum(pg_column_size(state)), 0) FROM engram.snapshots WHERE memory = %s)"""


class PostgresLog(Log):
    """An open memory on a server; its methods may be called from any thread, and a with block closes it."""

    def __init__(
        self,
        url: str,
        *,
        robot: str = "robot",
        create: bool = True,
        read_only: bool = False,
        synchronous: Synchronous = "NORMAL",
        deadlines: Deadlines | None = None,
    ) -> None:
        """Open the memory of a robot, or make it; older tables are brought to the present schema.

        ``?robot=NAME`` in the URL goes before ``robot``. ``synchronous="FULL"`` makes a write wait for the server's
        disk even where the server is set not to.

        Raises:
            HippocampusError: the URL cannot be read.
            MissingDriverError, ServerUnreachableError, LoginError, ServerTimeoutError: as named.
            MissingFileError: there is no such database, or no such robot and ``create`` is not set.
            NotAMemoryFileError, SchemaVersionError: the tables are not ours, or of another version.
            TwoWritersError: the robot's memory is open for writing elsewhere.
            ReadOnlyFileError: it may not be written to, and ``read_only`` is not set.
        """
        address = parse(url)
        self.name = address.name
        self.robot = address.robot or robot
        self.read_only = read_only
        self._create = create and not read_only
        self._memory: int | None = None
        self._last = 0
        self._doubtful: Sequence[Row] = ()  # sent, but not acknowledged
        settings = {"default_transaction_read_only": "on" if read_only else "off"}
        if synchronous == "FULL":
            settings["synchronous_commit"] = "on"
        self.session = Session(address, deadlines or Deadlines(), settings, self._take_up)

    @property
    def memory(self) -> int:
        """Number of the robot's memory in the database."""
        if self._memory is None:
            raise MissingFileError(self.name, "is not open", "open it again")
        return self._memory

    @property
    def last(self) -> int:
        """Sequence number of the newest event; ``base`` when there is none."""
        return self.session.run(self._newest) if self.read_only else self._last

    @property
    def base(self) -> int:
        """Sequence number up to which events were dropped; 0 when all are there."""
        return int(self.meta("base"))

    def meta(self, key: str) -> str:
        """Return a value about the memory: robot, created_ns or base."""
        rows = self._read("SELECT robot, created_ns, base FROM engram.memories WHERE id = %s", self.memory)
        found = dict(zip(("robot", "created_ns", "base"), rows[0], strict=True)) if rows else {}
        if key not in found:
            raise CorruptFileError(self.name, f"has no {key!r} of robot {self.robot!r}", "restore it from a backup")
        return str(found[key])

    def commit(self, drafts: Sequence[Draft]) -> int:
        """Add events that are encoded already; otherwise as ``append``."""
        self._require_writable()
        return self.session.run(lambda cursor: self._commit(cursor, drafts))

    def rows(self, after: int = 0, upto: int | None = None, store: str | None = None) -> Iterator[Row]:
        """Yield the rows after a sequence number, in order, unchecked."""
        end = self.last if upto is None else upto
        while after < end:
            page = self._read(_PAGE, self.memory, after, end, store, store, PAGE)
            yield from map(Row._make, page)
            if len(page) < PAGE:
                return
            after = page[-1][0]

    def counts(self) -> Mapping[str, int]:
        """Return the number of events in the log by store."""
        query = "SELECT store, count(*) FROM engram.log WHERE memory = %s GROUP BY store"
        return dict(sorted(self._read(query, self.memory)))

    def save_snapshot(self, store: str, seq: int, state: bytes, keep: int = 2) -> None:
        """Keep the state that a store had after event ``seq``, and of older ones the newest ``keep - 1``.

        The vectors of its notes, if it is of notes, are then there for the fleet to search.
        """
        self._require_writable()
        packed, crc = seal(store, seq, state)

        def save(cursor: Any) -> None:
            cursor.execute(_SAVE, (self.memory, store, seq, packed, crc))
            self._thin(cursor, store, keep)

        self.session.run(save, bulk=True)
        if store in fleet.STORES:
            fleet.publish(self, store, state)

    def snapshots(self) -> list[Snapshot]:
        """Return what snapshots there are, by store and age."""
        query = "SELECT store, seq, length(state) FROM engram.snapshots WHERE memory = %s"
        return sorted(map(Snapshot._make, self._read(query, self.memory)))

    def load_snapshot(self, store: str, seq: int) -> bytes:
        """Return the state of a store after event ``seq``; CorruptFileError when it is damaged or missing."""
        query = "SELECT state, crc FROM engram.snapshots WHERE memory = %s AND store = %s AND seq = %s"
        rows = self._read(query, self.memory, store, seq, bulk=True)
        return unseal(self.name, store, seq, rows[0] if rows else None)

    def compact(self, keep: int = 1, drop_events: bool = False) -> None:
        """Drop all but the newest ``keep`` snapshots of each store, on request also events.

        The server gives the space back by itself (autovacuum).
        """
        self._require_writable()
        stores = sorted({s.store for s in self.snapshots()})

        def drop(cursor: Any) -> None:
            for store in stores:
                self._thin(cursor, store, keep)

        self.session.run(drop, bulk=True)
        if drop_events:
            base = max(self.base, self.replayable_without())
            self.session.run(lambda cursor: self._drop_events(cursor, base), bulk=True)

    def damage(self) -> list[str]:
        """Return nothing: pages are the server's to check (data checksums, pg_amcheck)."""
        return []

    def size_bytes(self) -> int:
        """Return how much room events and snapshots take in their tables; reads them all."""
        return int(self._read(_SIZE, self.memory, self.memory, bulk=True)[0][0])

    def health(self) -> Mapping[str, str]:
        """Return what keeps the memory, and how it searches vectors."""
        version = self._read("SHOW server_version")[0][0]
        return {"kept by": f"PostgreSQL {version}", "vectors": self.session.run(pgvector_version).detail}

    def close(self) -> None:
        """Close the connection and let the next writer in."""
        self.session.close()

    def _require_writable(self) -> None:
        if self.read_only:
            raise ReadOnlyFileError(self.name, "was opened read-only", "open it for writing")

    def _read(self, query: str, *values: Any, bulk: bool = False) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.session.run(lambda cursor: cursor.execute(query, values).fetchall(), bulk)
        return rows

    def _commit(self, cursor: Any, drafts: Sequence[Draft]) -> int:
        rows = [to_row(self._last + k, event, text) for k, (event, text) in enumerate(drafts, 1)]
        if rows:
            self._doubtful = rows
            cursor.execute(_APPEND, (self.memory, *map(list, zip(*rows, strict=True))))
            self._doubtful = ()
            self._last = rows[-1].seq
        return self._last

    def _thin(self, cursor: Any, store: str, keep: int) -> None:
        cursor.execute(_THIN, (self.memory, store, self.memory, store, max(1, keep)))

    def _drop_events(self, cursor: Any, base: int) -> None:
        cursor.execute("DELETE FROM engram.log WHERE memory = %s AND seq <= %s", (self.memory, base))
        cursor.execute("UPDATE engram.memories SET base = %s WHERE id = %s", (base, self.memory))

    # -- on a new connection

    def _take_up(self, cursor: Any) -> None:
        known = require_schema(cursor, self.name, self._create)
        opening = self._memory is None
        self._memory = self._find(cursor, known)
        if self.read_only:
            return
        self._lock(cursor)
        newest = self._newest(cursor)
        if opening:
            self._last = newest
        elif newest != self._last:
            self._undo_doubtful(cursor)

    def _find(self, cursor: Any, known: bool) -> int:
        query = "SELECT id FROM engram.memories WHERE robot = %s"
        row = cursor.execute(query, (self.robot,)).fetchone() if known else None
        if row is None and self._create:
            # Another process may be making it at this moment.
            make = "INSERT INTO engram.memories (robot, created_ns) VALUES (%s, %s) ON CONFLICT (robot) DO NOTHING"
            cursor.execute(make, (self.robot, time.time_ns()))
            row = cursor.execute(query, (self.robot,)).fetchone()
        if row is None:
            there = cursor.execute("SELECT robot FROM engram.memories ORDER BY robot").fetchall() if known else []
            names = ", ".join(r[0] for r in there[:10]) or "none"
            raise MissingFileError(
                self.name, f"has no memory of robot {self.robot!r}", f"add ?robot=NAME to the URL; there are: {names}"
            )
        return int(row[0])

    def _lock(self, cursor: Any) -> None:
        key = (APPLICATION_ID, self.memory)
        try:
            with cursor.connection.transaction():
                cursor.execute("SELECT pg_advisory_lock(%s, %s)", key)
        except _lock_not_available(self.name) as error:
            row = cursor.execute(_HOLDER, key).fetchone()
            cause = f"memory of robot {self.robot!r} {TwoWritersError.cause} (by {row[0] if row else 'unknown'})"
            raise TwoWritersError(self.name, cause) from error

    def _newest(self, cursor: Any) -> int:
        query = """SELECT coalesce((SELECT max(seq) FROM engram.log WHERE memory = m.id), base)
            FROM engram.memories m WHERE id = %s"""
        row = cursor.execute(query, (self.memory,)).fetchone()
        if row is None:
            raise CorruptFileError(self.name, f"has lost robot {self.robot!r}", "restore it from a backup")
        return int(row[0])

    def _undo_doubtful(self, cursor: Any) -> None:
        """Take out a write that was never acknowledged; somebody else's must stay."""
        query = f"SELECT {_ROWS} FROM engram.log WHERE memory = %s AND seq > %s ORDER BY seq"  # noqa: S608 (no value)
        found = [Row._make(row) for row in cursor.execute(query, (self.memory, self._last)).fetchall()]
        if not found or found != list(self._doubtful):
            raise TwoWritersError(self.name, "was written to by another since the connection was lost", "open it again")
        cursor.execute("DELETE FROM engram.log WHERE memory = %s AND seq > %s", (self.memory, self._last))
        self._doubtful = ()


def _lock_not_available(name: str) -> type[Exception]:
    kind: type[Exception] = driver(name).errors.LockNotAvailable
    return kind
