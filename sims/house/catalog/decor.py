"""Ornaments, toys, sports gear and other loose things of living rooms and bedrooms."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from engram.sims.house.catalog import ornaments
from engram.sims.house.catalog.parts import centred, merge, placed, proxy, skin
from engram.sims.house.catalog.registry import shape
from engram.sims.house.geometry import (
    IDENTITY,
    Joint,
    Material,
    Part,
    Region,
    Shape,
    Vec3,
    axis_quat,
    extrude,
    lathe,
    superellipsoid,
    sweep,
)

_WHITE: Vec3 = (0.93, 0.93, 0.91)
_DARK: Vec3 = (0.13, 0.13, 0.15)
_STEEL: Vec3 = (0.72, 0.73, 0.76)
_BRASS: Vec3 = (0.82, 0.65, 0.28)
_OAK: Vec3 = (0.72, 0.52, 0.31)
_WALNUT: Vec3 = (0.36, 0.23, 0.14)
_MARBLE: Vec3 = (0.88, 0.87, 0.84)

_trim = partial(Part, solid=False)  # seen, never touched


@shape("BaseballBat")
def baseball_bat(variant: int, rng: np.random.Generator) -> Shape:
    """Bat lying along y, knob at -y: ash, black, aluminium, short and blue."""
    rgb, grip, band, material = _BATS[variant]
    half = (0.42, 0.41, 0.4, 0.32)[variant] * float(rng.uniform(0.98, 1.02))
    r = 0.033
    wood = [(0.0, -half), (0.024, -half), (0.024, 0.016 - half), (0.013, 0.026 - half), (0.014, -0.45 * half)]
    barrel = [(0.027, 0.15 * half), (r, 0.45 * half), (r, half - 0.02), (0.022, half), (0.0, half)]
    turn = axis_quat("x", -90)
    parts = (
        skin(lathe([*wood, *barrel], 14), rgb, material, (0.0, 0.0, r), turn),
        _trim("cylinder", (0.0155, 0.2 * half, 0.0), (0.0, -0.7 * half, r), turn, grip, "cloth"),
        _trim("cylinder", (1.02 * r, 0.012, 0.0), (0.0, 0.55 * half, r), turn, band),
        _trim("cylinder", (1.02 * r, 0.005, 0.0), (0.0, 0.82 * half, r), turn, band),
        proxy("box", (0.02, 0.4 * half, r), (0.0, 0.6 * half, r)),
        proxy("box", (0.013, 0.6 * half, 0.022), (0.0, -0.4 * half, 0.022)),
    )
    return Shape("BaseballBat", parts, mass_kg=0.9)


_BATS: tuple[tuple[Vec3, Vec3, Vec3, Material], ...] = (
    ((0.85, 0.66, 0.42), (0.3, 0.19, 0.12), (0.6, 0.15, 0.12), "wood"),
    ((0.14, 0.14, 0.16), (0.55, 0.56, 0.58), _BRASS, "plain"),
    (_STEEL, (0.12, 0.12, 0.13), (0.75, 0.14, 0.14), "metal"),
    ((0.16, 0.4, 0.75), (0.93, 0.93, 0.9), (0.95, 0.78, 0.2), "plain"),
)


@shape("BasketBall")
def basket_ball(variant: int, rng: np.random.Generator) -> Shape:
    """Ball with the four seams of a basketball; two sizes."""
    rgb, line = (
        ((0.85, 0.42, 0.14), _DARK),
        ((0.2, 0.33, 0.68), _WHITE),
        ((0.55, 0.24, 0.12), (0.9, 0.8, 0.6)),
        ((0.9, 0.62, 0.2), (0.3, 0.12, 0.1)),
    )[variant]
    r = (0.12, 0.119, 0.121, 0.085)[variant] * float(rng.uniform(0.99, 1.01))
    seam = 0.0018
    angle = np.linspace(0, 2 * np.pi, 21)
    wave = 0.62 * np.cos(2 * angle)  # the side seams swing towards and away from the middle one
    rings = [sweep(ornaments.arc(r, 0, 360, 21, plane), seam, 3) for plane in ("xy", "xz")]
    for side in (-1, 1):
        lean = side * (0.72 - 0.38 * wave)
        path = r * np.column_stack([np.cos(angle) * np.cos(lean), np.sin(lean), np.sin(angle) * np.cos(lean)])
        rings.append(sweep([(float(x), float(y), float(z)) for x, y, z in path], seam, 3))
    tilt = axis_quat("x", float(rng.uniform(20, 60)))
    centre = (0.0, 0.0, r)
    ball = Part("sphere", (r, 0.0, 0.0), centre, rgb=rgb)
    # A small flat underside keeps the ball where it is put; a push still rolls it.
    foot = proxy("box", (0.012, 0.012, 0.006), (0.0, 0.0, 0.006))
    return Shape("BasketBall", (ball, skin(merge(*rings), line, "plain", centre, tilt), foot),
                 mass_kg=0.55)  # fmt: skip


@shape("Boots")
def boots(variant: int, rng: np.random.Generator) -> Shape:
    """Pair of boots with toes towards +x: rain boots, hiking boots, cowboy boots, black ankle boots."""
    rgb, sole, trim, height, material = _BOOTS[variant]
    h = height * float(rng.uniform(0.96, 1.04))
    gap = 0.062
    side = [(0.12, 0.034), (0.05, 0.044), (-0.05, 0.034), (-0.1, 0.03)]
    outline = [(0.137, 0.0), *side, (-0.122, 0.0), *[(x, -y) for x, y in reversed(side)]]
    if variant == 2:
        outline[0] = (0.165, 0.0)
    toe = superellipsoid((0.122, 0.041, 0.045), 0.7, 0.55, 14, 7)
    shaft = lathe([(0.05, 0.02), (0.044, 0.1), (0.05, h), (0.043, h), (0.038, 0.12), (0.0, 0.1)], 12)
    pair = (-gap, gap)
    upper = merge(*(m for y in pair for m in (placed(toe, (0.01, y, 0.05)), placed(shaft, (-0.06, y, 0.0)))))
    parts = [
        skin(upper, rgb, material),
        skin(merge(*(placed(extrude(outline, 0.018), (0.0, y, 0.0)) for y in pair)), sole),
    ]
    if variant == 1:
        laces = [_trim("box", (0.004, 0.02, 0.003), (0.005 - 0.011 * k, y, 0.096 + 0.02 * k), axis_quat("y", 45), trim)
                 for y in pair for k in range(3)]  # fmt: skip
        parts += laces
    elif variant == 2:
        parts += [_trim("box", (0.026, 0.028, 0.02), (-0.09, y, 0.02), rgb=sole) for y in pair]
    for y in pair:
        parts.append(_trim("cylinder", (0.052, 0.008, 0.0), (-0.06, y, h - 0.012), rgb=trim))
        parts.append(proxy("box", (0.12, 0.038, 0.04), (0.01, y, 0.04)))
        parts.append(proxy("cylinder", (0.046, h / 2, 0.0), (-0.06, y, h / 2)))
    return centred(Shape("Boots", tuple(parts), mass_kg=1.0))


_BOOTS: tuple[tuple[Vec3, Vec3, Vec3, float, Material], ...] = (
    ((0.95, 0.78, 0.15), (0.35, 0.3, 0.2), (0.8, 0.6, 0.1), 0.28, "plain"),
    ((0.5, 0.34, 0.18), (0.12, 0.12, 0.13), (0.85, 0.72, 0.3), 0.17, "cloth"),
    ((0.42, 0.2, 0.12), (0.2, 0.12, 0.08), (0.8, 0.62, 0.4), 0.3, "cloth"),
    ((0.12, 0.12, 0.14), (0.55, 0.4, 0.25), (0.3, 0.3, 0.33), 0.2, "plain"),
)


@shape("Box")
def box(variant: int, rng: np.random.Generator) -> Shape:
    """Box with a lid hinged at -x: cardboard, shoe box, wooden chest, gift."""
    rgb, lid_rgb, mark, half = (
        ((0.72, 0.54, 0.34), (0.75, 0.57, 0.37), (0.88, 0.8, 0.62), (0.17, 0.21, 0.24)),
        ((0.9, 0.88, 0.84), (0.8, 0.28, 0.2), _WHITE, (0.12, 0.18, 0.13)),
        ((0.5, 0.33, 0.19), (0.45, 0.29, 0.17), _BRASS, (0.14, 0.2, 0.17)),
        ((0.25, 0.5, 0.62), (0.28, 0.55, 0.68), (0.93, 0.82, 0.45), (0.15, 0.15, 0.18)),
    )[variant]
    s = float(rng.uniform(0.95, 1.05))
    x, y, h, t = half[0] * s, half[1] * s, half[2] * s, 0.0045
    material: Material = "wood" if variant == 2 else "plain"
    wall = partial(Part, "box", rgb=rgb, material=material)
    parts = [wall((x, y, 0.006), (0.0, 0.0, 0.006))]
    parts += [wall((t, y, h / 2), (k * (x - t), 0.0, h / 2)) for k in (-1, 1)]
    parts += [wall((x - 2 * t, t, h / 2), (0.0, k * (y - t), h / 2)) for k in (-1, 1)]
    lip = 0.004 if variant in (1, 3) else 0.0
    lid = [Part("box", (x + lip, y + lip, 0.0045), (0.0, 0.0, h + 0.0045), IDENTITY, lid_rgb, material)]
    top = h + 0.009
    if lip:  # a rim that reaches down over the walls
        rim = 0.16 * h
        lid += [_trim("box", (0.002, y + lip, rim), (k * (x + 0.003), 0.0, h - rim), rgb=lid_rgb) for k in (-1, 1)]
        lid += [_trim("box", (x + lip, 0.002, rim), (0.0, k * (y + 0.003), h - rim), rgb=lid_rgb) for k in (-1, 1)]
    if variant in (0, 3):  # tape or ribbon
        wide = 0.025 if variant == 0 else 0.014
        lid.append(_trim("box", (x + lip, wide, 0.0008), (0.0, 0.0, top), rgb=mark))
        reach = 0.2 * h if variant == 0 else h / 2
        parts.append(_trim("box", (0.0008, wide, reach), (x + lip, 0.0, h - reach), rgb=mark))
    if variant == 3:
        lid.append(_trim("box", (wide, y + lip, 0.0008), (0.0, 0.0, top), rgb=mark))
        for k in (-1, 1):
            lid.append(_trim("ellipsoid", (0.014, 0.034, 0.02), (0.0, 0.034 * k, top + 0.014), rgb=mark))
    elif variant == 1:
        parts.append(_trim("box", (0.0008, 0.05, 0.025), (x, 0.0, 0.35 * h), rgb=(0.25, 0.3, 0.35)))
    elif variant == 2:
        for strap in (-0.6 * y, 0.6 * y):
            lid.append(_trim("box", (x + 0.001, 0.012, 0.0055), (0.0, strap, h + 0.0045), IDENTITY, _STEEL, "metal"))
            band = partial(_trim, "box", (0.001, 0.012, h / 2), rgb=_STEEL, material="metal")
            parts += [band((k * x, strap, h / 2)) for k in (-1, 1)]
        lid.append(_trim("box", (0.003, 0.018, 0.02), (x + 0.002, 0.0, h - 0.01), IDENTITY, mark, "metal"))
    inside = Region((2 * t - x, 2 * t - y, 0.012), (x - 2 * t, y - 2 * t, h - 0.002), enclosed=True)
    hinge = Joint("hinge", (0.0, -1.0, 0.0), (-x, 0.0, h), 1.9)
    return Shape("Box", tuple(parts), tuple(lid), hinge, (inside,), mass_kg=(0.5, 0.3, 1.8, 0.4)[variant])


@shape("Candle")
def candle(variant: int, rng: np.random.Generator) -> Shape:
    """Candle whose flame lights: pillar, candle in a jar, taper in a stick, bowl with two wicks."""
    wax: Vec3 = ((0.93, 0.88, 0.74), (0.85, 0.55, 0.5), (0.9, 0.9, 0.88), (0.6, 0.7, 0.55))[variant]
    r, h = ((0.035, 0.12), (0.04, 0.085), (0.011, 0.27), (0.06, 0.06))[variant]
    h *= float(rng.uniform(0.93, 1.07))
    if variant == 0:
        drip = [(0.0, 0.0), (r, 0.0), (r, 0.96 * h), (0.92 * r, h), (0.5 * r, 0.97 * h), (0.0, 0.96 * h)]
        body = [skin(lathe(drip, 18), wax), proxy("cylinder", (r, h / 2, 0.0), (0.0, 0.0, h / 2)),
                _trim("cylinder", (1.5 * r, 0.004, 0.0), (0.0, 0.0, 0.004), IDENTITY, _BRASS, "metal")]  # fmt: skip
    elif variant == 1:
        jar = [(0.0, 0.0), (r, 0.0), (1.04 * r, 0.006), (1.04 * r, h), (0.96 * r, h), (0.96 * r, 0.72 * h)]
        body = [skin(lathe(jar, 18), (0.62, 0.74, 0.78), "glass"),
                _trim("cylinder", (0.97 * r, 0.003, 0.0), (0.0, 0.0, 0.74 * h), rgb=wax),
                _trim("box", (0.002, 0.024, 0.02), (1.01 * r, 0.0, 0.42 * h), rgb=(0.95, 0.93, 0.86)),
                proxy("cylinder", (r, h / 2, 0.0), (0.0, 0.0, h / 2))]  # fmt: skip
    elif variant == 2:
        stick = [(0.0, 0.0), (0.05, 0.0), (0.052, 0.008), (0.016, 0.02), (0.009, 0.05), (0.015, 0.065), (0.009, 0.08),
                 (0.018, 0.1), (0.0, 0.1)]  # fmt: skip
        body = [skin(lathe(stick, 16), _BRASS, "metal"), proxy("cylinder", (0.05, 0.006, 0.0), (0.0, 0.0, 0.006)),
                _trim("cylinder", (r, (h - 0.09) / 2, 0.0), (0.0, 0.0, (h + 0.09) / 2), rgb=wax),
                proxy("cylinder", (0.012, h / 2, 0.0), (0.0, 0.0, h / 2))]  # fmt: skip
    else:
        bowl = [(0.0, 0.0), (0.6 * r, 0.0), (0.95 * r, 0.4 * h), (r, h), (0.9 * r, h), (0.88 * r, 0.7 * h)]
        body = [skin(lathe(bowl, 18), (0.35, 0.36, 0.4), "tile"),
                _trim("cylinder", (0.9 * r, 0.003, 0.0), (0.0, 0.0, 0.76 * h), rgb=wax),
                proxy("cylinder", (0.8 * r, h / 2, 0.0), (0.0, 0.0, h / 2))]  # fmt: skip
    top = h * (0.96, 0.76, 1.0, 0.8)[variant]
    for y in (-0.022, 0.022) if variant == 3 else (0.0,):
        body.append(_trim("cylinder", (0.0016, 0.007, 0.0), (0.0, y, top + 0.006), rgb=_DARK))
        body.append(_trim("ellipsoid", (0.005, 0.005, 0.011), (0.0, y, top + 0.02), IDENTITY, (0.75, 0.5, 0.2), "glow"))
    return Shape("Candle", tuple(body), mass_kg=0.3)


@shape("Dumbbell")
def dumbbell(variant: int, rng: np.random.Generator) -> Shape:
    """Dumbbell lying along y: rubber hexagons, iron discs, small pink hexagons, chrome drums."""
    rgb, r, thick, half = (
        ((0.15, 0.15, 0.17), 0.055, 0.06, 0.13),
        ((0.3, 0.32, 0.35), 0.075, 0.03, 0.16),
        ((0.85, 0.35, 0.55), 0.036, 0.045, 0.09),
        ((0.2, 0.42, 0.68), 0.046, 0.055, 0.115),
    )[variant]
    half *= float(rng.uniform(0.97, 1.04))
    hexagon = variant in (0, 2)
    z = r * 0.866 if hexagon else r
    turn = axis_quat("x", -90)
    grip: Vec3 = rgb if variant == 2 else _STEEL
    corners = [(r * float(np.cos(a)), r * float(np.sin(a))) for a in np.arange(6) * np.pi / 3]
    parts = [
        _trim("cylinder", (0.014, half - 0.01, 0.0), (0.0, 0.0, z), turn, grip, "plain" if variant == 2 else "metal")
    ]
    for side in (-1, 1):
        y = side * (half - thick / 2)
        if hexagon:
            parts.append(skin(extrude(corners, thick), rgb, pos=(0.0, y - thick / 2, z), quat=turn))
            parts.append(_trim("cylinder", (0.5 * r, thick / 2 + 0.001, 0.0), (0.0, y, z), turn, (0.6, 0.61, 0.63)))
        else:
            parts.append(_trim("cylinder", (r, thick / 2, 0.0), (0.0, y, z), turn, rgb, "metal"))
            inner = y - side * (0.75 * thick if variant == 1 else 0.0)
            wide = (0.72 * r, thick / 3, 0.0) if variant == 1 else (0.72 * r, thick / 2 + 0.002, 0.0)
            parts.append(_trim("cylinder", wide, (0.0, inner, z), turn, rgb if variant == 1 else _STEEL, "metal"))
        parts.append(proxy("box", (0.52 * r, thick / 2, z), (0.0, y, z)))
    parts.append(proxy("box", (0.012, half, 0.012), (0.0, 0.0, z)))
    return Shape("Dumbbell", tuple(parts), mass_kg=(2.5, 3.0, 1.0, 2.0)[variant])


@shape("Pillow")
def pillow(variant: int, rng: np.random.Generator) -> Shape:
    """Pillow: bed pillow, striped cushion, round cushion with a button, bolster."""
    rgb, accent = (
        ((0.92, 0.92, 0.93), (0.7, 0.76, 0.84)),
        ((0.86, 0.6, 0.28), (0.95, 0.9, 0.8)),
        ((0.5, 0.3, 0.46), (0.75, 0.55, 0.7)),
        ((0.28, 0.46, 0.5), (0.85, 0.83, 0.75)),
    )[variant]
    s = float(rng.uniform(0.95, 1.05))
    if variant == 3:
        r, half, turn = 0.085, 0.24 * s, axis_quat("x", -90)
        drum = [(0.0, -half), (0.7 * r, -half), (r, 0.03 - half), (r, half - 0.03), (0.7 * r, half), (0.0, half)]
        bands = [
            _trim("cylinder", (1.01 * r, 0.012, 0.0), (0.0, k * half, r), turn, accent, "cloth") for k in (-0.7, 0.7)
        ]
        solid = proxy("box", (0.75 * r, half, r), (0.0, 0.0, r))
        return Shape("Pillow", (skin(lathe(drum, 18), rgb, "cloth", (0.0, 0.0, r), turn), *bands, solid), mass_kg=0.6)
    x, y, z = ((0.21 * s, 0.31 * s, 0.075), (0.2 * s, 0.2 * s, 0.075), (0.19 * s, 0.19 * s, 0.06))[variant]
    e = (0.3, 0.3, 1.0)[variant]
    parts = [skin(superellipsoid((x, y, z), 1.05, e, 20, 7), rgb, "cloth", (0.0, 0.0, z))]
    if variant == 2:
        parts.append(_trim("ellipsoid", (0.02, 0.02, 0.008), (0.0, 0.0, 2 * z), IDENTITY, accent, "cloth"))
        parts.append(_trim("cylinder", (0.985 * x, 0.006, 0.0), (0.0, 0.0, z), IDENTITY, accent, "cloth"))
    else:
        edge = [(0.93 * x, -0.93 * y), (0.93 * x, 0.93 * y), (-0.93 * x, 0.93 * y), (-0.93 * x, -0.93 * y)]
        piping = extrude([(1.0 * a, 1.0 * b) for a, b in edge], 0.006)
        parts.append(skin(piping, accent, "cloth", (0.0, 0.0, z - 0.003)))
    if variant == 1:
        stripe = superellipsoid((1.002 * x, 0.11 * y, 1.012 * z), 1.05, 0.3, 8, 7)
        parts += [skin(stripe, accent, "cloth", (0.0, k * y, z - 0.35 * abs(k) * k * k * z)) for k in (-0.3, 0.0, 0.3)]
    parts.append(proxy("box", (0.72 * x, 0.72 * y, 0.8 * z), (0.0, 0.0, 0.8 * z)))
    return Shape("Pillow", tuple(parts), mass_kg=0.5)


@shape("Statue")
def statue(variant: int, rng: np.random.Generator) -> Shape:
    """Statue that faces +x: marble bust, bronze loop, sitting cat, golden figure."""
    s = float(rng.uniform(0.95, 1.08))
    parts, radius, height = (ornaments.bust, ornaments.loop, ornaments.cat, ornaments.figure)[variant](s)
    solids = (
        proxy("box", (radius, radius, 0.02), (0.0, 0.0, 0.02)),
        proxy("cylinder", (0.75 * radius, height / 2, 0.0), (0.0, 0.0, height / 2)),
    )
    return Shape("Statue", (*parts, *solids), mass_kg=(1.5, 1.8, 1.2, 1.0)[variant])


@shape("TableTopDecor")
def table_top_decor(variant: int, rng: np.random.Generator) -> Shape:
    """Ornament for a table: globe, hourglass, stacked stones, model sailing boat."""
    s = float(rng.uniform(0.95, 1.06))
    parts, radius, height = (ornaments.globe, ornaments.hourglass, ornaments.stones, ornaments.boat)[variant](s)
    solids = (
        proxy("cylinder", (radius, 0.012, 0.0), (0.0, 0.0, 0.012)),
        proxy("cylinder", (0.8 * radius, height / 2, 0.0), (0.0, 0.0, height / 2)),
    )
    return Shape("TableTopDecor", (*parts, *solids), mass_kg=0.6)


@shape("TeddyBear")
def teddy_bear(variant: int, rng: np.random.Generator) -> Shape:
    """Sitting bear that faces +x: brown with a bow, cream with a scarf, panda, pink with long limbs."""
    fur, limbs, muzzle, ribbon = (
        ((0.58, 0.37, 0.2), (0.58, 0.37, 0.2), (0.85, 0.7, 0.5), (0.8, 0.14, 0.16)),
        ((0.9, 0.84, 0.7), (0.9, 0.84, 0.7), (0.97, 0.94, 0.88), (0.2, 0.4, 0.7)),
        ((0.93, 0.93, 0.92), (0.14, 0.14, 0.16), (0.97, 0.97, 0.96), (0.3, 0.6, 0.35)),
        ((0.88, 0.6, 0.66), (0.88, 0.6, 0.66), (0.97, 0.88, 0.88), (0.95, 0.9, 0.6)),
    )[variant]
    s = (1.0, 1.15, 1.05, 0.9)[variant] * float(rng.uniform(0.97, 1.04))
    leg = 0.055 * s if variant == 3 else 0.04 * s
    soft = partial(_trim, material="cloth")
    z = 0.205 * s
    parts = [
        soft("ellipsoid", (0.06 * s, 0.066 * s, 0.082 * s), (0.0, 0.0, 0.083 * s), rgb=fur),
        soft("ellipsoid", (0.052 * s, 0.06 * s, 0.054 * s), (0.005, 0.0, z), rgb=fur),
        soft("ellipsoid", (0.024 * s, 0.03 * s, 0.023 * s), (0.047 * s, 0.0, z - 0.012 * s), rgb=muzzle),
        _trim("ellipsoid", (0.006, 0.01, 0.007), (0.07 * s, 0.0, z - 0.002 * s), rgb=_DARK),
        soft("cylinder", (0.046 * s, 0.009 * s, 0.0), (0.0, 0.0, 0.155 * s), rgb=ribbon),
    ]
    for k in (-1, 1):
        if variant == 2:
            parts.append(
                _trim("ellipsoid", (0.006, 0.014, 0.016), (0.048 * s, 0.024 * s * k, z + 0.012 * s), rgb=_DARK)
            )
        eye: Vec3 = _WHITE if variant == 2 else _DARK
        parts += [
            _trim("sphere", (0.006, 0.0, 0.0), (0.052 * s, 0.022 * s * k, z + 0.014 * s), rgb=eye),
            soft("ellipsoid", (0.013 * s, 0.022 * s, 0.022 * s), (0.0, 0.045 * s * k, z + 0.045 * s), rgb=limbs),
            soft("capsule", (0.02 * s, leg, 0.0), (0.028 * s, 0.072 * s * k, 0.1 * s),
                 (0.9213, 0.3205 * k, -0.2203, 0.0), limbs),
            soft("capsule", (0.027 * s, leg, 0.0), (0.065 * s, 0.05 * s * k, 0.028 * s), axis_quat("y", 90), limbs),
            soft("ellipsoid", (0.006, 0.017 * s, 0.017 * s), (0.09 * s + leg, 0.05 * s * k, 0.028 * s), rgb=muzzle),
        ]  # fmt: skip
    if variant == 0:
        parts += [
            soft("ellipsoid", (0.01, 0.022, 0.014), (0.052 * s, 0.022 * k, 0.152 * s), rgb=ribbon) for k in (-1, 1)
        ]
    parts += [
        proxy("box", ((0.1 * s + leg) / 2 + 0.02, 0.07 * s, 0.026 * s), (leg / 2 + 0.02 * s, 0.0, 0.026 * s)),
        proxy("cylinder", (0.058 * s, 0.07 * s, 0.0), (0.0, 0.0, 0.08 * s)),
        proxy("sphere", (0.054 * s, 0.0, 0.0), (0.005, 0.0, z)),
    ]
    return centred(Shape("TeddyBear", tuple(parts), mass_kg=0.3))


@shape("TennisRacket")
def tennis_racket(variant: int, rng: np.random.Generator) -> Shape:
    """Racket lying flat along y, grip at -y: red, blue, old wooden one, short yellow one."""
    rgb, grip, strings, material = _RACKETS[variant]
    a, b, shaft = ((0.12, 0.16, 0.34), (0.125, 0.165, 0.33), (0.1, 0.13, 0.38), (0.11, 0.135, 0.24))[variant]
    shaft *= float(rng.uniform(0.98, 1.02))
    centre, z = shaft / 2, 0.013
    rim = [(a * x, centre + b * y, z) for x, y, _ in ornaments.arc(1.0, 0, 360, 21)]
    bars = []
    for k in np.arange(-4, 5) * 0.2:
        half = 0.003 / 2, 0.98 * float(np.sqrt(1 - k * k))
        for x, y, place in ((half[0], b * half[1], (k * a, 0.0)), (a * half[1], half[0], (0.0, k * b))):
            bar = extrude([(x, -y), (x, y), (-x, y), (-x, -y)], 0.002)
            bars.append(placed(bar, (float(place[0]), centre + float(place[1]), z - 0.001)))
    neck = centre - b - 0.06
    throat = [sweep([(k * 0.62 * a, centre - 0.76 * b, z), (k * 0.02, neck + 0.02, z), (0.0, neck - 0.03, z)], 0.008, 5)
              for k in (-1, 1)]  # fmt: skip
    end = -shaft / 2 - b
    handle = (neck - 0.02 - end) / 2
    middle = end + handle
    turn = axis_quat("x", -90)
    parts = (
        skin(merge(sweep(rim, 0.009, 5), *throat), rgb, material),
        skin(merge(*bars), strings),
        _trim("cylinder", (0.0135, handle, 0.0), (0.0, middle, 0.0135), turn, grip, "cloth"),
        _trim("cylinder", (0.016, 0.008, 0.0), (0.0, end + 0.008, 0.016), turn, rgb),
        proxy("box", (0.92 * a, 0.9 * b, 0.011), (0.0, centre, 0.011)),
        proxy("box", (0.013, (centre - 0.8 * b - end) / 2, 0.012), (0.0, (centre - 0.8 * b + end) / 2, 0.012)),
    )
    return Shape("TennisRacket", parts, mass_kg=0.35)


_RACKETS: tuple[tuple[Vec3, Vec3, Vec3, Material], ...] = (
    ((0.78, 0.14, 0.14), _DARK, _WHITE, "plain"),
    ((0.14, 0.3, 0.62), _WHITE, (0.85, 0.85, 0.6), "plain"),
    ((0.66, 0.44, 0.24), (0.35, 0.2, 0.12), (0.9, 0.86, 0.74), "wood"),
    ((0.92, 0.78, 0.18), (0.25, 0.45, 0.3), _DARK, "plain"),
)


@shape("Vase", variants=5)
def vase(variant: int, rng: np.random.Generator) -> Shape:
    """Open vase: amphora, slim cylinder, ball with a short neck, flared glass, ribbed bottle."""
    rgb, material, outline = _VASES[variant]
    s = float(rng.uniform(0.94, 1.08))
    outer = [(r, z * s) for r, z in outline]
    top = outer[-1][1]
    inner = [(max(r - 0.006, 0.004), max(z, 0.012)) for r, z in reversed(outer)]
    body = lathe([(0.0, 0.0), *outer, *inner, (0.0, 0.012)], 18)
    radii, heights = np.array(outer).T
    edges = np.linspace(0.0, top, 5)
    slabs = []
    for lo, hi in pairwise(edges):
        r = float(np.interp([lo, (lo + hi) / 2, hi], heights, radii).mean())
        slabs.append(proxy("cylinder", (r, (hi - lo) / 2, 0.0), (0.0, 0.0, (lo + hi) / 2)))
    parts = [skin(body, rgb, material), *slabs]
    if variant in (0, 4):
        stripe: Vec3 = (0.93, 0.86, 0.7) if variant == 0 else (0.85, 0.75, 0.5)
        for z in (0.5, 0.6):
            r = float(np.interp(z * top, heights, radii)) + 0.001
            parts.append(_trim("cylinder", (r, 0.004, 0.0), (0.0, 0.0, z * top), rgb=stripe))
    return Shape("Vase", tuple(parts), mass_kg=0.7)


_VASES: tuple[tuple[Vec3, Material, list[tuple[float, float]]], ...] = (
    (
        (0.7, 0.36, 0.24),
        "tile",
        [(0.045, 0.0), (0.05, 0.01), (0.08, 0.12), (0.075, 0.16), (0.035, 0.22), (0.045, 0.26)],
    ),
    ((0.9, 0.9, 0.88), "tile", [(0.05, 0.0), (0.052, 0.02), (0.05, 0.15), (0.052, 0.29)]),
    (
        (0.2, 0.42, 0.55),
        "tile",
        [(0.05, 0.0), (0.08, 0.04), (0.09, 0.085), (0.075, 0.13), (0.03, 0.155), (0.036, 0.185)],
    ),
    ((0.55, 0.75, 0.68), "glass", [(0.05, 0.0), (0.042, 0.02), (0.036, 0.1), (0.05, 0.2), (0.078, 0.27)]),
    (
        (0.24, 0.26, 0.3),
        "tile",
        [(0.055, 0.0), (0.07, 0.05), (0.062, 0.12), (0.03, 0.19), (0.018, 0.26), (0.028, 0.31)],
    ),
)


@shape("WateringCan")
def watering_can(variant: int, rng: np.random.Generator) -> Shape:
    """Watering can, spout towards +x: zinc, round green plastic, copper with a thin spout, small yellow."""
    rgb, material, r, height, tube, rose = _CANS[variant]
    h = height * float(rng.uniform(0.96, 1.05))
    x0 = -0.06  # the body stands behind the middle, the spout before it
    belly = (1.0, 1.12, 0.8, 1.0)[variant]
    outer = [(0.0, 0.0), (r, 0.0), (belly * r, 0.5 * h), (0.82 * belly * r, h), (0.5 * r, h), (0.5 * r, 0.94 * h)]
    tip = (0.16, 0.0, 1.08 * h)
    root = (x0 + 0.9 * r, 0.0, 0.28 * h)
    knee = (0.5 * (tip[0] + root[0]) + 0.015, 0.0, 0.55 * h)
    bow = [(x0 - 0.85 * belly * r, 0.0, 0.3 * h), (x0 - 1.7 * r, 0.0, 0.62 * h), (x0 - 1.5 * r, 0.0, 1.1 * h),
           (x0 - 0.7 * r, 0.0, 1.32 * h), (x0 + 0.3 * r, 0.0, 1.25 * h), (x0 + 0.6 * r, 0.0, 0.98 * h)]  # fmt: skip
    parts = [
        skin(lathe([*outer, (0.0, 0.92 * h)], 18), rgb, material, (x0, 0.0, 0.0)),
        skin(sweep([root, knee, tip], [1.5 * tube, 1.1 * tube, tube], 8), rgb, material),
        skin(sweep(bow if variant != 2 else bow[:4], 0.007, 6), rgb, material),
        _trim("cylinder", (0.5 * r, 0.001, 0.0), (x0, 0.0, 0.945 * h), rgb=_DARK),
        proxy("cylinder", (r, h / 2, 0.0), (x0, 0.0, h / 2)),
        proxy("box", (0.05, 0.012, 0.012), (0.5 * (tip[0] + root[0]) + 0.01, 0.0, 0.72 * h), axis_quat("y", -38)),
        # Stands in for the weight of the water: the body's mass is taken at the middle of the whole can.
        proxy("box", (0.05, 0.03, 0.006), (-0.01, 0.0, 0.006)),
    ]
    if rose:
        head = lathe([(0.0, 0.0), (tube, 0.0), (2.6 * tube, 0.03), (0.0, 0.034)], 12)
        parts.append(skin(head, rgb, material, tip, axis_quat("y", 50)))
    return centred(Shape("WateringCan", tuple(parts), mass_kg=0.6))


_CANS: tuple[tuple[Vec3, Material, float, float, float, bool], ...] = (
    ((0.62, 0.65, 0.68), "metal", 0.08, 0.19, 0.011, True),
    ((0.2, 0.52, 0.32), "plain", 0.085, 0.17, 0.013, True),
    ((0.75, 0.45, 0.28), "metal", 0.075, 0.15, 0.006, False),
    ((0.93, 0.76, 0.2), "plain", 0.06, 0.14, 0.011, True),
)
