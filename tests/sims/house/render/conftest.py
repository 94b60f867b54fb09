"""Hand-made scenes and cameras for the tests of the renderers."""

import math

import mujoco
import numpy as np
import pytest

from engram.sims.house.geometry import lathe


def _build(geoms, assets=""):
    model = mujoco.MjModel.from_xml_string(
        f"<mujoco><asset>{assets}</asset><worldbody>{geoms}</worldbody></mujoco>",
    )
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def _look_at(eye, target):
    """Pose of an upright camera at ``eye``, or of one whose top is +y where it looks straight down."""
    eye = np.array(eye, float)
    z = np.array(target, float) - eye
    z /= np.linalg.norm(z)
    up = np.array([0.0, 1.0, 0.0]) if abs(z[2]) > 0.999 else np.array([0.0, 0.0, 1.0])
    x = np.cross(z, up)
    x /= np.linalg.norm(x)
    return eye, np.stack([x, np.cross(z, x), z], axis=1)


def _numbers(values):
    return " ".join(f"{v:.6g}" for v in np.ravel(values))


def _mesh(name, mesh):
    return f'<mesh name="{name}" vertex="{_numbers(mesh.vertices)}" face="{" ".join(map(str, mesh.faces.ravel()))}"/>'


_VASE = lathe([(0, 0), (0.06, 0), (0.1, 0.08), (0.04, 0.26), (0.05, 0.32), (0.03, 0.3), (0, 0.05)], 14)
_MATERIALS = ("wood", "tile", "cloth", "metal", "glass", "glow", "unheard-of")


def _clutter(seed, count=60):
    """A room whose walls are boxes, with geoms of every kind in all attitudes."""
    rng = np.random.default_rng(seed)
    sizes = {
        "box": lambda: rng.uniform(0.03, 0.4, 3),
        "sphere": lambda: rng.uniform(0.03, 0.3, 1),
        "ellipsoid": lambda: rng.uniform(0.05, 0.3, 3),
        "cylinder": lambda: rng.uniform(0.03, 0.3, 2),
        "capsule": lambda: rng.uniform(0.03, 0.3, 2),
    }
    geoms = ['<geom type="plane" size="0 0 1"/>']
    for x, y in ((3, 0), (-3, 0), (0, 3), (0, -3)):
        geoms.append(f'<geom type="box" pos="{x} {y} 1.3" size="{0.05 if x else 3} {0.05 if y else 3} 1.3"/>')
    for k in range(count):
        kind = [*sizes, "mesh"][k % 6]
        shape = 'mesh="vase"' if kind == "mesh" else f'size="{_numbers(sizes[kind]())}"'
        geoms.append(
            f'<geom type="{kind}" {shape} pos="{_numbers(rng.uniform((-2.5, -2.5, 0), (2.5, 2.5, 2)))}" '
            f'quat="{_numbers(rng.normal(size=4))}" rgba="{_numbers(rng.uniform(0.1, 1, 3))} 1" '
            f'material="{rng.choice(_MATERIALS)}"/>'
        )
    materials = "".join(f'<material name="{name}"/>' for name in _MATERIALS)
    return _build("".join(geoms), materials + _mesh("vase", _VASE))


def _poses(seed, count):
    """Cameras anywhere in the room that look anywhere."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        eye = rng.uniform((-2.7, -2.7, 0.3), (2.7, 2.7, 2.3))
        yaw, pitch, roll = rng.uniform(-math.pi, math.pi), rng.uniform(-1.2, 0.9), rng.uniform(-0.3, 0.3)
        ahead = (math.cos(yaw) * math.cos(pitch), math.sin(yaw) * math.cos(pitch), math.sin(pitch))
        eye, rotation = _look_at(eye, eye + ahead)
        c, s = math.cos(roll), math.sin(roll)
        out.append((eye, rotation @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])))
    return out


@pytest.fixture
def build():
    return _build


@pytest.fixture
def look_at():
    return _look_at


@pytest.fixture
def clutter():
    return _clutter


@pytest.fixture
def poses():
    return _poses


@pytest.fixture
def mesh_xml():
    return _mesh
