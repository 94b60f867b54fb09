"""Object search: explore for a while, then find a thing of a category, drive up to it and face it.

Source of the task and its budget: the object-goal search of TIDEE (Sarch et al., ECCV 2022).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from engram.agents.explore import View, explore
from engram.agents.fetch import stand_up, take_stance, ways_to_reach
from engram.agents.motion import Skill, look_to, travel, turn_to
from engram.agents.scout import Pose, Scout, Searcher, WorthScout, learned_searcher, scout_of, worth_around
from engram.agents.shown import Shown
from engram.agents.situation import Situation, TidyConfig
from engram.perception.contracts import Detector
from engram.perception.geometry import Floats
from engram.perception.tracker import Track
from engram.planners.navigation import Node
from engram.planners.placement import PlacementPrior
from engram.planners.stances import Stance
from engram.sims.contract import Action, Observation, Verb, act

Method = Literal["net", "prior", "frontier", "random"]
_PROGRESS_M = 0.2  # going so much nearer to a thing is worth it
_WAY_M = 0.01  # of nearness that a step is worth
_TRIES = 3  # times that the robot tries to get to one thing
_VIEWS_AROUND = 3  # looks between two of them
_RESERVE = 2  # steps of the world beyond the budgets


@dataclass(frozen=True)
class SearchConfig:
    """Choices of the object-search agent."""

    search: Method = "net"  # who says where to look
    lookup: bool = True  # go to what is known; if not, only what is seen since the search began counts
    explore_steps: int = 100  # of looking around before the search
    search_steps: int = 200
    near_m: float = 0.85  # stand this near to what was found
    close_m: float = 1.0  # it counts as reached when it is seen within this
    skills: TidyConfig = field(default_factory=TidyConfig)


class SearchAgent(Shown):
    """Finds a thing of a category, from RGB-D, odometry and detections."""

    def __init__(
        self,
        target: str,
        detector: Detector,
        config: SearchConfig | None = None,
        prior: PlacementPrior | None = None,
        searcher: Searcher | None = None,
        seed: int = 0,
        see: Callable[[Observation], Observation] = lambda observation: observation,
    ) -> None:
        """Take what is looked for, the detector and the choices.

        Args:
            target: category.
            detector: finds things in observations.
            config: choices.
            prior: where things are kept; the one of the package when not given.
            searcher: tells where to look, for ``search: net``; the one of the package when not given.
            seed: of random choices.
            see: what observations go through first.

        """
        self.config = config or SearchConfig()
        self.target = target
        self._detector, self._prior, self._see = detector, prior or PlacementPrior.load(), see
        self._searcher, self._seed = searcher, seed
        self._sit = self._situation()
        self._script: Skill[bool] | None = None
        self.found = False  # whether it says that it has found one
        self.begun: int | None = None  # step at which the search began

    def reset(self, observation: Observation) -> None:
        """Begin an episode."""
        self._sit, self.found, self.begun = self._situation(), False, None
        self._script = self._run(scout_of(self.config.search, self._seed, self._searcher))

    def act(self, observation: Observation) -> Action:
        """Return the next action.

        Raises:
            RuntimeError: no episode has begun.

        """
        if self._script is None:
            raise RuntimeError("reset() comes before act()")
        sit = self._sit
        sit.perceive(self._see(observation))
        action = act(Verb.DONE)
        if not self._spent():
            try:
                action = next(self._script)
            except StopIteration as end:
                self.found = bool(end.value)
        sit.step += 1
        return action

    @property
    def search_steps(self) -> int:
        """Actions since the search began, DONE left out."""
        return 0 if self.begun is None else max(0, self._sit.step - self.begun - 1)

    def _found_count(self) -> int:
        return int(self.found)

    def _situation(self) -> Situation:
        c = self.config
        steps = c.explore_steps + c.search_steps + _RESERVE
        skills = replace(c.skills, explore_steps=c.explore_steps, max_steps=steps)
        return Situation(skills, self._detector, self._prior)

    def _spent(self) -> bool:
        return self.begun is not None and self._sit.step - self.begun >= self.config.search_steps

    def _run(self, scouts: Sequence[Scout]) -> Skill[bool]:
        sit = self._sit
        sit.phase = "explore"
        sit.note("phase", "explore")
        yield from explore(sit)
        self.begun = sit.step
        sit.phase = "search"
        sit.note("phase", "search", self.target)
        since = 0 if self.config.lookup else sit.step
        tries: Counter[int] = Counter()
        looked: set[Pose] = set()
        while True:
            refused = {number for number, count in tries.items() if count >= _TRIES}
            track = yield from look_for(sit, [self.target], scouts, since=since, refused=refused, looked=looked)
            if track is None:
                return False
            if not tries[track.number]:
                sit.note("found", track.label, "", track.centre)
            if (yield from approach(sit, track, self.config.near_m, self.config.close_m)):
                return True
            tries[track.number] += 1
            sit.failures += 1
            sit.note("failed", track.label, "not_seen", track.centre)
            # There may be a way to it that the map does not show yet: look at it from other sides, and for others.
            refused |= {track.number}
            sides = [WorthScout(worth_around(track.centre)), *scouts]
            yield from look_for(
                sit, [self.target], sides, since=since, refused=refused, looked=looked, views=_VIEWS_AROUND
            )


def look_for(
    sit: Situation,
    labels: Sequence[str],
    scouts: Sequence[Scout],
    *,
    since: int = 0,
    refused: Collection[int] = (),
    looked: set[Pose] | None = None,
    views: int | None = None,
) -> Skill[Track | None]:
    """Go where the scouts say until a thing of one of the labels is known; ``None`` when they have nothing left.

    Args:
        sit: the situation.
        labels: of the things that will do; scouts are asked about the first.
        scouts: each is asked when those before it have nothing left.
        since: step from which on a thing must have been seen to count.
        refused: numbers of tracks that are not wanted.
        looked: poses from which the robot has looked in vain; grows.
        views: places looked from, at most; no bound when not given.

    """
    looked = set() if looked is None else looked
    wanted = set(labels)

    def known() -> Track | None:
        looked.add((sit.node, sit.heading))
        return nearest(
            sit,
            [t for t in sit.tracker.tracks if t.label in wanted and t.last_step >= since and t.number not in refused],
        )

    left = views
    while (track := known()) is None:
        view = _next_view(sit, labels[0], scouts, looked) if left is None or left > 0 else None
        if view is None:
            return None
        left = None if left is None else left - 1
        begun = sit.step
        yield from look_to(sit, sit.config.pitch_deg)
        arrived = yield from travel(sit, {view.node: 0.0}, ahead=True, enough=lambda: known() is not None)
        if known() is None and arrived:
            yield from turn_to(sit, view.heading)
        looked.add((view.node, view.heading))
        if sit.step == begun:  # nothing could be done there; time must pass, or this would never end
            yield from turn_to(sit, (sit.heading + 1) % 4)
    return track


def nearest(sit: Situation, tracks: Sequence[Track]) -> Track | None:
    """Return the thing that is nearest as the crow flies; ``None`` when there is none."""
    here = np.asarray(sit.observation["base"][:2], np.float64)
    return min(tracks, key=lambda t: (_gap(t.lo, t.hi, here), t.number), default=None)


def approach(sit: Situation, track: Track, near_m: float, close_m: float) -> Skill[bool]:
    """Drive up to a thing and face it; whether it is then seen within ``close_m``."""
    excluded: set[Node] = set()
    for _ in range(sit.config.stands):
        if faces(sit, track, close_m):
            return True
        while (stance := _stance(sit, track, near_m, excluded)) is None:
            if not (yield from go_nearer(sit, track.lo, track.hi)):
                return False
        excluded.add(stance.node)
        if (yield from take_stance(sit, stance)) and faces(sit, track, close_m):
            return True
        yield from stand_up(sit, stance)
    return faces(sit, track, close_m)


def go_nearer(sit: Situation, lo: Floats, hi: Floats) -> Skill[bool]:
    """Go to the place that is nearest to a box, so that the way on comes into view; whether that was any nearer.

    Args:
        sit: the situation; paths must have been planned.
        lo: corner (3,) of the box, map frame.
        hi: the other corner.

    """
    here = _gap(lo, hi, np.asarray(sit.observation["base"][:2], np.float64))
    gaps = {n: _gap(lo, hi, np.array(sit.navigator.position(n))) for n in sorted(sit.navigator.reachable())}
    goal = min(gaps, key=lambda n: gaps[n] + _WAY_M * sit.navigator.distance(n), default=sit.node)
    if gaps.get(goal, here) > here - _PROGRESS_M:
        return False
    yield from look_to(sit, sit.config.pitch_deg)
    if not (yield from travel(sit, {goal: 0.0}, ahead=True)):
        return False
    offset = (lo + hi)[:2] / 2 - sit.observation["base"][:2]
    yield from turn_to(sit, round(float(np.arctan2(offset[1], offset[0])) / (np.pi / 2)) % 4)
    return True


def faces(sit: Situation, track: Track, close_m: float) -> bool:
    """Whether the image shows a thing, some of it no farther from the base than ``close_m``."""
    sighting = sit.sighting_of(track)
    if sighting is None:
        return False
    away = np.hypot(*(sighting.points[:, :2] - sit.observation["base"][:2]).T)
    return bool((away <= close_m - 0.05).sum() >= 2)


def locate(
    sit: Situation, labels: Sequence[str], searcher: Searcher | None = None, views: int = 3
) -> Skill[Track | None]:
    """Find a thing of one of the labels, the best first: one that is known, else by looking where it may be.

    Args:
        sit: the situation.
        labels: categories; a known thing of an earlier one is preferred.
        searcher: tells where to look; the network of the package when not given.
        views: places looked from for each label.

    """
    for label in labels:
        track = nearest(sit, sit.tracker.labelled([label]))
        if track is not None:
            return track
    net = searcher or learned_searcher()
    scout = scout_of("net", searcher=net)[:1]
    looked: set[Pose] = set()
    for label in labels:
        others = [name for name in labels if name != label]
        track = yield from look_for(sit, [label, *others], scout, looked=looked, views=views)
        if track is not None:
            return track
    return None


class SearchWaypoints:
    """Places where a receptacle may be, for the tidy agent."""

    def __init__(self, searcher: Searcher | None = None) -> None:
        """Take what tells where to look; the network of the package when not given, loaded when first asked."""
        self._searcher = searcher

    def __call__(self, sit: Situation, label: str) -> Sequence[Floats]:
        """Return places (2,), the likely ones first."""
        self._searcher = self._searcher or learned_searcher()
        return [xy for xy, _ in self._searcher.places(sit.grid, sit.tracker.tracks, label)]


def _next_view(sit: Situation, label: str, scouts: Sequence[Scout], looked: Collection[Pose]) -> View | None:
    return next((v for scout in scouts if (v := scout.view(sit, label, looked)) is not None), None)


def _stance(sit: Situation, track: Track, near_m: float, excluded: Collection[Node]) -> Stance | None:
    """Return the cheapest stance for some part of a thing."""
    sit.plan()
    found = [
        (stance.crouched, stance.cost, stance)
        for point in parts_of(track)
        for stance in ways_to_reach(sit, point, near_m, excluded)[:1]
    ]
    return min(found, key=lambda f: f[:2])[2] if found else None


def parts_of(track: Track) -> list[Floats]:
    """Points (3,) of a thing: its centre, and for large ones the middles of its sides."""
    centre, half = track.centre, track.size / 2
    points = [centre]
    for axis in range(2):
        if track.size[axis] > 0.4:
            for side in (-0.9, 0.9):
                point = centre.copy()
                point[axis] += side * half[axis]
                points.append(point)
    return points


def _gap(lo: Floats, hi: Floats, xy: Floats) -> float:
    """Horizontal distance from a point to a box."""
    return float(np.hypot(*np.maximum(0.0, np.maximum(lo[:2] - xy, xy - hi[:2]))))
