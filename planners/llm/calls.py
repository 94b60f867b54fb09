"""The calls to a language model of RoboMemory (arXiv 2508.01415; section 2 of the specification) as typed functions.

Ten of them: the step summariser, the query generator (:func:`engram.perception.thalamus.vlm.ask_questions`), the
compressor of temporal memory, the relation retriever, the conflict resolver, the creators of semantic and episodic
memory, the updater, the planner and the critic. Each raises :class:`LanguageError` when there is no usable answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engram.memory.consolidation import Lesson
from engram.memory.graph.model import RELATIONS, Triple
from engram.perception.language.contract import LanguageModel, Request, Schema
from engram.perception.language.prompts import named, read_prompt
from engram.perception.language.schema import choice, read_json, record, rows, text
from engram.perception.thalamus.vlm import ask_questions
from engram.planners.contract import Step

__all__ = [
    "ask_questions",
    "compress",
    "draft_request",
    "find_lessons",
    "find_relations",
    "judge_step",
    "operations",
    "read_draft",
    "resolve_conflict",
    "sum_up_episode",
    "summarise",
]

Image = NDArray[np.uint8] | None
PlannerPrompt = Literal["planner", "planner-small"]
Recalled = Mapping[str, str]
"""Text of each memory: temporal, spatial, episodic, semantic."""
MEMORIES = ("temporal", "spatial", "episodic", "semantic")

_PACKAGE = "engram.planners.llm.prompts"
_NAME, _LINE, _PARAGRAPH = 64, 300, 1200
_MOST_STEPS = 100  # that are read; how many a plan may have is the planner's to say
_TRIPLE = rows(text(_NAME, 1), 3, 3)
_SUMMARY = record(
    {
        "summary": text(_LINE, 1),
        "outcome": choice("success", "fail", "unknown"),
        "visible": rows(text(_NAME), 20),
    }
)
_COMPRESSED = record({"summary": text(_PARAGRAPH, 1)})
_TRIPLES = record({"triples": rows(_TRIPLE, 40)})
_CHANGE = record({"add": rows(_TRIPLE, 40), "delete": rows(_TRIPLE, 40), "modify": rows(rows(_TRIPLE, 2, 2), 40)})
_LESSONS = record(
    {"items": rows(record({"level": choice("action", "task"), "subject": text(120, 1), "claim": text(_LINE, 1)}), 4)}
)
_EPISODE = record({"summary": text(_PARAGRAPH, 1), "failure_reason": text(120)})
_OPERATION = record({"op": choice("add", "update", "remove", "noop"), "id": text(200), "text": text(_LINE)})
_OPERATIONS = record({"operations": rows(_OPERATION, 10)})
_STEP = record({"skill": text(_NAME, 1), "args": rows(text(_NAME), 4)})
PLAN = record({"reasoning": text(_PARAGRAPH), "steps": rows(_STEP, _MOST_STEPS), "refusal": text(_LINE)})
JUDGEMENT = record({"reasoning": text(_PARAGRAPH), "suitable": {"type": "boolean"}, "feedback": text(_LINE)})


@dataclass(frozen=True)
class StepSummary:
    """What a model saw of a step."""

    summary: str  # one sentence
    outcome: str  # success, fail or unknown
    visible: tuple[str, ...]


@dataclass(frozen=True)
class Episode:
    """What a model says of a whole attempt."""

    task: str
    outcome: str
    summary: str
    failure_reason: str  # empty after a success


@dataclass(frozen=True)
class Draft:
    """A plan as a model wrote it: nothing in it is checked but its form."""

    steps: tuple[Step, ...]
    refusal: str
    reasoning: str


@dataclass(frozen=True)
class Scene:
    """What planner and critic are shown, in words."""

    task: str
    goal: Sequence[str]
    beliefs: Sequence[str]
    recalled: Recalled
    skills: str

    def data(self) -> dict[str, str | Sequence[str]]:
        """Return what comes from outside, by blank of the prompts."""
        memories = {name: self.recalled.get(name, "") for name in MEMORIES}
        return {"task": self.task, "goal": self.goal, "beliefs": self.beliefs, **memories}


def summarise(model: LanguageModel, task: str, facts: Sequence[str], rgb: Image = None) -> StepSummary:
    """Say what a step came to, given what is known of it."""
    found = _call(model, "summary", _SUMMARY, {"task": task, "facts": facts}, rgb=rgb)
    return StepSummary(found["summary"].strip(), found["outcome"], tuple(found["visible"]))


def compress(model: LanguageModel, entries: Sequence[str], most_chars: int = 600) -> str:
    """Make one entry of several, oldest first; a longer answer is cut."""
    found = _call(model, "compress", _COMPRESSED, {"entries": entries}, {"most": str(most_chars)})
    return " ".join(str(found["summary"]).split())[:most_chars]


def find_relations(model: LanguageModel, summary: str, names: Collection[str], rgb: Image = None) -> list[Triple]:
    """Say which relations between known things, or of ``I``, a sentence states; triples of other names are left out."""
    data = {"summary": summary, "names": ["I", *(named(name) for name in sorted(names))]}
    found = _triples(_call(model, "relations", _TRIPLES, data, rgb=rgb)["triples"])
    known = {"I", *names}
    return [t for t in dict.fromkeys(found) if t[0] in known and t[2] in known and t[0] != t[2]]


def resolve_conflict(model: LanguageModel, local: Sequence[Triple], new: Sequence[Triple]) -> dict[str, Any]:
    """Say how beliefs change by claims, as :mod:`engram.memory.graph.resolver` wants it, which checks it."""
    return _call(model, "resolve", _CHANGE, {"local": _said(local), "new": _said(new)})


def find_lessons(model: LanguageModel, context: str, step: Sequence[str]) -> list[Lesson]:
    """Say what a step teaches."""
    found = _call(model, "lessons", _LESSONS, {"context": context, "step": step})["items"]
    return [Lesson(row["level"], row["subject"].strip(), row["claim"].strip()) for row in found]


def sum_up_episode(model: LanguageModel, task: str, steps: Sequence[str], outcome: str) -> Episode:
    """Sum up an attempt; how it ended is known, and not the model's to say."""
    found = _call(model, "episode", _EPISODE, {"task": task, "steps": steps, "outcome": outcome})
    reason = "" if outcome == "success" else found["failure_reason"].strip() or outcome
    return Episode(task, outcome, found["summary"].strip(), reason)


def operations(model: LanguageModel, item: str, similar: Mapping[str, str]) -> list[dict[str, Any]]:
    """Say what to do about something learnt, given similar items by id; what is incomplete is left out."""
    known = [f"{named(id_, 200)}: {said}" for id_, said in similar.items()]
    found = _call(model, "update", _OPERATIONS, {"item": item, "similar": known})["operations"]
    return [kept for row in found if (kept := _operation(row, similar))]


def draft_request(
    scene: Scene, feedback: Sequence[str], most_steps: int, rgb: Image = None, name: PlannerPrompt = "planner"
) -> Request:
    """Return the request for a plan, by a prompt of that name; :func:`read_draft` reads the answer."""
    prompt = read_prompt(_PACKAGE, name)
    data = {k: v for k, v in {**scene.data(), "feedback": feedback}.items() if k in prompt.reads}
    words = {k: v for k, v in {"most": str(most_steps), "skills": scene.skills}.items() if k in prompt.reads}
    return prompt.fill(PLAN, data, words, rgb)


def read_draft(answer: str) -> Draft:
    """Return the plan of an answer."""
    found = read_json(answer, PLAN)
    steps = tuple(Step(row["skill"], tuple(row["args"])) for row in found["steps"])
    return Draft(steps, found["refusal"].strip(), found["reasoning"].strip())


def judge_step(model: LanguageModel, scene: Scene, step: Step, rgb: Image = None) -> tuple[bool, str]:
    """Return whether a step should be taken, and what to do instead."""
    data = {**scene.data(), "step": f"{step.skill}({', '.join(map(named, step.args))})"}
    found = _call(model, "critic", JUDGEMENT, data, {"skills": scene.skills}, rgb)
    return found["suitable"], found["feedback"].strip()


def _call(
    model: LanguageModel,
    name: str,
    schema: Schema,
    data: Mapping[str, str | Sequence[str]],
    words: Mapping[str, str] | None = None,
    rgb: Image = None,
) -> dict[str, Any]:
    return read_json(model.ask(read_prompt(_PACKAGE, name).fill(schema, data, words, rgb)).text, schema)


def _triples(found: Sequence[Sequence[str]]) -> list[Triple]:
    """Return triples; a relation that is none of those that there are is taken as it is."""
    out: list[Triple] = []
    for subject, relation, object_ in found:
        word = "_".join(relation.lower().split())
        out.append((subject, word if word in RELATIONS else relation, object_))
    return out


def _said(triples: Sequence[Triple]) -> list[str]:
    return [f"[{', '.join(map(named, triple))}]" for triple in triples]


def _operation(row: Mapping[str, str], similar: Mapping[str, str]) -> dict[str, str]:
    op, id_, said = row["op"], row["id"], row["text"].strip()
    if op == "noop":
        return {"op": op}
    if op == "add":
        return {"op": op, "text": said} if said else {}
    if id_ not in similar or (op == "update" and not said):
        return {}
    return {"op": op, "id": id_, "text": said} if op == "update" else {"op": op, "id": id_}
