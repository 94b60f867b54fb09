from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from engram.perception.contracts import Detection
from engram.perception.guard import DetectorError, FrameGuard, Guarded
from engram.sims.contract import Camera

NAN = float("nan")


def frame(depth=2.0, rgb=100):
    return {
        "rgb": np.full((8, 10, 3), rgb, np.uint8),
        "depth": np.full((8, 10), depth, np.float32),
        "camera": np.array(Camera.from_fov(10, 8, 90.0)),
        "map_T_camera": np.eye(4),
        "base": np.zeros(3),
        "holding": 0,
        "stamp_ns": np.array(0),
        "outcome": 0,
    }


def good():
    mask = np.zeros((8, 10), bool)
    mask[2:5, 3:7] = True
    return Detection("Mug", 0.9, mask, (2, 3, 5, 7), 12, 0.2, np.ones(3, np.float32))


class Says:
    def __init__(self, *found, error=None):
        self.found, self.error = found, error

    def detect(self, observation):
        if self.error is not None:
            raise self.error
        return list(self.found)


def test_what_is_sound_passes_untouched():
    guarded, sound = Guarded(Says(good(), good()), ["Mug"]), frame()
    assert [d.box for d in guarded.detect(sound)] == [(2, 3, 5, 7)] * 2
    frames = FrameGuard()
    assert frames(sound) is sound
    assert not +guarded.counts
    assert not +frames.counts


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"label": "Zebra"}, "unknown_label"),
        ({"score": NAN}, "bad_score"),
        ({"score": 1.5}, "bad_score"),
        ({"score": -0.1}, "bad_score"),
        ({"box": (2, 3, 2, 7)}, "bad_box"),  # empty
        ({"box": (5, 7, 2, 3)}, "bad_box"),  # inverted
        ({"box": (2, 3, 9, 7)}, "bad_box"),  # outside
        ({"box": (-1, 3, 5, 7)}, "bad_box"),
        ({"box": (NAN, 3, 5, 7)}, "bad_box"),
        ({"box": (2, 3, 5)}, "bad_box"),
        ({"box": (3, 3, 5, 7)}, "bad_mask"),  # the mask sticks out of it
        ({"mask": np.ones((4, 4), bool)}, "bad_mask"),
        ({"mask": np.zeros((8, 10), bool), "pixels": 0}, "bad_mask"),
        ({"mask": np.full((8, 10), NAN)}, "bad_mask"),
        ({"pixels": 11}, "bad_mask"),
        ({"out_of_place": NAN}, "bad_belief"),
        ({"out_of_place": 2.0}, "bad_belief"),
        ({"feature": np.array([1.0, np.inf], np.float32)}, "bad_feature"),
    ],
)
def test_garbage_is_dropped_and_counted(change, reason):
    counts = Counter(bad_score=1)
    guarded = Guarded(Says(replace(good(), **change), good()), ["Mug"], counts)
    assert len(guarded.detect(frame())) == 1
    assert counts - Counter(bad_score=1) == {reason: 1}


def test_any_label_passes_where_none_are_named():
    assert len(Guarded(Says(replace(good(), label="Zebra"))).detect(frame())) == 1


@pytest.mark.parametrize("error", [DetectorError("no image"), RuntimeError("CUDA error: device lost")])
def test_a_model_that_fails_shows_nothing(error, caplog):
    guarded = Guarded(Says(error=error))
    assert guarded.detect(frame()) == guarded.detect(frame()) == []
    assert guarded.counts == {"detector_failed": 2}
    assert len(caplog.records) == 1


def test_faults_of_the_program_pass():
    with pytest.raises(KeyError):
        Guarded(Says(error=KeyError("label"))).detect(frame())


@pytest.mark.parametrize(
    ("depth", "rgb", "reasons"),
    [
        (2.0, 0, {"black_frame": 1}),
        (2.0, 9, {"black_frame": 1}),
        (0.0, 100, {"no_depth": 1}),
        (NAN, 100, {"no_depth": 1, "broken_depth": 1}),
        (np.inf, 100, {"no_depth": 1, "broken_depth": 1}),
        (-1.0, 0, {"no_depth": 1, "broken_depth": 1, "black_frame": 1}),
    ],
)
def test_frames_that_show_nothing_are_counted(depth, rgb, reasons):
    frames = FrameGuard()
    seen = frames(frame(depth, rgb))
    assert frames.counts == reasons
    assert seen["depth"].dtype == np.float32
    assert np.unique(seen["depth"]).tolist() == [max(depth, 0.0) if np.isfinite(depth) else 0.0]


def test_what_is_left_of_broken_depth_is_kept():
    observation, frames = frame(), FrameGuard()
    observation["depth"][0, 0] = np.nan
    seen = frames(observation)
    assert seen["depth"][0, 0] == 0.0
    assert (seen["depth"].ravel()[1:] == 2.0).all()
    assert np.isnan(observation["depth"][0, 0]), "what the world gave stays as it is"
    assert frames.counts == {"broken_depth": 1}
