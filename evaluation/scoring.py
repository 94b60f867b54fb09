"""Scoring of a tidy episode from ground truth: what was put right, what was made worse.

An object is *proper* when the placement table has a row for its category, the type of the room it is in, and what
holds it. What holds it is the innermost receptacle; when that is itself a thing that can be carried (a plate), also
what holds the plate, up to and including the first piece of furniture. Without any receptacle it lies on the floor.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.evaluation.metrics import tidy
from engram.sims.contract import TrueObject
from engram.sims.house import placement

FLOOR = placement.FLOOR
Proper = Callable[[str, str, str], bool]  # category, room type, receptacle category
Counts = Mapping[str, Mapping[str, Mapping[str, float]]]  # category -> receptacle category -> room type -> count


@dataclass(frozen=True)
class Location:
    """Where an object is."""

    room_type: str
    holders: tuple[str, ...]  # categories of what holds it, innermost first; empty on the floor and in the hand
    held: bool = False  # by the robot

    @property
    def text(self) -> str:
        """For people: ``"Plate on DiningTable, Kitchen"``."""
        if self.held:
            return "in the hand"
        return f"{' on '.join(self.holders or (FLOOR,))}, {self.room_type or 'outside'}"


@dataclass(frozen=True)
class ObjectScore:
    """What became of one object that can be picked up."""

    id: str
    category: str
    displaced: bool  # the mess moved it
    picked: bool  # the robot picked it up
    start: Location  # when the robot began
    end: Location
    proper_start: bool
    proper_end: bool


@dataclass(frozen=True)
class Score:
    """The metrics of one episode."""

    objects: tuple[ObjectScore, ...]
    energy_displaced: float | None
    energy_handled: float | None
    energy_all: float | None

    @property
    def displaced(self) -> int:
        """Number of objects that the mess moved."""
        return sum(o.displaced for o in self.objects)

    @property
    def displaced_proper(self) -> int:
        """Number of displaced objects that are proper at the end."""
        return sum(o.displaced and o.proper_end for o in self.objects)

    @property
    def displaced_proper_start(self) -> int:
        """Number of displaced objects that the mess happened to leave in a proper place."""
        return sum(o.displaced and o.proper_start for o in self.objects)

    @property
    def undisplaced(self) -> int:
        """Number of objects that can be picked up and that the mess did not move."""
        return self.objects_total - self.displaced

    @property
    def undisplaced_worse(self) -> int:
        """Number of undisplaced objects that were proper when the robot began and are not at the end."""
        return sum(not o.displaced and o.proper_start and not o.proper_end for o in self.objects)

    @property
    def objects_total(self) -> int:
        """Number of objects that can be picked up."""
        return len(self.objects)

    def metrics(self) -> dict[str, Any]:
        """All figures by name; shares are ``None`` where there is nothing to count."""
        displaced = {o.id for o in self.objects if o.displaced}
        picked = {o.id for o in self.objects if o.picked}
        energies = {
            "displaced": self.energy_displaced,
            "handled": self.energy_handled,
            "all": self.energy_all,
        }
        return {
            "objects": self.objects_total,
            "displaced": self.displaced,
            "displaced_proper": self.displaced_proper,
            "displaced_proper_start": self.displaced_proper_start,
            "displaced_proper_share": _share(self.displaced_proper, self.displaced),
            "undisplaced": self.undisplaced,
            "undisplaced_worse": self.undisplaced_worse,
            "undisplaced_worse_share": _share(self.undisplaced_worse, self.undisplaced),
            "correctly_moved": tidy.correctly_moved(displaced, picked),
            "incorrectly_moved": tidy.incorrectly_moved(displaced, picked),
            "missed": tidy.missed(displaced, picked),
            **{f"energy_{group}": left for group, left in energies.items()},
            **{f"energy_removed_{group}": tidy.energy_removed(left) for group, left in energies.items()},
            "success": int(tidy.tidied(self.displaced, self.displaced_proper, self.undisplaced_worse)),
        }


@dataclass(frozen=True)
class Case:
    """What an episode left behind for scoring."""

    start: Sequence[TrueObject]  # when the robot began, the mess made
    end: Sequence[TrueObject]
    displaced: Collection[str]
    picked: Collection[str] = ()
    original: Sequence[TrueObject] | None = None  # before the mess; without it there is no energy


def score(case: Case, counts: Counts, proper: Proper = placement.proper) -> Score:
    """Score an episode; an object that is gone at the end counts as improper."""
    start, end = locate(case.start), locate(case.end)
    category = {o.id: o.category for o in case.start}
    gone = Location("", ())
    objects = tuple(
        ObjectScore(
            name,
            category[name],
            name in case.displaced,
            name in case.picked,
            start[name],
            end.get(name, gone),
            is_proper(category[name], start[name], proper),
            is_proper(category[name], end.get(name, gone), proper),
        )
        for name in sorted(start)
    )
    return Score(objects, *_energies(case, objects, counts))


def locate(objects: Sequence[TrueObject]) -> dict[str, Location]:
    """Location of each object that can be picked up; one whose state says ``held`` is in the hand."""
    known = {o.id: o for o in objects}
    return {o.id: _location(o, known) for o in objects if o.pickupable}


def is_proper(category: str, location: Location, proper: Proper = placement.proper) -> bool:
    """Whether a category belongs where it is; what the robot holds belongs nowhere."""
    if location.held or not location.room_type:
        return False
    return any(proper(category, location.room_type, holder) for holder in location.holders or (FLOOR,))


def _energies(case: Case, objects: Sequence[ObjectScore], counts: Counts) -> tuple[float | None, ...]:
    if case.original is None:
        return None, None, None
    before = locate(case.original)
    present = {o.category for o in case.start if o.receptacle} | {FLOOR}
    groups = (
        [o for o in objects if o.displaced],
        [o for o in objects if o.displaced or o.picked],
        list(objects),
    )

    def likely(thing: ObjectScore, location: Location) -> float:
        places = {r: sum(rooms.values()) for r, rooms in counts.get(thing.category, {}).items()}
        return tidy.likelihood(places, () if location.held else location.holders or (FLOOR,), present)

    return tuple(
        tidy.energy(
            sum(likely(o, o.end) for o in group),
            sum(likely(o, before.get(o.id, o.start)) for o in group),
            sum(likely(o, o.start) for o in group),
        )
        for group in groups
    )


def _location(thing: TrueObject, known: Mapping[str, TrueObject]) -> Location:
    room_type = thing.room.partition("_")[0]
    if thing.state.get("held"):
        return Location(room_type, (), held=True)
    holders: list[str] = []
    for name in thing.receptacles:
        holders.append(known[name].category)
        if not known[name].pickupable:
            break
    return Location(room_type, tuple(holders))


def _share(count: int, total: int) -> float | None:
    return count / total if total else None


def away_m(thing: TrueObject, cells: NDArray[np.float64]) -> float:
    """Return the horizontal distance from the nearest of the places (N, 2) to the box of a thing."""
    gap = np.maximum(np.abs(cells - np.array(thing.position[:2])) - np.array(thing.extent[:2]) / 2, 0.0)
    return float(np.hypot(*gap.T).min(initial=np.inf))
