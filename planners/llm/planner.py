"""A planner that asks a language model, checks what it says, lets it mend that once, and else plans by other means."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

from engram.perception.language.contract import LanguageError, LanguageModel, Reply, Request
from engram.perception.language.patience import Patience
from engram.perception.language.prompts import clean, fenced
from engram.planners.contract import OK, Beliefs, Goal, Plan, Planner
from engram.planners.llm.brief import brief_feedback, brief_lines
from engram.planners.llm.calls import Image, PlannerPrompt, Recalled, Scene, draft_request, read_draft
from engram.planners.llm.checks import Fault, faults
from engram.planners.llm.words import beliefs_lines, goal_lines, skills_text

AUTHOR = "llm"
PAUSED = "paused"  # outcome of a plan that the model was not asked for
REFUSED = "refused"
_NOTES = 200


@dataclass(frozen=True)
class LLMPlannerConfig:
    """Limits of what a model is told and may say."""

    most_steps: int = 20
    most_things: int = 120
    repairs: int = 1
    """Times that a model may mend an answer."""
    patience: int = 3
    """Failures of the server in a row after which it is left alone,"""
    pause_plans: int = 5
    """... for so many plans."""
    prompt: PlannerPrompt = "planner"
    """What is told: all that is known, or, for small models such as the one that comes with engram (planner-small), the
    goal and what it needs."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if min(self.most_steps, self.most_things) < 1 or self.repairs < 0:
            raise ValueError("most_steps and most_things must be positive, and repairs not negative")
        if self.prompt not in get_args(PlannerPrompt):
            raise ValueError(f"prompt must be one of {', '.join(get_args(PlannerPrompt))}")
        Patience(self.patience, self.pause_plans)


@dataclass(frozen=True)
class PlanNote:
    """How one plan came about."""

    outcome: str  # OK, a code of LanguageError or of a fault, "refused" or "paused"
    author: str  # of the plan that was returned
    answers: int  # that the model gave
    faults: tuple[Fault, ...] = ()  # all that was wrong, in order


class LLMPlanner:
    """Asks a language model; what it is shown of the scene is data, and its plan is a proposal."""

    def __init__(
        self,
        model: LanguageModel,
        fallback: Planner,
        recall: Callable[[], Recalled] = dict,
        look: Callable[[], Image] = lambda: None,
        config: LLMPlannerConfig | None = None,
    ) -> None:
        """Take the parts.

        Args:
            model: the language model.
            fallback: plans when the model gives no plan that may be taken.
            recall: what the memories say now, as text by name: temporal, spatial, episodic, semantic.
            look: what the robot sees now, an image (H, W, 3), or None.
            config: limits.

        """
        self.config = config or LLMPlannerConfig()
        self.notes: deque[PlanNote] = deque(maxlen=_NOTES)  # the newest plans, oldest first
        self.counts: Counter[str] = Counter()  # plans by outcome
        self._model, self._fallback, self._recall, self._look = model, fallback, recall, look
        self._patience = Patience(self.config.patience, self.config.pause_plans)

    def plan(self, goal: Goal, beliefs: Beliefs, feedback: Sequence[str] = ()) -> Plan:
        """Return the next steps; ``author`` tells whose they are."""
        if not self._patience.may_ask():
            return self._fall_back(goal, beliefs, feedback, PlanNote(PAUSED, "", 0))
        wrong: list[Fault] = []
        outcome, answers = "", 0
        request = self._request(goal, beliefs, feedback)
        while answers <= self.config.repairs:
            try:
                reply = self._model.ask(request)
            except LanguageError as error:
                outcome = error.reason
                self._patience.note(good=False)
                break
            answers += 1
            self._patience.note(good=True)
            result = self._read(reply, goal, beliefs)
            if isinstance(result, Plan):
                self._note(PlanNote(OK, AUTHOR, answers, tuple(wrong)))
                return result
            wrong += result.found
            outcome = result.outcome
            request = _complain(request, reply, result)
        return self._fall_back(goal, beliefs, feedback, PlanNote(outcome, "", answers, tuple(wrong)))

    def _request(self, goal: Goal, beliefs: Beliefs, feedback: Sequence[str]) -> Request:
        c = self.config
        if c.prompt == "planner-small":
            return small_request(goal, beliefs, feedback)
        shown = scene(goal, beliefs, self._recall(), c.most_things)
        return draft_request(shown, feedback, c.most_steps, self._look())

    def _read(self, reply: Reply, goal: Goal, beliefs: Beliefs) -> Plan | _Wrong:
        """Return the plan of an answer, or what is wrong with it."""
        try:
            draft = read_draft(reply.text)
        except LanguageError as error:
            return _Wrong(error.reason, str(error))
        if draft.refusal and not draft.steps:  # whether a task is impossible is not for a model to say
            return _Wrong(REFUSED, "a plan is wanted; look for what is missing where that may help")
        found = faults(draft.steps, goal, beliefs, self.config.most_steps)
        if found:
            return _Wrong(found[0].code, found[0].text, tuple(found))
        return Plan(draft.steps, text=clean(" ".join(draft.reasoning.split())), author=AUTHOR)

    def _fall_back(self, goal: Goal, beliefs: Beliefs, feedback: Sequence[str], note: PlanNote) -> Plan:
        plan = self._fallback.plan(goal, beliefs, feedback)
        self._note(PlanNote(note.outcome, plan.author, note.answers, note.faults))
        return plan

    def _note(self, note: PlanNote) -> None:
        self.notes.append(note)
        self.counts[note.outcome] += 1


@dataclass(frozen=True)
class _Wrong:
    """What is wrong with an answer."""

    outcome: str
    text: str
    found: tuple[Fault, ...] = ()


def scene(goal: Goal, beliefs: Beliefs, recalled: Recalled, most_things: int) -> Scene:
    """Return what a model is shown."""
    return Scene(goal.text, goal_lines(goal), beliefs_lines(beliefs, goal, most_things), recalled, skills_text())


def small_request(goal: Goal, beliefs: Beliefs, feedback: Sequence[str] = ()) -> Request:
    """Return the request to a small model: the goal, what it needs, and which steps failed."""
    shown = Scene(goal.text, goal_lines(goal), brief_lines(beliefs, goal), {}, "")
    return draft_request(shown, brief_feedback(feedback), 0, name="planner-small")


def _complain(request: Request, reply: Reply, wrong: _Wrong) -> Request:
    told = fenced("faults", [fault.text for fault in wrong.found] or wrong.text)  # it holds names of the scene
    return request.again(
        reply.text, f"That cannot be used:\n{told}\nAnswer once more, with the whole JSON and nothing else."
    )
