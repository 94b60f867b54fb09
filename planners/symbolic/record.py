"""What a planner keeps of the task under way: how things lay at first, what failed, and what it had opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from engram.planners.contract import FLOOR, NOT_FOUND, Point, Step
from engram.planners.symbolic.feedback import read_failure
from engram.planners.symbolic.state import State

MAX_FAILURES = 3
_WEIGHT = {NOT_FOUND: 2}  # failures that one such counts for


@dataclass(frozen=True)
class Origin:
    """Where a thing was when it was first known where."""

    around: tuple[str, ...]  # what it was in or on, outwards
    room: str
    position_m: Point | None


@dataclass(frozen=True)
class Failure:
    """A step that failed since the last plan."""

    skill: str
    name: str  # of what it was about
    code: str


@dataclass(eq=False)
class Record:
    """The memory of one task."""

    origins: dict[str, Origin] = field(default_factory=dict)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)  # by skill and argument
    codes: dict[tuple[str, str], str] = field(default_factory=dict)  # of the last of them
    opened: list[str] = field(default_factory=list)  # what plans had opened
    fresh: list[Failure] = field(default_factory=list)  # since the last plan
    cleared: Counter[str] = field(default_factory=Counter)  # things put out of the way, by what they were in the way of
    planned: set[Step] = field(default_factory=set)  # steps of earlier plans
    _told: tuple[str, ...] = ()

    def note(self, state: State, feedback: Sequence[str] = ()) -> None:
        """Take in what is believed now and what went wrong; sentences of the last time are not counted again."""
        self.fresh = []
        for text in _new(self._told, tuple(feedback)):
            failed = read_failure(text)
            if failed is not None:
                key = (failed.step.skill, failed.step.args[0] if failed.step.args else "")
                self.failures[key] += _WEIGHT.get(failed.outcome, 1)
                self.codes[key] = failed.outcome
                if key[1] in state.things:
                    self.fresh.append(Failure(*key, failed.outcome))
                self.planned.discard(failed.step)
        self._told = tuple(feedback)
        for name in state.things:
            if name not in self.origins and name != state.held:
                self._first(name, state)

    def failed(self, name: str, *skills: str) -> int:
        """How often skills failed on a thing."""
        return sum(self.failures[(skill, name)] for skill in skills)

    def forgive(self, name: str) -> None:
        """Forget what failed on a thing: something was changed about it."""
        for key in [key for key in self.failures if key[1] == name]:
            del self.failures[key], self.codes[key]

    def took(self, steps: Sequence[Step]) -> None:
        """Keep what was planned."""
        self.planned.update(steps)
        self.opened += [step.args[0] for step in steps if step.skill == "open" and step.args[0] not in self.opened]

    def _first(self, name: str, state: State) -> None:
        position, around = state.position(name), tuple(state.around(name))
        if position is None and not around:
            return
        named = (state.room(each) for each in (name, *around) if each != FLOOR)
        self.origins[name] = Origin(around, next((room for room in named if room), ""), position)


def _new(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sentences that were not told before: of a window over them that moves on."""
    for start in range(len(before) + 1):
        common = before[start:]
        if now[: len(common)] == common:
            return now[len(common) :]
    return now
