"""Storage of a sparse voxel grid: a hash of blocks of 8^3 cells.

A block is named by the Morton key of its cells without the lowest 9 bits, and its 512 values lie in Morton order. So
blocks sorted by key are the leaves of an octree in depth-first order, and a parent is the maximum over 8 neighbours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engram.memory.spatial.morton import Keys

CELLS = 512  # of a block
LEVELS = 3  # of the octree, within a block
_EMPTY = -1
_MIX = 0x1E3779B97F4A7C15  # odd, and no larger than an int64

Floats = NDArray[np.float32]
Slots = NDArray[np.int64]


class Blocks:
    """Blocks of float32 values; NaN is a cell of which nothing is known."""

    def __init__(self, capacity: int = 64) -> None:
        """Start empty, with room for some blocks."""
        self.count = 0
        self.keys: Keys = np.empty(capacity, np.int64)
        self.values: Floats = np.empty((capacity, CELLS), np.float32)
        self.table: Slots = np.full((_table_size(capacity), 2), _EMPTY, np.int64)  # key, slot

    @property
    def nbytes(self) -> int:
        """Bytes of memory, spare room included."""
        return self.keys.nbytes + self.values.nbytes + self.table.nbytes

    def reserve(self, extra: int) -> None:
        """Make room for more blocks, so that compiled code may add them."""
        needed = self.count + extra
        if needed <= len(self.keys):
            return
        capacity = max(needed, len(self.keys) + len(self.keys) // 2)
        keys, values = self.keys, self.values
        self.keys, self.values = np.empty(capacity, np.int64), np.empty((capacity, CELLS), np.float32)
        self.keys[: self.count], self.values[: self.count] = keys[: self.count], values[: self.count]
        size = _table_size(capacity)
        if size > len(self.table):
            self.table = np.full((size, 2), _EMPTY, np.int64)
            _refill(self.table, self.keys, self.count)

    def add(self, keys: Keys) -> Slots:
        """Return the slots of blocks, int64 (N,); those that are missing are made, unknown throughout."""
        self.reserve(len(keys))
        slots = np.empty(len(keys), np.int64)
        self.count = _add_all(self.table, self.keys, self.values, self.count, keys, slots)
        return slots

    def find(self, keys: Keys) -> Slots:
        """Return the slots of blocks, int64 (N,); -1 for those that are missing."""
        slots = np.empty(len(keys), np.int64)
        _find_all(self.table, np.ascontiguousarray(keys), slots)
        return slots

    def look_up(self, keys: Keys) -> Floats:
        """Return the values, float32 (N,), of cells by their Morton keys; NaN where nothing is known."""
        found = np.empty(len(keys), np.float32)
        _look_up(self.table, self.values, np.ascontiguousarray(keys), found)
        return found

    def put(self, keys: Keys, values: Floats) -> None:
        """Set cells by their Morton keys; of equal keys the last one counts."""
        homes, inverse = np.unique(keys >> 3 * LEVELS, return_inverse=True)
        slots = self.add(homes)
        self.values[slots[inverse], keys & (CELLS - 1)] = values

    def order(self) -> Slots:
        """Return the slots in the order of their keys."""
        return np.argsort(self.keys[: self.count])

    def known(self) -> tuple[Keys, Floats]:
        """Return Morton keys, int64 (N,), and values, float32 (N,), of all known cells, in the order of the keys."""
        order = self.order()
        values = self.values[order].reshape(-1)
        where = np.flatnonzero(~np.isnan(values))
        return (self.keys[order][where >> 3 * LEVELS] << 3 * LEVELS) | (where & (CELLS - 1)), values[where]

    def halved(self) -> Blocks:
        """Return the grid of the parents: cells twice as long, each with the largest known value of its children."""
        parents = Blocks(max(8, self.count // 4))
        keys = self.keys[: self.count]
        largest = np.fmax.reduce(self.values[: self.count].reshape(-1, CELLS // 8, 8), axis=2)
        parents.add(np.unique(keys >> 3))
        octants = parents.values.reshape(-1, 8, CELLS // 8)
        octants[parents.find(keys >> 3), keys & 7] = largest
        return parents


def _table_size(capacity: int) -> int:
    """Return a power of two that keeps at least half of the table free."""
    return 1 << (2 * capacity - 1).bit_length()


@njit(cache=True, nogil=True)
def probe(table: Slots, key: int) -> int:
    """Return the row of the table where a key is, or belongs."""
    mask = len(table) - 1
    mixed = key * _MIX
    row = (mixed ^ (mixed >> 32)) & mask
    while table[row, 0] != key and table[row, 0] != _EMPTY:
        row = (row + 1) & mask
    return row


@njit(cache=True, nogil=True)
def find(table: Slots, key: int) -> Any:
    """Return the slot of a block, or -1."""
    return table[probe(table, key), 1]


@njit(cache=True, nogil=True)
def add(table: Slots, keys: Keys, values: Floats, count: int, key: int) -> Any:
    """Return the slot of a block; a missing one is made in slot ``count``, for which there must be room."""
    row = probe(table, key)
    if table[row, 0] == _EMPTY:
        table[row, 0], table[row, 1] = key, count
        keys[count] = key
        values[count] = np.nan
    return table[row, 1]


@njit(cache=True, nogil=True)
def _add_all(table: Slots, keys: Keys, values: Floats, count: int, wanted: Keys, slots: Slots) -> int:
    for i in range(len(wanted)):
        slots[i] = add(table, keys, values, count, wanted[i])
        count = max(count, slots[i] + 1)
    return count


@njit(cache=True, nogil=True)
def _refill(table: Slots, keys: Keys, count: int) -> None:
    for slot in range(count):
        row = probe(table, keys[slot])
        table[row, 0], table[row, 1] = keys[slot], slot


@njit(cache=True, nogil=True)
def _find_all(table: Slots, wanted: Keys, slots: Slots) -> None:
    for i in range(len(wanted)):
        slots[i] = find(table, wanted[i])


@njit(cache=True, nogil=True)
def _look_up(table: Slots, values: Floats, wanted: Keys, found: Floats) -> None:
    home, slot = -1, -1
    for i in range(len(wanted)):
        if wanted[i] >> 9 != home:
            home = wanted[i] >> 9
            slot = find(table, home)
        found[i] = values[slot, wanted[i] & 511] if slot >= 0 else np.nan
