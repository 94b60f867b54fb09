from __future__ import annotations

import itertools

import numpy as np
import pytest

from engram.memory.mapping.errors import FrameError, MeshFileError
from engram.memory.mapping.frame import RgbdFrame
from engram.memory.mapping.mesh import read_ply, write_ply
from engram.memory.mapping.tsdf import Tsdf, TsdfConfig
from engram.memory.spatial.errors import OutOfBoundsError
from engram.sims.contract import Camera

CAMERA = Camera(100.0, 100.0, 80.0, 60.0, 160, 120)
RED, BLUE = (200, 30, 10), (10, 40, 220)


def look(eye, target):
    forward = np.subtract(target, eye) / np.linalg.norm(np.subtract(target, eye))
    right = np.cross(forward, [0.0, 0.0, 1.0] if abs(forward[2]) < 0.9 else [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], 1)
    pose[:3, 3] = eye
    return pose


def rays(pose):
    v, u = np.mgrid[0:120, 0:160] + 0.5
    optical = np.stack([(u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy, np.ones(u.shape)], -1)
    return optical @ pose[:3, :3].T


def ball(pose, centre, radius, far=4.0):
    """Depth and colours of a ball, red where x > 0, before a far screen at ``far`` along the optical axis."""
    way, offset = rays(pose), pose[:3, 3] - centre
    a, b, c = (way**2).sum(-1), (way * offset).sum(-1), (offset**2).sum() - radius**2
    under = b**2 - a * c
    hit = under > 0
    depth = np.where(hit, (-b - np.sqrt(np.maximum(under, 0))) / a, far)
    points = pose[:3, 3] + depth[..., None] * way
    rgb = np.where(points[..., :1] > centre[0], RED, BLUE)
    return RgbdFrame(depth.astype(np.float32), rgb.astype(np.uint8), CAMERA, pose)


def eyes(distance=1.5):
    axes = [np.array(a, float) for a in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))]
    slanted = [np.array(a) / np.sqrt(3) for a in itertools.product((-1, 1), repeat=3)]
    return [distance * a for a in axes + slanted]


@pytest.fixture(scope="module")
def sphere():
    tsdf = Tsdf(TsdfConfig(voxel_m=0.04, far_m=3.0))
    for eye in eyes():
        tsdf.integrate(ball(look(eye, (0.0, 0.0, 0.0)), np.zeros(3), 0.5))
    return tsdf


def test_a_ball_has_its_radius_and_a_closed_outward_surface(sphere):
    mesh = sphere.mesh(min_frames=0.05)
    radius = np.linalg.norm(mesh.vertices, axis=1)
    assert abs(radius - 0.5).max() < 0.01  # half a voxel is 0.02
    assert abs(radius.mean() - 0.5) < 0.004
    corners = mesh.vertices[mesh.triangles].astype(float)
    volume = np.einsum("ni,ni->n", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert volume == pytest.approx(4 / 3 * np.pi * 0.5**3, rel=0.03)
    assert mesh.area_m2() == pytest.approx(np.pi, rel=0.05)
    edges = np.concatenate([mesh.triangles[:, [0, 1]], mesh.triangles[:, [1, 2]], mesh.triangles[:, [2, 0]]])
    directed = {tuple(e) for e in edges.tolist()}
    assert len(directed) == len(edges)  # closed: each edge once in each direction
    assert all((b, a) in directed for a, b in directed)


def test_normals_point_into_free_space_and_colours_stay_where_they_were(sphere):
    mesh = sphere.mesh()
    outward = mesh.vertices / np.linalg.norm(mesh.vertices, axis=1, keepdims=True)
    assert (mesh.normals() * outward).sum(axis=1).mean() > 0.97
    assert abs(np.median(mesh.colours[mesh.vertices[:, 0] > 0.1], axis=0) - RED).max() <= 2
    assert abs(np.median(mesh.colours[mesh.vertices[:, 0] < -0.1], axis=0) - BLUE).max() <= 2


def test_distances_are_signed_cut_off_and_unknown_deep_inside(sphere):
    front, behind = sphere.distance_m(np.array([[13, 0, 0], [11, 0, 0]]))  # centres at 0.54 and 0.46 m
    assert front == pytest.approx(0.04, abs=0.01)
    assert behind == pytest.approx(-0.04, abs=0.01)
    assert np.nanmax(sphere.blocks.values[: sphere.blocks.count]) <= np.float32(0.16)
    assert np.isnan(sphere.distance_m(np.array([[0, 0, 0]]))).all()
    assert (np.linalg.norm((sphere.occupied() + 0.5) * 0.04, axis=1) < 0.5 + 0.02).all()


def test_what_was_taken_away_vanishes():
    tsdf = Tsdf(TsdfConfig(far_m=5.0, max_frames=8))
    pose = look((1.5, 0.0, 0.0), (0.0, 0.0, 0.0))
    for _ in range(3):
        tsdf.integrate(ball(pose, np.zeros(3), 0.5))
    assert (np.linalg.norm(tsdf.mesh().vertices, axis=1) < 0.6).any()
    for _ in range(20):
        tsdf.integrate(ball(pose, np.array([0.0, 9.0, 0.0]), 0.5))
    assert not (np.linalg.norm(tsdf.mesh().vertices, axis=1) < 0.6).any()


def test_dump_is_canonical_and_load_restores_it(sphere):
    again = Tsdf.load(sphere.dump())
    assert again.dump() == sphere.dump()
    assert again.config == sphere.config
    assert np.array_equal(again.mesh().vertices, sphere.mesh().vertices)
    pose = look((1.5, 0.0, 0.0), (0.0, 0.0, 0.0))
    again.integrate(ball(pose, np.zeros(3), 0.5))
    assert again.dump() != sphere.dump()


def test_nothing_seen_has_an_empty_mesh():
    tsdf = Tsdf()
    assert len(tsdf.mesh().triangles) == 0
    blind = RgbdFrame(np.zeros((120, 160), np.float32), np.zeros((120, 160, 3), np.uint8), CAMERA, np.eye(4))
    assert tsdf.integrate(blind) == 0
    assert tsdf.blocks.count == 0


def test_frames_that_do_not_fit_are_refused():
    with pytest.raises(FrameError, match="rgb"):
        RgbdFrame(np.zeros((4, 4), np.float32), np.zeros((4, 5, 3), np.uint8), CAMERA, np.eye(4))
    far = np.eye(4)
    far[0, 3] = 1e6
    frame = RgbdFrame(np.ones((4, 4), np.float32), np.zeros((4, 4, 3), np.uint8), CAMERA, far)
    with pytest.raises(OutOfBoundsError):
        Tsdf().integrate(frame)


def test_ply_round_trip_and_broken_files(sphere, tmp_path):
    mesh, path = sphere.mesh(), tmp_path / "ball.ply"
    write_ply(path, mesh)
    again = read_ply(path)
    assert np.array_equal(again.vertices, mesh.vertices)
    assert np.array_equal(again.triangles, mesh.triangles)
    assert np.array_equal(again.colours, mesh.colours)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(MeshFileError, match="cut off"):
        read_ply(path)
    path.write_bytes(b"ply\nformat ascii 1.0\nelement vertex x\nend_header\n")
    with pytest.raises(MeshFileError, match="not a binary PLY"):
        read_ply(path)
