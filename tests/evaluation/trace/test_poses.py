from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from engram.evaluation.trace.poses import calibration, transforms


def observation(rotation=None, base=(1.0, 2.0, 0.5)):
    pose = np.eye(4)
    pose[:3, :3] = np.eye(3) if rotation is None else rotation
    pose[:3, 3] = (0.1, 0.2, 1.5)
    return {
        "base": np.array(base),
        "map_T_camera": pose,
        "camera": np.array([112.0, 113.0, 60.0, 50.0, 120.0, 100.0]),
        "stamp_ns": np.array(1_500_000_000, np.int64),
    }


@pytest.mark.parametrize(
    "turn", [(0, 0, 0), (3.1, 0, 0), (0, 3.1, 0.1), (0.2, 0.1, 3.1), (-2, 1, 0.3), (-1.6, 0, -1.6)]
)
def test_rotation_of_the_camera(turn):
    rotation = Rotation.from_rotvec(turn)
    said = transforms(observation(rotation.as_matrix()))["transforms"][1]
    expected = rotation.as_quat(canonical=True)
    got = np.array([said["rotation"][k] for k in "xyzw"])
    assert min(np.abs(got - expected).max(), np.abs(got + expected).max()) < 1e-12
    assert said["translation"] == {"x": 0.1, "y": 0.2, "z": 1.5}
    assert (said["parent_frame_id"], said["child_frame_id"]) == ("map", "camera")


def test_the_base_stands_on_the_floor():
    said = transforms(observation())["transforms"][0]
    assert said["translation"] == {"x": 1.0, "y": 2.0, "z": 0.0}
    assert said["rotation"]["z"] == pytest.approx(np.sin(0.25))
    assert said["timestamp"] == {"seconds": 1, "nanos": 500_000_000}


def test_a_pinhole():
    said = calibration(observation())
    assert said["K"] == [112.0, 0.0, 60.0, 0.0, 113.0, 50.0, 0.0, 0.0, 1.0]
    assert (said["width"], said["height"]) == (120, 100)
    assert said["P"][:4] == [112.0, 0.0, 60.0, 0.0]
