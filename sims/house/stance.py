"""How the robot stands: its base on the floor and its camera above it.

Convention
    Angles are counted in whole turns and looks, so that going back and forth comes back to the same bits. Poses are in
    ``map`` unless a name says ``house``; ``map`` lies in the house frame at the first pose of the episode.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import Verb

EYE_M, CROUCHED_EYE_M = 1.576, 0.901  # camera heights of AI2-THOR's default robot
PITCH_MIN_DEG, PITCH_MAX_DEG = -30.0, 60.0  # positive looks down

Floats = NDArray[np.float64]
_SIDES = {Verb.MOVE_AHEAD: (1, 0), Verb.MOVE_BACK: (-1, 0), Verb.MOVE_LEFT: (0, 1), Verb.MOVE_RIGHT: (0, -1)}


@dataclass(frozen=True)
class Base:
    """Pose on the floor: metres and degrees."""

    x_m: float = 0.0
    y_m: float = 0.0
    yaw_deg: float = 0.0

    @property
    def point(self) -> Floats:
        """(2,) position."""
        return np.array([self.x_m, self.y_m])

    def then(self, other: Base) -> Base:
        """Pose in this one's parent frame of something given in this frame."""
        c, s = cos_sin(self.yaw_deg)
        return Base(
            self.x_m + c * other.x_m - s * other.y_m,
            self.y_m + s * other.x_m + c * other.y_m,
            self.yaw_deg + other.yaw_deg,
        )

    def matrix(self) -> Floats:
        """(4, 4) transform into the parent frame."""
        c, s = cos_sin(self.yaw_deg)
        return np.array([[c, -s, 0.0, self.x_m], [s, c, 0.0, self.y_m], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])

    def ahead(self, verb: Verb, step_m: float) -> Base:
        """Pose after one step of a moving verb."""
        c, s = cos_sin(self.yaw_deg)
        a, b = _SIDES[verb]
        return replace(self, x_m=self.x_m + step_m * (a * c - b * s), y_m=self.y_m + step_m * (a * s + b * c))


@dataclass(frozen=True)
class Stance:
    """Base and head."""

    base: Base = Base()
    pitch_deg: float = 0.0
    crouched: bool = False

    @property
    def eye_m(self) -> float:
        """Height of the camera."""
        return CROUCHED_EYE_M if self.crouched else EYE_M

    def camera(self) -> Floats:
        """(4, 4) pose of the optical frame in the frame of the base's pose."""
        c, s = cos_sin(self.base.yaw_deg)
        cp, sp = cos_sin(self.pitch_deg)
        right, forward = np.array([s, -c, 0.0]), np.array([c * cp, s * cp, -sp])
        pose = np.eye(4)
        pose[:3, 0], pose[:3, 1], pose[:3, 2] = right, [-c * sp, -s * sp, -cp], forward
        pose[:3, 3] = self.base.x_m, self.base.y_m, self.eye_m
        return pose

    def turned(self, verb: Verb, rotate_deg: float, look_deg: float) -> Stance | None:
        """Stance after a verb that moves nothing but the view; None where the robot cannot do that."""
        if verb in (Verb.ROTATE_LEFT, Verb.ROTATE_RIGHT):
            yaw = self.base.yaw_deg + (rotate_deg if verb is Verb.ROTATE_LEFT else -rotate_deg)
            return replace(self, base=replace(self.base, yaw_deg=math.remainder(yaw, 360.0)))
        if verb in (Verb.LOOK_UP, Verb.LOOK_DOWN):
            pitch = self.pitch_deg + (look_deg if verb is Verb.LOOK_DOWN else -look_deg)
            return replace(self, pitch_deg=pitch) if PITCH_MIN_DEG <= pitch <= PITCH_MAX_DEG else None
        crouched = verb is Verb.CROUCH
        return replace(self, crouched=crouched) if crouched != self.crouched else None


def cos_sin(angle_deg: float) -> tuple[float, float]:
    """Cosine and sine, exact for quarter turns."""
    quarters = angle_deg / 90.0
    if quarters == round(quarters):
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[round(quarters) % 4]
    radians = math.radians(angle_deg)
    return math.cos(radians), math.sin(radians)


def yaw_rad(base: Base) -> float:
    """Yaw in (-pi, pi]."""
    yaw = math.remainder(math.radians(base.yaw_deg), 2 * math.pi)
    return math.pi if yaw <= -math.pi else yaw
