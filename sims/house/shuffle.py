"""Changing a house between two visits, as RoomR does: things are put elsewhere, doors and drawers opened or shut.

Source: Weihs et al., Visual room rearrangement (CVPR 2021): one to five things change, and each can be seen and reached
before and after. There a thing may stand anywhere that AI2-THOR allows; here on any open surface with room for it, at
least half a metre from where it was. Nothing else may be disturbed by a change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import Outcome
from engram.sims.house.geometry import quat_matrix
from engram.sims.house.interact import Arm, Hit
from engram.sims.house.model import GROUP_PROXY, HouseModel, Thing
from engram.sims.house.motion import Floor
from engram.sims.house.physics import Physics, Snapshot
from engram.sims.house.regions import Place, Regions
from engram.sims.house.stance import EYE_M, Base

MIN_MOVE_M = 0.5
_TRIES = 40  # things tried for one change
_SPOTS = 6  # places tried for one thing
_REACH_M = 1.2  # horizontal distance from which a thing must be visible
_CELLS = 24  # places to stand that are tried for that
_STILL_M = 0.01  # what moves by more than this was disturbed
_ROOM_LEFT = 0.95  # of the places to stand must still be reachable after a change

Floats = NDArray[np.float64]
Kind = Literal["moved", "opened", "closed"]


@dataclass(frozen=True)
class Changed:
    """What was done to one thing. Positions are centres of the box around it, house frame, metres."""

    id: str
    category: str
    kind: Kind
    from_position: tuple[float, float, float]
    to_position: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class TruePose:
    """Where and how a thing is; its box is of its own axes, in the house frame, metres."""

    id: str
    category: str
    movable: bool
    centre: Floats  # (3,)
    extent: Floats  # (3,)
    rotation: Floats  # (3, 3)
    openness: float | None  # 0 shut to 1 open; None of what does not open


class Shuffle:
    """Changes a house in which the robot stands at its start."""

    def __init__(
        self, house: HouseModel, physics: Physics, regions: Regions, start: Base, rng: np.random.Generator
    ) -> None:
        self._house, self._physics, self._regions = house, physics, regions
        self._start, self._rng = start, rng
        self._arm = Arm(house, physics, regions, reach_m=np.inf)
        self._floor = Floor(physics)
        self._cells = self._floor.reachable(start.point)
        self._touched: set[int] = set()

    def open_some(self, count: int) -> list[Changed]:
        """Open up to ``count`` doors, lids and drawers."""
        return self._until(count, self._toggle)

    def make(self, most: int, opening: float) -> list[Changed]:
        """Change between one and ``most`` things, each with probability ``opening`` one that opens."""
        if most < 1:
            return []
        count = int(self._rng.integers(1, most + 1))
        kinds = [self._toggle if self._rng.random() < opening else self._move for _ in range(count)]
        return [changed for kind in kinds for changed in self._until(1, kind)]

    def _until(self, count: int, change: Callable[[Thing], Changed | bool]) -> list[Changed]:
        things = [t for t in self._house.things if not t.parked and t.index not in self._touched]
        order = self._rng.permutation(len(things))
        made: list[Changed] = []
        tried = 0
        for k in order:
            if len(made) >= count or tried >= _TRIES:
                break
            found = change(things[k])
            tried += found is not False
            if isinstance(found, Changed):
                self._touched.add(things[k].index)
                made.append(found)
        return made

    def _toggle(self, thing: Thing) -> Changed | bool:
        """Open or shut something; ``False`` where it is of another kind, ``True`` where that did not work."""
        if thing.movable or not thing.kind.openable or thing.shape.joint is None or not self._seen(thing):
            return False
        if thing.shape.joint.kind == "slide" and self._regions.contents(thing):
            return False
        before, boxes, was = self._physics.save(), self._physics.boxes().copy(), thing.openness
        hit = Hit(thing, boxes[thing.index].mean(0), 0.0)
        opened = self._arm.open(hit, self._start, float(was < 0.5))
        if opened is not Outcome.OK or not self._accept(thing, boxes, before):
            return True
        return self._record(thing, "opened" if was < 0.5 else "closed", boxes)

    def _move(self, thing: Thing) -> Changed | bool:
        """Put a thing elsewhere; ``False`` where it cannot be moved, ``True`` where no place took it."""
        if not thing.movable or self._regions.contents(thing) or not self._seen(thing):
            return False
        before, boxes = self._physics.save(), self._physics.boxes().copy()
        places = self._places()
        for k in self._rng.permutation(len(places))[:_SPOTS]:
            if self._carry(thing, places[k]) and self._accept(thing, boxes, before):
                return self._record(thing, "moved", boxes)
            self._physics.restore(before)
        return True

    def _carry(self, thing: Thing, place: Place) -> bool:
        physics, arm = self._physics, self._arm
        if arm.pick(Hit(thing, physics.box(thing).mean(0), 0.0)) is not Outcome.OK:
            return False
        turn, origin = self._regions.frame(place)
        local = self._rng.uniform(place.lo, place.hi) * [1, 1, 0] + place.lo * [0, 0, 1]
        outcome = arm.place(Hit(place.owner, turn @ local + origin, 0.0), self._start)
        if arm.hand.held is not None:
            arm.hand.let_go()
        return outcome is Outcome.OK

    def _places(self) -> list[Place]:
        return [p for p in self._regions.places if not p.owner.movable and not p.closed]

    def _accept(self, thing: Thing, boxes: Floats, before: Snapshot) -> bool:
        """Whether a change is visible, large enough and alone; if not, it is undone."""
        now = self._physics.boxes()
        gone = np.linalg.norm(now.mean(1) - boxes.mean(1), axis=1)
        others = [t.index for t in self._house.things if t is not thing and t.movable and not t.parked]
        far = not thing.movable or gone[thing.index] >= MIN_MOVE_M
        if far and (gone[others] < _STILL_M).all() and self._seen(thing) and self._passable():
            return True
        self._physics.restore(before)
        return False

    def _passable(self) -> bool:
        self._floor.changed()
        if not self._floor.free(self._start.point):
            return False
        return len(self._floor.reachable(self._start.point)) >= _ROOM_LEFT * len(self._cells)

    def _seen(self, thing: Thing) -> bool:
        """Whether a standing robot sees the middle of a thing from within reach."""
        centre = self._physics.box(thing).mean(0)
        away = np.linalg.norm(self._cells - centre[:2], axis=1)
        near = np.argsort(away, kind="stable")[:_CELLS]
        return any(self._in_sight(thing, self._cells[k], centre) for k in near if away[k] <= _REACH_M)

    def _in_sight(self, thing: Thing, cell: Floats, centre: Floats) -> bool:
        eye = np.array([*cell, EYE_M])
        geom = np.zeros(1, np.int32)
        groups = np.ones(6, np.uint8)
        groups[GROUP_PROXY] = 0
        mujoco.mj_ray(self._physics.model, self._physics.data, eye, centre - eye, groups, True, -1, geom)
        return int(geom[0]) in set(thing.geoms.tolist())

    def _record(self, thing: Thing, kind: Kind, boxes: Floats) -> Changed:
        return Changed(thing.id, thing.category, kind, _centre(boxes[thing.index]), _centre(self._physics.box(thing)))


def true_poses(house: HouseModel, physics: Physics) -> list[TruePose]:
    """Pose of all that can be moved or opened, sorted by id."""
    found = []
    for thing in sorted(house.things, key=lambda t: t.id):
        opens = thing.kind.openable and thing.shape.joint is not None and not thing.movable
        if thing.parked or not (thing.movable or opens):
            continue
        lo, hi = thing.shape.bounds()
        pose = physics.pose(thing)
        turn = quat_matrix(pose.quat)
        found.append(
            TruePose(
                thing.id,
                thing.category,
                thing.movable,
                turn @ ((lo + hi) / 2) + pose.pos,
                np.maximum(hi - lo, 1e-4),
                turn,
                float(thing.openness) if opens else None,
            )
        )
    return found


def _centre(box: Floats) -> tuple[float, float, float]:
    x, y, z = (round(float(v), 4) for v in box.mean(0))
    return x, y, z
