"""Long-term notes: texts with provenance, version, lifecycle, evidence and links, found by hybrid retrieval.

A note is active, archived (faded, but kept) or deleted (withdrawn, but on record), as in MemOS (arXiv 2507.03724); its
former texts stay in its history. Notes that resemble each other are linked (A-MEM, arXiv 2502.12110).
"""

from __future__ import annotations

import base64
import heapq
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any, Literal, get_args

import numpy as np

from engram.memory.contract import HippocampusError, Json, Source
from engram.memory.forgetting import ForgettingConfig, Trace, recalled, retained
from engram.memory.packing import pack, unpack
from engram.memory.retrieval.dense import Floats, Rows
from engram.memory.retrieval.fuse import top
from engram.memory.retrieval.graph import personalised_pagerank
from engram.memory.retrieval.hopfield import HopfieldConfig, complete
from engram.memory.retrieval.hybrid import HybridConfig, HybridIndex
from engram.perception.text import TextEmbedder

_log = logging.getLogger(__name__)
_NEAR = 64  # parts of notes that a cue is compared with, in a large store; and as many tell what chance gives
_MOST_LINKS = 32  # of a note; of those that were linked to it later, the newest stay
_PUSHES = 10  # notes whose links a question follows
_LAYOUT = 2  # of dumps; 2: former versions of notes are kept with their evidence
State = Literal["active", "archived", "deleted"]


class NoteError(HippocampusError):
    """Raised for a change that does not fit the notes there are."""


@dataclass(frozen=True)
class Version:
    """What a note said before it was rewritten, and what spoke for and against it by then."""

    text: str
    source: Source
    support: int
    against: int


@dataclass(frozen=True)
class Note:
    """One long-term memory."""

    id: str
    kind: str  # class that sets how fast it fades: "episode", "action", "task"
    text: str
    source: Source  # of its newest version
    trace: Trace
    version: int = 1
    state: State = "active"
    support: int = 1  # observations that agree
    against: int = 0  # ... and that contradict
    links: tuple[str, ...] = ()
    history: tuple[Version, ...] = ()  # former versions, oldest first
    data: Json = field(default_factory=dict)

    @property
    def belief(self) -> float:
        """Mean of the Beta distribution after the observations, from an even prior."""
        return (self.support + 1) / (self.support + self.against + 2)

    @property
    def first_ns(self) -> int:
        """Stamp of the first version."""
        return self.history[0].source.stamp_ns if self.history else self.source.stamp_ns

    def at(self, stamp_ns: int) -> Note | None:
        """Return the note as it was at a time; None when there was none yet."""
        if self.source.stamp_ns <= stamp_ns:
            return self
        known = [number for number, old in enumerate(self.history) if old.source.stamp_ns <= stamp_ns]
        if not known:
            return None
        old = self.history[known[-1]]
        about = {key: value for key, value in self.data.items() if key in ("subject", "position_m")}  # these stay
        was = replace(self, text=old.text, source=old.source, support=old.support, against=old.against, data=about)
        return replace(was, version=known[-1] + 1, history=self.history[: known[-1]])


@dataclass(frozen=True, eq=False)
class Recognition:
    """What notes a cue calls to mind."""

    known: bool
    confidence: float  # that the nearest note, or one nearly the same, is meant; 0 when unknown
    best: float  # cosine of the nearest
    cosines: Mapping[str, float]  # of the notes near the cue, by the nearest part of each
    rows: Rows  # of the index, nearest first


class Notebook:
    """Notes by id. Reading changes nothing; all changes are deterministic."""

    def __init__(
        self,
        embedder: TextEmbedder,
        retrieval: HybridConfig | None = None,
        forgetting: ForgettingConfig | None = None,
        links: int = 5,
        link_cosine: float = 0.5,
    ) -> None:
        """Start empty.

        Args:
            embedder: of texts; vectors of other embedders are made anew from the text.
            retrieval: options of the index.
            forgetting: options of fading.
            links: a new note is linked to at most so many others.
            link_cosine: ... that are at least so near.

        """
        self.embedder, self.forgetting = embedder, forgetting or ForgettingConfig()
        self._retrieval = retrieval or HybridConfig(spans=(), group=False)
        self._options = replace(self._retrieval, graph=False)  # notes have links of their own, which `_spread` follows
        self._links, self._link_cosine = links, link_cosine
        self._notes: dict[str, Note] = {}
        self._parts: dict[str, tuple[str, ...]] = {}  # texts that each note is found by
        self._parts_max = 1
        self._rows: dict[str, list[int]] = {}  # ... and their rows in the index
        self._owners: list[str] = []  # note of each row of the index
        self._clock_ns = 0
        self._search = HybridIndex(embedder.dims, self._options)

    def __len__(self) -> int:
        return len(self._notes)

    def __getitem__(self, note_id: str) -> Note:
        if note_id not in self._notes:
            raise NoteError(f"there is no note {note_id!r}")
        return self._notes[note_id]

    def __contains__(self, note_id: str) -> bool:
        return note_id in self._notes

    @property
    def clock_ns(self) -> int:
        """Time of the newest thing that happened to a note."""
        return self._clock_ns

    @property
    def notes(self) -> tuple[Note, ...]:
        """All notes, in the order they were made."""
        return tuple(self._notes.values())

    def newest(self) -> Iterator[Note]:
        """Yield all notes, the last one made first."""
        return reversed(self._notes.values())

    def encode(self, texts: Sequence[str]) -> list[dict[str, str]]:
        """Return the vectors of texts as event data, so that a replay needs no model."""
        vectors = self.embedder.embed(texts)
        return [{"by": self.embedder.name, "f2": base64.b64encode(v.astype("<f2").tobytes()).decode()} for v in vectors]

    def similar(self, code: Json) -> list[str]:
        """Return the notes to link a new one to, as event data, given the encoded vector of its first part."""
        return self._nearest(self._vector("", code)) if self._links else []

    def add(self, note: Note, parts: Mapping[str, Json] | None = None, similar: Sequence[str] | None = None) -> None:
        """Add a note.

        Args:
            note: the note; its id must be new.
            parts: texts to find it by and their encoded vectors; made of the note's text when not given.
            similar: notes to link it to, so that a replay by another embedder links the same; found when not given.

        """
        if note.id in self._notes:
            raise NoteError(f"there is a note {note.id!r} already")
        vectors = {text: self._vector(text, code) for text, code in (parts or {note.text: {}}).items()}
        if similar is None:
            similar = self._nearest(next(iter(vectors.values()))) if self._links else []
        near = [note_id for note_id in similar if note_id in self._notes]
        self._notes[note.id] = note
        self._put(note.id, links=tuple(dict.fromkeys((*note.links, *near))))
        for other in near:
            links = self._notes[other].links
            if len(links) >= _MOST_LINKS:
                links = (*links[: self._links], *links[self._links + 1 :])
            self._put(other, links=(*links, note.id))
        if note.state == "active":
            self._index(note.id, vectors)

    def rewrite(
        self, note_id: str, text: str, source: Source, code: Json | None = None, data: Json | None = None
    ) -> None:
        """Give a note a new text, and new data if there are some: a new version, found by the new text from now on."""
        note = self[note_id]
        if note.state != "active":
            raise NoteError(f"note {note_id!r} is {note.state}; make it active before rewriting it")
        self._unindex(note_id)
        history = (*note.history, Version(note.text, note.source, note.support, note.against))
        data = note.data if data is None else data
        self._put(note_id, text=text, source=source, version=note.version + 1, history=history, data=data)
        self._index(note_id, {text: self._vector(text, code or {})})

    def evidence(self, note_id: str, support: int, against: int, source: Source) -> None:
        """Count observations for and against a note; being confirmed strengthens it like a recall."""
        note = self[note_id]
        trace = recalled(note.trace, source.stamp_ns, self.forgetting) if support > 0 else note.trace
        counts = {"support": max(0, note.support + support), "against": max(0, note.against + against)}
        self._put(note_id, trace=trace, **counts)

    def set_state(self, note_id: str, state: State) -> None:
        """Move a note through its lifecycle; only active notes are found."""
        if state not in get_args(State):
            raise NoteError(f"a note is one of {', '.join(get_args(State))}, not {state!r}")
        if state == "active" and self[note_id].state != "active":
            self._index(
                note_id, {text: self._vector(text, {}) for text in self._parts.get(note_id, (self[note_id].text,))}
            )
        elif state != "active":
            self._unindex(note_id)
        self._put(note_id, state=state)

    def strengthen(self, ids: Iterable[str], now_ns: int) -> None:
        """Take note of a recall."""
        for note_id in ids:
            if note_id in self._notes:
                self._put(note_id, trace=recalled(self._notes[note_id].trace, now_ns, self.forgetting))

    def faded(self, now_ns: int) -> list[str]:
        """Return the active notes that should be archived."""
        limit = self.forgetting.archive_below
        return [n.id for n in self._notes.values() if n.state == "active" and self.retention(n, now_ns) < limit]

    def retention(self, note: Note, now_ns: int) -> float:
        """Return how much of a note is left at a time, in (0, 1]."""
        return retained(note.trace, note.kind, now_ns, self.forgetting)

    def search(
        self, text: str, vector: Floats, count: int, nearest: Rows | None = None, until_ns: int | None = None
    ) -> list[tuple[Note, float]]:
        """Return the best active notes and their scores, best first; of equal ones the newest first.

        Args:
            text: the question.
            vector: (D,) its unit vector.
            count: of notes wanted.
            nearest: rows nearest to the vector, as `associate` gives them; looked for when not given.
            until_ns: only notes that there were by this time.

        """
        best: dict[str, float] = {}
        depth = max(count, self._links) * self._parts_max
        if nearest is not None and len(nearest) < max(depth, self._retrieval.pool):
            nearest = None
        for found in self._search.search(text, vector, depth, until_ns=until_ns, nearest=nearest):
            best.setdefault(self._owners[found.row], found.score)
        if self._retrieval.graph:
            best = self._spread(best)
        if until_ns is not None:
            best = {note_id: score for note_id, score in best.items() if self._notes[note_id].first_ns <= until_ns}
        least = min(heapq.nlargest(count, best.values()), default=0.0)
        ranked = [(self._notes[note_id], score) for note_id, score in best.items() if score >= least]
        return sorted(ranked, key=lambda pair: (-pair[1], -pair[0].source.stamp_ns, pair[0].id))[:count]

    def associate(self, vector: Floats, config: HopfieldConfig) -> Recognition:
        """Return what active notes a (D,) cue calls to mind."""
        dense = self._search.dense
        alive = np.flatnonzero(dense.alive)
        if len(alive) <= 2 * _NEAR:
            cosines = dense.exact(vector, alive)
            order = top(cosines, len(alive))
            rows, cosines = alive[order], cosines[order]
            done = complete(dense.rows(rows), vector, config)
        else:
            rows, cosines = dense.search(vector, max(_NEAR, self._retrieval.pool))
            sample = dense.rows(alive[:: len(alive) // _NEAR])
            done = complete(dense.rows(rows[:_NEAR]), vector, config, sample=sample, total=len(alive))
        owners = [self._owners[row] for row in rows.tolist()]
        nearest: dict[str, float] = {}
        for owner, cosine in zip(owners, cosines.tolist(), strict=True):
            nearest.setdefault(owner, cosine)
        meant = {owners[place] for place in done.cluster.tolist()}  # other parts of a note speak for it, not against it
        shares = zip(owners, done.weights.tolist(), strict=False)  # the farthest of many rows were not looked at
        confidence = sum(weight for owner, weight in shares if owner in meant) if done.known else 0.0
        return Recognition(done.known, min(confidence, 1.0), done.cosine, nearest, rows)

    def cosine(self, note_id: str, vector: Floats) -> float:
        """Return the cosine of the part of an active note that is nearest to a (D,) unit vector."""
        return float((self.vectors(note_id) @ vector).max(initial=0.0))

    def vectors(self, note_id: str) -> Floats:
        """Return the (P, D) vectors of the parts of a note; none when it is not active."""
        return self._search.dense.rows(np.array(self._rows.get(note_id, ()), np.int64))

    def heads(self, ids: Sequence[str]) -> Floats:
        """Return the (N, D) vectors of the first parts of N active notes."""
        return self._search.dense.rows(np.array([self._rows[note_id][0] for note_id in ids], np.int64))

    def dump(self, meta: Any = None) -> bytes:
        """Return the whole state, with ``meta`` of the store."""
        order = sorted(self._rows, key=lambda note_id: self._rows[note_id][0])
        rows = [row for note_id in order for row in self._rows[note_id]]
        vectors = self._search.dense.rows(np.array(rows, np.int64)).astype("<f2")
        notes = [_row(note) for note in self._notes.values()]
        parts = {note_id: list(texts) for note_id, texts in self._parts.items()}
        state = {"notes": notes, "parts": parts, "order": order, "embedder": self.embedder.name, "store": meta}
        return pack(state, {"vectors": vectors.view(np.uint8).reshape(len(rows), 2 * self.embedder.dims)}, _LAYOUT)

    def load(self, state: bytes) -> Any:
        """Replace the state by a dumped one and return the ``meta`` of the store.

        Vectors that another embedder made are made anew from the texts.
        """
        meta, arrays = unpack(state, _LAYOUT)
        self._clear()
        self._notes = {row["id"]: note_of(row) for row in meta["notes"]}
        self._clock_ns = max((note.trace.last_ns for note in self._notes.values()), default=0)
        self._parts = {note_id: tuple(texts) for note_id, texts in meta["parts"].items()}
        texts = [text for note_id in meta["order"] for text in self._parts[note_id]]
        if meta["embedder"] == self.embedder.name:
            vectors = arrays["vectors"].view("<f2").astype(np.float32)
        else:
            _log.warning(
                "%d texts embedded by %s are embedded anew by %s", len(texts), meta["embedder"], self.embedder.name
            )
            vectors = _rounded(self.embedder.embed(texts))
        made = iter(vectors)
        for note_id in meta["order"]:
            self._index(note_id, {text: next(made) for text in self._parts[note_id]})
        return meta["store"]

    def _spread(self, best: Mapping[str, float]) -> dict[str, float]:
        """Give what is linked to the best notes a part of their score, where that is more than its own."""
        seeds = dict(heapq.nlargest(self._retrieval.seeds, best.items(), key=itemgetter(1)))
        share = personalised_pagerank(self._links_of, seeds, max_pushes=_PUSHES)
        most = max(share.values(), default=1.0)
        weight = self._retrieval.graph_weight / (1 + self._retrieval.graph_weight) * max(best.values(), default=0.0)
        out = dict(best)
        for note_id, part in share.items():
            if self._notes[note_id].state == "active":
                out[note_id] = max(out.get(note_id, 0.0), weight * part / most)
        return out

    def _links_of(self, note_id: str) -> list[tuple[str, float]]:
        return [(other, 1.0) for other in self._notes[note_id].links]

    def _clear(self) -> None:
        self._notes.clear()
        self._parts.clear()
        self._rows.clear()
        self._owners.clear()
        self._parts_max, self._clock_ns = 1, 0
        self._search = HybridIndex(self.embedder.dims, self._options)

    def _put(self, note_id: str, **changes: Any) -> None:
        note = self._notes[note_id] = replace(self._notes[note_id], **changes)
        self._clock_ns = max(self._clock_ns, note.trace.last_ns)

    def _nearest(self, vector: Floats) -> list[str]:
        rows, cosines = self._search.dense.search(vector, self._links)
        return list(
            dict.fromkeys(self._owners[r] for r, c in zip(rows, cosines, strict=True) if c >= self._link_cosine)
        )

    def _index(self, note_id: str, vectors: Mapping[str, Floats]) -> None:
        stamp_ns = self._notes[note_id].first_ns
        rows = [self._search.add(text, vector, stamp_ns, note_id) for text, vector in vectors.items()]
        self._owners += [note_id] * len(rows)
        self._rows[note_id], self._parts[note_id] = rows, tuple(vectors)
        self._parts_max = max(self._parts_max, len(rows))

    def _unindex(self, note_id: str) -> None:
        for row in self._rows.pop(note_id, ()):
            self._search.remove(row)

    def _vector(self, text: str, code: Json) -> Floats:
        if code.get("by") == self.embedder.name:
            return np.frombuffer(base64.b64decode(code["f2"]), "<f2").astype(np.float32)
        made: Floats = _rounded(self.embedder.embed([text]))[0]
        return made


def _rounded(vectors: Floats) -> Floats:
    """Return vectors as they come back from events and snapshots, which keep half precision."""
    return vectors.astype("<f2").astype(np.float32)


def vectors_of(state: bytes) -> tuple[str, list[str], Floats]:
    """Return what a dumped notebook is found by: its embedder, and (P, D) vectors of parts of active notes.

    The id of a part changes when its text does: ``note@version/number``.
    """
    meta, arrays = unpack(state, _LAYOUT)
    versions = {row["id"]: row["version"] for row in meta["notes"]}
    ids = [f"{i}@{versions[i]}/{part}" for i in meta["order"] for part in range(len(meta["parts"][i]))]
    return meta["embedder"], ids, arrays["vectors"].view("<f2").astype(np.float32)


def _row(note: Note) -> dict[str, Any]:
    """Return a note as plain data; `asdict` would copy it deeply, at many times the cost."""
    history = [{**vars(old), "source": vars(old.source)} for old in note.history]
    return {**vars(note), "source": vars(note.source), "trace": vars(note.trace), "history": history}


def note_of(row: Mapping[str, Any]) -> Note:
    """Return the note of its plain data."""
    history = tuple(Version(**{**old, "source": Source(**old["source"])}) for old in row["history"])
    fixed = {"links": tuple(row["links"]), "history": history}
    return Note(**{**row, **fixed, "source": Source(**row["source"]), "trace": Trace(**row["trace"])})
