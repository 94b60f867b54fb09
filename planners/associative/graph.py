"""The memory graph: what stood where in tidy houses, as a file with the source of each edge; and the scene at hand.

Relations and their thresholds are those of TIDEE (Sarch et al., ECCV 2022), see :mod:`engram.perception.relations`.
``facing`` is told only of things whose front is known.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.perception.relations import FLOOR, Placed, above, aligned_with, next_to, supported_by

VERSION = 1
RELATIONS = ("above", "next-to", "supported-by", "aligned-with", "facing")
SYMMETRIC = frozenset({"next-to", "aligned-with"})  # kept once, from the lower number to the higher
SOURCES = ("geometry", "simulator")
_FRONTS = "Toilet Laptop Chair Desk Television ArmChair Sofa Microwave CoffeeMachine Fridge Toaster"
FACING = frozenset(_FRONTS.split())  # what has a front that matters
_FACING_COSINE, _FACING_M = 0.9, 7.0
Edge = tuple[int, int, int, int]  # source node, target node, number in RELATIONS, number in SOURCES


class MemoryGraphError(ValueError):
    """Raised for a memory graph that cannot be used; the message names the file and what to do."""


@dataclass(frozen=True, eq=False)
class MemoryNode:
    """A thing of a memory house, or the floor of one of its rooms."""

    house: int  # seed
    room: str  # id in the house
    room_type: str
    label: str


@dataclass(frozen=True, eq=False)
class KnownThing:
    """A thing of a room, and what is known of it besides its box."""

    placed: Placed
    holder: int | None = None  # position of what is known to hold it among the things of the room
    front: NDArray[np.float64] | None = None  # (2,) unit vector out of its front
    fixed: bool = True  # furniture, not something put away


@dataclass(frozen=True)
class SceneNode:
    """A piece of furniture that the robot has seen."""

    label: str
    rooms: dict[str, float]  # belief about the type of its room
    centre: tuple[float, float, float] | None = None  # metres, map frame; None where that is not known


@dataclass(frozen=True, eq=False)
class MemoryGraph:
    """Nodes and edges of all memory houses; edges never leave a room."""

    nodes: tuple[MemoryNode, ...]
    edges: NDArray[np.int32]  # (E, 4) rows are edges

    @classmethod
    def load(cls, path: Path | None = None) -> MemoryGraph:
        """Read a graph; without a path the one that comes with the package.

        Raises:
            MemoryGraphError: it cannot be read, is of another version, or was changed without its hash.

        """
        name = str(path) if path else "planners/associative/memory_graph.json"
        try:
            file = path or resources.files("engram.planners.associative").joinpath("memory_graph.json")
            return cls.from_json(file.read_text(encoding="utf-8"), name)
        except OSError as error:
            raise MemoryGraphError(f"{name}: cannot be read ({error}); make it by engram train placement") from error

    @classmethod
    def from_json(cls, text: str, name: str = "memory graph") -> MemoryGraph:
        """Parse and check what :meth:`to_json` wrote."""
        try:
            raw = json.loads(text)
            if raw.get("version") != VERSION:
                raise MemoryGraphError(f"{name}: this engram reads version {VERSION}, not {raw.get('version')!r}")
            graph = cls(
                tuple(MemoryNode(*row) for row in zip(*(_unpacked(raw, c) for c in _COLUMNS), strict=True)),
                np.array(raw["edges"], np.int32).reshape(-1, 4),
            )
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            if isinstance(error, MemoryGraphError):
                raise
            raise MemoryGraphError(f"{name}: broken ({error}); make it by engram train placement") from error
        _check(graph, name)
        if raw.get("sha256") != graph.digest:
            raise MemoryGraphError(f"{name}: its hash is not that of its content; write it with MemoryGraph.to_json")
        return graph

    def to_json(self) -> str:
        """Return the file: one line an edge, equal text for equal graphs."""
        head = {"version": VERSION, "sha256": self.digest, "relations": RELATIONS, "sources": SOURCES}
        columns: dict[str, Any] = {}
        for column in _COLUMNS:
            values = [getattr(node, column) for node in self.nodes]
            names = sorted(set(values))
            place = {value: k for k, value in enumerate(names)}
            columns[column] = {"names": names, "of_node": [place[v] for v in values]}
        body = ",\n".join(
            f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in {**head, **columns}.items()
        )
        edges = ",\n".join(json.dumps(row, separators=(",", ":")) for row in self.edges.tolist())
        return f'{{{body},\n"edges":[\n{edges}\n]}}\n'

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content, whatever the layout of the file."""
        rows = [[n.house, n.room, n.room_type, n.label] for n in self.nodes]
        content = json.dumps([VERSION, RELATIONS, SOURCES, rows, self.edges.tolist()], separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def houses(self) -> list[int]:
        """Seeds of the houses in it, sorted."""
        return sorted({node.house for node in self.nodes})

    def kept(self) -> list[tuple[str, str, str]]:
        """(label, holder's label, room type) of each thing that is known, and not only guessed, to be held."""
        support, told = RELATIONS.index("supported-by"), SOURCES.index("simulator")
        return [
            (self.nodes[a].label, self.nodes[b].label, self.nodes[a].room_type)
            for a, b, relation, source in self.edges.tolist()
            if relation == support and source == told
        ]

    def support_counts(self) -> dict[str, Counter[str]]:
        """How often each label is kept on each holder's label."""
        counts: dict[str, Counter[str]] = {}
        for label, holder, _ in self.kept():
            counts.setdefault(label, Counter())[holder] += 1
        return counts

    def only(self, houses: Collection[int] | None = None, without: Collection[str] = ()) -> MemoryGraph:
        """Return the part of some houses, without the things of some labels."""
        keep = [k for k, n in enumerate(self.nodes) if (houses is None or n.house in houses) and n.label not in without]
        number = np.full(len(self.nodes), -1, np.int32)
        number[keep] = np.arange(len(keep))
        edges = self.edges.copy()
        edges[:, :2] = number[edges[:, :2]]
        return MemoryGraph(tuple(self.nodes[k] for k in keep), edges[(edges[:, :2] >= 0).all(1)])


def room_edges(things: Sequence[KnownThing]) -> list[Edge]:
    """Edges among the things of one room; the floor is one of them, with the label ``Floor``.

    What is known to be held is not told a second time from its box.
    """
    geometry, simulator = range(len(SOURCES))
    relation = {name: k for k, name in enumerate(RELATIONS)}
    found: list[Edge] = []
    for a, thing in enumerate(things):
        if thing.placed.label == FLOOR:
            continue
        if thing.holder is not None:
            found.append((a, thing.holder, relation["supported-by"], simulator))
        for b, other in enumerate(things):
            if a == b:
                continue
            if b != thing.holder and supported_by(thing.placed, other.placed):
                found.append((a, b, relation["supported-by"], geometry))
            if other.placed.label != FLOOR:
                found += [(a, b, relation[name], geometry) for name in _beside(thing.placed, other.placed, a < b)]
                if _faces(thing, other):
                    found.append((a, b, relation["facing"], simulator))
    return sorted(found)


def merged(rooms: Iterable[tuple[Sequence[MemoryNode], Sequence[Edge]]]) -> MemoryGraph:
    """Put rooms, each with edges of its own numbering, together."""
    nodes: list[MemoryNode] = []
    edges: list[Edge] = []
    for own, between in rooms:
        edges += [(a + len(nodes), b + len(nodes), relation, source) for a, b, relation, source in between]
        nodes += own
    return MemoryGraph(tuple(nodes), np.array(edges, np.int32).reshape(-1, 4))


_COLUMNS = ("house", "room", "room_type", "label")


def _beside(thing: Placed, other: Placed, first: bool) -> list[str]:
    found = ["above"] if above(thing, other) else []
    if first:
        found += ["next-to"] if next_to(thing, other) else []
        found += ["aligned-with"] if aligned_with(thing, other) else []
    return found


def _faces(thing: KnownThing, other: KnownThing) -> bool:
    if thing.front is None or thing.placed.label not in FACING or not other.fixed:
        return False
    way = (other.placed.centre - thing.placed.centre)[:2]
    away = float(np.linalg.norm(way))
    return 0.0 < away < _FACING_M and float(way @ thing.front) / away > _FACING_COSINE


def _unpacked(raw: dict[str, Any], column: str) -> list[Any]:
    names = raw[column]["names"]
    return [names[k] for k in raw[column]["of_node"]]


def _check(graph: MemoryGraph, name: str) -> None:
    limits = np.array([len(graph.nodes), len(graph.nodes), len(RELATIONS), len(SOURCES)])
    if np.any(graph.edges < 0) or np.any(graph.edges >= limits):
        raise MemoryGraphError(f"{name}: an edge names a node, a relation or a source that there is not")
