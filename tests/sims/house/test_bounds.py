"""Exact boxes."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from engram.sims.house.bounds import Bounds

XML = """
<mujoco><asset><mesh name="m" vertex="0 0 0  .2 0 0  0 .1 0  0 0 .3  .2 .1 0"/></asset><worldbody>
  <body name="a"><freejoint/>
    <geom type="box" size=".1 .2 .3"/><geom type="sphere" size=".1" pos=".3 0 0"/>
    <geom type="capsule" size=".05 .2" pos="0 .4 0"/><geom type="cylinder" size=".1 .2" pos="0 0 .5"/>
    <geom type="ellipsoid" size=".1 .05 .3" pos="0 0 -.7"/><geom type="mesh" mesh="m" pos="0 1 0"/>
  </body></worldbody></mujoco>
"""


@pytest.fixture
def scene():
    model = mujoco.MjModel.from_xml_string(XML)
    return model, mujoco.MjData(model)


def surface(model, data, geom: int) -> np.ndarray:
    """Points that the rays of a dense bundle from outside hit on one geom."""
    rng = np.random.default_rng(geom)
    centre = data.geom_xpos[geom]
    points = []
    for direction in rng.normal(size=(4000, 3)):
        direction /= np.linalg.norm(direction)
        start = centre + 3.0 * direction
        if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_MESH:
            length = mujoco.mj_rayMesh(model, data, geom, start, -direction, None)
        else:
            size, mat = model.geom_size[geom], data.geom_xmat[geom]
            length = mujoco.mju_rayGeom(centre, mat, size, start, -direction, int(model.geom_type[geom]), None)
        if length >= 0:
            points.append(start - length * direction)
    return np.array(points)


@pytest.mark.parametrize("quat", [(1, 0, 0, 0), (0.7, 0.2, -0.5, 0.4), (0.3, 0.8, 0.1, -0.5)])
def test_boxes_touch_the_surface(scene, quat):
    model, data = scene
    data.qpos[3:7] = np.array(quat) / np.linalg.norm(quat)
    mujoco.mj_forward(model, data)
    boxes = Bounds(model).boxes(data)
    for geom in range(model.ngeom):
        points = surface(model, data, geom)
        assert (points >= boxes[geom, 0] - 1e-6).all()
        assert (points <= boxes[geom, 1] + 1e-6).all()
        slack = np.concatenate([points.min(0) - boxes[geom, 0], boxes[geom, 1] - points.max(0)])
        assert slack.max() < 0.04, "no larger than it must be"


def test_only_what_moved_changes(scene):
    model, data = scene
    mujoco.mj_forward(model, data)
    bounds = Bounds(model)
    before = bounds.boxes(data).copy()
    np.testing.assert_array_equal(bounds.boxes(data), before)
    data.qpos[0] = 0.5
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(bounds.boxes(data), before + np.array([0.5, 0.0, 0.0]), atol=1e-9)
