from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from engram.memory.mapping.errors import Open3DMissingError
from engram.memory.mapping.frame import RgbdFrame
from engram.memory.mapping.icp import IcpConfig, Surface, icp
from engram.memory.mapping.mesh import Mesh, write_ply
from engram.memory.mapping.tsdf import Tsdf
from engram.memory.mapping.with_open3d import Open3DTsdf, icp_open3d, load_open3d
from engram.sims.contract import Camera

CAMERA = Camera(100.0, 100.0, 80.0, 60.0, 160, 120)
needs_open3d = pytest.mark.skipif(
    importlib.util.find_spec("open3d") is None, reason="open3d is not installed; pip install 'engram[maps]'"
)


def test_without_open3d_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "open3d", None)
    with pytest.raises(Open3DMissingError, match=r"pip install 'engram\[maps\]'.*libgl1"):
        load_open3d()


@needs_open3d
def test_both_fuse_a_wall_to_the_same_place_and_colour():
    depth = np.full((120, 160), 1.93, np.float32)
    rgb = np.full((120, 160, 3), (40, 120, 200), np.uint8)
    for fusion in (Tsdf(), Open3DTsdf()):
        for _ in range(3):
            assert fusion.integrate(RgbdFrame(depth, rgb, CAMERA, np.eye(4))) > 0
        mesh = fusion.mesh()
        middle = np.hypot(*mesh.vertices[:, :2].T) < 0.8
        assert mesh.vertices[middle, 2] == pytest.approx(np.full(middle.sum(), 1.93), abs=2e-3)
        assert abs(mesh.colours[middle].astype(int) - (40, 120, 200)).max() <= 2
        assert (mesh.normals()[middle, 2] < -0.99).all()


@needs_open3d
def test_both_align_alike():
    rng = np.random.default_rng(0)
    walls = rng.uniform(0, 2, (3000, 3))
    which = np.arange(3000) % 3
    walls[np.arange(3000), which] = 0.0
    surface = Surface.of(walls, np.eye(3)[which])
    truth = np.eye(4)
    truth[:3, :3] = Rotation.from_euler("xyz", [3, -2, 5], degrees=True).as_matrix()
    truth[:3, 3] = 0.06, -0.05, 0.04
    back = np.linalg.inv(truth)
    scan = walls[::5] @ back[:3, :3].T + back[:3, 3]
    config = IcpConfig(planar=False)
    ours, theirs = icp(scan, surface, np.eye(4), config), icp_open3d(scan, surface, np.eye(4), config)
    assert ours.transform == pytest.approx(truth, abs=2e-3)
    assert theirs.transform == pytest.approx(truth, abs=2e-3)
    assert theirs.inliers > 0.99
    with pytest.raises(ValueError, match="six degrees"):
        icp_open3d(scan, surface, np.eye(4), IcpConfig())


@needs_open3d
def test_open3d_reads_our_ply(tmp_path):
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0]], np.float32)
    tint = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 51]], np.uint8)
    write_ply(tmp_path / "one.ply", Mesh(corners, np.array([[0, 1, 2]], np.int32), tint))
    made = load_open3d().io.read_triangle_mesh(str(tmp_path / "one.ply"))
    assert np.asarray(made.vertices) == pytest.approx(corners)
    assert np.asarray(made.triangles).tolist() == [[0, 1, 2]]
    assert np.asarray(made.vertex_colors) * 255 == pytest.approx(tint)
