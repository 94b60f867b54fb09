"""Tasks that can be done: of those that are drawn, the first that an agent does which is told the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engram.evaluation.household.check import check
from engram.evaluation.household.oracle import OracleAgent
from engram.evaluation.household.scene import scene_of
from engram.evaluation.household.tasks import HouseholdTask, NoTaskError, Subset, make_task
from engram.sims.house.spec import HouseSpec
from engram.sims.house.text import TextHouse

_TRIES = 20


@dataclass(frozen=True)
class Drawn:
    """A task, and what it takes."""

    task: HouseholdTask
    oracle_steps: int
    oracle_moves: int


def draw_task(
    seed: int, subset: Subset, house: HouseSpec, number: int = 0, options: Mapping[str, Any] | None = None
) -> Drawn:
    """Draw a task of a house as it is; the same arguments give the same task.

    Args:
        seed: of the episode.
        subset: what kind of difficulty it has.
        house: where everything lies.
        number: which of the tasks of this seed.
        options: of the reset of the world, beside the house.

    Raises:
        NoTaskError: none of many draws can be done.

    """
    world = TextHouse()
    for k in range(_TRIES):
        world.reset(seed, {**(options or {}), "house": house})
        start = scene_of(world.truth.objects(), house)
        task = make_task(seed, subset, start, world.truth.reachable(), number * _TRIES + k)
        ending = OracleAgent(world, task.goal, start).run()
        if check(task.goal, start, scene_of(world.truth.objects(), house)).success:
            return Drawn(task, ending.steps, ending.moves)
    raise NoTaskError(f"none of {_TRIES} tasks of the subset {subset!r} can be done in house {seed}")
