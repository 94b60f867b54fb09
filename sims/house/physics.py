"""Poses, openings and settling of a compiled house. Everything is in the house frame, metres."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.house.bounds import Bounds
from engram.sims.house.model import TIMESTEP_SECS, HouseModel, Thing

_TOUCH_M = 0.001  # overlaps below this are resting contact
_CHUNK = 5  # physics steps between two looks at who is still awake

Vector = NDArray[np.float64]


class Pose(NamedTuple):
    """Position (3,) and unit quaternion (4,) (w, x, y, z)."""

    pos: Vector
    quat: Vector

    def then(self, local: Pose) -> Pose:
        """Pose of something fixed at ``local`` in this frame."""
        pos, quat = np.zeros(3), np.zeros(4)
        mujoco.mju_mulPose(pos, quat, self.pos, self.quat, local.pos, local.quat)
        return Pose(pos, quat)

    def inverse(self) -> Pose:
        """Pose of the parent frame in this one."""
        pos, quat = np.zeros(3), np.zeros(4)
        mujoco.mju_negPose(pos, quat, self.pos, self.quat)
        return Pose(pos, quat)


class Snapshot(NamedTuple):
    """Everything physical that an action may change."""

    qpos: Vector
    openness: tuple[float, ...]


class Physics:
    """Moves the things of one house. ``version`` grows with every change, so that others know when to look again."""

    def __init__(self, house: HouseModel) -> None:
        """Start from the compiled state."""
        self.house = house
        self.model, self.data = house.model, house.data
        self.version = 0
        self._weightless: set[int] = set()  # indices of carried things, which never come to rest by themselves
        solids = [t.geoms[house.collision_bits[t.geoms].any(axis=1)] for t in house.things]
        self._parts = _Grouped([t.geoms for t in house.things])
        self._solids = _Grouped([s if len(s) else t.geoms for s, t in zip(solids, house.things, strict=True)])
        self._bounds = Bounds(house.model)
        self._boxes: tuple[int, Vector] = (-1, np.zeros((0, 2, 3)))
        self._feet: tuple[int, Vector] = (-1, np.zeros((0, 3)))

    def pose(self, thing: Thing) -> Pose:
        """Pose of a thing's frame."""
        if not thing.movable:
            return Pose(np.array(thing.pos), np.array(thing.quat))
        at = thing.free_qpos
        return Pose(self.data.qpos[at : at + 3].copy(), self.data.qpos[at + 3 : at + 7].copy())

    def move(self, thing: Thing, pose: Pose) -> None:
        """Put an object somewhere, at rest."""
        at, vel = thing.free_qpos, thing.free_qvel
        self.data.qpos[at : at + 3], self.data.qpos[at + 3 : at + 7] = pose
        self.data.qvel[vel : vel + 6] = 0.0
        self.refresh()

    def push(self, thing: Thing, velocity: Vector) -> None:
        """Give an object a linear velocity (3,) in m/s."""
        self.data.qvel[thing.free_qvel : thing.free_qvel + 3] = velocity
        self.version += 1

    def refresh(self) -> None:
        """Bring poses and contacts up to date with the coordinates."""
        mujoco.mj_forward(self.model, self.data)
        self.version += 1

    def set_solid(self, thing: Thing, *, solid: bool) -> None:
        """Let an object collide, or carry it through everything."""
        bits = self.house.collision_bits[thing.geoms] if solid else np.zeros((len(thing.geoms), 2), np.int32)
        self.model.geom_contype[thing.geoms], self.model.geom_conaffinity[thing.geoms] = bits[:, 0], bits[:, 1]
        (self._weightless.discard if solid else self._weightless.add)(thing.index)
        self.version += 1

    def set_open(self, thing: Thing, openness: float) -> None:
        """Move a door, lid or drawer to a fraction of its travel."""
        thing.openness = openness
        if thing.joint_qpos >= 0 and thing.shape.joint is not None:
            self.data.qpos[thing.joint_qpos] = openness * thing.shape.joint.travel
        self.refresh()

    def settle(self, max_secs: float) -> None:
        """Integrate until everything rests, at most ``max_secs`` of simulated time; what still moves is stopped."""
        for _ in range(round(max_secs / TIMESTEP_SECS / _CHUNK)):
            mujoco.mj_step(self.model, self.data, _CHUNK)
            if self.data.ntree_awake <= len(self._weightless):
                break
        moving = np.flatnonzero(self.data.qvel)
        self.data.qvel[moving] = 0.0
        for thing in self.house.things:
            if thing.joint_qpos >= 0 and thing.shape.joint is not None:
                wanted = thing.openness * thing.shape.joint.travel
                if abs(self.data.qpos[thing.joint_qpos] - wanted) > 1e-6:
                    self.data.qpos[thing.joint_qpos] = wanted
        self.refresh()

    def wake(self, things: Iterable[Thing]) -> None:
        """Let resting objects notice that their support has changed."""
        for thing in things:
            self.data.qvel[thing.free_qvel + 2] = -1e-3
        self.refresh()

    def boxes(self) -> Vector:
        """(things, 2, 3) lower and upper corners of the axis-aligned boxes around all things."""
        if self._boxes[0] != self.version:
            self._boxes = (self.version, self._parts.around(self._bounds.boxes(self.data)))
        return self._boxes[1]

    def box(self, thing: Thing) -> Vector:
        """(2, 3) lower and upper corner of the axis-aligned box around a thing."""
        return np.asarray(self.boxes()[thing.index])

    def feet(self) -> Vector:
        """(things, 3) middles of the undersides of the solid parts: what things stand on, whatever hangs lower."""
        if self._feet[0] != self.version:
            boxes = self._solids.around(self._bounds.boxes(self.data))
            self._feet = (self.version, np.column_stack([boxes.mean(1)[:, :2], boxes[:, 0, 2]]))
        return self._feet[1]

    def foot(self, thing: Thing) -> Vector:
        """(3,) middle of the underside of a thing's solid parts."""
        return np.asarray(self.feet()[thing.index])

    def hits(self, things: Iterable[Thing]) -> set[int]:
        """Indices of the things (-1: structure) that the given ones overlap by more than a resting contact."""
        own = {t.index for t in things}
        contact = self.data.contact
        deep = contact.dist < -_TOUCH_M
        owners = self.house.owner[contact.geom[deep]]
        found = {int(b) for a, b in owners if a in own} | {int(a) for a, b in owners if b in own}
        return found - own

    def save(self) -> Snapshot:
        """Remember all poses and openings."""
        return Snapshot(self.data.qpos.copy(), tuple(t.openness for t in self.house.things))

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a remembered state, at rest."""
        changed = self.data.qpos != snapshot.qpos
        self.data.qpos[changed] = snapshot.qpos[changed]
        self.data.qvel[np.flatnonzero(self.data.qvel)] = 0.0
        for thing, openness in zip(self.house.things, snapshot.openness, strict=True):
            thing.openness = openness
        self.refresh()


class _Grouped:
    """Some geoms of each thing; every thing has at least one."""

    def __init__(self, geoms: Sequence[NDArray[np.int64]]) -> None:
        self._geoms = np.concatenate([np.zeros(0, np.int64), *geoms])
        self._starts = np.cumsum([0, *(len(g) for g in geoms)])[:-1]

    def around(self, boxes: Vector) -> Vector:
        """(things, 2, 3) boxes around each thing's geoms, from the boxes of all geoms (G, 2, 3)."""
        if not len(self._geoms):
            return np.zeros((0, 2, 3))
        mine = boxes[self._geoms]
        lo, hi = np.minimum.reduceat(mine[:, 0], self._starts), np.maximum.reduceat(mine[:, 1], self._starts)
        return np.stack([lo, hi], 1)
