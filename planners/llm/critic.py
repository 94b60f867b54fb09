"""A language model as the last layer of the critic: it may reject what the layers before it let pass, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from engram.perception.language.contract import LanguageError, LanguageModel
from engram.perception.language.patience import Patience
from engram.perception.language.prompts import clean
from engram.planners.contract import Beliefs, Goal, Step, Verdict
from engram.planners.critic import JudgeUnavailableError
from engram.planners.llm.calls import Image, Recalled, judge_step
from engram.planners.llm.planner import PAUSED, scene

REJECTED = "model"


@dataclass(frozen=True)
class LLMCriticConfig:
    """Limits."""

    most_things: int = 60
    patience: int = 3
    """Failures in a row after which the model is left alone,"""
    pause_steps: int = 20
    """... for so many steps."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.most_things < 1:
            raise ValueError("most_things must be positive")
        Patience(self.patience, self.pause_steps)


class LLMCritic:
    """Judges a step by a language model; for :class:`engram.planners.critic.CriticPanel`."""

    def __init__(
        self,
        model: LanguageModel,
        recall: Callable[[], Recalled] = dict,
        look: Callable[[], Image] = lambda: None,
        config: LLMCriticConfig | None = None,
    ) -> None:
        """Take the model, what memory says now, what is seen now, and limits; as the planner does."""
        self.config = config or LLMCriticConfig()
        self.counts: Counter[str] = Counter()  # accepted, rejected, and failures by reason
        self._model, self._recall, self._look = model, recall, look
        self._patience = Patience(self.config.patience, self.config.pause_steps)

    def __call__(self, step: Step, goal: Goal, beliefs: Beliefs, verdict: Verdict) -> Verdict:
        """Return the model's verdict; one that rejects already stands.

        Raises:
            JudgeUnavailableError: there is no usable answer.

        """
        if not verdict.suitable:
            return verdict
        if not self._patience.may_ask():
            self.counts[PAUSED] += 1
            raise JudgeUnavailableError("the model is left alone for a while, since it failed")
        shown = scene(goal, beliefs, self._recall(), self.config.most_things)
        try:
            suitable, feedback = judge_step(self._model, shown, step, self._look())
        except LanguageError as error:
            self.counts[error.reason] += 1
            self._patience.note(good=False)
            raise JudgeUnavailableError(f"no judgement of the model: {error.reason}") from error
        self._patience.note(good=True)
        self.counts["accepted" if suitable else "rejected"] += 1
        return verdict if suitable else Verdict(False, REJECTED, clean(" ".join(feedback.split())))
