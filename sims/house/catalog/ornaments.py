"""Figures of statues and ornaments; all scale with ``s``, face +x and stand on z = 0."""

from __future__ import annotations

from functools import partial

import numpy as np

from engram.sims.house.catalog.parts import merge, placed, skin
from engram.sims.house.geometry import IDENTITY, Mesh, Part, Vec3, axis_quat, extrude, lathe, superellipsoid, sweep

Figure = tuple[list[Part], float, float]  # visible parts, radius of the foot and height in metres

_WHITE: Vec3 = (0.93, 0.93, 0.91)
_DARK: Vec3 = (0.13, 0.13, 0.15)
_BRASS: Vec3 = (0.82, 0.65, 0.28)
_OAK: Vec3 = (0.72, 0.52, 0.31)
_WALNUT: Vec3 = (0.36, 0.23, 0.14)
_MARBLE: Vec3 = (0.88, 0.87, 0.84)

_trim = partial(Part, solid=False)  # seen, never touched


def arc(radius: float, start_deg: float, end_deg: float, points: int, plane: str = "xy") -> list[Vec3]:
    """Points of a circle about the origin in a coordinate plane, from the plane's first axis to its second."""
    angle = np.radians(np.linspace(start_deg, end_deg, points))
    coordinates = np.zeros((points, 3))
    coordinates[:, "xyz".index(plane[0])] = radius * np.cos(angle)
    coordinates[:, "xyz".index(plane[1])] = radius * np.sin(angle)
    return [(float(x), float(y), float(z)) for x, y, z in coordinates]


def bust(s: float) -> Figure:
    """Marble head and shoulders on a dark block."""
    stone = partial(_trim, rgb=_MARBLE, material="tile")
    return [
        _trim("box", (0.05, 0.05, 0.025), (0.0, 0.0, 0.025), rgb=(0.2, 0.2, 0.22)),
        stone("cylinder", (0.022, 0.02, 0.0), (0.0, 0.0, 0.065)),
        stone("ellipsoid", (0.04, 0.075 * s, 0.05), (0.0, 0.0, 0.115)),
        stone("cylinder", (0.022, 0.03, 0.0), (0.0, 0.0, 0.17)),
        stone("ellipsoid", (0.042, 0.036, 0.05 * s), (0.006, 0.0, 0.225)),
        stone("ellipsoid", (0.042, 0.042, 0.044), (-0.01, 0.0, 0.24)),
        stone("ellipsoid", (0.01, 0.007, 0.014), (0.047, 0.0, 0.222)),
    ], 0.055, 0.27  # fmt: skip


def loop(s: float) -> Figure:
    """Bronze ring around a brass one."""
    bronze: Vec3 = (0.55, 0.38, 0.2)
    thick = [0.012 + 0.01 * float(np.sin(a)) for a in np.linspace(0.0, np.pi, 19)]
    big = sweep(arc(0.085 * s, -90, 270, 19, "yz"), thick, 7)
    small = sweep(arc(0.045 * s, -90, 270, 15, "xz"), 0.011, 6)
    return [
        _trim("box", (0.055, 0.055, 0.03), (0.0, 0.0, 0.03), rgb=_DARK),
        skin(big, bronze, "metal", (0.0, 0.0, 0.068 + 0.085 * s)),
        skin(small, _BRASS, "metal", (0.0, 0.0, 0.09 + 0.045 * s)),
    ], 0.055, 0.07 + 0.17 * s  # fmt: skip


def cat(s: float) -> Figure:
    """Sitting black cat with a collar."""
    fur: Vec3 = (0.16, 0.16, 0.18)
    body = [(0.0, 0.0), (0.062, 0.0), (0.066, 0.03), (0.05, 0.09), (0.03, 0.15 * s), (0.0, 0.17 * s)]
    ear = lathe([(0.0, 0.0), (0.016, 0.0), (0.0, 0.035)], 6)
    z = 0.175 * s
    tail = [(-0.05, -0.02, 0.012), (-0.03, -0.066, 0.012), (0.02, -0.07, 0.012), (0.06, -0.045, 0.014)]
    return [
        skin(lathe(body, 16), fur),
        _trim("ellipsoid", (0.038, 0.042, 0.036), (0.02, 0.0, z), rgb=fur),
        skin(merge(*(placed(ear, (0.015, y, z + 0.02)) for y in (-0.025, 0.025))), fur),
        _trim("capsule", (0.013, 0.045, 0.0), (0.05, 0.02, 0.058), rgb=fur),
        _trim("capsule", (0.013, 0.045, 0.0), (0.05, -0.02, 0.058), rgb=fur),
        skin(sweep(tail, [0.012, 0.012, 0.011, 0.007], 6), fur),
        _trim("cylinder", (0.036, 0.005, 0.0), (0.006, 0.0, z - 0.034), IDENTITY, _BRASS, "metal"),
        _trim("sphere", (0.006, 0.0, 0.0), (0.053, -0.016, z + 0.006), rgb=(0.8, 0.75, 0.2)),
        _trim("sphere", (0.006, 0.0, 0.0), (0.053, 0.016, z + 0.006), rgb=(0.8, 0.75, 0.2)),
    ], 0.05, z + 0.03  # fmt: skip


def figure(s: float) -> Figure:
    """Golden figure with joined hands."""
    robe = [
        (0.0, 0.03),
        (0.03, 0.03),
        (0.022, 0.1),
        (0.019, 0.16),
        (0.034, 0.235 * s),
        (0.03, 0.25 * s),
        (0.0, 0.26 * s),
    ]
    z = 0.26 * s
    arms = [(0.0, -0.034, z - 0.02), (0.018, -0.036, z - 0.07), (0.034, 0.0, z - 0.085), (0.018, 0.036, z - 0.07),
            (0.0, 0.034, z - 0.02)]  # fmt: skip
    return [
        _trim("cylinder", (0.05, 0.015, 0.0), (0.0, 0.0, 0.015), rgb=_DARK),
        skin(lathe(robe, 14), _BRASS, "metal"),
        skin(sweep(arms, 0.01, 6), _BRASS, "metal"),
        _trim("cylinder", (0.01, 0.015, 0.0), (0.0, 0.0, z), IDENTITY, _BRASS, "metal"),
        _trim("ellipsoid", (0.022, 0.02, 0.026), (0.002, 0.0, z + 0.03), IDENTITY, _BRASS, "metal"),
    ], 0.042, z + 0.05  # fmt: skip


def globe(s: float) -> Figure:
    """Globe on a stand."""
    r = 0.075 * s
    z = r + 0.055
    land = [
        ((0.62, 0.5, 0.6), (0.4, 0.3, 0.45)),
        ((0.5, -0.72, 0.48), (0.3, 0.3, 0.5)),
        ((0.8, -0.1, -0.58), (0.35, 0.4, 0.3)),
    ]
    patches = [
        _trim("ellipsoid", (a * r, b * r, c * r), (0.72 * x * r, 0.72 * y * r, z + 0.72 * w * r), rgb=(0.4, 0.62, 0.35))
        for (x, y, w), (a, b, c) in land
    ]
    return [
        _trim("cylinder", (0.055, 0.007, 0.0), (0.0, 0.0, 0.007), IDENTITY, _WALNUT, "wood"),
        _trim("cylinder", (0.01, 0.02, 0.0), (0.0, 0.0, 0.03), IDENTITY, _BRASS, "metal"),
        _trim("sphere", (r, 0.0, 0.0), (0.0, 0.0, z), rgb=(0.22, 0.45, 0.72)),
        skin(sweep(arc(1.1 * r, -100, 100, 12, "yz"), 0.004, 5), _BRASS, "metal", (0.0, 0.0, z)),
        *patches,
    ], 0.055, z + 1.1 * r  # fmt: skip


def hourglass(s: float) -> Figure:
    """Hourglass between wooden plates."""
    h = 0.17 * s
    glass = [
        (0.0, 0.02),
        (0.03, 0.022),
        (0.034, 0.045),
        (0.006, h / 2),
        (0.034, h - 0.045),
        (0.03, h - 0.022),
        (0.0, h - 0.02),
    ]
    posts = [
        _trim("cylinder", (0.004, h / 2, 0.0), (x, y, h / 2), IDENTITY, _WALNUT, "wood")
        for x, y, _ in arc(0.042, 30, 270, 3)
    ]
    sand = lathe([(0.034, 0.046), (0.02, 0.06), (0.0062, h / 2), (0.018, h / 2 + 0.016)], 12)
    return [
        skin(lathe(glass, 14), (0.8, 0.88, 0.9), "glass"),
        skin(placed(sand, scale=(1.03, 1.03, 1.0)), (0.9, 0.72, 0.42)),
        *[_trim("cylinder", (0.052, 0.009, 0.0), (0.0, 0.0, z), IDENTITY, _WALNUT, "wood") for z in (0.009, h - 0.009)],
        *posts,
    ], 0.052, h  # fmt: skip


def stones(s: float) -> Figure:
    """Stones stacked on a tray."""
    sizes = [(0.055, 0.048, 0.02), (0.043, 0.04, 0.017), (0.034, 0.03, 0.015), (0.02, 0.022, 0.012)]
    greys: list[Vec3] = [(0.4, 0.41, 0.43), (0.62, 0.6, 0.56), (0.3, 0.32, 0.36), (0.75, 0.72, 0.66)]
    parts, z = [_trim("box", (0.065, 0.09, 0.006), (0.0, 0.0, 0.006), IDENTITY, _OAK, "wood")], 0.01
    for k, ((a, b, c), rgb) in enumerate(zip(sizes, greys, strict=True)):
        parts.append(
            _trim("ellipsoid", (a * s, b * s, c), (0.004 * (-1) ** k, 0.003 * k, z + c), rgb=rgb, material="tile")
        )
        z += 1.85 * c
    return parts, 0.058, z


def boat(s: float) -> Figure:
    """Model of a sailing boat along y."""
    hull = superellipsoid((0.035, 0.1 * s, 0.03), 0.8, 1.3, 14, 7)
    keel = Mesh(hull.vertices.clip(max=np.array([1.0, 1.0, 0.008], np.float32)), hull.faces)
    big, small = [(0.0, 0.0), (0.085, 0.0), (0.0, 0.15)], [(-0.06, 0.0), (0.0, 0.0), (0.0, 0.12)]
    stand = axis_quat("z", 90)
    sail_quat = (0.5, 0.5, 0.5, 0.5)  # outline x to +y, outline y to +z
    return [
        _trim("box", (0.03, 0.06, 0.007), (0.0, 0.0, 0.007), stand, _WALNUT, "wood"),
        _trim("cylinder", (0.006, 0.012, 0.0), (0.0, 0.0, 0.024), IDENTITY, _BRASS, "metal"),
        skin(keel, (0.65, 0.18, 0.16), pos=(0.0, 0.0, 0.058)),
        _trim("box", (0.02, 0.06 * s, 0.002), (0.0, 0.0, 0.066), IDENTITY, _OAK, "wood"),
        _trim("cylinder", (0.003, 0.09, 0.0), (0.0, 0.0, 0.155), IDENTITY, _WALNUT, "wood"),
        skin(extrude(big, 0.002), _WHITE, "cloth", (-0.001, 0.005, 0.085), sail_quat),
        skin(extrude(small, 0.002), (0.85, 0.88, 0.92), "cloth", (-0.001, -0.005, 0.085), sail_quat),
    ], 0.045, 0.24  # fmt: skip
