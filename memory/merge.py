"""Merge the memories of several robots into a new file.

The logs are interleaved by stamp, each in its own order. Every event keeps its source, so it still says which robot it
is from. An id that two robots gave to things of their own is prefixed in both by the name of the robot (``r1/mug-3``),
wherever it stands in the data of that robot's events, as a value or as a key: stores refer to each other's ids. Only
what is meant to be read stays (`WORDS`): the name of a thing is often the id of another.

Tasks and the floor are called by what they are, and are the same for all robots. Rooms are called by their type, and
"Kitchen" means one kitchen only within one map. So the rooms of robots become one where their maps share a frame;
otherwise each robot keeps rooms of its own. Things that such robots have seen at one place become one, too (`unite`);
every sight of one keeps its source, so it still says who saw it. That maps share a frame is not guessed: the caller
says so, having found one robot's scans in the other's map (`mapping.relocalise`), or since both were given the same
map.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from engram.memory.contract import Event
from engram.memory.errors import MergeError
from engram.memory.file import MemoryFile
from engram.memory.graph.model import FLOOR, NodeKind
from engram.memory.log import Log, open_log

_BATCH = 1000
WORDS = frozenset({"kind", "label", "labels", "name", "op", "summary", "text"})  # keys whose values are no ids


_TYPED = frozenset({NodeKind.ROOM.value, NodeKind.PLACE.value})
Frames = Mapping[str, tuple[float, float, float]]


def merge(target: str | Path, sources: Sequence[str | Path], frames: Frames | None = None) -> int:
    """Write a new file with the events of all sources, files or URLs, and return how many there are.

    Args:
        target: the new file.
        sources: what to merge, each of another robot.
        frames: by name of a robot, map_T_other: where the origin of its map lies in the map of the merged memory, as
            x and y in metres and yaw in radians; (0, 0, 0) for the robot whose map that is. What these robots know is
            moved there, their rooms of one type become one, and so do things that stand at one place. Robots that are
            not named stay in maps of their own.

    Raises:
        MergeError: the target exists, two sources are of the same robot, a source no longer has its whole log, or
            ``frames`` names a robot that no source is of.

    """
    path = Path(target)
    if path.exists():
        raise MergeError(path, "exists already", "name a new file to merge into")
    with ExitStack() as opened:
        files = [opened.enter_context(open_log(source, read_only=True)) for source in sources]
        _require_mergeable(files, frames or {})
        shared, typed = _shared(files)
        names = {f.robot: _prefixes(shared - typed if f.robot in (frames or {}) else shared, f.robot) for f in files}
        for robot, same in _united(files, frames or {}).items():
            names[robot] |= {id_: names[first].get(other, other) for id_, (first, other) in same.items()}
        logs = [_told(file, names[file.robot], frames) for file in files]
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


def renamed(data: Any, names: Mapping[str, str]) -> Any:
    """Return the data with new names for ids; those that are not among them stay."""
    if isinstance(data, str):
        return names.get(data, data)
    if isinstance(data, list):
        return [renamed(value, names) for value in data]
    if isinstance(data, dict):
        return {names.get(key, key): value if key in WORDS else renamed(value, names) for key, value in data.items()}
    return data


def _prefixes(ids: Set[str], robot: str) -> dict[str, str]:
    return {id_: f"{robot}/{id_}" for id_ in ids}


def _united(files: Sequence[Log], frames: Frames) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Return which things of robots in one frame are things of an earlier one."""
    from engram.memory.objects import ObjectStore
    from engram.memory.unite import same_things

    maps: list[tuple[str, ObjectStore]] = []
    for file in files:
        if file.robot in frames:
            move, store = _mover(file.robot, frames), ObjectStore()
            for _, event in file.events():
                if event.store == store.name:
                    store.apply(move(event))
            maps.append((file.robot, store))
    return same_things(maps)


def _require_mergeable(files: Sequence[Log], frames: Frames) -> None:
    robots = Counter(file.robot for file in files)
    for robot in frames:
        if robot not in robots:
            raise MergeError(robot, f"has a frame, but the files are of {', '.join(sorted(robots))}")
    for file in files:
        if robots[file.robot] > 1:
            raise MergeError(file.name, f"is of robot {file.robot!r}, as another file is")
        if file.base > 0:
            raise MergeError(file.name, f"has dropped its events up to {file.base}")


def _shared(files: Sequence[Log]) -> tuple[set[str], set[str]]:
    """Return the ids that more than one log has of its own, and those of them that name a type of room or place."""
    counts: Counter[str] = Counter()
    typed, tasks, others = {FLOOR}, {FLOOR}, set[str]()
    for file in files:
        mine: set[str] = set()
        for _, event in file.events():
            found = set(ids_in(event.data))
            kinds = _kinds(event)
            typed.update(i for i, kind in kinds.items() if kind in _TYPED)
            tasks.update(i for i, kind in kinds.items() if kind == NodeKind.TASK.value)
            others |= found - kinds.keys()
            mine |= found
        counts.update(mine)
    return {i for i, count in counts.items() if count > 1} - (tasks - others), typed - others


def _kinds(event: Event) -> dict[str, str]:
    """Return the kinds of the nodes that an event brings to the knowledge graph, by id."""
    changes = event.data.get("changes", ()) if event.store == "graph" else ()
    return {change["id"]: change["kind"] for change in changes if change.get("op") == "node"}


def _told(file: Log, names: Mapping[str, str], frames: Frames | None) -> Iterator[tuple[int, str, int, Event]]:
    """Yield events with what they are sorted by; a clock that was set back does not change their order."""
    newest = 0
    move = _mover(file.robot, frames or {})
    for seq, event in file.events():
        newest = max(newest, event.source.stamp_ns)
        event = move(event)
        yield newest, file.robot, seq, replace(event, data=renamed(event.data, names))


def _mover(robot: str, frames: Frames) -> Callable[[Event], Event]:
    pose = frames.get(robot, (0.0, 0.0, 0.0))
    if not any(pose):
        return lambda event: event
    from engram.memory.frames import moved

    return lambda event: moved(event, pose)
