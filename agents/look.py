"""Looking once more: at what the robot is unsure of, and about for what it has lost."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from engram.agents.fetch import stand_up, take_stance, ways_to_reach
from engram.agents.motion import Skill, look_to, turn_to
from engram.agents.situation import Situation
from engram.agents.verify import existence, plausible
from engram.perception.geometry import Floats
from engram.perception.tracker import Track

_LEAST_GAIN = 0.25  # of a look; 1 where it is even whether a thing is out of place
_FIXED_COST = 6.0  # steps that a look takes beside the way
_SURE_LABEL = 0.8
_SAME_M = 0.25
_LOST_M = 1.6  # what slipped out of the hand lies within this
_PITCHES_DEG = (60.0, 30.0)


def gain(sit: Situation, track: Track) -> float:
    """Return what a look at a thing from near promises, in [0, 1].

    It is the variance of the belief that a thing is there and out of place, relative to its greatest; 0 where the thing
    was seen from near, well enough to know what it is.
    """
    near = track.nearest_m <= sit.config.reach_m + sit.config.stretch_m
    if near and plausible(sit, track) and track.label_belief >= _SURE_LABEL:
        return 0.0
    p = sit.misplaced(track) * existence(sit, track)
    return 4.0 * p * (1.0 - p)


def most_doubtful(
    sit: Situation, looked: Collection[tuple[str, Floats]], cost: Callable[[Track], float]
) -> Track | None:
    """Return the thing for which a look promises most for the way; ``None`` when none promises enough.

    Args:
        sit: the situation; paths must have been planned.
        looked: labels and places (3,) that were looked at.
        cost: of the way to a thing, in steps.

    """
    best, most = None, 0.0
    for track in sit.tracker.tracks:
        if sit.movable(track) < 0.5 or _was_looked_at(track, looked):
            continue
        way = cost(track)
        if 1.0 / (way + _FIXED_COST) <= most or way >= 1000.0:
            continue
        promise = gain(sit, track)
        if promise >= _LEAST_GAIN and promise / (way + _FIXED_COST) > most:
            best, most = track, promise / (way + _FIXED_COST)
    return best


def look_at(sit: Situation, track: Track) -> Skill[bool]:
    """Look at a thing from near; whether that was possible."""
    sit.plan()
    options = ways_to_reach(sit, track.centre.copy(), sit.config.reach_m)
    if not options:
        return False
    arrived = yield from take_stance(sit, options[0])
    sit.look()
    yield from stand_up(sit, options[0])
    return arrived


def look_about(sit: Situation, label: str, place: Floats) -> Skill[Track | None]:
    """Look on the floor around the robot for what it has just lost; returns it when it is seen."""
    since = sit.step - 1
    for pitch in _PITCHES_DEG:
        yield from look_to(sit, pitch)
        for _ in range(4):
            found = _lost(sit, label, place, since)
            if found is not None:
                return found
            yield from turn_to(sit, (sit.heading + 1) % 4)
    return _lost(sit, label, place, since)


def _lost(sit: Situation, label: str, place: Floats, since: int) -> Track | None:
    """Return the thing of the label, or else the new one, that is nearest to where it was lost."""
    sit.look()
    away = [(float(np.linalg.norm(t.centre[:2] - place[:2])), t.number, t) for t in sit.tracker.tracks]
    near = [(d, n, t) for d, n, t in away if d < _LOST_M and t.first_step >= since and sit.prior.knows(t.label)]
    same = [entry for entry in near if label in entry[2].belief]
    return min(same or near)[2] if same or near else None


def _was_looked_at(track: Track, looked: Collection[tuple[str, Floats]]) -> bool:
    return any(
        label == track.label and float(np.linalg.norm(place - track.centre)) < _SAME_M for label, place in looked
    )
