"""Floors, walls, ceilings, doorways and windows of a house as boxes.

Each room lines its own side of a wall with a half-thick layer, so that both sides have their room's colour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engram.sims.house.geometry import Material, Vec3
from engram.sims.house.spec import RGB, HouseSpec, OpeningSpec, RoomSpec

WALL_M = 0.1
_SKIRT_M = 0.08
_FRAME_RGB: RGB = (0.92, 0.9, 0.86)
_SKY_RGB: RGB = (0.66, 0.82, 0.95)


@dataclass(frozen=True)
class Box:
    """An axis-aligned box of the house frame."""

    lo: Vec3
    hi: Vec3
    rgb: RGB
    material: Material = "plain"
    ceiling: bool = False


def boxes(spec: HouseSpec) -> Iterator[Box]:
    """Yield the boxes of every room."""
    top = spec.ceiling_m
    for room in spec.rooms:
        yield Box((room.x0, room.y0, -0.1), (room.x1, room.y1, 0.0), room.floor_rgb, room.floor)
        yield Box((room.x0, room.y0, top), (room.x1, room.y1, top + 0.05), (0.95, 0.95, 0.93), ceiling=True)
        for side in _sides(room):
            yield from _wall(room, side, spec.openings, top)
    for opening in spec.openings:
        yield from _frame(opening)


@dataclass(frozen=True)
class _Side:
    axis: str  # direction in which the wall runs
    at: float  # the wall line, across the axis
    inward: float  # +1 or -1: where the room lies
    lo: float
    hi: float

    def box(self, a: float, b: float, bottom: float, top: float, depth: float, rgb: RGB) -> Box:
        near, far = sorted((self.at, self.at + self.inward * depth))
        if self.axis == "x":
            return Box((a, near, bottom), (b, far, top), rgb)
        return Box((near, a, bottom), (far, b, top), rgb)


def _sides(room: RoomSpec) -> Iterator[_Side]:
    yield _Side("x", room.y0, 1.0, room.x0, room.x1)
    yield _Side("x", room.y1, -1.0, room.x0, room.x1)
    yield _Side("y", room.x0, 1.0, room.y0, room.y1)
    yield _Side("y", room.x1, -1.0, room.y0, room.y1)


def _wall(room: RoomSpec, side: _Side, openings: tuple[OpeningSpec, ...], top: float) -> Iterator[Box]:
    cuts = sorted(_cut(o, side) for o in openings if room.id in o.rooms and _on(o, side))
    at = side.lo
    for a, b, bottom, head in cuts:
        yield from _solid(side, at, a, room.wall_rgb, 0.0, top)
        yield from _solid(side, a, b, room.wall_rgb, 0.0, bottom)
        yield from _solid(side, a, b, room.wall_rgb, head, top)
        at = b
    yield from _solid(side, at, side.hi, room.wall_rgb, 0.0, top)


def _solid(side: _Side, a: float, b: float, rgb: RGB, bottom: float, top: float) -> Iterator[Box]:
    if b - a < 1e-6 or top - bottom < 1e-6:
        return
    yield side.box(a, b, bottom, top, WALL_M / 2, rgb)
    if bottom == 0.0 and top > _SKIRT_M:
        yield side.box(a, b, 0.0, _SKIRT_M, WALL_M / 2 + 0.012, _FRAME_RGB)


def _on(opening: OpeningSpec, side: _Side) -> bool:
    across = opening.y if side.axis == "x" else opening.x
    return opening.axis == side.axis and abs(across - side.at) < 1e-6


def _cut(opening: OpeningSpec, side: _Side) -> tuple[float, float, float, float]:
    along = opening.x if side.axis == "x" else opening.y
    return along - opening.width / 2, along + opening.width / 2, opening.bottom, opening.top


def _frame(opening: OpeningSpec) -> Iterator[Box]:
    """Jambs and lintel of a doorway; pane, bars and sill of a window."""
    half, post, reach = opening.width / 2, 0.04, WALL_M / 2 + 0.015

    def box(a: float, b: float, bottom: float, top: float, depth: float, rgb: RGB, material: Material) -> Box:
        if opening.axis == "x":
            return Box(
                (opening.x + a, opening.y - depth, bottom), (opening.x + b, opening.y + depth, top), rgb, material
            )
        return Box((opening.x - depth, opening.y + a, bottom), (opening.x + depth, opening.y + b, top), rgb, material)

    def wood(a: float, b: float, bottom: float, top: float, depth: float) -> Box:
        return box(a, b, bottom, top, depth, _FRAME_RGB, "plain")

    yield wood(-half - post, -half, opening.bottom, opening.top + post, reach)
    yield wood(half, half + post, opening.bottom, opening.top + post, reach)
    yield wood(-half, half, opening.top, opening.top + post, reach)
    if opening.kind == "window":
        middle = (opening.bottom + opening.top) / 2
        yield box(-half, half, opening.bottom, opening.top, 0.01, _SKY_RGB, "glow")
        yield wood(-0.02, 0.02, opening.bottom, opening.top, 0.03)
        yield wood(-half, half, middle - 0.02, middle + 0.02, 0.03)
        yield wood(-half - post, half + post, opening.bottom - 0.04, opening.bottom, reach + 0.03)
