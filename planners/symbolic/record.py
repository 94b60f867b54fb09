"""What a planner keeps of the task under way: how things lay at first, what failed, and what it had opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from engram.planners.contract import FLOOR, NOT_FOUND, Point, Step
from engram.planners.symbolic.feedback import REJECTED, Failed, read_failure
from engram.planners.symbolic.state import State
from engram.sims.contract import Outcome

MAX_FAILURES = 3
_PARDONS = 2  # of each thing
_WEIGHT = {NOT_FOUND: 2}  # failures that one such counts for


@dataclass(frozen=True)
class Origin:
    """Where a thing was when it was first known where."""

    around: tuple[str, ...]  # what it was in or on, outwards
    room: str
    position_m: Point | None


@dataclass(eq=False)
class Record:
    """The memory of one task."""

    origins: dict[str, Origin] = field(default_factory=dict)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)  # by skill and argument
    codes: dict[tuple[str, str], str] = field(default_factory=dict)  # of the last of them
    opened: list[str] = field(default_factory=list)  # what plans had opened
    cleared: Counter[str] = field(default_factory=Counter)  # things put out of the way, by what they were in the way of
    barred: dict[str, set[str]] = field(default_factory=dict)  # of what was in the way: where it must not go again
    crowded: set[tuple[str, str]] = field(default_factory=set)  # things, and what has no room for each
    misfits: Counter[tuple[str, str]] = field(default_factory=Counter)  # how often that came out; it may be too small
    planned: set[Step] = field(default_factory=set)  # steps of earlier plans
    _told: tuple[str, ...] = ()
    _then: dict[str, int] = field(default_factory=dict)  # how things lay when something failed last
    _pardons: Counter[str] = field(default_factory=Counter)

    def note(self, state: State, feedback: Sequence[str] = ()) -> None:
        """Take in what is believed now and what went wrong; sentences of the last time are not counted again."""
        for text in _new(self._told, tuple(feedback)):
            failed = read_failure(text)
            if failed is not None:
                self._failed(failed, state)
        self._told = tuple(feedback)
        for name in state.things:
            if name not in self.origins and name != state.held:
                self._first(name, state)

    def failed(self, name: str, *skills: str) -> int:
        """How often skills failed on a thing."""
        return sum(self.failures[(skill, name)] for skill in skills)

    def unfit(self, thing: str, holder: str) -> int:
        """How often there was no room for a thing in or on another, whatever was put out of the way."""
        return self.misfits[thing, holder]

    def forgive(self, name: str) -> None:
        """Forget what failed on a thing: something was changed about it."""
        for key in [key for key in self.codes if key[1] == name]:
            self.failures.pop(key, None)
            del self.codes[key]
        self.crowded = {pair for pair in self.crowded if pair[1] != name}

    def pardon(self, state: State) -> bool:
        """Forgive, some times, what failed when things did not lie as they do now; whether there was any."""
        now = _layout(state)
        names = [name for name, then in self._then.items() if then != now and self._pardons[name] < _PARDONS]
        for name in names:
            self._pardons[name] += 1
            del self._then[name]
            self.forgive(name)
        return bool(names)

    def _failed(self, failed: Failed, state: State) -> None:
        skill, name = failed.step.skill, failed.step.args[0] if failed.step.args else ""
        self.planned.discard(failed.step)
        if failed.outcome == Outcome.NO_SPACE.code and state.held:
            self.crowded.add((state.held, name))
            self.misfits[state.held, name] += 1
            if state.held in self.barred:
                return  # it only has to go somewhere
            if skill != "place":
                self.codes[skill, name] = failed.outcome
                return  # another may fit in
        self.failures[skill, name] += _WEIGHT.get(failed.outcome, 1)
        if failed.outcome == REJECTED:
            self.codes.setdefault((skill, name), REJECTED)  # what it came to when it was tried says more
            return
        self.codes[skill, name] = failed.outcome
        if name in state.things and failed.outcome != NOT_FOUND:
            self._then[name] = _layout(state)

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


def _layout(state: State) -> int:
    return hash(frozenset(state.holder.items()))


def _new(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sentences that were not told before: of a window over them that moves on."""
    for start in range(len(before) + 1):
        common = before[start:]
        if now[: len(common)] == common:
            return now[len(common) :]
    return now
