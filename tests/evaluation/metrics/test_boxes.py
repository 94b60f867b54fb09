from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from engram.evaluation.metrics.boxes import Box, corner_distance_m, intersection_volume, iou

CUBE = Box.of((0, 0, 0), (1, 1, 1))


def turned(centre, extent, axis, degrees):
    return Box.of(centre, extent, Rotation.from_euler(axis, degrees, degrees=True).as_matrix())


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (CUBE, 1.0),
        (Box.of((0.5, 0, 0), (1, 1, 1)), 0.5 / 1.5),
        (Box.of((0.5, 0.5, 0.5), (1, 1, 1)), 0.125 / 1.875),
        (Box.of((0, 0, 0), (0.5, 0.5, 2)), 0.25 / (1 + 0.5 - 0.25)),
        (Box.of((1, 0, 0), (1, 1, 1)), 0.0),  # they touch
        (turned((0, 0, 0), (1, 1, 1), "z", 45), 1 / math.sqrt(2)),  # an octagon of area 2 (sqrt 2 - 1)
        (turned((0, 0, 0), (1, 1, 1), "x", 90), 1.0),
        (turned((3, 0, 0), (1, 1, 1), "z", 45), 0.0),
        (turned((0.5 + math.sqrt(0.5), 0, 0), (1, 1, 1), "z", 45), 0.0),  # an edge touches a face
    ],
)
def test_known_overlaps(other, expected):
    assert iou(CUBE, other) == pytest.approx(expected, abs=1e-9)
    assert iou(other, CUBE) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_volume_agrees_with_sampling(seed):
    random = np.random.default_rng(seed)
    turns = Rotation.from_rotvec(random.normal(0, 2, (2, 3))).as_matrix()
    a, b = (Box.of(random.normal(0, 0.3, 3), random.uniform(0.5, 1.5, 3), turn) for turn in turns)
    points = a.centre + (random.uniform(-0.5, 0.5, (40_000, 3)) * a.extent) @ a.rotation.T
    inside = np.all(np.abs((points - b.centre) @ b.rotation) <= b.extent / 2, axis=1)
    assert intersection_volume(a, b) == pytest.approx(a.volume * inside.mean(), abs=0.03)


def test_both_turned_the_same_way_overlap_as_if_not_turned():
    turn = Rotation.from_euler("xyz", (20, 30, 40), degrees=True).as_matrix()
    a, b = Box.of((0, 0, 0), (1, 2, 3), turn), Box.of(turn @ (0.5, 1, 0), (1, 2, 3), turn)
    assert intersection_volume(a, b) == pytest.approx(0.5 * 1 * 3)


def test_corners():
    assert corner_distance_m(CUBE, Box.of((2, 0, 0), (1, 1, 1))) == pytest.approx(1.0)
    assert turned((1, 0, 0), (2, 2, 2), "z", 45).corners.max(axis=0) == pytest.approx(
        (1 + math.sqrt(2), math.sqrt(2), 1)
    )


@pytest.mark.parametrize(
    ("extent", "rotation", "said"),
    [
        ((1, 0, 1), None, "three sides above 0"),
        ((1, 1), None, "three sides above 0"),
        ((1, 1, 1), np.diag([1, 1, 2]), "orthonormal"),
        ((1, 1, 1), np.eye(2), "orthonormal"),
    ],
)
def test_what_is_no_box(extent, rotation, said):
    with pytest.raises(ValueError, match=said):
        Box.of((0, 0, 0), extent, rotation)
