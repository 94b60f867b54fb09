"""A robot that was switched off and goes on with the memory that it has.

Its odometry and its clock start anew, while memory keeps one map and one time. So what it perceives is held back until
it has found itself in the stored map, twice in a row and at the same place; then all of it is written, in the frame of
that map and after everything that is stored. If it does not find itself, nothing is written.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engram.agents.remember import Memory
from engram.memory.contract import Percepts, Point, Seen
from engram.memory.mapping.errors import EmptyMapError
from engram.memory.mapping.planar import Poses, between, compose, matrix
from engram.memory.mapping.relocalise import StoredMap, thinned

Points = NDArray[np.float64]
_NOTHING = np.empty((0, 3))


@dataclass(frozen=True)
class RelocateConfig:
    """When the robot looks where it is, when it is sure, and when it gives up."""

    first_steps: int = 10  # to look about before the first try; one room alone may look like many others
    every_steps: int = 10
    max_steps: int = 100  # then it gives up
    min_score: float = 0.95  # share of what is seen that must fit; to write into the map of another house harms both
    agree_m: float = 0.15  # two tries in a row must give the same pose, within this
    agree_rad: float = 0.05
    range_m: float = 5.0  # farther points are not compared
    grid_m: float = 0.05  # points are thinned to one a cube of this edge
    pause_secs: float = 60.0  # between what is stored and the new episode, where the clock does not say


class Relocate:
    """A memory that takes in one new episode of a robot whose map frame and clock have started anew."""

    def __init__(self, memory: Memory, stored: StoredMap, newest_ns: int, config: RelocateConfig | None = None) -> None:
        """Take the memory, the map in it, and the stamp of the newest thing in it; nothing is written yet.

        Args:
            memory: where the episode is written.
            stored: the map that memory has; it must stay as it is until the robot has found itself.
            newest_ns: newest stamp in memory.
            config: when to be sure.

        """
        self.config = config or RelocateConfig()
        self.pose: Poses | None = None  # (3,) x, y, yaw of the new map frame in the stored one, once it is known
        self.reason = "nothing was seen yet; look about"  # why it is not known; empty when it is
        self._memory = memory
        self._stored: StoredMap | None = stored  # let go once it is no longer needed
        self._newest_ns = newest_ns
        self._later_ns: int | None = None
        self._held: list[Percepts] = []
        self._cloud = _NOTHING
        self._looks = 0
        self._before: Poses | None = None  # pose that the last try gave
        self._version = 0

    @property
    def searching(self) -> bool:
        """Whether percepts are being held back."""
        return self._stored is not None

    def write(self, percepts: Percepts) -> int:
        """Take in a step and return the version of memory after the last step that was written, 0 before any was."""
        if self._later_ns is None:
            start_ns = self._newest_ns + round(self.config.pause_secs * 1e9)
            self._later_ns = max(0, start_ns - percepts.source.stamp_ns)
        self._held.append(percepts)
        if self.searching:
            self._search(percepts)
        if not self.searching:
            held, self._held = self._held, []
            if self.pose is not None:
                for step in held:
                    self._version = self._memory.write(moved(step, self.pose, self._later_ns))
        return self._version

    def _search(self, percepts: Percepts) -> None:
        """Look where the robot is, when it is time to: now and then, and at the end of the episode."""
        c, due = self.config, bool(percepts.outcome)
        if percepts.points is not None and percepts.camera_m is not None:
            self._looks += 1
            away = np.linalg.norm(percepts.points - np.asarray(percepts.camera_m), axis=1)
            seen = percepts.points[away < c.range_m].astype(np.float64)
            self._cloud = thinned(np.concatenate([self._cloud, seen]), c.grid_m)
            due |= self._looks >= c.first_steps and (self._looks - c.first_steps) % c.every_steps == 0
        if due:
            self._try()
        if self.pose is not None or percepts.outcome or self._looks >= c.max_steps:
            self._stored, self._cloud = None, _NOTHING

    def _try(self) -> None:
        if self._stored is None:
            return
        before, self._before = self._before, None
        try:
            answer = self._stored.relocalise(self._cloud)
        except EmptyMapError as error:
            self.reason = str(error)
            return
        self.reason = answer.reason
        if answer.pose is None:
            return
        if answer.score < self.config.min_score:
            self.reason = f"{1 - answer.score:.0%} of what is seen lies where the map is free; map this place again"
            return
        self._before = answer.pose
        if before is None or not self._agree(before, answer.pose):
            self.reason = "it fits one place, which no second look has confirmed; look about more"
            return
        self.pose = answer.pose

    def _agree(self, a: Poses, b: Poses) -> bool:
        x, y, yaw = between(a, b).tolist()
        return math.hypot(x, y) <= self.config.agree_m and abs(yaw) <= self.config.agree_rad


def moved(percepts: Percepts, map_T_other: Poses, later_ns: int) -> Percepts:
    """Return percepts of another map frame and an earlier clock, given the pose, (3,), of that frame in the map.

    Boxes stay parallel to the axes: one that is turned grows to hold the turned one.
    """
    transform = matrix(map_T_other)
    turn, shift = transform[:3, :3], transform[:3, 3]

    def at(place: Point) -> Point:
        x, y, z = (turn @ np.asarray(place, np.float64) + shift).tolist()
        return x, y, z

    def boxed(thing: Seen) -> Seen:
        width, depth, height = (np.abs(turn) @ np.asarray(thing.extent_m, np.float64)).tolist()
        return replace(thing, centre_m=at(thing.centre_m), extent_m=(width, depth, height))

    points, base, action = percepts.points, percepts.base, percepts.action
    if "position_m" in action:
        action = {**action, "position_m": at(action["position_m"])}
    if base is not None:
        x, y, yaw = compose(map_T_other, base).tolist()
        base = x, y, yaw
    return replace(
        percepts,
        source=replace(percepts.source, stamp_ns=percepts.source.stamp_ns + later_ns),
        things=[boxed(thing) for thing in percepts.things],
        points=None if points is None else (points @ turn.T + shift).astype(np.float32),
        camera_m=None if percepts.camera_m is None else at(percepts.camera_m),
        base=base,
        action=action,
    )
