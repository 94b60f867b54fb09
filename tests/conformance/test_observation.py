"""What the sensors deliver: spaces, dtypes, frames."""

from __future__ import annotations

import numpy as np

from engram.sims.contract import Camera, Verb, act

DTYPES = {
    "rgb": np.uint8,
    "depth": np.float32,
    "camera": np.float64,
    "map_T_camera": np.float64,
    "base": np.float64,
    "stamp_ns": np.int64,
}
KEYS = {*DTYPES, "holding", "outcome"}


def test_observations_are_members_of_the_space(pilot):
    space = pilot.world.observation_space
    assert space.contains(pilot.observation)
    for verb in Verb:
        assert pilot.world.action_space.contains(act(verb))
        if verb is not Verb.DONE:
            pilot.do(verb)
            assert space.contains(pilot.observation), verb.name


def test_nothing_but_the_contract_is_observed(pilot):
    assert set(pilot.observation) == KEYS
    assert pilot.info["seed"] == 11


def test_dtypes_and_shapes(pilot):
    size = (pilot.world.config.height, pilot.world.config.width)
    for name, dtype in DTYPES.items():
        assert pilot.observation[name].dtype == dtype, name
    assert pilot.observation["rgb"].shape == (*size, 3)
    assert pilot.observation["depth"].shape == size
    assert type(pilot.observation["holding"]) is int
    assert type(pilot.observation["outcome"]) is int


def test_camera_describes_the_image(pilot):
    camera = Camera(*pilot.observation["camera"])
    assert camera == pilot.world.camera
    assert (camera.height, camera.width) == pilot.observation["depth"].shape
    assert camera.fx > 0
    assert 0 < camera.cx < camera.width


def test_an_episode_begins_at_the_origin(pilot):
    np.testing.assert_array_equal(pilot.observation["base"], [0, 0, 0])
    assert pilot.observation["stamp_ns"] == 0
    assert pilot.observation["holding"] == 0
    assert pilot.observation["outcome"] == 0
    forward = pilot.observation["map_T_camera"][:3, 2]
    assert forward[0] > 0.5
    assert abs(forward[1]) < 1e-6


def test_camera_pose_is_a_rigid_right_handed_transform(pilot):
    for verb in (Verb.ROTATE_LEFT, Verb.LOOK_DOWN, Verb.MOVE_BACK):
        pilot.do(verb)
        pose = pilot.observation["map_T_camera"]
        np.testing.assert_allclose(pose[:3, :3].T @ pose[:3, :3], np.eye(3), atol=1e-9)
        assert np.linalg.det(pose[:3, :3]) > 0
        np.testing.assert_array_equal(pose[3], [0, 0, 0, 1])
        assert pose[2, 1] < 0, "the image's down must point down in map"


def test_turning_left_is_positive_yaw(pilot):
    pilot.do(Verb.ROTATE_LEFT)
    np.testing.assert_allclose(pilot.observation["base"][2], np.radians(pilot.world.config.rotate_deg), atol=1e-6)
    forward = pilot.observation["map_T_camera"][:3, 2]
    assert forward[1] > 0


def test_time_grows(pilot):
    stamps = []
    for _ in range(3):
        pilot.do(Verb.ROTATE_LEFT)
        stamps.append(int(pilot.observation["stamp_ns"]))
    assert 0 < stamps[0] < stamps[1] < stamps[2]


def test_visible_things_unproject_to_their_true_boxes(pilot):
    """Depth, intrinsics, poses and masks agree with the truth within 2 cm."""
    seen = set()
    for _ in pilot.look_around():
        points, numbers = pilot.points(), pilot.world.truth.instances()
        for number, thing in enumerate(pilot.world.truth.objects()):
            mine = points[(numbers == number) & (pilot.observation["depth"] > 0)]
            if len(mine) < 20:
                continue
            gap = np.abs(mine - thing.position) - np.array(thing.extent) / 2
            assert gap.max() < 0.02, thing.id
            seen.add(thing.id)
    assert len(seen) >= 3


def test_small_things_are_where_their_pixels_are(pilot):
    """The middle of a small thing's pixels is near the middle of its box: a box cannot be right by being big."""
    checked = 0
    for _ in pilot.wander(60):
        points, numbers = pilot.points(), pilot.world.truth.instances()
        for number, thing in enumerate(pilot.world.truth.objects()):
            mine = points[numbers == number]
            if max(thing.extent) < 0.3 and len(mine) >= 40:
                assert np.linalg.norm(np.median(mine, axis=0) - thing.position) < 0.2, thing.id
                checked += 1
    assert checked > 0


def test_the_floor_is_at_height_zero(pilot):
    pilot.do(Verb.LOOK_DOWN)
    heights = pilot.points()[pilot.structure()][:, 2]
    assert abs(heights.min()) < 0.02


def test_observations_stay_as_they_were(pilot):
    first = pilot.observation
    copies = {name: np.array(value, copy=True) for name, value in first.items()}
    for verb in (Verb.ROTATE_LEFT, Verb.MOVE_AHEAD, Verb.LOOK_DOWN):
        pilot.do(verb)
    for name, value in copies.items():
        np.testing.assert_array_equal(first[name], value, err_msg=name)
