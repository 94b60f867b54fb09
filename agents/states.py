"""What the tidy agent does in each state, unless it is given something else to do there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from engram.agents.explore import explore
from engram.agents.fetch import SLIPPED, fetch
from engram.agents.handled import Deed, HandledThings
from engram.agents.look import look_about, look_at, most_doubtful
from engram.agents.machine import Errand, Part, State
from engram.agents.motion import Skill, travel, turn_to
from engram.agents.situation import Budgets, Situation
from engram.agents.store import Spot, choose, choose_any, let_go, place_on, put_on_floor
from engram.agents.verify import certain, plausible
from engram.perception.geometry import Floats
from engram.perception.tracker import Track
from engram.planners.navigation import Node
from engram.planners.placement import FLOOR
from engram.sims.contract import Verb, act

Waypoints = Callable[[Situation, str], Sequence[Floats]]  # places (2,) where a receptacle may be, the likely ones first

_TRIES = 2  # times that one thing is handled
_AGAIN = 40.0  # steps that handling a thing once more must be worth
_SURE = 0.9  # belief with which what was put away is moved again where perception is not certain
_ANYWHERE = 3  # receptacles tried when none is proper
_ARRIVED_M = 1.0
_MOVABLE = 0.5  # least belief that a thing is one to put away


class States:
    """The parts of the machine, and what they remember of an episode."""

    def __init__(self, budgets: Budgets, handled: HandledThings, waypoints: Waypoints | None = None) -> None:
        """Begin an episode.

        Args:
            budgets: bounds of it.
            handled: remembers what was handled.
            waypoints: where to look for a receptacle that is not known yet; nowhere when not given.

        """
        self.budgets, self.handled, self._waypoints = budgets, handled, waypoints
        self.found: set[int] = set()
        self._looked: list[tuple[str, Floats]] = []
        self._look_steps = 0

    def parts(self) -> dict[State, Part]:
        """Return what is done in each state."""
        return {
            State.EXPLORE: self.explore,
            State.SEARCH_OOP: self.search,
            State.FETCH: self.fetch,
            State.PROPOSE: self.propose,
            State.LOCATE: self.locate,
            State.PLACE: self.place,
            State.PLACE_FALLBACK: self.fallback,
        }

    def explore(self, sit: Situation, errand: Errand) -> Skill[State]:
        """Look at the whole house."""
        errand.why = "" if (yield from explore(sit)) else "out_of_steps"
        return State.SEARCH_OOP

    def search(self, sit: Situation, errand: Errand) -> Skill[State]:
        """Find what is out of place: what was lost first, then the nearest, and last by looking at what is doubtful."""
        if sit.holding:
            errand.label = sit.held
            return State.PLACE_FALLBACK
        if abs(sit.eye_m - sit.config.crouched_eye_m) < 0.1:
            yield act(Verb.STAND)
        errand.track = None
        if errand.lost is not None:
            lost, errand.lost = errand.lost, None
            if self._times(sit, *lost) < _TRIES:
                errand.track = yield from look_about(sit, *lost)
        while errand.track is None:
            errand.track = self.next(sit)
            if errand.track is None and not (yield from self._look(sit)):
                return State.DONE
        errand.begun, errand.attempts = sit.step, errand.attempts + 1
        return State.FETCH

    def fetch(self, sit: Situation, errand: Errand) -> Skill[State]:
        """Pick it up."""
        track = errand.track
        if track is None:
            return State.SEARCH_OOP
        label, place = track.label, track.centre.copy()
        self._remember(sit, Deed("tried", label, place))
        errand.why = yield from fetch(sit, track)
        if not errand.why:
            return State.PROPOSE
        if errand.why == SLIPPED:
            errand.lost = label, place
        return State.SEARCH_OOP

    def propose(self, sit: Situation, errand: Errand) -> Skill[State]:
        """Rank the kinds of receptacles on which it may belong, in whatever room."""
        yield from ()
        errand.label, errand.refused, errand.tried, errand.told = sit.held, set(), 0, False
        rooms, proper = sit.placing.room_types, sit.placing.proper
        best = {r: max((proper(sit.held, r, {k: 1.0}) for k in rooms), default=0.0) for r in sit.placing.receptacles}
        errand.classes = tuple(sorted((r for r in best if best[r] > 0.0), key=lambda r: (-best[r], r)))
        errand.why = ", ".join(errand.classes[:3])
        return State.LOCATE

    def locate(self, sit: Situation, errand: Errand) -> Skill[State]:
        """Find a receptacle for it: one that is known, or one that is looked for."""
        if errand.tried >= sit.config.holders:
            return State.PLACE_FALLBACK
        errand.spot = self._spot(sit, errand)
        if errand.spot is None and self._waypoints is not None and not errand.tried:
            yield from self._look_for(sit, errand, self._waypoints)
        return State.PLACE if errand.spot is not None else State.PLACE_FALLBACK

    def place(self, sit: Situation, errand: Errand) -> Skill[State]:
        """Put it on the receptacle."""
        if errand.spot is None:
            return State.PLACE_FALLBACK
        holder = errand.spot.holder
        errand.tried += 1
        if (yield from place_on(sit, holder, errand.label)):
            return self._placed(sit)
        errand.refused.add(holder.number)
        return State.LOCATE if sit.holding else State.SEARCH_OOP

    def fallback(self, sit: Situation, errand: Errand) -> Skill[State]:
        """Put it on the floor where that is proper, on what may be proper, on anything, or let go of it."""
        if (yield from put_on_floor(sit, errand.label)):
            return self._placed(sit)
        for spot in self._last_resorts(sit, errand):
            if (yield from place_on(sit, spot.holder, errand.label, stubborn=True)):
                return self._placed(sit)
            errand.refused.add(spot.holder.number)
            if not sit.holding:
                return State.SEARCH_OOP
        sit.failures += 1
        sit.note("failed", errand.label, "no_place")
        at = np.array([*sit.observation["base"][:2], 0.0])
        self._remember(sit, Deed("failed", errand.label, at, reason="no_place"))
        errand.why = "no_place" if (yield from let_go(sit)) else "cannot_let_go"
        return State.SEARCH_OOP

    def next(self, sit: Situation) -> Track | None:
        """Return the out-of-place thing that is nearest, or ``None``."""
        sit.plan()
        best, least = None, np.inf
        for track in sit.tracker.tracks:
            if not track.confirmed or sit.movable(track) < _MOVABLE or not plausible(sit, track):
                continue
            times = self._times(sit, track.label, track.centre) if sit.config.handled_memory else 0
            if times >= _TRIES:
                continue
            belief = sit.misplaced(track)
            if belief < sit.config.least_belief or self._put_there(sit, track, belief) or self._unheld(sit, track):
                continue
            self._note_found(sit, track, belief)
            cost = approach(sit, track) + _AGAIN * times
            if cost < least:
                best, least = track, cost
        return best

    def _spot(self, sit: Situation, errand: Errand) -> Spot | None:
        return choose(sit, errand.label, errand.refused, told=errand.classes if errand.told else ())

    def _look_for(self, sit: Situation, errand: Errand, waypoints: Waypoints) -> Skill[None]:
        for name in errand.classes[: self.budgets.classes]:
            for xy in list(waypoints(sit, name))[: self.budgets.waypoints]:
                sit.plan()
                if not (yield from travel(sit, _nodes_around(sit, xy), ahead=True)):
                    continue
                for _ in range(4):
                    errand.spot = self._spot(sit, errand)
                    if errand.spot is not None:
                        return
                    yield from turn_to(sit, (sit.heading + 1) % 4)

    def _last_resorts(self, sit: Situation, errand: Errand) -> Iterable[Spot]:
        for _ in range(sit.config.holders):
            spot = choose(sit, errand.label, errand.refused, 0.0)
            if spot is None:
                break
            yield spot
        for _ in range(_ANYWHERE):
            spot = choose_any(sit, errand.refused)
            if spot is None:
                break
            yield spot

    def _placed(self, sit: Situation) -> State:
        event = sit.events[-1]
        if event.kind == "placed" and event.position is not None:  # once more if it proves wrong
            self._remember(sit, Deed("placed", event.label, np.array(event.position), event.target or FLOOR))
        return State.SEARCH_OOP

    def _remember(self, sit: Situation, deed: Deed) -> None:
        self.handled.add(deed, sit.step, int(sit.observation["stamp_ns"]))

    def _times(self, sit: Situation, label: str, place: Floats) -> int:
        """How often a thing of this label was handled here; that one was taken from here long ago does not count."""
        return sum(not d.earlier or d.what == "failed" for d in self.handled.about(label, place))

    def _put_there(self, sit: Situation, track: Track, belief: float) -> bool:
        """Whether the robot itself put it there and has no good reason to move it again."""
        if certain(sit) or belief >= _SURE or not sit.config.handled_memory:
            return False
        return any(d.what == "placed" for d in self.handled.about(track.label, track.centre))

    def _unheld(self, sit: Situation, track: Track) -> bool:
        """Whether it is open what holds a thing; whether it belongs there is too, then."""
        holder = sit.support(track).track
        return holder is not None and not plausible(sit, holder)

    def _look(self, sit: Situation) -> Skill[bool]:
        """Look at what is most doubtful; whether there was anything, and time for it."""
        if certain(sit) or len(self._looked) >= self.budgets.looks or self._look_steps >= self.budgets.look_steps:
            return False
        track = most_doubtful(sit, self._looked, lambda track: approach(sit, track))
        if track is None:
            return False
        begun = sit.step
        self._looked.append((track.label, track.centre.copy()))
        yield from look_at(sit, track)
        self._look_steps += sit.step - begun
        return True

    def _note_found(self, sit: Situation, track: Track, belief: float) -> None:
        if track.number in self.found:
            return
        self.found.add(track.number)
        holder = sit.support(track).track
        sit.note("found", track.label, f"misplaced {belief:.2f}", track.centre, holder.label if holder else FLOOR)


def _nodes_around(sit: Situation, xy: Floats) -> dict[Node, float]:
    nodes = sit.navigator.reachable()
    away = np.linalg.norm(np.array([sit.navigator.position(n) for n in nodes]).reshape(-1, 2) - xy[:2], axis=1)
    return {node: 0.0 for node, gap in zip(nodes, away, strict=True) if gap < _ARRIVED_M}


def approach(sit: Situation, track: Track) -> float:
    """Return the path cost to the nearest node within reach of a thing; large when there is none."""
    nav, reach = sit.navigator, sit.config.reach_m
    x, y = float(track.centre[0]), float(track.centre[1])
    centre, span = nav.node(x, y), round(reach / sit.config.step_m)
    near = [
        nav.distance((centre[0] + i, centre[1] + j)) for i in range(-span, span + 1) for j in range(-span, span + 1)
    ]
    return min(min(near), 1000.0)
