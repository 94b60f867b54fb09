"""The octree against a naive dict of cells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.memory.spatial.errors import OutOfBoundsError, ScanTooWideError
from engram.memory.spatial.octree import FREE, KNOWN, OCCUPIED, UNKNOWN, Octree, SensorModel
from engram.memory.spatial.scan import FINER, quantise

RES = 0.1
HIT, MISS, LOWEST, HIGHEST = 0.8472979, -0.4054651, -2.0000279, 3.5110307
Cell = tuple[int, int, int]

metre = st.floats(-1.5, 1.5, width=32)
point = st.tuples(metre, metre, metre)
frame = st.tuples(st.lists(point, min_size=1, max_size=12), point)
close = st.tuples(*[st.floats(-0.75, 0.75, width=32)] * 3)
frames = st.lists(frame, min_size=1, max_size=4)
small = st.integers(-20, 20)
cells = st.dictionaries(st.tuples(small, small, small), st.booleans(), min_size=1, max_size=50)


def end_cells(points: list[tuple[float, ...]]) -> set[Cell]:
    return {(x, y, z) for x, y, z in np.floor(np.array(points) * (1.0 / RES)).astype(int).tolist()}


def chords(cells: np.ndarray, start: np.ndarray, end: np.ndarray, grow: float) -> np.ndarray:
    """Return the length of a segment within each cell, (N,), grown by a margin on all sides; negative where outside."""
    way = np.where(end == start, 1e-12, end - start)
    a, b = (cells * RES - grow - start) / way, ((cells + 1) * RES + grow - start) / way
    enter, leave = np.minimum(a, b).max(axis=1), np.maximum(a, b).min(axis=1)
    return (np.minimum(leave, 1.0) - np.maximum(enter, 0.0)) * np.linalg.norm(way)


def as_dict(octree: Octree) -> dict[Cell, float]:
    known = octree.voxels(0, KNOWN)
    return {(c[0], c[1], c[2]): v for c, v in zip(known.cells.tolist(), known.log_odds.tolist(), strict=True)}


def of_cells(values: dict[Cell, bool]) -> Octree:
    octree = Octree(RES)
    for occupied in (True, False):
        chosen = [c for c, v in values.items() if v is occupied]
        if chosen:
            octree.update(chosen, occupied)
    return octree


@settings(deadline=None, max_examples=60)
@given(st.tuples(st.lists(close, min_size=1, max_size=8), close))
def test_rays_carve_the_cells_they_pass(seen: tuple[list[tuple[float, ...]], tuple[float, ...]]) -> None:
    """Every cell with some of a ray in it is carved, and none that no ray comes near; corners may go either way."""
    points, camera = seen
    octree = Octree(RES)
    octree.insert(points, camera)
    found = as_dict(octree)
    hits = {c for c, v in found.items() if v > 0}
    assert hits == end_cells(points)
    everything = np.stack(np.meshgrid(*[np.arange(-10, 11)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    ends = [(np.array(c) + 0.5) * RES for c in hits]
    through = np.max([chords(everything, np.array(camera), end, -1e-4) for end in ends], axis=0) > 1e-4
    near = np.max([chords(everything, np.array(camera), end, 1e-4) for end in ends], axis=0) >= 0
    known = np.array([tuple(c) in found for c in everything.tolist()])
    assert known[through].all()
    assert near[known].all()
    assert known.sum() == len(found)


@settings(deadline=None, max_examples=60)
@given(frames)
def test_evidence_adds_up_and_is_clamped(seen: list[tuple[list[tuple[float, ...]], tuple[float, ...]]]) -> None:
    octree, naive = Octree(RES), dict[Cell, float]()
    for points, camera in seen * 5:
        octree.insert(points, camera)
        once = Octree(RES)
        once.insert(points, camera)
        for cell, value in as_dict(once).items():
            naive[cell] = min(max(naive.get(cell, 0.0) + (HIT if value > 0 else MISS), LOWEST), HIGHEST)
    assert as_dict(octree) == pytest.approx(naive, abs=1e-5)


def test_one_ray_by_hand() -> None:
    octree = Octree(RES)
    assert len(octree.insert([[0.55, 0.05, 0.05]], [0.05, 0.05, 0.05])) == 0
    expected = {(x, 0, 0): MISS for x in range(5)} | {(5, 0, 0): HIT}
    assert as_dict(octree) == pytest.approx(expected, abs=1e-6)
    assert octree.state([[0.55, 0.05, 0.05], [0.45, 0.05, 0.05], [0.65, 0.05, 0.05]]).tolist() == [1, 0, -1]


def test_what_goes_beyond_the_range_only_carves() -> None:
    octree = Octree(RES)
    octree.insert([[-5.0, 0.05, 0.05]], [0.05, 0.05, 0.05], max_range_m=1.0)
    assert as_dict(octree) == pytest.approx({(-x, 0, 0): MISS for x in range(10)}, abs=1e-6)
    assert len(octree.voxels()) == 0


def test_what_is_seen_empty_is_removed_with_its_payload() -> None:
    octree, camera = Octree(RES), [0.05, 0.05, 0.05]
    thing = [[0.55, 0.05, 0.05]]
    for _ in range(10):
        octree.insert(thing, camera)
    key = octree.voxels().keys
    octree.payload.add_label(key, "Mug", 0.9)
    octree.payload.set_token(key, 7)
    gone = [octree.insert([[1.05, 0.05, 0.05]], camera).tolist() for _ in range(9)]
    assert gone == [[]] * 8 + [[[5, 0, 0]]]  # 3.511 / 0.405 = 8.7 frames
    assert octree.payload.belief(int(key[0])) == {}
    assert octree.payload.token(key).tolist() == [-1]
    assert octree.state(thing).tolist() == [FREE]


def test_points_without_depth_are_left_out() -> None:
    scan = quantise([[np.nan, 0, 0], [0.2, 0.2, 0.2], [np.inf, 0, 0]], [0, 0, 0], RES, 5.0)
    assert scan.hits.tolist() == [[2, 2, 2]]
    assert len(Octree(RES).insert(np.full((4, 3), np.nan), [0, 0, 0])) == 0


def test_end_cells_are_distinct_and_sorted() -> None:
    points = np.random.default_rng(5).uniform(-2, 2, (4000, 3)).astype(np.float32)
    scan = quantise(points, [0.0, 0.0, 0.0], 0.5, 1.6)
    cells = np.unique(np.floor(points / 0.5).astype(int), axis=0)
    near = np.linalg.norm((cells + 0.5) * 0.5, axis=1) <= 1.6
    assert {tuple(c) for c in scan.hits.tolist()} == {tuple(c) for c in cells[near].tolist()}
    order = np.lexsort((scan.hits[:, 0], scan.hits[:, 1], scan.hits[:, 2]))
    assert order.tolist() == list(range(len(scan.hits)))
    reach = np.linalg.norm((scan.beyond + 0.5) * 0.5 / 2**FINER, axis=1)
    assert len(scan.beyond) > 20
    assert (np.abs(reach - 1.6) < 0.5).all()


@settings(deadline=None, max_examples=60)
@given(cells, point, st.floats(0.05, 2.5), st.integers(0, 4))
def test_radius(values: dict[Cell, bool], centre: tuple[float, ...], radius: float, level: int) -> None:
    octree = of_cells(values)
    for wanted in (OCCUPIED, FREE, KNOWN):
        everything = octree.voxels(level, wanted)
        distance = np.linalg.norm(everything.centres_m - np.array(centre), axis=1)
        clear = np.abs(distance - radius) > 1e-9
        found = octree.radius(centre, radius, level, wanted)
        assert set(found.keys) ^ set(everything.keys[distance <= radius]) <= set(everything.keys[~clear])


@settings(deadline=None, max_examples=60)
@given(cells, point, point, st.integers(0, 4))
def test_box(values: dict[Cell, bool], a: tuple[float, ...], b: tuple[float, ...], level: int) -> None:
    octree = of_cells(values)
    low, high = np.minimum(a, b), np.maximum(a, b)
    first, last = octree.cell_of([low, high], level)
    for wanted in (OCCUPIED, FREE, KNOWN):
        everything = octree.voxels(level, wanted)
        inside = ((everything.cells >= first) & (everything.cells <= last)).all(axis=1)
        found = octree.box(low, high, level, wanted)
        assert found.keys.tolist() == everything.keys[inside].tolist()
        assert found.log_odds.tolist() == everything.log_odds[inside].tolist()


@settings(deadline=None, max_examples=60)
@given(cells, st.lists(point, min_size=1, max_size=10), st.integers(0, 5))
def test_point_queries_at_every_level(values: dict[Cell, bool], asked: list[tuple[float, ...]], level: int) -> None:
    octree = of_cells(values)
    expected = []
    for p in octree.cell_of(asked, level).tolist():
        children = [v for c, v in values.items() if [x >> level for x in c] == p]
        expected.append(UNKNOWN if not children else OCCUPIED if any(children) else FREE)
    assert octree.state(asked, level).tolist() == expected


@settings(deadline=None, max_examples=60)
@given(cells, point, point, st.booleans(), st.integers(0, 2))
def test_cast(
    values: dict[Cell, bool], start: tuple[float, ...], way: tuple[float, ...], blind: bool, level: int
) -> None:
    """The answer is one of a fine walk along the ray; grazed cells may count or not."""
    octree = of_cells(values)
    direction = np.array(way, np.float32)
    if np.linalg.norm(direction) < 0.1:
        direction = np.array([1.0, 0.2, 0.1], np.float32)
    found = octree.cast([start], [direction], 2.0, level, ignore_unknown=blind)
    unit = direction / np.linalg.norm(direction)
    steps = np.array(start) + np.arange(0, 2.0, 0.002)[:, None] * unit
    states = octree.state(steps, level)
    stops = np.flatnonzero((states == OCCUPIED) | ((states == UNKNOWN) & (not blind)))
    end = found.distance_m[0]
    if found.state[0] == FREE:
        assert not len(stops) or 0.002 * stops[0] > 2.0 - RES * 2**level * 2 or grazed(states, stops)
    else:
        inside = np.array(start) + (end + 1e-6) * unit
        assert np.abs((found.cells[0] + 0.5) * RES * 2**level - inside).max() <= RES * 2**level / 2 + 1e-4
        assert octree.state([(found.cells[0] + 0.5) * RES * 2**level], level).tolist() == found.state.tolist()
        earlier = stops[0.002 * stops < end - 0.004]
        assert not len(earlier) or grazed(states, earlier)


def grazed(states: np.ndarray, stops: np.ndarray) -> bool:
    """Say whether the walk was in the stopping cells for a step or two only."""
    return len(stops) < 3 and len(states) > 3


def test_cast_by_hand() -> None:
    octree = of_cells({(x, 0, 0): False for x in range(6)} | {(6, 0, 0): True, (0, 3, 0): True})
    start = [[0.05, 0.05, 0.05]] * 3
    found = octree.cast(start, [[1, 0, 0], [0, 1, 0], [0, -1, 0]], 1.0)
    assert found.state.tolist() == [OCCUPIED, UNKNOWN, UNKNOWN]
    assert found.cells.tolist() == [[6, 0, 0], [0, 1, 0], [0, -1, 0]]
    np.testing.assert_allclose(found.distance_m, [0.55, 0.05, 0.05], atol=1e-6)
    through = octree.cast(start, [[1, 0, 0], [0, 1, 0], [0, -1, 0]], 1.0, ignore_unknown=True)
    assert through.state.tolist() == [OCCUPIED, OCCUPIED, FREE]
    np.testing.assert_allclose(through.distance_m, [0.55, 0.25, 1.0], atol=1e-6)


def test_coarse_levels_follow_the_map() -> None:
    octree = of_cells({(0, 0, 0): False})
    assert octree.state([[0.1, 0.1, 0.1]], 4).tolist() == [FREE]
    octree.update([[7, 7, 7]], True)
    assert octree.state([[0.1, 0.1, 0.1]], 4).tolist() == [OCCUPIED]
    assert octree.voxels(4).edge_m == pytest.approx(1.6)
    assert octree.voxels(4).cells.tolist() == [[0, 0, 0]]


def test_negative_cells_at_coarse_levels() -> None:
    octree = of_cells({(-1, -17, 3): True})
    assert octree.voxels(2).cells.tolist() == [[-1, -5, 0]]
    assert octree.voxels(5).cells.tolist() == [[-1, -1, 0]]
    np.testing.assert_allclose(octree.voxels(2).centres_m, [[-0.2, -1.8, 0.2]])


def test_errors_name_the_remedy() -> None:
    octree = Octree(RES)
    with pytest.raises(OutOfBoundsError, match="coarsen"):
        octree.insert([[2e5, 0, 0]], [0, 0, 0])
    with pytest.raises(OutOfBoundsError, match="camera"):
        octree.insert([[0, 0, 0]], [0, np.nan, 0])
    with pytest.raises(ScanTooWideError, match="max_range_m"):
        octree.insert([[9e3, 9e3, 9e2]], [0, 0, 0])
    with pytest.raises(OutOfBoundsError, match="outside"):
        octree.state([[np.nan, 0, 0]])
    with pytest.raises(OutOfBoundsError, match="level 19"):
        octree.voxels(19)
    with pytest.raises(OutOfBoundsError, match="ray 1 starts"):
        octree.cast([[0, 0, 0], [0, 0, 0]], [[1, 0, 0], [0, 0, 0]], 1.0)
    with pytest.raises(OutOfBoundsError, match="ray 0 starts outside"):
        octree.cast([[0, 2e5, 0]], [[1, 0, 0]], 1.0)
    with pytest.raises(ValueError, match="finite"):
        octree.cast([[0, 0, 0]], [[1, 0, 0]], np.inf)
    with pytest.raises(ValueError, match="each"):
        octree.cast([[0, 0, 0]] * 2, [[1, 0, 0]], 1.0)
    assert octree.blocks.count == 0


def test_sensor_model_is_octomaps() -> None:
    assert SensorModel().log_odds() == pytest.approx((HIT, MISS, LOWEST, HIGHEST, 0.0), abs=1e-6)
