"""What a robot tells its memory: the situation after each step, as percepts.

A step is told when its outcome is known: what is in view now, and the action that led here. Everything comes from the
robot's own senses and maps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engram.agents.events import point
from engram.agents.situation import Situation
from engram.memory.contract import Percepts, Seen, Source
from engram.perception.support import support_of
from engram.perception.tracker import Sighting, Track
from engram.planners.placement import FLOOR
from engram.sims.contract import Action, Outcome, Verb, parse_action

SUCCESS = "success"
_NAMED = 4  # new things named in a sentence
_DID = {
    "move_ahead": "moved ahead",
    "move_back": "moved back",
    "move_left": "moved left",
    "move_right": "moved right",
    "rotate_left": "turned left",
    "rotate_right": "turned right",
    "look_up": "looked up",
    "look_down": "looked down",
    "crouch": "crouched",
    "stand": "stood up",
    "pick": "picked up {target}",
    "place": "put {held} on {target}",
    "drop": "dropped {target}",
    "done": "stopped",
}


class Memory(Protocol):
    """Where percepts go, such as a hippocampus."""

    def write(self, percepts: Percepts) -> int:
        """Take in a step and return the new version."""
        ...


@dataclass(frozen=True)
class RememberConfig:
    """Who remembers what, and how sure it must be."""

    robot: str = "robot"
    episode: str = "episode"  # unique in the memory
    task: str = "tidy the house"
    room_belief: float = 0.5  # a type of room that is less likely is not told


class Remember:
    """Writes an episode into a memory."""

    def __init__(self, memory: Memory, config: RememberConfig | None = None) -> None:
        """Take the memory; nothing is written yet."""
        self.config = config or RememberConfig()
        self._memory = memory
        self._last: Percepts | None = None
        self._action: dict[str, str] = {}  # what was decided last, and at what it was aimed
        self._ended = False

    def perceived(self, sit: Situation) -> None:
        """Write what is known after a step; called once the situation has taken the observation in."""
        action = {**self._action, "outcome": sit.outcome.code} if self._action else {}
        percepts = Percepts(
            self._source(sit),
            summary=_sentence(sit, action),
            things=seen(sit),
            points=sit.image.points[sit.image.valid],
            camera_m=point(sit.image.camera_m),
            base=point(sit.observation["base"]),
            room=self._room(sit),
            action=action,
            task=self.config.task,
        )
        self._last, self._action = percepts, {}
        self._memory.write(percepts)

    def decided(self, sit: Situation, action: Action) -> None:
        """Keep an action in mind until its outcome is known."""
        verb, (u, v) = parse_action(action)
        self._action = {"verb": verb.name.lower()}
        if verb.takes_point:
            aimed = at_point(sit, u, v)
            self._action["target"] = aimed.label if aimed else ""
        elif verb is Verb.DROP:
            self._action["target"] = sit.held
        if verb in (Verb.PLACE, Verb.DROP):
            self._action["held"] = sit.held

    def ended(self, outcome: str) -> None:
        """Write how the task ended, once: "success", or why it failed."""
        if self._last is None or self._ended:
            return
        last = self._last
        self._ended = True
        self._memory.write(Percepts(last.source, base=last.base, room=last.room, task=last.task, outcome=outcome))

    def _source(self, sit: Situation) -> Source:
        c = self.config
        return Source(c.robot, c.episode, sit.step, int(sit.observation["stamp_ns"]))

    def _room(self, sit: Situation) -> str:
        rooms = sit.room_at(np.asarray(sit.observation["base"][:2], np.float64))
        best = max(rooms, key=lambda name: rooms[name], default="")
        return best if best and rooms[best] >= self.config.room_belief else ""


def seen(sit: Situation) -> tuple[Seen, ...]:
    """Return the things in view: where each is by all that was seen of it, and what it rests on."""
    holders = sit.holders()
    others = [t for t in sit.fixtures() if not sit.prior.is_receptacle(t.label)]
    return tuple(_thing(s, holders, others) for s in sit.sightings)


def at_point(sit: Situation, u: float, v: float) -> Track | None:
    """Return what the image shows at a point (u, v) in [0, 1]^2."""
    height, width = sit.observation["depth"].shape
    row, col = min(int(v * height), height - 1), min(int(u * width), width - 1)
    return next((s.track for s in sit.sightings if s.detection.mask[row, col]), None)


def _thing(sighting: Sighting, holders: list[Track], others: list[Track]) -> Seen:
    track, look = sighting.track, sighting.detection.feature
    below = support_of(track, holders, others)
    support = below.track.label if below.track is not None else FLOOR if below.where == "floor" else ""
    return Seen(
        track.label,
        float(sighting.detection.score),
        point(track.centre),
        point(track.size),
        support,
        () if look is None else tuple(map(float, look)),
    )


def result(sit: Situation, spent: bool) -> str:
    """Return what the robot, by its own map, has made of tidying: "success", or why something is left out of place.

    Args:
        sit: the situation at the end.
        spent: whether it ended for want of steps.

    """
    if spent:
        return "out_of_steps"
    known = [t for t in sit.tracker.tracks if sit.prior.knows(t.label)]
    if all(sit.misplaced(t) < sit.config.misplaced for t in known) and not sit.holding:
        return SUCCESS
    reasons = [e.reason for e in sit.events if e.kind == "failed"]
    return reasons[-1] if reasons else "out_of_place"


def _sentence(sit: Situation, action: Mapping[str, str]) -> str:
    """Say in one sentence what was done, what came of it, and what came into view that can be put away."""
    new = {s.track.label for s in sit.sightings if s.track.first_step == sit.step and sit.prior.knows(s.track.label)}
    new.discard(action.get("held", ""))  # what was just put down comes as no surprise
    words = [_act(action), *([f"found {', '.join(sorted(new)[:_NAMED])}"] if new else [])]
    text = " and ".join(words)
    return f"{text[0].upper()}{text[1:]}."


def _act(action: Mapping[str, str]) -> str:
    if not action:
        return "began"
    name, outcome = action["verb"], action["outcome"]
    target, held = action.get("target") or "something", action.get("held") or "something"
    if outcome == Outcome.OK.code:
        did = _DID.get(name, f"did {name.replace('_', ' ')} {target}")
        return did.format(target=target, held=held)
    aimed = f" {target}" if "target" in action else ""
    return f"could not {name.replace('_', ' ')}{aimed}, {outcome.replace('_', ' ')}"
