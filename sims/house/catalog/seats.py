"""Chairs, sofas, beds and what else one sits or lies on."""

from __future__ import annotations

import numpy as np

from engram.sims.house.catalog.parts import proxy, skin, trim
from engram.sims.house.catalog.registry import shape
from engram.sims.house.catalog.storage import box, tint
from engram.sims.house.geometry import Material, Part, Region, Shape, Vec3, axis_quat, lathe, superellipsoid

_OPEN_M = 0.7  # height of the place above a seat
_OAK: Vec3 = (0.66, 0.48, 0.31)
_WALNUT: Vec3 = (0.40, 0.27, 0.18)
_WHITE: Vec3 = (0.92, 0.91, 0.88)
_BLACK: Vec3 = (0.16, 0.16, 0.17)
_STEEL: Vec3 = (0.7, 0.71, 0.73)
_LINEN: Vec3 = (0.93, 0.91, 0.87)
_FABRICS: tuple[Vec3, ...] = ((0.45, 0.50, 0.56), (0.62, 0.36, 0.28), (0.36, 0.48, 0.42), (0.78, 0.70, 0.58))


def _cushion(lo: Vec3, hi: Vec3, rgb: Vec3, *, solid: bool = True, bulge: float = 0.0) -> list[Part]:
    """Rounded block of cloth between two corners with a flat solid inside; it bulges up by ``bulge``."""
    half = tuple((b - a) / 2 for a, b in zip(lo, hi, strict=True))
    pos = tuple((a + b) / 2 for a, b in zip(lo, hi, strict=True))
    mesh = superellipsoid((half[0], half[1], half[2] + bulge / 2), 0.25, 0.25, 16, 9)
    parts = [skin(mesh, rgb, "cloth", (pos[0], pos[1], pos[2] + bulge / 2))]
    if solid:
        parts.append(proxy("box", (half[0] * 0.97, half[1] * 0.97, half[2]), (pos[0], pos[1], pos[2])))
    return parts


def _legs(depth: float, width: float, high: float, half: float, rgb: Vec3, *, round_: bool = False) -> list[Part]:
    x, y = depth / 2 - half, width / 2 - half
    wooden = rgb in (_OAK, _WALNUT)
    size = (half, high / 2, 0.0) if round_ else (half, half, high / 2)
    return [
        Part("cylinder" if round_ else "box", size, (a, b, high / 2), rgb=rgb, material="wood" if wooden else "plain")
        for a in (-x, x)
        for b in (-y, y)
    ]


@shape("Chair")
def chair(variant: int, rng: np.random.Generator) -> Shape:
    """A slatted wooden chair, a padded one, a round-legged shell and a ladder-back; all face +x."""
    seat, side = 0.45, 0.42
    x = side / 2
    frame = (_OAK, _WALNUT, _STEEL, _WHITE)[variant]
    parts = _legs(side, side, seat - 0.03, 0.017, frame, round_=variant == 2)
    if variant == 2:
        shell: Vec3 = (0.22, 0.50, 0.58)
        parts.append(box((-x, -x, seat - 0.03), (x, x, seat), shell))
        parts.append(Part("box", (0.012, x, 0.19), (-x, 0, seat + 0.2), axis_quat("y", -8), shell))
    elif variant == 1:
        cloth = _FABRICS[1]
        parts += _cushion((-x, -x, seat - 0.06), (x, x, seat), cloth)
        parts += _cushion((-x - 0.02, -x, seat + 0.12), (-x + 0.04, x, seat + 0.48), cloth)
        parts += [
            box((-x, s * x - 0.015, seat), (-x + 0.03, s * x + 0.015, seat + 0.4), frame, "wood") for s in (-1, 1)
        ]
    else:
        parts.append(box((-x, -x, seat - 0.03), (x, x, seat), frame, "wood" if variant == 0 else "plain"))
        material: Material = "wood" if variant == 0 else "plain"
        parts += [box((-x, y, seat), (-x + 0.03, y + 0.03, seat + 0.48), frame, material) for y in (-x, x - 0.03)]
        if variant == 0:
            parts.append(box((-x, -x, seat + 0.42), (-x + 0.03, x, seat + 0.48), frame, "wood"))
            parts += [
                trim("box", (0.008, 0.018, 0.21), (-x + 0.015, y, seat + 0.21), frame, "wood")
                for y in (-0.11, -0.037, 0.037, 0.11)
            ]
        else:
            parts += [
                box((-x + 0.005, -x, seat + z), (-x + 0.025, x, seat + z + 0.05), frame) for z in (0.13, 0.26, 0.41)
            ]
    place = Region((-x + 0.06, -x + 0.02, seat), (x - 0.01, x - 0.02, seat + _OPEN_M))
    return Shape("Chair", tuple(parts), regions=(place,), mass_kg=5.0)


@shape("Stool")
def stool(variant: int, rng: np.random.Generator) -> Shape:
    """Round and square stools."""
    seat, radius = (0.46, 0.5, 0.62, 0.45)[variant], 0.17
    leg = (_OAK, _STEEL, _BLACK, _WALNUT)[variant]
    parts = _legs(0.32, 0.32, seat - 0.03, 0.015, leg, round_=variant != 3)
    if variant == 1:
        parts += [
            skin(lathe([(0.0, 0.0), (0.175, 0.0), (0.185, 0.03), (0.17, 0.06), (0.0, 0.065)], 20), (0.75, 0.25, 0.2),
                 "cloth", (0, 0, seat - 0.06)),
            proxy("cylinder", (0.175, 0.03, 0), (0, 0, seat - 0.03)),
        ]  # fmt: skip
    elif variant == 3:
        parts.append(box((-0.18, -0.18, seat - 0.035), (0.18, 0.18, seat), _WALNUT, "wood"))
    else:
        rgb = (_OAK, _OAK, _WALNUT, _WALNUT)[variant]
        parts.append(Part("cylinder", (radius, 0.018, 0), (0, 0, seat - 0.018), rgb=rgb, material="wood"))
    if variant == 2:
        parts += [
            trim("cylinder", (0.012, 0.14, 0), (0, s * 0.145, 0.22), leg, quat=axis_quat("y", 90)) for s in (-1, 1)
        ]
    side = 0.12
    place = Region((-side, -side, seat), (side, side, seat + _OPEN_M))
    return Shape("Stool", tuple(parts), regions=(place,), mass_kg=4.0)


@shape("ArmChair")
def arm_chair(variant: int, rng: np.random.Generator) -> Shape:
    """Upholstered chairs for one."""
    return _upholstered("ArmChair", (0.82, 0.78, 0.86, 0.8)[variant], 1, variant)


@shape("Sofa")
def sofa(variant: int, rng: np.random.Generator) -> Shape:
    """Sofas for two or three."""
    return _upholstered("Sofa", (1.9, 1.6, 2.05, 1.75)[variant], (3, 2, 3, 2)[variant], variant)


def _upholstered(name: str, width: float, seats: int, variant: int) -> Shape:
    """Base, seat cushions, back and arms; wooden arms for variant 3."""
    depth, seat, arm = 0.85, 0.42, 0.16 if variant != 3 else 0.06
    cloth = _FABRICS[variant] if name == "Sofa" else _FABRICS[(variant + 2) % 4]
    x, y, foot = depth / 2, width / 2, 0.1
    inner = y - arm
    parts = _legs(depth - 0.1, width - 0.1, foot, 0.025, _WALNUT)
    parts.append(box((-x + 0.02, -y + 0.02, foot), (x - 0.02, y - 0.02, 0.27), tint(cloth, 0.85), "cloth"))
    parts += _cushion((-x, -inner, 0.27), (-x + 0.22, inner, 0.84 if variant != 1 else 0.74), cloth)
    for s in (-1, 1):
        if variant == 3:
            near, far = sorted((s * inner, s * y))
            parts.append(box((-x + 0.05, near, 0.52), (x - 0.03, far, 0.56), _OAK, "wood"))
            parts += [box((a, near, 0.0), (a + 0.05, far, 0.52), _OAK, "wood") for a in (-x + 0.06, x - 0.1)]
        else:
            near, far = sorted((s * inner, s * y))
            parts += _cushion((-x + 0.02, near, 0.1), (x - 0.02, far, 0.6), cloth)
    wide = 2 * inner / seats
    # One solid for all seats: between two of them a pen would fall.
    support = (x - 0.11, inner - 0.005, (seat - 0.27) / 2)
    parts.append(proxy("box", support, (0.095, 0, (seat + 0.27) / 2)))
    regions = []
    for k in range(seats):
        lo = -inner + k * wide
        cushion = (-x + 0.2, lo + 0.005, 0.27), (x, lo + wide - 0.005, seat)
        parts += _cushion(*cushion, tint(cloth, 1.06), solid=False, bulge=0.01)
        if name == "Sofa" or variant in (0, 2):
            back = tint(cloth, 1.12)
            parts += _cushion((-x + 0.18, lo + 0.03, seat), (-x + 0.32, lo + wide - 0.03, seat + 0.3), back)
    front = -x + (0.34 if name == "Sofa" or variant in (0, 2) else 0.24)
    regions.append(Region((front, -inner + 0.02, seat), (x - 0.03, inner - 0.02, seat + _OPEN_M)))
    return Shape(name, tuple(parts), regions=tuple(regions), mass_kg=20.0 * seats)


@shape("Ottoman")
def ottoman(variant: int, rng: np.random.Generator) -> Shape:
    """Padded seats without a back."""
    side, high = (0.55, 0.5, 0.6, 0.48)[variant], (0.4, 0.38, 0.42, 0.4)[variant]
    cloth = _FABRICS[(variant + 1) % 4]
    if variant in (1, 3):
        r = side / 2
        pouf = lathe([(0.0, 0.0), (r * 0.9, 0.0), (r, 0.1), (r, high - 0.08), (r * 0.92, high), (0.0, high)], 20)
        parts = [skin(pouf, cloth, "cloth"), proxy("cylinder", (r * 0.92, high / 2, 0), (0, 0, high / 2))]
        reach = r * 0.62
    else:
        parts = _legs(side - 0.08, side - 0.08, 0.09, 0.02, _OAK)
        parts += _cushion((-side / 2, -side / 2, 0.09), (side / 2, side / 2, 0.28), tint(cloth, 0.9))
        parts += _cushion((-side / 2, -side / 2, 0.28), (side / 2, side / 2, high), cloth)
        reach = side / 2 - 0.04
    place = Region((-reach, -reach, high), (reach, reach, high + _OPEN_M))
    return Shape("Ottoman", tuple(parts), regions=(place,), mass_kg=7.0)


@shape("Footstool")
def footstool(variant: int, rng: np.random.Generator) -> Shape:
    """Low steps and padded rests for the feet."""
    depth, width, high = ((0.3, 0.4, 0.25), (0.34, 0.46, 0.3), (0.32, 0.42, 0.22), (0.3, 0.36, 0.28))[variant]
    x, y = depth / 2, width / 2
    if variant in (0, 2):
        rgb = (_OAK, _WHITE, _WHITE, _WHITE)[variant]
        material: Material = "wood" if variant == 0 else "plain"
        parts = [box((-x, -y, high - 0.03), (x, y, high), rgb, material)]
        for s in (-1, 1):
            at = s * (y - 0.05)
            parts.append(box((-x + 0.02, at - 0.014, 0), (x - 0.02, at + 0.014, high - 0.03), rgb, material))
        parts.append(box((-0.012, -y + 0.06, high * 0.4), (0.012, y - 0.06, high * 0.6), rgb, material))
    else:
        parts = _legs(depth - 0.04, width - 0.04, high - 0.1, 0.02, _WALNUT, round_=variant == 3)
        parts += _cushion((-x, -y, high - 0.1), (x, y, high), _FABRICS[variant])
    place = Region((-x + 0.03, -y + 0.03, high), (x - 0.03, y - 0.03, high + _OPEN_M))
    return Shape("Footstool", tuple(parts), regions=(place,), mass_kg=3.0)


@shape("DogBed")
def dog_bed(variant: int, rng: np.random.Generator) -> Shape:
    """Flat cushions with a raised rim."""
    depth, width = ((0.6, 0.8), (0.55, 0.7), (0.65, 0.65), (0.6, 0.75))[variant]
    rim = _FABRICS[(variant + 3) % 4]
    x, y, thick = depth / 2, width / 2, 0.09
    inner: Vec3 = ((0.9, 0.86, 0.78), (0.85, 0.8, 0.74), (0.93, 0.9, 0.86), (0.7, 0.66, 0.6))[variant]
    parts = _cushion((-x + 0.04, -y + 0.04, 0.0), (x - 0.04, y - 0.04, 0.07), inner)
    high = (0.16, 0.2, 0.14, 0.18)[variant]
    parts += _cushion((-x, -y, 0), (-x + thick, y, high), rim)
    for s in (-1, 1):
        near, far = sorted((s * (y - thick), s * y))
        parts += _cushion((-x, near, 0), (x, far, high), rim)
    parts += _cushion((x - thick, -y, 0), (x, y, high * 0.55), rim)
    place = Region((-x + 0.11, -y + 0.11, 0.07), (x - 0.11, y - 0.11, 0.07 + _OPEN_M))
    return Shape("DogBed", tuple(parts), regions=(place,), mass_kg=3.0)


@shape("Bed")
def bed(variant: int, rng: np.random.Generator) -> Shape:
    """Single and double beds; the head is at -x."""
    width, length = ((1.6, 2.05), (1.0, 2.0), (1.8, 2.1), (1.4, 2.0))[variant]
    frame = (_OAK, _WHITE, _WALNUT, _BLACK)[variant]
    blanket: Vec3 = ((0.38, 0.50, 0.64), (0.82, 0.58, 0.50), (0.50, 0.58, 0.48), (0.62, 0.60, 0.66))[variant]
    x, y, top = length / 2, width / 2, 0.5
    material: Material = "wood" if frame in (_OAK, _WALNUT) else "plain"
    board = 1.0 if variant != 3 else 0.85
    parts = [
        box((-x, -y, 0.0), (-x + 0.05, y, board), frame, material),
        box((-x + 0.05, -y, 0.12), (x, y, 0.28), frame, material),
        *_legs(length - 0.04, width - 0.02, 0.12, 0.03, frame),
    ]
    if variant == 2:
        parts += _cushion((-x + 0.04, -y + 0.05, 0.5), (-x + 0.12, y - 0.05, 0.95), (0.72, 0.68, 0.62), solid=False)
    parts += _cushion((-x + 0.05, -y + 0.02, 0.26), (x - 0.02, y - 0.02, top - 0.02), _LINEN)
    fold = -x + 0.62
    parts += _cushion((fold, -y, 0.3), (x, y, top), blanket)
    parts += _cushion((fold - 0.12, -y + 0.01, top - 0.06), (fold + 0.12, y - 0.01, top + 0.012), _LINEN, solid=False)
    parts.append(proxy("box", ((fold + x - 0.05) / 2, y - 0.02, 0.02), ((fold - x + 0.05) / 2, 0, top - 0.02)))
    place = Region((-x + 0.1, -y + 0.06, top), (x - 0.06, y - 0.06, top + _OPEN_M))
    return Shape("Bed", tuple(parts), regions=(place,), mass_kg=60.0)
