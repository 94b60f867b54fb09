"""What a robot tells its memory: the situation after each step, as percepts.

A step is told when its outcome is known: what is in view now, and the action that led here. Everything comes from the
robot's own senses and maps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from engram.agents.attend import Attend
from engram.agents.events import point
from engram.agents.handled import Asked, HandledInMemory, HandledNow, HandledThings
from engram.agents.situation import Situation
from engram.memory.contract import Percepts, Point, Seen, Source
from engram.memory.mapping.planar import Poses
from engram.perception.geometry import Floats, lift
from engram.perception.support import support_of
from engram.perception.tracker import Sighting, Track
from engram.planners.placement import FLOOR, RoomBelief
from engram.sims.contract import Action, Verb, parse_action

SUCCESS = "success"


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
    room_m: float = 0.5  # rooms are looked up again after this way, or
    refresh_steps: int = 8  # ... so many steps, and so is what unchanged things rest on
    tell_room: int = 2  # times that the room of a thing is told: memory believes what it hears twice


class Remember:
    """Writes an episode into a memory."""

    def __init__(
        self,
        memory: Memory,
        config: RememberConfig | None = None,
        asked: Asked | None = None,
        frame: Callable[[], Poses | None] | None = None,
    ) -> None:
        """Take the memory; nothing is written yet.

        Args:
            memory: where percepts go.
            config: who remembers what.
            asked: the memory that is asked what was handled, where that is another object; without one that can be
                asked, what was handled is kept for the episode only.
            frame: pose (3,) of the episode's map frame in that of the memory, ``None`` while it is not known.

        """
        self.config = config or RememberConfig()
        self._memory, self._asked, self._frame = memory, asked, frame
        self._last: Percepts | None = None
        self._action: dict[str, Any] = {}  # what was decided last, and at what it was aimed
        self._ended = False
        self._supports = Supports(self.config.refresh_steps)
        self._rooms = Rooms(self.config)
        self._attend = Attend()

    def handled(self) -> HandledThings:
        """Return what remembers the things that are handled."""
        memory = self._asked if self._asked is not None else self._memory
        if isinstance(memory, Asked):
            return HandledInMemory(memory, self.config.robot, self.config.episode, self._frame)
        return HandledNow()

    def perceived(self, sit: Situation) -> None:
        """Write what is known after a step; called once the situation has taken the observation in."""
        action = {**self._action, "outcome": sit.outcome.code} if self._action else {}
        things = self._rooms.look(sit, seen(sit, self._supports)) if sit.looked else []
        percepts = Percepts(
            self._source(sit),
            summary=self._attend.summarise(sit, action, self._rooms.here).sentence,
            things=things,
            points=sit.image.points[sit.image.valid] if sit.looked else None,  # what was not looked for is not gone
            camera_m=point(sit.image.camera_m) if sit.looked else None,
            base=point(sit.observation["base"]),
            room=self._rooms.here,
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
            aimed, at = at_point(sit, u, v)
            self._action["target"] = aimed.label if aimed else ""
            if at is not None:
                self._action["position_m"] = at
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


class Supports:
    """What tracks rest on. A track that has not grown is judged anew now and then only."""

    def __init__(self, refresh_steps: int) -> None:
        """Start with nothing judged."""
        self._refresh_steps = refresh_steps
        self._known: dict[int, tuple[int, bytes, str]] = {}  # step, box and support by track

    def of(self, sit: Situation, track: Track, holders: Sequence[Track], others: Sequence[Track]) -> str:
        """Return the label of what a track rests on, ``Floor``, or nothing when that is unknown."""
        box = track.lo.tobytes() + track.hi.tobytes()
        known = self._known.get(track.number)
        if known is not None and known[1] == box and sit.step - known[0] < self._refresh_steps:
            return known[2]
        below = support_of(track, holders, others)
        label = below.track.label if below.track is not None else FLOOR if below.where == "floor" else ""
        self._known[track.number] = sit.step, box, label
        return label


class Rooms:
    """In which rooms the robot and the things are. Cutting the map into rooms takes a while, so it waits for news."""

    def __init__(self, config: RememberConfig) -> None:
        """Start knowing no rooms."""
        self.here = ""  # type of the room that the robot is in; empty when unsure
        self._config = config
        self._looked: tuple[int, Floats] | None = None  # step and base of the last look
        self._told: dict[int, tuple[str, int]] = {}  # room of a track, and how often it was told
        self._again = False  # whether what was told at the last look is to be told again

    def look(self, sit: Situation, things: Sequence[Seen]) -> list[Seen]:
        """Return the things in view, with the rooms of those that stand by themselves when it is time to look."""
        base = np.asarray(sit.observation["base"][:2], np.float64)
        if not self._due(sit.step, base):
            return list(things)
        self._looked = sit.step, base
        self.here = self._sure(sit.room_at(base))
        self._again = False
        return [self._with_room(sit, s.track, thing) for s, thing in zip(in_view(sit), things, strict=True)]

    def _with_room(self, sit: Situation, track: Track, thing: Seen) -> Seen:
        if thing.support not in ("", FLOOR):
            return thing  # what rests on another is where that is
        room = self._sure(sit.room_at(track.centre))
        told = self._told.get(track.number, ("", 0))
        count = told[1] + 1 if told[0] == room else 1
        if not room or count > self._config.tell_room:
            return thing
        self._told[track.number] = room, count
        self._again |= count < self._config.tell_room
        return replace(thing, room=room)

    def _due(self, step: int, base: Floats) -> bool:
        if self._looked is None or self._again:
            return True
        way = float(np.linalg.norm(base - self._looked[1]))
        return way >= self._config.room_m or step - self._looked[0] >= self._config.refresh_steps

    def _sure(self, rooms: RoomBelief) -> str:
        best = max(rooms, key=lambda name: rooms[name], default="")
        return best if best and rooms[best] >= self._config.room_belief else ""


def seen(sit: Situation, supports: Supports) -> list[Seen]:
    """Return the things in view: where each is by all that was seen of it, and what it rests on."""
    holders = sit.holders()
    others = [t for t in sit.fixtures() if not sit.prior.is_receptacle(t.label)]
    return [_thing(s, supports.of(sit, s.track, holders, others)) for s in in_view(sit)]


def in_view(sit: Situation) -> list[Sighting]:
    """Return the sightings of things that are sure enough to tell of."""
    return [s for s in sit.sightings if s.track.confirmed]


def at_point(sit: Situation, u: float, v: float) -> tuple[Track | None, Point | None]:
    """Return what the image shows at a point (u, v) in [0, 1]^2, and where that is in the map frame."""
    height, width = sit.observation["depth"].shape
    row, col = min(int(v * height), height - 1), min(int(u * width), width - 1)
    lifted = lift(sit.observation, np.array([row]), np.array([col]))
    track = next((s.track for s in sit.sightings if s.detection.mask[row, col]), None)
    return track, point(lifted[0]) if len(lifted) else None


def _thing(sighting: Sighting, support: str) -> Seen:
    track, look = sighting.track, sighting.detection.feature
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
    if all(sit.misplaced(t) < sit.config.least_belief for t in sit.things()) and not sit.holding:
        return SUCCESS
    reasons = [e.reason for e in sit.events if e.kind == "failed"]
    return reasons[-1] if reasons else "out_of_place"
