"""The tidy agent: explore, find what is out of place, and carry each thing to where it belongs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.agents.events import Event
from engram.agents.explore import explore
from engram.agents.fetch import fetch
from engram.agents.motion import Skill, turn_to
from engram.agents.picture import MapPicture
from engram.agents.remember import Remember, result
from engram.agents.situation import Situation, TidyConfig
from engram.agents.store import store
from engram.perception.contracts import Detector
from engram.perception.geometry import Floats
from engram.perception.tracker import Track
from engram.planners.placement import PlacementPrior, RoomBelief
from engram.sims.contract import Action, Observation, Verb, act

__all__ = ["TidyAgent", "TidyConfig"]

_RESERVE = 5  # steps kept back so that the episode ends with DONE
_TRIES = 2  # times that one thing is handled
_AGAIN = 40.0  # steps that handling a thing once more must be worth
_SAME_M = 0.5


class TidyAgent:
    """Tidies a house from RGB-D, odometry and the detections it is given."""

    def __init__(
        self,
        detector: Detector,
        config: TidyConfig | None = None,
        prior: PlacementPrior | None = None,
        remember: Remember | None = None,
        rooms: Callable[[Floats], RoomBelief] | None = None,
    ) -> None:
        """Take the detector and the choices.

        Args:
            detector: finds things in observations.
            config: choices.
            prior: where things belong; the one that comes with the package when not given.
            remember: writes the one episode to come into a memory; nothing is written when not given.
            rooms: tells the type of the room at a point (3,) of the map; the prior does when not given.

        """
        self.config = config or TidyConfig()
        self._detector = detector
        self._prior = prior or PlacementPrior.load()
        self._remember, self._rooms = remember, rooms
        self._sit = Situation(self.config, detector, self._prior, rooms)
        self._script: Skill[None] | None = None
        self._handled: list[tuple[str, NDArray[np.float64]]] = []
        self._found: set[int] = set()

    def reset(self, observation: Observation) -> None:
        """Forget everything and begin."""
        self._sit = Situation(self.config, self._detector, self._prior, self._rooms)
        self._handled, self._found = [], set()
        self._script = self._run()

    def act(self, observation: Observation) -> Action:
        """Return the next action."""
        if self._script is None:
            self.reset(observation)
        sit = self._sit
        sit.perceive(observation)
        if self._remember is not None:
            self._remember.perceived(sit)
        spent = sit.step >= self.config.max_steps - _RESERVE
        action = act(Verb.DONE) if spent else next(self._steps(), act(Verb.DONE))
        if self._remember is not None:
            self._remember.decided(sit, action)
            if action["verb"] == Verb.DONE:
                self._remember.ended(result(sit, spent))
        sit.step += 1
        return action

    def journal(self) -> list[Event]:
        """Return what happened so far, oldest first."""
        return list(self._sit.events)

    def status(self) -> dict[str, Any]:
        """Return figures for a progress display."""
        sit = self._sit
        return {
            "phase": sit.phase,
            "step": sit.step,
            "found": len(self._found),
            "tidied": sit.tidied,
            "failed": sit.failures,
            "holding": sit.held,
            "tracks": len(sit.tracker.tracks),
        }

    def map_image(self) -> NDArray[np.uint8]:
        """(H, W, 3) picture of the map from above."""
        return MapPicture(self._sit.grid).draw(self._sit.trail)

    def map_to_pixel(self, x: float, y: float) -> tuple[float, float]:
        """(column, row) of a point of the map frame in :meth:`map_image`."""
        return MapPicture(self._sit.grid).to_pixel(x, y)

    def _steps(self) -> Skill[None]:
        if self._script is None:
            raise RuntimeError("reset() comes before act()")
        return self._script

    def _run(self) -> Skill[None]:
        sit = self._sit
        sit.note("phase", "explore")
        yield from explore(sit)
        sit.note("phase", "tidy")
        while (track := self._next()) is not None:
            place, label, begun = track.centre.copy(), track.label, sit.step
            self._handled.append((label, place))
            if (yield from fetch(sit, track)):
                yield from store(sit)
                placed = sit.events[-1]
                if placed.kind == "placed" and placed.position is not None:
                    self._handled.append((label, np.array(placed.position)))  # once more if it proves wrong
            if sit.step == begun:  # nothing could be tried; time must pass, or this would never end
                yield from turn_to(sit, (sit.heading + 1) % 4)
        sit.phase = "done"
        sit.note("phase", "done")

    def _next(self) -> Track | None:
        """Return the out-of-place thing that is nearest, or ``None``."""
        sit = self._sit
        sit.plan()
        best, least = None, np.inf
        for track in sit.tracker.tracks:
            if not sit.prior.knows(track.label) or (self.config.handled_memory and self._times(track) >= _TRIES):
                continue
            belief = sit.misplaced(track)
            if belief < self.config.least_belief:
                continue
            if track.number not in self._found:
                self._found.add(track.number)
                holder = sit.support(track).track
                where = holder.label if holder else "Floor"
                sit.note("found", track.label, f"misplaced {belief:.2f}", track.centre, where)
            cost = self._approach(track) + _AGAIN * self._times(track) * self.config.handled_memory
            if cost < least:
                best, least = track, cost
        return best

    def _times(self, track: Track) -> int:
        return sum(
            label == track.label and float(np.linalg.norm(place - track.centre)) < _SAME_M
            for label, place in self._handled
        )

    def _approach(self, track: Track) -> float:
        """Return the path cost to the nearest node within reach of a thing; large when there is none."""
        nav, reach = self._sit.navigator, self.config.reach_m
        x, y = float(track.centre[0]), float(track.centre[1])
        centre, span = nav.node(x, y), round(reach / self.config.step_m)
        near = [
            nav.distance((centre[0] + i, centre[1] + j)) for i in range(-span, span + 1) for j in range(-span, span + 1)
        ]
        return min(min(near), 1000.0)
