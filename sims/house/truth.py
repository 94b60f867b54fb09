"""Ground truth of a house, for trainers, oracles and scoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import TrueObject
from engram.sims.house.categories import CATEGORIES
from engram.sims.house.hand import Hand
from engram.sims.house.mess import Displaced
from engram.sims.house.model import HouseModel, Thing
from engram.sims.house.motion import Floor
from engram.sims.house.physics import Physics, Snapshot
from engram.sims.house.regions import OPEN_FRACTION, Regions
from engram.sims.house.spec import HouseSpec
from engram.sims.house.stance import Base, Stance

_NUMBER = {name: k for k, name in enumerate(CATEGORIES)}


@dataclass(eq=False)
class Shown:
    """What the last observation showed: the geom image and the stance it was taken from."""

    geom: NDArray[np.int32]  # (H, W)
    stance: Stance


class HouseTruth:
    """Implements :class:`engram.sims.contract.Truth`; more than it asks for is documented here.

    Positions are in the true ``map`` frame, which lies in the house frame at ``start``.
    """

    def __init__(
        self, house: HouseModel, physics: Physics, regions: Regions, floor: Floor, hand: Hand, start: Base
    ) -> None:
        self._house, self._physics, self._regions = house, physics, regions
        self._floor, self._hand, self.start = floor, hand, start
        self._turn = start.matrix()[:3, :3]
        self._origin = np.array([start.x_m, start.y_m, 0.0])
        self._cache: tuple[int, list[TrueObject]] = (-1, [])
        self._numbers: tuple[int, NDArray[np.int32]] = (-1, np.zeros(0, np.int32))
        self._original: list[TrueObject] = []
        self._version = -1
        self.changes = 0  # grows with everything that happens to the house, but for what is carried about
        self.shown = Shown(np.zeros((0, 0), np.int32), Stance())
        self.stance = Stance()
        self.mess: tuple[Displaced, ...] = ()

    @property
    def house(self) -> HouseSpec:
        """The house as it was specified, before any mess."""
        return self._house.spec

    def objects(self) -> list[TrueObject]:
        """Return everything with an identity, sorted by id; do not change the list."""
        load = self._hand.load
        if self._cache[0] != self.changes:
            self._cache = (self.changes, [self._describe(t) for t in self._present()])
        elif load and self._version != self._physics.version:
            # Only what is carried has moved.
            fresh = {t.id: self._describe(t) for t in load}
            self._cache = (self.changes, [fresh.get(o.id, o) for o in self._cache[1]])
        self._version = self._physics.version
        return self._cache[1]

    def original(self) -> list[TrueObject]:
        """Everything as it was before the mess."""
        return self._original

    def remember(self, tidy: Snapshot, mess: Sequence[Displaced]) -> None:
        """Note what the mess did and how things lay before it."""
        self.mess = tuple(mess)
        if not mess:
            self._original = list(self.objects())
            return
        now = self._physics.save()
        self._physics.restore(tidy)
        self._original = list(self.objects())
        self._physics.restore(now)
        self.changes += 1

    def displaced(self) -> list[str]:
        """Ids of what the mess displaced, sorted."""
        return sorted(d.id for d in self.mess)

    def instances(self) -> NDArray[np.int32]:
        """(H, W) index into :meth:`objects` at each pixel of the last observation; -1 = structure or nothing."""
        return np.asarray(self._number_of_geom()[self.shown.geom])

    def categories(self) -> list[str]:
        """Category of each of :meth:`objects`: the label of each number of :meth:`instances`."""
        return [t.category for t in self._present()]

    def category_image(self) -> NDArray[np.int32]:
        """(H, W) index into ``categories.CATEGORIES`` at each pixel; -1 = structure or nothing."""
        owner = self._house.owner
        table = np.array([_NUMBER[self._house.things[k].category] if k >= 0 else -1 for k in (*owner, -1)], np.int32)
        return np.asarray(table[self.shown.geom])

    def map_T_camera(self) -> NDArray[np.float64]:
        """(4, 4) true camera pose of the last observation."""
        return self.shown.stance.camera()

    def reachable(self) -> NDArray[np.float64]:
        """(N, 2) x, y in metres of the grid cells where the base can stand and that it can get to."""
        here = self.start.then(self.stance.base).point
        cells = self._floor.reachable(here) - self.start.point
        return np.asarray((cells @ self._turn[:2, :2]).round(9) + 0.0)

    def rooms(self) -> dict[str, str]:
        """Type of each room by its id."""
        return {room.id: room.type for room in self._house.spec.rooms}

    def _present(self) -> list[Thing]:
        return sorted((t for t in self._house.things if not t.parked), key=lambda t: t.id)

    def _number_of_geom(self) -> NDArray[np.int32]:
        if self._numbers[0] != self.changes:
            numbers = np.full(len(self._house.owner) + 1, -1, np.int32)  # the last one is where nothing was hit
            for number, thing in enumerate(self._present()):
                numbers[thing.geoms] = number
            self._numbers = (self.changes, numbers)
        return self._numbers[1]

    def _describe(self, thing: Thing) -> TrueObject:
        lo, hi = self._physics.box(thing)
        centre = self._turn.T @ ((lo + hi) / 2 - self._origin)
        extent = np.abs(self._turn.T) @ (hi - lo)
        load = self._hand.load
        held = thing in load
        holders = () if held else self._regions.receptacles(thing)
        if held and thing is not load[0]:
            holders = (load[0].index,)
        kind = thing.kind
        return TrueObject(
            id=thing.id,
            category=thing.category,
            position=(float(centre[0]), float(centre[1]), float(centre[2])),
            extent=(float(extent[0]), float(extent[1]), float(extent[2])),
            receptacles=tuple(self._house.things[k].id for k in holders),
            room=self._room(thing, (lo + hi) / 2),
            pickupable=thing.movable,
            receptacle=kind.receptacle,
            openable=kind.openable,
            state=_state(thing, held=held),
        )

    def _room(self, thing: Thing, centre: NDArray[np.float64]) -> str:
        if not thing.movable:
            return thing.room
        x, y, _ = centre
        for room in self._house.spec.rooms:
            if room.x0 <= x <= room.x1 and room.y0 <= y <= room.y1:
                return room.id
        return ""


def _state(thing: Thing, *, held: bool) -> dict[str, Any]:
    kind = thing.kind
    state: dict[str, Any] = {"held": held} if thing.movable else {}
    if kind.openable:
        state |= {"open": thing.openness >= OPEN_FRACTION, "openness": float(thing.openness)}
    if kind.toggleable or thing.category == "StoveBurner":
        state["toggled"] = thing.on
    if kind.dirtyable:
        state["dirty"] = thing.dirty
    if kind.fillable:
        state["filled"] = thing.filled
    if kind.cookable:
        state["cooked"] = thing.cooked
    if kind.sliceable or thing.sliced:
        state["sliced"] = thing.sliced
    if thing.movable:
        state["temperature"] = thing.temperature
    return state
