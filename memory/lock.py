"""The lock that keeps a second writer out of a memory file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from engram.memory.errors import MissingFileError, TwoWritersError


class WriterLock:
    """An advisory lock on ``FILE.lock`` beside the memory file, taken on creation.

    The system drops it when the process ends, however it ends. It is not on the memory file itself, for closing a
    second descriptor of a file drops the locks that SQLite holds on it. The lock file stays: removing it would race.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock; TwoWritersError when it is taken, MissingFileError when the folder cannot be written to."""
        self.path = path.with_name(path.name + ".lock")
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise MissingFileError(path, f"its lock cannot be made ({error.strerror})") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 32, 0).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise TwoWritersError(path, f"{TwoWritersError.cause} (process {holder or 'unknown'})") from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next writer in."""
        os.close(self._descriptor)

    def __enter__(self) -> WriterLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
