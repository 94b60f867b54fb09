import subprocess
import sys

import numpy as np
import pytest

from engram.sims.contract import Camera
from engram.sims.house.render import RenderError, base, make_renderer
from engram.sims.house.render.raster import RasterRenderer
from engram.sims.house.render.rays import RayRenderer


@pytest.fixture
def ball(build):
    return build('<geom type="sphere" pos="2 0 0" size="0.5"/>')


@pytest.fixture
def without_numba(monkeypatch):
    def load(name):
        if name == "raster":
            raise ModuleNotFoundError("No module named 'numba'", name="numba")
        return load_any(name)

    load_any = base._load
    monkeypatch.setattr(base, "_load", load)


def test_kinds(ball):
    assert isinstance(make_renderer("auto", ball[0]), RasterRenderer)
    assert isinstance(make_renderer("raster", ball[0]), RasterRenderer)
    assert isinstance(make_renderer("rays", ball[0]), RayRenderer)
    with pytest.raises(ValueError, match="'auto', 'raster', 'rays', 'gl'"):
        make_renderer("vulkan", ball[0])
    with pytest.raises(ValueError, match=r"\[0, 6\]"):
        make_renderer("auto", ball[0], {0, 6})


def test_rays_stand_in_where_numba_is_missing(ball, without_numba):
    assert isinstance(make_renderer("auto", ball[0]), RayRenderer)
    assert base.warm_up() == 0.0
    with pytest.raises(RenderError, match="pip install numba"):
        make_renderer("raster", ball[0])


def test_rays_work_without_numba():
    script = (
        "import sys; from engram.sims.house.render import rays, make_renderer; "
        "sys.exit(any(m in sys.modules for m in ('numba', 'OpenGL')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0  # noqa: S603


def test_image_size_rounds():
    assert base.image_size(Camera(1.0, 1.0, 0.0, 0.0, 31.6, 16.4)) == (16, 32)


def test_shown(build):
    model, _ = build(
        '<geom size="1" group="3"/><geom size="1" group="4"/><geom size="1" rgba="1 1 1 0"/><geom size="1"/>'
    )
    np.testing.assert_array_equal(base.shown(model, base.VISIBLE_GROUPS), [False, True, False, True])
