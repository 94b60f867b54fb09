"""A corner of a room, seen by ray casting: a floor, two walls and boxes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engram.perception.geometry import point_image
from engram.sims.contract import Camera

SIZE = 112


class Corner:
    """Walls at x = 4 and y = 4, boxes of one colour each."""

    def __init__(self) -> None:
        self.boxes = {}
        self.paint = {"wall": 120, "floor": 60}

    def put(self, name, centre, size, colour=200):
        c, s = np.array(centre, float), np.array(size, float)
        self.boxes[name] = c - s / 2, c + s / 2
        self.paint[name] = colour

    def frame(self, x=0.0, y=0.0, yaw_deg=0.0, pitch_deg=20.0, holding=0, outcome=0):
        camera = Camera.from_fov(SIZE, SIZE, 90.0)
        pose = pose_of(x, y, yaw_deg, pitch_deg)
        col, row = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
        rays = np.stack([(col - camera.cx) / camera.fx, (row - camera.cy) / camera.fy, np.ones_like(col)], -1)
        rays = rays @ pose[:3, :3].T
        depth = np.full((SIZE, SIZE), np.inf)
        shade = np.zeros((SIZE, SIZE), np.uint8)
        with np.errstate(divide="ignore", invalid="ignore"):
            for name, axis, at in (("wall", 0, 4.0), ("wall", 1, 4.0), ("floor", 2, 0.0)):
                far = (at - pose[axis, 3]) / rays[..., axis]
                hit = (far > 0.01) & (far < depth)
                depth[hit], shade[hit] = far[hit], self.paint[name]
            for name, (lo, hi) in self.boxes.items():
                a, z = (lo - pose[:3, 3]) / rays, (hi - pose[:3, 3]) / rays
                near, far = np.minimum(a, z).max(-1), np.maximum(a, z).min(-1)
                hit = (near < far) & (near > 0.01) & (near < depth)
                depth[hit], shade[hit] = near[hit], self.paint[name]
        observation = {
            "rgb": np.repeat(shade[..., None], 3, 2),
            "depth": np.where(np.isfinite(depth), depth, 0.0).astype(np.float32),
            "camera": np.array(camera, np.float64),
            "map_T_camera": pose,
            "base": np.array([x, y, math.radians(yaw_deg)]),
            "holding": holding,
            "stamp_ns": np.array(0, np.int64),
            "outcome": outcome,
        }
        return observation, point_image(observation)


def pose_of(x, y, yaw_deg, pitch_deg):
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    ahead = np.array([math.cos(yaw) * math.cos(pitch), math.sin(yaw) * math.cos(pitch), -math.sin(pitch)])
    right = np.array([math.sin(yaw), -math.cos(yaw), 0.0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(ahead, right), ahead], 1)
    pose[:3, 3] = x, y, 1.5
    return pose


@pytest.fixture
def corner() -> Corner:
    return Corner()
