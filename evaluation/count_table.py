"""Builds the count table of :mod:`engram.planners.placement` from tidy training houses.

Run ``python -m engram.evaluation.count_table --houses 400`` after a change of the generator or of the placement table.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from engram.sims.house.catalog.registry import build
from engram.sims.house.components import walk
from engram.sims.house.spec import HouseSpec
from engram.sims.seeds import SeedError, split_of

FLOOR = "Floor"
Table = dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True)
class CountOptions:
    """Options of the count table."""

    houses: int = 400
    """Number of houses, of seeds 0, 1, 2, ..."""
    first_seed: int = 0
    """Seed of the first house; all must be training seeds."""
    processes: int = 2
    """Houses generated at the same time."""
    out: Path | None = None
    """File to write; the table of the package when not given."""


def main(options: CountOptions) -> int:
    """Count and write the table."""
    seeds = training_seeds(options.first_seed, options.houses)
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        table = count(map(HouseSpec.from_json, pool.map(_generate, seeds, chunksize=8)))
    table["source"] = f"counts over {len(seeds)} generated tidy houses, seeds {seeds[0]} to {seeds[-1]} (training)"
    out = options.out or Path(str(files("engram.planners").joinpath("placement_counts.json")))
    out.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


def training_seeds(first: int, number: int) -> range:
    """Return the seeds; raise :class:`SeedError` unless all are training seeds."""
    seeds = range(first, first + number)
    if number < 1:
        raise SeedError(f"there must be at least one house, not {number}")
    for seed in (seeds[0], seeds[-1]):
        if split_of(seed) != "train":
            raise SeedError(
                f"a prior is learnt from training houses only, and seed {seed} is kept for {split_of(seed)}"
            )
    return seeds


def count(houses: Iterable[HouseSpec]) -> dict[str, Any]:
    """Count what lies where, and which fixtures stand in which rooms.

    ``counts[category][receptacle category][room type]`` is a number of objects, ``rooms[room type][category]`` the
    number of rooms that have such a fixture or component of one.
    """
    counts: Table = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    rooms: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for house in houses:
        kind = {room.id: room.type for room in house.rooms}
        for thing in house.objects:
            counts[thing.category][category_of(thing.receptacle)][kind[thing.room]] += 1
        for room in house.rooms:
            for name in {c for f in house.fixtures if f.room == room.id for c in _components(f.category, f.variant)}:
                rooms[room.type][name] += 1
    return {"version": 1, "counts": _plain(counts), "rooms": _plain(rooms)}


def category_of(receptacle: str) -> str:
    """Category of a receptacle's id: ``"CounterTop_1/Drawer_2"`` is a ``Drawer``, nothing is the floor."""
    return receptacle.rpartition("/")[2].rpartition("_")[0] or FLOOR


def _components(category: str, variant: int) -> set[str]:
    return {part.shape.category for part in walk(category, build(category, variant), (0.0, 0.0, 0.0), 0.0)}


def _generate(seed: int) -> str:
    from engram.sims.house.generate import generate

    return generate(seed).to_json()


def _plain(value: Any) -> Any:
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(CountOptions, description=__doc__)))
