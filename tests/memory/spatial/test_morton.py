import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.memory.spatial.errors import OutOfBoundsError
from engram.memory.spatial.morton import OFFSET, decode, encode, interleave

coordinate = st.integers(-OFFSET, OFFSET - 1)
cell = st.tuples(coordinate, coordinate, coordinate)
EXTREMES = [(a, b, c) for a in (-OFFSET, -1, 0, OFFSET - 1) for b in (-OFFSET, 0, OFFSET - 1) for c in (-OFFSET, 1)]


def by_hand(x: int, y: int, z: int) -> int:
    return sum(
        (value + OFFSET >> bit & 1) << (3 * bit + axis) for axis, value in enumerate((x, y, z)) for bit in range(21)
    )


@settings(deadline=None)
@given(st.lists(cell, min_size=1, max_size=20))
def test_keys_are_the_interleaved_bits_and_back(cells: list[tuple[int, int, int]]) -> None:
    keys = encode(cells)
    assert keys.tolist() == [by_hand(*c) for c in cells]
    assert decode(keys).tolist() == [list(c) for c in cells]


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1))
def test_every_key_has_its_cell(key: int) -> None:
    assert int(encode(decode(np.array([key])))[0]) == key


@settings(deadline=None)
@given(cell)
def test_compiled_keys_are_the_same(c: tuple[int, int, int]) -> None:
    assert interleave(*(v + OFFSET for v in c)) == int(encode(c))


@pytest.mark.parametrize("c", EXTREMES)
def test_extremes(c: tuple[int, int, int]) -> None:
    assert int(encode(c)) == by_hand(*c)
    assert decode(encode(c)).tolist() == list(c)


def test_known_keys() -> None:
    assert int(encode((-OFFSET, -OFFSET, -OFFSET))) == 0
    assert int(encode((OFFSET - 1, OFFSET - 1, OFFSET - 1))) == 2**63 - 1
    base = int(encode((0, 0, 0)))
    assert [int(encode(c)) - base for c in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0))] == [1, 2, 4, 8]


@settings(deadline=None)
@given(cell, st.integers(1, 20))
def test_parents_by_shifting(c: tuple[int, int, int], level: int) -> None:
    parent = decode((encode(c) >> 3 * level) << 3 * level)
    assert parent.tolist() == [(v >> level) << level for v in c]


@settings(deadline=None)
@given(cell, st.integers(0, 2), st.one_of(st.integers(OFFSET, 2**40), st.integers(-(2**40), -OFFSET - 1)))
def test_out_of_bounds_raises(c: tuple[int, int, int], axis: int, outside: int) -> None:
    wrong = [*c[:axis], outside, *c[axis + 1 :]]
    with pytest.raises(OutOfBoundsError, match="outside"):
        encode([c, wrong])
    assert interleave(*(v + OFFSET for v in wrong)) == -1


def test_what_is_no_cell_or_key_raises() -> None:
    with pytest.raises(OutOfBoundsError, match="integers"):
        encode(np.zeros((2, 3)))
    with pytest.raises(OutOfBoundsError, match="integers"):
        encode(np.zeros((2, 2), np.int64))
    for key in (np.array([-1]), np.array([2**63], np.uint64), np.array([0.5])):
        with pytest.raises(OutOfBoundsError, match="keys"):
            decode(key)


def test_shapes_and_small_dtypes() -> None:
    assert encode(np.zeros((4, 5, 3), np.int16)).shape == (4, 5)
    assert encode(np.empty((0, 3), np.int64)).shape == (0,)
    assert decode(np.empty((0,), np.int64)).shape == (0, 3)
