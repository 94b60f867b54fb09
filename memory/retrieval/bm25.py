"""BM25: what shares rare words with the query.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.memory.retrieval.fuse import top
from engram.perception.words import words

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Bm25Config:
    """Saturation of repeated words, and how much long texts are discounted."""

    k1: float = 1.2
    b: float = 0.75

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.k1 < 0 or not 0 <= self.b <= 1:
            raise ValueError(f"BM25 needs k1 >= 0 and 0 <= b <= 1, got k1={self.k1}, b={self.b}")


class Bm25:
    """An inverted index of texts in rows 0, 1, 2, ...; rows can be removed but keep their number."""

    def __init__(self, config: Bm25Config | None = None) -> None:
        """Start empty."""
        self.config = config or Bm25Config()
        self._rows: dict[str, array[int]] = {}  # stem -> rows that hold it, in order
        self._counts: dict[str, array[int]] = {}  # ... and how often
        self._lengths = array("i")  # stems of each row; 0 when removed
        self._terms: dict[int, dict[str, int]] = {}  # stems of the rows that are not removed, and how often
        self._total = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, text: str) -> int:
        """Index a text and return its row."""
        return self.add_stems(words(text))

    def add_stems(self, stems: Sequence[str]) -> int:
        """Index a text that is cut into stems already, and return its row."""
        row = len(self._lengths)
        self._lengths.append(0)
        self._terms[row] = {}
        self.change(row, Counter(stems))
        return row

    def change(self, row: int, stems: Mapping[str, int]) -> None:
        """Let a row hold each stem so many times more, or less: a text that grows, such as an episode."""
        held = self._terms[row]
        for term, change in stems.items():
            rows, counts = self._rows.setdefault(term, array("i")), self._counts.setdefault(term, array("i"))
            at = bisect_left(rows, row)
            if term not in held:
                rows.insert(at, row)
                counts.insert(at, 0)
            counts[at] += change
            held[term] = counts[at]
            if counts[at] <= 0:
                del rows[at], counts[at], held[term]
            if not rows:
                del self._rows[term], self._counts[term]
        size = sum(held.values())
        self._total += size - self._lengths[row]
        self._lengths[row] = size

    def remove(self, row: int) -> Mapping[str, int]:
        """Take a row out and return the stems it held; KeyError when it is out already."""
        held = dict(self._terms[row])
        self.change(row, {term: -count for term, count in held.items()})
        del self._terms[row]
        return held

    def idf(self, term: str) -> float:
        """Return how much a stem says: ln(1 + (n - df + 0.5) / (df + 0.5)), 0 for one that is in no row."""
        df = len(self._rows.get(term, ()))
        return math.log(1 + (len(self._terms) - df + 0.5) / (df + 0.5)) if df else 0.0

    @property
    def mean_length(self) -> float:
        """Stems of a row, on average."""
        return self._total / max(1, len(self._terms))

    def terms(self, row: int) -> tuple[str, ...]:
        """Return the distinct stems of a row."""
        return tuple(self._terms[row])

    def postings(self, term: str) -> NDArray[np.int64]:
        """Return the rows that hold a stem, in order."""
        return np.array(self._rows.get(term, ()), np.int64)

    def lengths(self, rows: NDArray[np.int64]) -> Floats:
        """Return how many stems rows hold."""
        return view(self._lengths)[rows].astype(np.float32)

    def counts(self, terms: Sequence[str], rows: NDArray[np.int64]) -> Floats:
        """Return how often (R,) rows hold T stems, as (T, R)."""
        out = np.zeros((len(terms), len(rows)), np.float32)
        for line, term in zip(out, terms, strict=True):
            if term in self._rows:
                having = view(self._rows[term])
                at = np.minimum(np.searchsorted(having, rows.astype(having.dtype)), len(having) - 1)
                line[:] = np.where(having[at] == rows, view(self._counts[term])[at], 0)
        return out

    def weigh(self, terms: Sequence[str], counts: Floats, lengths: Floats, mean: float) -> Floats:
        """Return the (R,) scores of texts of (R,) lengths, ``mean`` on average, that hold T stems (T, R) times.

        The texts need not be rows: a row with its neighbours is scored like this too.
        """
        k1, b = self.config.k1, self.config.b
        idf = np.array([self.idf(term) for term in terms], np.float32)
        norm = k1 * (1 - b + b * lengths / max(mean, 1e-9))
        return np.asarray(idf @ (counts * (k1 + 1) / np.maximum(counts + norm, 1e-9)), np.float32)

    def scores(self, query: str) -> Floats:
        """Return the (N,) scores of all rows; 0 for rows that share no word with the query."""
        return self.stem_scores(words(query))

    def stem_scores(self, stems: Sequence[str]) -> Floats:
        """Return the (N,) scores of all rows for a query that is cut into stems already."""
        out = np.zeros(len(self._lengths), np.float32)
        for term in dict.fromkeys(stems):
            if term in self._rows:
                self._score_into(out, term)
        return out

    def row_scores(self, stems: Sequence[str], rows: NDArray[np.int64]) -> Floats:
        """Return the scores of (R,) rows for a query that is cut into stems already."""
        terms = list(dict.fromkeys(stems))
        return self.weigh(terms, self.counts(terms, rows), self.lengths(rows), self.mean_length)

    def best(self, stems: Sequence[str], count: int, usable: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the ``count`` usable rows of the best scores above 0, best first.

        Stems are taken from the rarest on, and no more rows are looked for when those still to come cannot lift a new
        one among the best (MaxScore, Turtle and Flood, 1995).
        """
        terms = sorted((t for t in dict.fromkeys(stems) if t in self._rows), key=lambda t: (len(self._rows[t]), t))
        most = [(self.config.k1 + 1) * self.idf(term) for term in terms]
        out = np.zeros(len(self._lengths), np.float32)
        found, taken = np.zeros(0, np.int64), 0
        while taken < len(terms) and not _settled(out[found], count, sum(most[taken:])):
            rows = self._score_into(out, terms[taken])
            found = np.union1d(found, rows[usable[rows]]) if taken else rows[usable[rows]]
            taken += 1
        scores = out[found] + self.row_scores(terms[taken:], found) if taken < len(terms) else out[found]
        return np.asarray(found[top(scores, count)])

    def _score_into(self, out: Floats, term: str) -> NDArray[np.int64]:
        """Add the scores of one stem to (N,) scores and return the rows that hold it."""
        rows, counts = np.array(self._rows[term], np.int64), np.array(self._counts[term], np.float32)
        out[rows] += self.weigh([term], counts[None], self.lengths(rows), self.mean_length)
        return rows


def view(values: array[Any]) -> NDArray[Any]:
    """Return the values without a copy; they cannot grow while the view is in use."""
    return np.frombuffer(values, values.typecode) if len(values) else np.zeros(0, values.typecode)


def _settled(scores: Floats, count: int, more: float) -> bool:
    """Whether the best so far stay ahead of rows that get ``more`` and nothing else."""
    return len(scores) >= count and float(scores[top(scores, count)[-1]]) > more
