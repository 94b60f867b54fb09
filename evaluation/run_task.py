"""One household task: makes the world, the memory, the brain and its body, runs the task, and asks the truth."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from engram.agents.brain import Brain, BrainConfig, Ending, MakePlanner
from engram.agents.household import HouseholdAgent, HouseholdConfig
from engram.agents.scribe import Scribe
from engram.agents.text_body import Episode, TextBody, run
from engram.evaluation.detector_options import DEFAULT_PERCEPTION, DetectorOptions, Perception
from engram.evaluation.detectors import Later
from engram.evaluation.household.check import Scene, check
from engram.evaluation.household.scene import scene_of
from engram.evaluation.runner import Watcher, run_episode
from engram.evaluation.tidy import TidyTask, agent_config, load_detector, make_detector, make_world
from engram.evaluation.world_option import HouseOptions
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores
from engram.perception.contracts import Detector
from engram.perception.guard import FrameGuard, Guarded
from engram.planners.contract import Planner
from engram.planners.goals import colour_word, parse_goal
from engram.planners.symbolic.places import Where
from engram.planners.symbolic.planner import SymbolicPlanner
from engram.sims.contract import World
from engram.sims.house.categories import CATEGORIES
from engram.sims.house.text import TextHouse
from engram.sims.house.truth import HouseTruth
from engram.sims.seeds import check_seed
from engram.sims.text import TextWorld

STORES = ("objects", "graph", "temporal", "episodic", "semantic")
SETTLE_SECS = 10.0  # a simulated world waits for the memory; nothing is left out for want of time
ROBOT = "household"
_PAUSE_NS = 60_000_000_000  # between what memory holds and a new episode


@dataclass(frozen=True)
class RunTask:
    """Everything that decides what happens."""

    text: str  # in plain English
    house: HouseOptions = field(default_factory=HouseOptions)
    in_words: bool = False  # whether the world is told rather than seen
    memory: str | None = None  # file, or URL of a memory server; one of its own that is thrown away when not given
    perception: Perception = DEFAULT_PERCEPTION
    detector: DetectorOptions = field(default_factory=DetectorOptions)
    max_moves: int = 2000
    brain: BrainConfig = field(default_factory=BrainConfig)


@dataclass(frozen=True)
class TaskRun:
    """How it went."""

    ending: Ending
    reached: bool  # as the truth has it
    met: int  # conditions of the goal that hold
    conditions: int
    setup_secs: float
    secs: float  # of the task itself

    @property
    def false_success(self) -> bool:
        """Whether the brain says that the goal is reached, and it is not."""
        return self.ending.claimed and not self.reached


def run_task(task: RunTask, planner: MakePlanner, watchers: Sequence[Watcher] = ()) -> TaskRun:
    """Have a robot do a task in a house.

    Raises:
        Unparsed: the task is not understood.
        SeedError: the seed belongs to no split.
        PerceptionError: the detector cannot be had here.
        HippocampusError: the memory cannot be used.

    """
    check_seed(task.house.seed)
    parse_goal(task.text)  # before anything takes time
    return _run_words(task, planner) if task.in_words else _run_pixels(task, planner, watchers)


def _run_words(task: RunTask, planner: MakePlanner) -> TaskRun:
    begin = time.perf_counter()
    world = TextHouse(colour=colour_word)
    seen = world.reset(task.house.seed, _chosen(task.house))
    start = scene_of(world.truth.objects(), world.truth.house)
    with thinking(task, planner) as (brain, episode):
        body = text_body(world, brain, episode)
        body.begin(seen)
        setup_secs = time.perf_counter() - begin
        ending = run(brain, body, task.text)
    end = scene_of(world.truth.objects(), world.truth.house)
    return _judged(task, ending, (start, end), setup_secs, time.perf_counter() - begin - setup_secs)


def _run_pixels(task: RunTask, planner: MakePlanner, watchers: Sequence[Watcher]) -> TaskRun:
    begin = time.perf_counter()
    seen = TidyTask(
        task.house.seed, perception=task.perception, detector=task.detector, max_steps=task.max_moves, mess=0
    )
    learned = load_detector(seen) if task.perception == "learned" else None
    world = make_world(seen)
    with ExitStack() as stack:
        stack.callback(world.close)
        brain, episode = stack.enter_context(thinking(task, planner))
        agent = seeing_agent(task.text, brain, episode, world, seen, learned)
        setup_secs = time.perf_counter() - begin
        played = run_episode(world, agent, task.house.seed, _chosen(task.house), watchers)
        ending = agent.ending or Ending(False, played.ended, "the episode ended before the task")
        house = cast(HouseTruth, world.truth).house
        scenes = scene_of(played.start, house), scene_of(played.end, house)
        return _judged(task, ending, scenes, setup_secs, time.perf_counter() - begin - setup_secs)


def _judged(task: RunTask, ending: Ending, scenes: tuple[Scene, Scene], setup_secs: float, secs: float) -> TaskRun:
    checked = check(parse_goal(task.text), *scenes)
    return TaskRun(ending, checked.success, checked.met, checked.total, setup_secs, secs)


def text_body(world: TextWorld, brain: Brain, episode: str) -> TextBody:
    """Return a body for a world of words, whose episode is later than all that memory holds."""
    newest = brain.scribe.hippocampus.newest
    later_ns = 0 if newest is None else newest.stamp_ns + _PAUSE_NS
    return TextBody(world, brain, Episode(ROBOT, episode, later_ns))


def seeing_agent(
    text: str, brain: Brain, episode: str, world: World, task: TidyTask, learned: Detector | None = None
) -> HouseholdAgent:
    """Return an agent that does what a text says in a world that it sees.

    Args:
        text: what to do, in plain English.
        brain: what thinks.
        episode: what memory calls the episode.
        world: to live in; it need not have been reset.
        task: says what it sees with.
        learned: in place of the detector that the task names, since it is loaded already.

    """
    counts = Counter[str]()
    eyes = Later(lambda: Guarded(make_detector(world, task, learned), CATEGORIES, counts))
    config = HouseholdConfig(ROBOT, episode, agent_config(world, task))
    return HouseholdAgent(text, brain, eyes, config, see=FrameGuard(counts))


def symbolic(where: Where) -> Planner:
    """Make the planner that needs no language model."""
    return SymbolicPlanner(where)


@contextmanager
def thinking(task: RunTask, planner: MakePlanner) -> Iterator[tuple[Brain, str]]:
    """Open the memory of a task and give the brain that thinks with it, and the name of its episode."""
    with ExitStack() as stack:
        path = task.memory or str(Path(stack.enter_context(TemporaryDirectory())) / "memory.db")
        stores = default_stores(STORES)
        config = HippocampusConfig(robot=ROBOT, deadline_secs=SETTLE_SECS, naps=False, parallel=False)
        memory = stack.enter_context(Hippocampus(path, stores, config))
        scribe = Scribe(memory, stores)
        stack.callback(scribe.close)
        yield Brain(scribe, planner, task.brain), f"run-{task.house.seed}-{memory.version}"


def _chosen(house: HouseOptions) -> dict[str, int]:
    chosen = {"mess": 0, "rooms": house.rooms, "objects": house.objects}
    return {name: value for name, value in chosen.items() if value is not None}
