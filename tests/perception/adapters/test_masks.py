import numpy as np

from engram.perception.adapters.config import BandConfig
from engram.perception.adapters.masks import DepthBands, depth_mask
from engram.sims.contract import Observation

FOCAL_PX = 30.0


def test_the_thing_before_a_wall_is_cut_out(observation: Observation) -> None:
    truth = observation["depth"] < 2.0
    (mask,) = DepthBands().segment(observation, [(15, 24, 46, 55)])
    assert np.array_equal(mask, truth)


def test_a_mask_stays_within_its_box(observation: Observation) -> None:
    mask = depth_mask(observation["depth"], (25, 35, 60, 80), FOCAL_PX)
    rows, cols = np.nonzero(mask)
    assert (rows.min(), cols.min(), rows.max(), cols.max()) == (25, 35, 59, 79)  # the wall: most of the middle is wall
    assert not mask[25:40, 35:50].any()


def test_a_second_thing_at_the_same_depth_is_left_out() -> None:
    depth = np.full((40, 60), 3.0, np.float32)
    depth[10:30, 20:40] = 1.0
    depth[10:30, 44:50] = 1.0
    mask = depth_mask(depth, (8, 10, 32, 50), FOCAL_PX)
    assert mask[10:30, 20:40].all()
    assert mask.sum() == 400


def test_a_slanted_thing_is_one_and_the_band_ends_it() -> None:
    depth = np.tile(np.linspace(1.0, 3.0, 100, dtype=np.float32), (20, 1))
    config = BandConfig(depth_share=0.0, min_band_m=0.25)
    mask = depth_mask(depth, (0, 0, 20, 100), FOCAL_PX, config)
    assert np.array_equal(mask, np.abs(depth - 2.0) <= 0.25)


def test_a_deep_band_does_not_join_what_depth_parts(observation: Observation) -> None:
    wide = BandConfig(depth_share=9.0)
    (mask,) = DepthBands(wide).segment(observation, [(10, 20, 50, 60)])
    assert np.array_equal(mask, observation["depth"] < 2.0)


def test_what_a_hole_parts_counts_by_its_share_of_the_middle() -> None:
    depth = np.ones((20, 40), np.float32)
    depth[:, 22] = 0.0
    mask = depth_mask(depth, (0, 0, 20, 40), FOCAL_PX)
    assert mask[:, :22].all()
    assert not mask[:, 22:].any()


def test_invalid_depth() -> None:
    depth = np.full((40, 40), np.nan, np.float32)
    assert not depth_mask(depth, (5, 5, 30, 30), FOCAL_PX).any()
    depth[:] = 0.0
    assert not depth_mask(depth, (5, 5, 30, 30), FOCAL_PX).any()
    depth[6:9, 6:9] = 1.0  # only a corner is seen
    depth[10, 10] = np.inf
    mask = depth_mask(depth, (5, 5, 30, 30), FOCAL_PX)
    assert mask.sum() == 9
    assert mask[6:9, 6:9].all()


def test_a_box_of_one_pixel() -> None:
    depth = np.ones((4, 4), np.float32)
    assert depth_mask(depth, (1, 2, 2, 3), FOCAL_PX).sum() == 1
    assert depth_mask(depth, (1, 1, 3, 3), FOCAL_PX).sum() == 4
