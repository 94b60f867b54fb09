"""Furniture: fixtures for every room, set down by the rules that people follow.

House frame, metres. A room is furnished in the order of importance; what would block a door, a window or the way is
left out, so that a room is always usable.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from math import pi

import numpy as np

from engram.sims.house.arrange import GAP_M, Arrangement, Item, Placed, Side, item, overlaps, solids_at, turn_box
from engram.sims.house.catalog.registry import variants
from engram.sims.house.components import walk
from engram.sims.house.furnish_rules import ESSENTIAL, EXTRAS, Extra
from engram.sims.house.kitchen_run import place_run
from engram.sims.house.spec import FixtureSpec, OpeningSpec, RoomSpec

_TRIES = 8  # of a room until it has all that it must have
_SWITCH_Z_M = 1.12
_CURTAIN_Z_M = 0.1
_TUCK_M = 0.16  # of a chair below the table
_SEAT_M = 0.6  # of a table's edge for one person


def furnish(
    rooms: Sequence[RoomSpec], openings: Sequence[OpeningSpec], rng: np.random.Generator
) -> tuple[FixtureSpec, ...]:
    """Draw the fixtures of all rooms."""
    count: Counter[str] = Counter()
    found = []
    for room in rooms:
        for placed in _furnish_room(room, openings, rng).placed:
            name = placed.item.category
            count[name] += 1
            yaw = placed.quarter * pi / 2
            found.append(FixtureSpec(f"{name}_{count[name]}", name, placed.item.variant, room.id, placed.pos, yaw))
    return tuple(found)


def _furnish_room(room: RoomSpec, openings: Sequence[OpeningSpec], rng: np.random.Generator) -> Arrangement:
    """Draw a room until it has what its type needs, with less of the rest at every try; keep the best."""
    recipe = _RECIPES[room.type]
    best: tuple[int, Arrangement] | None = None
    for attempt in range(_TRIES):
        arrangement = Arrangement(room, openings, rng)
        _light_switches(arrangement)
        if attempt == 0 and room.type in ("LivingRoom", "Bedroom"):
            _curtains(arrangement, 0.5)
        recipe(arrangement)
        missing = _missing(arrangement)
        if missing == 0 or attempt == _TRIES - 1:
            _extras(arrangement)
        if best is None or missing < best[0] or (attempt == _TRIES - 1 and missing == best[0]):
            best = (missing, arrangement)
        if missing == 0:
            break
    if best is None:
        raise ValueError("a room is furnished at least once")
    return best[1]


def _missing(room: Arrangement) -> int:
    names = {c.shape.category for p in room.placed for c in walk("", p.item.shape, (0.0, 0.0, 0.0), 0.0)}
    turned = [p.quarter - q.quarter for p in _of(room, "Sofa") for q in _of(room, "TVStand")]
    return sum(name not in names for name in ESSENTIAL[room.room.type]) + any(t % 4 != 2 for t in turned)


def _any(room: Arrangement, category: str) -> Item:
    return item(category, int(room.rng.integers(variants(category))))


def _of(room: Arrangement, *categories: str) -> list[Placed]:
    return [p for p in room.placed if p.item.category in categories]


def _light_switches(room: Arrangement) -> None:
    """One beside each of the first two doors, on the side with more wall."""
    it = _any(room, "LightSwitch")
    doors = [(side, cut) for side in room.sides for cut in room.cuts[side] if cut.kind == "door"][:2]
    for side, cut in doors:
        for s in sorted((cut.lo - 0.2, cut.hi + 0.2), key=lambda s: abs(s - side.length / 2)):
            if room.along(it, side, np.array([s]), z=_SWITCH_Z_M)[0]:
                room.put_along(it, side, s, z=_SWITCH_Z_M, front_m=0.4, check=False)
                break
    if not doors:
        room.by_wall(it, z=_SWITCH_Z_M, front_m=0.4)


# Kitchens


def _kitchen(room: Arrangement) -> None:
    worktops = place_run(room)
    for name, chance in (("Microwave", 0.9), ("CoffeeMachine", 0.85), ("Toaster", 0.85)):
        if room.rng.random() < chance:
            _on_top(room, _any(room, name), worktops)
    if room.area_m2 > 15.0 and room.rng.random() < 0.35:
        _island(room)
    if room.rng.random() < 0.92:
        _dining(room)


def _island(room: Arrangement) -> None:
    counters = _of(room, "CounterTop")
    if not counters:
        return
    it, stool = item("CounterTop", 16 + counters[0].item.variant % 4), _any(room, "Stool")
    seats = int(room.rng.integers(0, 3))
    for quarter in (counters[0].quarter + 2) % 4, (counters[0].quarter + 1) % 4:
        half = (it.depth / 2 + 0.85, it.width / 2 + 0.3)
        for x, y in room.floor_spots(half if quarter % 2 == 0 else half[::-1])[:3]:
            before = len(room.placed)
            table = room.put(it, x, y, quarter, front_m=0.6)
            if table is None:
                continue
            for at in np.linspace(-0.35, 0.35, seats) if seats > 1 else [0.0] * seats:
                _seat(room, table, stool, 2, float(at), tuck=0.1)
            if room.usable():
                return
            room.undo(before)


# Living rooms


def _living(room: Arrangement) -> None:
    _television_corner(room)
    sofa = _of(room, "Sofa")
    if not sofa:
        room.by_wall(_any(room, "Sofa"), prefer="centre", front_m=0.6)
    if not _of(room, "TVStand"):
        stand = room.by_wall(_any(room, "TVStand"), prefer="centre", front_m=0.6)
        if stand is not None:
            _centred(room, _any(room, "Television"), stand)
    if room.area_m2 > 18.0 and room.rng.random() < 0.45:
        _dining(room)


def _television_corner(room: Arrangement) -> None:
    """A sofa that faces the television across a coffee table, an armchair beside them."""
    stand, sofa, table = _any(room, "TVStand"), _any(room, "Sofa"), _any(room, "CoffeeTable")
    screen = _any(room, "Television")
    ranked = []
    for side in room.sides:
        depth = room.sides[(side.quarter + 1) % 4].length
        span = max(stand.width, sofa.width) / 2 + 0.02
        for s in np.arange(span, side.length - span, 0.1):
            for back in _sofa_backs(room, depth, sofa.depth):
                gap = back - sofa.depth - GAP_M - stand.depth
                cost = abs(gap - 2.1) + 0.5 * abs(s / side.length - 0.5) + room.rng.uniform(0, 0.8)
                cost += 0.5 * (back < depth - 0.1)
                ranked.append((cost, side, float(s), back))
    ranked.sort(key=lambda r: r[0])
    for over_window in (False, True):
        for _, side, s, back in ranked[:150]:
            if _television_at(room, (stand, screen, sofa, table), side, s, back, over_window=over_window):
                return


def _sofa_backs(room: Arrangement, depth: float, sofa: float) -> list[float]:
    """Distances from the television's wall to the sofa's back: at the far wall, or free in a deep room."""
    backs = [depth - GAP_M] if depth <= 5.4 else []
    free = round(float(room.rng.uniform(2.3, 2.8)) + 0.45 + sofa, 2)
    return [*backs, free] if free < depth - 0.85 else backs


def _television_at(
    room: Arrangement, items: tuple[Item, Item, Item, Item], side: Side, s: float, back: float, *, over_window: bool
) -> bool:
    stand, screen, sofa, table = items
    stand_top = 0.88 if over_window else stand.height + screen.height
    seat = back - sofa.depth
    view = side.box((GAP_M + stand.depth, seat), (s - 0.5, s + 0.5), (0.05, 1.2))
    boxes = np.array([
        side.box((GAP_M, GAP_M + stand.depth), (s - stand.width / 2, s + stand.width / 2), (0.0, stand_top)),
        side.box((seat, back), (s - sofa.width / 2, s + sofa.width / 2), (0.0, min(sofa.height, 0.88))),
    ])  # fmt: skip
    if not room.fits(boxes).all() or overlaps(view[None], room.solids())[0]:
        return False
    before = len(room.placed)
    base = room.put_along(stand, side, s, front_m=0.6, keep=[view], check=False)
    x, y = side.point(back - float(-sofa.lo[0]), s)
    couch = room.put(sofa, x, y, side.quarter + 2, check=False)
    if base is None or couch is None:
        return False
    _centred(room, screen, base)
    if not room.usable():
        room.undo(before)
        return False
    if seat - GAP_M - stand.depth > table.depth + 0.35 + 0.62:
        x, y = side.point(seat - 0.36 - table.depth / 2, s)
        coffee = _try_at(room, table, x, y, side.quarter + 2, share=[base, couch])
        _beside_sofa(room, side, couch, coffee, base)
    return True


def _beside_sofa(room: Arrangement, side: Side, couch: Placed, coffee: Placed | None, base: Placed) -> None:
    table, lamp = _any(room, "SideTable"), _any(room, "FloorLamp")
    turn = float(room.rng.choice([-1.0, 1.0]))
    d, s = side.local(couch.pos[0], couch.pos[1])
    for it, way, chance in ((table, turn, 0.75), (lamp, -turn, 0.7)):
        reach = couch.item.width / 2 + it.width / 2 + 0.05
        x, y = side.point(d + couch.item.depth / 2 - it.depth / 2 - 0.03, s + way * reach)
        if room.rng.random() < chance:
            _try_at(room, it, x, y, side.quarter + 2)
    chair = _any(room, "ArmChair")
    middle = d - couch.item.depth / 2 - 0.45
    for way in (turn, -turn):
        if room.rng.random() < 0.7:
            far = (coffee.item.width / 2 if coffee else 0.3) + 0.4 + chair.depth / 2
            x, y = side.point(middle, s + way * far)
            quarter = side.quarter + (1 if way < 0 else 3)
            if _try_at(room, chair, x, y, quarter, share=[base]) is not None and room.rng.random() < 0.75:
                break


def _try_at(
    room: Arrangement, it: Item, x: float, y: float, quarter: int, *, share: Sequence[Placed] = ()
) -> Placed | None:
    box = turn_box(it.lo, it.hi, (x, y, 0.0), quarter)
    return room.put(it, x, y, quarter) if room.fits(box[None], share=share)[0] else None


# Bedrooms


def _bedroom(room: Arrangement) -> None:
    bed = _bed(room)
    if bed is None:
        return
    table = _any(room, "SideTable")
    side = room.sides[bed.quarter]
    _, s = side.local(bed.pos[0], bed.pos[1])
    for way in room.rng.permutation([-1.0, 1.0]):
        at = s + way * (bed.item.width / 2 + table.width / 2 + 0.04)
        if room.along(table, side, np.array([at]), ignore=[bed])[0]:
            room.put_along(table, side, at)


def _bed(room: Arrangement) -> Placed | None:
    """A bed with its head at a wall; a wide one is free on both sides where the room allows it."""
    sizes = [item("Bed", int(k)) for k in room.rng.permutation(variants("Bed"))]
    for both in (True, False):
        for it in sizes:
            wide = it.width > 1.2
            for side, s in room.wall_spots(it, prefer="centre" if wide else "corner", front_m=0.55, low_m=0.88)[:60:4]:
                sides = [_bedside(side, it, s, way) for way in (-1.0, 1.0)]
                free = room.fits(np.array(sides), through=True)
                if not free.any() or (both and wide and not free.all()):
                    continue
                keep = [box for box, ok in zip(sides, free, strict=True) if ok]
                placed = room.put_along(it, side, s, front_m=0.55, keep=keep)
                if placed is not None:
                    return placed
    return None


def _bedside(side: Side, it: Item, s: float, way: float) -> np.ndarray:
    """Floor beside a bed, from where the side table ends."""
    edge = s + way * it.width / 2
    near, far = sorted((edge + way * 0.01, edge + way * 0.62))
    return side.box((0.6, it.depth), (near, far), (0.05, 0.5))


# Bathrooms


def _bathroom(room: Arrangement) -> None:
    steps: list[Callable[[Arrangement], None]] = [_toilet, _washbasin]
    tub = _bathtub if room.rng.random() < 0.7 else _shower
    order = [tub, *steps] if room.rng.random() < 0.6 else [*steps, tub]
    for step in order:
        step(room)
    if tub is _bathtub and not _of(room, "Bathtub"):
        _shower(room)


def _toilet(room: Arrangement) -> None:
    it, paper = _any(room, "Toilet"), _any(room, "ToiletPaperHanger")
    toilet = room.by_wall(it, prefer="corner", front_m=0.55, low_m=0.88, tries=10)
    if toilet is None:
        return
    side = room.sides[toilet.quarter]
    _, s = side.local(toilet.pos[0], toilet.pos[1])
    beside = [s + way * (it.width / 2 + paper.width / 2 + 0.1) for way in (-1.0, 1.0)]
    for at in beside if room.rng.random() < 0.5 else beside[::-1]:
        if room.along(paper, side, np.array([at]), z=0.7)[0]:
            room.put_along(paper, side, at, z=0.7, front_m=0.25)
            return
    room.by_wall(paper, near=toilet.front, z=0.7, front_m=0.25)


def _washbasin(room: Arrangement) -> None:
    """A basin with a mirror above it."""
    kinds = variants("Sink") // 4
    style = int(room.rng.integers(4))
    mirror = _any(room, "Mirror")
    for kind in (1, 2) if room.rng.random() < 0.65 or kinds < 3 else (2, 1):
        it = item("Sink", 4 * kind + style)
        spots = room.wall_spots(it, prefer="centre", front_m=0.55, low_m=0.88)
        hung = [(side, s) for side, s in spots if room.along(mirror, side, np.array([s]), z=1.15)[0]]
        for with_mirror, (side, s) in itertools.chain(
            ((True, spot) for spot in hung[:40:4]), ((False, spot) for spot in spots[:40:4])
        ):
            if room.put_along(it, side, s, front_m=0.55) is not None:
                if with_mirror:
                    room.put_along(mirror, side, s, z=1.15)
                return


def _bathtub(room: Arrangement) -> None:
    for variant in room.rng.permutation(variants("Bathtub")):
        it = item("Bathtub", int(variant))
        if room.by_wall(it, prefer="corner", front_m=0.5, low_m=0.88, tries=10) is not None:
            return


def _shower(room: Arrangement) -> None:
    """A shower head in a corner, above floor that stays free."""
    it = _any(room, "ShowerHead")
    for side, s in room.wall_spots(it, prefer="corner", z=1.95)[:60:4]:
        floor = side.box((0.0, 0.8), (s - 0.4, s + 0.4), (0.05, 1.9))
        if not room.fits(_clip(room, floor)[None], through=True)[0]:
            continue
        if room.put_along(it, side, s, z=1.95, keep=[floor]) is not None:
            return


def _clip(room: Arrangement, box: np.ndarray) -> np.ndarray:
    x0, y0, z0, x1, y1, z1 = box
    return np.array([max(x0, room.x0), max(y0, room.y0), z0, min(x1, room.x1), min(y1, room.y1), z1])


# Parts of several rooms


def _dining(room: Arrangement) -> None:
    """A table with chairs about it, free on the floor or with one end at a wall."""
    chair = _any(room, "Chair")
    for variant in room.rng.permutation(variants("DiningTable")):
        it = item("DiningTable", int(variant))
        seats = int(room.rng.integers(2, 7))
        turned = [0, 1] if room.rng.random() < 0.5 else [1, 0]
        for quarter in turned:
            half = np.array([it.depth, it.width]) / 2 + (0.75, 0.5)
            for x, y in room.floor_spots(tuple(half if quarter == 0 else half[::-1]))[:6:2]:
                if _table_at(room, it, chair, x, y, quarter, seats):
                    return
    for variant in room.rng.permutation(variants("DiningTable")):
        it = item("DiningTable", int(variant))
        for side, s in room.wall_spots(it, front_m=0.4, low_m=0.88)[:24:4]:
            x, y = side.point(GAP_M - float(it.lo[0]), s)
            if _table_at(room, it, chair, x, y, side.quarter, 3):
                return


def _table_at(room: Arrangement, it: Item, chair: Item, x: float, y: float, quarter: int, seats: int) -> bool:
    before = len(room.placed)
    table = room.put(it, x, y, quarter)
    if table is None:
        return False
    places = _seats(it)
    order = places if room.rng.random() < 0.5 else [places[i] for i in room.rng.permutation(len(places))]
    for way, at in order:
        if len(room.placed) - before > seats:
            break
        _seat(room, table, chair, way, at)
    if len(room.placed) - before >= 3:
        return True
    room.undo(before)
    return False


def _seats(it: Item) -> list[tuple[int, float]]:
    """(direction in quarter turns, offset along the edge) of the places at a table, opposite ones in pairs."""
    found = []
    for ways, length in (((0, 2), it.width), ((1, 3), it.depth)):
        count = max(1, int(length / _SEAT_M))
        for k in range(count):
            at = (k - (count - 1) / 2) * length / count
            found += [(way, at if way in (0, 1) else -at) for way in ways]
    return found


def _seat(room: Arrangement, table: Placed, chair: Item, way: int, at: float, tuck: float = _TUCK_M) -> Placed | None:
    """Push a seat to a table at direction ``way`` (quarter turns in the table's frame), facing it."""
    it = table.item
    edge = float((it.hi[0], it.hi[1], -it.lo[0], -it.lo[1])[way]) - tuck + float(chair.hi[0])
    lx, ly = ((edge, at), (-at, edge), (-edge, -at), (at, -edge))[way]
    x, y = table.point(lx, ly)
    quarter = table.quarter + way + 2
    box = turn_box(chair.lo, chair.hi, (x, y, 0.0), quarter)
    if not room.fits(box[None], ignore=[table])[0]:
        return None
    legs = solids_at(chair.shape, (x, y, 0.0), quarter * pi / 2)
    if overlaps(legs, solids_at(it.shape, table.pos, table.quarter * pi / 2)).any():
        return None
    return room.put(chair, x, y, quarter)


def _desk(room: Arrangement, extra: Extra) -> None:
    it, chair = _any(room, "Desk"), _any(room, "Chair")
    behind = chair.depth - _TUCK_M + 0.1
    for side, s in room.wall_spots(it, prefer="corner", front_m=behind, low_m=0.88)[:32:4]:
        before = len(room.placed)
        desk = room.put_along(it, side, s)
        if desk is None:
            continue
        # Drawers below may take one side.
        if any(_seat(room, desk, chair, 0, at) is not None for at in (0.0, 0.12, -0.12, 0.24, -0.24)):
            if room.rng.random() < 0.75:
                _on_top(room, _any(room, "DeskLamp"), [desk], end=True)
            return
        room.undo(before)


def _top_m(placed: Placed) -> float:
    """Height of the highest support of a fixture in the house."""
    return max(placed.pos[2] + r.lo[2] for r in placed.item.shape.regions)


def _centred(room: Arrangement, it: Item, base: Placed) -> None:
    room.put(it, base.pos[0], base.pos[1], base.quarter, z=_top_m(base), check=False)


def _on_top(room: Arrangement, it: Item, bases: Sequence[Placed], *, end: bool = False) -> Placed | None:
    """Stand an appliance or a lamp at the back of one of the bases."""
    for k in room.rng.permutation(len(bases)):
        base = bases[k]
        play = (base.item.width - it.width) / 2 - 0.03
        if play < 0.0 or base.item.depth < it.depth:
            continue
        for ly in [play, -play] if end else room.rng.uniform(-play, play, 4):
            lx = max(float(base.item.lo[0] - it.lo[0]) + 0.05, float(-it.lo[0] - it.hi[0]) / 2 - 0.1)
            x, y = base.point(lx, ly)
            z = _top_m(base)
            box = turn_box(it.lo, it.hi, (x, y, z + 0.005), base.quarter)
            if room.fits(box[None], ignore=[base], through=True, window=it.height < 0.45)[0]:
                return room.put(it, x, y, base.quarter, z=z)
    return None


def _extras(room: Arrangement) -> None:
    for extra in EXTRAS[room.room.type]:
        if room.rng.random() < extra.chance and room.area_m2 >= extra.least_m2:
            _extra(room, extra)


def _extra(room: Arrangement, extra: Extra) -> None:
    name = extra.category
    if name == "Curtains":
        _curtains(room, 0.8)
    elif name == "Desk":
        _desk(room, extra)
    elif extra.on:
        it = item(name, 2 + int(room.rng.integers(2))) if name == "HousePlant" else _any(room, name)
        _on_top(room, it, _of(room, *extra.on), end=name == "HousePlant")
    else:
        it = item(name, int(room.rng.integers(2))) if name == "HousePlant" else _any(room, name)
        beside = _of(room, extra.near) if extra.near else []
        near = beside[int(room.rng.integers(len(beside)))].front if beside else None
        room.by_wall(it, prefer=extra.prefer, near=near, z=extra.z_m, front_m=extra.front_m)


def _curtains(room: Arrangement, chance: float) -> None:
    kinds = [item("Curtains", k) for k in range(variants("Curtains"))]
    for side in room.sides:
        for cut in room.cuts[side]:
            if cut.kind != "window" or room.rng.random() > chance:
                continue
            # One of the two pairs that fit the window best, with a hand's breadth beyond it.
            misfit = [abs(kind.width - (cut.hi - cut.lo) - 0.2) for kind in kinds]
            it = kinds[int(np.argsort(misfit)[room.rng.integers(2)])]
            s = (cut.lo + cut.hi) / 2
            box = side.box(
                (float(it.lo[0]), float(it.hi[0])),
                (s + it.lo[1], s + it.hi[1]),
                (_CURTAIN_Z_M, _CURTAIN_Z_M + it.height),
            )
            if room.fits(box[None], through=True, window=True)[0]:
                room.put_along(it, side, s, z=_CURTAIN_Z_M)


_RECIPES: dict[str, Callable[[Arrangement], None]] = {
    "Kitchen": _kitchen,
    "LivingRoom": _living,
    "Bedroom": _bedroom,
    "Bathroom": _bathroom,
}
