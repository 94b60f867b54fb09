"""The household visited twice: as it should be, and with a few things changed (RoomR's two-phase track).

Differences from RoomR: what is put down stays where physics leaves it. With ``snap_m`` the world helps, as
AI2-THOR's does: what was put down near its goal is set to its goal pose. RoomR snaps from any pose of the robot that
sees the goal within 1.5 m; here the thing must, besides, have been put down within ``snap_m`` of it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from engram.sims.contract import Outcome, TrueObject, Verb
from engram.sims.house.hand import neighbours
from engram.sims.house.model import Thing
from engram.sims.house.options import RESET_OPTIONS, ConfigError, integer
from engram.sims.house.physics import Pose
from engram.sims.house.shuffle import Changed, Shuffle, TruePose, true_poses
from engram.sims.house.world import HouseWorld

Phase = Literal["walkthrough", "unshuffle"]
_AJAR, _SHUFFLE = 110, 111  # streams of random numbers, beside those of the world


class RearrangeWorld(HouseWorld):
    """A house in one of two phases.

    ``reset`` takes, besides the options of a house, ``phase``, ``shuffle`` (how many things change at most),
    ``opening`` (the share of changes that open or shut something), ``ajar`` (how many doors and drawers are open in
    both phases), ``snap_m`` (0: nothing snaps) and ``steps`` (budget of the phase). Both phases start at one pose.
    """

    option_names = RESET_OPTIONS | {"phase", "shuffle", "opening", "ajar", "snap_m", "steps"}

    changed: tuple[Changed, ...] = ()
    goal: tuple[TruePose, ...] = ()  # as everything should be
    start: tuple[TruePose, ...] = ()  # as everything was when the robot began
    goal_objects: tuple[TrueObject, ...] = ()

    def _begin(self, seed: int, options: dict[str, Any]) -> dict[str, Any]:
        phase, most, ajar, opening, self._snap_m = _checked(options)
        if options.get("steps") is not None:
            self.config = replace(self.config, max_steps=integer("steps", options["steps"]))
        info = super()._begin(seed, options)
        episode = self._episode
        house, physics = episode.house, episode.physics

        def shuffle(stream: int) -> Shuffle:
            rng = np.random.default_rng([seed, stream])
            return Shuffle(house, physics, episode.regions, episode.start, rng)

        shuffle(_AJAR).open_some(ajar)
        self._touched()
        self.goal, self.goal_objects = tuple(true_poses(house, physics)), tuple(episode.truth.objects())
        self._goal_poses = {t.index: physics.pose(t) for t in house.things if t.movable and not t.parked}
        self.changed = () if phase == "walkthrough" else tuple(shuffle(_SHUFFLE).make(most, opening))
        self._touched()
        self.start = self.poses()
        return {**info, "phase": phase, "changed": len(self.changed)}

    def poses(self) -> tuple[TruePose, ...]:
        """Pose of all that can be moved or opened now, in the order of ``goal``."""
        return tuple(true_poses(self._episode.house, self._episode.physics))

    def _use(self, verb: Verb, point: tuple[float, float]) -> Outcome:
        held = self._episode.arm.hand.held
        outcome = super()._use(verb, point)
        if self._snap_m and outcome is Outcome.OK and verb in (Verb.PLACE, Verb.DROP) and held is not None:
            self._snap(held)
        return outcome

    def _snap(self, thing: Thing) -> None:
        """Set what was just put down to its goal pose, where that is near, in reach and free."""
        physics = self._episode.physics
        pose, goal = physics.pose(thing), self._goal_poses.get(thing.index)
        if goal is None or self._episode.regions.contents(thing):
            return
        base = self._episode.base.point
        if math.dist(pose.pos, goal.pos) > self._snap_m or math.dist(base, goal.pos[:2]) > self.config.reach_m:
            return
        leaning = neighbours(physics, self._episode.house.things, [thing])
        physics.move(thing, Pose(goal.pos, goal.quat))
        if physics.hits([thing]):
            physics.move(thing, pose)
            return
        physics.wake(leaning)

    def _touched(self) -> None:
        self._episode.floor.changed()
        self._episode.truth.changes += 1


def _checked(options: dict[str, Any]) -> tuple[Phase, int, int, float, float]:
    phase = options.get("phase", "unshuffle")
    if phase not in ("walkthrough", "unshuffle"):
        raise ConfigError(f"phase must be 'walkthrough' or 'unshuffle', not {phase!r}")
    most, ajar = integer("shuffle", options.get("shuffle", 5)), integer("ajar", options.get("ajar", 0))
    opening, snap_m = float(options.get("opening", 0.0)), float(options.get("snap_m", 0.0))
    if most < 0 or ajar < 0 or not 0.0 <= opening <= 1.0 or not 0.0 <= snap_m < 10.0:
        raise ConfigError("shuffle, ajar and snap_m must not be negative, and opening must be in [0, 1]")
    return phase, most, ajar, opening, snap_m
