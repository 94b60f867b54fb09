"""A language model in every place where RoboMemory (arXiv 2508.01415) has one, by one configuration.

Each part falls back to the rule that stands there without a model, and the fallback is counted. Calls of the memory run
in the threads of its stores: give :class:`HippocampusConfig` a ``deadline_secs`` of at least the model's timeout, or
what a model says too late is committed a step later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from engram.memory.config import MemoryConfig
from engram.memory.consolidation import Lesson
from engram.memory.contract import Percepts, Store
from engram.memory.graph.model import Triple
from engram.memory.graph.resolver import ResolverError
from engram.memory.graph.store import GraphStore
from engram.memory.notebook import Note
from engram.memory.semantic import SemanticStore, lessons_of, update_by_rule
from engram.memory.stores import default_stores, embedder_of
from engram.memory.temporal import TemporalStore, compress_by_rule
from engram.perception.language.contract import LanguageError, LanguageModel
from engram.perception.language.ledger import Ledger, Metered
from engram.perception.language.local import LocalConfig, LocalModel
from engram.perception.language.patience import Patience
from engram.perception.language.server import OpenAiServer, ServerConfig
from engram.perception.thalamus.ask import AskConfig
from engram.perception.thalamus.contract import Asker, Step, Summary
from engram.perception.thalamus.summary import Summariser, SummaryConfig
from engram.perception.thalamus.vlm import VlmAsker, VlmConfig
from engram.planners.contract import Planner
from engram.planners.llm import calls
from engram.planners.llm.calls import Image, Recalled
from engram.planners.llm.critic import LLMCritic, LLMCriticConfig
from engram.planners.llm.planner import LLMPlanner, LLMPlannerConfig

T = TypeVar("T")


@dataclass(frozen=True)
class LLMEverywhere:
    """Which model, and in which places."""

    server: ServerConfig = field(default_factory=ServerConfig)
    local: LocalConfig | None = None
    """A model of this process in place of the server."""
    planner: LLMPlannerConfig | None = field(default_factory=LLMPlannerConfig)
    """None: no model plans."""
    critic: LLMCriticConfig | None = field(default_factory=LLMCriticConfig)
    """None: no model judges steps."""
    summaries: bool = True
    questions: bool = True
    compress: bool = True
    relations: bool = True
    resolve: bool = True
    lessons: bool = True
    episodes: bool = True
    update: bool = True
    patience: int = 3
    """Failures of the memory's calls in a row after which they are left to the rules,"""
    pause_calls: int = 50
    """... for so many calls."""


def open_model(
    config: ServerConfig | LocalConfig, ledger: Ledger, environ: Mapping[str, str] | None = None
) -> LanguageModel:
    """Return a model whose calls are written down.

    Raises:
        LanguageError: the server's address may not be used, or the local model is not there.

    """
    model: LanguageModel = LocalModel(config) if isinstance(config, LocalConfig) else OpenAiServer(config, environ)
    return Metered(model, ledger, config.prices)


class Everywhere:
    """The parts that a configuration asks for, over one model and one account."""

    def __init__(
        self, config: LLMEverywhere | None = None, model: LanguageModel | None = None, ledger: Ledger | None = None
    ) -> None:
        """Open the model, unless one is given; raises LanguageError when it cannot be used."""
        self.config = config or LLMEverywhere()
        self.ledger = ledger or Ledger()
        self.failures: Counter[str] = Counter()  # "call: reason", of calls that a rule stood in for
        self.model = model or open_model(self.config.local or self.config.server, self.ledger)
        self._patience = Patience(self.config.patience, self.config.pause_calls)

    def planner(
        self, fallback: Planner, recall: Callable[[], Recalled] = dict, look: Callable[[], Image] = lambda: None
    ) -> Planner:
        """Return the planner; see :class:`LLMPlanner`."""
        if self.config.planner is None:
            return fallback
        return LLMPlanner(self.model, fallback, recall, look, self.config.planner)

    def critic(
        self, recall: Callable[[], Recalled] = dict, look: Callable[[], Image] = lambda: None
    ) -> LLMCritic | None:
        """Return the model's layer of the critic, if there is one."""
        return None if self.config.critic is None else LLMCritic(self.model, recall, look, self.config.critic)

    def asker(self, rules: Asker, config: VlmConfig | None = None, ask: AskConfig | None = None) -> Asker:
        """Return what decides what memory is asked."""
        return VlmAsker(self.model, rules, config, ask) if self.config.questions else rules

    def summariser(self, config: SummaryConfig | None = None) -> ModelSummariser:
        """Return what sums steps up."""
        return ModelSummariser(self, Summariser(config))

    def stores(self, config: MemoryConfig | None = None, names: Collection[str] | None = None) -> list[Store]:
        """Return new stores as :func:`default_stores` does, with the model where they have a place for one."""
        c, used = config or MemoryConfig(), self.config
        embedder = embedder_of(c.text)
        compressor = self.compressor(c.temporal.max_chars) if used.compress else None
        lessons, updater = self.lessons if used.lessons else None, self.update if used.update else None
        made: dict[str, Callable[[], Store]] = {
            "temporal": lambda: TemporalStore(c.temporal, compressor),
            "graph": lambda: GraphStore(c.graph, embedder.embed, resolver=self.resolve if used.resolve else None),
            "semantic": lambda: SemanticStore(c.semantic, embedder, lessons, updater),
        }
        return [made.get(store.name, lambda store=store: store)() for store in default_stores(names, c)]

    def compressor(self, max_chars: int) -> Callable[[Sequence[str]], str]:
        """Return the compressor of temporal memory."""

        def compress(texts: Sequence[str]) -> str:
            rule = compress_by_rule(texts, max_chars)
            return self.attempt("compress", lambda: calls.compress(self.model, texts, max_chars), rule)

        return compress

    def resolve(self, local: Sequence[Triple], new: Sequence[Triple]) -> object:
        """Settle contradictions of the knowledge graph; see :class:`engram.memory.graph.resolver.Resolver`."""
        answer = self.attempt("resolve", lambda: calls.resolve_conflict(self.model, local, new), None)
        if answer is None:
            raise ResolverError("the model has no answer")
        return answer

    def relations(self, summary: str, names: Collection[str], rgb: Image = None) -> list[Triple]:
        """Return what a sentence states of known things, for ``Percepts.relations``."""
        if not self.config.relations or not summary:
            return []
        found = self.attempt("relations", lambda: calls.find_relations(self.model, summary, names, rgb), None)
        return found or []

    def lessons(self, percepts: Percepts) -> Sequence[Lesson]:
        """Return what a step teaches, when it failed or ended a task; the creator of semantic memory."""
        failed = percepts.action.get("outcome", "ok") != "ok"
        if not percepts.outcome and not failed:
            return []
        step = [percepts.summary, *(f"{key}: {percepts.action[key]}" for key in sorted(percepts.action))]
        step += [f"the task ended: {percepts.outcome}"] if percepts.outcome else []
        rule = lessons_of(percepts)
        return self.attempt("lessons", lambda: calls.find_lessons(self.model, f"task: {percepts.task}", step), rule)

    def update(self, lesson: Lesson, shown: Sequence[Note]) -> list[dict[str, Any]]:
        """Say what to do about a lesson; the updater of semantic memory."""
        similar = {note.id: note.text for note in shown}
        rule = update_by_rule(lesson, shown)
        return self.attempt("update", lambda: calls.operations(self.model, lesson.text, similar), rule)

    def episode(self, task: str, steps: Sequence[str], outcome: str) -> calls.Episode:
        """Sum up an attempt at a task."""
        rule = calls.Episode(task, outcome, f"{len(steps)} steps", "" if outcome == "success" else outcome)
        if not self.config.episodes:
            return rule
        return self.attempt("episode", lambda: calls.sum_up_episode(self.model, task, steps, outcome), rule)

    def attempt(self, name: str, call: Callable[[], T], rule: T) -> T:
        """Return what a call gives, or what the rule does when it fails or the model is left alone."""
        if not self._patience.may_ask():
            self.failures[f"{name}: paused"] += 1
            return rule
        try:
            answer = call()
        except LanguageError as error:
            self._patience.note(good=False)
            self.failures[f"{name}: {error.reason}"] += 1
            return rule
        self._patience.note(good=True)
        return answer


class ModelSummariser:
    """Sums steps up: the record by rules, and the sentence by a model."""

    def __init__(self, parts: Everywhere, rules: Summariser) -> None:
        """Take the model and the rules."""
        self._parts, self._rules = parts, rules

    def summarise(self, step: Step, task: str = "", rgb: Image = None) -> Summary:
        """Return what a step came to."""
        summary = self._rules.summarise(step)
        if not self._parts.config.summaries:
            return summary
        facts = [summary.sentence, f"room: {step.room or 'unknown'}", f"in the hand: {step.held or 'nothing'}"]
        model = self._parts.model
        said = self._parts.attempt("summary", lambda: calls.summarise(model, task, facts, rgb).summary, "")
        return replace(summary, sentence=" ".join(said.split())) if said else summary
