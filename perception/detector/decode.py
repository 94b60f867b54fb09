"""From what the cells say to things: cells that mean the same box and label are one thing.

Greedy: the cell that is surest of its label and box gathers those that agree with it, and they vote on the box, the
label, the misplacement and the feature. Masks follow the cells, and the edges of the depth between them.

Convention: boxes are row0, col0, row1, col1 in pixels of the network's image; N counts cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram.perception.detector.model import STRIDE

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class DecodeConfig:
    """Thresholds of the grouping."""

    min_score: float = 0.05
    thing: float = 0.5  # a cell shows a thing when it gives things at least this probability
    join: float = 0.5  # IoU with the seed's box from which on a cell belongs to the seed's thing
    likely: float = 0.3  # ... if it gives the seed's label at least this share of what it gives its own
    same: float = 0.5  # two things of one label that overlap this much are one
    most: int = 100
    edge: float = 4.0  # metres times cells: how much a step of inverse depth counts against a step of the grid


@dataclass(frozen=True, eq=False)
class CellArrays:
    """What the cells of one image say, as flat arrays."""

    probabilities: Floats  # (N, 1 + labels); 0 is structure or nothing
    boxes: Floats  # (N, 4)
    quality: Floats  # (N,) expected IoU of the box
    out_of_place: Floats  # (N,) probability
    features: Floats  # (N, F)


@dataclass(frozen=True, eq=False)
class Group:
    """One thing."""

    label: int
    score: float
    presence: float  # confidence that there is a thing, whatever its label
    probabilities: Floats  # (labels,)
    box: Floats  # (4,)
    out_of_place: float
    feature: Floats  # (F,) of length 1
    cells: NDArray[np.intp]  # numbers of its cells


def group(cells: CellArrays, config: DecodeConfig) -> list[Group]:
    """Return the things of an image, the surest first."""
    index = np.flatnonzero(1.0 - cells.probabilities[:, 0] >= config.thing)
    probabilities, boxes = cells.probabilities[index, 1:], cells.boxes[index]
    best = probabilities.max(1, initial=0.0)
    strength = best * cells.quality[index]
    own = probabilities.argmax(1) if len(index) else index
    free = strength.copy()
    groups: list[Group] = []
    while len(groups) < config.most and len(free):
        seed = int(free.argmax())
        if free[seed] < config.min_score:
            break
        overlap = iou(boxes, boxes[seed])
        agree = probabilities[:, own[seed]] >= config.likely * best
        members = np.flatnonzero((free > 0.0) & agree & (overlap >= config.join))
        members = members if seed in members else np.append(members, seed)  # an empty box overlaps nothing
        groups.append(_vote(cells, index[members], strength[members] * np.maximum(overlap[members], 0.1)))
        free[members] = 0.0
    return _merge([g for g in groups if g.score >= config.min_score], config.same)


def _vote(cells: CellArrays, members: NDArray[np.intp], weight: Floats) -> Group:
    share = weight / weight.sum()
    probabilities = share @ cells.probabilities[members, 1:]
    label = int(probabilities.argmax())
    quality = float(share @ cells.quality[members])
    feature = share @ cells.features[members]
    feature = feature / max(float(np.linalg.norm(feature)), 1e-9)
    return Group(
        label=label,
        score=float(probabilities[label]) * quality,
        presence=min(1.0, float(probabilities.sum())) * quality,
        probabilities=probabilities,
        box=share @ cells.boxes[members],
        out_of_place=float(share @ cells.out_of_place[members]),
        feature=feature,
        cells=members,
    )


def _merge(groups: list[Group], same: float) -> list[Group]:
    """Join what is one thing twice: the surer group keeps its box and gets the other's cells."""
    kept: list[Group] = []
    for g in sorted(groups, key=lambda g: -g.score):
        twin = next((k for k, other in enumerate(kept) if _twins(other, g, same)), None)
        if twin is None:
            kept.append(g)
        else:
            known = kept[twin]
            kept[twin] = Group(**{**known.__dict__, "cells": np.concatenate([known.cells, g.cells])})
    return kept


def _twins(sure: Group, other: Group, same: float) -> bool:
    return sure.label == other.label and float(iou(other.box[None], sure.box)[0]) > same


def iou(boxes: Floats, box: Floats) -> Floats:
    """(N,) intersection over union of boxes (N, 4) with one box (4,)."""
    inner = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    both = np.maximum(inner[:, 0], 0.0) * np.maximum(inner[:, 1], 0.0)
    areas = np.maximum(boxes[:, 2] - boxes[:, 0], 0.0) * np.maximum(boxes[:, 3] - boxes[:, 1], 0.0)
    area = max(float(box[2] - box[0]), 0.0) * max(float(box[3] - box[1]), 0.0)
    return np.asarray(both / np.maximum(areas + area - both, 1e-6), np.float32)


def paint(groups: list[Group], shape: tuple[int, int], inverse_depth: Floats, edge: float) -> NDArray[np.int32]:
    """Number of the group at each pixel, -1 where there is none.

    Args:
        groups: the things; a cell of several goes to the last of them.
        shape: h, w of the grid of cells.
        inverse_depth: (H, W) 1 / metres, H and W being STRIDE times h and w; 0 = invalid.
        edge: metres times cells; a pixel follows that of the four cells around it that is nearest, counting both the
            distance in cells and ``edge`` times the difference of inverse depth.

    """
    h, w = shape
    numbers = np.full((h, w), -1, np.int32)
    for k, g in enumerate(groups):
        numbers.flat[g.cells] = k
    half = STRIDE // 2
    middle = inverse_depth[half::STRIDE, half::STRIDE]
    rows, row_away = _neighbours(h)
    cols, col_away = _neighbours(w)
    least = np.full(inverse_depth.shape, np.inf, np.float32)
    painted = np.full(inverse_depth.shape, -1, np.int32)
    for i in range(2):
        for j in range(2):
            at = np.ix_(rows[i], cols[j])
            cost = edge * np.abs(middle[at] - inverse_depth) + (row_away[i][:, None] + col_away[j][None])
            nearer = cost < least
            least = np.where(nearer, cost, least)
            painted = np.where(nearer, numbers[at], painted)
    return painted


def _neighbours(cells: int) -> tuple[NDArray[np.intp], Floats]:
    """(2, cells * STRIDE) the two cells nearest to each pixel of an axis, and how far their middles are, in cells."""
    place = (np.arange(cells * STRIDE) + 0.5) / STRIDE - 0.5
    low = np.floor(place).astype(np.intp)
    both = np.stack([low, low + 1])
    return both.clip(0, cells - 1), np.abs(both - place).astype(np.float32)
