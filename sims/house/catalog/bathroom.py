"""Bathroom fixtures: Bathtub, BathtubBasin, Mirror, Toilet, ShowerHead, LaundryHamper and the holders on its walls."""

from __future__ import annotations

from dataclasses import replace
from math import pi

import numpy as np

from engram.sims.house.catalog.registry import shape
from engram.sims.house.catalog.sinks import PORCELAIN, basin, faucet, rim, stretched
from engram.sims.house.catalog.storage import box, tint
from engram.sims.house.geometry import Child, Joint, Material, Part, Region, Shape, Vec3, axis_quat, lathe, sweep

_CHROME: Vec3 = (0.78, 0.79, 0.81)
_BLACK: Vec3 = (0.13, 0.13, 0.14)
_BRASS: Vec3 = (0.76, 0.60, 0.30)
_OAK: Vec3 = (0.62, 0.44, 0.27)
_GLASS: Vec3 = (0.74, 0.83, 0.88)
_OUTWARD = axis_quat("y", 90)  # turns a cylinder's axis from z to x
_ALONG = axis_quat("x", 90)  # from z to y


@shape("BathtubBasin")
def bathtub_basin(variant: int, rng: np.random.Generator) -> Shape:
    """Inside of a bathtub."""
    size = ((0.54, 1.36, 0.44), (0.54, 1.36, 0.42), (0.40, 1.08, 0.46), (0.40, 1.08, 0.44))[variant]
    return basin("BathtubBasin", size, tint(PORCELAIN, (1.0, 0.96, 1.03, 0.9)[variant]), over_m=0.5)


@shape("Bathtub")
def bathtub(variant: int, rng: np.random.Generator) -> Shape:
    """Tub along y with its tap at -y: tiled apron, wooden apron, free-standing oval, oval on feet."""
    return _box_tub(variant) if variant < 2 else _oval_tub(variant)


def _box_tub(variant: int) -> Shape:
    height, deep = (0.56, 0.44) if variant == 0 else (0.54, 0.42)
    hole = (-0.28, -0.64, 0.26, 0.72)
    rgb: Vec3 = (0.88, 0.89, 0.88) if variant == 0 else _OAK
    material: Material = "tile" if variant == 0 else "wood"
    skirt = rim(((-0.36, -0.79, 0.0), (0.36, 0.79, height - 0.04)), (-0.34, -0.77, 0.34, 0.77), rgb, material)
    top = rim(((-0.375, -0.8, height - 0.04), (0.375, 0.8, height)), hole, PORCELAIN)
    gaps = tuple(
        box((0.36, y - 0.38, 0.08), (0.364, y + 0.38, height - 0.1), tint(rgb, 0.88), material, solid=False)
        for y in (-0.39, 0.39)
    )
    tub = basin("BathtubBasin", (hole[2] - hole[0], hole[3] - hole[1], deep), PORCELAIN, over_m=0.5)
    middle = ((hole[0] + hole[2]) / 2, (hole[1] + hole[3]) / 2, height - deep)
    strips = (
        Region((hole[2] + 0.01, -0.78, height), (0.37, 0.78, height + 0.6)),
        Region((-0.36, hole[3] + 0.005, height), (0.25, 0.795, height + 0.6)),
    )
    tap = faucet((2, 1)[variant], np.random.default_rng(variant))
    children = (Child(tub, middle), Child(tap, (0.0, -0.73, height), pi / 2))
    return Shape("Bathtub", (*skirt, *top, *gaps), regions=strips, mass_kg=60.0, children=children)


def _oval_tub(variant: int) -> Shape:
    height, deep, low = (0.58, 0.46, 0.0) if variant == 2 else (0.60, 0.44, 0.12)
    rgb: Vec3 = PORCELAIN if variant == 2 else (0.28, 0.42, 0.46)
    bottom = height - deep
    outer = [(0.0, low), (0.72, low), (0.84, low + 0.12), (0.96, height - 0.06)]
    lip = [(0.96, height - 0.05), (1.0, height - 0.03), (1.0, height), (0.85, height), (0.85, height - 0.02)]
    inside = [(0.85, deep), (0.78, 0.12), (0.66, 0.03), (0.0, 0.013)]
    across: Vec3 = (0.375, 0.8, 1.0)
    hole = (-0.2, -0.54, 0.2, 0.54)
    proxy = (
        *rim(((-0.33, -0.76, height - 0.1), (0.33, 0.76, height - 0.002)), hole, rgb),
        box((-0.28, -0.6, low), (0.28, 0.6, bottom), rgb),
    )
    parts = (
        Part("mesh", rgb=rgb, mesh=stretched(lathe(outer, 28), across)),
        Part("mesh", rgb=PORCELAIN, mesh=stretched(lathe(lip, 28), across)),
        *(replace(part, visible=False) for part in proxy),
        *_claw_feet(low),
    )
    tub = basin("BathtubBasin", (0.4, 1.08, deep), PORCELAIN, over_m=0.5, visible=False)
    skin = Part("mesh", rgb=tint(PORCELAIN, 0.95), mesh=stretched(lathe(inside, 28), across))
    tub = replace(tub, parts=(*tub.parts, skin))
    end = Region((-0.13, 0.675, height), (0.13, 0.765, height + 0.6))
    tap = faucet((0, 2)[variant - 2], np.random.default_rng(variant))
    children = (Child(tub, (0.0, 0.0, bottom)), Child(tap, (0.0, -0.735, height), pi / 2))
    return Shape("Bathtub", parts, regions=(end,), mass_kg=60.0, children=children)


def _claw_feet(low: float) -> tuple[Part, ...]:
    if low == 0.0:
        return ()
    return tuple(
        Part("capsule", (0.028, 0.06, 0), (x, y, 0.088), rgb=_BRASS, material="metal")
        for x in (-0.17, 0.17)
        for y in (-0.42, 0.42)
    )


@shape("Toilet")
def toilet(variant: int, rng: np.random.Generator) -> Shape:
    """Bowl, tank and a lid that opens: round, square, with a boxed-in tank, old-style with a wooden lid."""
    rgb: Vec3 = (PORCELAIN, (0.95, 0.95, 0.95), (0.90, 0.91, 0.92), (0.80, 0.86, 0.84))[variant]
    lid_rgb: Vec3 = (PORCELAIN, (0.22, 0.22, 0.24), PORCELAIN, (0.46, 0.28, 0.16))[variant]
    material: Material = "wood" if variant == 3 else "plain"
    bowl, lid = _square_bowl(rgb, lid_rgb) if variant == 1 else _round_bowl(rgb, lid_rgb, material)
    half, tank_top = ((0.20, 0.78), (0.19, 0.80), (0.34, 0.95), (0.23, 0.82))[variant]
    low = 0.0 if variant == 2 else 0.38
    wall: Vec3 = (0.62, 0.70, 0.72) if variant == 2 else rgb
    tank = (
        box((-0.34, -half, low), (-0.14, half, tank_top - 0.03), wall, "tile"),
        box((-0.35, -half - 0.01, tank_top - 0.03), (-0.13, half + 0.01, tank_top), tint(wall, 0.97), "tile"),
        Part(
            "cylinder", (0.02, 0.006, 0), (-0.14, 0.6 * half, tank_top - 0.1), _OUTWARD, _CHROME, "metal", solid=False
        ),
        box((-0.34, -0.11, 0), (0.02, 0.11, 0.38), rgb, "tile"),
    )
    room = Region((-0.345, -half, tank_top), (-0.135, half, tank_top + 0.6))
    hinge = Joint("hinge", (0.0, -1.0, 0.0), (-0.095, 0.0, 0.45), 1.65)
    return Shape("Toilet", (*tank, *bowl), lid, hinge, (room,), mass_kg=35.0)


def _round_bowl(rgb: Vec3, lid_rgb: Vec3, material: Material) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    across: Vec3 = (0.22, 0.185, 1.0)
    shift: Vec3 = (0.125, 0.0, 0.0)
    body = lathe(
        [
            (0, 0),
            (0.6, 0),
            (0.52, 0.1),
            (0.62, 0.22),
            (0.96, 0.36),
            (1.0, 0.405),
            (0.74, 0.405),
            (0.62, 0.3),
            (0, 0.24),
        ],
        22,
    )
    seat = lathe([(0.7, 0.405), (1.02, 0.405), (1.02, 0.424), (0.7, 0.424), (0.7, 0.405)], 22)
    cover = lathe([(0, 0.426), (1.02, 0.426), (1.02, 0.442), (0.9, 0.45), (0, 0.45)], 22)
    bowl = (
        Part("mesh", rgb=rgb, material="tile", mesh=stretched(body, across, shift)),
        Part("mesh", rgb=lid_rgb, material=material, mesh=stretched(seat, across, shift)),
        Part("cylinder", (0.1, 0.001, 0), (0.125, 0, 0.29), rgb=(0.45, 0.62, 0.70), material="glass", solid=False),
        box((0.0, -0.15, 0.24), (0.29, 0.15, 0.40), rgb, visible=False),
        box((0.0, -0.1, 0.0), (0.25, 0.1, 0.24), rgb, visible=False),
    )
    lid = (
        Part("mesh", rgb=lid_rgb, material=material, mesh=stretched(cover, across, shift)),
        box((-0.09, -0.15, 0.43), (0.3, 0.15, 0.45), lid_rgb, visible=False),
    )
    return bowl, lid


def _square_bowl(rgb: Vec3, lid_rgb: Vec3) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    hole = (0.0, -0.12, 0.27, 0.12)
    bowl = (
        box((0.02, -0.13, 0.0), (0.28, 0.13, 0.25), rgb, "tile"),
        *rim(((-0.1, -0.18, 0.25), (0.34, 0.18, 0.40)), hole, rgb, "tile"),
        *(
            replace(part, solid=False)
            for part in rim(((-0.1, -0.183, 0.405), (0.343, 0.183, 0.424)), (0.02, -0.11, 0.26, 0.11), lid_rgb)
        ),
        box((0.0, -0.12, 0.28), (0.27, 0.12, 0.29), (0.45, 0.62, 0.70), "glass"),
    )
    return bowl, (box((-0.095, -0.183, 0.428), (0.343, 0.183, 0.45), lid_rgb),)


@shape("LaundryHamper")
def laundry_hamper(variant: int, rng: np.random.Generator) -> Shape:
    """Basket with a lid that is hinged at the back: wicker, slatted wood, cloth on a frame, white plastic."""
    x, y, height = ((0.21, 0.26, 0.55), (0.22, 0.27, 0.58), (0.22, 0.30, 0.60), (0.21, 0.25, 0.52))[variant]
    rgb: Vec3 = ((0.66, 0.48, 0.28), (0.52, 0.36, 0.22), (0.80, 0.76, 0.68), (0.90, 0.91, 0.92))[variant]
    material: Material = ("cloth", "wood", "cloth", "plain")[variant]
    low, t = (0.08 if variant == 2 else 0.02), 0.014
    hole = (-x + t, -y + t, x - t, y - t)
    body: tuple[Part, ...] = (
        box((-x, -y, low - 0.02), (x, y, low), tint(rgb, 0.8), material),
        *rim(((-x, -y, low), (x, y, height)), hole, rgb, material),
    )
    stripe = tint(rgb, 0.72)
    if variant == 2:
        body += tuple(
            Part("cylinder", (0.012, height / 2, 0), (sx * x, sy * y, height / 2), rgb=_BLACK, material="metal")
            for sx in (-1, 1)
            for sy in (-1, 1)
        )
    elif variant == 1:
        body += tuple(
            box((x, k * 0.09 - 0.006, 0.05), (x + 0.004, k * 0.09 + 0.006, height - 0.04), stripe, "wood", solid=False)
            for k in range(-2, 3)
        )
    else:
        count, thick, reach = (5, 0.012, y) if variant == 0 else (3, 0.02, 0.5 * y)
        body += tuple(
            box((x, -reach, z - thick), (x + 0.004, reach, z + thick), stripe, material, solid=False)
            for z in map(float, np.linspace(0.12, height - 0.1, count))
        )
    lid = (
        box((-x - 0.008, -y - 0.008, height), (x + 0.012, y + 0.008, height + 0.022), tint(rgb, 0.9), material),
        box((x - 0.06, -0.05, height + 0.022), (x - 0.035, 0.05, height + 0.034), stripe, solid=False),
    )
    hinge = Joint("hinge", (0.0, -1.0, 0.0), (-x - 0.008, 0.0, height + 0.022), 1.5)
    room = Region((hole[0] + 0.005, hole[1] + 0.005, low), (hole[2] - 0.005, hole[3] - 0.005, height), enclosed=True)
    return Shape("LaundryHamper", body, lid, hinge, (room,), mass_kg=4.0)


@shape("Mirror")
def mirror(variant: int, rng: np.random.Generator) -> Shape:
    """Mirror on a wall: wooden frame, round and black, oval and brass, frameless over a lamp strip."""
    half, height = ((0.30, 0.80), (0.34, 0.68), (0.27, 0.84), (0.42, 0.66))[variant]
    mid = height / 2
    proxy = box((0, -0.8 * half, 0.1 * height), (0.018, 0.8 * half, 0.9 * height), _GLASS, visible=False)
    if variant == 0:
        w = 0.045
        glass = box((0, -half + w, w), (0.015, half - w, height - w), _GLASS, "glass")
        parts: tuple[Part, ...] = (
            glass,
            box((0, -half, 0), (0.03, half, w), _OAK, "wood"),
            box((0, -half, height - w), (0.03, half, height), _OAK, "wood"),
            box((0, -half, w), (0.03, -half + w, height - w), _OAK, "wood"),
            box((0, half - w, w), (0.03, half, height - w), _OAK, "wood"),
        )
    elif variant == 3:
        parts = (
            box((0, -half, 0), (0.02, half, height), _GLASS, "glass"),
            box(
                (0.02, -half + 0.05, height - 0.07),
                (0.035, half - 0.05, height - 0.03),
                (0.95, 0.94, 0.88),
                solid=False,
            ),
            box((0.0, -half - 0.008, 0.0), (0.016, half + 0.008, 0.012), _CHROME, "metal"),
        )
    else:
        rgb = _BLACK if variant == 1 else _BRASS
        angle = np.linspace(0, 2 * pi, 25)
        path = [(0.018, (half - 0.016) * float(np.cos(a)), mid + (mid - 0.016) * float(np.sin(a))) for a in angle]
        disc = stretched(lathe([(0, 0), (1, 0), (1, 0.015), (0, 0.015)], 24), (mid - 0.016, half - 0.016, 1.0))
        parts = (
            Part("mesh", pos=(0, 0, mid), quat=_OUTWARD, rgb=_GLASS, material="glass", mesh=disc),
            Part("mesh", rgb=rgb, material="metal", mesh=sweep(path, 0.016, 6)),
            proxy,
        )
    return Shape("Mirror", parts, mass_kg=8.0)


@shape("ShowerHead")
def shower_head(variant: int, rng: np.random.Generator) -> Shape:
    """Shower on a wall: big rain disc, tilted head, square rain plate, hand shower on a bracket."""
    rgb: Vec3 = (_CHROME, _BRASS, _BLACK, _CHROME)[variant]
    if variant in (0, 2):
        reach = 0.36
        arm = sweep([(0, 0, 0.12), (reach - 0.04, 0, 0.12), (reach, 0, 0.1), (reach, 0, 0.03)], 0.012)
        if variant == 0:
            head = Part("cylinder", (0.12, 0.012, 0), (reach, 0, 0.022), rgb=rgb, material="metal")
            face = Part(
                "cylinder", (0.1, 0.005, 0), (reach, 0, 0.005), rgb=tint(rgb, 0.8), material="glow", solid=False
            )
        else:
            head = box((reach - 0.12, -0.12, 0.01), (reach + 0.12, 0.12, 0.03), rgb, "metal")
            face = box((reach - 0.1, -0.1, 0), (reach + 0.1, 0.1, 0.01), (0.4, 0.4, 0.42), "glow", solid=False)
        plate = Part("cylinder", (0.035, 0.006, 0), (0.006, 0, 0.12), _OUTWARD, rgb, "metal")
        return Shape("ShowerHead", (Part("mesh", rgb=rgb, material="metal", mesh=arm), head, face, plate), mass_kg=1.5)
    return _tilted_head(variant, rgb)


def _tilted_head(variant: int, rgb: Vec3) -> Shape:
    tilt, lean = axis_quat("y", -40), np.radians(40)
    bell = lathe([(0, -0.03), (0.06, -0.03), (0.062, -0.01), (0.03, 0.02), (0.015, 0.05), (0, 0.05)], 18)
    at: Vec3 = (0.17, 0.0, 0.08)
    face = (at[0] + 0.033 * float(np.sin(lean)), 0.0, at[2] - 0.033 * float(np.cos(lean)))
    path: tuple[Vec3, ...] = ((0, 0, 0.19), (0.06, 0, 0.19), (0.11, 0, 0.16), (0.15, 0, 0.11))
    plate_z = 0.19
    if variant == 3:  # the handle hangs from a bracket
        path, plate_z = ((0.06, 0, 0.005), (0.07, 0, 0.06), (0.1, 0, 0.12), (0.15, 0, 0.11)), 0.1
    parts: tuple[Part, ...] = (
        Part("mesh", rgb=rgb, material="metal", mesh=sweep(path, 0.012)),
        Part("mesh", pos=at, quat=tilt, rgb=rgb, material="metal", mesh=bell),
        Part("cylinder", (0.05, 0.004, 0), face, tilt, tint(rgb, 0.8), "glow", solid=False),
        Part("sphere", (0.045, 0, 0), at, visible=False),
        Part("cylinder", (0.035, 0.006, 0), (0.006, 0, plate_z), _OUTWARD, rgb, "metal"),
    )
    if variant == 3:
        parts += (box((0.0, -0.012, 0.085), (0.085, 0.012, 0.11), rgb, "metal"),)
    return Shape("ShowerHead", parts, mass_kg=1.0)


def _rack(
    category: str,
    half: float,
    depth: float,
    low: float,
    rgb: Vec3,
    material: Material,
    *,
    rods: int,
    extra: tuple[Part, ...],
) -> Shape:
    """Broad flat bar at height ``low`` that a folded towel lies on: rods between two arms, or one board."""
    top = low + 0.014
    parts: tuple[Part, ...] = (box((0, -half, low), (depth, half, top), rgb, material, visible=rods == 0),)
    if rods:
        for x in np.linspace(0.02, depth - 0.01, rods):
            parts += (
                Part("cylinder", (0.007, half, 0), (float(x), 0, top - 0.007), _ALONG, rgb, material, solid=False),
            )
        parts += tuple(
            box((0, y - 0.008, low - 0.012), (depth, y + 0.008, top), rgb, material, solid=False) for y in (-half, half)
        )
    room = Region((0.005, -half + 0.005, top), (depth + 0.01, half - 0.005, top + 0.3))
    return Shape(category, (*parts, *extra), regions=(room,), mass_kg=1.5)


def _bar(half: float, x: float, z: float, rgb: Vec3) -> tuple[Part, ...]:
    """Rod along y held away from the wall by two pins."""
    rod = Part("cylinder", (0.008, half, 0), (x, 0, z), _ALONG, rgb, "metal", solid=False)
    pins = tuple(
        Part("cylinder", (0.008, x / 2, 0), (x / 2, y, z), _OUTWARD, rgb, "metal", solid=False)
        for y in (-0.9 * half, 0.9 * half)
    )
    return (rod, *pins)


@shape("TowelHolder")
def towel_holder(variant: int, rng: np.random.Generator) -> Shape:
    """Towel rack on a wall: chrome rods, oak board with pegs, black tray, brass rods."""
    half, depth, low = 0.32, 0.32, 0.10
    if variant == 1:
        pegs = tuple(
            Part("capsule", (0.011, 0.03, 0), (0.06, y, 0.03), _OUTWARD, tint(_OAK, 0.7), "wood", solid=False)
            for y in (-0.22, -0.07, 0.07, 0.22)
        )
        plank = box((0, -half, 0.0), (0.02, half, low), _OAK, "wood")
        return _rack("TowelHolder", half, depth, low, _OAK, "wood", rods=0, extra=(plank, *pegs))
    rgb: Vec3 = (_CHROME, _OAK, _BLACK, _BRASS)[variant]
    extra = _bar(half - 0.03, 0.09 if variant == 2 else 0.2, 0.01, rgb)
    if variant == 2:
        edge = box((depth - 0.008, -half, low), (depth, half, low + 0.03), rgb, "metal", solid=False)
        return _rack("TowelHolder", half, depth, low, rgb, "metal", rods=0, extra=(*extra, edge))
    return _rack("TowelHolder", half, depth, low, rgb, "metal", rods=6 if variant == 0 else 4, extra=extra)


@shape("HandTowelHolder")
def hand_towel_holder(variant: int, rng: np.random.Generator) -> Shape:
    """Small towel rack: chrome rods, oak board and rail, brass plate and ring, white board."""
    half, depth, low = 0.20, 0.22, 0.08
    if variant == 0:
        return _rack(
            "HandTowelHolder", half, depth, low, _CHROME, "metal", rods=4, extra=_bar(0.17, 0.12, 0.01, _CHROME)
        )
    if variant == 2:
        angle = np.linspace(0, 2 * pi, 17)
        ring = sweep([(0.05, 0.09 * float(np.cos(a)), 0.0 + 0.09 * float(np.sin(a))) for a in angle], 0.007, 6)
        hoop = Part("mesh", pos=(0, 0, 0.097), rgb=_BRASS, material="metal", mesh=ring)
        return _rack("HandTowelHolder", half, depth, 0.18, _BRASS, "metal", rods=0, extra=(hoop,))
    rgb: Vec3 = _OAK if variant == 1 else (0.91, 0.91, 0.90)
    plank = box((0, -half, 0.0), (0.018, half, low), rgb, "wood" if variant == 1 else "plain")
    rail = _bar(0.17, 0.08, 0.03, _BLACK if variant == 1 else _CHROME)
    material: Material = "wood" if variant == 1 else "plain"
    return _rack("HandTowelHolder", half, depth, low, rgb, material, rods=0, extra=(plank, *rail))


@shape("ToiletPaperHanger")
def toilet_paper_hanger(variant: int, rng: np.random.Generator) -> Shape:
    """Arm for a roll below a ledge on which a roll stands: chrome, oak, brass, black."""
    rgb: Vec3 = (_CHROME, _OAK, _BRASS, _BLACK)[variant]
    material: Material = "wood" if variant == 1 else "metal"
    metal = _BLACK if variant == 1 else rgb
    arm = Part("cylinder", (0.008, 0.07, 0), (0.075, 0.0, 0.03), _ALONG, metal, "metal", solid=False)
    stem = Part("cylinder", (0.008, 0.037, 0), (0.037, -0.065, 0.03), _OUTWARD, metal, "metal", solid=False)
    plate = box((0, -0.09, 0.0), (0.012, 0.09, 0.11 if variant % 2 else 0.16), rgb, material)
    extra: tuple[Part, ...] = (arm, stem, plate)
    if variant in (0, 3):
        knob = Part("sphere", (0.013, 0, 0), (0.075, 0.07, 0.03), rgb=metal, material="metal", solid=False)
        extra += (knob,)
    if variant == 2:
        extra += (Part("cylinder", (0.008, 0.037, 0), (0.037, 0.065, 0.03), _OUTWARD, metal, "metal", solid=False),)
    return _rack("ToiletPaperHanger", 0.09, 0.15, 0.1, rgb, material, rods=0, extra=extra)
