"""From the detections of a frame to views of things: one for each thing, with points of the map frame.

What a detector gives may be anything: what cannot be used is left out and counted by its reason.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engram.perception.beliefs import agreement
from engram.perception.contracts import Detection
from engram.perception.geometry import Floats, lift
from engram.perception.sizes import reach_m
from engram.sims.contract import Observation


@dataclass(frozen=True)
class LiftConfig:
    """Thresholds of lifting."""

    min_points: int = 3
    max_points: int = 400  # a mask's pixels are thinned to about this many
    hand_depth_m: float = 0.5  # while something is held, what is nearer than this is the held thing
    far_m: float = 20.0  # no reading is farther
    gap_m: float = 0.1  # two surfaces this far apart, and farther by a share of the distance, are two things
    gap: float = 0.04
    same_box: float = 0.7  # boxes that overlap this much show one thing twice, if their labels may be confused
    same_mask: float = 0.5  # ... and so do masks
    alike: float = 0.2  # agreement of beliefs from which on labels may be confused


@dataclass(frozen=True, eq=False)
class View:
    """One thing in one image."""

    detection: Detection
    beliefs: Mapping[str, float]  # probability of each label; what is left of 1 is any other
    points: Floats  # (N, 3) map frame
    lo: Floats  # (3,) box around nearly all points
    hi: Floats
    middle: Floats  # (3,) median


def beliefs_of(detection: Detection) -> dict[str, float]:
    """Return the probabilities of a detection's labels; with no more than a label, that has the score."""
    told = detection.beliefs or {detection.label: detection.score}
    kept = {name: float(p) for name, p in told.items() if math.isfinite(p) and p > 0.0}
    scale = 1.0 / max(1.0, sum(kept.values()))
    return {name: p * scale for name, p in kept.items()} or {detection.label: 1e-3}


def presence_of(detection: Detection) -> float:
    """Return how sure a detector is that there is a thing, whatever its label."""
    return detection.score if detection.presence is None else detection.presence


def views_of(
    detections: Sequence[Detection], observation: Observation, config: LiftConfig, dropped: Counter[str]
) -> list[View]:
    """Return the views of a frame; what is left out is counted in ``dropped`` by its reason."""
    shape = observation["depth"].shape
    if not np.isfinite(observation["map_T_camera"]).all():
        dropped["pose"] += len(detections)
        return []
    usable = []
    for d in detections:
        fault = fault_of(d, shape)
        if fault:
            dropped[fault] += 1
        else:
            usable.append(d)
    views = []
    for d in distinct(usable, config, dropped):
        beliefs = beliefs_of(d)
        points = _lift(d, beliefs, observation, config)
        if points is None:
            continue
        if len(points) < config.min_points:
            dropped["depth"] += 1
            continue
        lo, middle, hi = (_quantile(np.sort(points, axis=0), q) for q in (0.02, 0.5, 0.98))
        views.append(View(d, beliefs, points, lo, hi, middle))
    return views


def in_hand(detections: Sequence[Detection], observation: Observation, config: LiftConfig) -> Detection | None:
    """Return the detection that shows most of what the hand holds; ``None`` when none shows it."""
    near = []
    for d in detections:
        if observation["holding"] and not fault_of(d, observation["depth"].shape):
            depth = observation["depth"][d.mask]
            depth = depth[np.isfinite(depth) & (depth > 0.0)]
            near += [d] if len(depth) and _near(depth, observation, config) else []
    return max(near, key=lambda d: d.pixels * presence_of(d), default=None)


def fault_of(detection: Detection, shape: tuple[int, ...]) -> str:
    """Return why a detection in an image of a shape (H, W) cannot be used; empty when it can."""
    row0, col0, row1, col1 = detection.box
    if not all(isinstance(v, (int, np.integer)) for v in detection.box):
        return "box"
    if not (0 <= row0 < row1 <= shape[0] and 0 <= col0 < col1 <= shape[1]):
        return "box"
    if detection.mask.shape != shape or not detection.mask[row0:row1, col0:col1].any():
        return "mask"
    if not (math.isfinite(detection.score) and 0.0 <= detection.score <= 1.0):
        return "score"
    told = (detection.out_of_place, detection.presence)
    return "score" if any(p is not None and not 0.0 <= p <= 1.0 for p in told) else ""


def distinct(found: Sequence[Detection], config: LiftConfig, dropped: Counter[str]) -> list[Detection]:
    """Return detections of different things: one that was found twice has the mask and the beliefs of both."""
    kept: list[Detection] = []
    boxes = np.array([d.box for d in found], np.float64).reshape(-1, 4)
    overlaps = _ious(boxes)
    places: list[int] = []  # of those kept, in ``found``
    order = sorted(range(len(found)), key=lambda k: (-found[k].score, k))
    for k in order:
        twin = next((i for i, j in enumerate(places) if _twins(kept[i], found[k], float(overlaps[j, k]), config)), None)
        if twin is None:
            kept.append(found[k])
            places.append(k)
        else:
            kept[twin] = _together(kept[twin], found[k])
            dropped["duplicate"] += 1
    return [d for _, d in sorted(zip(places, kept, strict=True), key=lambda pair: pair[0])]


def _twins(a: Detection, b: Detection, box_iou: float, config: LiftConfig) -> bool:
    if box_iou < 0.25 or (a.score >= 1.0 and b.score >= 1.0):
        return False  # who is sure of both has two
    if box_iou >= config.same_box and agreement(beliefs_of(a), beliefs_of(b)) >= config.alike:
        return True
    row0, col0, row1, col1 = (f(x, y) for f, x, y in zip((min, min, max, max), a.box, b.box, strict=True))
    one, two = a.mask[row0:row1, col0:col1], b.mask[row0:row1, col0:col1]
    return bool(np.count_nonzero(one & two) >= config.same_mask * np.count_nonzero(one | two))


def _together(sure: Detection, other: Detection) -> Detection:
    mask = sure.mask | other.mask
    a, b = beliefs_of(sure), beliefs_of(other)
    share = sure.score / max(sure.score + other.score, 1e-9)
    beliefs = {name: share * a.get(name, 0.0) + (1.0 - share) * b.get(name, 0.0) for name in (*a, *b)}
    box = tuple(f(x, y) for f, x, y in zip((min, min, max, max), sure.box, other.box, strict=True))
    row0, col0, row1, col1 = box
    return replace(sure, mask=mask, box=(row0, col0, row1, col1), pixels=int(mask.sum()), beliefs=beliefs)


def _ious(boxes: Floats) -> Floats:
    """(N, N) intersection over union of boxes (N, 4)."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    both = np.prod(np.maximum(high - low, 0.0), axis=2)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.asarray(both / (area[:, None] + area[None, :] - both))


def _lift(
    detection: Detection, beliefs: Mapping[str, float], observation: Observation, config: LiftConfig
) -> Floats | None:
    """(N, 3) points of a mask; ``None`` for what is in the hand. Of a mask in doubt, those of the main cluster."""
    row0, col0, row1, col1 = detection.box
    rows, cols = np.nonzero(detection.mask[row0:row1, col0:col1])
    thin = max(1, len(rows) // config.max_points)
    rows, cols = rows[::thin] + row0, cols[::thin] + col0
    depth = observation["depth"][rows, cols]
    good = np.isfinite(depth) & (depth > 0.0) & (depth < config.far_m)
    rows, cols, depth = rows[good], cols[good], depth[good]
    if len(depth) < config.min_points:
        return np.empty((0, 3))
    if _near(depth, observation, config):
        return None
    if detection.score >= 1.0:
        return lift(observation, rows, cols)
    near, reach = _cluster(depth, config), reach_m(beliefs)
    points = lift(observation, rows[near], cols[near])
    middle = np.sort(points, axis=0)[len(points) // 2]
    away = points - middle
    return np.asarray(points[np.einsum("ij,ij->i", away, away) <= reach * reach])


def _near(depth: NDArray[np.float32], observation: Observation, config: LiftConfig) -> bool:
    """Whether the depths (N,) are of what the hand holds."""
    return bool(observation["holding"]) and float(np.median(depth)) < config.hand_depth_m


def _cluster(depth: NDArray[np.float32], config: LiftConfig) -> NDArray[np.bool_]:
    """(N,) whether a reading belongs to the surface of the median, with no gap in between."""
    ordered = np.sort(depth)
    middle = len(ordered) // 2
    gaps = np.flatnonzero(np.diff(ordered) > config.gap_m + config.gap * ordered[:-1])
    before, after = gaps[gaps < middle], gaps[gaps >= middle]
    near = ordered[before[-1] + 1] if len(before) else ordered[0]
    far = ordered[after[0]] if len(after) else ordered[-1]
    return np.asarray((depth >= near) & (depth <= far))


def _quantile(ordered: Floats, share: float) -> Floats:
    """(3,) value below which a share of the points lie, interpolated; (N, 3) sorted along each axis."""
    place = share * (len(ordered) - 1)
    k = min(int(place), len(ordered) - 2)
    return np.asarray(ordered[k] + (place - k) * (ordered[k + 1] - ordered[k]))
