"""Food and the pieces that a knife makes of it."""

from __future__ import annotations

import numpy as np

from engram.sims.house.catalog.parts import (
    centred,
    fitted,
    lumpy,
    placed,
    proxy,
    round_proxies,
    ruffled,
    skin,
    trim,
    wedge,
)
from engram.sims.house.catalog.registry import shape
from engram.sims.house.geometry import Mesh, Part, Shape, Vec3, axis_quat, extrude, lathe, superellipsoid, yaw_quat

Outline = list[tuple[float, float]]

_LYING = axis_quat("x", 90)  # lays the axis of a fruit down

# Apples: skin, side, height, whether a leaf is left
_APPLES = (
    ((0.76, 0.08, 0.09), 0.078, 0.072, True),
    ((0.48, 0.70, 0.16), 0.080, 0.078, False),
    ((0.90, 0.70, 0.18), 0.072, 0.064, True),
    ((0.55, 0.05, 0.12), 0.074, 0.082, False),
)
_APPLE_PROFILE = (
    (0.0, 0.10), (0.30, 0.0), (0.62, 0.12), (0.92, 0.42), (1.0, 0.68), (0.86, 0.92), (0.45, 1.0), (0.14, 0.92),
    (0.0, 0.80),
)  # fmt: skip
_APPLE_FLESH = (0.95, 0.90, 0.70)


def _scaled(profile: tuple[tuple[float, float], ...], radius: float, height: float) -> list[tuple[float, float]]:
    return [(r * radius, z * height) for r, z in profile]


@shape("Apple")
def apple(variant: int, rng: np.random.Generator) -> Shape:
    """Apple with a dimple, a stem and sometimes a leaf."""
    rgb, side, height, leaf = _APPLES[variant]
    body = lumpy(lathe(_scaled(_APPLE_PROFILE, side / 2, height), 16), rng, 0.02)
    parts = [
        skin(fitted(body, (side, side, height)), rgb),
        trim(
            "capsule", (0.0022, 0.009, 0.0), (0.002, 0.0, height - 0.003), (0.32, 0.20, 0.10), quat=axis_quat("y", 18)
        ),
    ]
    if leaf:
        at = (0.014, 0.004, height + 0.004)
        parts.append(trim("ellipsoid", (0.013, 0.007, 0.0015), at, (0.25, 0.50, 0.15), quat=axis_quat("y", -25)))
    return Shape("Apple", (*parts, *round_proxies((side, side, height))), mass_kg=0.18)


@shape("AppleSliced")
def apple_sliced(variant: int, rng: np.random.Generator) -> Shape:
    """Piece of an apple, on its skin: a wedge or a half."""
    rgb, side, height, _ = _APPLES[variant]
    profile = [(0.0, 0.0), *_scaled(_APPLE_PROFILE, side / 2, height)[1:-2], (0.0, height)]
    seeds = [(-0.009, 0.004), (0.009, -0.004)]
    return _cut_piece("AppleSliced", profile, (90, 180, 67, 112)[variant], rgb, _APPLE_FLESH, seeds, 0.045)


def _cut_piece(
    name: str, profile: Outline, angle_deg: float, rgb: Vec3, flesh: Vec3, seeds: Outline, mass_kg: float
) -> Shape:
    """Sector of a lathed fruit on its skin, axis along y, cut faces up. Seeds are (side and depth, along) the core."""
    half = np.radians(angle_deg) / 2
    peel, cut = (placed(placed(m, quat=yaw_quat(-np.pi / 2 - half)), quat=_LYING) for m in wedge(profile, angle_deg))
    points = np.concatenate([peel.vertices, cut.vertices]).astype(np.float64)
    lo, hi = points.min(0), points.max(0)
    shift = (float(-(lo[0] + hi[0]) / 2), float(-(lo[1] + hi[1]) / 2), float(-lo[2]))
    parts = [skin(placed(peel, shift), rgb), skin(placed(cut, shift), flesh)]
    sx, sy, sz = (hi - lo).tolist()
    for depth, along in seeds:
        at = (depth * float(np.sin(half)) + shift[0], along, shift[2] - abs(depth) * float(np.cos(half)))
        parts.append(trim("ellipsoid", (0.0024, 0.0045, 0.0024), at, (0.22, 0.12, 0.06)))
    foot = proxy("box", (0.25 * sx, 0.3 * sy, 0.47 * sz), (0.0, 0.0, 0.47 * sz))
    girth = proxy("box", (0.4 * sx, 0.42 * sy, 0.2 * sz), (0.0, 0.0, 0.6 * sz))
    return Shape(name, (*parts, foot, girth), mass_kg=mass_kg)


# Loaves: crust, crumb, whole sides
_LOAVES: tuple[tuple[Vec3, Vec3, Vec3], ...] = (
    ((0.70, 0.44, 0.20), (0.95, 0.87, 0.68), (0.23, 0.11, 0.11)),  # tin loaf
    ((0.80, 0.55, 0.26), (0.96, 0.90, 0.74), (0.36, 0.075, 0.06)),  # baguette
    ((0.56, 0.33, 0.15), (0.90, 0.80, 0.60), (0.19, 0.19, 0.095)),  # round country loaf
    ((0.33, 0.20, 0.11), (0.55, 0.38, 0.22), (0.20, 0.10, 0.085)),  # dark rye
)
_TIN: Outline = [
    (-0.42, 0.0), (0.42, 0.0), (0.43, 0.5), (0.5, 0.62), (0.48, 0.82), (0.3, 0.97), (0.0, 1.0), (-0.3, 0.97),
    (-0.48, 0.82), (-0.5, 0.62), (-0.43, 0.5),
]  # fmt: skip


def _oval(a: float, b: float, n: int = 16) -> Outline:
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return [(float(a * np.cos(t)), float(b * np.sin(t))) for t in angle]


def _bread_outline(variant: int) -> Outline:
    """Cross-section of a loaf, flat side towards -y, in metres."""
    _, _, (_, width, height) = _LOAVES[variant]
    if variant == 0:
        return [(x * width, (z - 0.5) * height) for x, z in _TIN]
    if variant == 2:
        arc = np.linspace(0, np.pi, 11)
        return [(float(np.cos(t)) * width / 2, float(np.sin(t) ** 0.7 - 0.5) * height) for t in arc]
    return [(x, max(y, -0.32 * height)) for x, y in _oval(width / 2, height / 2)]


@shape("Bread")
def bread(variant: int, rng: np.random.Generator) -> Shape:
    """Whole loaf: tin, baguette, round or rye."""
    crust, crumb, (length, width, height) = _LOAVES[variant]
    size = (length * float(rng.uniform(0.96, 1.04)), width, height)
    slash = tuple(0.5 * (a + b) for a, b in zip(crust, crumb, strict=True))
    light: Vec3 = (slash[0], slash[1], slash[2])
    if variant == 0:
        upright = placed(extrude(_bread_outline(0), length), quat=axis_quat("x", 90))
        body = fitted(placed(upright, quat=axis_quat("z", 90)), size)
    else:
        body = fitted(lumpy(superellipsoid((1.0, 1.0, 1.0), 0.9, 0.9, 16, 9), rng, 0.03), size)
        body = Mesh(np.maximum(body.vertices, [-1, -1, 0.12 * height]) - [0, 0, 0.12 * height], body.faces)
        body = fitted(Mesh(body.vertices.astype(np.float32), body.faces), size)
    cuts = {0: 0, 1: 5, 2: 2, 3: 3}[variant]
    parts = [skin(body, crust)]
    for k in range(cuts):
        if variant == 2:
            x, reach, turn = 0.0, 0.3 * length, 45.0 + 90.0 * k
        else:
            x, reach, turn = (k - (cuts - 1) / 2) * 0.7 * length / cuts, 0.42 * width, 55.0
        z = height * float(np.sqrt(1 - (1.6 * x / length) ** 2)) - 0.002
        at = (x, 0.0, z - 0.006)
        parts.append(trim("ellipsoid", (reach, 0.006, 0.008), at, light, quat=axis_quat("z", turn)))
    return Shape("Bread", (*parts, *_loaf_proxies(variant, size)), mass_kg=0.45)


def _loaf_proxies(variant: int, size: Vec3) -> tuple[Part, ...]:
    hx, hy, hz = size[0] / 2, size[1] / 2, size[2] / 2
    if variant == 0:
        return (proxy("box", (hx, 0.9 * hy, hz), (0.0, 0.0, hz)),)
    if variant == 2:
        low = proxy("cylinder", (0.95 * hx, 0.5 * hz, 0.0), (0.0, 0.0, 0.5 * hz))
        return low, proxy("cylinder", (0.6 * hx, 0.95 * hz, 0.0), (0.0, 0.0, 0.95 * hz))
    low = proxy("box", (0.9 * hx, 0.85 * hy, 0.6 * hz), (0.0, 0.0, 0.6 * hz))
    return low, proxy("box", (0.6 * hx, 0.5 * hy, 0.95 * hz), (0.0, 0.0, 0.95 * hz))


@shape("BreadSliced")
def bread_sliced(variant: int, rng: np.random.Generator) -> Shape:
    """One slice, lying on its cut face; a rim of crust round the crumb."""
    crust, crumb, _ = _LOAVES[variant]
    outline = _bread_outline(variant)
    thick = (0.014, 0.018, 0.016, 0.010)[variant] + float(rng.uniform(0, 0.002))
    middle = np.mean(outline, axis=0)
    inner = [(float(x), float(y)) for x, y in (np.array(outline) - middle) * 0.88 + middle]
    lo, hi = np.min(outline, axis=0), np.max(outline, axis=0)
    shift: Vec3 = (float(-(lo[0] + hi[0]) / 2), float(-(lo[1] + hi[1]) / 2), 0.0)
    parts = (
        skin(placed(extrude(outline, thick), shift), crust),
        skin(placed(extrude(inner, thick + 0.001), shift), crumb),
        proxy("box", (0.92 * float(hi[0] - lo[0]) / 2, 0.92 * float(hi[1] - lo[1]) / 2, thick / 2), (0, 0, thick / 2)),
    )
    return Shape("BreadSliced", parts, mass_kg=0.035)


_EGGS: tuple[tuple[Vec3, Vec3], ...] = (  # shell, whole sides
    ((0.93, 0.90, 0.84), (0.058, 0.043, 0.043)),
    ((0.72, 0.48, 0.32), (0.060, 0.046, 0.046)),
    ((0.86, 0.72, 0.56), (0.054, 0.044, 0.044)),
    ((0.70, 0.80, 0.78), (0.062, 0.044, 0.044)),
)
_EGG_PROFILE = (
    (0.0, 0.0),
    (0.55, 0.06),
    (0.90, 0.24),
    (1.0, 0.42),
    (0.88, 0.66),
    (0.55, 0.90),
    (0.25, 0.985),
    (0.0, 1.0),
)


@shape("Egg")
def egg(variant: int, rng: np.random.Generator) -> Shape:
    """Egg, lying."""
    rgb, size = _EGGS[variant]
    shell = placed(lathe(_scaled(_EGG_PROFILE, 0.5, 1.0), 16), quat=axis_quat("y", 90))
    parts = [skin(fitted(shell, size), rgb)]
    if variant == 3:
        for _ in range(4):
            t = float(rng.uniform(0, 2 * np.pi))
            at = (0.013 * float(np.cos(t)), 0.010 * float(np.sin(t)), 0.86 * size[2])
            parts.append(trim("ellipsoid", (0.003, 0.003, 0.004), at, (0.45, 0.40, 0.34)))
    return Shape("Egg", (*parts, *round_proxies(size)), mass_kg=0.06)


@shape("EggCracked")
def egg_cracked(variant: int, rng: np.random.Generator) -> Shape:
    """White and yolk that have run out, with none, one or two shell halves."""
    rgb, size = _EGGS[variant]
    radius = (0.052, 0.047, 0.055, 0.044)[variant]
    angle = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    wobble = 1 + 0.12 * np.sin(3 * angle + rng.uniform(0, 6)) + 0.06 * np.sin(5 * angle)
    outline = [
        (float(radius * w * np.cos(t)), float(radius * w * np.sin(t))) for w, t in zip(wobble, angle, strict=True)
    ]
    yolk = ((0.97, 0.72, 0.10), (0.95, 0.58, 0.08), (0.98, 0.78, 0.20), (0.92, 0.50, 0.06))[variant]
    parts = [
        skin(extrude(outline, 0.006), (0.96, 0.95, 0.90)),
        trim("ellipsoid", (0.019, 0.019, 0.011), (0.004, 0.0, 0.011), yolk),
        proxy("cylinder", (0.9 * radius, 0.004, 0.0), (0.0, 0.0, 0.004)),
        proxy("cylinder", (0.014, 0.008, 0.0), (0.004, 0.0, 0.008)),
    ]
    cup = lathe([(0.0, 0.0), (0.6, 0.08), (0.92, 0.4), (1.0, 0.8), (0.92, 0.75), (0.5, 0.2), (0.0, 0.12)], 12)
    for k in range((0, 1, 2, 1)[variant]):
        at = (-0.03 if k == 0 else 0.02, 0.04 if k == 0 else -0.045, 0.004)
        jagged = placed(ruffled(cup, 0.12, 5), scale=(size[1] / 2, size[1] / 2, 0.028))
        parts.append(skin(jagged, rgb, pos=at, quat=axis_quat("x", 25 if k else -20)))
        parts.append(proxy("cylinder", (0.017, 0.011, 0.0), (at[0], at[1], 0.011)))
    return centred(Shape("EggCracked", tuple(parts), mass_kg=0.055))


_LETTUCES: tuple[tuple[Vec3, Vec3, Vec3], ...] = (  # outer leaves, heart, whole sides
    ((0.42, 0.66, 0.24), (0.66, 0.82, 0.42), (0.16, 0.16, 0.13)),  # butterhead
    ((0.55, 0.76, 0.36), (0.70, 0.85, 0.50), (0.15, 0.15, 0.135)),  # iceberg
    ((0.22, 0.48, 0.15), (0.62, 0.78, 0.38), (0.27, 0.11, 0.10)),  # romaine, lying
    ((0.42, 0.13, 0.18), (0.38, 0.56, 0.22), (0.17, 0.17, 0.12)),  # red leaf
)
_LEAVES = [(0.0, 0.0), (0.35, 0.02), (0.75, 0.35), (1.0, 0.85), (0.96, 0.86), (0.68, 0.42), (0.0, 0.1)]
_ROMAINE = [
    (0.0, 0.0), (0.45, 0.02), (0.75, 0.25), (1.0, 0.6), (0.95, 0.85), (0.7, 1.0), (0.62, 0.97), (0.8, 0.6), (0.0, 0.3),
]  # fmt: skip
_BALL = [(0.0, 0.0), (0.5, 0.07), (0.87, 0.25), (1.0, 0.5), (0.87, 0.75), (0.5, 0.93), (0.0, 1.0)]


@shape("Lettuce")
def lettuce(variant: int, rng: np.random.Generator) -> Shape:
    """Head of lettuce: ruffled leaves round a heart."""
    rgb, heart, size = _LETTUCES[variant]
    a, b, h = size
    if variant == 2:
        along = axis_quat("y", 90)
        leaves = fitted(placed(ruffled(lathe(_ROMAINE, 20), 0.10, 5), quat=along), size)
        inner = fitted(placed(ruffled(lathe(_ROMAINE, 16), 0.10, 4), quat=along), (0.9 * a, 0.6 * b, 0.6 * h))
        parts = [
            skin(leaves, rgb),
            skin(inner, heart, pos=(0.08 * a, 0.0, 0.2 * h)),
            trim("cylinder", (0.02, 0.012, 0.0), (-0.5 * a, 0.0, 0.5 * h), (0.88, 0.90, 0.78), quat=along),
        ]
        return centred(Shape("Lettuce", (*parts, *round_proxies(size)), mass_kg=0.35))
    waves = (5, 3, 0, 7)[variant]
    ripple = (0.09, 0.04, 0.0, 0.16)[variant]
    outer = fitted(ruffled(lathe(_LEAVES, 21), ripple, waves), (a, b, (0.72, 0.55, 0.0, 0.85)[variant] * h))
    middle = fitted(
        placed(ruffled(lathe(_LEAVES, 18), ripple, waves), quat=axis_quat("z", 40)), (0.8 * a, 0.8 * b, 0.9 * h)
    )
    ball = fitted(lumpy(lathe(_BALL, 12), rng, 0.05), ((0.9 if variant == 1 else 0.6) * a,) * 2 + (0.97 * h,))
    between = tuple((x + y) / 2 for x, y in zip(rgb, heart, strict=True))
    parts = [skin(outer, rgb), skin(ball, heart, pos=(0.0, 0.0, 0.03 * h))]
    if variant != 1:
        parts.append(skin(middle, (between[0], between[1], between[2])))
    return Shape("Lettuce", (*parts, *round_proxies(size)), mass_kg=0.35)


@shape("LettuceSliced")
def lettuce_sliced(variant: int, rng: np.random.Generator) -> Shape:
    """Wedge of a lettuce with its pale inside and stem."""
    rgb, heart, size = _LETTUCES[variant]
    long, across = (size[0], size[1]) if variant == 2 else (size[2], size[0])
    profile = [(r * across / 2, z * long) for r, z in _BALL]
    pale: Vec3 = (0.5 * heart[0] + 0.45, 0.5 * heart[1] + 0.46, 0.5 * heart[2] + 0.35)
    piece = _cut_piece("LettuceSliced", profile, (90, 112, 90, 67)[variant], rgb, pale, [], 0.08)
    peel, cut, *solids = piece.parts
    wavy = skin(lumpy(peel.mesh, rng, 0.02, 8.0) if peel.mesh else lathe(profile), rgb)
    _, hi = piece.bounds()
    vein = trim("capsule", (0.006, 0.33 * long, 0.0), (0.0, 0.0, float(hi[2]) - 0.006), heart, quat=_LYING)
    return Shape("LettuceSliced", (wavy, cut, vein, *solids), mass_kg=0.08)


_POTATOES: tuple[tuple[Vec3, Vec3], ...] = (  # skin, whole sides
    ((0.66, 0.50, 0.30), (0.105, 0.070, 0.062)),
    ((0.56, 0.24, 0.20), (0.085, 0.072, 0.065)),
    ((0.78, 0.66, 0.38), (0.125, 0.062, 0.055)),
    ((0.42, 0.30, 0.20), (0.092, 0.078, 0.060)),
)
_POTATO_FLESH = (0.94, 0.87, 0.58)


@shape("Potato")
def potato(variant: int, rng: np.random.Generator) -> Shape:
    """Uneven potato with a few eyes."""
    rgb, size = _POTATOES[variant]
    body = fitted(lumpy(superellipsoid((1.0, 1.0, 1.0), 0.9, 0.9, 16, 10), rng, 0.08, 3.5), size)
    eye: Vec3 = (0.55 * rgb[0], 0.55 * rgb[1], 0.55 * rgb[2])
    parts = [skin(body, rgb)]
    spots = body.vertices[rng.choice(np.flatnonzero(body.vertices[:, 2] > 0.55 * size[2]), 4, replace=False)]
    parts += [trim("ellipsoid", (0.004, 0.003, 0.002), (float(x), float(y), float(z)), eye) for x, y, z in spots]
    return Shape("Potato", (*parts, *round_proxies(size)), mass_kg=0.2)


@shape("PotatoSliced")
def potato_sliced(variant: int, rng: np.random.Generator) -> Shape:
    """Thick slice of a potato with a rim of skin; two kinds are cut in half lengthways."""
    rgb, (length, width, height) = _POTATOES[variant]
    a, b = (width / 2, height / 2) if variant in (0, 1) else (length / 2, width / 2)
    thick = (0.014, 0.020, 0.022, 0.016)[variant]
    outline = [(x * s, y * s) for (x, y), s in zip(_oval(a, b), 1 + 0.05 * rng.normal(size=16), strict=True)]
    parts = (
        skin(extrude(outline, thick), rgb),
        skin(extrude([(0.92 * x, 0.92 * y) for x, y in outline], thick + 0.001), _POTATO_FLESH),
        proxy("box", (0.85 * a, 0.6 * b, thick / 2), (0.0, 0.0, thick / 2)),
        proxy("box", (0.6 * a, 0.85 * b, thick / 2), (0.0, 0.0, thick / 2)),
    )
    return Shape("PotatoSliced", parts, mass_kg=0.05)


_TOMATOES: tuple[tuple[Vec3, Vec3, float, int], ...] = (  # skin, whole sides, depth of the lobes, number of lobes
    ((0.82, 0.12, 0.08), (0.072, 0.072, 0.060), 0.03, 5),
    ((0.88, 0.48, 0.10), (0.095, 0.095, 0.062), 0.09, 7),
    ((0.76, 0.10, 0.09), (0.080, 0.052, 0.050), 0.0, 5),
    ((0.58, 0.10, 0.14), (0.060, 0.060, 0.054), 0.0, 5),
)


@shape("Tomato")
def tomato(variant: int, rng: np.random.Generator) -> Shape:
    """Tomato with its green star; one lobed, one a plum tomato on its side."""
    rgb, size, lobe, lobes = _TOMATOES[variant]
    body = lathe([(0.0, 0.04), (0.4, 0.0), (0.8, 0.18), (1.0, 0.5), (0.84, 0.82), (0.45, 1.0), (0.0, 0.92)], 20)
    v = body.vertices.astype(np.float64)
    v[:, :2] *= (1 + lobe * np.cos(lobes * np.arctan2(v[:, 1], v[:, 0])))[:, None]
    body = Mesh(v.astype(np.float32), body.faces)
    turn = axis_quat("y", 90) if variant == 2 else axis_quat("z", float(rng.uniform(0, 90)))
    body = fitted(placed(body, quat=turn), size)
    angle = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    star = extrude([(0.022 * float(np.cos(t)) * (1 - 0.7 * (k % 2)), 0.022 * float(np.sin(t)) * (1 - 0.7 * (k % 2)))
                    for k, t in enumerate(angle)], 0.003)  # fmt: skip
    at = (0.48 * size[0], 0.0, 0.5 * size[2]) if variant == 2 else (0.0, 0.0, size[2] - 0.004)
    quat = axis_quat("y", 90) if variant == 2 else (1.0, 0.0, 0.0, 0.0)
    tip = (at[0] + 0.006, 0.0, at[2]) if variant == 2 else (0.0, 0.0, size[2] + 0.003)
    green = (0.20, 0.42, 0.12)
    parts = (
        skin(body, rgb),
        skin(star, green, pos=at, quat=quat),
        trim("capsule", (0.002, 0.005, 0.0), tip, green, quat=quat),
    )
    return centred(Shape("Tomato", (*parts, *round_proxies(size)), mass_kg=0.12))


@shape("TomatoSliced")
def tomato_sliced(variant: int, rng: np.random.Generator) -> Shape:
    """Round slice with pockets of seeds."""
    rgb, (length, width, _), lobe, lobes = _TOMATOES[variant]
    radius = min(length, width) / 2
    thick = 0.010 + 0.002 * (variant % 2)
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    rim = radius * (1 + lobe * np.cos(lobes * angle))
    outline = [(float(r * np.cos(t)), float(r * np.sin(t))) for r, t in zip(rim, angle, strict=True)]
    flesh: Vec3 = tuple(0.6 * c + 0.3 for c in rgb)  # type: ignore[assignment]
    pockets = (4, 6, 3, 3)[variant]
    parts = [
        skin(extrude(outline, thick), rgb),
        skin(extrude([(0.9 * x, 0.9 * y) for x, y in outline], thick + 0.001), flesh),
        proxy("cylinder", (0.95 * radius, thick / 2, 0.0), (0.0, 0.0, thick / 2)),
    ]
    for k in range(pockets):
        t = 2 * np.pi * k / pockets
        at = (0.52 * radius * float(np.cos(t)), 0.52 * radius * float(np.sin(t)), thick + 0.0005)
        half = (0.26 * radius, min(0.3, 1.2 / pockets) * radius, 0.0015)
        parts.append(trim("ellipsoid", half, at, (0.90, 0.62, 0.22), quat=axis_quat("z", float(np.degrees(t)))))
    return Shape("TomatoSliced", tuple(parts), mass_kg=0.03)
