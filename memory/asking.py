"""Stores that rest on one another, and stores that sleep: what a store may offer beyond the contract.

Only its own thread ever touches a store, so a store does not call another. It names the one that it ``asks``, and the
facade has the question put in that store's thread and passes the answer on: who the things in view are, to the graph
from the object map, before it proposes; which attempts there were, to semantic memory from episodic memory, before it
sleeps. Who asks gets no answer (None) when the other is not there, is late or failed, and makes do without: what it
proposes is then committed without what the other failed to propose, and nothing in it may rest on that.

A store that sleeps is asked between tasks for what takes time and can wait, as events that are committed like those of
a step: lessons from many attempts, and notes to archive because they have faded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from engram.memory.contract import Event, Percepts, Source


@runtime_checkable
class Asking(Protocol):
    """A store that has a question to another one."""

    asks: str
    """Name of the other store."""

    def ask(self, other: Any, about: Percepts | Source) -> Any:
        """Put the question to the other store and return a plain answer; runs in the other's thread.

        Changes neither store, and reads nothing that changes of its own.
        """
        ...


@runtime_checkable
class Heeding(Asking, Protocol):
    """A store that asks before it proposes."""

    def propose_with(self, percepts: Percepts, answer: Any | None) -> Sequence[Event]:
        """Propose as in the contract, given the answer to ``ask(other, percepts)``."""
        ...


@runtime_checkable
class Sleeping(Protocol):
    """A store that has work to do between tasks; it may be Asking, too."""

    def sleep(self, source: Source, answer: Any | None = None) -> Sequence[Event]:
        """Return changes that follow from what is known already; changes nothing.

        Args:
            source: of the newest event in memory; the changes have it, too.
            answer: to ``ask(other, source)``, of a store that asks.

        """
        ...
