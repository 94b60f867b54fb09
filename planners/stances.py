"""Where to stand so that a point is within reach and in view."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from engram.memory.occupancy import Floats, Occupancy
from engram.planners.navigation import Navigator, Node

QUARTER = math.pi / 2


@dataclass(frozen=True)
class Stance:
    """A pose of base and camera for handling a point."""

    node: Node
    heading: int
    pitch_deg: float
    cost: float  # in actions, from the planned start
    crouched: bool = False


@dataclass(frozen=True)
class StanceConfig:
    """What makes a good stance."""

    nearest_m: float = 0.3
    reach_m: float = 1.3
    best_m: float = 0.8  # nearer or farther than this costs a little
    spread_cost: float = 2.0  # per metre off ``best_m``
    bearing_rad: float = 0.61  # the point is at most this far off the optical axis, sideways
    elevation_rad: float = 0.61  # ... and up or down
    pitches_deg: tuple[float, ...] = (30.0, 60.0, 0.0, -30.0)  # in order of preference
    pitch_cost: float = 1.5
    sure: bool = True  # only from where nothing known hides the point
    crouched: bool = False  # recorded in the stances


def stances(
    navigator: Navigator,
    grid: Occupancy,
    target: Floats,
    eye_m: float,
    heading: int,
    *,
    config: StanceConfig | None = None,
    excluded: Collection[Node] = (),
) -> list[Stance]:
    """Return stances for the point ``target`` (3,), cheapest first; paths must have been planned.

    Args:
        navigator: knows what can be reached at what cost.
        grid: knows what hides the point.
        target: map frame, metres.
        eye_m: height of the camera in the stance.
        heading: direction that the base faces now.
        config: thresholds.
        excluded: nodes that are not wanted.

    """
    c = config or StanceConfig()
    step = navigator.config.step_m
    centre = navigator.node(float(target[0]), float(target[1]))
    span = math.ceil(c.reach_m / step)
    nodes = [
        (centre[0] + i, centre[1] + j)
        for i in range(-span, span + 1)
        for j in range(-span, span + 1)
        if (centre[0] + i, centre[1] + j) not in excluded
        and math.isfinite(navigator.distance((centre[0] + i, centre[1] + j)))
    ]
    if not nodes:
        return []
    xy = np.array(nodes, np.float64) * step
    offset = target[:2] - xy
    away = np.hypot(offset[:, 0], offset[:, 1])
    eyes = np.column_stack([xy, np.full(len(xy), eye_m)])
    usable = (away >= c.nearest_m) & (away <= c.reach_m)
    if c.sure:
        usable[usable] = grid.clear_lines(eyes[usable], target)
    found = []
    for k in np.flatnonzero(usable):
        bearing = math.atan2(offset[k, 1], offset[k, 0])
        drop = math.degrees(math.atan2(eye_m - float(target[2]), float(away[k])))
        pitch = _pitch(drop, c)
        if pitch is None:
            continue
        for h in range(4):
            off = abs((bearing - h * QUARTER + math.pi) % (2 * math.pi) - math.pi)
            if off > c.bearing_rad:
                continue
            turning = min((h - heading) % 4, (heading - h) % 4)
            extra = c.spread_cost * abs(float(away[k]) - c.best_m) + off + c.pitch_cost * c.pitches_deg.index(pitch)
            found.append(Stance(nodes[k], h, pitch, navigator.distance(nodes[k]) + turning + extra, c.crouched))
    return sorted(found, key=lambda s: (s.cost, s.node, s.heading))


def _pitch(drop_deg: float, config: StanceConfig) -> float | None:
    limit = math.degrees(config.elevation_rad)
    return next((p for p in config.pitches_deg if abs(drop_deg - p) <= limit), None)
