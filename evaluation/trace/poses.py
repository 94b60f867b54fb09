"""Poses and intrinsics of an observation as Foxglove's messages."""

from __future__ import annotations

import math
from typing import Any

from engram.evaluation.trace.protobuf import timestamp
from engram.sims.contract import Observation


def transforms(o: Observation) -> dict[str, Any]:
    """Return ``foxglove.FrameTransforms``: the base and the camera in map."""
    x, y, yaw = (float(v) for v in o["base"])
    turned = {"x": 0.0, "y": 0.0, "z": math.sin(yaw / 2), "w": math.cos(yaw / 2)}
    stamp = timestamp(int(o["stamp_ns"]))
    pose = o["map_T_camera"].tolist()
    return {
        "transforms": [
            _transform(stamp, "base", (x, y, 0.0), turned),
            _transform(stamp, "camera", (pose[0][3], pose[1][3], pose[2][3]), _quaternion(pose)),
        ]
    }


def calibration(o: Observation) -> dict[str, Any]:
    """Return ``foxglove.CameraCalibration``: a pinhole without distortion."""
    fx, fy, cx, cy, width, height = (float(v) for v in o["camera"])
    return {
        "timestamp": timestamp(int(o["stamp_ns"])),
        "frame_id": "camera",
        "width": int(width),
        "height": int(height),
        "K": [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0],
        "R": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        "P": [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
    }


def _transform(
    stamp: dict[str, int], child: str, at: tuple[float, float, float], rotation: dict[str, float]
) -> dict[str, Any]:
    return {
        "timestamp": stamp,
        "parent_frame_id": "map",
        "child_frame_id": child,
        "translation": {"x": at[0], "y": at[1], "z": at[2]},
        "rotation": rotation,
    }


def _quaternion(pose: list[list[float]]) -> dict[str, float]:
    """Return the rotation of a pose as a unit quaternion with w >= 0 (Shepperd: divides by the largest of the four)."""
    (a, b, c, _), (d, e, f, _), (g, h, i, _), _ = pose
    squares = (1 + a - e - i, 1 - a + e - i, 1 - a - e + i, 1 + a + e + i)  # 4x^2, 4y^2, 4z^2, 4w^2
    most = max(range(4), key=squares.__getitem__)
    rows = (
        (squares[0], b + d, c + g, h - f),
        (b + d, squares[1], f + h, c - g),
        (c + g, f + h, squares[2], d - b),
        (h - f, c - g, d - b, squares[3]),
    )
    scale = 2 * math.sqrt(squares[most])
    x, y, z, w = (v / (math.copysign(scale, rows[most][3])) for v in rows[most])
    return {"x": x, "y": y, "z": z, "w": w}
