"""One thing of the object map; a grid to find things by place, and arrays to rank them."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.memory.contract import Point, Source
from engram.memory.graph.model import probability


@dataclass(frozen=True)
class Moment:
    """Where a thing was, and in what state, from a step on."""

    source: Source
    state: str
    centre_m: Point
    support: str


@dataclass(slots=True, eq=False)
class Instance:
    """One thing. Positions are in the map frame, metres."""

    id: str
    labels: dict[str, float]  # label -> log-odds
    centre_m: Point  # last known
    extent_m: Point  # full sides of its axis-aligned box
    first: Source
    last: Source  # of the last time it was seen or handled
    state: str = ""  # seen, held, placed or removed; "visible" and "stale" follow from the last view
    support: str = ""  # id of what it rests on, or a name that no thing has
    presence: float = 0.0  # log-odds that it is there
    views: int = 0
    misses: int = 0  # clear looks at its empty place
    became: str = ""  # id of a thing that this one probably is, met elsewhere before it was missed here
    feature: list[float] = field(default_factory=list)  # mean appearance, of length 1
    past: list[Moment] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The most believed label; of equals the first in the alphabet."""
        return min(self.labels, key=lambda name: (-self.labels[name], name))

    def belief(self) -> float:
        """Belief in the label, in [0, 1]."""
        return probability(self.labels[self.label])

    def at(self, stamp_ns: int | None) -> Moment | None:
        """Return where it was at a time, by default now; None before it was met."""
        if stamp_ns is None:
            return Moment(self.last, self.state, self.centre_m, self.support)
        index = bisect_right([m.source.stamp_ns for m in self.past], stamp_ns)
        return self.past[index - 1] if index else None

    def look(self, feature: Sequence[float] | None) -> None:
        """Take an appearance into the mean; one of another length replaces it."""
        if not feature:
            return
        share = 1.0 / (min(self.views, 15) + 1) if len(self.feature) == len(feature) else 1.0
        old = self.feature if share < 1.0 else [0.0] * len(feature)
        mixed = [a + (b - a) * share for a, b in zip(old, feature, strict=True)]
        norm = math.sqrt(sum(x * x for x in mixed)) or 1.0
        self.feature = [x / norm for x in mixed]

    def likeness(self, feature: Sequence[float]) -> float | None:
        """Cosine of an appearance with the mean one, None when either is missing."""
        if not feature or len(feature) != len(self.feature):
            return None
        norm = math.sqrt(sum(x * x for x in feature)) or 1.0
        return sum(a * b for a, b in zip(feature, self.feature, strict=True)) / norm


class Cells:
    """Ids by place, on a grid over x and y."""

    def __init__(self, size_m: float = 1.0) -> None:
        """Start empty."""
        self.size_m = size_m
        self._cells: dict[tuple[int, int], dict[str, Point]] = {}
        self._where: dict[str, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._where)

    def put(self, id_: str, at_m: Point) -> None:
        """Set where something is."""
        cell = math.floor(at_m[0] / self.size_m), math.floor(at_m[1] / self.size_m)
        if self._where.get(id_) != cell:
            self.drop(id_)
            self._where[id_] = cell
        self._cells.setdefault(cell, {})[id_] = at_m

    def drop(self, id_: str) -> None:
        """Take something out, if it is there."""
        cell = self._where.pop(id_, None)
        if cell is not None:
            del self._cells[cell][id_]

    def around(self, at_m: Point, radius_m: float) -> list[str]:
        """Return ids within a distance in the plane, sorted."""
        return sorted(self._around(at_m, radius_m))

    def _around(self, at_m: Point, radius_m: float) -> Iterator[str]:
        x0, x1 = (math.floor((at_m[0] + d) / self.size_m) for d in (-radius_m, radius_m))
        y0, y1 = (math.floor((at_m[1] + d) / self.size_m) for d in (-radius_m, radius_m))
        for x in range(x0, x1 + 1):
            for y in range(y0, y1 + 1):
                for id_, (px, py, _) in self._cells.get((x, y), {}).items():
                    if (px - at_m[0]) ** 2 + (py - at_m[1]) ** 2 <= radius_m**2:
                        yield id_


class Columns:
    """What ranking needs to know of all things, in arrays; a thing has the same row for good."""

    def __init__(self) -> None:
        """Start empty."""
        self.ids: list[str] = []  # by row
        self._rows: dict[str, int] = {}
        self._groups: dict[str, NDArray[np.int64]] = {}
        self._belief = np.zeros(64, np.float32)  # in the label
        self._presence = np.zeros(64, np.float32)  # log-odds of being there
        self._first_ns, self._last_ns = np.zeros(64, np.int64), np.zeros(64, np.int64)  # of being seen

    def put(self, thing: Instance) -> None:
        """Set what is known of a thing."""
        row = self._rows.setdefault(thing.id, len(self.ids))
        if row == len(self.ids):
            self.ids.append(thing.id)
        if row == len(self._belief):
            for name in ("_belief", "_presence", "_first_ns", "_last_ns"):
                old = getattr(self, name)
                setattr(self, name, np.concatenate([old, np.zeros_like(old)]))
        self._belief[row], self._presence[row] = thing.belief(), thing.presence
        self._first_ns[row], self._last_ns[row] = thing.first.stamp_ns, thing.last.stamp_ns

    def drop(self) -> None:
        """Note that an id has left its groups; its row stays, and nothing leads to it."""
        self._groups.clear()

    def rows(self, ids: Collection[str]) -> NDArray[np.int64]:
        """(N,) rows of things."""
        return np.fromiter((self._rows[id_] for id_ in ids), np.int64, len(ids))

    def group(self, name: str, ids: Collection[str]) -> NDArray[np.int64]:
        """(N,) rows of a named group, to which ids are only ever added at the end until :meth:`drop`."""
        known = self._groups.get(name, np.zeros(0, np.int64))
        if len(known) < len(ids):
            known = self._groups[name] = np.concatenate([known, self.rows(list(ids)[len(known) :])])
        return known

    def certainty(self, rows: NDArray[np.int64], now_ns: int, half_life_secs: float) -> NDArray[np.float32]:
        """(N,) belief that each thing is what and where it is believed to be; 0 for one not met by then.

        Certainty about what is out of sight halves with each half-life.
        """
        odds = np.maximum(now_ns - self._last_ns[rows], 0).astype(np.float32)
        odds *= np.float32(-1e-9 / half_life_secs)
        np.exp2(odds, out=odds)
        odds *= self._presence[rows]
        np.negative(odds, out=odds)
        np.exp(odds, out=odds)
        odds += 1.0
        np.divide(self._belief[rows], odds, out=odds)
        odds[self._first_ns[rows] > now_ns] = 0.0
        return odds


def best(scores: NDArray[np.float32], count: int) -> list[int]:
    """Return where the ``count`` greatest positive scores are, and any that equal the least of them; unsorted."""
    found = np.flatnonzero(scores > 0.0)
    if 0 < count < len(found):
        least = np.partition(scores[found], len(found) - count)[len(found) - count]
        found = found[scores[found] >= least]
    return [int(k) for k in found]


def gap_m(centre_m: Point, extent_m: Point, point_m: Point) -> float:
    """Distance of a point from an axis-aligned box, 0 inside it."""
    sides = (max(0.0, abs(p - c) - e / 2) for p, c, e in zip(point_m, centre_m, extent_m, strict=True))
    return math.hypot(*sides)


def source_row(source: Source) -> list[Any]:
    """Return a source as plain data."""
    return [source.robot, source.episode, source.step, source.stamp_ns]


def to_row(thing: Instance) -> list[Any]:
    """Return a thing as plain data."""
    first, last = source_row(thing.first), source_row(thing.last)
    past = [[source_row(m.source), m.state, m.centre_m, m.support] for m in thing.past]
    where = [thing.centre_m, thing.extent_m, thing.state, thing.support]
    counts = [thing.presence, thing.views, thing.misses, thing.became]
    return [thing.id, thing.labels, *where, *counts, thing.feature, first, last, past]


def from_row(row: Sequence[Any]) -> Instance:
    """Build the thing that :func:`to_row` described."""
    id_, labels, centre, extent, state, support, presence, views, misses, became, feature, first, last, past = row
    moments = [Moment(Source(*since), then, _point(at), on) for since, then, at, on in past]
    return Instance(
        id_,
        dict(labels),
        _point(centre),
        _point(extent),
        Source(*first),
        Source(*last),
        state,
        support,
        presence,
        views,
        misses,
        became,
        list(feature),
        moments,
    )


def _point(values: Sequence[float]) -> Point:
    return float(values[0]), float(values[1]), float(values[2])
