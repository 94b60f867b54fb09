"""Time to plan, beside unified-planning with Fast Downward, in one run: ``python benchmarks/bench_planner.py``.

Goals put many different things away in a house of four rooms; both get the same beliefs, know where all is, and have
their plans checked by the library's own validator. The library is given the problem with the needed things only, the
choice of things and places made for most of the wants, since it multiplies alternatives out; and
its time is split into making the problem and solving it. The usual goal is one errand in a house of 150 things.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from engram.planners.contract import AT, IN_ROOM, OPEN, Beliefs, Fact, Goal, Noun, Thing, Want
from engram.planners.goals import parse_goal
from engram.planners.placement import PlacementPrior
from engram.planners.symbolic.affordances import OPENABLE, kind_of
from engram.planners.symbolic.grounding import Grounding
from engram.planners.symbolic.pddl import encode, solve, valid
from engram.planners.symbolic.planner import SymbolicConfig, SymbolicPlanner
from engram.planners.symbolic.record import Record
from engram.planners.symbolic.state import State

USUAL = "put a clean mug in the coffee machine"
TARGETS = {"usual_ms_p50": "< 20", "things_40_s": "< 5"}
FURNITURE = {
    "Kitchen": "CounterTop CounterTop Cabinet Cabinet Drawer Fridge Microwave SinkBasin CoffeeMachine GarbageCan",
    "LivingRoom": "Sofa CoffeeTable Shelf TVStand SideTable",
    "Bedroom": "Bed Dresser Desk Drawer SideTable",
    "Bathroom": "SinkBasin Shelf Cabinet",
}
KINDS = "Apple Book Bottle Bowl CD Cup DishSponge Fork Knife Mug Newspaper Pan Pencil Plate Pot Potato Spoon Tomato"
PLACES = ("CounterTop", "Sofa", "CoffeeTable", "Shelf", "Bed", "Dresser", "Desk", "SideTable", "Cabinet", "Drawer")


@dataclass(frozen=True)
class PlannerBenchmark:
    """Options."""

    things: tuple[int, ...] = (5, 10, 20, 40)
    """Numbers of things to put away."""
    repeats: int = 5
    """Times that the decomposition plans each, and a fiftieth of those that it plans the usual goal."""
    deadline_secs: float = 60.0
    """How long Fast Downward may take for each."""
    search: bool = True
    """Whether Fast Downward is run."""
    seed: int = 0
    json: bool = False
    """Print JSON instead of a table."""


def house(things: int, rng: random.Random) -> Beliefs:
    """Return a house with so many small things in it."""
    known: dict[str, Thing] = {}
    facts: dict[Fact, bool] = {}
    number: dict[str, int] = {}

    def add(kind: str, room: str, spot: tuple[float, float, float]) -> str:
        number[kind] = number.get(kind, 0) + 1
        name = f"{kind}_{number[kind]}"
        known[name] = Thing(name, kind, spot)
        facts[(IN_ROOM, name, room)] = True
        return name

    for k, (room, kinds) in enumerate(FURNITURE.items()):
        for kind in kinds.split():
            name = add(kind, room, (6.0 * (k % 2) + 5 * rng.random(), 6.0 * (k // 2) + 5 * rng.random(), 0.8))
            if OPENABLE in kind_of(kind):
                facts[(OPEN, name)] = False
    holders = [name for name, thing in known.items() if thing.kind in PLACES]
    kinds = KINDS.split()
    for k in range(things):
        holder = rng.choice(holders)
        spot = known[holder].position_m or (0.0, 0.0, 0.0)
        name = add(kinds[k % len(kinds)], "", spot)
        del facts[(IN_ROOM, name, "")]
        facts[(AT, name, holder)] = True
    return Beliefs(known, facts, True, (0.0, 0.0, 0.0))


def tidying(beliefs: Beliefs, count: int, rng: random.Random) -> Goal:
    """Return a goal of so many wants, each about one thing, to be on a kind of furniture that it is not on."""
    number: dict[tuple[str, str], int] = {}
    for k in range(count):
        kind = KINDS.split()[k % len(KINDS.split())]
        place = rng.choice(PLACES)
        number[(kind, place)] = number.get((kind, place), 0) + 1
    wants = [Want(Noun(frozenset({kind})), at=Noun(frozenset({place})), count=n) for (kind, place), n in number.items()]
    return Goal(tuple(wants))


def seconds(work: Callable[[], object], repeats: int) -> list[float]:
    """Time something; seconds of each run."""
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return spent


def measure(options: PlannerBenchmark) -> dict[str, float]:
    """Run all; figures by name."""
    prior = PlacementPrior.load()

    def planner() -> SymbolicPlanner:
        return SymbolicPlanner(None, prior, SymbolicConfig(search=False))

    figures: dict[str, float] = {}
    beliefs, goal = house(130, random.Random(options.seed)), parse_goal(USUAL)
    usual = seconds(lambda: planner().plan(goal, beliefs), 50 * options.repeats)
    figures["usual_ms_p50"], figures["usual_ms_p99"] = (1e3 * np.percentile(usual, [50, 99])).tolist()
    compare(options, planner, 1)  # loads the library
    for count in options.things:
        figures |= compare(options, planner, count)
    return figures


def compare(options: PlannerBenchmark, planner: Callable[[], SymbolicPlanner], count: int) -> dict[str, float]:
    """Both planners on one goal of so many things."""
    rng = random.Random(options.seed + count)
    beliefs = house(count, rng)
    goal = tidying(beliefs, count, rng)
    named = f"things_{count}"
    steps = planner().plan(goal, beliefs).steps
    figures = {
        f"{named}_s": float(np.median(seconds(lambda: planner().plan(goal, beliefs), options.repeats))),
        f"{named}_steps": len(steps),
    }
    state, record = State.of(beliefs), Record()
    record.note(state)
    start = time.perf_counter()
    grounding = Grounding(goal, state, record)
    encoded = encode(state, grounding.names | {arg for step in steps for arg in step.args}, grounding.goals)
    figures[f"{named}_encode_s"] = time.perf_counter() - start
    if not options.search:
        return figures
    start = time.perf_counter()
    found = solve(encoded, options.deadline_secs)
    figures[f"{named}_search_s"] = time.perf_counter() - start
    figures[f"{named}_search_steps"] = len(found or ())
    # A lower bound where nothing was found in time.
    figures[f"{named}_search_ratio"] = figures[f"{named}_search_s"] / figures[f"{named}_s"]
    figures[f"{named}_search_solved"] = float(found is not None and valid(encoded, found, state))
    return figures


def main(options: PlannerBenchmark) -> None:
    """Print the figures."""
    figures = measure(options)
    if options.json:
        print(json.dumps(figures, sort_keys=True))
        return
    table = Table("figure", "value", "target")
    for name, value in figures.items():
        table.add_row(name, f"{value:.4g}", TARGETS.get(name, ""))
    Console().print(table)


if __name__ == "__main__":
    main(tyro.cli(PlannerBenchmark, description=__doc__))
