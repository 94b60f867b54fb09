"""Where the base can go: sweeps against what stands on the floor, the reachable grid, and where an episode starts."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engram.sims.house.collision import BASE_RADIUS_M, Footprints, flood, footprints
from engram.sims.house.physics import Physics
from engram.sims.house.spec import RoomSpec
from engram.sims.house.structure import WALL_M

STEP_M = 0.25  # spacing of the reachable grid
_SUBSTEP_M = 0.05
_OPEN_M = 0.4  # clearance that counts as open space
_TRIES = 12

Floats = NDArray[np.float64]


class NoStandingRoomError(ValueError):
    """Raised for a house, or a place in it, where the robot cannot stand."""


class Floor:
    """The floor plan as the base meets it. Call ``changed`` after anything but the robot and its load has moved."""

    def __init__(self, physics: Physics) -> None:
        self._physics = physics
        self._solids: Footprints | None = None

    def changed(self) -> None:
        """Look again at what stands where."""
        self._solids = None

    def solids(self) -> Footprints:
        """Everything solid that reaches into the base's height band; what is carried is not."""
        if self._solids is None:
            model = self._physics.model
            solid = np.flatnonzero(model.geom_contype)
            self._solids = footprints(model, self._physics.data, solid)
        return self._solids

    def free(self, point: Floats) -> bool:
        """Whether the base can stand at a point (2,)."""
        return not len(self.solids().blocking(point[None]))

    def blocked(self, start: Floats, end: Floats) -> bool:
        """Whether something is in the way from one point (2,) to another.

        What the base already touches (a thing was dropped at its feet) does not hold it, unless it comes nearer.
        """
        solids = self.solids()
        count = max(1, math.ceil(float(np.linalg.norm(end - start)) / _SUBSTEP_M - 1e-6))
        points = start + np.linspace(0.0, 1.0, count + 1)[1:, None] * (end - start)
        near = solids.near(np.stack([start, end]))
        touched = near.blocking(start[None])
        if len(np.setdiff1d(near.blocking(points), touched)):
            return True
        if not len(touched):
            return False
        pressing = near.only(np.isin(near.geom, touched))
        gap = pressing.clearance(np.concatenate([start[None], points]))
        return bool((np.diff(gap) < -1e-9).any() or gap[-1] <= 0.0)

    def reachable(self, start: Floats) -> Floats:
        """(N, 2) grid points around ``start`` (2,), house frame, that the base can get to."""
        solids = self.solids()
        touched = solids.blocking(start[None])
        return flood(start, STEP_M, solids.only(~np.isin(solids.geom, touched)))


def choose_start(floor: Floor, rooms: tuple[RoomSpec, ...], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw a place to stand, preferably open and never in a pocket.

    Returns:
        The place (2,) and the grid around it that can be reached (N, 2), house frame.

    Raises:
        NoStandingRoomError: there is none.

    """
    points = np.concatenate([_room_grid(room) for room in rooms])
    points = points[floor.solids().clearance(points) >= BASE_RADIUS_M]
    if not len(points):
        raise NoStandingRoomError("there is no place in this house where the robot can stand")
    cells = np.zeros((0, 2))
    for k in rng.permutation(len(points))[:_TRIES]:
        found = floor.reachable(points[k])
        if len(found) > len(cells):
            cells = found
        if 2 * len(cells) > len(points):
            break
    open_cells = cells[floor.solids().clearance(cells) >= _OPEN_M]
    choice = open_cells if len(open_cells) else cells
    return choice[rng.integers(len(choice))], cells


def _room_grid(room: RoomSpec) -> Floats:
    margin = WALL_M / 2 + BASE_RADIUS_M
    xs = np.arange(room.x0 + margin, room.x1 - margin + 1e-9, STEP_M)
    ys = np.arange(room.y0 + margin, room.y1 - margin + 1e-9, STEP_M)
    return np.stack(np.meshgrid(xs, ys, indexing="ij"), -1).reshape(-1, 2)
