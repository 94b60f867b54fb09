"""The tidy run: makes the world and the agent, runs an episode, and scores it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import gymnasium

from engram.agents.base import Agent
from engram.agents.remember import Remember
from engram.agents.tidy import TidyAgent, TidyConfig
from engram.evaluation.runner import Episode, Watcher, run_episode
from engram.evaluation.scoring import Case, Score, score
from engram.perception.contracts import Detector
from engram.perception.oracle import MaskDetector
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
    world: World, task: TidyTask, prior: PlacementPrior | None = None, remember: Remember | None = None
) -> TidyAgent:
    """Build the agent; all that it has of the world is its detector's masks."""
    c = world.config
    config = TidyConfig(
        step_m=c.move_m, rotate_deg=c.rotate_deg, look_deg=c.look_deg, max_steps=min(task.max_steps, c.max_steps)
    )
    return TidyAgent(oracle(world), config, prior, remember)


def oracle(world: World) -> Detector:
    """Detections from the world's own masks."""

    def labels() -> list[str]:
        return [thing.category for thing in world.truth.objects()]

    return MaskDetector(lambda: world.truth.instances(), labels)


def run_tidy(
    task: TidyTask,
    watchers: Sequence[Watcher] = (),
    make: MakeWorld = make_world,
    prior: PlacementPrior | None = None,
    remember: Remember | None = None,
) -> TidyRun:
    """Run and score one episode; with ``remember``, the robot writes what it perceives into a memory.

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
        agent = make_agent(world, task, prior, remember)
        episode = run_episode(world, agent, task.seed, options, watchers)
        return TidyRun(task, episode, score(_case(episode), prior.counts), agent, setup_secs)
    finally:
        world.close()


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
