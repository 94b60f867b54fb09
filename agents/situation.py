"""What the robot knows at a moment: its map, the things in it, where it stands, what it did."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engram.agents.events import Event, Kind, point
from engram.agents.placing import Placing, placing_of
from engram.agents.relate import learned_judge, whereabouts
from engram.memory.occupancy import Occupancy
from engram.memory.rooms import segment
from engram.memory.visibility import Sight, SightConfig
from engram.perception.contracts import Detector
from engram.perception.geometry import Floats, PointImage, pitch_of, point_image
from engram.perception.support import Support, support_of
from engram.perception.thalamus.gate import NoveltyGate
from engram.perception.tracker import Sighting, Track, Tracker
from engram.planners.navigation import NavigationConfig, Navigator, Node
from engram.planners.out_of_place.fusion import log_odds, probability
from engram.planners.placement import AnyReceptacle, PlacementPrior, RoomBelief
from engram.sims.contract import Observation, Outcome

_WORLDS: dict[str, Any] = {"given": "it is the world's"}
_COUNTED = 1.5  # log-odds of being out of place that the counts are worth at most, beside what the detector sees
_LID_M = 0.06  # what lies no deeper than this below the top lies on it


@dataclass(frozen=True)
class Budgets:
    """Bounds of an episode, beside those of steps."""

    attempts: int = 60  # things fetched, or tried
    failed_actions: int = 300  # actions that the world refused
    looks: int = 12  # things that the robot is unsure of and goes to look at
    look_steps: int = 120  # ... and the steps it takes for them
    waypoints: int = 3  # places looked at for one receptacle that is not known yet
    classes: int = 3  # ... of so many kinds


@dataclass(frozen=True)
class TidyConfig:
    """Choices of the tidy agent."""

    step_m: float = field(default=0.25, metadata=_WORLDS)
    rotate_deg: float = field(default=90.0, metadata=_WORLDS)
    look_deg: float = field(default=30.0, metadata=_WORLDS)
    base_radius_m: float = 0.20
    max_steps: int = field(default=1000, metadata={"given": "set max_steps of the episode"})
    placement_prior: bool = True  # put things where the counts say; if not, on any receptacle, the nearest first
    # Who judges, beside a detector that does: the counts, or what was trained with them.
    placing: Placing = "table"  # ... or what a network says, or one of what it is measured against
    search: Literal["none", "net"] = "none"  # who says where a receptacle may be that is not known yet
    out_of_place: Literal["table", "learned"] = "table"
    misplaced_prior: bool = True  # take for misplaced what the counts say; if not, what lies on the floor
    room_prior: bool = True  # tell types of rooms by their furniture; if not, each is as likely
    handled_memory: bool = True  # handle a thing twice at most; if not, as often as it seems misplaced
    explore: Literal["sight", "nearest"] = "sight"  # go for most to see for the way, or for the nearest unseen place
    explore_steps: int = 400
    explore_gain_m2: float = 0.25  # exploration ends when no pose is expected to show this much
    see_near_m: float = 2.5  # what was not seen from this near counts as not looked at
    pitch_deg: float = 30.0  # camera pitch while travelling: floors and table tops are in view
    reach_m: float = 1.3  # stand this near; the world's reach is 1.5
    stretch_m: float = 0.15  # stand this much farther where there is no other way
    limit_m: float = 1.48  # never point at something beyond this
    crouched_eye_m: float = 0.901  # height of the camera after CROUCH
    room_scale_m: float = 2.0  # furniture this far away counts 1/e as much as evidence for the type of a room
    misplaced: float = 0.6  # least belief for moving a thing, where the counts judge
    misplaced_learned: float = 0.3  # ... where the learned judge does, whose beliefs are calibrated
    stands: int = 4  # stand poses tried for one thing
    points: int = 3  # image points tried at one pose
    holders: int = 6  # receptacles tried for one thing
    hand_depth_m: float = 0.5  # while holding, nearer readings are the held thing
    attention: bool = False  # detect only where the novelty gate finds news, or a skill asks
    budgets: Budgets = field(default_factory=Budgets)
    closed: frozenset[str] = frozenset({"Cabinet", "Drawer", "Fridge", "Microwave", "Safe", "Box", "LaundryHamper"})

    @property
    def least_belief(self) -> float:
        """Least belief that a thing is out of place for moving it."""
        return self.misplaced_learned if self.out_of_place == "learned" else self.misplaced


@dataclass(eq=False)
class Situation:
    """State shared by the skills; ``perceive`` brings it up to date once a step."""

    config: TidyConfig
    detector: Detector
    prior: PlacementPrior
    rooms: Callable[[Floats], RoomBelief] | None = None  # tells the type of the room at a point, in place of the prior
    grid: Occupancy = field(default_factory=Occupancy)
    tracker: Tracker = field(default_factory=Tracker)
    events: list[Event] = field(default_factory=list)
    trail: list[tuple[float, float]] = field(default_factory=list)
    step: int = 0
    acted: str = ""  # name of the last action, such as "pick"
    phase: str = "start"
    held: str = ""  # label of what the hand holds
    tidied: int = 0
    failures: int = 0

    def __post_init__(self) -> None:
        """Prepare what follows from the configuration."""
        c = self.config
        self.placing = placing_of(c.placing, self.prior) if c.placement_prior else AnyReceptacle(self.prior)
        self.judging = self.prior if c.misplaced_prior else AnyReceptacle(self.prior)
        self.navigator = Navigator(NavigationConfig(step_m=c.step_m, radius_m=c.base_radius_m))
        self.judge = learned_judge() if c.out_of_place == "learned" else None
        self.sight = Sight(SightConfig(far_m=c.see_near_m - 0.1))  # what is in sight shall count as seen
        self.gate = NoveltyGate() if c.attention else None
        self.looked = True  # whether what the frame shows has been detected
        self._sightings: list[Sighting] = []
        self._rooms: tuple[int, NDArray[np.int32], dict[int, list[Track]]] | None = None

    def perceive(self, observation: Observation) -> None:
        """Take a new observation in."""
        self.observation = observation
        holding = bool(observation["holding"])
        self.image: PointImage = point_image(observation, near_m=self.config.hand_depth_m if holding else 0.25)
        x, y, yaw = (float(v) for v in observation["base"])
        self.grid.integrate(self.image)
        self.grid.visit(x, y, self.config.base_radius_m)
        self._expect(x, y, yaw)
        self._sightings, self.looked = [], False
        if self.gate is None or self.gate.attend(observation, self.image, self.acted).attended:
            self.look()
        self.trail.append((x, y))

    def look(self) -> None:
        """Detect what the frame shows, unless that is done."""
        if self.looked:
            return
        self.looked = True
        detections = self.detector.detect(self.observation)
        self._sightings = self.tracker.update(self.observation, detections, self.image, self.step)
        if self.judge is not None:
            for sighting in self._sightings:
                self.judge.saw(sighting.track.number, sighting.detection)

    @property
    def sightings(self) -> list[Sighting]:
        """What the frame shows; who asks has it looked at."""
        self.look()
        return self._sightings

    @sightings.setter
    def sightings(self, found: list[Sighting]) -> None:
        self._sightings, self.looked = found, True

    @property
    def outcome(self) -> Outcome:
        """What the last action came to."""
        return Outcome(int(self.observation["outcome"]))

    @property
    def node(self) -> Node:
        """Lattice node at which the base stands."""
        return self.navigator.node(float(self.observation["base"][0]), float(self.observation["base"][1]))

    @property
    def heading(self) -> int:
        """Index into ``DIRECTIONS`` of the direction that the base faces."""
        return round(float(self.observation["base"][2]) / (math.pi / 2)) % 4

    @property
    def pitch_deg(self) -> float:
        """Camera pitch, positive downwards."""
        return math.degrees(pitch_of(self.observation))

    @property
    def eye_m(self) -> float:
        """Height of the camera."""
        return float(self.observation["map_T_camera"][2, 3])

    @property
    def holding(self) -> bool:
        """Whether the hand holds something."""
        return bool(self.observation["holding"])

    def plan(self) -> None:
        """Bring the paths up to date with the map."""
        self.navigator.plan(self.grid, self.node)

    def note(self, kind: Kind, label: str, reason: str = "", at: Floats | None = None, target: str = "") -> None:
        """Write an event without pictures into the journal."""
        self.events.append(Event(kind, self.step, label, reason, None if at is None else point(at), target))

    def sighting_of(self, track: Track) -> Sighting | None:
        """Where the current image shows a track."""
        return next((s for s in self.sightings if s.track is track), None)

    def holders(self) -> list[Track]:
        """Tracks that things can lie on, of those that are sure enough to act upon."""
        return [t for t in self.tracker.tracks if t.confirmed and self.prior.is_receptacle(t.label)]

    def things(self) -> list[Track]:
        """Tracks of what can be put away, of those that are sure enough to act upon."""
        return [t for t in self.tracker.tracks if t.confirmed and self.prior.knows(t.label)]

    def labels_of(self, track: Track) -> dict[str, float]:
        """Belief in each label of a track, which add up to 1."""
        total = sum(track.belief.values())
        return {label: p / total for label, p in track.belief.items()} if total > 0.0 else {}

    def movable(self, track: Track) -> float:
        """Belief that a track is something to put away, whatever exactly."""
        return sum(share for label, share in self.labels_of(track).items() if self.prior.knows(label))

    def fixtures(self) -> list[Track]:
        """Tracks of what is not put away, of those that are sure enough to act upon."""
        return [t for t in self.tracker.tracks if t.confirmed and not self.prior.knows(t.label)]

    def support(self, track: Track) -> Support:
        """What a track lies on."""
        return support_of(track, self.holders(), [t for t in self.fixtures() if not self.prior.is_receptacle(t.label)])

    def room_at(self, position: Floats) -> RoomBelief:
        """Belief about the type of the room at a position (2,) or (3,), from the furniture of its region.

        What stands near counts more: where the map has not told two rooms apart, each still has its own type.
        """
        if self.rooms is not None:
            return self.rooms(position)
        if not self.config.room_prior:
            return self.prior.room_belief(())
        labels, furniture = self._room_map()
        region = self.region_of(position, labels)
        near: dict[str, float] = {}
        for track in furniture.get(region, ()) if region else ():
            away = float(np.linalg.norm(track.centre[:2] - position[:2]))
            near[track.label] = max(near.get(track.label, 0.0), math.exp(-away / self.config.room_scale_m))
        return self.prior.room_belief(near)

    def region_of(self, position: Floats, labels: NDArray[np.int32] | None = None) -> int:
        """Return the number of the room at a position; 0 when it lies in none."""
        labels = self._room_map()[0] if labels is None else labels
        ix, iy = self.grid.cells(position[None, :2])[0]
        if not self.grid.inside(np.array([ix, iy])):
            return 0
        around = labels[max(0, ix - 2) : ix + 3, max(0, iy - 2) : iy + 3].ravel()
        counts = np.bincount(around)
        counts[0] = 0
        return int(counts.argmax()) if counts.any() else 0

    def misplaced(self, track: Track) -> float:
        """Belief that a thing lies where it does not belong."""
        if self.judge is not None:
            return self.judge.belief(track.number, whereabouts(self, track), self.misplaced_by_counts(track))
        seen, counted = track.out_of_place, self.misplaced_by_counts(track)
        if seen is None or counted is None or seen in (0.0, 1.0):
            return (counted or 0.0) if seen is None else seen
        said = max(-_COUNTED, min(_COUNTED, log_odds(counted)))  # a wrong label or holder makes counts wrong and sure
        return probability(log_odds(seen) + said)

    def misplaced_by_counts(self, track: Track) -> float | None:
        """Belief by the prior that a thing lies where it does not belong; ``None`` when nothing is seen to hold it."""
        support = self.support(track)
        if support.where == "unknown":
            return None
        if support.track is not None and self.on_lid(track, support.track):
            return 1.0
        rooms = self.room_at(track.centre)
        chain: list[str | None] = [support.track.label if support.track else None]
        if support.track is not None and self.prior.knows(
            support.track.label
        ):  # a plate on a table: the table counts too
            below = self.support(support.track)
            chain += [below.track.label] if below.track else []
        believed = sum(
            share * min(self.judging.out_of_place(label, holder, rooms) for holder in chain)
            for label, share in self.labels_of(track).items()
        )
        return min(1.0, believed)  # shares add up to a little more than 1 at times

    def on_lid(self, track: Track, holder: Track) -> bool:
        """Whether a thing lies on top of what it belongs inside of."""
        on_top = track.lo[2] > holder.hi[2] - _LID_M
        return holder.label in self.config.closed and bool(on_top and holder.surface)

    def _room_map(self) -> tuple[NDArray[np.int32], dict[int, list[Track]]]:
        if self._rooms is None or self._rooms[0] != self.grid.version:
            labels = segment(self.grid)
            furniture: dict[int, list[Track]] = {}
            for track in self.fixtures():
                furniture.setdefault(self.region_of(track.centre, labels), []).append(track)
            self._rooms = (self.grid.version, labels, furniture)
        return self._rooms[1], self._rooms[2]

    def _expect(self, x: float, y: float, yaw: float) -> None:
        """Count the cells that this frame should have shown and did not, so that nobody returns for them forever."""
        ix, iy = self.sight.cells(self.grid, np.array([x, y]), yaw)
        missed = self.grid.near[ix, iy] > self.config.see_near_m
        cells = np.unique(np.stack([ix[missed], iy[missed]], 1), axis=0)
        at = (cells[:, 0], cells[:, 1])
        self.grid.tried[at] = np.minimum(self.grid.tried[at] + 1, 250)
