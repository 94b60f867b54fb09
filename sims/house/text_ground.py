"""Where the robot of a text household can stand, how far it is to go, and from where a thing is best dealt with."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram.sims.house.collision import BASE_RADIUS_M
from engram.sims.house.motion import STEP_M, Floor
from engram.sims.house.spec import RoomSpec

_LEAF_M = 0.35  # nearer than this, the leaf of what is opened meets the base
_BEHIND_COST = 1.0  # metres that it is worth to stand in front of something rather than behind or beside it
_CLOSE_COST = 0.6
_FRONT_COS = 0.3
_SIDES = ((1, 0), (0, 1), (-1, 0), (0, -1))

Floats = NDArray[np.float64]
Key = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Aim:
    """What the robot wants to stand near to. House frame, metres."""

    box: Floats  # (2, 3)
    room: str  # id; empty: any
    facing: Floats | None = None  # (2,) direction to which its front looks
    opens: bool = False


class Ground:
    """The grid of places to stand. Call ``changed`` after anything solid may have moved."""

    def __init__(self, floor: Floor, rooms: Sequence[RoomSpec], start: Floats, cells: Floats | None = None) -> None:
        """Take the floor, the first place (2,), and the reachable grid around it (N, 2) where that is known."""
        self._floor, self._rooms, self._start = floor, rooms, start
        self._cells = floor.reachable(start) if cells is None else cells
        self._keys = [self._key(c) for c in self._cells]
        self._room = [self.room_at(c) for c in self._cells]
        self._free: set[int] | None = set(range(len(self._cells)))

    def changed(self) -> None:
        """Look again at what is in the way."""
        self._free = None

    def room_at(self, point: Floats) -> str:
        """Id of the room of a point (2,); empty outside."""
        x, y = point[:2]
        return next((r.id for r in self._rooms if r.x0 <= x <= r.x1 and r.y0 <= y <= r.y1), "")

    def middle(self, room: str, here: Floats) -> Floats | None:
        """Return the reachable place (2,) that is nearest to the middle of a room."""
        spec = next(r for r in self._rooms if r.id == room)
        centre = np.array([spec.x0 + spec.x1, spec.y0 + spec.y1]) / 2
        near = [k for k in self._reached(here) if self._room[k] == room]
        if not near:
            return None
        return np.asarray(self._cells[min(near, key=lambda k: (float(np.hypot(*(self._cells[k] - centre))), k))])

    def stances(self, aim: Aim, here: Floats, reach_m: float) -> list[Floats]:
        """Places (2,) that can be got to and from which the aim is within reach, the best first."""
        found = []
        for k in self._reached(here):
            gap = gap_m(self._cells[k], aim.box)
            if gap <= reach_m and (not aim.room or self._room[k] == aim.room):
                found.append((self._cost(self._cells[k], aim, gap), k))
        return [np.asarray(self._cells[k]) for _, k in sorted(found)]

    def way(self, start: Floats, end: Floats) -> tuple[int, int, float]:
        """Steps and turns of the shortest way from one place (2,) to another, and its last direction in radians."""
        reached = self._reached(start)
        index = {self._keys[k]: k for k in reached}
        key = self._key(end)
        if key not in index or self._key(start) == key:
            return 0, 0, np.nan
        side, turns, last = -1, 0, np.nan
        steps = reached[index[key]]
        for left in range(steps, 0, -1):
            options = [s for s, (dx, dy) in enumerate(_SIDES) if self._is(index, reached, key, dx, dy, left - 1)]
            chosen = side if side in options else options[0]
            turns += side not in (-1, chosen)
            side = chosen
            last = np.arctan2(_SIDES[side][1], _SIDES[side][0]) if left == steps else last
            key = (key[0] - _SIDES[side][0], key[1] - _SIDES[side][1])
        return steps, turns, float(last)

    def _is(self, index: dict[Key, int], reached: dict[int, int], key: Key, dx: int, dy: int, steps: int) -> bool:
        k = index.get((key[0] - dx, key[1] - dy))
        return k is not None and reached[k] == steps

    def _cost(self, cell: Floats, aim: Aim, gap: float) -> float:
        towards = cell - aim.box.mean(0)[:2]
        away = float(np.hypot(*towards))
        cost = away
        if aim.facing is not None and float(towards @ aim.facing) < _FRONT_COS * away:
            cost += _BEHIND_COST
        return cost + (_CLOSE_COST if aim.opens and gap < _LEAF_M else 0.0)

    def _key(self, cell: Floats) -> Key:
        i, j = np.round((cell - self._start) / STEP_M).astype(int)
        return int(i), int(j)

    def _reached(self, here: Floats) -> dict[int, int]:
        """Steps to each place that can be got to from here."""
        if self._free is None:
            clear = self._floor.solids().clearance(self._cells) >= BASE_RADIUS_M
            self._free = set(np.flatnonzero(clear).tolist())
        index = {self._keys[k]: k for k in self._free}
        first = min(range(len(self._cells)), key=lambda k: float(np.hypot(*(self._cells[k] - here))))
        steps = {first: 0}
        queue = deque([first])
        while queue:
            k = queue.popleft()
            i, j = self._keys[k]
            for dx, dy in _SIDES:
                n = index.get((i + dx, j + dy))
                if n is not None and n not in steps:
                    steps[n] = steps[k] + 1
                    queue.append(n)
        return steps


def gap_m(point: Floats, box: Floats) -> float:
    """Horizontal distance from a point (2,) to a box (2, 3)."""
    gap = np.maximum(box[0, :2] - point[:2], 0.0) + np.maximum(point[:2] - box[1, :2], 0.0)
    return float(np.hypot(*gap))
