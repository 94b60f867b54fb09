"""What is near or above what, computed from the boxes of the things in view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram.memory.contract import Seen

_SLACK_M = 0.02  # boxes may overlap by this and still be one above the other


@dataclass(frozen=True)
class GeometryConfig:
    """Distances, and the bounds that keep facts of this kind few."""

    near_m: float = 0.5  # gap between the boxes of things that are near each other
    above_m: float = 1.5  # gap between a thing and what it hangs above
    nearest: int = 2  # neighbours of a thing
    facts: int = 12  # of one step
    weight: float = 0.85  # evidence of one look, in log-odds; two are believed


Pair = tuple[str, str, str]  # subject id, "near" or "above", object id


class Boxes:
    """The things in view that are not in the hand."""

    def __init__(self, seen: Mapping[str, Seen], config: GeometryConfig) -> None:
        """Take the boxes, axis-aligned, by id."""
        self.ids = [id_ for id_, thing in seen.items() if not thing.held]
        self._rows = {id_: row for row, id_ in enumerate(self.ids)}
        self._centres = np.array([seen[i].centre_m for i in self.ids], np.float64).reshape(-1, 3)
        self._halves = np.array([seen[i].extent_m for i in self.ids], np.float64).reshape(-1, 3) / 2
        self._config = config

    def around(self, id_: str, besides: Set[str]) -> Iterator[Pair]:
        """Yield what a thing hangs above, and what it is near of, the nearest first; symmetric facts come sorted."""
        row, c = self._rows[id_], self._config
        gaps = self._gaps(row)
        gaps[[row, *(self._rows[i] for i in besides if i in self._rows)]] = np.inf
        heights = self._heights(row)
        under = np.where(np.isfinite(gaps) & (heights <= c.above_m), heights, np.inf)
        below = int(under.argmin())
        if np.isfinite(under[below]):
            yield id_, "above", self.ids[below]
            gaps[below] = np.inf
        for other in np.argsort(gaps, kind="stable")[: c.nearest].tolist():
            if gaps[other] <= c.near_m:
                first, second = sorted((id_, self.ids[other]))
                yield first, "near", second

    def apart(self, pair: Pair) -> bool:
        """Whether two things are clearly too far apart for a fact; things out of view are not."""
        subject, relation, object_ = pair
        if subject not in self._rows or object_ not in self._rows:
            return False
        limit = self._config.near_m if relation == "near" else self._config.above_m
        return bool(self._gaps(self._rows[subject])[self._rows[object_]] > 2 * limit)

    def _gaps(self, row: int) -> NDArray[np.float64]:
        """(N,) metres between one box and each."""
        sides = np.abs(self._centres - self._centres[row]) - self._halves - self._halves[row]
        return np.asarray(np.sqrt(np.square(np.maximum(sides, 0.0)).sum(axis=1)))

    def _heights(self, row: int) -> NDArray[np.float64]:
        """(N,) metres from the top of each box up to one; infinite where its centre is not over the box."""
        over = (np.abs(self._centres - self._centres[row]) <= self._halves)[:, :2].all(axis=1)
        foot = self._centres[row, 2] - self._halves[row, 2]
        height = foot - (self._centres[:, 2] + self._halves[:, 2])
        return np.where(over & (height >= -_SLACK_M), np.maximum(height, 0.0), np.inf)
