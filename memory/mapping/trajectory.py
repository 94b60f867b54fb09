"""Keyframes along a drive whose odometry drifts, and where they really were.

Each keyframe is tied to the one before by odometry, and to earlier ones that it sees again by how their points fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engram.memory.mapping.icp import IcpConfig, Points, Surface, icp
from engram.memory.mapping.planar import Poses, between, compose, matrix, planar
from engram.memory.mapping.posegraph import Adjusted, Constraint, optimise


@dataclass(frozen=True)
class TrajectoryConfig:
    """How far odometry is believed, and which keyframes are compared."""

    drift_m: float = 0.02  # standard deviation from one keyframe to the next
    drift_rad: float = 0.02
    loop_m: float = 0.02  # of a fit of points
    loop_rad: float = 0.01
    near_m: float = 2.0  # keyframes farther apart are not compared
    near_rad: float = 1.2
    partners: int = 3  # earlier keyframes that one is compared with
    min_inliers: float = 0.6
    points: int = 1000
    min_points: int = 100  # with fewer, before a wall perhaps, a keyframe has odometry alone


@dataclass(eq=False)
class Trajectory:
    """A drive so far. ``poses`` are the best known poses of all keyframes, (x, y, yaw)."""

    config: TrajectoryConfig = field(default_factory=TrajectoryConfig)
    believed: list[Poses] = field(default_factory=list)  # by odometry
    poses: list[Poses] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    _clouds: list[Points] = field(default_factory=list, repr=False)
    _surfaces: list[Surface | None] = field(default_factory=list, repr=False)

    def add(self, base: ArrayLike, points: ArrayLike) -> int:
        """Add a keyframe; return how many earlier ones it was tied to.

        Args:
            base: (3,) pose of the base by odometry.
            points: (N, 3) metres, what was seen there, in the frame of the odometry.

        """
        c = self.config
        pose = np.asarray(base, np.float64)
        back = np.linalg.inv(matrix(pose))
        cloud = np.asarray(points, np.float64).reshape(-1, 3) @ back[:3, :3].T + back[:3, 3]
        number = len(self.poses)
        if number:
            moved = between(self.believed[-1], pose)
            self.constraints.append(Constraint(number - 1, number, moved, _information(c.drift_m, c.drift_rad)))
        self.poses.append(compose(self.poses[-1], moved) if number else pose)
        self.believed.append(pose)
        self._surfaces.append(Surface.of_points(cloud) if len(cloud) >= c.min_points else None)
        self._clouds.append(cloud[np.linspace(0, len(cloud) - 1, min(len(cloud), c.points)).astype(np.int64)])
        ties = [tie for other in self._partners(number) if (tie := self._tie(other, number)) is not None]
        self.constraints.extend(ties)
        return len(ties)

    def adjust(self) -> Adjusted:
        """Make the poses consistent with all that was measured."""
        adjusted = optimise(np.array(self.poses), self.constraints)
        self.poses = list(adjusted.poses)
        return adjusted

    def corrected(self, number: int, map_T_camera: ArrayLike) -> NDArray[np.float64]:
        """Return a camera pose, (4, 4), that odometry gave at a keyframe, as the adjusted poses have it."""
        shift = matrix(self.poses[number]) @ np.linalg.inv(matrix(self.believed[number]))
        return np.asarray(shift @ np.asarray(map_T_camera, np.float64))

    def _partners(self, number: int) -> list[int]:
        """Return the nearest of the earlier keyframes that look the same way; the one before is nearest of all."""
        if not number or self._surfaces[number] is None:
            return []
        offsets = between(self.poses[number], np.array(self.poses[:number]))
        away = np.hypot(offsets[:, 0], offsets[:, 1])
        good = (away < self.config.near_m) & (np.abs(offsets[:, 2]) < self.config.near_rad)
        order = np.argsort(np.where(good, away, np.inf), kind="stable")
        return [int(k) for k in order[: self.config.partners] if good[k]]

    def _tie(self, earlier: int, later: int) -> Constraint | None:
        c, surface = self.config, self._surfaces[earlier]
        if surface is None:
            return None
        guess = matrix(between(self.poses[earlier], self.poses[later]))
        fit = icp(self._clouds[later], surface, guess, IcpConfig(start_m=0.4, end_m=0.08))
        if fit.inliers < c.min_inliers or np.linalg.cond(fit.information) > 1e4:
            return None
        return Constraint(earlier, later, planar(fit.transform), _information(c.loop_m, c.loop_rad), loop=True)


def _information(spread_m: float, spread_rad: float) -> NDArray[np.float64]:
    return np.diag([spread_m**-2, spread_m**-2, spread_rad**-2])
