"""Events told in the map of one robot, said again in that of another: for merging memories that share a house.

Points move exactly. Boxes stay parallel to the axes, so one that is turned grows to hold the turned one. Cells of the
octree move by their centres, to a cell's accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.memory.contract import Event, Point
from engram.memory.mapping.planar import matrix
from engram.memory.spatial.coding import decode_cells, encode_cells
from engram.memory.spatial.scan import FINER

Pose = tuple[float, float, float]  # x, y in metres, yaw in radians
_POINTS = frozenset({"position_m", "centre_m", "camera_m"})
_CELLS = {"cells": 0, "hits": 0, "beyond": FINER}  # key -> how many times finer than voxels, as a power of two


def moved(event: Event, map_T_other: Pose) -> Event:
    """Return an event with what it says of places in another map, given the pose (x, y, yaw) of its own map in that."""
    mover = _Mover(matrix(map_T_other), event.data.get("resolution_m"))
    return replace(event, data=mover.of(event.data))


class _Mover:
    def __init__(self, transform: NDArray[np.float64], edge_m: float | None) -> None:
        self._turn, self._shift = transform[:3, :3], transform[:3, 3]
        self._edge_m = edge_m  # of a voxel; None where the event has none

    def of(self, data: Any) -> Any:
        if isinstance(data, list):
            return [self.of(item) for item in data]
        if not isinstance(data, Mapping):
            return data
        out = {key: self._value(key, value) for key, value in data.items()}
        if self._edge_m and "low" in data and "high" in data:
            out["low"], out["high"] = self._box(data["low"], data["high"], self._edge_m)
        return out

    def _value(self, key: str, value: Any) -> Any:
        if key in _POINTS and value is not None:
            return self._point(value)
        if key == "extent_m":
            return [round(v, 4) for v in (np.abs(self._turn) @ np.asarray(value, np.float64)).tolist()]
        if key in _CELLS and self._edge_m:
            return self._cells(value, self._edge_m / 2 ** _CELLS[key])
        return self.of(value)

    def _point(self, value: Point) -> list[float]:
        return [round(v, 4) for v in (self._turn @ np.asarray(value, np.float64) + self._shift).tolist()]

    def _cells(self, value: Mapping[str, Any], edge_m: float) -> dict[str, Any]:
        centres = (decode_cells(value) + 0.5) * edge_m
        cells = np.floor((centres @ self._turn.T + self._shift) / edge_m + 1e-9)
        return encode_cells(np.unique(cells.astype(np.int32), axis=0))

    def _box(self, low: list[int], high: list[int], edge_m: float) -> tuple[list[int], list[int]]:
        """Return the first and last cells of the box around a box of cells, turned about its centre."""
        first, last = np.asarray(low, np.float64), np.asarray(high, np.float64) + 1.0
        centre = self._turn @ ((first + last) / 2 * edge_m) + self._shift
        half = np.abs(self._turn) @ ((last - first) / 2 * edge_m)
        begin, end = (centre - half) / edge_m, (centre + half) / edge_m
        return [math.floor(v + 0.5) for v in begin.tolist()], [math.ceil(v - 0.5) - 1 for v in end.tolist()]
