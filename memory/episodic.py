"""Episodic memory: whole attempts at tasks, with their outcome and, of failures, the cause (RoboMemory, section 1.8).

The steps of a running attempt are kept as they come; when the task ends they become one note, which is found by the
task and by any stretch of its steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engram.memory.contract import Event, Percepts, Source
from engram.memory.forgetting import Trace
from engram.memory.longterm import LongTermConfig, LongTermStore
from engram.memory.notebook import Note
from engram.memory.retrieval.dense import Floats
from engram.memory.retrieval.hybrid import HybridConfig
from engram.perception.text import TextEmbedder

SUCCESS = "success"


@dataclass(frozen=True)
class EpisodicConfig(LongTermConfig):
    """Switches of episodic memory."""

    retrieval: HybridConfig = field(default_factory=lambda: HybridConfig(spans=(1,), group=True))
    segment_steps: int = 8
    """Steps that are found together; a task and its segments are what an attempt is found by."""
    max_steps: int = 500
    """Steps kept of one attempt; of longer ones the first half is thinned out."""


class EpisodicStore(LongTermStore):
    """Attempts at tasks."""

    name = "episodic"

    def __init__(self, config: EpisodicConfig | None = None, embedder: TextEmbedder | None = None) -> None:
        """Start empty; without an embedder, hashed n-grams are used."""
        self.config = config or EpisodicConfig()
        super().__init__(self.config, embedder)
        self._running: dict[str, list[tuple[int, str]]] = {}  # robot and episode -> (step, summary)

    def propose(self, percepts: Percepts) -> list[Event]:
        """Return the step, and the whole attempt when its task ended."""
        events = self.upkeep(percepts)
        if percepts.summary:
            events.append(Event(self.name, "step", percepts.source, {"text": percepts.summary}))
        if percepts.outcome:
            events.append(self._end(percepts))
        return events

    def apply(self, event: Event) -> None:
        """Make a committed change."""
        if event.kind == "step":
            steps = self._running.setdefault(_key(event.source), [])
            steps.append((event.source.step, event.data["text"]))
            if len(steps) > self.config.max_steps:
                half = len(steps) // 2
                steps[:half] = steps[:half:2]
        elif event.kind == "end":
            self._finish(event)
        else:
            super().apply(event)

    def attempts(self, newest: int | None = None) -> list[tuple[Note, Floats]]:
        """Return the active attempts, or the newest of them, and the (D,) vectors of their tasks, oldest first."""
        active = [note for note in self.notebook.notes if note.state == "active"]
        active = active if newest is None else active[max(0, len(active) - newest) :]
        return [(note, self.notebook.vectors(note.id)[0]) for note in active]

    def _end(self, percepts: Percepts) -> Event:
        steps = [text for _, text in self._running.get(_key(percepts.source), ())]
        steps += [percepts.summary] if percepts.summary else []
        task = percepts.task or (steps[0] if steps else "unnamed task")
        heads = [task] if percepts.outcome == SUCCESS else [task, f"failed, {percepts.outcome}"]
        size = self.config.segment_steps
        texts = list(dict.fromkeys([*heads, *("; ".join(steps[i : i + size]) for i in range(0, len(steps), size))]))
        codes = self.notebook.encode(texts)
        parts = [[text, code] for text, code in zip(texts, codes, strict=True)]
        data: dict[str, Any] = {"task": task, "outcome": percepts.outcome, "parts": parts}
        data["similar"] = self.notebook.similar(codes[0])
        if percepts.base is not None:
            data["position_m"] = [percepts.base[0], percepts.base[1], 0.0]
        return Event(self.name, "end", percepts.source, data)

    def _finish(self, event: Event) -> None:
        source, task, outcome = event.source, event.data["task"], event.data["outcome"]
        steps = self._running.pop(_key(source), [])
        success = outcome == SUCCESS
        text = f"{task}: {'succeeded' if success else f'failed, {outcome}'} after {len(steps)} steps"
        data = {
            "task": task,
            "outcome": outcome,
            "cause": "" if success else outcome,
            "steps": [list(step) for step in steps],
            "position_m": event.data.get("position_m"),
        }
        note_id = f"episode:{source.robot}:{source.episode}:{source.step}"
        note = Note(note_id, "episode", text, source, Trace(source.stamp_ns), data=data)
        self.notebook.add(note, dict(event.data["parts"]), event.data.get("similar"))

    def _meta(self) -> Any:
        return self._running

    def _set_meta(self, meta: Any) -> None:
        self._running = {key: [(step, text) for step, text in steps] for key, steps in meta.items()}


def _key(source: Source) -> str:
    return f"{source.robot}\x1f{source.episode}"
