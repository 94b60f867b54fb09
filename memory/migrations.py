"""Schema of the memory file, as steps from each version to the next.

The version is SQLite's ``user_version``, and ``application_id`` tells a memory file from other databases. A new file is
an empty one (version 0) that went through all steps; all steps of an upgrade are one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

APPLICATION_ID = 0x454E4752  # "ENGR"

CREATE = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE log (
        seq INTEGER PRIMARY KEY,
        store TEXT NOT NULL,
        kind TEXT NOT NULL,
        robot TEXT NOT NULL,
        episode TEXT NOT NULL,
        step INTEGER NOT NULL,
        stamp_ns INTEGER NOT NULL,
        data TEXT NOT NULL,
        crc INTEGER NOT NULL
    )""",
    """CREATE TABLE snapshots (
        seq INTEGER NOT NULL,
        store TEXT NOT NULL,
        state BLOB NOT NULL,
        crc INTEGER NOT NULL,
        PRIMARY KEY (store, seq)
    )""",
)

STEPS: tuple[Sequence[str], ...] = (CREATE,)  # STEPS[v] leads from version v to v + 1


def version_of(connection: sqlite3.Connection) -> int | None:
    """Return the schema version; 0 for an empty database, None for one that is not a memory file."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == APPLICATION_ID:
        return int(version)
    return 0 if tables == 0 and version == 0 else None


def migrate(connection: sqlite3.Connection, version: int, steps: Sequence[Sequence[str]] = STEPS) -> None:
    """Take the open transaction's database from ``version`` to the newest."""
    for step in steps[version:]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(steps)}")
