"""The surface of signed distances, by marching tetrahedra.

Each cube between eight voxels falls into six tetrahedra about its diagonal. Their edges lead from a voxel to one of its
seven neighbours at higher coordinates, so a vertex is named by a voxel and a direction, and cubes share it.

Source: Doi and Koide, An efficient method of triangulating equi-valued surfaces by using tetrahedral cells, IEICE 1991.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engram.memory.mapping.mesh import Mesh
from engram.memory.spatial.blocks import CELLS, LEVELS, Blocks, Floats, Slots, find
from engram.memory.spatial.morton import Keys, decode, encode, gather, interleave

# Corners are numbers of three bits: x, y, z. All six have the same handedness.
_TETRAHEDRA = ((0, 1, 3, 7), (0, 2, 6, 7), (0, 4, 5, 7), (0, 5, 1, 7), (0, 6, 4, 7), (0, 3, 2, 7))
_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
# Edges of up to two triangles for each set of corners behind the surface, bit i for corner i.
_TRIANGLES = (
    (-1, -1, -1, -1, -1, -1),
    (0, 1, 2, -1, -1, -1),
    (0, 4, 3, -1, -1, -1),
    (1, 2, 4, 1, 4, 3),
    (1, 3, 5, -1, -1, -1),
    (2, 0, 3, 2, 3, 5),
    (0, 4, 5, 0, 5, 1),
    (2, 4, 5, -1, -1, -1),
    (2, 5, 4, -1, -1, -1),
    (0, 1, 5, 0, 5, 4),
    (3, 0, 2, 3, 2, 5),
    (1, 5, 3, -1, -1, -1),
    (1, 3, 4, 1, 4, 2),
    (0, 3, 4, -1, -1, -1),
    (0, 2, 1, -1, -1, -1),
    (-1, -1, -1, -1, -1, -1),
)


def extract(
    blocks: Blocks,
    weights: NDArray[np.uint16],
    colours: NDArray[np.uint16],
    voxel_m: float,
    min_weight: int,
) -> Mesh:
    """Return the mesh where distances cross zero between voxels of at least a weight; colours are in 1/256."""
    store = (blocks.table, blocks.keys, blocks.values, weights)
    order = blocks.order()
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    corners = np.empty((0, 3), np.int64)
    needed = _march(store, (order, rank), max(1, min_weight), corners)
    corners = np.empty((needed, 3), np.int64)
    _march(store, (order, rank), max(1, min_weight), corners)
    names, index = np.unique(corners, return_inverse=True)
    directions = names & 7
    voxels = order[names >> 3 + LEVELS * 3] * CELLS + (names >> 3) % CELLS
    step = np.stack([directions & 1, directions >> 1 & 1, directions >> 2], axis=1)
    cells = decode(blocks.keys[voxels // CELLS] << 9 | voxels % CELLS)
    ends = _places(blocks, cells + step)
    near, far = blocks.values.reshape(-1)[voxels], blocks.values.reshape(-1)[ends]
    part = (near / (near - far)).astype(np.float64)[:, None]
    tints = colours.reshape(-1, 3)
    tint = (tints[voxels] * (1 - part) + tints[ends] * part) / 256
    return Mesh(
        ((cells + 0.5 + part * step) * voxel_m).astype(np.float32),
        index.reshape(-1, 3).astype(np.int32),
        np.clip(tint + 0.5, 0, 255).astype(np.uint8),
    )


def _places(blocks: Blocks, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    keys = encode(cells)
    return blocks.find(keys >> 9) * CELLS + (keys & CELLS - 1)


@njit(cache=True, nogil=True)
def _march(
    store: tuple[Slots, Keys, Floats, NDArray[np.uint16]],
    order_rank: tuple[Slots, Slots],
    min_weight: int,
    corners: NDArray[np.int64],
) -> int:
    """Fill in names of vertices, (N, 3), as far as there is room; return how many triangles there are."""
    value, name = np.empty((9, 9, 9), np.float32), np.empty((9, 9, 9), np.int64)
    here, names = np.empty(8, np.float32), np.empty(8, np.int64)
    count = 0
    order, rank = order_rank
    for slot in order:
        _gather_block(store, rank, slot, min_weight, value, name)
        for x in range(8):
            for y in range(8):
                for z in range(8):
                    low, high = np.inf, -np.inf
                    known = True
                    for c in range(8):
                        i, j, k = x + (c & 1), y + (c >> 1 & 1), z + (c >> 2)
                        here[c], names[c] = value[i, j, k], name[i, j, k]
                        known &= not np.isnan(here[c])
                        low, high = min(low, here[c]), max(high, here[c])
                    if known and low < 0 <= high:
                        count = _march_cube(here, names, corners, count)
    return count


@njit(cache=True, nogil=True)
def _march_cube(value: NDArray[np.float32], name: NDArray[np.int64], corners: NDArray[np.int64], count: int) -> int:
    for tetrahedron in _TETRAHEDRA:
        behind = 0
        for i in range(4):
            behind |= (value[tetrahedron[i]] < 0) << i
        triangles = _TRIANGLES[behind]
        for first in range(0, 6, 3):
            if triangles[first] < 0:
                break
            if count < len(corners):
                for k in range(3):
                    edge = _EDGES[triangles[first + k]]
                    a, b = tetrahedron[edge[0]], tetrahedron[edge[1]]
                    corners[count, k] = name[min(a, b)] << 3 | (a ^ b)
            count += 1
    return count


@njit(cache=True, nogil=True)
def _gather_block(
    store: tuple[Slots, Keys, Floats, NDArray[np.uint16]],
    rank: Slots,
    slot: int,
    min_weight: int,
    value: NDArray[np.float32],
    name: NDArray[np.int64],
) -> None:
    """Copy a block and the next layer of its neighbours to dense arrays."""
    table, keys, values, weights = store
    bx, by, bz = gather(keys[slot]), gather(keys[slot] >> 1), gather(keys[slot] >> 2)
    for neighbour in range(8):
        ox, oy, oz = neighbour & 1, neighbour >> 1 & 1, neighbour >> 2
        at = slot if neighbour == 0 else find(table, interleave(bx + ox, by + oy, bz + oz))
        for x in range(8 * ox, 8 + ox):
            for y in range(8 * oy, 8 + oy):
                for z in range(8 * oz, 8 + oz):
                    cell = interleave(x & 7, y & 7, z & 7)
                    name[x, y, z] = rank[max(at, 0)] * CELLS + cell
                    seen = at >= 0 and weights[at, cell] >= min_weight
                    value[x, y, z] = values[at, cell] if seen else np.nan
