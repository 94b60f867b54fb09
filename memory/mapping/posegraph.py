"""A graph of poses on the floor and what was measured between them, made consistent by least squares.

Measurements that close a loop may be wrong altogether, so each is scaled down as far as it contradicts the others.
Drift makes right ones look wrong at first. So doubt grows step by step, from several beginnings between "all are right"
and "all that do not fit are wrong", and the outcome of the least cost counts.

Source: Grisetti et al., A tutorial on graph-based SLAM, ITS Magazine 2010; Agarwal et al., Robust map optimization
using dynamic covariance scaling, ICRA 2013; Yang et al., Graduated non-convexity for robust spatial perception, RA-L
2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from engram.memory.mapping.errors import PoseGraphError
from engram.memory.mapping.planar import Poses, wrap


@dataclass(frozen=True, eq=False)
class Constraint:
    """The second pose as measured from the first."""

    first: int
    second: int
    pose: Poses  # (3,) x, y, yaw
    information: NDArray[np.float64]  # (3, 3) inverse of the covariance, 1/m^2 and 1/rad^2
    loop: bool = False  # found by recognition, so possibly wrong altogether


@dataclass(frozen=True)
class PoseGraphConfig:
    """When to stop, and how soon a loop is doubted."""

    iterations: int = 100
    tolerance: float = 1e-6  # of the largest change, metres or radians
    doubt: float = 5.0  # squared Mahalanobis distance from which loops are scaled down


@dataclass(frozen=True, eq=False)
class Adjusted:
    """The outcome."""

    poses: Poses  # (N, 3)
    error: float  # sum of the squared Mahalanobis distances, scaled, and the cost of scaling
    scales: NDArray[np.float64]  # (C,) how far each constraint is believed; 1 for those that close no loop
    iterations: int


@dataclass(frozen=True, eq=False)
class _Edges:
    """Constraints as arrays."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    measured: Poses
    information: NDArray[np.float64]
    loop: NDArray[np.bool_]


def optimise(poses: ArrayLike, constraints: Sequence[Constraint], config: PoseGraphConfig | None = None) -> Adjusted:
    """Return the poses, (N, 3), that fit the constraints best; the first one stays where it is.

    Raises:
        PoseGraphError: a constraint names no pose, or some poses hang together with the first one by none.

    """
    c = config or PoseGraphConfig()
    current = np.array(poses, np.float64).reshape(-1, 3)
    edges = _edges(constraints, len(current))
    worst = max(c.doubt, float(_distances(edges, current)[edges.loop].max(initial=0.0)))
    doubts = np.unique(np.geomspace(c.doubt, worst, 4 if worst > c.doubt else 1))
    return min((_settle(edges, current, doubt, c) for doubt in doubts), key=lambda a: a.error)


def _settle(edges: _Edges, poses: Poses, doubt: float, config: PoseGraphConfig) -> Adjusted:
    """Improve the poses, while the distance from which loops are doubted shrinks to that of the configuration."""
    current, scales = poses, _scales(edges, poses, doubt)
    error, damping, done, settled = _error(edges, current, scales), 1e-6, 0, len(poses) < 2
    while done < config.iterations and not settled:
        done += 1
        step = _step(edges, current, scales, damping)
        moved = current + step
        moved[:, 2] = wrap(moved[:, 2])
        settled = doubt == config.doubt and np.abs(step).max() < config.tolerance
        if _error(edges, moved, scales) > error * (1 + 1e-9) and not settled:
            damping *= 10
            continue
        current, damping, doubt = moved, max(damping / 10, 1e-9), max(config.doubt, doubt / 2)
        scales = _scales(edges, current, doubt)
        error = _error(edges, current, scales)
    scales = _scales(edges, current, config.doubt)
    disbelief = config.doubt * ((1 - np.sqrt(scales)) ** 2).sum()
    return Adjusted(current, _error(edges, current, scales) + float(disbelief), scales, done)


def _edges(constraints: Sequence[Constraint], count: int) -> _Edges:
    first = np.array([k.first for k in constraints], np.int64)
    second = np.array([k.second for k in constraints], np.int64)
    ends = np.concatenate([first, second])
    if ((ends < 0) | (ends >= count)).any() or (first == second).any():
        raise PoseGraphError(f"a constraint joins two of the {count} poses, counted from 0")
    links = sparse.coo_matrix((np.ones(len(first)), (first, second)), (count, count))
    if count and connected_components(links, directed=False)[0] > 1:
        raise PoseGraphError("some poses do not hang together with the first; add constraints, or leave them out")
    measured = np.array([k.pose for k in constraints], np.float64).reshape(-1, 3)
    information = np.array([k.information for k in constraints], np.float64).reshape(-1, 3, 3)
    return _Edges(first, second, measured, information, np.array([k.loop for k in constraints], bool))


def _residuals(edges: _Edges, poses: Poses) -> tuple[Poses, NDArray[np.float64], NDArray[np.float64]]:
    """Return errors, (C, 3), and their derivatives, (C, 3, 3), by the first and the second pose."""
    a, b = poses[edges.first], poses[edges.second]
    turned = _rotations(a[:, 2] + edges.measured[:, 2])  # of the measured frame in the map
    apart = b[:, :2] - a[:, :2]
    errors = np.empty((len(a), 3))
    errors[:, :2] = _apply(turned, apart) - _apply(_rotations(edges.measured[:, 2]), edges.measured[:, :2])
    errors[:, 2] = wrap(b[:, 2] - a[:, 2] - edges.measured[:, 2])
    by_second = np.zeros((len(a), 3, 3))
    by_second[:, :2, :2], by_second[:, 2, 2] = turned, 1.0
    by_first = -by_second
    quarter = np.stack([apart[:, 1], -apart[:, 0]], axis=1)  # derivative of turning back by the yaw
    by_first[:, :2, 2] = _apply(turned, quarter)
    return errors, by_first, by_second


def _rotations(yaw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, (C, 2, 2), what turns back by each yaw."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.stack([np.stack([c, s], -1), np.stack([-s, c], -1)], axis=1)


def _apply(matrices: NDArray[np.float64], vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((matrices @ vectors[..., None])[..., 0])


def _distances(edges: _Edges, poses: Poses) -> NDArray[np.float64]:
    errors, _, _ = _residuals(edges, poses)
    return np.asarray((errors * _apply(edges.information, errors)).sum(axis=1))


def _scales(edges: _Edges, poses: Poses, doubt: float) -> NDArray[np.float64]:
    scale = np.minimum(1.0, 2 * doubt / (doubt + _distances(edges, poses))) ** 2
    return np.where(edges.loop, scale, 1.0)


def _error(edges: _Edges, poses: Poses, scales: NDArray[np.float64]) -> float:
    return float((scales * _distances(edges, poses)).sum())


def _step(edges: _Edges, poses: Poses, scales: NDArray[np.float64], damping: float) -> Poses:
    """Return a Levenberg-Marquardt step, (N, 3)."""
    errors, by_first, by_second = _residuals(edges, poses)
    weight = edges.information * scales[:, None, None]
    slopes, ends = (by_first, by_second), (edges.first, edges.second)
    size = 3 * len(poses)
    gradient = np.zeros(size)
    rows, columns, values = [], [], []
    for slope, end in zip(slopes, ends, strict=True):
        lever = slope.transpose(0, 2, 1) @ weight
        np.add.at(gradient.reshape(-1, 3), end, _apply(lever, errors))
        for other, other_end in zip(slopes, ends, strict=True):
            block = lever @ other
            rows.append(np.broadcast_to(3 * end[:, None, None] + np.arange(3)[:, None], block.shape).ravel())
            columns.append(np.broadcast_to(3 * other_end[:, None, None] + np.arange(3), block.shape).ravel())
            values.append(block.ravel())
    places = (np.concatenate(rows), np.concatenate(columns))
    full = sparse.coo_matrix((np.concatenate(values), places), (size, size)).tocsc()[3:, 3:]
    step = np.zeros(size)
    step[3:] = spsolve(full + damping * sparse.diags(full.diagonal(), format="csc"), -gradient[3:])
    return step.reshape(-1, 3)
