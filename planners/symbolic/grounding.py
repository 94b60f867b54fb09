"""What a goal comes to for a planner that searches: facts about named things, and which things matter for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engram.planners.contract import AT, CLEAN, COLD, FILLED, FLOOR, HOLDING, HOT, SLICED, Fact, Goal, Want
from engram.planners.symbolic.affordances import KNIFE, OPENABLE, PICKUPABLE, RECEPTACLE
from engram.planners.symbolic.domain import takes
from engram.planners.symbolic.match import Matcher, can_be
from engram.planners.symbolic.record import Record
from engram.planners.symbolic.state import State

_MADE = (CLEAN, FILLED, HOT, COLD)
_CHOICE = 3  # things, and places, of which one is chosen
_MAKERS = 2  # appliances for each state
_COMBINATIONS = 64  # of alternatives, which planners multiply out
_SPARE = 2  # open receptacles beside, to put things by

Facts = tuple[Fact, ...]


class Grounding:
    """Facts and things. Things are told apart by giving each want things of its own where several want such things."""

    def __init__(self, goal: Goal, state: State, record: Record) -> None:
        """Ground a goal in what is believed; the state is not changed."""
        self._state, self._matcher = state, Matcher(state, record)
        self._taken: set[str] = set()
        self._sharing = Counter(kind for want in goal.wants for kind in want.thing.kinds)
        self.goals: list[list[Facts]] = _few([self._alternatives(want) for want in goal.wants])
        self.names = frozenset(self._relevant(goal))

    @property
    def possible(self) -> bool:
        """Whether every want has something that it could be about."""
        return all(self.goals)

    def _alternatives(self, want: Want) -> list[Facts]:
        names = [c.name for c in sorted(self._matcher.candidates(want.thing), key=lambda c: (c.cost_m, c.name))]
        names = [name for name in names if name not in self._taken and self._can_be(name, want)]
        shared = want.count > 1 or any(self._sharing[kind] > 1 for kind in want.thing.kinds)
        names = names[: want.count] if shared else names[:_CHOICE]
        if len(names) < want.count:
            return []
        self._taken.update(names if shared else ())
        if want.count > 1:
            return [sum((self._facts(want, n, place) for n in names), ()) for place in self._places(want, names[0])]
        return [self._facts(want, name, place) for name in names for place in self._places(want, name)]

    def _places(self, want: Want, name: str) -> list[str]:
        if want.at is None:
            return [""]
        found = (c.name for c in self._matcher.candidates(want.at) if c.name != name)
        return [place for place in found if takes(self._state, place, name)][:_CHOICE]

    def _can_be(self, name: str, want: Want) -> bool:
        return all(can_be(self._state.kind(name).name, state) for state in want.thing.states)

    def _facts(self, want: Want, name: str, place: str) -> Facts:
        states = tuple((state, name) for state in sorted(want.thing.states))
        at = ((AT, name, place),) if place else ()
        return (*states, *at, *(((HOLDING, name),) if want.held else ()))

    def _relevant(self, goal: Goal) -> Iterator[str]:
        state = self._state
        named = {arg for alternatives in self.goals for facts in alternatives for fact in facts for arg in fact[1:]}
        wanted = {s for want in goal.wants for s in want.thing.states}
        makers = [n for s in _MADE if s in wanted for n in self._having(s)]
        knives = [n for n in sorted(state.things) if SLICED in wanted and KNIFE in state.kind(n)][:_MAKERS]
        spare = [n for n in sorted(state.things) if self._is_spare(n)][:_SPARE]
        for name in {*named, *makers, *knives, *spare, *([state.held] if state.held else [])}:
            yield name
            yield from (h for h in state.around(name) if h in state.things)
        yield FLOOR

    def _having(self, made: str) -> list[str]:
        return [n for n in sorted(self._state.things) if made in self._state.kind(n).makes][:_MAKERS]

    def _is_spare(self, name: str) -> bool:
        kind = self._state.kind(name)
        special = kind.only or kind.makes or {PICKUPABLE, OPENABLE} & kind.traits
        return RECEPTACLE in kind and not special


def _few(goals: list[list[Facts]]) -> list[list[Facts]]:
    """Keep alternatives as long as there are few combinations of them; the best one of each want stays."""
    kept, combinations = [], 1
    for alternatives in goals:
        within = max(1, _COMBINATIONS // combinations)
        kept.append(alternatives[:within])
        combinations *= max(1, len(kept[-1]))
    return kept
