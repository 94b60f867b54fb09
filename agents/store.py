"""Putting away: choose where the held thing belongs, go there, and set it down on a free patch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engram.agents.aim import ImagePoint, lifted, place_points
from engram.agents.events import Event, point
from engram.agents.fetch import take_stance
from engram.agents.motion import Skill, turn_to
from engram.agents.situation import Situation
from engram.agents.verify import certain, held_belief, plausible
from engram.perception.geometry import Floats, up_facing
from engram.perception.tracker import Sighting, Track
from engram.planners.navigation import DIRECTIONS, Node
from engram.planners.placement import FLOOR, Candidate
from engram.planners.stances import Stance, StanceConfig, stances
from engram.sims.contract import Outcome, Verb, act

_PATCH_M = 0.3  # surfaces are offered as points this far apart
FAIR = 0.5  # a place less likely to be proper than this is only the last resort
_DROP_M = 0.45  # what is dropped falls this far ahead of the base
_CLEAR_M = 0.35  # to the nearest obstacle from where something is laid down
_FLOOR_PITCH_DEG = 60.0  # looks at what was laid down
_DROPS = 4  # directions in which a thing is dropped
_OFFSETS = 9  # points tried where no patch is free, or no mask tells where it is
_SETTLED = (Outcome.OK, Outcome.CLOSED, Outcome.INVALID, Outcome.HAND_EMPTY)
_NEAR_M = 0.8  # a thing that was set down is found within this of the point


@dataclass(frozen=True, eq=False)
class Spot:
    """A patch of a receptacle and where to stand for it."""

    holder: Track
    point: Floats  # (3,)
    stance: Stance


def choose(
    sit: Situation, label: str, refused: Collection[int], least: float = FAIR, told: Collection[str] = ()
) -> Spot | None:
    """Return the best receptacle that can be reached; ``None`` when there is no such receptacle.

    Args:
        sit: the situation.
        label: of the thing that is to be put on it.
        refused: numbers of tracks that are not wanted.
        least: it must be more than so likely to be proper; the likely ones come first, then the near ones.
        told: only receptacles of these categories count when there are any, and they are proper.

    """
    spots = _spots(sit, refused)
    if told:
        spots = [s for s in spots if s.holder.label in told]
        return min(spots, key=lambda s: s.stance.cost, default=None)
    candidates = [Candidate(s.holder.label, sit.room_at(s.point), s.stance.cost) for s in spots]
    ranked = sit.placing.rank_believed(held_belief(sit) if label == sit.held else {label: 1.0}, candidates)
    likely = [k for k, proper in ranked if proper > least]
    return spots[likely[0]] if likely else None


def choose_any(sit: Situation, refused: Collection[int]) -> Spot | None:
    """Return the receptacle that can be reached and that most kinds of things are put on; the nearest of equal ones."""
    kinds = Counter(receptacle for places in sit.prior.counts.values() for receptacle in places)
    return min(_spots(sit, refused), key=lambda s: (-kinds[s.holder.label], s.stance.cost), default=None)


def _spots(sit: Situation, refused: Collection[int]) -> list[Spot]:
    sit.plan()
    return [
        spot
        for t in sit.holders()
        if t.label not in sit.config.closed and not sit.prior.knows(t.label) and t.number not in refused
        if plausible(sit, t)
        for spot in _nearest_spot(sit, t)
    ]


def place_on(sit: Situation, holder: Track, label: str, stubborn: bool = False) -> Skill[bool]:
    """Set the held thing down on a receptacle as :func:`set_on` does; whether that worked. The journal says if not."""
    reason = yield from set_on(sit, holder, label, stubborn)
    if reason:
        sit.note("failed", label, reason, holder.centre, holder.label)
    return not reason


def set_on(sit: Situation, holder: Track, label: str, stubborn: bool = False) -> Skill[str]:
    """Set the held thing down on a receptacle, from a few stances if need be; returns nothing, or why it failed.

    A ``stubborn`` robot tries points around where no free patch would do.
    """
    used: set[Node] = set()
    reason = "no_path"
    for _ in range(sit.config.stands - 1):
        sit.plan()
        spot = next(_nearest_spot(sit, holder, used), None)
        if spot is None:
            break
        used.add(spot.stance.node)
        if not (yield from take_stance(sit, spot.stance)):
            reason = "blocked"
            continue
        outcome = yield from put_at(sit, holder, label, spot.point, stubborn)
        if outcome is Outcome.OK:
            return ""
        reason = outcome.code if outcome is not None else "not_seen"
        if outcome in (Outcome.CLOSED, Outcome.INVALID, Outcome.HAND_EMPTY):
            break
    return reason


def put_here(sit: Situation, label: str) -> Skill[bool]:
    """Set the held thing down on whatever receptacle is in view and within reach, without a step."""
    for sighting in sit.sightings:
        holder = sighting.track
        if not sit.prior.is_receptacle(holder.label) or holder.label in sit.config.closed:
            continue
        target = None if sit.prior.knows(holder.label) else free_point(sit, sighting, [], holder.centre)
        if target is not None:
            return (yield from _place(sit, label, holder.label, *target)) is Outcome.OK
    return False


def let_go(sit: Situation) -> Skill[bool]:
    """Drop what is held, turning where there is no room for it; whether the hand is empty then."""
    for _ in range(_DROPS):
        yield act(Verb.DROP)
        if not sit.holding:
            break
        yield from turn_to(sit, (sit.heading + 1) % 4)
    if not sit.holding:
        sit.held, sit.tracker.held = "", None
    return not sit.holding


def put_on_floor(sit: Situation, label: str) -> Skill[bool]:
    """Lay the held thing down where such things are kept on the floor, if there is such a room."""
    sit.plan()
    stance = floor_stance(sit, label)
    if stance is None or not (yield from take_stance(sit, stance)):
        return False
    before, step = sit.observation["rgb"], sit.step
    yield act(Verb.DROP)
    if sit.outcome is not Outcome.OK or sit.holding:
        return False
    xyz = np.array([*_ahead(sit, stance.node, stance.heading), 0.0])
    _note_placed(sit, label, FLOOR, xyz, before, step)
    return True


def floor_stance(sit: Situation, label: str) -> Stance | None:
    """Return the nearest pose with clear floor ahead where the label belongs on the floor; paths must be planned."""
    clearance, floor = sit.grid.clearance(), sit.grid.known_floor()
    for node in sorted(sit.navigator.reachable(), key=lambda n: (sit.navigator.distance(n), n)):
        if sit.placing.proper(label, None, sit.room_at(np.array(sit.navigator.position(node)))) < FAIR:
            continue
        for heading in range(4):
            xy = _ahead(sit, node, heading)
            ix, iy = sit.grid.cells(xy[None, :])[0]
            clear = sit.grid.inside(np.array([ix, iy])) and floor[ix, iy] and clearance[ix, iy] > _CLEAR_M
            if clear and sit.placing.proper(label, None, sit.room_at(xy)) >= FAIR:
                return Stance(node, heading, _FLOOR_PITCH_DEG, sit.navigator.distance(node))
    return None


def _ahead(sit: Situation, node: Node, heading: int) -> Floats:
    """(2,) point of the floor onto which something falls that is dropped at a pose."""
    return np.array(sit.navigator.position(node)) + _DROP_M * np.array(DIRECTIONS[heading])


def put_at(sit: Situation, holder: Track, label: str, aim: Floats, stubborn: bool) -> Skill[Outcome | None]:
    """Set the held thing down from here, near a point (3,) of a receptacle; ``None`` when no free patch is in view."""
    outcome: Outcome | None = None
    tried: list[Floats] = []
    sighting = None
    for _ in range(sit.config.points):
        sighting = sit.sighting_of(holder)
        target = free_point(sit, sighting, tried, aim) if sighting is not None else None
        if target is None:
            break
        tried.append(target[1])
        outcome = yield from _place(sit, label, holder.label, *target)
        if outcome in _SETTLED:
            return outcome
    if not stubborn and (certain(sit) or sighting is not None):
        return outcome
    mask = sighting.detection.mask if sighting is not None else None
    for u, v in place_points(sit, aim, mask)[:_OFFSETS]:
        at = lifted(sit, (u, v))
        outcome = yield from _place(sit, label, holder.label, (u, v), aim if at is None else at)
        if outcome in _SETTLED:
            break
    return outcome


def _place(sit: Situation, label: str, target: str, uv: ImagePoint, xyz: Floats) -> Skill[Outcome]:
    """Place at an image point that shows the point ``xyz`` (3,)."""
    before, step = sit.observation["rgb"], sit.step
    yield act(Verb.PLACE, *uv)
    if sit.outcome is Outcome.OK and not sit.holding:
        _note_placed(sit, label, target, xyz, before, step)
    return sit.outcome


def _note_placed(sit: Situation, label: str, target: str, xyz: Floats, before: NDArray[np.uint8], step: int) -> None:
    """Write into the journal that the hand has set a thing down, and whether it is seen there."""
    sit.held = ""
    seen = settle(sit, label, xyz)
    sit.tidied += 1
    reason = "verified" if seen is not None else "not_seen_after"
    at = seen.centre if seen is not None else xyz
    sit.events.append(Event("placed", step, label, reason, point(at), target, before, sit.observation["rgb"]))


def settle(sit: Situation, label: str, xyz: Floats) -> Track | None:
    """Return what is seen of a thing that was just set down at ``xyz`` (3,), ``None`` when nothing is.

    It then is what the held one was, for that was seen better before.
    """
    seen, held = _lies_there(sit, label, xyz), sit.tracker.held
    if seen is None and not certain(sit):
        sit.tracker.put(xyz, sit.step)
        return None
    sit.tracker.held = None
    if held is not None and seen is not None and not certain(sit):
        held.fusion.forget_place()
        seen.fusion.join(held.fusion)
        seen.views += held.views
        seen.believe()
    return seen


def free_point(
    sit: Situation, sighting: Sighting, tried: list[Floats], aim: Floats
) -> tuple[tuple[float, float], Floats] | None:
    """Image point on a free level patch of a receptacle in view, within reach, away from ``tried``."""
    s = sit.image.stride
    mask = sighting.detection.mask[::s, ::s] & sit.image.valid
    reach = np.hypot(*(sit.image.points[..., k] - float(sit.observation["base"][k]) for k in range(2)))
    mask = mask & (reach < sit.config.limit_m)
    for spot in tried:
        mask = mask & (np.linalg.norm(sit.image.points[..., :2] - spot[:2], axis=-1) > 0.15)
    level = mask & up_facing(sit.image)
    usable = level if level.sum() >= 6 else mask  # rails and hangers have no level patch
    if not usable.any():
        return None
    room = ndimage.distance_transform_edt(np.pad(usable, 1))[1:-1, 1:-1] * sit.observation["depth"][::s, ::s]
    away = np.linalg.norm(sit.image.points[..., :2] - aim[:2], axis=-1)
    value = np.where(usable, room / (1.0 + away), -1.0)
    row, col = np.unravel_index(int(value.argmax()), value.shape)
    height, width = sit.observation["depth"].shape
    uv = ((col * s + 0.5) / width, (row * s + 0.5) / height)
    return uv, sit.image.points[row, col].astype(np.float64)


def _nearest_spot(sit: Situation, holder: Track, excluded: set[Node] | None = None) -> Iterator[Spot]:
    """Yield the cheapest spot of a receptacle, if it has one."""
    points = _patches(holder)
    best: Spot | None = None
    config = StanceConfig(reach_m=sit.config.reach_m)
    for xyz in points:
        options = stances(sit.navigator, sit.grid, xyz, sit.eye_m, sit.heading, config=config, excluded=excluded or ())
        if options and (best is None or options[0].cost < best.stance.cost):
            best = Spot(holder, xyz, options[0])
    if best is not None:
        yield best


def _patches(holder: Track) -> NDArray[np.float64]:
    """(N, 3) points spread over the level surfaces of a receptacle; its centre when it shows none."""
    points = holder.surface_points()
    if len(points) < 4:
        return holder.centre[None, :]
    cells = np.floor(points / _PATCH_M).astype(np.int64)
    _, group, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    group = group.ravel()
    sums = np.stack([np.bincount(group, points[:, k]) for k in range(3)], 1)
    order = np.argsort(-counts, kind="stable")[:8]
    return np.asarray((sums / counts[:, None])[order])


def _is_it(sit: Situation, sighting: Sighting, label: str) -> bool:
    """Whether what is seen may be what was just set down: by its label, or as something new that could be it."""
    track = sighting.track
    if track.label == label:
        return certain(sit) or track.first_step >= sit.step
    return not certain(sit) and track.first_step >= sit.step and label in track.belief


def _lies_there(sit: Situation, label: str, xyz: Floats) -> Track | None:
    near = [
        s.track
        for s in sit.sightings
        if _is_it(sit, s, label) and float(np.linalg.norm(s.track.centre - xyz)) < _NEAR_M
    ]
    return near[0] if near else None
