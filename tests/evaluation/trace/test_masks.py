from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from engram.evaluation.trace.format import dump
from engram.evaluation.trace.masks import pack, unpack
from engram.perception.contracts import Detection


def detection(label, rows, cols, score=0.7, shape=(12, 20), **more) -> Detection:
    mask = np.zeros(shape, bool)
    mask[slice(*rows), slice(*cols)] = True
    mask[rows[0], cols[0]] = False  # no full rectangle
    return Detection(label, score, mask, (rows[0], cols[0], rows[1], cols[1]), int(mask.sum()), **more)


def same(a: Detection, b: Detection) -> bool:
    return (
        (a.label, a.score, a.box, a.pixels, a.out_of_place) == (b.label, b.score, b.box, b.pixels, b.out_of_place)
        and (a.beliefs, a.presence) == (b.beliefs, b.presence)
        and np.array_equal(a.mask, b.mask)
        and (a.feature is None) == (b.feature is None)
        and (a.feature is None or np.array_equal(a.feature, b.feature))
    )


def there_and_back(found, shape=(12, 20)):
    message, images = pack(3, shape, found)
    again = unpack(message, images)
    assert len(again) == len(found)
    assert all(same(a, b) for a, b in zip(found, again, strict=True))
    return message, images


def test_masks_apart_share_a_map():
    found = [detection("Mug", (0, 4), (0, 6)), detection("Pan", (4, 9), (2, 20), 1 / 3)]
    message, images = there_and_back(found)
    assert (message["maps"], len(images), message["masks"]) == (1, 1, [(0, 1), (0, 2)])
    image = Image.open(io.BytesIO(images[0]))
    assert (image.size, image.mode) == ((20, 12), "P")
    assert np.unique(np.asarray(image)).tolist() == [0, 1, 2]


def test_masks_that_overlap_take_several_maps():
    found = [detection("Mug", (0, 8), (0, 9)), detection("Pan", (4, 12), (5, 15)), detection("Pen", (5, 12), (16, 20))]
    message, images = there_and_back(found)
    assert [k for k, _ in message["masks"]] == [0, 1, 0]
    assert len(images) == 2


def test_all_that_a_detector_gives():
    feature = np.array([0.1, -2.5, 1e-7], np.float32)
    beliefs = {"Mug": 0.1 + 0.2, "Cup": 1e-9}  # in this order, by which they are added up
    found = [
        detection("Mug", (0, 4), (0, 6), out_of_place=0.25, feature=feature, beliefs=beliefs),
        detection("Pan", (4, 9), (2, 20), presence=1 / 3),
        detection("Bed", (9, 12), (0, 3), float(np.float32(0.1)), out_of_place=0.0),
    ]
    message, images = there_and_back(found)
    assert message["out_of_place"] == [0.25, None, 0.0]
    assert message["presence"] == [None, 1 / 3, None]
    again = unpack(json.loads(dump(message)), images)[0]
    assert list(again.beliefs.items()) == list(beliefs.items())


def test_nothing_found():
    message, images = there_and_back([])
    assert (message, images) == ({"number": 3, "maps": 0}, [])


def test_more_things_than_a_byte_counts():
    rows = np.arange(300).reshape(15, 20)
    found = [Detection(f"T{k}", 1.0, rows == k, (k // 20, k % 20, k // 20 + 1, k % 20 + 1), 1) for k in range(300)]
    message, _ = there_and_back(found, (15, 20))
    assert message["maps"] == 2


def test_a_box_beside_its_mask():
    mask = np.zeros((12, 20), bool)
    mask[2:5, 3:9] = True
    there_and_back([Detection("Mug", 1.0, mask, (0, 0, 3, 4), 18)])


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (224, 224)])
def test_shapes(shape):
    mask = np.ones(shape, bool)
    there_and_back([Detection("Wall", 1.0, mask, (0, 0, *shape), mask.size)], shape)
