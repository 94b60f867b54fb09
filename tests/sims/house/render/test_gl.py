import numpy as np
import pytest

from engram.sims.contract import Camera
from engram.sims.house.render import RenderError, gl
from engram.sims.house.render.gl import GLRenderer
from engram.sims.house.render.rays import RayRenderer

CAMERA = Camera(fx=70.0, fy=75.0, cx=45.0, cy=40.0, width=96, height=72)


@pytest.fixture
def renderer_of():
    made = []

    def make(model, groups=frozenset({0, 1, 2})):
        try:
            made.append(GLRenderer(model, groups))
        except RenderError as error:
            pytest.skip(str(error))
        return made[-1]

    yield make
    for renderer in made:
        renderer.close()


def test_agrees_with_rays(clutter, look_at, renderer_of):
    model, data = clutter(6)
    renderer, rays = renderer_of(model), RayRenderer(model)
    for eye in ((2.4, 2.4, 2.2), (-2.4, 2.0, 1.4)):
        pose = look_at(eye, (0, 0, 0.6))
        mine, theirs = renderer.render(data, *pose, CAMERA), rays.render(data, *pose, CAMERA)
        same = mine.geom == theirs.geom
        assert same.mean() > 0.98  # OpenGL draws curved geoms as polyhedra
        assert np.percentile(np.abs(mine.depth - theirs.depth)[same], 99) < 0.01
        assert mine.rgb.std() > 10


def test_groups_and_changing_sizes(build, look_at, renderer_of):
    model, data = build(
        '<geom type="box" pos="1 0 0" size="0.1 1 1" group="3"/><geom type="box" pos="3 0 0" size="0.1 9 9"/>'
    )
    renderer, pose = renderer_of(model), look_at((0, 0, 0), (1, 0, 0))
    for width, height in ((64, 48), (33, 17), (700, 500)):
        image = renderer.render(data, *pose, Camera.from_fov(width, height, 60.0))
        assert image.rgb.shape == (height, width, 3)
        assert (image.geom == 1).all()
        np.testing.assert_allclose(image.depth, 2.9, atol=1e-3)


def test_missing_egl_is_an_error_with_the_remedy(build, monkeypatch):
    def fail(*_):
        raise ImportError("no EGL library")

    monkeypatch.setattr(gl, "_new_context", fail)
    with pytest.raises(RenderError, match=r"apt-get install libegl1 libgl1; pip install engram\[gl\]"):
        GLRenderer(build('<geom size="1"/>')[0])
