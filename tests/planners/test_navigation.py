from __future__ import annotations

import math

import numpy as np

from engram.memory.occupancy import Occupancy
from engram.planners.navigation import Navigator
from engram.planners.stances import StanceConfig, stances


def room(walls=()):
    """A floor of 4 m by 4 m about the origin, with solid cells in the rectangles (x0, x1, y0, y1, height)."""
    grid = Occupancy()
    grid.floor[:] = 0
    for x0, x1, y0, y1, *height in [(-2, 2, -2, 2), *walls]:
        (a, b), (c, d) = grid.cells(np.array([[x0 + 0.01, y0 + 0.01], [x1 - 0.01, y1 - 0.01]]))
        part = np.s_[a : c + 1, b : d + 1]
        if height:
            grid.high[part], grid.bottom[part], grid.top[part] = 3.0, 0.0, height[0]
        else:
            grid.floor[part] = 1
    grid.version += 1
    return grid


def test_goes_straight_on_open_floor():
    nav = Navigator()
    nav.plan(room(), (0, 0))
    assert nav.distance((4, -3)) == 7
    path = nav.path((4, -3))
    assert (path[0], path[-1], len(path)) == ((0, 0), (4, -3), 8)
    assert nav.distance((40, 0)) == math.inf
    assert nav.path((40, 0)) == []
    assert all(max(abs(i), abs(j)) <= 8 for i, j in nav.reachable())


def test_keeps_its_distance_and_finds_the_way_round():
    nav = Navigator()
    nav.plan(room([(0.9, 1.1, -2, 0.6, 1.0)]), (0, 0))
    path = nav.path((6, 0))
    assert len(path) > 7
    for i, j in path:
        x, y = nav.position((i, j))
        gap = np.hypot(max(0.9 - x, 0, x - 1.1), max(-2 - y, 0, y - 0.6))
        assert gap >= 0.2
    assert math.isinf(nav.distance((4, 0)))


def test_a_closed_wall_has_no_way():
    nav = Navigator()
    nav.plan(room([(0.9, 1.1, -2, 2, 1.0)]), (0, 0))
    assert math.isinf(nav.distance((7, 0)))
    assert nav.nearest({(7, 0): 0.0}) is None


def test_a_failed_step_is_not_planned_again():
    nav = Navigator()
    nav.block((0, 0), (1, 0))
    nav.plan(room(), (0, 0))
    assert len(nav.path((1, 0))) == 4
    nav.plan(room(), (1, 0))
    assert len(nav.path((0, 0))) == 4


def test_nearest_weighs_path_and_extra_cost():
    nav = Navigator()
    nav.plan(room(), (0, 0))
    assert nav.nearest({(1, 0): 5.0, (3, 0): 0.0}) == (3, 0)


def test_stances_reach_face_and_see():
    nav, grid = Navigator(), room([(0.8, 1.2, -0.4, 0.4, 0.8), (0.3, 0.5, 0.9, 1.5, 2.0)])
    nav.plan(grid, (-4, 0))
    target = np.array([1.0, 0.0, 0.8])
    found = stances(nav, grid, target, 1.576, 0)
    assert found
    assert [s.cost for s in found] == sorted(s.cost for s in found)
    for s in found:
        x, y = nav.position(s.node)
        assert 0.3 <= np.hypot(1.0 - x, -y) <= 1.3
        off = math.remainder(math.atan2(-y, 1.0 - x) - s.heading * math.pi / 2, 2 * math.pi)
        assert abs(off) <= StanceConfig().bearing_rad
        assert s.pitch_deg == 30.0
    assert found[0].heading == 0
    assert found[0].node not in {s.node for s in stances(nav, grid, target, 1.576, 0, excluded={found[0].node})}


def test_stances_do_not_look_through_a_cupboard():
    nav, grid = Navigator(), room([(0.4, 0.6, -0.6, 0.6, 2.0)])
    nav.plan(grid, (0, 0))
    nodes = {s.node for s in stances(nav, grid, np.array([0.9, 0.0, 0.05]), 1.576, 0)}
    assert nodes
    assert all(i * 0.25 > 0.6 for i, j in nodes if abs(j) <= 1)


def test_stances_under_a_table_are_crouched_or_unsure():
    nav, grid = Navigator(), room([(0.8, 1.8, -0.5, 0.5, 0.7)])
    part = grid.top == np.float32(0.7)
    grid.bottom[part] = 0.5  # a table with deep sides
    nav.plan(grid, (0, 0))
    target = np.array([1.25, 0.0, 0.02])
    assert stances(nav, grid, target, 1.576, 0) == []
    low = stances(nav, grid, target, 0.901, 0, config=StanceConfig(crouched=True))
    assert low
    assert all(s.crouched for s in low)
    unsure = stances(nav, grid, target, 1.576, 0, config=StanceConfig(sure=False))
    assert {s.node for s in low} <= {s.node for s in unsure}
    assert not any(s.crouched for s in unsure)
