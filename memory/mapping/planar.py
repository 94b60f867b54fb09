"""Poses on the floor: (x, y, yaw) in metres and radians, the last axis of arrays (..., 3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Poses = NDArray[np.float64]


def wrap(angle: ArrayLike) -> NDArray[np.float64]:
    """Return the same angles in [-pi, pi)."""
    return np.asarray((np.asarray(angle, np.float64) + np.pi) % (2 * np.pi) - np.pi)


def compose(a: ArrayLike, b: ArrayLike) -> Poses:
    """Return the poses b, given in the frames a, in the frame in which a is given."""
    first, second = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
    c, s = np.cos(first[..., 2]), np.sin(first[..., 2])
    x = first[..., 0] + c * second[..., 0] - s * second[..., 1]
    y = first[..., 1] + s * second[..., 0] + c * second[..., 1]
    return np.stack([x, y, wrap(first[..., 2] + second[..., 2])], axis=-1)


def between(a: ArrayLike, b: ArrayLike) -> Poses:
    """Return the poses b as seen from a."""
    return compose(inverse(a), b)


def inverse(a: ArrayLike) -> Poses:
    """Return the origin as seen from a."""
    pose = np.asarray(a, np.float64)
    c, s = np.cos(pose[..., 2]), np.sin(pose[..., 2])
    x, y = -c * pose[..., 0] - s * pose[..., 1], s * pose[..., 0] - c * pose[..., 1]
    return np.stack([x, y, wrap(-pose[..., 2])], axis=-1)


def matrix(pose: ArrayLike) -> NDArray[np.float64]:
    """Return a pose, (3,), as homogeneous matrix, (4, 4)."""
    x, y, yaw = np.asarray(pose, np.float64).tolist()
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0, x], [s, c, 0, y], [0, 0, 1, 0], [0, 0, 0, 1]])


def planar(transform: ArrayLike) -> Poses:
    """Return x, y and yaw, (3,), of a homogeneous matrix, (4, 4)."""
    t = np.asarray(transform, np.float64)
    return np.array([t[0, 3], t[1, 3], np.arctan2(t[1, 0], t[0, 0])])
