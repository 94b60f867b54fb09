"""psycopg, which is imported only when a server is named, and the names of its errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from engram.memory.errors import (
    CorruptFileError,
    DiskFullError,
    LoginError,
    MemoryFileError,
    MissingDriverError,
    MissingFileError,
    ReadOnlyFileError,
    ServerTimeoutError,
    ServerUnreachableError,
    TwoWritersError,
)

# By the first characters of SQLSTATE; the remedy where that of a file does not fit.
_STATES: tuple[tuple[str, type[MemoryFileError], str], ...] = (
    ("08", ServerUnreachableError, ""),
    ("23505", TwoWritersError, ""),
    ("25006", ReadOnlyFileError, "connect to the primary server, or open it read-only"),
    ("28", LoginError, ""),
    ("3D000", MissingFileError, "create the database, or name another"),
    ("42501", ReadOnlyFileError, "let the owner grant CREATE on the database, or the tables in schema engram"),
    ("53100", DiskFullError, "free space on the server and write again: nothing that was acknowledged is lost"),
    ("53", ServerUnreachableError, "free connections or memory of the server, and try again"),
    ("55P03", ServerTimeoutError, ""),
    ("57014", ServerTimeoutError, ""),
    ("57P", ServerUnreachableError, ""),
    ("XX001", CorruptFileError, "restore the database from its backup"),
    ("XX002", CorruptFileError, "REINDEX the database, or restore it from its backup"),
)
# libpq gives no SQLSTATE for what fails while connecting.
_WORDS: tuple[tuple[str, type[MemoryFileError], str], ...] = (
    ("password", LoginError, ""),
    ("authentication", LoginError, ""),
    ("does not exist", MissingFileError, "create it, or name another"),
)


def driver(name: str) -> Any:
    """Return the module psycopg; MissingDriverError when it is not installed."""
    try:
        return import_module("psycopg")
    except ImportError as error:
        raise MissingDriverError(name, f"{MissingDriverError.cause} ({error})") from error


@contextmanager
def server_errors(name: str, masked: Callable[[str], str]) -> Iterator[None]:
    """Raise errors of psycopg by their names in `errors`, without what is secret."""
    psycopg = driver(name)
    try:
        yield
    except psycopg.Error as error:
        text = " ".join(str(error).split())
        kind, remedy = _kind(psycopg, error)
        shown = masked(text)
        raise kind(name, f"{kind.cause} ({shown})", remedy) from (error if shown == text else None)


def _kind(psycopg: Any, error: Any) -> tuple[type[MemoryFileError], str]:
    if error.sqlstate is not None:
        found = (row for row in _STATES if error.sqlstate.startswith(row[0]))
        return next(((kind, remedy) for _, kind, remedy in found), (MemoryFileError, "see the log of the server"))
    if not isinstance(error, psycopg.OperationalError):
        return MemoryFileError, "see the log of the server"
    text = str(error).lower()
    return next(((k, remedy) for words, k, remedy in _WORDS if words in text), (ServerUnreachableError, ""))
