"""Morton keys of voxels: the bits of three signed cell coordinates, interleaved (x lowest).

Convention
    A cell is three integers in [-2^20, 2^20): at 0.05 m that is 52 km to each side of the origin. A key is an int64 in
    [0, 2^63), so its order is the depth-first order of an octree, ``key >> 3 * level`` names the parent ``level``
    levels up, and ``key & 7`` is the child number of OctoMap.

Source: G. M. Morton, A computer oriented geodetic data base, IBM 1966.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from engram.memory.spatial.errors import OutOfBoundsError

BITS = 21
OFFSET = 1 << (BITS - 1)
Cells = NDArray[np.int64]
Keys = NDArray[np.int64]

_STEPS = (
    (32, 0x1F00000000FFFF),
    (16, 0x1F0000FF0000FF),
    (8, 0x100F00F00F00F00F),
    (4, 0x10C30C30C30C30C3),
    (2, 0x1249249249249249),
)


def encode(cells: ArrayLike) -> Keys:
    """Return the keys, int64 (...,), of cells, integers (..., 3).

    Raises:
        OutOfBoundsError: a coordinate is outside [-2^20, 2^20), or no integer.

    """
    array = np.asarray(cells)
    if array.shape[-1:] != (3,) or (array.size and array.dtype.kind not in "iu"):
        raise OutOfBoundsError(f"cells are integers (..., 3), not {array.dtype} {array.shape}")
    outside = (array < -OFFSET) | (array >= OFFSET)
    if outside.any():
        first = array[outside.any(axis=-1)].reshape(-1, 3)[0].tolist()
        raise OutOfBoundsError(f"cell {first} is outside [-2^20, 2^20); move the origin of the map or coarsen it")
    shifted = array.astype(np.int64) + OFFSET
    return np.asarray(_spread(shifted[..., 0]) | _spread(shifted[..., 1]) << 1 | _spread(shifted[..., 2]) << 2)


def decode(keys: ArrayLike) -> Cells:
    """Return the cells, int64 (..., 3), of keys (...,).

    Raises:
        OutOfBoundsError: a key is negative or no integer, so it is nobody's key.

    """
    array = np.asarray(keys)
    if array.size and (array.dtype.kind not in "iu" or (array < 0).any() or (array > np.iinfo(np.int64).max).any()):
        raise OutOfBoundsError("keys are integers in [0, 2^63)")
    key = array.astype(np.int64)
    return np.stack([_gather(key), _gather(key >> 1), _gather(key >> 2)], axis=-1) - OFFSET


def _spread(value: Any) -> Any:
    """Put two zero bits between the 21 bits of a value."""
    for shift, mask in _STEPS:
        value = (value | value << shift) & mask
    return value


def _gather(value: Any) -> Any:
    """Undo ``_spread``."""
    value = value & 0x1249249249249249
    value = (value | value >> 2) & 0x10C30C30C30C30C3
    value = (value | value >> 4) & 0x100F00F00F00F00F
    value = (value | value >> 8) & 0x1F0000FF0000FF
    value = (value | value >> 16) & 0x1F00000000FFFF
    return (value | value >> 32) & 0x1FFFFF


spread: Any = njit(cache=True, nogil=True)(_spread)
gather: Any = njit(cache=True, nogil=True)(_gather)


@njit(cache=True, nogil=True)
def interleave(x: int, y: int, z: int) -> int:
    """Return the key of an unsigned cell, ``OFFSET`` added, or -1 where it has none; in compiled code."""
    if (x | y | z) >> BITS != 0:
        return -1
    key: int = spread(x) | spread(y) << 1 | spread(z) << 2
    return key
