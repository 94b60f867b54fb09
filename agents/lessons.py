"""What earlier attempts teach a brain: where kinds of things were found, and where not, and what refused them.

Of each step that tells something a sentence is written, which episodic memory keeps with the attempt, and an action,
of which semantic memory makes a lesson with counts for and against. Both are recalled when a task begins to be about a
kind: attempts name the very things, lessons only their kinds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from engram.agents.scribe import Scribe
from engram.memory.contract import Hit, Percepts, Query, Source
from engram.planners.contract import AT, NOT_FOUND, OK, Beliefs, Result
from engram.sims.contract import Outcome

_FOUND = re.compile(r"found (\w+?)_\d+ in (\w+)")
_REFUSED = re.compile(r"place\((\w+)\) failed: no_space")
_VERB = "find {} in"
_HITS = 16
_NO_SPACE = Outcome.NO_SPACE.code


class Lessons:
    """What memory knows, of earlier attempts, about the task under way; asked once for each kind."""

    def __init__(self, scribe: Scribe, episodic: bool = True, semantic: bool = True) -> None:
        """Take the memory, and which parts of it are asked."""
        self._scribe, self._episodic, self._semantic = scribe, episodic, semantic
        self._asked: dict[str, tuple[Counter[str], dict[str, float]]] = {}
        self._refused: frozenset[str] | None = None

    def where(self, kind: str, beliefs: Beliefs) -> list[str]:
        """Return names of what a thing of a kind may be in or on, by where such things were found, likeliest first."""
        found, kinds = self._of(kind)
        worth = {
            name: (found[name], kinds.get(thing.kind, 0.0))
            for name, thing in beliefs.things.items()
            if found[name] or kinds.get(thing.kind, 0.0) > 0.0
        }
        return sorted(worth, key=lambda name: (-worth[name][0], -worth[name][1], name))

    @property
    def refused(self) -> frozenset[str]:
        """Names of what had no space in earlier attempts."""
        if self._refused is None:
            hits = self._recall(f"place failed: {_NO_SPACE}", "episodic") if self._episodic else []
            self._refused = frozenset(name for text in _sentences(hits) for name in _REFUSED.findall(text))
        return self._refused

    def _of(self, kind: str) -> tuple[Counter[str], dict[str, float]]:
        """How often a kind was found in each thing, and how likely it is in each kind of thing beyond not knowing."""
        if kind not in self._asked:
            found: Counter[str] = Counter()
            if self._episodic:
                sentences = _sentences(self._recall(f"found {kind}", "episodic"))
                found.update(place for text in sentences for thing, place in _FOUND.findall(text) if thing == kind)
            kinds = {}
            if self._semantic:
                verb = _VERB.format(kind)
                for hit in self._recall(verb, "semantic"):
                    subject, support = str(hit.data.get("subject", "")), hit.data["support"] - hit.data["against"]
                    works = hit.text.endswith("works")
                    if subject.startswith(f"{verb} ") and works and support > 0:
                        kinds[subject.removeprefix(f"{verb} ")] = support / (support + 2.0)
            self._asked[kind] = found, kinds
        return self._asked[kind]

    def _recall(self, text: str, store: str) -> Sequence[Hit]:
        recall = self._scribe.hippocampus.recall(Query(text, _HITS, stores=frozenset({store})))
        return recall.hits.get(store, ())


def told(result: Result, now: Beliefs, kinds: Iterable[str], last: Percepts) -> list[Percepts]:
    """Return what memory is told of a step: a sentence of it, and of each kind that was looked for, if it was there.

    Args:
        result: what came of the step.
        now: what is believed after it.
        kinds: categories that the task is about.
        last: percepts of the last view, which say when and where that is.

    """
    step = result.step
    place = {"search": step.args[0] if step.args else "", "find": now.place_of(result.found)}.get(step.skill, "")
    found = [f[1] for f, true in now.facts.items() if true and f[0] == AT and f[2] == place and f[1] in now.things]
    sentence = f"{step} " + ("done" if result.ok else f"failed: {result.outcome}")
    named = "".join(f", found {t} in {place}" for t in found)
    if place not in now.things or not result.ok:
        return [_percepts(last, f"{sentence}.")]
    holder, there = now.things[place].kind, {now.things[t].kind for t in found}
    actions = [
        {"verb": _VERB.format(kind), "target": holder, "outcome": OK if kind in there else NOT_FOUND}
        for kind in sorted({*kinds} | ({now.things[result.found].kind} if result.found in now.things else set()))
    ]
    return [_percepts(last, f"{sentence}{named}."), *(_percepts(last, "", action) for action in actions)]


def _percepts(last: Percepts, summary: str, action: dict[str, str] | None = None) -> Percepts:
    source = Source(last.source.robot, last.source.episode, last.source.step, last.source.stamp_ns)
    return Percepts(source, summary, base=last.base, room=last.room, action=action or {}, task=last.task)


def _sentences(hits: Sequence[Hit]) -> list[str]:
    return [str(text) for hit in hits for _, text in hit.data.get("steps", ())]
