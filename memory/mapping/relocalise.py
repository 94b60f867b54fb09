"""Where in a stored map is a robot that was switched off? Its pose there, or "I do not know".

The robot looks about, and what it sees is laid over the map: first the outline in a few height bands, wherever on the
floor it fits, then the points themselves on the surfaces. The answer is believed if enough of the points lie on the
map and no other place does as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from engram.memory.mapping.correlate import Placement, pyramid, search
from engram.memory.mapping.errors import EmptyMapError
from engram.memory.mapping.icp import Fit, Points, Surface, icp
from engram.memory.mapping.mesh import Mesh
from engram.memory.mapping.planar import Poses, between, matrix, planar
from engram.memory.spatial.octree import FREE, Octree
from engram.perception.geometry import point_image
from engram.sims.contract import Observation


@dataclass(frozen=True)
class RelocaliseConfig:
    """How to look, and when to believe."""

    bands_m: tuple[float, ...] = (0.15, 0.5, 1.0, 1.5, 2.1)  # heights between which outlines are compared
    cell_m: float = 0.1
    headings: int = 180
    levels: int = 5  # of the pyramid
    outline_points: int = 400
    surface_points: int = 2000
    blur_m: float = 0.1
    penalty: float = 0.5  # for a point where the map is free
    places: int = 4  # that are tried on the surfaces
    apart_m: float = 0.5
    apart_rad: float = 0.35
    range_m: float = 5.0  # of the scan
    min_score: float = 0.88
    min_overlap: float = 0.5
    max_ambiguity: float = 0.9


@dataclass(frozen=True, eq=False)
class Relocalisation:
    """An answer; ``pose`` is None where the robot does not know."""

    pose: Poses | None  # (3,) x, y, yaw of the frame of the scan in the map
    score: float  # share of points on surfaces, of those that lie on surfaces or where the map is free; 0 to 1
    overlap: float  # share of the points that lie on either; the others lie where the map knows nothing
    ambiguity: float  # how well the second best place does in proportion to the best, 0 to 1
    reason: str  # why there is no pose; empty where there is one
    tried: tuple[Attempt, ...]  # different places, the best first


@dataclass(frozen=True, eq=False)
class Attempt:
    """How a scan fits at one place."""

    pose: Poses  # (3,)
    against: float  # share of the points that lie where the map is free
    fit: Fit

    @property
    def worth(self) -> float:
        """What speaks for the place less what speaks against it."""
        return max(0.0, self.fit.inliers - self.against)


@dataclass(frozen=True, eq=False)
class StoredMap:
    """What a scan is compared with: outlines by height, and surfaces."""

    config: RelocaliseConfig
    pyramids: NDArray[np.float32]
    origin: NDArray[np.int64]  # (2,) cell of the first entry
    size: NDArray[np.int64]  # (2,)
    surface: Surface
    tree: Octree

    @classmethod
    def of(cls, tree: Octree, mesh: Mesh | None = None, config: RelocaliseConfig | None = None) -> StoredMap:
        """Prepare a map.

        Args:
            tree: occupied and free cells; floor at z = 0.
            mesh: surface in the same frame; without it the cells of the octree serve, which are coarser.
            config: options.

        Raises:
            EmptyMapError: nothing in the height bands is occupied.

        """
        c = config or RelocaliseConfig()
        occupied, free = tree.voxels().centres_m, tree.voxels(wanted=FREE).centres_m
        band = _band(occupied, c)
        if not (band >= 0).any():
            raise EmptyMapError("the map has no occupied cell in the height bands; map something first")
        cells = _cells(occupied[band >= 0], c)
        origin, size = cells.min(axis=0) - 1, np.ptp(cells, axis=0) + 3
        values = _values(_raster(occupied, band, origin, size, c), _raster(free, _band(free, c), origin, size, c), c)
        surface = Surface.of_points(occupied) if mesh is None else Surface.of(mesh.vertices, mesh.normals())
        return cls(c, pyramid(values, c.levels), origin, size, surface, tree)

    def relocalise(self, points: ArrayLike) -> Relocalisation:
        """Find a scan.

        Args:
            points: (N, 3) metres in any frame whose z = 0 is the floor and whose z points up.

        Raises:
            EmptyMapError: no point lies in the height bands.

        """
        c = self.config
        cloud = thinned(np.asarray(points, np.float64).reshape(-1, 3), c.cell_m / 2)
        raised = cloud[_band(cloud, c) >= 0]
        if not len(raised):
            raise EmptyMapError("the scan has no point in the height bands; look about first")
        yaws = 2 * np.pi * np.arange(c.headings) / c.headings
        places = self._places(_outlines(raised, yaws, c))
        subset = _spread(raised, c.surface_points)
        attempts = []
        for place in places:
            x, y = (np.array([place.x, place.y]) + self.origin) * c.cell_m
            attempts.append(self._attempt(subset, matrix([x, y, yaws[place.heading]])))
        return self._judge(sorted(attempts, key=lambda a: -a.worth))

    def _attempt(self, points: Points, guess: NDArray[np.float64]) -> Attempt:
        fit = icp(points, self.surface, guess)
        off = points[~fit.inlying] @ fit.transform[:3, :3].T + fit.transform[:3, 3]
        against = float((self.tree.state(off) == FREE).sum() / len(points))
        return Attempt(planar(fit.transform), against, fit)

    def _places(self, scans: NDArray[np.int32]) -> list[Placement]:
        c = self.config
        apart = (round(c.apart_m / c.cell_m), max(1, round(c.apart_rad * c.headings / (2 * np.pi))))
        low, high = -scans[..., :2].max(axis=(0, 1)).astype(np.int64), self.size - scans[..., :2].min(axis=(0, 1))
        found: list[Placement] = []
        for _ in range(c.places):
            taken = np.array([[p.x, p.y, p.heading] for p in found], np.int64).reshape(-1, 3)
            place = search(self.pyramids, scans, low, high, taken, apart)
            if not place.score > 0:
                break
            found.append(place)
        return found

    def _judge(self, ranked: list[Attempt]) -> Relocalisation:
        """Decide; places that ICP has led to the same pose count once."""
        c = self.config
        if not ranked or ranked[0].worth <= 0:
            return Relocalisation(None, 0.0, 0.0, 0.0, "what is seen fits nowhere; map this place", ())
        best = ranked[0]
        others = [a for a in ranked[1:] if self._differ(a.pose, best.pose)]
        overlap = best.fit.inliers + best.against
        score, ambiguity = best.fit.inliers / overlap, others[0].worth / best.worth if others else 0.0
        reason = ""
        if overlap < c.min_overlap:
            reason = f"only {overlap:.0%} of what is seen lies in the part that is mapped; look about more"
        elif score < c.min_score:
            reason = f"{1 - score:.0%} of what is seen lies where the map is free; map this place again"
        elif ambiguity > c.max_ambiguity:
            reason = f"another place fits {ambiguity:.0%} as well; move on and look again"
        return Relocalisation(None if reason else best.pose, score, overlap, ambiguity, reason, (best, *others))

    def _differ(self, a: Poses, b: Poses) -> bool:
        x, y, yaw = between(a, b)
        return bool(np.hypot(x, y) > self.config.apart_m or abs(yaw) > self.config.apart_rad)


def scan_of(observations: Iterable[Observation], range_m: float = 5.0, stride: int = 4) -> Points:
    """Return what observations show as points, (N, 3), of the frame in which their poses are given."""
    parts = []
    for observation in observations:
        image = point_image(observation, stride)
        parts.append(image.points[image.valid & (image.range_m < range_m)])
    return np.concatenate(parts).astype(np.float64) if parts else np.empty((0, 3))


def _band(points: Points, config: RelocaliseConfig) -> NDArray[np.int64]:
    """Return the height band of each point, -1 outside of all."""
    band = np.searchsorted(config.bands_m, points[:, 2], side="right") - 1
    return np.where(band < len(config.bands_m) - 1, band, -1)


def _cells(points: Points, config: RelocaliseConfig) -> NDArray[np.int64]:
    return np.floor(points[:, :2] / config.cell_m).astype(np.int64)


def _raster(
    points: Points,
    band: NDArray[np.int64],
    origin: NDArray[np.int64],
    size: NDArray[np.int64],
    config: RelocaliseConfig,
) -> NDArray[np.bool_]:
    grid = np.zeros((len(config.bands_m) - 1, *size.tolist()), bool)
    cells = _cells(points, config) - origin
    good = (band >= 0) & ((cells >= 0) & (cells < size)).all(axis=1)
    grid[band[good], cells[good, 0], cells[good, 1]] = True
    return grid


def _values(occupied: NDArray[np.bool_], free: NDArray[np.bool_], config: RelocaliseConfig) -> NDArray[np.float32]:
    """Return how well a point fits into each cell: 1 on matter, less beside it, below 0 where nothing is."""
    values = np.zeros(occupied.shape, np.float32)
    for k in range(len(occupied)):
        if not occupied[k].any():
            values[k] = -config.penalty * free[k]
            continue
        distance = ndimage.distance_transform_edt(~occupied[k]) * config.cell_m
        near = np.exp(-0.5 * (distance / config.blur_m) ** 2)
        values[k] = np.where(free[k] & (distance > 2 * config.blur_m), -config.penalty, near)
    return values


def _outlines(points: Points, yaws: NDArray[np.float64], config: RelocaliseConfig) -> NDArray[np.int32]:
    """Return, (H, N, 3), the cells and bands of points turned by each yaw about the origin."""
    flat = np.column_stack([_cells(points, config), _band(points, config)])
    _, first = np.unique(flat, axis=0, return_index=True)
    chosen = _spread(points[np.sort(first)], config.outline_points)
    c, s = np.cos(yaws)[:, None], np.sin(yaws)[:, None]
    x, y = c * chosen[:, 0] - s * chosen[:, 1], s * chosen[:, 0] + c * chosen[:, 1]
    band = np.broadcast_to(_band(chosen, config), x.shape)
    return np.stack([np.floor(x / config.cell_m), np.floor(y / config.cell_m), band], axis=-1).astype(np.int32)


def thinned(points: Points, edge_m: float) -> Points:
    """Return the first point in each cube."""
    _, first = np.unique(np.floor(points / edge_m).astype(np.int64), axis=0, return_index=True)
    return points[np.sort(first)]


def _spread(points: Points, count: int) -> Points:
    if len(points) <= count:
        return points
    return points[np.linspace(0, len(points) - 1, count).astype(np.int64)]
