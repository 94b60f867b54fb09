"""Ways to make and join parts that several builders share. Frame of a shape, metres, triangles counter-clockwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engram.sims.house.geometry import (
    IDENTITY,
    Kind,
    Material,
    Mesh,
    Part,
    Quat,
    Region,
    Shape,
    Vec3,
    lathe,
    quat_matrix,
    yaw_quat,
)

WALL_M = 0.008  # thinnest solid that stops things reliably
CLEARANCE_M = 0.6  # height of the region above an open vessel


def skin(
    mesh: Mesh, rgb: Vec3, material: Material = "plain", pos: Vec3 = (0.0, 0.0, 0.0), quat: Quat = IDENTITY
) -> Part:
    """Return a visible mesh; it never collides."""
    return Part("mesh", pos=pos, quat=quat, rgb=rgb, material=material, mesh=mesh, solid=False)


def proxy(kind: Kind, size: Vec3, pos: Vec3 = (0.0, 0.0, 0.0), quat: Quat = IDENTITY) -> Part:
    """Return an invisible solid."""
    return Part(kind, size, pos, quat, visible=False)


def trim(
    kind: Kind,
    size: Vec3,
    pos: Vec3,
    rgb: Vec3,
    material: Material = "plain",
    quat: Quat = IDENTITY,
    *,
    solid: bool = False,
) -> Part:
    """Return a visible primitive, by default one that does not collide."""
    return Part(kind, size, pos, quat, rgb, material, solid=solid)


def placed(mesh: Mesh, pos: Vec3 = (0.0, 0.0, 0.0), quat: Quat = IDENTITY, scale: Vec3 = (1.0, 1.0, 1.0)) -> Mesh:
    """Scale (positive factors), then turn, then shift a mesh."""
    v = (mesh.vertices * np.array(scale)) @ quat_matrix(quat).T + np.array(pos)
    return Mesh(v.astype(np.float32), mesh.faces)


def merge(*meshes: Mesh) -> Mesh:
    """Join meshes into one."""
    first = np.cumsum([0, *(len(m.vertices) for m in meshes[:-1])])
    faces = np.concatenate([m.faces + n for m, n in zip(meshes, first, strict=True)])
    return Mesh(np.concatenate([m.vertices for m in meshes]), faces.astype(np.int32))


def fitted(mesh: Mesh, size: Vec3) -> Mesh:
    """Stretch a mesh to whole sides ``size``, centred on the z axis and standing on z = 0."""
    v = mesh.vertices.astype(np.float64)
    lo, hi = v.min(0), v.max(0)
    v = (v - (lo + hi) / 2) * (np.array(size) / (hi - lo)) + [0.0, 0.0, size[2] / 2]
    return Mesh(v.astype(np.float32), mesh.faces)


def lumpy(mesh: Mesh, rng: np.random.Generator, amount: float, bumps: float = 3.0) -> Mesh:
    """Swell and dent a mesh about the middle of its box by a relative ``amount``, with about ``bumps`` along it."""
    v = mesh.vertices.astype(np.float64)
    centre = (v.min(0) + v.max(0)) / 2
    unit = (v - centre) / (np.ptp(v, axis=0) / 2)
    waves = rng.normal(size=(4, 3)) * bumps / 2
    phases = rng.uniform(0, 2 * np.pi, 4)
    swell = 1 + amount * np.sin(unit @ waves.T + phases).mean(1, keepdims=True) * 2
    return Mesh((centre + (v - centre) * swell).astype(np.float32), mesh.faces)


def ruffled(mesh: Mesh, amount: float, waves: int, lobe_power: float = 2.0) -> Mesh:
    """Ripple a mesh round the z axis, ``amount`` relative to its radius at the top and nothing at the bottom."""
    v = mesh.vertices.astype(np.float64)
    z = v[:, 2] - v[:, 2].min()
    rise = (z / z.max()) ** lobe_power
    ripple = 1 + amount * rise * np.sin(waves * np.arctan2(v[:, 1], v[:, 0]))
    v[:, :2] *= ripple[:, None]
    v[:, 2] += z * (ripple - 1) / 2
    return Mesh(v.astype(np.float32), mesh.faces)


def ribbon(stations: Sequence[tuple[float, float, float, float]]) -> Mesh:
    """Bar along x through stations (x, half width, z of the middle, thickness), x growing; ends closed."""
    s = np.asarray(stations, np.float64)
    x, w, z, t = s.T
    rings = np.stack([np.stack([x, sy * w, z + sz * t / 2], 1) for sy, sz in ((-1, -1), (1, -1), (1, 1), (-1, 1))], 1)
    faces = [(0, 3, 2), (0, 2, 1)]
    for i in range(len(s) - 1):
        a, b = 4 * i, 4 * i + 4
        for k in range(4):
            m = (k + 1) % 4
            faces += [(a + k, a + m, b + m), (a + k, b + m, b + k)]
    n = 4 * (len(s) - 1)
    faces += [(n, n + 1, n + 2), (n, n + 2, n + 3)]
    return Mesh(rings.reshape(-1, 3).astype(np.float32), np.array(faces, np.int32))


def wedge(profile: Sequence[tuple[float, float]], angle_deg: float, segments: int = 16) -> tuple[Mesh, Mesh]:
    """Cut a sector from y = 0 on out of a lathed solid; return its skin and its two cut faces.

    The profile must be convex and begin and end on the axis; the angle is rounded to whole segments.
    """
    whole = lathe(profile, segments)
    k = max(1, round(angle_deg * segments / 360))
    faces = whole.faces[(whole.faces % segments <= k).all(1)]
    used, index = np.unique(faces, return_inverse=True)
    peel = Mesh(whole.vertices[used], index.reshape(-1, 3).astype(np.int32))
    p = np.asarray(profile, np.float64)
    turn = 2 * np.pi * k / segments
    first = np.column_stack([p[:, 0], np.zeros(len(p)), p[:, 1]])
    last = np.column_stack([p[:, 0] * np.cos(turn), p[:, 0] * np.sin(turn), p[:, 1]])
    i = np.arange(1, len(p) - 1)
    fan = np.column_stack([np.zeros_like(i), i, i + 1])
    cut = Mesh(
        np.concatenate([first, last]).astype(np.float32),
        np.concatenate([fan, fan[:, [0, 2, 1]] + len(p)]).astype(np.int32),
    )
    return peel, cut


def round_proxies(size: Vec3) -> tuple[Part, ...]:
    """Solids for a round thing of whole sides ``size`` on z = 0, with a flat foot so that it does not roll away."""
    hx, hy, hz = size[0] / 2, size[1] / 2, size[2] / 2
    at = (0.0, 0.0, hz)
    if abs(hx - hy) < 0.1 * hx:
        r = min(hx, hy)
        return proxy("cylinder", (0.55 * r, hz, 0.0), at), proxy("cylinder", (0.95 * r, 0.55 * hz, 0.0), at)
    return proxy("box", (0.7 * hx, 0.55 * hy, hz), at), proxy("box", (0.9 * hx, 0.8 * hy, 0.55 * hz), at)


def wall_proxies(
    radius: float, bottom: float, top: float, sides: int = 8, thickness: float = WALL_M
) -> tuple[Part, ...]:
    """Upright ring of boxes with the given outer radius between two heights."""
    middle = radius - thickness / 2
    half = (thickness / 2, radius * float(np.tan(np.pi / sides)), (top - bottom) / 2)
    angles = 2 * np.pi * np.arange(sides) / sides
    return tuple(
        proxy(
            "box", half, (middle * float(np.cos(a)), middle * float(np.sin(a)), (bottom + top) / 2), yaw_quat(float(a))
        )
        for a in angles
    )


def vessel_proxies(radius: float, height: float, floor: float = WALL_M, sides: int = 8) -> tuple[Part, ...]:
    """Solid floor and ring of walls of an upright, hollow, round vessel on z = 0."""
    base = proxy("cylinder", (0.95 * radius, floor / 2, 0.0), (0.0, 0.0, floor / 2))
    return (base, *wall_proxies(radius, floor / 2, height, sides))


def round_region(radius: float, floor: float) -> Region:
    """Square region inscribed in a round vessel of inner ``radius`` with its support at ``floor``."""
    h = radius * 0.72
    return Region((-h, -h, floor), (h, h, floor + CLEARANCE_M))


def centred(shape: Shape) -> Shape:
    """Shift a shape so that its box stands centred on the origin, on z = 0."""
    lo, hi = shape.bounds()
    shift = np.array([-(lo[0] + hi[0]) / 2, -(lo[1] + hi[1]) / 2, -lo[2]])

    def move(p: Vec3) -> Vec3:
        q: NDArray[np.float64] = np.array(p) + shift
        return float(q[0]), float(q[1]), float(q[2])

    joint = shape.joint and replace(shape.joint, anchor=move(shape.joint.anchor))
    return replace(
        shape,
        parts=tuple(replace(p, pos=move(p.pos)) for p in shape.parts),
        moving=tuple(replace(p, pos=move(p.pos)) for p in shape.moving),
        regions=tuple(replace(r, lo=move(r.lo), hi=move(r.hi)) for r in shape.regions),
        joint=joint,
    )
