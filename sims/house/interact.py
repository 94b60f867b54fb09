"""What the arm does: pick, place, drop, open and close, with reason codes.

Every function leaves the house as it was unless it returns OK.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import Outcome
from engram.sims.house.collision import footprints
from engram.sims.house.geometry import quat_matrix, yaw_quat
from engram.sims.house.hand import Hand, neighbours, write
from engram.sims.house.model import HouseModel, Thing
from engram.sims.house.physics import Physics, Pose
from engram.sims.house.regions import Place, Regions
from engram.sims.house.stance import Base

SETTLE_SECS, DROP_SECS = 1.0, 2.0
_ABOVE_M = 0.002
_CHECKS, _SETTLES = 200, 4  # spots tried for contacts, and by letting the thing settle
_OPEN_STEPS = 10
_RESTING_SHARE = 0.5  # of a thing's length and width that must be on the place
_STRAY_M = 0.15  # how much further than the reach a spot may be when the point itself is within reach
# Holders with room for one kind of thing only.
_ONLY = {
    "CoffeeMachine": {"Mug", "Cup"},
    "HandTowelHolder": {"HandTowel"},
    "StoveBurner": {"Kettle", "Pan", "Pot"},
    "Toaster": {"BreadSliced"},
    "ToiletPaperHanger": {"ToiletPaper"},
    "TowelHolder": {"Towel"},
}

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Hit:
    """What an image point shows. ``thing`` is None for structure."""

    thing: Thing | None
    point: Floats  # (3,) house frame
    away_m: float  # horizontal distance from the base; inf where nothing was hit


class Arm:
    """Acts on a house for a robot whose base stands at a pose of the house frame."""

    def __init__(self, house: HouseModel, physics: Physics, regions: Regions, reach_m: float) -> None:
        self._house, self._physics, self._regions = house, physics, regions
        self._reach_m = reach_m
        self.hand = Hand(physics, regions)

    def pick(self, hit: Hit) -> Outcome:
        """Take what the point shows."""
        thing = hit.thing
        if self.hand.held is not None:
            return Outcome.OCCLUDED if self._shows_load(hit) else Outcome.HAND_FULL
        if thing is None or not thing.movable:
            return Outcome.NOTHING_THERE
        if hit.away_m > self._reach_m:
            return Outcome.UNREACHABLE
        if self._shut_in(thing):
            return Outcome.CLOSED
        group = [thing, *self._regions.contents(thing)]
        leaning = neighbours(self._physics, self._house.things, group)
        self.hand.take(thing)
        if leaning:
            self._physics.wake([*self.hand.load, *leaning])
            self._physics.settle(SETTLE_SECS)
        return Outcome.OK

    def place(self, hit: Hit, base: Base) -> Outcome:
        """Set the held thing down on or in the receptacle that the point shows, near the point.

        Where the receptacle itself has no room, its open components are tried: the burners of a stove.
        """
        held = self.hand.held
        if held is None:
            return Outcome.HAND_EMPTY
        if self._shows_load(hit):
            return Outcome.OCCLUDED
        owner = self._receptacle(hit)
        if owner is None:
            return Outcome.NOTHING_THERE
        if hit.away_m > self._reach_m:
            return Outcome.UNREACHABLE
        places = [p for p in self._regions.with_parts(owner) if _takes(p.owner, held)]
        if not places:
            return Outcome.INVALID
        places.sort(key=lambda p: self._distance(p, hit.point))
        if places[0].closed:
            return Outcome.CLOSED
        return self._set_down([p for p in places if not p.closed], hit, base)

    def drop(self, base: Base) -> Outcome:
        """Let the held thing fall in front of the robot."""
        if self.hand.held is None:
            return Outcome.HAND_EMPTY
        if not self.hand.release(base):
            return Outcome.BLOCKED
        self._physics.settle(DROP_SECS)
        self.hand.let_go()
        return Outcome.OK

    def open(self, hit: Hit, base: Base, openness: float) -> Outcome:
        """Open (1) or close (0) what the point shows."""
        thing = hit.thing
        if thing is None:
            return Outcome.NOTHING_THERE
        if self._shows_load(hit):
            return Outcome.OCCLUDED
        if not thing.kind.openable or thing.shape.joint is None:
            return Outcome.NOT_OPENABLE
        if hit.away_m > self._reach_m:
            return Outcome.UNREACHABLE
        if abs(thing.openness - openness) < 1e-6 or (thing.category == "Microwave" and thing.on):
            return Outcome.INVALID
        return self._swing(thing, base, openness)

    def reaches(self, hit: Hit) -> bool:
        """Whether the arm gets to the point."""
        return hit.away_m <= self._reach_m

    def _shows_load(self, hit: Hit) -> bool:
        return hit.thing is not None and hit.thing in self.hand.load

    def _shut_in(self, thing: Thing) -> bool:
        foot = self._physics.foot(thing)
        owners = [self._house.things[k] for k in self._regions.receptacles(thing)]
        return any(p.closed and self._regions.inside(p, foot) for o in owners for p in self._regions.of(o))

    def _receptacle(self, hit: Hit) -> Thing | None:
        """The receptacle that the point shows, or that holds what it shows."""
        thing = hit.thing
        if thing is None:
            return None
        if self._regions.of(thing):
            return thing
        holders = self._regions.receptacles(thing) if thing.movable else ()
        return self._house.things[holders[0]] if holders else None

    def _distance(self, place: Place, point: Floats) -> float:
        turn, origin = self._regions.frame(place)
        local = turn.T @ (point - origin)
        gap = np.maximum(place.lo - local, 0.0) + np.maximum(local - place.hi, 0.0)
        return float(np.linalg.norm(gap))

    def _set_down(self, places: list[Place], hit: Hit, base: Base) -> Outcome:
        hand, physics = self.hand, self._physics
        before = physics.save()
        hand.set_solid(solid=True)
        settles = 0
        for k, (place, pose) in enumerate(self._poses(places, hit, base)):
            hand.put(pose)
            if not physics.hits(hand.load):
                physics.settle(SETTLE_SECS)
                if self._lies_in(place):
                    hand.let_go()
                    return Outcome.OK
                physics.restore(before)
                settles += 1
            if k + 1 >= _CHECKS or settles >= _SETTLES:
                break
        physics.restore(before)
        hand.set_solid(solid=False)
        return Outcome.NO_SPACE

    def _lies_in(self, place: Place) -> bool:
        held = self.hand.held
        return held is not None and self._regions.inside(place, self._physics.foot(held))

    def _poses(self, places: list[Place], hit: Hit, base: Base) -> Iterator[tuple[Place, Pose]]:
        """Poses of the held thing on spots that look free, the nearest to the point first, its front forward.

        Where nothing encloses the place, a thing may stick out if there is no other way: a pan over its burner.
        """
        lo, hi = self.hand.bounds()
        middle, size = (lo + hi) / 2, hi - lo
        for place in places:
            w, _, _, z = self._physics.pose(place.owner).quat
            turn = 2 * float(np.arctan2(z, w))
            others = self._others(place)
            for share, quarter in product((1.0,) if place.enclosed else (1.0, _RESTING_SHARE), (0, 1)):
                across = size[[1, 0, 2]] if quarter else size
                yaw = turn + quarter * np.pi / 2
                c, s = np.cos(yaw), np.sin(yaw)
                shift = np.array([c * middle[0] - s * middle[1], s * middle[0] + c * middle[1], lo[2] - _ABOVE_M])
                half = _span(across, turn) / 2
                high = size[2] if place.enclosed else min(size[2], place.hi[2] - place.lo[2])
                need = np.array([share * across[0], share * across[1], high])
                for spot in self._regions.spots(place, need, hit.point):
                    if np.hypot(*(spot[:2] - base.point)) > self._reach_m + _STRAY_M:
                        continue
                    box = np.array([[*(spot[:2] - half), spot[2]], [*(spot[:2] + half), spot[2] + size[2]]])
                    if not _overlaps(box, others):
                        yield place, Pose(spot - shift, np.array(yaw_quat(yaw)))

    def _others(self, place: Place) -> Floats:
        """(N, 2, 3) boxes of the objects that a spot must keep clear of."""
        holders = {place.owner.index, *self._regions.receptacles(place.owner)}
        load = self.hand.load
        rest = [
            t.index
            for t in self._house.things
            if t.movable and not t.parked and t.index not in holders and t not in load
        ]
        return np.asarray(self._physics.boxes()[rest])

    def _swing(self, thing: Thing, base: Base, openness: float) -> Outcome:
        physics, joint, start = self._physics, thing.shape.joint, thing.openness
        if joint is None:
            return Outcome.NOT_OPENABLE
        before = physics.save()
        riders = self._riders(thing) if joint.kind == "slide" else []
        usual = physics.hits([thing, *riders])
        axis = quat_matrix(physics.pose(thing).quat) @ np.array(joint.axis) / np.linalg.norm(joint.axis)
        for k in range(1, _OPEN_STEPS + 1):
            there = start + (openness - start) * k / _OPEN_STEPS
            shift = axis * joint.travel * (there - thing.openness)
            poses = [(t, physics.pose(t)) for t in riders]
            write(physics, [(t, Pose(p.pos + shift, p.quat)) for t, p in poses])
            physics.set_open(thing, there)
            if physics.hits([thing, *riders]) - usual or self._leaf_meets(thing, base):
                physics.restore(before)
                return Outcome.BLOCKED
        thing.openness = openness
        return Outcome.OK

    def _riders(self, thing: Thing) -> list[Thing]:
        """What lies in the moving part."""
        moving = [p for p in self._regions.of(thing) if p.moving]
        return self._regions.contents(thing) if moving else []

    def _leaf_meets(self, thing: Thing, base: Base) -> bool:
        model = self._physics.model
        leaf = thing.geoms[
            (model.geom_bodyid[thing.geoms] == thing.moving_body) & (model.geom_contype[thing.geoms] != 0)
        ]
        return bool(len(footprints(model, self._physics.data, leaf).blocking(base.point[None])))


def _takes(owner: Thing, thing: Thing) -> bool:
    return thing.category in _ONLY.get(owner.category, {thing.category})


def _span(size: Floats, yaw: float) -> Floats:
    """(2,) sides of the axis-aligned box around a rectangle turned by ``yaw``."""
    c, s = abs(np.cos(yaw)), abs(np.sin(yaw))
    return np.array([c * size[0] + s * size[1], s * size[0] + c * size[1]])


def _overlaps(box: Floats, others: Floats) -> bool:
    slack = 0.001
    apart = (others[:, 0] >= box[1] - slack) | (others[:, 1] <= box[0] + slack)
    return bool((~apart.any(1)).any())
