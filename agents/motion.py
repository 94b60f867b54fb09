"""Moving: skills that yield one action at a time and read its outcome from the situation afterwards.

A skill is a generator. Each ``yield`` hands an action out; when it resumes, the situation holds the observation that
followed. Its return value says whether it reached its end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from typing import TypeVar

from engram.agents.situation import Situation
from engram.perception.geometry import wrap_angle
from engram.planners.navigation import DIRECTIONS, Node
from engram.sims.contract import Action, Outcome, Verb, act

T = TypeVar("T")
Skill = Generator[Action, None, T]

_MOVES = (Verb.MOVE_AHEAD, Verb.MOVE_LEFT, Verb.MOVE_BACK, Verb.MOVE_RIGHT)  # quarter turns to the left
_TRIES = 80


def step_to(sit: Situation, node: Node) -> Skill[bool]:
    """Step to a neighbouring node; a step that fails is remembered and not tried again."""
    start = sit.node
    direction = DIRECTIONS.index((node[0] - start[0], node[1] - start[1]))
    yield act(_MOVES[(direction - sit.heading) % 4])
    if sit.outcome is Outcome.OK and sit.node != start:
        return True
    sit.navigator.block(start, node)
    x, y = sit.navigator.position(start)
    ahead = sit.config.base_radius_m + sit.config.step_m / 2
    sit.grid.bump(x + ahead * DIRECTIONS[direction][0], y + ahead * DIRECTIONS[direction][1])
    return False


def turn_to(sit: Situation, heading: int) -> Skill[bool]:
    """Turn the base towards one of the four directions of the lattice."""
    for _ in range(math.ceil(360 / sit.config.rotate_deg)):
        error = wrap_angle(heading * math.pi / 2 - float(sit.observation["base"][2]))
        if abs(error) < math.radians(sit.config.rotate_deg) / 2:
            return True
        yield act(Verb.ROTATE_LEFT if error > 0 else Verb.ROTATE_RIGHT)
        if sit.outcome is not Outcome.OK:
            return False
    return False


def look_to(sit: Situation, pitch_deg: float) -> Skill[bool]:
    """Bring the camera to the lattice pitch nearest to ``pitch_deg`` (positive looks down)."""
    for _ in range(math.ceil(120 / sit.config.look_deg)):
        error = pitch_deg - sit.pitch_deg
        if abs(error) <= sit.config.look_deg / 2:
            return True
        yield act(Verb.LOOK_DOWN if error > 0 else Verb.LOOK_UP)
        if sit.outcome is not Outcome.OK:
            return False
    return False


def travel(
    sit: Situation,
    goals: Mapping[Node, float],
    *,
    ahead: bool = False,
    enough: Callable[[], bool] | None = None,
) -> Skill[bool]:
    """Go to the goal that costs least, path and own extra cost together.

    Args:
        sit: the situation.
        goals: nodes and their extra costs in steps.
        ahead: face the way on longer straight stretches, so that the camera sees what comes.
        enough: asked after each step; ends the journey early (with ``True``) when it says so.

    """
    for _ in range(_TRIES):
        sit.plan()
        goal = sit.navigator.nearest(goals)
        if goal is None:
            return False
        path = sit.navigator.path(goal)
        if len(path) < 2:
            return True
        if ahead:
            yield from _face(sit, path)
        yield from step_to(sit, path[1])
        if enough is not None and enough():
            return True
    return False


def turns(a: int, b: int, rotate_deg: float) -> float:
    """Return the actions it takes to turn from one heading to another."""
    quarter = min((a - b) % 4, (b - a) % 4)
    return quarter * 90.0 / rotate_deg


def _face(sit: Situation, path: list[Node]) -> Skill[None]:
    direction = DIRECTIONS.index((path[1][0] - path[0][0], path[1][1] - path[0][1]))
    straight = 1
    while (
        straight + 1 < len(path)
        and (
            path[straight + 1][0] - path[straight][0],
            path[straight + 1][1] - path[straight][1],
        )
        == DIRECTIONS[direction]
    ):
        straight += 1
    if straight >= 3:
        yield from turn_to(sit, direction)
