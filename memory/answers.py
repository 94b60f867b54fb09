"""From the hits of single stores to answers: one ranking over all stores, each thing once.

Scores of different stores do not compare. A thing of the object map that the question names is the answer, since the
object map knows where it was seen last; the knowledge graph adds in which room that is. Where it names none, the things
that it means best come before what shares less than half of its words: they are as sure as they are near in meaning.
What else there is follows by the words that it shares with the question, its rank in its store, and its confidence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from engram.memory.contract import Hit, Recall
from engram.memory.graph.names import canonical
from engram.perception.words import words

_CONTEXT = frozenset({"temporal"})  # stores that answer whatever is asked
_SAME_M = 0.5  # voxels of a label this near to a thing that has it are that thing


def answers(recall: Recall, text: str, limit: int = 5, at_ns: int | None = None) -> list[Hit]:
    """Return the best hits for a question, best first, scored by the ranking over all stores.

    Args:
        recall: what the stores said.
        text: the question, without its words about time.
        limit: answers at most.
        at_ns: the time that it asks about; what tells of later steps too is left out then.

    """
    asked = frozenset(words(text))
    named = [h for h in recall.hits.get("objects", ()) if _names(asked, h)]
    things = named or _meant(recall)
    found = [_with_room(h, recall) for h in named] or [_by_meaning(h, recall) for h in things]
    for hits in recall.hits.values():
        for rank, hit in enumerate(h for h in hits if h not in things and not any(_repeats(h, t) for t in things)):
            worth = _worth(asked, hit) / (1 + rank)
            late = hit.store in _CONTEXT and at_ns is not None and hit.source.stamp_ns > at_ns
            if worth > 0.0 and not late:
                found.append(replace(hit, score=worth))
    return sorted(found, key=lambda h: (-h.score, -h.source.stamp_ns, h.store, h.id))[:limit]


def _names(asked: frozenset[str], hit: Hit) -> bool:
    label = frozenset(words(canonical(str(hit.data.get("label", "")))))
    return bool(label) and label <= asked


def _meant(recall: Recall) -> list[Hit]:
    """Return the things that are called as the one is that the question means best."""
    things = recall.hits.get("objects", ())
    return [h for h in things if h.score > 0 and h.data.get("label") == things[0].data.get("label")]


def _by_meaning(thing: Hit, recall: Recall) -> Hit:
    """Put a thing behind what speaks of most of the question; its score is its certainty times its likeness."""
    likeness = min(1.0, thing.score)
    return replace(_with_room(thing, recall), score=(1.0 + likeness) / 2, confidence=min(thing.confidence, likeness))


def _with_room(thing: Hit, recall: Recall) -> Hit:
    """Put a thing in front of what is no thing, and say in which room it is."""
    rooms = [h.data["room"] for h in _facts_on(thing, recall) if h.data.get("room")]
    return replace(thing, score=1.0 + thing.score, data={**thing.data, "room": rooms[0] if rooms else ""})


def _facts_on(thing: Hit, recall: Recall) -> Iterator[Hit]:
    return (h for h in recall.hits.get("graph", ()) if h.data.get("thing") == thing.id)


def _repeats(hit: Hit, thing: Hit) -> bool:
    """Whether a hit tells where a thing is, which the thing's own hit does."""
    if hit.data.get("thing") == thing.id:
        return True
    if hit.data.get("label") != thing.data["label"] or hit.position_m is None or thing.position_m is None:
        return False
    return hit.store == "spatial" and math.dist(hit.position_m, thing.position_m) < _SAME_M


def _worth(asked: frozenset[str], hit: Hit) -> float:
    """Return how much of the question a hit speaks of, or half its confidence where that is more, in [0, 1]."""
    shared = len(asked & frozenset(words(hit.text))) / len(asked) if asked else 0.0
    return shared if hit.store in _CONTEXT else max(shared, 0.5 * hit.confidence)
