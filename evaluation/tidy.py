"""The tidy run: makes the world and the agent, runs an episode, and scores it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import gymnasium

from engram.agents.base import Agent
from engram.agents.remember import Remember
from engram.agents.tidy import TidyAgent, TidyConfig
from engram.evaluation.contract import Tracing
from engram.evaluation.oracles import OracleOptions, TruePlaces, TrueRooms, mask_detector
from engram.evaluation.runner import Episode, Watcher, run_episode
from engram.evaluation.scoring import Case, Score, score
from engram.evaluation.trace.tidy import begin_trace
from engram.evaluation.trace.writer import TraceWriter
from engram.perception.contracts import Detector
from engram.planners.placement import PlacementPrior
from engram.sims.contract import World
from engram.sims.house.render.base import warm_up
from engram.sims.seeds import check_seed

WORLD_ID = "engram/House-v0"
Perception = Literal["oracle"]


@dataclass(frozen=True)
class TidyTask:
    """One tidy episode: everything that decides what happens in it."""

    seed: int
    rooms: int | None = None  # None: the generator chooses
    objects: int | None = None
    mess: int = 5
    house: Path | None = None  # a HouseSpec file in place of a generated house
    perception: Perception = "oracle"
    max_steps: int = 1000
    width: int = 224  # pixels
    height: int = 224
    agent: TidyConfig = field(default_factory=TidyConfig)  # but for what the world decides
    oracle: OracleOptions = field(default_factory=OracleOptions)


@dataclass(frozen=True, eq=False)
class TidyRun:
    """A finished episode."""

    task: TidyTask
    episode: Episode
    score: Score
    agent: Agent
    setup_secs: float  # making the world, which compiles the renderer when that was never done here


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
    )
    return cast(World, world.unwrapped)


def make_agent(
    world: World,
    task: TidyTask,
    prior: PlacementPrior | None = None,
    remember: Remember | None = None,
    watch: Callable[[Detector], Detector] = lambda detector: detector,
) -> TidyAgent:
    """Build the agent; all that it has of the world is its detector's masks, seen through ``watch``."""
    prior = prior or PlacementPrior.load()
    return TidyAgent(
        watch(mask_detector(world, task.oracle.misplaced)),
        agent_config(world, task),
        TruePlaces(prior) if task.oracle.placement else prior,
        remember,
        TrueRooms(world) if task.oracle.rooms else None,
    )


def agent_config(world: World, task: TidyTask) -> TidyConfig:
    """Return the agent's configuration: its steps are those of the world."""
    c = world.config
    steps = min(task.max_steps, c.max_steps)
    return replace(task.agent, step_m=c.move_m, rotate_deg=c.rotate_deg, look_deg=c.look_deg, max_steps=steps)


def run_tidy(
    task: TidyTask,
    watchers: Sequence[Watcher] = (),
    make: MakeWorld = make_world,
    prior: PlacementPrior | None = None,
    remember: Remember | None = None,
    tracing: Tracing | None = None,
) -> TidyRun:
    """Run and score one episode; with ``remember``, the robot writes what it perceives into a memory.

    With ``tracing``, what it perceives and decides is written to a trace that can be replayed.

    Raises:
        SeedError: the seed belongs to no split.
        HouseSpecError, HouseRequestError: the house cannot be built.
        RenderError: the renderer cannot run here.

    """
    check_seed(task.seed)
    prior = prior or PlacementPrior.load()
    begin = time.perf_counter()
    world = make(task)
    setup_secs = time.perf_counter() - begin
    try:
        options = _options(task, world)
        with ExitStack() as stack:
            trace = _traced(stack, tracing, world, task, prior)
            if trace is None:
                agent = make_agent(world, task, prior, remember)
            else:
                agent, watchers = make_agent(world, task, prior, remember, trace.watched), [*watchers, trace]
            episode = run_episode(world, agent, task.seed, options, watchers)
            scored = score(_case(episode), prior.counts)
            if trace is not None:
                trace.result(episode.ended, scored.metrics())
        return TidyRun(task, episode, scored, agent, setup_secs)
    finally:
        world.close()


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
