"""Doing one thing to one thing: stand where it can be reached, find it in the image, point, and see what came of it."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from scipy import ndimage

from engram.agents.aim import ImagePoint
from engram.agents.fetch import find_again, stand_up, take_stance, ways_to_reach
from engram.agents.motion import Skill
from engram.agents.search import go_nearer, parts_of
from engram.agents.situation import Situation
from engram.perception.geometry import Floats
from engram.perception.tracker import Sighting, Track
from engram.planners.contract import NO_EFFECT, NO_WAY, NOT_FOUND, OK
from engram.planners.navigation import Node
from engram.planners.stances import Stance
from engram.sims.contract import Observation, Outcome, Verb, act

Ways = Callable[[Collection[Node]], list[Stance]]  # stances, best first, but not at these nodes
_NEXT_POINT = {o.code for o in (Outcome.OCCLUDED, Outcome.NOTHING_THERE, Outcome.NOT_OPENABLE, Outcome.TIMEOUT)}
_NEXT_STANCE = {*_NEXT_POINT, NOT_FOUND, NO_WAY, Outcome.UNREACHABLE.code, Outcome.BLOCKED.code}
_LEVELS, _PIXELS = 12, 6  # so many pixels must differ by so much for the image to show that something has changed
_DRAWS = 6  # times that the robot goes nearer to what it sees no way to


def touch(sit: Situation, track: Track, verb: Verb, ways: Ways | None = None, *, here: bool = True) -> Skill[str]:
    """Do something to a thing; returns OK or a reason code.

    Args:
        sit: the situation.
        track: the thing.
        verb: one that takes a point.
        ways: where to stand for it; wherever some part of the thing can be reached when not given.
        here: whether to try it from where the robot stands first, if the image shows the thing within reach.

    """
    reason, excluded = NO_WAY, set[Node]()
    sighting = sit.sighting_of(track) if here else None
    if sighting is not None and point_on(sit, sighting) is not None:
        reason = yield from _point_and_do(sit, track, verb)
        if reason not in _NEXT_STANCE:
            return reason
    ways = ways or (lambda used: ways_to_part(sit, track, used))
    for _ in range(sit.config.stands):
        stance = yield from next_stance(sit, track.lo, track.hi, ways, excluded)
        if stance is None:
            break
        excluded.add(stance.node)
        if (yield from take_stance(sit, stance)):
            reason = yield from _point_and_do(sit, track, verb)
        yield from stand_up(sit, stance)
        if reason not in _NEXT_STANCE:
            break
    return reason


def next_stance(sit: Situation, lo: Floats, hi: Floats, ways: Ways, excluded: Collection[Node]) -> Skill[Stance | None]:
    """Return the best stance; where there is none, the robot goes nearer to a box (3,), (3,) to see more of the way."""
    for _ in range(_DRAWS):
        sit.plan()
        options = ways(excluded)
        if options:
            return options[0]
        if excluded or not (yield from go_nearer(sit, lo, hi)):
            break
    return None


def ways_to_part(
    sit: Situation, track: Track, excluded: Collection[Node], reach_m: float | None = None
) -> list[Stance]:
    """Stances from which some part of a thing can be reached, cheapest first."""
    reach_m = sit.config.reach_m if reach_m is None else reach_m
    found = [s for part in parts_of(track) for s in ways_to_reach(sit, part, reach_m, excluded)[:1]]
    return sorted(found, key=lambda s: (s.crouched, s.cost))


def point_on(sit: Situation, sighting: Sighting, attempt: int = 0) -> ImagePoint | None:
    """Image point well inside what is within reach of a mask; later attempts give points elsewhere in it."""
    s = sit.image.stride
    away = np.hypot(*(sit.image.points[..., k] - float(sit.observation["base"][k]) for k in range(2)))
    mask = sighting.detection.mask
    near = np.kron(sit.image.valid & (away < sit.config.limit_m), np.ones((s, s), bool))
    usable = mask & near[: mask.shape[0], : mask.shape[1]]
    if not usable.any():
        return None
    depth = ndimage.distance_transform_edt(np.pad(usable, 1))[1:-1, 1:-1]
    rows, cols = np.indices(mask.shape)
    for _ in range(attempt):
        row, col = np.unravel_index(int(depth.argmax()), depth.shape)
        depth[np.hypot(rows - row, cols - col) < max(2.0, 0.5 * float(depth.max()))] = 0
    row, col = np.unravel_index(int(depth.argmax()), depth.shape)
    return (float(col) + 0.5) / mask.shape[1], (float(row) + 0.5) / mask.shape[0]


def do(sit: Situation, verb: Verb, uv: ImagePoint) -> Skill[str]:
    """Act on an image point; returns OK only when the world shows that something came of it.

    Where the image shows no change the robot does it again: what has been done already is refused.
    """
    before = sit.observation
    yield act(verb, *uv)
    if sit.outcome is not Outcome.OK or changed(before, sit.observation):
        return sit.outcome.code
    yield act(verb, *uv)
    return OK if sit.outcome is not Outcome.OK or changed(before, sit.observation) else NO_EFFECT


def changed(before: Observation, after: Observation) -> bool:
    """Whether two images from the same pose differ."""
    difference = np.abs(before["rgb"].astype(np.int16) - after["rgb"].astype(np.int16)).max(-1)
    return int((difference > _LEVELS).sum()) >= _PIXELS


def _point_and_do(sit: Situation, track: Track, verb: Verb) -> Skill[str]:
    reason = NOT_FOUND
    for attempt in range(sit.config.points):
        sit.look()
        sighting = find_again(sit, track, track.label, track.centre)
        if sighting is None:
            return reason
        uv = point_on(sit, sighting, attempt)
        if uv is None:
            return Outcome.UNREACHABLE.code
        reason = yield from do(sit, verb, uv)
        if reason not in _NEXT_POINT:
            return reason
    return reason
