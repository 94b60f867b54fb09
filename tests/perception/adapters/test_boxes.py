import numpy as np
import pytest

from engram.perception.adapters.boxes import corners_of, keep, overlap
from engram.perception.adapters.config import BoxRules

NAN, INF = float("nan"), float("inf")


def kept(corners: list[list[float]], scores: list[float], rules: BoxRules | None = None) -> list[tuple[str, object]]:
    labels = [chr(ord("a") + i) for i in range(len(scores))]
    found = keep(np.array(corners, np.float32), np.array(scores, np.float32), labels, (60, 80), rules or BoxRules())
    return [(f.label, f.box) for f in found]


def test_boxes_are_cut_at_the_border_and_widened_to_whole_pixels() -> None:
    assert kept([[-5.0, 10.4, 20.2, 90.0]], [0.9]) == [("a", (10, 0, 60, 21))]


@pytest.mark.parametrize(
    "corners",
    [
        [NAN, 0, 9, 9],
        [0, 0, INF, 9],
        [9, 0, 9, 9],
        [9, 9, 0, 0],
        [-9, 0, 0, 9],
        [81, 0, 90, 9],
        [0, 60, 9, 70],
        [5, 5, 6, 9],
    ],
)
def test_impossible_boxes_are_left_out(corners: list[float]) -> None:
    assert kept([corners, [0, 0, 9, 9]], [0.9, 0.5]) == [("b", (0, 0, 9, 9))]


def test_the_surest_come_first_and_the_unsure_go() -> None:
    boxes = [[0, 0, 9, 9], [20, 0, 29, 9], [40, 0, 49, 9], [60, 0, 69, 9]]
    assert [label for label, _ in kept(boxes, [0.4, 0.9, 0.29, NAN])] == ["b", "a"]
    assert [label for label, _ in kept(boxes, [0.5, 0.5, 0.5, 0.5], BoxRules(most=2))] == ["a", "b"]


def test_of_boxes_that_overlap_the_better_stays() -> None:
    boxes = [[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 5]]
    assert [label for label, _ in kept(boxes, [0.5, 0.9, 0.4])] == ["b", "c"]
    assert len(kept(boxes, [0.5, 0.9, 0.4], BoxRules(overlap=1.0))) == 3


def test_nothing_gives_nothing() -> None:
    assert keep(np.empty((0, 4), np.float32), np.empty(0, np.float32), [], (60, 80), BoxRules()) == []


def test_intersection_over_union() -> None:
    assert overlap((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7)
    assert overlap((0, 0, 2, 2), (2, 0, 4, 2)) == 0.0


def test_corners_of_centres() -> None:
    corners = corners_of(np.array([[0.5, 0.25, 0.5, 0.1]], np.float32), (60, 80))
    assert corners == pytest.approx(np.array([[20.0, 12.0, 60.0, 18.0]]))
