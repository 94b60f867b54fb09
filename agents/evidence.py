"""What the world has shown: whether a step came to anything, what is true since, and whether a goal is reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from engram.agents.scribe import Claim
from engram.planners.contract import (
    AT,
    IN_ROOM,
    NOT_FOUND,
    ON,
    OPEN,
    SEARCHED,
    SLICED,
    STATES,
    Beliefs,
    Fact,
    Goal,
    Noun,
    Result,
    Step,
    Thing,
    Want,
)
from engram.planners.goals import is_search
from engram.planners.symbolic.affordances import PICKUPABLE, kind_of, slices
from engram.planners.symbolic.domain import SKILLS, apply
from engram.sims.contract import Outcome

_GO_FOR = frozenset({"pick", "go_to", "slice"})
_NOT_THERE = frozenset({NOT_FOUND, Outcome.NOTHING_THERE.code})
_MAKES = {"open": (OPEN, True), "close": (OPEN, False), "toggle_on": (ON, True), "toggle_off": (ON, False)}
_IN_HAND = frozenset({"heat", "cool", "clean", "fill"})
_CLAIMED = frozenset({*STATES, OPEN, ON, SEARCHED})


def claims_of(result: Result, before: Beliefs, now: Beliefs) -> list[Claim]:
    """Return the states of things that a step which was done has brought about; nothing when it came to nothing.

    Where things are, and what is in the hand, is seen.
    """
    if not result.ok or result.step.skill not in SKILLS:
        return []
    after = apply(result.step, before)
    found = [
        Claim(now.held if fact[1] == before.held and now.held else fact[1], fact[0], true)
        for fact, true in after.facts.items()
        if fact[0] in _CLAIMED and before.facts.get(fact) is not true and fact[1] in before.things
    ]
    return sorted(found, key=lambda claim: (claim.name, claim.state))


def gone_by(result: Result, before: Beliefs) -> list[str]:
    """Return the names of what a step has made into something else, or has not found where it was believed."""
    step = result.step
    if step.skill in _GO_FOR and result.outcome in _NOT_THERE and step.args[0] in before.things:
        return [step.args[0]] if PICKUPABLE in kind_of(before.things[step.args[0]].kind) else []
    if not result.ok or step.skill not in SKILLS:
        return []
    return sorted(set(before.things) - set(apply(step, before).things))


def shown(step: Step, result: Result, before: Beliefs, now: Beliefs, seen: Mapping[Fact, bool]) -> bool:
    """Whether what is perceived agrees with a step that is said to be done.

    Args:
        step: what was to be done.
        result: what the body says of it.
        before: what was believed before it.
        now: what is believed after it.
        seen: states that can be seen now.

    """
    name = step.args[0] if step.args else ""
    if step.skill == "pick":
        return bool(now.held) and _kind(name, before) in (_kind(now.held, now), "")
    if step.skill == "place":
        return not now.held and (not before.held or _lies(before.held, name, now))
    if step.skill == "put_down":
        return not now.held
    if step.skill in _MAKES:
        predicate, value = _MAKES[step.skill]
        return seen.get((predicate, name), value) is value
    if step.skill in _IN_HAND:
        return bool(now.held)
    if step.skill == "slice":
        pieces = kind_of(_kind(name, before)).pieces
        return bool(seen.get((SLICED, name))) or any(t.kind == pieces for t in now.things.values())
    return step.skill != "find" or result.found in now.things


def reached(goal: Goal, done: Sequence[Result], beliefs: Beliefs) -> bool:
    """Whether a goal holds by what is believed. A goal without wants is one of tidying: it must have been done.

    Which of several things of a kind is meant, by where it lay at first, is for the planner to tell.
    """
    if not goal.wants:
        return any(r.ok and r.step.skill == "tidy" for r in done)
    return _hold(goal, beliefs)


def unproven(goal: Goal, beliefs: Beliefs, is_fresh: Callable[[str], bool]) -> list[str]:
    """Return the names of what a goal that is reached by belief would be reached with, and was not seen again yet."""
    if _hold(goal, replace(beliefs, things={n: t for n, t in beliefs.things.items() if is_fresh(n)})):
        return []
    kinds = {kind for want in goal.wants for noun in (want.thing, want.at) if noun for kind in noun.kinds}
    wanted = {name for name, thing in beliefs.things.items() if thing.kind in kinds and not is_fresh(name)}
    about = [want for want in goal.wants if want.at is not None]
    lying = {n for n in wanted if any(_lies_there(n, want, beliefs) for want in about)}
    return sorted(lying or wanted)


def fits(thing: Thing, noun: Noun, beliefs: Beliefs) -> bool:
    """Whether a thing is what a noun speaks of, as far as that can be said once the thing may have been moved."""
    kinds = {kind_of(kind).pieces for kind in noun.kinds} if SLICED in noun.states else noun.kinds
    if thing.kind not in kinds | noun.kinds or (noun.colour and thing.colour and noun.colour != thing.colour):
        return False
    return all(beliefs.holds(s, thing.name) or (s == SLICED and thing.kind in slices()) for s in noun.states)


def _hold(goal: Goal, beliefs: Beliefs) -> bool:
    return all(_holds(want, beliefs) for want in goal.wants)


def _lies_there(name: str, want: Want, beliefs: Beliefs) -> bool:
    """Whether a thing, or what lies on or in it, is where a want has it."""
    if want.at is None:
        return False
    if beliefs.things[name].kind in want.at.kinds:
        return any(true and f[0] == AT and f[2] == name for f, true in beliefs.facts.items())
    return _is_place(beliefs.place_of(name), want.at, beliefs)


def _holds(want: Want, beliefs: Beliefs) -> bool:
    found = [t for t in beliefs.things.values() if fits(t, want.thing, beliefs)]
    if want.held:
        return any(t.name == beliefs.held for t in found)
    if want.at is not None:
        on = Counter(place for t in found if (place := beliefs.place_of(t.name)) and _is_place(place, want.at, beliefs))
        return max(on.values(), default=0) >= want.count
    if is_search(want):
        return sum(t.position_m is not None for t in found) >= want.count
    return len(found) >= want.count


def _is_place(name: str, noun: Noun, beliefs: Beliefs) -> bool:
    thing = beliefs.things.get(name)
    if thing is None or not fits(thing, noun, beliefs):
        return False
    rooms = {f[2] for f, true in beliefs.facts.items() if true and f[:2] == (IN_ROOM, name)}
    return not noun.room or not rooms or noun.room in rooms


def _lies(name: str, holder: str, beliefs: Beliefs) -> bool:
    """Whether a thing is in or on another, or in or on what is; or it is not seen where it is."""
    place = beliefs.place_of(name)
    return place in ("", holder) or beliefs.holds(AT, place, holder) is True


def _kind(name: str, beliefs: Beliefs) -> str:
    thing = beliefs.things.get(name)
    return thing.kind if thing is not None else ""
