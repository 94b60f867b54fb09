import numpy as np
import pytest

from engram.sims.contract import Camera
from engram.sims.house.render.rays import RayRenderer

CAMERA = Camera.from_fov(40, 30, 75.0)


def test_depth_is_along_the_optical_axis(build, look_at):
    model, data = build('<geom type="box" pos="3 0 0" size="0.5 9 9"/>')
    image = RayRenderer(model).render(data, *look_at((0, 0, 0), (1, 0, 0)), CAMERA)
    np.testing.assert_allclose(image.depth, 2.5, rtol=1e-6)
    assert (image.geom == 0).all()


def test_what_is_transparent_is_looked_through_whatever_its_material(build, look_at):
    model, data = build(
        '<geom type="box" pos="1 0 0" size="0.1 1 1" material="m" rgba="1 1 1 0"/>'
        '<geom type="box" pos="2 0 0" size="0.1 1 1" material="m" group="3"/>'
        '<geom type="box" pos="3 0 0" size="0.1 2 2" material="m"/>',
        '<material name="m" rgba="1 0 0 1"/>',
    )
    renderer, pose = RayRenderer(model), look_at((0, 0, 0), (1, 0, 0))
    assert renderer.render(data, *pose, CAMERA).geom[15, 20] == 2
    model.geom_rgba[0, 3] = 1.0
    assert renderer.render(data, *pose, CAMERA).geom[15, 20] == 0
    assert model.geom_group.tolist() == [0, 3, 0]


def test_colours(build, look_at):
    model, data = build('<geom type="sphere" pos="2 0 0" size="0.5" rgba="0.9 0.3 0.1 1"/>')
    image = RayRenderer(model).render(data, *look_at((0, 0, 0), (1, 0, 0)), CAMERA)
    ball = image.rgb[15, 20].astype(float)
    assert ball[0] > 120
    np.testing.assert_allclose(ball[1:] / ball[0], (1 / 3, 1 / 9), atol=0.01)
    top, bottom = image.rgb[11, 20, 0], image.rgb[19, 20, 0]
    assert int(top) > int(bottom) + 5
    assert image.rgb[0, 0].tolist() == pytest.approx([201, 222, 240], abs=1)
    assert image.geom[0, 0] == -1
    assert image.depth[0, 0] == 0.0
