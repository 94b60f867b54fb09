"""Detections as a message and back, without loss: masks lie in indexed PNG images, in which people see them, too."""

from __future__ import annotations

import colorsys
import io
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engram.perception.contracts import Detection

_OPTIONAL = ("out_of_place", "features", "beliefs", "presence")  # columns of what not every detector gives
_MOST = 255  # masks in one map, whose pixels are bytes
_Layer = NDArray[np.uint8]


def pack(number: int, shape: tuple[int, int], found: Sequence[Detection]) -> tuple[dict[str, Any], list[bytes]]:
    """Return a message of detections, in columns, and the PNG index maps that hold their masks; 0 is nothing.

    Masks that overlap go into different maps.

    Args:
        number: of the observation.
        shape: (H, W) of its image.
        found: the detections.

    """
    layers, places = _flat(shape, found) or _layered(shape, found)
    features = [None if d.feature is None else b64encode(d.feature.astype("<f4").tobytes()).decode() for d in found]
    message = {
        "number": number,
        "maps": len(layers),
        "labels": [d.label for d in found],
        "scores": [float(d.score) for d in found],
        "boxes": [list(map(int, d.box)) for d in found],
        "pixels": [int(d.pixels) for d in found],
        "masks": places,
        "out_of_place": [None if d.out_of_place is None else float(d.out_of_place) for d in found],
        "features": features,
        "beliefs": [None if d.beliefs is None else [[name, float(p)] for name, p in d.beliefs.items()] for d in found],
        "presence": [None if d.presence is None else float(d.presence) for d in found],
    }
    return {name: column for name, column in message.items() if not _empty(column)}, [_png(layer) for layer in layers]


def unpack(message: Mapping[str, Any], images: Sequence[bytes]) -> list[Detection]:
    """Return the detections of :func:`pack`, in their order."""
    maps = [np.asarray(Image.open(io.BytesIO(image))) for image in images]
    labels = message.get("labels", ())
    nothing = [None] * len(labels)
    rows = zip(
        labels,
        *(message.get(name, ()) for name in ("scores", "boxes", "pixels", "masks")),
        *(message.get(name, nothing) for name in _OPTIONAL),
        strict=True,
    )
    return [
        Detection(
            label, score, maps[k] == value, tuple(box), pixels, judged, _feature(feature), _beliefs(pairs), presence
        )
        for label, score, box, pixels, (k, value), judged, feature, pairs, presence in rows
    ]


def _flat(shape: tuple[int, int], found: Sequence[Detection]) -> tuple[list[_Layer], list[tuple[int, int]]] | None:
    """Return all masks in one map; ``None`` when they overlap or are too many."""
    if not found or len(found) > _MOST:
        return None
    layer = _blank(shape)
    for value, d in enumerate(found, 1):
        row0, col0, row1, col1 = d.box
        np.copyto(layer[row0:row1, col0:col1], value, where=d.mask[row0:row1, col0:col1])
    if np.count_nonzero(layer) != sum(d.pixels for d in found):
        return None
    return [layer], [(0, value) for value in range(1, len(found) + 1)]


def _layered(shape: tuple[int, int], found: Sequence[Detection]) -> tuple[list[_Layer], list[tuple[int, int]]]:
    """Return masks in as many maps as it takes, each in the first one where it is free."""
    layers: list[_Layer] = []
    used: list[int] = []
    places = []
    for d in found:
        free = (k for k, layer in enumerate(layers) if used[k] < _MOST and not layer[d.mask].any())
        k = next(free, len(layers))
        if k == len(layers):
            layers.append(_blank(shape))
            used.append(0)
        used[k] += 1
        layers[k][d.mask] = used[k]
        places.append((k, used[k]))
    return layers, places


def _empty(column: Any) -> bool:
    return isinstance(column, list) and all(value is None for value in column)


def _feature(text: str | None) -> NDArray[np.float32] | None:
    return None if text is None else np.frombuffer(b64decode(text), "<f4").astype(np.float32)


def _beliefs(pairs: Sequence[tuple[str, float]] | None) -> dict[str, float] | None:
    """Return beliefs in the order in which they were given, by which they are added up."""
    return None if pairs is None else dict(pairs)


def _blank(shape: tuple[int, int]) -> _Layer:
    """Return an empty map, a view of the rows of a PNG: each begins with its filter, which is none."""
    return np.zeros((shape[0], shape[1] + 1), np.uint8)[:, 1:]


def _png(layer: _Layer) -> bytes:
    """Return a map of :func:`_blank` as indexed PNG; Pillow takes five times as long for one so small."""
    height, width = layer.shape
    rows = layer.base
    if rows is None:
        raise ValueError("a map of masks is a view of the rows of its PNG")
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return b"".join(
        (_PNG_MAGIC, _chunk(b"IHDR", head), _PALETTE, _chunk(b"IDAT", zlib.compress(rows.data, 1)), _PNG_END)
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def _colours() -> bytes:
    """Black for nothing, then hues that neighbouring numbers do not share."""
    hues = ((k * 0.618) % 1.0 for k in range(_MOST))
    return bytes(3) + bytes(round(255 * v) for hue in hues for v in colorsys.hsv_to_rgb(hue, 0.6, 1.0))


_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PNG_END = _chunk(b"IEND", b"")
_PALETTE = _chunk(b"PLTE", _colours())
