"""Canonical bytes of a store's state: a JSON header and plain arrays.

Layout: the magic ``EGM1``; the length of the header as 8 bytes, little-endian; the header as UTF-8 JSON with sorted
keys; then the bytes of each array, little-endian and in C order, in the order of their names. The header is
``{"arrays": {name: [dtype, shape]}, "meta": ...}``. Equal states give equal bytes, and nothing is executed on reading.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.memory.contract import HippocampusError

_MAGIC = b"EGM1"
_DTYPES = frozenset({"<f4", "<f8", "<i8", "<i4", "<u8", "|u1", "|b1"})


class StateError(HippocampusError):
    """Raised when the bytes of a dumped state cannot be read."""


def pack(meta: Any, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the bytes of ``meta``, plain JSON data, and of named arrays of numbers.

    Raises:
        StateError: an array has a dtype that the format does not know.

    """
    plain = {name: _plain(name, arrays[name]) for name in sorted(arrays)}
    header = {"arrays": {name: [a.dtype.str, list(a.shape)] for name, a in plain.items()}, "meta": meta}
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    return b"".join([_MAGIC, len(text).to_bytes(8, "little"), text, *(a.tobytes() for a in plain.values())])


def unpack(state: bytes) -> tuple[Any, dict[str, NDArray[Any]]]:
    """Return (meta, arrays) of packed bytes; the arrays can be written to.

    Raises:
        StateError: the bytes are no packed state, or not all of one.

    """
    if state[:4] != _MAGIC:
        raise StateError("this is not the state of a store (wrong first bytes); restore an older snapshot")
    start = 12 + int.from_bytes(state[4:12], "little")
    try:
        header = json.loads(state[12:start])
        kinds, meta = dict(header["arrays"]), header["meta"]
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"the header of a store's state is broken ({error}); restore an older snapshot") from error
    arrays: dict[str, NDArray[Any]] = {}
    for name in sorted(kinds):
        dtype, shape = kinds[name]
        if dtype not in _DTYPES:
            raise StateError(f"array {name!r} has the unknown dtype {dtype!r}; was it written by a newer version?")
        stop = start + int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        if stop > len(state):
            raise StateError(f"the state of a store ends within array {name!r}; restore an older snapshot")
        arrays[name] = np.frombuffer(state[start:stop], dtype).reshape(shape).copy()
        start = stop
    if start != len(state):
        raise StateError(f"{len(state) - start} bytes too many in the state of a store; restore an older snapshot")
    return meta, arrays


def _plain(name: str, array: NDArray[Any]) -> NDArray[Any]:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    if little.dtype.str not in _DTYPES:
        raise StateError(f"array {name!r} has dtype {array.dtype}, which a state cannot hold; convert it to a number")
    return little
