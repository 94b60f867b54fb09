"""The worktops of a kitchen: which walls they stand at, in which order their units come, and what hangs above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engram.sims.house.arrange import GAP_M, Arrangement, Item, Placed, Side, item
from engram.sims.house.catalog.registry import variants

_STYLES = 4
_DRAWERS, _CUPBOARD, _LONG, _STOVE = range(4)  # kinds of CounterTop; variant = 4 * kind + style
_SPARE_M = 0.02  # at each end of a run
_LEG_M = 3.6  # longest leg of a corner kitchen
_RUN_M = 5.0
_CABINET_Z_M = 1.45
_DRAWS = 120


@dataclass(frozen=True)
class Stretch:
    """Free part of a wall, from ``lo`` to ``hi`` along the side; perhaps a leg of a corner."""

    side: Side
    lo: float
    hi: float
    corner: int = 0  # 1: ends with a corner unit; -1: begins beside the corner unit of the other leg

    @property
    def length(self) -> float:
        """Length in metres."""
        return self.hi - self.lo


@dataclass(frozen=True)
class _Slot:
    stretch: Stretch
    item: Item
    at: float  # s of the item's origin


def place_run(room: Arrangement) -> list[Placed]:
    """Place worktops, sink, stove, fridge; return the worktops without sink and stove, empty when nothing fits."""
    style = int(room.rng.integers(_STYLES))
    fridge = item("Fridge", int(room.rng.integers(variants("Fridge"))))
    for legs in _choices(room, fridge):
        slots = _best(room, legs, fridge, style)
        before = len(room.placed)
        if slots and all(_put(room, slot) for slot in slots) and room.usable():
            worktops = [p for p in room.placed[before:] if p.item.category == "CounterTop" and _kind(p) != _STOVE]
            _hang_cabinets(room, legs, style)
            return worktops
        room.undo(before)
    return []


def _kind(placed: Placed) -> int:
    return placed.item.variant // _STYLES


def _choices(room: Arrangement, fridge: Item) -> Iterator[list[Stretch]]:
    """Walls for the run, the more fitting first."""
    depth = max(item("CounterTop", 0).depth, item("Sink", 0).depth) + GAP_M
    free = {side: _free(room, side, depth) for side in room.sides}
    straight = [[s] for side in room.sides for s in free[side]]
    corners = []
    for k, side in enumerate(room.sides):
        other = room.sides[(k + 1) % 4]  # its end meets the start of ``side``
        for first in free[other]:
            for second in free[side]:
                if first.hi > other.length - 0.03 and second.lo < 0.03:
                    lo = max(first.lo, first.hi - _LEG_M)
                    hi = min(second.hi, second.lo + _LEG_M)
                    begin = second.lo + depth + 0.005 - _SPARE_M
                    if hi - begin >= 0.6:
                        corners.append([Stretch(other, lo, first.hi, corner=1), Stretch(side, begin, hi, corner=-1)])
    least = 0.8 + 0.6 + 0.6 + fridge.width + 3 * _SPARE_M
    shuffled = [straight[i] for i in room.rng.permutation(len(straight))] if straight else []
    long = [[_shorten(s[0], room.rng)] for s in shuffled if s[0].length >= least + 0.5]
    bent = [corners[i] for i in room.rng.permutation(len(corners))] if corners else []
    bent = [c for c in bent if c[0].length + c[1].length >= least]
    pairs = [[a[0], b[0]] for a in shuffled for b in shuffled if a[0].side is not b[0].side
             and a[0].length + b[0].length >= least]  # fmt: skip
    tight = sorted((s for s in shuffled if least <= s[0].length < least + 0.5), key=lambda s: -s[0].length)
    one, other_way = (long, bent) if room.rng.random() < 0.4 else (bent, long)
    yield from one
    yield from other_way
    yield from tight
    yield from pairs[:12]


def _shorten(stretch: Stretch, rng: np.random.Generator) -> Stretch:
    if stretch.length <= _RUN_M:
        return stretch
    if rng.random() < 0.5:
        return Stretch(stretch.side, stretch.lo, stretch.lo + _RUN_M)
    return Stretch(stretch.side, stretch.hi - _RUN_M, stretch.hi)


def _free(room: Arrangement, side: Side, depth: float) -> list[Stretch]:
    """Stretches of a wall along which low units can stand."""
    at = np.arange(0.0, side.length, 0.02)
    boxes = np.array([side.box((GAP_M, depth), (s, min(s + 0.02, side.length)), (0.1, 0.88)) for s in at])
    ok = np.concatenate([[False], room.fits(boxes), [False]])
    edges = np.flatnonzero(ok[1:] != ok[:-1])
    found = [(at[a], min(at[b - 1] + 0.02, side.length)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [Stretch(side, float(lo), float(hi)) for lo, hi in found if hi - lo >= 0.6 + 2 * _SPARE_M]


def _best(room: Arrangement, legs: Sequence[Stretch], fridge: Item, style: int) -> list[_Slot]:
    """Draw orders of units and return the one that makes the best kitchen, empty when the units do not fit."""
    best: tuple[float, list[_Slot]] = (np.inf, [])
    for _ in range(_DRAWS):
        slots = _draw(room, legs, fridge, style)
        if slots:
            cost = _cost(room, slots)
            if cost < best[0]:
                best = (cost, slots)
    return best[1]


def _draw(room: Arrangement, legs: Sequence[Stretch], fridge: Item, style: int) -> list[_Slot]:
    rng = room.rng
    sink, stove = item("Sink", style), item("CounterTop", 4 * _STOVE + style)
    fillers = [item("CounterTop", 4 * kind + style) for kind in (_DRAWERS, _CUPBOARD, _LONG)]
    chosen: list[list[Item]] = [[] for _ in legs]
    chosen[int(rng.integers(len(legs)))].append(fridge)
    chosen[int(rng.integers(len(legs)))].append(sink)
    chosen[int(rng.integers(len(legs)))].append(stove)
    slots: list[_Slot] = []
    for leg, units in zip(legs, chosen, strict=True):
        corner = [fillers[_DRAWERS]] if leg.corner > 0 else []
        left = leg.length - 2 * _SPARE_M - sum(u.width for u in (*units, *corner))
        if left < 0.0:
            return []
        fill = _fill(left, fillers, rng)
        middle = [u for u in (*units, *fill) if u is not fridge]
        order = [middle[i] for i in rng.permutation(len(middle))] if middle else []
        if fridge in units:
            at_end = bool(rng.random() < 0.5) if not leg.corner else leg.corner < 0
            order = [*order, fridge] if at_end else [fridge, *order]
        order = [*order, *corner]
        total = sum(u.width for u in order)
        s = (
            leg.hi - _SPARE_M - total
            if leg.corner > 0 or (leg.lo > 0.1 and leg.hi > leg.side.length - 0.05)
            else (leg.lo + _SPARE_M)
        )
        for unit in order:
            slots.append(_Slot(leg, unit, s - float(unit.lo[1])))
            s += unit.width
    return slots


def _fill(left: float, fillers: Sequence[Item], rng: np.random.Generator) -> list[Item]:
    """Return worktops that take up most of a length."""
    found: list[Item] = []
    while True:
        able = [f for f in fillers if f.width <= left + 1e-6]
        if not able:
            return found
        found.append(able[int(rng.integers(len(able)))])
        left -= found[-1].width


def _cost(room: Arrangement, slots: Sequence[_Slot]) -> float:
    """Rate an order: sink below a window, worktop on both sides of the stove, few gaps, no fridge between units."""
    cost = float(room.rng.uniform(0.0, 0.3))
    cost += sum(s.stretch.length for s in {id(s.stretch): s for s in slots}.values()) - sum(s.item.width for s in slots)
    windows = [(side, cut) for side, cuts in room.cuts.items() for cut in cuts if cut.kind == "window"]
    names = [_name(s) for s in slots]
    cost -= 0.3 * len({s.item.variant for s in slots if s.item.category == "CounterTop"})
    for k, slot in enumerate(slots):
        on = [cut for side, cut in windows if side is slot.stretch.side]
        over = [max(cut.lo - slot.at, slot.at - cut.hi, -0.3) for cut in on]
        beside = [names[n] for n in (k - 1, k + 1) if 0 <= n < len(slots)]
        if names[k] == "Sink":
            cost += min([0.6, *over])
        if names[k] == "Stove":
            cost += 2.0 * sum(o < 0.3 for o in over) + 0.7 * (len(beside) < 2)
            cost += 0.8 * sum(b in ("Fridge", "Sink") for b in beside)
        if names[k] == "Fridge":
            cost += 9.0 * sum(max(cut.lo - slot.at, slot.at - cut.hi) < slot.item.width / 2 for cut in on)
            cost += 0.6 * (len(beside) == 2)
    return cost


def _name(slot: _Slot) -> str:
    if slot.item.category == "CounterTop":
        return "Stove" if slot.item.variant // _STYLES == _STOVE else "CounterTop"
    return slot.item.category


def _put(room: Arrangement, slot: _Slot) -> bool:
    side = slot.stretch.side
    low = 0.88 if slot.item.category != "Fridge" else None
    if not room.along(slot.item, side, np.array([slot.at]), low_m=low)[0]:
        return False
    # What a corner hides is not kept clear: the other leg stands there.
    hidden = slot.stretch.corner > 0 and slot.at > slot.stretch.hi - 0.62
    front = 0.0 if hidden else 0.65
    if front and not room.along(slot.item, side, np.array([slot.at]), front_m=0.5, low_m=low)[0]:
        return False
    return room.put_along(slot.item, side, slot.at, front_m=front, check=False) is not None


def _hang_cabinets(room: Arrangement, legs: Sequence[Stretch], style: int) -> None:
    """Hang cupboards above the worktops, side by side, but not in front of windows or above the stove."""
    wanted = int(room.rng.integers(2, 6))
    for leg in legs:
        stoves = [p.box for p in room.placed if p.item.category == "CounterTop" and _kind(p) == _STOVE]
        s, end = leg.lo + _SPARE_M, leg.hi - (0.38 if leg.corner > 0 else 0.0)
        while wanted and s + 0.6 <= end:
            it = item("Cabinet", style + 4 * int(room.rng.random() < 0.4))
            at = s - float(it.lo[1])
            low = leg.side.box((0.0, 0.4), (s, s + it.width), (0.5, 0.8))
            above = any(_crosses(low, stove) for stove in stoves)
            held = any(_crosses(low, p.box) for p in room.placed if p.item.category in ("CounterTop", "Sink"))
            free = held and not above
            if free and room.along(it, leg.side, np.array([at]), z=_CABINET_Z_M)[0]:
                room.put_along(it, leg.side, at, z=_CABINET_Z_M)
                wanted -= 1
                s += it.width
            else:
                s += 0.05


def _crosses(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a[:3] < b[3:] - 0.01).all() and (a[3:] > b[:3] + 0.01).all())
