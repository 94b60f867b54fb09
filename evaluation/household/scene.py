"""A house as a task is drawn from it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from engram.evaluation.household.check import Scene
from engram.planners.goals import colour_word
from engram.sims.contract import TrueObject
from engram.sims.house.catalog.registry import build
from engram.sims.house.snapshot import mean_rgb
from engram.sims.house.spec import FixtureSpec, HouseSpec, ObjectSpec


def scene_of(things: Sequence[TrueObject], house: HouseSpec) -> Scene:
    """Take the true things of a house; colours are words for the mean colours of clean things."""
    specs: list[FixtureSpec | ObjectSpec] = [*house.fixtures, *house.objects]
    colours = {s.id: _colour(s.category, s.variant) for s in specs}
    return Scene(tuple(things), colours, {r.id: r.type for r in house.rooms})


@cache
def _colour(category: str, variant: int) -> str:
    return colour_word(mean_rgb(build(category, variant)))


def by_kind(things: Sequence[TrueObject]) -> dict[str, list[TrueObject]]:
    """All things by category."""
    found: dict[str, list[TrueObject]] = {}
    for thing in things:
        found.setdefault(thing.category, []).append(thing)
    return found


def whole(id_: str) -> str:
    """Id of what a slice was cut from; the id itself of all else."""
    return id_.partition("_slice_")[0]
