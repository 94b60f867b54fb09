"""PLY point clouds of the occupied voxels, for MeshLab, CloudCompare, Open3D and the like.

A vertex is the centre of a voxel, coloured by its label; it carries the log odds, the number of the label (-1: none)
and the belief in it. The resolution and the names of the labels are comments of the header.
"""

from __future__ import annotations

import colorsys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.memory.spatial.errors import MapFileError, SpatialError
from engram.memory.spatial.morton import encode
from engram.memory.spatial.octree import Octree

_GREY = (128, 128, 128)
_TYPES = {
    "char": "i1",
    "uchar": "u1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "uint": "u4",
    "float": "f4",
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "float32": "f4",
    "float64": "f8",
    "double": "f8",
}
_VERTEX = {
    **dict.fromkeys(("x", "y", "z"), "float"),
    **dict.fromkeys(("red", "green", "blue"), "uchar"),
    "log_odds": "float",
    "label": "int",
    "belief": "float",
}
_FORMATS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "="}


def colour_of(label: str) -> tuple[int, int, int]:
    """Return the red, green and blue, 0 to 255, of a label: the same in every map; grey for none."""
    if not label:
        return _GREY
    r, g, b = colorsys.hsv_to_rgb(zlib.crc32(label.encode()) % 360 / 360, 0.75, 0.9)
    return round(r * 255), round(g * 255), round(b * 255)


def write_ply(octree: Octree, path: str | Path) -> None:
    """Write the occupied voxels as binary PLY.

    Raises:
        OSError: the file cannot be written.

    """
    occupied = octree.voxels()
    names = octree.payload.names
    records = np.zeros(len(occupied), _dtype(_VERTEX, "<"))
    for axis, column in zip("xyz", occupied.centres_m.T, strict=True):
        records[axis] = column
    records["log_odds"] = occupied.log_odds
    records["label"], records["belief"] = octree.payload.best(occupied.keys)
    palette = np.array([*map(colour_of, names), _GREY], np.uint8)
    for colour, column in zip(("red", "green", "blue"), palette[records["label"]].T, strict=True):
        records[colour] = column
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"comment resolution_m {octree.resolution_m!r}",
        *(f"comment label {number} {name}" for number, name in enumerate(names)),
        f"element vertex {len(records)}",
        *(f"property {kind} {name}" for name, kind in _VERTEX.items()),
        "end_header\n",
    ]
    Path(path).write_bytes("\n".join(header).encode() + records.tobytes())


def read_ply(path: str | Path, resolution_m: float | None = None) -> Octree:
    """Return a map in which the voxels at the vertices are occupied.

    Vertices without log odds are as sure as the sensor model clamps. Labels count as one sure look.

    Args:
        path: any PLY file whose first element are the vertices; colours and faces are not read.
        resolution_m: edge of a voxel; that of the file's header when None.

    Raises:
        MapFileError: the file is no PLY file, or damaged, or says no resolution and none is given.
        OutOfBoundsError: a vertex lies outside of what keys can name.

    """
    path = Path(path)
    try:
        return _read(path, resolution_m)
    except SpatialError:
        raise
    except ValueError as error:
        raise MapFileError(f"{path}: damaged, {error}; export it again") from error


def _read(path: Path, resolution_m: float | None) -> Octree:
    head, found, body = path.read_bytes().partition(b"end_header\n")
    lines = [line for line in head.decode("utf-8", "replace").splitlines() if line.strip()]
    if not found or lines[0] != "ply":
        raise MapFileError(f"{path}: is not a PLY file; name one that was exported")
    vertices = _vertices(path, lines, body)
    comments = [line.split(maxsplit=3) for line in lines if line.startswith("comment ")]
    notes = [comment for comment in comments if len(comment) > 2]
    said = [float(note[2]) for note in notes if note[1] == "resolution_m"]
    if resolution_m is None and not said:
        raise MapFileError(f"{path}: does not say the size of its voxels; give resolution_m")
    octree = Octree(said[0] if resolution_m is None else resolution_m)
    points = np.stack([vertices[axis] for axis in "xyz"], axis=1)
    keys = encode(octree.cell_of(points))
    sure = np.full(len(keys), octree.sensor.log_odds()[3], np.float32)
    octree.put(keys, vertices["log_odds"].astype(np.float32) if "log_odds" in vertices else sure)
    for note in notes:
        if note[1] == "label" and len(note) == 4 and "label" in vertices:
            rows = vertices["label"] == int(note[2])
            octree.payload.add_label(keys[rows], note[3], 1.0)
    return octree


def _vertices(path: Path, lines: list[str], body: bytes) -> dict[str, NDArray[Any]]:
    """Return the scalar properties of the vertices by name."""
    words = [line.split() for line in lines]
    order = _FORMATS.get(next((w[1] for w in words if w[0] == "format"), ""))
    elements = [i for i, w in enumerate(words) if w[0] == "element"]
    if order is None or not elements or words[elements[0]][1] != "vertex":
        raise MapFileError(f"{path}: has no known format, or does not begin with vertices; export it again")
    stop = elements[1] if len(elements) > 1 else len(words)
    properties = {w[-1]: w[1] for w in words[elements[0] : stop] if w[0] == "property"}
    if not {"x", "y", "z"} <= properties.keys() or not set(properties.values()) <= _TYPES.keys():
        raise MapFileError(f"{path}: its vertices have no x, y and z, or properties of unknown types; export it again")
    count, dtype = int(words[elements[0]][2]), _dtype(properties, order)
    if order == "=":
        rows = [tuple(line.split()) for line in body.decode("utf-8", "replace").splitlines()[:count]]
        whole = len(rows) == count and all(len(row) == len(properties) for row in rows)
        records = np.array(rows, dtype) if whole else np.empty(0, dtype)
    else:
        whole = len(body) >= count * dtype.itemsize
        records = np.frombuffer(body, dtype, count) if whole else np.empty(0, dtype)
    if not whole:
        raise MapFileError(f"{path}: ends within its {count} vertices; export it again")
    return {name: records[name] for name in properties}


def _dtype(properties: dict[str, str], order: str) -> np.dtype[Any]:
    return np.dtype([(name, order + _TYPES[kind]) for name, kind in properties.items()])
