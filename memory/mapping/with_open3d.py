"""The same fusion and alignment by Open3D, for those who have it: ``pip install 'engram[maps]'``.

Nothing else in engram needs Open3D; it is imported when a class or function of this module is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engram.memory.mapping.errors import Open3DMissingError
from engram.memory.mapping.frame import RgbdFrame
from engram.memory.mapping.icp import Fit, IcpConfig, Surface
from engram.memory.mapping.mesh import Mesh
from engram.memory.mapping.tsdf import TsdfConfig

_REMEDY = (
    "pip install 'engram[maps]' (open3d>=0.19), and on Debian or Ubuntu "
    "apt-get install libgl1 libegl1 libgomp1 libx11-6 libusb-1.0-0"
)


def load_open3d() -> Any:
    """Return the module.

    Raises:
        Open3DMissingError: it, or a library that it needs, is not there.

    """
    try:
        return importlib.import_module("open3d")
    except (ImportError, OSError) as error:
        raise Open3DMissingError(f"Open3D cannot be imported ({error}); {_REMEDY}") from error


class Open3DTsdf:
    """Fusion into Open3D's hashed voxel blocks; takes frames and gives meshes as ``Tsdf`` does."""

    def __init__(self, config: TsdfConfig | None = None, blocks: int = 20_000) -> None:
        """Start empty, with room for some blocks of 8^3 voxels."""
        self.config = config or TsdfConfig()
        self._o3d = load_open3d()
        core = self._o3d.core
        self._grid = self._o3d.t.geometry.VoxelBlockGrid(
            attr_names=("tsdf", "weight", "color"),
            attr_dtypes=(core.float32, core.float32, core.float32),
            attr_channels=((1), (1), (3)),
            voxel_size=self.config.voxel_m,
            block_resolution=8,
            block_count=blocks,
        )

    def integrate(self, frame: RgbdFrame) -> int:
        """Fuse a frame; return how many blocks it touched."""
        c, o3d = self.config, self._o3d
        depth_m = np.where(frame.depth >= c.near_m, frame.depth, 0).astype(np.float32)
        if not depth_m.any():
            return 0
        depth = o3d.t.geometry.Image(depth_m)
        colour = o3d.t.geometry.Image(frame.rgb.astype(np.float32) / 255)
        fx, fy, cx, cy = frame.camera[:4]
        intrinsic = o3d.core.Tensor(np.array([[fx, 0, cx - 0.5], [0, fy, cy - 0.5], [0, 0, 1.0]]))
        extrinsic = o3d.core.Tensor(np.linalg.inv(frame.map_T_camera))
        touched = self._grid.compute_unique_block_coordinates(
            depth, intrinsic, extrinsic, 1.0, c.far_m, c.truncation_voxels
        )
        self._grid.integrate(touched, depth, colour, intrinsic, intrinsic, extrinsic, 1.0, c.far_m, c.truncation_voxels)
        return len(touched)

    def mesh(self, min_frames: float = 0.25) -> Mesh:
        """Return the surface between voxels seen in at least ``min_frames`` frames."""
        made = self._grid.extract_triangle_mesh(weight_threshold=float(min_frames)).to_legacy()
        colours = np.clip(np.asarray(made.vertex_colors) * 255 + 0.5, 0, 255).astype(np.uint8)
        vertices = np.asarray(made.vertices).astype(np.float32)
        return Mesh(vertices, np.asarray(made.triangles).astype(np.int32), colours.reshape(len(vertices), 3))


def icp_open3d(points: ArrayLike, surface: Surface, guess: ArrayLike, config: IcpConfig | None = None) -> Fit:
    """Align points, (N, 3), with a surface in all six degrees of freedom; see ``icp``."""
    c = config or IcpConfig(planar=False)
    if c.planar:
        raise ValueError("Open3D aligns in six degrees of freedom only; pass IcpConfig(planar=False), or use icp")
    o3d = load_open3d()
    registration = o3d.pipelines.registration
    clouds = []
    for p in (np.asarray(points, np.float64).reshape(-1, 3), surface.points):
        clouds.append(o3d.geometry.PointCloud(o3d.utility.Vector3dVector(p)))
    clouds[1].normals = o3d.utility.Vector3dVector(surface.normals)
    transform = np.array(guess, np.float64)
    for reach in (c.start_m, c.end_m):
        kernel = registration.TukeyLoss(k=reach)
        found = registration.registration_icp(
            clouds[0],
            clouds[1],
            reach,
            transform,
            registration.TransformationEstimationPointToPlane(kernel),
            registration.ICPConvergenceCriteria(max_iteration=c.iterations),
        )
        transform = np.asarray(found.transformation)
    inlying = np.zeros(len(clouds[0].points), bool)
    inlying[np.asarray(found.correspondence_set).reshape(-1, 2)[:, 0]] = True
    information = registration.get_information_matrix_from_point_clouds(*clouds, c.end_m, transform)
    order = [3, 4, 5, 0, 1, 2]  # Open3D puts the turn first
    spread = max(float(found.inlier_rmse) ** 2, 1e-6)
    turned = np.asarray(information)[np.ix_(order, order)] / spread
    return Fit(transform, float(found.fitness), float(found.inlier_rmse), turned, inlying, c.iterations)
