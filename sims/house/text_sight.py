"""What the robot of a text household sees from where it stands, and the names that it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.house.geometry import quat_matrix
from engram.sims.house.hand import Hand
from engram.sims.house.model import GROUP_PROXY, HouseModel, Thing
from engram.sims.house.physics import Physics
from engram.sims.house.regions import OPEN_FRACTION, Place, Regions
from engram.sims.house.stance import CROUCHED_EYE_M, EYE_M, Base, cos_sin
from engram.sims.house.text_ground import gap_m

NEAR_M = 2.5  # small things further away than this are not told
_SMALL_M = 0.5  # longest side of what is small
_BESIDE_M = 0.1  # what is this much behind the shoulders is still seen
_AT_M = 0.3  # what is this near is seen whatever the heading
_FRONT_COS = 0.2
_TOP_M = 0.01

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """Where the robot looks from, in the house frame."""

    base: Base
    room: str  # id
    around: bool = False  # it turns about


class Sight:
    """Says what can be seen."""

    def __init__(self, house: HouseModel, physics: Physics, regions: Regions, hand: Hand, reach_m: float) -> None:
        self._house, self._physics, self._regions, self._hand = house, physics, regions, hand
        self._reach_m = reach_m
        self._groups = np.ones(6, np.uint8)
        self._groups[GROUP_PROXY] = 0
        self._rooms = {r.id: r for r in house.spec.rooms}

    def room_of(self, thing: Thing) -> str:
        """Id of the room that a thing is in; empty in no room."""
        if not thing.movable:
            return thing.room
        x, y, _ = self._physics.box(thing).mean(0)
        return next((k for k, r in self._rooms.items() if r.x0 <= x <= r.x1 and r.y0 <= y <= r.y1), "")

    def seen(self, view: View) -> list[Thing]:
        """Everything in sight, sorted by distance."""
        things = [t for t in self._house.things if not t.parked and t not in self._hand.load and self.sees(t, view)]
        return sorted(things, key=lambda t: (self._away_m(t, view), *self._physics.box(t).mean(0).tolist()))

    def sees(self, thing: Thing, view: View) -> bool:
        """Whether one thing is in sight."""
        if thing.parked or self.room_of(thing) != view.room or not self._ahead(thing, view):
            return False
        away = self._away_m(thing, view)
        if not thing.movable:
            return True
        holder = self._enclosing(thing)
        if holder is not None:
            return not holder.closed and self.stands_at(holder.owner, view)
        return (away <= NEAR_M or not self._small(thing)) and self._in_line(thing, view)

    def stands_at(self, owner: Thing, view: View) -> bool:
        """Whether the robot stands within reach of something and before it."""
        if self._away_m(owner, view) > self._reach_m:
            return False
        if owner.movable:
            return True
        towards = view.base.point - self._physics.pose(owner).pos[:2]  # an open door moves the middle of the box
        return float(towards @ front(self._physics, owner)) >= _FRONT_COS * float(np.hypot(*towards))

    def overlooked(self, view: View, seen: list[Thing]) -> Iterator[Thing]:
        """Receptacles of which all that they hold is in sight."""
        known = set(map(id, seen))
        for thing in seen:
            places = self._regions.of(thing)
            if not places or any(p.closed for p in places):
                continue
            if not all(self._whole(p, view) for p in places):
                continue
            if all(id(t) in known for t in self._regions.contents(thing)):
                yield thing

    def _whole(self, place: Place, view: View) -> bool:
        """Whether all of a place is near and ahead."""
        if place.enclosed and place.owner.kind.openable:
            return self.stands_at(place.owner, view)
        turn, origin = self._regions.frame(place)
        corners = np.array(
            [[x, y, place.lo[2]] for x in (place.lo[0], place.hi[0]) for y in (place.lo[1], place.hi[1])]
        )
        points = corners @ turn.T + origin
        away = np.hypot(*(points[:, :2] - view.base.point).T)
        return bool((away <= NEAR_M).all()) and (view.around or all(_before(p, view.base) for p in points))

    def _ahead(self, thing: Thing, view: View) -> bool:
        if view.around or self._away_m(thing, view) <= _AT_M:
            return True
        return _before(self._physics.box(thing).mean(0), view.base)

    def _away_m(self, thing: Thing, view: View) -> float:
        return gap_m(view.base.point, self._physics.box(thing))

    def _small(self, thing: Thing) -> bool:
        lo, hi = self._physics.box(thing)
        return bool((hi - lo).max() < _SMALL_M)

    def _enclosing(self, thing: Thing) -> Place | None:
        """Return the place with a door or a lid that a thing is in; the closed one where there are several."""
        foot = self._physics.foot(thing)
        owners = [self._house.things[k] for k in self._regions.receptacles(thing)]
        places = [p for o in owners if o.kind.openable for p in self._regions.of(o) if p.enclosed]
        within = [p for p in places if self._regions.inside(p, foot)]
        return next((p for p in within if p.closed), within[0] if within else None)

    def _in_line(self, thing: Thing, view: View) -> bool:
        """Whether a line from the robot's eye, standing or crouched, gets to the middle or the top of a thing."""
        lo, hi = self._physics.box(thing)
        x, y, z = (lo + hi) / 2
        holders = {k for k in self._regions.receptacles(thing) if self._house.things[k].movable}
        allowed = {thing.index, *holders, *(t.index for t in self._regions.contents(thing))}
        allowed |= {t.index for t in self._hand.load}
        points = np.array([[x, y, z], [x, y, hi[2] - _TOP_M]])
        return any(
            self._gets(np.array([*view.base.point, eye]), p, allowed) for eye in (EYE_M, CROUCHED_EYE_M) for p in points
        )

    def _gets(self, eye: Floats, point: Floats, allowed: set[int]) -> bool:
        geom = np.zeros(1, np.int32)
        far = mujoco.mj_ray(self._physics.model, self._physics.data, eye, point - eye, self._groups, True, -1, geom)
        return far < 0.0 or far >= 1.0 or int(self._house.owner[geom[0]]) in allowed


class Names:
    """Names of things and rooms, numbered by kind in the order in which they are first told."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # by id
        self._ids: dict[str, str] = {}
        self._count: Counter[str] = Counter()

    def of(self, id_: str, kind: str) -> str:
        """Return the name of a thing or room by its id, giving it one when it has none yet."""
        if id_ not in self._names:
            self._count[kind] += 1
            self._names[id_] = f"{kind}_{self._count[kind]}"
            self._ids[self._names[id_]] = id_
        return self._names[id_]

    def id(self, name: str) -> str | None:
        """Id behind a name; ``None`` when nothing was told by this name."""
        return self._ids.get(name)


def front(physics: Physics, thing: Thing) -> Floats:
    """(2,) direction to which the front of a fixture looks, house frame."""
    return np.asarray(quat_matrix(physics.pose(thing).quat)[:2, 0])


def is_open(thing: Thing) -> bool:
    """Whether what has a door or lid is open."""
    return thing.openness >= OPEN_FRACTION


def _before(point: Floats, base: Base) -> bool:
    heading = np.array(cos_sin(base.yaw_deg))
    return float((point[:2] - base.point) @ heading) >= -_BESIDE_M
