"""Doors, drawers and the styles they share, so that the cupboards of one kitchen match."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

from engram.sims.house.geometry import Joint, Material, Part, Region, Shape, Vec3, axis_quat

STYLES = 4
FRONT_M = 0.02  # thickness of doors and drawer fronts
BOARD_M = 0.016
_GAP_M = 0.003  # between a front and its neighbours
_RIM_M = 0.06  # frame of a panelled front


@dataclass(frozen=True)
class Palette:
    """Colours and details of one style."""

    front: Vec3
    carcass: Vec3
    top: Vec3
    handle: Vec3
    front_material: Material
    top_material: Material
    panelled: bool = False
    knob: bool = False


_PALETTES = (
    Palette((0.90, 0.89, 0.85), (0.84, 0.83, 0.79), (0.42, 0.27, 0.16), (0.25, 0.24, 0.2), "plain", "wood", True, True),
    Palette((0.66, 0.47, 0.29), (0.58, 0.42, 0.27), (0.86, 0.84, 0.79), (0.72, 0.72, 0.74), "wood", "plain"),
    Palette((0.24, 0.36, 0.42), (0.70, 0.68, 0.63), (0.93, 0.93, 0.92), (0.74, 0.60, 0.33), "plain", "plain", True),
    Palette(
        (0.53, 0.60, 0.47), (0.76, 0.74, 0.68), (0.20, 0.20, 0.22), (0.80, 0.80, 0.82), "plain", "plain", knob=True
    ),
)


def palette(style: int) -> Palette:
    """Return the palette of a style in [0, 4); other numbers wrap around."""
    return _PALETTES[style % STYLES]


def box(
    lo: Vec3, hi: Vec3, rgb: Vec3, material: Material = "plain", *, solid: bool = True, visible: bool = True
) -> Part:
    """Box between two corners."""
    (x0, y0, z0), (x1, y1, z1) = lo, hi
    half = ((x1 - x0) / 2, (y1 - y0) / 2, (z1 - z0) / 2)
    centre = ((x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2)
    return Part("box", half, centre, rgb=rgb, material=material, solid=solid, visible=visible)


def tint(rgb: Vec3, factor: float) -> Vec3:
    """Return a colour made lighter or darker, within [0, 1]."""
    r, g, b = (min(1.0, c * factor) for c in rgb)
    return (r, g, b)


def front(x_m: float, y_m: tuple[float, float], z_m: tuple[float, float], style: int, pull: Vec3) -> tuple[Part, ...]:
    """Front of a door or drawer whose outer face lies at ``x_m``, and its handle.

    ``pull`` is (y, z, length) of the handle; a negative length makes it upright.
    """
    p = palette(style)
    (y0, y1), (z0, z1) = y_m, z_m
    parts = [box((x_m - FRONT_M, y0, z0), (x_m, y1, z1), p.front, p.front_material)]
    if p.panelled and min(y1 - y0, z1 - z0) > 3 * _RIM_M:
        lo, hi = (x_m, y0 + _RIM_M, z0 + _RIM_M), (x_m + 0.005, y1 - _RIM_M, z1 - _RIM_M)
        parts.append(box(lo, hi, tint(p.front, 0.9), p.front_material, solid=False))
    y, z, length = pull
    if p.knob:
        turn = axis_quat("y", 90)
        parts.append(Part("cylinder", (0.014, 0.014, 0), (x_m + 0.014, y, z), turn, p.handle, "metal", solid=False))
    else:
        half = (0.008, 0.007, -length / 2) if length < 0 else (0.008, length / 2, 0.007)
        parts.append(Part("box", half, (x_m + 0.018, y, z), rgb=p.handle, material="metal", solid=False))
    return tuple(parts)


def cabinet_shape(
    width_m: float, depth_m: float, height_m: float, style: int, hinge_left: bool, *, carcass: bool = True
) -> Shape:
    """Cupboard with one door; x = 0 is its back, y = 0 its middle, z = 0 its underside.

    ``hinge_left`` is as seen by someone in front of it. Without ``carcass`` only the back, the floor and the door are
    made, for a cupboard within another piece of furniture.
    """
    p = palette(style)
    half, inner = width_m / 2, depth_m - FRONT_M
    parts = [
        box((0, -half, 0), (inner, half, BOARD_M), p.carcass),
        box((0, -half, BOARD_M), (0.01, half, height_m - BOARD_M), tint(p.carcass, 0.9)),
    ]
    if carcass:
        parts += [
            box((0, -half, height_m - BOARD_M), (inner, half, height_m), p.carcass),
            box((0, -half, BOARD_M), (inner, -half + BOARD_M, height_m - BOARD_M), p.carcass),
            box((0, half - BOARD_M, BOARD_M), (inner, half, height_m - BOARD_M), p.carcass),
        ]
    side = -1.0 if hinge_left else 1.0
    handle_z = height_m * (0.2 if carcass else 0.8)  # hung on a wall the lower end is nearer to a hand
    door = front(
        depth_m,
        (-half + _GAP_M, half - _GAP_M),
        (_GAP_M, height_m - _GAP_M),
        style,
        (-side * (half - 0.035), handle_z, -0.14),
    )
    room = Region(
        (0.015, -half + BOARD_M + 0.01, BOARD_M),
        (inner - 0.01, half - BOARD_M - 0.01, height_m - BOARD_M),
        enclosed=True,
    )
    return Shape(
        category="Cabinet",
        parts=tuple(parts),
        moving=door,
        joint=Joint("hinge", (0.0, 0.0, side), (depth_m, side * half, 0.0), pi / 2),
        regions=(room,),
        mass_kg=12.0,
    )


def drawer_shape(width_m: float, depth_m: float, height_m: float, style: int, *, z_m: float = 0.0) -> Shape:
    """Drawer without the furniture around it, at ``z_m`` above the origin; it slides along +x."""
    p = palette(style)
    half, x0, x1 = width_m / 2, -depth_m / 2, depth_m / 2
    side, wall = half - 0.02, 0.012
    low, high = z_m + 0.012, z_m + height_m - 0.02
    floor, inner = low + wall, x1 - FRONT_M
    tray = tint(p.carcass, 1.05)
    moving = (
        *front(
            x1, (-half + _GAP_M, half - _GAP_M), (z_m + _GAP_M, z_m + height_m - _GAP_M), style,
            (0.0, z_m + 0.6 * height_m, min(0.16, width_m / 2)),
        ),
        box((x0, -side, low), (inner, side, floor), tray),
        box((x0, -side, floor), (inner, -side + wall, high), tray),
        box((x0, side - wall, floor), (inner, side, high), tray),
        box((x0, -side + wall, floor), (x0 + wall, side - wall, high), tray),
    )  # fmt: skip
    inside = Region(
        (x0 + wall + 0.005, -side + wall + 0.005, floor),
        (inner - 0.005, side - wall - 0.005, z_m + height_m - 0.005),
        enclosed=True,
        moving=True,
    )
    return Shape(
        category="Drawer",
        parts=(),
        moving=moving,
        joint=Joint("slide", (1.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.75 * depth_m),
        regions=(inside,),
        mass_kg=4.0,
    )


def chest_shape(width_m: float, depth_m: float, height_m: float, style: int) -> Shape:
    """Low chest with one drawer, on four feet."""
    p = palette(style)
    half, x0, x1 = width_m / 2, -depth_m / 2, depth_m / 2
    foot, top = 0.06, height_m - 0.02
    drawer = drawer_shape(width_m - 2 * BOARD_M, depth_m, top - foot - BOARD_M, style, z_m=foot + BOARD_M)
    feet = tuple(
        Part("box", (0.02, 0.02, foot / 2), (x, y, foot / 2), rgb=tint(p.top, 0.8), material=p.top_material)
        for x in (x0 + 0.03, x1 - 0.03)
        for y in (-half + 0.03, half - 0.03)
    )
    body = (
        box((x0, -half, top), (x1, half, height_m), p.top, p.top_material),
        box((x0, -half, foot), (x1 - FRONT_M, half, foot + BOARD_M), p.carcass),
        box((x0, -half, foot + BOARD_M), (x1 - FRONT_M, -half + BOARD_M, top), p.front, p.front_material),
        box((x0, half - BOARD_M, foot + BOARD_M), (x1 - FRONT_M, half, top), p.front, p.front_material),
    )
    return Shape("Drawer", (*feet, *body), drawer.moving, drawer.joint, drawer.regions, mass_kg=15.0)
