"""Carries out steps one at a time: what a step needs is checked, it has a budget, and it can be cancelled.

A behaviour tree would add nothing here: at any time one generator runs, what it falls back on is written in it as a
branch, and the next step is the planner's to choose. A tree's nodes would be these same generators, ticked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engram.agents.motion import Skill
from engram.agents.skills import basic, recipes
from engram.agents.skills.basic import Report
from engram.agents.skills.known import Known
from engram.planners.contract import BUDGET, CANCELLED, OK, UNKNOWN_SKILL, Result, Step
from engram.planners.symbolic.domain import BUDGETS
from engram.sims.contract import Outcome, Verb, act

Part = Callable[..., Skill[Report]]
# Skill -> what is done, for how many names.
_SKILLS: dict[str, tuple[Part, int]] = {
    "find": (basic.find, 1),
    "go_to": (basic.go_to, 1),
    "pick": (basic.pick, 1),
    "place": (basic.place, 1),
    "put_down": (basic.put_down, 0),
    "open": (basic.open_thing, 1),
    "close": (basic.close_thing, 1),
    "toggle_on": (basic.toggle_on, 1),
    "toggle_off": (basic.toggle_off, 1),
    "slice": (basic.slice_thing, 1),
    "heat": (recipes.heat, 1),
    "cool": (recipes.cool, 1),
    "clean": (recipes.clean, 1),
    "fill": (recipes.fill, 1),
    "search": (basic.search, 1),
    "explore": (basic.explore, 0),
    "tidy": (basic.tidy, 0),
}
_BOUNDED = ("find", "explore")  # skills that are told at which step to stop
_FULL, _EMPTY = ("place", "put_down", "slice"), ("tidy",)  # what the hand must be for some skills
_CROUCHED_M = 0.1  # from the eye of a crouched robot


class Executor:
    """Runs steps over what is known."""

    def __init__(self, known: Known, budgets: Mapping[str, int] = BUDGETS) -> None:
        """Take what skills work on.

        Args:
            known: the situation, and the names of things.
            budgets: actions that each skill may take; those of the domain when not given.

        """
        self._known, self._budgets = known, budgets
        self._cancelled = False

    def cancel(self) -> None:
        """Have the running step end at its next action; the hand keeps what it holds."""
        self._cancelled = True

    def run(self, step: Step) -> Skill[Result]:
        """Carry a step out; its result says what the sensors show of it. It never raises for what the world does."""
        self._cancelled = False
        sit, begun = self._known.sit, self._known.sit.step
        reason = self._unmet(step)
        self._known.get_free()
        report = Report(*reason) if reason else (yield from self._bounded(step))
        if abs(sit.eye_m - sit.config.crouched_eye_m) < _CROUCHED_M:
            yield act(Verb.STAND)
        return Result(step, report.outcome, sit.step - begun, report.found, report.text or _say(step, report, sit.held))

    def _unmet(self, step: Step) -> tuple[str, str] | None:
        """Return why a step cannot begin, as a code and in words."""
        holding = self._known.sit.holding
        if step.skill not in _SKILLS or step.skill not in self._budgets:
            return UNKNOWN_SKILL, f"There is no skill {step.skill!r}."
        needed = _SKILLS[step.skill][1]
        if len(step.args) != needed:
            return Outcome.INVALID.code, f"{step.skill} is of {needed} things, not {len(step.args)}."
        if step.skill in _FULL and not holding:
            return Outcome.HAND_EMPTY.code, "The hand is empty."
        if step.skill in _EMPTY and holding:
            return Outcome.HAND_FULL.code, "The hand is full."
        return None

    def _bounded(self, step: Step) -> Skill[Report]:
        sit, budget = self._known.sit, self._budgets[step.skill]
        last = sit.step + budget
        args = (*step.args, last) if step.skill in _BOUNDED else step.args
        script = _SKILLS[step.skill][0](self._known, *args)
        while True:
            try:
                action = next(script)
            except StopIteration as end:
                report: Report = end.value
                return report
            if self._cancelled or sit.step >= last:
                script.close()
                return Report(CANCELLED if self._cancelled else BUDGET)
            yield action


def _say(step: Step, report: Report, held: str) -> str:
    """Return a sentence for the planner."""
    hand = f"the hand holds {held}" if held else "the hand is empty"
    done = "was done" if report.outcome == OK else f"came to nothing: {report.outcome.replace('_', ' ')}"
    return f"{step} {done}; {hand}."
