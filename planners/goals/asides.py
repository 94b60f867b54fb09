"""What is said beside a request: politeness, connectives, talk, and what is to be left alone."""

from __future__ import annotations

from engram.planners.goals.lexicon import Lexicon, Words
from engram.planners.goals.phrases import PRONOUNS, Phrases

MARKS = frozenset({",", ".", ";", "!", "?"})
SEPARATORS = MARKS | {"and", "then", "so", "but", "before", "after", "plus"}
LOOSE = frozenset({"because", "since", "so", "as", "for", "while"})  # talk may follow them without a mark
ASKS = frozenset(
    {"please", "could", "can", "would", "will", "if", "unless", "until", "do", "never", "let", "stop", "give"}
)
_MODALS = frozenset({"should", "must", "can", "could", "ought", "need", "have"})
_JOINTS = frozenset({"while", "when", "as", "by", "with", "since", "because", "for", "in", "at", "on"})
_SPARE = frozenset({"leave", "let", "keep"})
_MODAL_REACH = 4  # words from ``you`` within which its verb is looked for


class Asides:
    """Finds where asides of one text end."""

    def __init__(self, text: Words, lex: Lexicon, phrases: Phrases) -> None:
        """Take the words and what reads their noun phrases."""
        self._text, self._lex, self._phrases = text, lex, phrases

    def ends(self, place: int) -> bool:
        """Whether a request or an aside may end at a place."""
        word = self._phrases.word(place)
        clauses = [self._lex.closed[name].at(self._text, place) for name in ("so_that", "having")]
        return not word or word in SEPARATORS or word in LOOSE or any(clauses)

    def fillers(self, start: int) -> list[int]:
        """Return the places behind any number of words of politeness and the like, the farthest first."""
        ends, open_ = {start}, [start]
        while open_:
            place = open_.pop()
            for end, _ in self._lex.fillers.at(self._text, place):
                if end not in ends:
                    ends.add(end)
                    open_.append(end)
        return sorted(ends, reverse=True)

    def talk(self, start: int) -> list[int]:
        """Return the ends of talk that begins at a place; what may ask for something is none."""
        first = self._phrases.word(start)
        if not first or first in SEPARATORS or first in ASKS or self._phrases.relates(start) or self._asks(start):
            return []
        if first not in self._lex.chatter and self.commands(start):
            return []
        if first in _JOINTS and any(map(self.commands, self.fillers(start + 1))):
            return []
        return self._segment(start)

    def dismissed(self, start: int) -> list[int]:
        """Return the ends of what says that something is to be left alone: ``never mind the forks``."""
        ends: list[int] = []
        for after, _ in self._lex.closed["dismissals"].at(self._text, start):
            ends += [end for end in self._segment(after) if end > after] or [after] * self.ends(after)
        if self._phrases.word(start) in _SPARE:
            for place in range(start + 1, len(self._text)):
                if self._spare_ends(place):
                    break
                ends += [end for end, _ in self._lex.closed["alone"].at(self._text, place) if self.ends(end)]
        return ends

    def _spare_ends(self, place: int) -> bool:
        """Whether what is to be left alone cannot go on at a place."""
        word = self._text[place]
        return word in MARKS - {","} or (word in SEPARATORS and any(map(self.commands, self.fillers(place + 1))))

    def commands(self, start: int) -> bool:
        """Whether a request seems to begin at a place: a verb that is known, or a word before a determiner."""
        if any(table.at(self._text, start) for table in self._lex.verbs.values()):
            return True
        first, second = self._phrases.word(start), self._phrases.word(start + 1)
        known = first in self._lex.chatter or first in SEPARATORS or first in LOOSE
        return not known and (bool(self._lex.determiners.at(self._text, start + 1)) or second in PRONOUNS)

    def _segment(self, start: int) -> list[int]:
        """Places at which talk from a place on may end: at marks, or before what seems to be a request."""
        ends = []
        for end in range(start + 1, len(self._text) + 1):
            word = self._phrases.word(end)
            if not word or word in SEPARATORS:
                ends.append(end)
                if not word or word in MARKS or any(self.commands(place) for place in self.fillers(end + 1)):
                    break
        return ends

    def _asks(self, start: int) -> bool:
        """Whether words that make a request of what follows begin at a place: ``I need you to``, ``you should``."""
        if any(self._text[end - 2 : end] == ("you", "to") for end, _ in self._lex.fillers.at(self._text, start)):
            return True
        near = self._text[start : start + _MODAL_REACH]
        if near[:1] != ("you",) or "not" in near or not _MODALS & set(near):
            return False
        places = range(start + 2, start + 2 + _MODAL_REACH)
        return any(map(self.commands, places))
