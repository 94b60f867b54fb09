"""How a goal is said: the inverse of the grammar, in words that have one reading only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engram.planners.contract import CLEAN, COLD, FILLED, HOT, ON, OPEN, SLICED, Goal, Noun, Want
from engram.planners.goals.lexicon import Lexicon, lexicon, plural

_NUMBERS = ("no", "a", "two", "three", "four", "five", "six")
_ADJECTIVES = {CLEAN: "clean", HOT: "hot", COLD: "cold", FILLED: "filled", SLICED: "sliced", ON: "lit", OPEN: "open"}


def describe(goal: Goal) -> str:
    """Return the wants of a goal in English; a goal without wants is told by its own text.

    ``parse_goal(describe(goal)).wants == goal.wants`` for kinds, rooms and colours that have a name.

    Raises:
        ValueError: a kind without a name, or a count without a word.

    """
    sentences = [_want(want, lexicon()) for want in goal.wants]
    return " ".join(f"{s[0].upper()}{s[1:]}." for s in sentences) or goal.text


def _want(want: Want, lex: Lexicon) -> str:
    if want.held:
        return f"bring me {_noun(want.thing, lex, want.count)}"
    if want.at is not None:
        return f"put {_noun(want.thing, lex, want.count)} {_where(want.at, lex)}"
    if want.thing.states:
        bare = replace(want.thing, states=frozenset())
        states = " and ".join(_ADJECTIVES[state] for state in sorted(want.thing.states))
        verb = "is" if want.count == 1 else "are"
        return f"make sure that {_noun(bare, lex, want.count)} {verb} {states}"
    return f"find {_noun(want.thing, lex, want.count)}"


def _where(place: Noun, lex: Lexicon) -> str:
    if place.kinds == lex.anywhere and place.room and place == Noun(place.kinds, room=place.room):
        return f"into the {_room(place.room, lex)}"
    return f"{'into' if place.kinds <= lex.hollow else 'onto'} {_noun(place, lex)}"


def _noun(noun: Noun, lex: Lexicon, count: int = 1) -> str:
    adjectives = [_ADJECTIVES[state] for state in sorted(noun.states)]
    adjectives += [noun.colour] if noun.colour else []
    adjectives += [_room(noun.room, lex)] if noun.room else []
    heads = _heads(noun.kinds, lex)
    if count > 1:
        heads = [plural(heads[0]), *heads[1:]]
    if not 0 < count < len(_NUMBERS):
        raise ValueError(f"there is no word for a count of {count}")
    first = " ".join([*adjectives, heads[0]])
    article = "an" if count == 1 and first[0] in "aeiou" else _NUMBERS[count]
    return f"{article} {' or '.join([first, *heads[1:]])}{_relative(noun, lex)}"


def _heads(kinds: frozenset[str], lex: Lexicon) -> Sequence[str]:
    if kinds in lex.concepts:
        return [lex.concepts[kinds]]
    missing = sorted(kinds - set(lex.names) - {"Sink"})
    if missing or not kinds or (kinds & {"Sink"} and "SinkBasin" not in kinds):
        raise ValueError(f"there is no name for {', '.join(missing) or sorted(kinds) or 'no kind'}")
    names = sorted(lex.names[kind] for kind in kinds if kind in lex.names)
    return ["sink" if name == "sink basin" and "Sink" in kinds else name for name in names]


def _relative(noun: Noun, lex: Lexicon) -> str:
    places = []
    if noun.place is not None:
        where = "in" if noun.place.kinds <= lex.hollow else "on"
        places.append(f"{where} {_noun(noun.place, lex)}")
    if noun.beside is not None:
        places.append(f"next to {_noun(noun.beside, lex)}")
    if not places:
        return ""
    return f" that is {places[0]}" if len(places) == 1 else f" that is both {places[0]} and {places[1]}"


def _room(room: str, lex: Lexicon) -> str:
    names = [name for name in lex.rooms.phrases() if lex.rooms.at(tuple(name.split()), 0)[0][1] == room]
    if not names:
        raise ValueError(f"there is no name for the room {room!r}")
    return names[0]
