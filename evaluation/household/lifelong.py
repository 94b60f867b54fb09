"""The same house over several tasks: what the robot remembers of it, and what somebody else does between them.

What the robot did stays done. Between two tasks things cool, are emptied, switched off and shut, and somebody who lives
there puts some elsewhere. The robot always begins where it began first, so that its map of the house stays true.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np

from engram.evaluation.household.actor import live, without
from engram.evaluation.household.draw import draw_task
from engram.evaluation.household.episode import HouseholdEpisode, MindOptions, TaskResult, in_words, mind_of
from engram.evaluation.household.tasks import NoTaskError, household
from engram.evaluation.metrics.household import MOST_TASKS
from engram.planners.goals import colour_word
from engram.sims.house.spec import HouseSpec
from engram.sims.house.text import TextHouse

_ACTOR = 930  # stream of random numbers
_FREE_M = 0.45  # around the first place of the robot, nothing is left lying on the floor

Start = tuple[float, float, float]


@dataclass(frozen=True)
class LifelongEpisode:
    """Options of an episode: of its tasks, and of what is between them."""

    tasks: int = 10
    memory: Literal["kept", "wiped"] = "kept"
    resident: Literal["habits", "random", "none"] = "habits"  # how things are moved between the tasks
    moved: int = 3  # things that are
    subset: Literal[
        "base", "common_sense", "complex_instruction", "spatial", "visual_appearance", "long_horizon", "mixed"
    ] = "base"  # mixed: each in turn
    rooms: int | None = 4
    objects: int | None = None
    mind: MindOptions = field(default_factory=MindOptions)

    def __post_init__(self) -> None:
        """Check the values."""
        if self.tasks < 1 or self.moved < 0:
            raise ValueError("tasks must be positive, and moved not negative")

    def task(self) -> HouseholdEpisode:
        """Return the options of each task."""
        return HouseholdEpisode(subset=self.subset, rooms=self.rooms, objects=self.objects, mind=self.mind)


@dataclass(frozen=True)
class LifelongRun:
    """A finished episode; a task is ``None`` where the house had nothing for one."""

    results: Sequence[TaskResult | None]
    secs: Mapping[str, float]

    @property
    def done(self) -> list[TaskResult]:
        """The tasks that there were."""
        return [r for r in self.results if r is not None]

    @property
    def failures(self) -> dict[str, int]:
        """Reason codes of steps that came to nothing, and how often."""
        return dict(sorted(Counter(code for r in self.done for code in r.ending.failures).items()))

    def values(self) -> dict[str, float | None]:
        """Return the figures of the episode; ``moves_3`` are those of the third task, whether it was done or not."""
        done = self.done
        values: dict[str, float | None] = {
            "tasks": float(len(done)),
            "tasks_done": float(sum(r.checked.success for r in done)),
            "conditions_met": float(sum(r.checked.met for r in done)),
            "conditions": float(sum(r.checked.total for r in done)),
            "claimed": float(sum(r.ending.claimed for r in done)),
            "false_success": float(sum(r.false_success for r in done)),
            "moves": float(sum(r.ending.moves for r in done)),
            "oracle_moves": float(sum(r.drawn.oracle_moves for r in done)),
        }
        missing = [None] * max(0, MOST_TASKS - len(self.results))
        for number, result in enumerate([*self.results, *missing], 1):
            values[f"moves_{number}"] = None if result is None else float(result.ending.moves)
        return values | _ends("first", self.results[0]) | _ends("last", self.results[-1])


def run_lifelong(options: LifelongEpisode, seed: int) -> LifelongRun:
    """Have several tasks done in one house, one after the other.

    Raises:
        SeedError: the seed belongs to no split.
        NoTaskError: there is nothing to do in the house.

    """
    begin = time.perf_counter()
    world = TextHouse(colour=colour_word)
    house = household(seed, options.rooms, options.objects)
    world.reset(seed, {"house": house})
    start = _start(world)
    results: list[TaskResult | None] = []
    with TemporaryDirectory() as folder:
        for number in range(options.tasks):
            result = _task(options, seed, number, (house, start, world), Path(folder) / "memory.db")
            results.append(result)
            if result is not None:
                _empty_hand(world)
                house = world.true_spec()
            house = _between(options, seed, number, without(house, start[0], start[1], _FREE_M))
    if not any(results):
        raise NoTaskError(f"there is nothing to do in house {seed}")
    return LifelongRun(tuple(results), {"task": time.perf_counter() - begin})


def _task(
    options: LifelongEpisode, seed: int, number: int, place: tuple[HouseSpec, Start, TextHouse], memory: Path
) -> TaskResult | None:
    house, start, world = place
    task = options.task()
    try:
        drawn = draw_task(seed, task.subset_of(seed + number), house, number, {"start": start})
    except NoTaskError:
        return None
    mind = mind_of(task, seed, drawn)
    mind = replace(mind, memory=memory if options.memory == "kept" else None)
    return in_words(task, seed, house, drawn, world, mind, start)


def _between(options: LifelongEpisode, seed: int, number: int, house: HouseSpec) -> HouseSpec:
    if options.resident == "none" or not options.moved:
        return house
    rng = np.random.default_rng([seed, _ACTOR, number])
    return live(house, options.moved, options.resident, rng)[0]


def _start(world: TextHouse) -> Start:
    base = world.truth.start
    return base.x_m, base.y_m, base.yaw_deg


def _empty_hand(world: TextHouse) -> None:
    """Have the robot put down what it holds, here or in the middle of the room; else it is taken from it."""
    if world.step("put_down").outcome == "blocked":
        world.step("go_to", (world.step("look_around").room,))
        world.step("put_down")


def _ends(which: str, result: TaskResult | None) -> dict[str, float | None]:
    """Figures of the first or the last task; the detour is its moves over those of one who is told the truth."""
    if result is None:
        return {f"moves_{which}": None, f"steps_{which}": None, f"detour_{which}": None}
    ended, least = result.ending, max(1, result.drawn.oracle_moves)
    detour = ended.moves / least if result.checked.success else None
    return {f"moves_{which}": float(ended.moves), f"steps_{which}": float(ended.steps), f"detour_{which}": detour}
