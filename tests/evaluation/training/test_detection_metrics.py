from __future__ import annotations

import numpy as np
import pytest

from engram.evaluation.training.detection_metrics import (
    DetectionScore,
    Found,
    Real,
    average_precision,
    box_iou,
)


def test_iou_of_boxes():
    assert box_iou((0, 0, 10, 10), (0, 5, 10, 15)) == pytest.approx(50 / 150)
    assert box_iou((0, 0, 10, 10), (10, 0, 20, 10)) == 0.0
    assert box_iou((3, 3, 3, 3), (3, 3, 3, 3)) == 0.0


def test_average_precision_by_hand():
    # Right, wrong, right of 3 things: precision 1 up to recall 1/3, 2/3 up to 2/3, then nothing.
    scores, right = np.array([0.9, 0.8, 0.7]), np.array([True, False, True])
    expected = (34 * 1.0 + 33 * 2 / 3) / 101  # recalls 0.00-0.33 and 0.34-0.66
    assert average_precision(scores, right, 3) == pytest.approx(expected)


def test_average_precision_does_not_depend_on_the_order_given():
    scores, right = np.array([0.7, 0.9, 0.8]), np.array([True, True, False])
    assert average_precision(scores, right, 2) == pytest.approx((51 * 1.0 + 50 * 2 / 3) / 101)


def test_nothing_found_is_zero():
    assert average_precision(np.zeros(0), np.zeros(0, bool), 4) == 0.0


def test_a_second_detection_of_one_thing_is_wrong():
    score = DetectionScore()
    box = (0, 0, 20, 20)
    score.add([Found("Mug", 0.9, box), Found("Mug", 0.8, box)], [Real("Mug", box), Real("Mug", (50, 50, 70, 70))])
    assert score.per_category()["Mug"] == pytest.approx(51 / 101)  # half of the recall, at full precision


def test_the_label_must_be_right_and_only_what_was_there_is_averaged():
    score = DetectionScore()
    box = (0, 0, 20, 20)
    score.add([Found("Cup", 0.9, box)], [Real("Mug", box)])
    score.add([Found("Pan", 0.9, box)], [Real("Pan", box)])
    assert score.per_category() == {"Mug": 0.0, "Pan": 1.0}
    assert score.mean() == 0.5
    assert score.counts() == {"Mug": 1, "Pan": 1}


def test_small_things_neither_count_nor_harm():
    score = DetectionScore(min_area=256)
    large, small = (0, 0, 16, 16), (40, 40, 50, 50)
    found = [Found("Pen", 0.9, small), Found("Pen", 0.8, large), Found("Pen", 0.7, (80, 80, 90, 90))]
    score.add(found, [Real("Pen", large), Real("Pen", small)])
    assert score.per_category() == {"Pen": 1.0}
    assert score.counts() == {"Pen": 1}


def test_a_large_detection_of_nothing_is_wrong():
    score = DetectionScore(min_area=256)
    score.add([Found("Pen", 0.9, (80, 80, 120, 120)), Found("Pen", 0.8, (0, 0, 16, 16))], [Real("Pen", (0, 0, 16, 16))])
    assert score.per_category() == {"Pen": pytest.approx(0.5)}


def test_no_images_have_no_figure():
    assert DetectionScore().mean() == 0.0
    assert DetectionScore().per_category() == {}
