"""Lamps, switches, screens, and what hangs, grows or stands about."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from engram.sims.house.catalog.parts import proxy, skin, trim
from engram.sims.house.catalog.registry import shape
from engram.sims.house.catalog.storage import box, tint
from engram.sims.house.geometry import (
    Joint,
    Material,
    Part,
    Region,
    Shape,
    Vec3,
    axis_quat,
    lathe,
    superellipsoid,
    sweep,
    yaw_quat,
)

_OAK: Vec3 = (0.66, 0.48, 0.31)
_WHITE: Vec3 = (0.92, 0.91, 0.88)
_BLACK: Vec3 = (0.12, 0.12, 0.13)
_STEEL: Vec3 = (0.7, 0.71, 0.73)
_BRASS: Vec3 = (0.76, 0.60, 0.32)
_PAPER: Vec3 = (0.94, 0.88, 0.74)


def _shade(radius_low: float, radius_high: float, height: float, z: float, rgb: Vec3) -> list[Part]:
    """Lampshade, open at both ends, with the bulb inside."""
    wall = 0.006
    outline = [
        (radius_low, 0.0), (radius_high, height), (radius_high - wall, height), (radius_low - wall, 0.0),
        (radius_low, 0.0),
    ]  # fmt: skip
    return [
        skin(lathe(outline, 20), rgb, "glow", (0, 0, z)),
        trim("sphere", (0.03, 0, 0), (0, 0, z + height * 0.5), (0.95, 0.93, 0.85), "glow"),
        proxy("cylinder", (max(radius_low, radius_high), height / 2, 0), (0, 0, z + height / 2)),
    ]


@shape("DeskLamp")
def desk_lamp(variant: int, rng: np.random.Generator) -> Shape:
    """Two jointed lamps that look down to +x, and two with a shade."""
    if variant in (1, 3):
        body: Vec3 = ((0.0, 0.0, 0.0), (0.30, 0.46, 0.55), (0.0, 0.0, 0.0), (0.80, 0.72, 0.62))[variant]
        profile = [(0.0, 0.0), (0.07, 0.0), (0.075, 0.05), (0.05, 0.14), (0.018, 0.2), (0.012, 0.24), (0.0, 0.24)]
        parts = [skin(lathe(profile, 18), body), proxy("cylinder", (0.07, 0.12, 0), (0, 0, 0.12))]
        parts += _shade(0.13, 0.09 if variant == 1 else 0.12, 0.16, 0.24, _PAPER if variant == 1 else _WHITE)
        return Shape("DeskLamp", tuple(parts), mass_kg=1.2)
    rgb = _BLACK if variant == 0 else (0.78, 0.22, 0.16)
    arm = sweep([(-0.05, 0, 0.02), (-0.11, 0, 0.22), (0.0, 0, 0.4), (0.09, 0, 0.37)], 0.009, 6)
    hood = lathe([(0.075, 0.0), (0.03, 0.09), (0.0, 0.095), (0.0, 0.085), (0.068, 0.0), (0.075, 0.0)], 16)
    parts = [
        Part("cylinder", (0.085, 0.012, 0), (0, 0, 0.012), rgb=rgb, material="metal"),
        skin(arm, _STEEL if variant else rgb, "metal"),
        skin(hood, rgb, "metal", (0.11, 0, 0.29), axis_quat("y", -15)),
        trim("sphere", (0.03, 0, 0), (0.115, 0, 0.31), (0.95, 0.93, 0.85), "glow"),
        proxy("box", (0.1, 0.03, 0.19), (0.0, 0, 0.21)),
    ]
    return Shape("DeskLamp", tuple(parts), mass_kg=1.2)


@shape("FloorLamp")
def floor_lamp(variant: int, rng: np.random.Generator) -> Shape:
    """Standing lamps with a shade, a tripod, an uplighter and a paper column."""
    metal = (_BRASS, _OAK, _BLACK, _OAK)[variant]
    if variant == 3:
        parts = [
            Part("box", (0.13, 0.13, 0.02), (0, 0, 0.02), rgb=_OAK, material="wood"),
            Part("cylinder", (0.12, 0.55, 0), (0, 0, 0.59), rgb=_PAPER, material="glow"),
            Part("box", (0.13, 0.13, 0.01), (0, 0, 1.15), rgb=_OAK, material="wood"),
        ]
        return Shape("FloorLamp", tuple(parts), mass_kg=4.0)
    if variant == 1:
        legs = [(0.22 * cos(a), 0.22 * sin(a)) for a in (0.3, 0.3 + 2 * pi / 3, 0.3 + 4 * pi / 3)]
        parts = [skin(sweep([(x, y, 0.0), (0.02 * x, 0.02 * y, 1.2)], 0.013, 6), metal, "wood") for x, y in legs]
        parts.append(proxy("cylinder", (0.2, 0.6, 0), (0, 0, 0.6)))
        return Shape("FloorLamp", (*parts, *_shade(0.22, 0.18, 0.28, 1.2, _WHITE)), mass_kg=4.0)
    parts = [
        Part("cylinder", (0.15, 0.012, 0), (0, 0, 0.012), rgb=metal, material="metal"),
        Part("cylinder", (0.013, 0.72, 0), (0, 0, 0.74), rgb=metal, material="metal"),
    ]
    if variant == 2:
        bowl = lathe([(0.0, 0.0), (0.04, 0.0), (0.17, 0.09), (0.16, 0.09), (0.03, 0.015), (0.0, 0.015)], 20)
        parts += [
            skin(bowl, metal, "metal", (0, 0, 1.46)),
            proxy("cylinder", (0.16, 0.045, 0), (0, 0, 1.505)),
            trim("cylinder", (0.13, 0.004, 0), (0, 0, 1.53), (0.96, 0.93, 0.82), "glow"),
        ]
    else:
        parts += _shade(0.2, 0.13, 0.26, 1.36, _PAPER)
    return Shape("FloorLamp", tuple(parts), mass_kg=4.0)


@shape("LightSwitch")
def light_switch(variant: int, rng: np.random.Generator) -> Shape:
    """Plates on the wall with a rocker, two rockers, a dial or a toggle."""
    plate = (_WHITE, (0.86, 0.84, 0.78), _STEEL, (0.25, 0.25, 0.26))[variant]
    width = 0.15 if variant == 1 else 0.085
    parts = [box((0.0, -width / 2, 0.0), (0.009, width / 2, 0.12), plate, "metal" if variant == 2 else "plain")]
    light = tint(plate, 0.9) if variant != 3 else _WHITE
    if variant == 2:
        parts.append(trim("cylinder", (0.022, 0.01, 0), (0.018, 0, 0.06), light, "glow", axis_quat("y", 90)))
    elif variant == 3:
        parts.append(trim("box", (0.012, 0.006, 0.014), (0.018, 0, 0.065), light, "glow", axis_quat("y", 25)))
    else:
        for y in (-0.035, 0.035) if variant == 1 else (0.0,):
            parts.append(trim("box", (0.004, 0.022, 0.035), (0.012, y, 0.06), light, "glow", axis_quat("y", 5)))
    return Shape("LightSwitch", tuple(parts), mass_kg=0.1)


@shape("Television")
def television(variant: int, rng: np.random.Generator) -> Shape:
    """Flat screens on feet, and an old tube set."""
    off: Vec3 = (0.06, 0.07, 0.09)
    if variant == 3:
        return _tube_set(off)
    width, high = ((1.0, 0.58), (0.8, 0.47), (1.15, 0.66))[variant]
    frame = (_BLACK, _STEEL, (0.2, 0.2, 0.21))[variant]
    foot = 0.06
    parts = [
        box((-0.025, -width / 2, foot), (0.025, width / 2, foot + high), frame),
        trim("box", (0.003, width / 2 - 0.014, high / 2 - 0.014), (0.027, 0, foot + high / 2), off, "glow"),
    ]
    if variant == 1:
        parts += [
            box((-0.1, -0.17, 0), (0.1, 0.17, 0.012), frame),
            box((-0.02, -0.03, 0.012), (0.02, 0.03, foot), frame),
        ]
    else:
        parts += [
            box((-0.1, s * width * 0.36 - 0.012, 0), (0.1, s * width * 0.36 + 0.012, foot), frame) for s in (-1, 1)
        ]
    return Shape("Television", tuple(parts), mass_kg=12.0)


def _tube_set(off: Vec3) -> Shape:
    turn = axis_quat("y", 90)
    parts = [
        skin(superellipsoid((0.18, 0.24, 0.18), 0.15, 0.15, 16, 9), (0.45, 0.30, 0.19), "wood", (-0.02, 0, 0.2)),
        proxy("box", (0.17, 0.23, 0.18), (-0.02, 0, 0.2)),
        trim("box", (0.006, 0.165, 0.125), (0.16, 0.045, 0.21), off, "glow"),
    ]
    for z in (0.2, 0.27):
        parts.append(trim("cylinder", (0.015, 0.008, 0), (0.163, -0.17, z), _STEEL, "metal", turn))
    for s in (-1, 1):
        lean = axis_quat("x", -s * 25)
        parts.append(trim("cylinder", (0.004, 0.13, 0), (-0.02, s * 0.06, 0.48), _STEEL, "metal", lean))
        parts += [Part("box", (0.02, 0.02, 0.02), (a, s * 0.16, 0.02), rgb=_BLACK) for a in (-0.12, 0.1)]
    return Shape("Television", tuple(parts), mass_kg=14.0)


@shape("VacuumCleaner")
def vacuum_cleaner(variant: int, rng: np.random.Generator) -> Shape:
    """Two upright cleaners, a canister with its hose and a robot."""
    rgb: Vec3 = ((0.75, 0.18, 0.16), (0.24, 0.40, 0.66), (0.30, 0.52, 0.40), (0.15, 0.15, 0.16))[variant]
    if variant == 3:
        parts = [
            Part("cylinder", (0.17, 0.04, 0), (0, 0, 0.045), rgb=rgb),
            trim("cylinder", (0.06, 0.006, 0), (0, 0, 0.09), _STEEL, "metal"),
            trim("box", (0.01, 0.09, 0.02), (0.165, 0, 0.05), (0.4, 0.4, 0.42)),
        ]
        return Shape("VacuumCleaner", tuple(parts), mass_kg=3.0)
    if variant == 2:
        hose = sweep([(0.1, 0, 0.18), (0.22, 0.05, 0.42), (0.2, 0.16, 0.3), (0.16, 0.2, 0.03)], 0.018, 8)
        parts = [
            skin(superellipsoid((0.2, 0.13, 0.1), 0.6, 0.6, 16, 9), rgb, pos=(-0.05, 0, 0.12)),
            proxy("box", (0.19, 0.12, 0.1), (-0.05, 0, 0.12)),
            skin(hose, _BLACK),
            Part("box", (0.05, 0.13, 0.02), (0.18, 0.16, 0.02), rgb=_BLACK),
            *(Part("cylinder", (0.06, 0.015, 0), (-0.12, s * 0.12, 0.06), axis_quat("x", 90), _BLACK) for s in (-1, 1)),
        ]
        return Shape("VacuumCleaner", tuple(parts), mass_kg=6.0)
    parts = [
        Part("box", (0.13, 0.15, 0.04), (0.04, 0, 0.045), rgb=tint(rgb, 0.8)),
        skin(superellipsoid((0.07, 0.09, 0.25), 0.5, 0.7, 14, 9), rgb, pos=(-0.05, 0, 0.36)),
        proxy("box", (0.07, 0.09, 0.26), (-0.05, 0, 0.36)),
        Part("cylinder", (0.014, 0.22, 0), (-0.09, 0, 0.82), rgb=_STEEL, material="metal"),
        Part("capsule", (0.02, 0.06, 0), (-0.08, 0, 1.06), axis_quat("y", 20), _BLACK),
    ]
    if variant == 1:
        parts.append(trim("cylinder", (0.055, 0.11, 0), (0.03, 0, 0.36), (0.75, 0.82, 0.86), "glass"))
    return Shape("VacuumCleaner", tuple(parts), mass_kg=6.0)


@shape("Safe")
def safe(variant: int, rng: np.random.Generator) -> Shape:
    """Steel boxes with a thick door, a dial or a keypad, and a lever."""
    depth, width, high = ((0.38, 0.4, 0.4), (0.4, 0.44, 0.52), (0.36, 0.42, 0.34), (0.4, 0.4, 0.46))[variant]
    rgb: Vec3 = ((0.33, 0.35, 0.37), (0.2, 0.28, 0.24), (0.75, 0.75, 0.73), (0.28, 0.22, 0.2))[variant]
    x, y, wall, leaf = depth / 2, width / 2, 0.035, 0.03
    inner = x - leaf
    parts = [
        box((-x, -y, 0), (inner, y, wall), rgb, "metal"),
        box((-x, -y, high - wall), (inner, y, high), rgb, "metal"),
        box((-x, -y, wall), (-x + wall, y, high - wall), rgb, "metal"),
        box((-x + wall, -y, wall), (inner, -y + wall, high - wall), rgb, "metal"),
        box((-x + wall, y - wall, wall), (inner, y, high - wall), rgb, "metal"),
    ]
    middle = high * 0.55
    turn = axis_quat("y", 90)
    door = [
        box((inner, -y + 0.004, 0.004), (x, y - 0.004, high - 0.004), tint(rgb, 1.12), "metal"),
        trim("box", (0.012, 0.012, 0.05), (x + 0.02, -y * 0.5, middle), _STEEL, "metal"),
    ]
    if variant in (0, 3):
        door += [
            trim("cylinder", (0.05, 0.008, 0), (x + 0.008, 0.03, middle), _BLACK, "metal", turn),
            trim("cylinder", (0.02, 0.012, 0), (x + 0.02, 0.03, middle), _STEEL, "metal", turn),
        ]
    else:
        door.append(trim("box", (0.006, 0.05, 0.035), (x + 0.004, 0.04, middle), _BLACK))
        door += [
            trim("box", (0.003, 0.01, 0.007), (x + 0.011, 0.04 + dy, middle + dz), (0.8, 0.82, 0.84))
            for dy in (-0.03, 0.0, 0.03)
            for dz in (-0.018, 0.0, 0.018)
        ]
    room = Region(
        (-x + wall + 0.005, -y + wall + 0.005, wall), (inner - 0.01, y - wall - 0.005, high - wall), enclosed=True
    )
    hinge = Joint("hinge", (0.0, 0.0, 1.0), (x, y, 0.0), pi / 2)
    return Shape("Safe", tuple(parts), tuple(door), hinge, (room,), mass_kg=25.0)


@shape("Curtains")
def curtains(variant: int, rng: np.random.Generator) -> Shape:
    """A rod and two gathered lengths of cloth at the sides of a window; x = 0 is the wall."""
    rgb: Vec3 = ((0.78, 0.74, 0.66), (0.42, 0.50, 0.58), (0.72, 0.42, 0.36), (0.52, 0.58, 0.46))[variant]
    width, high, cloth = (1.7, 1.9, 1.6, 1.8)[variant], 2.2, (0.26, 0.3, 0.22, 0.28)[variant]
    rod = _BRASS if variant % 2 else _BLACK
    parts = [trim("cylinder", (0.012, width / 2, 0), (0.07, 0, high - 0.03), rod, "metal", axis_quat("x", 90))]
    parts += [trim("sphere", (0.025, 0, 0), (0.07, s * width / 2, high - 0.03), rod, "metal") for s in (-1, 1)]
    folds = 5 + variant % 2
    fold = cloth / folds
    low, rail = (0.0, 0.0, 0.55, 0.0)[variant], high - 0.05
    for s in (-1, 1):
        at = s * (width / 2 - cloth / 2 - 0.02)
        for k in range(folds):
            deep = k % 2
            pos = (0.06 + 0.012 * deep, at + (k - (folds - 1) / 2) * fold, (rail + low) / 2)
            parts.append(
                trim("cylinder", (fold * 0.62, (rail - low) / 2, 0), pos, tint(rgb, 1.0 - 0.06 * deep), "cloth")
            )
    return Shape("Curtains", tuple(parts), mass_kg=2.0)


@shape("HousePlant")
def house_plant(variant: int, rng: np.random.Generator) -> Shape:
    """Two plants that stand on the floor and two for a table."""
    floor_plant = variant < 2
    radius, high = (0.16, 0.3) if floor_plant else (0.08, 0.13)
    pot_rgb: Vec3 = ((0.72, 0.40, 0.28), (0.85, 0.84, 0.8), (0.30, 0.44, 0.52), (0.80, 0.62, 0.36))[variant]
    pot = lathe(
        [
            (0.0, 0.0),
            (radius * 0.72, 0.0),
            (radius, high),
            (radius * 0.9, high),
            (radius * 0.86, high * 0.9),
            (0.0, high * 0.9),
        ],
        18,
    )
    parts = [skin(pot, pot_rgb), proxy("cylinder", (radius, high / 2, 0), (0, 0, high / 2))]
    parts.append(trim("cylinder", (radius * 0.86, 0.004, 0), (0, 0, high * 0.9), (0.25, 0.18, 0.13)))
    greens: tuple[Vec3, ...] = ((0.20, 0.45, 0.20), (0.27, 0.52, 0.24), (0.16, 0.38, 0.20))
    scale = 1.0 if floor_plant else 0.38
    if variant in (0, 2):
        for k in range(9):
            a, tilt = 2 * pi * k / 9 + rng.uniform(-0.2, 0.2), rng.uniform(15, 38)
            long = scale * rng.uniform(0.25, 0.36)
            reach = long * sin(np.radians(tilt))
            z = high + scale * 0.28 + long * cos(np.radians(tilt))
            quat = _leaf_quat(a, tilt)
            size = (0.2 * long, 0.03 * scale, long)
            parts.append(trim("ellipsoid", size, (reach * cos(a), reach * sin(a), z), greens[k % 3], quat=quat))
        parts.append(trim("cylinder", (0.02 * scale, 0.2 * scale, 0), (0, 0, high + 0.14 * scale), (0.36, 0.28, 0.18)))
        top = scale * 0.9
    elif variant == 1:
        parts.append(trim("cylinder", (0.018, 0.35, 0), (0, 0, high + 0.3), (0.40, 0.30, 0.20)))
        for k in range(8):
            a, z = 2.4 * k, high + 0.35 + 0.06 * k
            r = 0.14 - 0.008 * k
            size = (0.13 - 0.006 * k,) * 3
            parts.append(trim("sphere", size, (r * cos(a), r * sin(a), z), greens[k % 3], "cloth"))
        top = 0.9
    else:
        for k in range(7):
            a, r = 2 * pi * k / 6, 0.035 if k < 6 else 0.0
            tall = 0.11 if k < 6 else 0.15
            quat = _leaf_quat(a, 14.0 if k < 6 else 0.0)
            parts.append(
                trim(
                    "ellipsoid",
                    (0.022, 0.012, tall),
                    (r * cos(a), r * sin(a), high + tall * 0.7),
                    greens[k % 3],
                    quat=quat,
                )
            )
        top = 0.24
    spread = (0.34, 0.26, 0.15, 0.08)[variant]  # as far as the leaves reach: nobody drives through them
    parts.append(proxy("cylinder", (spread, top / 2, 0), (0, 0, high + top / 2)))
    return Shape("HousePlant", tuple(parts), mass_kg=6.0 if floor_plant else 1.0)


def _leaf_quat(azimuth: float, tilt_deg: float) -> tuple[float, float, float, float]:
    """Turn z by ``tilt_deg`` towards the azimuth."""
    w, _, y, _ = axis_quat("y", tilt_deg)
    c, _, _, s = yaw_quat(azimuth)
    return (c * w, -s * y, c * y, s * w)


@shape("Painting")
def painting(variant: int, rng: np.random.Generator) -> Shape:
    """A landscape, an abstract, a still life and a seascape; x = 0 is the wall."""
    width, high = ((0.8, 0.55), (0.55, 0.75), (0.5, 0.5), (0.9, 0.5))[variant]
    frame = (_OAK, _BLACK, _BRASS, _WHITE)[variant]
    material: Material = "wood" if variant == 0 else "plain"
    rim = 0.03
    y, top = width / 2 - rim, high - rim
    ground: Vec3 = ((0.62, 0.78, 0.90), (0.93, 0.90, 0.84), (0.34, 0.26, 0.24), (0.72, 0.84, 0.92))[variant]
    parts = [
        box((0.0, -width / 2, 0.0), (0.022, width / 2, high), frame, material),
        box((0.022, -y, rim), (0.024, y, top), ground, solid=False),
    ]
    turn = axis_quat("y", 90)

    def patch(y0: float, y1: float, z0: float, z1: float, rgb: Vec3, layer: int = 1) -> Part:
        x = 0.024 + 0.0015 * layer
        at = [(-y + 2 * y * v) for v in (y0, y1)]
        up = [rim + (top - rim) * v for v in (z0, z1)]
        return box((0.022, at[0], up[0]), (x, at[1], up[1]), rgb, solid=False)

    def disc(cy: float, cz: float, radius: float, rgb: Vec3, layer: int = 2) -> Part:
        at = (0.0235 + 0.0015 * layer, -y + 2 * y * cy, rim + (top - rim) * cz)
        return trim("cylinder", (radius, 0.001, 0), at, rgb, quat=turn)

    if variant == 0:
        parts += [
            patch(0, 1, 0, 0.32, (0.36, 0.56, 0.28)), patch(0, 0.55, 0.3, 0.46, (0.44, 0.58, 0.48), 1),
            patch(0.45, 1, 0.3, 0.4, (0.52, 0.62, 0.46), 2), disc(0.76, 0.78, 0.05, (0.98, 0.86, 0.46)),
            patch(0.22, 0.25, 0.2, 0.44, (0.34, 0.25, 0.17), 3), disc(0.235, 0.52, 0.06, (0.20, 0.40, 0.20), 3),
        ]  # fmt: skip
    elif variant == 1:
        parts += [
            patch(0.08, 0.5, 0.55, 0.92, (0.80, 0.25, 0.20)), patch(0.56, 0.92, 0.3, 0.92, (0.17, 0.30, 0.52)),
            patch(0.08, 0.5, 0.08, 0.48, (0.93, 0.76, 0.28)), patch(0.56, 0.92, 0.08, 0.24, (0.14, 0.14, 0.15)),
            disc(0.5, 0.5, 0.07, (0.97, 0.95, 0.9), 3),
        ]  # fmt: skip
    elif variant == 2:
        parts += [
            patch(0, 1, 0, 0.34, (0.60, 0.44, 0.30)), disc(0.38, 0.4, 0.06, (0.82, 0.22, 0.16)),
            disc(0.56, 0.38, 0.055, (0.90, 0.62, 0.16), 3), disc(0.7, 0.36, 0.045, (0.58, 0.70, 0.24), 4),
            patch(0.18, 0.3, 0.3, 0.82, (0.20, 0.34, 0.26), 2),
        ]  # fmt: skip
    else:
        parts += [
            patch(0, 1, 0, 0.45, (0.18, 0.42, 0.58)), patch(0, 1, 0, 0.12, (0.88, 0.80, 0.60), 2),
            patch(0.55, 0.68, 0.4, 0.46, (0.50, 0.30, 0.18), 2), patch(0.6, 0.61, 0.46, 0.74, (0.3, 0.2, 0.15), 2),
            patch(0.61, 0.69, 0.5, 0.72, (0.97, 0.96, 0.93), 2), disc(0.2, 0.78, 0.04, (0.99, 0.90, 0.60)),
        ]  # fmt: skip
    return Shape("Painting", tuple(parts), mass_kg=1.5)
