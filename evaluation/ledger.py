"""The files of a run, written so that no moment of being killed loses what was done.

While it goes on, each record is appended and brought to the disk; a last line that was cut short is dropped when the
run is resumed. In the end the records are put into the order of the jobs, in a new file that replaces the old one.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from engram.evaluation.contract import EvaluationError, Job, Record, RunFolder, Timing
from engram.evaluation.worker import DiskFullError, is_full

T = TypeVar("T", Record, Timing)


class FolderError(EvaluationError):
    """Raised for a folder that the run cannot be written into; the message says what to do."""


class Ledger:
    """The files of one run; open it by :func:`opened`."""

    def __init__(self, folder: RunFolder) -> None:
        """Read what is there."""
        self.folder = folder
        self._records = _read(folder.episodes, Record)
        self._timings = _read(folder.timings, Timing)

    def done(self) -> set[str]:
        """Ids of the episodes that have a record."""
        return set(self._records)

    def records(self) -> list[Record]:
        """The records as far as they are there."""
        return list(self._records.values())

    def add(self, record: Record, timing: Timing) -> None:
        """Keep an episode, for good when this returns.

        Raises:
            DiskFullError: there is no space; what was kept before is whole.

        """
        _append(self.folder.timings, _line(timing))  # first: who has a record has a timing
        _append(self.folder.episodes, _line(record))
        self._timings[timing.id] = timing
        self._records[record.id] = record

    def adopt(self, other: RunFolder) -> int:
        """Take the episodes of another run of the same suite that are not here yet; returns how many."""
        records, timings = _read(other.episodes, Record), _read(other.timings, Timing)
        new = [id_ for id_ in records if id_ not in self._records]
        for id_ in new:
            if other.trace(id_).is_file():
                self.folder.trace(id_).parent.mkdir(parents=True, exist_ok=True)
                replace(self.folder.trace(id_), other.trace(id_).read_bytes())
            self.add(records[id_], timings.get(id_, Timing(id_, {})))
        return len(new)

    def settle(self, jobs: Sequence[Job]) -> list[Record]:
        """Put records and timings into the order of the jobs, and return the records."""
        order = [job.id for job in jobs]
        records = [self._records[id_] for id_ in order if id_ in self._records]
        timings = [self._timings[id_] for id_ in order if id_ in self._timings]
        replace(self.folder.episodes, "".join(f"{_line(r)}\n" for r in records).encode())
        replace(self.folder.timings, "".join(f"{_line(t)}\n" for t in timings).encode())
        return records


@contextmanager
def opened(folder: RunFolder, suite: Mapping[str, Any], resume: bool) -> Iterator[Ledger]:
    """Open the folder of a run of a suite; no other run can until it is closed.

    Args:
        folder: made when it is not there.
        suite: content of its ``suite.json``; the key ``began`` may differ between a run and its resumption.
        resume: whether the folder may hold a run of this suite.

    Raises:
        FolderError: another run writes to it, or it holds something else.

    """
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unusable(folder.path, error) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderError(f"another run is writing to {folder.path}; wait for it, or name another --out") from error
        _claim(folder, suite, resume)
        yield Ledger(folder)
    except OSError as error:
        if not is_full(error):
            raise
        raise DiskFullError(str(folder.path)) from error
    finally:
        os.close(lock)


def replace(path: Path, content: bytes) -> None:
    """Write a file so that it is either the old or the new one, whatever happens."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    _sync_folder(path.parent)


def pretty(content: Mapping[str, Any]) -> bytes:
    """JSON for people, with sorted keys."""
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def read_suite(folder: RunFolder) -> dict[str, Any]:
    """Return the content of ``suite.json``; FolderError when it cannot be read."""
    try:
        content = json.loads(folder.suite.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise FolderError(f"{folder.path} holds no run: {folder.suite.name} cannot be read ({error})") from error
    if not isinstance(content, dict):
        raise FolderError(f"{folder.suite} must be an object")
    return content


def difference(there: Mapping[str, Any], here: Mapping[str, Any], prefix: str = "") -> str:
    """Say what differs between two suites; empty when nothing does."""
    for key in sorted({*there, *here} - ({"began"} if not prefix else set())):
        a, b = there.get(key), here.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            inner = difference(a, b, f"{prefix}{key}.")
            if inner:
                return inner
        elif a != b:
            return f"{prefix}{key} is {_brief(a)} there and {_brief(b)} here"
    return ""


def _claim(folder: RunFolder, suite: Mapping[str, Any], resume: bool) -> None:
    """See that the folder is this suite's, or free and now is."""
    if not any(p.name not in (".lock", f".{folder.suite.name}.part") for p in folder.path.iterdir()):
        replace(folder.suite, pretty(suite))
        return
    if not resume:
        raise FolderError(f"{folder.path} is not empty; go on with --resume, or name another --out")
    other = difference(read_suite(folder), suite)
    if other:
        raise FolderError(f"{folder.path} holds a run of another suite: {other}")


def _line(kept: Record | Timing) -> str:
    return json.dumps(asdict(kept), sort_keys=True)


def _read(path: Path, kind: type[T]) -> dict[str, T]:
    """Read lines by id, the last of each, and drop a last line that was cut short."""
    if not path.exists():
        return {}
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)
    found: dict[str, T] = {}
    for number, line in enumerate(data[:whole].splitlines(), 1):
        try:
            content = json.loads(line)
            found[content["id"]] = kind(**content)
        except (ValueError, KeyError, TypeError) as error:
            raise FolderError(f"{path}:{number}: is no record ({error}); take the line out and use --resume") from error
    return found


def _append(path: Path, line: str) -> None:
    with path.open("ab") as file:
        size = file.tell()
        try:
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                os.truncate(path, size)
            raise


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _brief(value: Any) -> str:
    text = "missing" if value is None else json.dumps(value)
    return text if len(text) < 60 else f"{text[:28]} ... {text[-28:]}"


def _unusable(path: Path, error: OSError) -> Exception:
    return DiskFullError(str(path)) if is_full(error) else FolderError(f"{path}: {error.strerror}")
