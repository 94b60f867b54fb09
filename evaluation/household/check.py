"""Whether a goal is reached, by the truth of a world: what it was like at first, and what it is like now.

Success is that all wants hold. The goal-condition rate is the share of the single conditions that hold, as ALFRED has
it (Shridhar et al., CVPR 2020, section 5): of each wanted thing, that it is where it shall be, that it is held, and
each of its states.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engram.planners.contract import CLEAN, COLD, FILLED, FLOOR, HOT, ON, OPEN, SLICED, Goal, Noun, Want
from engram.sims.contract import TrueObject

BESIDE_M = 0.35  # most between the boxes of neighbours, level
_LEVEL_M = 0.25  # most between the heights that neighbours stand at


@dataclass(frozen=True)
class Scene:
    """What a house is truly like."""

    things: Sequence[TrueObject]
    colours: Mapping[str, str] = field(default_factory=dict)  # word by id; of what is missing any will do
    rooms: Mapping[str, str] = field(default_factory=dict)  # type by id

    def by_id(self) -> dict[str, TrueObject]:
        """Return the things by their ids."""
        return {t.id: t for t in self.things}


@dataclass(frozen=True)
class Checked:
    """How far a goal is reached."""

    met: int  # conditions
    total: int
    success: bool

    @property
    def rate(self) -> float:
        """Share of the conditions that hold."""
        return self.met / self.total if self.total else 0.0


def check(goal: Goal, start: Scene, end: Scene) -> Checked:
    """Judge a goal; what tells a thing from others of its kind is looked up in ``start``, the rest in ``end``.

    What a want puts things in or on must, where another want is of the same noun, be what that want is met by: a fork
    in a bowl and a bowl on a table is a fork in a bowl on a table.
    """
    judge = _Judge(goal, start, end)
    results = [judge.want(want) for want in goal.wants]
    met, total = sum(r[0] for r in results), sum(r[1] for r in results)
    return Checked(met, total, bool(results) and all(m == n for m, n in results))


def meant(noun: Noun, scene: Scene) -> list[TrueObject]:
    """Everything that a noun can speak of: its kind, colour, room, place and neighbours; not its states."""
    return [t for t in scene.things if _describes(noun, t, scene)]


def beside(a: TrueObject, b: TrueObject) -> bool:
    """Whether two things stand next to one another: on the same thing, level, and close."""
    if a.id == b.id or a.receptacles[:1] != b.receptacles[:1] or a.room != b.room:
        return False
    if abs(_foot_m(a) - _foot_m(b)) > _LEVEL_M:
        return False
    gaps = [max(abs(a.position[k] - b.position[k]) - (a.extent[k] + b.extent[k]) / 2, 0.0) for k in (0, 1)]
    return math.hypot(*gaps) <= BESIDE_M


def has_state(thing: TrueObject, state: str) -> bool:
    """Whether a thing is in a state of ``engram.planners.contract.STATES``, or open, or on."""
    s = thing.state
    true = {
        CLEAN: s.get("dirty") is not True,
        HOT: s.get("temperature") == "Hot",
        COLD: s.get("temperature") == "Cold",
        FILLED: bool(s.get("filled")),
        SLICED: bool(s.get("sliced")),
        ON: bool(s.get("toggled")),
        OPEN: bool(s.get("open")),
    }
    return true[state]


class _Judge:
    def __init__(self, goal: Goal, start: Scene, end: Scene) -> None:
        self._goal, self._start, self._end = goal, start, end
        self._before = start.by_id()

    def want(self, want: Want) -> tuple[int, int]:
        """Conditions of a want that are met by what meets most of them, and their number."""
        each = len(want.thing.states) + (want.at is not None) + want.held
        if not each:  # only to be found
            return min(len(self._meant(want.thing)), want.count), want.count
        return self._best(want, None if want.at is None else self._holders(want)), each * want.count

    def _best(self, want: Want, holders: list[str] | None) -> int:
        things = self._meant(want.thing)
        return max(
            (self._met(want, things, holder) for holder in (holders if holders is not None else [""])), default=0
        )

    def _met(self, want: Want, things: list[TrueObject], holder: str) -> int:
        scores = [
            sum(has_state(t, s) for s in want.thing.states)
            + (bool(holder) and _lies(t, holder))
            + (want.held and bool(t.state.get("held")))
            for t in things
        ]
        return sum(sorted(scores, reverse=True)[: want.count])

    def _holders(self, want: Want) -> list[str]:
        """Ids of what the things of a want may be in or on."""
        noun = want.at
        if noun is None:
            return []
        if FLOOR in noun.kinds:
            return [FLOOR]
        things = self._meant(noun)
        for other in self._goal.wants:
            if other is not want and other.thing == noun and other.at is not None:
                places = self._holders(other)
                moved = [t for t in things if any(_lies(t, p) for p in places)]
                things = moved or things
        return [t.id for t in things if all(has_state(t, s) for s in noun.states)] or [""]

    def _meant(self, noun: Noun) -> list[TrueObject]:
        return [t for t in self._end.things if _describes(noun, self._before.get(t.id, t), self._start)]


def _lies(thing: TrueObject, holder: str) -> bool:
    if holder == FLOOR:
        return not thing.receptacles and not thing.state.get("held")
    return holder in thing.receptacles


def _describes(noun: Noun, thing: TrueObject, scene: Scene) -> bool:
    """Whether a noun can speak of a thing as it was in a scene."""
    if thing.category not in noun.kinds:
        return False
    if noun.colour and scene.colours.get(thing.id, noun.colour) != noun.colour:
        return False
    if noun.room and scene.rooms.get(thing.room, thing.room.partition("_")[0]) != noun.room:
        return False
    if noun.place is not None and not _placed(thing, noun.place, scene):
        return False
    return noun.beside is None or any(
        beside(thing, other) and _describes(noun.beside, other, scene) for other in scene.things
    )


def _placed(thing: TrueObject, place: Noun, scene: Scene) -> bool:
    if FLOOR in place.kinds:
        return not thing.receptacles and thing.pickupable
    return any(t.id in thing.receptacles and _describes(place, t, scene) for t in scene.things)


def _foot_m(thing: TrueObject) -> float:
    return thing.position[2] - thing.extent[2] / 2
