"""Shapes as data: the parts an object is made of, and procedural meshes (lathed, swept, extruded).

Convention
    Lengths in metres, quaternions (w, x, y, z). The frame of a shape has its origin at the centre of the footprint,
    z up, with the lowest point at z = 0 when it rests as it usually does. Fixtures face +x (a person who uses one
    stands on its +x side); their width runs along y. Primitive sizes are MuJoCo's half sizes: box (x, y, z),
    sphere (r, 0, 0), ellipsoid (x, y, z), cylinder and capsule (r, half length, 0) along z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vec3 = tuple[float, float, float]
Quat = tuple[float, float, float, float]
Kind = Literal["box", "sphere", "ellipsoid", "cylinder", "capsule", "mesh"]
Material = Literal["plain", "wood", "tile", "cloth", "metal", "glass", "glow"]

IDENTITY: Quat = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles with outward, counter-clockwise faces."""

    vertices: NDArray[np.float32]  # (V, 3) metres
    faces: NDArray[np.int32]  # (F, 3)


@dataclass(frozen=True, eq=False)
class Part:
    """One geom of a shape."""

    kind: Kind
    size: Vec3 = (0.0, 0.0, 0.0)  # half sizes; unused by meshes
    pos: Vec3 = (0.0, 0.0, 0.0)
    quat: Quat = IDENTITY
    rgb: Vec3 = (0.7, 0.7, 0.7)
    material: Material = "plain"
    mesh: Mesh | None = None
    visible: bool = True
    solid: bool = True  # takes part in collisions; meshes never do: give them solid, invisible primitives


@dataclass(frozen=True)
class Region:
    """A place that holds things: an upright box whose bottom face is the support."""

    lo: Vec3
    hi: Vec3
    enclosed: bool = False  # reachable only while the joint is open
    moving: bool = False  # travels with the joint (a drawer's inside)


@dataclass(frozen=True)
class Joint:
    """How the moving parts open: from 0 to ``travel`` (radians for a hinge, metres for a slide)."""

    kind: Literal["hinge", "slide"]
    axis: Vec3
    anchor: Vec3
    travel: float


@dataclass(frozen=True, eq=False)
class Shape:
    """What one object looks like, holds and weighs."""

    category: str
    parts: tuple[Part, ...]
    moving: tuple[
        Part, ...
    ] = ()  # parts that the joint moves (door leaf, drawer box, lid), in the shape's frame when closed
    joint: Joint | None = None
    regions: tuple[Region, ...] = ()
    mass_kg: float = 0.3
    children: tuple[Child, ...] = field(default=())  # fixtures that come with it (a counter's drawers, a sink's tap)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (lo, hi), each (3,): the box around all parts, children included, in the shape's frame."""
        corners = [part_corners(p) for p in (*self.parts, *self.moving)]
        for child in self.children:
            box = box_corners(*child.shape.bounds())
            corners.append(box @ yaw_matrix(child.yaw).T + child.pos)
        points = np.concatenate(corners)
        return points.min(0), points.max(0)


@dataclass(frozen=True, eq=False)
class Child:
    """A fixture mounted in another, at ``pos`` turned by ``yaw`` radians about z in the parent's frame."""

    shape: Shape
    pos: Vec3 = (0.0, 0.0, 0.0)
    yaw: float = 0.0


def yaw_matrix(yaw: float) -> NDArray[np.float64]:
    """(3, 3) rotation about z."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def yaw_quat(yaw: float) -> Quat:
    """Quaternion of a rotation about z."""
    return (float(np.cos(yaw / 2)), 0.0, 0.0, float(np.sin(yaw / 2)))


def axis_quat(axis: Literal["x", "y", "z"], angle_deg: float) -> Quat:
    """Quaternion of a rotation by degrees about a coordinate axis."""
    half = np.radians(angle_deg) / 2
    q = [float(np.cos(half)), 0.0, 0.0, 0.0]
    q[1 + "xyz".index(axis)] = float(np.sin(half))
    return (q[0], q[1], q[2], q[3])


def quat_matrix(quat: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) rotation of a unit quaternion."""
    w, x, y, z = quat
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def box_corners(lo: NDArray[np.float64], hi: NDArray[np.float64]) -> NDArray[np.float64]:
    """(8, 3) corners of the box between ``lo`` and ``hi``, each (3,)."""
    return np.array(np.meshgrid(*np.stack([lo, hi], 1))).reshape(3, -1).T


def part_corners(part: Part) -> NDArray[np.float64]:
    """(N, 3) points whose box bounds the part, in the shape's frame."""
    if part.mesh is not None:
        local = part.mesh.vertices.astype(np.float64)
    else:
        a, b, c = part.size
        sides = {"sphere": (a, a, a), "cylinder": (a, a, b), "capsule": (a, a, a + b)}.get(part.kind, (a, b, c))
        half = np.array(sides)
        local = box_corners(-half, half)
    return np.asarray(local @ quat_matrix(part.quat).T + part.pos)


def lathe(profile: Sequence[tuple[float, float]], segments: int = 20) -> Mesh:
    """Turn a profile of (radius, z) points about z.

    Give the profile counter-clockwise as seen with the radius to the right and z up (up the outside, then down the
    inside), so that faces point outwards. Radius 0 closes an end.
    """
    pts = np.asarray(profile, np.float64)
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    vertices = np.concatenate([np.column_stack([r * ring, np.full(segments, z)]) for r, z in pts])
    a = np.arange(segments)
    b = (a + 1) % segments
    faces = []
    for i in range(len(pts) - 1):
        lo, hi = i * segments, (i + 1) * segments
        if pts[i, 0] > 0:
            faces.append(np.column_stack([lo + a, lo + b, hi + b]))
        if pts[i + 1, 0] > 0:
            faces.append(np.column_stack([lo + a, hi + b, hi + a]))
    return Mesh(vertices.astype(np.float32), np.concatenate(faces).astype(np.int32))


def sweep(path: Sequence[Vec3], radius: float | Sequence[float], sides: int = 8) -> Mesh:
    """Tube of the given radius (or one radius a point) along a path, with closed ends."""
    p = np.asarray(path, np.float64)
    r = np.broadcast_to(np.asarray(radius, np.float64), (len(p),))
    tangent = np.gradient(p, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = np.cross(tangent[0], [0.0, 0.0, 1.0] if abs(tangent[0, 2]) < 0.9 else [1.0, 0.0, 0.0])
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    rings = []
    for i in range(len(p)):
        normal = normal - tangent[i] * (normal @ tangent[i])
        normal /= np.linalg.norm(normal)
        other = np.cross(tangent[i], normal)
        rings.append(p[i] + r[i] * (np.cos(angle)[:, None] * normal + np.sin(angle)[:, None] * other))
    vertices = np.concatenate([*rings, p[:1], p[-1:]])
    a = np.arange(sides)
    b = (a + 1) % sides
    faces = []
    for i in range(len(p) - 1):
        lo, hi = i * sides, (i + 1) * sides
        faces += [np.column_stack([lo + a, lo + b, hi + b]), np.column_stack([lo + a, hi + b, hi + a])]
    first, last = len(p) * sides, len(p) * sides + 1
    end = (len(p) - 1) * sides
    faces += [np.column_stack([np.full(sides, first), b, a]), np.column_stack([np.full(sides, last), end + a, end + b])]
    return Mesh(vertices.astype(np.float32), np.concatenate(faces).astype(np.int32))


def extrude(outline: Sequence[tuple[float, float]], height: float) -> Mesh:
    """Prism over a counter-clockwise, star-shaped (about its mean) outline of (x, y), from z = 0 to ``height``."""
    o = np.asarray(outline, np.float64)
    n = len(o)
    centre = o.mean(0)
    low = np.column_stack([o, np.zeros(n)])
    high = np.column_stack([o, np.full(n, height)])
    vertices = np.concatenate([low, high, [[*centre, 0.0]], [[*centre, height]]])
    a = np.arange(n)
    b = (a + 1) % n
    faces = [
        np.column_stack([a, b, n + b]),
        np.column_stack([a, n + b, n + a]),
        np.column_stack([np.full(n, 2 * n), b, a]),
        np.column_stack([np.full(n, 2 * n + 1), n + a, n + b]),
    ]
    return Mesh(vertices.astype(np.float32), np.concatenate(faces).astype(np.int32))


def superellipsoid(half: Vec3, e1: float = 0.5, e2: float = 0.5, segments: int = 20, rings: int = 11) -> Mesh:
    """Rounded solid between an ellipsoid (exponents 1) and a box (exponents near 0), centred at the origin."""

    def power(v: NDArray[np.float64], e: float) -> NDArray[np.float64]:
        return np.asarray(np.sign(v) * np.abs(v) ** e)

    lat = np.linspace(-np.pi / 2, np.pi / 2, rings)
    lon = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    radial = power(np.cos(lat), e1)
    radial[[0, -1]] = 0.0
    x = half[0] * radial[:, None] * power(np.cos(lon), e2)
    y = half[1] * radial[:, None] * power(np.sin(lon), e2)
    z = half[2] * np.broadcast_to(power(np.sin(lat), e1)[:, None], x.shape)
    template = lathe([(float(r), 0.0) for r in np.abs(np.sin(np.linspace(0, np.pi, rings)).round(9))], segments)
    return Mesh(np.stack([x, y, z], -1).reshape(-1, 3).astype(np.float32), template.faces)
