"""OctoMap files: by hand, there and back, and against OctoMap itself where pyoctomap is installed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.memory.spatial.errors import MapFileError
from engram.memory.spatial.morton import encode
from engram.memory.spatial.octomap_io import read_octomap, write_octomap
from engram.memory.spatial.octree import FREE, KNOWN, OCCUPIED, Octree

RES = 0.1
Cell = tuple[int, int, int]
small = st.integers(-9, 9)
cells = st.dictionaries(st.tuples(small, small, small), st.sampled_from([-2.0, -0.405, 0.847, 3.5]), min_size=1)


def of_cells(values: dict[Cell, float]) -> Octree:
    octree = Octree(RES)
    octree.put(encode(list(values)), np.array(list(values.values()), np.float32))
    return octree


def scanned() -> Octree:
    octree, rng = Octree(RES), np.random.default_rng(11)
    for _ in range(6):
        octree.insert(rng.uniform(-2, 2, (500, 3)) * [1, 1, 0.2] + [0, 0, -1], rng.uniform(-0.5, 0.5, 3))
    return octree


def solid() -> Octree:
    """A cube of two blocks of edge, equal throughout, so that pruning reaches above the blocks."""
    return of_cells({(x, y, z): 3.5 for x in range(16) for y in range(16) for z in range(-16, 0)})


@settings(deadline=None, max_examples=40)
@given(cells)
def test_ot_gives_the_same_cells(tmp_path_factory: pytest.TempPathFactory, values: dict[Cell, float]) -> None:
    path = tmp_path_factory.getbasetemp() / "a.ot"
    octree = of_cells(values)
    write_octomap(octree, path)
    again, known = read_octomap(path).voxels(0, KNOWN), octree.voxels(0, KNOWN)
    assert again.keys.tolist() == known.keys.tolist()
    assert again.log_odds.tolist() == known.log_odds.tolist()


@settings(deadline=None, max_examples=40)
@given(cells)
def test_bt_gives_the_same_occupied_and_free_cells(
    tmp_path_factory: pytest.TempPathFactory, values: dict[Cell, float]
) -> None:
    path = tmp_path_factory.getbasetemp() / "a.bt"
    octree = of_cells(values)
    write_octomap(octree, path)
    again = read_octomap(path)
    assert again.resolution_m == RES
    assert again.voxels(0, KNOWN).keys.tolist() == octree.voxels(0, KNOWN).keys.tolist()
    assert again.voxels(0, OCCUPIED).keys.tolist() == octree.voxels(0, OCCUPIED).keys.tolist()
    assert set(again.voxels(0, KNOWN).log_odds.tolist()) <= set(octree.sensor.log_odds()[2:4])


def test_one_voxel_by_hand(tmp_path: Path) -> None:
    """Cell (0, 0, 0) is child 7 of the root and child 0 of all nodes below."""
    write_octomap(of_cells({(0, 0, 0): 1.5}), tmp_path / "a.bt")
    header, _, data = (tmp_path / "a.bt").read_bytes().partition(b"data\n")
    assert header.decode().splitlines()[0] == "# Octomap OcTree binary file"
    assert header.decode().splitlines()[3:] == ["id OcTree", "size 17", "res 0.1"]
    assert data == b"\x00\xc0" + b"\x03\x00" * 14 + b"\x02\x00"
    write_octomap(of_cells({(0, 0, 0): 1.5}), tmp_path / "a.ot")
    data = (tmp_path / "a.ot").read_bytes().partition(b"data\n")[2]
    assert data == b"\x00\x00\xc0\x3f\x80" + b"\x00\x00\xc0\x3f\x01" * 15 + b"\x00\x00\xc0\x3f\x00"


def test_equal_leaves_are_pruned(tmp_path: Path) -> None:
    write_octomap(solid(), tmp_path / "a.bt")
    content = (tmp_path / "a.bt").read_bytes()
    assert b"size 13\n" in content  # the root, 11 inner nodes and one leaf at level 4
    assert len(content.partition(b"data\n")[2]) == 2 * 12
    assert read_octomap(tmp_path / "a.bt").voxels().keys.tolist() == solid().voxels().keys.tolist()


@pytest.mark.parametrize("ending", [".bt", ".ot"])
def test_damage_is_named(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    write_octomap(scanned(), path)
    content = path.read_bytes()
    start = content.index(b"data\n") + 5
    wrong = {
        "early": content[:-7],
        "size": content + b"\x00" * 10,
        "start": b"ply\n" + content,
        "OcTree": content.replace(b"id OcTree", b"id ColorOcTree"),
        "proper size": content.replace(b"\nsize ", b"\nsice "),
        "resolution": content.replace(b"\nres 0.1", b"\nres -1."),
        "ends too|below|match": content[:start] + b"\xff" * (len(content) - start),
    }
    for message, damaged in wrong.items():
        path.write_bytes(damaged)
        with pytest.raises(MapFileError, match=message):
            read_octomap(path)


def test_what_files_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(MapFileError, match="empty"):
        write_octomap(Octree(RES), tmp_path / "a.bt")
    with pytest.raises(MapFileError, match="coarsen"):
        write_octomap(of_cells({(40_000, 0, 0): 1.0}), tmp_path / "a.bt")
    with pytest.raises(MapFileError, match="rename"):
        write_octomap(solid(), tmp_path / "a.map")
    path = tmp_path / "huge.bt"
    header = "# Octomap OcTree binary file\nid OcTree\nsize 2\nres 0.1\ndata\n"
    path.write_bytes(header.encode() + b"\x01\x00")  # one free leaf of 2^15 cells edge
    with pytest.raises(MapFileError, match=r"3.52e\+13 voxels"):
        read_octomap(path)


def peer() -> Any:
    return pytest.importorskip("pyoctomap", reason="compares with OctoMap: pip install pyoctomap")


@pytest.mark.parametrize("build", [scanned, solid])
@pytest.mark.parametrize("ending", [".bt", ".ot"])
def test_octomap_reads_what_is_written(tmp_path: Path, build: Callable[[], Octree], ending: str) -> None:
    pyoctomap, octree = peer(), build()
    path = tmp_path / f"a{ending}"
    write_octomap(octree, path)
    tree = pyoctomap.OcTree(RES)
    if ending == ".bt":
        assert tree.readBinary(str(path))
    else:
        tree = tree.read(str(path))
    assert f"size {tree.size()}\n".encode() in path.read_bytes()
    known = octree.voxels(0, KNOWN)
    for centre, value in zip(known.centres_m.tolist(), known.log_odds.tolist(), strict=True):
        node = tree.search(centre)
        assert tree.isNodeOccupied(node) == (value >= 0)
        if ending == ".ot":
            assert node.getLogOdds() == value


@pytest.mark.parametrize("ending", [".bt", ".ot"])
def test_what_octomap_writes_is_read(tmp_path: Path, ending: str) -> None:
    pyoctomap = peer()
    rng = np.random.default_rng(4)
    points, camera = rng.uniform(-3, 3, (2000, 3)), np.array([0.25, -0.125, 0.5])
    tree, octree = pyoctomap.OcTree(RES), Octree(RES)
    tree.insertPointCloud(points, camera, discretize=True)
    octree.insert(points, camera)
    path = tmp_path / f"b{ending}"
    assert tree.writeBinary(str(path)) if ending == ".bt" else tree.write(str(path))
    again = read_octomap(path)
    assert again.voxels(0, KNOWN).keys.tolist() == octree.voxels(0, KNOWN).keys.tolist()
    assert again.voxels().keys.tolist() == octree.voxels().keys.tolist()
    if ending == ".ot":
        assert again.voxels(0, KNOWN).log_odds.tolist() == octree.voxels(0, KNOWN).log_odds.tolist()


def test_a_maximum_range_carves_as_octomap_does(tmp_path: Path) -> None:
    """Rays beyond the range are merged where they end close together, so a few cells may differ."""
    pyoctomap = peer()
    rng = np.random.default_rng(8)
    yaw, height = rng.uniform(0, np.pi, 40_000), rng.uniform(-1, 1, 40_000)
    wall_m = 2.0 + np.sin(3 * yaw)
    points = np.stack([wall_m * np.cos(yaw), wall_m * np.sin(yaw), height], axis=1).astype(np.float32)
    camera = np.array([0.125, -0.25, 0.0625])
    tree, octree = pyoctomap.OcTree(0.05), Octree(0.05)
    tree.insertPointCloud(points.astype(float), camera, max_range=2.2, discretize=True)
    octree.insert(points, camera, max_range_m=2.2)
    tree.write(str(tmp_path / "b.ot"))
    again = read_octomap(tmp_path / "b.ot")
    assert again.voxels().keys.tolist() == octree.voxels().keys.tolist()
    ours, theirs = octree.voxels(0, FREE).keys, again.voxels(0, FREE).keys
    assert len(ours) > 20_000
    assert len(np.intersect1d(ours, theirs)) >= 0.98 * len(np.union1d(ours, theirs))
