"""The symbolic planner: a fast decomposition first, and a search behind it where that finds nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from engram.planners.contract import Beliefs, Goal, Plan, Step
from engram.planners.placement import PlacementPrior
from engram.planners.symbolic.clearing import make_room
from engram.planners.symbolic.domain import SKILLS, Lack, advance, lacks
from engram.planners.symbolic.grounding import Grounding
from engram.planners.symbolic.htn import NO_PLAN, Decomposition, decompose
from engram.planners.symbolic.places import Places, Where
from engram.planners.symbolic.record import MAX_FAILURES, Record
from engram.planners.symbolic.state import State

_TIDY = Step("tidy")


@dataclass(frozen=True)
class SymbolicConfig:
    """Switches and limits."""

    search: bool = True
    """Whether a planner of the unified-planning library is asked where the decomposition finds nothing."""
    engine: str = "fast-downward"
    """Name of that planner."""
    deadline_secs: float = 5.0
    """How long it is waited for."""


class SymbolicPlanner:
    """Plans without a language model. Keeps what it was told about a goal until another is asked for."""

    def __init__(
        self, where: Where | None = None, prior: PlacementPrior | None = None, config: SymbolicConfig | None = None
    ) -> None:
        """Take what ranks names of what a kind may be in or on, and the counts of where things belong."""
        self.config = config or SymbolicConfig()
        self._where, self._prior = where, prior or PlacementPrior.load()
        self._goal: Goal | None = None
        self._record = Record()

    def reset(self) -> None:
        """Begin another task, be it the same goal again."""
        self._goal, self._record = None, Record()

    def plan(self, goal: Goal, beliefs: Beliefs, feedback: Sequence[str] = ()) -> Plan:
        """Return the next steps; ``feedback`` says what went wrong since the last plan, oldest first."""
        if goal != self._goal:
            self.reset()
            self._goal = goal
        state = State.of(beliefs)
        self._record.note(state, feedback)
        plan = self._persistent(goal, state) if goal.wants else self._tidy()
        self._record.took(plan.steps)
        return plan

    def _persistent(self, goal: Goal, state: State) -> Plan:
        """Make room before what failed for want of it is tried again, and try again what failed before a change."""
        plan = self._decomposed(goal, state)
        again = {arg for step in plan.steps for arg in step.args}
        after = state.copy()
        places = Places(after, self._record, self._prior, self._where)
        steps = make_room(goal, after, self._record, places, None if plan.refusal else again)
        if steps and flaw(steps, state.copy()) is None:
            return Plan(tuple(steps))
        return self._decomposed(goal, state) if plan.refusal and self._record.pardon(state) else plan

    def _tidy(self) -> Plan:
        if _TIDY in self._record.planned:
            return Plan()
        if self._record.failed("", "tidy") >= MAX_FAILURES:
            return Plan(refusal=self._record.codes[("tidy", "")], text="Tidying came to nothing.")
        return Plan((_TIDY,))

    def _decomposed(self, goal: Goal, state: State) -> Plan:
        plan, complete = decompose(goal, state.copy(), self._record, self._prior, self._where)
        if plan.refusal not in ("", NO_PLAN) or (not plan.refusal and self._works(goal, state, plan.steps, complete)):
            return plan
        found = self._searched(goal, state) if self.config.search else None
        if found is not None and self._works(goal, state, found, not any(s.skill == "slice" for s in found)):
            return Plan(tuple(found))
        return plan if plan.refusal else Plan(refusal=NO_PLAN, text="No steps are known that bring it about.")

    def _works(self, goal: Goal, state: State, steps: Sequence[Step], complete: bool) -> bool:
        """Whether nothing that steps need is believed false as they are thought through, and all reach the goal."""
        after = state.copy()
        if flaw(steps, after) is not None:
            return False
        return not complete or Decomposition(goal, after, self._record, self._prior).reached

    def _searched(self, goal: Goal, state: State) -> list[Step] | None:
        """Ask the search, and wait no longer than the deadline."""
        if find_spec("unified_planning") is None:
            return None
        grounding = Grounding(goal, state, self._record)
        if not grounding.possible:
            return None
        found: list[list[Step] | None] = []
        thread = threading.Thread(target=lambda: found.append(self._solve(grounding, state)), daemon=True)
        thread.start()
        thread.join(self.config.deadline_secs)
        steps = found[0] if found else None
        return None if steps is None else _up_to_slices(steps)

    def _solve(self, grounding: Grounding, state: State) -> list[Step] | None:
        from engram.planners.symbolic.pddl import encode, solve

        encoded = encode(state, grounding.names, grounding.goals)
        return solve(encoded, self.config.deadline_secs, self.config.engine)


def flaw(steps: Sequence[Step], state: State) -> Lack | None:
    """Return what the first step that cannot be done lacks, by what is believed; ``state`` changes along the steps."""
    for step in steps:
        if step.skill not in SKILLS:
            return Lack(("skill", step.skill), True, False)
        false = [lack for lack in lacks(step, state) if not lack.unknown]
        if false:
            return false[0]
        advance(step, state)
    return None


def _up_to_slices(steps: list[Step]) -> list[Step]:
    """Cut a plan after its first slicing: the slices have other names than the whole."""
    cuts = [k for k, step in enumerate(steps) if step.skill == "slice"]
    return steps[: cuts[0] + 1] if cuts else steps
