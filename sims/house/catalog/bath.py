"""Small things of the bathroom: towels, soaps, brushes, paper."""

from __future__ import annotations

from functools import partial

import numpy as np

from engram.sims.house.catalog.parts import proxy, skin
from engram.sims.house.catalog.registry import shape
from engram.sims.house.geometry import (
    IDENTITY,
    Material,
    Mesh,
    Part,
    Shape,
    Vec3,
    axis_quat,
    extrude,
    lathe,
    superellipsoid,
    sweep,
)

_WHITE: Vec3 = (0.93, 0.93, 0.91)
_DARK: Vec3 = (0.15, 0.15, 0.17)
_CARD: Vec3 = (0.62, 0.47, 0.32)
_OAK: Vec3 = (0.72, 0.52, 0.31)

_BOTTLE: tuple[Material, ...] = ("plain", "glass", "tile", "plain")  # soap bottles

_trim = partial(Part, solid=False)  # seen, never touched


def _fold(half: Vec3, layers: int, rgb: Vec3, band: Vec3 | None) -> tuple[Part, ...]:
    """Stack of rounded layers, every second one set back at the open edge, with a woven band across the top."""
    x, y, z = half
    thick = z / layers
    parts = []
    for k in range(layers):
        back = 0.03 * x * (k % 2)
        leaf = superellipsoid((x - back, y - back, 1.12 * thick), 0.5, 0.12, segments=16, rings=6)
        parts.append(skin(leaf, rgb, "cloth", (-back, 0.0, (2 * k + 1) * thick)))
    if band is not None:
        for side in (0.52, 0.7):
            parts.append(
                _trim("box", (0.06 * x, 0.985 * y, z), (side * x, 0.0, z + 0.0035), rgb=band, material="cloth")
            )
    return (*parts, proxy("box", (0.97 * x, 0.97 * y, z), (0.0, 0.0, z)))


def _roll(radius: float, half_length: float, rgb: Vec3, end: Vec3, band: Vec3 | None) -> tuple[Part, ...]:
    """Roll that lies along y; its solid is a box, so that it stays where it is put."""
    turn = axis_quat("x", 90)
    centre = (0.0, 0.0, radius)
    rings = [(1.0, 0.0, rgb), (0.74, 0.003, end), (0.5, 0.006, rgb), (0.27, 0.009, end)]
    parts = [
        _trim("cylinder", (share * radius, half_length + out, 0.0), centre, turn, tint, "cloth")
        for share, out, tint in rings
    ]
    if band is not None:
        parts.append(_trim("cylinder", (1.04 * radius, 0.18 * half_length, 0.0), centre, turn, band, "cloth"))
    return (*parts, proxy("box", (0.72 * radius, half_length, radius), centre))


@shape("Cloth")
def cloth(variant: int, rng: np.random.Generator) -> Shape:
    """Washcloth: folded square, striped fold, triangle or small roll."""
    s = float(rng.uniform(0.95, 1.08))
    parts: tuple[Part, ...]
    if variant == 0:
        parts = _fold((0.09 * s, 0.09 * s, 0.011), 2, (0.33, 0.62, 0.78), None)
    elif variant == 1:
        parts = _fold((0.11 * s, 0.07 * s, 0.014), 2, (0.92, 0.88, 0.78), (0.78, 0.24, 0.22))
    elif variant == 2:
        outline = [(0.11 * s, -0.092), (-0.02, 0.093 * s), (-0.06, 0.083 * s), (-0.11 * s, -0.067), (-0.09, -0.097)]
        inner = [(0.8 * x - 0.006, 0.8 * y - 0.003) for x, y in outline]
        parts = (
            skin(extrude(outline, 0.009), (0.95, 0.75, 0.25), "cloth"),
            skin(extrude(inner, 0.008), (0.98, 0.84, 0.42), "cloth", (0.0, 0.0, 0.009)),
            proxy("box", (0.075, 0.065, 0.0085), (-0.015, -0.025, 0.0085)),
        )
    else:
        parts = _roll(0.024, 0.085 * s, (0.42, 0.66, 0.42), (0.62, 0.8, 0.6), None)
    return Shape("Cloth", parts, mass_kg=0.06)


@shape("HandTowel")
def hand_towel(variant: int, rng: np.random.Generator) -> Shape:
    """Hand towel, folded or rolled, with a woven band."""
    s = float(rng.uniform(0.95, 1.05))
    parts = (
        lambda: _fold((0.15 * s, 0.09 * s, 0.022), 2, (0.9, 0.88, 0.84), (0.25, 0.42, 0.66)),
        lambda: _fold((0.12 * s, 0.1 * s, 0.03), 3, (0.72, 0.36, 0.42), (0.95, 0.9, 0.88)),
        lambda: _roll(0.042, 0.11 * s, (0.3, 0.58, 0.56), (0.48, 0.74, 0.7), (0.9, 0.93, 0.88)),
        lambda: _fold((0.17 * s, 0.075 * s, 0.026), 2, (0.45, 0.47, 0.52), None),
    )[variant]()
    return Shape("HandTowel", parts, mass_kg=0.15)


@shape("Towel")
def towel(variant: int, rng: np.random.Generator) -> Shape:
    """Bath towel: thick folded stack or big roll."""
    s = float(rng.uniform(0.95, 1.05))
    parts = (
        lambda: _fold((0.19 * s, 0.14 * s, 0.045), 3, (0.94, 0.93, 0.9), (0.78, 0.72, 0.6)),
        lambda: _fold((0.17 * s, 0.15 * s, 0.05), 4, (0.22, 0.36, 0.58), (0.86, 0.89, 0.94)),
        lambda: _roll(0.075, 0.18 * s, (0.86, 0.5, 0.4), (0.95, 0.68, 0.58), None),
        lambda: _roll(0.068, 0.2 * s, (0.46, 0.56, 0.38), (0.64, 0.72, 0.56), (0.93, 0.92, 0.85)),
    )[variant]()
    return Shape("Towel", parts, mass_kg=0.5)


@shape("Plunger")
def plunger(variant: int, rng: np.random.Generator) -> Shape:
    """Rubber cup on a stick: bell, bellows, flanged bell on a tray, short sink plunger."""
    rubber, stick, wood, length = (
        ((0.68, 0.16, 0.12), _OAK, True, 0.44),
        ((0.13, 0.14, 0.16), (0.85, 0.85, 0.87), False, 0.46),
        ((0.2, 0.32, 0.55), _WHITE, False, 0.4),
        ((0.85, 0.48, 0.14), (0.5, 0.32, 0.18), True, 0.27),
    )[variant]
    length *= float(rng.uniform(0.95, 1.05))
    lift = 0.012 if variant == 2 else 0.0
    bell = [(0.0, 0.012), (0.066, 0.0), (0.072, 0.006), (0.066, 0.045), (0.045, 0.075), (0.02, 0.085), (0.018, 0.12)]
    bellows = [(0.0, 0.0), (0.062, 0.0), (0.068, 0.02), (0.05, 0.032), (0.066, 0.05), (0.048, 0.064), (0.06, 0.08)]
    profile = [*bellows, (0.026, 0.1), (0.02, 0.13), (0.0, 0.13)] if variant == 1 else [*bell, (0.0, 0.12)]
    parts = [
        skin(lathe(profile, 18), rubber, pos=(0.0, 0.0, lift)),
        Part("cylinder", (0.012, length / 2, 0.0), (0.0, 0.0, lift + 0.1 + length / 2), IDENTITY, stick,
             "wood" if wood else "plain"),
        _trim("sphere", (0.016, 0.0, 0.0), (0.0, 0.0, lift + 0.1 + length), rgb=stick),
        proxy("cylinder", (0.066, 0.042, 0.0), (0.0, 0.0, lift + 0.042)),
    ]  # fmt: skip
    if lift:
        parts.append(Part("cylinder", (0.09, 0.006, 0.0), (0.0, 0.0, 0.006), rgb=(0.85, 0.87, 0.9)))
    return Shape("Plunger", tuple(parts), mass_kg=0.4)


def _brush_in_holder(variant: int, length: float) -> tuple[Part, ...]:
    rgb: Vec3 = ((0.92, 0.93, 0.94), (0.3, 0.33, 0.37))[variant]
    pot = [(0.0, 0.0), (0.055, 0.0), (0.06, 0.006), (0.048, 0.13), (0.052, 0.135), (0.044, 0.135), (0.05, 0.02)]
    square = [(0.055, -0.055), (0.055, 0.055), (-0.055, 0.055), (-0.055, -0.055)]
    body = lathe([*pot, (0.0, 0.02)], 18) if variant == 0 else extrude(square, 0.12)
    return (
        skin(body, rgb, "plain" if variant == 0 else "metal"),
        _trim("cylinder", (0.034, 0.02, 0.0), (0.0, 0.0, 0.135), rgb=(0.75, 0.85, 0.95)),
        Part("capsule", (0.009, length / 2, 0.0), (0.0, 0.0, 0.14 + length / 2), rgb=(0.25, 0.5, 0.75)),
        _trim("ellipsoid", (0.015, 0.015, 0.045), (0.0, 0.0, 0.14 + length), rgb=(0.25, 0.5, 0.75)),
        proxy("box", (0.05, 0.05, 0.064), (0.0, 0.0, 0.064)),
    )


def _hand_brush(long: bool) -> tuple[Part, ...]:
    half = 0.06 if long else 0.075
    back: Vec3 = _OAK if long else (0.2, 0.58, 0.52)
    y = 0.07 if long else 0.0
    top = superellipsoid((0.034, half, 0.011), 0.5, 0.6, segments=16, rings=6)
    bristle: Vec3 = (0.93, 0.88, 0.72) if long else _WHITE
    rows = [
        _trim("box", (0.0055, half - 0.014, 0.013), (x, y, 0.013), rgb=bristle)
        for x in (-0.019, -0.0063, 0.0063, 0.019)
    ]
    parts = [*rows, skin(top, back, "wood" if long else "plain", (0.0, y, 0.034))]
    parts.append(proxy("box", (0.026, half - 0.01, 0.022), (0.0, y, 0.022)))
    if long:
        path = [(0.0, 0.02, 0.034), (0.0, -0.04, 0.037), (0.0, -0.11, 0.043), (0.0, -0.16, 0.046)]
        parts.append(skin(sweep(path, [0.013, 0.01, 0.011, 0.014]), back, "wood"))
        parts.append(proxy("box", (0.01, 0.08, 0.008), (0.0, -0.07, 0.036)))
        # The handle hangs in the air: this foot keeps the brush level although its middle is not above the bristles.
        parts.append(proxy("box", (0.02, 0.05, 0.006), (0.0, -0.02, 0.006)))
    else:
        grip = [(0.0, 0.055, 0.035), (0.0, 0.04, 0.068), (0.0, 0.0, 0.075), (0.0, -0.04, 0.068), (0.0, -0.055, 0.035)]
        parts.append(skin(sweep(grip, 0.009), back))
        parts.append(proxy("box", (0.01, 0.04, 0.012), (0.0, 0.0, 0.066)))
    return tuple(parts)


@shape("ScrubBrush")
def scrub_brush(variant: int, rng: np.random.Generator) -> Shape:
    """Toilet brush in its holder, or a brush for the floor with bristles below."""
    length = float(rng.uniform(0.24, 0.28))
    parts = _brush_in_holder(variant, length) if variant < 2 else _hand_brush(variant == 2)
    return Shape("ScrubBrush", parts, mass_kg=0.35 if variant < 2 else 0.15)


@shape("SoapBar")
def soap_bar(variant: int, rng: np.random.Generator) -> Shape:
    """Bar of soap: oval, rectangular, round, or shell-ribbed, with a stamped mark."""
    half, e, rgb = (
        ((0.03, 0.046, 0.014), 1.0, (0.93, 0.68, 0.74)),
        ((0.028, 0.042, 0.015), 0.25, (0.62, 0.78, 0.52)),
        ((0.036, 0.036, 0.014), 1.0, (0.95, 0.9, 0.72)),
        ((0.03, 0.048, 0.016), 0.5, (0.58, 0.7, 0.88)),
    )[variant]
    s = float(rng.uniform(0.95, 1.06))
    x, y, z = half[0] * s, half[1] * s, half[2]
    mark: Vec3 = (0.82 * rgb[0], 0.82 * rgb[1], 0.82 * rgb[2])
    parts = [skin(superellipsoid((x, y, z), 0.45, e, segments=18, rings=7), rgb, pos=(0.0, 0.0, z))]
    top = 2 * z - 0.0002
    if variant == 3:
        parts += [_trim("box", (0.7 * x, 0.002, 0.001), (0.0, k * 0.3 * y, top), rgb=mark) for k in (-1.6, 0.0, 1.6)]
    elif variant == 1:
        parts.append(_trim("box", (0.45 * x, 0.6 * y, 0.001), (0.0, 0.0, top), rgb=mark))
    else:
        parts.append(_trim("ellipsoid", (0.5 * x, 0.55 * y, 0.0012), (0.0, 0.0, top), rgb=mark))
    parts.append(proxy("box", (0.78 * x, 0.8 * y, z), (0.0, 0.0, z)))
    return Shape("SoapBar", tuple(parts), mass_kg=0.1)


@shape("SoapBottle")
def soap_bottle(variant: int, rng: np.random.Generator) -> Shape:
    """Pump bottle: round, square, squat or tapered."""
    rgb, pump, radius, height = (
        ((0.45, 0.75, 0.72), _WHITE, 0.034, 0.13),
        ((0.88, 0.62, 0.3), _DARK, 0.033, 0.12),
        ((0.93, 0.93, 0.9), (0.7, 0.71, 0.74), 0.044, 0.095),
        ((0.72, 0.42, 0.66), _WHITE, 0.036, 0.15),
    )[variant]
    h = height * float(rng.uniform(0.96, 1.05))
    r = radius
    top = 0.72 * r if variant == 3 else r
    profile = [(0.0, 0.0), (r, 0.0), (1.02 * r, 0.01), (top, 0.8 * h), (0.7 * top, 0.95 * h), (0.35 * r, h), (0.0, h)]
    square = [(r, -r), (r, r), (-r, r), (-r, -r)]
    body = extrude(square, h) if variant == 1 else lathe(profile, 18)
    label: Vec3 = (0.97, 0.95, 0.88)
    parts = [
        skin(body, rgb, _BOTTLE[variant]),
        _trim("cylinder", (0.014, 0.009, 0.0), (0.0, 0.0, h + 0.009), rgb=pump),
        _trim("cylinder", (0.005, 0.018, 0.0), (0.0, 0.0, h + 0.03), rgb=pump),
        _trim("box", (0.024, 0.008, 0.005), (0.014, 0.0, h + 0.05), rgb=pump),
        proxy("cylinder", (0.95 * r, h / 2, 0.0), (0.0, 0.0, h / 2)),
        proxy("cylinder", (0.012, 0.025, 0.0), (0.0, 0.0, h + 0.025)),
    ]
    if variant in (1, 3):
        parts.append(_trim("box", (0.004, 0.6 * r, 0.25 * h), (r - 0.003, 0.0, 0.42 * h), rgb=label))
    return Shape("SoapBottle", tuple(parts), mass_kg=0.3)


@shape("SprayBottle")
def spray_bottle(variant: int, rng: np.random.Generator) -> Shape:
    """Cleaner with a trigger head, nozzle towards +x."""
    rgb, head, label, radius = (
        ((0.3, 0.6, 0.88), _WHITE, (0.97, 0.9, 0.3), 0.042),
        ((0.92, 0.92, 0.92), (0.85, 0.2, 0.16), (0.2, 0.6, 0.35), 0.04),
        ((0.45, 0.78, 0.35), _DARK, (0.95, 0.95, 0.9), 0.045),
        ((0.72, 0.42, 0.14), _DARK, (0.93, 0.9, 0.82), 0.036),
    )[variant]
    h = float(rng.uniform(0.16, 0.18))
    r = radius
    w = (1.0, 0.78, 0.95, 1.0)[variant] * r  # waist
    profile = [(0.0, 0.0), (r, 0.0), (1.02 * r, 0.012), (r, 0.4 * h), (w, 0.62 * h), (0.8 * w, 0.82 * h)]
    body = lathe([*profile, (0.015, 0.95 * h), (0.015, h), (0.0, h)], 18)
    return Shape(
        "SprayBottle",
        (
            skin(body, rgb, "glass" if variant == 3 else "plain"),
            _trim("box", (0.004, 0.6 * r, 0.13 * h), (0.96 * r, 0.0, 0.27 * h), rgb=label),
            _trim("cylinder", (0.018, 0.012, 0.0), (0.0, 0.0, h + 0.004), rgb=head),
            Part("box", (0.042, 0.014, 0.016), (0.012, 0.0, h + 0.032), rgb=head),
            _trim("cylinder", (0.008, 0.009, 0.0), (0.06, 0.0, h + 0.034), axis_quat("y", 90), label),
            _trim("box", (0.005, 0.008, 0.028), (0.036, 0.0, h - 0.002), axis_quat("y", -18), head),
            proxy("cylinder", (r, 0.4 * h, 0.0), (0.0, 0.0, 0.4 * h)),
            proxy("cylinder", (0.016, 0.12 * h, 0.0), (0.0, 0.0, 0.9 * h)),
        ),
        mass_kg=0.45,
    )


@shape("TissueBox")
def tissue_box(variant: int, rng: np.random.Generator) -> Shape:
    """Box of paper tissues with one standing out: flat, cube, round or wooden."""
    half, rgb, stripe = (
        ((0.06, 0.115, 0.03), (0.42, 0.62, 0.82), (0.93, 0.95, 0.97)),
        ((0.056, 0.056, 0.062), (0.92, 0.72, 0.76), (0.75, 0.32, 0.44)),
        ((0.058, 0.058, 0.065), (0.5, 0.7, 0.55), (0.95, 0.9, 0.7)),
        ((0.066, 0.125, 0.04), (0.5, 0.33, 0.2), (0.36, 0.23, 0.14)),
    )[variant]
    x, y, z = half
    top = 2 * z
    petals = [(0.0, 0.0), (0.012, 0.0), (0.016, 0.012), (0.034, 0.05), (0.022, 0.042), (0.008, 0.06), (0.0, 0.03)]
    tuft = lathe(petals, 9)
    wave = 1.0 + 0.35 * np.sin(np.arange(9) * 2.1 + float(rng.uniform(0, 6)))
    lift = np.tile(np.column_stack([0.45 * wave, wave, 0.7 + 0.3 * wave]), (len(petals), 1))
    tuft = Mesh((tuft.vertices * lift).astype(np.float32), tuft.faces)
    if variant == 2:
        body = Part("cylinder", (x, z, 0.0), (0.0, 0.0, z), rgb=rgb)
        bands = [_trim("cylinder", (1.01 * x, 0.01, 0.0), (0.0, 0.0, k * z), rgb=stripe) for k in (0.4, 1.6)]
    else:
        body = Part("box", half, (0.0, 0.0, z), IDENTITY, rgb, "wood" if variant == 3 else "plain")
        bands = [_trim("box", (1.01 * x, 1.01 * y, 0.22 * z), (0.0, 0.0, 0.5 * z), rgb=stripe)]
    slot = _trim("ellipsoid", (0.018, min(0.62 * y, 0.05), 0.002), (0.0, 0.0, top), rgb=_DARK)
    return Shape("TissueBox", (body, *bands, slot, skin(tuft, _WHITE, "cloth", (0.0, 0.0, top))), mass_kg=0.2)


@shape("ToiletPaper")
def toilet_paper(variant: int, rng: np.random.Generator) -> Shape:
    """Roll standing on its end: full, with a loose sheet, half used, or a double-height pack of two."""
    r = (0.058, 0.055, 0.04, 0.056)[variant] * float(rng.uniform(0.97, 1.03))
    h = (0.1, 0.1, 0.1, 0.2)[variant]
    rgb: Vec3 = (_WHITE, (0.93, 0.88, 0.8), (0.96, 0.82, 0.84), (0.85, 0.9, 0.95))[variant]
    hole = 0.021
    paper = lathe([(hole, 0.0), (r, 0.0), (r, h), (hole, h), (hole, 0.0)], 20)
    core = lathe([(0.018, 0.0), (0.0215, 0.0), (0.0215, h + 0.001), (0.018, h + 0.001), (0.018, 0.0)], 14)
    parts = [
        skin(paper, rgb, "cloth"),
        skin(core, _CARD),
        proxy("cylinder", (r, h / 2, 0.0), (0.0, 0.0, h / 2)),
    ]
    if variant == 1:
        parts.append(_trim("box", (0.035, 0.001, h / 2), (-0.035, r, h / 2), IDENTITY, rgb, "cloth"))
    if variant == 3:
        parts.append(_trim("cylinder", (1.012 * r, 0.003, 0.0), (0.0, 0.0, h / 2), rgb=(0.35, 0.5, 0.7)))
    return Shape("ToiletPaper", tuple(parts), mass_kg=0.12)
