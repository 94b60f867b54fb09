from __future__ import annotations

import numpy as np
import pytest

from engram.evaluation.training.frames import FrameOptions, Shard, house_frames, make_shard, make_shards

OPTIONS = FrameOptions(frames=4, mess=3, size=64)


@pytest.fixture(scope="module")
def frames():
    return list(house_frames(11, "train", OPTIONS))


def test_boxes_and_masks_agree(frames):
    things = 0
    for frame in frames:
        assert frame.rgb.shape == (64, 64, 3)
        assert frame.numbers.max() <= len(frame.things)
        for k, thing in enumerate(frame.things, 1):
            rows, cols = np.nonzero(frame.numbers == k)
            assert thing.box == (rows.min(), cols.min(), rows.max() + 1, cols.max() + 1)
            assert thing.pixels == len(rows)
            things += 1
    assert things > 4


def test_out_of_place_is_asked_of_what_can_be_carried(frames):
    from engram.sims.house.categories import CATEGORIES

    for frame in frames:
        for thing in frame.things:
            assert (thing.out_of_place is not None) == CATEGORIES[thing.label].pickupable


def test_a_frame_is_an_observation(frames):
    observation = frames[0].observation()
    assert observation["rgb"] is frames[0].rgb
    assert observation["camera"].tolist()[2:] == [32.0, 32.0, 64.0, 64.0]
    assert np.allclose(observation["map_T_camera"][:3, :3] @ observation["map_T_camera"][:3, :3].T, np.eye(3))


def test_a_held_thing_is_in_front_of_the_camera_and_back_in_its_place_after(frames):
    held = list(house_frames(11, "train", FrameOptions(frames=4, mess=3, size=64, held=1.0)))
    for frame in held:
        near = [k for k in range(1, len(frame.things) + 1) if np.median(frame.depth[frame.numbers == k]) < 0.5]
        assert 1 <= len(near) <= 3  # the thing, and what lies on it
        assert all(frame.things[k - 1].out_of_place is False or len(near) > 1 for k in near)
    depths = [np.median(f.depth[f.numbers == k]) for f in frames for k in range(1, len(f.things) + 1)]
    assert min(depths) > 0.5


def test_a_shard_gives_back_what_was_written(tmp_path, frames):
    path = make_shard(tmp_path, 11, "train", OPTIONS)
    shard = Shard(path)
    assert len(shard) == 4
    for k, frame in enumerate(frames):
        again = shard[k]
        assert np.array_equal(again.rgb, frame.rgb)
        assert np.array_equal(again.depth, frame.depth)
        assert np.array_equal(again.numbers, frame.numbers)
        assert np.array_equal(again.pose, frame.pose)
        assert again.things == frame.things


def test_shards_are_made_once_and_again_for_other_options(tmp_path):
    (path,) = make_shards(tmp_path, [11], "train", OPTIONS, workers=0)
    before = path.read_bytes()
    made = path.stat().st_mtime_ns
    make_shard(tmp_path, 11, "train", OPTIONS)
    assert path.stat().st_mtime_ns == made
    path.unlink()
    make_shard(tmp_path, 11, "train", OPTIONS)
    assert path.read_bytes() == before
    make_shard(tmp_path, 11, "train", FrameOptions(frames=2, mess=3, size=64))
    assert len(Shard(path)) == 2


def test_a_shard_of_another_version(tmp_path):
    path = make_shard(tmp_path, 11, "train", OPTIONS)
    path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":9', 1))
    with pytest.raises(ValueError, match="of version 9"):
        Shard(path)
