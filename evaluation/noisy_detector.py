"""A perfect detector made worse, as real ones are worse: a rung between true masks and a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engram.evaluation.detector_options import DetectionNoise
from engram.perception.contracts import Box, Detection, Detector
from engram.perception.geometry import camera_of
from engram.sims.contract import Observation
from engram.sims.house.catalog import registry
from engram.sims.house.categories import CATEGORIES

_STREAM = 0x5EE  # parts the numbers drawn here from all others of a seed
_ALIKE = 0.4  # labels whose sizes differ by this much, in logarithms, are confused 1/e as often as twins
_WAVERING = 2.0  # the smaller, the more do things differ in how often they are confused
_PHANTOM_M = (0.04, 0.2)  # half the side of a phantom
_FLAT_M = 0.1  # a phantom is no deeper than this
_MIN_PIXELS = 4

Ints = NDArray[np.int32]


class NoisyDetector:
    """Spoils the detections of a detector that sees the truth. Equal seeds and calls give equal detections."""

    def __init__(self, detector: Detector, instances: Callable[[], Ints], noise: DetectionNoise, seed: int) -> None:
        """Begin an episode.

        Args:
            detector: sees the truth.
            instances: gives the (H, W) instance number of each pixel of the last observation; -1 is structure.
            noise: what is spoilt, and how much.
            seed: of the episode.

        """
        self._detector, self._instances, self._noise, self._seed = detector, instances, noise, seed
        self._calls = 0
        self._habits: dict[tuple[int, str], tuple[str, float]] = {}

    def detect(self, observation: Observation) -> list[Detection]:
        """Return what is left of the truth, and what never was there."""
        rng = np.random.default_rng([_STREAM, self._seed, self._calls])
        self._calls += 1
        numbers, found = self._instances(), list[Detection | None]()
        for true in self._detector.detect(observation):
            if rng.random() >= self.chance(true, observation):
                continue
            rival, rate = self._habit(true, numbers)
            label = rival if rng.random() < rate else true.label
            found.append(self._spoilt(true, label, label != true.label, rng))
            if rng.random() < self._noise.level * self._noise.doubled:
                found.append(self._spoilt(true, rival, True, rng))
        for _ in range(rng.poisson(self._noise.level * self._noise.phantoms)):
            found.append(self._phantom(observation, numbers, rng))
        return [d for d in found if d is not None]

    def chance(self, true: Detection, observation: Observation) -> float:
        """Probability that a thing is seen at all."""
        n = self._noise
        depth = observation["depth"][true.mask]
        depth = depth[np.isfinite(depth) & (depth > 0.0)]
        away_m = float(np.median(depth)) if len(depth) else 0.0
        small = true.pixels / (true.pixels + n.level * n.small_px)
        return max(0.0, 1.0 - n.level * n.miss) * small / (1.0 + n.level * (away_m / n.far_m) ** 2)

    def _habit(self, true: Detection, numbers: Ints) -> tuple[str, float]:
        """Look-alike of a thing, and how often it is taken for that; the same all through the episode."""
        row, col = divmod(int(true.mask.argmax()), true.mask.shape[1])
        key = (int(numbers[row, col]), true.label)
        if key not in self._habits:
            rng = np.random.default_rng([_STREAM, self._seed, key[0] + 1, 1])
            labels, weights = rivals(true.label)
            mean = min(1.0, self._noise.level * self._noise.confusion)
            rate = float(rng.beta(_WAVERING * mean, _WAVERING * (1.0 - mean))) if 0.0 < mean < 1.0 else mean
            self._habits[key] = str(rng.choice(labels, p=weights)), rate
        return self._habits[key]

    def _spoilt(self, true: Detection, label: str, wrong: bool, rng: np.random.Generator) -> Detection | None:
        n = self._noise
        grow, down, right = (
            round(float(v) * n.level) for v in rng.normal(0.0, 1.0, 3) * (n.edge_px, n.shift_px, n.shift_px)
        )
        mask = moved(true, grow, down, right)
        return self._made(true, label, mask, 1.0 + wrong, rng)

    def _made(
        self, like: Detection, label: str, mask: NDArray[np.bool_], loss: float, rng: np.random.Generator
    ) -> Detection | None:
        """Return a detection of a mask; ``None`` when too little is left of it."""
        pixels = int(np.count_nonzero(mask))
        if pixels < _MIN_PIXELS:
            return None
        n = self._noise
        score = 1.0 - n.level * (loss * n.score_loss + float(rng.normal(0.0, n.score_spread)))
        return replace(like, label=label, score=min(1.0, max(0.05, score)), mask=mask, box=_box_of(mask), pixels=pixels)

    def _phantom(self, observation: Observation, numbers: Ints, rng: np.random.Generator) -> Detection | None:
        depth = observation["depth"]
        bare = (numbers < 0) & np.isfinite(depth) & (depth > 0.0)
        where = np.flatnonzero(bare)
        if not len(where):
            return None
        row, col = divmod(int(rng.choice(where)), depth.shape[1])
        half = max(1, round(camera_of(observation).fy * float(rng.uniform(*_PHANTOM_M)) / float(depth[row, col])))
        part = np.s_[max(0, row - half) : row + half + 1, max(0, col - half) : col + half + 1]
        mask = np.zeros(depth.shape, bool)
        mask[part] = bare[part] & (np.abs(depth[part] - depth[row, col]) < _FLAT_M)
        label = str(rng.choice(list(_sizes()[0])))
        return self._made(Detection(label, 0.0, mask, (0, 0, 0, 0), 0), label, mask, 2.0, rng)


def moved(true: Detection, grow: int, down: int, right: int) -> NDArray[np.bool_]:
    """(H, W) mask of a detection, grown (or shrunk) by some pixels and moved by others; cut at the border."""
    row0, col0, row1, col1 = true.box
    pad = abs(grow)
    part = np.pad(true.mask[row0:row1, col0:col1], pad)
    if grow > 0:
        part = ndimage.binary_dilation(part, iterations=grow)
    elif grow < 0:
        part = ndimage.binary_erosion(part, iterations=-grow)
    height, width = true.mask.shape
    top, left = row0 - pad + down, col0 - pad + right
    rows = np.s_[max(0, -top) : max(0, min(part.shape[0], height - top))]
    cols = np.s_[max(0, -left) : max(0, min(part.shape[1], width - left))]
    part = part[rows, cols]
    mask = np.zeros_like(true.mask)
    mask[max(0, top) : max(0, top) + part.shape[0], max(0, left) : max(0, left) + part.shape[1]] = part
    return mask


@cache
def rivals(label: str) -> tuple[list[str], NDArray[np.float64]]:
    """Labels that a label is confused with, and how the confusions spread over them: things alike in size and kind."""
    loose, fixed = _sizes()
    group = loose if label in loose else fixed
    names = [name for name in group if name != label]
    own = group[label]
    weights = np.exp([-float(np.linalg.norm(group[name] - own)) / _ALIKE for name in names])
    return names, np.asarray(weights / weights.sum(), np.float64)


@cache
def _sizes() -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Logarithms of short side, long side and height, of what can be picked up and of the rest."""
    loose: dict[str, NDArray[np.float64]] = {}
    fixed: dict[str, NDArray[np.float64]] = {}
    for name in sorted(registry.built_categories()):
        low, high = registry.build(name, 0).bounds()
        x, y, z = np.maximum(high - low, 0.01)
        (loose if CATEGORIES[name].pickupable else fixed)[name] = np.log([min(x, y), max(x, y), z])
    return loose, fixed


def _box_of(mask: NDArray[np.bool_]) -> Box:
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1
