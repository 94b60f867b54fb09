"""A coloured triangle mesh and its file format, binary little-endian PLY."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engram.memory.mapping.errors import MeshFileError

_VERTEX = np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3)])
_FACE = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
_HEADER = """ply
format binary_little_endian 1.0
comment metres, z up
element vertex {vertices}
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
element face {triangles}
property list uchar int vertex_indices
end_header
"""


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles wind counter-clockwise seen from free space."""

    vertices: NDArray[np.float32]  # (N, 3) metres, map frame
    triangles: NDArray[np.int32]  # (M, 3)
    colours: NDArray[np.uint8]  # (N, 3) red, green, blue

    def normals(self) -> NDArray[np.float64]:
        """Return unit normals of the vertices, (N, 3), into free space; zeros where a vertex has no triangle."""
        corners = self.vertices[self.triangles].astype(np.float64)
        faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])  # as long as they are large
        spread, at = np.repeat(faces, 3, axis=0), self.triangles.reshape(-1)
        total = np.stack([np.bincount(at, spread[:, k], len(self.vertices)) for k in range(3)], axis=1)
        length = np.linalg.norm(total, axis=1, keepdims=True)
        return np.asarray(np.divide(total, length, out=total, where=length > 0))

    def area_m2(self) -> float:
        """Return the area of all triangles."""
        corners = self.vertices[self.triangles].astype(np.float64)
        faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        return float(np.linalg.norm(faces, axis=1).sum() / 2)


def write_ply(path: str | Path, mesh: Mesh) -> None:
    """Write a mesh."""
    vertices, faces = np.empty(len(mesh.vertices), _VERTEX), np.empty(len(mesh.triangles), _FACE)
    vertices["xyz"], vertices["rgb"] = mesh.vertices, mesh.colours
    faces["count"], faces["corners"] = 3, mesh.triangles
    header = _HEADER.format(vertices=len(vertices), triangles=len(faces))
    Path(path).write_bytes(header.encode("ascii") + vertices.tobytes() + faces.tobytes())


def read_ply(path: str | Path) -> Mesh:
    """Read a mesh that ``write_ply`` wrote.

    Raises:
        MeshFileError: the file has other fields, or is cut off.

    """
    content = Path(path).read_bytes()
    head, mark, body = content.partition(b"end_header\n")
    counts = [int(line.split()[2]) for line in head.splitlines() if line.startswith(b"element") and _counted(line)]
    expected = _HEADER.format(vertices=counts[0], triangles=counts[1]).encode("ascii") if len(counts) == 2 else b""
    if head + mark != expected:
        raise MeshFileError(f"{path}: not a binary PLY mesh of triangles and colours; export it again")
    size = counts[0] * _VERTEX.itemsize
    if len(body) != size + counts[1] * _FACE.itemsize:
        raise MeshFileError(f"{path}: cut off, or longer than its header says; export it again")
    vertices, faces = np.frombuffer(body[:size], _VERTEX), np.frombuffer(body[size:], _FACE)
    corners = faces["corners"].astype(np.int32)
    if (faces["count"] != 3).any() or ((corners < 0) | (corners >= counts[0])).any():
        raise MeshFileError(f"{path}: a face is no triangle of its vertices; export it again")
    return Mesh(vertices["xyz"].astype(np.float32), corners, vertices["rgb"].copy())


def _counted(line: bytes) -> bool:
    words = line.split()
    return len(words) == 3 and words[2].isdigit()
