"""The object-search run: looks for things of a few categories in an undisturbed house, one after the other.

Success is that of TIDEE's object-goal search (Sarch et al., ECCV 2022): the robot says that it is done within its
budget, and then the truth has an instance in view within 1 m. Failures count as the whole budget of steps.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from engram.agents.scout import Searcher, learned_searcher
from engram.agents.search import SearchAgent, SearchConfig
from engram.evaluation.detector_options import DEFAULT_PERCEPTION, DetectionNoise, DetectorOptions, Perception
from engram.evaluation.runner import Episode, Turn, run_episode
from engram.evaluation.scoring import away_m
from engram.evaluation.tidy import TidyTask, make_detector
from engram.perception.geometry import lift
from engram.perception.guard import FrameGuard, Guarded
from engram.planners.placement import PlacementPrior
from engram.sims.contract import Observation, TrueObject, Truth
from engram.sims.house.categories import CATEGORIES, category
from engram.sims.house.render.base import warm_up
from engram.sims.house.world import HouseWorld
from engram.sims.seeds import check_seed

_PIXELS = 4  # of an instance in view
_REACH_M = 0.85  # from a place of the base to the box of what can be driven up to
_DRAW = 700  # stream of random numbers


@dataclass(frozen=True)
class SearchHouse:
    """The house and the sensors."""

    rooms: int | None = None  # None: the generator chooses
    objects: int | None = None
    house: Path | None = None  # a HouseSpec file in place of a generated house
    width: int = 224  # pixels
    height: int = 224
    move_noise_m: float = 0.0  # errors of the sensors, as engram.sims.house.options has them
    turn_noise_deg: float = 0.0
    depth_noise: float = 0.0


@dataclass(frozen=True)
class SearchEpisode:
    """Options of an episode."""

    world: SearchHouse = field(default_factory=SearchHouse)
    agent: SearchConfig = field(default_factory=SearchConfig)
    target: str = ""  # category; empty: categories of the house are drawn
    targets: int = 3  # how many are drawn, without putting back
    least_m: float = 0.0  # nothing of what is drawn is nearer to the first pose than this
    perception: Perception = DEFAULT_PERCEPTION
    detector: DetectorOptions = field(default_factory=DetectorOptions)
    noise: DetectionNoise = field(default_factory=DetectionNoise)

    def __post_init__(self) -> None:
        """Check the values."""
        if self.targets < 1:
            raise ValueError(f"targets must be at least 1, not {self.targets}")
        if not 0.0 <= self.least_m < 100.0:
            raise ValueError(f"least_m must lie in [0, 100), not {self.least_m!r}")
        if self.target:
            category(self.target)


@dataclass(frozen=True)
class Hunt:
    """What became of the search for one category."""

    target: str
    claimed: bool  # the robot says that it has found one
    close: bool  # the truth has one in view within 1 m at the end
    steps: int  # actions since the search began
    path_m: float  # of the whole episode

    @property
    def success(self) -> bool:
        """Whether it was found."""
        return self.claimed and self.close


@dataclass(frozen=True, eq=False)
class SearchRun:
    """A finished run."""

    hunts: tuple[Hunt, ...]
    episodes: tuple[Episode, ...]
    values: Mapping[str, float | None]
    failures: Mapping[str, int]
    setup_secs: float


def run_search(options: SearchEpisode, seed: int, searcher: Searcher | None = None) -> SearchRun:
    """Look for the categories of an episode and score what came of it.

    Raises:
        SeedError: the seed belongs to no split.
        PerceptionError: the detector cannot be had here.
        LearnedPartError, WeightsError: the search network cannot be had here.
        HouseSpecError, HouseRequestError: the house cannot be built.

    """
    check_seed(seed)
    begin = time.perf_counter()
    if options.agent.search == "net" and searcher is None:
        searcher = learned_searcher()
    warm_up()
    world, reset = make_world(options)
    prior, counts = PlacementPrior.load(), Counter[str]()
    task = TidyTask(seed, perception=options.perception, detector=options.detector, noise=options.noise)
    eyes = Guarded(make_detector(world, task), CATEGORIES, counts)
    try:
        world.reset(seed=seed, options=reset)
        drawn = draw_targets(world.truth, options.targets, seed, options.least_m)
        targets = [options.target] if options.target else drawn
        reset = {"mess": 0, "house": world.truth.house}  # the same house, not generated again
        setup_secs = time.perf_counter() - begin
        hunts, episodes = [], []
        for number, target in enumerate(targets):
            config = agent_config(world, options.agent)
            agent = SearchAgent(target, eyes, config, prior, searcher, seed * 100 + number, FrameGuard(counts))
            last = _Last()
            episode = run_episode(world, agent, seed, reset, [last])
            hunts.append(_hunt(agent, last.observation, world.truth, episode))
            episodes.append(episode)
            counts.update(e.reason for e in agent.journal() if e.kind == "failed")
        values = figures(hunts, options.agent.search_steps)
        return SearchRun(tuple(hunts), tuple(episodes), values, dict(sorted((+counts).items())), setup_secs)
    finally:
        world.close()


def make_world(options: SearchEpisode) -> tuple[HouseWorld, dict[str, Any]]:
    """Return the world of an episode and what its reset is told."""
    w = options.world
    steps = options.agent.explore_steps + options.agent.search_steps + 50
    world = HouseWorld(
        width=w.width,
        height=w.height,
        max_steps=steps,
        move_noise_m=w.move_noise_m,
        turn_noise_deg=w.turn_noise_deg,
        depth_noise=w.depth_noise,
    )
    chosen = {"rooms": w.rooms, "objects": w.objects, "house": w.house}
    return world, {"mess": 0, **{name: value for name, value in chosen.items() if value is not None}}


def agent_config(world: HouseWorld, config: SearchConfig) -> SearchConfig:
    """Return the agent's configuration: its steps are those of the world."""
    c = world.config
    return replace(config, skills=replace(config.skills, step_m=c.move_m, rotate_deg=c.rotate_deg, look_deg=c.look_deg))


def findable(things: Sequence[TrueObject]) -> list[TrueObject]:
    """Things that can be seen without opening anything."""
    shut = {t.id for t in things if t.openable and not t.state.get("open", False) and t.receptacle}
    return [t for t in things if not shut & set(t.receptacles)]


def draw_targets(truth: Truth, count: int, seed: int, least_m: float = 0.0) -> list[str]:
    """Return categories of which something can be seen without opening anything, and driven up to.

    Nothing of them is nearer to the first pose than ``least_m``.
    """
    cells, things = truth.reachable(), truth.objects()
    near = {t.category for t in things if away_m(t, np.zeros((1, 2))) < least_m}
    names = sorted({t.category for t in findable(things) if away_m(t, cells) <= _REACH_M} - near)
    order = np.random.default_rng([seed, _DRAW]).permutation(len(names))
    return [names[k] for k in order[:count]]


def in_view_within(truth: Truth, observation: Observation, target: str, close_m: float) -> bool:
    """Whether the last observation shows a thing of a category, some of it this near to the base, horizontally."""
    numbers, things = truth.instances(), truth.objects()
    for number in np.unique(numbers[numbers >= 0]):
        if things[int(number)].category != target:
            continue
        rows, cols = np.nonzero(numbers == number)
        points = lift(observation, rows, cols)
        away = np.hypot(*(points[:, :2] - observation["base"][:2]).T)
        if int((away <= close_m).sum()) >= _PIXELS:
            return True
    return False


def figures(hunts: Sequence[Hunt], budget: int) -> dict[str, float | None]:
    """Figures of an episode; searches that failed count as the whole budget of steps."""
    steps = [h.steps if h.success else budget for h in hunts]
    return {
        "targets": float(len(hunts)),
        "found": float(sum(h.success for h in hunts)),
        "claimed": float(sum(h.claimed for h in hunts)),
        "false_success": float(sum(h.claimed and not h.close for h in hunts)),
        "search_steps": float(np.mean(steps)) if hunts else None,
        "path_m": float(np.mean([h.path_m for h in hunts])) if hunts else None,
    }


class _Last:
    """A watcher that keeps the last observation."""

    observation: Observation

    def __call__(self, turn: Turn) -> None:
        self.observation = turn.observation


def _hunt(agent: SearchAgent, observation: Observation, truth: Truth, episode: Episode) -> Hunt:
    xy = np.array([step.base[:2] for step in episode.steps]).reshape(-1, 2)
    path_m = float(np.hypot(*np.diff(xy, axis=0).T).sum()) if len(xy) > 1 else 0.0
    close = in_view_within(truth, observation, agent.target, agent.config.close_m)
    return Hunt(agent.target, agent.found, close, agent.search_steps, path_m)
