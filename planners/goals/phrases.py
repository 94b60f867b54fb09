"""The grammar of what a request speaks of: noun phrases, as all their readings, longest first.

Readings are bounded in number and depth, so that a long text costs time in proportion to its length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from engram.planners.contract import FILLED, ON, SLICED
from engram.planners.goals.lexicon import Lexicon, Sense, Words, tokens
from engram.planners.goals.uses import Use

_READINGS, _DEPTH, _SPAN_WORDS, _HEAD_WORDS = 24, 4, 12, 5
_TOLD_COST, _LOOSE_COST = 1.0, 4.0  # of a description, and of one that nothing in it fits
_ANYWHERE_COST = 10.0  # a room is where something shall be only if no place in it is named
PRONOUNS = {"it": False, "this": False, "that": False, "them": True, "they": True, "those": True, "these": True}
_WHICH, _IS = ("that", "which"), ("is", "are", "lies", "sits", "stands", "was", "were", "lie")
_LYING = ("lying", "sitting", "standing", "placed", "located", "kept", "resting", "currently")
_AND, _IT = ("and", ","), ("it", "them")
_WHERE = ("where", "somewhere", "someplace", "anywhere", "wherever")
_BARE_COST = 0.3  # of a place told by its use alone, where a noun before it could be told by it
_ADJECTIVE_COST = 0.3  # of a colour that a description would have as its own
# What begins what a noun is for, and what ends it.
_SAID_AFTER = frozenset(tokens("that which to for with where used whose who i we you one people"))
_BREAKS = frozenset(tokens(", . ; ! ? then so but before after it them until"))


@dataclass(frozen=True)
class Phrase:
    """What a noun phrase says."""

    kinds: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    colour: str = ""
    room: str = ""
    place: Phrase | None = None
    beside: Phrase | None = None
    count: int = 1
    definite: bool = False
    pronoun: str = ""  # the word, or "slice" for a piece of what was sliced before
    inside: Phrase | None = None  # what it shall hold
    told: bool = False  # known by what it is for or looks like only


class Reading(NamedTuple):
    """One way to read the words up to ``end``."""

    end: int
    phrase: Phrase
    cost: float = 0.0


class Phrases:
    """Reads the noun phrases of one text."""

    def __init__(self, text: Words, lex: Lexicon, by_use: Callable[[str], Use | None] = lambda _: None) -> None:
        """Take the words.

        Args:
            text: words and marks, as from ``tokens``.
            lex: the words that are known.
            by_use: kinds for what something is said to be for, where the words of the data do not tell.

        """
        self.text, self.lex, self._by_use = text, lex, by_use
        self._known: dict[tuple[int, int], list[Reading]] = {}
        self._used: dict[int, list[tuple[int, Use]]] = {}

    def at(self, start: int, depth: int = 0) -> list[Reading]:
        """Return the readings of a noun phrase that begins at a place, longest first."""
        if depth > _DEPTH or start >= len(self.text):
            return []
        key = (start, depth)
        if key not in self._known:
            self._known[key] = _best(self._readings(start, depth))
        return self._known[key]

    def destination(self, start: int) -> list[Reading]:
        """Return the readings of where something shall be: a preposition and a place or a room, or a use."""
        found: list[Reading] = []
        if self.word(start) == "there":
            found.append(Reading(start + 1, Phrase(pronoun="there")))
        found += self._where(start)
        for after, _ in self.lex.towards.at(self.text, start):
            found += [r for r in self.at(after) if self._receives(r.phrase)]
            found += self._where(after)
            for end, room in self.room(after):
                found.append(Reading(end, Phrase(kinds=self.lex.anywhere, room=room), _ANYWHERE_COST))
        return _best(iter(found))

    def _where(self, start: int) -> list[Reading]:
        """``where food is kept cold``."""
        if self.word(start) not in _WHERE:
            return []
        found = [Reading(end, _told(Phrase(), use), _told_cost(use) + _BARE_COST) for end, use in self._uses(start)]
        if self.word(start) != "where":
            found += self.destination(start + 1)
        return [r for r in found if self._receives(r.phrase)]

    def _receives(self, phrase: Phrase) -> bool:
        return not phrase.told or phrase.kinds <= self.lex.receptacles

    def room(self, start: int) -> list[tuple[int, str]]:
        """Return the rooms named at a place."""
        after = start + (self.word(start) in ("the", "a", "my", "your", "our"))
        return self.lex.rooms.at(self.text, after)

    def relates(self, start: int) -> bool:
        """Whether words that say where something is begin at a place."""
        return any(True for _ in self._restricted(Reading(start, Phrase()), start, 0))

    def state_words(self, start: int) -> list[tuple[int, frozenset[str]]]:
        """Return sets of states named at a place: ``clean and hot``."""
        found: list[tuple[int, frozenset[str]]] = []
        for end, state in self.lex.states.at(self.text, start):
            more = end + 1 if self.word(end) in _AND else end
            found += [(last, rest | {state}) for last, rest in (self.state_words(more) if more > end else [])]
            found.append((end, frozenset({state})))
        return found

    def word(self, place: int) -> str:
        """Return the word at a place; empty behind the last."""
        return self.text[place] if place < len(self.text) else ""

    def _readings(self, start: int, depth: int) -> Iterator[Reading]:
        if self.word(start) in PRONOUNS:
            word = self.word(start)
            yield Reading(start + 1, Phrase(pronoun=word, count=2 if PRONOUNS[word] else 1))
        for after, (count, definite) in [*self.lex.determiners.at(self.text, start), (start, (0, False))]:
            plain = Phrase(count=count, definite=definite)
            for body in self._described(after, plain):
                yield from self._modified(body, depth)
            for end, _ in self.lex.closed["bare_pieces"].at(self.text, after):
                yield Reading(end, replace(plain, count=max(count, 1), pronoun="slice"))
        for after, _ in self.lex.closed["something"].at(self.text, start):
            yield from self._something(after, depth)

    def _something(self, start: int, depth: int) -> Iterator[Reading]:
        bodies = [(start, Phrase())]
        bodies += [(end, Phrase(colour=colour)) for end, colour in self.lex.colours.at(self.text, start)]
        bodies += [(end, Phrase(states=frozenset({s}))) for end, s in self.lex.states.at(self.text, start)]
        for after, phrase in bodies:
            adjectives = _ADJECTIVE_COST * (after > start)
            for end, use in self._uses(after):
                yield from self._modified(Reading(end, _told(phrase, use), _told_cost(use) + adjectives), depth)

    def _uses(self, start: int) -> list[tuple[int, Use]]:
        """What descriptions that begin at a place say, of things to carry and of others, longest first."""
        if start not in self._used:
            found: list[tuple[int, Use]] = []
            for end in range(start + 1, min(len(self.text), start + _SPAN_WORDS) + 1):
                if self.text[end - 1] in _BREAKS:
                    break
                span = " ".join(self.text[start:end])
                uses = [use for carried in (True, False) if (use := self.lex.uses.find(span, carried))]
                uses = uses or [use for use in (self._by_use(span),) if use]
                found += [(end, use) for use in uses]
            self._used[start] = found[::-1]
        return self._used[start]

    def _kind_of(self, start: int, phrase: Phrase) -> Iterator[Reading]:
        """``leafy vegetable``, ``table where we eat``: a class of things, and what tells one of them."""
        stop = next((k for k in range(start, len(self.text)) if self.text[k] in _SAID_AFTER | _BREAKS), len(self.text))
        for head_end in range(start + 1, min(stop, start + _HEAD_WORDS) + 1):
            for head, kinds in self._classes(start, head_end):
                ends = [head_end] if head > start else []
                if head_end == stop and self._says_what_for(stop):
                    ends += range(stop + 2, min(len(self.text), start + _SPAN_WORDS) + 1)
                for end in ends:
                    # A class without kinds may say something itself.
                    told = (*self.text[start : head if kinds else head_end], *self.text[head_end:end])
                    if _BREAKS & set(told) or self.lex.unsupported.keys() & set(told):
                        break
                    for use in self._class_uses(" ".join(told), kinds):
                        body = replace(phrase, kinds=use.kinds, count=max(phrase.count, 1), told=True)
                        yield Reading(end, body, _told_cost(use))

    def _class_uses(self, told: str, kinds: frozenset[str]) -> list[Use]:
        """What a description says of a class of things; without kinds, of any that can be carried, and of others."""
        found = [self.lex.uses.find(told, carried, kinds) for carried in (True, False)]
        uses = [use for use in found if use is not None]
        return [Use(use.kinds & kinds, use.score) for use in uses] if kinds else uses

    def _says_what_for(self, place: int) -> bool:
        whither = self.word(place) == "to" and bool(self.lex.determiners.at(self.text, place + 1))
        return self.word(place) in _SAID_AFTER and not whither

    def _classes(self, start: int, end: int) -> list[tuple[int, frozenset[str]]]:
        """Where nouns begin that end at a place, and their kinds; none given where they can be any."""
        found = [(k, s.kinds) for k in range(start, end) for last, s in self.lex.nouns.at(self.text, k) if last == end]
        if not found and self.text[end - 1] in self.lex.classes:
            found = [(end - 1, frozenset())]
        return found[:1]

    def _described(self, start: int, phrase: Phrase) -> Iterator[Reading]:
        """Adjectives and a head, or several heads with ``or`` between."""
        text, lex = self.text, self.lex
        after = start + (self.word(start) in _AND and start > 0)
        for end, colour in lex.colours.at(text, after):
            if not phrase.colour:
                yield from self._described(end, replace(phrase, colour=colour))
        for end, state in lex.states.at(text, after):
            if state != ON or text[after:end] != ("on",):
                yield from self._described(end, replace(phrase, states=phrase.states | {state}))
        for end, _ in lex.neutral.at(text, after):
            yield from self._described(end, phrase)
        for end, room in lex.rooms.at(text, start):
            if not phrase.room:
                yield from self._described(end, replace(phrase, room=room))
        for end, sense in lex.nouns.at(text, start):
            count = phrase.count or (2 if sense.plural else 1)
            body = replace(phrase, kinds=sense.kinds, states=phrase.states | sense.states, count=count)
            yield from self._alternatives(Reading(end, body))
        if phrase.count or phrase.definite:
            adjectives = _ADJECTIVE_COST * bool(phrase.colour or phrase.states)
            yield from (r._replace(cost=r.cost + adjectives) for r in self._kind_of(start, phrase))
        for end, _ in lex.closed["pieces"].at(text, after):
            yield from self._described(end, replace(phrase, states=phrase.states | {SLICED}))

    def _alternatives(self, reading: Reading) -> Iterator[Reading]:
        if self.word(reading.end) == "or":
            after = reading.end + 1
            after += self.word(after) in ("a", "an", "the")
            for end, sense in self.lex.nouns.at(self.text, after):
                yield from self._alternatives(Reading(end, _joined(reading.phrase, sense)))
        yield reading

    def _modified(self, reading: Reading, depth: int) -> Iterator[Reading]:
        """The phrase with what follows it: relative clauses, prepositions, contents."""
        end = reading.end
        if self.word(end) in _WHICH and self.word(end + 1) in _IS:
            yield from self._related(reading, end + 2, depth)
        for after, _ in self.lex.closed["made"].at(self.text, end):
            for last, states in self.state_words(after):
                yield from self._modified(_with(reading, last, states=reading.phrase.states | states), depth)
        begin = end + (self.word(end) in _LYING)
        for longer in self._restricted(reading, begin, depth):
            yield from self._modified(longer, depth)
        for after, state in self.lex.states.at(self.text, end):
            if state == FILLED:
                yield from self._modified(_with(reading, after, states=reading.phrase.states | {state}), depth)
        if reading.phrase.inside is None:
            yield from self._holding(reading, depth)
        yield reading

    def _related(self, reading: Reading, start: int, depth: int) -> Iterator[Reading]:
        both = self.word(start) == "both"
        for first in self._facts(reading, start + both, depth):
            if both and self.word(first.end) == "and":
                yield from self._facts(first, first.end + 1, depth)
            elif not both:
                yield first

    def _facts(self, reading: Reading, start: int, depth: int) -> Iterator[Reading]:
        yield from self._restricted(reading, start + (self.word(start) in _LYING), depth)
        for end, colour in self.lex.colours.at(self.text, start):
            yield _with(reading, end, colour=colour)
        for end, states in self.state_words(start):
            yield _with(reading, end, states=reading.phrase.states | states)

    def _restricted(self, reading: Reading, start: int, depth: int) -> Iterator[Reading]:
        phrase = reading.phrase
        for after, _ in [*self.lex.closed["within"].at(self.text, start), *self.lex.closed["out"].at(self.text, start)]:
            if phrase.place is None:
                for place in self.at(after, depth + 1):
                    yield _with(reading, place.end, place.cost, place=place.phrase)
            if not phrase.room:
                for end, room in self.room(after):
                    yield _with(reading, end, room=room)
        for after, _ in self.lex.closed["beside"].at(self.text, start):
            if phrase.beside is None:
                for other in self.at(after, depth + 1):
                    yield _with(reading, other.end, other.cost, beside=other.phrase)

    def _holding(self, reading: Reading, depth: int) -> Iterator[Reading]:
        word = self.word(reading.end)
        if word not in ("with", "containing", "holding"):
            return
        for content in self.at(reading.end + 1, depth + 1):
            end = content.end
            if self.word(end) in ("in", "on", "inside") and self.word(end + 1) in _IT:
                yield _with(reading, end + 2, content.cost, inside=content.phrase)
            elif word != "with":
                yield _with(reading, end, content.cost, inside=content.phrase)


def _with(reading: Reading, end: int, cost: float = 0.0, **parts: object) -> Reading:
    return Reading(end, replace(reading.phrase, **parts), reading.cost + cost)  # type: ignore[arg-type]


def _told(phrase: Phrase, use: Use) -> Phrase:
    return replace(phrase, kinds=use.kinds, told=True)


def _told_cost(use: Use) -> float:
    return _TOLD_COST + _LOOSE_COST * (1.0 - use.score)


def _joined(phrase: Phrase, sense: Sense) -> Phrase:
    return replace(phrase, kinds=phrase.kinds | sense.kinds)


def _best(readings: Iterator[Reading]) -> list[Reading]:
    """The longest readings, each once; of equally long ones those that came first."""
    kept: dict[Reading, None] = {}
    for count, reading in enumerate(readings):
        if count >= _READINGS * 8:
            break
        kept.setdefault(reading)
    return sorted(kept, key=lambda r: (-r.end, r.cost))[:_READINGS]
