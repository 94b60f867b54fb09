"""What episodic and semantic memory share: notes that are recalled, strengthened, and archived as they fade."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engram.memory.contract import Event, Hit, Percepts, Query, Source
from engram.memory.forgetting import ForgettingConfig
from engram.memory.notebook import Note, Notebook, NoteError, Recognition
from engram.memory.retrieval.dense import Floats
from engram.memory.retrieval.hopfield import HopfieldConfig
from engram.memory.retrieval.hybrid import HybridConfig
from engram.perception.text import CachedEmbedder, HashedNgrams, TextEmbedder


@dataclass(frozen=True)
class LongTermConfig:
    """Switches of long-term memory."""

    retrieval: HybridConfig = field(default_factory=HybridConfig)
    forgetting: ForgettingConfig = field(default_factory=ForgettingConfig)
    hopfield: HopfieldConfig = field(default_factory=HopfieldConfig)
    strengthen: bool = True
    """Whether what is recalled is kept longer."""
    links: int = 5
    """Links of a new note to the most similar ones; 0 for none."""
    link_cosine: float = 0.5


class LongTermStore(ABC):
    """A store of notes. Subclasses say what is worth a note."""

    name = "longterm"

    def __init__(self, config: LongTermConfig, embedder: TextEmbedder | None = None) -> None:
        """Start empty; without an embedder, hashed n-grams are used."""
        self.embedder = embedder or CachedEmbedder(HashedNgrams())
        self._config = config
        self.notebook = Notebook(self.embedder, config.retrieval, config.forgetting, config.links, config.link_cosine)
        self._recalled: dict[str, int] = {}  # note -> time of a recall that no event tells of yet; no part of the state

    @abstractmethod
    def propose(self, percepts: Percepts) -> list[Event]:
        """Return the changes that the percepts call for."""

    def apply(self, event: Event) -> None:
        """Make a committed change.

        Raises:
            NoteError: the event is not one of this store, or does not fit its notes.

        """
        if event.kind == "recalled":
            self.notebook.strengthen(event.data["ids"], event.source.stamp_ns)
            for note_id in event.data["ids"]:
                self._recalled.pop(note_id, None)
        elif event.kind == "archive":
            for note_id in event.data["ids"]:
                if note_id in self.notebook and self.notebook[note_id].state == "active":
                    self.notebook.set_state(note_id, "archived")
        else:
            raise NoteError(f"the {self.name} store has no events of kind {event.kind!r}")

    def upkeep(self, percepts: Percepts) -> list[Event]:
        """Return what follows from recalls since the last step, as an event or none."""
        heard = sorted(self._recalled.copy())
        if not heard or not self._config.strengthen:
            return []
        return [Event(self.name, "recalled", percepts.source, {"ids": heard})]

    def sleep(self, source: Source, answer: Any | None = None) -> list[Event]:
        """Return that what has faded is archived, as an event or none."""
        if not self._config.forgetting.enabled:
            return []
        heard = self._recalled.copy()
        gone = [note_id for note_id in self.notebook.faded(source.stamp_ns) if note_id not in heard]
        return [Event(self.name, "archive", source, {"ids": gone})] if gone else []

    def recall(self, query: Query) -> list[Hit]:
        """Return the notes that answer a question, best first.

        The confidence of a hit is the belief in the note, times how much of it is left, times how clearly the question
        calls it to mind; 0 when the question resembles nothing that is known.
        """
        vector = self.embedder.embed([query.text])[0]
        cue = self.notebook.associate(vector, self._config.hopfield)
        then = min((t for t in (query.at_ns, query.known_ns) if t is not None), default=None)
        query = replace(query, at_ns=then)  # notes are of what was believed: later, nothing is learnt of then
        found = self.notebook.search(query.text, vector, self._depth(query), cue.rows, then)
        hits = [hit for note, score in found if (hit := self._hit(note, score, query, vector, cue)) is not None]
        hits = self._choose(sorted(hits, key=lambda hit: (-hit.score, -hit.source.stamp_ns, hit.id)), query)
        if self._config.strengthen and query.at_ns is None:
            self._recalled.update({hit.id: self.notebook.clock_ns for hit in hits if hit.confidence > 0})
        return hits

    def _hit(self, new: Note, score: float, query: Query, vector: Floats, cue: Recognition) -> Hit | None:
        """Return a note as an answer; None when it does not meet the conditions of time and place."""
        note = new if query.at_ns is None else new.at(query.at_ns)
        if note is None or not _is_near(note, query):
            return None
        now_ns = self.notebook.clock_ns if query.at_ns is None else query.at_ns
        left = self.notebook.retention(note, now_ns)
        meant = 1.0
        if self._config.hopfield.enabled:
            cosine = cue.cosines.get(note.id)
            cosine = self.notebook.cosine(note.id, vector) if cosine is None else cosine
            meant = cue.confidence * max(cosine, 0.0) / cue.best if cue.known else 0.0
        known = cue.known or not self._config.hopfield.enabled
        data = {"kind": note.kind, "version": note.version, "support": note.support, "against": note.against}
        data |= {"links": list(note.links), "known": known, **note.data}
        position = note.data.get("position_m")
        place = None if position is None else (position[0], position[1], position[2])
        confidence = note.belief * left * min(meant, 1.0)
        return Hit(self.name, note.id, note.text, score * (1 + left) / 2, confidence, note.source, place, data)

    def dump(self) -> bytes:
        """Return the whole state."""
        return self.notebook.dump(self._meta())

    def load(self, state: bytes) -> None:
        """Replace the state by a dumped one."""
        self._set_meta(self.notebook.load(state))
        self._recalled.clear()

    def _depth(self, query: Query) -> int:
        """Return how many notes to look at: more when conditions will drop some."""
        free = query.at_ns is None and query.near_m is None
        return max(2 * query.limit, 10) if free else max(20 * query.limit, 100)

    def _choose(self, hits: Sequence[Hit], query: Query) -> list[Hit]:
        return list(hits[: query.limit])

    def _meta(self) -> Any:
        return None

    def _set_meta(self, meta: Any) -> None:
        return None


def _is_near(note: Note, query: Query) -> bool:
    """Whether a note meets the condition of place."""
    if query.near_m is None or query.within_m is None:
        return True
    position = note.data.get("position_m")
    return position is not None and math.dist(position, query.near_m) <= query.within_m
