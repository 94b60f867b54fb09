"""The rearrangement agent: walk through a house, come back after it was changed, and put it back.

Source of the task and its budgets: RoomR's two-phase track (Weihs et al., CVPR 2021) and TIDEE's entry to it (Sarch et
al., ECCV 2022).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from engram.agents.changes import (
    ChangeConfig,
    Move,
    Remembered,
    Swing,
    ViewPoint,
    Views,
    moved_by_positions,
    moved_by_relations,
    swung,
    unmatched,
)
from engram.agents.explore import explore
from engram.agents.motion import Skill, look_to, travel, turn_to
from engram.agents.relate import placed
from engram.agents.restore import pick_up, put_back, swing
from engram.agents.shown import Shown
from engram.agents.situation import Situation, TidyConfig
from engram.agents.verify import Watched
from engram.perception.contracts import Detector
from engram.perception.geometry import Floats
from engram.perception.relations import FLOOR
from engram.perception.tracker import Track
from engram.planners.placement import PlacementPrior
from engram.sims.contract import Action, Observation, Verb, act

_RESERVE = 5  # steps kept back so that a phase ends with DONE and an empty hand
_SEE_M = 2.5

Changes = tuple[Sequence[Move], Sequence[Swing]]


@dataclass(frozen=True)
class RearrangeConfig:
    """Choices of the rearrangement agent."""

    compare: Literal["positions", "relations"] = "positions"  # how it tells what was moved
    open: bool = False  # open and shut, too
    walk_steps: int = field(default=250, metadata={"given": "set walk_steps of the episode"})
    unshuffle_steps: int = field(default=500, metadata={"given": "set unshuffle_steps of the episode"})
    explore_steps: int = 250  # of the unshuffle
    revisit: bool = True  # go back to where things were seen that are not found again
    change: ChangeConfig = field(default_factory=ChangeConfig)
    skills: TidyConfig = field(default_factory=TidyConfig)
    openable: frozenset[str] = frozenset(
        {"Cabinet", "Drawer", "Fridge", "LaundryHamper", "Microwave", "Safe", "Toilet"}
    )


class RearrangeAgent(Shown):
    """Puts a house back to how it was, from RGB-D, odometry and detections.

    The first ``reset`` begins the walkthrough, the next the unshuffle, and so on in turn. What it takes from the one to
    the other is a memory of things, where each was seen from, and the depth of what it saw.
    """

    def __init__(
        self,
        detector: Detector,
        config: RearrangeConfig | None = None,
        prior: PlacementPrior | None = None,
        changes: Callable[[], Changes] | None = None,
        see: Callable[[Observation], Observation] = lambda observation: observation,
    ) -> None:
        """Take the detector and the choices.

        Args:
            detector: finds things in observations.
            config: choices.
            prior: what is put away and what things are kept on; the one of the package when not given.
            changes: tells what has changed; the robot compares its visits when not given.
            see: what observations go through first.

        """
        self.config = config or RearrangeConfig()
        self._detector, self._prior = detector, prior or PlacementPrior.load()
        self._told, self._see = changes, see
        self._before: Situation | None = None
        self._memory: list[Remembered] = []
        self._views_before, self._views = Views(), Views()
        self._seen_from: dict[int, tuple[float, ViewPoint]] = {}
        self._walking = False
        self._sit = self._situation()
        self._script: Skill[None] | None = None

    def reset(self, observation: Observation) -> None:
        """Begin the next phase."""
        if self._walking:
            self._before, self._memory, self._views_before = self._sit, self._recall(self._sit), self._views
        self._walking = not self._walking
        self._views, self._seen_from = Views(), {}
        self._sit = self._situation()
        self._script = self._walk() if self._walking else self._unshuffle()

    def act(self, observation: Observation) -> Action:
        """Return the next action.

        Raises:
            RuntimeError: no phase has begun.

        """
        if self._script is None:
            raise RuntimeError("reset() comes before act()")
        sit = self._sit
        sit.perceive(self._see(observation))
        self._look()
        if sit.step < sit.config.max_steps - _RESERVE:
            action = next(self._script, act(Verb.DONE))
        else:
            action = act(Verb.DROP) if sit.holding and sit.step < sit.config.max_steps - 1 else act(Verb.DONE)
        sit.acted = Verb(int(action["verb"])).name.lower()
        sit.step += 1
        return action

    def _found_count(self) -> int:
        return sum(e.kind == "found" for e in self._sit.events)

    def _situation(self) -> Situation:
        c = self.config
        explored, steps = (c.walk_steps, c.walk_steps) if self._walking else (c.explore_steps, c.unshuffle_steps)
        skills = replace(c.skills, explore_steps=explored, max_steps=steps)
        return Situation(skills, Watched(self._detector), self._prior)

    def _look(self) -> None:
        """Keep what this frame showed, and from where."""
        sit = self._sit
        self._views.add(sit.observation)
        here = ViewPoint(sit.node, sit.heading, sit.pitch_deg)
        for sighting in sit.sightings if sit.looked else ():
            number = sighting.track.number
            away = float(np.linalg.norm(sighting.track.centre - sit.observation["map_T_camera"][:3, 3]))
            if away < self._seen_from.get(number, (_SEE_M, here))[0]:
                self._seen_from[number] = (away, here)

    def _walk(self) -> Skill[None]:
        self._sit.note("phase", "walkthrough")
        yield from explore(self._sit)
        self._sit.phase = "done"

    def _unshuffle(self) -> Skill[None]:
        sit = self._sit
        sit.note("phase", "unshuffle")
        yield from explore(sit)
        if self.config.revisit and self._told is None:
            yield from self._revisit()
        moves, swings = self._changes()
        sit.note("phase", "restore")
        for move in moves:
            sit.note("found", move.now.label, "moved", move.now.centre, move.goal.support)
        swings = swings if self.config.open else ()
        yield from self._swing([s for s in swings if not s.open])  # first, since open doors are in the way
        left = list(moves)
        while left:
            move = min(left, key=lambda m: math.dist(m.now.centre[:2], sit.observation["base"][:2]))
            left.remove(move)
            if (yield from pick_up(sit, move.now)):
                yield from put_back(sit, move.goal)
        yield from self._swing([s for s in swings if s.open])
        sit.phase = "done"

    def _swing(self, swings: Sequence[Swing]) -> Skill[None]:
        for change in swings:
            self._sit.note("found", change.thing.label, "shut" if change.open else "open", change.thing.centre)
            yield from swing(self._sit, change.thing, wanted=change.open)

    def _revisit(self) -> Skill[None]:
        """Look where things were that are neither found nor known to be gone."""
        sit = self._sit
        sit.phase = "revisit"
        tried: set[ViewPoint] = set()
        while sit.step < self.config.explore_steps + self.config.walk_steps // 2:
            sit.plan()
            points = {t.seen_from for t in self._unsure() if t.seen_from is not None} - tried
            near = [(sit.navigator.distance(p.node), p.node, p.heading, p) for p in points]
            if not near or not math.isfinite(min(near)[0]):
                return
            view = min(near, key=lambda n: n[:3])[3]
            tried.add(view)
            if (yield from travel(sit, {view.node: 0.0})) and (yield from turn_to(sit, view.heading)):
                yield from look_to(sit, view.pitch_deg)

    def _unsure(self) -> list[Remembered]:
        left, _ = unmatched(self._things(self._memory), self._things(self._recall(self._sit)), self.config.change)
        return [t for t in left if not self._gone(t)]

    def _gone(self, thing: Remembered) -> bool:
        return self._views.clear(thing.centre, thing.pixel_m2) >= self.config.change.views

    def _new(self, thing: Remembered) -> bool:
        return self._views_before.clear(thing.centre, thing.pixel_m2) >= self.config.change.views

    def _changes(self) -> Changes:
        if self._told is not None:
            return self._told()
        now, c = self._recall(self._sit), self.config.change
        things = self._things(self._memory), self._things(now)
        if self.config.compare == "relations":
            moves = moved_by_relations(*things, (self._fixtures(self._before), self._fixtures(self._sit)), c)
        else:
            moves = moved_by_positions(*things, self._gone, self._new, c)
        return moves, self._swings(now) if self.config.open else []

    def _swings(self, now: Sequence[Remembered]) -> list[Swing]:
        def seen_free(views: Views) -> Callable[[Floats], bool]:
            return lambda place: views.clear(place) >= self.config.change.swing_views

        things = self._openable(self._memory), self._openable(now)
        return swung(*things, seen_free(self._views_before), seen_free(self._views), self.config.change)

    def _recall(self, sit: Situation) -> list[Remembered]:
        return [self._remembered(sit, t) for t in sit.tracker.tracks if t.confirmed]

    def _remembered(self, sit: Situation, track: Track) -> Remembered:
        lies = sit.support(track) if self._prior.knows(track.label) else None
        support = "" if lies is None else lies.track.label if lies.track is not None else ""
        view = self._seen_from.get(track.number)
        return Remembered(
            track.label,
            track.lo.copy(),
            track.hi.copy(),
            track.views,
            track.pixel_m2,
            FLOOR if lies is not None and lies.where == "floor" else support,
            None if view is None else view[1],
            track,
        )

    def _things(self, memory: Sequence[Remembered]) -> list[Remembered]:
        return [t for t in memory if self._prior.knows(t.label)]

    def _openable(self, memory: Sequence[Remembered]) -> list[Remembered]:
        return [t for t in memory if t.label in self.config.openable]

    def _fixtures(self, sit: Situation | None) -> list[Any]:
        return [] if sit is None else [placed(sit, t) for t in sit.fixtures()]
