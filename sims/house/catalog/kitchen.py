"""Cupboards and worktops of a kitchen: CounterTop in five kinds, wall Cabinet, Drawer chest and the stove's parts."""

from __future__ import annotations

import numpy as np

from engram.sims.house.catalog.registry import shape
from engram.sims.house.catalog.storage import (
    BOARD_M,
    FRONT_M,
    STYLES,
    box,
    cabinet_shape,
    chest_shape,
    drawer_shape,
    palette,
    tint,
)
from engram.sims.house.geometry import Child, Part, Region, Shape, Vec3, axis_quat

TOP_M = 0.90
SLAB_M = 0.04
KICK_M = 0.10
_OVER_TOP_M = 0.5  # free height above a worktop, below the wall cabinets
_STOVE_RGB = ((0.92, 0.92, 0.91), (0.62, 0.63, 0.65), (0.16, 0.16, 0.17), (0.78, 0.76, 0.68))


def carcass(width_m: float, back_m: float, face_m: float, top_m: float, style: int) -> tuple[Part, ...]:
    """Sides and kickboard of a floor unit from ``back_m`` to ``face_m`` (x), without its worktop."""
    p = palette(style)
    half, inner = width_m / 2, face_m - FRONT_M
    return (
        box((back_m, -half + 0.01, 0), (inner - 0.05, half - 0.01, KICK_M), tint(p.carcass, 0.5)),
        box((back_m, -half, KICK_M), (inner, -half + BOARD_M, top_m), p.front, p.front_material),
        box((back_m, half - BOARD_M, KICK_M), (inner, half, top_m), p.front, p.front_material),
    )


def cupboards(
    width_m: float, back_m: float, face_m: float, z_m: tuple[float, float], style: int
) -> tuple[tuple[Part, ...], tuple[Child, ...]]:
    """Two cabinets side by side, hinged at their outer sides, and the board between them."""
    p, depth, height = palette(style), face_m - back_m, z_m[1] - z_m[0]
    divider = box((back_m, -BOARD_M / 2, z_m[0]), (face_m - FRONT_M, BOARD_M / 2, z_m[1]), p.carcass)
    pair = tuple(
        Child(
            cabinet_shape(width_m / 2, depth, height, style, hinge_left=side < 0, carcass=False),
            (back_m, side * width_m / 4, z_m[0]),
        )
        for side in (-1, 1)
    )
    return (divider,), pair


@shape("CounterTop", variants=5 * STYLES)
def counter_top(variant: int, rng: np.random.Generator) -> Shape:
    """Worktop on drawers, on cupboards, on both, a stove, or an island; ``variant`` is 4 * kind + style."""
    kind, style = divmod(variant, STYLES)
    return (_drawer_unit, _cupboard_unit, _long_unit, _stove, _island)[kind](style)


def _unit(
    width_m: float, style: int, parts: tuple[Part, ...], children: tuple[Child, ...], x_m: tuple[float, float]
) -> Shape:
    """Add the worktop from x_m[0] to x_m[1] and the region on it."""
    p, half = palette(style), width_m / 2
    slab = box((x_m[0], -half, TOP_M - SLAB_M), (x_m[1], half, TOP_M), p.top, p.top_material)
    return Shape(
        "CounterTop",
        (slab, *parts),
        regions=(_on_top(x_m, half),),
        mass_kg=60.0,
        children=children,
    )


def _on_top(x_m: tuple[float, float], half_m: float) -> Region:
    lo = (x_m[0] + 0.02, -half_m + 0.02, TOP_M)
    return Region(lo, (x_m[1] - 0.02, half_m - 0.02, TOP_M + _OVER_TOP_M))


def _drawer_unit(style: int) -> Shape:
    heights = (0.18, 0.26, 0.32) if style % 2 else (0.16, 0.19, 0.19, 0.22)
    children, top = [], TOP_M - SLAB_M
    for height in heights:
        top -= height
        children.append(Child(drawer_shape(0.6, 0.56, height, style), (0.0, 0.0, top)))
    p = palette(style)
    back = box((-0.3, -0.3 + BOARD_M, KICK_M), (-0.29, 0.3 - BOARD_M, TOP_M - SLAB_M), p.carcass)
    floor = box((-0.29, -0.3 + BOARD_M, KICK_M - BOARD_M), (0.26, 0.3 - BOARD_M, KICK_M), p.carcass)
    parts = (*carcass(0.6, -0.3, 0.28, TOP_M - SLAB_M, style), back, floor)
    return _unit(0.6, style, parts, tuple(children), (-0.3, 0.3))


def _cupboard_unit(style: int) -> Shape:
    divider, pair = cupboards(0.8, -0.3, 0.28, (KICK_M, TOP_M - SLAB_M), style)
    parts = (*carcass(0.8, -0.3, 0.28, TOP_M - SLAB_M, style), *divider)
    return _unit(0.8, style, parts, pair, (-0.3, 0.3))


def _long_unit(style: int) -> Shape:
    p, split = palette(style), TOP_M - SLAB_M - 0.17
    divider, pair = cupboards(1.2, -0.3, 0.28, (KICK_M, split), style)
    drawers = tuple(Child(drawer_shape(0.6, 0.56, 0.17, style), (0.0, y, split)) for y in (-0.3, 0.3))
    shelf = box((-0.3, -0.6 + BOARD_M, split - BOARD_M), (0.26, 0.6 - BOARD_M, split), p.carcass)
    parts = (*carcass(1.2, -0.3, 0.28, TOP_M - SLAB_M, style), *divider, shelf)
    return _unit(1.2, style, parts, (*drawers, *pair), (-0.3, 0.3))


def _island(style: int) -> Shape:
    p = palette(style)
    divider, pair = cupboards(1.36, -0.2, 0.38, (KICK_M, TOP_M - SLAB_M), style)
    back = box((-0.22, -0.68, 0.0), (-0.2, 0.68, TOP_M - SLAB_M), p.front, p.front_material)
    panels = tuple(
        box((-0.226, y - 0.27, 0.18), (-0.22, y + 0.27, 0.78), tint(p.front, 0.9), p.front_material, solid=False)
        for y in (-0.34, 0.34)
    )
    parts = (*carcass(1.36, -0.2, 0.38, TOP_M - SLAB_M, style), *divider, back, *panels)
    return _unit(1.4, style, parts, pair, (-0.4, 0.4))


def _stove(style: int) -> Shape:
    rgb = _STOVE_RGB[style]
    dark, steel = (0.06, 0.06, 0.07), (0.75, 0.75, 0.77)
    panel = tint(rgb, 0.75) if style != 2 else (0.3, 0.3, 0.32)
    parts = (
        box((-0.3, -0.3, TOP_M - 0.015), (0.3, 0.3, TOP_M), dark, "glass"),
        box((-0.3, -0.3, 0.06), (0.28, 0.3, TOP_M - 0.015), rgb),
        box((-0.28, -0.28, 0.0), (0.22, 0.28, 0.06), (0.1, 0.1, 0.1)),
        box((0.28, -0.3, 0.76), (0.295, 0.3, TOP_M - 0.015), panel, "metal"),
        box((0.28, -0.29, 0.24), (0.295, 0.29, 0.74), tint(rgb, 0.92)),
        box((0.295, -0.21, 0.34), (0.299, 0.21, 0.62), dark, "glass", solid=False),
        box((0.28, -0.29, 0.07), (0.295, 0.29, 0.22), tint(rgb, 0.92)),
        box((0.315, -0.24, 0.67), (0.33, 0.24, 0.69), steel, "metal", solid=False),
        *(box((0.295, y - 0.01, 0.672), (0.32, y + 0.01, 0.688), steel, "metal", solid=False) for y in (-0.2, 0.2)),
    )
    places = ((0.15, -0.15), (-0.15, -0.15), (-0.15, 0.15), (0.15, 0.15))
    burners = tuple(Child(burner(style, large=k % 2 == 0), (x, y, TOP_M)) for k, (x, y) in enumerate(places))
    knobs = tuple(Child(knob(style), (0.295, y, 0.80)) for y in (-0.21, -0.07, 0.07, 0.21))
    strip = Region((-0.004, -0.29, TOP_M), (0.004, 0.29, TOP_M + _OVER_TOP_M))  # between the burners'
    return Shape("CounterTop", parts, regions=(strip,), mass_kg=50.0, children=(*burners, *knobs))


def burner(style: int, *, large: bool) -> Shape:
    """One ring of a stove, its support 15 mm above the hob."""
    r, high = 0.10 if large else 0.085, 0.015
    iron, hot = (0.17, 0.17, 0.18), (0.35, 0.13, 0.10)
    if style % 2:  # gas: a cap below a grate
        bars = tuple(
            Part("box", (r, 0.006, 0.004), (0, 0, high - 0.004), axis_quat("z", turn), iron, "metal")
            for turn in (45, 135)
        )
        parts = (
            Part("cylinder", (0.45 * r, 0.005, 0), (0, 0, 0.005), rgb=hot, material="glow", solid=False),
            *bars,
            *(
                Part("box", (0.006, 0.006, high / 2), (x, y, high / 2), rgb=iron, material="metal", solid=False)
                for x in (-0.7 * r, 0.7 * r)
                for y in (-0.7 * r, 0.7 * r)
            ),
            Part("cylinder", (r, 0.0075, 0), (0, 0, high - 0.0075), visible=False),
        )
    else:  # iron plate with a hot ring
        parts = (
            Part("cylinder", (r, high / 2 - 0.0005, 0), (0, 0, high / 2 - 0.0005), rgb=hot, material="glow"),
            Part("cylinder", (0.8 * r, high / 2, 0), (0, 0, high / 2), rgb=iron, material="metal"),
            Part("cylinder", (0.25 * r, 0.001, 0), (0, 0, high), rgb=(0.5, 0.5, 0.52), material="metal", solid=False),
        )
    half = 0.14
    return Shape("StoveBurner", parts, regions=(Region((-half, -half, high), (half, half, high + 0.45)),), mass_kg=1.0)


def knob(style: int) -> Shape:
    """Turning knob that sticks out along +x from its back plane x = 0; z = 0 is its lowest point."""
    r = 0.022
    rgb: Vec3 = ((0.2, 0.2, 0.22), (0.12, 0.12, 0.12), (0.8, 0.8, 0.82), (0.45, 0.1, 0.1))[style]
    turn = axis_quat("y", 90)
    grip: tuple[Part, ...] = (
        Part("cylinder", (r, 0.004, 0), (0.004, 0, r), turn, tint(rgb, 0.8), "metal", solid=False),
        Part("cylinder", (0.75 * r, 0.012, 0), (0.016, 0, r), turn, rgb),
    )
    if style % 2:
        grip = (*grip[:1], box((0.008, -0.006, 0.002), (0.03, 0.006, 2 * r - 0.002), rgb))
    mark = box((0.028, -0.002, r), (0.031, 0.002, 2 * r - 0.004), (0.75, 0.2, 0.15), "glow", solid=False)
    return Shape("StoveKnob", (*grip, mark), mass_kg=0.05)


@shape("StoveBurner")
def stove_burner(variant: int, rng: np.random.Generator) -> Shape:
    """Single ring: iron plates and gas grates in two sizes."""
    return burner(variant, large=variant < 2)


@shape("StoveKnob")
def stove_knob(variant: int, rng: np.random.Generator) -> Shape:
    """Round knobs and bar knobs."""
    return knob(variant)


@shape("Cabinet", variants=2 * STYLES)
def cabinet(variant: int, rng: np.random.Generator) -> Shape:
    """Wall cabinet, back at x = 0: ``variant`` is 4 * kind + style, kind 0 is 0.6 m wide and kind 1 is 0.8 m."""
    kind, style = divmod(variant, STYLES)
    return cabinet_shape((0.6, 0.8)[kind], 0.35, 0.65, style, hinge_left=style % 2 == 0)


@shape("Drawer")
def drawer(variant: int, rng: np.random.Generator) -> Shape:
    """Low chest with one drawer."""
    width, depth, height = ((0.6, 0.45, 0.32), (0.5, 0.42, 0.4), (0.7, 0.45, 0.3), (0.55, 0.4, 0.36))[variant]
    return chest_shape(width, depth, height, variant)
