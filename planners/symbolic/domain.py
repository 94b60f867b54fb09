"""The one source of truth about skills: what each takes, needs, brings about and may cost.

Planners search it, the critic checks steps by it, and what is believed after a step follows from it. Every skill on a
thing goes there first, so that no skill needs another for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engram.planners.contract import (
    AT,
    CLEAN,
    COLD,
    FILLED,
    FLOOR,
    HOLDING,
    HOT,
    ON,
    OPEN,
    PRECONDITION,
    SEARCHED,
    SLICED,
    UNKNOWN_SKILL,
    Beliefs,
    Fact,
    Step,
    Verdict,
)
from engram.planners.symbolic.affordances import OPENABLE, PICKUPABLE, RECEPTACLE, TOGGLEABLE
from engram.planners.symbolic.state import HAND_EMPTY, KNIFE_HELD, LOCATED, REACHABLE, RUNNABLE, State
from engram.sims.contract import Outcome

# Sorts of parameters.
KIND, PLACE, THING, ITEM, HOLDER, DOOR, SWITCH, WHOLE = (
    "kind",
    "place",  # a thing, or a room
    "thing",
    "item",
    "holder",
    "door",
    "switch",
    "whole",
)
MAKER = "maker_"  # and a state: what brings it about
TAKES = "takes"  # holder and thing: whether there is room for things of this kind
IT, HELD = "it", "held"  # the argument of a step, and the thing in the hand
_TRAIT = {ITEM: PICKUPABLE, HOLDER: RECEPTACLE, DOOR: OPENABLE, SWITCH: TOGGLEABLE}


@dataclass(frozen=True)
class Literal:
    """A predicate of variables (``IT``, ``HELD``) that a skill needs or brings about."""

    predicate: str
    args: tuple[str, ...] = ()
    wanted: bool = True
    by_maker: bool = False  # only if the appliance makes this state, and the thing in the hand can get into it


@dataclass(frozen=True)
class Skill:
    """One skill. It has one parameter at most; what is in the hand goes without saying."""

    name: str
    sort: str  # of its parameter; empty for none
    budget: int  # actions that it may take
    needs: tuple[Literal, ...] = ()
    effects: tuple[Literal, ...] = ()

    @property
    def uses_hand(self) -> bool:
        """Whether it is about the thing in the hand."""
        return any(HELD in literal.args for literal in (*self.needs, *self.effects))


@dataclass(frozen=True)
class Lack:
    """A precondition that is not believed to hold."""

    fact: Fact
    wanted: bool
    believed: bool | None  # None: unknown, which is not false

    @property
    def unknown(self) -> bool:
        """Whether it may hold all the same."""
        return self.believed is None

    def __str__(self) -> str:
        """Return it as ``open(Fridge_1) should be true but is unknown``."""
        believed = "unknown" if self.believed is None else str(self.believed).lower()
        return f"{self.fact[0]}({', '.join(self.fact[1:])}) should be {str(self.wanted).lower()} but is {believed}"


def _is(predicate: str, *args: str) -> Literal:
    return Literal(predicate, args)


def _not(predicate: str, *args: str) -> Literal:
    return Literal(predicate, args, wanted=False)


_FULL = _not(HAND_EMPTY)
_THERE = (_is(LOCATED, IT), _is(REACHABLE, IT))
MADE_STATES = (CLEAN, FILLED, HOT, COLD)
_MADE = tuple(Literal(state, (HELD,), by_maker=True) for state in MADE_STATES)
_SKILLS = (
    Skill("find", KIND, 400),
    Skill("go_to", PLACE, 120, (_is(LOCATED, IT),)),
    Skill("pick", ITEM, 150, (_is(HAND_EMPTY), *_THERE), (_is(HOLDING, IT),)),
    Skill("place", HOLDER, 200, (_FULL, *_THERE, _is(OPEN, IT), _is(TAKES, IT, HELD)), (_is(AT, HELD, IT),)),
    Skill("put_down", "", 60, (_FULL,), (_is(AT, HELD, FLOOR),)),
    Skill("open", DOOR, 150, (*_THERE, _not(OPEN, IT)), (_is(OPEN, IT),)),
    Skill("close", DOOR, 150, (*_THERE, _is(OPEN, IT)), (_not(OPEN, IT),)),
    Skill("toggle_on", SWITCH, 150, (*_THERE, _is(RUNNABLE, IT), _not(ON, IT)), (_is(ON, IT),)),
    Skill("toggle_off", SWITCH, 150, (*_THERE, _is(ON, IT)), (_not(ON, IT),)),
    Skill("slice", WHOLE, 150, (_is(KNIFE_HELD), *_THERE), (_is(SLICED, IT),)),
    *(
        Skill(name, MAKER + state, 400, (_FULL, *_THERE, _is(TAKES, IT, HELD)), (*_MADE, _not(OPEN, IT), _not(ON, IT)))
        for name, state in (("heat", HOT), ("cool", COLD), ("clean", CLEAN), ("fill", FILLED))
    ),
    Skill("search", HOLDER, 250, _THERE, (_is(SEARCHED, IT),)),
    Skill("explore", "", 600),
    Skill("tidy", "", 2000),
)
SKILLS: Mapping[str, Skill] = MappingProxyType({skill.name: skill for skill in _SKILLS})
BUDGETS: Mapping[str, int] = MappingProxyType({skill.name: skill.budget for skill in _SKILLS})


def missing(step: Step, beliefs: Beliefs) -> list[Lack]:
    """Return the preconditions of a step that are not believed to hold, wrong arguments first.

    Raises:
        KeyError: there is no such skill.

    """
    return lacks(step, State.of(beliefs))


def lacks(step: Step, state: State) -> list[Lack]:
    """Return what :func:`missing` does, of a state."""
    skill = SKILLS[step.skill]
    if len(step.args) != bool(skill.sort):
        return [Lack(("arguments", step.skill), True, False)]
    it = step.args[0] if step.args else ""
    if it and skill.sort not in (KIND, PLACE) and not is_a(state, it, skill.sort):
        return [Lack((skill.sort, it), True, False)]
    found = []
    for need in skill.needs:
        if skill.sort == PLACE and it not in state.things:
            continue  # a room
        fact = _bind(need, it, state)
        true = takes(state, *fact[1:]) if need.predicate == TAKES else state.truth(fact)
        if true is not need.wanted:
            found.append(Lack(fact, need.wanted, true))
    return found


def applicable(step: Step, beliefs: Beliefs) -> Verdict:
    """Return whether nothing that a step needs is believed false: the layer of a critic. Unknown is not false."""
    if step.skill not in SKILLS:
        return Verdict(False, UNKNOWN_SKILL, f"there is no skill {step.skill!r}")
    false = [lack for lack in missing(step, beliefs) if not lack.unknown]
    if not false:
        return Verdict(True)
    code = _CODES.get((false[0].fact[0], false[0].wanted), PRECONDITION)
    return Verdict(False, code, f"{step}: {false[0]}")


def apply(step: Step, beliefs: Beliefs) -> Beliefs:
    """Return what will be believed once a step is done; what it needs is not checked.

    What is sliced is gone, and one thing of its slices' kind lies there, with a name that is likely but not sure.
    """
    state = State.of(beliefs)
    advance(step, state)
    return state.beliefs()


def advance(step: Step, state: State) -> None:
    """Carry a step out in a state; raise ``KeyError`` for an unknown skill."""
    skill = SKILLS[step.skill]
    it = step.args[0] if step.args else ""
    if skill.sort not in ("", KIND) and it != state.held:
        state.here = state.position(it) or state.here
    if step.skill == "explore":
        state.explored = True
    if step.skill == "slice" and it in state.things:
        state.cut(it)
        return
    if skill.uses_hand and not state.held:
        return
    bound = [(_bind(e, it, state), e.wanted) for e in skill.effects if not e.by_maker or _made(e, it, state)]
    for fact, wanted in bound:
        if fact[0] in (HOT, COLD):
            state.warm(fact[1], fact[0])
        elif fact[0] != OPEN or OPENABLE in state.kind(fact[1]):
            state.set(fact, wanted)
    _react(step.skill, it, state)


def is_a(state: State, name: str, sort: str) -> bool:
    """Whether a thing is of the sort that a parameter needs."""
    if name == FLOOR:
        return False  # things are put down there, and it cannot be searched
    kind = state.kind(name)
    if sort == THING:
        return name in state.things
    if sort == WHOLE:
        return bool(kind.pieces)
    if sort.startswith(MAKER):
        return sort.removeprefix(MAKER) in kind.makes
    return _TRAIT[sort] in kind


def takes(state: State, holder: str, thing: str) -> bool:
    """Whether there is room in principle: for this kind, and not in itself; a tap stands for its basin."""
    if not thing:
        return True
    kind = state.kind(holder)
    inside = holder == thing or thing in state.around(holder)
    return not inside and (kind.takes(state.kind(thing).name) or (RECEPTACLE not in kind and bool(kind.makes)))


def _made(effect: Literal, it: str, state: State) -> bool:
    state_name = effect.predicate
    return state_name in state.kind(it).makes and state.kind(state.held).can_be(state_name)


def _bind(literal: Literal, it: str, state: State) -> Fact:
    values = {IT: it, HELD: state.held}
    return (literal.predicate, *(values.get(arg, arg) for arg in literal.args))


def _react(skill: str, it: str, state: State) -> None:
    """A fridge that closes cools what is in it, and what heats does so once it is switched on."""
    made = {"close": COLD, "toggle_on": HOT}.get(skill)
    if made is not None and made in state.kind(it).makes:
        for name in state.contents(it):
            state.warm(name, made)


_CODES = {
    (HAND_EMPTY, True): Outcome.HAND_FULL.code,
    (HAND_EMPTY, False): Outcome.HAND_EMPTY.code,
    (REACHABLE, True): Outcome.CLOSED.code,
    (OPEN, True): Outcome.CLOSED.code,
    (DOOR, True): Outcome.NOT_OPENABLE.code,
    (TAKES, True): "impossible_place",
}
