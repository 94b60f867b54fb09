"""Sink, SinkBasin and Faucet: hollow basins of boxes under a rim with a hole, and taps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engram.sims.house.catalog.kitchen import KICK_M, SLAB_M, TOP_M, carcass, cupboards
from engram.sims.house.catalog.registry import shape
from engram.sims.house.catalog.storage import (
    BOARD_M,
    FRONT_M,
    STYLES,
    box,
    cabinet_shape,
    drawer_shape,
    palette,
    tint,
)
from engram.sims.house.geometry import Child, Material, Mesh, Part, Region, Shape, Vec3, lathe, sweep

WALL_M = 0.012
PORCELAIN: Vec3 = (0.94, 0.94, 0.92)
_STEEL: Vec3 = (0.66, 0.68, 0.70)
_CHROME: Vec3 = (0.78, 0.79, 0.81)
_BASINS: tuple[tuple[Vec3, Material], ...] = (
    (_STEEL, "metal"),
    (PORCELAIN, "plain"),
    ((0.30, 0.31, 0.33), "plain"),
    ((0.72, 0.60, 0.44), "metal"),
)
_TAPS: tuple[Vec3, ...] = (_CHROME, (0.16, 0.16, 0.17), (0.76, 0.60, 0.30), (0.60, 0.61, 0.63))


def stretched(mesh: Mesh, scale: Vec3, shift: Vec3 = (0.0, 0.0, 0.0)) -> Mesh:
    """Scale a mesh along its axes, then move it; positive scales keep its faces outward."""
    return Mesh((mesh.vertices * scale + shift).astype(np.float32), mesh.faces)


def rim(
    outer: tuple[Vec3, Vec3], hole: tuple[float, float, float, float], rgb: Vec3, material: Material = "plain"
) -> tuple[Part, ...]:
    """Four boxes that fill ``outer`` (lo, hi) but for an upright hole (x0, y0, x1, y1)."""
    (ox0, oy0, z0), (ox1, oy1, z1) = outer
    x0, y0, x1, y1 = hole
    return (
        box((ox0, oy0, z0), (x0, oy1, z1), rgb, material),
        box((x1, oy0, z0), (ox1, oy1, z1), rgb, material),
        box((x0, oy0, z0), (x1, y0, z1), rgb, material),
        box((x0, y1, z0), (x1, oy1, z1), rgb, material),
    )


def basin(
    category: str, size_m: Vec3, rgb: Vec3, material: Material = "plain", *, over_m: float = 0.35, visible: bool = True
) -> Shape:
    """Open tub of inner size (x, y) and outer height ``size_m``; underside at z = 0, ``over_m`` free above it."""
    x, y, top = size_m[0] / 2, size_m[1] / 2, size_m[2]
    floor = box((-x, -y, 0), (x, y, WALL_M), tint(rgb, 0.95), material, visible=visible)
    hole = (-x, -y, x, y)
    outer = ((-x - WALL_M, -y - WALL_M, 0.0), (x + WALL_M, y + WALL_M, top - 0.004))  # lower than the top around it
    walls = rim(outer, hole, tint(rgb, 0.9), material)
    drain = Part("cylinder", (0.025, 0.001, 0), (0, 0, WALL_M), rgb=(0.35, 0.35, 0.36), material="metal", solid=False)
    parts = (floor, *(replace(wall, visible=visible) for wall in walls), drain)
    room = Region((-x + 0.01, -y + 0.01, WALL_M), (x - 0.01, y - 0.01, top + over_m))
    return Shape(category, parts, regions=(room,), mass_kg=6.0)


@shape("SinkBasin")
def sink_basin(variant: int, rng: np.random.Generator) -> Shape:
    """Basin on its own: steel, white, dark and bronze."""
    size = ((0.36, 0.46, 0.18), (0.34, 0.42, 0.16), (0.40, 0.50, 0.2), (0.36, 0.36, 0.17))[variant]
    return basin("SinkBasin", size, *_BASINS[variant])


@shape("Faucet")
def faucet(variant: int, rng: np.random.Generator) -> Shape:
    """Tap whose spout reaches along +x: gooseneck, square, two-handled and low."""
    return (_gooseneck, _square_tap, _two_handled, _low_tap)[variant](_TAPS[variant])


def _outlet(x: float, z: float, rgb: Vec3) -> Part:
    """Ring at the end of the spout, the part that lights while water runs."""
    return Part("cylinder", (0.013, 0.006, 0), (x, 0, z), rgb=tint(rgb, 0.8), material="glow", solid=False)


def _gooseneck(rgb: Vec3) -> Shape:
    angle = np.linspace(np.pi, 0.0, 8)
    arc = [(0.075 + 0.075 * float(np.cos(a)), 0.0, 0.25 + 0.075 * float(np.sin(a))) for a in angle]
    pipe = sweep([(0, 0, 0.03), (0, 0, 0.24), *arc, (0.15, 0, 0.2)], 0.011)
    return _tap(
        Part("mesh", mesh=pipe, rgb=rgb, material="metal"),
        Part("cylinder", (0.012, 0.15, 0), (0, 0, 0.15), visible=False),
        Part("cylinder", (0.027, 0.02, 0), (0, 0, 0.02), rgb=rgb, material="metal"),
        Part("box", (0.007, 0.03, 0.007), (0, 0.045, 0.055), rgb=rgb, material="metal", solid=False),
        _outlet(0.15, 0.2, rgb),
    )


def _square_tap(rgb: Vec3) -> Shape:
    return _tap(
        box((-0.018, -0.018, 0), (0.018, 0.018, 0.2), rgb, "metal"),
        box((0.018, -0.015, 0.17), (0.15, 0.015, 0.192), rgb, "metal"),
        box((-0.012, -0.01, 0.2), (0.06, 0.01, 0.212), tint(rgb, 1.4), "metal", solid=False),
        _outlet(0.133, 0.166, rgb),
    )


def _two_handled(rgb: Vec3) -> Shape:
    spout = sweep([(0, 0, 0.02), (0, 0, 0.12), (0.03, 0, 0.16), (0.08, 0, 0.17), (0.13, 0, 0.12)], 0.012)
    handles = []
    for y in (-0.09, 0.09):
        handles += [
            Part("cylinder", (0.018, 0.022, 0), (0, y, 0.022), rgb=rgb, material="metal"),
            Part("box", (0.032, 0.007, 0.006), (0, y, 0.05), rgb=rgb, material="metal", solid=False),
        ]
    return _tap(
        Part("mesh", mesh=spout, rgb=rgb, material="metal"),
        Part("cylinder", (0.013, 0.08, 0), (0, 0, 0.08), visible=False),
        *handles,
        _outlet(0.13, 0.12, rgb),
    )


def _low_tap(rgb: Vec3) -> Shape:
    spout = sweep([(0, 0, 0.06), (0.06, 0, 0.095), (0.12, 0, 0.09), (0.135, 0, 0.07)], [0.02, 0.016, 0.013, 0.012])
    lever = sweep([(0, 0, 0.09), (0.01, 0, 0.125), (0.07, 0, 0.15)], [0.02, 0.012, 0.007])
    return _tap(
        Part("cylinder", (0.024, 0.05, 0), (0, 0, 0.05), rgb=rgb, material="metal"),
        Part("mesh", mesh=spout, rgb=rgb, material="metal"),
        Part("mesh", mesh=lever, rgb=rgb, material="metal"),
        _outlet(0.135, 0.068, rgb),
    )


def _tap(*parts: Part) -> Shape:
    return Shape("Faucet", parts, mass_kg=1.5)


@shape("Sink", variants=3 * STYLES)
def sink(variant: int, rng: np.random.Generator) -> Shape:
    """Kitchen sink unit, vanity or pedestal basin; ``variant`` is 4 * kind + style."""
    kind, style = divmod(variant, STYLES)
    return (_kitchen_sink, _vanity, _pedestal)[kind](style)


def _sides(
    top: tuple[Vec3, Vec3], hole: tuple[float, float, float, float], over_m: float = 0.5
) -> tuple[Region, Region]:
    """Regions to the left and right of a hole in a top."""
    (x0, y0, _), (x1, y1, z) = top
    left = Region((x0 + 0.02, y0 + 0.015, z), (x1 - 0.02, hole[1] - 0.005, z + over_m))
    return left, Region((x0 + 0.02, hole[3] + 0.005, z), (x1 - 0.02, y1 - 0.015, z + over_m))


def _kitchen_sink(style: int) -> Shape:
    p, deep, under = palette(style), 0.18, 0.58
    top = ((-0.3, -0.4, TOP_M - SLAB_M), (0.3, 0.4, TOP_M))
    hole = (-0.14, -0.23, 0.22, 0.23)
    rgb, material = _BASINS[(0, 1, 0, 2)[style]]
    tub = basin("SinkBasin", (hole[2] - hole[0], hole[3] - hole[1], deep), rgb, material)
    divider, pair = cupboards(0.8, -0.3, 0.28, (KICK_M, KICK_M + under), style)
    apron = box(
        (0.28 - FRONT_M, -0.397, KICK_M + under + 0.003), (0.28, 0.397, TOP_M - SLAB_M), p.front, p.front_material
    )
    lip = rim(
        ((hole[0] - 0.02, hole[1] - 0.02, TOP_M - 0.002), (hole[2] + 0.02, hole[3] + 0.02, TOP_M + 0.001)),
        hole, rgb, material,
    )  # fmt: skip
    parts = (
        *rim(top, hole, p.top, p.top_material),
        *(replace(part, solid=False) for part in lip),
        *carcass(0.8, -0.3, 0.28, TOP_M - SLAB_M, style),
        *divider,
        apron,
    )
    tap = faucet((0, 2, 2, 1)[style], np.random.default_rng(style)) if style else _gooseneck(_CHROME)
    children = (Child(tub, (0.04, 0.0, TOP_M - deep)), Child(tap, (-0.22, 0.0, TOP_M)), *pair)
    return Shape("Sink", parts, regions=_sides(top, hole), mass_kg=50.0, children=children)


def _vanity(style: int) -> Shape:
    p, top_z, deep, under = palette(style), 0.85, 0.15, 0.54
    top = ((-0.25, -0.4, top_z - 0.03), (0.25, 0.4, top_z))
    hole = (-0.1, -0.2, 0.2, 0.2)
    tub = basin("SinkBasin", (hole[2] - hole[0], hole[3] - hole[1], deep), PORCELAIN)
    face = 0.23
    apron = box(
        (face - FRONT_M, -0.397, KICK_M + under + 0.003), (face, 0.397, top_z - 0.03), p.front, p.front_material
    )
    split = 0.04
    divider = box(
        (-0.25, split - BOARD_M / 2, KICK_M), (face - FRONT_M, split + BOARD_M / 2, KICK_M + under), p.carcass
    )
    parts = (
        *rim(top, hole, p.top, p.top_material),
        *carcass(0.8, -0.25, face, top_z - 0.03, style),
        apron,
        divider,
    )
    cabinet = cabinet_shape(0.4 + split, face + 0.25, under, style, hinge_left=True, carcass=False)
    drawer = drawer_shape(0.4 - split, face + 0.25, under / 2, style)
    side = (0.4 + split) / 2
    children = (
        Child(tub, (0.05, 0.0, top_z - deep)),
        Child(faucet((3, 2, 2, 1)[style], np.random.default_rng(style)), (-0.17, 0.0, top_z)),
        Child(cabinet, (-0.25, split - side, KICK_M)),
        *(Child(drawer, ((face - 0.25) / 2, side, KICK_M + k * under / 2)) for k in (0, 1)),
    )
    return Shape("Sink", parts, regions=_sides(top, hole), mass_kg=45.0, children=children)


def _pedestal(style: int) -> Shape:
    rgb = (PORCELAIN, (0.86, 0.82, 0.72), (0.74, 0.82, 0.82), (0.20, 0.21, 0.23))[style]
    top_z, deep = 0.85, 0.14
    low = top_z - deep - 0.03
    bowl = lathe([(0.45, low), (0.8, low + 0.06), (1.0, top_z - 0.02), (1.0, top_z), (0.9, top_z)], 28)
    inside = lathe([(0.9, deep), (0.8, 0.05), (0.5, WALL_M + 0.004), (0.0, WALL_M)], 28)
    across: Vec3 = (0.19, 0.275, 1.0)
    foot = lathe([(0.0, 0.0), (0.12, 0.0), (0.11, 0.03), (0.075, 0.15), (0.085, low + 0.02)], 16)
    hole = (-0.09, -0.16, 0.15, 0.16)
    solids = rim(((-0.15, -0.26, low + 0.02), (0.21, 0.26, top_z - 0.002)), hole, rgb)
    parts: tuple[Part, ...] = (
        Part("mesh", mesh=stretched(bowl, across, (0.035, 0, 0)), rgb=rgb, material="tile"),
        box((-0.225, -0.24, top_z - 0.09), (-0.115, 0.24, top_z), rgb, "tile"),
        *(replace(part, visible=False) for part in solids),
    )
    if style % 2 == 0:
        parts += (
            Part("mesh", mesh=stretched(foot, (1, 1, 1), (-0.02, 0, 0)), rgb=tint(rgb, 0.97), material="tile"),
            Part("cylinder", (0.09, low / 2, 0), (-0.02, 0, low / 2), visible=False),
        )
    else:
        legs = ((0.12, -0.17), (0.12, 0.17))
        parts += tuple(
            Part("cylinder", (0.016, (low + 0.05) / 2, 0), (x, y, (low + 0.05) / 2), rgb=_CHROME, material="metal")
            for x, y in legs
        )
        parts += (Part("cylinder", (0.02, 0.06, 0), (0.03, 0, low - 0.05), rgb=_CHROME, material="metal"),)
    tub = basin("SinkBasin", (hole[2] - hole[0], hole[3] - hole[1], deep), rgb, visible=False)
    skin = Part("mesh", mesh=stretched(inside, across), rgb=tint(rgb, 0.93), material="tile")
    tub = replace(tub, parts=(*tub.parts, skin))
    ledges = tuple(  # the tap stands between them
        Region((-0.22, y - 0.06, top_z), (-0.115, y + 0.06, top_z + 0.4)) for y in (-0.175, 0.175)
    )
    tap = faucet((3, 0, 2, 1)[style], np.random.default_rng(style))
    children = (Child(tub, (0.035, 0.0, top_z - deep)), Child(tap, (-0.16, 0.0, top_z)))
    return Shape("Sink", parts, regions=ledges, mass_kg=30.0, children=children)
