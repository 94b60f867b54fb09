import mujoco
import numpy as np
import pytest

from engram.sims.contract import Camera
from engram.sims.house.geometry import lathe
from engram.sims.house.render import RenderError
from engram.sims.house.render.base import VISIBLE_GROUPS
from engram.sims.house.render.raster import RasterRenderer, warm_up
from engram.sims.house.render.rays import RayRenderer

CAMERA = Camera.from_fov(96, 72, 75.0)
GRAY = 'rgba="0.6 0.6 0.6 1"'


def pixel_rays(camera):
    """(H, W, 3) rays of the optical frame with z = 1."""
    u = (np.arange(int(camera.width)) + 0.5 - camera.cx) / camera.fx
    v = (np.arange(int(camera.height)) + 0.5 - camera.cy) / camera.fy
    x, y = np.meshgrid(u, v)
    return np.stack([x, y, np.ones_like(x)], axis=-1)


def inside(eye, model, data):
    """Whether a point lies in a geom, by the ray that leaves it through its own surface."""
    geom, normal = np.zeros(1, np.int32), np.zeros(3)
    for axis in np.vstack([np.eye(3), -np.eye(3)]):
        distance = mujoco.mj_ray(model, data, eye, axis, None, True, -1, geom, normal)
        if distance >= 0 and normal @ axis > 0:
            return True
    return False


def compare(model, data, pose, camera):
    """Share of pixels with equal geom ids, and the largest depth difference among them."""
    mine, theirs = (kind(model).render(data, *pose, camera) for kind in (RasterRenderer, RayRenderer))
    same = mine.geom == theirs.geom
    return same.mean(), np.abs(mine.depth - theirs.depth)[same].max(initial=0.0)


def test_depth_of_a_floor_is_exact(build, look_at):
    model, data = build('<geom type="plane" size="0 0 1"/>')
    eye, rotation = look_at((0.3, -0.2, 1.5), (2.0, 0.4, 0.9))
    image = RasterRenderer(model).render(data, eye, rotation, CAMERA)
    falls = (pixel_rays(CAMERA) @ rotation.T)[..., 2]
    expected = np.where(falls < 0, -1.5 / falls, 0.0)
    seen = (expected > 0) & (expected < 60)
    np.testing.assert_allclose(image.depth[seen], expected[seen], rtol=2e-6)
    assert (image.geom[seen] == 0).all()
    assert (image.geom[falls >= 0] == -1).all()
    assert (image.depth[falls >= 0] == 0).all()


def test_depth_and_outline_of_a_box_are_exact(build, look_at):
    model, data = build('<geom type="box" pos="3 0.1 0.2" size="0.5 0.4 0.3"/>')
    image = RasterRenderer(model).render(data, *look_at((0, 0, 0), (1, 0, 0)), CAMERA)
    rays = pixel_rays(CAMERA)
    y, z = -2.5 * rays[..., 0], -2.5 * rays[..., 1]  # where the rays meet the plane of the front face
    front = (np.abs(y - 0.1) < 0.4) & (np.abs(z - 0.2) < 0.3)
    assert front.sum() > 150
    np.testing.assert_allclose(image.depth[front], 2.5, rtol=1e-6)
    np.testing.assert_array_equal(image.geom, np.where(front, 0, -1))  # the sides face away


def test_depth_and_outline_of_a_sphere_are_exact(build, look_at):
    model, data = build('<geom type="sphere" pos="2 0 0" size="0.5"/>')
    image = RasterRenderer(model).render(data, *look_at((0, 0, 0), (1, 0, 0)), CAMERA)
    rays = pixel_rays(CAMERA)
    a = (rays**2).sum(-1)
    root = 4.0 - a * (4.0 - 0.25)  # |t ray - 2 z|^2 = 0.25
    expected = np.where(root > 0, (2.0 - np.sqrt(np.maximum(root, 0))) / a, 0.0)
    clear = np.abs(root) > 1e-9
    np.testing.assert_allclose(image.depth[clear], expected[clear], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(image.geom[clear], np.where(root > 0, 0, -1)[clear])


@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_rays_on_every_kind_of_geom(clutter, poses, seed):
    model, data = clutter(seed)
    free = [pose for pose in poses(seed, 20) if not inside(pose[0], model, data)]
    assert len(free) >= 12
    for pose in free:
        share, error = compare(model, data, pose, CAMERA)
        assert share >= 0.995
        assert error < 1e-3


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (7, 13), (8, 8), (9, 16), (65, 33), (5, 257), (257, 5), (513, 31), (640, 480)]
)
def test_agrees_with_rays_at_any_size(clutter, look_at, width, height):
    model, data = clutter(2)
    camera = Camera.from_fov(width, height, 60.0)
    share, error = compare(model, data, look_at((2.4, 2.3, 2.2), (0, 0.1, 0.8)), camera)
    assert share >= 0.995
    assert error < 1e-3


def test_agrees_with_rays_for_odd_lenses(clutter, look_at):
    model, data = clutter(3)
    camera = Camera(fx=70.0, fy=110.0, cx=20.5, cy=81.25, width=101, height=87)
    share, error = compare(model, data, look_at((-2.4, 2.0, 1.4), (0, 0, 0.6)), camera)
    assert share >= 0.995
    assert error < 1e-3


def test_surfaces_through_the_near_plane(build, look_at, mesh_xml):
    tower = lathe([(0, -1), (0.5, -1), (0.5, 1), (0, 1)], 12)
    model, data = build(
        '<geom type="box" pos="0 0 -0.5" size="4 4 0.5"/><geom type="box" pos="0.5 0.56 0.5" size="2 0.5 0.5"/>'
        '<geom type="mesh" mesh="tower" pos="0 -0.56 0"/><geom type="plane" pos="0 0 -1" size="0 0 1"/>',
        mesh_xml("tower", tower),
    )
    pose = look_at((0, 0, 0.05), (1, 0.1, 0.05))
    mine, theirs = (kind(model).render(data, *pose, CAMERA) for kind in (RasterRenderer, RayRenderer))
    far = theirs.depth > 0.021
    assert 0.5 < far.mean() < 1.0
    same = mine.geom == theirs.geom
    assert same[far].mean() > 0.995
    assert np.abs(mine.depth - theirs.depth)[far & same].max() < 1e-3
    assert (mine.depth[mine.geom >= 0] > 0.0199).all()


def test_equal_input_gives_equal_bytes(clutter, poses):
    model, data = clutter(4)
    first, second = RasterRenderer(model), RasterRenderer(model)
    shots = [(pose, camera) for pose in poses(4, 3) for camera in (CAMERA, Camera.from_fov(41, 30, 90.0))]
    images = [first.render(data, *pose, camera) for pose, camera in shots]
    for (pose, camera), image in reversed(list(zip(shots, images, strict=True))):
        again = second.render(data, *pose, camera)
        for name in ("rgb", "depth", "geom"):
            assert getattr(again, name).tobytes() == getattr(image, name).tobytes()


def test_follows_what_moves(build, look_at):
    model, data = build('<body><freejoint/><geom type="box" pos="3 0 0" size="0.2 0.2 0.2"/></body>')
    renderer, pose = RasterRenderer(model), look_at((0, 0, 0), (1, 0, 0))
    assert renderer.render(data, *pose, CAMERA).depth[36, 48] == pytest.approx(2.8)
    data.qpos[0] += 1.0
    mujoco.mj_kinematics(model, data)
    assert renderer.render(data, *pose, CAMERA).depth[36, 48] == pytest.approx(3.8)


def test_hidden_groups_and_transparent_geoms_are_looked_through(build, look_at):
    model, data = build(
        '<geom type="box" pos="1 0 0" size="0.1 1 1" group="3"/><geom type="box" pos="2 0 0" size="0.1 1 1" group="4"/>'
        '<geom type="box" pos="3 0 0" size="0.1 1 1" group="2" rgba="1 1 1 0"/>'
        '<geom type="box" pos="4 0 0" size="0.1 3 3"/>',
    )
    pose = look_at((0, 0, 0), (1, 0, 0))

    def middle(groups):
        image = RasterRenderer(model, groups).render(data, *pose, CAMERA)
        return int(image.geom[36, 48]), float(image.depth[36, 48])

    assert middle(VISIBLE_GROUPS) == (1, pytest.approx(1.9))
    assert middle(frozenset({3})) == (0, pytest.approx(0.9))
    assert middle(frozenset({0, 2})) == (3, pytest.approx(3.9))
    model.geom_rgba[2, 3] = 0.5
    assert middle(frozenset({0, 2})) == (2, pytest.approx(2.9))


def test_colours_are_read_at_every_call(build, look_at):
    model, data = build('<geom type="box" pos="2 0 0" size="0.1 3 3" rgba="0.8 0.1 0.1 1"/>')
    renderer, pose = RasterRenderer(model), look_at((0, 0, 0), (1, 0, 0))
    red = renderer.render(data, *pose, CAMERA).rgb[36, 48].astype(int)
    model.geom_rgba[0] = 0.1, 0.1, 0.8, 1.0
    blue = renderer.render(data, *pose, CAMERA).rgb[36, 48].astype(int)
    assert red[0] > 100 > 60 > red[2]
    assert blue[2] > 100 > 60 > blue[0]


def test_what_glows_shows_its_own_colour(build, look_at):
    model, data = build(
        '<geom type="box" pos="2 0 0" size="0.1 9 9" rgba="0.9 0.5 0.2 1" material="glow"/>', '<material name="glow"/>'
    )
    image = RasterRenderer(model).render(data, *look_at((0, 0, 0), (1, 0.5, 0.2)), CAMERA)
    assert np.abs(image.rgb.astype(int) - (230, 128, 51)).max() <= 1


def test_materials_have_patterns(build, look_at):
    spread = {}
    for name in ("plain", "wood", "tile", "cloth", "metal"):
        model, data = build(
            f'<geom type="box" size="2 2 0.1" rgba="0.5 0.5 0.5 1" material="{name}"/>', f'<material name="{name}"/>'
        )
        image = RasterRenderer(model).render(data, *look_at((0.2, 0.1, 0.6), (0.2, 0.1, 0)), CAMERA)
        tone = image.rgb[..., 1].astype(float)
        spread[name] = np.abs(np.diff(tone, axis=1)).mean()
    assert spread["plain"] < 0.2
    assert min(spread[name] for name in ("wood", "tile", "cloth", "metal")) > 3 * spread["plain"]


def test_corners_and_covered_floor_are_darker(build, look_at):
    floor = f'<geom type="box" pos="0 0 -0.1" size="3 3 0.1" {GRAY}/>'
    pose = look_at((-1.5, 0, 1.6), (0.5, 0, 0.2))
    camera = Camera.from_fov(160, 120, 70.0)

    def tone(extra):
        model, data = build(floor + extra)
        image = RasterRenderer(model).render(data, *pose, camera)
        return np.where(image.geom == 0, image.rgb[..., 1].astype(float), np.nan)

    bare, walled = tone(""), tone(f'<geom type="box" pos="1.1 0 1" size="0.1 3 1" {GRAY}/>')
    covered = tone(f'<geom type="box" pos="0.5 0 0.5" size="0.5 0.7 0.02" {GRAY}/>')
    drop = bare - walled
    row = np.flatnonzero(~np.isnan(walled[:, 80]))
    assert drop[row[1], 80] > 8  # at the foot of the wall
    assert abs(drop[row[-20], 80]) < 3  # far from it
    assert np.nanmax(bare - covered) > 10


@pytest.mark.parametrize("kind", ["box", "sphere", "cylinder", "capsule", "ellipsoid"])
def test_lit_side_is_brighter(build, look_at, kind):
    model, data = build(f'<geom type="{kind}" size="0.3 0.3 0.3" pos="2 0 0" {GRAY}/>')
    renderer = RasterRenderer(model)
    tones = []
    for eye in ((2, 0, 2), (2, 0, -2)):
        image = renderer.render(data, *look_at(eye, (2, 0, 0)), CAMERA)
        tones.append(image.rgb[image.geom == 0].mean())
    assert tones[0] > tones[1] + 25


def test_smooth_mesh_is_shaded_like_the_sphere_it_stands_for(build, look_at, mesh_xml):
    angles = np.linspace(-np.pi / 2, np.pi / 2, 15)
    ball = lathe([(0.5 * np.cos(a), 0.5 * np.sin(a)) for a in angles], 28)
    pose, images = look_at((-2, 0.3, 0.4), (0, 0, 0)), []
    for geom in ('type="mesh" mesh="ball"', 'type="sphere" size="0.5"'):
        model, data = build(f"<geom {geom} {GRAY}/>", mesh_xml("ball", ball))
        images.append(RasterRenderer(model).render(data, *pose, CAMERA))
    both = (images[0].geom == 0) & (images[1].geom == 0)
    assert both.sum() > 400
    assert np.percentile(np.abs(images[0].rgb.astype(int) - images[1].rgb)[both], 95) <= 6


def test_an_empty_view_is_sky(build, look_at):
    model, data = build('<geom type="sphere" pos="-2 0 0" size="0.5"/>')
    image = RasterRenderer(model).render(data, *look_at((0, 0, 0), (1, 0, 0)), CAMERA)
    assert (image.geom == -1).all()
    assert (image.depth == 0).all()
    assert len(np.unique(image.rgb.reshape(-1, 3), axis=0)) == 1
    assert image.rgb[0, 0, 2] > image.rgb[0, 0, 0] > 150


def test_types_and_shapes(build, look_at):
    model, data = build('<geom type="sphere" pos="2 0 0" size="0.5"/>')
    image = RasterRenderer(model).render(data, *look_at((0, 0, 0), (1, 0, 0)), Camera.from_fov(31, 17, 60.0))
    assert (image.rgb.shape, image.rgb.dtype) == ((17, 31, 3), np.uint8)
    assert (image.depth.shape, image.depth.dtype) == ((17, 31), np.float32)
    assert (image.geom.shape, image.geom.dtype) == ((17, 31), np.int32)


def test_unknown_geom_types_are_refused(build):
    model, _ = build(
        '<geom type="hfield" hfield="h"/>', '<hfield name="h" nrow="2" ncol="2" size="1 1 1 1" elevation="0 1 0 1"/>'
    )
    with pytest.raises(RenderError, match="rays"):
        RasterRenderer(model)


@pytest.mark.parametrize("kind", [RasterRenderer, RayRenderer])
def test_bad_poses_are_refused(build, kind):
    model, data = build('<geom type="sphere" size="0.5"/>')
    with pytest.raises(ValueError, match="not finite"):
        kind(model).render(data, np.array([0.0, np.nan, 0.0]), np.eye(3), CAMERA)
    with pytest.raises(ValueError, match=r"\(3,\) and \(3, 3\)"):
        kind(model).render(data, np.zeros(3), np.eye(4), CAMERA)


def test_warm_up_leaves_nothing_to_compile(clutter, poses):
    assert warm_up() > 0.0
    from engram.sims.house.render import raster

    before = {name: len(getattr(raster, name).signatures) for name in ("_draw", "shade")}
    model, data = clutter(5)
    RasterRenderer(model).render(data, *poses(5, 1)[0], CAMERA)
    assert {name: len(getattr(raster, name).signatures) for name in before} == before
