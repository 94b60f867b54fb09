"""Worlds in which something does not work: an actuator that says that it has done what it has not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engram.sims.contract import Outcome, Truth, Verb
from engram.sims.house.world import HouseWorld
from engram.sims.text import TextObservation, TextWorld

ACTUATORS = ("pick", "place", "open", "close", "toggle_on", "toggle_off", "slice")
_MOVES = 2


class DeadText:
    """A world of words whose skill of one name reports success and does nothing."""

    def __init__(self, world: TextWorld, dead: str) -> None:
        """Take the world that works otherwise."""
        self._world, self._dead = world, dead
        self._last: TextObservation | None = None

    def reset(self, seed: int, options: Mapping[str, Any] | None = None) -> TextObservation:
        """Begin an episode."""
        self._last = self._world.reset(seed, options)
        return self._last

    def step(self, skill: str, args: tuple[str, ...] = ()) -> TextObservation:
        """Carry out a skill, or say so."""
        if skill == self._dead and self._last is not None:
            said = f"{skill.replace('_', ' ')}: done."
            self._last = replace(self._last, outcome=Outcome.OK.code, text=said, moves=_MOVES)
        else:
            self._last = self._world.step(skill, args)
        return self._last

    @property
    def truth(self) -> Truth:
        """Ground truth, for scoring only."""
        return self._world.truth


class DeadHouse(HouseWorld):
    """A household whose verb of one name reports success and does nothing."""

    dead: str = ""

    def _act(self, verb: Verb, point: tuple[float, float]) -> Outcome:
        return Outcome.OK if verb.name.lower() == self.dead else super()._act(verb, point)
