"""Matching of views to known things: in place, in the hand, put down, moved, or never met before."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.optimize import linear_sum_assignment

from engram.memory.absence import AbsenceConfig, seen_through
from engram.memory.contract import Percepts, Point, Seen, Source
from engram.memory.graph.model import FLOOR, probability
from engram.memory.identity import Association
from engram.memory.instances import Cells, Instance, gap_m

_PART_OF_M = 1.5  # between the centres of a large thing and of the part that is in view
_AROUND_M = 4.0  # what an action is aimed at, or a thing rests on, has its centre within this


@dataclass(frozen=True)
class MatchConfig:
    """How far views of one thing may differ."""

    radius_m: float = 0.25  # centres of two views of a small thing, beside half its size
    confused_m: float = 0.1  # another label at the same place, this near, is a confusion of labels
    confused_size: float = 1.5  # ... of things of about the same size
    placed_m: float = 0.6  # a thing put down turns up within this of where it was meant to be
    different: float = 0.5  # below this cosine of appearances two views are of different things
    movable_m: float = 0.8  # larger things are not missed and do not move


class Known(Protocol):
    """What is known of things; the object map."""

    things: dict[str, Instance]
    cells: Cells
    lost: dict[str, None]  # removed from where they were, and not known to be another thing
    held: str
    latest: Source | None

    def named(self, label: str) -> Collection[str]:
        """Return the ids that a label can mean; a view that must not be kept."""
        ...

    def labelled(self, label: str) -> list[Instance]:
        """Return the things that a label can mean."""
        ...

    def is_part(self, thing: Instance, centre_m: Point, extent_m: Point) -> bool:
        """Whether a box may be a part of a large thing, the rest of which is out of view."""
        ...

    def next_id(self, label: str, taken: int = 0) -> str:
        """Return the id of the next new thing."""
        ...


class Matcher:
    """Matches one step; what it found is in its attributes, and nothing known has changed.

    Attributes:
        association: who the things in view are, and who is missing.
        acts: changes that follow from the last action.
        held: id of the thing in the hand after it, empty for none.
        became: pairs of a thing that is missing for good and the one that it probably is.

    """

    def __init__(self, known: Known, percepts: Percepts, config: MatchConfig, absence: AbsenceConfig) -> None:
        """Match the percepts of one step."""
        self._known = known
        self._percepts = percepts
        self._config = config
        self._absence = absence
        self.held = known.held
        self._target = ""
        self._put: dict[str, tuple[Point, str]] = {}  # things that were just put down: centre and support
        self._taken: dict[str, int] = {}
        self.acts = self._act()
        ids: dict[int, str] = self._in_hand()
        self._in_place(ids)
        missing = self._missing(set(ids.values()))
        self._moved(ids, missing)
        found = set(ids.values())
        missing = [id_ for id_ in missing if id_ not in found]
        for i, thing in enumerate(percepts.things):
            if i not in ids:
                ids[i] = self._new(thing.label)
        names = tuple(ids[i] for i in range(len(percepts.things)))
        self.association = Association(names, tuple(missing), self._target)
        self.became = [pair for id_ in missing if (pair := self._successor(id_)) is not None]

    def support(self, id_: str, thing: Seen) -> str:
        """Return the id of what a thing in view rests on; the name itself when no such thing is known around it."""
        x, y, z = thing.centre_m
        ids, things = self.association.ids, self._percepts.things
        seen = [(i, t.label, t.centre_m, t.extent_m) for i, t in zip(ids, things, strict=True) if i != id_]
        return self._nearest(thing.support, (x, y, z - thing.extent_m[2] / 2), seen, id_)

    def _nearest(
        self, name: str, foot_m: Point, seen: Sequence[tuple[str, str, Point, Point]] = (), besides: str = ""
    ) -> str:
        if name == FLOOR or name in self._known.things:
            return name
        found = [(gap_m(c, e, foot_m), i) for i, label, c, e in seen if name in (label, i)]
        found = found or [(gap_m(t.centre_m, t.extent_m, foot_m), t.id) for t in self._near(name, foot_m, _AROUND_M)]
        found = [pair for pair in found if pair[1] != besides]
        return min(found)[1] if found else name

    def _act(self) -> list[dict[str, Any]]:
        action = self._percepts.action
        verb, outcome = action.get("verb"), action.get("outcome")
        target = str(action.get("target", "") or "")
        x, y = self._percepts.base[:2] if self._percepts.base is not None else (0.0, 0.0)
        thing = self._meant(target, action.get("position_m") or (x, y, 0.0)) if target else None
        self._target = thing.id if thing is not None else ""
        if verb == "pick" and thing is not None and outcome in ("ok", "nothing_there"):
            if outcome == "ok":
                self.held = thing.id
            return [{"op": "hold" if outcome == "ok" else "miss", "id": thing.id}]
        if verb not in ("place", "drop") or outcome != "ok" or not self.held:
            return []
        held, self.held = self._known.things[self.held], ""
        half = held.extent_m[2] / 2
        if verb == "drop":
            centre, support = (x, y, half), FLOOR
        elif thing is not None:
            sx, sy, sz = thing.centre_m
            centre, support = (sx, sy, sz + thing.extent_m[2] / 2 + half), thing.id
        else:
            centre, support = (x, y, held.centre_m[2]), target
        self._put[held.id] = centre, support
        return [{"op": "place", "id": held.id, "centre_m": [round(v, 3) for v in centre], "support": support}]

    def _meant(self, name: str, near_m: Point) -> Instance | None:
        """Return the thing that an action was aimed at: of its namesakes one in the last view, the nearest."""
        if name in self._known.things:
            return self._known.things[name]
        here = [t for t in self._near(name, near_m, _AROUND_M) if t.state not in ("held", "removed")]
        seen = [t for t in here if t.last == self._known.latest] or here
        return min(seen, key=lambda t: (math.dist(t.centre_m[:2], near_m[:2]), t.id), default=None)

    def _near(self, label: str, at_m: Point, radius_m: float) -> list[Instance]:
        named = self._known.named(label)
        return [self._known.things[i] for i in self._known.cells.around(at_m, radius_m) if i in named] if named else []

    def _in_hand(self) -> dict[int, str]:
        """Match what is seen in the hand."""
        for i, thing in enumerate(self._percepts.things):
            if thing.held:
                near = self._near(thing.label, thing.centre_m, 3 * self._config.placed_m)
                best = min(near, key=lambda t: (math.dist(t.centre_m, thing.centre_m), t.id), default=None)
                self.held = self.held or (best.id if best is not None else self._new(thing.label))
                return {i: self.held}
        return {}

    def _in_place(self, ids: dict[int, str]) -> None:
        """Match views to things that are where they are believed to be, the best fits of all together."""
        rows: list[tuple[int, str, float]] = []
        for i, thing in enumerate(self._percepts.things):
            if i in ids:
                continue
            reach = self._config.radius_m + max(self._config.placed_m, 0.75 * max(thing.extent_m), _PART_OF_M)
            near = dict.fromkeys([*self._known.cells.around(thing.centre_m, reach), *self._put])
            for id_ in near:
                fit = 0.0 if id_ in (self.held, *ids.values()) else self._fit(thing, self._known.things[id_])
                if fit > 0.0:
                    rows.append((i, id_, fit))
        ids.update(_assign(rows))

    def _fit(self, view: Seen, thing: Instance) -> float:
        """Return how well a view fits a thing where it is believed to be, in [0, 1]; 0 when it does not."""
        c = self._config
        centre, support = self._put.get(thing.id, (thing.centre_m, thing.support))
        distance = math.dist(view.centre_m, centre)
        allowed = c.radius_m + 0.5 * min(max(view.extent_m), max(thing.extent_m))
        if thing.state == "placed" or thing.id in self._put:
            owner = self._known.things.get(support)
            on_it = owner is not None and gap_m(owner.centre_m, owner.extent_m, view.centre_m) < c.radius_m
            allowed = max(allowed, c.placed_m, distance + c.radius_m if on_it else 0.0)
        grown = max(view.extent_m) > c.movable_m and view.label in thing.labels
        if grown and not gap_m(view.centre_m, view.extent_m, thing.centre_m):  # more of it is in view than before
            allowed = max(allowed, distance + c.radius_m)
        if view.label in thing.labels and self._known.is_part(thing, view.centre_m, view.extent_m):
            allowed = max(allowed, distance + c.radius_m)
        if distance > allowed:
            return 0.0
        label = probability(thing.labels[view.label]) if view.label in thing.labels else 0.0
        if not label:
            sizes = sorted((max(view.extent_m) + 0.02, max(thing.extent_m) + 0.02))
            if distance > c.confused_m or sizes[1] > c.confused_size * sizes[0]:
                return 0.0
            label = 0.2
        return label * self._alike(view, thing) * (1.0 - 0.9 * distance / allowed)

    def _alike(self, view: Seen, thing: Instance) -> float:
        """Return how alike in appearance, in [0, 1]; 0.75 when nothing is known of it, 0 for a different thing."""
        likeness = thing.likeness(view.feature)
        if likeness is None:
            return 0.75
        return 0.0 if likeness < self._config.different else 0.5 + 0.5 * likeness

    def _missing(self, found: set[str]) -> list[str]:
        """Return things whose place is in clear view and empty."""
        percepts = self._percepts
        if percepts.points is None or percepts.camera_m is None or not len(percepts.points):
            return []
        near = self._known.cells.around(percepts.camera_m, self._absence.range_m)
        things = [self._known.things[i] for i in near if i not in found and i != self.held and i not in self._put]
        things = [t for t in things if t.state == "seen" and max(t.extent_m) <= self._config.movable_m]
        if not things:
            return []
        centres, extents = np.array([t.centre_m for t in things]), np.array([t.extent_m for t in things])
        empty = seen_through(percepts.points, percepts.camera_m, centres, extents, self._absence)
        return [t.id for t, gone in zip(things, empty.tolist(), strict=True) if gone]

    def _moved(self, ids: dict[int, str], missing: Iterable[str]) -> None:
        """Match what turned up elsewhere to what is gone from its place."""
        gone = sorted({*missing, *self._known.lost})
        rows: list[tuple[int, str, float]] = []
        for i, view in enumerate(self._percepts.things):
            if i in ids or max(view.extent_m) > self._config.movable_m:
                continue
            named = self._known.named(view.label)
            for thing in (self._known.things[g] for g in gone if g in named):
                alike = self._alike(view, thing)
                nearness = 1.0 / (1.0 + math.dist(view.centre_m, thing.centre_m))
                if alike > 0.0 and thing.id not in ids.values():
                    rows.append((i, thing.id, alike + 0.1 * nearness))
        ids.update(_assign(rows))

    def _successor(self, id_: str) -> tuple[str, str] | None:
        """Return (id, other) when this look removes a thing and another, met since it was last seen, can be it."""
        things = self._known.things
        old = things[id_]
        claimed = {t.became for t in self._known.labelled(old.label)}
        since = [
            t
            for t in self._known.labelled(old.label)
            if t.first.stamp_ns > old.last.stamp_ns and t.state != "removed" and t.id not in claimed
        ]
        fits = [t for t in since if (like := t.likeness(old.feature)) is None or like >= self._config.different]
        best = max(fits, key=lambda t: (t.likeness(old.feature) or 0.0, -t.first.stamp_ns, t.id), default=None)
        return None if best is None else (id_, best.id)

    def _new(self, label: str) -> str:
        taken = self._taken.get(label, 0)
        self._taken[label] = taken + 1
        return self._known.next_id(label, taken)


def _assign(rows: Sequence[tuple[int, str, float]]) -> Mapping[int, str]:
    """Return the one-to-one matching of greatest total fit among pairs (view, thing, fit)."""
    if not rows:
        return {}
    views, things = sorted({r[0] for r in rows}), sorted({r[1] for r in rows})
    fits = np.zeros((len(views), len(things)))
    at_view, at_thing = {v: k for k, v in enumerate(views)}, {t: k for k, t in enumerate(things)}
    for view, thing, fit in rows:
        fits[at_view[view], at_thing[thing]] = fit
    pairs = zip(*linear_sum_assignment(fits, maximize=True), strict=True)
    return {views[r]: things[c] for r, c in pairs if fits[r, c] > 0.0}
