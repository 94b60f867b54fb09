"""Requests in plain English become goals, without a language model.

What cannot be understood raises :class:`Unparsed` with a reason code; nothing of a request is left out in silence. What
is said beside it, such as why, is passed over. How a goal is to be read:

* A want with neither place, hand nor states is to be found: known where it is (:func:`is_search`).
* A goal without wants whose text asks for it is to tidy the house (:func:`is_tidy`).
* What is looked at under a lamp is held while the lamp is on.
* An ``at`` that equals the ``thing`` of another want is that same thing: a bowl with an apple in it.
* Sliced kinds (``"BreadSliced"``) need no state; only a want of nothing but slicing names it.
* A room as a destination is any surface in it.
* What is opened to take or put something, the knife that is taken to slice, and closing what was opened or filled are
  steps on the way, not wants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

import numpy as np

from engram.perception.text import TextEmbedder
from engram.planners.contract import Goal, Want
from engram.planners.goals.asides import MARKS, SEPARATORS
from engram.planners.goals.grammar import Clause, Grammar, grammar_words
from engram.planners.goals.lexicon import Lexicon, Words, lexicon, tokens
from engram.planners.goals.meaning import Discourse, NoReferentError, NotAGoalError
from engram.planners.goals.phrases import Phrases
from engram.planners.goals.uses import Use

_NEAR_SPELLING = 0.6


class Unparsed(ValueError):  # noqa: N818 - what came of it, as the callers say it
    """A request that is not understood.

    ``reason`` is one of ``empty``, ``too_long``, ``no_request``, ``unknown_word``, ``unsupported``, ``no_referent`` and
    ``structure``; ``word`` is what it is about, ``nearest`` the known word that is most like it, both may be empty.
    """

    def __init__(self, reason: str, text: str, word: str = "", nearest: str = "") -> None:
        """Keep the data and say it."""
        hint = f"; did you mean {nearest!r}?" if nearest else ""
        super().__init__(f"{text}{hint}")
        self.reason, self.word, self.nearest = reason, word, nearest


@dataclass(frozen=True)
class GoalConfig:
    """How far understanding goes."""

    min_similarity: float = 0.7
    """Cosine from which an unknown noun is taken for a known one; needs an embedder."""
    min_use_similarity: float = 0.45
    """Cosine from which ``something to ...`` is taken for a known use; needs an embedder."""
    max_words: int = 400


class GoalParser:
    """Understands requests; ``embedder`` lets it guess at words that it does not know."""

    def __init__(
        self, embedder: TextEmbedder | None = None, config: GoalConfig | None = None, lex: Lexicon | None = None
    ) -> None:
        """Take what words mean; without an embedder an unknown word is an error."""
        self._embedder, self.config, self._lex = embedder, config or GoalConfig(), lex or lexicon()
        parts = (self._lex.nouns, self._lex.rooms, self._lex.states, self._lex.colours, self._lex.neutral)
        tables = (*parts, self._lex.fillers, *self._lex.verbs.values())
        vocabularies = (table.vocabulary for table in tables)
        self._known = grammar_words(self._lex).union(self._lex.chatter, self._lex.unsupported, *vocabularies)

    def parse(self, text: str) -> Goal:
        """Return the goal of a request.

        Raises:
            Unparsed: it is not understood, or cannot be told as a goal.

        """
        return Goal(self._wants(self.clauses(text)), text)

    def clauses(self, text: str) -> tuple[Clause, ...]:
        """Return the deeds that a text asks for.

        Raises:
            Unparsed: as in ``parse``.

        """
        said = tokens(text)
        if not said:
            raise Unparsed("empty", "nothing is asked for")
        if len(said) > self.config.max_words:
            raise Unparsed("too_long", f"a request has at most {self.config.max_words} words, not {len(said)}")
        for _ in range(len(said)):
            clauses, grammar = self._read(said)
            if clauses:
                return clauses
            fault = self._fault(said, 0 if clauses == () else grammar.reached, talk=clauses == ())
            guessed = self._guess(said, fault)
            if guessed is None:
                raise fault
            said = guessed
        raise Unparsed("structure", "the request cannot be read")

    def _read(self, said: Words) -> tuple[tuple[Clause, ...] | None, Grammar]:
        grammar = Grammar(said, self._lex, Phrases(said, self._lex, self._by_use))
        return grammar.read(), grammar

    def _wants(self, clauses: Sequence[Clause]) -> tuple[Want, ...]:
        discourse = Discourse(self._lex)
        try:
            discourse.take(clauses)
            wants = discourse.wants()
        except NoReferentError as error:
            word = str(error.args[0])
            raise Unparsed("no_referent", f"nothing was named that {word!r} could be", word) from error
        except NotAGoalError as error:
            deed = str(error.args[0])
            raise Unparsed("unsupported", f"{deed!r}: {self._lex.unsupported[deed]}", deed) from error
        if not wants and not any(clause.deed == "tidy" for clause in clauses):
            raise Unparsed("unsupported", f"nothing that shall be in the end is asked for ({clauses[0].deed})")
        return wants

    def _fault(self, said: Words, start: int, talk: bool) -> Unparsed:
        """Say why the sentence that holds a place cannot be read."""
        end = next((k for k in range(start, len(said)) if said[k] in MARKS and k > start), len(said))
        part = said if talk else said[start:end]
        for before, word in zip(("", *part), part, strict=False):
            if word not in self._known and not word.isdigit() and word not in MARKS:
                near = self._nearest(word, verb=before in SEPARATORS or not before)
                return Unparsed("unknown_word", f"the word {word!r} is not known", word, near)
        for word in part:
            if word in self._lex.unsupported:
                return Unparsed("unsupported", f"{word!r}: {self._lex.unsupported[word]}", word)
        if talk:
            return Unparsed("no_request", "nothing is asked for")
        return Unparsed("structure", f"cannot be read: {' '.join(part)!r}")

    def _nearest(self, word: str, verb: bool) -> str:
        tables = self._lex.verbs.values() if verb else (self._lex.nouns,)
        names = [phrase for table in tables for phrase in table.phrases()]
        if self._embedder is not None:
            return self._similar(word, names)[0]
        return next(iter(get_close_matches(word, names, n=1, cutoff=_NEAR_SPELLING)), "")

    def _guess(self, said: Words, fault: Unparsed) -> Words | None:
        """Put a known noun in the place of an unknown one that it is like."""
        if self._embedder is None or fault.reason != "unknown_word":
            return None
        name, likeness = self._similar(fault.word, self._lex.nouns.phrases())
        if likeness < self.config.min_similarity:
            return None
        place = said.index(fault.word)
        return (*said[:place], *tokens(name), *said[place + 1 :])

    def _by_use(self, span: str) -> Use | None:
        if self._embedder is None:
            return None
        text, likeness = self._similar(span, self._lex.uses.texts)
        if likeness < self.config.min_use_similarity:
            return None
        return Use(self._lex.uses.text_kinds[self._lex.uses.texts.index(text)], likeness)

    def _similar(self, text: str, others: Sequence[str]) -> tuple[str, float]:
        if self._embedder is None:
            return "", 0.0
        cosines = self._embedder.embed(others) @ self._embedder.embed([text])[0]
        best = int(np.argmax(cosines))
        return others[best], float(cosines[best])


def parse_goal(text: str, embedder: TextEmbedder | None = None) -> Goal:
    """Return the goal of a request.

    Raises:
        Unparsed: it is not understood, or cannot be told as a goal.

    """
    return (GoalParser(embedder) if embedder is not None else _plain_parser()).parse(text)


@lru_cache(maxsize=1)
def _plain_parser() -> GoalParser:
    return GoalParser()


def is_tidy(goal: Goal) -> bool:
    """Whether the words of a goal ask to tidy up, beside what else it wants."""
    try:
        return any(clause.deed == "tidy" for clause in _plain_parser().clauses(goal.text))
    except Unparsed:
        return False


def is_search(want: Want) -> bool:
    """Whether a want is fulfilled once it is known where such a thing is."""
    return want.at is None and not want.held and not want.thing.states
