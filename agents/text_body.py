"""The body of a robot that lives in a household of words: steps become the skills of a text world, and what is told is
seen.

Whatever a step was told to have come to, it counts as done only if what is seen afterwards shows it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from zlib import crc32

import numpy as np

from engram.agents.brain import Brain, Ending
from engram.agents.scribe import View
from engram.agents.text_rooms import Rooms
from engram.memory.contract import Percepts, Point, Seen, Source
from engram.planners.contract import (
    BUDGET,
    FLOOR,
    IN_ROOM,
    NO_EFFECT,
    NO_WAY,
    NOT_FOUND,
    OK,
    ON,
    OPEN,
    PRECONDITION,
    SLICED,
    UNKNOWN_SKILL,
    Beliefs,
    Result,
    Step,
    kind_in,
)
from engram.planners.symbolic.affordances import OPENABLE, PICKUPABLE, kind_of
from engram.planners.symbolic.domain import BUDGETS
from engram.sims.contract import Outcome
from engram.sims.text import TextObservation, TextThing, TextWorld

_SAME_M = 0.3  # a thing of a kind this near to where it is believed is the one that is meant
_HAND_M = 1.0  # height of what is held
_LOOKS = 32  # numbers of an appearance
_SCORE = 0.99  # words name things without error
_TAPS, _BASINS = ("Faucet", "ShowerHead"), ("SinkBasin", "BathtubBasin")
_TAP_M = 1.5
_SIDES = 2  # more, from which furniture is looked over of which not all can be seen
_VERBS = {"put_down": "drop"}  # names of skills of text worlds in memory, where they differ
_TOLD = (OPEN, ON, SLICED)


class _Failure(Exception):  # noqa: N818 - how a step ends early
    def __init__(self, outcome: str, text: str = "") -> None:
        super().__init__(text)
        self.outcome, self.text = outcome, text


@dataclass(frozen=True)
class Episode:
    """What memory calls an episode, and by which clock."""

    robot: str
    name: str  # unique in the memory
    later_ns: int = 0  # added to the world's stamps, which begin anew each episode


class TextBody:
    """Carries steps out in a text world. Things are named as in the memory."""

    def __init__(self, world: TextWorld, brain: Brain, episode: Episode) -> None:
        """Take the world, which has been reset, the brain, which is told what is seen, and the episode's name."""
        self._world, self._brain, self._episode = world, brain, episode
        self._known: dict[str, TextThing] = {}  # by name in the world; as last seen
        self._at = ""  # what the robot went to last
        self._step = 0
        self._moves = 0  # of the step under way
        self._budget = 0
        self._rooms = Rooms()
        self._skills: dict[str, Callable[..., str]] = {
            "find": self._find, "go_to": self._go_to, "pick": self._pick, "place": self._place,
            "put_down": self._put_down, "open": self._open, "close": self._close, "toggle_on": self._toggle_on,
            "toggle_off": self._toggle_off, "slice": self._slice, "heat": self._use, "cool": self._use,
            "clean": self._use, "fill": self._use, "search": self._search, "explore": self._explore,
        }  # fmt: skip

    def begin(self, observation: TextObservation) -> None:
        """Take in what the robot sees at first."""
        self._take(observation, {})

    def run(self, step: Step) -> Result:
        """Carry a step out; it never raises for what the world does."""
        self._moves, self._budget = 0, BUDGETS.get(step.skill, 0)
        skill = self._skills.get(step.skill)
        try:
            if skill is None:
                raise _Failure(UNKNOWN_SKILL, f"There is no skill {step.skill!r}.")
            if len(step.args) != (step.skill not in ("put_down", "explore", "tidy")):
                raise _Failure(Outcome.INVALID.code, f"{step} has the wrong number of arguments.")
            found = skill(*step.args)
        except _Failure as failure:
            return Result(step, failure.outcome, self._moves, text=failure.text or self._last.text)
        return Result(step, OK, self._moves, found, self._last.text)

    # What is seen.

    def _take(self, seen: TextObservation, action: dict[str, object], *, around: bool = False) -> None:
        seen = replace(seen, seen=tuple(self._unmoved(thing) for thing in seen.seen))
        self._last = seen
        self._step += 1
        self._known.update({thing.name: thing for thing in seen.seen})
        self._rooms.saw(seen, around=around)
        things = [self._seen(thing) for thing in seen.seen]
        index = {thing.name: k for k, thing in enumerate(seen.seen)}
        if seen.holding:
            things.append(self._held(seen))
        episode = self._episode
        source = Source(episode.robot, episode.name, self._step, episode.later_ns + seen.stamp_ns)
        percepts = Percepts(source, things=things, base=seen.base_m, room=kind_in(seen.room), action=action)
        states = {index[t.name]: {s: v for s, v in t.states.items() if s in _TOLD} for t in seen.seen if t.states}
        colours = {index[t.name]: t.colour for t in seen.seen if t.colour}
        looked = tuple(index[name] for name in seen.looked_into if name in index)
        self._brain.see(View(percepts, states, colours, looked, bool(seen.holding), self._rooms.explored))

    def _unmoved(self, thing: TextThing) -> TextThing:
        """Furniture is where it was at first, whatever its doors and drawers do."""
        first = self._known.get(thing.name)
        if first is None or PICKUPABLE in kind_of(thing.kind):
            return thing
        return replace(thing, position_m=first.position_m, extent_m=first.extent_m)

    def _seen(self, thing: TextThing) -> Seen:
        support = thing.holder
        if support not in ("", FLOOR):
            holder = self._known.get(support)
            support = kind_in(support) if holder is None else self._name(holder) or holder.kind
        looks = () if PICKUPABLE in kind_of(thing.kind) else _looks(thing)
        return Seen(thing.kind, _SCORE, thing.position_m, thing.extent_m, support, looks, room=thing.room)

    def _held(self, seen: TextObservation) -> Seen:
        thing = self._known.get(seen.holding)
        kind, extent = (kind_in(seen.holding), (0.1, 0.1, 0.1)) if thing is None else (thing.kind, thing.extent_m)
        return Seen(kind, _SCORE, (seen.base_m[0], seen.base_m[1], _HAND_M), extent, held=True)

    def _name(self, thing: TextThing) -> str:
        """Name in memory of a thing, as of the last decision; empty when it was not known then."""
        return nearest(self._brain.beliefs, thing.kind, thing.position_m)

    # What is done.

    def _do(self, skill: str, *names: str) -> TextObservation:
        """Do one thing, tell what is seen, and fail as the world does."""
        action: dict[str, object] = {}
        if skill != "look_around":
            action = {"verb": _VERBS.get(skill, skill)}
        thing = self._known.get(names[0]) if names else None
        if thing is not None:
            action |= {"target": thing.kind, "position_m": thing.position_m}
        if skill in ("place", "put_down"):
            action["held"] = kind_in(self._last.holding)
        seen = self._world.step(skill, names)
        self._moves += seen.moves
        if skill == "go_to":
            self._at = names[0] if seen.outcome == OK else ""
        outcome = {"outcome": self._felt(skill, seen)} if action else {}
        self._take(seen, action | outcome, around=skill == "look_around" and seen.outcome == OK)
        if seen.outcome != OK:
            raise _Failure(seen.outcome, seen.text)
        if self._moves > self._budget:
            raise _Failure(BUDGET, "It takes too long.")
        return seen

    def _felt(self, skill: str, seen: TextObservation) -> str:
        """Return what an action came to, as the hand has it."""
        changed = seen.holding != self._last.holding
        hand = skill in ("pick", "place", "put_down")
        return NO_EFFECT if hand and seen.outcome == OK and not changed else seen.outcome

    def _there(self, name: str) -> str:
        """Go to a thing, and return its name in the world."""
        thing = self._resolve(name)
        if self._at != thing:
            self._do("go_to", thing)
        return thing

    def _resolve(self, name: str) -> str:
        """Name in the world of a thing that memory names; if it was not seen yet the robot looks where it should be."""
        if near := self._near(name):
            return near
        holder = self._brain.beliefs.place_of(name)
        if holder in self._brain.beliefs.things and holder != name:
            self._there(holder)
            if not self._near(name):
                self._do("look_around")
                self._brain.update()  # what was put there blindly is known exactly now
        kind = self._room_of(name)
        while not self._near(name) and (room := self._rooms.likely(self._last.room, kind)):
            if kind not in ("", kind_in(room)) and self._rooms.is_new(room):
                self._enter(room)  # on the way to others
            else:
                self._visit(room)
        if near := self._near(name):
            return near
        raise _Failure(NOT_FOUND, f"{name} is not where it was.")

    def _near(self, name: str) -> str:
        """Name in the world of what was seen where a thing is believed; empty when there is nothing like it."""
        believed = self._brain.beliefs.things.get(name)
        if believed is None or believed.position_m is None:
            raise _Failure(NOT_FOUND, f"It is not known where {name} is.")
        place_m, kind = believed.position_m, believed.kind
        found = [(math.dist(t.position_m, place_m), n) for n, t in self._known.items() if t.kind == kind]
        away, thing = min(found, default=(math.inf, ""))
        return thing if away <= _SAME_M else ""

    def _room_of(self, name: str) -> str:
        """Type of the room that a thing is believed in."""
        beliefs = self._brain.beliefs
        for each in (name, beliefs.place_of(name)):
            room = next((f[2] for f, true in beliefs.facts.items() if true and f[:2] == (IN_ROOM, each)), "")
            if room:
                return room
        return ""

    def _visit(self, room: str) -> bool:
        """Go to a room and look around; whether that could be done."""
        if room != self._last.room and not self._enter(room):
            return False
        self._do("look_around")
        return True

    def _enter(self, room: str) -> bool:
        try:
            self._do("go_to", room)
        except _Failure as failure:
            if failure.outcome == BUDGET:
                raise
            self._rooms.refused(room)
            return False
        return True

    def _state(self, name: str, state: str) -> bool | None:
        """Whether a thing is so, as it was last seen."""
        thing = self._known.get(name)
        return None if thing is None else thing.states.get(state)

    # The skills; each returns the name of what was found, or nothing.

    def _find(self, kind: str) -> str:
        for _ in self._looking():
            thing = next((t for t in self._last.seen if t.kind == kind), None)
            if thing is not None:
                return self._brain.name_at(thing.kind, thing.position_m) or thing.name
        raise _Failure(NOT_FOUND, f"There is no {kind} in sight anywhere.")

    def _explore(self) -> str:
        next(islice(self._looking(), 1, None), None)  # one room at a time, so that what is seen can be thought about
        return ""

    def _looking(self) -> Iterator[None]:
        """Look around room by room until all were looked at; stops for each look."""
        yield
        while room := next(self._rooms.unseen(self._last.room), ""):
            if self._visit(room):
                yield

    def _go_to(self, name: str) -> str:
        if name in self._brain.beliefs.things:
            self._there(name)
            return ""
        rooms = [room for room in self._rooms.known if name in (room, kind_in(room))]
        for room in rooms:
            if room == self._last.room or self._enter(room):
                return ""
        raise _Failure(NO_WAY if rooms else NOT_FOUND, f"There is no way to {name}.")

    def _pick(self, name: str) -> str:
        self._take_up(self._there(name))
        return ""

    def _take_up(self, thing: str) -> None:
        if self._do("pick", thing).holding != thing:
            raise _Failure(NO_EFFECT, "The hand is as it was.")

    def _place(self, name: str) -> str:
        self._set_down(self._there(name))
        return ""

    def _set_down(self, holder: str) -> None:
        held = self._last.holding
        seen = self._do("place", holder)
        hidden = holder not in seen.looked_into  # then the empty hand is all that shows it
        if seen.holding or not (hidden or any(t.name == held for t in seen.seen)):
            raise _Failure(NO_EFFECT, "It is not seen there.")

    def _put_down(self) -> str:
        if self._do("put_down").holding:
            raise _Failure(NO_EFFECT, "The hand is as it was.")
        return ""

    def _switch(self, thing: str, skill: str, state: str, value: bool) -> None:
        """Bring a thing into a state that can be seen."""
        if self._state(thing, state) is value:
            return
        self._do(skill, thing)
        if self._state(thing, state) is not value:
            raise _Failure(NO_EFFECT, "It is as it was.")

    def _open(self, name: str) -> str:
        self._switch(self._there(name), "open", OPEN, True)
        return ""

    def _close(self, name: str) -> str:
        self._switch(self._there(name), "close", OPEN, False)
        return ""

    def _toggle_on(self, name: str) -> str:
        self._switch(self._there(name), "toggle_on", ON, True)
        return ""

    def _toggle_off(self, name: str) -> str:
        self._switch(self._there(name), "toggle_off", ON, False)
        return ""

    def _slice(self, name: str) -> str:
        thing = self._there(name)
        pieces = kind_of(self._known[thing].kind).pieces
        seen = self._do("slice", thing)
        self._known.pop(thing)
        if not any(t.kind == pieces for t in seen.seen):
            raise _Failure(NO_EFFECT, "It is whole.")
        return ""

    def _search(self, name: str) -> str:
        holder = self._there(name)
        closed = OPENABLE in kind_of(self._known[holder].kind) and not self._state(holder, OPEN)
        if closed:
            self._switch(holder, "open", OPEN, True)
        if holder not in self._last.looked_into:
            self._do("look_around")
        for _ in range(0 if closed else _SIDES):
            if holder in self._last.looked_into:
                break
            self._do("go_to", holder)  # another side, from where something may be seen that was hidden
            self._do("look_around")
        if closed:
            self._switch(holder, "close", OPEN, False)
        return ""

    def _use(self, name: str) -> str:
        """Put the held thing into an appliance, let it work, and take the thing again."""
        held = self._last.holding
        if not held:
            raise _Failure(PRECONDITION, "The hand is empty.")
        named = self._there(name)
        place, switches = self._parts(named)
        opens = OPENABLE in kind_of(self._known[place].kind)
        self._go(place)
        if opens:
            self._switch(place, "open", OPEN, True)
        self._set_down(place)
        if opens:
            self._switch(place, "close", OPEN, False)
        for each in switches:
            self._go(each)
            self._switch(each, "toggle_on", ON, True)
            self._switch(each, "toggle_off", ON, False)
        self._go(place)
        if opens:
            self._switch(place, "open", OPEN, True)
        if not any(t.name == held for t in self._last.seen):
            self._do("go_to", held)
        self._take_up(held)
        if opens:
            self._switch(place, "close", OPEN, False)
        return ""

    def _go(self, thing: str) -> None:
        if self._at != thing:
            self._do("go_to", thing)

    def _parts(self, named: str) -> tuple[str, list[str]]:
        """What a thing is put in or on so that an appliance works on it, and what is switched for that."""
        kind = self._known[named].kind
        if kind in _TAPS or kind in _BASINS or kind in ("Sink", "Bathtub"):
            basin = named if kind in _BASINS else self._beside(named, _BASINS)
            return basin or named, [named if kind in _TAPS else self._beside(named, _TAPS)]
        if kind in ("StoveBurner", "StoveKnob"):
            burner = named if kind == "StoveBurner" else self._beside(named, ("StoveBurner",))
            return burner, [n for n, t in self._known.items() if t.kind == "StoveKnob" and self._gap(n, burner) < 1.0]
        return named, [named] if kind != "Fridge" else []

    def _beside(self, name: str, kinds: tuple[str, ...]) -> str:
        """Return the nearest thing of some kinds."""
        near = [(self._gap(n, name), n) for n, t in self._known.items() if t.kind in kinds]
        away, found = min(near, default=(math.inf, ""))
        if away > _TAP_M:
            raise _Failure(NOT_FOUND, f"There is no {' or '.join(kinds)} at {name}.")
        return found

    def _gap(self, one: str, other: str) -> float:
        return math.dist(self._known[one].position_m[:2], self._known[other].position_m[:2])


def _looks(thing: TextThing) -> tuple[float, ...]:
    """Appearance of a piece of furniture, which tells it from its neighbours: words say exactly where each stands."""
    place = ",".join(f"{v:.2f}" for v in thing.position_m)
    drawn = np.random.default_rng(crc32(f"{thing.kind} {place}".encode())).normal(size=_LOOKS)
    return tuple((drawn / np.linalg.norm(drawn)).round(4).tolist())


def nearest(beliefs: Beliefs, kind: str, place_m: Point) -> str:
    """Name of the thing of a kind that is believed at a place; empty when there is none."""
    found = [
        (math.dist(t.position_m, place_m), t.name)
        for t in beliefs.things.values()
        if t.kind == kind and t.position_m is not None
    ]
    away, name = min(found, default=(math.inf, ""))
    return name if away <= _SAME_M else ""


def run(brain: Brain, body: TextBody, task: str) -> Ending:
    """Have a brain do a task with a body, to its end."""
    return follow(brain.think(task), body)


def follow(thought: Generator[Step, Result, Ending], body: TextBody) -> Ending:
    """Carry out what a brain thinks of, to its end."""
    try:
        step = next(thought)
        while True:
            step = thought.send(body.run(step))
    except StopIteration as end:
        ending: Ending = end.value
        return ending
