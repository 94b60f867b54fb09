"""From deeds to wants: what ``it`` is, what is only a step on the way, and what shall be in the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from engram.planners.contract import HOT, ON, OPEN, SLICED, STATES, Noun, Want
from engram.planners.goals.grammar import Clause
from engram.planners.goals.lexicon import Lexicon
from engram.planners.goals.phrases import Phrase

_MICROWAVE = frozenset({"Microwave"})


class NotAGoalError(ValueError):
    """A deed that leaves nothing which a goal could say; ``args[0]`` is the deed."""


class NoReferentError(ValueError):
    """A pronoun stands for nothing that was spoken of; ``args[0]`` is the word."""


@dataclass(eq=False)
class _Referent:
    """A thing that was spoken of, and what is wanted of it so far."""

    phrase: Phrase
    at: _Referent | None = None
    held: bool = False
    sought: bool = False
    looked_at: bool = False
    opened: bool = False  # by a deed of its own
    states: frozenset[str] = field(default_factory=frozenset)  # that deeds bring about
    count: int = 1

    @property
    def wanted(self) -> bool:
        return self.at is not None or self.held or self.sought or bool(self.states)


class Discourse:
    """Takes in deeds one after another; ``wants`` says what they come to."""

    def __init__(self, lex: Lexicon) -> None:
        """Begin with nothing spoken of."""
        self._lex = lex
        self._all: list[_Referent] = []
        self._recent: list[_Referent] = []  # most salient first
        self._group: list[_Referent] = []  # the themes of the last deed
        self._last = ""  # deed

    def take(self, clauses: Iterable[Clause]) -> None:
        """Take in deeds in order.

        Raises:
            NoReferentError: a pronoun without anything that it could stand for.
            NotAGoalError: a deed that leaves nothing which a goal could say.

        """
        for clause in clauses:
            self._take(clause)

    def wants(self) -> tuple[Want, ...]:
        """Return what shall be in the end, in the order in which it was spoken of first."""
        if any(ON in r.states and all("Lamp" in kind for kind in r.phrase.kinds) for r in self._all):
            for referent in self._all:
                referent.held |= referent.looked_at and referent.at is None
        wants = [want for referent in self._all if referent.wanted for want in [self._want(referent)]]
        places = {want.at for want in wants}
        implied = [w for w in wants if w.at is None and not w.held and w.thing.states and w.thing in places]
        return tuple(want for want in wants if want not in implied)

    def _take(self, clause: Clause) -> None:
        if clause.deed == "mention":
            self._recent += [r for p in clause.themes if not p.pronoun for r in self._resolve(p, frozenset())]
            return
        need = {"off": self._lex.switchable, ON: self._lex.switchable}.get(clause.deed, frozenset())
        need = self._lex.openable if clause.deed in (OPEN, "close") else need
        themes = [r for phrase in clause.themes for r in self._resolve(phrase, need)]
        goal = None
        if clause.goal is not None:
            goal = self._resolve(clause.goal, frozenset(), besides=themes, light=clause.deed == "light")[0]
        for theme in themes:
            self._do(clause, theme, goal)
        self._note([*themes, *([goal] if goal else [])])
        if themes:
            self._group = themes
        self._last = clause.deed

    def _do(self, clause: Clause, theme: _Referent, goal: _Referent | None) -> None:
        theme.states |= clause.states
        theme.opened |= clause.deed == OPEN
        if clause.deed == SLICED:
            self._put_by(self._lex.means[SLICED])
        if clause.deed == "put" and goal is not None:
            self._heated(theme)
            theme.at, theme.held = goal, False
            self._on_the_way(goal)
        elif clause.deed in ("hold", "light"):
            self._heated(theme)
            theme.held, theme.at = True, None
            if goal is not None:
                goal.states |= {ON}
            self._taken_out(theme)
        elif clause.deed in ("find", "look"):
            theme.sought = True
            theme.looked_at |= clause.deed == "look"
        elif clause.deed in ("off", "close"):
            self._undo(clause.deed, theme)
        elif clause.deed == "make":
            theme.states |= theme.phrase.states

    def _on_the_way(self, opened: _Referent) -> None:
        """What was opened to put something in, or to take it out, was opened on the way only."""
        if opened.opened:
            opened.states -= {OPEN}

    def _taken_out(self, theme: _Referent) -> None:
        place = theme.phrase.place
        for referent in self._all:
            just_opened = self._last == OPEN and referent in self._group and referent.phrase.kinds <= self._lex.storage
            if just_opened or (place is not None and (place.pronoun or place.kinds & referent.phrase.kinds)):
                self._on_the_way(referent)

    def _undo(self, deed: str, theme: _Referent) -> None:
        """Closing what was opened, or filled, leaves nothing to be wanted; all else cannot be told."""
        state = ON if deed == "off" else OPEN
        if state not in theme.states and not theme.opened and all(r.at is not theme for r in self._all):
            raise NotAGoalError(deed)
        theme.states -= {state}

    def _put_by(self, tools: frozenset[str]) -> None:
        """A tool was picked up for a deed only."""
        for referent in self._all:
            referent.held = referent.held and not referent.phrase.kinds <= tools

    def _heated(self, theme: _Referent) -> None:
        """What is taken out of a microwave that was switched on was put there to be heated."""
        oven = theme.at
        if oven is not None and oven.phrase.kinds == _MICROWAVE and ON in oven.states:
            theme.states |= {HOT}
            oven.states -= {ON}

    def _resolve(
        self, phrase: Phrase, need: frozenset[str], besides: Iterable[_Referent] = (), light: bool = False
    ) -> list[_Referent]:
        """The things that a phrase stands for, new ones if it speaks of none of the old."""
        others = [r for r in self._recent if r not in list(besides)]
        if phrase.pronoun:
            return self._pronoun(phrase, need, others)
        if phrase.definite and not light:
            for referent in others:
                if self._same(phrase, referent.phrase):
                    referent.phrase = replace(referent.phrase, states=referent.phrase.states | phrase.states)
                    return [referent]
        return [self._new(phrase)]

    def _pronoun(self, phrase: Phrase, need: frozenset[str], others: list[_Referent]) -> list[_Referent]:
        if phrase.pronoun == "slice":
            return [self._slice(phrase, others)]
        if phrase.pronoun == "there":
            others = [r for r in others if not r.held]
            others = [r for r in others if r.phrase.kinds <= self._lex.receptacles] or others
        many = phrase.count > 1
        if many and len(self._group) > 1:
            return list(self._group)
        fitting = [r for r in others if not need or r.phrase.kinds & need] or others
        numbered = [r for r in fitting if (r.count > 1) == many] or fitting
        if not numbered:
            raise NoReferentError(phrase.pronoun)
        return numbered[:1]

    def _slice(self, phrase: Phrase, others: list[_Referent]) -> _Referent:
        for referent in others:
            if referent.phrase.kinds & (set(self._lex.slices) | set(self._lex.wholes)):
                referent.states |= {SLICED}
                referent.count = phrase.count
                return referent
        raise NoReferentError("slice")

    def _same(self, new: Phrase, old: Phrase) -> bool:
        """Whether a definite phrase can mean a thing that was spoken of before."""
        wholes = {self._lex.wholes.get(kind, kind) for kind in new.kinds}
        told = ((new.colour, old.colour), (new.room, old.room), (new.place, old.place), (new.beside, old.beside))
        number = new.count in (0, old.count) or new.count == 1
        return bool(wholes & old.kinds) and number and all(not a or a == b for a, b in told)

    def _new(self, phrase: Phrase) -> _Referent:
        referent = _Referent(replace(phrase, inside=None), count=max(phrase.count, 1))
        self._all.append(referent)
        if phrase.inside is not None:
            content = self._resolve(phrase.inside, frozenset())[0]
            content.at = referent
            self._all.sort(key=lambda r: r is referent)  # filled before it is moved
        return referent

    def _note(self, referents: list[_Referent]) -> None:
        self._recent = referents + [r for r in self._recent if r not in referents]

    def _want(self, referent: _Referent) -> Want:
        thing = self._noun(referent.phrase, referent.states)
        if SLICED in thing.states and (referent.at is not None or referent.held) and self._pieces(thing.kinds):
            thing = replace(thing, states=thing.states - {SLICED})  # the kind says so already
        at = None
        if referent.at is not None:
            at = self._noun(referent.at.phrase, referent.at.states & frozenset(STATES))
        return Want(thing, at, referent.held, referent.count)

    def _noun(self, phrase: Phrase, states: frozenset[str] = frozenset()) -> Noun:
        if phrase.pronoun:
            said, phrase = phrase, self._pronoun(phrase, frozenset(), self._recent)[0].phrase
            if any(near is not None and near.pronoun for near in (phrase.place, phrase.beside)):
                raise NoReferentError(said.pronoun)  # a thing is not described by where it is to itself
        states |= phrase.states
        kinds = phrase.kinds
        if SLICED in states:
            kinds = frozenset(self._lex.slices.get(kind, kind) for kind in kinds if kind in self._lex.slices) or kinds
        place = self._noun(phrase.place) if phrase.place is not None else None
        beside = self._noun(phrase.beside) if phrase.beside is not None else None
        return Noun(kinds, states, phrase.colour, phrase.room, place, beside)

    def _pieces(self, kinds: frozenset[str]) -> bool:
        return kinds <= set(self._lex.wholes)
