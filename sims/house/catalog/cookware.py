"""Pots, pans and kettles; their handles and spouts point along x."""

from __future__ import annotations

import numpy as np

from engram.sims.house.catalog.parts import (
    WALL_M,
    centred,
    placed,
    proxy,
    round_region,
    skin,
    trim,
    vessel_proxies,
    wall_proxies,
)
from engram.sims.house.catalog.registry import shape
from engram.sims.house.geometry import Joint, Material, Mesh, Shape, Vec3, axis_quat, lathe, sweep

Profile = list[tuple[float, float]]

STEEL: Vec3 = (0.72, 0.73, 0.75)
DARK: Vec3 = (0.10, 0.10, 0.11)
WOOD: Vec3 = (0.52, 0.33, 0.18)
FLOOR_M = 0.008  # height of the inside of pots and pans

# Pots: radius, height, outside, inside, handles, one long handle
_POTS: tuple[tuple[float, float, Vec3, Vec3, Vec3, bool], ...] = (
    (0.105, 0.135, (0.74, 0.75, 0.77), (0.62, 0.63, 0.65), (0.55, 0.56, 0.58), False),
    (0.088, 0.095, (0.70, 0.71, 0.73), (0.56, 0.57, 0.59), DARK, True),
    (0.118, 0.110, (0.70, 0.16, 0.12), (0.92, 0.89, 0.82), (0.60, 0.12, 0.10), False),
    (0.120, 0.080, (0.76, 0.44, 0.27), (0.80, 0.80, 0.80), (0.78, 0.62, 0.28), False),
)


@shape("Pot")
def pot(variant: int, rng: np.random.Generator) -> Shape:
    """Open cooking pot: stock pot, saucepan, casserole or copper rondeau."""
    radius, height, rgb, lining, grip, long = _POTS[variant]
    material: Material = "plain" if variant == 2 else "metal"
    inside = radius - 0.004
    outside = [
        (0.0, 0.0), (0.88 * radius, 0.0), (0.94 * radius, 0.006), (radius, 0.35 * height), (radius, height - 0.003),
        (radius + 0.003, height), (inside, height),
    ]  # fmt: skip
    liner = [
        (radius + 0.002, height + 0.0003),
        (inside, height),
        (inside, 0.02),
        (0.8 * inside, FLOOR_M),
        (0.0, FLOOR_M),
    ]
    parts = [skin(lathe(outside, 20), rgb, material), skin(lathe(liner, 20), lining, material)]
    solids = list(vessel_proxies(radius, height, FLOOR_M, 10))
    at = 0.78 * height
    if long:
        path = [(radius + 0.001, 0.0, at), (radius + 0.03, 0.0, at + 0.004), (radius + 0.135, 0.0, at + 0.018)]
        parts.append(skin(sweep(path, [0.006, 0.009, 0.010], 8), grip))
        solids.append(proxy("box", (0.066, 0.008, 0.008), (radius + 0.066, 0.0, at + 0.008), axis_quat("y", -7)))
    else:
        angle = np.linspace(-np.pi / 2, np.pi / 2, 7)
        loop = [(radius - 0.006 + 0.040 * float(np.cos(a)), 0.042 * float(np.sin(a)), at) for a in angle]
        ear = sweep(loop, 0.0058, 6)
        for side in (0, 180):
            parts.append(skin(placed(ear, quat=axis_quat("z", side)), grip, material))
            reach = (radius + 0.012) * (1 - side / 90)
            solids.append(proxy("box", (0.016, 0.03, 0.006), (reach, 0.0, at)))
    region = round_region(inside - WALL_M, FLOOR_M)
    return centred(Shape("Pot", (*parts, *solids), regions=(region,), mass_kg=(1.4, 0.8, 2.6, 1.5)[variant]))


# Pans: radius, height, outside, inside, handle, handle length
_PANS: tuple[tuple[float, float, Vec3, Vec3, Vec3, float], ...] = (
    (0.130, 0.045, (0.14, 0.14, 0.15), (0.21, 0.21, 0.22), DARK, 0.16),
    (0.120, 0.065, (0.74, 0.75, 0.77), (0.60, 0.61, 0.63), (0.62, 0.63, 0.65), 0.17),
    (0.125, 0.045, (0.10, 0.10, 0.10), (0.15, 0.15, 0.15), (0.10, 0.10, 0.10), 0.11),
    (0.110, 0.042, (0.72, 0.28, 0.18), (0.90, 0.86, 0.78), (0.62, 0.42, 0.24), 0.15),
)


@shape("Pan")
def pan(variant: int, rng: np.random.Generator) -> Shape:
    """Frying pan with one long handle: non-stick, steel, cast iron or ceramic."""
    radius, height, rgb, lining, grip, reach = _PANS[variant]
    material: Material = "metal" if variant == 1 else "plain"
    foot = radius * (0.95 if variant == 1 else 0.82)
    outside = [(0.0, 0.0), (foot, 0.0), (0.94 * radius, 0.35 * height), (radius, height), (radius - 0.005, height)]
    inside = [
        (radius, height + 0.0003), (radius - 0.005, height), (0.9 * radius, 0.4 * height), (foot - 0.006, FLOOR_M),
        (0.0, FLOOR_M),
    ]  # fmt: skip
    at = 0.75 * height
    path = [(radius - 0.003, 0.0, at), (radius + 0.035, 0.0, at + 0.006), (radius + reach, 0.0, at + 0.02)]
    parts = [
        skin(lathe(outside, 26), rgb, material),
        skin(lathe(inside, 26), lining, material),
        skin(sweep(path, [0.008, 0.009, 0.012], 8), grip, "wood" if variant == 3 else material),
    ]
    if variant == 2:
        parts.append(trim("cylinder", (0.022, 0.005, 0.0), (-radius - 0.004, 0.0, height - 0.008), rgb))
    if variant in (0, 1):
        parts.append(trim("sphere", (0.004, 0.0, 0.0), (radius - 0.012, 0.0, at), STEEL, "metal"))
    tilt = float(np.degrees(np.arctan2(0.02, reach)))
    handle = proxy("box", (reach / 2, 0.009, 0.008), (radius + reach / 2, 0.0, at + 0.01), axis_quat("y", -tilt))
    base = proxy("cylinder", (foot, FLOOR_M / 2, 0.0), (0.0, 0.0, FLOOR_M / 2))
    walls = wall_proxies(radius, FLOOR_M, height, 12)
    region = round_region(foot - WALL_M, FLOOR_M)
    solids = (base, *walls, handle)
    return centred(Shape("Pan", (*parts, *solids), regions=(region,), mass_kg=(0.9, 1.2, 2.2, 0.9)[variant]))


# Kettles: outer profile, colour, material, accent (handle, knob), arc handle above the lid, lid radius
_KETTLES: tuple[tuple[Profile, Vec3, Material, Vec3, bool, float], ...] = (
    ([(0.0, 0.0), (0.085, 0.0), (0.092, 0.012), (0.086, 0.06), (0.055, 0.11), (0.046, 0.115)],
     STEEL, "metal", DARK, True, 0.046),
    ([(0.0, 0.0), (0.075, 0.0), (0.078, 0.01), (0.064, 0.20)],
     (0.90, 0.90, 0.88), "plain", (0.25, 0.27, 0.30), False, 0.060),
    ([(0.0, 0.0), (0.065, 0.0), (0.092, 0.04), (0.090, 0.08), (0.055, 0.12), (0.048, 0.123)],
     (0.75, 0.18, 0.14), "plain", WOOD, True, 0.048),
    ([(0.0, 0.0), (0.085, 0.0), (0.085, 0.015), (0.055, 0.13)],
     (0.13, 0.13, 0.14), "metal", (0.55, 0.36, 0.20), False, 0.050),
)  # fmt: skip


def _kettle_spout(variant: int, radius: float, top: float) -> Mesh:
    if variant == 1:
        beak = [(0.054, 0.0, top - 0.075), (0.078, 0.0, top - 0.03), (0.102, 0.0, top - 0.004)]
        return sweep(beak, [0.012, 0.018, 0.010], 8)
    if variant == 3:
        goose = [
            (0.075, 0.0, 0.025),
            (0.115, 0.0, 0.035),
            (0.120, 0.0, 0.085),
            (0.130, 0.0, 0.125),
            (0.155, 0.0, 0.130),
        ]
        return sweep(goose, [0.011, 0.009, 0.007, 0.006, 0.005], 8)
    return sweep(
        [(0.70 * radius, 0.0, 0.045), (1.15 * radius, 0.0, 0.07), (1.45 * radius, 0.0, 0.115)], [0.022, 0.015, 0.010], 8
    )


@shape("Kettle")
def kettle(variant: int, rng: np.random.Generator) -> Shape:
    """Kettle with a spout and a lid hinged at the back: stove, electric jug, enamel or gooseneck."""
    profile, rgb, material, accent, arc, lid_radius = _KETTLES[variant]
    top = profile[-1][1]
    radius = max(r for r, _ in profile)
    rim = [(profile[-1][0] - 0.004, top), (profile[-1][0] - 0.004, top - 0.02), (0.0, top - 0.02)]
    parts = [skin(lathe([*profile, *rim], 20), rgb, material), skin(_kettle_spout(variant, radius, top), rgb, material)]
    if arc:
        angle = np.linspace(0.1, np.pi - 0.1, 9)
        path = [(0.075 * float(np.cos(a)), 0.0, 0.085 + 0.135 * float(np.sin(a))) for a in angle]
        wide = [0.005, 0.005, 0.009, 0.010, 0.010, 0.010, 0.009, 0.005, 0.005]
        parts.append(skin(sweep(path, wide, 6), accent, "wood" if variant == 2 else "plain"))
        grip = proxy("box", (0.055, 0.008, 0.010), (0.0, 0.0, 0.213))
    else:
        inner = 0.6 * radius
        path = [(-inner, 0.0, top - 0.012), (-radius - 0.035, 0.0, top - 0.008), (-radius - 0.045, 0.0, 0.6 * top),
                (-radius - 0.030, 0.0, 0.28 * top)]  # fmt: skip
        parts.append(skin(sweep(path, [0.009, 0.010, 0.010, 0.008], 8), accent))
        grip = proxy("box", (0.03, 0.009, 0.36 * top), (-radius - 0.016, 0.0, 0.62 * top))
    if variant == 1:
        parts += [
            trim("cylinder", (0.082, 0.008, 0.0), (0.0, 0.0, 0.008), accent),
            trim("box", (0.004, 0.008, 0.045), (0.0, 0.069, 0.10), (0.45, 0.65, 0.80), quat=axis_quat("x", 4)),
        ]
    dome: Profile = [(0.0, 0.0), (lid_radius, 0.0), (lid_radius, 0.004), (0.5 * lid_radius, 0.012), (0.0, 0.014)]
    lid = (
        skin(lathe(dome, 16), rgb if variant != 1 else accent, material if variant != 1 else "plain", (0.0, 0.0, top)),
        trim("sphere", (0.009, 0.0, 0.0), (0.0, 0.0, top + 0.020), accent),
        proxy("cylinder", (0.9 * lid_radius, 0.005, 0.0), (0.0, 0.0, top + 0.007)),
    )
    shoulder = 0.62 * top if variant != 1 else 0.75 * top
    base = profile[1][0]
    solids = (
        proxy("cylinder", (base, 0.5 * shoulder, 0.0), (0.0, 0.0, 0.5 * shoulder)),
        proxy("cylinder", (profile[-1][0], (top - shoulder) / 2, 0.0), (0.0, 0.0, (top + shoulder) / 2)),
        proxy("box", (0.02, 0.012, 0.02), (1.2 * radius, 0.0, 0.085)) if variant != 1 else proxy(
            "box", (0.012, 0.012, 0.02), (0.074, 0.0, top - 0.025)
        ),
        grip,
    )  # fmt: skip
    joint = Joint("hinge", (0.0, -1.0, 0.0), (-0.95 * lid_radius, 0.0, top + 0.002), 0.9 if arc else 1.35)
    return centred(Shape("Kettle", (*parts, *solids), lid, joint, mass_kg=1.0))
