"""What is known of single voxels besides being occupied: a belief in labels, and a memory token.

A token is a number >= 0 by which a voxel leads to memory; what it means is up to the owner. The spatial store numbers
steps; a store of learned features in the manner of Mem4Nav (arXiv 2506.19433) could number its own.

Few voxels carry any, so they are rows sorted by Morton key. A row keeps the three strongest labels; where a fourth one
is seen it wears the weakest down, and takes its place once that is used up (Misra and Gries, Finding repeated
elements, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engram.memory.spatial.morton import Keys

SLOTS = 3
NO_TOKEN = -1
_DOUBT = 0.5  # weight of "none of these": one look does not make a belief of 1
_MOST = 10.0  # evidence is capped, so that a changed mind takes a bounded number of looks

Numbers = NDArray[np.int32]
Weights = NDArray[np.float32]
Tokens = NDArray[np.int64]


@dataclass(eq=False)
class Payload:
    """Labels and tokens by Morton key of the voxel."""

    names: list[str] = field(default_factory=list)  # of the labels, in the order of their first use
    keys: Keys = field(default_factory=lambda: np.empty(0, np.int64))
    labels: Numbers = field(default_factory=lambda: np.empty((0, SLOTS), np.int32))  # -1: none
    weights: Weights = field(default_factory=lambda: np.empty((0, SLOTS), np.float32))
    tokens: Tokens = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.keys.nbytes + self.labels.nbytes + self.weights.nbytes + self.tokens.nbytes

    def add_label(self, keys: Keys, label: str, score: float) -> None:
        """Add evidence, in (0, 1], that voxels are part of a thing of that label."""
        number = self._number(label)
        rows = self._rows(np.unique(keys))
        same = self.labels[rows] == number
        slot = np.where(same.any(axis=1), same.argmax(axis=1), self.weights[rows].argmin(axis=1))
        held = self.labels[rows, slot] == number
        weight = self.weights[rows, slot] + np.where(held, score, -score).astype(np.float32)
        self.labels[rows, slot] = np.where(held | (weight < 0), number, self.labels[rows, slot])
        self.weights[rows, slot] = np.minimum(np.abs(weight), _MOST)

    def set_token(self, keys: Keys, token: int) -> None:
        """Let voxels point to a memory token, a number >= 0, or to none (-1)."""
        rows = self._rows(np.unique(keys))
        self.tokens[rows] = token

    def clear(self, keys: Keys) -> None:
        """Forget what is known of voxels."""
        if len(self.keys) and len(keys):
            self._keep(~np.isin(self.keys, keys))

    def find(self, keys: Keys) -> NDArray[np.int64]:
        """Return the rows of voxels, int64 (N,); -1 for those without payload."""
        if not len(self.keys):
            return np.full(len(keys), -1, np.int64)
        rows = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[rows] == keys, rows, -1)

    def best(self, keys: Keys) -> tuple[Numbers, Weights]:
        """Return the strongest label of voxels, an index into ``names`` or -1, and the belief in it."""
        rows = self.find(keys)
        labels, beliefs = np.full(len(keys), -1, np.int32), np.zeros(len(keys), np.float32)
        there = np.flatnonzero(rows >= 0)
        weights = self.weights[rows[there]]
        slot = weights.argmax(axis=1)[:, None]
        labels[there] = np.take_along_axis(self.labels[rows[there]], slot, axis=1)[:, 0]
        beliefs[there] = np.take_along_axis(weights, slot, axis=1)[:, 0] / (weights.sum(axis=1) + _DOUBT)
        return labels, beliefs

    def belief(self, key: int) -> dict[str, float]:
        """Return the belief in each label of one voxel; what is missing to 1 is doubt."""
        row = int(self.find(np.array([key]))[0])
        if row < 0:
            return {}
        total = float(self.weights[row].sum()) + _DOUBT
        pairs = zip(self.labels[row].tolist(), self.weights[row].tolist(), strict=True)
        return {self.names[label]: weight / total for label, weight in pairs if label >= 0}

    def token(self, keys: Keys) -> Tokens:
        """Return the tokens of voxels, int64 (N,); -1 where there is none."""
        rows = self.find(keys)
        return np.where(rows >= 0, self.tokens[rows] if len(self.tokens) else NO_TOKEN, NO_TOKEN)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name; with ``names`` they are the whole state."""
        return {"keys": self.keys, "labels": self.labels, "weights": self.weights, "tokens": self.tokens}

    def _number(self, label: str) -> int:
        if label not in self.names:
            self.names.append(label)
        return self.names.index(label)

    def _rows(self, keys: ArrayLike) -> NDArray[np.int64]:
        """Return the rows of voxels, sorted and distinct; those that are missing are made."""
        wanted = np.asarray(keys, np.int64)
        fresh = wanted[self.find(wanted) < 0]
        if len(fresh):
            at = np.searchsorted(self.keys, fresh)
            self.keys = np.insert(self.keys, at, fresh)
            self.labels = np.insert(self.labels, at, -1, axis=0)
            self.weights = np.insert(self.weights, at, 0.0, axis=0)
            self.tokens = np.insert(self.tokens, at, NO_TOKEN)
        return self.find(wanted)

    def _keep(self, rows: NDArray[np.bool_]) -> None:
        self.keys, self.labels = self.keys[rows], self.labels[rows]
        self.weights, self.tokens = self.weights[rows], self.tokens[rows]
