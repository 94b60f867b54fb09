"""The tidy agent: explore, find what is out of place, and carry each thing to where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle

import numpy as np

from engram.agents.handled import Deed, HandledNow
from engram.agents.machine import Errand, Part, State, run
from engram.agents.motion import Skill
from engram.agents.remember import Remember, result
from engram.agents.search import SearchWaypoints
from engram.agents.shown import Shown
from engram.agents.situation import Budgets, Situation, TidyConfig
from engram.agents.states import States, Waypoints
from engram.agents.store import let_go, put_here
from engram.agents.verify import Watched
from engram.perception.contracts import Detector
from engram.perception.geometry import Floats
from engram.planners.placement import PlacementPrior, RoomBelief
from engram.sims.contract import Action, Observation, Outcome, Verb, act, parse_action

__all__ = ["Budgets", "State", "TidyAgent", "TidyConfig"]

_RESERVE = 5  # steps kept back so that the episode ends with DONE
_HANDS_FULL = 20  # ... and so many while the hand holds something, to let go of it


class TidyAgent(Shown):
    """Tidies a house from RGB-D, odometry and the detections it is given."""

    def __init__(
        self,
        detector: Detector,
        config: TidyConfig | None = None,
        prior: PlacementPrior | None = None,
        remember: Remember | None = None,
        rooms: Callable[[Floats], RoomBelief] | None = None,
        parts: Mapping[State, Part] | None = None,
        waypoints: Waypoints | None = None,
    ) -> None:
        """Take the detector and the choices.

        Args:
            detector: finds things in observations.
            config: choices.
            prior: where things belong; the one that comes with the package when not given.
            remember: writes the one episode to come into a memory; nothing is written when not given.
            rooms: tells the type of the room at a point (3,) of the map; the prior does when not given.
            parts: what is done in some states in place of what the agent does there.
            waypoints: where to look for a receptacle that is not known yet; as configured when not given.

        """
        self.config = config or TidyConfig()
        self._detector = detector
        self._prior = prior or PlacementPrior.load()
        self._remember, self._rooms = remember, rooms
        self._given = dict(parts or {})
        self._waypoints = waypoints or (SearchWaypoints() if self.config.search == "net" else None)
        self._script: Skill[None] | None = None
        self._verb = Verb.DONE  # of the last action
        self._failed_actions = 0
        self._closing = False  # whether the episode is being brought to its end
        self._cut_short = False  # ... for want of steps or patience
        self._begin()

    def reset(self, observation: Observation) -> None:
        """Forget everything and begin."""
        self._begin()
        self._script = self._run(State.EXPLORE)

    def act(self, observation: Observation) -> Action:
        """Return the next action."""
        if self._script is None:
            self.reset(observation)
        sit = self._sit
        sit.perceive(observation)
        if self._remember is not None:
            self._remember.perceived(sit)
        self._failed_actions += sit.outcome is not Outcome.OK
        if self._slipped():
            self._lose()
        action = self._next()
        self._verb = parse_action(action)[0]
        if self._remember is not None:
            self._remember.decided(sit, action)
            if action["verb"] == Verb.DONE:
                self._remember.ended(result(sit, self._cut_short))
        sit.acted = self._verb.name.lower()
        sit.step += 1
        return action

    def _found_count(self) -> int:
        return len(self._states.found)

    def _begin(self) -> None:
        self._sit = Situation(self.config, Watched(self._detector), self._prior, self._rooms)
        handled = self._remember.handled() if self._remember is not None else HandledNow()
        self._states = States(self.config.budgets, handled, self._waypoints)
        self._errand = Errand()
        self._verb, self._failed_actions = Verb.DONE, 0
        self._closing = self._cut_short = False

    def _run(self, state: State) -> Skill[None]:
        parts = {**self._states.parts(), **self._given}
        return run(self._sit, self._errand, parts, self.config.budgets, state)

    def _spent(self) -> bool:
        """Whether steps or patience are spent; while the hand holds something some are kept to put it down."""
        left = self.config.max_steps - self._sit.step
        reserve = _HANDS_FULL if self._sit.holding else _RESERVE
        return left <= reserve or self._failed_actions >= self.config.budgets.failed_actions

    def _next(self) -> Action:
        """Return the next action of what is going on; when that is over, or all is spent, the hand lets go."""
        if self._script is None:
            raise RuntimeError("reset() comes before act()")
        if self._sit.step >= self.config.max_steps - 1:
            return act(Verb.DONE)
        action = next(self._script, None)
        self._cut_short = self._cut_short or self._spent()
        if not self._closing and (action is None or self._cut_short):  # what came of the last action is now known
            self._closing, self._script = True, self._close("out_of_steps" if self._cut_short else "no_place")
            action = next(self._script, None)
        return act(Verb.DONE) if action is None else action

    def _close(self, why: str) -> Skill[None]:
        """Put down or drop what is held, whatever it takes."""
        sit = self._sit
        if not sit.holding or (yield from put_here(sit, sit.held)):
            return
        sit.failures += 1
        sit.note("failed", sit.held, why)
        for move in cycle((Verb.MOVE_BACK, Verb.MOVE_LEFT, Verb.MOVE_RIGHT, Verb.MOVE_AHEAD)):
            if (yield from let_go(sit)):
                return
            yield act(move)

    def _slipped(self) -> bool:
        """Whether the hand is empty though nothing was put down."""
        sit = self._sit
        let_go = self._verb in (Verb.PLACE, Verb.DROP) and sit.outcome is Outcome.OK
        return bool(sit.held) and not sit.holding and not let_go

    def _lose(self) -> None:
        """Give up what was going on, for the thing has slipped out of the hand, and look for it."""
        sit = self._sit
        label, xyz = sit.held, np.array([*sit.observation["base"][:2], 0.0])
        sit.held, sit.tracker.held = "", None
        sit.failures += 1
        sit.note("failed", label, "slipped", xyz)
        self._states.handled.add(
            Deed("failed", label, xyz, reason="slipped"), sit.step, int(sit.observation["stamp_ns"])
        )
        self._errand.lost, self._errand.why = (label, xyz), "slipped"
        if not self._closing:
            self._script = self._run(State.SEARCH_OOP)
