"""The body of a robot that sees: takes observations in, and carries steps out as actions."""

from __future__ import annotations

from collections.abc import Mapping

from engram.agents.motion import Skill
from engram.agents.situation import Situation
from engram.agents.skills.executor import Executor
from engram.agents.skills.known import Known, NameOf, Resolve
from engram.agents.verify import held_label, in_hand
from engram.planners.contract import Result, Step
from engram.planners.symbolic.domain import BUDGETS
from engram.sims.contract import Action, Observation, Outcome, Verb, parse_action

_LET_GO = (Verb.PLACE, Verb.DROP)


class Body:
    """Eyes, hand and wheels behind steps.

    For each observation call :meth:`perceive`; then take the next action from what :meth:`run` gave, and say so with
    :meth:`decided`.
    """

    def __init__(
        self,
        sit: Situation,
        resolve: Resolve | None = None,
        name_of: NameOf | None = None,
        budgets: Mapping[str, int] = BUDGETS,
    ) -> None:
        """Take the situation, and who knows names.

        Args:
            sit: what is perceived.
            resolve: tells the kind and the believed position (3,) of a name; every name is a kind when not given.
            name_of: tells the name of a thing of a kind that is at a position (3,); its kind when not given.
            budgets: actions that each skill may take; those of the domain when not given.

        """
        self.sit = sit
        self.known = Known(sit, resolve or (lambda name: (name, None)), name_of or (lambda kind, _: kind))
        self._executor = Executor(self.known, budgets)
        self._verb = Verb.DONE  # of the last action

    def perceive(self, observation: Observation) -> None:
        """Take an observation in, and see what became of what the hand held."""
        sit = self.sit
        sit.perceive(observation)
        let_go = self._verb in _LET_GO and sit.outcome is Outcome.OK
        if sit.held and not sit.holding and not let_go:  # it slipped
            sit.held, sit.tracker.held = "", None
        if sit.holding and not sit.held:
            sit.look()
            sit.held = held_label(sit, "", in_hand(sit))

    def run(self, step: Step) -> Skill[Result]:
        """Carry a step out, action by action."""
        return self._executor.run(step)

    def decided(self, action: Action) -> None:
        """Say which action is taken now."""
        self._verb = parse_action(action)[0]
        self.sit.acted = self._verb.name.lower()
        self.sit.step += 1

    def cancel(self) -> None:
        """Have the running step end; its result says what the hand then holds."""
        self._executor.cancel()
