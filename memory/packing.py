"""Canonical bytes of a store's state: a JSON header and plain arrays.

Layout: the magic ``EGM1``; the length of the header as 8 bytes, little-endian; the header as UTF-8 JSON with sorted
keys; then the bytes of each array, little-endian and in C order, in the order of their names. The header is
``{"arrays": {name: [dtype, shape]}, "layout": number, "meta": ...}``. Equal states give equal bytes, and nothing is
executed on reading.

Each store counts up its layout when it changes what it packs. A state of another layout is not read: the store is then
replayed from an older snapshot or from the log, which holds all that a snapshot does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.memory.contract import HippocampusError

_MAGIC = b"EGM1"
_LAYOUT = 1  # of stores whose layout has never changed; 0 are states from before layouts were counted
_DTYPES = frozenset({"<f4", "<f8", "<i8", "<i4", "<u8", "|u1", "|b1"})


class StateError(HippocampusError):
    """Raised when the bytes of a dumped state cannot be read."""


def pack(meta: Any, arrays: Mapping[str, NDArray[Any]], layout: int = _LAYOUT) -> bytes:
    """Return the bytes of ``meta``, plain JSON data, and of named arrays of numbers, in the store's ``layout``.

    Raises:
        StateError: an array has a dtype that the format does not know.

    """
    plain = {name: _plain(name, arrays[name]) for name in sorted(arrays)}
    kinds = {name: [a.dtype.str, list(a.shape)] for name, a in plain.items()}
    header = {"arrays": kinds, "layout": layout, "meta": meta}
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    return b"".join([_MAGIC, len(text).to_bytes(8, "little"), text, *(a.tobytes() for a in plain.values())])


def unpack(state: bytes, layout: int = _LAYOUT) -> tuple[Any, dict[str, NDArray[Any]]]:
    """Return (meta, arrays) of packed bytes; the arrays can be written to.

    Raises:
        StateError: the bytes are no packed state, or not all of one, or of another layout than the store's.

    """
    start, header = _header(state)
    if header["layout"] != layout:
        written = header["layout"]
        raise StateError(f"the state of a store has layout {written}, and {layout} is read; replay it from the log")
    arrays: dict[str, NDArray[Any]] = {}
    for name, (dtype, shape) in sorted(header["arrays"].items()):
        if dtype not in _DTYPES:
            raise StateError(f"array {name!r} has the unknown dtype {dtype!r}; was it written by a newer version?")
        stop = start + int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        if stop > len(state):
            raise StateError(f"the state of a store ends within array {name!r}; restore an older snapshot")
        arrays[name] = np.frombuffer(state[start:stop], dtype).reshape(shape).copy()
        start = stop
    if start != len(state):
        raise StateError(f"{len(state) - start} bytes too many in the state of a store; restore an older snapshot")
    return header["meta"], arrays


def meta_of(state: bytes) -> Any:
    """Return the meta of packed bytes of whatever layout; raises StateError when they are no packed state."""
    return _header(state)[1]["meta"]


def _header(state: bytes) -> tuple[int, dict[str, Any]]:
    """Return where the arrays begin, and the header."""
    if state[:4] != _MAGIC:
        raise StateError("this is not the state of a store (wrong first bytes); restore an older snapshot")
    start = 12 + int.from_bytes(state[4:12], "little")
    try:
        header = json.loads(state[12:start])
        found = {"arrays": dict(header["arrays"]), "layout": header.get("layout", 0), "meta": header["meta"]}
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"the header of a store's state is broken ({error}); restore an older snapshot") from error
    return start, found


def _plain(name: str, array: NDArray[Any]) -> NDArray[Any]:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    if little.dtype.str not in _DTYPES:
        raise StateError(f"array {name!r} has dtype {array.dtype}, which a state cannot hold; convert it to a number")
    return little
