"""A room being furnished: what stands where, what must stay clear, and where a robot can still drive.

House frame, metres. Fixtures stand at multiples of a quarter turn, so that everything is an upright box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import pi
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engram.sims.house.catalog.registry import build
from engram.sims.house.collision import BASE_RADIUS_M, HIGH_M, LOW_M
from engram.sims.house.components import walk
from engram.sims.house.geometry import Shape, Vec3, part_corners
from engram.sims.house.spec import OpeningSpec, RoomSpec
from engram.sims.house.structure import WALL_M

Array = NDArray[np.float64]
Prefer = Literal["any", "corner", "centre"]

GAP_M = 0.02  # between a fixture and the wall behind it; skirting boards fit in
DOOR_CLEAR_M = 0.65  # depth of the floor that stays clear in front of a door
_WINDOW_CLEAR_M = 0.35
_TOUCH_M = 0.004
_LEGROOM_M = (0.05, 0.65)  # heights between which the space in front of a fixture stays clear
_HUNG_APART_M = 0.06  # between things that hang side by side
_TRIM_M = 0.03  # clear space in front of a fixture is a little narrower than the fixture
_RASTER_M = 0.05
_MARGIN_M = 0.02  # beyond the base's radius
_SQUARE = 6  # points of the raster that span one 0.25 m grid cell
_REACH_M = 1.0  # from a fixture's front to the centre of a passable square
_LEAST_AREA_M2 = 0.9  # passable area that holds well over five grid cells
_DECOR = frozenset({"Painting", "Curtains"})
_QUARTER: tuple[tuple[float, float], ...] = ((1, 0), (0, 1), (-1, 0), (0, -1))


@dataclass(frozen=True, eq=False)
class Item:
    """One variant of a fixture and the box around it in its own frame."""

    category: str
    variant: int
    lo: Array
    hi: Array

    @property
    def shape(self) -> Shape:
        """What the catalogue builds."""
        return build(self.category, self.variant)

    @property
    def width(self) -> float:
        """Extent along its y axis."""
        return float(self.hi[1] - self.lo[1])

    @property
    def depth(self) -> float:
        """Extent along its x axis."""
        return float(self.hi[0] - self.lo[0])

    @property
    def top(self) -> float:
        """Height of its highest point, or of what may lie on it, above its origin."""
        return max([self.height, *(min(r.hi[2], r.lo[2] + 0.35) for r in self.shape.regions)])

    @property
    def height(self) -> float:
        """Height of its highest point above its origin."""
        return float(self.hi[2])


@cache
def item(category: str, variant: int) -> Item:
    """Return a variant of a fixture with its bounds."""
    lo, hi = build(category, variant).bounds()
    return Item(category, variant, lo, hi)


@cache
def solid_boxes(shape: Shape) -> Array:
    """(n, 6) boxes around the solid parts of a shape without its children, in its own frame."""
    corners = [part_corners(p) for p in (*shape.parts, *shape.moving) if p.solid and p.mesh is None]
    return np.array([np.concatenate([c.min(0), c.max(0)]) for c in corners]).reshape(-1, 6)


def solids_at(shape: Shape, pos: Vec3, yaw: float) -> Array:
    """(n, 6) boxes around the solid parts of a fixture and its children, house frame."""
    found = [
        turn_box(box[:3], box[3:], c.pos, round(c.yaw / (pi / 2)))
        for c in walk("", shape, pos, yaw)
        for box in solid_boxes(c.shape)
    ]
    return np.array(found).reshape(-1, 6)


@dataclass(frozen=True)
class Side:
    """One wall of a room seen from within: s runs along it to the left of one who leaves it, d away from it."""

    quarter: int  # the direction away from the wall, in quarter turns
    x: float  # where s = 0, on the surface of the wall
    y: float
    length: float

    @property
    def yaw(self) -> float:
        """Yaw of a fixture with its back to the wall."""
        return self.quarter * pi / 2

    def point(self, d: float, s: float) -> tuple[float, float]:
        """House coordinates of a point ``d`` from the wall."""
        (nx, ny), (tx, ty) = _QUARTER[self.quarter], _QUARTER[(self.quarter + 1) % 4]
        return self.x + d * nx + s * tx, self.y + d * ny + s * ty

    def local(self, x: float, y: float) -> tuple[float, float]:
        """(d, s) of a point of the house."""
        (nx, ny), (tx, ty) = _QUARTER[self.quarter], _QUARTER[(self.quarter + 1) % 4]
        return (x - self.x) * nx + (y - self.y) * ny, (x - self.x) * tx + (y - self.y) * ty

    def box(self, d: tuple[float, float], s: tuple[float, float], z: tuple[float, float]) -> Array:
        """(6,) box (x0, y0, z0, x1, y1, z1) of intervals along d, s and z."""
        a, b = self.point(d[0], s[0]), self.point(d[1], s[1])
        return np.array([min(a[0], b[0]), min(a[1], b[1]), z[0], max(a[0], b[0]), max(a[1], b[1]), z[1]])


@dataclass(frozen=True)
class Cut:
    """A door or window in a side."""

    kind: str
    lo: float
    hi: float
    bottom: float
    top: float


@dataclass(frozen=True, eq=False)
class Placed:
    """A fixture set down in the room."""

    item: Item
    pos: Vec3
    quarter: int
    box: Array  # (6,)
    keep: Array  # (n, 6) what it wants kept clear

    @property
    def front(self) -> tuple[float, float]:
        """Middle of its front edge."""
        return self.point(float(self.item.hi[0]), float(self.item.lo[1] + self.item.hi[1]) / 2)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """House coordinates of a point of its own frame."""
        c, s = _QUARTER[self.quarter]
        return self.pos[0] + c * x - s * y, self.pos[1] + s * x + c * y


def turn_box(lo: Array, hi: Array, pos: Vec3, quarter: int) -> Array:
    """(6,) box of the house frame around a fixture's own box."""
    (c, s), p = _QUARTER[quarter % 4], np.asarray(pos)
    corners = np.array([[c * x - s * y, s * x + c * y] for x in (lo[0], hi[0]) for y in (lo[1], hi[1])])
    return np.concatenate([corners.min(0) + p[:2], [lo[2] + p[2]], corners.max(0) + p[:2], [hi[2] + p[2]]])


def _back(it: Item, z: float, gap: float) -> float:
    """Distance of an item's origin from the wall: what hangs has it on the wall, what stands keeps a gap behind it."""
    return 0.0 if z > 0.0 else gap - float(it.lo[0])


def overlaps(boxes: Array, others: Array) -> NDArray[np.bool_]:
    """(N,) whether each box (N, 6) shares more than a touch with any of the others (M, 6)."""
    if not len(others):
        return np.zeros(len(boxes), bool)
    low = boxes[:, None, :3] < others[None, :, 3:] - _TOUCH_M
    high = boxes[:, None, 3:] > others[None, :, :3] + _TOUCH_M
    shared = np.all(low & high, axis=2)
    return np.asarray(np.any(shared, axis=1))


class Arrangement:
    """The fixtures of one room and the checks that keep it usable."""

    def __init__(self, room: RoomSpec, openings: Sequence[OpeningSpec], rng: np.random.Generator) -> None:
        """Start with an empty room."""
        self.room, self.rng = room, rng
        half = WALL_M / 2
        self.x0, self.y0, self.x1, self.y1 = room.x0 + half, room.y0 + half, room.x1 - half, room.y1 - half
        width, depth = self.x1 - self.x0, self.y1 - self.y0
        self.sides = (
            Side(0, self.x0, self.y0, depth),
            Side(1, self.x1, self.y0, width),
            Side(2, self.x1, self.y1, depth),
            Side(3, self.x0, self.y1, width),
        )
        self.cuts = {side: self._cuts(side, openings) for side in self.sides}
        self.placed: list[Placed] = []
        opened = [self._clear(side, cut) for side in self.sides for cut in self.cuts[side]]
        self.openings = np.array(opened).reshape(-1, 6)
        self._door_space = self.openings[self.openings[:, 2] == 0.0]
        self._doors = [(side, cut) for side in self.sides for cut in self.cuts[side] if cut.kind == "door"]
        self._raster()

    @property
    def area_m2(self) -> float:
        """Floor area between the walls."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)

    def solids(self, ignore: Sequence[Placed] = ()) -> Array:
        """(N, 6) boxes of what stands or hangs in the room."""
        return np.array([p.box for p in self.placed if p not in ignore]).reshape(-1, 6)

    def kept_clear(self, ignore: Sequence[Placed] = ()) -> Array:
        """(N, 6) boxes in front of fixtures where nothing may stand."""
        kept = [p.keep for p in self.placed if p not in ignore]
        return np.concatenate(kept) if kept else np.zeros((0, 6))

    def fits(
        self,
        boxes: Array,
        *,
        ignore: Sequence[Placed] = (),
        share: Sequence[Placed] = (),
        through: bool = False,
        window: bool = False,
        low_m: float | None = None,
    ) -> NDArray[np.bool_]:
        """(N,) whether each box (N, 6) is free.

        Args:
            boxes: what is to be placed.
            ignore: fixtures that it may overlap, and whose clear space it may use.
            share: fixtures whose clear space it may use.
            through: it may be where others want clear space.
            window: it may cover windows.
            low_m: height that counts in front of windows, when less than the box's own.

        """
        inside = (boxes[:, :2] >= np.array([self.x0, self.y0]) - 1e-6).all(1)
        inside &= (boxes[:, 3:5] <= np.array([self.x1, self.y1]) + 1e-6).all(1)
        free = inside & ~overlaps(boxes, self.solids(ignore))
        seen = boxes.copy()
        if low_m is not None:
            seen[:, 5] = np.minimum(seen[:, 5], low_m)
        free &= ~overlaps(seen, self._door_space if window else self.openings)
        return free if through else free & ~overlaps(boxes, self.kept_clear((*ignore, *share)))

    def along(
        self,
        it: Item,
        side: Side,
        at: Array,
        *,
        z: float = 0.0,
        gap: float = GAP_M,
        front_m: float = 0.0,
        side_m: float = 0.0,
        ignore: Sequence[Placed] = (),
        low_m: float | None = None,
    ) -> NDArray[np.bool_]:
        """(N,) whether the item fits with its back to a wall at the places ``at`` (N,) along it."""
        hung = z > 0.0
        top = z + (it.top if hung else it.height)
        back = _back(it, z, gap)
        d = (back + float(it.lo[0]), back + float(it.hi[0]))
        left, right = it.lo[1] - side_m, it.hi[1] + side_m
        boxes = np.array([side.box(d, (s + left, s + right), (z + it.lo[2], top)) for s in at])
        ok = self.fits(boxes.reshape(-1, 6), ignore=ignore, low_m=low_m)
        if front_m > 0.0 and not hung:
            d = (d[1], d[1] + front_m)
            fronts = np.array([side.box(d, (s + it.lo[1] + _TRIM_M, s + it.hi[1] - _TRIM_M), _LEGROOM_M) for s in at])
            fronts = fronts.reshape(-1, 6)
            inside = (fronts[:, :2] >= np.array([self.x0, self.y0])).all(1)
            inside &= (fronts[:, 3:5] <= np.array([self.x1, self.y1])).all(1)
            ok &= inside & ~overlaps(fronts, self.solids(ignore))
        return ok

    def wall_spots(
        self,
        it: Item,
        *,
        prefer: Prefer = "any",
        near: tuple[float, float] | None = None,
        sides: Sequence[Side] | None = None,
        z: float = 0.0,
        gap: float = GAP_M,
        front_m: float = 0.0,
        ignore: Sequence[Placed] = (),
        low_m: float | None = None,
    ) -> list[tuple[Side, float]]:
        """(side, s) of places with its back to a wall, best first; ``near`` is a point it should be close to."""
        found: list[tuple[float, Side, float]] = []
        for side in self.sides if sides is None else sides:
            beside = _HUNG_APART_M if z > 0.0 else 0.0
            lo, hi = 0.01 + beside - float(it.lo[1]), side.length - 0.01 - beside - float(it.hi[1])
            if hi < lo:
                continue
            at = np.append(np.arange(lo, hi, 0.05), hi)
            ok = self.along(it, side, at, z=z, gap=gap, front_m=front_m, side_m=beside, ignore=ignore, low_m=low_m)
            at = at[ok]
            cost = self.rng.uniform(0.0, 0.4 if prefer != "any" or near else 1.0, len(at))
            if prefer == "corner":
                cost += np.minimum(np.minimum(at - lo, hi - at), 1.5)
            elif prefer == "centre":
                cost += 2.0 * np.abs(at - side.length / 2) / side.length + self.rng.uniform(0.0, 0.6)
            if near is not None:
                d, s = side.local(*near)
                cost += np.hypot(d, at - s)
            found += [(float(c), side, float(s)) for c, s in zip(cost, at, strict=True)]
        found.sort(key=lambda f: f[0])
        return [(side, s) for _, side, s in found]

    def by_wall(
        self, it: Item, *, prefer: Prefer = "any", near: tuple[float, float] | None = None,
        sides: Sequence[Side] | None = None, z: float = 0.0, front_m: float = 0.0,
        ignore: Sequence[Placed] = (), low_m: float | None = None, gap_m: float = GAP_M, tries: int = 6,
    ) -> Placed | None:  # fmt: skip
        """Set an item down at the best place with its back to a wall; None when there is none."""
        spots = self.wall_spots(
            it, prefer=prefer, near=near, sides=sides, z=z, gap=gap_m, front_m=front_m, ignore=ignore, low_m=low_m
        )
        # Neighbouring places fail for the same reason, so the tries are spread out.
        for side, s in spots[: 4 * tries : 4]:
            placed = self.put_along(it, side, s, z=z, gap=gap_m, front_m=front_m)
            if placed is not None:
                return placed
        return None

    def floor_spots(self, half: tuple[float, float], ignore: Sequence[Placed] = ()) -> list[tuple[float, float]]:
        """Centres of free rectangles of the given half sides on the floor, those with most room about them first."""
        xs = np.arange(self.x0 + half[0], self.x1 - half[0], 0.1)
        ys = np.arange(self.y0 + half[1], self.y1 - half[1], 0.1)
        if not len(xs) or not len(ys):
            return []
        grid = np.stack(np.meshgrid(xs, ys, indexing="ij"), -1).reshape(-1, 2)
        flat = np.zeros((len(grid), 1))
        boxes = np.hstack([grid - half, flat, grid + half, flat + 0.9])
        ok = self.fits(boxes, ignore=ignore)
        grid, boxes = grid[ok], boxes[ok]
        solids = self.solids(ignore)
        solids = solids[solids[:, 2] < HIGH_M]
        room = np.minimum(boxes[:, :2] - [self.x0, self.y0], [self.x1, self.y1] - boxes[:, 3:5]).min(1)
        if len(solids):
            gap = np.maximum(solids[None, :, :2] - boxes[:, None, 3:5], boxes[:, None, :2] - solids[None, :, 3:5])
            room = np.minimum(room, gap.max(2).min(1))
        order = np.argsort(-np.minimum(room, 0.8) - self.rng.uniform(0, 0.15, len(room)), kind="stable")
        return [(float(x), float(y)) for x, y in grid[order]]

    def put(
        self,
        it: Item,
        x: float,
        y: float,
        quarter: int,
        *,
        z: float = 0.0,
        front_m: float = 0.0,
        keep: Sequence[Array] = (),
        check: bool = True,
    ) -> Placed | None:
        """Set an item down where it was found to fit; None, and nothing changed, when it would cut off a part."""
        pos = (round(float(x), 4), round(float(y), 4), round(float(z), 4))
        quarter %= 4
        box = turn_box(it.lo, it.hi, pos, quarter)
        kept = list(keep)
        if front_m > 0.0:
            hung = pos[2] > 0.0
            low, high = (pos[2] + it.lo[2], pos[2] + it.top) if hung else _LEGROOM_M
            near = np.array([it.lo[0] if hung else it.hi[0], it.lo[1] + _TRIM_M, low - pos[2]])
            far = np.array([it.hi[0] + front_m, it.hi[1] - _TRIM_M, high - pos[2]])
            kept.append(turn_box(near, far, pos, quarter))
        placed = Placed(it, pos, quarter, box, np.array(kept).reshape(-1, 6))
        self.placed.append(placed)
        if check and not self.usable():
            self.placed.pop()
            return None
        return placed

    def put_along(
        self, it: Item, side: Side, s: float, *, z: float = 0.0, gap: float = GAP_M, front_m: float = 0.0,
        keep: Sequence[Array] = (), check: bool = True,
    ) -> Placed | None:  # fmt: skip
        """Set an item down with its back to a wall."""
        x, y = side.point(_back(it, z, gap), s)
        return self.put(it, x, y, side.quarter, z=z, front_m=front_m, keep=keep, check=check)

    def undo(self, count: int) -> None:
        """Take away everything placed since there were ``count`` fixtures."""
        del self.placed[count:]

    def usable(self) -> bool:
        """Whether a robot can get from every door to every other and near every fixture, on any 0.25 m grid."""
        free = self._base.copy()
        low = [p.box for p in self.placed if p.box[5] > LOW_M and p.box[2] < HIGH_M]
        reach = BASE_RADIUS_M + _MARGIN_M
        for box in low:
            dx = np.maximum(np.maximum(box[0] - self._xs, self._xs - box[3]), 0.0)
            dy = np.maximum(np.maximum(box[1] - self._ys, self._ys - box[4]), 0.0)
            i, j = np.flatnonzero(dx < reach), np.flatnonzero(dy < reach)
            if len(i) and len(j):
                part = free[i[0] : i[-1] + 1, j[0] : j[-1] + 1]
                part &= np.hypot(dx[i][:, None], dy[j][None]) >= reach
        squares = np.lib.stride_tricks.sliding_window_view(free, _SQUARE, 0).all(-1)
        squares = np.lib.stride_tricks.sliding_window_view(squares, _SQUARE, 1).all(-1)
        labels, count = ndimage.label(squares)
        if not count:
            return False
        label = self._common(labels)
        if label == 0:
            return False
        chosen = np.argwhere(labels == label)
        if len(chosen) * _RASTER_M**2 + 0.25 < _LEAST_AREA_M2:
            return False
        half = (_SQUARE - 1) / 2
        centres = np.column_stack([self._xs[0] + (chosen[:, 0] + half) * _RASTER_M,
                                   self._ys[0] + (chosen[:, 1] + half) * _RASTER_M])  # fmt: skip
        fronts = np.array([p.front for p in self.placed if p.item.category not in _DECOR]).reshape(-1, 2)
        distance = np.linalg.norm(fronts[:, None] - centres[None], axis=2)
        return bool((distance.min(1) <= _REACH_M).all()) if len(fronts) else True

    def _common(self, labels: NDArray[np.int32]) -> int:
        """Return the label of the area that all doors open into, 0 when there is none."""
        if not self._doors:
            return int(np.bincount(labels.ravel())[1:].argmax()) + 1
        found = set()
        for side, cut in self._doors:
            x, y = side.point(-0.3, (cut.lo + cut.hi) / 2)
            i = round((x - self._xs[0]) / _RASTER_M - (_SQUARE - 1) / 2)
            j = round((y - self._ys[0]) / _RASTER_M - (_SQUARE - 1) / 2)
            found.add(int(labels[max(i, 0), max(j, 0)]))
        return found.pop() if len(found) == 1 else 0

    def _raster(self) -> None:
        """Mark the points where the base fits between the walls and in the doorways."""
        reach, over = BASE_RADIUS_M + _MARGIN_M, 0.7
        self._xs = np.arange(self.room.x0 - over, self.room.x1 + over + 1e-9, _RASTER_M)
        self._ys = np.arange(self.room.y0 - over, self.room.y1 + over + 1e-9, _RASTER_M)
        self._base = self._within(self.x0 + reach, self.y0 + reach, self.x1 - reach, self.y1 - reach)
        for side, cut in self._doors:
            box = side.box((-0.65, 0.5), (cut.lo + reach, cut.hi - reach), (0.0, 1.0))
            self._base |= self._within(box[0], box[1], box[3], box[4])

    def _within(self, x0: float, y0: float, x1: float, y1: float) -> NDArray[np.bool_]:
        fits_x = (self._xs >= x0 - 1e-9) & (self._xs <= x1 + 1e-9)
        fits_y = (self._ys >= y0 - 1e-9) & (self._ys <= y1 + 1e-9)
        return np.asarray(fits_x[:, None] & fits_y[None])

    def _cuts(self, side: Side, openings: Sequence[OpeningSpec]) -> list[Cut]:
        found = []
        for o in openings:
            d, s = side.local(o.x, o.y)
            along = "y" if side.quarter % 2 == 0 else "x"
            if self.room.id in o.rooms and o.axis == along and abs(d + WALL_M / 2) < 1e-3:
                found.append(Cut(o.kind, s - o.width / 2, s + o.width / 2, o.bottom, o.top))
        return sorted(found, key=lambda cut: cut.lo)

    def _clear(self, side: Side, cut: Cut) -> Array:
        if cut.kind == "door":
            return side.box((0.0, DOOR_CLEAR_M), (cut.lo - 0.06, cut.hi + 0.06), (0.0, cut.top + 0.06))
        return side.box((0.0, _WINDOW_CLEAR_M), (cut.lo - 0.05, cut.hi + 0.05), (cut.bottom, cut.top))
