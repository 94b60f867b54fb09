"""The agent's thalamus: what happened in a step, in words for memory, and what memory is asked about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engram.agents.events import Event, point
from engram.agents.situation import Situation
from engram.memory.contract import Query
from engram.perception.language.contract import LanguageModel
from engram.perception.language.server import OpenAiServer
from engram.perception.thalamus.ask import AskConfig, RuleAsker
from engram.perception.thalamus.contract import Asker, Happening, Kind, Question, Step, Summary, Thing
from engram.perception.thalamus.summary import Summariser, SummaryConfig
from engram.perception.thalamus.vlm import VlmAsker, VlmConfig
from engram.perception.tracker import Track

# Which stores can answer what: asking all of them costs time, and what they add is noise.
_STORES: Mapping[Kind, frozenset[str]] = {
    "where": frozenset({"objects", "graph", "topology"}),
    "belongs": frozenset({"graph", "semantic", "episodic"}),
    "failure": frozenset({"semantic", "episodic", "temporal"}),
    "changed": frozenset({"objects", "graph"}),
    "around": frozenset({"objects", "graph", "topology", "spatial"}),
    "task": frozenset({"semantic", "episodic"}),
}


@dataclass(frozen=True)
class AttendConfig:
    """Choices of the words and questions of an agent."""

    summary: SummaryConfig = field(default_factory=SummaryConfig)
    ask: AskConfig = field(default_factory=AskConfig)
    vlm: VlmConfig | None = None  # a model asks in place of the rules
    hits: int = 5  # answers at most to each question


class Attend:
    """Sums up the steps of one episode, in order, and asks about them."""

    def __init__(self, config: AttendConfig | None = None, vlm: LanguageModel | None = None) -> None:
        """Start with nothing told.

        Args:
            config: choices.
            vlm: the model, when the configuration names one; a client of ``ENGRAM_VLM_URL`` when not given.

        Raises:
            LanguageError: a model is to ask, and its address is none.

        """
        self.config = config or AttendConfig()
        model = vlm or (OpenAiServer(self.config.vlm) if self.config.vlm is not None else None)
        self._vlm = model
        self._summariser = Summariser(self.config.summary)
        self._asker: Asker | None = None
        self._before: dict[int, Thing] = {}  # things believed in at the last step, by number of their track
        self._told = 0  # entries of the journal that were told
        self._last: tuple[Step, Summary] | None = None

    def summarise(self, sit: Situation, action: Mapping[str, Any], room: str) -> Summary:
        """Return what the last step came to.

        Args:
            sit: the situation, once it has taken the observation in.
            action: the action that led here, as `Percepts` have it; empty at the beginning.
            room: type of the room that the robot is in; empty when unsure.

        """
        step = self._step(sit, action, room)
        summary = self._summariser.summarise(step)
        self._last = step, summary
        return summary

    def queries(self, sit: Situation, task: str) -> list[Query]:
        """Return what memory is to be asked after the step that was summed up last, the most important first."""
        if self._last is None:
            return []
        if self._asker is None:
            self._asker = self._new_asker(sit)
        asked = self._asker.ask(task, *self._last, sit.observation["rgb"])
        return [query_of(question, self.config.hits) for question in asked]

    def _new_asker(self, sit: Situation) -> Asker:
        fixtures = {name for names in sit.prior.fixtures.values() for name in names}
        rules = RuleAsker({*sit.prior.counts, *sit.prior.receptacles, *fixtures}, self.config.ask)
        return rules if self._vlm is None else VlmAsker(self._vlm, rules, self.config.vlm, self.config.ask)

    def _step(self, sit: Situation, action: Mapping[str, Any], room: str) -> Step:
        things = sit.things()
        now = {t.number: _thing(t) for t in things}
        gone = [
            b for n, b in self._before.items() if n not in now and not any(_holds(t, b) for t in sit.tracker.tracks)
        ]
        came = [t for t in things if t.number not in self._before]
        new = [_thing(t) for t in came if not any(_holds(t, b) for b in self._before.values())]
        seen = [_thing(s.track) for s in (sit.sightings if sit.looked else ()) if s.track.number in now]
        happened = [_happening(e) for e in sit.events[self._told :]]
        self._before, self._told = now, len(sit.events)
        return Step(
            number=sit.step,
            verb=str(action.get("verb", "")),
            outcome=str(action.get("outcome", "ok")),
            target=action.get("target"),
            held=str(action.get("held") or sit.held),
            room=room,
            base=point(sit.observation["base"]),
            seen=seen,
            new=new,
            gone=gone,
            happened=happened,
        )


def query_of(question: Question, limit: int = 5) -> Query:
    """Return a question as memory takes it."""
    return Query(
        question.text, limit, near_m=question.near_m, within_m=question.within_m, stores=_STORES[question.kind]
    )


def _thing(track: Track) -> Thing:
    return Thing(track.label, point(track.centre))


def _holds(track: Track, thing: Thing) -> bool:
    """Whether a thing that was known under another number has become part of a track of its label."""
    if thing.at is None or track.label != thing.label:
        return False
    return bool((track.lo <= thing.at).all() and (track.hi >= thing.at).all())


def _happening(event: Event) -> Happening:
    return Happening(event.kind, event.label, event.reason, event.target)
