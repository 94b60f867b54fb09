"""Where things belong: a prior learnt by counting what lies where in tidy houses.

The table counts, for each category, how often it was seen on each receptacle category in each type of room, and how
often each fixture category occurs in each type of room. The second part tells the type of a room from its furniture
(naive Bayes), since no one tells the robot.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

FLOOR = "Floor"
RoomBelief = Mapping[str, float]


class PlacementCountsError(ValueError):
    """Raised for a count table that cannot be used; the message names the file and the fault."""


@dataclass(frozen=True)
class Candidate:
    """A receptacle that something could be put on."""

    receptacle: str  # category
    rooms: RoomBelief  # belief about the type of room it stands in
    cost: float = 0.0  # steps it takes to get there


@dataclass(frozen=True)
class PlacementConfig:
    """How counts become beliefs."""

    doubt: float = 1.0  # a place counted n times is proper with n / (n + doubt)
    room_smoothing: float = 0.5
    cost_weight: float = 0.004  # proper belief that one step of way is worth


class PlacementPrior:
    """The count table and what follows from it."""

    def __init__(self, table: Mapping[str, Any], source: str = "table", config: PlacementConfig | None = None) -> None:
        """Check a table of schema version 1."""
        self.config = config or PlacementConfig()
        if table.get("version") != 1 or not isinstance(table.get("counts"), dict):
            raise PlacementCountsError(f'{source}: needs "version": 1 and "counts"; made by evaluation/count_table.py')
        self.counts: dict[str, dict[str, dict[str, float]]] = table["counts"]
        self.fixtures: dict[str, dict[str, float]] = table.get("rooms", {})
        kinds = {room for places in self.counts.values() for rooms in places.values() for room in rooms}
        self.room_types: tuple[str, ...] = tuple(sorted(kinds | set(self.fixtures)))
        self.receptacles = frozenset(r for places in self.counts.values() for r in places) - {FLOOR}
        self._vocabulary = frozenset({name for names in self.fixtures.values() for name in names})

    @classmethod
    def load(cls, path: Path | None = None, config: PlacementConfig | None = None) -> PlacementPrior:
        """Read a table; without a path the one that comes with the package."""
        name = str(path) if path else "planners/placement_counts.json"
        text = (
            path.read_text(encoding="utf-8")
            if path
            else resources.files("engram.planners").joinpath("placement_counts.json").read_text(encoding="utf-8")
        )
        try:
            table = json.loads(text)
        except json.JSONDecodeError as error:
            raise PlacementCountsError(f"{name}: not JSON: {error}") from error
        if not isinstance(table, dict):
            raise PlacementCountsError(f"{name}: must be an object")
        return cls(table, name, config)

    def knows(self, category: str) -> bool:
        """Whether the category was ever counted, that is, whether it is something to put away."""
        return category in self.counts

    def is_receptacle(self, category: str) -> bool:
        """Whether anything was ever counted on the category."""
        return category in self.receptacles

    def room_belief(self, fixtures: Iterable[str] | Mapping[str, float]) -> dict[str, float]:
        """Belief about the type of a room from the categories of fixtures seen in it; uniform without evidence.

        A mapping gives each category the share, 0 to 1, with which it counts as evidence.
        """
        weights = fixtures if isinstance(fixtures, Mapping) else dict.fromkeys(fixtures, 1.0)
        seen = {name: weight for name, weight in sorted(weights.items()) if name in self._vocabulary}
        score = dict.fromkeys(self.room_types, 0.0)
        for room in self.room_types:
            counts = self.fixtures.get(room, {})
            smooth = self.config.room_smoothing
            total = sum(counts.values()) + smooth * len(self._vocabulary)
            for name, weight in seen.items():
                score[room] += weight * math.log((counts.get(name, 0.0) + smooth) / total)
        if not score:
            return {}
        top = max(score.values())
        weight_of = {room: math.exp(value - top) for room, value in score.items()}
        return {room: w / sum(weight_of.values()) for room, w in weight_of.items()}

    def proper(self, category: str, receptacle: str | None, rooms: RoomBelief) -> float:
        """Probability that the category belongs on the receptacle (``None``: the floor) in such a room."""
        counted = self.counts.get(category, {}).get(receptacle or FLOOR, {})
        return sum(p * self._sure(counted.get(room, 0.0)) for room, p in rooms.items())

    def out_of_place(self, category: str, receptacle: str | None, rooms: RoomBelief) -> float:
        """Probability that something lies where it does not belong; 0 for categories that were never counted."""
        return 1.0 - self.proper(category, receptacle, rooms) if self.knows(category) else 0.0

    def rank_receptacles(self, category: str, candidates: Sequence[Candidate]) -> list[tuple[int, float]]:
        """(index, proper probability) of the candidates, best first: proper places, the near ones before the far."""
        return self._ordered([self.proper(category, c.receptacle, c.rooms) for c in candidates], candidates)

    def rank_believed(self, belief: Mapping[str, float], candidates: Sequence[Candidate]) -> list[tuple[int, float]]:
        """Rank as :meth:`rank_receptacles` does what may be of several categories, with positive beliefs."""
        total = sum(belief.values())
        scores = [0.0] * len(candidates)
        for category, p in belief.items():
            for k, proper in self.rank_receptacles(category, candidates):
                scores[k] += p / total * proper
        return self._ordered(scores, candidates)

    def _ordered(self, scores: Sequence[float], candidates: Sequence[Candidate]) -> list[tuple[int, float]]:
        weight = self.config.cost_weight
        return sorted(enumerate(scores), key=lambda s: -(round(s[1], 3) - weight * candidates[s[0]].cost))

    def _sure(self, count: float) -> float:
        return count / (count + self.config.doubt)


class AnyReceptacle(PlacementPrior):
    """A prior that knows what is put away and what things stand on, and not where what belongs.

    Any receptacle is as proper as another; the floor is not.
    """

    def __init__(self, prior: PlacementPrior) -> None:
        """Take the names from a prior."""
        super().__init__({"version": 1, "counts": prior.counts, "rooms": prior.fixtures}, config=prior.config)

    def proper(self, category: str, receptacle: str | None, rooms: RoomBelief) -> float:
        """1 on a receptacle, 0 on the floor."""
        return float(receptacle not in (None, FLOOR))
