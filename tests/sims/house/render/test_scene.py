import mujoco
import numpy as np

from engram.sims.contract import Camera
from engram.sims.house.geometry import lathe
from engram.sims.house.render._scene import build_scene
from engram.sims.house.render._texture import LEVELS, SIDE, patterns
from engram.sims.house.render.raster import RasterRenderer


def shading_normals(scene, geom):
    """Centres of a mesh's triangles (F, 3), the shading normals there, and the normals of the triangles."""
    v0, _, f0, nf = scene.mesh[geom]
    corners = scene.vertices[v0 + scene.faces[f0 : f0 + nf]]
    centre = corners.mean(1)
    m = scene.normals[f0 : f0 + nf].astype(float)
    normal = m[:, :3] + np.einsum("fij,fj->fi", m[:, 3:].reshape(-1, 3, 3), centre)
    return centre, normal / np.linalg.norm(normal, axis=1, keepdims=True), scene.planes[f0 : f0 + nf, :3]


def test_round_meshes_are_shaded_smoothly(build, mesh_xml):
    angles = np.linspace(-np.pi / 2, np.pi / 2, 13)
    ball = lathe([(0, -0.4), *((0.4 * np.cos(a), 0.4 * np.sin(a)) for a in angles[1:-1]), (0, 0.4)], 24)
    model, _ = build('<geom type="mesh" mesh="ball"/>', mesh_xml("ball", ball))
    centre, normal, flat = shading_normals(build_scene(model), 0)
    radial = centre / np.linalg.norm(centre, axis=1, keepdims=True)
    assert (normal * radial).sum(1).min() > np.cos(np.radians(4))
    assert (flat * radial).sum(1).min() > 0.9


def test_creased_meshes_keep_their_edges(build, mesh_xml):
    prism = lathe([(0, -0.3), (0.4, -0.3), (0.4, 0.3), (0, 0.3)], 4)  # corners of 90 degrees everywhere
    model, _ = build('<geom type="mesh" mesh="prism"/>', mesh_xml("prism", prism))
    _, normal, flat = shading_normals(build_scene(model), 0)
    np.testing.assert_allclose(normal, flat, atol=1e-5)
    assert len(np.unique(flat.round(4), axis=0)) == 6


def test_codes_name_their_owners(build, mesh_xml):
    model, _ = build(
        '<geom type="sphere" size="1"/><geom type="box" size="1 1 1"/><geom type="mesh" mesh="m"/><geom size="1"/>',
        mesh_xml("m", lathe([(0, -1), (1, 0), (0, 1)], 3)),
    )
    scene = build_scene(model)
    assert scene.base.tolist() == [0, 1, 7, 13]
    assert scene.owner.tolist() == [0] + [1] * 6 + [2] * 6 + [3]


def test_floors_are_flat_and_grain_runs_along(build):
    model, _ = build(
        '<geom type="box" size="2 3 0.05"/><geom type="box" size="0.3 0.02 0.5"/><geom type="plane" size="1 1 1"/>'
    )
    scene = build_scene(model)
    assert scene.flat.tolist() == [True, False, True]
    assert scene.axes[0, 2].tolist() == [1, 0]  # on top of the floor: along y
    assert scene.axes[1, 1].tolist() == [2, 0]  # on the broad side of the board: upwards


def test_bounds_hold_the_mesh(build, mesh_xml):
    cone = lathe([(0, 0), (0.5, 0), (0, 2)], 16)
    model, data = build('<geom type="mesh" mesh="cone" pos="1 2 3"/>', mesh_xml("cone", cone))
    scene = build_scene(model)
    turn = data.geom_xmat[0].reshape(3, 3)
    centre = data.geom_xpos[0] + turn @ scene.bounds[0, :3]
    half = np.abs(turn) @ scene.bounds[0, 3:]
    np.testing.assert_allclose(centre, (1, 2, 4), atol=0.02)
    np.testing.assert_allclose(half, (0.5, 0.5, 1), atol=0.02)
    # The frame of the textures is that in which the mesh was written.
    frame = scene.frame[0]
    point = frame[:9].reshape(3, 3) @ scene.vertices.T + frame[9:, None]
    np.testing.assert_allclose(np.sort(point[2])[-1], 2.0, atol=1e-5)
    np.testing.assert_allclose(np.sort(point[2])[:3], 0.0, atol=1e-5)


def test_patterns_are_neutral_at_every_size():
    images = patterns()
    for layer in images:
        for level in range(LEVELS):
            n = SIDE >> level
            assert abs(layer[level, :n, :n].mean() - 128) < 2.0
    assert images[:, 0].reshape(len(images), -1).std(axis=1).min() > 3


def test_a_model_without_geoms_renders(look_at):
    model = mujoco.MjModel.from_xml_string("<mujoco/>")
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    image = RasterRenderer(model).render(data, *look_at((0, 0, 0), (1, 0, 0)), Camera.from_fov(20, 10, 60.0))
    assert (image.geom == -1).all()
