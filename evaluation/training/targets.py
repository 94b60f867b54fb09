"""From frames to what the detector's cells should say, with the variations that make few houses look like many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engram.evaluation.training.frames import Frame
from engram.perception.detector.loss import Targets
from engram.perception.detector.model import STRIDE, channels

SMALL_PIXELS = 256  # a box of this area, 16 x 16, is small; below, a thing counts less
_THIN = 4  # pixels of a cell's 16 that a thing needs to claim it over a larger thing
_NOTHING = 0.08  # weight of a cell without a thing
_SHARED = 0.5  # a cell of a thing of n cells weighs n to the power of minus this: large things count more, not n times
_MOVABLE = 3.0  # times as much as furniture, of which every image is full
_DISPARITY_NOISE = 0.2 / 351.3  # of inverse depth in 1/m: TIDEE's noise, 0.2 steps of a Kinect's disparity


@dataclass(frozen=True, eq=False)
class Batch:
    """Frames ready for the network."""

    inputs: Tensor  # (B, CHANNELS, H / 2, W / 2)
    targets: Targets


def make_batch(frames: Sequence[Frame], numbers: Mapping[str, int], rng: np.random.Generator | None) -> Batch:
    """Stack frames of one size.

    Args:
        frames: B frames.
        numbers: number of each label.
        rng: source of variations; None leaves the frames as they are.

    """
    parts = [_arrays(frame, numbers) for frame in frames]
    rgb = torch.from_numpy(np.stack([f.rgb for f in frames])).permute(0, 3, 1, 2).float() / 255.0
    depth = torch.from_numpy(np.stack([f.depth for f in frames]))
    camera = torch.tensor([f.camera[:4] for f in frames], dtype=torch.float32)
    pose = torch.from_numpy(np.stack([f.pose for f in frames]).astype(np.float32))
    targets = Targets(*(torch.from_numpy(np.stack([p[k] for p in parts])) for k in range(4)))
    if rng is not None:
        rgb = torch.stack([_vary_colour(image, rng) for image in rgb])
        depth = torch.stack([_vary_depth(image, rng) for image in depth])
        for k in np.flatnonzero(rng.random(len(frames)) < 0.5):
            rgb[k], depth[k], camera[k], targets = *_mirror(rgb[k], depth[k], camera[k]), _mirrored(targets, int(k))
    return Batch(channels(rgb, depth, camera, pose), targets)


def _arrays(frame: Frame, numbers: Mapping[str, int]) -> tuple[NDArray[np.generic], ...]:
    """Classes (h, w), weights (h, w), boxes (4, h, w) and misplacement (h, w) of one frame."""
    owner = cell_owners(frame)
    count = np.bincount(owner.ravel(), minlength=len(frame.things) + 1)
    classes, weights = np.zeros(len(count), np.int64), np.full(len(count), _NOTHING, np.float32)
    boxes, misplaced = np.zeros((len(count), 4), np.float32), np.full(len(count), -1.0, np.float32)
    for k, thing in enumerate(frame.things, 1):
        row0, col0, row1, col1 = thing.box
        classes[k] = numbers[thing.label] + 1
        size = min(1.0, (row1 - row0) * (col1 - col0) / SMALL_PIXELS)
        movable = 1.0 if thing.out_of_place is None else _MOVABLE
        weights[k] = movable * np.sqrt(size) / max(int(count[k]), 1) ** _SHARED
        boxes[k] = thing.box
        misplaced[k] = -1.0 if thing.out_of_place is None else float(thing.out_of_place)
    return classes[owner], weights[owner], boxes[owner].transpose(2, 0, 1), misplaced[owner]


def cell_owners(frame: Frame) -> NDArray[np.intp]:
    """(h, w) which thing a cell shows, counted from 1; 0 is none.

    The thing with most pixels, but a smaller one that has a quarter of the cell goes first: thin things never have
    most of a cell.
    """
    h, w = frame.numbers.shape[0] // STRIDE, frame.numbers.shape[1] // STRIDE
    blocks = frame.numbers.reshape(h, STRIDE, w, STRIDE).transpose(0, 2, 1, 3).reshape(h, w, STRIDE * STRIDE)
    owner = np.zeros((h, w), np.intp)
    most = (blocks == 0).sum(2)
    for k in sorted(range(len(frame.things)), key=lambda k: -frame.things[k].pixels):
        row0, col0, row1, col1 = frame.things[k].box
        part = np.s_[row0 // STRIDE : -(-row1 // STRIDE), col0 // STRIDE : -(-col1 // STRIDE)]
        pixels = (blocks[part] == k + 1).sum(2)
        takes = (pixels >= _THIN) | (pixels > most[part])
        owner[part][takes] = k + 1
        most[part][takes] = np.maximum(most[part], pixels)[takes]
    return owner


def _vary_colour(image: Tensor, rng: np.random.Generator) -> Tensor:
    gain = torch.from_numpy(rng.uniform(0.85, 1.15, (3, 1, 1)).astype(np.float32)) * float(rng.uniform(0.7, 1.25))
    bright = (image * gain).clamp(0.0, 1.0) ** float(rng.uniform(0.8, 1.25))
    if rng.random() < 0.3:
        bright = bright + torch.from_numpy(rng.normal(0.0, 0.02, image.shape).astype(np.float32))
    return bright.clamp(0.0, 1.0)


def _vary_depth(depth: Tensor, rng: np.random.Generator) -> Tensor:
    chance = rng.random()
    if chance < 0.03:
        return torch.zeros_like(depth)
    if chance < 0.3:
        noise = torch.from_numpy(rng.normal(0.0, _DISPARITY_NOISE, depth.shape).astype(np.float32))
        read = 1.0 / (1.0 / depth.clamp(min=0.05) + noise).clamp(min=0.05)
        return torch.where(depth > 0, read, 0.0)
    if chance < 0.4:
        row, col = (int(v) for v in rng.integers(0, depth.shape[0], 2))
        side = int(rng.integers(8, 64))
        holed = depth.clone()
        holed[row : row + side, col : col + side] = 0.0
        return holed
    return depth


def _mirror(rgb: Tensor, depth: Tensor, camera: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    other = camera.clone()
    other[2] = depth.shape[1] - camera[2]
    return rgb.flip(2), depth.flip(1), other


def _mirrored(targets: Targets, k: int) -> Targets:
    width = targets.boxes.shape[3] * STRIDE
    for image in (targets.classes, targets.weight, targets.out_of_place):
        image[k] = image[k].flip(1)
    row0, col0, row1, col1 = targets.boxes[k].flip(2)
    targets.boxes[k] = torch.stack([row0, width - col1, row1, width - col0])
    return targets
