from __future__ import annotations

import numpy as np
import pytest

from engram.memory.occupancy import Occupancy
from engram.memory.rooms import segment
from engram.memory.visibility import Sight, SightConfig
from engram.perception.geometry import PointImage


def frame(points, camera=(0.0, 0.0, 1.5)):
    points = np.asarray(points, np.float32).reshape(1, -1, 3)
    camera = np.asarray(camera, float)
    away = np.hypot(*(points[..., :2] - camera[:2].astype(np.float32)).transpose(2, 0, 1))
    return PointImage(points, np.ones(points.shape[:2], bool), away, camera, 1)


def patch(x0, x1, y0, y1, z, step=0.04):
    xs, ys = np.meshgrid(np.arange(x0, x1, step), np.arange(y0, y1, step))
    return np.stack([xs, ys, np.full(xs.shape, z)], -1).reshape(-1, 3)


def upright(x0, y0, x1, y1, lo, hi, step=0.04):
    n = int(np.hypot(x1 - x0, y1 - y0) / step) + 1
    part, height = np.meshgrid(np.linspace(0, 1, n), np.arange(lo, hi, step))
    return np.stack([x0 + part * (x1 - x0), y0 + part * (y1 - y0), height], -1).reshape(-1, 3)


def at(grid, values, x, y):
    ix, iy = grid.cells(np.array([[x, y]]))[0]
    return values[ix, iy]


def test_floor_table_and_what_hangs_high():
    grid = Occupancy()
    grid.integrate(
        frame(np.concatenate([patch(0, 2, -1, 1, 0.0), patch(1, 1.5, 0, 0.5, 0.7), patch(0, 0.5, 0, 0.5, 2.0)]))
    )
    solid = grid.obstacles()
    assert at(grid, solid, 1.2, 0.2)
    assert not at(grid, solid, 0.2, 0.2)  # a lamp above head height is no obstacle
    assert not at(grid, solid, 0.7, 0.2)
    assert at(grid, grid.known_floor(), 0.7, 0.2)
    assert not at(grid, grid.known_floor(), -0.7, 0.2)
    assert at(grid, grid.clearance(), 0.7, 0.2) == pytest.approx(0.3, abs=0.06)
    assert at(grid, grid.near, 0.72, 0.22) == pytest.approx(np.hypot(0.72, 0.22), abs=0.04)


def test_floor_readings_carve_toys_but_not_table_tops():
    grid = Occupancy()
    floor = patch(0, 2, -1, 1, 0.0)
    grid.integrate(frame(np.concatenate([patch(0.5, 0.6, 0, 0.1, 0.15), patch(1, 1.5, 0, 0.5, 0.7)])))
    assert at(grid, grid.obstacles(), 0.55, 0.05)
    for _ in range(8):
        grid.integrate(frame(floor))
    assert not at(grid, grid.obstacles(), 0.55, 0.05)
    assert at(grid, grid.obstacles(), 1.2, 0.2)


def test_grows_and_keeps_what_it_knew():
    grid = Occupancy()
    grid.integrate(frame(patch(1, 1.2, 0, 0.2, 0.7)))
    grid.integrate(frame(patch(-9, -8.8, 11, 11.2, 0.7), camera=(-8.0, 10.0, 1.5)))
    assert at(grid, grid.obstacles(), 1.1, 0.1)
    assert at(grid, grid.obstacles(), -8.9, 11.1)
    assert grid.obstacles().sum() <= 50


def test_bumps_block_standing_frees_and_forgetting_clears():
    grid = Occupancy()
    grid.bump(0.32, 0.0)
    assert at(grid, grid.obstacles(), 0.32, 0.0)
    grid.integrate(frame(patch(-0.1, 0.1, -0.1, 0.1, 0.5)))
    grid.visit(0.0, 0.0, 0.2)
    assert not at(grid, grid.obstacles(), 0.0, 0.0)
    grid.forget(0.32, 0.0, 0.1)
    assert not grid.obstacles().any()


def test_lines_pass_over_under_and_not_through():
    grid = Occupancy()
    grid.integrate(frame(np.concatenate([upright(1, -0.3, 1, 0.3, 0.0, 1.2), patch(1, 2, 2, 3, 0.7)])))
    low = np.array([1.5, 0.0, 0.05])
    assert not grid.clear_lines(np.array([[0.0, 0.0, 1.5]]), low)[0]
    assert grid.clear_lines(np.array([[1.5, -1.0, 1.5]]), low)[0]
    assert grid.clear_lines(np.array([[0.0, 0.0, 1.5]]), np.array([1.5, 0.0, 1.3]))[0]
    under_table = np.array([1.2, 2.5, 0.05])
    seen = grid.clear_lines(np.array([[0.0, 2.5, 1.5], [2.6, 2.5, 1.5]]), under_table)
    assert seen.tolist() == [True, False]  # from the near side under the edge, from the far side through the top


def test_sight_counts_what_is_unseen_and_not_behind_walls():
    grid = Occupancy()
    grid.integrate(frame(np.concatenate([patch(-3, 3, -3, 3, 0.0), upright(1, -3, 1, 3, 0, 2)])))
    worth = np.ones(grid.shape, np.float32)
    sight = Sight(SightConfig(near_m=0.4, far_m=2.0))
    gains = sight.gains(grid, np.zeros((1, 2)), worth, np.array([0.0, np.pi]))[0]
    open_area = 0.5 * 2 * sight.config.half_angle_rad * (2.0**2 - 0.4**2)
    assert gains[1] == pytest.approx(open_area, rel=0.12)
    assert gains[0] < 0.55 * open_area
    ix, iy = sight.cells(grid, np.zeros(2), 0.0)
    assert grid.centres(np.stack([ix, iy], 1))[:, 0].max() < 1.1


def test_a_lintel_parts_two_rooms():
    walls = [
        upright(-2, -2, -2, 2, 0, 2.5), upright(6, -2, 6, 2, 0, 2.5),
        upright(-2, -2, 6, -2, 0, 2.5), upright(-2, 2, 6, 2, 0, 2.5),
        upright(2, -2, 2, -0.5, 0, 2.5), upright(2, 0.5, 2, 2, 0, 2.5),
    ]  # fmt: skip
    floor = patch(-2, 6, -2, 2, 0.0)
    grid = Occupancy()
    grid.integrate(frame(np.concatenate([*walls, floor])))
    rooms = segment(grid)
    assert at(grid, rooms, 0, 0) == at(grid, rooms, 4, 0) > 0
    grid.integrate(frame(upright(2, -0.5, 2, 0.5, 2.1, 2.5)))
    rooms = segment(grid)
    assert {at(grid, rooms, 0, 0), at(grid, rooms, 4, 0)} == {1, 2}
    assert at(grid, rooms, 1.7, 1.5) == at(grid, rooms, 0, 0)
