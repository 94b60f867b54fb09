from __future__ import annotations

import math

import numpy as np
import pytest

from engram.perception.geometry import in_view, lift, pitch_of, point_image, project, up_facing, wrap_angle
from engram.sims.contract import Camera


def observe(depth, pitch_deg=30.0, yaw=0.0, eye=(0.0, 0.0, 1.5)):
    size = depth.shape[0]
    pitch = math.radians(pitch_deg)
    forward = np.array([math.cos(yaw) * math.cos(pitch), math.sin(yaw) * math.cos(pitch), -math.sin(pitch)])
    right = np.array([math.sin(yaw), -math.cos(yaw), 0.0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], 1)
    pose[:3, 3] = eye
    return {
        "depth": depth.astype(np.float32),
        "camera": np.array(Camera.from_fov(size, size, 90.0)),
        "map_T_camera": pose,
        "holding": 0,
    }


def floor_depth(size, pitch_deg, eye_m=1.5):
    """Depth of an endless floor, 0 above the horizon."""
    rows = (np.arange(size) + 0.5 - size / 2) / (size / 2)
    p = math.radians(pitch_deg)
    fall = math.sin(p) + rows * math.cos(p)
    depth = np.where(fall > 0.05, eye_m / np.maximum(fall, 0.05), 0.0)
    return np.repeat(depth[:, None], size, 1)


def test_floor_lifts_to_height_zero_and_faces_up():
    observation = observe(floor_depth(64, 30.0))
    image = point_image(observation, stride=2)
    assert image.points.shape == (32, 32, 3)
    assert np.abs(image.points[image.valid][:, 2]).max() < 1e-4
    assert not image.valid[:6].any()
    assert up_facing(image)[10:31, 1:31].all()


def test_a_wall_and_a_ceiling_do_not_face_up():
    wall = point_image(observe(np.full((64, 64), 2.0), pitch_deg=0.0))
    assert not up_facing(wall).any()
    ceiling = observe(floor_depth(64, 30.0)[::-1], pitch_deg=-30.0)
    assert point_image(ceiling).points[..., 2].max() == pytest.approx(3.0, abs=1e-4)
    assert not up_facing(point_image(ceiling)).any()


def test_project_undoes_lift():
    rng = np.random.default_rng(0)
    observation = observe(rng.uniform(0.5, 4.0, (48, 48)), pitch_deg=60.0, yaw=2.0, eye=(1.0, -2.0, 1.2))
    rows, cols = rng.integers(0, 48, 30), rng.integers(0, 48, 30)
    uv, depth = project(lift(observation, rows, cols), observation)
    np.testing.assert_allclose(uv, np.stack([(cols + 0.5) / 48, (rows + 0.5) / 48], 1), atol=1e-6)
    np.testing.assert_allclose(depth, observation["depth"][rows, cols], rtol=1e-6)
    assert in_view(uv, depth).all()
    assert not in_view(uv, -depth).any()


def test_point_image_agrees_with_lift():
    rng = np.random.default_rng(1)
    observation = observe(rng.uniform(0.5, 4.0, (20, 20)), yaw=-1.0)
    rows, cols = (a.ravel() for a in np.mgrid[0:20:2, 0:20:2])
    np.testing.assert_allclose(
        point_image(observation, stride=2).points.reshape(-1, 3), lift(observation, rows, cols), atol=1e-5
    )


def test_readings_nearer_than_the_hand_are_invalid():
    assert not point_image(observe(np.full((8, 8), 0.4)), near_m=0.5).valid.any()


@pytest.mark.parametrize("pitch", [-30.0, 0.0, 30.0, 60.0])
def test_pitch(pitch):
    assert math.degrees(pitch_of(observe(np.ones((4, 4)), pitch_deg=pitch))) == pytest.approx(pitch, abs=1e-6)


@pytest.mark.parametrize(("angle", "wrapped"), [(3 * math.pi, math.pi), (-math.pi, math.pi), (-4.0, 2 * math.pi - 4.0)])
def test_wrap_angle(angle, wrapped):
    assert wrap_angle(angle) == pytest.approx(wrapped)
