from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")  # the grid is the network's

from engram.perception.detector.decode import CellArrays, DecodeConfig, Group, group, iou, paint

SIDE = 8  # cells of the grid
MUG, PLATE = 0, 1


def cells_of(numbers, things, features=4):
    """Cells that say exactly what an image of numbers shows; ``things`` is (label, box, quality, out of place)."""
    owner = np.asarray(numbers).reshape(-1)
    n = len(owner)
    probabilities = np.zeros((n, 3), np.float32)
    boxes, quality = np.zeros((n, 4), np.float32), np.zeros(n, np.float32)
    misplaced, vectors = np.zeros(n, np.float32), np.zeros((n, features), np.float32)
    probabilities[owner < 0, 0] = 1.0
    for k, (label, box, good, out) in enumerate(things):
        probabilities[owner == k, 1 + label] = 1.0
        boxes[owner == k], quality[owner == k], misplaced[owner == k] = box, good, out
        vectors[owner == k, k % features] = 2.0
    return CellArrays(probabilities, boxes, quality, misplaced, vectors)


def two_touching(left=MUG, right=MUG):
    numbers = np.full((SIDE, SIDE), -1)
    numbers[2:5, 1:4], numbers[2:5, 4:7] = 0, 1
    return numbers, [(left, (8, 4, 20, 16), 0.9, 0.1), (right, (8, 16, 20, 28), 0.8, 0.7)]


@pytest.mark.parametrize("right", [MUG, PLATE])
def test_two_touching_things_stay_two(right):
    numbers, things = two_touching(right=right)
    found = group(cells_of(numbers, things), DecodeConfig())
    assert [(g.label, round(g.score, 5), g.box.round(3).tolist()) for g in found] == [
        (MUG, 0.9, [8, 4, 20, 16]),
        (right, 0.8, [8, 16, 20, 28]),
    ]
    assert [round(g.out_of_place, 5) for g in found] == [0.1, 0.7]
    assert sorted(found[0].cells) == np.flatnonzero(numbers.ravel() == 0).tolist()
    assert found[1].feature.tolist() == pytest.approx([0, 1, 0, 0])


def test_one_thing_on_another_with_the_same_middle():
    numbers = np.full((SIDE, SIDE), -1)
    numbers[1:7, 1:7], numbers[3:5, 3:5] = 0, 1
    things = [(PLATE, (4, 4, 28, 28), 0.9, 0.0), (MUG, (12, 12, 20, 20), 0.9, 0.0)]
    found = group(cells_of(numbers, things), DecodeConfig())
    assert {g.label: len(g.cells) for g in found} == {PLATE: 32, MUG: 4}


def test_cells_vote_on_a_label_in_doubt():
    numbers, things = two_touching()
    cells = cells_of(numbers, things)
    doubtful = np.flatnonzero(numbers.ravel() == 0)[0]
    cells.probabilities[doubtful] = (0.0, 0.4, 0.6)
    found = group(cells, DecodeConfig())
    assert [g.label for g in found] == [MUG, MUG]
    assert len(found[0].cells) == 9
    assert found[0].probabilities.tolist() == pytest.approx([1 - 0.36 / 8.6, 0.36 / 8.6], abs=1e-5)


def test_a_thing_seen_twice_is_joined():
    numbers = np.full((SIDE, SIDE), -1)
    numbers[2:5, 1:4] = 0
    numbers[2:5, 3] = 1
    # The two boxes overlap by 0.55; at a stricter join they are two groups of one label.
    things = [(MUG, (8, 4, 20, 24), 0.9, 0.0), (MUG, (8, 4, 20, 15), 0.5, 0.0)]
    (found,) = group(cells_of(numbers, things), DecodeConfig(join=0.8))
    assert found.box.round(3).tolist() == [8, 4, 20, 24]
    assert len(found.cells) == 9
    assert len(group(cells_of(numbers, things), DecodeConfig(join=0.8, same=0.6))) == 2


def test_nothing_and_garbage():
    empty = cells_of(np.full((SIDE, SIDE), -1), [])
    assert group(empty, DecodeConfig()) == []
    numbers = np.zeros((SIDE, SIDE), int)
    found = group(cells_of(numbers, [(MUG, (9, 9, 9, 9), 0.9, 0.0)]), DecodeConfig())  # an empty box
    assert len(found) <= DecodeConfig().most
    assert all(np.isfinite(g.score) for g in found)


def test_iou():
    boxes = np.array([[0, 0, 10, 10], [0, 5, 10, 15], [20, 20, 30, 30]], np.float32)
    assert iou(boxes, boxes[0]).tolist() == pytest.approx([1.0, 1 / 3, 0.0])


def group_of(cells):
    return Group(
        0, 1.0, 1.0, np.ones(1, np.float32), np.zeros(4, np.float32), 0.0, np.ones(1, np.float32), np.array(cells)
    )


def test_masks_follow_the_edges_of_the_depth():
    # A thing owns the left column of cells, but its edge lies 2 pixels into the right one.
    inverse = np.full((8, 8), 0.25, np.float32)
    inverse[:, :6] = 1.0
    inverse[:, 6:] = 0.25
    painted = paint([group_of([0, 2])], (2, 2), inverse, edge=4.0)
    assert (painted[:, :6] == 0).all()
    assert (painted[:, 6:] == -1).all()


def test_without_depth_masks_are_the_cells():
    painted = paint([group_of([1]), group_of([2])], (2, 2), np.zeros((8, 8), np.float32), edge=4.0)
    expected = np.kron(np.array([[-1, 0], [1, -1]]), np.ones((4, 4), int))
    assert np.array_equal(painted, expected)
