"""Small things of desks and pockets: books, pens, phones, clocks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np

from engram.sims.house.catalog.parts import centred, merge, placed, proxy, skin
from engram.sims.house.catalog.registry import shape
from engram.sims.house.geometry import (
    IDENTITY,
    Joint,
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
_DARK: Vec3 = (0.13, 0.13, 0.15)
_STEEL: Vec3 = (0.72, 0.73, 0.76)
_BRASS: Vec3 = (0.82, 0.65, 0.28)
_PAPER: Vec3 = (0.94, 0.91, 0.82)
_SCREEN: Vec3 = (0.1, 0.13, 0.18)

_trim = partial(Part, solid=False)  # seen, never touched


def _studs(centres: Iterable[tuple[float, float]], half: tuple[float, float], height: float) -> Mesh:
    """Many equal blocks on the plane z = 0 as one mesh: keys, buttons, lines of print."""
    corner = np.array([(1, -1), (1, 1), (-1, 1), (-1, -1)]) * half
    block = np.column_stack([np.tile(corner, (2, 1)), np.repeat([0.0, height], 4)])
    quads = np.array([(0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7), (4, 5, 6, 7)])  # none below
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    mesh = Mesh(block.astype(np.float32), triangles.astype(np.int32))
    return merge(*(placed(mesh, (a, b, 0.0)) for a, b in centres))


def _grid(rows: int, columns: int, pitch: tuple[float, float], x0: float = 0.0) -> list[tuple[float, float]]:
    """Centres of a grid around (x0, 0), rows along x."""
    xs = x0 + (np.arange(rows) - (rows - 1) / 2) * pitch[0]
    ys = (np.arange(columns) - (columns - 1) / 2) * pitch[1]
    return [(float(x), float(y)) for x in xs for y in ys]


def _rounded(x: float, y: float, corner: float) -> list[tuple[float, float]]:
    """Rectangle outline with cut corners."""
    c = corner
    return [(x, c - y), (x, y - c), (x - c, y), (c - x, y), (-x, y - c), (-x, c - y), (c - x, -y), (x - c, -y)]


@shape("AlarmClock")
def alarm_clock(variant: int, rng: np.random.Generator) -> Shape:
    """Clock that faces +x: twin bells, digital bar, wooden cube with digits, square travel clock."""
    if variant in (1, 2):
        return _digital_clock(variant, rng)
    rgb: Vec3 = (0.75, 0.16, 0.15) if variant == 0 else (0.55, 0.75, 0.72)
    r = float(rng.uniform(0.048, 0.053))
    z = r + 0.012
    turn = axis_quat("y", 90)
    minute = (0.5 * r * float(np.sin(0.9)), z + 0.5 * r * float(np.cos(0.9)))
    face = [
        _trim("cylinder", (0.86 * r, 0.001, 0.0), (0.0245, 0.0, z), turn, _WHITE),
        _trim("box", (0.001, 0.003, 0.22 * r), (0.027, -0.0, z + 0.2 * r), rgb=_DARK),
        _trim("box", (0.001, 0.002, 0.32 * r), (0.027, 0.6 * minute[0], 0.4 * z + 0.6 * minute[1]), axis_quat("x", -52),
              _DARK),
    ]  # fmt: skip
    if variant == 0:
        body = [_trim("cylinder", (r, 0.024, 0.0), (0.0, 0.0, z), turn, rgb)]
        for side in (-1, 1):
            bell = (0.0, side * 0.62 * r, z + 0.98 * r)
            body.append(_trim("ellipsoid", (0.022, 0.024, 0.017), bell, axis_quat("x", -38 * side), _STEEL, "metal"))
            foot = (0.0, side * 0.55 * r, 0.0175)
            body.append(_trim("capsule", (0.006, 0.012, 0.0), foot, axis_quat("x", 28 * side), _STEEL, "metal"))
        arch = [
            (0.0, -0.03, z + 1.2 * r),
            (0.0, -0.02, z + 1.55 * r),
            (0.0, 0.02, z + 1.55 * r),
            (0.0, 0.03, z + 1.2 * r),
        ]
        body.append(skin(sweep(arch, 0.003, 5), _STEEL, "metal"))
    else:
        case = superellipsoid((0.024, 1.12 * r, 1.12 * r), 0.35, 0.35, segments=16, rings=8)
        body = [
            skin(case, rgb, pos=(0.0, 0.0, 1.12 * r)),
            _trim("box", (0.03, r, 0.004), (0.0, 0.0, 0.004), rgb=_DARK),
        ]
    top = z + (1.2 if variant == 0 else 1.05) * r
    solid = proxy("box", (0.026, 0.92 * r, top / 2), (0.0, 0.0, top / 2))
    return Shape("AlarmClock", (*body, *face, solid), mass_kg=0.25)


_SEGMENTS = {  # middle of each bar of a digit as (y, z) in half digit sizes, and whether it is upright
    "a": (0, 1, False), "b": (1, 0.5, True), "c": (1, -0.5, True), "d": (0, -1, False),
    "e": (-1, -0.5, True), "f": (-1, 0.5, True), "g": (0, 0, False),
}  # fmt: skip
_DIGITS = {"0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "7": "abc", "8": "abcdefg"}


def _digits(text: str, height: float) -> Mesh:
    """Seven-segment digits as flat blocks; read from +z with text along +y and up along -x."""
    w, bar = 0.26 * height, 0.05 * height
    meshes = []
    for k, char in enumerate(text):
        centre = (k - (len(text) - 1) / 2) * 0.78 * height
        for name in _DIGITS[char]:
            y, z, upright = _SEGMENTS[name]
            place = [(-z * height / 2, centre + y * w)]
            meshes.append(_studs(place, (height / 4, bar) if upright else (bar, w), 0.002))
    return merge(*meshes)


def _digital_clock(variant: int, rng: np.random.Generator) -> Shape:
    half: Vec3 = (0.035, 0.085, 0.034) if variant == 1 else (0.045, 0.05, 0.045)
    x, y, z = half[0], half[1] * float(rng.uniform(0.95, 1.05)), half[2]
    text, ink = ("0730", (0.95, 0.16, 0.12)) if variant == 1 else ("12", (0.96, 0.96, 0.9))
    digits = _digits(text, 0.036 if variant == 1 else 0.044)
    body: Vec3 = _DARK if variant == 1 else (0.66, 0.46, 0.28)
    parts = [
        Part("box", (x, y, z), (0.0, 0.0, z), IDENTITY, body, "plain" if variant == 1 else "wood"),
        skin(digits, ink, pos=(x + 0.001, 0.0, z), quat=axis_quat("y", 90)),
    ]
    if variant == 1:
        parts.append(_trim("box", (0.001, 0.9 * y, 0.8 * z), (x, 0.0, z), rgb=(0.28, 0.07, 0.07)))
        parts.append(_trim("box", (0.01, 0.03, 0.004), (0.0, 0.0, 2 * z), rgb=_STEEL))
    return Shape("AlarmClock", tuple(parts), mass_kg=0.3)


@shape("Book", variants=6)
def book(variant: int, rng: np.random.Generator) -> Shape:
    """Closed book that lies on its back cover, spine at -x; the front cover opens about the spine."""
    rgb, ink, half = (
        ((0.62, 0.14, 0.16), _BRASS, (0.075, 0.11, 0.016)),
        ((0.13, 0.3, 0.5), _WHITE, (0.085, 0.12, 0.022)),
        ((0.15, 0.42, 0.3), (0.95, 0.85, 0.45), (0.06, 0.09, 0.012)),
        ((0.92, 0.72, 0.22), _DARK, (0.105, 0.14, 0.011)),
        ((0.35, 0.22, 0.14), _BRASS, (0.08, 0.115, 0.028)),
        ((0.88, 0.87, 0.84), (0.8, 0.3, 0.2), (0.065, 0.1, 0.014)),
    )[variant]
    s = float(rng.uniform(0.96, 1.05))
    x, y, z = half[0] * s, half[1] * s, half[2]
    cover = 0.0025
    leather = variant in (0, 4)
    cloth: Material = "cloth" if leather else "plain"
    static = (
        _trim("box", (x, y, cover), (0.0, 0.0, cover), IDENTITY, rgb, cloth),
        _trim("box", (cover, y, z), (cover - x, 0.0, z), IDENTITY, rgb, cloth),
        Part("box", (x - 0.004, y - 0.004, z - cover), (0.0, 0.0, z), rgb=_PAPER),
        proxy("box", (x, y, z - cover), (0.0, 0.0, z - cover)),
    )
    top = 2 * z
    marks: list[tuple[float, float, float, float]] = [  # half x, half y, centre x, centre y
        *((0.08 * x, 0.62 * y, -0.5 * x, 0.0), (0.05 * x, 0.45 * y, -0.25 * x, 0.0)),
        (0.3 * x, 0.4 * y, 0.4 * x, 0.0) if variant in (1, 3, 5) else (0.02 * x, 0.85 * y, 0.85 * x, 0.0),
    ]
    lid = [_trim("box", (x, y, cover), (0.0, 0.0, top - cover), IDENTITY, rgb, cloth)]
    lid += [_trim("box", (a, b, 0.0006), (cx, cy, top), rgb=ink) for a, b, cx, cy in marks]
    hinge = Joint("hinge", (0.0, -1.0, 0.0), (-x, 0.0, top - 2 * cover), 2.9)
    return Shape("Book", static, tuple(lid), hinge, mass_kg=0.2 + 20 * x * y * z * 8)


@shape("CD")
def cd(variant: int, rng: np.random.Generator) -> Shape:
    """Compact disc: bare with a label, or in a jewel case."""
    tint: Vec3 = ((0.8, 0.82, 0.86), (0.85, 0.35, 0.28), (0.3, 0.5, 0.75), (0.9, 0.78, 0.4))[variant]
    r = 0.06
    disc = lathe([(0.008, 0.0), (r, 0.0), (r, 0.004), (0.008, 0.004), (0.008, 0.0)], 24)
    label = lathe([(0.02, 0.0), (0.054, 0.0), (0.054, 0.0006), (0.02, 0.0006), (0.02, 0.0)], 24)
    if variant < 2:
        rings = skin(label, (0.62, 0.7, 0.9) if variant == 0 else tint, "metal" if variant == 0 else "plain",
                      (0.0, 0.0, 0.004))  # fmt: skip
        return Shape("CD", (skin(disc, _STEEL, "metal"), rings, proxy("cylinder", (r, 0.004, 0.0), (0, 0, 0.004))),
                     mass_kg=0.03)  # fmt: skip
    y = 0.071 * float(rng.uniform(0.99, 1.01))
    parts = (
        Part("box", (0.0625, y, 0.005), (0.0, 0.0, 0.005), rgb=(0.22, 0.23, 0.25)),
        _trim("box", (0.0605, 0.055, 0.001), (0.0, 0.012, 0.0102), rgb=tint),
        _trim("cylinder", (0.038, 0.0005, 0.0), (0.0, 0.012, 0.0115), IDENTITY, _STEEL, "metal"),
        _trim("cylinder", (0.012, 0.0005, 0.0), (0.0, 0.012, 0.0124), rgb=tint),
    )
    return Shape("CD", parts, mass_kg=0.09)


@shape("CellPhone")
def cell_phone(variant: int, rng: np.random.Generator) -> Shape:
    """Phone that lies on its back, top at -x: slab, slab in a bright case, keypad phone, big phone face down."""
    s = float(rng.uniform(0.97, 1.04))
    x, y, z, rgb = (
        (0.073, 0.036, 0.005, (0.12, 0.12, 0.14)),
        (0.075, 0.038, 0.006, (0.9, 0.35, 0.45)),
        (0.056, 0.025, 0.009, (0.25, 0.35, 0.55)),
        (0.08, 0.039, 0.005, (0.82, 0.83, 0.86)),
    )[variant]
    x, y = s * x, s * y
    top = 2 * z
    body = skin(extrude(_rounded(x, y, 0.008), top), rgb, "metal" if variant == 3 else "plain")
    parts = [body, proxy("box", (x - 0.002, y - 0.002, z), (0.0, 0.0, z))]
    if variant == 2:
        keys = _studs(_grid(4, 3, (0.012, 0.014), 0.026), (0.0042, 0.0055), 0.0012)
        parts += [
            _trim("box", (0.021, 0.02, 0.0006), (-0.026, 0.0, top), IDENTITY, (0.45, 0.55, 0.42), "glow"),
            skin(keys, _WHITE, pos=(0.0, 0.0, top)),
        ]
    elif variant == 3:
        parts += [
            skin(extrude(_rounded(0.018, 0.018, 0.005), 0.002), _DARK, pos=(-x + 0.024, -y + 0.022, top)),
            _trim("cylinder", (0.006, 0.0005, 0.0), (-x + 0.017, -y + 0.022, top + 0.002), rgb=_STEEL),
            _trim("cylinder", (0.006, 0.0005, 0.0), (-x + 0.032, -y + 0.022, top + 0.002), rgb=_STEEL),
            _trim("box", (0.003, 0.002, 0.0006), (-x + 0.045, -y + 0.022, top), IDENTITY, (0.9, 0.88, 0.75), "glow"),
        ]
    else:
        parts += [
            _trim("box", (x - 0.006, y - 0.004, 0.0006), (0.0, 0.0, top), IDENTITY, _SCREEN, "glow"),
            _trim("cylinder", (0.0022, 0.0006, 0.0), (-x + 0.012, 0.0, top + 0.0005), rgb=(0.3, 0.32, 0.38)),
        ]
        if variant == 1:
            icons = _studs(_grid(3, 3, (0.026, 0.02), 0.01), (0.0055, 0.0055), 0.0004)
            parts.append(skin(icons, (0.55, 0.75, 0.9), pos=(0.0, 0.0, top + 0.0006)))
    return Shape("CellPhone", tuple(parts), mass_kg=0.18)


@shape("CreditCard")
def credit_card(variant: int, rng: np.random.Generator) -> Shape:
    """Bank card, thicker than a real one so that it can be gripped; chip at -y."""
    rgb, accent = (
        ((0.16, 0.28, 0.6), (0.9, 0.55, 0.2)),
        ((0.8, 0.66, 0.3), (0.55, 0.42, 0.15)),
        ((0.14, 0.14, 0.16), (0.75, 0.2, 0.22)),
        ((0.3, 0.65, 0.5), (0.92, 0.94, 0.9)),
    )[variant]
    y = 0.0428 * float(rng.uniform(0.99, 1.01))
    x, top = 0.027, 0.0035
    parts = [
        skin(extrude(_rounded(x, y, 0.003), top), rgb),
        _trim("box", (0.0045, 0.0055, 0.0004), (-0.004, -0.027, top), IDENTITY, _BRASS, "metal"),
        skin(_studs(_grid(1, 4, (0.0, 0.017), 0.008), (0.002, 0.0068), 0.0004), _WHITE, pos=(0.0, 0.002, top)),
        proxy("box", (x, y, 0.004), (0.0, 0.0, 0.004)),
    ]
    if variant in (0, 2):
        parts += [
            _trim("cylinder", (0.0065, 0.0003, 0.0), (0.017, 0.028, top), rgb=(0.88, 0.22, 0.15)),
            _trim("cylinder", (0.0065, 0.0004, 0.0), (0.017, 0.034, top), rgb=(0.95, 0.68, 0.18)),
        ]
    else:
        parts.append(_trim("box", (0.005, y - 0.001, 0.0004), (-0.02, 0.0, top), rgb=accent))
    return Shape("CreditCard", tuple(parts), mass_kg=0.02)


def _key(blade: float, rgb: Vec3, yaw_deg: float) -> list[Part]:
    """Flat key from the ring at the origin: bow, blade and teeth along the turned +y."""
    quat = axis_quat("z", yaw_deg)
    bow = lathe([(0.004, 0.0), (0.012, 0.0), (0.012, 0.003), (0.004, 0.003), (0.004, 0.0)], 12)
    c, s = float(np.cos(np.radians(yaw_deg))), float(np.sin(np.radians(yaw_deg)))
    teeth = [(0.004, 0.034 + 0.008 * k) for k in range(3)]
    shaft = _studs([(0.0, 0.03 + blade / 2)], (0.0032, blade / 2), 0.003)
    notches = _studs(teeth, (0.0025, 0.0025), 0.003)
    return [
        skin(bow, rgb, "metal", (-0.02 * s, 0.02 * c, 0.001)),
        skin(merge(shaft, notches), rgb, "metal", (0.0, 0.0, 0.001), quat),
    ]


@shape("KeyChain")
def key_chain(variant: int, rng: np.random.Generator) -> Shape:
    """Split ring with two keys and a fob: leather tag, car key, ball, heart-red disc."""
    spread = float(rng.uniform(14, 20))
    angle = np.linspace(0, 2 * np.pi, 17)
    ring = sweep([(0.014 * float(np.cos(a)), 0.014 * float(np.sin(a)), 0.003) for a in angle], 0.0015, 4)
    metals: tuple[tuple[Vec3, Vec3], ...] = ((_STEEL, _BRASS), (_BRASS, _STEEL), (_STEEL, _STEEL), (_BRASS, _BRASS))
    first, second = metals[variant]
    parts = [skin(ring, _STEEL, "metal"), *_key(0.032, first, spread), *_key(0.026, second, -spread)]
    parts += (
        [_trim("box", (0.011, 0.024, 0.0025), (0.0, -0.036, 0.0026), IDENTITY, (0.5, 0.28, 0.14), "cloth")],
        [
            skin(superellipsoid((0.017, 0.03, 0.006), 0.5, 0.5, 14, 6), _DARK, pos=(0.0, -0.042, 0.006)),
            _trim("cylinder", (0.005, 0.0006, 0.0), (0.0, -0.034, 0.012), rgb=(0.8, 0.2, 0.18)),
        ],
        [_trim("ellipsoid", (0.017, 0.017, 0.012), (0.0, -0.03, 0.012), rgb=(0.3, 0.7, 0.42))],
        [
            _trim("cylinder", (0.02, 0.002, 0.0), (0.0, -0.033, 0.002), rgb=(0.85, 0.2, 0.3)),
            _trim("cylinder", (0.012, 0.002, 0.0), (0.0, -0.033, 0.0028), rgb=_WHITE),
        ],
    )[variant]
    parts.append(proxy("box", (0.018, 0.056, 0.004), (0.0, 0.0, 0.004)))
    return Shape("KeyChain", tuple(parts), mass_kg=0.06)


@shape("Laptop")
def laptop(variant: int, rng: np.random.Generator) -> Shape:
    """Closed notebook whose lid, hinged at -x, lifts a screen that faces +x."""
    rgb, deck, keys = (
        (_STEEL, _STEEL, _DARK),
        ((0.16, 0.16, 0.18), (0.22, 0.22, 0.24), (0.08, 0.08, 0.09)),
        ((0.75, 0.6, 0.58), (0.78, 0.64, 0.62), _WHITE),
        ((0.22, 0.3, 0.45), (0.75, 0.76, 0.78), (0.2, 0.22, 0.26)),
    )[variant]
    s = (1.0, 1.1, 0.88, 1.0)[variant] * float(rng.uniform(0.98, 1.02))
    x, y, z = 0.11 * s, 0.16 * s, 0.007 if variant != 1 else 0.01
    top = 2 * z
    material: Material = "metal" if variant in (0, 2) else "plain"
    static = (
        Part("box", (x, y, z), (0.0, 0.0, z), IDENTITY, deck, material),
        skin(_studs(_grid(4, 9, (0.021 * s, 0.03 * s), -0.035 * s), (0.008 * s, 0.0125 * s), 0.001), keys, "plain",
              (0.0, 0.0, top)),
        _trim("box", (0.027 * s, 0.042 * s, 0.0005), (0.068 * s, 0.0, top),
              rgb=(0.88 * deck[0], 0.88 * deck[1], 0.88 * deck[2])),
    )  # fmt: skip
    gap = top + 0.002
    moving = (
        Part("box", (x, y, 0.004), (0.0, 0.0, gap + 0.004), IDENTITY, rgb, material),
        _trim("box", (x - 0.004, y - 0.004, 0.0006), (0.0, 0.0, gap), rgb=_DARK),
        _trim("box", (x - 0.014, y - 0.012, 0.0006), (0.003, 0.0, gap - 0.0005), IDENTITY, _SCREEN, "glow"),
        _trim("cylinder", (0.016, 0.0006, 0.0), (0.0, 0.0, gap + 0.008), rgb=keys if variant != 1 else (0.7, 0.2, 0.2)),
    )
    hinge = Joint("hinge", (0.0, -1.0, 0.0), (-x + 0.004, 0.0, gap), 1.95)
    return Shape("Laptop", static, moving, hinge, mass_kg=1.5)


@shape("Newspaper")
def newspaper(variant: int, rng: np.random.Generator) -> Shape:
    """Broadsheet folded once, tabloid, rolled paper with a band, or a small stack."""
    sheet: Vec3 = ((0.87, 0.86, 0.82), (0.92, 0.9, 0.87), (0.86, 0.84, 0.78), (0.93, 0.83, 0.76))[variant]
    ink: Vec3 = (0.3, 0.3, 0.31)
    s = float(rng.uniform(0.96, 1.04))
    if variant == 2:
        turn, r, y = axis_quat("x", 90), 0.03, 0.16 * s
        parts = (
            _trim("cylinder", (r, y, 0.0), (0.0, 0.0, r), turn, sheet),
            _trim("cylinder", (0.72 * r, y + 0.0008, 0.0), (0.0, 0.0, r), turn, ink),
            _trim("cylinder", (0.6 * r, y + 0.0016, 0.0), (0.0, 0.0, r), turn, sheet),
            _trim("cylinder", (1.02 * r, 0.012, 0.0), (0.0, 0.0, r), turn, (0.8, 0.2, 0.18)),
            _trim("box", (0.012, 0.09 * s, 0.001), (0.004, 0.0, 2 * r - 0.0005), rgb=ink),
            proxy("box", (0.7 * r, y, r), (0.0, 0.0, r)),
        )
        return Shape("Newspaper", parts, mass_kg=0.2)
    x, y, z = ((0.14, 0.19, 0.006), (0.15, 0.12, 0.005), (0, 0, 0), (0.13, 0.17, 0.018))[variant]
    x, y, top = x * s, y * s, 2 * z
    lines = _studs(_grid(6, 3, (0.13 * x, 0.55 * y), 0.5 * x), (0.022 * x, 0.24 * y), 0.0006)
    photo: Vec3 = ((0.55, 0.55, 0.56), (0.35, 0.5, 0.65), ink, (0.6, 0.5, 0.42))[variant]
    layers = 3 if variant == 3 else 1
    sheets = [
        Part(
            "box",
            (x - 0.008 * (k % 2), y - 0.006 * (k % 2), z / layers),
            (0.0, 0.0, (2 * k + 1) * z / layers),
            rgb=sheet,
        )
        for k in range(layers)
    ]
    if variant != 3:  # the fold: a rounded edge at -x
        sheets.append(_trim("cylinder", (z, y, 0.0), (-x, 0.0, z), axis_quat("x", 90), sheet))
    headline: Vec3 = (0.75, 0.12, 0.12) if variant == 1 else _DARK
    parts_flat = (
        *sheets,
        _trim("box", (0.1 * x, 0.8 * y, 0.0007), (-0.8 * x, 0.0, top), rgb=headline),
        _trim("box", (0.035 * x, 0.86 * y, 0.0007), (-0.6 * x, 0.0, top), rgb=ink),
        _trim("box", (0.26 * x, 0.5 * y, 0.0007), (-0.24 * x, -0.3 * y, top), rgb=photo),
        skin(lines, ink, pos=(0.0, 0.0, top)),
    )
    return Shape("Newspaper", parts_flat, mass_kg=0.15 * layers)


@shape("Pen")
def pen(variant: int, rng: np.random.Generator) -> Shape:
    """Pen lying along y, tip at +y: ballpoint, capped, fountain pen, marker."""
    rgb, cap, r = (
        ((0.15, 0.35, 0.75), _STEEL, 0.0055),
        ((0.93, 0.93, 0.9), (0.75, 0.15, 0.15), 0.005),
        ((0.1, 0.1, 0.12), _BRASS, 0.0065),
        ((0.3, 0.62, 0.35), (0.2, 0.5, 0.28), 0.008),
    )[variant]
    half = 0.07 * float(rng.uniform(0.97, 1.04))
    turn = axis_quat("x", -90)  # z of the lathe to +y
    tip = 0.2 * r if variant != 3 else 0.6 * r
    body = lathe([(0.0, -half), (r, -half), (r, half - 0.02), (0.7 * r, half - 0.012), (tip, half), (0.0, half)], 12)
    end = -half + (0.03 if variant in (1, 3) else 0.012)
    parts = (
        skin(body, rgb, pos=(0.0, 0.0, r), quat=turn),
        _trim("cylinder", (1.12 * r, (end + half) / 2, 0.0), (0.0, (end - half) / 2, 1.12 * r), turn, cap),
        _trim("box", (0.0015, 0.02, 0.0012), (0.0, -half + 0.02, 2.3 * r), IDENTITY, cap, "metal"),
        _trim("cylinder", (1.05 * r, 0.002, 0.0), (0.0, 0.2 * half, 1.05 * r), turn, cap),
        proxy("box", (max(r, 0.006), half, max(r, 0.005)), (0.0, 0.0, max(r, 0.005))),
    )
    return Shape("Pen", parts, mass_kg=0.02)


@shape("Pencil")
def pencil(variant: int, rng: np.random.Generator) -> Shape:
    """Hexagonal pencil lying along y, point at +y, with an eraser or a dipped end."""
    rgb, end = (
        ((0.95, 0.75, 0.15), (0.9, 0.5, 0.52)),
        ((0.16, 0.45, 0.3), _DARK),
        ((0.82, 0.18, 0.16), (0.93, 0.9, 0.85)),
        ((0.2, 0.4, 0.78), (0.2, 0.4, 0.78)),
    )[variant]
    half = (0.092, 0.09, 0.065, 0.088)[variant] * float(rng.uniform(0.97, 1.03))
    r = 0.0055 if variant == 2 else 0.0045
    turn = axis_quat("x", -90)
    sides = 12 if variant == 2 else 6
    shaft = lathe([(0.0, -half), (r, -half), (r, half - 0.02), (0.0, half - 0.02)], sides)
    cone = lathe([(r, half - 0.02), (0.3 * r, half - 0.005), (0.0, half - 0.005)], sides)
    lead = lathe([(0.3 * r, half - 0.005), (0.0, half)], sides)
    centre = (0.0, 0.0, r)
    parts = [
        skin(shaft, rgb, "plain", centre, turn),
        skin(cone, (0.87, 0.7, 0.48), "wood", centre, turn),
        skin(lead, rgb if variant == 3 else _DARK, "plain", centre, turn),
        _trim("cylinder", (0.98 * r, 0.006, 0.0), (0.0, -half - 0.004, r), turn, end),
        proxy("box", (0.005, half, 0.0045), (0.0, 0.0, 0.0045)),
    ]
    if variant in (0, 2):
        parts.append(_trim("cylinder", (1.04 * r, 0.006, 0.0), (0.0, 0.006 - half, 1.04 * r), turn, _STEEL, "metal"))
    return Shape("Pencil", tuple(parts), mass_kg=0.02)


@shape("RemoteControl")
def remote_control(variant: int, rng: np.random.Generator) -> Shape:
    """Remote lying on its back, infrared end at -x: long, rounded, slim with a ring, small white."""
    rgb, keys, x, y, z = (
        ((0.14, 0.14, 0.16), (0.62, 0.63, 0.66), 0.09, 0.025, 0.01),
        ((0.32, 0.34, 0.38), (0.92, 0.92, 0.9), 0.08, 0.028, 0.011),
        ((0.1, 0.1, 0.11), (0.4, 0.41, 0.44), 0.07, 0.018, 0.008),
        ((0.92, 0.92, 0.9), (0.45, 0.6, 0.72), 0.058, 0.023, 0.008),
    )[variant]
    x *= float(rng.uniform(0.97, 1.04))
    top = 2 * z
    if variant == 1:
        body = skin(superellipsoid((x, y, z), 0.35, 0.6, 16, 8), rgb, pos=(0.0, 0.0, z))
    else:
        body = skin(extrude(_rounded(x, y, 0.006), top), rgb)
    rows, columns = ((5, 3), (4, 3), (3, 2), (3, 2))[variant]
    pitch = (0.015, 0.7 * y)
    buttons = _studs(_grid(rows, columns, pitch, 0.25 * x), (0.0042, 0.22 * y), 0.002)
    ring = lathe([(0.5 * y, 0.0), (0.78 * y, 0.0), (0.78 * y, 0.002), (0.5 * y, 0.002)], 14)
    parts = (
        body,
        skin(buttons, keys, pos=(0.0, 0.0, top - 0.0005)),
        _trim("cylinder", (0.0045, 0.0014, 0.0), (-0.84 * x, 0.4 * y, top), rgb=(0.85, 0.15, 0.12)),
        skin(ring, keys, pos=(-0.5 * x, 0.0, top - 0.0005)),
        proxy("box", (0.97 * x, 0.95 * y, z), (0.0, 0.0, z)),
    )
    return Shape("RemoteControl", parts, mass_kg=0.12)


@shape("Watch")
def watch(variant: int, rng: np.random.Generator) -> Shape:
    """Watch with its face up: leather and metal straps laid flat, digital, pocket watch with a chain."""
    strap, case, dial = (
        ((0.45, 0.26, 0.14), _STEEL, _WHITE),
        (_STEEL, _STEEL, (0.12, 0.2, 0.36)),
        ((0.15, 0.16, 0.18), _DARK, (0.62, 0.68, 0.58)),
        (_BRASS, _BRASS, (0.95, 0.93, 0.85)),
    )[variant]
    r = (0.02, 0.021, 0.019, 0.024)[variant] * float(rng.uniform(0.97, 1.05))
    z = 0.005
    top = 2 * z
    parts: list[Part] = []
    if variant == 3:
        chain = [(0.0, r + 0.006 + 0.01 * k, 0.003) for k in range(4)]
        bent = [(0.012 * float(np.sin(1.1 * k)), y, h) for k, (_, y, h) in enumerate(chain)]
        parts.append(skin(sweep(bent, [0.0016, 0.0026] * 2, 5), strap, "metal"))
        parts.append(_trim("cylinder", (0.004, 0.003, 0.0), (0.0, r + 0.003, z), axis_quat("x", 90), case, "metal"))
    else:
        links = _studs(_grid(1, 9, (0.0, 0.0085)), (0.0095, 0.0038), 0.005)
        for side in (-1, 1):
            y = side * (r + 0.036)
            if variant == 1:
                parts.append(skin(links, strap, "metal", (0.0, y, 0.0)))
            else:
                parts.append(_trim("box", (0.0095, 0.037, 0.002), (0.0, y, 0.002), IDENTITY, strap, "cloth"))
        buckle = 0.07 + r
        parts.append(_trim("box", (0.011, 0.004, 0.003), (0.0, buckle, 0.003), IDENTITY, case, "metal"))
    digital = variant == 2
    if digital:
        parts.append(_trim("box", (0.9 * r, r, z), (0.0, 0.0, z), rgb=case))
        parts.append(_trim("box", (0.55 * r, 0.78 * r, 0.0006), (0.0, 0.0, top), rgb=dial))
        parts.append(skin(_digits("1208", 0.011), _DARK, pos=(0.0, 0.0, top)))
    else:
        ink: Vec3 = _WHITE if variant == 1 else _DARK
        parts += [
            _trim("cylinder", (r, z, 0.0), (0.0, 0.0, z), IDENTITY, case, "metal"),
            _trim("cylinder", (0.84 * r, 0.0006, 0.0), (0.0, 0.0, top), rgb=dial),
            _trim("box", (0.3 * r, 0.0011, 0.0004), (-0.28 * r, 0.0, top + 0.0008), rgb=ink),
            _trim("box", (0.0009, 0.3 * r, 0.0004), (0.0, 0.28 * r, top + 0.0008), rgb=ink),
        ]
    parts.append(proxy("box", (0.0105, r + 0.06, z) if variant < 3 else (0.7 * r, r, z), (0.0, 0.0, z)))
    return centred(Shape("Watch", tuple(parts), mass_kg=0.08))
