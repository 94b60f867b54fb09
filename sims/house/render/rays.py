"""Images by MuJoCo's ray casting: slower than the rasteriser and plainer, but needs nothing besides MuJoCo."""

from __future__ import annotations

import copy

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import Camera
from engram.sims.house.render.base import NUM_GROUPS, VISIBLE_GROUPS, Image, check_pose, image_size, shown

_SKY_RGB = (0.79, 0.87, 0.94)
_LIGHT_FROM = np.array([0.48, 0.29, 0.83])
_AMBIENT, _DIRECT, _LAMP = 0.45, 0.35, 0.2
_FAR_M = 1e9


class RayRenderer:
    """Casts one ray for each pixel. Not safe for use by two threads at once."""

    def __init__(self, model: mujoco.MjModel, groups: frozenset[int] = VISIBLE_GROUPS) -> None:
        self._model = model
        self._groups = groups
        # In a copy, group 0 holds what is shown: MuJoCo would see transparent geoms that have an opaque material.
        self._shadow = copy.copy(model)
        self._shadow.geom_rgba[:, 3] = 1.0
        self._seen = np.zeros(NUM_GROUPS, np.uint8)
        self._seen[0] = 1

    def render(
        self, data: mujoco.MjData, position: NDArray[np.float64], rotation: NDArray[np.float64], camera: Camera
    ) -> Image:
        """Render the state of ``data``; see :class:`engram.sims.house.render.Renderer`."""
        check_pose(position, rotation)
        height, width = image_size(camera)
        rays, along = _rays(camera, height, width)
        world = rays @ rotation.T
        count = height * width
        geom, distance, normal = np.full(count, -1, np.int32), np.zeros(count), np.zeros(3 * count)
        self._shadow.geom_group[:] = np.where(shown(self._model, self._groups), 0, 1)
        mujoco.mj_multiRay(
            self._shadow, data, np.array(position, np.float64), world.ravel(), self._seen, True, -1,
            geom, distance, normal, count, _FAR_M,
        )  # fmt: skip
        hit = geom >= 0
        depth = np.where(hit, distance * along, 0.0).astype(np.float32)
        rgb = self._colours(geom, hit, world, normal.reshape(-1, 3))
        return Image(rgb.reshape(height, width, 3), depth.reshape(height, width), geom.reshape(height, width))

    def _colours(
        self, geom: NDArray[np.int32], hit: NDArray[np.bool_], rays: NDArray[np.float64], normal: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """(N, 3) Lambert shading under one distant light, daylight and a lamp at the camera."""
        facing = np.maximum(-np.sum(rays * normal, axis=1), 0.0)
        direct = 0.5 + 0.5 * (normal @ (_LIGHT_FROM / np.linalg.norm(_LIGHT_FROM)))
        light = _AMBIENT + _DIRECT * direct + _LAMP * facing
        colour = self._model.geom_rgba[geom, :3] * light[:, None]
        colour[~hit] = _SKY_RGB
        return np.asarray(np.clip(colour * 255.0 + 0.5, 0.0, 255.0).astype(np.uint8))


def _rays(camera: Camera, height: int, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit rays (N, 3) through the pixel centres in the optical frame, and their z (N,): depth by distance."""
    u = (np.arange(width) + 0.5 - camera.cx) / camera.fx
    v = (np.arange(height) + 0.5 - camera.cy) / camera.fy
    x, y = np.meshgrid(u, v)
    rays = np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 3)
    along = 1.0 / np.linalg.norm(rays, axis=1)
    return rays * along[:, None], along
