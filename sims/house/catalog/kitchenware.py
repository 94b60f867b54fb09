"""Cutlery, shakers and other kitchen things. Long things lie along x, their handle towards +x."""

from __future__ import annotations

import numpy as np

from engram.sims.house.catalog import cookware  # with it, pots and pans are registered
from engram.sims.house.catalog.parts import (
    centred,
    fitted,
    merge,
    placed,
    proxy,
    ribbon,
    skin,
    trim,
)
from engram.sims.house.catalog.registry import shape
from engram.sims.house.geometry import (
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

Profile = list[tuple[float, float]]

STEEL, DARK, WOOD = cookware.STEEL, cookware.DARK, cookware.WOOD
CARDBOARD: Vec3 = (0.62, 0.47, 0.30)
_ALONG_X = axis_quat("y", 90)
_FLAT_M = 0.009  # thickness of the solid of things that lie flat


def _tube(outer: float, inner: float, length: float, segments: int = 18) -> Mesh:
    return lathe([(inner, 0.0), (outer, 0.0), (outer, length), (inner, length), (inner, 0.0)], segments)


@shape("AluminumFoil")
def aluminum_foil(variant: int, rng: np.random.Generator) -> Shape:
    """Roll of foil: in a long carton with a sheet hanging out, or bare on its core."""
    length = (0.31, 0.30, 0.31, 0.22)[variant]
    if variant in (0, 2):
        rgb, stripe = (((0.15, 0.32, 0.62), (0.90, 0.90, 0.92)), ((0.92, 0.76, 0.20), (0.75, 0.12, 0.10)))[variant // 2]
        side = 0.052
        sheet = ribbon([(0.0, 0.42 * length, 0.0, 0.001), (0.03, 0.42 * length, -0.008, 0.001),
                        (0.045, 0.42 * length, -0.022, 0.001)])  # fmt: skip
        parts = [
            trim("box", (length / 2, side / 2, side / 2), (0, 0, side / 2), rgb, solid=True),
            trim("box", (0.3 * length, side / 2 + 0.001, 0.3 * side), (0, 0, side / 2), stripe),
            trim("box", (0.3 * length, 0.3 * side, 0.001), (0, 0, side), stripe),
            skin(placed(sheet, (0, side / 2 - 0.01, side), axis_quat("z", 90)), (0.80, 0.81, 0.83), "metal"),
        ]
        if variant == 2:
            lid = (length / 2, 0.001, 0.022)
            parts.append(trim("box", lid, (0.0, -side / 2, side + 0.018), rgb, quat=axis_quat("x", 20)))
        return centred(Shape("AluminumFoil", tuple(parts), mass_kg=0.35))
    radius = (0.0, 0.024, 0.0, 0.034)[variant]
    at = (-length / 2, 0.0, radius)
    loose = ribbon([(-length / 2, 0.03, 0.001, 0.001), (length / 2, 0.03, 0.001, 0.001)])
    parts = [
        skin(placed(_tube(radius, 0.014, length), at, _ALONG_X), (0.80, 0.81, 0.83), "metal"),
        skin(placed(_tube(0.015, 0.011, length + 0.012, 12), (at[0] - 0.006, 0.0, radius), _ALONG_X), CARDBOARD),
        skin(placed(loose, (0.0, -0.03, 0.0)), (0.76, 0.77, 0.80), "metal"),
        proxy("box", (length / 2, 0.8 * radius, radius), (0.0, 0.0, radius)),
    ]
    return centred(Shape("AluminumFoil", tuple(parts), mass_kg=0.3))


def _lying(name: str, parts: list[Part], boxes: list[tuple[float, float, float, float]], mass_kg: float) -> Shape:
    """Flat thing with solids from z = 0 up: boxes (x from, x to, half width, height)."""
    solids = [proxy("box", ((b - a) / 2, w, h / 2), ((a + b) / 2, 0.0, h / 2)) for a, b, w, h in boxes]
    return centred(Shape(name, (*parts, *solids), mass_kg=mass_kg))


# Handles of cutlery: colour, material, half widths at neck and end
_CUTLERY: tuple[tuple[Vec3, Material, float, float], ...] = (
    (STEEL, "metal", 0.0035, 0.009),
    ((0.16, 0.30, 0.52), "plain", 0.006, 0.010),
    ((0.80, 0.64, 0.28), "metal", 0.003, 0.006),
    (WOOD, "wood", 0.007, 0.009),
)


def _cutlery_handle(variant: int, start: float, end: float) -> Part:
    rgb, material, neck, tail = _CUTLERY[variant]
    thick = 0.0035 if material == "metal" else 0.008
    middle = (start + end) / 2
    mesh = ribbon([
        (start, neck, 0.006, 0.003), (start + 0.015, neck, 0.008, thick), (middle, 0.8 * tail, 0.0085, thick),
        (end - 0.012, tail, 0.005, thick), (end, 0.6 * tail, 0.005, thick),
    ])  # fmt: skip
    return skin(mesh, rgb, material)


def _blade_rgb(variant: int) -> Vec3:
    return _CUTLERY[2][0] if variant == 2 else STEEL


@shape("Fork")
def fork(variant: int, rng: np.random.Generator) -> Shape:
    """Fork with three or four tines."""
    tines = (4, 3, 4, 3)[variant]
    length = (0.190, 0.185, 0.205, 0.180)[variant]
    width = (0.012, 0.011, 0.0115, 0.012)[variant]
    gap = 2 * width / (tines - 0.4)
    root = 0.05
    pieces = [ribbon([(root, width, 0.0035, 0.0025), (root + 0.014, width, 0.004, 0.0025),
                      (root + 0.026, 0.004, 0.006, 0.003), (0.085, 0.0035, 0.007, 0.003)])]  # fmt: skip
    for k in range(tines):
        y = (k - (tines - 1) / 2) * gap
        half = 0.3 * gap
        tine = ribbon([(0.0, 0.35 * half, 0.0065, 0.0018), (0.025, half, 0.003, 0.0025), (root, half, 0.0035, 0.0025)])
        pieces.append(placed(tine, (0.0, y, 0.0)))
    parts = [skin(merge(*pieces), _blade_rgb(variant), "metal"), _cutlery_handle(variant, 0.083, length)]
    return _lying("Fork", parts, [(0.0, 0.07, width, _FLAT_M), (0.07, length, 0.008, _FLAT_M)], 0.05)


@shape("Spoon")
def spoon(variant: int, rng: np.random.Generator) -> Shape:
    """Spoon with an oval or round bowl."""
    length = (0.185, 0.180, 0.200, 0.175)[variant]
    reach, width = ((0.028, 0.019), (0.030, 0.021), (0.024, 0.022), (0.032, 0.024))[variant]
    dish = lathe([(0.0, 0.0), (0.6, 0.25), (1.0, 1.0), (0.93, 1.0), (0.55, 0.42), (0.0, 0.2)], 18)
    bowl = placed(dish, (reach, 0.0, 0.0), scale=(reach, width, 0.009))
    neck = ribbon([(1.9 * reach, 0.006, 0.0075, 0.002), (0.085, 0.0035, 0.007, 0.003)])
    parts = [skin(merge(bowl, neck), _blade_rgb(variant), "metal"), _cutlery_handle(variant, 0.083, length)]
    return _lying("Spoon", parts, [(0.0, 2 * reach, 0.85 * width, _FLAT_M), (2 * reach, length, 0.008, _FLAT_M)], 0.05)


@shape("ButterKnife")
def butter_knife(variant: int, rng: np.random.Generator) -> Shape:
    """Table knife with a blunt, rounded blade."""
    length = (0.205, 0.195, 0.21, 0.185)[variant]
    root, width = (0.095, 0.092, 0.10, 0.085)[variant], (0.0095, 0.011, 0.009, 0.013)[variant]
    outline = [
        (0.0, 0.0), (0.004, -0.7 * width), (0.018, -width), (0.75 * root, -width), (0.95 * root, -0.45 * width),
        (root, -0.3 * width), (root, 0.5 * width), (0.9 * root, 0.6 * width), (0.02, 0.75 * width),
        (0.004, 0.5 * width),
    ]  # fmt: skip
    blade = placed(extrude(outline, 0.002), (0.0, 0.0, 0.005))
    parts = [skin(blade, _blade_rgb(variant), "metal"), _cutlery_handle(variant, root - 0.003, length)]
    return _lying("ButterKnife", parts, [(0.0, root, 0.009, _FLAT_M), (root, length, 0.008, _FLAT_M)], 0.06)


_KNIVES: tuple[tuple[float, float, float, Vec3, Material], ...] = (  # blade length and width, handle length and colour
    (0.20, 0.046, 0.125, DARK, "plain"),
    (0.10, 0.022, 0.10, (0.75, 0.14, 0.12), "plain"),
    (0.22, 0.032, 0.125, WOOD, "wood"),
    (0.17, 0.080, 0.12, (0.28, 0.17, 0.10), "wood"),
)


def _blade_outline(variant: int, length: float, width: float) -> Profile:
    """Cutting edge towards -y, spine straight, root at x = ``length``."""
    low, spine = -0.75 * width, 0.25 * width
    if variant == 3:
        return [(0.0, low), (length, low), (length, spine), (0.004, spine), (0.0, spine - 0.004)]
    if variant == 2:
        teeth = np.linspace(0.03, length, 15)
        edge = [(float(x), low + 0.004 * (k % 2)) for k, x in enumerate(teeth)]
        return [(0.0, low + 0.012), (0.01, low + 0.004), *edge, (length, spine), (0.02, spine), (0.004, spine - 0.006)]
    return [(0.0, spine - 0.002), (0.12 * length, -0.2 * width), (0.35 * length, -0.55 * width), (0.65 * length, low),
            (length, low), (length, spine), (0.0, spine)]  # fmt: skip


@shape("Knife")
def knife(variant: int, rng: np.random.Generator) -> Shape:
    """Kitchen knife: chef's, paring, bread or cleaver, with a riveted handle."""
    length, width, grip, rgb, material = _KNIVES[variant]
    blade = placed(extrude(_blade_outline(variant, length, width), 0.0025), (0.0, 0.0, 0.008))
    handle = fitted(placed(superellipsoid((1.0, 1.0, 1.0), 0.5, 0.4, 12, 7), quat=_ALONG_X), (grip, 0.026, 0.018))
    parts = [
        skin(blade, STEEL, "metal"),
        skin(handle, rgb, material, (length + grip / 2 - 0.002, 0.0, 0.0)),
        trim("box", (0.006, 0.012, 0.008), (length + 0.004, 0.0, 0.009), (0.55, 0.56, 0.58), "metal"),
    ]
    for k in (0.3, 0.7):
        at = (length + k * grip, 0.0, 0.0092)
        parts.append(trim("cylinder", (0.003, 0.0093, 0.0), at, (0.78, 0.78, 0.76), "metal"))
    y, half = -0.25 * width, 0.46 * width
    solids = (
        proxy("box", (length / 2 - 0.004, half, 0.0055), (length / 2 + 0.002, y, 0.0055)),
        proxy("box", (grip / 2, 0.012, 0.009), (length + grip / 2, 0.0, 0.009)),
    )
    return centred(Shape("Knife", (*parts, *solids), mass_kg=(0.2, 0.07, 0.16, 0.35)[variant]))


_TURNERS: tuple[tuple[float, float, int, Vec3, Vec3, Material], ...] = (  # head length, half width, slots, head, handle
    (0.095, 0.042, 3, (0.70, 0.71, 0.73), DARK, "metal"),
    (0.100, 0.036, 0, (0.78, 0.16, 0.14), (0.78, 0.16, 0.14), "plain"),
    (0.105, 0.030, 1, (0.66, 0.47, 0.28), (0.66, 0.47, 0.28), "wood"),
    (0.085, 0.045, 4, (0.13, 0.13, 0.14), (0.20, 0.52, 0.46), "plain"),
)


@shape("Spatula")
def spatula(variant: int, rng: np.random.Generator) -> Shape:
    """Turner with a flat head, slotted or plain."""
    head, half, slots, rgb, grip, material = _TURNERS[variant]
    bars = []
    edges = np.linspace(-half, half, slots + 2)
    for k in range(slots + 1):
        bar = 0.5 * (edges[k + 1] - edges[k]) - (0.0025 if slots else 0.0)
        middle = float(edges[k + 1] + edges[k]) / 2
        bars.append(placed(ribbon([(0.008, bar, 0.002, 0.002), (head - 0.02, bar, 0.003, 0.003)]), (0.0, middle, 0.0)))
    front = ribbon([(0.0, half - 0.003, 0.0015, 0.0015), (0.02, half, 0.002, 0.002)])
    back = ribbon(
        [
            (head - 0.028, half, 0.003, 0.003),
            (head - 0.01, 0.9 * half, 0.004, 0.004),
            (head + 0.012, 0.008, 0.007, 0.006),
        ]
    )
    neck = sweep([(head, 0.0, 0.006), (head + 0.03, 0.0, 0.012), (head + 0.09, 0.0, 0.011)], 0.0045, 6)
    long = (0.10, 0.11, 0.13, 0.095)[variant]
    handle = fitted(placed(superellipsoid((1.0, 1.0, 1.0), 0.6, 0.6, 10, 7), quat=_ALONG_X), (long, 0.022, 0.018))
    start = head + 0.085
    parts = [
        skin(merge(front, back, *bars), rgb, material),
        skin(neck, STEEL if variant in (0, 3) else rgb, "metal" if variant in (0, 3) else material),
        skin(handle, grip, "wood" if variant == 2 else "plain", (start + long / 2, 0.0, 0.0)),
    ]
    boxes = [(0.0, head, 0.95 * half, _FLAT_M), (head, start, 0.006, 0.014), (start, start + long, 0.010, 0.018)]
    return _lying("Spatula", parts, boxes, 0.12)


@shape("Ladle")
def ladle(variant: int, rng: np.random.Generator) -> Shape:
    """Ladle on its round bowl, the handle sloping down to its end."""
    rgb, grip, material = (
        (STEEL, DARK, "metal"),
        ((0.12, 0.12, 0.13), (0.12, 0.12, 0.13), "plain"),
        ((0.60, 0.40, 0.22), (0.60, 0.40, 0.22), "wood"),
        ((0.22, 0.46, 0.58), (0.85, 0.84, 0.80), "plain"),
    )[variant]
    radius, deep, length = ((0.045, 0.036, 0.25), (0.042, 0.040, 0.22), (0.038, 0.030, 0.24), (0.048, 0.034, 0.21))[
        variant
    ]
    profile = [(0.0, 0.0), (0.45, 0.0), (0.85, 0.4), (1.0, 1.0), (0.93, 1.0), (0.78, 0.45), (0.4, 0.12), (0.0, 0.12)]
    cup = lathe([(r * radius, z * deep) for r, z in profile], 18)
    kind: Material = "metal" if material == "metal" else "wood" if material == "wood" else "plain"
    start, end = np.array([0.95 * radius, 0.0, deep - 0.003]), np.array([radius + length, 0.0, 0.008])
    split = start + 0.55 * (end - start)
    rod = sweep([_vec(start - [0.002, 0, 0.006]), _vec(start + 0.1 * (end - start)), _vec(split)], 0.004, 6)
    hold = sweep([_vec(split), _vec(split + 0.2 * (end - split)), _vec(end - 0.1 * (end - split)), _vec(end)],
                 [0.005, 0.008, 0.008, 0.005], 8)  # fmt: skip
    slope = float(np.degrees(np.arctan2(end[2] - start[2], end[0] - start[0])))
    middle, span = (start + end) / 2, float(np.linalg.norm(end - start)) / 2
    solids = (
        proxy("cylinder", (0.55 * radius, deep / 2, 0.0), (0.0, 0.0, deep / 2)),
        proxy("cylinder", (0.95 * radius, 0.3 * deep, 0.0), (0.0, 0.0, 0.7 * deep)),
        proxy("box", (span, 0.006, 0.005), _vec(middle), axis_quat("y", -slope)),
        proxy("box", (0.008, 0.008, 0.005), (float(end[0]) - 0.012, 0.0, 0.005)),
    )
    parts = (skin(cup, rgb, kind), skin(rod, rgb, kind), skin(hold, grip, "wood" if kind == "wood" else "plain"))
    return centred(Shape("Ladle", (*parts, *solids), mass_kg=0.15))


def _vec(point: np.ndarray) -> Vec3:
    return float(point[0]), float(point[1]), float(point[2])


@shape("DishSponge")
def dish_sponge(variant: int, rng: np.random.Generator) -> Shape:
    """Sponge with a scouring layer, or a rounded one with pores."""
    body, pad = (
        ((0.93, 0.80, 0.22), (0.16, 0.42, 0.20)),
        ((0.30, 0.58, 0.80), (0.88, 0.88, 0.86)),
        ((0.90, 0.52, 0.58), (0.72, 0.34, 0.42)),
        ((0.92, 0.52, 0.18), (0.30, 0.22, 0.16)),
    )[variant]
    a, b, h = ((0.055, 0.035, 0.030), (0.050, 0.034, 0.026), (0.052, 0.036, 0.034), (0.058, 0.032, 0.030))[variant]
    solid = proxy("box", (0.95 * a, 0.92 * b, h / 2), (0.0, 0.0, h / 2))
    if variant == 2:
        parts = [skin(fitted(superellipsoid((1.0, 1.0, 1.0), 0.35, 0.5, 20, 9), (2 * a, 2 * b, h)), body, "cloth")]
        for _ in range(5):
            x, y = rng.uniform(-0.7, 0.7, 2) * (a, b)
            parts.append(trim("ellipsoid", (0.004, 0.003, 0.001), (float(x), float(y), h), pad))
        return Shape("DishSponge", (*parts, solid), mass_kg=0.03)
    waist = 0.0 if variant != 3 else 0.22
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.35 * a
    y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.35 * b * (1 - waist * np.cos(np.pi * x / (1.4 * a)) ** 2)
    outline = [(float(p), float(q)) for p, q in zip(x, y, strict=True)]
    parts = [
        skin(extrude(outline, 0.72 * h), body, "cloth"),
        skin(placed(extrude(outline, 0.28 * h), (0.0, 0.0, 0.72 * h)), pad, "cloth"),
    ]
    return Shape("DishSponge", (*parts, solid), mass_kg=0.03)


@shape("PaperTowelRoll")
def paper_towel_roll(variant: int, rng: np.random.Generator) -> Shape:
    """Upright roll of kitchen paper; two stand on a holder."""
    radius, height = ((0.060, 0.26), (0.056, 0.25), (0.064, 0.28), (0.042, 0.25))[variant]
    paper = ((0.95, 0.95, 0.94), (0.95, 0.94, 0.90), (0.96, 0.96, 0.96), (0.93, 0.93, 0.92))[variant]
    base = 0.012 if variant in (1, 3) else 0.0
    flap = trim("box", (0.028, 0.001, height / 2), (0.026, radius, base + height / 2), paper, quat=axis_quat("z", -8))
    parts = [skin(placed(_tube(radius, 0.021, height, 24), (0.0, 0.0, base)), paper, "cloth"), flap]
    solids = [proxy("cylinder", (radius, height / 2, 0.0), (0.0, 0.0, base + height / 2))]
    if base:
        rgb, material = ((WOOD, "wood"), (STEEL, "metal"))[variant // 2]
        kind: Material = "wood" if material == "wood" else "metal"
        top = base + height + 0.03
        parts += [
            trim("cylinder", (0.075, base / 2, 0.0), (0.0, 0.0, base / 2), rgb, kind, solid=True),
            trim("cylinder", (0.007, (top - base) / 2, 0.0), (0.0, 0.0, (top + base) / 2), rgb, kind),
            trim("sphere", (0.013, 0.0, 0.0), (0.0, 0.0, top), rgb, kind),
        ]
        solids.append(proxy("cylinder", (0.01, 0.02, 0.0), (0.0, 0.0, top - 0.01)))
    else:
        parts.append(skin(_tube(0.0215, 0.019, height + 0.001, 14), CARDBOARD))
    if variant == 2:
        for z in (0.15, 0.5, 0.85):
            size, at = (radius + 0.0008, 0.006, 0.0), (0.0, 0.0, z * height)
            parts.append(trim("cylinder", size, at, (0.45, 0.65, 0.82), "cloth"))
    return centred(Shape("PaperTowelRoll", (*parts, *solids), mass_kg=0.4))


def _shaker(name: str, variant: int, body: Vec3, cap: Vec3, mark: Vec3, tall: float) -> Shape:
    """Shaker with a perforated cap: glass, pear-shaped, square or a mill with a knob."""
    profiles: tuple[Profile, ...] = (
        [(0.0, 0.0), (0.021, 0.0), (0.022, 0.004), (0.017, 0.055), (0.018, 0.06), (0.0, 0.06)],
        [(0.0, 0.0), (0.024, 0.0), (0.027, 0.012), (0.024, 0.035), (0.015, 0.062), (0.0, 0.064)],
        [(0.0, 0.0), (0.020, 0.0), (0.020, 0.055), (0.0, 0.055)],
        [(0.0, 0.0), (0.026, 0.0), (0.027, 0.012), (0.018, 0.045), (0.024, 0.085), (0.020, 0.094), (0.0, 0.094)],
    )
    profile = [(r, z * tall) for r, z in profiles[variant]]
    top = profile[-1][1]
    radius, neck = max(r for r, _ in profile), profile[-2][0]
    if variant == 2:
        shell = trim("box", (0.020, 0.020, top / 2), (0.0, 0.0, top / 2), body, "glass")
        lid = trim("box", (0.0205, 0.0205, 0.008), (0.0, 0.0, top + 0.008), cap, "metal")
        label = trim("box", (0.0206, 0.012, 0.012), (0.0, 0.0, 0.45 * top), mark)
        high = top + 0.016
        parts = [shell, lid, label]
    else:
        material: Material = ("glass", "plain", "plain", "wood")[variant]
        rise = (0.018, 0.010, 0.0, 0.030)[variant]
        dome = [(0.0, 0.0), (neck + 0.001, 0.0), (neck + 0.001, 0.35 * rise), (0.75 * neck, 0.85 * rise), (0.0, rise)]
        parts = [skin(lathe(profile, 18), body, material)]
        parts.append(skin(placed(lathe(dome, 18), (0.0, 0.0, top)), cap, "wood" if variant == 3 else "metal"))
        high = top + rise
    if variant == 3:
        parts.append(trim("sphere", (0.008, 0.0, 0.0), (0.0, 0.0, high + 0.004), mark, "metal"))
        high += 0.012
    else:
        for k in range(3):
            a = 2 * np.pi * k / 3
            at = (0.006 * float(np.cos(a)), 0.006 * float(np.sin(a)), high - (0.0 if variant == 2 else 0.0015))
            parts.append(trim("cylinder", (0.0017, 0.001, 0.0), at, DARK if name == "SaltShaker" else (0.9, 0.9, 0.9)))
    solid = proxy("cylinder", (0.95 * radius, high / 2, 0.0), (0.0, 0.0, high / 2))
    return Shape(name, (*parts, solid), mass_kg=0.12)


@shape("SaltShaker")
def salt_shaker(variant: int, rng: np.random.Generator) -> Shape:
    """Pale shaker."""
    body = ((0.93, 0.94, 0.95), (0.95, 0.94, 0.90), (0.90, 0.92, 0.94), (0.84, 0.72, 0.54))[variant]
    cap = (STEEL, (0.82, 0.80, 0.74), (0.30, 0.50, 0.75), (0.90, 0.80, 0.64))[variant]
    return _shaker("SaltShaker", variant, body, cap, ((0.30, 0.50, 0.75), STEEL)[variant == 3], 1.0)


@shape("PepperShaker")
def pepper_shaker(variant: int, rng: np.random.Generator) -> Shape:
    """Dark shaker; the mill is tall."""
    body = ((0.26, 0.22, 0.19), (0.14, 0.14, 0.15), (0.30, 0.25, 0.21), (0.30, 0.16, 0.09))[variant]
    cap = (STEEL, (0.26, 0.26, 0.28), (0.70, 0.16, 0.13), (0.36, 0.20, 0.11))[variant]
    return _shaker(
        "PepperShaker", variant, body, cap, ((0.70, 0.16, 0.13), STEEL)[variant == 3], 1.9 if variant == 3 else 1.05
    )
