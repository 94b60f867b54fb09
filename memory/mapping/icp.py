"""Point-to-plane ICP: move points so that they lie on a surface.

Source: Chen and Medioni, Object modelling by registration of multiple range images, 1992; weights after Tukey.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from engram.memory.mapping.errors import EmptyMapError

Points = NDArray[np.float64]
_PLANAR = (0, 1, 5)  # along x and y, about z


@dataclass(frozen=True, eq=False)
class Surface:
    """Points of a surface with normals, of either sign, and an index over them."""

    points: Points  # (N, 3) metres
    normals: Points  # (N, 3) unit length
    tree: cKDTree

    @classmethod
    def of(cls, points: ArrayLike, normals: ArrayLike) -> Surface:
        """Index points whose normals are known; those without normal are left out.

        Raises:
            EmptyMapError: no point is left.

        """
        p, n = np.asarray(points, np.float64).reshape(-1, 3), np.asarray(normals, np.float64).reshape(-1, 3)
        good = (np.abs(n) > 0).any(axis=1)
        if not good.any():
            raise EmptyMapError("a surface needs points with normals; map something first")
        return cls(p[good], n[good], cKDTree(p[good]))

    @classmethod
    def of_points(cls, points: ArrayLike, neighbours: int = 12) -> Surface:
        """Index points and take normals from how their neighbours lie."""
        p = np.asarray(points, np.float64).reshape(-1, 3)
        if len(p) < 3:
            raise EmptyMapError("a surface needs at least three points; map something first")
        tree = cKDTree(p)
        _, near = tree.query(p, min(neighbours, len(p)))
        offsets = p[near] - p[near].mean(axis=1, keepdims=True)
        _, axes = np.linalg.eigh(np.einsum("nki,nkj->nij", offsets, offsets))
        return cls(p, axes[..., 0], tree)


@dataclass(frozen=True, eq=False)
class IcpConfig:
    """When to stop and what to believe."""

    start_m: float = 0.5  # pairs farther apart are left out at first
    end_m: float = 0.1  # and in the end
    iterations: int = 40
    planar: bool = True  # only x, y and yaw are open, as for a robot on the floor that knows its tilt


@dataclass(frozen=True, eq=False)
class Fit:
    """Where points came to lie."""

    transform: NDArray[np.float64]  # (4, 4): target_T_points
    inliers: float  # share of the points that lie within ``end_m`` of the surface
    rms_m: float  # of their distances from its planes
    information: NDArray[np.float64]  # (D, D), 1/m^2 and 1/rad^2: x, y (z, roll, pitch), yaw about the centre
    inlying: NDArray[np.bool_]  # (N,) which points lie there
    iterations: int


def icp(points: ArrayLike, surface: Surface, guess: ArrayLike, config: IcpConfig | None = None) -> Fit:
    """Align points, (N, 3), with a surface, starting at a homogeneous matrix, (4, 4).

    Raises:
        EmptyMapError: there are no points.

    """
    c = config or IcpConfig()
    cloud = np.asarray(points, np.float64).reshape(-1, 3)
    if not len(cloud):
        raise EmptyMapError("nothing to align: the scan has no points")
    transform = np.array(guess, np.float64)
    reach, done = c.start_m, 0
    free = _PLANAR if c.planar else tuple(range(6))
    for _ in range(c.iterations):
        done += 1
        step, _ = _step(cloud, surface, transform, reach, free)
        transform = _moved(transform, step, cloud)
        small = np.abs(step[:3]).max() < 1e-4 and np.abs(step[3:]).max() < 1e-4
        if small and reach == c.end_m:
            break
        reach = max(c.end_m, reach * 0.8)
    _, information = _step(cloud, surface, transform, c.end_m, free)
    placed = cloud @ transform[:3, :3].T + transform[:3, 3]
    distance, near = surface.tree.query(placed, distance_upper_bound=c.end_m)
    hit = np.isfinite(distance)
    off = ((placed[hit] - surface.points[near[hit]]) * surface.normals[near[hit]]).sum(axis=1)
    rms = float(np.sqrt((off**2).mean())) if len(off) else float("inf")
    return Fit(transform, float(hit.mean()), rms, information, hit, done)


def _step(
    cloud: Points, surface: Surface, transform: NDArray[np.float64], reach_m: float, free: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a Gauss-Newton step, (6,): translation and rotation about the centre; and the information."""
    placed = cloud @ transform[:3, :3].T + transform[:3, 3]
    distance, near = surface.tree.query(placed, distance_upper_bound=reach_m)
    hit = np.isfinite(distance)
    step = np.zeros(6)
    if hit.sum() < 6:
        return step, np.zeros((len(free), len(free)))
    normals = surface.normals[near[hit]]
    off = ((placed[hit] - surface.points[near[hit]]) * normals).sum(axis=1)
    weight = (1 - np.minimum(np.abs(off) / reach_m, 1) ** 2) ** 2
    slope = np.concatenate([normals, np.cross(placed[hit] - placed.mean(axis=0), normals)], axis=1)[:, free]
    information = (slope * weight[:, None]).T @ slope
    damping = 1e-6 * np.trace(information) * np.eye(len(free))  # along a bare corridor nothing is known: stay
    step[list(free)] = -np.linalg.solve(information + damping + 1e-12 * np.eye(len(free)), slope.T @ (weight * off))
    spread = max(float((weight * off**2).sum() / max(weight.sum(), 1e-9)), 1e-6)
    return step, information / spread


def _moved(transform: NDArray[np.float64], step: NDArray[np.float64], cloud: Points) -> NDArray[np.float64]:
    centre = (cloud @ transform[:3, :3].T + transform[:3, 3]).mean(axis=0)
    turn = Rotation.from_rotvec(step[3:]).as_matrix()
    moved = np.eye(4)
    moved[:3, :3] = turn @ transform[:3, :3]
    moved[:3, 3] = turn @ (transform[:3, 3] - centre) + centre + step[:3]
    return moved
