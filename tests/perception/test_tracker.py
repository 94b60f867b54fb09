from __future__ import annotations

import math

import numpy as np
import pytest

from engram.perception.contracts import Detection
from engram.perception.geometry import point_image
from engram.perception.oracle import MaskDetector
from engram.perception.support import support_of
from engram.perception.tracker import Track, Tracker, pack_voxels, unpack_voxels
from engram.sims.contract import Camera

SIZE = 96


def view(boxes, eye, yaw=0.0, pitch_deg=30.0, holding=0):
    """Ray cast boxes ((label, centre, size), ...) over a floor: (observation, instance numbers)."""
    camera = Camera.from_fov(SIZE, SIZE, 90.0)
    p = math.radians(pitch_deg)
    forward = np.array([math.cos(yaw) * math.cos(p), math.sin(yaw) * math.cos(p), -math.sin(p)])
    right = np.array([math.sin(yaw), -math.cos(yaw), 0.0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], 1)
    pose[:3, 3] = eye
    axis = (np.arange(SIZE) + 0.5 - SIZE / 2) / camera.fx
    rays = np.stack([*np.meshgrid(axis, axis), np.ones((SIZE, SIZE))], -1) @ pose[:3, :3].T
    depth, number = np.full((SIZE, SIZE), np.inf), np.full((SIZE, SIZE), -1, np.int32)
    with np.errstate(divide="ignore"):
        for k, (_, centre, size) in enumerate([*boxes, ("floor", (0, 0, -0.05), (50, 50, 0.1))]):
            c, s = np.array(centre, float), np.array(size, float)
            a, z = (c - s / 2 - eye) / rays, (c + s / 2 - eye) / rays
            near, far = np.minimum(a, z).max(-1), np.maximum(a, z).min(-1)
            hit = (near < far) & (near > 0) & (near < depth)
            depth[hit], number[hit] = near[hit], k if k < len(boxes) else -1
    observation = {
        "depth": np.where(np.isfinite(depth), depth, 0).astype(np.float32),
        "camera": np.array(camera),
        "map_T_camera": pose,
        "holding": holding,
    }
    return observation, number


def look(tracker, boxes, eye, step, **kw):
    observation, number = view(boxes, eye, **kw)
    detector = MaskDetector(lambda: number, lambda: [b[0] for b in boxes])
    return tracker.update(observation, detector.detect(observation), point_image(observation), step)


TABLE = ("DiningTable", (2.0, 0.0, 0.7), (1.0, 1.6, 0.06))
APPLE = ("Apple", (1.8, 0.3, 0.77), (0.08, 0.08, 0.08))
TWIN = ("Apple", (1.8, -0.3, 0.77), (0.08, 0.08, 0.08))
MUG = ("Mug", (1.2, 0.2, 0.05), (0.1, 0.1, 0.1))
EYE = (0.0, 0.0, 1.5)


def test_lifts_to_the_right_place_and_size():
    tracker = Tracker()
    look(tracker, [TABLE, APPLE], EYE, 0)
    apple = next(t for t in tracker.tracks if t.label == "Apple")
    np.testing.assert_allclose(apple.centre, APPLE[1], atol=0.04)
    table = next(t for t in tracker.tracks if t.label == "DiningTable")
    np.testing.assert_allclose(table.size, TABLE[2], atol=0.12)
    points = table.surface_points()
    assert len(points) > 50
    assert np.abs(points[:, 2] - 0.73).max() < 0.06


def test_two_alike_stay_two_over_many_views():
    tracker = Tracker()
    for step, x in enumerate((0.0, 0.25, 0.5, 0.5, 0.25)):
        look(tracker, [TABLE, APPLE, TWIN], (x, 0.1 * step, 1.5), step)
    assert sorted(t.label for t in tracker.tracks) == ["Apple", "Apple", "DiningTable"]
    assert all(t.views == 5 and t.last_step == 4 for t in tracker.tracks)


def test_a_long_thing_seen_in_parts_becomes_one():
    counter = ("CounterTop", (2.0, 0.0, 0.45), (0.6, 6.0, 0.9))
    tracker = Tracker()
    for step, y in enumerate(np.arange(-2.5, 2.6, 0.25)):
        look(tracker, [counter], (0.3, y, 1.5), step)
    (track,) = tracker.tracks
    assert track.size[1] == pytest.approx(6.0, abs=0.2)


def test_what_is_gone_is_forgotten_but_what_is_hidden_is_not():
    tracker = Tracker()
    look(tracker, [TABLE, APPLE, MUG], EYE, 0)
    screen = ("Screen", (0.6, 0.15, 0.75), (0.05, 0.5, 1.5))
    for step in range(1, 6):
        look(tracker, [TABLE, APPLE, MUG, screen], EYE, step)
    assert {"Apple", "Mug"} <= {t.label for t in tracker.tracks}
    for step in range(6, 9):
        assert "Apple" in {t.label for t in tracker.tracks}
        look(tracker, [TABLE, MUG], (0.9, 0.2, 1.5), step)
    assert sorted(t.label for t in tracker.tracks) == ["DiningTable", "Mug", "Screen"]


def test_the_held_thing_makes_no_track():
    held = ("Mug", (0.35, 0.0, 1.3), (0.1, 0.1, 0.1))
    tracker = Tracker()
    look(tracker, [TABLE, held], EYE, 0, holding=1)
    assert [t.label for t in tracker.tracks] == ["DiningTable"]


def test_support():
    tracker = Tracker()
    look(tracker, [TABLE, APPLE, MUG], EYE, 0)
    holders = tracker.labelled(["DiningTable"])
    (apple,), (mug,) = tracker.labelled(["Apple"]), tracker.labelled(["Mug"])
    assert support_of(apple, holders).track is holders[0]
    assert support_of(mug, holders).where == "floor"
    floating = Track(99, {"Cup": 1.0}, np.array([5.0, 5.0, 1.0]), np.array([5.1, 5.1, 1.1]), 0, 0)
    assert support_of(floating, holders).where == "unknown"


def test_things_lie_on_what_should_not_hold_them():
    def track(label, lo, hi):
        return Track(0, {label: 1.0}, np.array(lo), np.array(hi), 0, 0)

    chair = track("Chair", (1.0, 0.0, 0.02), (1.4, 0.4, 0.9))
    chair.surface = set(pack_voxels(np.array([[1.1, 0.1, 0.44], [1.2, 0.2, 0.44], [1.3, 0.3, 0.44]])).tolist())
    rim = track("GarbageCan", (2.0, 0.0, 0.0), (2.3, 0.3, 0.5))
    picture = track("Painting", (3.0, 0.0, 1.0), (3.1, 0.5, 1.6))
    others = [chair, rim, picture]
    book = track("Book", (1.1, 0.1, 0.45), (1.3, 0.3, 0.47))
    kettle = track("Kettle", (2.1, 0.1, 0.3), (2.25, 0.25, 0.55))
    pan = track("Pan", (3.0, 0.1, 1.1), (3.05, 0.3, 1.3))
    assert support_of(book, []).where == "unknown"
    assert support_of(book, [], others).track is chair
    assert support_of(kettle, [], others).track is rim
    assert support_of(pan, [], others).where == "unknown"


def test_a_thing_under_a_table_lies_on_the_floor():
    tracker = Tracker()
    under = ("Mug", (1.7, 0.3, 0.05), (0.1, 0.1, 0.1))
    look(tracker, [TABLE, under], (0.0, 0.2, 1.2), 0)
    look(tracker, [TABLE, under], EYE, 1, pitch_deg=0)
    (mug,) = tracker.labelled(["Mug"])
    assert support_of(mug, tracker.labelled(["DiningTable"])).where == "floor"


def test_oracle_hides_numbers_and_specks():
    number = np.full((8, 8), -1, np.int32)
    number[1:4, 2:5] = 7
    number[7, 7] = 3
    (only,) = MaskDetector(lambda: number, lambda: list("abcdefgh")).detect({"depth": np.ones((8, 8))})
    assert (only.label, only.pixels, only.box) == ("h", 9, (1, 2, 4, 5))
    assert np.array_equal(only.mask, number == 7)
    assert isinstance(only, Detection)
    with pytest.raises(ValueError, match="do not fit"):
        MaskDetector(lambda: number, list).detect({"depth": np.ones((4, 4))})


def test_voxels_round_trip():
    points = np.array([[-3.31, 0.02, 0.7], [12.0, -0.01, 2.5]])
    assert np.abs(unpack_voxels(pack_voxels(points)) - points).max() <= 0.0251
