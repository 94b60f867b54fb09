"""Fetching: go to a thing, find it again in the image, and pick it up."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from scipy import ndimage

from engram.agents.aim import ImagePoint, pick_points
from engram.agents.events import Event, point
from engram.agents.motion import Skill, look_to, travel, turn_to
from engram.agents.situation import Situation
from engram.agents.verify import certain, held_label, in_hand, plausible, still_there
from engram.perception.contracts import Detection
from engram.perception.geometry import Floats
from engram.perception.tracker import Sighting, Track
from engram.planners.navigation import Node
from engram.planners.stances import Stance, StanceConfig, stances
from engram.sims.contract import Outcome, Verb, act

SLIPPED = "slipped"  # out of the hand
IN_PLACE = "in_place"  # after all, when seen from near
_NEXT_POINT = {o.code for o in (Outcome.OCCLUDED, Outcome.NOTHING_THERE, Outcome.BLOCKED, Outcome.TIMEOUT)}
_FINAL = {Outcome.INVALID.code, Outcome.HAND_FULL.code, Outcome.CLOSED.code, SLIPPED, IN_PLACE, "not_there"}
_ALONG, _BEFORE_WALL = 24, 0.85  # points of a line that are looked at, and the share of it
_SAME_M = 0.4  # a thing found again lies within this of where it was


def take_stance(sit: Situation, stance: Stance) -> Skill[bool]:
    """Go to a stance and face what it is for; from a crouched one, :func:`stand_up` afterwards."""
    if not (yield from travel(sit, {stance.node: 0.0})):
        return False
    if not (yield from turn_to(sit, stance.heading)):
        return False
    if stance.crouched:
        yield act(Verb.CROUCH)
        if sit.outcome is not Outcome.OK:
            return False
    return (yield from look_to(sit, stance.pitch_deg))


def stand_up(sit: Situation, stance: Stance) -> Skill[None]:
    """Undo the crouching of a stance."""
    if stance.crouched:
        yield act(Verb.STAND)


def ways_to_reach(sit: Situation, place: np.ndarray, reach_m: float, excluded: Collection[Node] = ()) -> list[Stance]:
    """Stances for a point, cheapest first, of the first kind that there are any of.

    The kinds: standing with the point in plain sight, crouched (for what lies under a table), from as far as the arm
    reaches, and last from where the map, which takes furniture for solid, says that something hides the point.
    """
    limit = reach_m + sit.config.stretch_m
    low = bool(place[2] < sit.config.crouched_eye_m - 0.3)
    kinds = [(False, reach_m, True), (True, reach_m, True), (False, limit, True), (True, limit, True)]
    for crouched, reach, sure in [*kinds, (low, limit, False)]:
        config = StanceConfig(reach_m=reach, sure=sure, crouched=crouched)
        eye_m = sit.config.crouched_eye_m if crouched else sit.eye_m
        found = stances(sit.navigator, sit.grid, place, eye_m, sit.heading, config=config, excluded=excluded)
        if found:
            return found if sure else sorted(found, key=lambda s: _through_wall(sit, s.node, place))
    return []


def _through_wall(sit: Situation, node: Node, place: Floats) -> bool:
    """Whether there is a wall between a node and a point, but for the last bit: things hang on walls."""
    start = np.array(sit.navigator.position(node))
    line = start + np.linspace(0.0, _BEFORE_WALL, _ALONG)[:, None] * (place[:2] - start)
    cells = sit.grid.cells(line)
    cells = cells[sit.grid.inside(cells)]
    return bool((sit.grid.wall[cells[:, 0], cells[:, 1]] > 0).any())


def fetch(sit: Situation, track: Track, *, wanted: bool = False, shunned: Collection[Node] = ()) -> Skill[str]:
    """Pick a thing up; returns nothing, or why it failed, which the journal says too.

    Args:
        sit: the situation.
        track: the thing.
        wanted: whether it is fetched wherever it lies; if not, only from where it is out of place.
        shunned: nodes that are no good to stand at for it.

    """
    label, place = track.label, track.centre.copy()
    holder = sit.support(track).track
    source = holder.label if holder else "Floor"
    reason, excluded, reach = "no_path", set(shunned), sit.config.reach_m
    for _ in range(sit.config.stands):
        sit.plan()
        options = ways_to_reach(sit, place, reach, excluded)
        if not options:
            break
        excluded.add(options[0].node)
        if not (yield from take_stance(sit, options[0])):
            yield from stand_up(sit, options[0])
            reason = "blocked"
            continue
        reason = _second_thoughts(sit, track, wanted) or (yield from _pick(sit, track, label, place, source))
        yield from stand_up(sit, options[0])
        if not reason:
            return ""
        if reason == Outcome.UNREACHABLE.code:
            reach = max(0.8, reach - 0.2)
        if reason in _FINAL:
            break
    sit.failures += 1
    sit.note("failed", label, reason, place, source)
    return reason


def _second_thoughts(sit: Situation, track: Track, wanted: bool) -> str:
    """Return why a thing should, from near, be left alone; nothing when it should not."""
    if certain(sit):
        return ""
    sit.look()
    if track not in sit.tracker.tracks:
        return "not_there"
    if wanted:
        return ""
    return IN_PLACE if sit.misplaced(track) < sit.config.least_belief or sit.movable(track) < 0.5 else ""


def _pick(sit: Situation, track: Track, label: str, place: Floats, source: str) -> Skill[str]:
    """Try a few points of the thing's mask, and where it is not seen again, of its stored place.

    Returns nothing once the hand holds it, or why it does not.
    """
    reason = "not_seen"
    for attempt in range(sit.config.points):
        sighting = find_again(sit, track, label, place)
        if sighting is None:
            break
        reason = yield from _grasp(sit, track, sighting, inner_point(sighting.detection, attempt), source)
        if reason not in _NEXT_POINT:
            return reason
    if reason != "not_seen" or not plausible(sit, track) or certain(sit):
        return reason
    for uv in pick_points(sit, track):
        reason = yield from _grasp(sit, track, None, uv, source)
        if reason not in _NEXT_POINT:
            break
    return reason


def _grasp(sit: Situation, track: Track, sighting: Sighting | None, uv: ImagePoint, source: str) -> Skill[str]:
    """Pick at an image point and see what came of it."""
    label, place, before, step = track.label, track.centre.copy(), sit.observation["rgb"], sit.step
    taken = sighting.track if sighting is not None else track
    yield act(Verb.PICK, *uv)
    if sit.outcome is not Outcome.OK:
        return sit.outcome.code
    if not sit.holding:
        return SLIPPED
    wrong = taken is track and not certain(sit) and still_there(sit, track, place)
    if not wrong:
        sit.tracker.remove(track)
        sit.tracker.hold(taken)
    sit.held = label if certain(sit) else held_label(sit, label, in_hand(sit) if wrong else taken.belief)
    if source == "Floor":
        sit.grid.forget(float(place[0]), float(place[1]), float(track.size[:2].max()) / 2 + 0.05)
    picture, reason = sit.observation["rgb"], "another" if wrong else ""
    sit.events.append(Event("picked", step, sit.held, reason, point(place), source, before, picture))
    return ""


def find_again(sit: Situation, track: Track, label: str, place: np.ndarray) -> Sighting | None:
    """Where the current image shows the thing: its own track, or one like it at the same place."""
    own = sit.sighting_of(track)
    if own is not None:
        return own
    alike = [s for s in sit.sightings if s.track.label == label]
    near = [(float(np.linalg.norm(s.track.centre - place)), k) for k, s in enumerate(alike)]
    return alike[min(near)[1]] if near and min(near)[0] < _SAME_M else None


def inner_point(detection: Detection, attempt: int = 0) -> tuple[float, float]:
    """Image point (u, v) well inside a mask; later attempts give points elsewhere in it."""
    row0, col0, row1, col1 = detection.box
    part = np.pad(detection.mask[row0:row1, col0:col1], 1)
    depth = ndimage.distance_transform_edt(part)
    height, width = detection.mask.shape
    spots = list(_spread(depth, attempt + 1))
    row, col = spots[-1]
    return (col - 1 + col0 + 0.5) / width, (row - 1 + row0 + 0.5) / height


def _spread(value: np.ndarray, count: int) -> Iterator[tuple[int, int]]:
    """Yield positions of large values, each away from those before."""
    value = value.copy()
    size = max(2.0, 0.25 * max(value.shape))
    rows, cols = np.indices(value.shape)
    last = (0, 0)
    for _ in range(count):
        if value.max() > 0:
            row, col = np.unravel_index(int(value.argmax()), value.shape)
            last = (int(row), int(col))
            value[np.hypot(rows - row, cols - col) < size] = 0
        yield last
