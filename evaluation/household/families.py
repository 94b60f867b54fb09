"""Single wants of the seven ALFRED families, drawn on the truth of a house.

Source of the families: ALFRED (Shridhar et al., CVPR 2020, section 3): pick and place, two objects, examine in light,
clean, heat or cool and place, and place with a movable receptacle; some of them with something that is sliced first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engram.evaluation.household import kinds, words
from engram.evaluation.household.check import Scene, has_state
from engram.planners.contract import CLEAN, COLD, HOT, ON, SLICED, Noun, Want

FAMILIES = ("place", "two", "light", "clean", "heat", "cool", "stack")
PLACED = ("place", "clean", "heat", "cool")  # one thing that ends up somewhere
_STATE = {"clean": CLEAN, "heat": HOT, "cool": COLD}
_SLICED_RATE = 0.25

Rng = np.random.Generator
_ALSO = {"ShelvingUnit": ("Shelf", "ShelvingUnit"), "SinkBasin": ("Sink", "SinkBasin")}  # what a word for it means, too


@dataclass(frozen=True)
class Named:
    """A noun, and how it is said with its article or preposition."""

    noun: Noun
    words: str
    that: str = "it"  # when it is spoken of again


@dataclass(frozen=True)
class Draft:
    """Something to be done, and how it is said."""

    family: str
    wants: tuple[Want, ...]
    order: str  # an imperative

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of the things that it handles."""
        return frozenset[str]().union(*(w.thing.kinds for w in self.wants))


class Drawing:
    """Draws wants in a scene. Each function returns ``None`` where the house or the draw has nothing that serves."""

    def __init__(self, scene: Scene, rng: Rng) -> None:
        self.scene, self.rng = scene, rng
        self.count = Counter(t.category for t in scene.things)

    def family(self, name: str) -> Draft | None:
        """Draw a want of a family on things of any look and place."""
        if name == "two":
            return self._two()
        if name == "light":
            kind = self.one(kinds.EXAMINED)
            return None if kind is None else self.light(self.any(kind))
        if name == "stack":
            return self._stack()
        if name != "clean" and self.rng.random() < _SLICED_RATE:
            return self._sliced(name)
        kind = self.one(self.fitting(name))
        return None if kind is None else self.put(name, self.any(kind), kind)

    def fitting(self, family: str) -> list[str]:
        """Kinds that a family can be about in this house."""
        if family == "clean":
            dirty = {t.category for t in self.scene.things if not has_state(t, CLEAN)}
            return [k for k in kinds.WASHED if k in dirty] if self.count["SinkBasin"] else []
        if family == "heat":
            return list(kinds.HEATED) if self.count["Microwave"] else []
        if family == "cool":
            return list(kinds.COOLED) if self.count["Fridge"] else []
        return list(kinds.DESTINATIONS)

    def put(self, family: str, thing: Named, kind: str, at: Named | None = None) -> Draft | None:
        """Draw a place for a thing that is brought into the state of a family first."""
        at = at or self.place(kind, family)
        if at is None:
            return None
        state = _STATE.get(family)
        noun = thing.noun if state is None else _with(thing.noun, state)
        order = words.clause(family, self.rng, a=thing.words, at=at.words)
        return Draft(family, (Want(noun, at.noun),), order)

    def light(self, thing: Named) -> Draft | None:
        """Ask to look at a thing in the light of a lamp."""
        lamp = self.one(kinds.LAMPS)
        if lamp is None:
            return None
        named = f"the {words.noun(lamp)}" if self.count[lamp] == 1 else words.with_article(words.noun(lamp))
        wants = (Want(Noun(frozenset({lamp}), frozenset({ON}))), Want(thing.noun, held=True))
        return Draft("light", wants, words.clause("light", self.rng, a=thing.words, b=named))

    def switch(self) -> Draft | None:
        """Ask for a lamp to be lit."""
        lamp = self.one(kinds.LAMPS)
        if lamp is None:
            return None
        want = Want(Noun(frozenset({lamp}), frozenset({ON})))
        return Draft("switch", (want,), words.clause("switch", self.rng, a=f"the {words.noun(lamp)}"))

    def place(self, kind: str, family: str = "place") -> Named | None:
        """Draw where a kind of thing is wanted."""
        wanted = [p for p in kinds.DESTINATIONS[kind] if not (family == "heat" and p in ("Fridge", "GarbageCan"))]
        place = self.one(wanted)
        return None if place is None else self.at(place)

    def at(self, place: str) -> Named:
        """Say that something shall be in or on a kind of thing."""
        article = "the" if self.count[place] == 1 or place in ("CounterTop", "SinkBasin", "Fridge") else "a"
        return Named(Noun(_holding(place)), f"{words.at(place)} {article} {words.noun(place)}")

    def any(self, kind: str) -> Named:
        """Speak of any thing of a kind."""
        return Named(Noun(frozenset({kind})), words.with_article(words.noun(kind)))

    def one(self, among: Sequence[str]) -> str | None:
        """Draw one of some kinds that the house has."""
        found = [k for k in among if self.count[k]]
        return found[int(self.rng.integers(len(found)))] if found else None

    def _two(self) -> Draft | None:
        kind = self.one([k for k in kinds.DESTINATIONS if self.count[k] >= 2])
        at = None if kind is None else self.place(kind)
        if kind is None or at is None or at.noun.kinds & {"StoveBurner", "CoffeeMachine", "ArmChair"}:
            return None
        order = words.clause("two", self.rng, a=f"two {words.noun(kind, 2)}", at=at.words)
        return Draft("two", (Want(Noun(frozenset({kind})), at.noun, count=2),), order)

    def _sliced(self, family: str) -> Draft | None:
        kind = self.one([k for k in kinds.SLICED if k in self.fitting(family)])
        if kind is None or self.one(kinds.KNIVES) is None:
            return None
        noun = Noun(frozenset({kinds.SLICED[kind]}), frozenset({SLICED}))
        return self.put(family, Named(noun, f"a slice of {words.noun(kind)}"), kind)

    def _stack(self) -> Draft | None:
        holder, place = self.one(list(kinds.STACKED)), self.one(kinds.STACK_PLACES)
        kind = None if holder is None else self.one(kinds.STACKED[holder])
        if holder is None or place is None or kind is None:
            return None
        thing, vessel, at = self.any(kind), self.any(holder), self.at(place)
        order = words.clause(
            "stack", self.rng, a=thing.words, b=vessel.words, that=f"the {words.noun(holder)}", at=at.words
        )
        return Draft("stack", (Want(thing.noun, vessel.noun), Want(vessel.noun, at.noun)), order)


def first(tries: int, draw: Callable[[], Draft | None]) -> Draft | None:
    """Return the first draft that a draw gives within some tries."""
    return next((d for d in (draw() for _ in range(tries)) if d is not None), None)


def _with(noun: Noun, state: str) -> Noun:
    return Noun(noun.kinds, noun.states | {state}, noun.colour, noun.room, noun.place, noun.beside)


def _holding(place: str) -> frozenset[str]:
    return frozenset(_ALSO.get(place, (place,)))
