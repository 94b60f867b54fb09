"""Semantic memory: lessons about actions and tasks, with the evidence for and against them.

New lessons pass an updater that sees at most ten stored ones and says what to do: add, update, remove, or nothing
(mem0, arXiv 2504.19413, as RoboMemory adapts it), and, here, support or contradict. The default updater is a rule; a
language model can take its place. An answer that does not parse, or that names a lesson it was not shown, changes
nothing.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engram.memory.consolidation import ConsolidationConfig, Lesson, consolidate
from engram.memory.contract import Event, HippocampusError, Hit, Percepts, Query, Source
from engram.memory.forgetting import Trace
from engram.memory.longterm import LongTermConfig, LongTermStore
from engram.memory.notebook import Note
from engram.memory.retrieval.dense import Floats
from engram.memory.retrieval.hybrid import HybridConfig
from engram.perception.text import TextEmbedder

if TYPE_CHECKING:
    from engram.memory.episodic import EpisodicStore

_log = logging.getLogger(__name__)

Updater = Callable[[Lesson, Sequence[Note]], Any]  # returns a list of operations, or JSON of one
Creator = Callable[[Percepts], Sequence[Lesson]]
Attempts = Sequence[tuple[Note, Floats]]
_NEEDS = {
    "add": {"text"},
    "update": {"id", "text"},
    "remove": {"id"},
    "noop": set[str](),
    "support": {"id"},
    "contradict": {"id"},
}


class AnswerError(HippocampusError):
    """Raised when an updater's answer is not a list of known operations on the lessons it was shown."""


@dataclass(frozen=True)
class SemanticConfig(LongTermConfig):
    """Switches of semantic memory."""

    retrieval: HybridConfig = field(default_factory=lambda: HybridConfig(spans=(), group=False, pool=50))
    consolidation: ConsolidationConfig = field(default_factory=ConsolidationConfig)
    candidates: int = 10
    """Stored lessons that an updater may see and touch."""
    pipeline: bool = True
    """Whether a new lesson passes the updater; otherwise each is added."""
    contradict: bool = True
    """Whether a lesson counts against those that say otherwise of its subject."""
    action_hits: int = 2
    """Action-level lessons of an answer; half of what is asked for when that is more."""


class SemanticStore(LongTermStore):
    """Lessons."""

    name = "semantic"
    asks = "episodic"

    def __init__(
        self,
        config: SemanticConfig | None = None,
        embedder: TextEmbedder | None = None,
        creator: Creator | None = None,
        updater: Updater | None = None,
    ) -> None:
        """Start empty.

        Args:
            config: switches.
            embedder: of texts; hashed n-grams when not given.
            creator: says what a step teaches; a rule when not given.
            updater: says what to do about a lesson given similar ones; a rule when not given.

        """
        self.config = config or SemanticConfig()
        super().__init__(self.config, embedder)
        self._creator, self._updater = creator or lessons_of, updater or update_by_rule
        self._subjects: dict[str, dict[str, None]] = {}  # subject -> ids of its active lessons
        self._subject_of: dict[str, str] = {}

    def propose(self, percepts: Percepts) -> list[Event]:
        """Return what the step teaches."""
        events = self.upkeep(percepts)
        operations = []
        for lesson in self._creator(percepts):
            operations += self._consider(lesson, self._updater)
        if operations:
            events.append(self._event(operations, percepts.source))
        return events

    def ask(self, other: EpisodicStore, about: Percepts | Source) -> Attempts:
        """Ask episodic memory for the newest attempts."""
        return other.attempts(self.config.consolidation.recent)

    def sleep(self, source: Source, answer: Attempts | None = None) -> list[Event]:
        """Return what has faded, and what attempts teach together that is not known yet, as events."""
        operations = []
        for lesson in consolidate(answer or (), self.config.consolidation):
            operations += self._consider(lesson, revise)
        return super().sleep(source) + ([self._event(operations, source)] if operations else [])

    def apply(self, event: Event) -> None:
        """Make a committed change."""
        if event.kind != "lessons":
            super().apply(event)
        else:
            for operation in event.data["operations"]:
                self._place(self._do(operation, event.source))
        if event.kind == "archive":
            for note_id in event.data["ids"]:
                self._place(note_id)

    def candidates(self, lesson: Lesson, similar: bool = True) -> list[Note]:
        """Return the stored lessons that a new one may touch: those on its subject, then the most similar."""
        found = [self.notebook[note_id] for note_id in self._subjects.get(lesson.subject, ())]
        if similar and len(found) < self.config.candidates:
            vector = self.embedder.embed([lesson.text])[0]
            found += [note for note, _ in self.notebook.search(lesson.text, vector, self.config.candidates)]
        return list({note.id: note for note in found}.values())[: self.config.candidates]

    def _consider(self, lesson: Lesson, updater: Updater) -> list[dict[str, Any]]:
        if not self.config.pipeline:
            return [self._complete({"op": "add", "text": lesson.text}, lesson)]
        shown = self.candidates(lesson, similar=updater is not update_by_rule)  # which looks at the subject only
        try:
            operations = parse_answer(updater(lesson, shown), {note.id for note in shown})
        except AnswerError as error:
            _log.warning("A lesson was left out: %s", error)
            return []
        if not self.config.contradict:
            operations = [{**o, "against": 0} for o in operations if o["op"] != "contradict"]
        return [self._complete(operation, lesson) for operation in operations if operation["op"] != "noop"]

    def _complete(self, operation: Mapping[str, Any], lesson: Lesson) -> dict[str, Any]:
        """Return an operation with all that a replay needs."""
        out = dict(operation)
        if operation["op"] in ("add", "update"):
            out["code"] = self.notebook.encode([operation["text"]])[0]
        about = {"subject": lesson.subject, "claim": lesson.claim, **lesson.data}
        if operation["op"] == "update" and lesson.data:  # what it was drawn from has changed too
            out["about"] = about
        if operation["op"] == "add":
            out |= {"level": lesson.level, "support": lesson.support, "about": about}
            out["similar"] = self.notebook.similar(out["code"])
            out["against"] = operation.get("against", lesson.against)
        return out

    def _event(self, operations: Sequence[Mapping[str, Any]], source: Source) -> Event:
        return Event(self.name, "lessons", source, {"operations": list(operations)})

    def _do(self, operation: Mapping[str, Any], source: Source) -> str:
        """Make one change and return the id of its lesson."""
        kind, book = operation["op"], self.notebook
        if kind == "add":
            stem = f"lesson:{source.robot}:{source.episode}:{source.step}"
            note_id = next(f"{stem}:{serial}" for serial in itertools.count() if f"{stem}:{serial}" not in book)
            counts = {"support": operation["support"], "against": operation["against"]}
            trace = Trace(source.stamp_ns)
            note = Note(
                note_id, operation["level"], operation["text"], source, trace, data=operation["about"], **counts
            )
            book.add(note, {operation["text"]: operation["code"]}, operation.get("similar"))
            return note_id
        if book[operation["id"]].state != "active":
            return str(operation["id"])  # it was archived or removed since the proposal
        if kind == "update":
            if operation["text"] != book[operation["id"]].text:
                book.rewrite(operation["id"], operation["text"], source, operation["code"], operation.get("about"))
            book.evidence(operation["id"], operation.get("support", 0), operation.get("against", 0), source)
        elif kind == "remove":
            book.set_state(operation["id"], "deleted")
        else:
            count = int(operation.get("count", 1))
            support, against = (count, 0) if kind == "support" else (0, count)
            book.evidence(operation["id"], support, against, source)
        return str(operation["id"])

    def _choose(self, hits: Sequence[Hit], query: Query) -> list[Hit]:
        """Return both levels, so that many lessons about actions do not crowd out those about tasks."""
        share = max(self.config.action_hits, query.limit // 2)
        actions = [hit for hit in hits if hit.data["kind"] == "action"]
        others = [hit for hit in hits if hit.data["kind"] != "action"]
        room = max(share, query.limit - len(others))
        chosen = {hit.id for hit in [*actions[:room], *others]}
        return [hit for hit in hits if hit.id in chosen][: query.limit]

    def _set_meta(self, meta: Any) -> None:
        self._subjects, self._subject_of = {}, {}
        for note in self.notebook.notes:
            self._place(note.id)

    def _place(self, note_id: str) -> None:
        """Bring the index of subjects up to date with a lesson."""
        note = self.notebook[note_id]
        old = self._subject_of.pop(note_id, None)
        if old is not None and not (note.state == "active" and old == note.data["subject"]):
            self._subjects[old].pop(note_id)
        if note.state == "active":
            self._subject_of[note_id] = note.data["subject"]
            self._subjects.setdefault(note.data["subject"], {})[note_id] = None


def lessons_of(percepts: Percepts) -> list[Lesson]:
    """Return what a step teaches by rule: whether a skill works on a kind of thing, and how a task ended."""
    found = []
    action = percepts.action
    if action.get("verb") and action.get("target") and action.get("outcome"):
        kind = str(action["target"]).split("|")[0].split("_")[0]
        outcome = str(action["outcome"])
        found.append(Lesson("action", f"{action['verb']} {kind}", "works" if outcome == "ok" else f"fails, {outcome}"))
    if percepts.outcome and percepts.task:
        claim = "succeeds" if percepts.outcome == "success" else f"fails, {percepts.outcome}"
        found.append(Lesson("task", percepts.task, claim))
    return found


def update_by_rule(lesson: Lesson, shown: Sequence[Note]) -> list[dict[str, Any]]:
    """Support the lesson that says the same, contradict those that say otherwise of the subject, or add a new one."""
    rivals = [note for note in shown if note.data["subject"] == lesson.subject]
    same = [note for note in rivals if note.data["claim"] == lesson.claim]
    operations: list[dict[str, Any]] = [
        {"op": "contradict", "id": note.id, "count": lesson.support} for note in rivals if note not in same
    ]
    if same:
        return [*operations, {"op": "support", "id": same[0].id, "count": lesson.support}]
    against = lesson.against + sum(note.support for note in rivals)
    return [*operations, {"op": "add", "text": lesson.text, "against": against}]


def revise(lesson: Lesson, shown: Sequence[Note]) -> list[dict[str, Any]]:
    """Bring the lesson of a cluster of attempts up to the newest counts; the cluster is known by common attempts."""
    episodes = set(lesson.data["episodes"])
    old = next((note for note in shown if episodes & set(note.data.get("episodes", ()))), None)
    if old is None:
        return [{"op": "add", "text": lesson.text}]
    if old.text == lesson.text:
        return [{"op": "noop"}]
    counts = {"support": lesson.support - old.support, "against": lesson.against - old.against}
    return [{"op": "update", "id": old.id, "text": lesson.text, **counts}]


def parse_answer(answer: Any, shown: set[str]) -> list[dict[str, Any]]:
    """Return the operations of an updater's answer: a list of ``{"op": ...}``, or JSON text of one.

    Raises:
        AnswerError: it is anything else, or names a lesson that was not shown.

    """
    if isinstance(answer, str):
        try:
            answer = json.loads(answer)
        except ValueError as error:
            raise AnswerError(f"the updater's answer is no JSON ({error})") from error
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        raise AnswerError(f"the updater must answer with a list of operations, not {answer!r:.200}")
    return [_checked(item, shown) for item in answer]


def _checked(item: Mapping[str, Any], shown: set[str]) -> dict[str, Any]:
    name = str(item.get("op", "")).lower()
    name = {"delete": "remove", "none": "noop"}.get(name, name)
    if name not in _NEEDS:
        raise AnswerError(f"the updater knows {', '.join(_NEEDS)}, not {item.get('op')!r}")
    for key in sorted(_NEEDS[name]):
        if not isinstance(item.get(key), str) or not item[key].strip():
            raise AnswerError(f"the operation {name!r} needs the text {key!r}: {dict(item)!r:.200}")
    if "id" in _NEEDS[name] and item["id"] not in shown:
        raise AnswerError(f"the updater named the lesson {item['id']!r}, which it was not shown")
    counts = {key: item[key] for key in ("count", "support", "against") if isinstance(item.get(key), int)}
    return {"op": name, **{key: item[key] for key in _NEEDS[name]}, **counts}
