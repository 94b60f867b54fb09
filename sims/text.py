"""The contract of text worlds: households that are told in words, where a skill is one step and nothing is rendered.

For research on planners and memory. What is in closed things or out of sight is not told, there is no way to ask where
something is, and a skill fails for the same reasons as it does in a world that is seen. Names of things are made for
each episode and say no more than the kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engram.sims.contract import Truth

Point = tuple[float, float, float]


@dataclass(frozen=True)
class TextThing:
    """One thing in sight."""

    name: str  # unique in the episode, such as "Mug_2"
    kind: str  # category
    holder: str  # name of what it is in or on; "Floor", or empty for furniture
    room: str  # type of the room
    position_m: Point  # centre, map frame
    extent_m: Point
    colour: str = ""  # plain word
    states: Mapping[str, bool] = field(default_factory=dict)  # what can be seen of it: open, on, sliced


@dataclass(frozen=True)
class TextObservation:
    """What a step brought."""

    outcome: str  # "ok", or a reason code as in engram.sims.contract.Outcome
    text: str  # one sentence: what was done and what came of it
    seen: tuple[TextThing, ...]  # everything in sight from where the robot stands now
    looked_into: tuple[str, ...]  # names of what was fully looked into or over: what is not told of there is not there
    holding: str  # name of the thing in the hand; empty for none
    room: str  # name of the room that the robot is in: its type and a number, such as "Kitchen_1"
    exits: tuple[str, ...]  # names of the rooms that can be gone to from here, next door
    base_m: tuple[float, float, float]  # x, y, yaw in the map frame
    moves: int  # actions that a robot in the rendered world would need for it, about
    stamp_ns: int


class TextWorld(Protocol):
    """A household in words.

    Its skills are ``go_to`` a thing or a room, ``look_around``, ``pick``, ``place`` on or in a thing, ``put_down`` on
    the floor, ``open``, ``close``, ``toggle_on``, ``toggle_off`` and ``slice``. All but the first two act on what is
    within reach of where the robot went last.
    """

    def reset(self, seed: int, options: Mapping[str, Any] | None = None) -> TextObservation:
        """Begin an episode: the same seed and options give the same one."""
        ...

    def step(self, skill: str, args: tuple[str, ...] = ()) -> TextObservation:
        """Carry out a skill on named things; an unknown skill or name has the outcome ``invalid``."""
        ...

    @property
    def truth(self) -> Truth:
        """Ground truth, for scoring only."""
        ...
