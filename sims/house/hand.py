"""The hand: what it holds, what lies on that, and where both are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.house.geometry import box_corners, quat_matrix, yaw_quat
from engram.sims.house.model import Thing
from engram.sims.house.physics import Physics, Pose
from engram.sims.house.regions import Regions
from engram.sims.house.stance import Base

_AHEAD_M = 0.42  # distance of a held thing's centre along the optical axis
_FAR_M = 0.48  # no part of it is further, so that nearer depth readings are known to be the load
_NEAR_M = 0.12
_BELOW = 0.45  # slope below the optical axis that a held thing's top keeps to: it hides the lowest quarter at most
_RELEASE_M = 0.45  # horizontal distance from the base at which things are let go
_LOW_M = 0.9  # height at which a thing is let go where nothing is in the way
_LIFT_M = 0.05
_LIFTS = 10
_MARGIN_M = 0.02
# Columns are a held thing's axes in the optical frame: its front faces the camera, its top is up.
_TURN = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]])

Floats = NDArray[np.float64]


class Hand:
    """Carries one thing and whatever lies in or on it, without touching anything else."""

    def __init__(self, physics: Physics, regions: Regions) -> None:
        self._physics, self._regions = physics, regions
        self.held: Thing | None = None
        self._load: list[tuple[Thing, Pose]] = []  # the held thing first; poses in its frame

    @property
    def load(self) -> list[Thing]:
        """The held thing and what lies on it."""
        return [thing for thing, _ in self._load]

    def take(self, thing: Thing) -> None:
        """Pick a thing up with all that it holds."""
        back = self._physics.pose(thing).inverse()
        contents = self._regions.contents(thing)
        self._load = [(t, back.then(self._physics.pose(t))) for t in (thing, *contents)]
        self.held = thing
        self.set_solid(solid=False)

    def let_go(self) -> None:
        """Leave the load where it is; it takes part in collisions again."""
        self.set_solid(solid=True)
        self.held, self._load = None, []

    def set_solid(self, *, solid: bool) -> None:
        """Let the load collide or not."""
        for thing, _ in self._load:
            self._physics.set_solid(thing, solid=solid)

    def put(self, pose: Pose) -> None:
        """Set the held thing down at a pose of the house frame, its load with it, and look for contacts."""
        self._write(pose)
        self._physics.refresh()

    def carry(self, camera: Floats) -> None:
        """Bring the load in front of the camera, whose pose (4, 4) is of the house frame."""
        if self.held is None:
            return
        turn = camera[:3, :3] @ _TURN
        lo, hi = self.bounds()
        half = (hi - lo) / 2
        depth = max(min(_AHEAD_M, _FAR_M - half[0]), _NEAR_M)
        drop = _BELOW * (depth + half[0]) + half[2]
        centre = camera[:3, :3] @ np.array([0.0, drop, depth]) + camera[:3, 3]
        quat = np.zeros(4)
        mujoco.mju_mat2Quat(quat, turn.ravel())
        self._write(Pose(centre - turn @ (lo + hi) / 2, quat))
        # Contacts do not matter to a load that touches nothing.
        mujoco.mj_kinematics(self._physics.model, self._physics.data)
        self._physics.version += 1

    def bounds(self) -> tuple[Floats, Floats]:
        """(lo, hi), each (3,): the box around the load in the held thing's frame."""
        boxes = []
        for thing, pose in self._load:
            corners = box_corners(*thing.shape.bounds())
            boxes.append(corners @ quat_matrix(pose.quat).T + pose.pos)
        points = np.concatenate(boxes)
        return points.min(0), points.max(0)

    def release(self, base: Base, height_m: float = _LOW_M) -> bool:
        """Hold the load out ahead of a base of the house frame, lifted from a height until it is free.

        Returns whether that worked. On success the load is solid and ready to fall; else it is where it was held last.
        """
        if self.held is None:
            return False
        before = self._physics.save()
        self.set_solid(solid=True)
        for pose in self._releases(base, height_m):
            self.put(pose)
            if not self._physics.hits(self.load) and self._in_sight(base, pose):
                return True
        self.set_solid(solid=False)
        self._physics.restore(before)
        return False

    def _releases(self, base: Base, height_m: float) -> Iterator[Pose]:
        lo, hi = self.bounds()
        middle = (lo + hi) / 2
        ahead = max(_RELEASE_M, 0.2 + (hi[0] - lo[0]) / 2 + _MARGIN_M)
        frame = base.matrix()
        for k in range(_LIFTS):
            # Faces the robot, like a thing that is held.
            spot = np.array([ahead + middle[0], middle[1], height_m + k * _LIFT_M - lo[2], 1.0])
            yield Pose((frame @ spot)[:3], np.array(yaw_quat(np.radians(base.yaw_deg + 180.0))))

    def _in_sight(self, base: Base, pose: Pose) -> bool:
        """Whether nothing solid is between the base and the load, such as a thin wall."""
        lo, hi = self.bounds()
        target = pose.then(Pose((lo + hi) / 2, np.array([1.0, 0.0, 0.0, 0.0]))).pos
        eye = np.array([base.x_m, base.y_m, target[2]])
        away = target - eye
        geom = np.zeros(1, np.int32)
        groups = np.ones(6, np.uint8)
        model, data = self._physics.model, self._physics.data
        body = self.held.body if self.held is not None else -1
        reach = mujoco.mj_ray(model, data, eye, away, groups, True, body, geom)
        own = {int(g) for t in self.load for g in t.geoms}
        return reach < 0.0 or reach > 1.0 or int(geom[0]) in own

    def _write(self, pose: Pose) -> None:
        write(self._physics, [(thing, pose.then(local)) for thing, local in self._load])


def write(physics: Physics, poses: Sequence[tuple[Thing, Pose]]) -> None:
    """Set several objects down at rest; the caller brings the physics up to date."""
    data = physics.data
    for thing, pose in poses:
        data.qpos[thing.free_qpos : thing.free_qpos + 3] = pose.pos
        data.qpos[thing.free_qpos + 3 : thing.free_qpos + 7] = pose.quat
        data.qvel[thing.free_qvel : thing.free_qvel + 6] = 0.0


def neighbours(physics: Physics, things: Sequence[Thing], around: Sequence[Thing]) -> list[Thing]:
    """Objects among ``things`` whose boxes come within 2 cm of those of ``around``: they may lean on them."""
    boxes = physics.boxes()
    own = {t.index for t in around}
    found = []
    for thing in things:
        if not thing.movable or thing.parked or thing.index in own:
            continue
        lo, hi = boxes[thing.index]
        if any(
            np.all(lo <= boxes[t.index, 1] + _MARGIN_M) and np.all(hi >= boxes[t.index, 0] - _MARGIN_M) for t in around
        ):
            found.append(thing)
    return found
