"""Merge the memories of several robots into a new file.

The logs are interleaved by stamp, each in its own order. Every event keeps its source, so it still says which robot it
is from. An id that two robots gave to things of their own is prefixed in both by the name of the robot (``r1/mug-3``),
wherever it stands in the data of that robot's events, as a value or as a key: stores refer to each other's ids. Only
what is meant to be read stays (`WORDS`): the name of a thing is often the id of another.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from engram.memory.contract import Event
from engram.memory.errors import MergeError
from engram.memory.file import MemoryFile
from engram.memory.log import Log, open_log

_BATCH = 1000
WORDS = frozenset({"kind", "label", "labels", "name", "op", "summary", "text"})  # keys whose values are no ids


def merge(target: str | Path, sources: Sequence[str | Path]) -> int:
    """Write a new file with the events of all sources, files or URLs, and return how many there are.

    Raises MergeError when the target exists, when two sources are of the same robot, and when a source no longer has
    its whole log.
    """
    path = Path(target)
    if path.exists():
        raise MergeError(path, "exists already", "name a new file to merge into")
    with ExitStack() as opened:
        files = [opened.enter_context(open_log(source, read_only=True)) for source in sources]
        _require_mergeable(files)
        shared = _shared(files)
        logs = [_renamed(file, shared) for file in files]
        merged = opened.enter_context(MemoryFile(path, robot="+".join(sorted(f.robot for f in files))))
        batch: list[Event] = []
        for _, _, _, event in heapq.merge(*logs, key=lambda item: item[:3]):
            batch.append(event)
            if len(batch) == _BATCH:
                merged.append(batch)
                batch.clear()
        return merged.append(batch)


def ids_in(data: Any) -> Iterator[str]:
    """Yield the strings under keys ``id`` and ``ids``: what an event names for good."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key in ("id", "ids"):
                yield from (v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str))
            else:
                yield from ids_in(value)
    elif isinstance(data, list):
        for value in data:
            yield from ids_in(value)


def prefixed(data: Any, ids: Set[str], prefix: str) -> Any:
    """Return the data with these ids prefixed."""
    if isinstance(data, str):
        return f"{prefix}/{data}" if data in ids else data
    if isinstance(data, list):
        return [prefixed(value, ids, prefix) for value in data]
    if isinstance(data, dict):
        return {
            prefixed(key, ids, prefix): value if key in WORDS else prefixed(value, ids, prefix)
            for key, value in data.items()
        }
    return data


def _require_mergeable(files: Sequence[Log]) -> None:
    robots = Counter(file.robot for file in files)
    for file in files:
        if robots[file.robot] > 1:
            raise MergeError(file.name, f"is of robot {file.robot!r}, as another file is")
        if file.base > 0:
            raise MergeError(file.name, f"has dropped its events up to {file.base}")


def _shared(files: Sequence[Log]) -> set[str]:
    """Return the ids that more than one log has."""
    counts = Counter(i for file in files for i in {i for _, event in file.events() for i in ids_in(event.data)})
    return {i for i, count in counts.items() if count > 1}


def _renamed(file: Log, ids: Set[str]) -> Iterator[tuple[int, str, int, Event]]:
    """Yield events with what they are sorted by; a clock that was set back does not change their order."""
    newest = 0
    for seq, event in file.events():
        newest = max(newest, event.source.stamp_ns)
        data = prefixed(event.data, ids, file.robot)
        yield newest, file.robot, seq, replace(event, data=data)
