"""Images by MuJoCo's own OpenGL renderer over EGL; needs PyOpenGL and the EGL libraries."""

from __future__ import annotations

import os
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import Camera
from engram.sims.house.render.base import (
    NUM_GROUPS,
    VISIBLE_GROUPS,
    Image,
    RenderError,
    check_pose,
    image_size,
    shown,
)

_REMEDY = "apt-get install libegl1 libgl1; pip install engram[gl]"
_NEAR_M, _FAR_M = 0.02, 100.0
_SPARE_GEOMS = 100
_LIGHT_FROM = np.array([0.49, 0.29, 0.82])  # of unit length


class GLRenderer:
    """Renders with OpenGL. Use it in the thread that made it, and ``close`` it in the end."""

    def __init__(self, model: mujoco.MjModel, groups: frozenset[int] = VISIBLE_GROUPS) -> None:
        """Lay out the model; the OpenGL context is made for the size of the first image.

        Raises:
            RenderError: EGL is missing here; the message holds the remedy.

        """
        self._model = model
        self._groups = groups
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = [group in groups for group in range(NUM_GROUPS)]
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + _SPARE_GEOMS)
        self._size = (0, 0)
        self._gl: Any = None
        self._context: Any = None
        self._resize(64, 64)

    def render(
        self, data: mujoco.MjData, position: NDArray[np.float64], rotation: NDArray[np.float64], camera: Camera
    ) -> Image:
        """Render the state of ``data``; see :class:`engram.sims.house.render.Renderer`.

        Raises:
            RenderError: the OpenGL context could not be made.

        """
        check_pose(position, rotation)
        height, width = image_size(camera)
        self._resize(height, width)
        self._gl.make_current()
        scene = self._scene
        mujoco.mjv_updateScene(
            self._model, data, self._option, None, mujoco.MjvCamera(), int(mujoco.mjtCatBit.mjCAT_ALL), scene
        )
        self._aim(position, rotation, camera)
        rgb, _ = self._draw(height, width, ids=False)
        codes, depth = self._draw(height, width, ids=True)
        geom = self._geoms(codes)
        depth[geom < 0] = 0.0
        return Image(rgb, depth, geom)

    def close(self) -> None:
        """Free the OpenGL context."""
        if self._context is not None:
            self._context.free()
            self._context = None
        if self._gl is not None:
            self._gl.free()
            self._gl = None

    def _resize(self, height: int, width: int) -> None:
        if self._size == (height, width) and self._context is not None:
            return
        self.close()
        self._gl = _egl_context(width, height)
        self._gl.make_current()
        self._model.vis.global_.offwidth = max(width, self._model.vis.global_.offwidth)
        self._model.vis.global_.offheight = max(height, self._model.vis.global_.offheight)
        self._context = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._context)
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        self._size = (height, width)

    def _aim(self, position: NDArray[np.float64], rotation: NDArray[np.float64], camera: Camera) -> None:
        """Put both eyes and the head light where the camera is."""
        scene, near = self._scene, _NEAR_M
        for eye in scene.camera:
            eye.pos, eye.forward, eye.up = position, rotation[:, 2], -rotation[:, 1]
            eye.frustum_near, eye.frustum_far = near, _FAR_M
            eye.frustum_width = near * camera.width / (2.0 * camera.fx)
            eye.frustum_center = near * (camera.width / 2.0 - camera.cx) / camera.fx
            eye.frustum_top = near * camera.cy / camera.fy
            eye.frustum_bottom = -near * (camera.height - camera.cy) / camera.fy
            eye.orthographic = 0
        self._light(position, rotation)

    def _light(self, position: NDArray[np.float64], rotation: NDArray[np.float64]) -> None:
        """Light the scene by daylight, one distant light and a lamp at the camera, whatever lights the model has."""
        for number, (ambient, diffuse) in enumerate(((0.4, 0.25), (0.0, 0.4))):
            light = self._scene.lights[number]
            light.headlight, light.castshadow, light.texid = int(number == 0), 0, -1
            light.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
            light.pos, light.dir = position, (rotation[:, 2] if number == 0 else -_LIGHT_FROM)
            light.ambient, light.diffuse, light.specular = [ambient] * 3, [diffuse] * 3, [0.1] * 3
            light.attenuation = (1.0, 0.0, 0.0)
        self._scene.nlight = 2

    def _draw(self, height: int, width: int, *, ids: bool) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        for flag in (mujoco.mjtRndFlag.mjRND_SEGMENT, mujoco.mjtRndFlag.mjRND_IDCOLOR):
            self._scene.flags[flag] = ids
        area = mujoco.MjrRect(0, 0, width, height)
        rgb, raw = np.empty((height, width, 3), np.uint8), np.empty((height, width), np.float32)
        mujoco.mjr_render(area, self._scene, self._context)
        mujoco.mjr_readPixels(rgb, raw, area, self._context)
        # The buffer holds near / far plane as 1 / 0, affine in the inverse depth; rows run upwards.
        inverse = raw[::-1].astype(np.float64) * (1.0 / _NEAR_M - 1.0 / _FAR_M) + 1.0 / _FAR_M
        return rgb[::-1].copy(), (1.0 / inverse).astype(np.float32)

    def _geoms(self, codes: NDArray[np.uint8]) -> NDArray[np.int32]:
        """From the colours of the segmentation to geom ids."""
        table = np.full(self._scene.ngeom + 2, -1, np.int32)
        visible = shown(self._model, self._groups)
        for item in self._scene.geoms[: self._scene.ngeom]:
            if item.segid >= 0 and item.objtype == mujoco.mjtObj.mjOBJ_GEOM and visible[item.objid]:
                table[item.segid + 1] = item.objid
        wide = codes.astype(np.int32)
        code = wide[..., 0] + 256 * wide[..., 1] + 65536 * wide[..., 2]
        geom: NDArray[np.int32] = table[np.clip(code, 0, len(table) - 1)]
        return geom


def _egl_context(width: int, height: int) -> Any:
    """Make an OpenGL context; raise :class:`RenderError` where that cannot be."""
    os.environ.setdefault("MUJOCO_GL", "egl")
    try:
        return _new_context(width, height)
    except (ImportError, AttributeError, RuntimeError, OSError) as error:  # PyOpenGL and MuJoCo fail in many ways
        raise RenderError(f"the 'gl' renderer needs OpenGL over EGL ({error}); run: {_REMEDY}") from error


def _new_context(width: int, height: int) -> Any:
    from mujoco.egl import GLContext

    return GLContext(width, height)
