"""What an agent did and why, for people and reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["found", "picked", "placed", "failed", "phase"]
Point = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Event:
    """One entry of an agent's journal."""

    kind: Kind
    step: int
    label: str  # category of the thing, or the name of a phase
    reason: str = ""  # code of a failure, or why something counts as out of place
    position: Point | None = None  # of the thing, map frame, metres
    target: str = ""  # receptacle that it lies on or goes to
    before: NDArray[np.uint8] | None = None  # (H, W, 3) what the robot saw before and after a pick or place
    after: NDArray[np.uint8] | None = None


def point(xyz: NDArray[np.floating]) -> Point:
    """Plain numbers of a (3,) position."""
    return float(xyz[0]), float(xyz[1]), float(xyz[2])
