from __future__ import annotations

import numpy as np
import pytest

from engram.memory.packing import StateError, meta_of, pack, unpack


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


def test_a_state_of_another_layout_is_refused_but_its_meta_can_be_read():
    newer = pack({"x": 1}, {}, layout=7)
    assert unpack(newer, layout=7)[0] == meta_of(newer) == {"x": 1}
    with pytest.raises(StateError, match="layout 7, and 1 is read"):
        unpack(newer)
    text = b'{"arrays":{},"meta":5}'  # from before layouts were counted
    older = b"EGM1" + len(text).to_bytes(8, "little") + text
    assert (unpack(older, layout=0)[0], meta_of(older)) == (5, 5)
    with pytest.raises(StateError, match="layout 0, and 1 is read"):
        unpack(older)


def test_unknown_dtypes_are_refused():
    with pytest.raises(StateError, match="complex128"):
        pack({}, {"a": np.array([1j])})
