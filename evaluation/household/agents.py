"""Agents for the household protocols: the brain, in a world of words, with a memory of its own or one that is kept."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from engram.agents.brain import Brain, BrainConfig, MakePlanner
from engram.agents.brain import Ending as Thought
from engram.agents.text_body import follow, run
from engram.evaluation.household.driver import Ending
from engram.evaluation.run_task import SETTLE_SECS, RunTask, symbolic, text_body, thinking
from engram.evaluation.world_option import HouseOptions
from engram.perception.language.server import OpenAiServer, ServerConfig
from engram.planners.contract import OK, Goal, Planner
from engram.planners.llm.planner import LLMPlanner
from engram.planners.symbolic.places import Where
from engram.sims.text import TextObservation, TextWorld

Planning = Literal["symbolic", "llm"]


def patient(config: BrainConfig) -> BrainConfig:
    """Return a configuration that waits for the memory, so that equal runs give equal records."""
    return replace(config, settle_secs=max(config.settle_secs, SETTLE_SECS))


@dataclass(frozen=True)
class Mind:
    """How an agent thinks."""

    seed: int
    brain: BrainConfig = field(default_factory=BrainConfig)
    planning: Planning = "symbolic"
    llm: ServerConfig = field(default_factory=ServerConfig)
    memory: Path | None = None  # file that is read and written; None: a memory that is thrown away
    goal: Goal | None = None  # in place of the words

    def thinking(self, text: str = "") -> AbstractContextManager[tuple[Brain, str]]:
        """Open the memory, and give the brain and the name of the episode."""
        memory = None if self.memory is None else str(self.memory)
        task = RunTask(text, HouseOptions(self.seed), in_words=True, memory=memory, brain=patient(self.brain))
        return thinking(task, self._planner())

    def _planner(self) -> MakePlanner:
        if self.planning == "symbolic":
            return symbolic
        model = OpenAiServer(self.llm)

        def planner(where: Where) -> Planner:
            return LLMPlanner(model, symbolic(where))

        return planner


class BrainAgent:
    """Implements :class:`engram.evaluation.household.driver.TaskAgent`; a context manager, since it has a memory."""

    def __init__(self, world: TextWorld, seen: TextObservation, mind: Mind) -> None:
        """Take a world that has been reset, what that gave, and how to think."""
        self._world, self._seen, self._mind = world, seen, mind
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._brain, episode = self._open.enter_context(self._mind.thinking())
        self._body = text_body(self._world, self._brain, episode)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def run(self, instruction: str) -> Ending:
        """Do what it is told."""
        self._body.begin(self._seen)
        if self._mind.goal is None:
            return ending(run(self._brain, self._body, instruction))
        return ending(follow(self._brain.pursue(self._mind.goal, instruction), self._body))


def ending(thought: Thought) -> Ending:
    """Return what the protocols need of how a brain ended."""
    failures = tuple(r.outcome for r in thought.steps if r.outcome != OK)
    decision_ms = tuple(1000.0 * secs for secs in thought.decision_secs)
    return Ending(thought.claimed, thought.reason, len(thought.steps), thought.moves, decision_ms, failures)
