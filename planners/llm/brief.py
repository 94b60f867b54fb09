"""What a small language model is told: what is in the hand, and only those things that the goal needs.

Things are ranked by the symbolic matcher, the likeliest and nearest of those that a noun may mean first; what the goal
does not speak of is left out, and so are the skills, which such a model knows from its training.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from engram.perception.language.prompts import clean, named
from engram.planners.contract import HOT, ON, OPEN, SEARCHED, SLICED, Beliefs, Goal, Noun, Want
from engram.planners.llm.words import nouns_of
from engram.planners.symbolic.affordances import KNIFE, OPENABLE, PICKUPABLE, RECEPTACLE, TOGGLEABLE, slices
from engram.planners.symbolic.draft import MADE
from engram.planners.symbolic.feedback import read_failure
from engram.planners.symbolic.match import Matcher, distance_m
from engram.planners.symbolic.record import Record
from engram.planners.symbolic.state import State

_EACH, _MAKERS, _HOMES, _HOLDERS, _FAILURES = 3, 2, 6, 8, 3  # of what is told
_FAR_M = 5.0  # a way that is not known
_UNLIKELY_M = 100.0  # of a thing that is not meant, by all that is known


def brief_lines(beliefs: Beliefs, goal: Goal, most: int = 24) -> list[str]:
    """Return what is believed of the things that a goal needs, one a line.

    Args:
        beliefs: what is believed.
        goal: the goal.
        most: things that are told.

    """
    scene = _Scene(beliefs, goal)
    names = dict.fromkeys(name for name in scene.names() if name in beliefs.things)
    lines = [f"hand: {named(beliefs.held) if beliefs.held else 'nothing'}"]
    lines += ["explored"] if beliefs.explored else []
    return lines + [scene.line(name) for name in islice(names, most)]


def brief_feedback(feedback: Sequence[str]) -> list[str]:
    """Return the last steps that failed, with their reason codes; sentences that tell of no step are left out."""
    found = [failed for text in feedback if (failed := read_failure(text)) is not None]
    told = [f"{f.step.skill} {' '.join(map(named, f.step.args))} {named(f.outcome)}" for f in found[-_FAILURES:]]
    return [" ".join(line.split()) for line in told]


class _Scene:
    """Chooses and tells the things that a goal needs."""

    def __init__(self, beliefs: Beliefs, goal: Goal) -> None:
        self._state, self._goal = State.of(beliefs), goal
        record = Record()
        record.note(self._state)
        self._matcher = Matcher(self._state, record)
        nouns = [noun for want in goal.wants for noun in nouns_of(want)]
        self._states = {state for noun in nouns for state in noun.states}
        self._rooms = any(noun.room for noun in nouns)
        self._colours = any(noun.colour for noun in nouns)

    def names(self) -> list[str]:
        """Things that matter, the most important first; what closed things they lie in follows each."""
        found = [self._state.held] if self._state.held else []
        for want in self._goal.wants:
            found += self._of(want)
        found += self._homes() + self._hiding()
        return [each for name in found for each in (name, *self._doors(name))]

    def line(self, name: str) -> str:
        """Tell of one thing."""
        state, kind = self._state, self._state.kind(name)
        holder, room = state.holder.get(name, ""), state.room(name)
        parts = [named(name), f"{round(self._way_m(name))}m"]
        parts += [f"at {named(holder)}"] if holder else []
        parts += [named(room)] if room and self._rooms else []
        parts += [clean(state.things[name].colour, 20)] if state.things[name].colour and self._colours else []
        told = [each for each in sorted(self._states) if each not in (ON, OPEN)]
        told += [OPEN] if OPENABLE in kind and RECEPTACLE in kind else []
        told += [ON] if TOGGLEABLE in kind else []
        known = [(each, state.facts.get((each, name))) for each in told]
        return " ".join(parts + [each if true else f"not-{each}" for each, true in known if true is not None])

    def _of(self, want: Want) -> list[str]:
        things = self._ranked(want.thing)
        found = things[:_EACH] + (self._ranked(want.at)[:_EACH] if want.at is not None else [])
        kinds = {self._state.kind(name).name for name in things} or want.thing.kinds
        for made in MADE:
            if made in want.thing.states:
                found += self._makers(made, kinds)
        if SLICED in want.thing.states or want.thing.kinds & set(slices()):
            found += self._near(name for name in self._state.things if KNIFE in self._state.kind(name))[:2]
        return found

    def _ranked(self, noun: Noun) -> list[str]:
        """Things of the kinds of a noun, or that are cut into such: those that it may mean first, the nearest first."""
        noun = Noun(
            noun.kinds | {slices()[k] for k in noun.kinds if k in slices()}, frozenset(), noun.colour, noun.room,
            noun.place, noun.beside,
        )  # fmt: skip
        costs = {c.name: c.cost_m for c in self._matcher.candidates(noun)}
        names = self._matcher.of_kinds(noun.kinds)
        return sorted(names, key=lambda name: (costs.get(name, _UNLIKELY_M) + self._way_m(name), name))

    def _makers(self, made: str, kinds: Iterable[str]) -> list[str]:
        """Nearest appliances of each kind that bring about a state; what heats and fills is no use for heat."""
        found = []
        for name in self._state.things:
            kind = self._state.kind(name)
            fits = RECEPTACLE not in kind or any(kind.takes(each) for each in kinds)
            if made in kind.makes and fits and not (made == HOT and len(kind.makes) > 1):
                found.append(name)
        return self._one_each(found)[:_MAKERS]

    def _homes(self) -> list[str]:
        """Where what is in the hand may be put away, where the goal does not speak of it: one of each kind."""
        held = self._state.held
        if not held or any(self._state.kind(held).name in want.thing.kinds for want in self._goal.wants):
            return []
        kinds = {self._state.kind(held).name}
        return self._one_each(n for n in self._state.things if not self._shuts(n) and self._takes(n, kinds))[:_HOMES]

    def _hiding(self) -> list[str]:
        """Where what is not known yet may be: one place of each kind that has not been looked into."""
        lacking = set[str]()
        for want in self._goal.wants:
            if not self._ranked(want.thing):
                lacking |= {kind for kind in want.thing.kinds if PICKUPABLE in self._state.kind(kind)}
        return self._one_each(n for n in self._state.things if self._may_hide(n, lacking))[:_HOLDERS]

    def _may_hide(self, name: str, kinds: Iterable[str]) -> bool:
        searched = self._state.truth((SEARCHED, name)) is True
        return (self._shuts(name) or self._state.explored) and not searched and self._takes(name, kinds)

    def _takes(self, name: str, kinds: Iterable[str]) -> bool:
        kind = self._state.kind(name)
        return PICKUPABLE not in kind and any(kind.takes(each) for each in kinds)

    def _shuts(self, name: str) -> bool:
        return OPENABLE in self._state.kind(name)

    def _doors(self, name: str) -> list[str]:
        return [each for each in self._state.around(name) if self._shuts(each)]

    def _one_each(self, names: Iterable[str]) -> list[str]:
        """Return the nearest of each kind."""
        first: dict[str, str] = {}
        for name in self._near(names):
            first.setdefault(self._state.kind(name).name, name)
        return list(first.values())

    def _near(self, names: Iterable[str]) -> list[str]:
        return sorted(names, key=lambda name: (self._way_m(name), name))

    def _way_m(self, name: str) -> float:
        gap = distance_m(self._state.here, self._state.position(name))
        return _FAR_M if gap is None else gap
