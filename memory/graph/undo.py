"""Undo: the changes that take back what one step brought to the knowledge graph.

Nothing is erased. Facts that only the step speaks for are given up, facts that it ended go on, and evidence that it
gave is taken off; what was believed in between stays on record. What other steps have confirmed since stands, and a
fact goes on only until the first that is still believed and excludes it. Names, nodes and positions of nodes stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engram.memory.contract import Event, Source
from engram.memory.graph.knowledge import Change, Knowledge, step_of
from engram.memory.graph.model import FOREVER, Edge, Triple
from engram.memory.graph.rules import Draft, rivals

Step = tuple[str, str, int]  # robot, episode, number


def undoing(knowledge: Knowledge, events: Sequence[Event], source: Source) -> list[Change]:
    """Return the changes that take back events of one step; nothing is changed yet.

    Args:
        knowledge: the present state, in which the events were applied.
        events: what the step brought.
        source: of the changes to come.

    """
    draft = Draft(knowledge, source)
    made = [(event, change) for event in events for change in event.data["changes"] if "triple" in change]
    for event, change in reversed(made):
        triple, step = _triple(change), step_of(event.source)
        if change["op"] == "believe":
            _disbelieve(draft, triple, change["weight"], step)
        elif change["op"] == "doubt":
            _weigh(draft, triple, -change["weight"], "missed")
        elif change["op"] == "suspect" and _only_claim(knowledge, triple, step):
            draft.put("acquit", triple)
    for event, change in reversed(made):
        if change["op"] in ("close", "retract"):
            end_ns = change.get("valid_to", event.source.stamp_ns) if change["op"] == "close" else FOREVER
            _go_on(draft, _triple(change), end_ns)
    return draft.changes


def _disbelieve(draft: Draft, triple: Triple, weight: float, step: Step) -> None:
    mine = [e for e in _believed(draft.knowledge, triple) if step_of(e.source) == step == step_of(e.latest)]
    for edge in mine:
        draft.put("retract", triple)
        if edge.valid_to != FOREVER:
            draft.changes[-1]["valid_to"] = edge.valid_to
    if any(edge.valid_to == FOREVER for edge in mine):
        draft.ended.add(triple)
    elif not mine and draft.knowledge.graph.get(triple) is not None:
        _weigh(draft, triple, weight, "seen")


def _weigh(draft: Draft, triple: Triple, weight: float, counted: str) -> None:
    if draft.believes(triple):
        draft.put("discount", triple, weight)
        draft.changes[-1]["counted"] = counted


def _only_claim(knowledge: Knowledge, triple: Triple, step: Step) -> bool:
    suspect = knowledge.suspects.get(triple)
    return suspect is not None and suspect.steps == 1 and step_of(suspect.source) == step


def _go_on(draft: Draft, triple: Triple, end_ns: int) -> None:
    """Let a fact that ended at a time go on, until the first that excludes it."""
    if draft.believes(triple) or not any(e.valid_to == end_ns for e in _ended(draft.knowledge, triple)):
        return
    graph = draft.knowledge.graph
    starts = [e.valid_from for t in rivals(draft, triple) if (e := graph.get(t)) is not None]
    until_ns = min(starts, default=FOREVER)
    if until_ns <= end_ns < FOREVER:
        return
    draft.put("reopen", triple)
    draft.changes[-1] |= {"valid_to": end_ns, "until": until_ns}
    if until_ns == FOREVER:
        draft.ended.discard(triple)


def _believed(knowledge: Knowledge, triple: Triple) -> Iterator[Edge]:
    """Yield the versions of a fact that are believed: the current one, and those of the past."""
    return (e for e in knowledge.graph.history(triple[0]) if e.triple == triple and e.known_to == FOREVER)


def _ended(knowledge: Knowledge, triple: Triple) -> Iterator[Edge]:
    """Yield the versions of a fact whose truth ended, as believed, or that were given up while true."""
    versions = (e for e in knowledge.graph.history(triple[0]) if e.triple == triple)
    return (e for e in versions if (e.known_to == FOREVER) != (e.valid_to == FOREVER))


def _triple(change: Change) -> Triple:
    subject, relation, object_ = change["triple"]
    return subject, relation, object_
