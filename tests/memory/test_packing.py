from __future__ import annotations

import numpy as np
import pytest

from engram.memory.packing import StateError, pack, unpack


def test_round_trip():
    arrays = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array([], np.int64)}
    meta, back = unpack(pack({"x": [1, None, "ü"]}, arrays))
    assert meta == {"x": [1, None, "ü"]}
    assert {k: (v.dtype, v.tolist()) for k, v in back.items()} == {k: (v.dtype, v.tolist()) for k, v in arrays.items()}


def test_big_endian_arrays_give_the_same_bytes():
    assert pack(0, {"a": np.array([1, 2], ">i8")}) == pack(0, {"a": np.array([1, 2], "<i8")})


@pytest.mark.parametrize("cut", [0, 3, 11, 20, -1])
def test_half_a_state_is_refused(cut):
    state = pack({"x": 1}, {"a": np.arange(3)})
    with pytest.raises(StateError):
        unpack(state[:cut])


def test_what_follows_a_state_is_refused():
    with pytest.raises(StateError, match="2 bytes too many"):
        unpack(pack({}, {}) + b"xx")


def test_unknown_dtypes_are_refused():
    with pytest.raises(StateError, match="complex128"):
        pack({}, {"a": np.array([1j])})
