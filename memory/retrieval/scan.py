"""Compiled scans over compressed vectors. Importing this module loads numba, so it is imported where it is used."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_M1, _M2, _M4 = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
_H01 = np.uint64(0x0101010101010101)
_S1, _S2, _S4, _S56 = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)


@njit(cache=True, nogil=True)
def int8_scores(codes: NDArray[np.int8], query: NDArray[np.int8]) -> NDArray[np.int32]:
    """Return the (N,) dot products of (N, D) codes with a (D,) code."""
    count, dims = codes.shape
    wide = query.astype(np.int32)
    out = np.empty(count, np.int32)
    for i in range(count):
        total = np.int32(0)
        for j in range(dims):
            total += np.int32(codes[i, j]) * wide[j]
        out[i] = total
    return out


@njit(cache=True, nogil=True)
def bit_scores(codes: NDArray[np.uint64], query: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Return minus the (N,) Hamming distances of (N, W) bit codes to a (W,) code."""
    count, width = codes.shape
    out = np.empty(count, np.int32)
    for i in range(count):
        total = np.uint64(0)
        for j in range(width):
            x = codes[i, j] ^ query[j]
            x -= (x >> _S1) & _M1
            x = (x & _M2) + ((x >> _S2) & _M2)
            x = (x + (x >> _S4)) & _M4
            total += (x * _H01) >> _S56
        out[i] = -np.int32(total)
    return out


@njit(cache=True, nogil=True)
def nearest(scores: NDArray[np.int32], usable: NDArray[np.bool_], count: int, bits: int) -> NDArray[np.int64]:
    """Return the ``count`` usable rows of the best (N,) scores from -bits to 0, in order; of equal ones the last."""
    having = np.zeros(bits + 1, np.int64)
    for i in range(len(scores)):
        if usable[i]:
            having[-scores[i]] += 1
    limit, left = 0, count
    while limit < bits and having[limit] < left:
        left -= having[limit]
        limit += 1
    out = np.empty(min(count, having.sum()), np.int64)
    at = len(out)
    for i in range(len(scores) - 1, -1, -1):
        if usable[i] and (-scores[i] < limit or (-scores[i] == limit and left > 0)):
            if -scores[i] == limit:
                left -= 1
            at -= 1
            out[at] = i
    return out
