"""Imperfect sensors."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engram.sims.contract import Verb
from engram.sims.house.noise import noisy_depth


def test_drift_is_in_the_belief_only(lab):
    k = lab(stand="middle", pitch=0, move_noise_m=0.005, turn_noise_deg=0.5)
    for _ in range(8):
        for verb in (Verb.MOVE_AHEAD, Verb.MOVE_BACK, Verb.ROTATE_LEFT):
            k.do(verb)
    true, believed = k.world.truth.map_T_camera(), k.observation["map_T_camera"]
    np.testing.assert_allclose(true[:2, 3], 0, atol=1e-9)
    error = np.linalg.norm(believed[:2, 3])
    assert 0.002 < error < 0.2
    assert believed[2, 3] == true[2, 3]
    assert 0.05 < abs(np.degrees(k.observation["base"][2])) < 8


def test_drift_has_the_stated_size(lab):
    k = lab(stand="middle", pitch=0, move_noise_m=0.005)
    steps = []
    for n in range(200):
        before = k.observation["base"]
        k.do(Verb.MOVE_LEFT if n % 2 else Verb.MOVE_RIGHT)
        steps.append((k.observation["base"] - before)[1] + (-0.25 if n % 2 else 0.25))
    assert np.std(steps) == pytest.approx(0.005, rel=0.25)
    assert abs(np.mean(steps)) < 0.002


def test_depth_noise_grows_with_distance():
    rng = np.random.default_rng(0)
    spread = {}
    for metres in (1.0, 2.0, 4.0):
        read = noisy_depth(np.full((100, 100), metres, np.float32), 0.2, rng)
        spread[metres] = float(np.std(read))
        assert abs(float(np.median(read)) - metres) < 0.06 * metres
        assert read.dtype == np.float32
    assert spread[1.0] < spread[2.0] < spread[4.0]


def test_depth_follows_the_published_formula():
    read = noisy_depth(np.array([[2.0, 0.0, 0.03]], np.float32), 0.0, np.random.default_rng(0))
    assert read[0, 0] == pytest.approx(351.3 / round(35130 / 200 + 0.5), rel=1e-6)
    assert read[0, 1] == 0.0
    assert read[0, 2] == 0.0, "too near"


def test_pointing_uses_the_true_depth(lab, on_counter):
    k = lab(on_counter["Mug_1"], depth_noise=5.0)
    assert k.do(Verb.PICK, "Mug_1").code == "ok"


def test_dropped_frames_repeat_the_last_one(lab):
    k = lab(stand="middle", pitch=0, drop_rate=0.5)
    frames = [k.observation]
    for _ in range(30):
        k.do(Verb.ROTATE_LEFT)
        frames.append(k.observation)
        np.testing.assert_array_equal(k.world.truth.map_T_camera(), k.observation["map_T_camera"])
    repeats = 0
    for old, new in pairwise(frames):
        if new["stamp_ns"] == old["stamp_ns"]:
            repeats += 1
            np.testing.assert_array_equal(old["rgb"], new["rgb"])
            np.testing.assert_array_equal(old["map_T_camera"], new["map_T_camera"])
            assert new["base"][2] != old["base"][2], "odometry goes on"
    assert 5 < repeats < 25


def test_noise_is_seeded(lab):
    def play() -> bytes:
        k = lab(stand="middle", pitch=0, move_noise_m=0.01, turn_noise_deg=1.0, depth_noise=0.2, drop_rate=0.2)
        total = b""
        for _ in range(10):
            k.do(Verb.ROTATE_LEFT)
            k.do(Verb.MOVE_AHEAD)
            total += k.observation["depth"].tobytes() + k.observation["base"].tobytes()
        return total

    assert play() == play()
