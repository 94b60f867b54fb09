"""Hybrid retrieval: by meaning and by words, over several granularities, with time and association, fused.

Items lie in groups (a dialogue session, an episode) in the order they were added. A query is compared with each item
alone, with the item among its neighbours, and with its whole group: an answer is often clear only from what was said
just before. Each comparison is by cosine (mean vectors for the larger granularities) and by BM25. The shares of the
granularities are set per query by how sharply each one decides. What is linked to the best then gets a part of their
score by personalised PageRank.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from engram.memory.retrieval.bm25 import Bm25, Bm25Config, view
from engram.memory.retrieval.dense import DenseConfig, DenseIndex, Floats, Mask, Rows
from engram.memory.retrieval.fuse import reciprocal_rank, top, unit, weighted_sum
from engram.memory.retrieval.graph import personalised_pagerank
from engram.memory.retrieval.router import route
from engram.perception.words import words

_NONE = -1


@dataclass(frozen=True)
class HybridConfig:
    """Switches of retrieval."""

    dense: bool = True
    bm25: bool = True
    spans: tuple[int, ...] = (1, 2)
    """Granularities beside the item alone: the item with so many neighbours on each side."""
    group: bool = True
    """Whether the whole group is a granularity too."""
    router: bool = True
    """Whether granularities are weighted by certainty; equally otherwise."""
    temperature: float = 0.1
    fusion: Literal["scores", "ranks"] = "scores"
    graph: bool = True
    similar_links: int = 5
    """Links of a new item to the nearest older ones (A-MEM, arXiv 2502.12110)."""
    rare_share: float = 0.02
    """Items that share a stem are linked when at most this share of the items (or 3, if more) has it."""
    max_degree: int = 32
    """A stem in more items than this links nothing."""
    seeds: int = 15
    restart: float = 0.5
    graph_weight: float = 0.3
    half_life_secs: float | None = None
    """Age at which a score counts half; no decay when None."""
    pool: int = 100
    """Items that each of dense and BM25 puts up for the closer look."""
    vectors: DenseConfig = field(default_factory=DenseConfig)
    bm25_config: Bm25Config = field(default_factory=Bm25Config)


@dataclass(frozen=True)
class Found:
    """One item found."""

    row: int
    score: float  # fused; comparable within one search


class HybridIndex:
    """Items in rows 0, 1, 2, ...; rows can be removed but keep their number."""

    def __init__(self, dims: int, config: HybridConfig | None = None) -> None:
        """Start empty, for vectors of a length."""
        self.config = config or HybridConfig()
        self.dense = DenseIndex(dims, self.config.vectors)
        self.bm25 = Bm25(self.config.bm25_config)
        self._groups: dict[str, int] = {}
        self._group_words = Bm25(self.config.bm25_config)
        self._group_sums = np.zeros((16, dims), np.float32)
        self._last: list[int] = []  # row that was added last to each group
        self._group, self._before, self._after = array("q"), array("q"), array("q")  # of each row
        self._stamps = array("q")
        self._norms = {span: array("d") for span in self.config.spans}  # length of the summed vectors about each row
        self._similar: dict[int, list[tuple[int, float]]] = {}

    def __len__(self) -> int:
        return len(self._stamps)

    def add(self, text: str, vector: Floats, stamp_ns: int = 0, group: str = "") -> int:
        """Append an item, (D,) its unit vector, and return its row."""
        if self.config.graph and self.config.similar_links:
            nearest = self.dense.search(vector, self.config.similar_links)
        stems = words(text)
        row = self.dense.add(vector)
        self.bm25.add_stems(stems)
        self._stamps.append(stamp_ns)
        self._join(row, group, stems)
        if self.config.graph and self.config.similar_links:
            for other, cosine in zip(*nearest, strict=True):
                self._link(row, int(other), float(cosine))
        return row

    def remove(self, row: int) -> None:
        """Take an item out; its neighbours close ranks."""
        before, after, group = self._before[row], self._after[row], self._group[row]
        if before != _NONE:
            self._after[before] = after
        if after != _NONE:
            self._before[after] = before
        if self._last[group] == row:
            self._last[group] = before
        self._group_sums[group] -= self.dense.rows(np.array([row]))[0]
        self.dense.remove(row)
        held = self.bm25.remove(row)
        self._group_words.change(group, {term: -count for term, count in held.items()})
        for other, _ in self._similar.pop(row, []):
            self._similar[other] = [(r, w) for r, w in self._similar[other] if r != row]
        for near in (before, after):
            if near != _NONE:
                self._renew_norms(near)

    def search(
        self,
        text: str,
        vector: Floats,
        count: int,
        allowed: Mask | None = None,
        now_ns: int | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
        nearest: Rows | None = None,
    ) -> list[Found]:
        """Return the best items, best first.

        Args:
            text: the query.
            vector: (D,) its unit vector.
            count: of items wanted.
            allowed: (N,) items to choose from; all when not given.
            now_ns: time that ages are counted from; the newest item's when not given.
            since_ns: only items that are not older.
            until_ns: only items that are not newer.
            nearest: (R,) items nearest to the vector, best first, where they are known; looked for when not given.

        """
        usable = self._usable(allowed, since_ns, until_ns)
        terms = [term for term in dict.fromkeys(words(text)) if self.bm25.idf(term) > 0]
        pool = max(count, self.config.pool)
        if nearest is None and self.config.dense:
            nearest = self.dense.search(vector, pool, usable)[0]
        rows = self._candidates(terms, nearest, usable, pool)
        if not len(rows):
            return []
        fused = self._decay(self._score(terms, vector, rows), rows, now_ns)
        if self.config.graph:
            rows, fused = self._associate(rows, fused, usable)
        best = top(fused, count)
        return [Found(r, s) for r, s in zip(rows[best].tolist(), fused[best].tolist(), strict=True)]

    def links(self, row: int) -> list[tuple[int, float]]:
        """Return what an item is linked to: neighbours, similar items, items with the same rare stems.

        Each of the three kinds weighs 1 in all.
        """
        kinds = [
            {near: 1.0 for near in (self._before[row], self._after[row]) if near != _NONE},
            dict(self._similar.get(row, ())),
            self._rare_links(row),
        ]
        out: dict[int, float] = {}
        for kind in kinds:
            total = sum(kind.values())
            for other, weight in kind.items():
                out[other] = out.get(other, 0.0) + weight / total
        return list(out.items())

    def _usable(self, allowed: Mask | None, since_ns: int | None, until_ns: int | None) -> Mask:
        usable = self.dense.alive if allowed is None else self.dense.alive & allowed
        if since_ns is not None:
            usable = usable & (view(self._stamps) >= since_ns)
        if until_ns is not None:
            usable = usable & (view(self._stamps) <= until_ns)
        return usable

    def _candidates(self, terms: Sequence[str], nearest: Rows | None, usable: Mask, pool: int) -> Rows:
        """Return the rows worth a closer look: the best by meaning and by words, and their neighbours."""
        picked = []
        if nearest is not None:
            picked.append(nearest[usable[nearest]][:pool])
        if self.config.bm25:
            picked.append(self.bm25.best(terms, pool, usable))
        rows = np.unique(np.concatenate(picked)) if picked else np.zeros(0, np.int64)
        if not self.config.spans:
            return rows
        around = np.unique(np.concatenate(self._windows(rows, max(self.config.spans))))
        around = around[around != _NONE]
        return np.asarray(around[usable[around]])

    def _score(self, terms: Sequence[str], vector: Floats, rows: Rows) -> Floats:
        """Return the (R,) fused scores of rows."""
        per_grain = [[unit(s) for s in grain] for grain in self._grains(terms, vector, rows)]
        flat = [scores for grain in per_grain for scores in grain]
        if self.config.fusion == "ranks":
            return np.asarray(reciprocal_rank(flat))
        means = [np.mean(grain, axis=0) for grain in per_grain]
        shares = route(means, self.config.temperature) if self.config.router else [1 / len(means)] * len(means)
        return np.asarray(sum(share * mean for share, mean in zip(shares, means, strict=True)))

    def _grains(self, terms: Sequence[str], vector: Floats, rows: Rows) -> list[list[Floats]]:
        """Return for each granularity the (R,) scores by meaning and by words."""
        wide = rows
        if self.config.spans:
            wide = np.unique(np.concatenate(self._windows(rows, max(self.config.spans))))
            wide = wide[wide != _NONE]
        cosines = self.dense.exact(vector, wide) if self.config.dense else np.zeros(0, np.float32)
        counts, lengths = self.bm25.counts(terms, wide), self.bm25.lengths(wide)
        grains = []
        for span in (0, *self.config.spans):
            window = self._windows(rows, span)
            places = [(np.searchsorted(wide, np.maximum(part, wide[0])), part != _NONE) for part in window]
            grain = []
            if self.config.dense:
                total = sum(np.where(there, cosines[at], 0) for at, there in places)
                norm = view(self._norms[span])[rows] if span else 1.0
                grain.append(np.asarray(total / np.maximum(norm, 1e-9)))
            if self.config.bm25:
                count = sum(counts[:, at] * there for at, there in places)
                length = sum(lengths[at] * there for at, there in places)
                mean = self.bm25.mean_length * float(sum(there.mean() for _, there in places))
                grain.append(self.bm25.weigh(terms, np.asarray(count), np.asarray(length), mean))
            grains.append(grain)
        if self.config.group and len(self._groups) > 1:
            grains.append(self._group_grain(terms, vector, rows))
        return grains

    def _group_grain(self, terms: Sequence[str], vector: Floats, rows: Rows) -> list[Floats]:
        groups, places = np.unique(view(self._group)[rows], return_inverse=True)
        grain = []
        if self.config.dense:
            sums = self._group_sums[groups]
            grain.append((sums @ vector / np.maximum(np.linalg.norm(sums, axis=1), 1e-9))[places])
        if self.config.bm25:
            grain.append(self._group_words.row_scores(terms, groups)[places])
        return grain

    def _decay(self, scores: Floats, rows: Rows, now_ns: int | None) -> Floats:
        if self.config.half_life_secs is None:
            return scores
        stamps = view(self._stamps)
        now = int(stamps.max()) if now_ns is None else now_ns
        age_secs = np.maximum(now - stamps[rows], 0) * 1e-9
        return np.asarray(scores * 0.5 ** (age_secs / self.config.half_life_secs))

    def _associate(self, rows: Rows, scores: Floats, usable: Mask) -> tuple[Rows, Floats]:
        """Return rows and scores with what the best rows are linked to."""
        shown = unit(scores)
        best = top(shown, self.config.seeds)
        seeds = {int(rows[i]): float(shown[i]) for i in best if shown[i] > 0}
        share = personalised_pagerank(self.links, seeds, self.config.restart)
        linked = np.array([row for row in share if usable[row]], np.int64)
        together = np.union1d(rows, linked)
        base, walk = np.zeros(len(together)), np.zeros(len(together))
        base[np.searchsorted(together, rows)] = shown
        walk[np.searchsorted(together, linked)] = [share[int(row)] for row in linked]
        return together, weighted_sum([base, walk], [1.0, self.config.graph_weight])

    def _rare_links(self, row: int) -> dict[int, float]:
        limit = min(self.config.max_degree, max(3, int(self.config.rare_share * len(self))))
        out: dict[int, float] = {}
        for term in self.bm25.terms(row):
            having = self.bm25.postings(term)
            if 2 <= len(having) <= limit:
                weight = self.bm25.idf(term) ** 2
                for other in having.tolist():
                    if other != row:
                        out[other] = out.get(other, 0.0) + weight
        return out

    def _windows(self, rows: Rows, span: int) -> list[Rows]:
        """Return 2 span + 1 arrays: rows, and what comes 1 to ``span`` before and after each, -1 where nothing does."""
        out = [rows]
        for steps in (view(self._before), view(self._after)):
            at = rows
            for _ in range(span):
                at = np.where(at == _NONE, _NONE, steps[at]) if len(steps) else at
                out.append(at)
        return out

    def _join(self, row: int, name: str, stems: Sequence[str]) -> None:
        group = self._groups.setdefault(name, len(self._groups))
        vector = self.dense.rows(np.array([row]))[0]
        if group == len(self._last):
            self._last.append(_NONE)
            if group == len(self._group_sums):
                self._group_sums = np.concatenate([self._group_sums, np.zeros_like(self._group_sums)])
            self._group_words.add_stems(())
        before = self._last[group]
        self._last[group] = row
        self._group_sums[group] += vector
        self._group_words.change(group, Counter(stems))
        self._group.append(group)
        self._before.append(before)
        self._after.append(_NONE)
        if before != _NONE:
            self._after[before] = row
        for norms in self._norms.values():
            norms.append(1.0)
        self._renew_norms(row)

    def _renew_norms(self, row: int) -> None:
        for span, norms in self._norms.items():
            for near in self._chain(row, span):
                norms[near] = float(np.linalg.norm(self.dense.rows(np.array(self._chain(near, span))).sum(axis=0)))

    def _chain(self, row: int, span: int) -> list[int]:
        out = [row]
        for steps in (self._before, self._after):
            at = row
            for _ in range(span):
                at = steps[at] if at != _NONE else _NONE
                if at != _NONE:
                    out.append(at)
        return out

    def _link(self, row: int, other: int, weight: float) -> None:
        if weight > 0:
            self._similar.setdefault(row, []).append((other, weight))
            self._similar.setdefault(other, []).append((row, weight))
