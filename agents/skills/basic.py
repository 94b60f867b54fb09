"""The skills that are one deed each: going, taking, setting down, opening, switching, cutting, looking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from engram.agents.explore import explore as look_around
from engram.agents.fetch import fetch, stand_up, take_stance, ways_to_reach
from engram.agents.handled import HandledNow
from engram.agents.machine import Errand, State, run
from engram.agents.motion import Skill, travel, turns
from engram.agents.search import approach, go_nearer, parts_of
from engram.agents.skills.doors import close_it, look_into, not_in_front, open_it, put_from, put_into
from engram.agents.skills.known import Known
from engram.agents.skills.touch import next_stance, touch, ways_to_part
from engram.agents.states import States
from engram.agents.store import let_go, set_on
from engram.perception.geometry import Floats
from engram.perception.tracker import Track
from engram.planners.contract import BUDGET, NO_EFFECT, NO_WAY, NOT_FOUND, OK, PRECONDITION
from engram.planners.navigation import DIRECTIONS, Node
from engram.planners.stances import Stance
from engram.sims.contract import Outcome, Verb

KNIVES = ("Knife", "ButterKnife")
_THERE_M, _DRAWS = 0.6, 6  # a place is reached within this, after going nearer so often
_LOOKS = 2  # places from which a believed position is looked at
_NEAR_M = ((0.85, 1.0), (1.3, 1.5))  # stand so near, and it counts as reached within that; the second where need be
_SIDES = 3  # places from which something open is looked over
_FLOOR_PITCH_DEG = 60.0
_DROP_M = 0.45  # what is let go falls this far ahead of the base
_ROOMY_M = 0.65  # floor with so much free room about it stays passable with something on it
_ELSEWHERE = {NO_WAY, NOT_FOUND, Outcome.NO_SPACE.code}  # other places of a receptacle are tried then
# Codes of engram.agents.fetch and store, in the terms of planners.
_CODES = {
    "": OK, "no_path": NO_WAY, "blocked": NO_WAY, "not_seen": NOT_FOUND, "not_there": NOT_FOUND, "slipped": NO_EFFECT,
    Outcome.NOTHING_THERE.code: NOT_FOUND,
}  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What came of a skill."""

    outcome: str = OK
    text: str = ""
    found: str = ""


def find(k: Known, kind: str, until: int) -> Skill[Report]:
    """Look for a thing of a kind until one is seen, or nothing is left to see, or a step is reached."""
    sit = k.sit
    all_seen = yield from look_around(sit, until, k.seen_from, lambda: bool(sit.tracker.labelled([kind])))
    track = k.track(kind)
    if track is not None:
        return Report(OK, f"Found a {kind}.", k.name(track))
    return Report(NOT_FOUND, f"There is no {kind} in sight anywhere.") if all_seen else Report(BUDGET)


def explore(k: Known, until: int) -> Skill[Report]:
    """Look around until nothing is left to see, or a step is reached."""
    if (yield from look_around(k.sit, until, k.seen_from)):
        return Report(OK, "All that can be seen without opening anything was seen.")
    return Report(BUDGET, "There is more to see.")


def go_to(k: Known, name: str) -> Skill[Report]:
    """Stand near a thing and face it, or go to where a room is."""
    kind, position = k.resolve(name)
    if kind in k.sit.prior.room_types and position is not None:
        return Report(OK if (yield from _enter(k, np.array(position))) else NO_WAY)
    track = yield from seek(k, name)
    if track is None:
        return Report(NOT_FOUND)
    for near_m, close_m in _NEAR_M:
        if (yield from approach(k.sit, track, near_m, close_m)):
            return Report()
    return Report(NO_WAY if track in k.sit.tracker.tracks else NOT_FOUND)


def pick(k: Known, name: str) -> Skill[Report]:
    """Take a thing."""
    sit = k.sit
    if sit.holding:
        held = sit.held == k.kind(name)
        return Report(OK if held else Outcome.HAND_FULL.code, "The hand holds it already." if held else "")
    track = yield from seek(k, name)
    if track is None:
        return Report(NOT_FOUND)
    return Report((yield from take(k, track)))


def place(k: Known, name: str) -> Skill[Report]:
    """Set the held thing down in or on something."""
    if not k.sit.holding:
        return Report(Outcome.HAND_EMPTY.code)
    track = yield from seek(k, name)
    if track is None:
        return Report(NOT_FOUND)
    return Report((yield from put(k, track)))


def put_down(k: Known) -> Skill[Report]:
    """Let the held thing go, onto the floor where there is room."""
    sit, label = k.sit, k.sit.held
    if not sit.holding:
        return Report(Outcome.HAND_EMPTY.code)
    sit.plan()
    stance = _roomy_stance(k)
    if stance is not None:
        yield from take_stance(sit, stance)
    if not (yield from let_go(sit)):
        return Report(sit.outcome.code if sit.outcome is not Outcome.OK else NO_EFFECT)
    k.laid = (label, np.array([*sit.observation["base"][:2], 0.0]))
    return Report()


def open_thing(k: Known, name: str) -> Skill[Report]:
    """Open a thing."""
    track = yield from seek(k, name)
    return Report(NOT_FOUND if track is None else (yield from open_it(k, track)))


def close_thing(k: Known, name: str) -> Skill[Report]:
    """Close a thing."""
    track = yield from seek(k, name)
    return Report(NOT_FOUND if track is None else (yield from close_it(k, track)))


def toggle_on(k: Known, name: str) -> Skill[Report]:
    """Switch a thing on."""
    track = yield from seek(k, name)
    return Report(NOT_FOUND if track is None else (yield from switch(k, track, on=True)))


def toggle_off(k: Known, name: str) -> Skill[Report]:
    """Switch a thing off."""
    track = yield from seek(k, name)
    return Report(NOT_FOUND if track is None else (yield from switch(k, track, on=False)))


def slice_thing(k: Known, name: str) -> Skill[Report]:
    """Cut a thing with the knife in the hand."""
    if not k.sit.holding or k.sit.held not in KNIVES:
        return Report(PRECONDITION, "There is no knife in the hand.")
    track = yield from seek(k, name)
    if track is None:
        return Report(NOT_FOUND)
    outcome = yield from touch(k.sit, track, Verb.SLICE)
    if outcome == OK and track in k.sit.tracker.tracks:
        k.sit.tracker.remove(track)
    return Report(outcome)


def search(k: Known, name: str) -> Skill[Report]:
    """Look into or over something; what was closed is closed again."""
    track = yield from seek(k, name)
    if track is None:
        return Report(NOT_FOUND)
    if not k.closes(track):
        outcome = yield from _look_over(k, track)
    else:
        was_open = k.door(track).is_open
        outcome = yield from open_it(k, track)
        if outcome == OK:
            outcome = yield from look_into(k, track)
            closed = OK if was_open else (yield from close_it(k, track))
            outcome = outcome if outcome != OK else closed
    seen = ", ".join(sorted(t.label for t in k.contents(track))) or "nothing"
    return Report(outcome, f"There is {seen} there." if outcome == OK else "")


def tidy(k: Known) -> Skill[Report]:
    """Put what is out of place where it belongs, until nothing is left."""
    sit = k.sit
    budgets = sit.config.budgets
    yield from run(sit, Errand(), States(budgets, HandledNow()).parts(), budgets, State.SEARCH_OOP)
    return Report(OK if not sit.holding else Outcome.NO_SPACE.code)


def seek(k: Known, name: str) -> Skill[Track | None]:
    """Return what a name means; where nothing like it is in sight the robot goes and looks where it is believed."""
    track = k.track(name)
    position = k.resolve(name)[1]
    if track is not None or position is None:
        return track
    place, used = np.array(position, np.float64), set[Node]()
    for _ in range(_LOOKS):
        yield from _look_at(k, place, used)
        track = k.track(name)
        if track is not None:
            break
    return track


def take(k: Known, track: Track) -> Skill[str]:
    """Pick a thing up, in front of what it is in."""
    holder = k.around(track)
    shunned = not_in_front(k, holder) if holder is not None else ()
    yield from next_stance(k.sit, track.lo, track.hi, lambda used: ways_to_part(k.sit, track, used), ())
    reason = yield from fetch(k.sit, track, wanted=True, shunned=shunned)
    return OK if k.sit.holding else _CODES.get(reason, reason)


def put(k: Known, holder: Track) -> Skill[str]:
    """Set the held thing down in or on something; OK when the hand is empty."""
    sit, label = k.sit, k.sit.held
    yield from next_stance(sit, holder.lo, holder.hi, lambda used: ways_to_part(sit, holder, used), ())
    if k.closes(holder):
        reason = yield from put_into(k, holder)
    else:
        reason = yield from set_on(sit, holder, label)
        reason = _CODES.get(reason, reason)
        if sit.holding and reason in _ELSEWHERE:
            full = reason == Outcome.NO_SPACE.code
            ways = partial(ways_to_part, sit, holder)
            reason = yield from put_from(k, holder, ways, holder.centre, stubborn=not full)
    if sit.holding:
        return NO_EFFECT if reason == OK else reason
    placed = next((e for e in reversed(sit.events) if e.kind == "placed" and e.position is not None), None)
    k.laid = (label, np.array(placed.position if placed is not None else holder.centre))
    return OK


def switch(k: Known, track: Track, *, on: bool) -> Skill[str]:
    """Switch a thing; OK, too, where it is so already."""
    reason = yield from touch(k.sit, track, Verb.TOGGLE_ON if on else Verb.TOGGLE_OFF)
    if reason != Outcome.INVALID.code:
        return reason
    if not on or track.label != "Microwave":
        return OK
    return PRECONDITION if k.door(track).is_open else OK  # an open one refuses as well as one that runs


def _enter(k: Known, place: Floats) -> Skill[bool]:
    """Go to a place (3,) of the floor, or as near to it as can be; whether it is reached."""
    sit = k.sit
    for _ in range(_DRAWS):
        sit.plan()
        near = {
            n: float(np.hypot(*(np.array(sit.navigator.position(n)) - place[:2]))) for n in sit.navigator.reachable()
        }
        goals = {n: 0.0 for n, away in near.items() if away < _THERE_M}
        if goals:
            return (yield from travel(sit, goals, ahead=True))
        if not (yield from go_nearer(sit, place, place)):
            break
    return False


def _roomy_stance(k: Known) -> Stance | None:
    """Return a near pose with floor ahead on which something is in nobody's way; paths must be planned."""
    sit = k.sit
    clearance, floor = sit.grid.clearance(), sit.grid.known_floor()
    best, least = None, np.inf
    for node in sit.navigator.reachable():
        for heading, direction in enumerate(DIRECTIONS):
            xy = np.array(sit.navigator.position(node)) + _DROP_M * np.array(direction)
            ix, iy = sit.grid.cells(xy[None, :])[0]
            if not sit.grid.inside(np.array([ix, iy])) or not floor[ix, iy]:
                continue
            tight = max(0.0, _ROOMY_M - float(clearance[ix, iy]))
            cost = sit.navigator.distance(node) + turns(sit.heading, heading, sit.config.rotate_deg) + 40.0 * tight
            if cost < least:
                best, least = Stance(node, heading, _FLOOR_PITCH_DEG, cost), cost
    return best


def _look_over(k: Known, track: Track) -> Skill[str]:
    """Look at the parts of something open from near, its middle first."""
    used, outcome = set[Node](), NO_WAY
    for part in parts_of(track)[:_SIDES]:
        if (yield from _look_at(k, part, used)):
            outcome = OK
    return outcome


def _look_at(k: Known, place: Floats, used: set[Node]) -> Skill[bool]:
    """Look at a place (3,) from near, from where the robot has not stood for it yet; whether that was possible."""
    sit = k.sit
    stance = yield from next_stance(
        sit, place, place, lambda nodes: ways_to_reach(sit, place, sit.config.reach_m, nodes), used
    )
    if stance is None:
        return False
    used.add(stance.node)
    arrived = yield from take_stance(sit, stance)
    sit.look()
    yield from stand_up(sit, stance)
    return arrived
