"""Exact software renderer: an inverse-depth z-buffer over MuJoCo geoms, compiled by Numba.

Faces of boxes, planes and triangles are filled row by row, curved geoms by ray tests, nearest geoms first so that
what is hidden is skipped. One deferred pass then makes colours. Equal input gives equal bytes.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import Camera
from engram.sims.house.render._cull import TILE, cull, hidden, soil
from engram.sims.house.render._curved import draw_ball, draw_pipe
from engram.sims.house.render._fill import draw_face, draw_mesh
from engram.sims.house.render._jit import kernel
from engram.sims.house.render._look import Palette
from engram.sims.house.render._occlude import field_shape, make_taps
from engram.sims.house.render._scene import BOX, CAPSULE, CYLINDER, MESH, PLANE, Scene, build_scene
from engram.sims.house.render._shade import shade
from engram.sims.house.render._strip import make_strip
from engram.sims.house.render.base import VISIBLE_GROUPS, Image, check_pose, image_size, shown

_WARM_UP_XML = """<mujoco>
<asset>
  <mesh name="m" vertex="0 0 0  1 0 0  0 1 0  0 0 1"/>
  <material name="wood"/>
</asset>
<worldbody>
  <geom type="plane" size="5 5 1"/> <geom type="box" size=".2 .2 .2" pos="1 0 0" material="wood"/>
  <geom type="sphere" size=".2" pos="2 0 1"/> <geom type="ellipsoid" size=".2 .1 .3" pos="2 1 1"/>
  <geom type="cylinder" size=".2 .3" pos="2 -1 1"/> <geom type="capsule" size=".2 .3" pos="3 1 1"/>
  <geom type="mesh" mesh="m" pos="2 0 0"/>
</worldbody></mujoco>"""


class Work(NamedTuple):
    """Scratch arrays of the kernels for one model and image size."""

    local: NDArray[np.float64]  # (G, 12) camera in each geom's frame
    centre: NDArray[np.float64]  # (G, 3) centre of the drawn part, geom frame
    rect: NDArray[np.int32]  # (G, 4) first and last row, first and last column
    near: NDArray[np.float64]  # (G,) least depth of the k-th kept geom
    order: NDArray[np.int32]  # (G,) kept geoms, nearest first
    sorted: NDArray[np.int32]  # (G,)
    limit: NDArray[np.float32]  # (G,) greatest inverse depth of the k-th geom in order
    point: NDArray[np.float64]  # (3,)
    polygon: NDArray[np.float64]  # (4, 3) camera frame
    clipped: NDArray[np.float64]  # (8, 2) pixels
    points: NDArray[np.float64]  # (V, 3) vertices of a mesh, camera frame
    screen: NDArray[np.float64]  # (V, 2) the same in pixels
    tile_low: NDArray[np.float32]  # (tile rows, tile columns) least inverse depth
    tile_dirty: NDArray[np.bool_]
    strip: NDArray[np.float32]  # a strip of pixels being shaded
    taps: NDArray[np.float64]  # (4, 3, 3) neighbours that corner darkening looks at
    raw: NDArray[np.float32]  # (2, samples) openness and freedom from cover
    fields: NDArray[np.float32]  # (2, samples) the same, smoothed
    iz: NDArray[np.float32]  # (H, W) inverse depth
    code: NDArray[np.int32]  # (H, W) surface, -1 where nothing was hit


class RasterRenderer:
    """Renders the geoms of some groups of a model; needs no OpenGL. Not safe for use by two threads at once."""

    def __init__(self, model: mujoco.MjModel, groups: frozenset[int] = VISIBLE_GROUPS) -> None:
        """Lay out the model.

        Raises:
            RenderError: the model has a geom type that cannot be rasterised.

        """
        self._model = model
        self._groups = groups
        self._scene = build_scene(model)
        self._palette = Palette(model, self._scene)
        self._work = _make_work(self._scene, 1, 1)

    def render(
        self, data: mujoco.MjData, position: NDArray[np.float64], rotation: NDArray[np.float64], camera: Camera
    ) -> Image:
        """Render the state of ``data``; see :class:`engram.sims.house.render.Renderer`."""
        check_pose(position, rotation)
        height, width = image_size(camera)
        if self._work.iz.shape != (height, width):
            self._work = _make_work(self._scene, height, width)
        view = np.concatenate([position, rotation.T.ravel(), camera[:4]]).astype(np.float64)
        work, look = self._work, self._palette.look(self._model)
        image = Image(
            np.empty((height, width, 3), np.uint8),
            np.empty((height, width), np.float32),
            np.empty((height, width), np.int32),
        )
        _draw(self._scene, data.geom_xpos, data.geom_xmat, shown(self._model, self._groups), view, work)
        shade(
            self._scene, data.geom_xmat, look, view, work, image.rgb.reshape(height, -1), image.depth, image.geom
        )  # fmt: skip
        return image


def warm_up() -> float:
    """Compile every kernel into Numba's cache and return the seconds that took."""
    begin = time.perf_counter()
    model = mujoco.MjModel.from_xml_string(_WARM_UP_XML)
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    rotation = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    RasterRenderer(model).render(data, np.array([0.0, 0.0, 1.0]), rotation, Camera.from_fov(32, 32, 90.0))
    return time.perf_counter() - begin


def _make_work(scene: Scene, height: int, width: int) -> Work:
    geoms = len(scene.kind)
    vertices = int(scene.mesh[:, 1].max(initial=0))
    tiles = -(-height // TILE), -(-width // TILE)
    return Work(
        local=np.zeros((geoms, 12)),
        centre=np.zeros((geoms, 3)),
        rect=np.zeros((geoms, 4), np.int32),
        near=np.zeros(geoms),
        order=np.zeros(geoms, np.int32),
        sorted=np.zeros(geoms, np.int32),
        limit=np.zeros(geoms, np.float32),
        point=np.zeros(3),
        polygon=np.zeros((4, 3)),
        clipped=np.zeros((8, 2)),
        points=np.zeros((vertices, 3)),
        screen=np.zeros((vertices, 2)),
        tile_low=np.zeros(tiles, np.float32),
        tile_dirty=np.zeros(tiles, np.bool_),
        strip=make_strip(),
        taps=make_taps(),
        raw=np.zeros((2, *field_shape(height, width)), np.float32),
        fields=np.zeros((2, *field_shape(height, width)), np.float32),
        iz=np.zeros((height, width), np.float32),
        code=np.zeros((height, width), np.int32),
    )


@kernel
def _draw(scene: Any, pos: Any, mat: Any, show: Any, view: Any, work: Any) -> None:
    """Fill the inverse-depth and code images."""
    iz, code = work.iz, work.code
    iz[:] = 0.0
    code[:] = -1
    work.tile_low[:] = 0.0
    work.tile_dirty[:] = False
    count = cull(scene, pos, mat, show, view, iz.shape[1], iz.shape[0], work)
    for q in range(count):
        g = work.order[q]
        rect = work.rect[g]
        if hidden(rect, work.limit[q], iz, work.tile_low, work.tile_dirty):
            continue
        local, kind, mark = work.local[g], scene.kind[g], scene.base[g]
        half = scene.bounds[g, 3:6]
        if kind == BOX:
            for face in range(6):
                sign = -1.0 if face & 1 else 1.0
                draw_face(local, work.centre[g], half, face >> 1, sign, view, mark + face, iz, code, work)
        elif kind == PLANE:
            draw_face(local, work.centre[g], half, 2, 1.0, view, mark + 0, iz, code, work)
        elif kind == MESH:
            draw_mesh(scene, g, local, view, iz, code, work)
        elif kind in (CYLINDER, CAPSULE):
            draw_pipe(rect, local, scene.size[g], kind, view, mark, iz, code)
        else:
            draw_ball(rect, local, scene.size[g], kind, view, mark, iz, code)
        soil(rect, work.tile_dirty)
