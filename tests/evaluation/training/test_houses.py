from __future__ import annotations

import pytest

from engram.evaluation.training.frames import FrameOptions, house_frames, make_shard, shard_path
from engram.evaluation.training.houses import USES, check_use, house_seeds
from engram.sims.seeds import SeedError, split_of


@pytest.mark.parametrize("seed", [700_000, 799_999, 800_000, 899_999, 900_000, -1])
def test_no_other_split_is_trained_on(seed):
    with pytest.raises(SeedError):
        check_use(seed, "train")
    with pytest.raises(SeedError):
        check_use(seed, "memory")


@pytest.mark.parametrize("use", ["train", "memory", "validation"])
def test_test_houses_are_for_no_trainer(use):
    with pytest.raises(SeedError, match="800,000 may not be used"):
        check_use(800_000, use)


def test_uses_do_not_overlap():
    assert house_seeds("train", 3) == [0, 1, 2]
    assert house_seeds("memory", 2, first=5) == [600_005, 600_006]
    assert {split_of(s) for s in (USES["train"][-1], USES["memory"][0], USES["memory"][-1])} == {"train"}
    assert split_of(house_seeds("validation", 1)[0]) == "validation"
    with pytest.raises(SeedError):
        check_use(600_000, "train")


def test_more_houses_than_there_are():
    with pytest.raises(SeedError):
        house_seeds("validation", 2, first=99_999)
    with pytest.raises(ValueError, match="negative"):
        house_seeds("train", -1)


def test_frames_of_test_houses_are_refused(tmp_path):
    with pytest.raises(SeedError):
        next(house_frames(800_000, "train", FrameOptions()))
    shard_path(tmp_path, 800_001).write_bytes(b"")
    with pytest.raises(SeedError):
        make_shard(tmp_path, 800_001, "validation", FrameOptions())
