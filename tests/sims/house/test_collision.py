"""The floor plan as a round base meets it."""

from __future__ import annotations

import numpy as np
import pytest

from engram.sims.house.collision import BASE_RADIUS_M, Footprints, flood


def solids(*boxes: tuple[float, float, float, float]) -> Footprints:
    """Upright boxes (x, y, half side, half side)."""
    at = np.array(boxes)
    flat = np.zeros(len(at))
    return Footprints(np.arange(len(at)), at[:, :2], np.column_stack([flat + 1, flat]), at[:, 2:], flat)


def room(*inside: tuple[float, float, float, float]) -> Footprints:
    """A room of 2 m x 2 m around the origin."""
    return solids((-1.1, 0, 0.1, 1.2), (1.1, 0, 0.1, 1.2), (0, -1.1, 1.2, 0.1), (0, 1.1, 1.2, 0.1), *inside)


def test_near_drops_only_what_cannot_touch():
    rng = np.random.default_rng(4)
    plan = solids(*np.column_stack([rng.uniform(-5, 5, (200, 2)), rng.uniform(0.02, 0.8, (200, 2))]).tolist())
    line = np.array([-1.0, 0.5]) + np.linspace(0, 1, 30)[:, None] * [0.0, 1.5]
    near = plan.near(line)
    assert 0 < len(near.geom) < len(plan.geom) / 2
    np.testing.assert_array_equal(near.blocking(line), plan.blocking(line))
    close = plan.clearance(line) < BASE_RADIUS_M
    np.testing.assert_array_equal(near.clearance(line) < BASE_RADIUS_M, close)


def test_flood_fills_a_room_and_no_more():
    cells = flood(np.zeros(2), 0.25, room())
    assert {(round(x, 2), round(y, 2)) for x, y in cells} == {
        (0.25 * i, 0.25 * j) for i in range(-3, 4) for j in range(-3, 4)
    }


def test_flood_does_not_pass_through_a_gap_narrower_than_the_base():
    cells = flood(np.array([-0.5, 0.0]), 0.25, room((0.0, -0.6, 0.02, 0.5), (0.0, 0.65, 0.02, 0.4)))
    assert cells[:, 0].max() == pytest.approx(-0.25)


def test_flood_passes_between_grid_points_only_where_the_way_is_free():
    thin = (0.125, 0.0, 0.01, 0.9)  # between two columns of the grid
    assert flood(np.array([-0.5, 0.0]), 0.25, room(thin))[:, 0].max() < 0.0


def test_flood_needs_walls():
    with pytest.raises(ValueError, match="no walls"):
        flood(np.zeros(2), 0.25, room().only(np.zeros(4, bool)))
