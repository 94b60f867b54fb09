from __future__ import annotations

import gymnasium
import numpy as np
import pytest

import engram  # noqa: F401 - registers the worlds
from engram.memory.mapping.errors import EmptyMapError
from engram.memory.mapping.frame import RgbdFrame
from engram.memory.mapping.planar import between, compose, inverse, matrix
from engram.memory.mapping.relocalise import StoredMap, scan_of
from engram.memory.mapping.tsdf import Tsdf
from engram.memory.spatial.octree import Octree
from engram.perception.geometry import point_image
from engram.sims.contract import Verb, act

TURNS = [Verb.ROTATE_LEFT] * 4


def wall(x0, y0, x1, y1, low=0.0, high=2.2):
    part, z = np.meshgrid(np.arange(0, 1, 0.02 / np.hypot(x1 - x0, y1 - y0)), np.arange(low, high, 0.04))
    return np.stack([x0 + part * (x1 - x0), y0 + part * (y1 - y0), z], -1).reshape(-1, 3)


def room(*parts):
    return np.concatenate([wall(*p) for p in [(0, 0, 5, 0), (5, 0, 5, 4), (5, 4, 0, 4), (0, 4, 0, 0), *parts]])


def seen(points, pose):
    """Points as from a robot at a pose."""
    back = matrix(inverse(pose))
    return points @ back[:3, :3].T + back[:3, 3]


def mapped(points, eye=(2.5, 2.0, 1.3)):
    tree = Octree()
    for _ in range(3):
        tree.insert(points, eye)
    return StoredMap.of(tree)


LIVED_IN = room((1, 0, 1, 1.2), (3.4, 4, 3.4, 3.1), (4.2, 1, 4.9, 1, 0.0, 0.9), (0.1, 2, 0.7, 3, 0.4, 1.2))


def test_a_scan_finds_its_place():
    stored = mapped(LIVED_IN)
    rng = np.random.default_rng(5)
    for _ in range(4):
        pose = np.array([rng.uniform(0.5, 4.5), rng.uniform(0.5, 3.5), rng.uniform(-np.pi, np.pi)])
        answer = stored.relocalise(seen(LIVED_IN + rng.normal(0, 0.01, LIVED_IN.shape), pose))
        assert answer.pose is not None, answer.reason
        x, y, yaw = between(pose, answer.pose)
        assert np.hypot(x, y) < 0.1
        assert abs(yaw) < np.radians(1)
        assert answer.score > 0.95
        assert answer.ambiguity < 0.9
        assert answer.reason == ""


def test_a_symmetrical_room_leaves_two_places_and_no_answer():
    answer = mapped(room()).relocalise(seen(room(), [1.0, 1.0, 0.4]))
    assert answer.pose is None
    assert "another place" in answer.reason
    assert answer.ambiguity > 0.9
    yaw = between(answer.tried[0].pose, answer.tried[1].pose)[2]
    assert abs(yaw) == pytest.approx(np.pi, abs=0.05)


def test_another_house_is_not_known():
    other = np.concatenate([wall(0, 0, 2.2, 0), wall(2.2, 0, 2.2, 7), wall(2.2, 7, 1.2, 7), wall(0, 5, 0, 0)])
    answer = mapped(LIVED_IN).relocalise(seen(other, [1.0, 1.0, 0.4]))
    assert answer.pose is None
    assert answer.reason != ""
    assert answer.score < 0.88


def test_a_scan_mostly_of_what_is_not_mapped_is_not_believed():
    beyond = [wall(2 + k, 6, 2 + k, 14) for k in range(4)]
    answer = mapped(LIVED_IN).relocalise(seen(np.concatenate([wall(3.4, 4, 3.4, 3.1), *beyond]), [2.0, 2.0, 0.0]))
    assert answer.pose is None


def test_empty_maps_and_scans_are_refused():
    with pytest.raises(EmptyMapError, match="map"):
        StoredMap.of(Octree())
    with pytest.raises(EmptyMapError, match="scan"):
        mapped(LIVED_IN).relocalise(np.zeros((5, 3)))


def path(cells, start, goal):
    """Moves without turns from cell to cell of the quarter-metre grid, breadth first."""
    free = {(round(x * 4), round(y * 4)) for x, y in cells}
    first, last = ((round(p[0] * 4), round(p[1] * 4)) for p in (start, goal))
    came = {first: None}
    queue = [first]
    ways = {Verb.MOVE_AHEAD: (1, 0), Verb.MOVE_BACK: (-1, 0), Verb.MOVE_LEFT: (0, 1), Verb.MOVE_RIGHT: (0, -1)}
    for here in queue:
        for verb, (dx, dy) in ways.items():
            there = (here[0] + dx, here[1] + dy)
            if there in free and there not in came:
                came[there] = (here, verb)
                queue.append(there)
    moves = []
    while came[last] is not None:
        last, verb = came[last]
        moves.append(verb)
    return moves[::-1]


def tour(env, observation, cells, goals, rng):
    """Walk from goal to goal, look about at each, and map on the way."""
    tree, tsdf, count = Octree(), Tsdf(), 0
    for _ in range(goals):
        goal = cells[rng.integers(len(cells))]
        for verb in path(cells, observation["base"], goal) + TURNS:
            observation = env.step(act(verb))[0]
            count += 1
            if verb is Verb.ROTATE_LEFT or count % 3 == 0:
                image = point_image(observation, 2)
                tree.insert(image.points[image.valid & (image.range_m < 5)], image.camera_m)
                tsdf.integrate(RgbdFrame.of(observation))
    return tree, tsdf


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "with_mesh", "error_m"), [(3, False, 0.1), (4, True, 0.03)])
def test_a_robot_that_was_switched_off_finds_itself_in_its_house(seed, with_mesh, error_m):
    env = gymnasium.make("engram/House-v0", rooms=3)
    rng = np.random.default_rng(seed)
    first = env.reset(seed=seed)[0]
    origin, cells = house_pose(env), env.unwrapped.truth.reachable()
    tree, tsdf = tour(env, first, cells, 10, rng)
    stored = StoredMap.of(tree, tsdf.mesh() if with_mesh else None)
    known = 0
    for _ in range(6):
        x, y, yaw = compose(origin, [*cells[rng.integers(len(cells))], rng.integers(4) * np.pi / 2])
        start = (round(x, 6), round(y, 6), round(np.degrees(yaw)) % 360)
        observation = env.reset(seed=seed, options={"start": start})[0]
        scan = scan_of([observation, *(env.step(act(verb))[0] for verb in TURNS[1:])])
        turn = [*rng.normal(0, 1, 2), rng.uniform(-np.pi, np.pi)]  # headings are not all multiples of 90 degrees
        answer = stored.relocalise(seen(scan, turn))
        if answer.pose is None:
            continue
        known += 1
        dx, dy, dyaw = between(compose(between(origin, house_pose(env, start)), turn), answer.pose)
        assert np.hypot(dx, dy) < error_m
        assert abs(dyaw) < np.radians(3)
    assert known >= 5


def house_pose(env, start=None):
    """Where the episode began, in the frame of the house."""
    if start is not None:
        return np.array([start[0], start[1], np.radians(start[2])])
    base = env.unwrapped._episode.start
    return np.array([base.x_m, base.y_m, np.radians(base.yaw_deg)])
