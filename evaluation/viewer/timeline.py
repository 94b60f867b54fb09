"""The steps that a memory tells of: where each ends in the log, and what is worth a mark on a time line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from engram.memory.contract import Point
from engram.memory.log import Log
from engram.memory.records import Row, is_intact

_HANDLED = {"hold": "picked up", "place": "put down"}


@dataclass(eq=False)
class Moment:
    """One step of one episode."""

    version: int  # sequence number of its last event
    first: int  # ... and of its first
    robot: str
    episode: str
    step: int
    stamp_ns: int
    text: str = ""  # what the robot said of it
    camera_m: Point | None = None  # map frame
    marks: list[str] = field(default_factory=list)  # what happened that one may look for

    def row(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "version": self.version,
            "episode": self.episode,
            "step": self.step,
            "stamp_ns": self.stamp_ns,
            "text": self.text,
            "camera_m": self.camera_m,
            "marks": self.marks,
        }


class Timeline:
    """The moments of a log, in order; grows with it."""

    def __init__(self, log: Log | None, moments: Sequence[Moment] = ()) -> None:
        """Read the log as far as it goes; without a log, there are the moments that are given."""
        self._log = log
        self._lock = Lock()
        self._upto = log.base if log else 0
        self._moments = list(moments)
        self.damaged = 0  # events with a wrong checksum
        self.refresh()

    @property
    def moments(self) -> Sequence[Moment]:
        """All moments so far."""
        return self._moments

    def refresh(self) -> None:
        """Take in what has been written since."""
        if self._log is None:
            return
        with self._lock:
            for row in self._log.rows(self._upto):
                self._take(row)
                self._upto = row.seq

    def after(self, version: int) -> list[Moment]:
        """Return the moments that have events after a version: new ones, and the last one if it has grown."""
        return [m for m in self._moments if m.version > version]

    def moment(self, version: int) -> Moment | None:
        """Return the last moment that begins at or before a version."""
        return next((m for m in reversed(self._moments) if m.first <= version), None)

    def _take(self, row: Row) -> None:
        last = self._moments[-1] if self._moments else None
        if last is None or (last.robot, last.episode, last.step) != (row.robot, row.episode, row.step):
            last = Moment(row.seq, row.seq, row.robot, row.episode, row.step, row.stamp_ns)
            self._moments.append(last)
        last.version, last.stamp_ns = row.seq, max(last.stamp_ns, row.stamp_ns)
        if not is_intact(row):
            self.damaged += 1
        else:
            _describe(last, row, json.loads(row.data))


def _describe(moment: Moment, row: Row, data: Mapping[str, Any]) -> None:
    if row.store == "temporal" and row.kind == "append":
        moment.text = str(data.get("text", ""))
    elif row.store == "spatial" and "scan" in data:
        x, y, z = data["scan"]["camera_m"]
        moment.camera_m = (x, y, z)
    elif row.store == "objects":
        for change in data.get("changes", ()):
            if change["op"] in _HANDLED:
                moment.marks.append(f"{_HANDLED[change['op']]} {change['id']}")
            elif change["op"] == "miss":
                moment.marks.append(f"missed {change['id']}")
            elif change["op"] == "became":
                moment.marks.append(f"{change['id']} became {change['other']}")
    elif row.kind == "end":
        moment.marks.append(f"ended: {data.get('outcome', '')}")
    elif row.kind == "undo":
        moment.marks.append("undone")
    elif row.kind == "recalled":
        moment.marks += [f"recalled {note}" for note in data.get("ids", ())]
