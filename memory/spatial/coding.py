"""Cells as compact JSON data, for the log of events: about one byte for ten cells of a clean depth image."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from engram.memory.spatial.scan import EndCells, Scan


def encode_cells(cells: EndCells) -> dict[str, Any]:
    """Return distinct cells, int32 (N, 3) in any order, as JSON data: steps along the lines of the box around them."""
    if not len(cells):
        return {"low": [0, 0, 0], "size": [0, 0, 0], "steps": ""}
    wide = cells.astype(np.int64)
    low = wide.min(axis=0)
    size = wide.max(axis=0) - low + 1
    x, y, z = (wide - low).T
    steps = np.diff(np.sort((z * size[1] + y) * size[0] + x), prepend=0)
    coded = zlib.compress(steps.astype("<i8").tobytes(), 6)
    return {"low": low.tolist(), "size": size.tolist(), "steps": base64.b64encode(coded).decode()}


def decode_cells(data: Mapping[str, Any]) -> EndCells:
    """Return the cells of ``encode_cells``, sorted by z, then y, then x."""
    if not data["steps"]:
        return np.empty((0, 3), np.int32)
    steps = np.frombuffer(zlib.decompress(base64.b64decode(data["steps"])), "<i8")
    at = np.cumsum(steps)
    (nx, ny, _), low = data["size"], np.array(data["low"])
    return np.asarray(np.stack([at % nx, at // nx % ny, at // (nx * ny)], axis=1) + low, np.int32)


def encode_scan(scan: Scan) -> dict[str, Any]:
    """Return a scan as JSON data."""
    return {"camera_m": list(scan.camera_m), "hits": encode_cells(scan.hits), "beyond": encode_cells(scan.beyond)}


def decode_scan(data: Mapping[str, Any]) -> Scan:
    """Return the scan of ``encode_scan``."""
    x, y, z = data["camera_m"]
    return Scan((x, y, z), decode_cells(data["hits"]), decode_cells(data["beyond"]))
