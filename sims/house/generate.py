"""Procedural houses: one seed, one house."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from engram.sims.house.furnish import furnish
from engram.sims.house.layout import MAX_ROOMS, HouseRequestError, check_area, make_layout
from engram.sims.house.populate import populate
from engram.sims.house.spec import ROOM_TYPES, HouseSpec, OpeningSpec, RoomSpec, RoomType
from engram.sims.seeds import check_seed

# How often a house has so many rooms when nobody asks for a number.
_ROOM_WEIGHTS = {1: 1.0, 2: 3.0, 3: 1.5, 4: 5.0, 5: 1.5, 6: 1.5}
_MOST_OBJECTS = 45  # in one room
_TYPES, _LAYOUT, _FURNITURE, _OBJECTS = range(4)  # streams of random numbers, so that no choice shifts the others


def generate(
    seed: int,
    rooms: int | Sequence[RoomType] | None = None,
    area_m2: float | None = None,
    objects: int | None = None,
) -> HouseSpec:
    """Draw a tidy house; the same arguments always give the same house, to the byte.

    Args:
        seed: which house; must belong to a split of ``engram.sims.seeds``.
        rooms: their number, 1 to 8, or their types; drawn when None. One type alone gives a single room.
        area_m2: floor area of all rooms together; drawn when None.
        objects: how many pickupable objects to set out, as far as there is room; by the rooms' types when None.

    Raises:
        HouseRequestError: no such house can be built; the message says what can.
        SeedError: the seed belongs to no split.

    """
    seed = check_seed(seed)
    types = _types(rooms, np.random.default_rng([seed, _TYPES]))
    check_area(types, area_m2)
    most = _MOST_OBJECTS * len(types)
    if objects is not None and not 0 <= objects <= most:
        raise HouseRequestError(f"{len(types)} room(s) can have 0 to {most} objects, not {objects}")
    plan, openings = _layout(types, area_m2, seed)
    fixtures = furnish(plan, openings, np.random.default_rng([seed, _FURNITURE]))
    empty = HouseSpec(seed, plan, openings, fixtures, ())
    return populate(empty, objects, np.random.default_rng([seed, _OBJECTS]))


def _layout(
    types: Sequence[RoomType], area_m2: float | None, seed: int
) -> tuple[tuple[RoomSpec, ...], tuple[OpeningSpec, ...]]:
    """Draw a floor plan; a large house may take several draws, an area that is too tight gets fewer."""
    tries = 6 if area_m2 is None else 2
    for attempt in range(tries - 1):
        try:
            return make_layout(types, area_m2, np.random.default_rng([seed, _LAYOUT, attempt]))
        except HouseRequestError:
            continue
    return make_layout(types, area_m2, np.random.default_rng([seed, _LAYOUT, tries]))


def _types(rooms: int | Sequence[RoomType] | None, rng: np.random.Generator) -> tuple[RoomType, ...]:
    if rooms is None:
        chances = np.array(list(_ROOM_WEIGHTS.values()))
        return _draw_types(int(rng.choice(list(_ROOM_WEIGHTS), p=chances / chances.sum())), rng)
    if isinstance(rooms, Sequence):
        return _named((rooms,) if isinstance(rooms, str) else rooms)
    try:
        count = operator.index(rooms)
    except TypeError:
        raise HouseRequestError(f"rooms is a number or a list of room types, not {rooms!r}") from None
    _check_count(count)
    return _draw_types(count, rng)


def _named(names: Sequence[str]) -> tuple[RoomType, ...]:
    known = {str(t): t for t in ROOM_TYPES}
    for name in names:
        if name not in known:
            raise HouseRequestError(f"unknown room type {name!r}; known are {', '.join(known)}")
    _check_count(len(names))
    return tuple(known[name] for name in names)


def _check_count(count: int) -> None:
    if not 1 <= count <= MAX_ROOMS:
        raise HouseRequestError(f"a house has 1 to {MAX_ROOMS} rooms, not {count}")


def _draw_types(count: int, rng: np.random.Generator) -> tuple[RoomType, ...]:
    """Draw a household's rooms: a kitchen and a living room first, then bedrooms and bathrooms."""
    if count == 1:
        return (ROOM_TYPES[rng.integers(len(ROOM_TYPES))],)
    if count == 2:
        pair: tuple[RoomType, RoomType] = ("Bedroom", "Bathroom") if rng.random() < 0.4 else ("Kitchen", "LivingRoom")
        return pair
    rest: tuple[RoomType, ...] = ("Bedroom", "Bathroom", "Bedroom", "Bathroom", "Bedroom", "LivingRoom")
    if count == 3 and rng.random() < 0.4:
        rest = ("Bathroom",)
    return ("Kitchen", "LivingRoom", *rest[: count - 2])
