"""Floor plans: rectangular rooms by recursive partition, joined by doors and lit by windows.

House frame, metres; the plan's lower left corner is the origin. Walls are centred on the room outlines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import networkx as nx
import numpy as np

from engram.sims.house.spec import RGB, OpeningSpec, RoomSpec, RoomType

MAX_ROOMS = 8
MIN_SIDE_M: dict[RoomType, float] = {"Kitchen": 3.0, "LivingRoom": 3.0, "Bedroom": 3.0, "Bathroom": 2.2}
MAX_SIDE_M = 7.0
CORNER_M = 0.3  # between a door's edge and the nearest corner
_AREA_M2: dict[RoomType, tuple[float, float]] = {
    "Kitchen": (12.0, 19.0),
    "LivingRoom": (18.0, 30.0),
    "Bedroom": (12.5, 19.0),
    "Bathroom": (6.0, 9.5),
}
_MAX_ASPECT = 1.9
_TIGHT = 1.15  # packing rooms of the least size into a rectangle needs this much more than the sum of their areas
_ATTEMPTS = 3000
_CHOICES = 8

# How odd it is to walk from one kind of room straight into the other; a flat's doors avoid the high figures.
_DOOR_COST: dict[frozenset[str], float] = {
    frozenset({"Kitchen", "LivingRoom"}): 0.5,
    frozenset({"LivingRoom"}): 1.0,
    frozenset({"LivingRoom", "Bedroom"}): 1.0,
    frozenset({"LivingRoom", "Bathroom"}): 1.2,
    frozenset({"Bedroom", "Bathroom"}): 1.3,
    frozenset({"Kitchen", "Bedroom"}): 2.5,
    frozenset({"Kitchen", "Bathroom"}): 3.0,
    frozenset({"Bedroom"}): 3.0,
    frozenset({"Kitchen"}): 3.0,
    frozenset({"Bathroom"}): 8.0,
}
_PASSAGE_COST = 4.0  # a bathroom that one must walk through

_WOODS: tuple[RGB, ...] = ((0.62, 0.44, 0.28), (0.72, 0.55, 0.37), (0.5, 0.35, 0.23), (0.78, 0.66, 0.5))
_TILES: tuple[RGB, ...] = ((0.82, 0.82, 0.8), (0.7, 0.72, 0.74), (0.86, 0.8, 0.72), (0.6, 0.66, 0.66))
_CARPETS: tuple[RGB, ...] = ((0.66, 0.6, 0.53), (0.52, 0.56, 0.6), (0.6, 0.52, 0.5), (0.7, 0.68, 0.62))
_WALLS: tuple[RGB, ...] = (
    (0.92, 0.9, 0.86),
    (0.86, 0.88, 0.84),
    (0.83, 0.88, 0.91),
    (0.93, 0.87, 0.8),
    (0.88, 0.84, 0.88),
    (0.91, 0.9, 0.8),
    (0.79, 0.85, 0.82),
    (0.9, 0.82, 0.79),
)


class HouseRequestError(ValueError):
    """Raised for a house that cannot be built; the message says what can."""


@dataclass(frozen=True)
class Rect:
    """An axis-aligned rectangle of the house frame, metres."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Extent along x."""
        return self.x1 - self.x0

    @property
    def depth(self) -> float:
        """Extent along y."""
        return self.y1 - self.y0


@dataclass(frozen=True)
class Wall:
    """A straight stretch of one room's outline; ``neighbour`` is the room behind it, empty for the outside."""

    axis: Literal["x", "y"]
    at: float  # coordinate across the wall
    lo: float
    hi: float
    neighbour: str

    @property
    def length(self) -> float:
        """Length in metres."""
        return self.hi - self.lo


_Item = tuple[RoomType | None, float]  # None is a corner of the plot left open, so that outlines vary


def make_layout(
    types: Sequence[RoomType], area_m2: float | None, rng: np.random.Generator
) -> tuple[tuple[RoomSpec, ...], tuple[OpeningSpec, ...]]:
    """Draw rooms, doors and windows.

    Args:
        types: one entry a room.
        area_m2: floor area of all rooms together; drawn when None.
        rng: source of all choices.

    Raises:
        HouseRequestError: the rooms do not fit the area.

    """
    check_area(types, area_m2)
    rooms, tree = _best_plan(types, area_m2, rng)
    doors = [_door(a, b, rng) for a, b in _edges(rooms, tree, rng)]
    windows = [w for room in rooms for w in _windows(room, walls(room, rooms), rng)]
    return tuple(rooms), (*doors, *windows)


def check_area(types: Sequence[RoomType], area_m2: float | None) -> None:
    """Refuse an area that the rooms cannot have together."""
    if area_m2 is None:
        return
    least = sum(MIN_SIDE_M[t] ** 2 for t in types) * (_TIGHT if len(types) > 1 else 1.0)
    most = sum(_most_m2(t) for t in types)
    if not least <= area_m2 <= most:
        names = ", ".join(types)
        raise HouseRequestError(
            f"{len(types)} room(s) ({names}) cannot have {area_m2:g} m2 together; "
            f"possible are {np.ceil(least):g} to {np.floor(most):g} m2"
        )


def walls(room: RoomSpec, rooms: Sequence[RoomSpec]) -> list[Wall]:
    """Cut a room's outline into stretches that have one neighbour, or the outside, behind them."""
    found = []
    for axis, at, lo, hi in _sides(room):
        rest = [(lo, hi)]
        for other in rooms:
            shared = _shared(room, other, axis, at)
            if other.id != room.id and shared is not None:
                found.append(Wall(axis, at, *shared, other.id))
                rest = [piece for r in rest for piece in _without(r, shared)]
        found += [Wall(axis, at, a, b, "") for a, b in rest]
    return found


def _most_m2(kind: RoomType) -> float:
    return min(MAX_SIDE_M**2, 1.6 * _AREA_M2[kind][1])


def _sides(room: RoomSpec) -> Iterator[tuple[Literal["x", "y"], float, float, float]]:
    yield "x", room.y0, room.x0, room.x1
    yield "x", room.y1, room.x0, room.x1
    yield "y", room.x0, room.y0, room.y1
    yield "y", room.x1, room.y0, room.y1


def _shared(a: RoomSpec, b: RoomSpec, axis: str, at: float) -> tuple[float, float] | None:
    """Stretch of a's side ``at`` that b's opposite side touches."""
    if axis == "x":
        touching = at == a.y0 == b.y1 or at == a.y1 == b.y0
        lo, hi = max(a.x0, b.x0), min(a.x1, b.x1)
    else:
        touching = at == a.x0 == b.x1 or at == a.x1 == b.x0
        lo, hi = max(a.y0, b.y0), min(a.y1, b.y1)
    return (lo, hi) if touching and hi - lo > 1e-6 else None


def _without(piece: tuple[float, float], cut: tuple[float, float]) -> Iterator[tuple[float, float]]:
    for lo, hi in ((piece[0], min(piece[1], cut[0])), (max(piece[0], cut[1]), piece[1])):
        if hi - lo > 1e-6:
            yield lo, hi


def _best_plan(
    types: Sequence[RoomType], area_m2: float | None, rng: np.random.Generator
) -> tuple[list[RoomSpec], list[tuple[str, str]]]:
    """Draw several valid plans and keep the one whose doors make most sense."""
    plans: list[tuple[float, int, list[RoomSpec], list[tuple[str, str]]]] = []
    for attempt in range(_ATTEMPTS):
        items = _items(types, area_m2, rng, open_corner=attempt < _ATTEMPTS // 2)
        total = sum(a for _, a in items)
        width = np.sqrt(total * rng.uniform(0.65, 1.5))
        plot = Rect(0.0, 0.0, _grid(width), _grid(total / width))
        placed = _partition(items, plot, plot, rng)
        if placed is None:
            continue
        rooms = _rooms(placed, rng)
        connection = _tree(rooms)
        if connection is not None:
            plans.append((connection[0], len(plans), rooms, connection[1]))
        if len(plans) == _CHOICES:
            break
    if not plans:
        raise HouseRequestError(f"{', '.join(types)} do not fit into {area_m2} m2; ask for more area or fewer rooms")
    _, _, rooms, tree = min(plans, key=lambda plan: plan[:2])
    return rooms, tree


def _items(
    types: Sequence[RoomType], area_m2: float | None, rng: np.random.Generator, *, open_corner: bool
) -> list[_Item]:
    areas = np.array([rng.uniform(*_AREA_M2[t]) for t in types])
    if area_m2 is not None:
        least = np.array([MIN_SIDE_M[t] ** 2 for t in types])
        spare = areas - least
        areas = least + spare * (area_m2 - least.sum()) / spare.sum()
    items: list[_Item] = [(t, float(a)) for t, a in zip(types, areas, strict=True)]
    if open_corner and len(types) >= 3 and rng.random() < 0.6:
        items.append((None, float(areas.sum() * rng.uniform(0.08, 0.16))))
    return items


def _grid(length: float) -> float:
    """Round to the 5 cm grid of room outlines."""
    return round(round(float(length) * 20) / 20, 2)


def _partition(
    items: Sequence[_Item], rect: Rect, plot: Rect, rng: np.random.Generator
) -> list[tuple[RoomType, Rect]] | None:
    """Cut ``rect`` in two until each item has its rectangle; None when one would have a bad shape."""
    if len(items) == 1:
        kind = items[0][0]
        if kind is None:
            return [] if _is_open_corner(rect, plot) else None
        return [(kind, rect)] if _is_room(kind, rect) else None
    order = [items[i] for i in rng.permutation(len(items))]
    cut = int(rng.integers(1, len(order)))
    share = sum(a for _, a in order[:cut]) / sum(a for _, a in order)
    along_x = rect.width > rect.depth if rng.random() < 0.85 else rect.width <= rect.depth
    if along_x:
        x = _grid(rect.x0 + share * rect.width)
        parts = Rect(rect.x0, rect.y0, x, rect.y1), Rect(x, rect.y0, rect.x1, rect.y1)
    else:
        y = _grid(rect.y0 + share * rect.depth)
        parts = Rect(rect.x0, rect.y0, rect.x1, y), Rect(rect.x0, y, rect.x1, rect.y1)
    first = _partition(order[:cut], parts[0], plot, rng)
    if first is None:
        return None
    second = _partition(order[cut:], parts[1], plot, rng)
    return None if second is None else first + second


def _is_room(kind: RoomType, rect: Rect) -> bool:
    short, long = sorted((rect.width, rect.depth))
    return short >= MIN_SIDE_M[kind] and long <= MAX_SIDE_M and long <= _MAX_ASPECT * short


def _is_open_corner(rect: Rect, plot: Rect) -> bool:
    at_x = rect.x0 == plot.x0 or rect.x1 == plot.x1
    at_y = rect.y0 == plot.y0 or rect.y1 == plot.y1
    return at_x and at_y and min(rect.width, rect.depth) >= 1.0


def _rooms(placed: list[tuple[RoomType, Rect]], rng: np.random.Generator) -> list[RoomSpec]:
    wood = _WOODS[rng.integers(len(_WOODS))]
    count: dict[str, int] = {}
    rooms = []
    for kind, r in placed:
        count[kind] = count.get(kind, 0) + 1
        floor, rgb = _floor(kind, wood, rng)
        wall = np.clip(np.array(_WALLS[rng.integers(len(_WALLS))]) + rng.uniform(-0.02, 0.02, 3), 0.0, 1.0)
        colour: RGB = (round(float(wall[0]), 3), round(float(wall[1]), 3), round(float(wall[2]), 3))
        rooms.append(RoomSpec(f"{kind}_{count[kind]}", kind, r.x0, r.y0, r.x1, r.y1, floor, rgb, colour))
    return rooms


def _floor(kind: RoomType, wood: RGB, rng: np.random.Generator) -> tuple[Literal["wood", "tile", "cloth"], RGB]:
    tiled = {"Bathroom": 1.0, "Kitchen": 0.6}.get(kind, 0.0)
    carpeted = {"Bedroom": 0.5, "LivingRoom": 0.25}.get(kind, 0.0)
    draw = rng.random()
    if draw < tiled:
        return "tile", _TILES[rng.integers(len(_TILES))]
    if draw > 1 - carpeted:
        return "cloth", _CARPETS[rng.integers(len(_CARPETS))]
    return "wood", wood


def _tree(rooms: list[RoomSpec]) -> tuple[float, list[tuple[str, str]]] | None:
    """(cost, doors) of the most sensible way to connect all rooms; None when some cannot be reached."""
    graph = nx.Graph()
    graph.add_nodes_from(r.id for r in rooms)
    kinds = {r.id: r.type for r in rooms}
    for a, b in _neighbours(rooms):
        graph.add_edge(a.id, b.id, weight=_DOOR_COST[frozenset({a.type, b.type})])
    if not nx.is_connected(graph):
        return None
    tree = nx.minimum_spanning_tree(graph)
    passages = sum(max(0, tree.degree(r.id) - 1) for r in rooms if r.type == "Bathroom")
    cost = sum(d["weight"] for _, _, d in tree.edges(data=True)) + _PASSAGE_COST * passages
    homely = sum(kinds[a] != kinds[b] for a, b in tree.edges)
    return cost - 0.01 * homely, sorted(tuple(sorted(e)) for e in tree.edges)


def _neighbours(rooms: Sequence[RoomSpec]) -> Iterator[tuple[RoomSpec, RoomSpec]]:
    """Pairs of rooms whose common wall is long enough for a door."""
    for a, b in combinations(rooms, 2):
        wall = _common_wall(a, b)
        if wall is not None and wall.length >= 1.0 + 2 * CORNER_M:
            yield a, b


def _common_wall(a: RoomSpec, b: RoomSpec) -> Wall | None:
    return next((w for w in walls(a, (b,)) if w.neighbour == b.id), None)


def _edges(
    rooms: Sequence[RoomSpec], tree: list[tuple[str, str]], rng: np.random.Generator
) -> Iterator[tuple[RoomSpec, RoomSpec]]:
    """The pairs that get a door: those of the tree and a few more that make sense."""
    for a, b in _neighbours(rooms):
        chosen = tuple(sorted((a.id, b.id))) in tree
        extra = rng.random() < 0.35 and _DOOR_COST[frozenset({a.type, b.type})] <= 1.0
        if chosen or extra:
            yield a, b


def _door(a: RoomSpec, b: RoomSpec, rng: np.random.Generator) -> OpeningSpec:
    wall = _common_wall(a, b)
    if wall is None:
        raise ValueError(f"{a.id} and {b.id} have no wall in common")
    room = wall.length - 2 * CORNER_M
    width, top = float(rng.choice([0.9, 0.95, 1.0])), 2.05
    wide = {a.type, b.type} == {"Kitchen", "LivingRoom"} and room >= 1.6 and rng.random() < 0.55
    if wide:
        width, top = round(float(min(room, rng.uniform(1.6, 2.4))), 2), 2.2
    play = max(room - width, 0.0)
    # A door near a corner leaves the longer stretch of wall to the furniture.
    offset = play * float(rng.choice([0.0, 1.0]) if rng.random() < 0.65 else rng.random())
    centre = round(wall.lo + CORNER_M + width / 2 + offset, 3)
    return _opening("door", (a.id, b.id), wall, centre, width, 0.0, top)


def _windows(room: RoomSpec, outline: Sequence[Wall], rng: np.random.Generator) -> Iterator[OpeningSpec]:
    small = room.type == "Bathroom"
    outer = [w for w in outline if not w.neighbour and w.length >= (1.2 if small else 2.0)]
    wanted = 1 if small or rng.random() < 0.4 else 2
    for k in rng.permutation(len(outer))[:wanted]:
        wall = outer[k]
        width = rng.uniform(0.6, 0.8) if small else rng.uniform(1.1, min(2.0, wall.length - 0.8))
        play = max(wall.length - width - 0.8, 0.0) * 0.25
        centre = (wall.lo + wall.hi) / 2 + rng.uniform(-play, play)
        yield _opening("window", (room.id,), wall, round(float(centre), 2), round(float(width), 2), 0.9, 2.1)


def _opening(
    kind: Literal["door", "window"],
    rooms: tuple[str, ...],
    wall: Wall,
    centre: float,
    width: float,
    bottom: float,
    top: float,
) -> OpeningSpec:
    x, y = (centre, wall.at) if wall.axis == "x" else (wall.at, centre)
    return OpeningSpec(kind, rooms, wall.axis, x, y, width, bottom, top)
