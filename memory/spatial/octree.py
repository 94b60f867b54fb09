"""A sparse voxel octree: occupancy with free space, what is known of each voxel, and questions at every level.

Leaves lie in hashed blocks of 8^3 cells. Coarser levels are such grids too: they are made when a question asks for
them, and kept until the map changes. Evidence, ray traversal and defaults are OctoMap's, so that maps can be compared
cell by cell (Hornung et al., OctoMap, Autonomous Robots 34, 2013).

Convention
    Positions are metres in the map frame. Cell (i, j, k) of level 0 spans [i, i + 1) times the resolution along x, and
    so on; a cell of level L is 2^L times as long. A parent is as occupied as its most occupied known child.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engram.memory.spatial import queries
from engram.memory.spatial.blocks import LEVELS, Blocks, Floats
from engram.memory.spatial.carve import carve, merge, touched_blocks
from engram.memory.spatial.errors import OutOfBoundsError
from engram.memory.spatial.morton import BITS, OFFSET, Cells, Keys, decode, encode
from engram.memory.spatial.payload import Payload
from engram.memory.spatial.queries import FREE, KNOWN, OCCUPIED, UNKNOWN
from engram.memory.spatial.scan import FINER, BitGrid, Scan, quantise

__all__ = ["FREE", "KNOWN", "OCCUPIED", "UNKNOWN", "Cast", "Octree", "SensorModel", "Voxels"]


@dataclass(frozen=True)
class SensorModel:
    """Probabilities of the inverse sensor model; the defaults are OctoMap's."""

    hit: float = 0.7
    miss: float = 0.4
    lowest: float = 0.1192  # clamping, so that a changed world is believed after a bounded number of frames
    highest: float = 0.971
    threshold: float = 0.5

    def log_odds(self) -> tuple[float, float, float, float, float]:
        """Return hit, miss, lowest, highest and threshold as log odds, rounded to single precision."""
        return _logit(self.hit), _logit(self.miss), _logit(self.lowest), _logit(self.highest), _logit(self.threshold)


@dataclass(frozen=True, eq=False)
class Voxels:
    """Cells of one level, in the order of their keys."""

    keys: Keys  # (N,) Morton keys of level 0, without the lowest 3 * level bits
    log_odds: Floats  # (N,)
    level: int
    edge_m: float

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.keys)

    def chosen(self, rows: NDArray[Any]) -> Voxels:
        """Return some of the cells, by index or mask."""
        return Voxels(self.keys[rows], self.log_odds[rows], self.level, self.edge_m)

    @property
    def cells(self) -> Cells:
        """Cell coordinates, int64 (N, 3), of this level."""
        return _cells(self.keys, self.level)

    @property
    def centres_m(self) -> NDArray[np.float64]:
        """Centres, (N, 3)."""
        return np.asarray((self.cells + 0.5) * self.edge_m)


@dataclass(frozen=True, eq=False)
class Cast:
    """Where rays ended: each array has one entry a ray."""

    state: NDArray[np.int8]  # OCCUPIED: hit; UNKNOWN: reached the unknown; FREE: nothing up to the maximum range
    cells: Cells  # (N, 3) where it ended; zeros where state is FREE
    distance_m: NDArray[np.float64]  # at which the ray enters that cell, or the maximum range


@dataclass(eq=False)
class Octree:
    """A map. One thread changes it at a time."""

    resolution_m: float = 0.05
    sensor: SensorModel = field(default_factory=SensorModel)
    blocks: Blocks = field(default_factory=Blocks, repr=False)
    payload: Payload = field(default_factory=Payload, repr=False)
    _coarse: dict[int, Blocks] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Work out the log odds of the sensor model once."""
        self._model = self.sensor.log_odds()

    def insert(self, points: ArrayLike, camera_m: ArrayLike, max_range_m: float = math.inf) -> Cells:
        """Add the points, (N, 3), of a depth image; see ``quantise`` and ``integrate``."""
        return self.integrate(quantise(points, camera_m, self.resolution_m, max_range_m))

    def integrate(self, scan: Scan) -> Cells:
        """Add a scan: end cells become likelier, cells that rays pass through less likely occupied.

        Returns:
            Cells, int64 (N, 3), that were occupied and were now seen to be empty; their payload is gone.

        Raises:
            ScanTooWideError: the rays span too many cells.

        """
        if not len(scan.hits) and not len(scan.beyond):
            return np.empty((0, 3), np.int64)
        camera = np.array(scan.camera_m, np.float32)
        at = np.floor(1.0 / self.resolution_m * camera.astype(np.float64)).astype(np.int32)
        hits = BitGrid.around(scan.hits, scan.beyond >> FINER, at[None])
        hits.mark(scan.hits)
        free = hits.empty_copy()
        for ends, finer in ((scan.hits, 0), (scan.beyond, FINER)):
            carve(free.bits, hits.low, hits.size, ends, camera, self.resolution_m, finer)
        return self._merge(hits, free)

    def update(self, cells: ArrayLike, occupied: bool) -> Cells:
        """Add one observation of each of the cells, integers (N, 3); returns as ``integrate`` does."""
        keys = np.unique(encode(cells))
        hit, miss, lowest, highest, threshold = self._model
        before = self.blocks.look_up(keys)
        after = np.clip(np.nan_to_num(before) + (hit if occupied else miss), lowest, highest)
        self.put(keys, after)
        gone = keys[(before >= threshold) & (after < threshold)]
        self.payload.clear(gone)
        return decode(gone)

    def put(self, keys: Keys, log_odds: Floats) -> None:
        """Set cells by their Morton keys, whatever they were."""
        self.blocks.put(keys, log_odds)
        self._coarse = {}

    def cell_of(self, points: ArrayLike, level: int = 0) -> Cells:
        """Return the cells, int64 (N, 3), in which points, (N, 3), lie.

        Raises:
            OutOfBoundsError: a point is outside of what keys can name, or not finite.

        """
        scaled = np.asarray(points, np.float64).reshape(-1, 3) * (1.0 / (self.resolution_m * 2**level))
        if not (np.abs(scaled) < OFFSET >> level).all():
            raise OutOfBoundsError("a point is outside the map; move the origin or coarsen the map")
        return np.asarray(np.floor(scaled), np.int64)

    def log_odds(self, points: ArrayLike, level: int = 0) -> Floats:
        """Return the log odds, float32 (N,), of the cells in which points, (N, 3), lie; NaN where nothing is known."""
        grid, spots = self.grid(level), np.asarray(points, np.float64).reshape(-1, 3)
        found = np.empty(len(spots), np.float32)
        edge = self.resolution_m * 2**level
        lost = queries.look(grid.table, grid.values, spots, edge, OFFSET >> level, found)
        if lost >= 0:
            raise OutOfBoundsError(f"point {spots[lost].tolist()} m is outside the map; move the origin or coarsen it")
        return found

    def state(self, points: ArrayLike, level: int = 0) -> NDArray[np.int8]:
        """Return OCCUPIED, FREE or UNKNOWN, int8 (N,), for points, (N, 3)."""
        values = self.log_odds(points, level)
        return (values >= self._model[-1]).view(np.int8) - np.isnan(values).view(np.int8)

    def box(self, low_m: ArrayLike, high_m: ArrayLike, level: int = 0, wanted: int = OCCUPIED) -> Voxels:
        """Return the wanted cells (OCCUPIED, FREE or KNOWN) that reach into a box, borders included."""
        low, high = self.cell_of(np.array([low_m, high_m]), level)
        return self._select(low, high, np.zeros(3), math.inf, level, wanted)

    def radius(self, centre_m: ArrayLike, radius_m: float, level: int = 0, wanted: int = OCCUPIED) -> Voxels:
        """Return the wanted cells whose centres are within a distance of a point."""
        centre = np.asarray(centre_m, np.float64)
        low, high = self.cell_of(np.array([centre - radius_m, centre + radius_m]), level)
        return self._select(low, high, centre, radius_m, level, wanted)

    def cast(
        self,
        origins: ArrayLike,
        directions: ArrayLike,
        max_range_m: float,
        level: int = 0,
        ignore_unknown: bool = False,
    ) -> Cast:
        """Follow rays, (N, 3) each, to the first occupied cell, or the first unknown one unless those are ignored.

        Raises:
            OutOfBoundsError: an origin lies outside of the map, or a direction has no length.
            ValueError: there are not as many origins as directions, or the range is not finite.

        """
        starts, ways = (np.ascontiguousarray(a, np.float32).reshape(-1, 3) for a in (origins, directions))
        if len(starts) != len(ways) or not 0 < max_range_m < math.inf:
            raise ValueError("rays need an origin and a direction each, and a finite max_range_m")
        answer = (np.empty(len(ways), np.int8), np.empty((len(ways), 3), np.int64), np.empty(len(ways)))
        geometry = (self.resolution_m * 2.0**level, OFFSET >> level, float(max_range_m), self._model[-1])
        grid = self.grid(level)
        lost = queries.cast(grid.table, grid.values, (starts, ways), geometry, ignore_unknown, answer)
        if lost >= 0:
            raise OutOfBoundsError(f"ray {lost} starts outside the map, or its direction has no length")
        return Cast(*answer)

    def voxels(self, level: int = 0, wanted: int = OCCUPIED) -> Voxels:
        """Return all wanted cells."""
        keys, values = self.grid(level).known()
        keep = np.ones(len(keys), bool) if wanted == KNOWN else (values >= self._model[-1]) == (wanted == OCCUPIED)
        return Voxels(keys, values, level, self.resolution_m * 2**level).chosen(keep)

    def grid(self, level: int) -> Blocks:
        """Return the cells of a level; parents are made now if need be."""
        if not 0 <= level <= BITS - LEVELS:
            raise OutOfBoundsError(f"level {level} is not in [0, {BITS - LEVELS}]")
        if level == 0:
            return self.blocks
        made = self._coarse  # readers may make a level twice, but never mix levels of two states
        if level not in made:
            made[level] = self.grid(level - 1).halved()
        return made[level]

    @property
    def nbytes(self) -> int:
        """Bytes of memory of the leaves and their payload, spare room included."""
        return self.blocks.nbytes + self.payload.nbytes

    def _store(self, level: int) -> tuple[NDArray[np.int64], Keys, Floats, int]:
        grid = self.grid(level)
        return grid.table, grid.keys, grid.values, grid.count

    def _select(
        self, low: Cells, high: Cells, centre_m: NDArray[np.float64], radius_m: float, level: int, wanted: int
    ) -> Voxels:
        edge, offset = self.resolution_m * 2**level, OFFSET >> level
        first, last = (tuple((c + offset).tolist()) for c in (low, high))
        ball = (tuple((centre_m / edge + offset).tolist()), (radius_m / edge) ** 2)
        keys, values = queries.select(self._store(level), (first, last), ball, wanted, self._model[-1])
        return Voxels(keys, values, level, edge)

    def _merge(self, hits: BitGrid, free: BitGrid) -> Cells:
        numbers = touched_blocks(hits.bits | free.bits, hits.size)
        self.blocks.reserve(len(numbers))
        vanished = np.empty(len(numbers) << 3 * LEVELS, np.int64)
        grid = (hits.bits, free.bits, hits.low, hits.size)
        store = (self.blocks.table, self.blocks.keys, self.blocks.values)
        self.blocks.count, gone = merge(grid, numbers, store, self.blocks.count, self._model, vanished)
        self._coarse = {}
        keys = np.sort(vanished[:gone])
        self.payload.clear(keys)
        return decode(keys)


def _logit(chance: float) -> float:
    return float(np.float32(math.log(chance / (1.0 - chance))))


def _cells(keys: Keys, level: int) -> Cells:
    return decode(keys << 3 * level) >> level
