from __future__ import annotations

import gymnasium
import numpy as np
import pytest

import engram  # noqa: F401 - registers the worlds
from engram.memory.mapping.errors import PoseGraphError
from engram.memory.mapping.planar import between, compose, inverse, matrix
from engram.memory.mapping.posegraph import Constraint, optimise
from engram.memory.mapping.relocalise import scan_of
from engram.memory.mapping.trajectory import Trajectory
from engram.sims.contract import Verb, act

TIGHT, LOOSE = np.diag([1e4, 1e4, 1e4]), np.diag([100.0, 100.0, 400.0])


def ring(count=40, radius=3.0):
    angle = 2 * np.pi * np.arange(count) / count
    return np.stack([radius * np.sin(angle), radius * (1 - np.cos(angle)), angle], axis=1)


def drifting(true, bias=(0.01, 0.005, 0.02), seed=0):
    """Odometry with a bias and noise: the chain of its constraints, and the poses that it adds up to."""
    rng = np.random.default_rng(seed)
    chain, poses = [], [true[0]]
    for k in range(len(true) - 1):
        moved = between(true[k], true[k + 1]) + bias + rng.normal(0, 0.005, 3)
        chain.append(Constraint(k, k + 1, moved, LOOSE))
        poses.append(compose(poses[-1], moved))
    return chain, np.array(poses)


def off(poses, true):
    return np.hypot(*(poses - true)[:, :2].T)


def test_a_closed_loop_takes_out_the_drift():
    true = ring()
    chain, poses = drifting(true)
    assert off(poses, true)[-1] > 1.0
    closing = [Constraint(k, k + 20, between(true[k], true[k + 20]), TIGHT, loop=True) for k in (0, 10, 19)]
    adjusted = optimise(poses, [*chain, *closing, Constraint(39, 0, between(true[39], true[0]), TIGHT, loop=True)])
    assert off(adjusted.poses, true).max() < 0.15
    assert adjusted.poses[0] == pytest.approx(true[0])
    assert adjusted.iterations < 100
    assert adjusted.scales.min() > 0.9


def test_exact_measurements_leave_no_error():
    true = ring(12)
    rng = np.random.default_rng(1)
    exact = [Constraint(k, (k + 1) % 12, between(true[k], true[(k + 1) % 12]), TIGHT) for k in range(12)]
    adjusted = optimise(true + np.concatenate([np.zeros((1, 3)), rng.normal(0, 0.1, (11, 3))]), exact)
    assert adjusted.error < 1e-9
    assert np.abs(between(true, adjusted.poses)).max() < 1e-6


def test_a_wrong_loop_is_not_believed():
    true = ring()
    chain, poses = drifting(true, bias=(0.0, 0.0, 0.0))
    good = Constraint(39, 0, between(true[39], true[0]), TIGHT, loop=True)
    wrong = Constraint(10, 30, np.zeros(3), TIGHT, loop=True)
    adjusted = optimise(poses, [*chain, good, wrong])
    assert off(adjusted.poses, true).max() < 0.2
    assert adjusted.scales[-1] < 0.01
    assert adjusted.scales[-2] > 0.9


def test_information_decides_who_yields():
    strong, weak = np.diag([9.0, 9.0, 9.0]), np.eye(3)
    pair = [Constraint(0, 1, np.array([1.0, 0, 0]), strong), Constraint(0, 1, np.array([2.0, 0, 0]), weak)]
    assert optimise(np.zeros((2, 3)), pair).poses[1] == pytest.approx([1.1, 0, 0], abs=1e-5)


def test_graphs_without_a_single_solution_are_refused():
    with pytest.raises(PoseGraphError, match="hang together"):
        optimise(np.zeros((3, 3)), [Constraint(0, 1, np.zeros(3), TIGHT)])
    with pytest.raises(PoseGraphError, match="two of the 2 poses"):
        optimise(np.zeros((2, 3)), [Constraint(0, 2, np.zeros(3), TIGHT)])
    assert optimise(np.zeros((1, 3)), []).poses.shape == (1, 3)


def walls():
    part, z = np.meshgrid(np.arange(0, 6, 0.06), np.arange(0.1, 2, 0.15))
    flat = [np.stack(a, -1).reshape(-1, 3) for a in ((part, 0 * part, z), (0 * part, part, z))]
    flat += [flat[0] + [0, 6, 0], flat[1] + [6, 0, 0]]
    flat.append(np.add((flat[0] * [0.2, 1, 1])[::3], [2, 2.5, 0]))
    flat.append(np.add((flat[1] * [1, 0.2, 1])[::3], [4, 1, 0]))
    return np.concatenate(flat)


def test_keyframes_of_a_drifting_drive_find_their_places():
    scene = walls()
    true = np.array([[3 + 1.2 * np.cos(a), 3 + 1.2 * np.sin(a), 0.1 * a] for a in np.linspace(0, 4 * np.pi, 26)])
    _, poses = drifting(true, bias=(0.02, 0.0, 0.01))
    drive = Trajectory()
    for place, believed in zip(true, poses, strict=True):
        shift = matrix(believed) @ matrix(inverse(place))
        drive.add(believed, scene @ shift[:3, :3].T + shift[:3, 3])
    drive.adjust()
    assert off(poses, true).max() > 0.3
    assert off(np.array(drive.poses), true).max() < 0.05
    camera = matrix(poses[20])
    assert drive.corrected(20, camera) == pytest.approx(matrix(true[20]), abs=0.05)


def test_a_keyframe_that_sees_nothing_hangs_on_odometry():
    drive = Trajectory()
    assert drive.add([0.0, 0.0, 0.0], walls()) == 0
    assert drive.add([0.5, 0.0, 0.1], np.empty((0, 3))) == 0
    assert drive.add([0.0, 0.0, 0.0], walls()) == 1
    drive.adjust()
    assert drive.poses[1] == pytest.approx([0.5, 0.0, 0.1], abs=1e-6)


@pytest.mark.slow
def test_a_drive_through_a_house_with_bad_odometry_is_straightened():
    env = gymnasium.make("engram/House-v0", rooms=3, move_noise_m=0.02, turn_noise_deg=1.0)
    rng = np.random.default_rng(3)
    observation = env.reset(seed=3)[0]
    drive, true = Trajectory(), []
    for _ in range(120):
        camera = env.unwrapped.truth.map_T_camera()
        true.append([camera[0, 3], camera[1, 3], 0.0])
        drive.add(observation["base"], scan_of([observation]))
        verb = rng.choice([Verb.MOVE_AHEAD, Verb.MOVE_AHEAD, Verb.MOVE_RIGHT, Verb.MOVE_LEFT, Verb.ROTATE_LEFT])
        observation = env.step(act(Verb(int(verb))))[0]
    drive.adjust()
    before, after = (off(np.array(poses), np.array(true)) for poses in (drive.believed, drive.poses))
    assert before.max() > 0.2
    assert after.max() < 0.15
    assert np.sqrt((after**2).mean()) < 0.3 * np.sqrt((before**2).mean())
