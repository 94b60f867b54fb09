"""The smallest store there is, to try the file and the facade with; it can be made slow or faulty."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from engram.memory.contract import Event, Hit, Percepts, Query, Source


class Notes:
    """Keeps the summary of every step, ``copies`` times.

    ``hooks`` are called at the start of the method they are named after: a hook that sleeps or raises makes the store
    a slow or a faulty one.
    """

    def __init__(self, name: str = "notes", copies: int = 1) -> None:
        self.name = name
        self.copies = copies
        self.notes: list[list[Any]] = []  # id, text and the fields of the source
        self.hooks: dict[str, Callable[[], None]] = {}

    def propose(self, percepts: Percepts) -> list[Event]:
        """Return the notes to take."""
        self._hook("propose")
        ids = [f"{self.name}-{len(self.notes) + k}" for k in range(self.copies)]
        return [Event(self.name, "add", percepts.source, {"id": i, "text": percepts.summary}) for i in ids]

    def apply(self, event: Event) -> None:
        """Take a note."""
        self._hook("apply")
        s = event.source
        self.notes.append([event.data["id"], event.data["text"], s.robot, s.episode, s.step, s.stamp_ns])

    def recall(self, query: Query) -> list[Hit]:
        """Return the newest notes that hold the text of the query."""
        self._hook("recall")
        hits: list[Hit] = []
        for note in reversed(self.notes):
            if len(hits) == query.limit:
                break
            if query.text in note[1]:
                hits.append(Hit(self.name, note[0], note[1], 1.0 / (1 + len(hits)), 0.5, Source(*note[2:])))
        return hits

    def dump(self) -> bytes:
        """Return the notes as JSON."""
        self._hook("dump")
        return json.dumps(self.notes).encode()

    def load(self, state: bytes) -> None:
        """Replace the notes."""
        self.notes = json.loads(state)

    def _hook(self, name: str) -> None:
        if name in self.hooks:
            self.hooks[name]()
