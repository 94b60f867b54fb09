"""Temporal memory: what was done just now, as a short list of sentences in order (RoboMemory, arXiv 2508.01415).

The list holds N entries at most. When it is full, its N entries are compressed into one, which stays in front of what
comes next: the further back, the coarser, and never out of order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engram.memory.contract import Event, Hit, Percepts, Query, Source
from engram.memory.packing import pack, unpack

Compressor = Callable[[Sequence[str]], str]
_TIMES = re.compile(r"(.*) \(x(\d+)\)")


@dataclass(frozen=True)
class TemporalConfig:
    """Options."""

    capacity: int = 4
    """Entries at most. The paper has 4 in one place and 3 in another."""
    max_chars: int = 600
    """Length of a compressed entry, by the default compressor."""
    compress: bool = True
    """Compress when full; otherwise the oldest entry is dropped."""

    def __post_init__(self) -> None:
        """Check the range."""
        if self.capacity < 1:
            raise ValueError(f"temporal memory needs a capacity of at least 1, got {self.capacity}")


@dataclass(frozen=True)
class Entry:
    """One sentence, and the first and last step that it tells of."""

    text: str
    first: Source
    last: Source


class TemporalStore:
    """A bounded list of step summaries."""

    name = "temporal"

    def __init__(self, config: TemporalConfig | None = None, compressor: Compressor | None = None) -> None:
        """Start empty.

        Args:
            config: options.
            compressor: makes one text of several, oldest first, normally a language model; rules when not given.

        """
        self.config = config or TemporalConfig()
        self._compressor = compressor or self._by_rule
        self._entries: tuple[Entry, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries, oldest first."""
        return self._entries

    def propose(self, percepts: Percepts) -> list[Event]:
        """Return the summary of the step as an event, with what the full list is compressed to."""
        if not percepts.summary:
            return []
        data: dict[str, Any] = {"text": percepts.summary}
        entries = self._entries
        if self.config.compress and len(entries) >= self.config.capacity:
            data["compressed"] = self._compressor([entry.text for entry in entries])
            data["until"] = entries[-1].last.stamp_ns
        return [Event(self.name, "append", percepts.source, data)]

    def apply(self, event: Event) -> None:
        """Append a summary.

        A compressed text is used only if it tells of just the entries that are there; a proposal may come late.
        """
        entries = self._entries
        if len(entries) >= self.config.capacity:
            if self.config.compress:
                fits = event.data.get("until") == entries[-1].last.stamp_ns
                text = event.data["compressed"] if fits else self._by_rule([entry.text for entry in entries])
                entries = (Entry(text, entries[0].first, entries[-1].last),)
            else:
                entries = entries[1:]
        entry = Entry(event.data["text"], event.source, event.source)
        self._entries = (*entries, entry) if self.config.capacity > 1 else (entry,)

    def recall(self, query: Query) -> list[Hit]:
        """Return the entries, newest first, whatever the question: what was done just now always matters."""
        entries = [e for e in self._entries if query.at_ns is None or e.first.stamp_ns <= query.at_ns]
        hits = []
        for age, entry in enumerate(reversed(entries)):
            data = {"place": len(entries) - 1 - age, "since_step": entry.first.step}
            hits.append(
                Hit(self.name, f"temporal-{entry.last.step}", entry.text, 1 / (2 + age), 1.0, entry.last, data=data)
            )
        return hits[: query.limit]

    def dump(self) -> bytes:
        """Return the whole state."""
        return pack([asdict(entry) for entry in self._entries], {})

    def load(self, state: bytes) -> None:
        """Replace the state by a dumped one."""
        rows, _ = unpack(state)
        self._entries = tuple(Entry(r["text"], Source(**r["first"]), Source(**r["last"])) for r in rows)

    def _by_rule(self, texts: Sequence[str]) -> str:
        return compress_by_rule(texts, self.config.max_chars)


def compress_by_rule(texts: Sequence[str], max_chars: int = 600) -> str:
    """Return one text that tells the same in order; repeats are counted, and the oldest goes when it grows too long."""
    runs: list[tuple[str, int]] = []
    for text in texts:
        for part in text.split("; "):
            counted = _TIMES.fullmatch(part)
            clause, count = (counted[1], int(counted[2])) if counted else (part.strip().rstrip("."), 1)
            if runs and runs[-1][0] == clause:
                runs[-1] = (clause, runs[-1][1] + count)
            elif clause and clause != "...":
                runs.append((clause, count))
    parts = [clause if count == 1 else f"{clause} (x{count})" for clause, count in runs]
    whole = "; ".join(parts)
    while len(whole) > max_chars and len(parts) > 1:
        parts = parts[1:]
        whole = "; ".join(["...", *parts])
    return whole if len(whole) <= max_chars else whole[: max(0, max_chars - 3)] + "..."
