"""Names of things: how a model is asked for a label, and which label it means by what it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from engram.perception.words import words

_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\s]+")
# What follows tells where a thing is or what is in it ("mug on the table"), or is another name ("picture/frame").
_TAIL = re.compile(r"[/,(]|\b(?:of|on|in|with|at|by|for|from|under|near|beside|behind|over)\b")
# Names of COCO and Objects365 that are spelt unlike AI2-THOR's.
SYNONYMS: Mapping[str, str] = {
    "bin": "GarbageCan",
    "bookshelf": "ShelvingUnit",
    "clock": "AlarmClock",
    "couch": "Sofa",
    "cupboard": "Cabinet",
    "monitor/tv": "Television",
    "mobile phone": "CellPhone",
    "nightstand": "SideTable",
    "picture/frame": "Painting",
    "plant": "HousePlant",
    "potted plant": "HousePlant",
    "refrigerator": "Fridge",
    "remote": "RemoteControl",
    "soap": "SoapBar",
    "sports ball": "BasketBall",
    "tap": "Faucet",
    "tissue": "TissueBox",
    "trash bin can": "GarbageCan",
    "trash can": "GarbageCan",
    "tv": "Television",
    "wine glass": "Cup",
}


def phrase(label: str) -> str:
    """Return a label as one says it: ``CoffeeTable`` and ``coffee_table`` become ``coffee table``."""
    return " ".join(part for part in _HUMPS.split(label) if part).lower()


class LabelMap:
    """Finds the label that a free phrase means.

    In this order: the phrase is a label or a synonym; the label whose words end the phrase, the longest first ("white
    coffee mug" is a Mug); the only label that ends with the phrase ("lamp" is a FloorLamp where that is the only lamp).
    """

    def __init__(self, labels: Sequence[str], synonyms: Mapping[str, str] | None = None) -> None:
        """Take the labels and what else they are called; synonyms of other labels are left out."""
        self.labels = tuple(dict.fromkeys(labels))
        known = set(self.labels)
        called = {**SYNONYMS, **(synonyms or {})}
        self._exact = {_stems(name): label for name, label in called.items() if label in known}
        self._exact |= {_stems(phrase(label)): label for label in self.labels}
        self._whole = {name.lower(): label for name, label in called.items() if label in known}

    def __call__(self, text: str) -> str | None:
        """Return the label, or None when no label or more than one could be meant."""
        said = phrase(text)
        if said in self._whole:
            return self._whole[said]
        stems = _stems(_TAIL.split(said)[0])
        for start in range(len(stems)):
            if stems[start:] in self._exact:
                return self._exact[stems[start:]]
        ending = {label for name, label in self._exact.items() if stems and name[-len(stems) :] == stems}
        return ending.pop() if len(ending) == 1 else None


def _stems(text: str) -> tuple[str, ...]:
    return tuple(words(text, stop=False))
