"""A connection to a memory server: deadlines on everything, and made anew when it was lost."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from engram.memory.errors import ServerTimeoutError, ServerUnreachableError
from engram.memory.server.address import Address
from engram.memory.server.driver import driver, server_errors

_GRACE_SECS = 1.0  # the server's own deadline comes first: it leaves the connection in order
T = TypeVar("T")


@dataclass(frozen=True)
class Deadlines:
    """How long to wait for the server."""

    connect_secs: int = 5
    """For a connection, unless the URL gives a ``connect_timeout``; 2 at least."""
    statement_secs: float = 5.0
    """For a write, or one page of a read."""
    bulk_secs: float = 60.0
    """For a snapshot, or to compact."""
    lock_secs: float = 1.0
    """For the lock of the writer: a server needs a moment to notice that the last writer was killed."""


class Session:
    """One connection, used by one thread at a time.

    ``on_connect`` is called with a cursor, in one transaction, whenever a connection was made.
    """

    def __init__(
        self, address: Address, deadlines: Deadlines, settings: dict[str, str], on_connect: Callable[[Any], None]
    ) -> None:
        """Connect; raises the errors of `driver.server_errors`, and those of ``on_connect``."""
        self.address = address
        self.deadlines = deadlines
        self._on_connect = on_connect
        self._parameters = self._complete(settings)
        self._mutex = threading.RLock()
        self._closed = False
        self._connection: Any = None
        self._connect_if_lost()

    def run(self, work: Callable[[Any], T], bulk: bool = False) -> T:
        """Return what ``work`` returns for a cursor; it must bear being called again when the connection is lost.

        Each statement is a transaction of its own, and has ``statement_secs``; with ``bulk`` all are one transaction
        that has ``bulk_secs``.
        """
        with self._mutex:
            fresh = self._connect_if_lost()
            try:
                return self._attempt(work, bulk)
            except ServerUnreachableError:
                if fresh:
                    raise
            self._connect_if_lost()
            return self._attempt(work, bulk)

    def close(self) -> None:
        """Close the connection, which also gives up its locks."""
        with self._mutex:
            self._closed = True
            if self._connection is not None:
                self._connection.close()

    def _attempt(self, work: Callable[[Any], T], bulk: bool) -> T:
        secs = self.deadlines.bulk_secs if bulk else self.deadlines.statement_secs
        with ExitStack() as stack:
            stack.enter_context(self._deadline(secs))
            if bulk:
                stack.enter_context(self._connection.transaction())
            cursor = stack.enter_context(self._connection.cursor())
            return work(_with_timeout(cursor, secs) if bulk else cursor)

    def _connect_if_lost(self) -> bool:
        """Return whether there is a new connection."""
        if self._closed:
            raise ServerUnreachableError(self.address.name, "was closed", "open it again")
        if self._connection is not None and not self._connection.closed:
            return False
        psycopg = driver(self.address.name)
        with server_errors(self.address.name, self.address.masked):
            self._connection = psycopg.connect(**self._parameters, autocommit=True)
        with ExitStack() as on_error:
            on_error.callback(self._connection.close)
            secs = self.deadlines.statement_secs + self.deadlines.lock_secs
            with self._deadline(secs), self._connection.transaction():
                self._on_connect(_with_timeout(self._connection.cursor(), secs))
            on_error.pop_all()
        return True

    def _complete(self, settings: dict[str, str]) -> dict[str, Any]:
        d = self.deadlines
        all_settings = {
            "statement_timeout": _milliseconds(d.statement_secs),
            "lock_timeout": _milliseconds(d.lock_secs),
            "idle_in_transaction_session_timeout": _milliseconds(d.bulk_secs),
            # So that the server notices soon when a robot is gone, and lets another process of it in.
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            **settings,
        }
        given = self.address.parameters
        options = " ".join([f"-c {key}={value}" for key, value in all_settings.items()])
        return {
            "connect_timeout": max(2, d.connect_secs),
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": _milliseconds(d.statement_secs + _GRACE_SECS),
            "application_name": f"engram {socket.gethostname()[:40]}:{os.getpid()}",
            "client_encoding": "utf8",
            **given,
            "options": f"{options} {given.get('options', '')}".strip(),
        }

    @contextmanager
    def _deadline(self, secs: float) -> Iterator[None]:
        """Cut the connection when the server does not keep its own deadline: it may hang, or be gone."""
        cut = threading.Event()
        with server_errors(self.address.name, self.address.masked):
            descriptor = os.dup(self._connection.fileno())
        with socket.socket(fileno=descriptor) as line, ExitStack() as stack:
            timer = threading.Timer(secs + _GRACE_SECS, _cut, (line, cut))
            timer.daemon = True
            timer.start()
            stack.callback(timer.cancel)
            try:
                with server_errors(self.address.name, self.address.masked):
                    yield
            except ServerUnreachableError as error:
                if not cut.is_set():
                    raise
                cause = f"{ServerTimeoutError.cause} ({secs + _GRACE_SECS:g} s)"
                raise ServerTimeoutError(self.address.name, cause) from error


def _cut(line: socket.socket, cut: threading.Event) -> None:
    cut.set()
    with suppress(OSError):  # the other side has closed it
        line.shutdown(socket.SHUT_RDWR)


def _with_timeout(cursor: Any, secs: float) -> Any:
    """Give each statement of the open transaction so long."""
    cursor.execute("SELECT set_config('statement_timeout', %s, true)", (_milliseconds(secs),))
    return cursor


def _milliseconds(secs: float) -> str:
    return str(max(1, round(1000 * secs)))
