"""Which things a noun of a goal means, and which goals are impossible whatever there is."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace

from engram.planners.contract import (
    AT,
    COLD,
    FLOOR,
    HOT,
    NOT_FOUND,
    ON,
    OPEN,
    SLICED,
    STATES,
    Goal,
    Noun,
    Plan,
    Point,
    Want,
)
from engram.planners.symbolic.affordances import OPENABLE, PICKUPABLE, RECEPTACLE, TOGGLEABLE, kind_of, slices
from engram.planners.symbolic.record import MAX_FAILURES, Record
from engram.planners.symbolic.state import State

NOT_PICKUPABLE, IMPOSSIBLE_STATE, IMPOSSIBLE_PLACE = "not_pickupable", "impossible_state", "impossible_place"
BESIDE_M = 1.0  # what is next to something is this near, centre to centre
_UNSURE = 5.0  # metres of way that it is worth to know that a thing is the one that is meant
_HANDS = ("pick", "go_to")


@dataclass(frozen=True)
class Candidate:
    """A thing that a noun may mean."""

    name: str
    cost_m: float  # what speaks against it, in metres of way


class Matcher:
    """Matches nouns to what is believed. Call ``forget`` after things came or went."""

    def __init__(self, state: State, record: Record) -> None:
        self._state, self._record = state, record
        self._found: dict[Noun, list[Candidate]] = {}
        self._by_kind: dict[str, list[str]] = {}
        self.forget()

    def forget(self) -> None:
        """Look at the things anew."""
        self._found.clear()
        by_kind: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self._state.things):
            by_kind[self._state.things[name].kind].append(name)
        self._by_kind = by_kind

    def of_kinds(self, kinds: frozenset[str]) -> list[str]:
        """Names of the things of some kinds."""
        return [name for kind in sorted(kinds) for name in self._by_kind.get(kind, ())]

    def candidates(self, noun: Noun) -> list[Candidate]:
        """Things that a noun may mean by how they lay at first, those that failed too often left out."""
        key = replace(noun, states=frozenset())
        if key not in self._found:
            found = [
                Candidate(name, cost) for name in self.of_kinds(noun.kinds) if (cost := self._cost(name, key)) >= 0
            ]
            if FLOOR in noun.kinds:
                found.append(Candidate(FLOOR, 0.0))
            self._found[key] = found
        return self._found[key]

    def failing(self, noun: Noun) -> str:
        """Reason code of why nothing that fits can be used; ``not_found`` when nothing fits."""
        for name in self.of_kinds(noun.kinds):
            codes = [code for (_, about), code in self._record.codes.items() if about == name]
            if codes:
                return codes[0]
        return NOT_FOUND

    def _cost(self, name: str, noun: Noun) -> float:
        """What speaks against a thing, in metres; below 0 when it is not meant or cannot be had."""
        doors = sum(self._record.failed(holder, "open") for holder in self._state.around(name))
        failures = doors + self._record.failed(name, *_HANDS)
        if failures >= MAX_FAILURES or self.gone(name):
            return -1.0
        if self._state.things[name].kind in slices():
            return _UNSURE * failures  # what is said of it, where it lay at first, is said of the whole
        parts = [self._colour(name, noun), self._room(name, noun), self._place(name, noun), self._beside(name, noun)]
        if min(parts) < 0:
            return -1.0
        return sum(parts) + _UNSURE * (failures + 1.0 - self._state.things[name].confidence)

    def gone(self, name: str) -> bool:
        """Whether it was looked for where it was believed, and nothing is believed since."""
        if name in self._state.holder or name == self._state.held:
            return False
        facts = self._state.facts
        return any(f[0] == AT and f[1] == name for f in facts) or self._state.position(name) is None

    def _colour(self, name: str, noun: Noun) -> float:
        colour = self._state.things[name].colour
        if not noun.colour or colour == noun.colour:
            return 0.0
        return -1.0 if colour else _UNSURE

    def _room(self, name: str, noun: Noun) -> float:
        if not noun.room:
            return 0.0
        origin = self._record.origins.get(name)
        room = origin.room if origin is not None else ""
        return (0.0 if same_room(room, noun.room) else -1.0) if room else _UNSURE

    def _place(self, name: str, noun: Noun) -> float:
        if noun.place is None:
            return 0.0
        origin = self._record.origins.get(name)
        around = origin.around if origin is not None else ()
        if not around:
            return _UNSURE
        fitting = {candidate.name for candidate in self.candidates(noun.place)}
        return 0.0 if fitting & set(around) else -1.0

    def _beside(self, name: str, noun: Noun) -> float:
        if noun.beside is None:
            return 0.0
        here = self._first_position(name)
        others = [c.name for c in self.candidates(noun.beside) if c.name != name]
        gaps = [gap for other in others if (gap := distance_m(here, self._first_position(other))) is not None]
        if not gaps:
            return _UNSURE
        return min(gaps) if min(gaps) <= BESIDE_M else -1.0

    def _first_position(self, name: str) -> Point | None:
        origin = self._record.origins.get(name)
        return origin.position_m if origin is not None else self._state.position(name)


def same_room(believed: str, wanted: str) -> bool:
    """Whether a room, ``Kitchen_1`` or ``Kitchen``, is of a type."""
    return believed == wanted or believed.rpartition("_")[0] == wanted


def distance_m(a: Point | None, b: Point | None) -> float | None:
    """Horizontal distance; ``None`` when a position is unknown."""
    return None if a is None or b is None else math.hypot(a[0] - b[0], a[1] - b[1])


def impossible(goal: Goal) -> Plan | None:
    """Return the refusal of a goal that no household could fulfil."""
    if sum(want.count for want in goal.wants if want.held) > 1:
        return Plan(refusal="hand_full", text="Only one thing can be held at a time.")
    for want in goal.wants:
        refusal = _impossible(want)
        if refusal is not None:
            return refusal
    return None


def _impossible(want: Want) -> Plan | None:
    named = _named(want.thing)
    moved = want.at is not None or want.held or bool(want.thing.states & frozenset(STATES) - {SLICED})
    kinds = want.thing.kinds
    if moved:
        kinds = frozenset(kind for kind in kinds if PICKUPABLE in kind_of(kind))
        if not kinds:
            return Plan(refusal=NOT_PICKUPABLE, text=f"{named} cannot be picked up.")
    if {HOT, COLD} <= want.thing.states:
        return Plan(refusal=IMPOSSIBLE_STATE, text=f"{named} cannot be hot and cold at once.")
    for state in sorted(want.thing.states):
        kinds = frozenset(kind for kind in kinds if can_be(kind, state))
        if not kinds:
            return Plan(refusal=IMPOSSIBLE_STATE, text=f"{named} cannot be {state}.")
    if want.at is None:
        return None
    if not any(RECEPTACLE in kind_of(kind) for kind in want.at.kinds):
        return Plan(refusal=IMPOSSIBLE_PLACE, text=f"Nothing can be put in or on {_named(want.at)}.")
    if not any(kind_of(place).takes(kind) for place in want.at.kinds for kind in kinds):
        return Plan(refusal=IMPOSSIBLE_PLACE, text=f"{named} cannot be in or on {_named(want.at)}.")
    return None


def can_be(kind: str, state: str) -> bool:
    """Whether things of a kind can get into a state, that of being on or open included."""
    if state in (ON, OPEN):
        return {ON: TOGGLEABLE, OPEN: OPENABLE}[state] in kind_of(kind)
    return kind_of(kind).can_be(state)


def _named(noun: Noun) -> str:
    kinds = sorted(noun.kinds)
    return f"{'an' if kinds and kinds[0][0] in 'AEIOU' else 'a'} {' or '.join(kinds[:3])}" if kinds else "nothing"
