"""A language model that sees, in place of the rules for questions.

Where its server is, and its key, come from ``ENGRAM_VLM_URL`` and ``ENGRAM_VLM_KEY``; by default it is this machine.
What it answers is checked like any input: its size, its form and each question. Whatever fails, the rules ask instead,
and it is counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from engram.perception.language.contract import LanguageError, LanguageModel, Request
from engram.perception.language.patience import Patience
from engram.perception.language.prompts import named, read_prompt
from engram.perception.language.schema import choice, read_json, record, rows, text
from engram.perception.language.server import ServerConfig
from engram.perception.thalamus.ask import AskConfig, Asked
from engram.perception.thalamus.contract import Asker, Kind, Question, Step, Summary

_TEXT_CHARS = 200
_QUESTIONS = 50  # that are read; AskConfig says how many are asked
_SCHEMA = record(
    {
        "questions": rows(
            record({"kind": choice(*get_args(Kind)), "text": text(_TEXT_CHARS, 1), "about": text(_TEXT_CHARS)}),
            _QUESTIONS,
        )
    }
)


@dataclass(frozen=True)
class VlmConfig(ServerConfig):
    """How the server is asked: within a step, so once and not for long."""

    url_variable: str = "ENGRAM_VLM_URL"
    key_variable: str = "ENGRAM_VLM_KEY"
    timeout_secs: float = 4.0
    retries: int = 0
    max_bytes: int = 65_536
    max_tokens: int = 400
    side_px: int = 336
    patience: int = 3
    """Failures in a row after which it is left alone,"""
    pause_steps: int = 50
    """... for so many steps."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        Patience(self.patience, self.pause_steps)


@dataclass
class VlmCounts:
    """How often the model was asked, and what became of it."""

    asked: int = 0
    answered: int = 0
    paused: int = 0  # steps at which it was left alone
    failures: Counter[str] = field(default_factory=Counter)  # by reason


class VlmAsker:
    """Lets a model decide what memory is asked, and rules where it fails."""

    def __init__(
        self, model: LanguageModel, rules: Asker, config: VlmConfig | None = None, ask: AskConfig | None = None
    ) -> None:
        """Take the model and the rules that stand in for it."""
        self.config, self.counts = config or VlmConfig(), VlmCounts()
        self._ask = ask or AskConfig()
        self._model, self._rules, self._asked = model, rules, Asked(self._ask)
        self._patience = Patience(self.config.patience, self.config.pause_steps)

    def ask(self, task: str, step: Step, summary: Summary, rgb: NDArray[np.uint8] | None = None) -> list[Question]:
        """Return questions, the most important first."""
        if not self._patience.may_ask():
            self.counts.paused += 1
            return self._rules.ask(task, step, summary, rgb)
        self.counts.asked += 1
        try:
            questions = ask_questions(self._model, task, step, summary, self._ask.most, rgb)
        except LanguageError as error:
            self.counts.failures[error.reason] += 1
            self._patience.note(good=False)
            return self._rules.ask(task, step, summary, rgb)
        self._patience.note(good=True)
        self.counts.answered += 1
        return self._asked.fresh(questions, step.number)


def read_questions(answer: str) -> list[Question]:
    """Return the questions of a model's answer; what stands around the JSON, such as a code fence, is cut off.

    Raises:
        LanguageError: it is no JSON, or not of the form that was asked for.

    """
    found = read_json(answer, _SCHEMA)["questions"]
    if not all(row[part].isprintable() for row in found for part in ("text", "about")):
        raise LanguageError("schema", "text and about are one line of printable characters")
    return [Question(row["kind"], row["text"].strip(), row["about"].strip()) for row in found]


def ask_questions(
    model: LanguageModel,
    task: str,
    step: Step,
    summary: Summary,
    most: int = AskConfig.most,
    rgb: NDArray[np.uint8] | None = None,
) -> list[Question]:
    """Return what a model would ask memory after a step.

    Raises:
        LanguageError: there is no usable answer.

    """
    return read_questions(model.ask(_request(task, step, summary, most, rgb)).text)


def _request(task: str, step: Step, summary: Summary, most: int, rgb: NDArray[np.uint8] | None) -> Request:
    data = {
        "task": task or "none",
        "step": summary.sentence,
        "room": summary.room or "unknown",
        "held": step.held or "nothing",
        "seen": ", ".join(named(label) for label in sorted({t.label for t in step.seen}))
        or "nothing that can be put away",
    }
    prompt = read_prompt("engram.perception.thalamus.prompts", "queries")
    return prompt.fill(_SCHEMA, data, {"most": str(most)}, rgb)
