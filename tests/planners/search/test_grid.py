from __future__ import annotations

import numpy as np
import pytest

from engram.memory.occupancy import Occupancy
from engram.perception.geometry import PointImage
from engram.planners.search.grid import LAYERS, GridConfig, birds_eye, boxes_of, searched, target_heat


def seen_room(x0=-1.0, x1=3.0, y0=-1.0, y1=1.0):
    """A map of a floor with a table (0.8 m high, x 1.0..1.6, y 0.2..0.8), all seen from (0, 0)."""
    grid = Occupancy()
    xs, ys = np.meshgrid(np.arange(x0, x1, 0.02), np.arange(y0, y1, 0.02), indexing="ij")
    z = np.where((xs > 1.0) & (xs < 1.6) & (ys > 0.2) & (ys < 0.8), 0.8, 0.0)
    points = np.stack([xs, ys, z], -1).astype(np.float32)
    for eye in np.arange(0.0, x1, 5.0):
        away = np.hypot(xs - eye, ys).astype(np.float32)
        grid.integrate(PointImage(points, np.ones(xs.shape, bool), away, np.array([eye, 0.0, 1.5]), 1))
    grid.visit(0.0, 0.0, 0.2)
    return grid


def layer(scene, name):
    return scene.layers[LAYERS.index(name)]


def test_layers_show_floor_table_and_what_was_seen_from_near():
    scene = birds_eye(seen_room(), [], np.zeros((0, 4)))
    assert scene.shape[0] % 8 == 0
    assert scene.shape[1] % 8 == 0
    floor, table, far, outside = scene.cells(np.array([[-0.5, -0.5], [1.3, 0.5], [2.9, 0.9], [5.0, 0.0]]))
    assert layer(scene, "floor")[tuple(floor)] == 1.0
    assert layer(scene, "solid")[tuple(table)] == 1.0
    assert layer(scene, "middle")[tuple(table)] == 1.0
    assert layer(scene, "low")[tuple(table)] == 0.0
    assert layer(scene, "near")[tuple(floor)] == 1.0
    assert layer(scene, "seen")[tuple(far)] == 1.0
    assert layer(scene, "near")[tuple(far)] == 0.0
    assert scene.layers[:, outside[0], outside[1]].sum() == 0.0
    assert np.allclose(scene.centres(floor[None]), [[-0.5, -0.5]], atol=0.1)


def test_the_grid_follows_what_was_explored_without_a_bound():
    near, far = (birds_eye(seen_room(x1=x), [], np.zeros((0, 4))) for x in (3.0, 15.0))
    assert far.shape[0] >= near.shape[0] + 12 / 0.2 - 8
    assert far.shape[1] == near.shape[1]
    assert np.all(far.cells(np.array([[14.9, 0.0]]))[0] < far.shape)
    margin = round(GridConfig().margin_m / 0.2)
    assert layer(far, "seen")[:margin].sum() == 0.0


def test_things_cover_the_cells_of_their_rectangles():
    scene = birds_eye(seen_room(), ["Bed", "Mug"], np.array([[0.05, 0.05, 0.55, 0.15], [90.0, 90.0, 91.0, 91.0]]))
    assert scene.labels == ("Bed", "Mug")
    x0, y0, x1, y1 = scene.boxes[0]
    assert (x1 - x0, y1 - y0) == (3, 1)
    assert tuple(scene.cells(np.array([[0.1, 0.1]]))[0]) == (x0, y0)
    assert (scene.boxes[1, 2] - scene.boxes[1, 0]) * (scene.boxes[1, 3] - scene.boxes[1, 1]) == 0


def test_only_free_floor_seen_from_near_counts_as_searched():
    scene = birds_eye(seen_room(), [], np.zeros((0, 4)))
    done = searched(scene)
    floor, table, far = (tuple(c) for c in scene.cells(np.array([[-0.5, -0.5], [1.3, 0.5], [2.9, 0.9]])))
    assert done[floor]
    assert not done[table]
    assert not done[far]


def test_a_target_has_the_sum_one_and_large_things_weigh_no_more_than_small_ones():
    boxes = np.array([[10, 10, 20, 20], [40, 40, 41, 41]])
    heat = target_heat(boxes, (64, 64))
    assert heat.sum() == pytest.approx(1.0, abs=1e-5)
    assert heat[36:46, 36:46].sum() == pytest.approx(0.5, abs=0.01)
    assert heat[40, 40] == heat.max()
    assert target_heat(np.array([[0, 0, 0, 4]]), (64, 64)) is None


def test_rectangles_outside_the_grid_are_empty():
    boxes = boxes_of(np.array([[-5.0, 0.0, -4.0, 1.0]]), np.array([0, 0]), (8, 8), 0.2)
    assert target_heat(boxes, (8, 8)) is None
