"""The boundary between the prefrontal cortex, which decides, and the cerebellum, which does.

A goal is made of wants; a planner turns it, with what is believed, into steps; a critic looks at each step before it is
taken; a body carries it out and says what came of it. A step is symbolic: the name of a skill and names of things. The
names are those of the memory (``"Mug_2"``), or kinds where none is known yet (``"Mug"``).

Convention
    A fact is a tuple of a predicate and names. What is neither believed true nor false is unknown, which is not false.
    Positions are (x, y, z) metres in the ``map`` frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Fact = tuple[str, ...]
Point = tuple[float, float, float]
FLOOR = "Floor"
OK = "ok"

# Predicates of facts. ``at`` is being in or on something, directly.
AT, HOLDING, OPEN, ON, SEARCHED, IN_ROOM = "at", "holding", "open", "on", "searched", "in_room"
CLEAN, HOT, COLD, FILLED, SLICED = "clean", "hot", "cold", "filled", "sliced"
STATES = (CLEAN, HOT, COLD, FILLED, SLICED)

# Why a step came to nothing, beside the codes of engram.sims.contract.Outcome.
NOT_FOUND = "not_found"  # what it is about is not where it was believed, or nowhere
NO_WAY = "no_way"  # there is no way to stand where it could be done
BUDGET = "budget"  # it took more actions than it may
PRECONDITION = "precondition"  # what it needs does not hold
NO_EFFECT = "no_effect"  # it was done, and the world shows nothing of it
UNKNOWN_SKILL = "unknown_skill"
CANCELLED = "cancelled"


@dataclass(frozen=True)
class Step:
    """One skill to carry out, such as ``Step("place", ("Fridge_1",))``."""

    skill: str
    args: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it the way prompts and logs show it: ``place(Fridge_1)``."""
        return f"{self.skill}({', '.join(self.args)})"


@dataclass(frozen=True)
class Result:
    """What came of a step, as the sensors show it."""

    step: Step
    outcome: str  # OK, a code above, or one of engram.sims.contract.Outcome
    actions: int = 0  # that the robot took for it
    found: str = ""  # name of the thing that a search was for
    text: str = ""  # one sentence of feedback

    @property
    def ok(self) -> bool:
        """Whether the world shows that it was done."""
        return self.outcome == OK


@dataclass(frozen=True)
class Noun:
    """What a goal speaks of: any one thing of these kinds of which all that is given holds."""

    kinds: frozenset[str]  # categories, any of which will do
    states: frozenset[str] = frozenset()  # of STATES, or ON or OPEN
    colour: str = ""  # one of engram.planners.goals.COLOURS
    room: str = ""  # type of the room that it is in at first
    place: Noun | None = None  # what it is in or on at first, which tells it from others of its kind
    beside: Noun | None = None  # what it is next to at first


@dataclass(frozen=True)
class Want:
    """``count`` different things that the noun describes, where they shall be.

    The colour, room, place and neighbours of the noun say which thing is meant, as it lies when the task begins; its
    states shall hold in the end. With neither ``at`` nor ``held`` only the states are wanted.
    """

    thing: Noun
    at: Noun | None = None  # in or on one such thing; all of them on the same one
    held: bool = False
    count: int = 1


@dataclass(frozen=True)
class Goal:
    """All wants together, and the words that they come from."""

    wants: tuple[Want, ...]
    text: str = ""


@dataclass(frozen=True)
class Thing:
    """What memory believes of one thing."""

    name: str  # unique in the memory
    kind: str  # category
    position_m: Point | None = None
    colour: str = ""
    confidence: float = 1.0  # that it is where the facts say


@dataclass(frozen=True)
class Beliefs:
    """The state of the world as the hippocampus has it. Missing facts are unknown."""

    things: Mapping[str, Thing] = field(default_factory=dict)  # by name
    facts: Mapping[Fact, bool] = field(default_factory=dict)
    explored: bool = False  # whether there is nothing left to see without opening anything
    here: Point | None = None  # where the robot stands

    def holds(self, *fact: str) -> bool | None:
        """Whether a fact holds; ``None`` when that is unknown."""
        return self.facts.get(fact)

    @property
    def held(self) -> str:
        """Name of the thing in the hand; empty when there is none."""
        return next((f[1] for f, true in self.facts.items() if true and f[0] == HOLDING), "")

    def place_of(self, name: str) -> str:
        """Name of what a thing is in or on; empty when unknown."""
        return next((f[2] for f, true in self.facts.items() if true and f[0] == AT and f[1] == name), "")


@dataclass(frozen=True)
class Plan:
    """Steps to take, or why there are none. An empty plan without a refusal says that the goal is reached."""

    steps: tuple[Step, ...] = ()
    refusal: str = ""  # reason code, such as "impossible_place" or "not_found"
    text: str = ""  # why, for people
    author: str = "symbolic"  # who made it: symbolic, llm


@dataclass(frozen=True)
class Verdict:
    """What a critic says of a step."""

    suitable: bool
    reason: str = ""  # code
    feedback: str = ""  # sentence for the planner


class Planner(Protocol):
    """Makes plans."""

    def plan(self, goal: Goal, beliefs: Beliefs, feedback: Sequence[str] = ()) -> Plan:
        """Return the next steps; ``feedback`` says what went wrong since the last plan, oldest first."""
        ...


class Critic(Protocol):
    """Judges steps before they are taken."""

    def judge(self, step: Step, goal: Goal, beliefs: Beliefs) -> Verdict:
        """Return whether the step should be taken now."""
        ...


def kind_in(name: str) -> str:
    """Return the kind that a name says: ``Mug`` of ``Mug_2``."""
    return name.rpartition("_")[0] or name
