"""What the small planner learns from: plans of the symbolic planner for household tasks on glimpses of houses.

A glimpse is the truth of a house as a robot might know it that has seen some of its rooms and looked into some of what
is closed there: names are given anew, and states are known of some things only. A plan is cut after its first errand
that the checks of language models' plans let pass, so that answers are short; what follows is planned from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engram.evaluation.household.check import Scene, has_state
from engram.evaluation.household.scene import scene_of
from engram.evaluation.household.tasks import SUBSETS, NoTaskError, household, make_task
from engram.evaluation.training.houses import Use, house_seeds
from engram.planners.contract import (
    AT,
    CLEAN,
    COLD,
    FILLED,
    FLOOR,
    HOLDING,
    HOT,
    IN_ROOM,
    NOT_FOUND,
    ON,
    OPEN,
    SEARCHED,
    SLICED,
    Beliefs,
    Fact,
    Goal,
    Plan,
    Result,
    Step,
    Thing,
)
from engram.planners.llm.checks import faults
from engram.planners.llm.planner import LLMPlannerConfig, small_request
from engram.planners.placement import PlacementPrior
from engram.planners.symbolic.domain import advance, apply
from engram.planners.symbolic.feedback import failure
from engram.planners.symbolic.planner import SymbolicConfig, SymbolicPlanner
from engram.planners.symbolic.state import State
from engram.sims.contract import TrueObject
from engram.sims.house.categories import category
from engram.sims.house.text import TextHouse

Rng = np.random.Generator
Floats = NDArray[np.float64]
FIRST = {"train": 80_000, "validation": 80_000}  # number of the first house, in its split
_STREAM = 77
_MOST_STEPS = LLMPlannerConfig().most_steps
LOOKS = frozenset({"find", "search", "explore"})
_FAILED = ("no_space", "blocked", NOT_FOUND)
_TURNS = 3  # plans that are made for a task on one glimpse


@dataclass(frozen=True)
class Sampling:
    """How glimpses are drawn; shares are probabilities."""

    room: float = 0.7  # that a room has been seen
    whole: float = 0.4  # that all have
    missed: float = 0.05  # that a thing in sight was missed
    state: float = 0.8  # that a state is known
    holding: float = 0.12  # that something is in the hand
    failure: float = 0.12  # that the first step of a plan failed
    reached: float = 0.25  # that a case is kept in which nothing is left to do
    names: int = 4  # numbers beyond the count of a kind that names may have


@dataclass(frozen=True)
class Case:
    """A goal, what is believed, what went wrong, and what the symbolic planner does next."""

    goal: Goal
    beliefs: Beliefs
    feedback: tuple[str, ...]
    steps: tuple[Step, ...]  # none: the goal is reached

    @property
    def answer(self) -> str:
        """What a model shall say."""
        rows = [{"skill": step.skill, "args": list(step.args)} for step in self.steps]
        return json.dumps({"reasoning": "", "steps": rows, "refusal": ""})

    def row(self) -> dict[str, str]:
        """Return question and answer."""
        request = small_request(self.goal, self.beliefs, self.feedback)
        return {"system": request.system, "user": request.turns[0], "answer": self.answer}


def collect(use: Use, houses: int, tasks: int, folder: Path, say: Callable[[str], None]) -> list[dict[str, str]]:
    """Return questions and answers of houses; those that are not in the folder yet are made and kept there."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    for number, seed in enumerate(house_seeds(use, houses, FIRST[use]), 1):
        path = folder / f"{use}-{seed:06d}-{tasks}.jsonl"
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_text("".join(f"{json.dumps(c.row())}\n" for c in house_cases(seed, tasks)), encoding="utf-8")
            part.replace(path)
        rows += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if number % 10 == 0 or number == houses:
            say(f"{number} of {houses} houses, {len(rows)} plans")
    return rows


def held_out(houses: int, tasks: int) -> list[Case]:
    """Return the cases of houses of the validation split."""
    return [
        case for seed in house_seeds("validation", houses, FIRST["validation"]) for case in house_cases(seed, tasks)
    ]


def house_cases(seed: int, tasks: int) -> list[Case]:
    """Return the cases of one house, of so many tasks; a task of which nothing can be learned gives none."""
    house = household(seed)
    world = TextHouse()
    world.reset(seed, {"house": house})
    scene, reachable = scene_of(world.truth.objects(), house), world.truth.reachable()
    rng = np.random.default_rng([seed, _STREAM])
    cases: list[Case] = []
    for number in range(tasks):
        try:
            goal = make_task(seed, SUBSETS[number % len(SUBSETS)], scene, reachable, number).goal
        except NoTaskError:
            continue
        cases += task_cases(goal, scene, reachable, rng)
    return cases


def task_cases(goal: Goal, scene: Scene, reachable: Floats, rng: Rng, sampling: Sampling | None = None) -> list[Case]:
    """Return the plans for a goal on one glimpse of a scene, each from where the one before has led."""
    s = sampling or Sampling()
    beliefs, planner, cases = glimpse(scene, reachable, rng, s), _symbolic(), list[Case]()
    for _ in range(_TURNS):
        feedback: tuple[str, ...] = ()
        plan = planner.plan(goal, beliefs)
        if plan.steps and rng.random() < s.failure:
            code = _FAILED[int(rng.integers(len(_FAILED)))]
            feedback = (failure(Result(plan.steps[0], code)),)
            plan = planner.plan(goal, beliefs, feedback)
        steps = errand(plan, goal, beliefs)
        if steps is None:
            break
        case = Case(goal, beliefs, feedback, steps)
        if rng.random() < s.reached if not steps else is_told(case):
            cases.append(case)
        if not steps or steps[-1].skill in LOOKS:
            break
        for step in steps[: int(rng.integers(1, len(steps) + 1))]:
            beliefs = apply(step, beliefs)
    return cases


def errand(plan: Plan, goal: Goal, beliefs: Beliefs) -> tuple[Step, ...] | None:
    """Return the beginning of a plan up to where the hand is free again and all is closed; ``None`` without any."""
    if plan.refusal:
        return None
    state, ends = State.of(beliefs), list[int]()
    for number, step in enumerate(plan.steps, 1):
        held = state.held
        advance(step, state)
        if (held and not state.held) or step.skill in ("toggle_on", "slice"):
            ends.append(number)
        elif step.skill == "close" and ends and ends[-1] == number - 1:
            ends[-1] = number
    for end in (*ends, len(plan.steps)):
        steps = plan.steps[:end]
        if not steps or not faults(steps, goal, beliefs, _MOST_STEPS):
            return steps
    return None


def is_told(case: Case) -> bool:
    """Whether a model is told of all that the plan is about."""
    user = case.row()["user"]
    names = {arg for step in case.steps for arg in step.args if step.skill != "find"}
    return all(f"\n{name} " in user for name in names)


def glimpse(scene: Scene, reachable: Floats, rng: Rng, sampling: Sampling | None = None) -> Beliefs:
    """Return what a robot might know of a scene."""
    s = sampling or Sampling()
    whole = bool(rng.random() < s.whole)
    rooms = {room for room in sorted(scene.rooms) if whole or rng.random() < s.room}
    shut = {t.id for t in scene.things if _is_shut(t)}
    into = {id_ for id_ in sorted(shut) if rng.random() < rng.random() * 0.7}  # looked into
    seen = [t for t in scene.things if t.room in rooms and not (set(t.receptacles) & (shut - into))]
    seen = [t for t in seen if not t.pickupable or rng.random() >= s.missed]
    names = _names(seen, rng, s.names)
    facts = dict[Fact, bool]()
    for thing in seen:
        facts |= dict(_facts(thing, names, into, rng, s))
    things = {names[t.id]: _thing(names[t.id], t, scene, rng) for t in seen}
    here = reachable[int(rng.integers(len(reachable)))] if len(reachable) else np.zeros(2)
    believed = Beliefs(things, facts, whole, (float(here[0]), float(here[1]), 0.0))
    loose = [t for t in seen if t.pickupable]
    if loose and rng.random() < s.holding:
        return _in_hand(names[loose[int(rng.integers(len(loose)))].id], believed)
    return believed


def _in_hand(name: str, beliefs: Beliefs) -> Beliefs:
    facts = {f: true for f, true in beliefs.facts.items() if f[0] not in (AT, IN_ROOM) or f[1] != name}
    return replace(beliefs, facts={**facts, (HOLDING, name): True})


def _names(things: Sequence[TrueObject], rng: Rng, more: int) -> dict[str, str]:
    """Give each thing a name: its kind, and a number at random."""
    kinds: dict[str, list[str]] = {}
    for thing in things:
        kinds.setdefault(thing.category, []).append(thing.id)
    names = dict[str, str]()
    for kind, ids in kinds.items():
        numbers = rng.permutation(len(ids) + more)[: len(ids)] + 1
        names |= {id_: f"{kind}_{number}" for id_, number in zip(ids, numbers, strict=True)}
    return names


def _thing(name: str, thing: TrueObject, scene: Scene, rng: Rng) -> Thing:
    colour = scene.colours.get(thing.id, "") if rng.random() < 0.8 else ""
    x, y, z = thing.position
    return Thing(name, thing.category, (x, y, z), colour or "")


def _facts(
    thing: TrueObject, names: dict[str, str], into: set[str], rng: Rng, s: Sampling
) -> Iterator[tuple[Fact, bool]]:
    """Yield what is known of a thing in sight."""
    name, kind = names[thing.id], category(thing.category)
    holder = next((names[id_] for id_ in thing.receptacles[:1] if id_ in names), "")
    if holder or (thing.pickupable and not thing.receptacles):
        yield (AT, name, holder or FLOOR), True
    yield (IN_ROOM, name, thing.room), True
    if thing.openable and not thing.pickupable and rng.random() < 0.95:
        yield (OPEN, name), has_state(thing, OPEN)
    if thing.id in into:
        yield (SEARCHED, name), True
    for state, may in ((CLEAN, kind.dirtyable), (ON, kind.toggleable), (SLICED, bool(kind.sliced))):
        if may and rng.random() < s.state:
            yield (state, name), has_state(thing, state)
    for state in (HOT, COLD, FILLED):
        if thing.pickupable and rng.random() < 0.1:
            yield (state, name), has_state(thing, state)


def _is_shut(thing: TrueObject) -> bool:
    return thing.receptacle and thing.openable and not has_state(thing, OPEN)


def _symbolic() -> SymbolicPlanner:
    return SymbolicPlanner(prior=_prior(), config=SymbolicConfig(search=False))


@lru_cache(maxsize=1)
def _prior() -> PlacementPrior:
    return PlacementPrior.load()
