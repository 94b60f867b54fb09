"""One household task as an episode: the house, the task, the agent, and what the truth says of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Literal

from engram.agents.brain import BrainConfig
from engram.evaluation.detector_options import DEFAULT_PERCEPTION, DetectionNoise, DetectorOptions, Perception
from engram.evaluation.household.agents import BrainAgent, Mind, Planning, ending
from engram.evaluation.household.check import Checked, check
from engram.evaluation.household.draw import Drawn, draw_task
from engram.evaluation.household.driver import Ending
from engram.evaluation.household.faults import ACTUATORS, DeadHouse, DeadText
from engram.evaluation.household.oracle import OracleAgent
from engram.evaluation.household.scene import scene_of
from engram.evaluation.household.tasks import SUBSETS, Subset, household
from engram.evaluation.run_task import seeing_agent
from engram.evaluation.runner import run_episode
from engram.evaluation.tidy import TidyTask
from engram.perception.language.server import ServerConfig
from engram.planners.goals import colour_word
from engram.sims.house.render.base import warm_up
from engram.sims.house.spec import HouseSpec
from engram.sims.house.text import TextHouse


@dataclass(frozen=True)
class MindOptions:
    """What thinks."""

    planner: Literal["symbolic", "llm", "oracle"] = "symbolic"  # oracle: is told the truth, in words only
    goal: Literal["parsed", "given"] = "parsed"  # given: the goal itself in place of its words, in words only
    brain: BrainConfig = field(default_factory=BrainConfig)
    llm: ServerConfig = field(default_factory=ServerConfig)


@dataclass(frozen=True)
class HouseholdEpisode:
    """Options of an episode."""

    subset: Literal[
        "base", "common_sense", "complex_instruction", "spatial", "visual_appearance", "long_horizon", "mixed"
    ] = "base"  # mixed: each in turn, by seed
    world: Literal["text", "pixels"] = "text"
    rooms: int | None = 4  # None: the generator chooses
    objects: int | None = None
    mind: MindOptions = field(default_factory=MindOptions)
    dead: str = ""  # actuator that says that it has done what it has not
    perception: Perception = DEFAULT_PERCEPTION  # of pixels; words name things without error
    detector: DetectorOptions = field(default_factory=DetectorOptions)
    noise: DetectionNoise = field(default_factory=DetectionNoise)

    def __post_init__(self) -> None:
        """Check the values."""
        if self.dead and self.dead not in ACTUATORS:
            raise ValueError(f"dead must be one of {', '.join(ACTUATORS)}, not {self.dead!r}")
        if self.world == "pixels" and (self.mind.planner == "oracle" or self.mind.goal == "given"):
            raise ValueError("the oracle and given goals live in words only: world must be text")

    def subset_of(self, seed: int) -> Subset:
        """Return the subset of the task of a seed."""
        return SUBSETS[seed % len(SUBSETS)] if self.subset == "mixed" else self.subset


@dataclass(frozen=True)
class TaskResult:
    """How one task went."""

    drawn: Drawn
    ending: Ending
    checked: Checked

    @property
    def false_success(self) -> bool:
        """Whether the agent says that it is done, and it is not."""
        return self.ending.claimed and not self.checked.success

    def values(self) -> dict[str, float | None]:
        """Return the figures of an episode."""
        return {
            "success": float(self.checked.success),
            "conditions_met": float(self.checked.met),
            "conditions": float(self.checked.total),
            "goal_condition": 100.0 * self.checked.rate,
            "steps": float(self.ending.steps),
            "moves": float(self.ending.moves),
            "moves_to_success": float(self.ending.moves) if self.checked.success else None,
            "oracle_moves": float(self.drawn.oracle_moves),
            "claimed": float(self.ending.claimed),
            "false_success": float(self.false_success),
        }


@dataclass(frozen=True)
class HouseholdRun:
    """A finished episode."""

    result: TaskResult
    secs: Mapping[str, float]

    @property
    def failures(self) -> dict[str, int]:
        """Reason codes of steps that came to nothing, and how often."""
        return dict(sorted(Counter(self.result.ending.failures).items()))


def run_household(options: HouseholdEpisode, seed: int) -> HouseholdRun:
    """Draw a task of a seed, have it done, and ask the truth.

    Raises:
        NoTaskError: the house has nothing that the subset could be about.
        SeedError: the seed belongs to no split.
        PerceptionError: the detector cannot be had here.
        LanguageError: the language model cannot be had here.

    """
    begin = time.perf_counter()
    house = household(seed, options.rooms, options.objects)
    drawn = draw_task(seed, options.subset_of(seed), house)
    setup_secs = time.perf_counter() - begin
    result = (
        in_words(options, seed, house, drawn) if options.world == "text" else _in_pixels(options, seed, house, drawn)
    )
    return HouseholdRun(result, {"setup": setup_secs, "task": time.perf_counter() - begin - setup_secs})


def in_words(
    options: HouseholdEpisode, seed: int, house: HouseSpec, drawn: Drawn, world: TextHouse | None = None,
    mind: Mind | None = None, start: tuple[float, float, float] | None = None,
) -> TaskResult:  # fmt: skip
    """Have a task done in a house that is told.

    Args:
        options: of the episode.
        seed: of the world.
        house: where everything lies.
        drawn: the task.
        world: to live in; a new one when not given. It is reset.
        mind: how the agent thinks, if not as the options say.
        start: first pose in the house frame: x, y in metres and yaw in degrees; drawn when not given.

    """
    world = world or TextHouse(colour=colour_word)
    body = DeadText(world, options.dead) if options.dead else world
    reset = {"house": house} if start is None else {"house": house, "start": start}
    seen = body.reset(seed, reset)
    before = scene_of(world.truth.objects(), house)
    goal = drawn.task.goal
    if options.mind.planner == "oracle":
        ended = OracleAgent(world, goal, before).run()
    else:
        with BrainAgent(body, seen, mind or mind_of(options, seed, drawn)) as agent:
            ended = agent.run(drawn.task.text)
    return TaskResult(drawn, ended, check(goal, before, scene_of(world.truth.objects(), house)))


def mind_of(options: HouseholdEpisode, seed: int, drawn: Drawn) -> Mind:
    """Return how the agent of an episode thinks."""
    m = options.mind
    planning: Planning = "llm" if m.planner == "llm" else "symbolic"
    return Mind(seed, m.brain, planning, m.llm, goal=drawn.task.goal if m.goal == "given" else None)


def _in_pixels(options: HouseholdEpisode, seed: int, house: HouseSpec, drawn: Drawn) -> TaskResult:
    warm_up()
    steps = options.mind.brain.max_moves
    task = TidyTask(
        seed, perception=options.perception, detector=options.detector, noise=options.noise, max_steps=steps
    )
    with ExitStack() as stack:
        world = DeadHouse(max_steps=steps)
        world.dead = options.dead
        stack.callback(world.close)
        brain, episode = stack.enter_context(mind_of(options, seed, drawn).thinking(drawn.task.text))
        agent = seeing_agent(drawn.task.text, brain, episode, world, task)
        played = run_episode(world, agent, seed, {"mess": 0, "house": house})
    ended = Ending(False, played.ended, moves=len(played.steps)) if agent.ending is None else ending(agent.ending)
    ended = replace(ended, moves=len(played.steps))
    checked = check(drawn.task.goal, scene_of(played.start, house), scene_of(played.end, house))
    return TaskResult(drawn, ended, checked)
