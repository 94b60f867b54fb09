"""Opening, closing, and putting into what closes: where to stand, and what a door does to map and tracks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from engram.agents.fetch import stand_up, take_stance, ways_to_reach
from engram.agents.motion import Skill, look_to
from engram.agents.skills.known import Door, Known, Patch, gap
from engram.agents.skills.touch import Ways, next_stance, touch
from engram.agents.store import put_at
from engram.perception.geometry import Floats
from engram.perception.tracker import Track
from engram.planners.contract import NO_WAY, NOT_FOUND, OK
from engram.planners.navigation import Navigator, Node
from engram.planners.stances import Stance
from engram.sims.contract import Outcome, Verb

_GROWN_M = 0.1  # a box that grew more than this to a side opens to that side
_FLAT = 1.5  # what is this much deeper than wide does not show its front there
_SWING_M = 0.25  # room between an open door leaf and the base
_NEAR_M, _FAR_M = 0.6, 1.1  # distances from a front
_AHEAD_M = 0.15  # a base is in front when it is this far ahead of it
_ASIDE_M = 0.5  # ... and no farther than this aside
_OFF_COST = 6.0  # steps per metre off the best place in front
_LEAF_M = 0.6  # an open door reaches no farther from its thing, beside the thing's own size
_TALL_M = 0.9  # what is higher takes two looks
_HAND_M = (0.3, 1.5)  # heights at which a front is touched
_FINAL = {o.code for o in (Outcome.CLOSED, Outcome.INVALID, Outcome.HAND_EMPTY)}


def open_it(k: Known, track: Track) -> Skill[str]:
    """Open something; OK, too, where it is open already."""
    door = k.door(track)
    k.sit.plan()
    guess = door.front or _guess_front(k, door)
    before = Patch.of(k.sit.grid, track.centre, _LEAF_M + float(track.size[:2].max()))
    reason = yield from touch(k.sit, track, Verb.OPEN, lambda used: in_front(k, track, used), here=False)
    if reason == OK and door.before is None:
        door.before = before
    if reason == Outcome.INVALID.code and track.label == "Microwave":  # one that runs does not open
        yield from touch(k.sit, track, Verb.TOGGLE_OFF)
        reason = yield from touch(k.sit, track, Verb.OPEN, lambda used: in_front(k, track, used), here=False)
    if reason in (OK, Outcome.INVALID.code):
        door.is_open = True
        for rider in door.riders:  # they are seen again where they are now
            k.sit.tracker.remove(rider)
        door.riders = []
        _take_in_leaf(k, track)
        _learn_front(k, door, track, guess)
        return OK
    return reason


def close_it(k: Known, track: Track) -> Skill[str]:
    """Close something; OK, too, where it is closed already."""
    door = k.door(track)
    inside = k.contents(track) if track.label == "Drawer" and door.is_open else []
    reason = yield from touch(k.sit, track, Verb.CLOSE, lambda used: in_front(k, track, used))
    if reason not in (OK, Outcome.INVALID.code):
        return reason
    if door.is_open:
        _shut_in(door, track, inside)
        _forget_leaf(k, door, track)
    door.is_open = False
    return OK


def put_into(k: Known, holder: Track) -> Skill[str]:
    """Set the held thing down in something that is open; returns OK or why that failed."""
    return (yield from put_from(k, holder, lambda used: in_front(k, holder, used, inside=True), _middle(k, holder)))


def put_from(k: Known, holder: Track, ways: Ways, aim: Floats, stubborn: bool = True) -> Skill[str]:
    """Set the held thing down near a point (3,) of something, from where the ways say; returns OK or why it failed.

    A ``stubborn`` robot tries points around where no free patch would do.
    """
    sit, reason, excluded = k.sit, NO_WAY, set[Node]()
    for _ in range(sit.config.stands):
        stance = yield from next_stance(sit, holder.lo, holder.hi, ways, excluded)
        if stance is None:
            break
        excluded.add(stance.node)
        if (yield from take_stance(sit, stance)):
            outcome = yield from put_at(sit, holder, sit.held, aim, stubborn)
            reason = NOT_FOUND if outcome is None else outcome.code
        yield from stand_up(sit, stance)
        if reason == OK or reason in _FINAL:
            break
    if reason == NO_WAY:  # an open door may bar the way: from here, then
        outcome = yield from put_at(sit, holder, sit.held, aim, stubborn)
        reason = NO_WAY if outcome is None else outcome.code
    return reason


def look_into(k: Known, holder: Track) -> Skill[str]:
    """Look into something that is open from in front of it."""
    sit = k.sit
    stance = yield from next_stance(
        sit, holder.lo, holder.hi, lambda used: in_front(k, holder, used, inside=True), frozenset()
    )
    if stance is None:
        return NO_WAY
    reason = OK if (yield from take_stance(sit, stance)) else NO_WAY
    sit.look()
    if reason == OK and holder.size[2] > _TALL_M:
        for pitch in (stance.pitch_deg - sit.config.look_deg, stance.pitch_deg + sit.config.look_deg):
            if (yield from look_to(sit, pitch)):
                sit.look()
    yield from stand_up(sit, stance)
    return reason


def in_front(k: Known, track: Track, excluded: Collection[Node], inside: bool = False) -> list[Stance]:
    """Stances in front of an openable thing, the best first; anywhere about it where there are none.

    Args:
        k: what is known.
        track: the thing.
        excluded: nodes that are not wanted.
        inside: whether to see its inside rather than its front.

    """
    sit, door = k.sit, k.door(track)
    front = door.front or _guess_front(k, door)
    aim = _middle(k, track) if inside else _front_point(door, front)
    if front is None:
        return ways_to_reach(sit, aim, sit.config.reach_m, excluded)
    axis, sign = front
    best = float(np.clip(door.hi[1 - axis] - door.lo[1 - axis] + _SWING_M, _NEAR_M, _FAR_M))
    plane = float(door.hi[axis] if sign > 0 else door.lo[axis])
    half = float(door.hi[1 - axis] - door.lo[1 - axis]) / 2

    def place(node: Node) -> tuple[float, float]:
        xy = sit.navigator.position(node)
        return sign * (xy[axis] - plane), abs(xy[1 - axis] - float(aim[1 - axis]))

    def cost(stance: Stance) -> float:
        ahead, aside = place(stance.node)
        return stance.cost + _OFF_COST * (abs(ahead - best) + aside)

    behind = {n for n in sit.navigator.reachable() if place(n)[0] < _AHEAD_M or place(n)[1] > half + _ASIDE_M}
    found = ways_to_reach(sit, aim, sit.config.reach_m, behind | set(excluded))
    return sorted(found, key=cost) or ways_to_reach(sit, aim, sit.config.reach_m, excluded)


def not_in_front(k: Known, holder: Track) -> set[Node]:
    """Nodes from which the inside of something that was opened cannot be seen."""
    door = k.door(holder)
    if door.front is None:
        return set()
    axis, sign = door.front
    plane = float(door.hi[axis] if sign > 0 else door.lo[axis])
    k.sit.plan()
    nav = k.sit.navigator
    return {n for n in nav.reachable() if sign * (nav.position(n)[axis] - plane) < _AHEAD_M}


def _guess_front(k: Known, door: Door) -> tuple[int, float] | None:
    """The side with most free places before it from which it is in plain sight."""
    sit = k.sit
    nodes = sit.navigator.reachable()
    xy = np.array([sit.navigator.position(n) for n in nodes]).reshape(-1, 2)
    best, most = None, 0.0
    size = (door.hi - door.lo)[:2]
    for axis in (0, 1):
        if size[axis] > _GROWN_M and size[axis] > _FLAT * size[1 - axis]:
            continue  # of what is closed mostly the front is seen, which is flat
        middle, half = (door.lo + door.hi)[1 - axis] / 2, size[1 - axis] / 2
        for sign, plane in ((-1.0, door.lo[axis]), (1.0, door.hi[axis])):
            ahead = sign * (xy[:, axis] - plane)
            aside = np.maximum(0.0, np.abs(xy[:, 1 - axis] - middle) - half)
            before = (ahead > _AHEAD_M) & (ahead < _FAR_M + 0.2) & (aside < _ASIDE_M)
            eyes = np.column_stack([xy[before], np.full(int(before.sum()), sit.eye_m)])
            aim = _front_point(door, (axis, sign))
            seen = sit.grid.clear_lines(eyes, aim) if len(eyes) else np.zeros(0, bool)
            worth = float((1.0 / (0.5 + ahead + 3.0 * aside))[before][seen].sum())
            if worth > most:
                best, most = (axis, sign), worth
    flat = int(np.argmin(size))
    if best is None and size[flat] < _GROWN_M < size[1 - flat]:  # in a corner, seen past something
        return flat, float(np.sign(sit.observation["base"][flat] - door.lo[flat]) or 1.0)
    return best


def _front_point(door: Door, front: tuple[int, float] | None) -> Floats:
    """(3,) where a front is touched."""
    point = np.asarray((door.lo + door.hi) / 2, np.float64)
    low, high = _HAND_M
    if door.lo[2] < high and door.hi[2] > low:
        point[2] = min(max(float(point[2]), low), high)
    if front is not None:
        point[front[0]] = door.hi[front[0]] if front[1] > 0 else door.lo[front[0]]
    return point


def _middle(k: Known, holder: Track) -> Floats:
    """(3,) middle of the inside of something open."""
    door = k.door(holder)
    lo, hi = door.inside(holder)
    if door.front is not None:
        axis, sign = door.front
        if holder.label == "Drawer":  # of what has come out
            lo[axis], hi[axis] = (door.hi[axis], hi[axis]) if sign > 0 else (lo[axis], door.lo[axis])
        elif hi[axis] - lo[axis] < 2 * _GROWN_M:  # only the front of it was ever seen
            lo[axis], hi[axis] = lo[axis] - sign * _GROWN_M, hi[axis] - sign * _GROWN_M
    return np.asarray((lo + hi) / 2, np.float64)


def _take_in_leaf(k: Known, track: Track) -> None:
    """What appeared beside a thing when it was opened, and has its label, is its leaf."""
    sit = k.sit
    new = [s.track for s in sit.sightings if s.track.first_step >= sit.step and s.track.label == track.label]
    for leaf in new:
        if leaf is not track and gap(track, np.clip(track.centre, leaf.lo, leaf.hi)) < _GROWN_M:
            track.join_boxes(leaf)
            sit.tracker.remove(leaf)
            sit.sightings = [replace(s, track=track) if s.track is leaf else s for s in sit.sightings]


def _learn_front(k: Known, door: Door, track: Track, guess: tuple[int, float] | None) -> None:
    """What opens grows to the front; it may grow to the back too, for its inside is seen then."""
    here = k.sit.observation["base"]
    best, most = guess, _GROWN_M
    for axis in (0, 1):
        for sign, plane, edge in ((-1.0, door.lo[axis], track.lo[axis]), (1.0, door.hi[axis], track.hi[axis])):
            grown, ahead = sign * float(edge - plane), sign * float(here[axis] - plane)
            if ahead > 0.0 and grown > most:
                best, most = (axis, sign), grown
    door.front = best


def _shut_in(door: Door, track: Track, things: list[Track]) -> None:
    """Move what lies in a drawer back with it, so that nobody misses it where it was seen."""
    for axis, sign in [door.front] if door.front is not None and things else []:
        out = float((track.hi - door.hi)[axis] if sign > 0 else (track.lo - door.lo)[axis])
        shift = -out * np.eye(3)[axis]
        for thing in things:
            thing.lo, thing.hi, thing.samples = thing.lo + shift, thing.hi + shift, thing.samples + shift
        door.riders = things


def _forget_leaf(k: Known, door: Door, track: Track) -> None:
    """Drop from map and track what only the open door was."""
    sit = k.sit
    if door.before is not None:
        door.before.restore(sit.grid)
        door.before = None
    sit.navigator = Navigator(sit.navigator.config)  # the leaf may have been what stopped some steps
    lo, hi = (door.lo, door.hi) if track.label == "Drawer" else door.inside(track)
    track.lo, track.hi, door.lo, door.hi = lo.copy(), hi.copy(), lo, hi
