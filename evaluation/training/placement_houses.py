"""Tidy houses for the placement network: the memory graph, and scenes as a robot has them after a look around.

Nothing is rendered. What the robot has is drawn from the true furniture: rooms it did not get to, things it missed,
labels it got wrong, and types of rooms believed by what is near, as the agent believes them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engram.evaluation.training.houses import Use, check_use
from engram.perception.relations import FLOOR, Placed
from engram.planners.associative.graph import Edge, KnownThing, MemoryGraph, MemoryNode, SceneNode, merged, room_edges
from engram.planners.placement import PlacementPrior
from engram.sims.house.catalog.registry import build
from engram.sims.house.categories import CATEGORIES
from engram.sims.house.components import walk
from engram.sims.house.generate import generate
from engram.sims.house.geometry import Shape, box_corners, part_corners, quat_matrix, yaw_matrix
from engram.sims.house.spec import HouseSpec

VERSION = 1
Box = tuple[float, float, float, float, float, float]  # x0, y0, z0, x1, y1, z1 in metres, house frame


class TidyHouseError(ValueError):
    """Raised for a file of a tidy house that cannot be used; the message names it and says what to do."""


@dataclass(frozen=True)
class Furniture:
    """A fixture or a component of one."""

    id: str
    label: str
    room: str
    box: Box
    yaw: float  # rad; its front is at +x when 0


@dataclass(frozen=True)
class Kept:
    """Something that can be put away, where a tidy household keeps it."""

    label: str
    room: str
    holder: str  # id of the furniture; empty for the floor
    box: Box


@dataclass(frozen=True)
class TidyHouse:
    """What matters of a house for placing."""

    seed: int
    rooms: dict[str, tuple[str, float, float, float, float]]  # id -> type, x0, y0, x1, y1
    furniture: tuple[Furniture, ...]
    kept: tuple[Kept, ...]

    def room_type(self, room: str) -> str:
        """Type of a room by its id."""
        return self.rooms[room][0]


@dataclass(frozen=True)
class LookConfig:
    """What a robot gets wrong when it looks around."""

    unseen_room: float = 0.1  # share of rooms that it did not get to; one is always seen
    missed: float = 0.15  # share of the furniture of a room that it did not see
    mistaken: float = 0.03  # share with the label of something else
    merged: float = 0.1  # share of rooms taken for one with another
    room_scale_m: float = 2.0  # as the agent weighs furniture by distance
    spread_m: float = 0.1  # deviation of where it takes things to be


@dataclass(frozen=True)
class Look:
    """What a robot has of a house; ``truth`` goes with ``nodes`` and is for labels and scoring only."""

    seed: int
    nodes: tuple[SceneNode, ...]
    truth: tuple[tuple[str, str], ...]  # true label and type of room of each node


def tidy_house(seed: int, use: Use) -> TidyHouse:
    """Generate the house of a seed; raise :class:`SeedError` when it may not be used so."""
    return described(generate(check_use(seed, use)))


def described(spec: HouseSpec) -> TidyHouse:
    """Take from a specification what matters for placing."""
    furniture = [
        Furniture(c.id, c.shape.category, f.room, _box(c.shape, yaw_matrix(c.yaw), c.pos), c.yaw)
        for f in spec.fixtures
        for c in walk(f.id, build(f.category, f.variant), f.pos, f.yaw)
    ]
    kept = [
        Kept(o.category, o.room, o.receptacle, _box(build(o.category, o.variant), quat_matrix(o.quat), o.pos))
        for o in spec.objects
    ]
    rooms = {r.id: (str(r.type), r.x0, r.y0, r.x1, r.y1) for r in spec.rooms}
    return TidyHouse(spec.seed, rooms, tuple(furniture), tuple(kept))


def houses(seeds: Iterable[int], use: Use, folder: Path) -> Iterable[TidyHouse]:
    """Yield the houses of seeds; those that lie in ``folder`` are not generated again.

    Raises:
        SeedError: a seed may not be used so.
        TidyHouseError: a file of the folder is broken.

    """
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        path = folder / f"{check_use(seed, use)}.json"
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_text(json.dumps({"version": VERSION, **asdict(tidy_house(seed, use))}), encoding="utf-8")
            part.replace(path)
        yield _read(path)


def memory_graph(tidy: Iterable[TidyHouse]) -> MemoryGraph:
    """Build the memory graph of tidy houses."""
    return merged(_room_graph(house, room) for house in tidy for room in sorted(house.rooms))


def look(house: TidyHouse, prior: PlacementPrior, rng: np.random.Generator, config: LookConfig | None = None) -> Look:
    """Draw what a robot may have of a house after looking around."""
    c = config or LookConfig()
    regions = _regions(house, c, rng)
    labels = sorted({f.label for f in house.furniture})
    seen: list[tuple[Furniture, str, NDArray[np.float64]]] = []
    for f in house.furniture:
        if f.room not in regions or rng.random() < c.missed:
            continue
        label = str(rng.choice(labels)) if rng.random() < c.mistaken else f.label
        seen.append((f, label, _centre(f.box) + rng.normal(0.0, c.spread_m, 3)))
    places = np.array([centre[:2] for _, _, centre in seen]).reshape(-1, 2)
    shares = np.exp(-np.linalg.norm(places[:, None] - places, axis=-1) / c.room_scale_m).tolist()
    names = [(regions[f.room], label) for f, label, _ in seen]
    nodes = []
    for (f, label, centre), row in zip(seen, shares, strict=True):
        near: dict[str, float] = {}
        for (region, name), share in zip(names, row, strict=True):
            if region == regions[f.room] and share > near.get(name, 0.0):
                near[name] = share
        x, y, z = (round(float(v), 2) for v in centre)
        nodes.append(SceneNode(label, prior.room_belief(near), (x, y, z)))
    return Look(house.seed, tuple(nodes), tuple((f.label, house.room_type(f.room)) for f, _, _ in seen))


def holder_label(holder: str) -> str:
    """Label of a holder's id: ``"CounterTop_1/Drawer_2"`` is a ``Drawer``, nothing is the floor."""
    return holder.rpartition("/")[2].rpartition("_")[0] or FLOOR


def _regions(house: TidyHouse, config: LookConfig, rng: np.random.Generator) -> dict[str, str]:
    """Return the region of each room that was seen; rooms taken for one share it."""
    rooms = sorted(house.rooms)
    seen = [room for room in rooms if rng.random() >= config.unseen_room] or [rooms[int(rng.integers(len(rooms)))]]
    return {room: str(rng.choice(seen)) if rng.random() < config.merged else room for room in seen}


def _room_graph(house: TidyHouse, room: str) -> tuple[list[MemoryNode], list[Edge]]:
    kind, x0, y0, x1, y1 = house.rooms[room]
    floor = Placed(FLOOR, np.array([x0, y0, -0.1]), np.array([x1, y1, 0.0]))
    furniture = [f for f in house.furniture if f.room == room]
    number = {"": 0, **{f.id: k for k, f in enumerate(furniture, 1)}}
    things = [KnownThing(floor)]
    for f in furniture:
        front = np.array([math.cos(f.yaw), math.sin(f.yaw)])
        things.append(KnownThing(_placed(f.label, f.box), front=front))
    for k in house.kept:
        if k.room == room:
            things.append(KnownThing(_placed(k.label, k.box), number.get(k.holder), fixed=False))
    nodes = [MemoryNode(house.seed, room, kind, t.placed.label) for t in things]
    return nodes, room_edges(things)


def _placed(label: str, box: Box) -> Placed:
    known = CATEGORIES[label]
    return Placed(label, np.array(box[:3]), np.array(box[3:]), known.receptacle)


def _box(shape: Shape, turn: NDArray[np.float64], pos: Sequence[float]) -> Box:
    corners = _corners(shape.category, shape) @ turn.T + np.asarray(pos)
    lo, hi = corners.min(0).round(3), corners.max(0).round(3)
    return (float(lo[0]), float(lo[1]), float(lo[2]), float(hi[0]), float(hi[1]), float(hi[2]))


@cache
def _corners(category: str, shape: Shape) -> NDArray[np.float64]:
    """(N, 3) points that bound a shape without its children."""
    parts = [part_corners(p) for p in (*shape.parts, *shape.moving)]
    points: NDArray[np.float64] = np.concatenate(parts) if parts else box_corners(*shape.bounds())
    return points


def _centre(box: Box) -> NDArray[np.float64]:
    return np.asarray((np.array(box[:3]) + np.array(box[3:])) / 2, np.float64)


def _read(path: Path) -> TidyHouse:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw.get("version") != VERSION:
            raise TidyHouseError(f"{path}: not a tidy house of version {VERSION}; delete it, and it is made again")
        return TidyHouse(
            raw["seed"],
            {room: tuple(values) for room, values in raw["rooms"].items()},
            tuple(Furniture(**{**f, "box": tuple(f["box"])}) for f in raw["furniture"]),
            tuple(Kept(**{**k, "box": tuple(k["box"])}) for k in raw["kept"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, TidyHouseError):
            raise
        raise TidyHouseError(f"{path}: broken ({error}); delete it, and it is made again") from error
