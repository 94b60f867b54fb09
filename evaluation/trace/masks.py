"""Detections as JSON and back, without loss: masks lie in PNG index maps."""

from __future__ import annotations

import io
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engram.perception.contracts import Detection

_MOST = 255  # masks in one map, whose pixels are bytes
_Layer = NDArray[np.uint8]


def pack(number: int, shape: tuple[int, int], found: Sequence[Detection]) -> dict[str, Any]:
    """Return a message of detections in observation ``number``, of images of ``shape`` (H, W).

    Masks that overlap go into different maps.
    """
    layers: list[_Layer] = []
    used: list[int] = []
    said = []
    for detection in found:
        k = _place(layers, used, detection, shape)
        said.append(_detection(detection, k, used[k]))
    return {
        "number": number,
        "shape": list(shape),
        "detections": said,
        "layers": [b64encode(_png(layer)).decode() for layer in layers],
    }


def unpack(message: Mapping[str, Any]) -> list[Detection]:
    """Return the detections of a message of :func:`pack`, in their order."""
    layers = [np.asarray(Image.open(io.BytesIO(b64decode(text)))) for text in message["layers"]]
    return [_restored(said, layers[said["layer"]]) for said in message["detections"]]


def _place(layers: list[_Layer], used: list[int], detection: Detection, shape: tuple[int, int]) -> int:
    """Write a mask into the first map that is free there; return the index of the map."""
    row0, col0, row1, col1 = detection.box
    where = (slice(row0, row1), slice(col0, col1))
    mask = detection.mask[where]
    if np.count_nonzero(mask) != np.count_nonzero(detection.mask):  # a box that does not hold its mask
        where, mask = (slice(None), slice(None)), detection.mask
    k = next((k for k, layer in enumerate(layers) if used[k] < _MOST and not layer[where][mask].any()), len(layers))
    if k == len(layers):
        layers.append(np.zeros(shape, np.uint8))
        used.append(0)
    used[k] += 1
    layers[k][where][mask] = used[k]
    return k


def _detection(d: Detection, layer: int, value: int) -> dict[str, Any]:
    feature = None if d.feature is None else b64encode(d.feature.astype("<f4").tobytes()).decode()
    return {
        "label": d.label,
        "score": float(d.score),
        "box": [int(v) for v in d.box],
        "pixels": int(d.pixels),
        "layer": layer,
        "value": value,
        "out_of_place": None if d.out_of_place is None else float(d.out_of_place),
        "feature": feature,
    }


def _restored(said: Mapping[str, Any], layer: _Layer) -> Detection:
    row0, col0, row1, col1 = said["box"]
    feature = None if said["feature"] is None else np.frombuffer(b64decode(said["feature"]), "<f4").astype(np.float32)
    return Detection(
        said["label"], said["score"], layer == said["value"], (row0, col0, row1, col1), said["pixels"],
        said["out_of_place"], feature,
    )  # fmt: skip


def _png(layer: _Layer) -> bytes:
    file = io.BytesIO()
    Image.fromarray(layer).save(file, "PNG", compress_level=1)
    return file.getvalue()
