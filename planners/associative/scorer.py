"""The associative memory as a prior: where a thing goes, given what stands here and what tidy houses were like."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engram.perception.relations import FLOOR
from engram.perception.text import TextConfig, text_embedder
from engram.planners.associative.graph import MemoryGraph, SceneNode
from engram.planners.associative.model import SAME, AssociativeNet, Memory, Query, load
from engram.planners.associative.tensors import Names, memory_tensors, node_tensors, places_of
from engram.planners.placement import Candidate, PlacementPrior, RoomBelief
from engram.planners.weights import WeightsError

DOUBT = 0.05  # a place this likely, as a share of the likeliest, is proper as well as not


class AssociativePrior(PlacementPrior):
    """Ranks receptacles by the network. Names, and what tells the types of rooms, are those of another prior."""

    def __init__(
        self,
        prior: PlacementPrior,
        net: AssociativeNet,
        names: Names,
        holders: Sequence[str],
        memory: Memory | None = None,
        taught: Collection[str] | None = None,
    ) -> None:
        """Take the network and what it needs.

        Args:
            prior: names, and what furniture says of rooms.
            net: scores places.
            names: embeds labels as in training.
            holders: labels that things are kept on; the likeliest of them, in any type of room, is the measure.
            memory: encoded memory; ``None`` for a network without.
            taught: categories that the network was trained with; others are asked as what the memory keeps likewise.

        """
        super().__init__({"version": 1, "counts": prior.counts, "rooms": prior.fixtures}, config=prior.config)
        self._net, self._names, self._memory = net.eval(), names, memory
        self._taught = sorted(taught or ())
        self._holders = list(holders)
        self._places = places_of(self._holders, net.config.room_types)
        self._scene: tuple[SceneNode, ...] | None = None
        self._kept: dict[tuple[str, str], NDArray[np.float64]] = {}

    def see(self, nodes: Sequence[SceneNode]) -> None:
        """Take in what furniture there is; without it, the candidates of a question are all that is known."""
        self._scene = tuple(nodes)
        self._kept.clear()

    def distribution(self, category: str) -> dict[str, dict[str, float]]:
        """Probability of each receptacle category, the floor included, and type of room, for a thing of a category."""
        scores = self._scores(category, [])
        chance = np.exp(scores - scores.max())
        table = (chance / chance.sum()).reshape(len(self._holders), -1)
        rooms = self._net.config.room_types
        return {h: dict(zip(rooms, row.tolist(), strict=True)) for h, row in zip(self._holders, table, strict=True)}

    def proper(self, category: str, receptacle: str | None, rooms: RoomBelief) -> float:
        """Belief that the category belongs on the receptacle (``None``: the floor) in such a room."""
        beliefs = self._beliefs_by_room(category, receptacle or FLOOR)
        return float(sum(rooms.get(room, 0.0) * beliefs[k] for k, room in enumerate(self._net.config.room_types)))

    def rank_receptacles(self, category: str, candidates: Sequence[Candidate]) -> list[tuple[int, float]]:
        """(index, belief that it is proper) of the candidates, best first: likely places, the near before the far."""
        if not candidates:
            return []
        beliefs = self._beliefs(category, [SceneNode(c.receptacle, dict(c.rooms)) for c in candidates])
        weight = self.config.cost_weight
        scored = [(k, float(belief)) for k, belief in enumerate(beliefs)]
        return sorted(scored, key=lambda s: -(round(s[1], 3) - weight * candidates[s[0]].cost))

    def _beliefs_by_room(self, category: str, receptacle: str) -> NDArray[np.float64]:
        if (category, receptacle) not in self._kept:
            places = places_of([receptacle], self._net.config.room_types)
            self._kept[category, receptacle] = self._beliefs(category, places)
        return self._kept[category, receptacle]

    def _beliefs(self, category: str, places: Sequence[SceneNode]) -> NDArray[np.float64]:
        """(N,) beliefs of places: how likely they are beside the likeliest that there could be."""
        scores = self._scores(category, places)
        share = np.exp(np.minimum(scores[: len(places)] - scores[len(places) :].max(), 0.0))
        return np.asarray(np.sqrt(share) / (np.sqrt(share) + DOUBT**0.5))  # the root keeps the likeliest apart

    def _stand_in(self, category: str) -> str:
        """Return what a category is asked as: what was never taught, as what the memory keeps in the same places."""
        if self._memory is None or not self._taught or category in self._taught:
            return category
        rows = torch.from_numpy(self._names([category, *self._taught])) @ self._memory.vocabulary.T > SAME
        places = rows.float() @ self._memory.held.flatten(1)  # (1 + N, C K), zeros where the memory has nothing
        alike = torch.nn.functional.cosine_similarity(places[:1], places[1:])
        return self._taught[int(alike.argmax())] if alike.max() > 0.0 else category

    def _scores(self, category: str, places: Sequence[SceneNode]) -> NDArray[np.float64]:
        """(N + M,) scores of places, and after them of all that there could be."""
        rooms = self._net.config.room_types
        text, beliefs, centres, mask = node_tensors(
            [self._scene if self._scene is not None else places], self._names, rooms
        )
        place_text, place_rooms, place_centres, _ = node_tensors([[*places, *self._places]], self._names, rooms)
        target = torch.from_numpy(self._names([self._stand_in(category)]))[None]
        query = Query(target, text, beliefs, centres, mask, place_text, place_rooms, place_centres)
        with torch.inference_mode():
            return np.asarray(self._net(self._memory, query)[0, 0].double().numpy())


def load_prior(
    prior: PlacementPrior, net: str = "full", path: Path | None = None, graph: MemoryGraph | None = None
) -> AssociativePrior:
    """Return a network of trained weights as a prior; weights and memory are by default those of the package.

    Args:
        prior: names, and what furniture says of rooms.
        net: name of the network in the file: ``full`` or ``no_memory``.
        path: weights.
        graph: the memory, for instance one that was changed.

    Raises:
        WeightsError: the weights cannot be used, have no such network, or were trained with another embedder.
        MemoryGraphError: the memory cannot be used.
        TextModelError: the embedder that they were trained with is not installed.

    """
    nets, about = _loaded(path)
    if net not in nets:
        raise WeightsError(f"the weights have {', '.join(sorted(nets))}, not {net!r}")
    names = _names(about["text_model"])
    if names.embedder.name != about["embedder"]:
        raise WeightsError(f"the weights were trained with names of {about['embedder']}, not of {names.embedder.name}")
    memory = None
    if nets[net].config.memory:
        memory = encoded(nets[net], graph or MemoryGraph.load(), names)
    return AssociativePrior(prior, nets[net], names, about["holders"], memory, about["taught"])


def encoded(net: AssociativeNet, graph: MemoryGraph, names: Names) -> Memory:
    """Encode a memory graph for questions."""
    with torch.inference_mode():
        return net.encode(memory_tensors(graph, names, net.config.room_types))


@lru_cache(maxsize=4)
def _loaded(path: Path | None) -> tuple[dict[str, AssociativeNet], dict[str, Any]]:
    return load(path)


@lru_cache(maxsize=4)
def _names(model: str) -> Names:
    return Names(text_embedder(TextConfig(model=model)))
