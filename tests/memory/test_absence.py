from __future__ import annotations

import numpy as np
import pytest

from engram.memory.absence import AbsenceConfig, seen_through

EYE = (0.0, 0.0, 1.5)
TABLE = ((1.5, 0.0, 0.4), (1.0, 1.0, 0.8))
MUG = ((1.5, 0.0, 0.85), (0.1, 0.1, 0.1))


def cast(boxes, eye=EYE, far=8.0):
    """(N, 3) where the rays of a 200 x 200 image end: on boxes, or far away."""
    axis = np.linspace(-0.8, 0.8, 200)
    y, z = np.meshgrid(axis, axis - 0.5)
    rays = np.stack([np.ones_like(y), y, z], -1).reshape(-1, 3)
    depth = np.full(len(rays), far)
    with np.errstate(divide="ignore"):
        for centre, size in boxes:
            c, s = np.array(centre), np.array(size)
            a, b = (c - s / 2 - eye) / rays, (c + s / 2 - eye) / rays
            near, stop = np.minimum(a, b).max(1), np.maximum(a, b).min(1)
            hit = (near < stop) & (near > 0) & (near < depth)
            depth[hit] = near[hit]
    return rays * depth[:, None] + eye


def empty(boxes, box=MUG, **kw):
    return bool(seen_through(cast(boxes), EYE, np.array([box[0]]), np.array([box[1]]), AbsenceConfig(**kw))[0])


def test_a_cleared_table_shows_that_the_mug_is_gone():
    assert empty([TABLE])
    assert not empty([TABLE, MUG])


def test_what_is_hidden_is_not_missing():
    screen = ((0.7, 0.0, 1.2), (0.05, 1.0, 1.0))
    assert not empty([TABLE, screen])


def test_something_else_in_its_place_is_no_proof():
    bowl = ((1.5, 0.0, 0.86), (0.14, 0.14, 0.12))
    assert not empty([TABLE, bowl])


def test_a_half_hidden_place_is_no_proof():
    post = ((0.75, 0.03, 1.2), (0.05, 0.05, 1.0))
    assert not empty([TABLE, post])


@pytest.mark.parametrize(
    ("at", "seen"), [((-1.5, 0, 0.85), False), ((1.5, 2.5, 0.85), False), ((1.5, 0.3, 0.85), True)]
)
def test_only_what_is_in_view_is_judged(at, seen):
    assert empty([TABLE], (at, MUG[1])) == seen


def test_far_places_are_not_judged():
    assert not empty([TABLE], range_m=1.0)


def test_no_points_no_verdict():
    nothing = seen_through(np.empty((0, 3)), EYE, np.array([MUG[0]]), np.array([MUG[1]]))
    assert nothing.tolist() == [False]
