"""Vectors by cosine: a scan over compressed codes, then an exact look at the best of them.

Up to some 1e5 rows this is as fast as a graph index, and it filters, updates and removes at no cost (the measurements
behind this choice: benchmarks/bench_retrieval.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engram.memory.retrieval.fuse import top

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class DenseConfig:
    """How rows are scanned."""

    scan: Literal["exact", "int8", "bits"] = "bits"
    exact_below: int = 8192
    """With fewer rows than this the scan is exact."""
    rerank: int = 2
    """The exact look is at this many times as many rows as are asked for, at least 200."""


class DenseIndex:
    """Unit vectors in rows 0, 1, 2, ..., rows can be removed but keep their number."""

    def __init__(self, dims: int, config: DenseConfig | None = None) -> None:
        """Start empty, for vectors of a length."""
        self.dims, self.config = dims, config or DenseConfig()
        self._count = 0
        self._vectors = np.zeros((64, dims), np.float32)
        self._alive = np.zeros(64, bool)
        self._width = 1 << max(6, (dims - 1).bit_length())  # bits of a code: the next power of two
        self._coded = 0  # rows that have codes
        self._codes: NDArray[Any] = np.zeros((0, 0), np.int8)

    def __len__(self) -> int:
        return self._count

    @property
    def alive(self) -> Mask:
        """(N,) whether a row is there; not to be written to."""
        return self._alive[: self._count]

    def add(self, vector: Floats) -> int:
        """Append a (D,) unit vector and return its row."""
        if self._count == len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.zeros_like(self._vectors)])
            self._alive = np.concatenate([self._alive, np.zeros_like(self._alive)])
        self._vectors[self._count] = vector
        self._alive[self._count] = True
        self._count += 1
        return self._count - 1

    def remove(self, row: int) -> None:
        """Take a row out."""
        self._alive[row] = False

    def rows(self, rows: Rows) -> Floats:
        """Return the (R, D) vectors of rows."""
        return np.asarray(self._vectors[rows])

    def exact(self, query: Floats, rows: Rows) -> Floats:
        """Return the (R,) cosines of rows with a (D,) unit vector."""
        return np.asarray(self.rows(rows) @ query)

    def search(self, query: Floats, count: int, allowed: Mask | None = None) -> tuple[Rows, Floats]:
        """Return the nearest rows and their cosines, best first.

        Args:
            query: (D,) unit vector.
            count: of rows wanted.
            allowed: (N,) rows to choose from; all when not given.

        """
        usable = self.alive if allowed is None else self.alive & allowed
        if self._count < self.config.exact_below or self.config.scan == "exact":
            rows = np.flatnonzero(usable)
            if len(rows) == self._count:  # no copy
                cosines = np.asarray(self._vectors[: self._count] @ query)
                best = top(cosines, count)
                return best, cosines[best]
        else:
            rows = self._closest(query, usable, max(200, count * self.config.rerank))
        cosines = self.exact(query, rows)
        best = top(cosines, count)
        return rows[best], cosines[best]

    def _closest(self, query: Floats, usable: Mask, count: int) -> Rows:
        """Return the ``count`` usable rows whose codes are nearest to that of the query."""
        from engram.memory.retrieval import scan

        self._encode_new()
        codes, code = self._codes[: self._count], self._code(query[None])[0]
        if self.config.scan == "bits":
            return np.asarray(scan.nearest(scan.bit_scores(codes, code), usable, count, self._width))
        rows = np.flatnonzero(usable)
        return np.asarray(rows[top(scan.int8_scores(codes, code)[rows].astype(np.float32), count)])

    def _encode_new(self) -> None:
        """Encode the rows that were added since the last scan."""
        if self._coded == self._count:
            return
        if len(self._codes) < self._count:
            sample = self._code(np.zeros((1, self.dims), np.float32))
            grown = np.zeros((len(self._vectors), sample.shape[1]), sample.dtype)
            grown[: self._coded] = self._codes[: self._coded].reshape(self._coded, sample.shape[1])
            self._codes = grown
        for start in range(self._coded, self._count, 4096):
            end = min(start + 4096, self._count)
            self._codes[start:end] = self._code(self._vectors[start:end])
        self._coded = self._count

    def _code(self, vectors: Floats) -> NDArray[Any]:
        if self.config.scan == "int8":
            scale = np.abs(vectors).max(axis=1, keepdims=True)
            scaled = np.divide(127 * vectors, scale, out=np.zeros_like(vectors), where=scale > 0)
            return np.asarray(np.round(scaled), np.int8)
        bits = np.packbits(rotate(vectors, self._width) > 0, axis=1)
        return np.ascontiguousarray(bits).view(np.uint64)


def rotate(vectors: Floats, width: int) -> Floats:
    """Return (N, width) vectors rotated by random signs and a Hadamard matrix.

    Signs of rotated coordinates estimate the angle whatever the coordinates were, sparse ones included (as in SimHash,
    Charikar, STOC 2002); the rotation is made of +-1 alone, so it is the same on every machine.
    """
    out = np.zeros((len(vectors), width), np.float32)
    out[:, : vectors.shape[1]] = vectors
    out *= _signs(width)
    half = 1
    while half < width:
        pairs = out.reshape(len(out), -1, 2, half)
        first, second = pairs[:, :, 0], pairs[:, :, 1]
        total = first + second
        np.subtract(first, second, out=second)
        first[:] = total
        half *= 2
    return out


@lru_cache(maxsize=8)
def _signs(width: int) -> Floats:
    return np.where(np.random.default_rng(384).integers(0, 2, width), 1, -1).astype(np.float32)
