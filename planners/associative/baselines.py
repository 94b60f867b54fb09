"""Ways of placing that the associative memory is measured against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engram.planners.associative.graph import MemoryGraph
from engram.planners.placement import FLOOR, AnyReceptacle, Candidate, PlacementPrior, RoomBelief


class CommonMemory(PlacementPrior):
    """Things go on what holds such things most often in the memory graph, in whatever room that stands."""

    def __init__(self, prior: PlacementPrior, memory: MemoryGraph) -> None:
        """Take the names from a prior."""
        super().__init__({"version": 1, "counts": prior.counts, "rooms": prior.fixtures}, config=prior.config)
        self._kept = memory.support_counts()

    def proper(self, category: str, receptacle: str | None, rooms: RoomBelief) -> float:
        """How often the receptacle holds such things, as a share of how often the commonest does."""
        held = self._kept.get(category)
        return held[receptacle or FLOOR] / max(held.values()) if held else 0.0


class RandomReceptacle(AnyReceptacle):
    """Any receptacle, drawn by chance; the cost of the way does not matter."""

    def __init__(self, prior: PlacementPrior, seed: int = 0) -> None:
        """Take the names from a prior."""
        super().__init__(prior)
        self._random = np.random.default_rng(seed)

    def rank_receptacles(self, category: str, candidates: Sequence[Candidate]) -> list[tuple[int, float]]:
        """(index, 1) of the candidates in a random order; the floor comes last, with 0."""
        drawn = [
            (int(k), self.proper(category, candidates[k].receptacle, {}))
            for k in self._random.permutation(len(candidates))
        ]
        return sorted(drawn, key=lambda item: -item[1])

    def rank_believed(self, belief: Mapping[str, float], candidates: Sequence[Candidate]) -> list[tuple[int, float]]:
        """Rank as :meth:`rank_receptacles` does, for the category does not matter."""
        return self.rank_receptacles("", candidates)
