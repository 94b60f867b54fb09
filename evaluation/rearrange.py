"""The rearrangement run: walks through a house, comes back after it was changed, and scores what became of it."""

from __future__ import annotations

import dataclasses
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from engram.agents.changes import Move, Remembered, Swing
from engram.agents.events import Event
from engram.agents.rearrange import Changes, RearrangeAgent, RearrangeConfig
from engram.evaluation.contract import Tracing
from engram.evaluation.detector_options import DEFAULT_PERCEPTION, DetectionNoise, DetectorOptions, Perception
from engram.evaluation.metrics.boxes import Box
from engram.evaluation.metrics.rearrangement import Pose, Rearrangement, rearrangement
from engram.evaluation.options import plain
from engram.evaluation.revision import revision
from engram.evaluation.runner import Episode, run_episode
from engram.evaluation.tidy import TidyTask, make_detector
from engram.evaluation.trace.tidy import digest
from engram.evaluation.trace.writer import TraceWriter
from engram.perception.contracts import Detection, Detector
from engram.perception.guard import FrameGuard, Guarded
from engram.perception.relations import FLOOR
from engram.perception.tracker import Track
from engram.planners.placement import PlacementPrior
from engram.sims.contract import Observation, TrueObject
from engram.sims.house.categories import CATEGORIES
from engram.sims.house.rearrange import RearrangeWorld
from engram.sims.house.render.base import warm_up
from engram.sims.house.shuffle import TruePose
from engram.sims.machine import versions
from engram.sims.seeds import check_seed

_FOUND_M = 0.5  # what the agent says has changed is the thing of that label within this
_NO_TRACK = -1


@dataclass(frozen=True)
class RearrangeHouse:
    """The house, what changes in it, and the sensors."""

    rooms: int | None = None  # None: the generator chooses
    objects: int | None = None
    house: Path | None = None  # a HouseSpec file in place of a generated house
    shuffle: int = 5  # one to this many things change
    opening: float = 0.3  # share of the changes that open or shut something
    ajar: int = 2  # doors and drawers that are open in the goal
    snap_m: float = 0.0  # what is put down this near its goal is set to its goal pose; 0: where it was put, it stays
    width: int = 224  # pixels
    height: int = 224
    move_noise_m: float = 0.0  # errors of the sensors, as engram.sims.house.options has them
    turn_noise_deg: float = 0.0
    depth_noise: float = 0.0

    def __post_init__(self) -> None:
        """Check the values."""
        if self.shuffle < 1 or self.ajar < 0 or not 0.0 <= self.opening <= 1.0:
            raise ValueError("shuffle must be at least 1, ajar not negative, and opening in [0, 1]")
        for name in ("snap_m", "move_noise_m", "turn_noise_deg", "depth_noise"):
            if not 0.0 <= getattr(self, name) < 10.0:
                raise ValueError(f"{name} must lie in [0, 10), not {getattr(self, name)!r}")


@dataclass(frozen=True)
class RearrangeOracle:
    """Which parts are told the truth."""

    changes: bool = False  # what has changed, and how it was


@dataclass(frozen=True)
class RearrangeEpisode:
    """Options of an episode."""

    world: RearrangeHouse = field(default_factory=RearrangeHouse)
    agent: RearrangeConfig = field(default_factory=RearrangeConfig)
    oracle: RearrangeOracle = field(default_factory=RearrangeOracle)
    perception: Perception = DEFAULT_PERCEPTION
    detector: DetectorOptions = field(default_factory=DetectorOptions)
    noise: DetectionNoise = field(default_factory=DetectionNoise)
    walk_steps: int = 250  # budgets of RoomR's two phases as TIDEE used them
    unshuffle_steps: int = 500


@dataclass(frozen=True, eq=False)
class RearrangeRun:
    """A finished episode."""

    walk: Episode
    unshuffle: Episode
    result: Rearrangement
    kinds: tuple[str, ...]  # of each thing of the result: moved, opened, closed, or "" where it was not changed
    journal: tuple[Event, ...]  # of the unshuffle
    values: Mapping[str, float | None]
    bad_input: Mapping[str, int]
    setup_secs: float


def run_rearrange(options: RearrangeEpisode, seed: int, tracing: Tracing | None = None) -> RearrangeRun:
    """Run and score one episode; the trace, if any, is of the unshuffle.

    Raises:
        SeedError: the seed belongs to no split.
        PerceptionError: the detector cannot be had here.
        HouseSpecError, HouseRequestError: the house cannot be built.

    """
    check_seed(seed)
    begin = time.perf_counter()
    warm_up()
    w = options.world
    world = RearrangeWorld(
        width=w.width,
        height=w.height,
        move_noise_m=w.move_noise_m,
        turn_noise_deg=w.turn_noise_deg,
        depth_noise=w.depth_noise,
    )
    prior, counts = PlacementPrior.load(), Counter[str]()
    seen = TidyTask(seed, perception=options.perception, detector=options.detector, noise=options.noise)
    eyes = _Eyes(Guarded(make_detector(world, seen), CATEGORIES, counts))
    told = TrueChanges(world) if options.oracle.changes else None
    config = agent_config(world, options)
    agent = RearrangeAgent(eyes, config, prior, told, FrameGuard(counts))
    setup_secs = time.perf_counter() - begin
    try:
        walk = run_episode(world, agent, seed, world_options(options, "walkthrough"))
        reset = world_options(options, "unshuffle")
        with ExitStack() as stack:
            watchers = []
            if tracing is not None:
                job = _job(options, seed, reset, config, prior)
                trace = stack.enter_context(TraceWriter(tracing.path, job, tracing.keep))
                eyes.watched(trace)
                watchers = [trace]
            unshuffle = run_episode(world, agent, seed, reset, watchers)
            run = _scored(world, walk, unshuffle, agent.journal(), counts, setup_secs)
            if tracing is not None:
                trace.result(unshuffle.ended, run.values)
        return run
    finally:
        world.close()


def agent_config(world: RearrangeWorld, options: RearrangeEpisode) -> RearrangeConfig:
    """Return the agent's configuration: its steps and budgets are those of the world."""
    c = world.config
    skills = replace(options.agent.skills, step_m=c.move_m, rotate_deg=c.rotate_deg, look_deg=c.look_deg)
    return replace(options.agent, skills=skills, walk_steps=options.walk_steps, unshuffle_steps=options.unshuffle_steps)


def world_options(options: RearrangeEpisode, phase: str) -> dict[str, Any]:
    """Return what the world's reset is told in a phase."""
    w = options.world
    chosen = {"rooms": w.rooms, "objects": w.objects, "house": w.house}
    steps = options.walk_steps if phase == "walkthrough" else options.unshuffle_steps
    return {
        **{name: value for name, value in chosen.items() if value is not None},
        "phase": phase,
        "shuffle": w.shuffle,
        "opening": w.opening,
        "ajar": w.ajar,
        "snap_m": w.snap_m,
        "steps": steps,
    }


class TrueChanges:
    """Tells what has changed in a house, and how it was."""

    def __init__(self, world: RearrangeWorld) -> None:
        """Take the world; it is asked when the robot has come back."""
        self._world = world

    def __call__(self) -> Changes:
        """Return what is to be carried back, and what to be opened or shut."""
        goals = {o.id: o for o in self._world.goal_objects}
        now = {o.id: o for o in self._world.truth.objects()}
        moves, swings = [], []
        for change in self._world.changed:
            thing, goal = now[change.id], goals[change.id]
            if change.kind == "moved":
                moves.append(Move(_track(thing), _remembered(goal, goals)))
            else:
                swings.append(Swing(_track(thing), open=change.kind == "closed"))
        return moves, swings


def judge(goal: Sequence[TruePose], start: Sequence[TruePose], end: Sequence[TruePose]) -> Rearrangement:
    """Judge a house by the rules of RoomR; what is gone counts as broken."""
    found = [{p.id: _pose(p) for p in poses} for poses in (start, end)]
    gone = Pose(broken=True)
    return rearrangement([_pose(p) for p in goal], *([poses.get(p.id, gone) for p in goal] for poses in found))


def _pose(true: TruePose) -> Pose:
    if not true.movable:
        return Pose(openness=true.openness)
    return Pose(Box.of(true.centre, true.extent, true.rotation))


def _scored(
    world: RearrangeWorld,
    walk: Episode,
    unshuffle: Episode,
    journal: Sequence[Event],
    counts: Counter[str],
    setup_secs: float,
) -> RearrangeRun:
    result = judge(world.goal, world.start, world.poses())
    changed = {c.id: c.kind for c in world.changed}
    kinds = tuple(changed.get(p.id, "") for p in world.goal)
    values = {
        **_figures(result, kinds),
        **_beliefs(world, unshuffle, journal),
        "steps": len(unshuffle.steps),
        "walk_steps": len(walk.steps),
    }
    ids = {p.id for p, e in zip(world.goal, result.end, strict=True) if e == 0.0}
    picked = dict(unshuffle.picked)
    claimed = _claimed(journal, picked)
    values |= {
        "claimed": len(claimed),
        "false_success": len(claimed - ids),
        "incorrectly_moved": len({name for name in picked.values() if name not in changed}),
    }
    return RearrangeRun(
        walk, unshuffle, result, kinds, tuple(journal), values, dict(sorted((+counts).items())), setup_secs
    )


def _figures(result: Rearrangement, kinds: Sequence[str]) -> dict[str, float | None]:
    fixed = [s > 0.0 and e == 0.0 for s, e in zip(result.start, result.end, strict=True)]
    moved = [f for f, kind in zip(fixed, kinds, strict=True) if kind == "moved"]
    swung = [f for f, kind in zip(fixed, kinds, strict=True) if kind in ("opened", "closed")]
    return {
        "success": int(result.success),
        "fixed_strict": 100.0 * result.fixed_strict,
        "energy": _percent(result.energy_left),
        "misplaced": _percent(result.misplaced_left),
        "misplaced_start": result.misplaced_start,
        "misplaced_end": result.misplaced_end,
        "newly_misplaced": result.newly_misplaced,
        "moved": len(moved),
        "moved_fixed": sum(moved),
        "swung": len(swung),
        "swung_fixed": sum(swung),
    }


def _beliefs(world: RearrangeWorld, unshuffle: Episode, journal: Sequence[Event]) -> dict[str, float]:
    """Count which of the things that were moved the agent noticed, and what else it took for moved."""
    where = {o.id: o for o in unshuffle.start}
    moved = [where[c.id] for c in world.changed if c.kind == "moved"]
    noticed, wrong = set(), 0
    for event in journal:
        if event.kind != "found" or event.reason != "moved" or event.position is None:
            continue
        place = event.position
        hits = [o.id for o in moved if o.category == event.label and math.dist(o.position, place) < _FOUND_M]
        noticed |= set(hits)
        wrong += not hits
    return {"noticed": len(noticed), "false_alarms": wrong}


def _claimed(journal: Sequence[Event], picked: Mapping[int, str]) -> set[str]:
    """Ids of the things that the agent says it has carried back."""
    claimed, current = set(), ""
    for event in journal:
        if event.kind == "picked":
            current = picked.get(event.step, "")
        elif event.kind == "placed" and event.reason == "at_goal" and current:
            claimed.add(current)
    return claimed


class _Eyes:
    """A detector that a trace may begin to watch later."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def watched(self, trace: TraceWriter) -> None:
        self._detector = trace.watched(self._detector)

    def detect(self, observation: Observation) -> Sequence[Detection]:
        return self._detector.detect(observation)


def _job(
    options: RearrangeEpisode, seed: int, reset: Mapping[str, Any], agent: RearrangeConfig, prior: PlacementPrior
) -> dict[str, Any]:
    return {
        "protocol": "rearrange",
        "seed": seed,
        "config": plain(options),
        "options": dict(reset) | ({"house": str(reset["house"])} if "house" in reset else {}),
        "agent": dataclasses.asdict(agent),
        "prior": digest(prior),
        "versions": versions(),
        "revision": revision(),
    }


def _track(thing: TrueObject) -> Track:
    half = np.array(thing.extent) / 2
    centre = np.array(thing.position)
    return Track(_NO_TRACK, {thing.category: 1.0}, centre - half, centre + half, 0, 0)


def _remembered(thing: TrueObject, all_: Mapping[str, TrueObject]) -> Remembered:
    half, centre = np.array(thing.extent) / 2, np.array(thing.position)
    support = all_[thing.receptacles[0]].category if thing.receptacles else FLOOR
    return Remembered(thing.category, centre - half, centre + half, 1, 0.0, support)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share
