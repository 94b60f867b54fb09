"""What can go wrong with a memory file or server: one class per kind of failure, each with its remedy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engram.memory.contract import HippocampusError


class MemoryFileError(HippocampusError):
    """Raised when a memory cannot be used; ``path`` (or URL), ``cause`` and ``remedy`` are attributes too."""

    cause = "the memory file cannot be used"
    remedy = "check the disk and the permissions of the file"

    def __init__(self, path: str | Path, cause: str = "", remedy: str = "") -> None:
        self.path = path
        self.cause = cause or type(self).cause
        self.remedy = remedy or type(self).remedy
        super().__init__(f"{self.path}: {self.cause}; {self.remedy}")


class MissingFileError(MemoryFileError):
    """Raised when the file, or the folder it should be made in, is not there or may not be entered."""

    cause = "cannot be opened"
    remedy = "check the path, and that its folder exists and may be written to"


class NotAMemoryFileError(MemoryFileError):
    """Raised for a file that engram did not write."""

    cause = "is not a memory file"
    remedy = "name a file that engram has written, or a new one"


class SchemaVersionError(MemoryFileError):
    """Raised when the file has a schema version that this engram does not read."""

    cause = "has an unknown schema version"
    remedy = "upgrade engram"


class TwoWritersError(MemoryFileError):
    """Raised when another process, or another object of this one, has the file open for writing."""

    cause = "is open for writing elsewhere"
    remedy = "close the other writer, or open the file read-only"


class ReadOnlyFileError(MemoryFileError):
    """Raised on writing to a file that may only be read."""

    cause = "may not be written to"
    remedy = "open it read-only, or give yourself write permission (chmod u+w)"


class DiskFullError(MemoryFileError):
    """Raised when a write found no room; what was acknowledged before is kept, the failed write is not."""

    cause = "there is no room left for it on the disk"
    remedy = "free space (or `engram memory compact`) and write again: nothing that was acknowledged is lost"


class CorruptFileError(MemoryFileError):
    """Raised when a page, a row or a snapshot is not what was written."""

    cause = "is damaged"
    remedy = "`engram memory check` lists the damage, `engram memory export` saves what can still be read"


class MergeError(MemoryFileError):
    """Raised when memories cannot be merged."""

    cause = "cannot be merged"
    remedy = "merge files of different robots that still hold their whole log"


class MissingDriverError(MemoryFileError):
    """Raised when the library that talks to the server is not installed."""

    cause = "psycopg, which talks to PostgreSQL, cannot be imported"
    remedy = "pip install 'engram[fleet]'"


class ServerUnreachableError(MemoryFileError):
    """Raised when the server does not answer, or the connection was lost and could not be made again."""

    cause = "the server cannot be reached"
    remedy = "check the URL and the network, and that the server runs; what was acknowledged is kept"


class LoginError(MemoryFileError):
    """Raised when the server does not let this user in."""

    cause = "the server refused the login"
    remedy = "check user and password, in the URL or in PGUSER and PGPASSWORD"


class ServerTimeoutError(MemoryFileError):
    """Raised when the server did not answer within the deadline; nothing is acknowledged then."""

    cause = "the server did not answer in time"
    remedy = "check its load and the network, and try again"


_KINDS: tuple[tuple[str, type[MemoryFileError]], ...] = (
    ("disk is full", DiskFullError),
    ("readonly database", ReadOnlyFileError),
    ("malformed", CorruptFileError),
    ("not a database", NotAMemoryFileError),
    ("unable to open", MissingFileError),
    ("locked", TwoWritersError),
)


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Raise errors of SQLite by their names here.

    The kinds are told by SQLite's fixed messages, since Python 3.10 does not pass its error codes on.
    """
    try:
        yield
    except sqlite3.Error as error:
        text = str(error).lower()
        kind = next((k for words, k in _KINDS if words in text), MemoryFileError)
        raise kind(path, f"{kind.cause} ({error})") from error
