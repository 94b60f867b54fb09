import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.memory.spatial.blocks import Blocks
from engram.memory.spatial.morton import decode, encode

near = st.integers(-40, 40)
cells = st.dictionaries(st.tuples(near, near, near), st.floats(-2, 2, width=32), min_size=1, max_size=60)


def filled(values: dict[tuple[int, int, int], float]) -> Blocks:
    blocks = Blocks(2)
    for cell, value in values.items():
        blocks.put(encode([cell]), np.array([value], np.float32))
    return blocks


@settings(deadline=None)
@given(cells, st.lists(st.tuples(near, near, near), min_size=1, max_size=30))
def test_cells_are_what_was_put(values: dict[tuple[int, int, int], float], others: list[tuple[int, int, int]]) -> None:
    blocks = filled(values)
    asked = [*values, *others]
    expected = [values.get(c, np.nan) for c in asked]
    np.testing.assert_array_equal(blocks.look_up(encode(asked)), np.array(expected, np.float32))


@settings(deadline=None)
@given(cells)
def test_known_cells_in_the_order_of_keys(values: dict[tuple[int, int, int], float]) -> None:
    keys, found = filled(values).known()
    assert (np.diff(keys) > 0).all()
    assert dict(zip(map(tuple, decode(keys).tolist()), found.tolist(), strict=True)) == values


@settings(deadline=None)
@given(cells, st.integers(1, 5))
def test_parents_hold_the_largest_child(values: dict[tuple[int, int, int], float], level: int) -> None:
    blocks = filled(values)
    for _ in range(level):
        blocks = blocks.halved()
    expected: dict[int, float] = {}
    for cell, value in values.items():
        parent = int(encode(cell)) >> 3 * level
        expected[parent] = max(expected.get(parent, -np.inf), value)
    keys, found = blocks.known()
    assert dict(zip(keys.tolist(), found.tolist(), strict=True)) == expected


def test_many_blocks_grow_the_table() -> None:
    blocks = Blocks(1)
    homes = np.random.default_rng(3).permutation(np.arange(0, 2**50, 2**50 // 5000, dtype=np.int64))
    slots = np.concatenate([blocks.add(part) for part in np.array_split(homes, 37)])
    assert slots.tolist() == list(range(len(homes)))
    assert blocks.find(homes).tolist() == slots.tolist()
    assert blocks.add(homes[:3]).tolist() == [0, 1, 2]
    assert blocks.find(homes + 1).tolist() == [-1] * len(homes)
    assert np.isnan(blocks.look_up(homes << 9)).all()
    assert blocks.count == len(homes)
