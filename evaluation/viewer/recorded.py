"""What a trace adds to a memory: what the robot saw, what it decided and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from threading import RLock
from typing import Any

from engram.evaluation.trace.format import DETECTIONS
from engram.evaluation.trace.reader import Trace
from engram.evaluation.viewer.timeline import Moment

_HANDLED = {"pick": "picked up", "place": "put down"}
Row = Mapping[str, Any]


class Recorded:
    """An open trace; may be used from any thread."""

    def __init__(self, path: Path) -> None:
        """Read a trace.

        Raises:
            TraceError: it is none, or is damaged.
            OSError: it cannot be read.

        """
        self._path = path
        self._lock = RLock()
        self._size = -1
        self.refresh()

    def refresh(self) -> None:
        """Read the trace again if it has grown."""
        with self._lock:
            size = self._path.stat().st_size
            if size == self._size:
                return
            self._size = size
            self.trace = trace = Trace(self._path)
            self.steps: dict[int, Row] = {int(row["step"]): row for row in trace.steps}
            self.seen: dict[int, Row] = {int(row["number"]): row for row in trace.observations}
            self.journal, self.recalls = _by_step(trace.journal), _by_step(trace.recalls)
            self._boxes: dict[int, Row] | None = None

    def frame(self, number: int) -> tuple[int, bytes] | None:
        """Return the last image up to an observation, and which one it is of; None when there is none."""
        with self._lock:
            frames = self.trace.frames
        found = max((k for k in frames if k <= number), default=None)
        return None if found is None else (found, frames[found])

    def boxes(self, number: int) -> dict[str, Any]:
        """Return what was detected in an observation: ``shape`` (H, W), and boxes as (row, column, row, column)."""
        with self._lock:
            if self._boxes is None:
                told = ((said.number, json.loads(said.data)) for said in self.trace.messages((DETECTIONS,)))
                self._boxes = {k: _without_masks(data) for k, data in told}
        return dict(self._boxes.get(number, {"shape": [], "detections": []}))

    def pose(self, number: int) -> list[float] | None:
        """Return (x, y, yaw) at an observation, in metres and radians of the map frame."""
        row = self.seen.get(number)
        return None if row is None else [float(v) for v in row["base"]]

    def moments(self) -> list[Moment]:
        """Return the steps as moments, for a trace whose robot kept no memory."""
        job = self.trace.job
        episode = f"{job.protocol}-{job.seed}"
        return [self._moment(number, episode) for number in sorted(self.seen)]

    def _moment(self, number: int, episode: str) -> Moment:
        seen, step = self.seen[number], self.steps.get(number)
        moment = Moment(number + 1, number + 1, "robot", episode, number, int(seen["stamp_ns"]))
        matrix = seen["map_T_camera"]
        moment.camera_m = (float(matrix[3]), float(matrix[7]), float(matrix[11]))
        if step is not None:
            moment.text = f"{step['verb'].replace('_', ' ')}: {step['outcome'].replace('_', ' ')}"
            if step["verb"] in _HANDLED and step["outcome"] == "ok":
                moment.marks.append(f"{_HANDLED[step['verb']]} something")
        return moment


def _by_step(rows: list[dict[str, Any]]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(int(row["step"]), []).append(row)
    return found


def _without_masks(message: Row) -> dict[str, Any]:
    kept = [{key: d[key] for key in ("label", "score", "box", "out_of_place")} for d in message["detections"]]
    return {"shape": message["shape"], "detections": kept}
