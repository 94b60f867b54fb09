"""What a language model is told of the skills, of what is believed, and of the goal."""

from __future__ import annotations

from collections.abc import Iterator

from engram.perception.language.prompts import clean, named
from engram.planners.contract import AT, HOLDING, IN_ROOM, ON, OPEN, SEARCHED, STATES, Beliefs, Goal, Noun, Thing, Want
from engram.planners.symbolic.domain import MAKER, SKILLS, Literal, Skill

_TOLD = (*STATES, OPEN, ON, SEARCHED)
_UNSURE = 0.5  # confidence below which a place is called unsure


def skills_text() -> str:
    """Return the skills, one a line, with what each needs and brings about."""
    return "\n".join(_skill(skill) for skill in SKILLS.values())


def beliefs_lines(beliefs: Beliefs, goal: Goal, most: int = 120) -> list[str]:
    """Return what is believed, one thing a line: what is in the hand and what the goal speaks of first.

    Args:
        beliefs: what is believed.
        goal: the goal.
        most: things that are told.

    """
    kinds, places, rooms_of = goal_kinds(goal), _seconds(beliefs, AT), _seconds(beliefs, IN_ROOM)
    used = set(places.values())

    def order(thing: Thing) -> tuple[bool, bool, bool, str]:
        return thing.name != beliefs.held, thing.kind not in kinds, thing.name not in used, thing.name

    things = sorted(beliefs.things.values(), key=order)
    rooms = sorted(set(rooms_of.values()))
    lines = [f"in the hand: {named(beliefs.held) if beliefs.held else 'nothing'}"]
    lines += [f"rooms: {', '.join(map(named, rooms))}"] if rooms else []
    lines += [f"nothing is left to explore: {'yes' if beliefs.explored else 'no'}"]
    lines += [
        _thing(thing, beliefs, places.get(thing.name, ""), rooms_of.get(thing.name, "")) for thing in things[:most]
    ]
    return lines + ([f"and {len(things) - most} things more"] if len(things) > most else [])


def goal_lines(goal: Goal) -> list[str]:
    """Return the wants of a goal, one a line."""
    return [_want(want) for want in goal.wants] or ["as the task says"]


def goal_kinds(goal: Goal) -> frozenset[str]:
    """Return the kinds of all things that a goal speaks of."""
    nouns = [noun for want in goal.wants for noun in nouns_of(want)]
    return frozenset(kind for noun in nouns for kind in noun.kinds)


def nouns_of(want: Want) -> Iterator[Noun]:
    """Yield the nouns of a want, and those that they speak of."""
    for noun in (want.thing, want.at):
        while noun is not None:
            yield noun
            if noun.beside is not None:
                yield noun.beside
            noun = noun.place


def _skill(skill: Skill) -> str:
    sort = f"appliance that makes {skill.sort.removeprefix(MAKER)}" if skill.sort.startswith(MAKER) else skill.sort
    brought = [e for e in skill.effects if not e.by_maker or skill.sort == MAKER + e.predicate]
    needs, effects = ", ".join(map(_literal, skill.needs)), ", ".join(map(_literal, brought))
    parts = [f"{skill.name}({sort})", f"needs {needs}" if needs else "", f"then {effects}" if effects else ""]
    return "; ".join(part for part in parts if part)


def _literal(literal: Literal) -> str:
    said = f"{literal.predicate}({', '.join(literal.args)})" if literal.args else literal.predicate
    return said if literal.wanted else f"not {said}"


def _seconds(beliefs: Beliefs, predicate: str) -> dict[str, str]:
    """Return the second name of each true fact with a predicate by its first."""
    return {fact[1]: fact[2] for fact, true in beliefs.facts.items() if true and fact[0] == predicate}


def _thing(thing: Thing, beliefs: Beliefs, place: str, room: str) -> str:
    name = thing.name
    unsure = " (unsure)" if thing.confidence < _UNSURE else ""
    parts = [f"kind {named(thing.kind)}"]
    parts += [f"in or on {named(place)}{unsure}"] if place else []
    parts += ["in the hand"] if beliefs.facts.get((HOLDING, name)) else []
    parts += [f"in {named(room)}"] if room else []
    parts += [f"colour {clean(thing.colour, 20)}"] if thing.colour else []
    states = [(state, beliefs.facts.get((state, name))) for state in _TOLD]
    parts += [state if true else f"not {state}" for state, true in states if true is not None]
    return f"{named(name)}: {', '.join(parts)}"


def _want(want: Want) -> str:
    where = f" in or on {_noun(want.at)}" if want.at is not None else ""
    held = " in the hand" if want.held else ""
    return f"{want.count} x {_noun(want.thing)}{where}{held}{'' if where or held else ': bring that about'}"


def _noun(noun: Noun) -> str:
    kinds = sorted(noun.kinds)
    few = kinds[:8] + ([f"{len(kinds) - 8} other kinds"] if len(kinds) > 8 else [])
    words = [*sorted(noun.states), *([noun.colour] if noun.colour else []), " or ".join(map(named, few))]
    words += [f"of the {named(noun.room)}"] if noun.room else []
    words += [f"(at first in or on {_noun(noun.place)})"] if noun.place is not None else []
    words += [f"(at first beside {_noun(noun.beside)})"] if noun.beside is not None else []
    return " ".join(words)
