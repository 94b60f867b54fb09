"""What memory is asked after a step, by rules.

Rules fire in the order of their weight: what went wrong, what is in the hand, what the goal names, what is gone or has
moved, what has come into view, the room, and the task as a whole. A question that was asked not long ago is not asked
again, and there is a most.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram.perception.relations import words_of
from engram.perception.thalamus.contract import Kind, Question, Step, Summary
from engram.perception.words import words


@dataclass(frozen=True)
class AskConfig:
    """How much memory is asked, and how often."""

    most: int = 5  # questions a step (RoboMemory, arXiv 2508.01415, asks 4 or 5)
    again_steps: int = 20  # a question is not asked again before so many steps
    around_m: float = 3.0  # what is about the robot when it comes into a room

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.most < 0 or self.again_steps < 0:
            raise ValueError(f"most and again_steps must not be negative, got {self.most} and {self.again_steps}")


class Asked:
    """Which questions were asked lately, so that none is asked over and over."""

    def __init__(self, config: AskConfig) -> None:
        """Start with none."""
        self._config = config
        self._last: dict[tuple[Kind, tuple[str, ...]], int] = {}

    def fresh(self, questions: Iterator[Question] | list[Question], now: int) -> list[Question]:
        """Return the questions that may be asked at a step, at most so many, and note that they are."""
        self._last = {key: step for key, step in self._last.items() if now - step < self._config.again_steps}
        chosen: list[Question] = []
        for question in questions:
            key = question.kind, tuple(sorted(set(words(question.text))))
            if len(chosen) >= self._config.most:
                break
            if key not in self._last:
                self._last[key] = now
                chosen.append(question)
        return chosen


class RuleAsker:
    """Asks by rules."""

    def __init__(self, labels: Collection[str] = (), config: AskConfig | None = None) -> None:
        """Take what things are called.

        Args:
            labels: names that a goal may speak of, such as ``CoffeeTable``.
            config: limits.

        """
        self.config = config or AskConfig()
        self._asked = Asked(self.config)
        self._named: Mapping[str, frozenset[str]] = {x: frozenset(words(words_of(x))) for x in sorted(labels)}

    def ask(self, task: str, step: Step, summary: Summary, rgb: NDArray[np.uint8] | None = None) -> list[Question]:
        """Return questions, the most important first; the picture is not looked at."""
        return self._asked.fresh(self._wanted(task, step, summary), step.number)

    def named(self, text: str) -> list[str]:
        """Labels that a text names; those whose words are part of another one's are left out."""
        said = frozenset(words(text))
        found = [x for x, own in self._named.items() if own and own <= said]
        return [x for x in found if not any(self._named[x] < self._named[y] for y in found)]

    def _wanted(self, task: str, step: Step, summary: Summary) -> Iterator[Question]:
        if step.outcome != "ok" and step.verb:
            yield _failure(step)
        let_go = step.verb in ("place", "drop") and step.outcome == "ok"
        if step.held and not let_go:
            yield Question("belongs", f"Where does the {words_of(step.held)} belong?", step.held)
        seen = {t.label for t in step.seen}
        yield from (_where(x, "Where is the {}?") for x in self.named(task) if x not in seen and x != step.held)
        yield from (_where(x, "Where is the {} now?", "changed") for x in summary.gone)
        yield from (_where(x, "Where was the {} before?", "changed") for x in summary.changed)
        for thing in step.new:
            if thing.label in summary.new:
                yield _where(thing.label, "Where was the {} before?", "changed")
        if summary.entered:
            at = None if step.base is None else (step.base[0], step.base[1], 0.0)
            near = self.config.around_m if at is not None else None
            yield Question("around", f"What is in the {words_of(summary.room)}?", summary.room, at, near)
        if task:
            yield Question("task", f"What happened when the task was to {task.rstrip('.')}?", task)


def _where(label: str, template: str, kind: Kind = "where") -> Question:
    return Question(kind, template.format(words_of(label)), label)


def _failure(step: Step) -> Question:
    at = " on" if step.verb == "place" else ""
    what = f"{at} the {words_of(step.target)}" if step.target else ""
    tried, why = f"{step.verb.replace('_', ' ')}{what}", step.outcome.replace("_", " ")
    return Question("failure", f"What helped when trying to {tried} failed: {why}?", step.verb)
