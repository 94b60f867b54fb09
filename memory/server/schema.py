"""Tables of a memory server, in the schema ``engram`` of a database, as steps from each version to the next.

The versions are those of the memory file: a step that only one of the two needs is empty for the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engram.memory.errors import NotAMemoryFileError, SchemaVersionError
from engram.memory.migrations import APPLICATION_ID

CREATE = (
    "CREATE SCHEMA IF NOT EXISTS engram",
    "CREATE TABLE engram.version (version integer NOT NULL)",
    "INSERT INTO engram.version VALUES (0)",
    """CREATE TABLE engram.memories (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        robot text NOT NULL UNIQUE,
        created_ns bigint NOT NULL,
        base bigint NOT NULL DEFAULT 0
    )""",
    # Text and not jsonb, for the checksum is of the text.
    """CREATE TABLE engram.log (
        memory integer NOT NULL REFERENCES engram.memories,
        seq bigint NOT NULL,
        store text NOT NULL,
        kind text NOT NULL,
        robot text NOT NULL,
        episode text NOT NULL,
        step bigint NOT NULL,
        stamp_ns bigint NOT NULL,
        data text NOT NULL,
        crc bigint NOT NULL,
        PRIMARY KEY (memory, seq)
    )""",
    """CREATE TABLE engram.snapshots (
        memory integer NOT NULL REFERENCES engram.memories,
        store text NOT NULL,
        seq bigint NOT NULL,
        state bytea NOT NULL,
        crc bigint NOT NULL,
        PRIMARY KEY (memory, store, seq)
    )""",
    "ALTER TABLE engram.snapshots ALTER COLUMN state SET STORAGE EXTERNAL",  # it is compressed already
    # The type becomes that of the extension pgvector as soon as the server has it, see `vectors`.
    """CREATE TABLE engram.item_vectors (
        memory integer NOT NULL REFERENCES engram.memories,
        store text NOT NULL,
        id text NOT NULL,
        dims integer NOT NULL,
        embedding real[] NOT NULL,
        PRIMARY KEY (memory, store, id)
    )""",
)

STEPS: tuple[Sequence[str], ...] = (CREATE,)  # STEPS[v] leads from version v to v + 1


def require_schema(cursor: Any, name: str, change: bool, steps: Sequence[Sequence[str]] = STEPS) -> bool:
    """Bring the tables to the newest version, in the open transaction; return whether there are any.

    Args:
        cursor: of the database.
        name: of the server, for messages.
        change: whether tables may be made and changed.
        steps: that there are.

    Raises:
        SchemaVersionError: the version is newer, or older and may not be changed.
        NotAMemoryFileError: the schema ``engram`` is somebody else's.

    """
    version = _version(cursor, name)
    if change and version < len(steps):
        # Only one process makes tables; no memory has the number 0.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", (APPLICATION_ID,))
        version = _version(cursor, name)
        for step in steps[version:]:
            for statement in step:
                cursor.execute(statement)
        if version < len(steps):
            cursor.execute("UPDATE engram.version SET version = %s", (len(steps),))
        return True
    if version > len(steps):
        raise SchemaVersionError(name, f"has schema version {version}, newest known is {len(steps)}")
    if 0 < version < len(steps):
        cause = f"has schema version {version}, current is {len(steps)}"
        raise SchemaVersionError(name, cause, "open it once for writing, which upgrades it")
    return version > 0


def _version(cursor: Any, name: str) -> int:
    # One statement, for another process may be making the tables.
    query = "SELECT count(*), count(*) FILTER (WHERE tablename = 'version') FROM pg_tables WHERE schemaname = 'engram'"
    tables, ours = cursor.execute(query).fetchone()
    if ours:
        return int(cursor.execute("SELECT version FROM engram.version").fetchone()[0])
    if tables:
        raise NotAMemoryFileError(
            name, "has tables in its schema engram that engram did not make", "name another database"
        )
    return 0
