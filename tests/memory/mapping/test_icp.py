from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from engram.memory.mapping.errors import EmptyMapError
from engram.memory.mapping.icp import IcpConfig, Surface, icp
from engram.memory.mapping.planar import between, compose, inverse, matrix, planar


def corner(seed=0, count=3000):
    """Points of three walls that meet, with their normals."""
    rng = np.random.default_rng(seed)
    flat = rng.uniform(0, 2, (count, 3))
    wall = np.arange(count) % 3
    flat[np.arange(count), wall] = 0.0
    return flat, np.eye(3)[wall]


def test_poses_compose_and_invert():
    a, b = np.array([1.0, 2.0, np.pi / 2]), np.array([3.0, 0.0, np.pi])
    assert compose(a, b) == pytest.approx([1.0, 5.0, -np.pi / 2])
    assert compose(a, inverse(a)) == pytest.approx([0.0, 0.0, 0.0])
    assert between(a, compose(a, b)) == pytest.approx([3.0, 0.0, -np.pi])
    assert planar(matrix(a) @ matrix(b)) == pytest.approx(compose(a, b))


def test_planar_fit_finds_shift_and_turn():
    points, normals = corner()
    surface = Surface.of(points, normals)
    scan, _ = corner(seed=1, count=600)
    truth = matrix([0.15, -0.2, 0.12])
    fit = icp(scan @ np.linalg.inv(truth)[:3, :3].T + np.linalg.inv(truth)[:3, 3], surface, np.eye(4))
    assert planar(fit.transform) == pytest.approx([0.15, -0.2, 0.12], abs=1e-3)
    assert fit.inliers > 0.99
    assert fit.rms_m < 3e-3
    assert fit.information.shape == (3, 3)


def test_full_fit_finds_all_six():
    points, normals = corner()
    truth = np.eye(4)
    truth[:3, :3] = Rotation.from_euler("xyz", [4, -5, 7], degrees=True).as_matrix()
    truth[:3, 3] = 0.1, -0.12, 0.08
    back = np.linalg.inv(truth)
    scan = corner(seed=2, count=600)[0] @ back[:3, :3].T + back[:3, 3]
    fit = icp(scan, Surface.of(points, normals), np.eye(4), IcpConfig(planar=False))
    assert fit.transform == pytest.approx(truth, abs=2e-3)
    assert fit.information.shape == (6, 6)


def test_normals_from_neighbours():
    points, normals = corner()
    inner = points[(points.max(axis=1) < 1.8) & (np.sort(points, axis=1)[:, 1] > 0.3)]
    made = Surface.of_points(points).normals
    chosen = np.flatnonzero((points[:, None] == inner[None]).all(axis=2).any(axis=1))
    assert abs((made[chosen] * normals[chosen]).sum(axis=1)).min() > 0.99


def test_along_a_bare_wall_it_stays_where_it_is():
    grid = np.stack(np.meshgrid(np.arange(-3, 3, 0.05), [0.0], np.arange(0, 2, 0.05)), -1).reshape(-1, 3)
    surface = Surface.of(grid, np.tile([0.0, 1.0, 0.0], (len(grid), 1)))
    fit = icp(grid[(abs(grid[:, 0]) < 1)] + [0.2, 0.1, 0.0], surface, np.eye(4))
    assert planar(fit.transform) == pytest.approx([0.0, -0.1, 0.0], abs=1e-3)
    along, across = fit.information[0, 0], fit.information[1, 1]
    assert along < 1e-6 * across


def test_outliers_do_not_drag():
    points, normals = corner()
    scan, _ = corner(seed=3, count=600)
    clutter = np.random.default_rng(4).uniform(0.6, 1.8, (200, 3))
    fit = icp(np.concatenate([scan, clutter]) - [0.1, 0.1, 0.0], Surface.of(points, normals), np.eye(4))
    assert planar(fit.transform) == pytest.approx([0.1, 0.1, 0.0], abs=5e-3)
    assert 0.7 < fit.inliers < 0.8
    assert fit.inlying[:600].all()
    assert not fit.inlying[600:].any()


def test_nothing_to_align_is_refused():
    points, normals = corner(count=30)
    with pytest.raises(EmptyMapError):
        icp(np.empty((0, 3)), Surface.of(points, normals), np.eye(4))
    with pytest.raises(EmptyMapError):
        Surface.of(points, np.zeros_like(points))
