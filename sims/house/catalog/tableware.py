"""What one eats and drinks from."""

from __future__ import annotations

import numpy as np

from engram.sims.house.catalog.parts import (
    WALL_M,
    centred,
    proxy,
    round_region,
    skin,
    trim,
    vessel_proxies,
    wall_proxies,
)
from engram.sims.house.catalog.registry import shape
from engram.sims.house.geometry import Material, Part, Region, Shape, Vec3, lathe, part_corners, sweep

Profile = list[tuple[float, float]]

FLOOR_M = 0.008


def hollow(outside: Profile, wall: float = 0.004, floor: float = FLOOR_M) -> Profile:
    """Close an outer profile, from the axis up to the rim, by an inner one that is ``wall`` nearer to the axis."""
    inside = [(max(r - wall, 0.003), max(z, floor)) for r, z in reversed(outside) if z > floor or r == outside[-1][0]]
    return [*outside, *inside, (inside[-1][0] * 0.8, floor), (0.0, floor)]


# Mugs: outer profile, colour, inner radius, handle reach, handle bottom and top, band colour (or none)
_MUGS: tuple[tuple[Profile, Vec3, float, tuple[float, float, float], Vec3 | None], ...] = (
    ([(0.0, 0.0), (0.038, 0.0), (0.041, 0.004), (0.041, 0.095)], (0.90, 0.90, 0.88), 0.041, (0.032, 0.022, 0.078),
     (0.75, 0.15, 0.15)),
    ([(0.0, 0.0), (0.028, 0.0), (0.042, 0.02), (0.047, 0.05), (0.043, 0.085)], (0.16, 0.36, 0.60), 0.043,
     (0.030, 0.025, 0.072), None),
    ([(0.0, 0.0), (0.030, 0.0), (0.032, 0.01), (0.048, 0.11)], (0.20, 0.50, 0.32), 0.044, (0.034, 0.03, 0.092),
     (0.93, 0.90, 0.80)),
    ([(0.0, 0.0), (0.042, 0.0), (0.044, 0.004), (0.044, 0.07), (0.046, 0.078)], (0.86, 0.58, 0.14), 0.044,
     (0.028, 0.016, 0.064), (0.35, 0.20, 0.10)),
)  # fmt: skip


@shape("Mug")
def mug(variant: int, rng: np.random.Generator) -> Shape:
    """Mug with a handle: straight, bellied, conical or low."""
    profile, rgb, radius, (reach, low, high), band = _MUGS[variant]
    height = profile[-1][1]
    middle, half = (low + high) / 2, (high - low) / 2
    angle = np.linspace(-np.pi / 2, np.pi / 2, 9)
    at = radius - 0.006
    path = [(at + reach * float(np.cos(a)), 0.0, middle + half * float(np.sin(a))) for a in angle]
    parts = [skin(lathe(hollow(profile), 20), rgb), skin(sweep(path, 0.005, 6), rgb)]
    if band is not None:
        r = float(np.interp(0.5 * height, [z for _, z in profile[1:]], [r for r, _ in profile[1:]]))
        strip = [
            (r - 0.002, 0.42 * height),
            (r + 0.0012, 0.42 * height),
            (r + 0.0022, 0.58 * height),
            (r - 0.002, 0.58 * height),
        ]
        parts.append(skin(lathe(strip, 20), band))
    grip = proxy("box", (reach / 2, 0.006, half), (radius + reach / 2 - 0.002, 0.0, middle))
    solids = (*vessel_proxies(radius, height), grip)
    return centred(Shape("Mug", (*parts, *solids), regions=(round_region(radius - WALL_M, FLOOR_M),), mass_kg=0.33))


_CUPS: tuple[tuple[Profile, Vec3, Material, float], ...] = (
    ([(0.0, 0.0), (0.029, 0.0), (0.031, 0.003), (0.038, 0.115)], (0.72, 0.83, 0.86), "glass", 0.035),
    ([(0.0, 0.0), (0.027, 0.0), (0.029, 0.004), (0.041, 0.100), (0.043, 0.104)], (0.85, 0.25, 0.22), "plain", 0.038),
    ([(0.0, 0.0), (0.033, 0.0), (0.035, 0.003), (0.035, 0.085)], (0.66, 0.68, 0.70), "metal", 0.035),
    ([(0.0, 0.0), (0.024, 0.0), (0.041, 0.03), (0.044, 0.055), (0.037, 0.105)], (0.55, 0.72, 0.62), "glass", 0.038),
)


@shape("Cup")
def cup(variant: int, rng: np.random.Generator) -> Shape:
    """Cup without a handle: tumbler, party cup, steel beaker or bellied glass."""
    profile, rgb, material, radius = _CUPS[variant]
    height = profile[-1][1] * float(rng.uniform(0.96, 1.04))
    profile = [(r, z * height / profile[-1][1]) for r, z in profile]
    parts = [skin(lathe(hollow(profile, 0.0025), 20), rgb, material)]
    if variant == 1:
        lip = [(0.040, height - 0.006), (0.0445, height - 0.004), (0.0445, height), (0.040, height + 0.001)]
        parts += [skin(lathe(lip, 20), (0.94, 0.94, 0.92)), _band(profile, 0.45, 0.05, (0.94, 0.94, 0.92))]
    if variant == 2:
        parts += [_band(profile, 0.25, 0.03, (0.40, 0.42, 0.45)), _band(profile, 0.8, 0.03, (0.40, 0.42, 0.45))]
    regions = (round_region(radius - WALL_M, FLOOR_M),)
    return Shape("Cup", (*parts, *vessel_proxies(radius, height)), regions=regions, mass_kg=0.18)


def _band(profile: Profile, at: float, half: float, rgb: Vec3, out: float = 0.0012) -> Part:
    """Coloured ring on a profile's outside, between ``at`` - and + ``half`` of its height."""
    top = profile[-1][1]
    zs, rs = [z for _, z in profile[1:]], [r for r, _ in profile[1:]]
    z0, z1 = (at - half) * top, (at + half) * top
    r0, r1 = float(np.interp(z0, zs, rs)), float(np.interp(z1, zs, rs))
    return skin(lathe([(r0 - 0.002, z0), (r0 + out, z0), (r1 + out, z1), (r1 - 0.002, z1)], 20), rgb)


# Bowls: outer profile, colour, band colour (or none)
_BOWLS: tuple[tuple[Profile, Vec3, Vec3 | None], ...] = (
    ([(0.0, 0.0), (0.035, 0.0), (0.036, 0.006), (0.062, 0.024), (0.078, 0.06)], (0.92, 0.91, 0.87), (0.20, 0.35, 0.62)),
    ([(0.0, 0.0), (0.05, 0.0), (0.078, 0.02), (0.088, 0.055), (0.088, 0.07)], (0.24, 0.45, 0.44), None),
    ([(0.0, 0.0), (0.04, 0.0), (0.042, 0.008), (0.075, 0.022), (0.11, 0.065)], (0.62, 0.42, 0.24), None),
    ([(0.0, 0.0), (0.055, 0.0), (0.072, 0.03), (0.072, 0.055)], (0.80, 0.36, 0.22), (0.95, 0.88, 0.74)),
)


@shape("Bowl")
def bowl(variant: int, rng: np.random.Generator) -> Shape:
    """Bowl: footed, deep, wide wooden or straight."""
    profile, rgb, band = _BOWLS[variant]
    radius, height = profile[-1]
    foot = profile[1][0]
    floor = 0.012
    parts = [skin(lathe(hollow(profile, 0.005, floor), 24), rgb, "wood" if variant == 2 else "plain")]
    if band is not None:
        parts.append(_band(profile, 0.85, 0.08, band))
    inner = float(np.interp(0.55 * height, [z for _, z in profile[1:]], [r for r, _ in profile[1:]]))
    base = proxy("cylinder", (max(foot, 0.6 * radius), floor / 2, 0.0), (0.0, 0.0, floor / 2))
    low = wall_proxies(inner, 0.5 * floor, 0.55 * height)
    solids = (base, *low, *wall_proxies(radius, 0.55 * height, height))
    region = round_region(inner - WALL_M, floor)
    return Shape("Bowl", (*parts, *solids), regions=(region,), mass_kg=0.38)


# Plates: radius, height, colour, rim colour (or none), square
_PLATES: tuple[tuple[float, float, Vec3, Vec3 | None], ...] = (
    (0.130, 0.020, (0.92, 0.92, 0.90), (0.22, 0.36, 0.60)),
    (0.105, 0.016, (0.30, 0.52, 0.46), None),
    (0.125, 0.030, (0.88, 0.80, 0.66), (0.55, 0.33, 0.18)),
    (0.118, 0.018, (0.26, 0.27, 0.30), (0.62, 0.62, 0.60)),
)
_PLATE_FLOOR_M = 0.010


@shape("Plate")
def plate(variant: int, rng: np.random.Generator) -> Shape:
    """Plate: dinner, coupe, soup or slate with a light rim."""
    radius, height, rgb, rim = _PLATES[variant]
    floor = _PLATE_FLOOR_M
    well = (0.66, 0.9, 0.62, 0.72)[variant] * radius
    shoulder = floor + (height - floor) * (0.35, 0.6, 0.75, 0.4)[variant]
    body: Profile = [
        (0.0, 0.0), (0.9 * well, 0.0), (well, 0.003), (radius, height - 0.004), (radius, height),
        (1.05 * well, shoulder), (0.9 * well, floor), (0.0, floor),
    ]  # fmt: skip
    parts = [skin(lathe(body, 28), rgb)]
    if rim is not None:
        inner = radius * 0.94
        z = float(np.interp(inner, [1.05 * well, radius], [shoulder, height]))
        edge = [(radius, height - 0.005), (radius + 0.001, height + 0.001), (inner, z + 0.001), (inner, z - 0.002)]
        parts.append(skin(lathe(edge, 28), rim))
    # The solid disc is as high as the well, so that what lies across the rim sinks into it a little.
    solids = [proxy("cylinder", (0.97 * radius, floor / 2, 0.0), (0.0, 0.0, floor / 2))]
    if height > 2.5 * floor:
        solids += wall_proxies(radius, 0.5 * floor, height, 12)
    half = 0.72 * radius
    region = Region((-half, -half, floor), (half, half, floor + 0.6))
    return Shape("Plate", (*parts, *solids), regions=(region,), mass_kg=0.5)


def _flask(
    name: str, profile: Profile, rgb: Vec3, material: Material, extras: list[Part], radius: float, mass_kg: float
) -> Shape:
    """Closed bottle: glass, extras, and a body and a neck as solids."""
    top = profile[-1][1]
    shoulder = max(z for r, z in profile if r >= 0.8 * radius)
    neck = max(min(r for r, z in profile if z > shoulder), 0.009)
    lid = max(float(part_corners(p)[:, 2].max()) for p in extras)
    solids = (
        proxy("cylinder", (0.97 * radius, shoulder / 2, 0.0), (0.0, 0.0, shoulder / 2)),
        proxy("cylinder", (neck, (lid - shoulder) / 2, 0.0), (0.0, 0.0, (lid + shoulder) / 2)),
    )
    body = skin(lathe([*profile, (0.0, top)], 20), rgb, material)
    return Shape(name, (body, *extras, *solids), mass_kg=mass_kg)


def _ring(radius: float, z0: float, z1: float, rgb: Vec3, material: Material = "plain") -> Part:
    return trim("cylinder", (radius, (z1 - z0) / 2, 0.0), (0.0, 0.0, (z0 + z1) / 2), rgb, material)


@shape("Bottle")
def bottle(variant: int, rng: np.random.Generator) -> Shape:
    """Bottle with a cap: water, milk, ketchup or steel flask."""
    if variant == 0:
        profile: Profile = [(0.0, 0.0), (0.03, 0.0), (0.034, 0.006), (0.034, 0.07), (0.031, 0.085), (0.034, 0.10),
                            (0.034, 0.15), (0.014, 0.195), (0.0125, 0.205)]  # fmt: skip
        extras = [_ring(0.0148, 0.203, 0.221, (0.15, 0.40, 0.80)), _ring(0.0349, 0.105, 0.148, (0.20, 0.45, 0.82))]
        return _flask("Bottle", profile, (0.70, 0.84, 0.92), "glass", extras, 0.034, 0.3)
    if variant == 1:
        profile = [
            (0.0, 0.0),
            (0.038, 0.0),
            (0.041, 0.006),
            (0.041, 0.13),
            (0.022, 0.185),
            (0.021, 0.212),
            (0.024, 0.218),
        ]
        extras = [_ring(0.025, 0.214, 0.226, (0.75, 0.15, 0.15))]
        return _flask("Bottle", profile, (0.93, 0.93, 0.90), "glass", extras, 0.041, 0.5)
    if variant == 2:
        profile = [
            (0.0, 0.0),
            (0.031, 0.0),
            (0.034, 0.008),
            (0.028, 0.075),
            (0.033, 0.125),
            (0.024, 0.155),
            (0.015, 0.165),
        ]
        cap = lathe([(0.0, 0.160), (0.020, 0.160), (0.017, 0.180), (0.006, 0.188), (0.004, 0.198), (0.0, 0.198)], 14)
        extras = [
            skin(cap, (0.94, 0.94, 0.92)),
            _band([(0.0, 0.0), (0.0285, 0.065), (0.0315, 0.1)], 0.82, 0.17, (0.93, 0.90, 0.80)),
        ]
        return _flask("Bottle", profile, (0.72, 0.10, 0.08), "plain", extras, 0.034, 0.4)
    profile = [(0.0, 0.0), (0.033, 0.0), (0.036, 0.004), (0.036, 0.17), (0.026, 0.195), (0.024, 0.205)]
    extras = [_ring(0.027, 0.203, 0.238, (0.12, 0.12, 0.13)), _ring(0.0366, 0.0, 0.03, (0.12, 0.12, 0.13))]
    loop = [(0.018 * float(np.cos(a)), 0.0, 0.236 + 0.018 * float(np.sin(a))) for a in np.linspace(0, np.pi, 7)]
    extras.append(skin(sweep(loop, 0.004, 6), (0.12, 0.12, 0.13)))
    return _flask("Bottle", profile, (0.20, 0.46, 0.50), "metal", extras, 0.036, 0.35)


# Wine bottles: outer profile, glass, capsule, label, label's span of heights
_WINES: tuple[tuple[Profile, Vec3, Vec3, Vec3, tuple[float, float]], ...] = (
    ([(0.0, 0.0), (0.035, 0.0), (0.038, 0.006), (0.038, 0.19), (0.032, 0.212), (0.0155, 0.232), (0.014, 0.30)],
     (0.08, 0.16, 0.09), (0.45, 0.08, 0.12), (0.92, 0.89, 0.78), (0.07, 0.15)),
    ([(0.0, 0.0), (0.038, 0.0), (0.041, 0.006), (0.041, 0.13), (0.036, 0.165), (0.018, 0.225), (0.0145, 0.295)],
     (0.30, 0.36, 0.14), (0.80, 0.70, 0.30), (0.95, 0.93, 0.86), (0.05, 0.11)),
    ([(0.0, 0.0), (0.033, 0.0), (0.036, 0.006), (0.036, 0.145), (0.031, 0.19), (0.017, 0.27), (0.014, 0.33)],
     (0.80, 0.52, 0.46), (0.86, 0.86, 0.84), (0.35, 0.12, 0.18), (0.06, 0.12)),
    ([(0.0, 0.0), (0.041, 0.0), (0.044, 0.006), (0.044, 0.14), (0.037, 0.18), (0.019, 0.245), (0.0155, 0.30)],
     (0.10, 0.13, 0.10), (0.83, 0.68, 0.28), (0.14, 0.14, 0.15), (0.06, 0.12)),
)  # fmt: skip


@shape("WineBottle")
def wine_bottle(variant: int, rng: np.random.Generator) -> Shape:
    """Wine bottle with a label and a capsule: claret, burgundy, slender rosé or sparkling."""
    profile, glass, capsule, label, (low, high) = _WINES[variant]
    radius = max(r for r, _ in profile)
    top = profile[-1][1]
    reach = 0.09 if variant == 3 else 0.05
    zs, rs = [z for _, z in profile[1:]], [r for r, _ in profile[1:]]
    collar = float(np.interp(top - reach, zs, rs)) + 0.001
    hood: Profile = [(collar - 0.003, top - reach), (collar, top - reach), (rs[-1] + 0.001, top - 0.012),
                     (rs[-1] + 0.003, top - 0.008), (rs[-1] + 0.002, top + 0.002), (0.0, top + 0.002)]  # fmt: skip
    extras = [
        skin(lathe(hood, 16), capsule, "metal" if variant == 3 else "plain"),
        _ring(radius + 0.0008, low, high, label),
        _ring(radius + 0.0012, high - 0.018, high - 0.012, capsule),
    ]
    return _flask("WineBottle", profile, glass, "glass", extras, radius, 1.1)
