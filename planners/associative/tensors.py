"""From labels, graphs and scenes to the tensors of the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engram.perception.relations import FLOOR, words_of
from engram.perception.text import TextEmbedder
from engram.planners.associative.graph import RELATIONS, MemoryGraph, SceneNode
from engram.planners.associative.model import MemoryTensors


class Names:
    """Vectors of labels, embedded once each."""

    def __init__(self, embedder: TextEmbedder) -> None:
        """Take what turns the words of a label into a vector."""
        self.embedder = embedder
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(self, labels: Sequence[str]) -> NDArray[np.float32]:
        """(N, D) unit vectors of labels."""
        fresh = [label for label in dict.fromkeys(labels) if label not in self._known]
        if fresh:
            vectors = self.embedder.embed([words_of(label) for label in fresh])
            self._known.update(zip(fresh, vectors, strict=True))
        return (
            np.stack([self._known[label] for label in labels])
            if labels
            else np.zeros((0, self.embedder.dims), np.float32)
        )


def memory_tensors(graph: MemoryGraph, names: Names, room_types: Sequence[str]) -> MemoryTensors:
    """Lay a memory graph out; raise ``ValueError`` for an empty one or a type of room that is not among these."""
    if not graph.nodes:
        raise ValueError("an empty memory graph says nothing; use a network without memory")
    labels = sorted({n.label for n in graph.nodes})
    row, kind = {label: k for k, label in enumerate(labels)}, {room: k for k, room in enumerate(room_types)}
    unknown = {n.room_type for n in graph.nodes} - set(room_types)
    if unknown:
        raise ValueError(f"types of rooms that the network does not know: {', '.join(sorted(unknown))}")
    label = np.array([row[n.label] for n in graph.nodes])
    room = np.array([kind[n.room_type] for n in graph.nodes])
    pairs, pool, size = np.unique(label * len(kind) + room, return_inverse=True, return_counts=True)
    of_label = np.bincount(label, minlength=len(labels))
    source, target, relation = graph.edges[:, 0], graph.edges[:, 1], graph.edges[:, 2]
    arrays = (
        names(labels), label, room,
        np.concatenate([target, source]), np.concatenate([source, target]),
        np.concatenate([relation, relation + len(RELATIONS)]),
        pool.reshape(-1), pairs // len(kind), pairs % len(kind),
        (size / of_label[pairs // len(kind)]).astype(np.float32), _held(graph, row, kind),
    )  # fmt: skip
    return MemoryTensors(*(torch.from_numpy(a if a.dtype == np.float32 else a.astype(np.int64)) for a in arrays))


def places_of(holders: Sequence[str], room_types: Sequence[str]) -> list[SceneNode]:
    """Return every holder in every type of room, rooms within holders."""
    return [SceneNode(holder, {room: 1.0}) for holder in holders for room in room_types]


def node_tensors(
    scenes: Sequence[Sequence[SceneNode]], names: Names, room_types: Sequence[str]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Lay B scenes out, filled up to the largest: names (B, S, D), rooms (B, S, K), centres (B, S, 3), mask (B, S)."""
    size = max([1, *map(len, scenes)])
    text = np.zeros((len(scenes), size, names.embedder.dims), np.float32)
    rooms = np.zeros((len(scenes), size, len(room_types)), np.float32)
    centres = np.full((len(scenes), size, 3), np.nan, np.float32)
    mask = np.zeros((len(scenes), size), np.bool_)
    for b, nodes in enumerate(scenes):
        text[b, : len(nodes)] = names([n.label for n in nodes])
        mask[b, : len(nodes)] = True
        for s, node in enumerate(nodes):
            rooms[b, s] = [node.rooms.get(room, 0.0) for room in room_types]
            if node.centre is not None:
                centres[b, s] = node.centre
    return torch.from_numpy(text), torch.from_numpy(rooms), torch.from_numpy(centres), torch.from_numpy(mask)


def holders_of(graph: MemoryGraph) -> list[str]:
    """Labels that hold anything that is put away, and the floor, sorted."""
    return sorted({holder for _, holder, _ in graph.kept()} | {FLOOR})


def _held(graph: MemoryGraph, row: Mapping[str, int], kind: Mapping[str, int]) -> NDArray[np.float32]:
    """(C, C, K) share of the things of a label that are kept on another, in a type of room."""
    held = np.zeros((len(row), len(row), len(kind)), np.float32)
    for label, holder, room in graph.kept():
        held[row[label], row[holder], kind[room]] += 1.0
    total = held.sum((1, 2), keepdims=True)
    return np.asarray(held / np.maximum(total, 1.0), np.float32)
