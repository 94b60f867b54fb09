"""Maps to learn searching from: what the robot knows after a part of a walk, and where everything really is.

A walk goes from one random place of an undisturbed house to others and looks ahead on the way. The map is that of the
agent; things in it are known by the parts of them that the true masks have shown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engram.evaluation.search import findable
from engram.evaluation.training.frames import Studio
from engram.evaluation.training.houses import Use, check_use, house_seeds
from engram.memory.occupancy import Occupancy
from engram.perception.geometry import PointImage, point_image
from engram.planners.search.grid import BirdsEye, GridConfig, birds_eye, boxes_of
from engram.sims.contract import TrueObject
from engram.sims.house.stance import Base, Stance

VERSION = 1
_STEP_M, _RADIUS_M = 0.25, 0.2  # of the base
_LEAST_POINTS = 2  # of a thing that is seen, on every second row and column
_YAWS_DEG = (0.0, 90.0, 180.0, 270.0)
_SIDES = {(1, 0): 0.0, (0, 1): 90.0, (-1, 0): 180.0, (0, -1): 270.0}
Cell = tuple[int, int]


class MapsError(ValueError):
    """Raised for a file of maps that cannot be used; the message names it and what to do."""


@dataclass(frozen=True)
class WalkConfig:
    """How much of a house is walked through."""

    walks: int = 2
    moments: tuple[int, ...] = (4, 9, 18, 36)  # numbers of frames after which a map is kept
    every: int = 2  # steps between frames
    turns: float = 0.5  # share of the goals at which the robot looks all around
    pitch_deg: float = 30.0
    size: int = 224  # pixels


@dataclass(frozen=True, eq=False)
class HouseMaps:
    """The maps of one house."""

    seed: int
    moments: tuple[int, ...]  # numbers of frames after which maps of a walk were kept
    scenes: tuple[BirdsEye, ...]  # of one walk after the other
    labels: tuple[str, ...]  # of all things that can be found
    spans: NDArray[np.float64]  # (N, 4) x0, y0, x1, y1 of each, map frame, metres

    def boxes(self, scene: BirdsEye, label: str) -> NDArray[np.int64]:
        """(K, 4) cells of a scene in which the things of a label are."""
        chosen = np.array([name == label for name in self.labels], bool)
        return boxes_of(self.spans[chosen], scene.origin, scene.shape, scene.cell_m)


class SeenThings:
    """The rectangles of what was seen of each of N things."""

    def __init__(self, count: int) -> None:
        """Begin with nothing seen."""
        self.spans = np.tile(np.array([np.inf, np.inf, -np.inf, -np.inf]), (count, 1))  # (N, 4) metres

    def numbers(self) -> list[int]:
        """Numbers of the things that were seen."""
        return [int(k) for k in np.flatnonzero(np.isfinite(self.spans[:, 0]))]

    def add(self, image: PointImage, instances: NDArray[np.int32]) -> None:
        """Take a frame in, with the (H, W) number of the thing at each pixel, -1 for none."""
        owner = np.where(image.valid, instances[:: image.stride, :: image.stride], -1).ravel()
        shown = np.bincount(owner + 1, minlength=len(self.spans) + 1)[1:] >= _LEAST_POINTS
        at = np.flatnonzero((owner >= 0) & shown[owner])
        xy = image.points.reshape(-1, 3)[at, :2]
        for axis in range(2):
            np.minimum.at(self.spans[:, axis], owner[at], xy[:, axis])
            np.maximum.at(self.spans[:, 2 + axis], owner[at], xy[:, axis])


def house_maps(seed: int, use: Use, config: WalkConfig | None = None, grid: GridConfig | None = None) -> HouseMaps:
    """Walk through the house of a seed; raise :class:`SeedError` when it may not be used so."""
    c = config or WalkConfig()
    studio = Studio(width=c.size, height=c.size)
    try:
        studio.reset(seed=check_use(seed, use), options={"mess": 0})
        rng = np.random.default_rng([seed, VERSION])
        cells = [(int(i), int(j)) for i, j in np.rint(studio.truth.reachable() / _STEP_M)]
        names = studio.truth.categories()
        scenes = []
        for _ in range(c.walks):
            occupancy, seen = Occupancy(), SeenThings(len(names))
            for number, stance in enumerate(_walk(cells, c, rng), 1):
                image = point_image(studio.view(stance))
                occupancy.integrate(image)
                occupancy.visit(stance.base.x_m, stance.base.y_m, _RADIUS_M)
                seen.add(image, studio.truth.instances())
                if number in c.moments:
                    chosen = seen.numbers()
                    scenes.append(birds_eye(occupancy, [names[k] for k in chosen], seen.spans[chosen], grid))
                if number == max(c.moments):
                    break
        things = findable(studio.truth.objects())
        spans = [[p - e / 2 for p, e in _sides(t)] + [p + e / 2 for p, e in _sides(t)] for t in things]
        return HouseMaps(
            seed, c.moments, tuple(scenes), tuple(t.category for t in things), np.array(spans).reshape(-1, 4)
        )
    finally:
        studio.close()


def collect(
    use: Use, first: int, houses: int, folder: Path, progress: Callable[[str], None] = lambda text: None
) -> list[HouseMaps]:
    """Return the maps of some houses; those that lie in ``folder`` are not made again.

    Raises:
        SeedError: the houses may not be used so.
        MapsError: a file of the folder is broken.

    """
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number, seed in enumerate(house_seeds(use, houses, first), 1):
        path = folder / f"house-{seed:06d}.npz"
        if not path.exists():
            write_maps(path, house_maps(seed, use))
            progress(f"{use} house {number} of {houses}")
        found.append(read_maps(path))
    return found


def write_maps(path: Path, maps: HouseMaps) -> None:
    """Write a file at once: it is there whole or not at all."""
    arrays: dict[str, NDArray[np.generic]] = {
        "head": np.array([VERSION, maps.seed, len(maps.scenes)]),
        "moments": np.array(maps.moments),
        "labels": np.array(maps.labels, np.str_),
        "spans": maps.spans,
    }
    for k, scene in enumerate(maps.scenes):
        arrays[f"layers{k}"] = np.rint(scene.layers * 255.0).astype(np.uint8)
        arrays[f"origin{k}"], arrays[f"cell{k}"] = scene.origin, np.array(scene.cell_m)
        arrays[f"labels{k}"], arrays[f"boxes{k}"] = np.array(scene.labels, np.str_), scene.boxes.astype(np.int32)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    unfinished.replace(path)


def read_maps(path: Path) -> HouseMaps:
    """Read a file that :func:`write_maps` wrote; raise :class:`MapsError` for any other."""
    try:
        with np.load(path, allow_pickle=False) as file:
            version, seed, count = (int(v) for v in file["head"])
            if version != VERSION:
                raise MapsError(f"{path}: not maps of version {VERSION}; delete it, and it is made again")
            scenes = tuple(
                BirdsEye(
                    file[f"layers{k}"].astype(np.float32) / np.float32(255.0),
                    file[f"origin{k}"],
                    float(file[f"cell{k}"]),
                    tuple(str(name) for name in file[f"labels{k}"]),
                    file[f"boxes{k}"].astype(np.int64),
                )
                for k in range(count)
            )
            moments = tuple(int(m) for m in file["moments"])
            return HouseMaps(seed, moments, scenes, tuple(str(name) for name in file["labels"]), file["spans"])
    except (KeyError, OSError, ValueError) as error:
        if isinstance(error, MapsError):
            raise
        raise MapsError(f"{path}: broken ({error}); delete it, and it is made again") from error


def _sides(thing: TrueObject) -> list[tuple[float, float]]:
    return list(zip(thing.position[:2], thing.extent[:2], strict=True))


def _walk(cells: Sequence[Cell], config: WalkConfig, rng: np.random.Generator) -> Iterator[Stance]:
    """Yield stances along a way that never ends: all around at first, then ahead, at some goals all around again."""
    here, around = cells[int(rng.integers(len(cells)))], True
    while True:
        if around:
            for yaw in _YAWS_DEG:
                yield _stance(here, yaw, config)
        way = _way(here, cells[int(rng.integers(len(cells)))], set(cells))
        for number, (a, b) in enumerate(pairwise(way), 1):
            if number % config.every == 0:
                yield _stance(b, _SIDES[b[0] - a[0], b[1] - a[1]], config)
        here, around = way[-1], len(way) < 2 or bool(rng.random() < config.turns)


def _stance(cell: Cell, yaw_deg: float, config: WalkConfig) -> Stance:
    return Stance(Base(cell[0] * _STEP_M, cell[1] * _STEP_M, yaw_deg), config.pitch_deg)


def _way(start: Cell, goal: Cell, free: set[Cell]) -> list[Cell]:
    """Return the cells of a shortest way, both ends included; only the start when there is none."""
    before: dict[Cell, Cell] = {goal: goal}
    queue = deque([goal])
    while queue and start not in before:
        cell = queue.popleft()
        for di, dj in _SIDES:
            after = (cell[0] + di, cell[1] + dj)
            if after in free and after not in before:
                before[after] = cell
                queue.append(after)
    way = [start]
    while start in before and way[-1] != goal:
        way.append(before[way[-1]])
    return way
