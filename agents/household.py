"""The household agent: a brain, and a body that sees, in a world of images.

For each observation the body takes it in, memory is told of it beside the thinking, and the step under way gives its
next action. Between steps the brain decides. What an action came to is told to memory as the sensors show it: a hand
that says that it has taken something, and is empty, has done nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engram.agents.body import Body
from engram.agents.brain import Brain, Ending
from engram.agents.motion import Skill
from engram.agents.remember import Remember, RememberConfig, in_view
from engram.agents.scribe import View
from engram.agents.shown import Shown
from engram.agents.situation import Situation, TidyConfig
from engram.agents.verify import Watched
from engram.memory.contract import Percepts, Point
from engram.perception.contracts import Detector
from engram.perception.geometry import Floats
from engram.perception.tracker import Sighting
from engram.planners.contract import NO_EFFECT, NOT_FOUND, OK, OPEN, Result, Step
from engram.planners.goals import COLOURS, colour_word
from engram.planners.placement import PlacementPrior, RoomBelief
from engram.planners.symbolic.domain import BUDGETS
from engram.sims.contract import Action, Observation, Verb, act

_PAUSE_SECS = 60.0  # between what memory holds and a new episode, whose clock begins anew
_LOOKS, _PIXELS = 4, 64  # views of a thing that its colour is judged by, and pixels of each
_FILLS, _EMPTIES = ("pick",), ("place", "drop")


@dataclass(frozen=True)
class HouseholdConfig:
    """Choices of the agent, beside those of its brain."""

    robot: str = "robot"
    episode: str = "episode"  # unique in the memory, unless one that was cut off goes on
    skills: TidyConfig = field(default_factory=TidyConfig)


class HouseholdAgent(Shown):
    """Does one task, from RGB-D, odometry and the detections it is given."""

    def __init__(
        self,
        task: str,
        brain: Brain,
        detector: Detector,
        config: HouseholdConfig | None = None,
        prior: PlacementPrior | None = None,
        budgets: Mapping[str, int] = BUDGETS,
        rooms: Callable[[Floats], RoomBelief] | None = None,
        see: Callable[[Observation], Observation] = lambda observation: observation,
    ) -> None:
        """Take what is to be done, who thinks, and what is seen with.

        Args:
            task: in plain English.
            brain: decides; it has the memory.
            detector: finds things in observations.
            config: choices.
            prior: tells what can be put away, and rooms by their furniture; the one of the package when not given.
            budgets: actions that each skill may take.
            rooms: tells the type of the room at a point (3,) of the map; the prior does when not given.
            see: what observations go through first.

        """
        self.config, self.task, self.brain = config or HouseholdConfig(), task, brain
        self.ending: Ending | None = None  # how the task ended, once it has
        self._detector, self._prior, self._rooms = detector, prior or PlacementPrior.load(), rooms
        self._budgets, self._see = budgets, see
        self._begin()

    def reset(self, observation: Observation) -> None:
        """Begin an episode."""
        self._begin()

    def act(self, observation: Observation) -> Action:
        """Return the next action; DONE once the brain has ended the task, or the steps of the world are spent."""
        sit = self._sit
        self._body.perceive(self._see(observation))
        self._told = False
        action = act(Verb.DONE) if sit.step >= self.config.skills.max_steps - 1 else self._next()
        self._remind()
        self._remember.decided(sit, action)
        self._body.decided(action)
        return action

    def _begin(self) -> None:
        c = self.config
        self._sit = Situation(c.skills, Watched(self._detector), self._prior, self._rooms)
        self._body = Body(self._sit, self._resolve, self._name_of, self._budgets)
        eyes = _Eyes(self._body, self._later_ns(), self._tell)
        self._remember = Remember(eyes, RememberConfig(c.robot, c.episode, self.task))
        self._thoughts: Generator[Step, Result, Ending] = self.brain.think(self.task)
        self._skill: Skill[Result] | None = None
        self._result: Result | None = None
        self._explored, self._told, self.ending = False, True, None

    def _later_ns(self) -> int:
        """Return how much later than its own clock the episode is in memory: after all that is there."""
        newest = self.brain.scribe.hippocampus.newest
        pause_secs = 0.0 if newest is None or newest.episode == self.config.episode else _PAUSE_SECS
        return 0 if newest is None else newest.stamp_ns + round(pause_secs * 1e9)

    def _next(self) -> Action:
        """Return the next action of the step under way, or of the first one that needs any."""
        while self.ending is None:
            try:
                if self._skill is None:
                    self._skill = self._body.run(self._decide())
                return next(self._skill)
            except StopIteration as end:
                self._skill = None
                if isinstance(end.value, Ending):
                    self.ending = end.value
                else:
                    self._take(end.value)
        self._sit.phase = "done"
        return act(Verb.DONE)

    def _decide(self) -> Step:
        """Return what the brain wants next; raises StopIteration with the ending."""
        self._remind()
        step = next(self._thoughts) if self._result is None else self._thoughts.send(self._result)
        self._sit.phase = step.skill
        return step

    def _take(self, result: Result) -> None:
        self._result = result
        skill = result.step.skill
        all_seen = (skill == "explore" and result.ok) or (skill == "find" and result.outcome == NOT_FOUND)
        if all_seen and not self._explored:
            self._explored, self._told = True, False  # memory hears of it before the next decision

    def _remind(self) -> None:
        """Tell memory of the last observation, unless that is done: once the skill has made of it what it can."""
        if not self._told:
            self._told = True
            self._remember.perceived(self._sit)

    def _tell(self, view: View) -> None:
        self.brain.see(replace(view, explored=self._explored))

    def _resolve(self, name: str) -> tuple[str, Point | None]:
        thing = self.brain.beliefs.things.get(name)
        return (name, None) if thing is None else (thing.kind, thing.position_m)

    def _name_of(self, kind: str, place_m: Point) -> str:
        self._remind()
        return self.brain.name_at(kind, place_m) or kind

    def _found_count(self) -> int:
        return len(self.brain.beliefs.things)


class _Eyes:
    """Adds to percepts what can be seen beside: doors as they were left, colours, and what the hand holds."""

    def __init__(self, body: Body, later_ns: int, tell: Callable[[View], None]) -> None:
        self._sit, self._known, self._later_ns, self._tell = body.sit, body.known, later_ns, tell
        self._colours: dict[int, Counter[str]] = {}  # by track

    def write(self, percepts: Percepts) -> int:
        sit = self._sit
        sightings = in_view(sit) if sit.looked else []
        colours = {k: self._colour(s) for k, s in enumerate(sightings) if s.track in sit.things()}
        source = replace(percepts.source, stamp_ns=percepts.source.stamp_ns + self._later_ns)
        things = [t if sit.prior.knows(t.label) else replace(t, support="") for t in percepts.things]  # drawers stack
        self._tell(
            View(
                replace(percepts, source=source, summary="", things=things, action=self._as_felt(percepts.action)),
                states=self._doors(sightings),
                colours={k: colour for k, colour in colours.items() if colour},
                holding=sit.holding,
            )
        )
        return 0

    def _as_felt(self, action: Mapping[str, Any]) -> dict[str, Any]:
        """Return an action with what the hand says of it."""
        felt = dict(action)
        if felt.get("outcome") == OK:
            verb, holding = felt.get("verb"), self._sit.holding
            if (verb in _FILLS and not holding) or (verb in _EMPTIES and holding):
                felt["outcome"] = NO_EFFECT
        return felt

    def _colour(self, sighting: Sighting) -> str:
        """Return the colour of a thing by the views of it so far."""
        seen = self._colours.setdefault(sighting.track.number, Counter())
        if seen.total() < _LOOKS:
            rows, cols = np.nonzero(sighting.detection.mask)
            chosen = np.linspace(0, max(0, len(rows) - 1), min(_PIXELS, len(rows))).astype(np.int64)
            word = colour_word(self._sit.observation["rgb"][rows[chosen], cols[chosen]])
            seen.update([word] if word else [])
        return max(COLOURS, key=lambda name: seen[name]) if seen else ""

    def _doors(self, sightings: Sequence[Sighting]) -> dict[int, dict[str, bool]]:
        """Return which of the things in view are open, by index, as far as the robot has opened or closed them."""
        known = {k: self._known.doors.get(s.track.number) for k, s in enumerate(sightings)}
        return {k: {OPEN: d.is_open} for k, d in known.items() if d is not None and d.is_open is not None}
