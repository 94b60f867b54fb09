"""The memory contract: what the stores of the hippocampus share with each other, the file and the facade.

Every store is a state machine over *events*. Writing a step works in two halves: a store looks at the percepts and the
present state and *proposes* events; the facade commits the proposals of all stores to the log of the memory file in
one transaction, and only then applies them. An event is plain JSON data, applying it is deterministic, and so replaying
a log gives the same memory again, to the byte of its snapshots.

Convention
    Times are ``stamp_ns``, nanoseconds of the robot's clock. Positions are (x, y, z) metres in the ``map`` frame.
    Ids of items, nodes and edges are strings that are unique in a memory file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

SCHEMA_VERSION = 1
Json = Mapping[str, Any]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Source:
    """Where a memory comes from: provenance that every long-term item and every edge carries."""

    robot: str
    episode: str
    step: int
    stamp_ns: int


@dataclass(frozen=True)
class Event:
    """One change of one store. ``data`` holds strings, numbers, booleans, None, lists and dicts only."""

    store: str  # name of the store that applies it
    kind: str
    source: Source
    data: Json


@dataclass(frozen=True, eq=False)
class Percepts:
    """What the thalamus hands over after a step; everything is optional but the source.

    Keys of ``action``: ``verb``; ``target``, label or instance id of what it was aimed at; ``outcome``, "ok" or why it
    failed; ``held``, label of what was put down; ``position_m``, the image point that it was aimed at, lifted to
    (x, y, z) in the map frame, which tells namesakes apart.
    """

    source: Source
    summary: str = ""  # one sentence: what was done and what came of it
    things: Sequence[Seen] = ()
    relations: Sequence[tuple[str, str, str]] = ()  # (subject, relation, object), by name or instance id
    points: NDArray[np.float32] | None = None  # (N, 3) map frame, of the depth image
    camera_m: Point | None = None  # optical centre, map frame
    base: tuple[float, float, float] | None = None  # x, y, yaw of the robot in map
    room: str = ""  # type of the room, as believed
    action: Json = field(default_factory=dict)  # the last action; keys below
    outcome: str = ""  # set when a task ended: "success", or the failure cause
    task: str = ""


@dataclass(frozen=True)
class Seen:
    """One thing in view."""

    label: str
    score: float  # belief in the label, in [0, 1]
    centre_m: Point
    extent_m: Point
    support: str = ""  # label or instance id of what it rests on, "Floor" for the floor
    feature: tuple[float, ...] = ()  # appearance, when the detector gives one
    held: bool = False
    room: str = ""  # type of the room that it is in, as believed; empty when unsure


@dataclass(frozen=True)
class Query:
    """A question to memory. All conditions that are given hold together."""

    text: str
    limit: int = 5
    at_ns: int | None = None  # what was true then, instead of what is true now
    known_ns: int | None = None  # ... as it was believed then; by itself, of that time. Graph, things and notes heed it
    near_m: Point | None = None
    within_m: float | None = None
    stores: frozenset[str] | None = None  # all when None


@dataclass(frozen=True)
class Hit:
    """One answer."""

    store: str
    id: str
    text: str
    score: float  # of the store's own ranking, comparable within its hits; `answers` ranks those of all stores
    confidence: float  # belief that it is true and meant, in [0, 1]
    source: Source
    position_m: Point | None = None
    data: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Recall:
    """What memory answers. ``version`` is the committed version that all stores were read at.

    `engram.memory.answers.answers` makes one ranking of it.
    """

    version: int
    hits: Mapping[str, Sequence[Hit]]  # by store, best first
    stale: frozenset[str] = frozenset()  # stores that missed their deadline; their hits are of an earlier version
    failed: Mapping[str, str] = field(default_factory=dict)  # store -> what went wrong


class Store(Protocol):
    """A part of memory. Only ``apply`` and ``load`` change it; both are called by one thread at a time."""

    name: str

    def propose(self, percepts: Percepts) -> Sequence[Event]:
        """Return the changes that the percepts call for; changes nothing, and may run beside other stores.

        A store proposes events for itself only, with its own name as ``store``; the facade refuses any other.
        """
        ...

    def apply(self, event: Event) -> None:
        """Make a committed change."""
        ...

    def recall(self, query: Query) -> Sequence[Hit]:
        """Return answers, best first; changes nothing, and may run beside other stores."""
        ...

    def dump(self) -> bytes:
        """Return the whole state, for a snapshot; equal states give equal bytes."""
        ...

    def load(self, state: bytes) -> None:
        """Replace the state by a dumped one."""
        ...


@runtime_checkable
class Undoing(Protocol):
    """A store that can take back what a step brought."""

    def undo(self, events: Sequence[Event], source: Source) -> Sequence[Event]:
        """Return the changes that take back the store's events of one step; changes nothing."""
        ...


class HippocampusError(Exception):
    """Base of all errors of the memory; the message names the file or item, the cause and the remedy."""
