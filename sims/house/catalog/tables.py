"""Tables, desks, dressers and shelves."""

from __future__ import annotations

import numpy as np

from engram.sims.house.catalog.parts import trim
from engram.sims.house.catalog.registry import shape
from engram.sims.house.catalog.storage import box, drawer_shape, palette, tint
from engram.sims.house.geometry import Child, Material, Part, Region, Shape, Vec3

_OPEN_M = 0.7  # height of the place above a top
_EDGE_M = 0.02  # things keep this far from the edge of a top
_OAK: Vec3 = (0.66, 0.48, 0.31)
_WALNUT: Vec3 = (0.40, 0.27, 0.18)
_WHITE: Vec3 = (0.92, 0.91, 0.88)
_BLACK: Vec3 = (0.16, 0.16, 0.17)
_STEEL: Vec3 = (0.66, 0.67, 0.69)
_GREEN: Vec3 = (0.43, 0.52, 0.45)


def _top(depth: float, width: float, top: float, thick: float, rgb: Vec3, material: Material = "wood") -> Part:
    return box((-depth / 2, -width / 2, top - thick), (depth / 2, width / 2, top), rgb, material)


def _on(depth: float, width: float, z: float, high: float = _OPEN_M) -> Region:
    """Place on a level surface at ``z``."""
    x, y = depth / 2 - _EDGE_M, width / 2 - _EDGE_M
    return Region((-x, -y, z), (x, y, z + high))


def _legs(depth: float, width: float, high: float, half: float, rgb: Vec3, *, round_: bool = False) -> list[Part]:
    x, y = depth / 2 - half - 0.02, width / 2 - half - 0.02
    material: Material = "wood" if rgb in (_OAK, _WALNUT) else "plain"
    kind, size = ("cylinder", (half, high / 2, 0.0)) if round_ else ("box", (half, half, high / 2))
    return [
        Part(kind, size, (a, b, high / 2), rgb=rgb, material=material)  # type: ignore[arg-type]
        for a in (-x, x)
        for b in (-y, y)
    ]


def _board(lo: Vec3, hi: Vec3, rgb: Vec3) -> Part:
    return box(lo, hi, rgb, "wood" if rgb in (_OAK, _WALNUT) else "plain")


@shape("DiningTable")
def dining_table(variant: int, rng: np.random.Generator) -> Shape:
    """Two rectangular tables, a round one and a square one."""
    top, thick = 0.74, 0.035
    if variant == 2:
        radius = 0.5
        parts = [
            Part("cylinder", (radius, thick / 2, 0), (0, 0, top - thick / 2), rgb=_WHITE),
            Part("cylinder", (0.05, (top - thick) / 2, 0), (0, 0, (top - thick) / 2), rgb=_OAK, material="wood"),
            Part("cylinder", (0.28, 0.015, 0), (0, 0, 0.015), rgb=_OAK, material="wood"),
        ]
        side = radius * 1.4
        return Shape("DiningTable", tuple(parts), regions=(_on(side, side, top),), mass_kg=25.0)
    depth, width = ((0.8, 1.4), (0.7, 1.1), (0.0, 0.0), (0.85, 0.85))[variant]
    rgb = (_OAK, _WALNUT, _WHITE, _WHITE)[variant]
    leg = (_OAK, _WALNUT, _WHITE, _OAK)[variant]
    parts = [_top(depth, width, top, thick, rgb, "plain" if rgb == _WHITE else "wood")]
    parts += _legs(depth, width, top - thick, 0.03, leg, round_=variant == 3)
    low, apron = top - thick - 0.08, depth / 2 - 0.06
    parts += [
        _board((-apron, s * (width / 2 - 0.06) - 0.01, low), (apron, s * (width / 2 - 0.06) + 0.01, top - thick), leg)
        for s in (-1, 1)
    ]
    return Shape("DiningTable", tuple(parts), regions=(_on(depth, width, top),), mass_kg=25.0)


@shape("CoffeeTable")
def coffee_table(variant: int, rng: np.random.Generator) -> Shape:
    """A table with a lower board, a glass one, a round one and a chunky one."""
    top = 0.42
    if variant == 2:
        parts = [
            Part("cylinder", (0.4, 0.015, 0), (0, 0, top - 0.015), rgb=_WALNUT, material="wood"),
            *_legs(0.5, 0.5, top - 0.03, 0.015, _BLACK, round_=True),
        ]
        return Shape("CoffeeTable", tuple(parts), regions=(_on(0.56, 0.56, top),), mass_kg=10.0)
    depth, width = ((0.55, 1.0), (0.5, 0.95), (0.0, 0.0), (0.6, 0.9))[variant]
    regions = (_on(depth, width, top),)
    if variant == 3:
        parts = [
            box((-depth / 2, -width / 2, top - 0.09), (depth / 2, width / 2, top), _OAK, "wood"),
            *_legs(depth, width, top - 0.09, 0.05, _WHITE),
        ]
        return Shape("CoffeeTable", tuple(parts), regions=regions, mass_kg=18.0)
    leg = (_OAK, _STEEL, _OAK, _OAK)[variant]
    glass: Vec3 = (0.72, 0.82, 0.84)
    parts = [_top(depth, width, top, 0.025, glass if variant == 1 else _OAK, "glass" if variant == 1 else "wood")]
    parts += _legs(depth, width, top - 0.025, 0.02, leg)
    if variant == 0:
        parts.append(
            box((-depth / 2 + 0.04, -width / 2 + 0.04, 0.12), (depth / 2 - 0.04, width / 2 - 0.04, 0.14), _OAK, "wood")
        )
    return Shape("CoffeeTable", tuple(parts), regions=regions, mass_kg=12.0)


@shape("SideTable")
def side_table(variant: int, rng: np.random.Generator) -> Shape:
    """Night stands with a drawer, a round table and a tray table."""
    if variant == 2:
        top, radius = 0.55, 0.23
        parts = [
            Part("cylinder", (radius, 0.012, 0), (0, 0, top - 0.012), rgb=_WHITE),
            Part("cylinder", (0.025, top / 2 - 0.02, 0), (0, 0, top / 2), rgb=_STEEL, material="metal"),
            Part("cylinder", (0.17, 0.01, 0), (0, 0, 0.01), rgb=_STEEL, material="metal"),
        ]
        return Shape("SideTable", tuple(parts), regions=(_on(0.36, 0.36, top),), mass_kg=6.0)
    if variant == 3:
        top, depth, width = 0.52, 0.4, 0.42
        parts = [
            _top(depth, width, top, 0.025, _WALNUT),
            *_legs(depth, width, top - 0.025, 0.018, _WALNUT, round_=True),
        ]
        parts.append(box((-0.15, -0.16, 0.15), (0.15, 0.16, 0.17), _WALNUT, "wood"))
        return Shape("SideTable", tuple(parts), regions=(_on(depth, width, top),), mass_kg=6.0)
    return _chest("SideTable", 0.4, 0.45, 0.55, variant, columns=1, rows=1, foot=0.25 if variant else 0.08)


@shape("Dresser")
def dresser(variant: int, rng: np.random.Generator) -> Shape:
    """Chests of drawers."""
    width, height, columns, rows = ((1.1, 0.82, 2, 3), (0.8, 0.9, 1, 4), (1.2, 0.8, 2, 3), (0.9, 0.86, 1, 3))[variant]
    return _chest("Dresser", 0.45, width, height, variant, columns=columns, rows=rows, foot=0.08)


def _chest(
    name: str, depth: float, width: float, height: float, style: int, *, columns: int, rows: int, foot: float
) -> Shape:
    """Body with a grid of drawers."""
    p, board = palette(style), 0.02
    x, y, cap = depth / 2, width / 2, height - 0.025
    parts = [
        box((-x, -y, cap), (x, y, height), p.top, p.top_material),
        box((-x, -y, foot), (x - 0.02, -y + board, cap), p.front, p.front_material),
        box((-x, y - board, foot), (x - 0.02, y, cap), p.front, p.front_material),
        box((-x, -y + board, foot), (x - 0.02, y - board, foot + board), p.carcass),
        box((-x, -y + board, foot + board), (-x + 0.01, y - board, cap), p.carcass),
        *_legs(depth, width, foot, 0.02, tint(p.top, 0.8)),
    ]
    wide, high = (width - 2 * board) / columns, (cap - foot - board) / rows
    children = []
    for i in range(columns):
        for j in range(rows):
            drawer = drawer_shape(wide, depth - 0.02, high, style)
            at = (0.01, -y + board + wide * (i + 0.5), foot + board + high * j)
            children.append(Child(drawer, at))
    return Shape(
        name, tuple(parts), regions=(_on(depth, width, height),), mass_kg=30.0 if name == "Dresser" else 10.0,
        children=tuple(children),
    )  # fmt: skip


@shape("Desk")
def desk(variant: int, rng: np.random.Generator) -> Shape:
    """Writing desks: on legs, or with drawers on one side."""
    top, thick, depth = 0.73, 0.03, 0.6
    width = (1.2, 1.3, 1.1, 1.4)[variant]
    rgb = (_OAK, _WALNUT, _WHITE, _BLACK)[variant]
    leg = (_OAK, _WALNUT, _STEEL, _STEEL)[variant]
    parts = [_top(depth, width, top, thick, rgb, "wood" if rgb in (_OAK, _WALNUT) else "plain")]
    parts += _legs(depth, width, top - thick, 0.025, leg, round_=variant == 2)
    parts.append(_board((-depth / 2 + 0.03, -width / 2 + 0.05, 0.4), (-depth / 2 + 0.05, width / 2 - 0.05, 0.6), leg))
    children = []
    if variant in (0, 1, 3):
        style, wide, high = (1, 0, 3, 2)[variant], 0.36, 0.14
        at = width / 2 - wide / 2 - 0.09
        p = palette(style)
        low = top - thick - 2 * high - 0.02
        parts.append(box((-0.25, at - wide / 2, low), (0.24, at + wide / 2, low + 0.016), p.carcass))
        for side in (-1, 1):
            edge = at + side * (wide / 2 + 0.008)
            parts.append(box((-0.25, edge - 0.008, low), (0.24, edge + 0.008, top - thick), p.front, p.front_material))
        children = [Child(drawer_shape(wide, 0.5, high, style), (0.01, at, low + 0.016 + high * j)) for j in range(2)]
    return Shape("Desk", tuple(parts), regions=(_on(depth, width, top),), mass_kg=25.0, children=tuple(children))


@shape("TVStand")
def tv_stand(variant: int, rng: np.random.Generator) -> Shape:
    """Low furniture for a television."""
    depth, height = 0.42, (0.5, 0.48, 0.55, 0.45)[variant]
    width = (1.4, 1.2, 1.3, 1.5)[variant]
    if variant in (0, 3):
        return _chest(
            "TVStand", depth, width, height, (1, 1, 2, 2)[variant], columns=2, rows=1 + (variant == 0), foot=0.1
        )
    rgb = (_OAK, _WALNUT, _WHITE, _BLACK)[variant]
    x, y, board = depth / 2, width / 2, 0.022
    middle = height / 2
    parts = [
        _board((-x, -y, height - board), (x, y, height), rgb),
        _board((-x, -y, 0.06), (x, y, 0.06 + board), rgb),
        _board((-x, -y + board, middle), (x - 0.02, y - board, middle + board), rgb),
        *(
            _board((-x, a - board / 2, 0.0), (x, a + board / 2, height - board), rgb)
            for a in (-y + 0.011, 0.0, y - 0.011)
        ),
    ]
    regions = [_on(depth, width, height)]
    for lo, hi in ((-y + 0.03, -0.02), (0.02, y - 0.03)):
        regions.append(Region((-x + 0.02, lo, middle + board), (x - 0.03, hi, height - board)))
    return Shape("TVStand", tuple(parts), regions=tuple(regions), mass_kg=25.0)


@shape("ShelvingUnit")
def shelving_unit(variant: int, rng: np.random.Generator) -> Shape:
    """Bookcases and racks that stand on the floor, open to the front."""
    depth, board = 0.32, 0.02
    width, height, shelves = ((0.8, 1.5, 4), (0.7, 1.2, 3), (0.9, 1.6, 5), (1.0, 1.0, 3))[variant]
    rgb = (_OAK, _WHITE, _BLACK, _GREEN)[variant]
    x, y = depth / 2, width / 2
    parts: list[Part] = []
    if variant == 2:  # a metal rack
        parts += _legs(depth + 0.04, width + 0.04, height, 0.015, _STEEL)
        deck = _WALNUT
    else:
        parts += [_board((-x, s * y - 0.01, 0.0), (x, s * y + 0.01, height), rgb) for s in (-1, 1)]
        parts.append(_board((-x, -y + 0.01, 0.0), (-x + 0.012, y - 0.01, height), tint(rgb, 0.85)))
        deck = rgb
    gap = (height - 0.08 - board) / (shelves - 1)
    regions = []
    for k in range(shelves):
        z = 0.08 + gap * k
        parts.append(_board((-x, -y + 0.01, z), (x, y - 0.01, z + board), deck))
        high = gap - board if k < shelves - 1 else _OPEN_M
        regions.append(Region((-x + 0.02, -y + 0.02, z + board), (x - 0.01, y - 0.02, z + board + high)))
    return Shape("ShelvingUnit", tuple(parts), regions=tuple(regions), mass_kg=25.0)


@shape("Shelf")
def shelf(variant: int, rng: np.random.Generator) -> Shape:
    """Boards on the wall; x = 0 is the wall."""
    width, depth = ((0.8, 0.25), (0.9, 0.24), (0.7, 0.26), (0.8, 0.28))[variant]
    rgb = (_OAK, _WHITE, _WALNUT, _BLACK)[variant]
    y, top, board = width / 2, 0.12, 0.025
    parts = [_board((0.0, -y, top - board), (depth, y, top), rgb)]
    if variant in (0, 2):
        for s in (-1, 1):
            at = s * (y - 0.12)
            parts.append(trim("box", (0.01, 0.012, top / 2), (0.01, at, top / 2), _BLACK, "metal"))
            parts.append(
                trim("box", (depth / 2 - 0.02, 0.012, 0.008), (depth / 2, at, top - board - 0.008), _BLACK, "metal")
            )
    else:
        parts.append(_board((0.0, -y, 0.0), (0.016, y, top - board), rgb))
    if variant == 3:
        parts.append(_board((0.0, -y, top), (0.016, y, top + 0.06), rgb))
    place = Region((0.02, -y + _EDGE_M, top), (depth - 0.01, y - _EDGE_M, top + 0.45))
    return Shape("Shelf", tuple(parts), regions=(place,), mass_kg=4.0)
