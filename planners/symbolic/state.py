"""Beliefs with an index, that change as skills are thought through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from engram.planners.contract import (
    AT,
    COLD,
    FLOOR,
    HOLDING,
    HOT,
    IN_ROOM,
    ON,
    OPEN,
    SLICED,
    STATES,
    Beliefs,
    Fact,
    Point,
    Thing,
    kind_in,
)
from engram.planners.symbolic.affordances import KNIFE, OPENABLE, TOGGLEABLE, Kind, kind_of, slices

# Predicates that follow from others.
HAND_EMPTY, KNIFE_HELD = "hand_empty", "knife_held"
REACHABLE = "reachable"  # nothing that it lies in is closed
LOCATED = "located"  # it is believed somewhere
RUNNABLE = "runnable"  # it can be switched on as it is


@dataclass
class State:
    """What is believed, changing. Make one with :meth:`of`, which copies."""

    things: dict[str, Thing]
    facts: dict[Fact, bool]  # but those that are true of AT, HOLDING and IN_ROOM
    holder: dict[str, str]  # what each thing is in or on
    rooms: dict[str, str]
    held: str
    explored: bool
    here: Point | None

    @classmethod
    def of(cls, beliefs: Beliefs) -> State:
        """Index beliefs."""
        facts: dict[Fact, bool] = {}
        holder: dict[str, str] = {}
        rooms: dict[str, str] = {}
        held = ""
        for fact, true in beliefs.facts.items():
            if true and fact[0] == AT:
                holder[fact[1]] = fact[2]
            elif true and fact[0] == HOLDING:
                held = fact[1]
            elif true and fact[0] == IN_ROOM:
                rooms[fact[1]] = fact[2]
            else:
                facts[fact] = true
        holder.pop(held, None)
        return cls(dict(beliefs.things), facts, holder, rooms, held, beliefs.explored, beliefs.here)

    def beliefs(self) -> Beliefs:
        """Return it as beliefs."""
        facts = dict(self.facts)
        facts.update({(AT, thing, holder): True for thing, holder in self.holder.items()})
        facts.update({(IN_ROOM, thing, room): True for thing, room in self.rooms.items()})
        if self.held:
            facts[(HOLDING, self.held)] = True
        return Beliefs(dict(self.things), facts, self.explored, self.here)

    def copy(self) -> State:
        """Return one that changes on its own."""
        things, facts = dict(self.things), dict(self.facts)
        return replace(self, things=things, facts=facts, holder=dict(self.holder), rooms=dict(self.rooms))

    def kind(self, name: str) -> Kind:
        """Kind of a thing; of one that is not known, what its name says."""
        thing = self.things.get(name)
        return kind_of(thing.kind if thing is not None else kind_in(name))

    def around(self, name: str) -> Iterator[str]:
        """What a thing is in or on, and what that is in or on, outwards."""
        seen = {name}
        while (name := self.holder.get(name, "")) and name not in seen:
            seen.add(name)
            yield name

    def contents(self, name: str) -> list[str]:
        """Things directly in or on something, by name."""
        return sorted(thing for thing, holder in self.holder.items() if holder == name)

    def position(self, name: str) -> Point | None:
        """Where a thing is, or else what it is in; metres, ``map`` frame."""
        for each in (name, *self.around(name)):
            thing = self.things.get(each)
            if thing is not None and thing.position_m is not None:
                return thing.position_m
        return None

    def room(self, name: str) -> str:
        """Room that a thing is believed in; empty when unknown."""
        return self.rooms.get(name, "")

    def truth(self, fact: Fact) -> bool | None:
        """Whether a fact holds, those that follow included; ``None`` when unknown."""
        predicate, args = fact[0], fact[1:]
        if predicate in _DERIVED:
            return _DERIVED[predicate](self, *args)
        return self.facts.get(fact)

    def set(self, fact: Fact, true: bool) -> None:
        """Believe a fact."""
        if fact[0] == AT:
            self._put(fact[1], fact[2], true)
        elif fact[0] == HOLDING:
            self._hold(fact[1], true)
        else:
            self.facts[fact] = true

    def _hold(self, name: str, true: bool) -> None:
        self.held = name if true else ("" if self.held == name else self.held)
        if true:
            self.holder.pop(name, None)
            self._forget_place(name)

    def _put(self, name: str, holder: str, true: bool) -> None:
        if not true:
            if self.holder.get(name) == holder:
                del self.holder[name]
            self.facts[(AT, name, holder)] = False
            return
        self.held = "" if self.held == name else self.held
        self._forget_place(name)
        self.holder[name] = holder
        if holder in self.rooms:
            self.rooms[name] = self.rooms[holder]
        thing = self.things.get(name)
        if thing is not None:
            where = self.here if holder == FLOOR else self.position(holder)
            self.things[name] = replace(thing, position_m=where, confidence=1.0)

    def _forget_place(self, name: str) -> None:
        self.rooms.pop(name, None)
        for fact in [f for f in self.facts if f[0] == AT and f[1] == name]:
            del self.facts[fact]

    def warm(self, name: str, state: str) -> None:
        """Make a thing hot or cold, and not the other any more."""
        self.facts[(state, name)] = True
        self.facts[(COLD if state == HOT else HOT, name)] = False

    def cut(self, name: str) -> None:
        """Put the slices of a thing in its place, as one thing with a name of its own."""
        thing, pieces = self.things.pop(name), self.kind(name).pieces
        number = 1
        while f"{pieces}_{number}" in self.things:
            number += 1
        piece = f"{pieces}_{number}"
        self.things[piece] = replace(thing, name=piece, kind=pieces)
        if name in self.holder:
            self.holder[piece] = self.holder.pop(name)
        for fact in [f for f in self.facts if name in f[1:]]:
            true = self.facts.pop(fact)
            if fact[0] in STATES:
                self.facts[(fact[0], piece)] = true
        if name in self.rooms:
            self.rooms[piece] = self.rooms.pop(name)
        self.facts[(SLICED, piece)] = True


def _open(state: State, name: str) -> bool | None:
    return state.facts.get((OPEN, name)) if OPENABLE in state.kind(name) else True


def _reachable(state: State, name: str) -> bool | None:
    doors = [_open(state, holder) for holder in state.around(name)]
    return False if False in doors else (None if None in doors else True)


def _located(state: State, name: str) -> bool | None:
    return True if name == FLOOR or name in state.holder or state.position(name) is not None else None


def _on(state: State, name: str) -> bool | None:
    return state.facts.get((ON, name)) if TOGGLEABLE in state.kind(name) else False


def _sliced(state: State, name: str) -> bool | None:
    return True if state.kind(name).name in slices() else state.facts.get((SLICED, name))


def _runnable(state: State, name: str) -> bool | None:
    if not state.kind(name).shuts_to_run:
        return True
    shut = state.facts.get((OPEN, name))
    return None if shut is None else not shut


def _at(state: State, name: str, holder: str) -> bool | None:
    where = state.holder.get(name)
    if where is not None or state.held == name:
        return where == holder
    return state.facts.get((AT, name, holder))


_DERIVED: dict[str, Callable[..., bool | None]] = {
    AT: _at,
    HOLDING: lambda state, name: state.held == name,
    HAND_EMPTY: lambda state: not state.held,
    KNIFE_HELD: lambda state: bool(state.held) and KNIFE in state.kind(state.held),
    OPEN: _open,
    REACHABLE: _reachable,
    LOCATED: _located,
    ON: _on,
    SLICED: _sliced,
    RUNNABLE: _runnable,
}
