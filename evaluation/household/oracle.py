"""An agent that is told the truth: it shows that a task can be done, and how few steps that takes.

It reads goals, not words, and drives a :class:`engram.sims.house.text.TextHouse` by the same skills as anyone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engram.evaluation.household.check import Scene, check, has_state, meant
from engram.evaluation.household.driver import Ending
from engram.evaluation.household.kinds import KNIVES
from engram.evaluation.household.scene import by_kind, whole
from engram.planners.contract import CLEAN, COLD, FILLED, HOT, ON, OPEN, Goal, Noun, Want
from engram.sims.contract import TrueObject
from engram.sims.house.categories import CATEGORIES
from engram.sims.house.text import TextHouse

OK = "ok"
_MAKERS = {
    HOT: ("Microwave", "StoveBurner"),
    COLD: ("Fridge",),
    CLEAN: ("SinkBasin", "BathtubBasin", "Sink", "Bathtub"),
    FILLED: ("SinkBasin", "BathtubBasin", "Sink", "Bathtub"),
}
_TAPS = ("Faucet", "ShowerHead")
_TOPS = ("Bed", "CounterTop", "Desk", "DiningTable")
_TRIES = 4  # things, and places, that are tried for one want


class _Stuck(Exception):  # noqa: N818 - how an attempt ends early
    pass


class OracleAgent:
    """Implements :class:`engram.evaluation.household.driver.TaskAgent` for one goal."""

    def __init__(self, world: TextHouse, goal: Goal, start: Scene) -> None:
        """Take a world that has been reset, and what shall be so in the end."""
        self._world, self._goal, self._start = world, goal, start
        self._steps = self._moves = 0
        self._used: set[str] = set()  # ids of what has been put where it shall be

    def run(self, instruction: str = "") -> Ending:
        """Reach the goal; the words do not matter."""
        order = sorted(self._goal.wants, key=lambda w: (w.held, w.at is None, self._carries(w)))
        try:
            for want in order:
                self._reach(want)
        except _Stuck as stuck:
            return Ending(False, str(stuck), self._steps, self._moves)
        done = check(self._goal, self._start, self._now()).success
        return Ending(done, "success" if done else "not_reached", self._steps, self._moves)

    def _carries(self, want: Want) -> bool:
        """Whether something is put in what this want moves: that comes first."""
        return any(w.at == want.thing for w in self._goal.wants)

    def _reach(self, want: Want) -> None:
        if want.at is None and not want.held:
            self._switch(want)
            return
        holder = ""
        for _ in range(want.count):
            holder = self._bring(want, holder)

    def _switch(self, want: Want) -> None:
        verbs = {ON: "toggle_on", OPEN: "open"}
        for thing in meant(want.thing, self._now()):
            lacking = [s for s in want.thing.states if not has_state(thing, s)]
            if all(s in verbs and self._go(thing.id) and self._do(verbs[s], thing.id) for s in lacking):
                return
        raise _Stuck("nothing could be switched")

    def _bring(self, want: Want, holder: str) -> str:
        """Bring one thing where it is wanted; return the id of what it is on or in then."""
        for thing in self._things(want)[:_TRIES]:
            if not self._take(thing.id) or not all(self._make(thing.id, s) for s in sorted(want.thing.states)):
                self._put_away()
                continue
            self._used.add(thing.id)
            if want.at is None:
                return ""
            for place in self._places(want.at, thing.id, holder)[: 2 * _TRIES]:
                if self._place(place):
                    return place
            self._put_away()
        raise _Stuck(f"no {'/'.join(sorted(want.thing.kinds))} could be brought")

    def _things(self, want: Want) -> list[TrueObject]:
        """Things that are meant, the best first; what shall be a slice is cut."""
        now = {t.id: t for t in self._world.truth.objects()}
        if any(is_slice(k) for k in want.thing.kinds) and not any(t.category in want.thing.kinds for t in now.values()):
            self._cut(want.thing)
            now = {t.id: t for t in self._world.truth.objects()}
        ids = {t.id for t in meant(want.thing, self._start)}
        found = [t for t in now.values() if t.category in want.thing.kinds and t.id not in self._used]
        found = [t for t in found if t.id in ids or whole(t.id) != t.id]
        return sorted(found, key=lambda t: (sum(not has_state(t, s) for s in want.thing.states), self._hidden(t), t.id))

    def _places(self, noun: Noun, thing: str, holder: str) -> list[str]:
        if holder:
            return [holder]
        ids = [t.id for t in meant(noun, self._start)]
        closed = {t.id: self._closed(t.id) for t in self._now().things}
        return sorted((k for k in ids if k != thing), key=lambda k: (closed[k], "/" in k, k))

    def _cut(self, noun: Noun) -> None:
        wholes = [t for t in self._now().things if CATEGORIES[t.category].sliced in noun.kinds]
        knives = [t for t in self._now().things if t.category in KNIVES]
        for knife in knives:
            if not self._take(knife.id):
                continue
            for thing in wholes:
                if self._uncover(thing.id) and self._go(thing.id) and self._do("slice", thing.id):
                    self._put_away()
                    return
            self._put_away()
        raise _Stuck("nothing could be cut")

    def _make(self, thing: str, state: str) -> bool:
        """Bring what is in the hand into a state, and have it in the hand again."""
        if has_state(self._thing(thing), state):
            return True
        makers = [t for kind in _MAKERS.get(state, ()) for t in by_kind(self._now().things).get(kind, ())]
        for maker in makers[:_TRIES]:
            if self._place(maker.id, shut=True) and self._run(maker, thing, state):
                return self._take(thing)
            if self._held() != thing and not self._take(thing):
                return False
        return False

    def _run(self, maker: TrueObject, thing: str, state: str) -> bool:
        switches = [maker.id] if maker.category == "Microwave" else self._taps(maker)
        for switch in switches if maker.category != "Fridge" else []:
            if self._go(switch) and self._do("toggle_on", switch):
                self._do("toggle_off", switch)
        return has_state(self._thing(thing), state)

    def _taps(self, maker: TrueObject) -> Sequence[str]:
        kinds = ("StoveKnob",) if maker.category == "StoveBurner" else _TAPS
        unit = maker.id.partition("/")[0]
        switches = [t for k in kinds for t in by_kind(self._now().things).get(k, ())]
        return [t.id for t in sorted(switches, key=lambda t: (not t.id.startswith(unit), t.id)) if t.room == maker.room]

    def _take(self, thing: str) -> bool:
        if self._held() == thing:
            return True
        if self._held() and not self._put_away():
            return False
        shut = [h for h in self._thing(thing).receptacles if self._closed(h)]
        taken = self._uncover(thing) and self._go(thing) and self._do("pick", thing)
        for holder in shut:  # an open door may bar the way
            self._do("close", holder)
        return taken

    def _uncover(self, thing: str) -> bool:
        """Open what a thing is in."""
        for holder in reversed(self._thing(thing).receptacles):
            if self._closed(holder) and not (self._go(holder) and self._open(holder)):
                return False
        return True

    def _place(self, holder: str, *, shut: bool = False) -> bool:
        opened = self._closed(holder)
        if not self._go(holder) or (opened and not self._open(holder)):
            return False
        done = self._do("place", holder)
        if opened or (shut and CATEGORIES[self._thing(holder).category].openable):
            self._do("close", holder)
        return done

    def _open(self, holder: str) -> bool:
        thing = self._thing(holder)
        if thing.category == "Microwave" and thing.state.get("toggled"):
            self._do("toggle_off", holder)
        return self._do("open", holder)

    def _put_away(self) -> bool:
        """Empty the hand somewhere."""
        if not self._held() or self._do("put_down"):
            return True
        tops = [
            t.id for k in ("CounterTop", "DiningTable", "Desk", "Bed") for t in by_kind(self._now().things).get(k, ())
        ]
        return any(self._place(top) for top in tops)

    def _closed(self, id_: str) -> bool:
        thing = self._thing(id_)
        return thing.receptacle and thing.openable and not thing.pickupable and not has_state(thing, OPEN)

    def _hidden(self, thing: TrueObject) -> bool:
        return any(self._closed(h) for h in thing.receptacles)

    def _held(self) -> str:
        return next((t.id for t in self._holding()), "")

    def _holding(self) -> Iterator[TrueObject]:
        return (t for t in self._world.truth.objects() if t.state.get("held") and not t.receptacles)

    def _now(self) -> Scene:
        return Scene(self._world.truth.objects(), self._start.colours, self._start.rooms)

    def _thing(self, id_: str) -> TrueObject:
        return next(t for t in self._world.truth.objects() if t.id == id_)

    def _go(self, id_: str) -> bool:
        return self._do("go_to", id_)

    def _do(self, skill: str, *ids: str) -> bool:
        seen = self._world.step(skill, tuple(self._world.true_name(i) for i in ids))
        self._steps += 1
        self._moves += seen.moves
        return seen.outcome == OK


def is_slice(kind: str) -> bool:
    """Whether things of a kind come from cutting others."""
    return any(c.sliced == kind for c in CATEGORIES.values())
