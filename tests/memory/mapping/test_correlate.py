from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.memory.mapping.correlate import pyramid, search


def brute(grid, scans, low, high, taken=(), apart=(1, 1)):
    """Best score over all shifts and headings; cells outside of the grid count nothing."""
    best = -np.inf
    for h, scan in enumerate(scans):
        for x in range(low[0], high[0] + 1):
            for y in range(low[1], high[1] + 1):
                turns = [min(abs(h - k), len(scans) - abs(h - k)) for _, _, k in taken]
                away = [max(abs(x - a), abs(y - b)) for a, b, _ in taken]
                if any(d < apart[0] and t < apart[1] for d, t in zip(away, turns, strict=True)):
                    continue
                at = scan[:, :2] + [x, y]
                good = ((at >= 0) & (at < grid.shape[1:])).all(axis=1)
                best = max(best, grid[scan[good, 2], at[good, 0], at[good, 1]].sum() / len(scan))
    return best


def test_pyramid_holds_maxima_of_squares_that_begin_at_a_cell():
    grid = np.random.default_rng(0).normal(size=(2, 7, 9)).astype(np.float32)
    made = pyramid(grid, 4)
    padded = np.pad(grid, [(0, 0), (8, 16), (8, 16)])
    for level in range(4):
        size = 1 << level
        for x, y in ((0, 0), (5, 3), (8, 8), (14, 16), (11, 10)):
            expected = padded[:, x : x + size, y : y + size].max(axis=(1, 2))
            assert made[level, :, x, y] == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_branch_and_bound_finds_what_trying_all_finds(seed):
    rng = np.random.default_rng(seed)
    grid = rng.uniform(-0.5, 1.0, (2, int(rng.integers(3, 14)), int(rng.integers(3, 14)))).astype(np.float32)
    count = int(rng.integers(1, 8))
    cells = [rng.integers(-4, 5, (3, count, 2)), rng.integers(0, 2, (3, count, 1))]
    scans = np.concatenate(cells, axis=2).astype(np.int32)
    low, high = np.array([-5, -6]), np.array([9, 12])
    none = np.empty((0, 3), np.int64)
    first = search(pyramid(grid, 4), scans, low, high, none, (3, 2))
    assert first.score == pytest.approx(brute(grid, scans, low, high), abs=1e-5)
    taken = np.array([[first.x, first.y, first.heading]])
    second = search(pyramid(grid, 4), scans, low, high, taken, (3, 2))
    assert second.score == pytest.approx(brute(grid, scans, low, high, taken.tolist(), (3, 2)), abs=1e-5)
