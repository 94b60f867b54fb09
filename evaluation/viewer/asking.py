"""Questions to a memory as it was at a version, answered by the code of ``engram memory query``, with the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engram.evaluation.viewer.reels import NotYetError, Reels, StoreUnreadableError
from engram.memory.answers import answers
from engram.memory.contract import Hit, Query, Recall
from engram.memory.graph.names import canonical
from engram.memory.times import dated
from engram.perception.words import words

SPARE = 20  # hits of each store that the fused ranking may pass over
_REASONS = ("state", "support", "room", "seen", "missed", "confirmed", "against", "kind", "voxels", "belief", "became")


def ask(reels: Reels, version: int, now_ns: int, text: str, limit: int) -> dict[str, Any]:
    """Return the best answers, and what each store recalled for them.

    Args:
        reels: the stores.
        version: the memory answers as it was after this event.
        now_ns: what words such as "ago" count from: the time of that version.
        text: the question.
        limit: answers at most.

    Stores that are still being replayed to the version are named under ``waiting``; the answers go without them.
    """
    query = Query(text, limit + SPARE)
    query = dated(query, now_ns) if now_ns else query
    hits: dict[str, Sequence[Hit]] = {}
    failed: dict[str, str] = {}
    waiting: dict[str, float] = {}
    for reel in reels:
        try:
            with reel.at(version) as store:
                hits[reel.name] = tuple(sorted(store.recall(query), key=lambda h: (-h.score, h.id)))
        except NotYetError as error:
            waiting[reel.name] = error.share
        except StoreUnreadableError as error:
            failed[reel.name] = str(error)
    recall = Recall(version, hits, frozenset(waiting), failed)
    asked = [word.strip("?.,!") for word in query.text.split()]
    best = answers(recall, query.text, limit, query.at_ns)
    return {
        "version": version,
        "text": query.text,
        "at_ns": query.at_ns,
        "answers": [_answer(hit, recall, asked) for hit in best],
        "recalled": {name: [_recalled(h) for h in found[:limit]] for name, found in hits.items()},
        "failed": failed,
        "waiting": sorted(waiting),
        "share": round(min(waiting.values(), default=1.0), 3),
    }


def _answer(hit: Hit, recall: Recall, asked: Sequence[str]) -> dict[str, Any]:
    """Return an answer and why it is one: its words, and its rank and score in its own store."""
    ranks = [k for k, h in enumerate(recall.hits[hit.store]) if h.id == hit.id]
    own = recall.hits[hit.store][ranks[0]]
    known = frozenset(words(f"{canonical(str(hit.data.get('label', '')))} {canonical(hit.text)}"))
    return {
        "store": hit.store,
        "id": hit.id,
        "text": hit.text,
        "score": round(hit.score, 4),
        "confidence": round(hit.confidence, 4),
        "robot": hit.source.robot,
        "episode": hit.source.episode,
        "step": hit.source.step,
        "stamp_ns": hit.source.stamp_ns,
        "position_m": hit.position_m,
        "where": [v for key in ("support", "room") if (v := hit.data.get(key)) and isinstance(v, str)],
        "why": {
            "words": [word for word in asked if known.intersection(words(word))],
            "rank": ranks[0] + 1,
            "of": len(recall.hits[hit.store]),
            "store_score": round(own.score, 4),
            **{key: hit.data[key] for key in _REASONS if hit.data.get(key) not in (None, "")},
        },
    }


def _recalled(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.id,
        "text": hit.text,
        "score": round(hit.score, 4),
        "confidence": round(hit.confidence, 4),
        "step": hit.source.step,
        "position_m": hit.position_m,
    }
