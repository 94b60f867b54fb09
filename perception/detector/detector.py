"""The embedded detector: observation in, detections out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engram.perception.contracts import Detection
from engram.perception.detector.decode import CellArrays, DecodeConfig, Group, group, paint
from engram.perception.detector.model import DetectorNet, boxes_of, channels, read_cells
from engram.perception.detector.weights import DEFAULT, load_weights
from engram.perception.geometry import camera_of
from engram.sims.contract import Observation

_CELLS = 32  # image sides are multiples of this
_TOLD = 12  # labels of a thing that are told, at most
_LEAST = 0.01  # ... and the least probability of one


@dataclass(frozen=True)
class EmbeddedConfig:
    """How the detector is run."""

    height: int = 224  # pixels that an image is resampled to; its width follows
    min_presence: float = 0.3  # least confidence that there is a thing, whatever its label
    min_pixels: int = 4
    judge: bool = True  # say whether things are out of place
    decode: DecodeConfig = field(default_factory=DecodeConfig)


class EmbeddedDetector:
    """Finds things with a network. The same observation always gives the same detections."""

    def __init__(self, net: DetectorNet, config: EmbeddedConfig | None = None) -> None:
        """Take a trained network; it is copied."""
        self.config = config or EmbeddedConfig()
        self.labels = net.config.labels
        self._movable = net.config.movable
        self._net = net.fused()

    @classmethod
    def load(cls, path: Path = DEFAULT, config: EmbeddedConfig | None = None) -> EmbeddedDetector:
        """Read the weights.

        Raises:
            DetectorWeightsError: they are missing or damaged; the message says how to make them.

        """
        return cls(load_weights(path), config)

    def detect(self, observation: Observation) -> list[Detection]:
        """Return the things in view, the surest first; nothing where there is nothing to see."""
        depth = observation["depth"]
        rows, cols = self._grid(depth.shape)
        small = np.where(np.isfinite(depth) & (depth > 0), depth, 0.0)[np.ix_(rows, cols)].astype(np.float32)
        cells = self._run(observation["rgb"][np.ix_(rows, cols)], small, observation)
        found = [g for g in group(cells, self.config.decode) if g.presence >= self.config.min_presence]
        inverse = np.where(small > 0, 1.0 / np.maximum(small, 0.1), 0.0).astype(np.float32)
        # Drawn from the least sure on, so that of two that claim a pixel the surer has it.
        found.reverse()
        h, w = len(rows) // 4, len(cols) // 4
        painted = paint(found, (h, w), inverse, self.config.decode.edge)
        back = np.ix_(_nearest(depth.shape[0], len(rows)), _nearest(depth.shape[1], len(cols)))
        scale = np.array([depth.shape[0] / len(rows), depth.shape[1] / len(cols)] * 2)
        numbers = painted[back]
        made = [self._detection(g, numbers == k, g.box * scale) for k, g in enumerate(found)]
        return [d for d in reversed(made) if d.pixels >= self.config.min_pixels]

    def _grid(self, shape: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the image that the network reads."""
        height = max(_CELLS, round(self.config.height / _CELLS) * _CELLS)
        width = max(_CELLS, round(shape[1] * height / shape[0] / _CELLS) * _CELLS)
        return _nearest(height, shape[0]), _nearest(width, shape[1])

    def _run(self, rgb: NDArray[np.uint8], depth: NDArray[np.float32], observation: Observation) -> CellArrays:
        camera = camera_of(observation)
        down, across = depth.shape[0] / camera.height, depth.shape[1] / camera.width
        intrinsics = torch.tensor(
            [[camera.fx * across, camera.fy * down, camera.cx * across, camera.cy * down]], dtype=torch.float32
        )
        pose = torch.from_numpy(np.nan_to_num(observation["map_T_camera"])[None].astype(np.float32))
        with torch.inference_mode():
            image = torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255.0
            raw = self._net(
                channels(image, torch.from_numpy(depth)[None], intrinsics, pose).to(memory_format=torch.channels_last)
            )
            cells = read_cells(raw, len(self.labels))
            return CellArrays(
                probabilities=_flat(cells.classes.softmax(1)),
                boxes=_clip(_flat(boxes_of(cells.sides)), *depth.shape),
                quality=cells.quality.sigmoid().flatten().numpy(),
                out_of_place=cells.out_of_place.sigmoid().flatten().numpy(),
                features=_flat(cells.features),
            )

    def _detection(self, g: Group, mask: NDArray[np.bool_], box: NDArray[np.floating]) -> Detection:
        row0, col0 = (min(round(float(v)), side - 1) for v, side in zip(box[:2], mask.shape, strict=True))
        row1, col1 = max(round(float(box[2])), row0 + 1), max(round(float(box[3])), col0 + 1)
        inside = np.zeros_like(mask)
        inside[row0:row1, col0:col1] = mask[row0:row1, col0:col1]
        judged = g.out_of_place if self.config.judge and self._movable[g.label] else None
        return Detection(
            label=self.labels[g.label],
            score=g.score,
            mask=inside,
            box=(row0, col0, row1, col1),
            pixels=int(inside.sum()),
            out_of_place=judged,
            feature=g.feature.astype(np.float32),
            presence=g.presence,
            beliefs={self.labels[k]: float(g.probabilities[k]) for k in likely(g.probabilities)},
        )


def likely(probabilities: NDArray[np.float32]) -> NDArray[np.intp]:
    """Indices of the labels worth telling, the likeliest first; at least one, given (labels,) probabilities."""
    order = np.argsort(-probabilities, kind="stable")[:_TOLD]
    return np.asarray(order[: max(1, int((probabilities[order] >= _LEAST).sum()))])


def _nearest(count: int, total: int) -> NDArray[np.intp]:
    """(count,) indices that sample ``total`` pixels evenly."""
    return np.minimum((np.arange(count) + 0.5) * total / count, total - 1).astype(np.intp)


def _flat(image: torch.Tensor) -> NDArray[np.float32]:
    """(N, C) from (1, C, h, w)."""
    return np.ascontiguousarray(image[0].flatten(1).T.numpy())


def _clip(boxes: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    return boxes.clip(0.0, np.array([height, width, height, width], np.float32))
