"""From depth to points of the map frame, and back to the image.

Convention: ``map`` is z up, metres; the optical frame is x right, y down, z forward; a pixel (row i, column j) looks
through (j + 0.5, i + 0.5). Depth runs along the optical axis and 0 marks an invalid reading.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import Camera, Observation

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PointImage:
    """A frame's depth as points, on every ``stride``-th pixel."""

    points: NDArray[np.float32]  # (h, w, 3) map frame, metres; meaningless where not valid
    valid: Mask  # (h, w)
    range_m: NDArray[np.float32]  # (h, w) horizontal distance from the camera
    camera_m: Floats  # (3,) position of the camera in map
    stride: int


def camera_of(observation: Observation) -> Camera:
    """Return the intrinsics of an observation."""
    return Camera(*(float(v) for v in observation["camera"]))


def wrap_angle(angle_rad: float) -> float:
    """Return the same angle in (-pi, pi]."""
    return math.pi - (math.pi - angle_rad) % (2 * math.pi)


def point_image(observation: Observation, stride: int = 2, near_m: float = 0.3) -> PointImage:
    """Lift every ``stride``-th pixel; readings nearer than ``near_m`` (a held object) are invalid."""
    camera = camera_of(observation)
    depth = observation["depth"][::stride, ::stride]
    h, w = depth.shape
    across = ((np.arange(w, dtype=np.float32) * stride + 0.5) - np.float32(camera.cx)) / np.float32(camera.fx)
    down = ((np.arange(h, dtype=np.float32) * stride + 0.5) - np.float32(camera.cy)) / np.float32(camera.fy)
    pose = observation["map_T_camera"].astype(np.float32)
    points = np.empty((h, w, 3), np.float32)
    for k in range(3):
        ray = across[None, :] * pose[k, 0] + (down * pose[k, 1] + pose[k, 2])[:, None]
        points[..., k] = depth * ray + pose[k, 3]
    centre = observation["map_T_camera"][:3, 3].copy()
    offset = points[..., :2] - pose[:2, 3]
    return PointImage(points, depth > near_m, np.hypot(offset[..., 0], offset[..., 1]), centre, stride)


def lift(observation: Observation, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Floats:
    """(N, 3) map points of the pixels at ``rows`` and ``cols`` that have a valid depth."""
    camera = camera_of(observation)
    depth = observation["depth"][rows, cols].astype(np.float64)
    good = depth > 0
    depth, rows, cols = depth[good], rows[good], cols[good]
    optical = np.stack([(cols + 0.5 - camera.cx) / camera.fx, (rows + 0.5 - camera.cy) / camera.fy, np.ones(len(rows))])
    pose = observation["map_T_camera"]
    return np.asarray((pose[:3, :3] @ (optical * depth)).T + pose[:3, 3])


def project(points: Floats, observation: Observation) -> tuple[Floats, Floats]:
    """Return (N, 2) image points (u, v), in [0, 1] when in view, and (N,) optical depths of (N, 3) map points."""
    camera = camera_of(observation)
    pose = observation["map_T_camera"]
    optical = (np.asarray(points, np.float64).reshape(-1, 3) - pose[:3, 3]) @ pose[:3, :3]
    depth = optical[:, 2]
    safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
    u = (camera.fx * optical[:, 0] / safe + camera.cx) / camera.width
    v = (camera.fy * optical[:, 1] / safe + camera.cy) / camera.height
    return np.stack([u, v], 1), depth


def in_view(uv: Floats, depth: Floats, margin: float = 0.0) -> Mask:
    """Whether projected points lie in the image, ``margin`` (a share of its size) away from its border."""
    inside = np.all((uv > margin) & (uv < 1.0 - margin), axis=1)
    return np.asarray(inside & (depth > 0.05))


def pitch_of(observation: Observation) -> float:
    """Camera pitch in radians; positive looks down."""
    return float(math.asin(max(-1.0, min(1.0, -observation["map_T_camera"][2, 2]))))


def up_facing(image: PointImage, tolerance: float = 0.9) -> Mask:
    """(h, w) whether the surface at each point faces up: its normal's z is at least ``tolerance``."""
    p = image.points
    right = p[1:-1, 2:] - p[1:-1, :-2]
    down = p[2:, 1:-1] - p[:-2, 1:-1]
    x = right[..., 1] * down[..., 2] - right[..., 2] * down[..., 1]
    y = right[..., 2] * down[..., 0] - right[..., 0] * down[..., 2]
    z = right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0]
    level = np.abs(z) >= tolerance * np.sqrt(x * x + y * y + z * z) + 1e-12
    below = p[1:-1, 1:-1, 2] < image.camera_m[2]  # above the eye a level surface shows its underside
    facing = np.zeros(image.valid.shape, bool)
    facing[1:-1, 1:-1] = level & below
    return facing & image.valid
