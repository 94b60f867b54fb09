"""What lies where: the regions of receptacles, what is in them, and free spots for more.

A thing lies in a receptacle when the middle of the underside of its solid parts is within one of the receptacle's
regions (AI2-THOR's rule, with authored boxes for its trigger volumes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram.sims.house.geometry import quat_matrix
from engram.sims.house.model import HouseModel, Thing
from engram.sims.house.physics import Physics

OPEN_FRACTION = 0.5  # a receptacle opened less than this is closed
_GRID_M = 0.05
_SLACK_M = np.array([0.01, 0.01, 0.02])

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Place:
    """One region of a receptacle. ``lo`` and ``hi`` (3,) are in the owner's frame."""

    owner: Thing
    lo: Vector
    hi: Vector
    enclosed: bool
    moving: bool

    @property
    def closed(self) -> bool:
        """Whether the owner must be opened before the place can be used."""
        return self.enclosed and self.owner.kind.openable and self.owner.openness < OPEN_FRACTION


class Regions:
    """All regions of a house."""

    def __init__(self, house: HouseModel, physics: Physics) -> None:
        """Collect the regions; poses are read from ``physics`` when asked."""
        self._house, self._physics = house, physics
        self.places = [
            Place(t, np.array(r.lo), np.array(r.hi), r.enclosed, r.moving)
            for t in house.things
            if t.kind.receptacle
            for r in t.shape.regions
        ]
        self._owner = np.array([p.owner.index for p in self.places], np.int64)
        self._lo = np.array([p.lo for p in self.places]).reshape(-1, 3)
        self._hi = np.array([p.hi for p in self.places]).reshape(-1, 3)
        self._movable_owner = np.array([p.owner.movable for p in self.places], bool)
        self._cache: tuple[int, dict[int, tuple[int, ...]]] = (-1, {})

    def of(self, thing: Thing) -> list[Place]:
        """Regions of one receptacle."""
        return [p for p in self.places if p.owner is thing]

    def with_parts(self, thing: Thing) -> list[Place]:
        """Regions of one receptacle and the open ones of its components, such as the burners of a stove."""
        return [p for p in self.places if p.owner is thing or (not p.enclosed and p.owner.part_of(thing.id))]

    def frame(self, place: Place) -> tuple[Vector, Vector]:
        """(3, 3) rotation and (3,) origin of the frame in which the place's box is given."""
        pose = self._physics.pose(place.owner)
        turn = quat_matrix(pose.quat)
        joint = place.owner.shape.joint
        if place.moving and joint is not None and joint.kind == "slide":
            axis = np.array(joint.axis) / np.linalg.norm(joint.axis)
            return turn, pose.pos + turn @ axis * (joint.travel * place.owner.openness)
        return turn, pose.pos

    def receptacles(self, thing: Thing) -> tuple[int, ...]:
        """Indices of the things that hold an object, innermost first; empty on the floor."""
        if self._cache[0] != self._physics.version:
            self._cache = (self._physics.version, self._assign())
        return self._cache[1].get(thing.index, ())

    def contents(self, thing: Thing) -> list[Thing]:
        """Objects that lie in a receptacle, directly or within one another."""
        things = self._house.things
        return [t for t in things if t.movable and not t.parked and thing.index in self.receptacles(t)]

    def inside(self, place: Place, point: Vector, slack_m: float = 0.02) -> bool:
        """Whether a point (3,) of the house frame is within the place."""
        turn, origin = self.frame(place)
        local = turn.T @ (point - origin)
        return bool(np.all(local >= place.lo - slack_m) and np.all(local <= place.hi + slack_m))

    def spots(self, place: Place, size: Vector, near: Vector) -> Iterator[Vector]:
        """Yield supported points (3,) of the house frame for the underside of something of ``size`` (3,).

        The points are on a 5 cm grid about the centre, those nearest to the point ``near`` (3,) first; nothing else
        is looked at. The thing's sides are taken to be along the place's.
        """
        turn, origin = self.frame(place)
        if place.hi[2] - place.lo[2] < size[2]:
            return
        room = (place.hi[:2] - place.lo[:2] - size[:2]) / 2
        if (room < -1e-6).any():
            return
        centre = (place.hi[:2] + place.lo[:2]) / 2
        counts = np.floor(np.maximum(room, 0.0) / _GRID_M).astype(int)
        xs, ys = (centre[k] + np.arange(-counts[k], counts[k] + 1) * _GRID_M for k in range(2))
        local = np.stack(np.meshgrid(xs, ys, indexing="ij"), -1).reshape(-1, 2)
        target = (turn.T @ (near - origin))[:2]
        order = np.argsort(np.sum((local - target) ** 2, 1), kind="stable")
        for x, y in local[order]:
            yield turn @ np.array([x, y, place.lo[2]]) + origin

    def _assign(self) -> dict[int, tuple[int, ...]]:
        movable = [t for t in self._house.things if t.movable and not t.parked]
        if not movable or not self.places:
            return {}
        base = self._physics.feet()[[t.index for t in movable]]
        frames = [self.frame(p) for p in self.places]
        turn, origin = np.array([f[0] for f in frames]), np.array([f[1] for f in frames])
        local = np.einsum("kji,nkj->nki", turn, base[:, None] - origin)
        within = np.all((local >= self._lo - _SLACK_M) & (local <= self._hi + _SLACK_M), axis=2)
        height = local[..., 2] - self._lo[:, 2]
        return {t.index: self._chain(t, within[n], height[n]) for n, t in enumerate(movable)}

    def _chain(self, thing: Thing, within: NDArray[np.bool_], height: Vector) -> tuple[int, ...]:
        """Carriers by height of their support below the thing, then the one fixture that holds them all."""
        found: list[int] = []
        for k in sorted(np.flatnonzero(within & (self._owner != thing.index)), key=lambda k: float(height[k])):
            owner = int(self._owner[k])
            if owner not in found:
                found.append(owner)
            if not self._movable_owner[k]:
                break
        return tuple(found)
