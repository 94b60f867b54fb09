"""Episodic memory: whole attempts at tasks, with their outcome and, of failures, the cause (RoboMemory, section 1.8).

The steps of a running attempt are kept as they come; when the task ends they become one note, which is found by the
task and by any stretch of its steps. So do those of an attempt that was cut off, when the robot begins another episode.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from engram.memory.contract import Event, Percepts, Source
from engram.memory.forgetting import Trace
from engram.memory.longterm import LongTermConfig, LongTermStore
from engram.memory.notebook import Note
from engram.memory.retrieval.dense import Floats
from engram.memory.retrieval.hybrid import HybridConfig
from engram.perception.text import TextEmbedder

SUCCESS, INTERRUPTED = "success", "interrupted"


@dataclass
class _Attempt:
    """An attempt under way."""

    source: Source  # of its newest step
    task: str = ""
    steps: list[tuple[int, str]] = field(default_factory=list)  # (step, summary)


@dataclass(frozen=True)
class EpisodicConfig(LongTermConfig):
    """Switches of episodic memory."""

    retrieval: HybridConfig = field(default_factory=lambda: HybridConfig(spans=(1,), group=True, pool=50))
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
        self._running: dict[str, _Attempt] = {}  # by robot and episode

    def propose(self, percepts: Percepts) -> list[Event]:
        """Return the step, the whole attempt when its task ended, and those that were cut off before."""
        source = percepts.source
        events = self.upkeep(percepts)
        events += [self._cut_off(old, source) for old in self._running.values() if _is_left(old.source, source)]
        if percepts.summary:
            data = {"text": percepts.summary}
            running = self._running.get(_key(source))
            if percepts.task and (running is None or percepts.task != running.task):
                data["task"] = percepts.task
            events.append(Event(self.name, "step", source, data))
        if percepts.outcome:
            events.append(self._end(percepts))
        return events

    def apply(self, event: Event) -> None:
        """Make a committed change."""
        if event.kind == "step":
            attempt = self._running.setdefault(_key(event.source), _Attempt(event.source))
            attempt.source, attempt.task = event.source, event.data.get("task", attempt.task)
            attempt.steps.append((event.source.step, event.data["text"]))
            if len(attempt.steps) > self.config.max_steps:
                half = len(attempt.steps) // 2
                attempt.steps[:half] = attempt.steps[:half:2]
        elif event.kind == "end":
            self._finish(event)
        else:
            super().apply(event)

    def attempts(self, newest: int | None = None) -> list[tuple[Note, Floats]]:
        """Return the active attempts, or the newest of them, and the (D,) vectors of their tasks, oldest first.

        Attempts that were cut off are left out: they tell nothing of the task.
        """
        ended = (n for n in self.notebook.newest() if n.state == "active" and n.data["outcome"] != INTERRUPTED)
        found = list(itertools.islice(ended, newest))[::-1]
        return list(zip(found, self.notebook.heads([note.id for note in found]), strict=True))

    def _end(self, percepts: Percepts) -> Event:
        running = self._running.get(_key(percepts.source))
        steps = [text for _, text in running.steps] if running else []
        steps += [percepts.summary] if percepts.summary else []
        task = percepts.task or (running.task if running else "") or (steps[0] if steps else "unnamed task")
        data = self._whole(task, percepts.outcome, steps)
        if percepts.base is not None:
            data["position_m"] = [percepts.base[0], percepts.base[1], 0.0]
        return Event(self.name, "end", percepts.source, data)

    def _cut_off(self, attempt: _Attempt, source: Source) -> Event:
        steps = [text for _, text in attempt.steps]
        data = self._whole(attempt.task or steps[0], INTERRUPTED, steps)
        return Event(self.name, "end", source, {**data, "of": asdict(attempt.source)})

    def _whole(self, task: str, outcome: str, steps: Sequence[str]) -> dict[str, Any]:
        """Return what an attempt is found by."""
        heads = [task] if outcome == SUCCESS else [task, _how(outcome)]
        size = self.config.segment_steps
        texts = list(dict.fromkeys([*heads, *("; ".join(steps[i : i + size]) for i in range(0, len(steps), size))]))
        codes = self.notebook.encode(texts)
        parts = [[text, code] for text, code in zip(texts, codes, strict=True)]
        return {"task": task, "outcome": outcome, "parts": parts, "similar": self.notebook.similar(codes[0])}

    def _finish(self, event: Event) -> None:
        source = Source(**event.data["of"]) if "of" in event.data else event.source
        task, outcome = event.data["task"], event.data["outcome"]
        running = self._running.pop(_key(source), None)
        steps = running.steps if running else []
        text = f"{task}: {_how(outcome)} after {len(steps)} steps"
        data = {
            "task": task,
            "outcome": outcome,
            "cause": "" if outcome in (SUCCESS, INTERRUPTED) else outcome,
            "steps": [list(step) for step in steps],
            "position_m": event.data.get("position_m"),
        }
        note_id = f"episode:{source.robot}:{source.episode}:{source.step}"
        note = Note(note_id, "episode", text, source, Trace(source.stamp_ns), data=data)
        self.notebook.add(note, dict(event.data["parts"]), event.data.get("similar"))

    def _meta(self) -> Any:
        return {key: asdict(attempt) for key, attempt in self._running.items()}

    def _set_meta(self, meta: Any) -> None:
        self._running = {
            key: _Attempt(Source(**row["source"]), row["task"], [(step, text) for step, text in row["steps"]])
            for key, row in meta.items()
        }


def _how(outcome: str) -> str:
    return {SUCCESS: "succeeded", INTERRUPTED: "interrupted"}.get(outcome, f"failed, {outcome}")


def _is_left(old: Source, new: Source) -> bool:
    """Whether a robot has begun another episode."""
    return old.robot == new.robot and old.episode != new.episode


def _key(source: Source) -> str:
    return f"{source.robot}\x1f{source.episode}"
