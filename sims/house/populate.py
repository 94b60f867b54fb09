"""Objects of a tidy household: each in a place that the placement table calls proper, at rest.

Positions are drawn on the boxes of the fixtures' regions; a short physical simulation then lets everything settle, and
what did not stay where it belongs is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import pi

import numpy as np
from numpy.typing import NDArray

from engram.sims.house import placement
from engram.sims.house.arrange import Arrangement, Array, Item, item, overlaps, solids_at, turn_box
from engram.sims.house.catalog.registry import build, variants
from engram.sims.house.categories import CATEGORIES, category
from engram.sims.house.components import walk
from engram.sims.house.geometry import Shape, yaw_quat
from engram.sims.house.model import compile_house
from engram.sims.house.physics import Physics
from engram.sims.house.placement import FLOOR
from engram.sims.house.populate_rules import CAPACITY, COUNTS, NEAR_WALL, OVERHANG, SEVERAL, USUAL
from engram.sims.house.regions import Regions
from engram.sims.house.spec import HouseSpec, ObjectSpec, RoomSpec

_SETTLE_SECS = 4.0
_EYE_M = 1.5  # nothing is kept on boards above this
_LIFT_M = 0.002
_SINK_M = 0.012  # how far a support may bulge above its region's floor
_SPACE_M = 0.012  # to the next object
_OPENING_M = 0.2  # free depth that a door or drawer needs in front
_TILT_COS = np.cos(np.radians(15.0))
_DIRTY = 0.12
_ASKEW_RAD = 0.12
_SPOTS = 16  # positions tried on one place
_SLICED = frozenset(c.sliced for c in CATEGORIES.values() if c.sliced)


@dataclass(eq=False)
class _Place:
    """One region of a fixture in the house frame, and what has been put there."""

    owner: str
    category: str
    box: Array  # (6,)
    quarter: int
    enclosed: bool
    taken: list[Array] = field(default_factory=list)


@dataclass(eq=False)
class _Room:
    spec: RoomSpec
    arrangement: Arrangement
    places: dict[str, list[_Place]]  # by category of receptacle
    solid: Array  # (n, 6) boxes of all solid parts
    queue: Iterator[str]


@dataclass(frozen=True, eq=False)
class _Draft:
    room: RoomSpec
    category: str
    variant: int
    pos: tuple[float, float, float]
    yaw: float
    dirty: bool


def populate(house: HouseSpec, objects: int | None, rng: np.random.Generator) -> HouseSpec:
    """Return the house with objects set out in it.

    Args:
        house: rooms and fixtures.
        objects: how many, as far as there is room; by the types of the rooms when None.
        rng: source of all choices.

    """
    rooms = [_room(house, room, rng, generous=objects is not None) for room in house.rooms]
    shares = np.array([rng.uniform(*COUNTS[r.spec.type]) for r in rooms])
    wanted = round(float(shares.sum())) if objects is None else objects
    spare = wanted // 12 + 2 if wanted else 0
    drafts = _drafts(rooms, shares / shares.sum() * (wanted + spare), rng)
    settled = _settle(house, drafts)
    return replace(house, objects=_number(settled[:wanted]))


def _number(objects: Sequence[ObjectSpec]) -> tuple[ObjectSpec, ...]:
    count: Counter[str] = Counter()
    named = []
    for thing in objects:
        count[thing.category] += 1
        named.append(replace(thing, id=f"{thing.category}_{count[thing.category]}"))
    return tuple(named)


def _room(house: HouseSpec, room: RoomSpec, rng: np.random.Generator, *, generous: bool) -> _Room:
    fixtures = [f for f in house.fixtures if f.room == room.id]
    arrangement = Arrangement(room, house.openings, rng)
    for f in fixtures:
        arrangement.put(item(f.category, f.variant), *f.pos[:2], _quarter(f.yaw), z=f.pos[2], check=False)
    boxes = [placed.box for placed in arrangement.placed]
    places: dict[str, list[_Place]] = {}
    solid = [np.zeros((0, 6))]
    for k, fixture in enumerate(fixtures):
        others = np.array(boxes[:k] + boxes[k + 1 :]).reshape(-1, 6)
        solid.append(solids_at(build(fixture.category, fixture.variant), fixture.pos, fixture.yaw))
        for c in walk(fixture.id, build(fixture.category, fixture.variant), fixture.pos, fixture.yaw):
            for place in _places(c.id, c.shape, c.pos, _quarter(c.yaw), others):
                places.setdefault(place.category, []).append(place)
    return _Room(room, arrangement, places, np.concatenate(solid), _wishes(room, rng, generous=generous))


def _places(id_: str, shape: Shape, pos: tuple[float, float, float], quarter: int, others: Array) -> Iterator[_Place]:
    kind = category(shape.category)
    if not kind.receptacle:
        return
    lo, hi = shape.bounds()
    swing = turn_box(np.array([hi[0], lo[1] + 0.05, lo[2] + 0.02]), np.array([hi[0] + _OPENING_M, hi[1] - 0.05, hi[2]]),
                     pos, quarter)  # fmt: skip
    shut = kind.openable and bool(overlaps(swing[None], others)[0])
    for region in shape.regions:
        box = turn_box(np.array(region.lo), np.array(region.hi), pos, quarter)
        if box[2] <= _EYE_M and not (shut and region.enclosed):
            yield _Place(id_, shape.category, box, quarter, region.enclosed)


def _quarter(yaw: float) -> int:
    return round(yaw / (pi / 2)) % 4


def _wishes(room: RoomSpec, rng: np.random.Generator, *, generous: bool) -> Iterator[str]:
    """Yield categories in the order in which a household would miss them; ends when it has enough of all."""
    usual = [name for name in USUAL[room.type] if rng.random() < 0.85]
    yield from (usual[k] for k in rng.permutation(len(usual)))
    count = Counter(usual)
    weights = {n: w for n, w in placement.kept_in(room.type).items() if n not in _SLICED}
    while weights:
        names = list(weights)
        chances = np.array([weights[n] ** 0.5 / (1 + count[n]) for n in names])
        name = names[int(rng.choice(len(names), p=chances / chances.sum()))]
        if count[name] >= (3 if generous or name in SEVERAL else 1):
            del weights[name]
            continue
        count[name] += 1
        yield name


def _drafts(rooms: Sequence[_Room], shares: Array, rng: np.random.Generator) -> list[_Draft]:
    """Fill the rooms in turn until each has its share."""
    found: list[_Draft] = []
    open_rooms = list(range(len(rooms)))
    placed = np.zeros(len(rooms))
    while open_rooms and len(found) < round(float(shares.sum())):
        k = min(open_rooms, key=lambda n: placed[n] / shares[n])
        name = next(rooms[k].queue, None)
        if name is None:
            open_rooms.remove(k)
            continue
        draft = _draft(rooms[k], name, rng)
        if draft is not None:
            found.append(draft)
            placed[k] += 1
    return found


def _draft(room: _Room, name: str, rng: np.random.Generator) -> _Draft | None:
    """Find a proper place for one object of a category."""
    variant = int(rng.integers(variants(name)))
    dirty = category(name).dirtyable and bool(rng.random() < _DIRTY)
    choices = {r: w for (kind, r), w in placement.weights(name).items() if kind == room.spec.type}
    present = [r for r in choices if r == FLOOR or r in room.places]
    if not present:
        return None
    chances = np.array([choices[r] for r in present])
    for k in rng.choice(len(present), len(present), replace=False, p=chances / chances.sum()):
        receptacle = present[int(k)]
        found = _on_floor(room, name, variant) if receptacle == FLOOR else _in(room, receptacle, name, variant, rng)
        if found is not None:
            return _Draft(room.spec, name, variant, *found, dirty)
    return None


def _on_floor(room: _Room, name: str, variant: int) -> tuple[tuple[float, float, float], float] | None:
    it = item(name, variant)
    near = next((p.front for p in room.arrangement.placed if p.item.category == NEAR_WALL.get(name)), None)
    placed = room.arrangement.by_wall(it, prefer="corner", near=near, gap_m=0.04, tries=4)
    if placed is None:
        return None
    x, y, _ = placed.pos
    return (x, y, _LIFT_M - float(it.lo[2])), placed.quarter * pi / 2


def _in(
    room: _Room, receptacle: str, name: str, variant: int, rng: np.random.Generator
) -> tuple[tuple[float, float, float], float] | None:
    places = room.places[receptacle]
    limit = CAPACITY.get(receptacle, 6)
    for k in rng.permutation(len(places))[:6]:
        place = places[k]
        if len(place.taken) < limit:
            found = _at(room, place, name, variant, rng)
            if found is not None:
                return found
    return None


def _at(
    room: _Room, place: _Place, name: str, variant: int, rng: np.random.Generator
) -> tuple[tuple[float, float, float], float] | None:
    """Draw positions on a place until the object's box is free."""
    it = item(name, variant)
    lo, hi = place.box[:3], place.box[3:]
    if it.hi[2] - it.lo[2] > hi[2] - lo[2]:
        return None
    yaws = _yaws(place, name, rng)
    low, high = _extent(it, yaws)
    origin, ok = _origins(place, name, low, high, rng)
    z = float(lo[2] - it.lo[2]) + _LIFT_M
    flat = np.ones((_SPOTS, 1))
    top = max(z + float(it.hi[2]), float(lo[2]) + 2 * _SINK_M)  # thin things take up room, too
    boxes = np.hstack([origin + low, flat * (lo[2] + _SINK_M), origin + high, flat * top])
    ok &= ~overlaps(boxes, room.solid)
    taken = [box for other in room.places[place.category] for box in other.taken]
    apart = np.array([-_SPACE_M, -_SPACE_M, 0.0, _SPACE_M, _SPACE_M, 0.0])
    ok &= ~overlaps(boxes + apart, np.array(taken).reshape(-1, 6))
    if not ok.any():
        return None
    k = int(np.flatnonzero(ok)[0])
    place.taken.append(boxes[k])
    return (float(origin[k, 0]), float(origin[k, 1]), z), float(yaws[k])


def _yaws(place: _Place, name: str, rng: np.random.Generator) -> Array:
    """(S,) yaws: along the sides of the place, and on open places a little askew."""
    if name == "Pillow":
        return np.full(_SPOTS, place.quarter * pi / 2)
    yaws = (place.quarter + rng.integers(0, 4, _SPOTS)) * (pi / 2)
    straight = place.enclosed or place.category in OVERHANG
    return np.asarray(yaws if straight else yaws + rng.normal(0.0, _ASKEW_RAD, _SPOTS))


def _extent(it: Item, yaws: Array) -> tuple[Array, Array]:
    """Two (S, 2) corners of the object's box about its origin at each yaw."""
    corners = np.array([[x, y] for x in (it.lo[0], it.hi[0]) for y in (it.lo[1], it.hi[1])])
    c, s = np.cos(yaws)[:, None], np.sin(yaws)[:, None]
    points = np.stack([c * corners[:, 0] - s * corners[:, 1], s * corners[:, 0] + c * corners[:, 1]], -1)
    return points.min(1), points.max(1)


def _origins(
    place: _Place, name: str, low: Array, high: Array, rng: np.random.Generator
) -> tuple[Array, NDArray[np.bool_]]:
    """(S, 2) positions of the object's origin on a place, and (S,) whether it lies within or may hang over."""
    middle, half = (place.box[:2] + place.box[3:5]) / 2, (place.box[3:5] - place.box[:2]) / 2
    play = half - (high - low) / 2
    draw = rng.uniform(-1.0, 1.0, (_SPOTS, 2))
    if name == "Pillow" and place.category == "Bed":
        head = -np.round([np.cos(place.quarter * pi / 2), np.sin(place.quarter * pi / 2)])
        draw = np.where(head != 0.0, 0.97 * head, draw)
    centre = (low + high) / 2
    if place.category not in OVERHANG:
        return middle + draw * np.maximum(play, 0.0) - centre, np.asarray(np.all(play >= 0.0, axis=1))
    if place.category == "StoveBurner":
        # A pan's body stands on the ring, its handle reaches beyond.
        return np.broadcast_to(middle, (_SPOTS, 2)), np.asarray(np.all(np.abs(centre) <= half, axis=1))
    return middle + draw * np.maximum(play, 0.0) - centre, np.ones(_SPOTS, bool)


def _settle(house: HouseSpec, drafts: Sequence[_Draft]) -> list[ObjectSpec]:
    """Let everything come to rest and return what stayed in a proper place, in the order given."""
    objects = tuple(
        ObjectSpec(f"object_{k}", d.category, d.variant, d.room.id, "", d.pos, yaw_quat(d.yaw), d.dirty)
        for k, d in enumerate(drafts)
    )
    compiled = compile_house(replace(house, objects=objects))
    physics = Physics(compiled)
    moving = [compiled.by_id[o.id] for o in objects]
    physics.wake(moving)
    physics.settle(_SETTLE_SECS)
    regions = Regions(compiled, physics)
    kinds = {room.id: room.type for room in house.rooms}
    found = []
    for draft, thing, before in zip(drafts, moving, objects, strict=True):
        pose = physics.pose(thing)
        holders = regions.receptacles(thing)
        holder = compiled.things[holders[0]] if holders else None
        name = holder.category if holder is not None else FLOOR
        _, x, y, _ = pose.quat
        upright = 1 - 2 * (x * x + y * y) >= _TILT_COS
        on_floor = holder is not None or float(physics.foot(thing)[2]) < 0.02
        if upright and on_floor and placement.proper(draft.category, kinds[draft.room.id], name):
            px, py, pz = (round(float(v), 5) for v in pose.pos)
            qw, qx, qy, qz = (round(float(v), 6) for v in pose.quat)
            receptacle = holder.id if holder is not None else ""
            found.append(replace(before, pos=(px, py, pz), quat=(qw, qx, qy, qz), receptacle=receptacle))
    return found
