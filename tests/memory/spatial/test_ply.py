from pathlib import Path

import numpy as np
import pytest

from engram.memory.spatial.errors import MapFileError
from engram.memory.spatial.octree import Octree
from engram.memory.spatial.ply import colour_of, read_ply, write_ply

ASCII = """ply
format ascii 1.0
comment made by hand
comment

element vertex 2
property double x
property float y
property float z
element face 1
property list uchar int vertex_indices
end_header
0.05 0.05 -0.05
0.31 0.1 0.2
3 0 1 1
"""


def labelled() -> Octree:
    octree = Octree(0.1)
    octree.insert(np.random.default_rng(1).uniform(-1, 1, (300, 3)), [0.0, 0.0, 0.0])
    keys = octree.voxels().keys
    octree.payload.add_label(keys[:40], "Coffee Table", 0.9)
    octree.payload.add_label(keys[40:50], "Mug", 0.5)
    return octree


def test_there_and_back(tmp_path: Path) -> None:
    octree = labelled()
    write_ply(octree, tmp_path / "map.ply")
    again = read_ply(tmp_path / "map.ply")
    occupied = octree.voxels()
    assert again.resolution_m == 0.1
    assert again.voxels().keys.tolist() == occupied.keys.tolist()
    assert again.voxels().log_odds.tolist() == occupied.log_odds.tolist()
    assert again.payload.names == ["Coffee Table", "Mug"]
    assert again.payload.best(occupied.keys)[0].tolist() == octree.payload.best(occupied.keys)[0].tolist()


def test_vertices_are_coloured_by_label(tmp_path: Path) -> None:
    octree = labelled()
    write_ply(octree, tmp_path / "map.ply")
    header, _, body = (tmp_path / "map.ply").read_bytes().partition(b"end_header\n")
    count = len(octree.voxels())
    assert f"element vertex {count}\n".encode() in header
    vertices = np.frombuffer(body, np.uint8).reshape(count, -1)
    assert vertices.shape[1] == 3 * 4 + 3 + 4 + 4 + 4
    assert vertices[0, 12:15].tolist() == list(colour_of("Coffee Table"))
    assert vertices[45, 12:15].tolist() == list(colour_of("Mug"))
    assert vertices[-1, 12:15].tolist() == [128, 128, 128]
    np.testing.assert_allclose(vertices[:, :12].copy().view("<f4"), octree.voxels().centres_m, atol=1e-6)


def test_files_of_others(tmp_path: Path) -> None:
    path = tmp_path / "map.ply"
    path.write_text(ASCII)
    octree = read_ply(path, 0.1)
    assert sorted(octree.voxels().cells.tolist()) == [[0, 0, -1], [3, 1, 2]]
    assert set(octree.voxels().log_odds.tolist()) == {octree.sensor.log_odds()[3]}
    big = np.array([(0.05, 0.05, -0.05), (0.31, 0.1, 0.2)], [("x", ">f8"), ("y", ">f4"), ("z", ">f4")])
    head = ASCII.partition("end_header\n")[0].replace("ascii", "binary_big_endian")
    path.write_bytes(f"{head}end_header\n".encode() + big.tobytes() + b"\x03face")
    assert read_ply(path, 0.1).voxels().keys.tolist() == octree.voxels().keys.tolist()


def test_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "map.ply"
    write_ply(labelled(), path)
    whole = path.read_bytes()
    wrong = {
        "not a PLY": b"OFF\n" + whole,
        "ends within": whole[:-1],
        "size of its voxels": whole.replace(b"comment resolution_m", b"comment something"),
        "known format": whole.replace(b"binary_little_endian", b"binary_middle"),
        "damaged, .*few": whole.replace(b"resolution_m 0.1", b"resolution_m few"),
        "damaged, invalid": whole.replace(b"element vertex ", b"element vertex x"),
        "no x, y": whole.replace(b"property float x", b"property float w"),
        "unknown types": whole.replace(b"property float x", b"property quad x"),
    }
    for message, content in wrong.items():
        path.write_bytes(content)
        with pytest.raises(MapFileError, match=message):
            read_ply(path)


def test_an_empty_map(tmp_path: Path) -> None:
    write_ply(Octree(0.2), tmp_path / "map.ply")
    assert len(read_ply(tmp_path / "map.ply").voxels()) == 0


def test_colours_differ_and_last() -> None:
    assert colour_of("Mug") == colour_of("Mug")
    assert len({colour_of(name) for name in ("Mug", "Plate", "Sofa", "")}) == 4
