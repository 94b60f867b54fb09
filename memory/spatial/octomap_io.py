"""OctoMap files: ``.bt`` (free or occupied, two bits a child) and ``.ot`` (log odds).

Both start with lines of text (``id``, ``size``: number of nodes, ``res``, ``data``); the nodes follow, depth first,
from a root 16 levels above the voxels. Eight equal leaves are stored as one: OctoMap's pruning. Nodes sorted by their
first voxel, and from the root down, are in that order, so writing needs no recursion.

Source: the OctoMap library (``OcTreeBaseImpl::writeData``, ``OccupancyOcTreeBase::writeBinaryNode``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engram.memory.spatial.blocks import Floats
from engram.memory.spatial.errors import MapFileError
from engram.memory.spatial.morton import OFFSET, Cells, Keys, decode, encode
from engram.memory.spatial.octree import KNOWN, Octree, SensorModel

DEPTH = 16
HALF = 1 << (DEPTH - 1)
MAX_CELLS = 1 << 27  # that the leaves of a file may unfold to: 512 MB
_FIRST_LINE = {".bt": "# Octomap OcTree binary file", ".ot": "# Octomap OcTree file"}
_NODE = np.dtype([("value", "<f4"), ("children", "u1")])
_SHORT, _DEEP = -1, -2
_FREE, _OCCUPIED, _INNER = 1, 2, 3  # the two bits of a child in a .bt file


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Nodes of one level, in the order of their keys."""

    keys: Keys
    values: Floats  # of an inner node: the largest of its children
    children: NDArray[np.uint8]  # a bit a child; 0 for a leaf
    codes: NDArray[np.uint16]  # the .bt record of an inner node

    def chosen(self, rows: NDArray[np.bool_]) -> _Nodes:
        return _Nodes(self.keys[rows], self.values[rows], self.children[rows], self.codes[rows])


def write_octomap(octree: Octree, path: str | Path) -> None:
    """Write the occupancy of a map as ``.bt`` or ``.ot``, by the name of the file; payload is not part of either.

    Raises:
        MapFileError: another ending, or the map reaches farther than 2^15 cells from the origin.
        OSError: the file cannot be written.

    """
    path = Path(path)
    first = _first_line(path)
    known = octree.voxels(0, KNOWN)
    cells = known.cells
    if not len(cells):
        raise MapFileError(f"{path}: the map is empty, which OctoMap files cannot say; insert something first")
    if (cells < -HALF).any() or (cells >= HALF).any():
        raise MapFileError(f"{path}: OctoMap reaches {HALF} cells from the origin, the map goes farther; coarsen it")
    threshold = octree.sensor.log_odds()[-1]
    binary = path.suffix == ".bt"
    values = (known.log_odds >= threshold).astype(np.float32) if binary else known.log_odds
    levels = _tree(encode(cells + (HALF - OFFSET)), values, 0.5 if binary else threshold)
    count = sum(len(nodes.keys) for nodes in levels)
    comment = "# (feel free to add / change comments, but leave the first line as it is!)\n#"
    header = f"{first}\n{comment}\nid OcTree\nsize {count}\nres {octree.resolution_m!r}\ndata\n"
    path.write_bytes(header.encode() + _depth_first(levels, binary))


def read_octomap(path: str | Path, sensor: SensorModel | None = None) -> Octree:
    """Return the map in a ``.bt`` or ``.ot`` file; cells of a ``.bt`` file are as sure as the sensor model clamps.

    Raises:
        MapFileError: the file is none of the two, holds another kind of tree, or is damaged.
        OSError: the file cannot be read.

    """
    path = Path(path)
    first = _first_line(path)
    size, resolution_m, data = _parse_header(path, path.read_bytes(), first)
    octree = Octree(resolution_m, sensor or SensorModel())
    _, _, lowest, highest, _ = octree.sensor.log_odds()
    room = 1 + len(data) // 5 if path.suffix == ".ot" else 1 + 4 * len(data)
    leaves = (np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.float32))
    if path.suffix == ".ot":
        records = np.frombuffer(data[: len(data) // 5 * 5], _NODE)
        count, nodes, used = _read_ot(records["value"], records["children"], leaves)
        used *= 5
    else:
        count, nodes, used = _read_bt(np.frombuffer(data[: len(data) // 2 * 2], "<u2"), lowest, highest, leaves)
        used *= 2
    if count < 0 or nodes != size or used != len(data):
        what = {_SHORT: "it ends too early", _DEEP: "a node lies below level 0"}.get(count, "its size does not match")
        raise MapFileError(f"{path}: damaged, {what}; export the map again")
    octree.put(*_unfold(path, leaves[0][:count], leaves[1][:count], leaves[2][:count]))
    return octree


def _first_line(path: Path) -> str:
    if path.suffix not in _FIRST_LINE:
        raise MapFileError(f"{path}: OctoMap files end in .bt or .ot; rename it")
    return _FIRST_LINE[path.suffix]


def _tree(keys: Keys, values: Floats, threshold: float) -> list[_Nodes]:
    """Return the nodes of levels 0 to 16; eight equal leaves are pruned to one."""
    below = _Nodes(keys, values, np.zeros(len(keys), np.uint8), np.zeros(len(keys), np.uint16))
    levels = []
    for _ in range(DEPTH):
        parents, start, parent_of = np.unique(below.keys >> 3, return_index=True, return_inverse=True)
        child = (below.keys & 7).astype(np.uint16)
        largest = np.maximum.reduceat(below.values, start)
        present = np.bitwise_or.reduceat(np.uint16(1) << child, start).astype(np.uint8)
        code = np.where(below.children > 0, _INNER, np.where(below.values >= threshold, _OCCUPIED, _FREE))
        codes = np.bitwise_or.reduceat(code.astype(np.uint16) << 2 * child, start)
        uneven = np.logical_or.reduceat((below.children > 0) | (below.values != largest[parent_of]), start)
        inner = (present != 255) | uneven
        levels.append(below.chosen(inner[parent_of]))
        below = _Nodes(parents, largest, np.where(inner, present, 0).astype(np.uint8), codes)
    return [*levels, below]


def _depth_first(levels: list[_Nodes], binary: bool) -> bytes:
    first = np.concatenate([nodes.keys << 3 * level for level, nodes in enumerate(levels)])
    level_of = np.concatenate([np.full(len(nodes.keys), level) for level, nodes in enumerate(levels)])
    order = np.lexsort((-level_of, first))
    children = np.concatenate([nodes.children for nodes in levels])[order]
    if binary:
        codes = np.concatenate([nodes.codes for nodes in levels])[order]
        return codes[children > 0].astype("<u2").tobytes()
    records = np.empty(len(order), _NODE)
    records["value"] = np.concatenate([nodes.values for nodes in levels])[order]
    records["children"] = children
    return records.tobytes()


def _parse_header(path: Path, content: bytes, first: str) -> tuple[int, float, bytes]:
    """Return the number of nodes, the resolution and the bytes of the nodes."""
    text, found, data = content.partition(b"\ndata\n")
    lines = text.decode("utf-8", "replace").splitlines()
    fields = dict(line.split(maxsplit=1) for line in lines if " " in line and not line.startswith("#"))
    if not found or not lines[0].startswith(first):
        raise MapFileError(f"{path}: it does not start with {first!r}; is it an OctoMap file of this ending?")
    if fields.get("id") != "OcTree":
        raise MapFileError(f"{path}: holds a {fields.get('id', 'nameless tree')}; convert it to an OcTree")
    try:
        size, resolution_m = int(fields["size"]), float(fields["res"])
    except (KeyError, ValueError) as error:
        raise MapFileError(f"{path}: its header has no proper size and res ({error}); export the map again") from error
    if not 0 < resolution_m < math.inf:
        raise MapFileError(f"{path}: a resolution of {resolution_m} m makes no map; export the map again")
    return size, resolution_m, data


def _unfold(path: Path, first: Keys, levels: NDArray[np.int64], values: Floats) -> tuple[Keys, Floats]:
    """Return the Morton keys and values of the voxels that leaves stand for."""
    sizes = 8.0**levels
    if sizes.sum() > MAX_CELLS:
        raise MapFileError(f"{path}: its leaves stand for {sizes.sum():.3g} voxels; coarsen or crop it")
    counts = sizes.astype(np.int64)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    cells: Cells = decode(np.repeat(first, counts) + within) - (HALF - OFFSET)
    return encode(cells), np.repeat(values, counts)


@njit(cache=True, nogil=True)
def _read_ot(
    values: Floats, children: NDArray[np.uint8], leaves: tuple[Keys, NDArray[np.int64], Floats]
) -> tuple[int, int, int]:
    """Fill in the first voxel, level and value of each leaf; return how many, of how many nodes, and records read."""
    left, keys = np.zeros(DEPTH + 1, np.int64), np.zeros(DEPTH + 1, np.int64)
    depth, at, count = 0, 0, 0
    while True:
        if at == len(values):
            return _SHORT, at, at
        left[depth] = children[at]
        if left[depth] == 0:
            level = DEPTH - depth
            leaves[0][count], leaves[1][count], leaves[2][count] = keys[depth] << 3 * level, level, values[at]
            count += 1
        at += 1
        while depth >= 0 and left[depth] == 0:
            depth -= 1
        if depth < 0:
            return count, at, at
        if depth == DEPTH:
            return _DEEP, at, at
        child = 0
        while not left[depth] >> child & 1:
            child += 1
        left[depth] &= left[depth] - 1
        keys[depth + 1] = keys[depth] << 3 | child
        depth += 1


@njit(cache=True, nogil=True)
def _read_bt(
    codes: NDArray[np.uint16], free: float, occupied: float, leaves: tuple[Keys, NDArray[np.int64], Floats]
) -> tuple[int, int, int]:
    """Do for ``.bt`` what ``_read_ot`` does; ``left`` are the children that are inner nodes."""
    left, keys = np.zeros(DEPTH + 1, np.int64), np.zeros(DEPTH + 1, np.int64)
    depth, at, count, nodes = 0, 0, 0, 1
    while True:
        if at == len(codes):
            return _SHORT, nodes, at
        if depth == DEPTH:
            return _DEEP, nodes, at
        left[depth] = 0
        for child in range(8):
            code = codes[at] >> 2 * child & 3
            nodes += code != 0
            if code == _INNER:
                left[depth] |= 1 << child
            elif code != 0:
                level = DEPTH - depth - 1
                leaves[0][count] = (keys[depth] << 3 | child) << 3 * level
                leaves[1][count], leaves[2][count] = level, occupied if code == _OCCUPIED else free
                count += 1
        at += 1
        while depth >= 0 and left[depth] == 0:
            depth -= 1
        if depth < 0:
            return count, nodes, at
        child = 0
        while not left[depth] >> child & 1:
            child += 1
        left[depth] &= left[depth] - 1
        keys[depth + 1] = keys[depth] << 3 | child
        depth += 1
