"""The grammar of requests: a text becomes deeds, and what they are done to.

A text is a row of requests and of talk that asks for nothing, with marks or words such as ``and`` between. Of all
readings the cheapest is taken: talk costs, a request does not. Talk may not begin as a request does, so that a request
which is not understood is never passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from engram.planners.contract import CLEAN, COLD, FILLED, HOT, ON, OPEN, SLICED
from engram.planners.goals.asides import ASKS, LOOSE, SEPARATORS, Asides
from engram.planners.goals.lexicon import Lexicon, Table, Words, tokens
from engram.planners.goals.phrases import PRONOUNS, Phrase, Phrases, Reading

_Row = tuple[int, tuple[Phrase, ...], float]
STATE_DEEDS = frozenset({CLEAN, COLD, FILLED, HOT, ON, OPEN, SLICED})
_LEADS = frozenset({"after", "before", "and", "by", "then", "while"})
_YOU_AFTER = _LEADS | {"once", "when", "until"}  # the words between which and a verb ``you`` says nothing
_NEWS = frozenset({"is", "are", "was", "were", "stands", "lies", "sits", "rests", "stand", "lie", "sit", "rest"})
_TAKE = frozenset({"take", "taking", "get", "getting", "fetch", "fetching", "grab", "grabbing", "collect", "retrieve"})
_RUN = frozenset({"run", "hold", "put", "place", "stick", "pass", "keep"})
_MAKE = frozenset({"make", "get", "have", "keep", "render", "turn", "let", "leave", "bring"})
_PARTICLES = frozenset({"up", "down", "away", "back", "over", "out", "off", "along", "together"})
_TALK_COST, _TALK_WORD_COST, _MEANS_COST = 20.0, 1.0, 1.0
_DISMISSED_COST = 2.0
_TAKEN_COST = 0.3  # of a place to put what is taken, found or fetched, where it could as well be where it is
_RESULT_COST = 0.2  # of a place to put something, where another one is told after it
_PLACE_COST = 0.5  # of a place that tells a thing from others, where it could as well be where the thing shall be
_PUT = frozenset({"put", "placed", "stored", "kept", "moved", "left"})
_MOST_THEMES = 6
_SMALL_WORDS = "to into onto that which with containing holding or slice piece of there where both should must"


def grammar_words(lex: Lexicon) -> frozenset[str]:
    """Return the words that the grammar itself knows."""
    tables: list[Table[Any]] = [lex.determiners, lex.liquids, lex.towards, *lex.closed.values()]
    tables += lex.favours.values()
    fixed = SEPARATORS | LOOSE | ASKS | _PARTICLES | _NEWS | _MAKE | frozenset(PRONOUNS)
    return fixed.union(tokens(_SMALL_WORDS), *(table.vocabulary for table in tables))


@dataclass(frozen=True)
class Clause:
    """A deed, what it is done to, and where to."""

    deed: str  # put, hold, find, light, make, off, close, tidy, go, or a state
    themes: tuple[Phrase, ...] = ()
    goal: Phrase | None = None  # of put: where to; of light: the lamp
    states: frozenset[str] = frozenset()  # wanted of the themes


_State = tuple[int, bool]  # a place, and whether the verb of what comes may be left out
_Item = tuple[_State, tuple[Clause, ...], float]  # what comes after it, the requests of it, its cost


class Read(NamedTuple):
    """One way to read a clause."""

    end: int
    clause: Clause
    cost: float = 0.0


class Grammar:
    """Reads one text."""

    def __init__(self, text: Words, lex: Lexicon, phrases: Phrases) -> None:
        """Take the words and what reads their noun phrases."""
        self._text, self._lex, self._phrases = text, lex, phrases
        self._asides = Asides(text, lex, phrases)
        self.reached = 0  # the last place that a request or talk was looked for at

    def read(self) -> tuple[Clause, ...] | None:
        """Return the requests of the text in order; ``None`` when it cannot be read."""
        items = self._reachable()
        self.reached = max(start for start, _ in items)
        best: dict[_State, tuple[float, tuple[Clause, ...]]] = {}
        for state in sorted(items, reverse=True):
            if state[0] == len(self._text):
                best[state] = 0.0, ()
                continue
            ways = [(cost + best[to][0], clauses + best[to][1]) for to, clauses, cost in items[state] if to in best]
            if ways:
                best[state] = min(ways, key=lambda way: way[0])
        return best[0, False][1] if (0, False) in best else None

    def _reachable(self) -> dict[_State, list[_Item]]:
        """The items at all places that readings from the front come to."""
        items: dict[_State, list[_Item]] = {}
        open_: list[_State] = [(0, False)]
        while open_:
            state = open_.pop()
            if state not in items:
                items[state] = list(self._items(*state))
                open_ += [to for to, _, _ in items[state]]
        return items

    def _items(self, start: int, gap: bool) -> Iterator[_Item]:
        """All items at a place, where the verb may be left out or not."""
        if start >= len(self._text):
            return
        for after in self._separated(start):
            yield (after, gap), (), 0.0
        for begin in self._begins(start):
            for read in self._clauses(begin, gap):
                for end in self._asides.fillers(read.end):
                    if self._asides.ends(end):
                        yield (end, read.clause.deed == "put"), (read.clause,), read.cost + 0.01 * (begin - start)
            for end in self._asides.dismissed(begin):
                yield (end, False), self._mentioned(begin, end), _DISMISSED_COST
        for begin in self._asides.fillers(start):
            if begin > start and self._asides.ends(begin):
                yield (begin, gap), (), 0.1
        for end in self._asides.talk(start):
            yield (end, False), self._mentioned(start, end), _TALK_COST + _TALK_WORD_COST * (end - start)

    def _mentioned(self, start: int, end: int) -> tuple[Clause, ...]:
        """What an aside speaks of first, which a pronoun may take up."""
        for place in range(start, end):
            if self._lex.determiners.at(self._text, place):
                found = [r.phrase for r in self._phrases.at(place) if r.end <= end and not r.phrase.told]
                if found:
                    return (Clause("mention", (found[0],)),)
        return ()

    def _separated(self, start: int) -> list[int]:
        return [start + 1] if self._text[start] in SEPARATORS else []

    def _begins(self, start: int) -> list[int]:
        lead = start + (self._phrases.word(start) in _LEADS)
        you = start + (self._phrases.word(start) == "you" and start > 0 and self._text[start - 1] in _YOU_AFTER)
        return list(dict.fromkeys(end for begin in (start, lead, you) for end in self._asides.fillers(begin)))

    def _clauses(self, start: int, gap: bool) -> Iterator[Read]:
        for deed, verbs in self._lex.verbs.items():
            for after, _ in verbs.at(self._text, start):
                yield from self._done(deed, after)
        yield from self._particle_verbs(start)
        yield from self._favour(start)
        yield from self._resultative(start)
        yield from self._by_light(start)
        yield from self._wished(start)
        if gap:
            yield from self._put(start)

    def _done(self, deed: str, start: int) -> Iterator[Read]:
        if deed in STATE_DEEDS:
            yield from self._stated(deed, start)
            yield from self._shared(deed, start)
        if deed in (CLEAN, "tidy"):
            yield from (Read(end, Clause("tidy")) for end in self._everything(deed, start))
        if deed == "put":
            yield from self._put(start)
        elif deed == "hold":
            yield from self._held(start)
        elif deed == "find":
            yield from (Read(end, Clause("go")) for end, _ in self._phrases.room(start))
        elif deed == "look":
            yield from self._lit(start)
        if deed in ("find", "look", "make", "off", "close"):
            yield from (Read(end, Clause(deed, themes), cost) for end, themes, cost in self._themes(start))

    def _themes(self, start: int) -> list[_Row]:
        """(end, phrases, cost) of one or more things, longest first."""
        rows: list[_Row] = [(r.end, (r.phrase,), r.cost) for r in self._phrases.at(start)]
        found = list(rows)
        for _ in range(_MOST_THEMES - 1):
            longer: list[_Row] = []
            for end, phrases, cost in rows:
                for after, _ in self._lex.closed["and_themes"].at(self._text, end):
                    more = self._phrases.at(after)[:4]
                    placed = _PLACE_COST * (phrases[-1].place is not None)
                    longer += [(r.end, (*phrases, r.phrase), cost + r.cost + placed) for r in more]
            rows = sorted(dict.fromkeys(longer), key=lambda row: -row[0])[:24]
            found += rows
        return sorted(found, key=lambda row: -row[0])

    def _put(self, start: int) -> Iterator[Read]:
        results = self._lex.closed["so_that"]
        taken = _TAKEN_COST * (start > 0 and self._text[start - 1] in _TAKE)
        for end, themes, cost in self._carried(start):
            for begin in {end, end + (self._phrases.word(end) in _PARTICLES)}:
                for to in self._result(begin):
                    yield Read(to.end, Clause("put", themes, to.phrase), cost + to.cost)
                for to in self._phrases.destination(begin):
                    late = _RESULT_COST * bool(results.at(self._text, to.end))
                    yield Read(to.end, Clause("put", themes, to.phrase), cost + to.cost + late + taken)

    def _result(self, start: int) -> Iterator[Reading]:
        """Where what is moved shall be: ``so that it ends up on the desk``."""
        for after, _ in self._lex.closed["so_that"].at(self._text, start):
            for moved in self._phrases.at(after):
                for end, _ in self._lex.closed["shall"].at(self._text, moved.end):
                    yield from self._to(end) if moved.phrase.pronoun or moved.phrase.definite else ()

    def _carried(self, start: int) -> list[_Row]:
        """Things as in ``_themes``; what is known by its use only can be carried."""
        portable = self._lex.portable
        return [row for row in self._themes(start) if all(not t.told or t.kinds <= portable for t in row[1])]

    def _held(self, start: int) -> Iterator[Read]:
        for end, themes, cost in self._carried(start):
            clause = Clause("hold", themes)
            yield Read(end, clause, cost)
            yield from (Read(after, clause, cost) for after, _ in self._lex.closed["to_me"].at(self._text, end))
            if self._phrases.word(end) in _PARTICLES:
                yield Read(end + 1, clause, cost)
        yield from self._lit(start)

    def _lit(self, start: int) -> Iterator[Read]:
        for end, themes, cost in self._carried(start):
            for after, _ in self._lex.closed["light"].at(self._text, end):
                for lamp in self._phrases.at(after):
                    if lamp.phrase.kinds and all("Lamp" in kind for kind in lamp.phrase.kinds):
                        clause = Clause("light", themes, lamp.phrase)
                        yield Read(lamp.end, clause, cost)
                        for lit, _ in self._lex.closed["lit"].at(self._text, lamp.end):
                            yield Read(lit, clause, cost)

    def _by_light(self, start: int) -> Iterator[Read]:
        """``with the lamp on``, said first."""
        for after, _ in self._lex.closed["light"].at(self._text, start):
            for lamp in self._phrases.at(after):
                if lamp.phrase.kinds and all("Lamp" in kind for kind in lamp.phrase.kinds):
                    clause = Clause(ON, (lamp.phrase,), states=frozenset({ON}))
                    for end in (lamp.end, *(e for e, _ in self._lex.closed["lit"].at(self._text, lamp.end))):
                        yield Read(end, clause, lamp.cost)

    def _stated(self, state: str, start: int) -> Iterator[Read]:
        means = self._lex.means[state]
        for end, themes, cost in self._themes(start) if state in (ON, OPEN) else self._carried(start):
            cost += _MEANS_COST * any(t.place is not None and t.place.kinds <= means for t in themes)
            for begin in {end, end + (self._phrases.word(end) in _PARTICLES)}:
                yield Read(begin, Clause(state, themes, states=frozenset({state})), cost)
                if state == FILLED and self._phrases.word(begin) == "with":
                    for after, states in self._lex.liquids.at(self._text, begin + 1):
                        yield from self._by_means(after, Clause(state, themes, states=states), cost)
                yield from self._by_means(begin, Clause(state, themes, states=frozenset({state})), cost)

    def _by_means(self, start: int, clause: Clause, cost: float) -> Iterator[Read]:
        """What a deed is usually done with says nothing about the goal."""
        yield Read(start, clause, cost)
        for after, _ in self._lex.closed["means"].at(self._text, start):
            for reading in self._phrases.at(after):
                if reading.phrase.kinds and reading.phrase.kinds <= self._lex.means[clause.deed]:
                    yield Read(reading.end, clause, cost)

    def _shared(self, state: str, start: int) -> Iterator[Read]:
        """``heat and slice the bread``: verbs with one object."""
        if self._phrases.word(start) in ("and", ","):
            for begin in self._asides.fillers(start + 1):
                for deed, verbs in self._lex.verbs.items():
                    for after, _ in verbs.at(self._text, begin):
                        if deed in STATE_DEEDS or deed in ("put", "hold"):
                            for read in self._done(deed, after):
                                states = read.clause.states | {state}
                                yield Read(read.end, replace(read.clause, states=states), read.cost)

    def _particle_verbs(self, start: int) -> Iterator[Read]:
        """``turn the lamp on``."""
        if self._phrases.word(start) not in ("turn", "switch", "power"):
            return
        for end, themes, cost in self._themes(start + 1):
            word = self._phrases.word(end)
            if word == "on":
                yield Read(end + 1, Clause(ON, themes, states=frozenset({ON})), cost)
            elif word == "off":
                yield Read(end + 1, Clause("off", themes), cost)

    def _favour(self, start: int) -> Iterator[Read]:
        """``give the mug a wash``, ``run the mug under the tap``."""
        verb = self._phrases.word(start)
        if verb != "give" and verb not in _RUN:
            return
        for end, themes, cost in self._carried(start + 1):
            for state, favours in self._lex.favours.items() if verb == "give" else ():
                for after, _ in favours.at(self._text, end):
                    yield from self._by_means(after, Clause(state, themes, states=frozenset({state})), cost)
            for after, _ in self._lex.closed["under_water"].at(self._text, end) if verb in _RUN else ():
                yield Read(after, Clause(CLEAN, themes, states=frozenset({CLEAN})), cost)

    def _resultative(self, start: int) -> Iterator[Read]:
        """``make the mug hot``, ``get the mug to be clean``, ``let the mug cool down``."""
        if self._phrases.word(start) not in _MAKE:
            return
        for end, themes, cost in self._themes(start + 1):
            for begin in (end, *(after for after, _ in self._lex.closed["become"].at(self._text, end))):
                for after, states in self._phrases.state_words(begin):
                    yield Read(after, Clause("make", themes, states=states), cost)
                for state in (HOT, COLD):
                    for after, _ in self._lex.verbs[state].at(self._text, begin):
                        yield Read(after, Clause("make", themes, states=frozenset({state})), cost)

    def _everything(self, deed: str, start: int) -> list[int]:
        everything = self._lex.closed["everything"].at(self._text, start)
        ends = [end for end, _ in everything] + [end for end, _ in self._phrases.room(start)]
        return ends + ([start] if deed == "tidy" and self._asides.ends(start) else [])

    def _wished(self, start: int) -> Iterator[Read]:
        """What is wished for, shall be, or is made sure of."""
        for after, _ in self._lex.closed["wishes"].at(self._text, start):
            for read in self._held(after):
                placed = any(theme.place is not None for theme in read.clause.themes)
                yield Read(read.end, read.clause, read.cost + _PLACE_COST * placed)
            for end, themes, cost in self._themes(after):
                for begin in (end, *(e for e, _ in self._lex.closed["shall"].at(self._text, end))):
                    yield from self._shall(begin, themes, cost)
        for after, _ in self._lex.closed["sure"].at(self._text, start):
            begin = after + 2 * (self._text[after : after + 2] in (("there", "is"), ("there", "are")))
            for end, themes, cost in self._themes(begin):
                ends = [end] if begin > after else [e for e, _ in self._lex.closed["shall"].at(self._text, end)]
                for verb_end in ends:
                    yield from self._shall(verb_end, themes, cost)
        yield from self._stated_wish(start)

    def _stated_wish(self, start: int) -> Iterator[Read]:
        if self._text[start : start + 3] in (("there", "should", "be"), ("there", "must", "be")):
            for end, themes, cost in self._themes(start + 3):
                yield from self._shall(end, themes, cost)
        results = [after for after, _ in self._lex.closed["so_that"].at(self._text, start)]
        for begin in results:
            for end, states in self._phrases.state_words(begin):  # ``until hot``
                yield Read(end, Clause("make", (Phrase(pronoun="it"),), states=states))
        for begin, _ in self._lex.closed["having"].at(self._text, start):
            for after, states in self._phrases.state_words(begin):
                yield from (Read(end, Clause("make", t, states=states), cost) for end, t, cost in self._themes(after))
                yield Read(after, Clause("make", (Phrase(pronoun="it"),), states=states))
        once = start + (self._phrases.word(start) in ("once", "when", "after"))
        for begin in (once, *results):
            for end, themes, cost in self._themes(begin):
                for after, _ in self._lex.closed["shall"].at(self._text, end):
                    if begin > start or self._text[end] not in _NEWS:
                        yield from self._shall(after, themes, cost)

    def _shall(self, start: int, themes: tuple[Phrase, ...], cost: float) -> Iterator[Read]:
        for end, states in self._phrases.state_words(start):
            yield Read(end, Clause("make", themes, states=states), cost)
            begin = end + (self._phrases.word(end) == "and")
            begin += begin > end and self._phrases.word(begin) in _NEWS
            yield from (Read(r.end, Clause("put", themes, r.phrase, states), cost + r.cost) for r in self._to(begin))
        yield from (Read(r.end, Clause("put", themes, r.phrase), cost + r.cost) for r in self._to(start))

    def _to(self, start: int) -> list[Reading]:
        """Where something shall be, or be put."""
        return self._phrases.destination(start + (self._phrases.word(start) in _PUT))
