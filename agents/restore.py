"""Putting back: take a thing, set it down where it lay before, and open or shut what was shut or open."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from engram.agents.changes import Remembered
from engram.agents.events import Event, point
from engram.agents.fetch import find_again, inner_point, stand_up, take_stance, ways_to_reach
from engram.agents.motion import Skill
from engram.agents.situation import Situation
from engram.agents.store import choose, place_on, settle
from engram.perception.geometry import Floats, up_facing
from engram.perception.relations import FLOOR
from engram.perception.tracker import Track
from engram.planners.navigation import DIRECTIONS, Node
from engram.planners.stances import Stance, StanceConfig, stances
from engram.sims.contract import Outcome, Verb, act

_NEXT_POINT = {Outcome.OCCLUDED, Outcome.NOTHING_THERE, Outcome.BLOCKED, Outcome.TIMEOUT}
_NOT_SEEN = "not_seen"
_NEAREST_M = 0.8  # the least distance that is tried where the arm did not reach
_LOW_M = 0.1  # what begins lower lies on the floor
_DROP_M = 0.45  # what is dropped falls this far ahead of the base
_DOWN_DEG = 60.0
_FLOOR_MISS_M = 0.35  # a thing is laid down at most this far from where it lay
_MISS_M = 0.5  # ... set down
_APART_M = 0.06  # of points that are tried
_LEVEL_M = 0.1  # a point that is not level counts as this much farther away
_AWAY_COST = 20.0  # steps that one metre off the goal is worth


def pick_up(sit: Situation, thing: Track) -> Skill[bool]:
    """Take a thing, wherever such things belong; on failure the journal says why."""
    sit.phase = "fetch"
    place = thing.centre.copy()
    reason, excluded, reach_m = "no_path", set[Node](), sit.config.reach_m
    for _ in range(sit.config.stands):
        sit.plan()
        options = ways_to_reach(sit, place, reach_m, excluded)
        if reason == _NOT_SEEN or not options:
            options = _from_above(sit, place, excluded) or options
        if not options:
            break
        excluded.add(options[0].node)
        arrived = yield from take_stance(sit, options[0])
        reason = (yield from _point_and_pick(sit, thing, place)) if arrived else Outcome.BLOCKED.code
        yield from stand_up(sit, options[0])
        if not reason:
            return True
        if reason == Outcome.UNREACHABLE.code:
            reach_m = max(_NEAREST_M, reach_m - 0.2)
    sit.failures += 1
    sit.note("failed", thing.label, reason, place)
    return False


def _from_above(sit: Situation, place: Floats, excluded: Collection[Node]) -> list[Stance]:
    """Stances close to a point, whatever the map says hides it: the wall of the bin that a thing lies in."""
    config = StanceConfig(reach_m=_NEAREST_M, best_m=0.5, pitches_deg=(_DOWN_DEG, 30.0), sure=False)
    return stances(sit.navigator, sit.grid, place, sit.eye_m, sit.heading, config=config, excluded=excluded)


def _point_and_pick(sit: Situation, thing: Track, place: Floats) -> Skill[str]:
    """Try a few points of the thing's mask; returns nothing once the hand holds it, or why it does not."""
    reason = _NOT_SEEN
    for attempt in range(sit.config.points):
        sighting = find_again(sit, thing, thing.label, place)
        if sighting is None:
            break
        before, step = sit.observation["rgb"], sit.step
        yield act(Verb.PICK, *inner_point(sighting.detection, attempt))
        if sit.outcome is Outcome.OK and sit.holding:
            sit.held = thing.label
            sit.tracker.remove(thing)
            sit.tracker.hold(sighting.track)
            if thing.lo[2] < _LOW_M:
                sit.grid.forget(float(place[0]), float(place[1]), float(thing.size[:2].max()) / 2 + 0.05)
            rgb = sit.observation["rgb"]
            sit.events.append(Event("picked", step, thing.label, "", point(place), "", before, rgb))
            return ""
        reason = sit.outcome.code
        if sit.outcome not in _NEXT_POINT:
            break
    return reason


def put_back(sit: Situation, goal: Remembered) -> Skill[bool]:
    """Set the held thing down where it lay, or failing that where such things belong; returns whether at its goal."""
    sit.phase = "place"
    ways = (_lay_down, _set_down) if goal.support == FLOOR else (_set_down, _lay_down)
    for way in ways:
        if (yield from way(sit, goal)):
            sit.tidied += 1
            return True
        if not sit.holding:
            return False
    sit.failures += 1
    sit.note("failed", sit.held, "no_goal", goal.centre, goal.support)
    yield from _put_anywhere(sit)
    return False


def _put_anywhere(sit: Situation) -> Skill[None]:
    """Free the hand: on the likeliest receptacles in turn, or else on the floor."""
    label, refused = sit.held, set[int]()
    for _ in range(sit.config.holders):
        spot = choose(sit, label, refused, 0.0)
        if spot is None or (yield from place_on(sit, spot.holder, label)) or not sit.holding:
            break
        refused.add(spot.holder.number)
    if sit.holding:
        yield act(Verb.DROP)
    sit.held, sit.tracker.held = "", None


def swing(sit: Situation, thing: Track, *, wanted: bool) -> Skill[bool]:
    """Open or shut something; on failure the journal says why."""
    sit.phase = "open"
    label, place = thing.label, thing.centre.copy()
    reason, excluded = "no_path", set[Node]()
    for _ in range(sit.config.stands):
        sit.plan()
        options = ways_to_reach(sit, place, sit.config.reach_m, excluded)
        if not options:
            break
        excluded.add(options[0].node)
        arrived = yield from take_stance(sit, options[0])
        outcome = (yield from _point_and_swing(sit, thing, wanted=wanted)) if arrived else Outcome.BLOCKED
        yield from stand_up(sit, options[0])
        if outcome is Outcome.OK:
            sit.tidied += 1
            return True
        reason = outcome.code if outcome is not None else _NOT_SEEN
        if outcome is Outcome.INVALID:  # it is so already
            break
    sit.failures += 1
    sit.note("failed", label, reason, place)
    return False


def _point_and_swing(sit: Situation, thing: Track, *, wanted: bool) -> Skill[Outcome | None]:
    outcome: Outcome | None = None
    for attempt in range(sit.config.points):
        sighting = find_again(sit, thing, thing.label, thing.centre)
        if sighting is None:
            return outcome
        before, step = sit.observation["rgb"], sit.step
        yield act(Verb.OPEN if wanted else Verb.CLOSE, *inner_point(sighting.detection, attempt))
        outcome = sit.outcome
        if outcome is Outcome.OK:
            reason = "opened" if wanted else "closed"
            at = point(thing.centre)
            sit.events.append(Event("placed", step, thing.label, reason, at, "", before, sit.observation["rgb"]))
            return outcome
        if outcome in (Outcome.INVALID, Outcome.BLOCKED):
            return outcome
    return outcome


def _set_down(sit: Situation, goal: Remembered) -> Skill[bool]:
    """Point at what is nearest to where the thing stood."""
    foot = np.array([*goal.centre[:2], goal.lo[2]])
    excluded: set[Node] = set()
    for _ in range(sit.config.stands):
        sit.plan()
        options = ways_to_reach(sit, foot, sit.config.reach_m, excluded)
        if not options:
            return False
        excluded.add(options[0].node)
        if (yield from take_stance(sit, options[0])):
            yield from _point_and_place(sit, goal, foot)
        yield from stand_up(sit, options[0])
        if not sit.holding:
            return True
    return False


def _point_and_place(sit: Situation, goal: Remembered, foot: Floats) -> Skill[None]:
    tried: list[Floats] = []
    for _ in range(sit.config.points):
        found = _nearest_point(sit, goal, foot, tried)
        if found is None:
            return
        (u, v), xyz = found
        tried.append(xyz)
        before, step, label = sit.observation["rgb"], sit.step, sit.held
        yield act(Verb.PLACE, u, v)
        if sit.outcome is Outcome.OK and not sit.holding:
            _note_placed(sit, label, goal, xyz, before, step)
            return
        if sit.outcome in (Outcome.CLOSED, Outcome.INVALID, Outcome.HAND_EMPTY):
            return


def _nearest_point(
    sit: Situation, goal: Remembered, foot: Floats, tried: list[Floats]
) -> tuple[tuple[float, float], Floats] | None:
    """Image point on a receptacle, within reach, nearest to where the thing stood; what held it comes first."""
    s = sit.image.stride
    holders = [
        t for t in sit.sightings if sit.prior.is_receptacle(t.track.label) and not sit.prior.knows(t.track.label)
    ]
    own = [t for t in sit.sightings if t.track.label == goal.support]
    level = up_facing(sit.image)
    reach = np.hypot(*(sit.image.points[..., k] - float(sit.observation["base"][k]) for k in range(2)))
    away = np.linalg.norm(sit.image.points - foot, axis=-1) + np.where(level, 0.0, _LEVEL_M)
    usable = sit.image.valid & (reach < sit.config.limit_m)
    for spot in tried:
        usable &= np.linalg.norm(sit.image.points - spot, axis=-1) > _APART_M
    for group in (own, holders):
        shown = np.zeros(usable.shape, bool)
        for sighting in group:
            shown |= sighting.detection.mask[::s, ::s]
        cost = np.where(shown & usable, away, np.inf)
        row, col = np.unravel_index(int(cost.argmin()), cost.shape)
        if cost[row, col] < _MISS_M:
            height, width = sit.observation["depth"].shape
            uv = ((col * s + 0.5) / width, (row * s + 0.5) / height)
            return uv, sit.image.points[row, col].astype(np.float64)
    return None


def _lay_down(sit: Situation, goal: Remembered) -> Skill[bool]:
    """Let the held thing fall onto where it lay on the floor."""
    if goal.support != FLOOR and goal.lo[2] > _LOW_M:
        return False
    sit.plan()
    for stance in list(_floor_stances(sit, goal.centre))[: sit.config.stands]:
        sit.plan()
        if not (yield from take_stance(sit, stance)):
            continue
        before, step, label = sit.observation["rgb"], sit.step, sit.held
        yield act(Verb.DROP)
        if sit.outcome is Outcome.OK and not sit.holding:
            _note_placed(sit, label, goal, np.array([*goal.centre[:2], 0.0]), before, step)
            return True
    return False


def _floor_stances(sit: Situation, place: Floats) -> Iterator[Stance]:
    """Yield poses from which something falls near a place, the best first."""
    found = []
    for node in sit.navigator.reachable():
        x, y = sit.navigator.position(node)
        if np.hypot(x - place[0], y - place[1]) > _DROP_M + _FLOOR_MISS_M:
            continue
        for heading, (dx, dy) in enumerate(DIRECTIONS):
            miss = float(np.hypot(x + _DROP_M * dx - place[0], y + _DROP_M * dy - place[1]))
            if miss < _FLOOR_MISS_M:
                cost = sit.navigator.distance(node) + _AWAY_COST * miss
                found.append(Stance(node, heading, _DOWN_DEG, cost))
    yield from sorted(found, key=lambda s: (s.cost, s.node, s.heading))


def _note_placed(sit: Situation, label: str, goal: Remembered, xyz: Floats, before: np.ndarray, step: int) -> None:
    sit.held = ""
    settle(sit, label, xyz)
    at, rgb = point(goal.centre), sit.observation["rgb"]
    sit.events.append(Event("placed", step, label, "at_goal", at, goal.support, before, rgb))
