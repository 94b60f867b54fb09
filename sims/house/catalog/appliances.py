"""Kitchen appliances: CoffeeMachine, Fridge, GarbageCan, Microwave and Toaster."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from engram.sims.house.catalog.registry import shape
from engram.sims.house.catalog.sinks import rim
from engram.sims.house.catalog.storage import box, tint
from engram.sims.house.geometry import Joint, Material, Part, Region, Shape, Vec3, axis_quat, lathe, superellipsoid

_DARK: Vec3 = (0.10, 0.10, 0.11)
_STEEL: Vec3 = (0.70, 0.71, 0.73)
_LINER: Vec3 = (0.93, 0.94, 0.95)
_LAMP: Vec3 = (0.45, 0.12, 0.10)
_SCREEN: Vec3 = (0.10, 0.28, 0.24)


@shape("Fridge")
def fridge(variant: int, rng: np.random.Generator) -> Shape:
    """Fridge over or under a freezer: white, steel, red and rounded, black and wide. Its one door opens the fridge."""
    width, depth, height = ((0.62, 0.66, 1.75), (0.70, 0.70, 1.82), (0.60, 0.66, 1.55), (0.80, 0.70, 1.80))[variant]
    rgb: Vec3 = ((0.92, 0.92, 0.92), _STEEL, (0.70, 0.13, 0.12), (0.13, 0.13, 0.15))[variant]
    material: Material = ("plain", "metal", "plain", "metal")[variant]
    freezer_below = variant % 2 == 0
    half, x0, x1 = width / 2, -depth / 2, depth / 2
    face, foot, wall = x1 - 0.06, 0.06, 0.04
    freezer = 0.32 * height
    low, high = (foot + freezer, height) if freezer_below else (foot, height - freezer)
    cold = (foot, low) if freezer_below else (high, height)
    parts = (
        box((x0 + 0.03, -half + 0.02, 0), (face - 0.04, half - 0.02, foot), _DARK),
        box((x0, -half, foot), (x0 + wall, half, height), rgb, material),
        box((x0 + wall, -half, foot), (face, -half + wall, height), rgb, material),
        box((x0 + wall, half - wall, foot), (face, half, height), rgb, material),
        box((x0 + wall, -half + wall, height - wall), (face, half - wall, height), rgb, material),
        box((x0 + wall, -half + wall, low), (face, half - wall, low + wall), _LINER),
        box((x0 + wall, -half + wall, cold[0]), (face - 0.01, half - wall, cold[1] - 0.01), _LINER),
        box((x0 + wall, -half + wall, low + wall), (x0 + wall + 0.008, half - wall, high - wall), _LINER),
        *_leaf(face, x1, half, cold, rgb, material, variant),
    )
    shelves = np.linspace(low + wall, high - wall, 4)[:3]
    boards = tuple(
        box((x0 + wall, -half + wall, z - 0.012), (face - 0.07, half - wall, z), (0.75, 0.86, 0.9), "glass")
        for z in map(float, shelves[1:])
    )
    gap = float(shelves[1] - shelves[0]) - 0.02
    rooms = tuple(
        Region((x0 + wall + 0.01, -half + wall + 0.01, z), (face - 0.08, half - wall - 0.01, z + gap), enclosed=True)
        for z in map(float, shelves)
    )
    side = -1.0 if variant < 2 else 1.0
    return Shape(
        "Fridge",
        (*parts, *boards),
        _leaf(face, x1, half, (low, high), rgb, material, variant),
        Joint("hinge", (0.0, 0.0, side), (x1, side * half, 0.0), pi / 2),
        rooms,
        mass_kg=70.0,
    )


def _leaf(
    x0: float, x1: float, half: float, z_m: tuple[float, float], rgb: Vec3, material: Material, variant: int
) -> tuple[Part, ...]:
    """Door of a fridge or freezer compartment with its handle at the free side."""
    low, high = z_m[0] + 0.004, z_m[1] - 0.004
    free = 1.0 if variant < 2 else -1.0
    y, middle = free * (half - 0.05), (low + high) / 2
    slab = box((x0 + 0.004, -half, low), (x1, half, high), rgb, material)
    long = min(0.22, 0.35 * (high - low))
    grip = Part("box", (0.012, 0.012, long), (x1 + 0.028, y, middle), rgb=_STEEL, material="metal", solid=False)
    ends = tuple(
        box((x1, y - 0.01, z - 0.01), (x1 + 0.02, y + 0.01, z + 0.01), _STEEL, "metal", solid=False)
        for z in (middle - 0.8 * long, middle + 0.8 * long)
    )
    if variant != 2:
        return (slab, grip, *ends)
    bulge = superellipsoid((0.03, half, (high - low) / 2), 0.25, 0.25, 20, 9)
    puffed = Part("mesh", pos=(x1, 0, middle), rgb=rgb, material=material, mesh=bulge)
    return (slab, puffed, grip, *ends)


@shape("Microwave")
def microwave(variant: int, rng: np.random.Generator) -> Shape:
    """Oven with a glass door that is hinged on the left and a panel on the right."""
    width, depth, height = ((0.50, 0.38, 0.30), (0.52, 0.40, 0.31), (0.46, 0.36, 0.28), (0.54, 0.40, 0.32))[variant]
    rgb: Vec3 = ((0.90, 0.90, 0.89), (0.16, 0.16, 0.17), (0.62, 0.16, 0.14), _STEEL)[variant]
    material: Material = "metal" if variant == 3 else "plain"
    half, x0, x1 = width / 2, -depth / 2, depth / 2
    face, wall, foot, panel = x1 - 0.02, 0.02, 0.012, 0.27 * width
    split = half - panel
    feet = tuple(
        Part("cylinder", (0.014, foot / 2, 0), (x, y, foot / 2), rgb=_DARK)
        for x in (x0 + 0.05, face - 0.05)
        for y in (-half + 0.05, half - 0.05)
    )
    buttons = tuple(
        Part("cylinder", (0.017, 0.004, 0), (x1 + 0.002, split + panel / 2, z), axis_quat("y", 90), _STEEL, solid=False)
        for z in ((0.35 * height, 0.58 * height) if variant % 2 else (0.42 * height,))
    )
    parts = (
        *feet,
        box((x0, -half, foot), (face, half, foot + wall), rgb, material),
        box((x0, -half, height - wall), (face, half, height), rgb, material),
        box((x0, -half, foot + wall), (x0 + wall, half, height - wall), rgb, material),
        box((x0 + wall, -half, foot + wall), (face, -half + wall, height - wall), rgb, material),
        box((x0 + wall, split, foot + wall), (face, half, height - wall), rgb, material),
        box((face, split + 0.002, foot), (x1, half, height), _DARK if variant != 0 else tint(rgb, 0.85)),
        box((x1, split + 0.02, 0.76 * height), (x1 + 0.002, half - 0.02, 0.88 * height), _SCREEN, "glow", solid=False),
        Part("cylinder", (0.11, 0.004, 0), (-0.01, (split - half) / 2, foot + wall), rgb=_LINER, solid=False),
        *buttons,
    )
    door = (
        box((face, -half, foot), (x1, split, height), rgb, material),
        box(
            (x1, -half + 0.04, foot + 0.045), (x1 + 0.003, split - 0.05, height - 0.045), (0.05, 0.05, 0.06), "glass",
            solid=False,
        ),
        box((x1 + 0.012, split - 0.035, 0.2 * height), (x1 + 0.024, split - 0.02, 0.85 * height), _STEEL, solid=False),
    )  # fmt: skip
    room = Region(
        (x0 + wall + 0.005, -half + wall + 0.005, foot + wall),
        (face - 0.005, split - 0.005, height - wall - 0.005),
        enclosed=True,
    )
    hinge = Joint("hinge", (0.0, 0.0, -1.0), (x1, -half, 0.0), pi / 2)
    return Shape("Microwave", parts, door, hinge, (room,), mass_kg=12.0)


@shape("Toaster")
def toaster(variant: int, rng: np.random.Generator) -> Shape:
    """Two slots in a steel, red, cream or black body; slices lie across the slots."""
    width, depth, height = ((0.28, 0.17, 0.19), (0.28, 0.18, 0.20), (0.27, 0.18, 0.19), (0.36, 0.16, 0.20))[variant]
    rgb: Vec3 = (_STEEL, (0.72, 0.14, 0.13), (0.88, 0.83, 0.70), (0.14, 0.14, 0.15))[variant]
    half, deep = width / 2, depth / 2
    if variant in (1, 2):
        body = Part(
            "mesh", pos=(0, 0, height / 2), rgb=rgb, mesh=superellipsoid((deep, half, height / 2), 0.3, 0.35, 20, 9)
        )
        core = box((-0.9 * deep, -0.92 * half, 0), (0.9 * deep, 0.92 * half, height - 0.002), rgb, visible=False)
        shell: tuple[Part, ...] = (body, core)
    else:
        ends = tuple(
            box((-deep, side * half - 0.012, 0), (deep, side * half + 0.012, height - 0.01), _DARK) for side in (-1, 1)
        )
        shell = (box((-deep + 0.01, -half, 0.015), (deep - 0.01, half, height - 0.001), rgb, "metal"), *ends)
    slots = tuple(
        box((x - 0.014, -0.7 * half, height - 0.004), (x + 0.014, 0.7 * half, height), _LAMP, "glow", solid=False)
        for x in (-0.032, 0.032)
    )
    lever = box((-0.015, half, 0.1), (0.015, half + 0.03, 0.115), _DARK, solid=False)
    dial = Part("cylinder", (0.016, 0.006, 0), (deep, 0.5 * half, 0.06), axis_quat("y", 90), _DARK, solid=False)
    room = Region((-0.85 * deep, -0.85 * half, height - 0.001), (0.85 * deep, 0.85 * half, height + 0.3))
    return Shape("Toaster", (*shell, *slots, lever, dial), regions=(room,), mass_kg=1.8)


@shape("CoffeeMachine")
def coffee_machine(variant: int, rng: np.random.Generator) -> Shape:
    """Column with a head that overhangs the place for a cup: drip, espresso, capsule and office machine."""
    width, height = ((0.20, 0.36), (0.28, 0.34), (0.16, 0.30), (0.30, 0.40))[variant]
    rgb: Vec3 = ((0.13, 0.13, 0.14), _STEEL, (0.74, 0.16, 0.15), (0.86, 0.85, 0.82))[variant]
    material: Material = "metal" if variant == 1 else "plain"
    half, x0, x1, split = width / 2, -0.17, 0.17, -0.03
    tray, head = 0.03, height - (0.09 if variant != 3 else 0.14)
    parts: tuple[Part, ...] = (
        box((x0, -half, 0), (x1, half, tray), tint(rgb, 0.8), material),
        box((x0, -half, tray), (split, half, head), rgb, material),
        box((x0, -half, head), (0.12, half, height), rgb, material),
        box((split + 0.02, -0.8 * half, tray), (x1 - 0.01, 0.8 * half, tray + 0.001), _DARK, "metal", solid=False),
        Part("cylinder", (0.02, 0.02, 0), (0.05, 0, head - 0.02), rgb=_STEEL, material="metal"),
        box((0.12, 0.3 * half, head + 0.03), (0.123, 0.7 * half, head + 0.05), _LAMP, "glow", solid=False),
    )
    parts += _coffee_details(variant, half, head, height)
    room = Region((split + 0.01, -half + 0.01, tray), (x1 - 0.01, half - 0.01, head - 0.045))
    return Shape("CoffeeMachine", parts, regions=(room,), mass_kg=5.0)


def _coffee_details(variant: int, half: float, head: float, height: float) -> tuple[Part, ...]:
    turn = axis_quat("y", 90)
    if variant == 0:  # water tank with a scale
        return (box((-0.13, -half - 0.006, 0.1), (-0.06, -half, head), (0.55, 0.72, 0.80), "glass", solid=False),)
    if variant == 1:  # filter holder and a steam pipe
        return (
            Part("capsule", (0.012, 0.05, 0), (0.12, 0, head - 0.025), turn, _DARK, solid=False),
            Part(
                "cylinder", (0.006, 0.06, 0), (0.1, half - 0.02, head - 0.06), rgb=_STEEL, material="metal", solid=False
            ),
            Part("cylinder", (0.025, 0.004, 0), (0.122, -0.4 * half, head + 0.045), turn, _LINER, solid=False),
        )
    if variant == 2:  # lever and round water tank
        return (
            Part("capsule", (0.01, 0.05, 0), (0.03, 0, height + 0.008), turn, _STEEL, "metal", solid=False),
            Part("cylinder", (0.075, 0.1, 0), (-0.11, 0, 0.18), rgb=(0.55, 0.72, 0.80), material="glass", solid=False),
        )
    return (  # bean hopper and a screen
        box((-0.12, -0.7 * half, height), (0.04, 0.7 * half, height + 0.06), (0.30, 0.20, 0.13), "glass"),
        box((0.12, -0.7 * half, head + 0.03), (0.122, 0.1 * half, head + 0.11), _SCREEN, "glow", solid=False),
    )


@shape("GarbageCan")
def garbage_can(variant: int, rng: np.random.Generator) -> Shape:
    """Open bin: round steel, square plastic, wire-look office bin and tall green one."""
    return (_round_bin, _square_bin, _round_bin, _square_bin)[variant](variant)


def _round_bin(variant: int) -> Shape:
    top, bottom, height = (0.17, 0.17, 0.48) if variant == 0 else (0.19, 0.14, 0.36)
    rgb: Vec3 = _STEEL if variant == 0 else (0.20, 0.30, 0.52)
    thick = 0.008
    shell = lathe([(0, 0), (bottom, 0), (top, height), (top - thick, height), (bottom - thick, 0.016), (0, 0.016)], 24)
    ring = lathe(
        [(top, height - 0.03), (top + 0.008, height - 0.03), (top + 0.008, height + 0.002), (top, height + 0.002)], 24
    )
    sides = 8
    middle = (top + bottom) / 2
    walls = tuple(
        Part(
            "box",
            (0.006, middle * 0.42, height / 2),
            (middle * cos(a), middle * sin(a), height / 2),
            axis_quat("z", 360 * k / sides),
            visible=False,
        )
        for k, a in enumerate(2 * pi * k / sides for k in range(sides))
    )
    parts = (
        Part("mesh", rgb=rgb, material="metal" if variant == 0 else "plain", mesh=shell),
        Part("mesh", rgb=_DARK, mesh=ring),
        Part("cylinder", (bottom, 0.008, 0), (0, 0, 0.008), visible=False),
        *walls,
    )
    reach = 0.62 * bottom
    room = Region((-reach, -reach, 0.016), (reach, reach, height + 0.4))
    return Shape("GarbageCan", parts, regions=(room,), mass_kg=2.0)


def _square_bin(variant: int) -> Shape:
    half, height = (0.16, 0.42) if variant == 1 else (0.19, 0.62)
    rgb: Vec3 = (0.30, 0.30, 0.32) if variant == 1 else (0.25, 0.45, 0.30)
    hole = (-half + 0.012, -half + 0.012, half - 0.012, half - 0.012)
    collar = rim(
        ((-half - 0.01, -half - 0.01, height - 0.04), (half + 0.01, half + 0.01, height)), hole, tint(rgb, 0.75)
    )
    parts: tuple[Part, ...] = (
        box((-half, -half, 0), (half, half, 0.016), rgb),
        *rim(((-half, -half, 0.016), (half, half, height - 0.04)), hole, rgb),
        *collar,
    )
    if variant == 1:  # pedal
        parts += (box((half, -0.05, 0.01), (half + 0.05, 0.05, 0.022), _STEEL, "metal", solid=False),)
    else:  # wheels
        parts += tuple(
            Part("cylinder", (0.05, 0.02, 0), (-half, y, 0.05), axis_quat("x", 90), _DARK, solid=False)
            for y in (-half + 0.03, half - 0.03)
        )
    room = Region((hole[0] + 0.01, hole[1] + 0.01, 0.016), (hole[2] - 0.01, hole[3] - 0.01, height + 0.4))
    return Shape("GarbageCan", parts, regions=(room,), mass_kg=2.5)
