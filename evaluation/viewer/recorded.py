"""What a trace adds to a memory: what the robot saw, what it decided and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import RLock
from typing import Any

from engram.evaluation.trace.reader import Trace
from engram.evaluation.viewer.timeline import Moment
from engram.perception.contracts import Detection

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
            self.seen: list[Row] = list(trace.observations)  # step k acts on the k-th
            self.journal, self.recalls = _by_step(trace.journal), _by_step(trace.recalls)
            self._found: dict[int, list[dict[str, Any]]] | None = None

    def frame(self, number: int) -> tuple[int, bytes] | None:
        """Return the last image up to an observation, and which one it is of; None when there is none."""
        with self._lock:
            frames = self.trace.frames
        found = max((k for k in frames if k <= number), default=None)
        return None if found is None else (found, frames[found])

    def detections(self, number: int) -> list[dict[str, Any]]:
        """Return what was detected in an observation; a box is (row, column, row, column) in pixels, ends excluded."""
        with self._lock:
            if self._found is None:
                self._found = {k: [_boxed(d) for d in found] for k, found in self.trace.detections()}
        return self._found.get(number, [])

    def pose(self, number: int) -> list[float] | None:
        """Return (x, y, yaw) at an observation, in metres and radians of the map frame."""
        return [float(v) for v in self.seen[number]["base"]] if 0 <= number < len(self.seen) else None

    def moments(self) -> list[Moment]:
        """Return the steps as moments, for a trace whose robot kept no memory."""
        job = self.trace.job
        episode = f"{job.protocol}-{job.seed}"
        return [self._moment(number, episode) for number in range(len(self.seen))]

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


def _boxed(d: Detection) -> dict[str, Any]:
    belief = None if d.out_of_place is None else float(d.out_of_place)
    return {"label": d.label, "score": float(d.score), "box": [int(v) for v in d.box], "out_of_place": belief}
