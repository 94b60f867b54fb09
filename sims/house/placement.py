"""Where things belong: the commonsense table ``placement.csv``, one row a proper (category, room, receptacle).

Weights say how often a tidy household keeps a category there, relative to the category's other rows. What has no row
is not proper; the floor (receptacle ``Floor``) is proper only where a row says so.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import resources

from engram.sims.house.categories import CATEGORIES, UnknownCategoryError, category
from engram.sims.house.spec import ROOM_TYPES

FLOOR = "Floor"
_COLUMNS = ["category", "room", "receptacle", "weight", "source"]
_FILE = "placement.csv"


class PlacementTableError(ValueError):
    """Raised for a faulty table; the message names the file and the line."""


@dataclass(frozen=True)
class Placement:
    """One row of the table."""

    category: str
    room: str
    receptacle: str  # a category that holds things, or FLOOR
    weight: float
    source: str


def parse(text: str, name: str = _FILE) -> tuple[Placement, ...]:
    """Read and check a table; ``name`` is what errors call the file."""
    reader = csv.reader(io.StringIO(text))
    header = next(reader, [])
    if header != _COLUMNS:
        raise PlacementTableError(f"{name}:1: the columns must be {','.join(_COLUMNS)}, not {','.join(header)}")
    rows: list[Placement] = []
    seen: dict[tuple[str, str, str], int] = {}
    for cells in reader:
        where = f"{name}:{reader.line_num}"
        row = _row(cells, where)
        key = (row.category, row.room, row.receptacle)
        if key in seen:
            raise PlacementTableError(f"{where}: {', '.join(key)} is already on line {seen[key]}")
        seen[key] = reader.line_num
        rows.append(row)
    return tuple(rows)


@cache
def load() -> tuple[Placement, ...]:
    """Return the rows of the table that comes with the package, in file order."""
    return parse(resources.files(__package__).joinpath(_FILE).read_text(encoding="utf-8"))


@cache
def weights(name: str) -> dict[tuple[str, str], float]:
    """Weight of each proper (room type, receptacle category) of a category; do not change the dictionary."""
    category(name)
    return {(row.room, row.receptacle): row.weight for row in load() if row.category == name}


def proper(name: str, room_type: str, receptacle: str) -> bool:
    """Whether a category belongs on or in this receptacle category (or ``FLOOR``) in this type of room."""
    return (room_type, receptacle) in weights(name)


@cache
def kept_in(room_type: str) -> dict[str, float]:
    """Total weight of each category in a type of room: how much it belongs there."""
    total: dict[str, float] = defaultdict(float)
    for row in load():
        if row.room == room_type:
            total[row.category] += row.weight
    return dict(total)


def _row(cells: list[str], where: str) -> Placement:
    if len(cells) != len(_COLUMNS):
        raise PlacementTableError(f"{where}: a row has {len(_COLUMNS)} cells, not {len(cells)}")
    name, room, receptacle, weight_text, source = (c.strip() for c in cells)
    try:
        pickupable = category(name).pickupable
        holds = receptacle == FLOOR or category(receptacle).receptacle
    except UnknownCategoryError as error:
        raise PlacementTableError(f"{where}: {error}") from error
    if not pickupable:
        raise PlacementTableError(f"{where}: {name} cannot be picked up, so it has no proper place")
    if not holds:
        known = ", ".join(n for n, c in CATEGORIES.items() if c.receptacle)
        raise PlacementTableError(f"{where}: {receptacle} holds nothing; receptacles are {FLOOR}, {known}")
    if room not in ROOM_TYPES:
        raise PlacementTableError(f"{where}: unknown room type {room!r}; known are {', '.join(ROOM_TYPES)}")
    try:
        weight = float(weight_text)
    except ValueError as error:
        raise PlacementTableError(f"{where}: weight must be a number, not {weight_text!r}") from error
    if not 0.0 < weight < 1e3:
        raise PlacementTableError(f"{where}: weight must be above 0 and below 1000, not {weight_text}")
    if not source:
        raise PlacementTableError(f"{where}: the source is missing")
    return Placement(name, room, receptacle, weight, source)
