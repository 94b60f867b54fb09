"""The words of goals, as data: what things, rooms, states and deeds are called (``lexicon.json``)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import product
from typing import Any, Generic, TypeVar

from engram.planners.goals.colours import COLOURS
from engram.planners.goals.uses import load_uses

T = TypeVar("T")
Words = tuple[str, ...]
_WORD = re.compile(r"[a-z0-9]+|[.,;!?]")
_CONTRACTIONS = {
    "can't": "can not",
    "won't": "will not",
    "n't": " not",
    "'ve": " have",
    "'d": " would",
    "'ll": " will",
    "'re": " are",
    "'m": " am",
    "let's": "let us",
}
_IS = re.compile(r"\b(that|it|which|there|where|what|he|she|who)'s\b")
_MARKS = str.maketrans({"’": "'", "‘": "'", "(": ",", ")": ",", ":": ",", "—": ",", "–": ",", "-": " ", '"': " "})
_INSERTED = re.compile(r", (please|kindly|then|however|if you can|if possible|thanks) ,")
_PLURALS = {"knife": "knives", "shelf": "shelves", "loaf": "loaves"}


@dataclass(frozen=True)
class Sense:
    """What a noun means."""

    kinds: frozenset[str]
    states: frozenset[str] = frozenset()
    plural: bool = False


class Table(Generic[T]):
    """Phrases and what they stand for."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        """Take phrases in plain spelling; of two equal ones the first stays."""
        self._entries: dict[Words, T] = {}
        for phrase, value in entries:
            self._entries.setdefault(tokens(phrase), value)
        self._longest = max((len(key) for key in self._entries), default=0)
        self.vocabulary = frozenset(word for key in self._entries for word in key)

    def at(self, text: Words, start: int) -> list[tuple[int, T]]:
        """Return (end, value) for all phrases that begin at a place, longest first."""
        ends = range(min(len(text), start + self._longest), start, -1)
        return [(end, self._entries[text[start:end]]) for end in ends if text[start:end] in self._entries]

    def phrases(self) -> list[str]:
        """Return all phrases in plain spelling."""
        return [" ".join(key) for key in self._entries]


class Lexicon:
    """The tables that the grammar reads. ``names`` has the first word of each category, for saying goals."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Build the tables from the data of ``lexicon.json``."""
        self.slices: dict[str, str] = data["slices"]
        self.wholes = {piece: whole for whole, piece in self.slices.items()}
        self.anywhere = frozenset(data["anywhere"])
        self.openable, self.switchable = frozenset(data["openable"]), frozenset(data["switchable"])
        self.storage = frozenset(data["storage"])
        self.hollow = self.storage | frozenset(data["hollow"])
        self.means = {state: frozenset(kinds) for state, kinds in data["means"].items()}
        self.unsupported: dict[str, str] = data["unsupported"]
        self.names, self.concepts, self.nouns = self._nouns(data)
        self.rooms = Table((word, room) for room, names in data["rooms"].items() for word in names)
        self.states = Table((word, state) for state, names in data["states"].items() for word in names)
        colours = [(colour, colour) for colour in COLOURS]
        colours += [(word, colour) for colour, names in data["colours"].items() for word in names]
        self.colours = Table([(f"{before}{word}", c) for word, c in colours for before in ("", "light ", "dark ")])
        self.neutral = Table((word, None) for word in data["neutral"])
        self.verbs = {
            deed: Table(_forms(deed, [n for name in names for n in expanded(name)], data["gerunds"]))
            for deed, names in data["verbs"].items()
        }
        self.fillers = Table((word, None) for pattern in data["fillers"] for word in expanded(pattern))
        self.chatter = frozenset(data["chatter"])
        self.closed = {name: _patterns(patterns) for name, patterns in data["closed"].items()}
        self.favours = {state: _patterns(patterns) for state, patterns in data["favours"].items()}
        determiners = [(w, (d["count"], d["definite"])) for d in data["determiners"] for w in d["words"]]
        self.determiners: Table[tuple[int, bool]] = Table(determiners)  # how many, 0 where untold; whether known
        self.liquids = Table((word, frozenset(states)) for word, states in data["liquids"].items())
        towards = [*self.closed["within"].phrases(), "into", "onto", "to"]
        before = ("", "back ", "away ", "down ", "over ", "up ")
        self.towards = Table((first + word, None) for word in towards for first in before)
        self.portable, self.receptacles = frozenset(data["portable"]), frozenset(data["receptacles"])
        self.classes = frozenset(data["classes"])
        self.uses = load_uses(self.portable)

    def _nouns(self, data: Mapping[str, Any]) -> tuple[dict[str, str], dict[frozenset[str], str], Table[Sense]]:
        names = {kind: phrases[0] for kind, phrases in data["nouns"].items()}
        entries: list[tuple[str, Sense]] = []
        for kind, phrases in data["nouns"].items():
            for phrase in phrases:
                entries += _numbers(phrase, frozenset({kind}))
        for whole, piece in self.slices.items():
            for name in data["nouns"][whole]:
                entries += _numbers(f"{name} slice", frozenset({piece}))
        names |= {piece: f"{names[whole]} slice" for whole, piece in self.slices.items() if piece not in names}
        concepts: dict[frozenset[str], str] = {}
        for concept in data["concepts"]:
            kinds, states = frozenset(concept["kinds"]), frozenset(concept.get("states", ()))
            for phrase in concept["words"]:
                entries += _numbers(phrase, kinds, states)
            if len(kinds) > 1 and not states:
                concepts.setdefault(kinds, concept["words"][0])
        return names, concepts, Table(entries)


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Return the words that come with the package."""
    data = resources.files("engram.planners.goals").joinpath("lexicon.json").read_text(encoding="utf-8")
    return Lexicon(json.loads(data))


@lru_cache(maxsize=4096)
def tokens(text: str) -> Words:
    """Return the words and marks of a text in plain lower case, contractions written out."""
    plain = unicodedata.normalize("NFKD", text.translate(_MARKS)).encode("ascii", "ignore").decode().lower()
    plain = _IS.sub(r"\1 is", plain)
    for short, full in _CONTRACTIONS.items():
        plain = plain.replace(short, full)
    spaced = " ".join(_WORD.findall(plain.replace("'s", "").replace("'", "")))
    return tuple(_INSERTED.sub("", spaced).split())


def expanded(pattern: str) -> list[str]:
    """Return all phrases of a pattern such as ``(once|when) this is done``; alternatives may be empty."""
    parts = [part.split("|") for part in re.split(r"[()]", pattern)]
    return [" ".join("".join(choice).split()) for choice in product(*parts)]


def _patterns(patterns: Iterable[str]) -> Table[None]:
    return Table((phrase, None) for pattern in patterns for phrase in expanded(pattern))


def plural(phrase: str) -> str:
    """Return the plural of a noun; the head is the last word, or the one before ``of``."""
    head, of, rest = phrase.partition(" of ")
    before, _, word = head.rpartition(" ")
    if word in _PLURALS:
        word = _PLURALS[word]
    elif word.endswith("y") and word[-2] not in "aeiou":
        word = f"{word[:-1]}ies"
    else:
        word += "es" if word.endswith(("s", "x", "ch", "sh", "ato")) else "s"
    return f"{before} {word}".strip() + of + rest


def _numbers(phrase: str, kinds: frozenset[str], states: frozenset[str] = frozenset()) -> list[tuple[str, Sense]]:
    return [(phrase, Sense(kinds, states)), (plural(phrase), Sense(kinds, states, plural=True))]


def _forms(deed: str, names: list[str], gerunds: Mapping[str, str]) -> list[tuple[str, str]]:
    """The verbs of a deed, gerunds too: after *washing* it."""
    forms = [(name, deed) for name in names]
    for gerund, base in gerunds.items():
        for name in names:
            first, _, rest = name.partition(" ")
            if first == base:
                forms.append((f"{gerund} {rest}".strip(), deed))
    return forms
