from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engram.perception.adapters.boxes import Found
from engram.perception.adapters.composed import ComposedDetector
from engram.perception.adapters.masks import DepthBands
from engram.perception.contracts import Detector
from engram.perception.geometry import point_image
from engram.perception.tracker import Tracker
from engram.sims.contract import Observation


class Says:
    def __init__(self, *found: Found) -> None:
        self.found = list(found)

    def find(self, rgb: NDArray[np.uint8]) -> list[Found]:
        return self.found


class MeanColour:
    name, dims = "mean-colour", 3
    shapes: tuple[tuple[int, ...], ...] = ()

    def embed_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.shapes = tuple(i.shape for i in images)
        return np.stack([i.mean(axis=(0, 1), dtype=np.float32) for i in images])

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise NotImplementedError


def test_boxes_masks_and_features_make_detections_that_a_tracker_follows(observation: Observation) -> None:
    embedder = MeanColour()
    detector: Detector = ComposedDetector(Says(Found("Box", 0.8, (15, 24, 46, 55))), DepthBands(), embedder)
    (seen,) = detector.detect(observation)
    assert (seen.label, seen.score, seen.box, seen.pixels) == ("Box", 0.8, (20, 30, 40, 50), 400)
    assert seen.out_of_place is None
    assert embedder.shapes == ((31, 31, 3),)
    assert seen.feature is not None
    assert np.allclose(seen.feature, observation["rgb"][15:46, 24:55].mean(axis=(0, 1)))
    tracker = Tracker()
    (sighting,) = tracker.update(observation, [seen], point_image(observation, near_m=0.25), 0)
    assert np.allclose(sighting.track.centre, [0.0, 0.0, 1.0], atol=0.05)


def test_things_without_pixels_are_left_out(observation: Observation) -> None:
    blind = {**observation, "depth": np.zeros((60, 80), np.float32)}
    detector = ComposedDetector(Says(Found("Box", 0.8, (15, 24, 46, 55))), DepthBands(), MeanColour())
    assert detector.detect(blind) == []  # type: ignore[arg-type]
    small = ComposedDetector(Says(Found("Box", 0.8, (15, 24, 46, 55))), DepthBands(), min_pixels=401)
    assert small.detect(observation) == []


def test_nothing_found_is_nothing(observation: Observation) -> None:
    assert ComposedDetector(Says(), DepthBands(), MeanColour()).detect(observation) == []
