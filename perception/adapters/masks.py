"""Masks of the things in boxes: cut out by depth, or drawn by SAM 2 (arXiv 2408.00714)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from engram.perception.adapters.boxes import Floats
from engram.perception.adapters.config import BandConfig, ModelConfig
from engram.perception.adapters.loading import array, image_settings, load, picture
from engram.perception.contracts import Box
from engram.sims.contract import Observation

Mask = NDArray[np.bool_]
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, as all published SAM 2 have them


def depth_mask(depth: Floats, box: Box, focal_px: float, config: BandConfig | None = None) -> Mask:
    """Return the (H, W) mask of the thing in a box.

    It is the region within the box that holds most of the box's middle: pixels whose depth lies in a band around the
    median of the middle, joined where depth does not jump. The band is as deep as the thing is large. ``depth`` is
    (H, W) metres; 0, NaN and infinity are invalid. Where no depth is valid, the mask is empty.
    """
    config = config or BandConfig()
    mask = np.zeros(depth.shape, bool)
    row0, col0, row1, col1 = box
    inside = depth[row0:row1, col0:col1]
    valid = np.isfinite(inside) & (inside > 0.0)
    inside = np.where(valid, inside, 0.0)
    middle = _middle(inside.shape, config.middle) & valid
    seeds = middle if middle.any() else valid
    if not seeds.any():
        return mask
    median_m = float(np.median(inside[seeds]))
    side_m = min(inside.shape) * median_m / focal_px
    half_m = max(config.min_band_m, config.depth_share * side_m)
    band = valid & (np.abs(inside - median_m) <= half_m)
    regions = _regions(inside, band, max(config.min_jump_m, config.jump_share * median_m))
    votes = np.bincount(regions[seeds & band] if (seeds & band).any() else regions[band])
    if len(votes):
        mask[row0:row1, col0:col1] = regions == votes.argmax()
    return mask


class DepthBands:
    """The segmenter that needs no model; see :func:`depth_mask`."""

    def __init__(self, config: BandConfig | None = None) -> None:
        """Take the width of bands."""
        self._config = config or BandConfig()

    def segment(self, observation: Observation, boxes: Sequence[Box]) -> list[Mask]:
        """Return one (H, W) mask for each box."""
        focal_px = float(observation["camera"][0])
        return [depth_mask(observation["depth"], box, focal_px, self._config) for box in boxes]


class Sam2:
    """SAM 2, asked with boxes; the image is encoded once for all of them.

    The library's own image processor needs torchvision; what it does to an image is done here with Pillow.
    """

    def __init__(self, config: ModelConfig) -> None:
        """Load the model; raises :class:`AdapterError`."""
        self._loaded = load(config, "Sam2Model")
        settings = image_settings(config)
        self._mean = np.array(settings.get("image_mean") or _MEAN, np.float32)
        self._std = np.array(settings.get("image_std") or _STD, np.float32)
        self._side: int = int(self._loaded.model.config.prompt_encoder_config.image_size)

    def segment(self, observation: Observation, boxes: Sequence[Box]) -> list[Mask]:
        """Return one (H, W) mask for each box."""
        if not boxes:
            return []
        height, width = observation["rgb"].shape[:2]
        scale = np.array([self._side / width, self._side / height] * 2, np.float32)
        prompts = np.array([[c0, r0, c1, r1] for r0, c0, r1, c1 in boxes], np.float32) * scale
        output = self._loaded.ask(
            {"pixel_values": self._pixels(observation["rgb"]), "input_boxes": prompts[None]}, multimask_output=False
        )
        resize = self._loaded.torch.nn.functional.interpolate
        masks = resize(output.pred_masks[0].float(), (height, width), mode="bilinear", align_corners=False)
        return list(array(masks[:, 0]) > 0.0)

    def _pixels(self, rgb: NDArray[np.uint8]) -> Floats:
        resized = picture(rgb).resize((self._side, self._side), Image.Resampling.BILINEAR)
        values = (np.asarray(resized, np.float32) / 255.0 - self._mean) / self._std
        return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def _middle(shape: tuple[int, ...], share: float) -> Mask:
    """Return (h, w), true in the middle ``share`` of both sides, which is one pixel at least."""
    rows, cols = (np.abs(np.arange(n) - (n - 1) / 2) <= max(share * n, 1.0) / 2 for n in shape)
    return np.asarray(rows[:, None] & cols[None, :])


def _regions(depth: Floats, band: Mask, jump_m: float) -> NDArray[np.int32]:
    """Number the 4-connected regions of a band (h, w) whose neighbours differ by at most a jump; 0 = not in the band.

    Pixels and the links between them lie on one grid of twice the size, so that regions are those of its cells.
    """
    height, width = band.shape
    grid = np.zeros((2 * height - 1, 2 * width - 1), bool)
    grid[::2, ::2] = band
    grid[::2, 1::2] = band[:, :-1] & band[:, 1:] & (np.abs(np.diff(depth, axis=1)) <= jump_m)
    grid[1::2, ::2] = band[:-1] & band[1:] & (np.abs(np.diff(depth, axis=0)) <= jump_m)
    return np.asarray(ndimage.label(grid)[0][::2, ::2], np.int32)
