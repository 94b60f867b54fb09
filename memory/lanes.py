"""A lane: one store, and the one thread that ever touches it.

What is asked of a store queues in its lane, so that a question sees exactly the changes that were submitted before it,
a slow store keeps only its own lane waiting, and an error stays in the future of the job that met it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Literal

from engram.memory.asking import Asking, Heeding, Sleeping
from engram.memory.contract import Event, HippocampusError, Hit, Percepts, Query, Source, Store, Undoing
from engram.memory.log import Log
from engram.memory.records import Draft, to_draft
from engram.memory.worker import Worker

_REMEMBERED = 64  # answers kept of each store, to fall back on
Queries = tuple[Query, ...]


class StoreFaultError(HippocampusError):
    """Raised in a lane whose store cannot be relied on, or does what the contract forbids."""


@dataclass(frozen=True)
class StoreHealth:
    """How a store is doing."""

    state: Literal["ready", "late", "quarantined"]
    dropped: int  # steps it has not taken in
    fault: str  # what went wrong last; empty when nothing did


@dataclass(eq=False)
class Lane:
    """A store with its queue. The methods below the line of jobs run in the lane's thread only."""

    store: Store
    executor: Worker
    torn: bool = False  # a change stopped halfway, the state is undefined
    dropped: int = 0
    fault: str = ""
    proposal: Future[list[Draft]] | None = None  # the one that missed its deadline
    overdue: list[Future[Any]] = field(default_factory=list)
    changes: int = 0  # commits that the store was part of
    answers: OrderedDict[Queries, Sequence[Hit]] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.name = self.store.name
        self.empty = self.store.dump()
        self.asks = self.store.asks if isinstance(self.store, Asking) else ""
        self.heeds = isinstance(self.store, Heeding)
        self.sleeper = isinstance(self.store, Sleeping)

    @property
    def late(self) -> bool:
        """Whether a job that missed its deadline is still under way."""
        self.overdue = [job for job in self.overdue if not job.done()]
        return bool(self.overdue) or (self.proposal is not None and not self.proposal.done())

    @property
    def health(self) -> StoreHealth:
        """How the store is doing now."""
        return StoreHealth("quarantined" if self.torn else "late" if self.late else "ready", self.dropped, self.fault)

    def is_unchanged(self, changes: int) -> bool:
        """Whether the store is as it was after so many changes, and none is under way."""
        return self.changes == changes and self.proposal is None and not self.torn

    # -- jobs

    def propose(self, percepts: Percepts, *answer: Any) -> list[Draft]:
        """Return the store's events as they will come back from the log, given what another answered, if it asks."""
        self._require_whole()
        store = self.store
        if answer and isinstance(store, Heeding):
            return [self._draft(event) for event in store.propose_with(percepts, *answer)]
        return [self._draft(event) for event in store.propose(percepts)]

    def answer(self, asker: Store, about: Percepts | Source) -> Any:
        """Return this store's answer to the question of another one."""
        self._require_whole()
        return asker.ask(self.store, about) if isinstance(asker, Asking) else None

    def sleep(self, source: Source, answer: Any | None) -> list[Draft]:
        """Return what comes of a sleep; nothing for a store that does not sleep."""
        self._require_whole()
        mine = self.store.sleep(source, answer) if isinstance(self.store, Sleeping) else ()
        return [self._draft(event) for event in mine]

    def undo(self, events: Sequence[Event], source: Source) -> list[Draft]:
        """Return what takes the store's own events back; nothing for a store that takes nothing back."""
        self._require_whole()
        mine = [event for event in events if event.store == self.name]
        return [self._draft(e) for e in self.store.undo(mine, source)] if isinstance(self.store, Undoing) else []

    def apply(self, events: Sequence[Event]) -> None:
        """Make committed changes; when one fails, the store is torn."""
        self._require_whole()
        with ExitStack() as on_error:
            on_error.callback(self._tear)
            for event in events:
                self.store.apply(event)
            on_error.pop_all()

    def recall(self, queries: Queries) -> Sequence[Hit]:
        """Return the hits of all queries, best first, each id once."""
        self._require_whole()
        best: dict[str, Hit] = {}
        for hit in (hit for query in queries for hit in self.store.recall(query)):
            if hit.id not in best or hit.score > best[hit.id].score:
                best[hit.id] = hit
        hits = tuple(sorted(best.values(), key=lambda h: (-h.score, h.id)))
        self.answers[queries] = hits
        self.answers.move_to_end(queries)
        if len(self.answers) > _REMEMBERED:
            self.answers.popitem(last=False)
        return hits

    def save(self, file: Log, version: int, keep: int) -> None:
        """Write a snapshot."""
        self._require_whole()
        file.save_snapshot(self.name, version, self.store.dump(), keep)

    def restore(self, file: Log, version: int) -> None:
        """Bring the store to a version by snapshot and replay, whatever its state was."""
        with ExitStack() as on_error:
            on_error.callback(self._tear)
            file.replay(self.store, self.empty, version)
            on_error.pop_all()
        self.torn = False

    def _tear(self) -> None:
        self.torn = True

    def _draft(self, event: Event) -> Draft:
        if event.store != self.name:
            raise StoreFaultError(
                f"store {self.name!r} proposed an event for {event.store!r}; stores change themselves"
            )
        return to_draft(event)

    def _require_whole(self) -> None:
        if self.torn:
            raise StoreFaultError(
                f"store {self.name!r} is quarantined ({self.fault}); reload it, or open the file again"
            )
