"""Metrics of rearrangement: putting a room back to how it was (RoomR).

Source: Weihs et al., Visual room rearrangement (CVPR 2021), and the code of its challenge, ai2thor-rearrangement. Its
IoU samples points of one box; here the volume is computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engram.evaluation.metrics.boxes import Box, corner_distance_m, iou

MIN_IOU = 0.5
OPEN_TOLERANCE = 0.2
FAR_M = 2.0
SAME_M, SAME_RAD = 0.01, math.radians(10)


@dataclass(frozen=True)
class Pose:
    """Where and how a thing is."""

    box: Box | None = None  # of a thing that can be moved; None once it is broken
    openness: float | None = None  # 0 shut to 1 open, of a thing that is opened and not moved
    broken: bool = False


@dataclass(frozen=True)
class Rearrangement:
    """What became of a room. Energies are of one thing each, in the same order at start and end."""

    start: tuple[float, ...]  # energies when the robot began
    end: tuple[float, ...]

    @property
    def misplaced_start(self) -> int:
        """Things that were not where they belong."""
        return sum(e > 0.0 for e in self.start)

    @property
    def misplaced_end(self) -> int:
        """Things that are not where they belong."""
        return sum(e > 0.0 for e in self.end)

    @property
    def newly_misplaced(self) -> int:
        """Things that the robot put where they do not belong."""
        return sum(s == 0.0 and e > 0.0 for s, e in zip(self.start, self.end, strict=True))

    @property
    def success(self) -> bool:
        """Whether every thing is as it was: no energy is left."""
        return self.misplaced_end == 0

    @property
    def fixed_strict(self) -> float:
        """``%FixedStrict`` / 100: 0 when anything was newly misplaced, else ``fixed / misplaced at the start``.

        1 where nothing was misplaced at the start.
        """
        if self.newly_misplaced:
            return 0.0
        fixed = sum(s > 0.0 and e == 0.0 for s, e in zip(self.start, self.end, strict=True))
        return fixed / self.misplaced_start if self.misplaced_start else 1.0

    @property
    def energy_left(self) -> float | None:
        """``%E`` / 100: energy at the end over that at the start; ``None`` where it was 0. Can exceed 1."""
        return sum(self.end) / sum(self.start) if sum(self.start) else None

    @property
    def misplaced_left(self) -> float | None:
        """``%Misplaced`` / 100: misplaced at the end over at the start; ``None`` where that was 0. Can exceed 1."""
        return self.misplaced_end / self.misplaced_start if self.misplaced_start else None


def rearrangement(goal: Sequence[Pose], start: Sequence[Pose], end: Sequence[Pose]) -> Rearrangement:
    """Judge a room by the poses of its things, in the same order.

    Raises:
        ValueError: the numbers of poses differ, or a goal is no pose to reach.

    """
    if not len(goal) == len(start) == len(end):
        raise ValueError(f"each thing needs three poses, not {len(goal)}, {len(start)} and {len(end)}")
    return Rearrangement(
        tuple(energy(g, s) for g, s in zip(goal, start, strict=True)),
        tuple(energy(g, e) for g, e in zip(goal, end, strict=True)),
    )


def energy(goal: Pose, now: Pose) -> float:
    """How far a thing is from its goal, in [0, 1]; 0 exactly when :func:`equal`.

    1 when it is broken. Of what opens: 1 when the openness differs by more than 0.2, else 0. Of what moves:
    ``0.5 max(1 - IoU / 0.5, 0) + 0.5 min(d / 2 m, 1)`` with d the distance of the nearest corners, 0 once the IoU is
    above 0; what moved by less than 1 cm and 10 degrees has an IoU of 1, however thin it is.

    Raises:
        ValueError: the goal is broken or has neither box nor openness, or the poses are of different kinds.

    """
    if goal.broken or (goal.box is None) == (goal.openness is None):
        raise ValueError("a goal is an unbroken thing with either a box or an openness")
    if now.broken:
        return 1.0
    if goal.openness is not None and now.openness is not None:
        return float(abs(goal.openness - now.openness) > OPEN_TOLERANCE + 1e-9)
    if goal.box is None or now.box is None:
        raise ValueError("the pose of a thing must have what its goal has: a box or an openness")
    overlap = 1.0 if _hardly_moved(goal.box, now.box) else iou(goal.box, now.box)
    apart_m = 0.0 if overlap > 0.0 else corner_distance_m(goal.box, now.box)
    short = round(max(1 - overlap / MIN_IOU, 0.0), 9)  # an IoU of 0.5 but for rounding is enough
    return 0.5 * short + 0.5 * min(apart_m / FAR_M, 1.0)


def equal(goal: Pose, now: Pose) -> bool:
    """Whether a thing is as it should be: unbroken, openness within 0.2, IoU of the boxes at least 0.5."""
    return energy(goal, now) == 0.0


def _hardly_moved(a: Box, b: Box) -> bool:
    angle_rad = math.acos(min(1.0, max(-1.0, (float(np.trace(a.rotation.T @ b.rotation)) - 1) / 2)))
    return math.dist(a.centre, b.centre) < SAME_M and angle_rad < SAME_RAD
