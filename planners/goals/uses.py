"""Things by what they are for or look like, as data: ``something to write with``, ``where food is kept cold``."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

from engram.perception.words import stem, words

_HOLLOW_WORDS = (
    "use used thing something usual normal typical design suitable meant nice anything somewhere piece kind sort good "
    "one what object item place spot always often everybody everyone people person anyone want need like else best "
    "able help let lets enable allow serve made belong usually tool container device furniture appliance "
    "utensil implement equipment machine instrument vessel gadget"
)
# Whether one eats soup with it or from it tells a spoon from a bowl.
_ENDS = {"with": "-with", "from": "-from", "off": "-from", "of": "-from", "in": "-in", "into": "-in", "on": "-on"}
_MUST_MATCH = 0.6  # of the weight of what is said
_MIN_SCORE, _MIN_ALIKE = 0.65, 0.55
_MARGIN = 0.04  # to the next best kinds
_UNKNOWN_WEIGHT = 0.8  # of that of the rarest known word


class Use(NamedTuple):
    """What a description stands for."""

    kinds: frozenset[str]
    score: float  # 1 where it says just what the data say


@dataclass(frozen=True)
class _Group:
    kinds: frozenset[str]
    said: tuple[frozenset[str], ...]
    vocabulary: frozenset[str]


class Uses:
    """Descriptions of kinds, compared by the words that tell kinds apart, whatever their order and inflection."""

    def __init__(self, data: Mapping[str, Any], portable: Iterable[str]) -> None:
        """Take the data of ``uses.json``, and the kinds that can be carried."""
        self._same = {_stem(word): _stem(names[0]) for names in data["same"] for word in names}
        self._portable = frozenset(portable)
        self._hollow: frozenset[str] = frozenset()
        self._hollow = self.content(_HOLLOW_WORDS)
        self.texts = [text for group in data["groups"] for text in group["said"]]
        self.text_kinds = [frozenset(group["kinds"]) for group in data["groups"] for _ in group["said"]]
        self._groups = [self._group(frozenset(group["kinds"]), group["said"]) for group in data["groups"]]
        self.kinds = frozenset(kind for group in self._groups for kind in group.kinds)
        counts = Counter(word for group in self._groups for word in group.vocabulary)
        self._weights = {word: math.log(1 + len(self._groups) / count) for word, count in counts.items()}
        self._unknown = _UNKNOWN_WEIGHT * math.log(1 + len(self._groups))
        self._found: dict[tuple[frozenset[str], bool, frozenset[str]], Use | None] = {}

    def content(self, text: str) -> frozenset[str]:
        """Return the words that say something, as stems, of synonyms the first, and the preposition at the end."""
        stems = (_stem(word) for word in words(text))
        said = frozenset(self._same.get(word, word) for word in stems) - self._hollow
        end = _ENDS.get(text.rpartition(" ")[2], "")
        return said | {end} if said and end else said

    def find(self, text: str, portable: bool, among: frozenset[str] = frozenset()) -> Use | None:
        """Return the kinds that a description means among those that can be carried, or among the others.

        ``among`` are kinds of which some must be meant; empty where any can be. ``None`` where it says too little, too
        much else, or fits others as well.
        """
        key = (self.content(text), portable, among)
        if key not in self._found:
            if len(self._found) > 4096:
                self._found.clear()
            self._found[key] = self._find(*key)
        return self._found[key]

    def _find(self, said: frozenset[str], portable: bool, among: frozenset[str]) -> Use | None:
        total = self._weight(said)
        if not said or sum(self._weights.get(word, 0.0) for word in said) < _MUST_MATCH * total:
            return None
        scores: dict[frozenset[str], float] = {}
        for group in self._groups:
            fits = (group.kinds <= self._portable) == portable and (not among or bool(among & group.kinds))
            if fits and said & group.vocabulary:
                score = self._score(said, total, group, among)
                scores[group.kinds] = max(score, scores.get(group.kinds, 0.0))
        ranked = sorted(scores.items(), key=lambda item: -item[1])
        if not ranked or ranked[0][1] < _MIN_SCORE:
            return None
        if len(ranked) > 1 and ranked[1][1] > ranked[0][1] - _MARGIN:
            return None
        return Use(*ranked[0])

    def _score(self, said: frozenset[str], total: float, group: _Group, among: frozenset[str]) -> float:
        covered = self._weight(said & group.vocabulary) / total
        if covered < _MUST_MATCH:
            return 0.0
        alike = max(self._weight(said & text) / math.sqrt(total * self._weight(text)) for text in group.said)
        # One word of a long description is a chance hit.
        chance = (
            not among and alike < _MIN_ALIKE and len([word for word in said & group.vocabulary if word[0] != "-"]) < 2
        )
        return 0.0 if chance else 0.5 * (covered + alike)

    def _weight(self, said: Iterable[str]) -> float:
        return sum(self._weights.get(word, self._unknown) for word in said)

    def _group(self, kinds: frozenset[str], texts: list[str]) -> _Group:
        said = tuple(content for content in map(self.content, texts) if content)
        return _Group(kinds, said, frozenset(word for text in said for word in text))


@lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    return stem(stem(word))  # twice, so that ``flower`` and ``flowers`` are one


def load_uses(portable: Iterable[str]) -> Uses:
    """Return the uses that come with the package."""
    data = resources.files("engram.planners.goals").joinpath("uses.json").read_text(encoding="utf-8")
    return Uses(json.loads(data), portable)
