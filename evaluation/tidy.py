"""The tidy run: makes the world and the agent, runs an episode, and scores it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import gymnasium

from engram.agents.base import Agent
from engram.agents.remember import Remember
from engram.agents.tidy import TidyAgent, TidyConfig
from engram.evaluation.contract import Tracing
from engram.evaluation.detector_options import DEFAULT_PERCEPTION, DetectionNoise, DetectorOptions, Perception
from engram.evaluation.detectors import Later, depth_filler, learned_detector
from engram.evaluation.noisy_detector import NoisyDetector
from engram.evaluation.oracles import OracleOptions, TrueJudge, TruePlaces, TrueRooms, mask_detector
from engram.evaluation.runner import Episode, StepRecord, Watcher, run_episode
from engram.evaluation.scoring import Case, Score, score
from engram.evaluation.trace.tidy import begin_trace
from engram.evaluation.trace.writer import TraceWriter
from engram.perception.contracts import Detector
from engram.perception.geometry import Floats
from engram.perception.guard import FrameGuard, Guarded
from engram.planners.placement import PlacementPrior, RoomBelief
from engram.sims.contract import Action, Observation, Outcome, World
from engram.sims.house.categories import CATEGORIES
from engram.sims.house.render.base import warm_up
from engram.sims.seeds import check_seed

WORLD_ID = "engram/House-v0"
_SET_DOWN = ("place", "drop")


@dataclass(frozen=True)
class TidyTask:
    """One tidy episode: everything that decides what happens in it."""

    seed: int
    rooms: int | None = None  # None: the generator chooses
    objects: int | None = None
    mess: int = 5
    house: Path | None = None  # a HouseSpec file in place of a generated house
    perception: Perception = DEFAULT_PERCEPTION
    max_steps: int = 1000
    width: int = 224  # pixels
    height: int = 224
    agent: TidyConfig = field(default_factory=TidyConfig)  # but for what the world decides
    oracle: OracleOptions = field(default_factory=OracleOptions)
    detector: DetectorOptions = field(default_factory=DetectorOptions)  # of learned perception
    noise: DetectionNoise = field(default_factory=DetectionNoise)  # of noisy perception
    move_noise_m: float = 0.0  # errors of the sensors, as engram.sims.house.options has them
    turn_noise_deg: float = 0.0
    depth_noise: float = 0.0


@dataclass(frozen=True, eq=False)
class TidyRun:
    """A finished episode."""

    task: TidyTask
    episode: Episode
    score: Score
    agent: Agent
    setup_secs: float  # making the world, which compiles the renderer when that was never done here
    bad_input: Mapping[str, int] = field(default_factory=dict)  # reason -> count, of what was wrong and got over


MakeWorld = Callable[[TidyTask], World]


def make_world(task: TidyTask) -> World:
    """Build the embedded house; what its renderer needs compiled is compiled now and not in the episode."""
    warm_up()
    world = gymnasium.make(
        WORLD_ID,
        disable_env_checker=True,
        width=task.width,
        height=task.height,
        max_steps=task.max_steps,
        move_noise_m=task.move_noise_m,
        turn_noise_deg=task.turn_noise_deg,
        depth_noise=task.depth_noise,
    )
    return cast(World, world.unwrapped)


class SeeingAgent(TidyAgent):
    """A tidy agent that sees through something: a guard of its frames, and what fills in the depth that they lack."""

    def __init__(
        self,
        see: Callable[[Observation], Observation],
        detector: Detector,
        config: TidyConfig,
        prior: PlacementPrior,
        remember: Remember | None = None,
        rooms: Callable[[Floats], RoomBelief] | None = None,
    ) -> None:
        """Take what it sees through; the rest as for a :class:`TidyAgent`."""
        super().__init__(detector, config, prior, remember, rooms)
        self._see = see

    def act(self, observation: Observation) -> Action:
        """Return the next action."""
        return super().act(self._see(observation))


def make_detector(world: World, task: TidyTask, learned: Detector | None = None) -> Detector:
    """Return what the task sees with.

    Args:
        world: that it looks at.
        task: says which.
        learned: in place of the learned detector that the task names, for instance since it is loaded already.

    Raises:
        PerceptionError: it cannot be had here.

    """
    if learned is None and task.perception == "learned":
        learned = load_detector(task)
    if learned is not None:
        return TrueJudge(learned, world) if task.oracle.misplaced else learned
    true = mask_detector(world, task.oracle.misplaced)
    if task.perception == "noisy":
        return NoisyDetector(true, lambda: world.truth.instances(), task.noise, task.seed)
    return true


def load_detector(task: TidyTask) -> Detector:
    """Load the learned detector of a task; raise ``PerceptionError`` when it cannot be had here."""
    return learned_detector(task.detector, judge=task.detector.judge)


def make_agent(
    world: World,
    task: TidyTask,
    prior: PlacementPrior | None = None,
    remember: Remember | None = None,
    watch: Callable[[Detector], Detector] = lambda detector: detector,
    counts: Counter[str] | None = None,
) -> TidyAgent:
    """Build the agent; all that it has of the world is what its detector says, seen through ``watch``.

    What was wrong with frames and detections is counted in ``counts``, by reason. A learned detector is loaded when it
    is first asked.
    """
    prior, counts = prior or PlacementPrior.load(), Counter() if counts is None else counts
    guard, fill = FrameGuard(counts), depth_filler(task.detector)
    return SeeingAgent(
        guard if fill is None else lambda observation: fill(guard(observation)),
        watch(Later(lambda: Guarded(make_detector(world, task), CATEGORIES, counts))),
        agent_config(world, task),
        TruePlaces(prior) if task.oracle.placement else prior,
        remember,
        TrueRooms(world) if task.oracle.rooms else None,
    )


def agent_config(world: World, task: TidyTask) -> TidyConfig:
    """Return the agent's configuration: its steps are those of the world."""
    c = world.config
    steps = min(task.max_steps, c.max_steps)
    own = replace(task.agent, step_m=c.move_m, rotate_deg=c.rotate_deg, look_deg=c.look_deg, max_steps=steps)
    return replace(own, placing="table") if task.oracle.placement else own  # which then is the truth


def run_tidy(
    task: TidyTask,
    watchers: Sequence[Watcher] = (),
    make: MakeWorld = make_world,
    prior: PlacementPrior | None = None,
    remember: Remember | None = None,
    tracing: Tracing | None = None,
    detector: Detector | None = None,
) -> TidyRun:
    """Run and score one episode; with ``remember``, the robot writes what it perceives into a memory.

    With ``tracing``, what it perceives and decides is written to a trace that can be replayed. With ``detector``, it
    sees with that in place of what the task names.

    Raises:
        SeedError: the seed belongs to no split.
        PerceptionError: the learned detector of the task cannot be had here.
        HouseSpecError, HouseRequestError: the house cannot be built.
        RenderError: the renderer cannot run here.

    """
    check_seed(task.seed)
    prior, counts = prior or PlacementPrior.load(), Counter[str]()
    if detector is None and task.perception == "learned":
        detector = load_detector(task)  # first, since making a world takes longer than an error may
    begin = time.perf_counter()
    world = make(task)
    setup_secs = time.perf_counter() - begin
    try:
        options = _options(task, world)
        with ExitStack() as stack:
            trace = _traced(stack, tracing, world, task, prior)
            eyes: Detector = Guarded(make_detector(world, task, detector), CATEGORIES, counts)
            if trace is not None:
                eyes, watchers = trace.watched(eyes), [*watchers, trace]
            agent = make_agent(world, task, prior, remember, lambda _: eyes, counts)
            episode = run_episode(world, agent, task.seed, options, watchers)
            scored = score(_case(episode), prior.counts)
            if trace is not None:
                trace.result(episode.ended, scored.metrics())
        counts["slipped"] += slips(episode.steps)
        return TidyRun(task, episode, scored, agent, setup_secs, dict(sorted((+counts).items())))
    finally:
        world.close()


def slips(steps: Sequence[StepRecord]) -> int:
    """How often the hand was empty after a step that did not set anything down."""
    return sum(
        before.holding and not after.holding and not (after.verb in _SET_DOWN and after.outcome == Outcome.OK.code)
        for before, after in pairwise(steps)
    )


def _traced(
    stack: ExitStack, tracing: Tracing | None, world: World, task: TidyTask, prior: PlacementPrior
) -> TraceWriter | None:
    if tracing is None:
        return None
    return stack.enter_context(begin_trace(tracing, task, _options(task, world), agent_config(world, task), prior))


def _options(task: TidyTask, world: World) -> dict[str, Any]:
    chosen = {"mess": task.mess, "rooms": task.rooms, "objects": task.objects, "house": task.house}
    return {name: value for name, value in chosen.items() if value is not None and name in world.option_names}


def _case(episode: Episode) -> Case:
    return Case(
        start=episode.start,
        end=episode.end,
        displaced=episode.displaced,
        picked={name for _, name in episode.picked},
        original=episode.original,
    )
