"""Making a mess the way TIDEE does: things are picked up, carried somewhere and dropped or thrown.

Source of the procedure and its numbers: TIDEE (Sarch et al., ECCV 2022), released code, "messup". Where that leans on
AI2-THOR, this does the same with this house's physics: a throw of magnitude 150 is a force of 150 N during one 20 ms
physics step, so the speed is 3 N s over the thing's mass, capped at 5 m/s, level and straight ahead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram.sims.house.hand import Hand, neighbours
from engram.sims.house.model import HouseModel, Thing
from engram.sims.house.physics import Physics, Pose, Snapshot
from engram.sims.house.regions import Regions
from engram.sims.house.stance import Base, cos_sin

SPARED = frozenset(
    ("Fridge", "Box", "Dresser", "Pot", "Pan", "Bowl", "Microwave", "GarbageCan", "Plate", "Cabinet", "Safe", "Drawer")
)  # what lies in or on these stays there
TRIES = 10
THROW_MAGNITUDE = 150.0
_THROW_STEP_SECS = 0.02
_MAX_SPEED_M_S = 5.0
_SETTLE_SECS = 3.0
_HOLD_M = 1.3  # height at which a thing is held, before it is lifted clear
_SUNK_M = 0.05
_FORCED_M = 0.9  # height from which a thing falls when nothing else worked
_MOVED_M = 0.05  # what others moved by more than this is noted

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Displaced:
    """What the mess did to one thing. Positions are centres of the box around it, house frame, metres."""

    id: str
    category: str
    from_position: tuple[float, float, float]
    from_receptacles: tuple[str, ...]  # innermost first
    to_position: tuple[float, float, float]
    to_receptacles: tuple[str, ...]
    tries: int
    thrown: bool  # else dropped
    forced: bool  # dropped after all tries had failed
    carried: tuple[str, ...]  # what lay in or on it and went along
    disturbed: tuple[str, ...]  # other things that were knocked elsewhere


class Mess:
    """Displaces things of a house whose robot is not there yet."""

    def __init__(self, house: HouseModel, physics: Physics, regions: Regions, rng: np.random.Generator) -> None:
        self._house, self._physics, self._regions, self._rng = house, physics, regions, rng
        self._hand = Hand(physics, regions)
        self._leaning: list[Thing] = []  # what may fall when the thing is gone

    def make(self, count: int, cells: Floats) -> list[Displaced]:
        """Displace ``count`` things, or as many as there are, from reachable cells (N, 2) of the house frame."""
        things = self.candidates()
        record: list[Displaced] = []
        while things and len(record) < count:
            thing = things.pop(int(self._rng.integers(len(things))))
            displaced = self._displace(thing, cells)
            if displaced is not None:
                record.append(displaced)
        return record

    def candidates(self) -> list[Thing]:
        """Things that may be displaced, in the order of their ids."""
        free = [t for t in self._house.things if t.movable and not t.parked]
        spared = [t for t in free if {self._house.things[k].category for k in self._regions.receptacles(t)} & SPARED]
        return sorted((t for t in free if t not in spared), key=lambda t: t.id)

    def _displace(self, thing: Thing, cells: Floats) -> Displaced | None:
        physics = self._physics
        boxes = physics.boxes().copy()
        before, holders = _centre(boxes[thing.index]), self._holders(thing)
        state = physics.save()
        group = [thing, *self._regions.contents(thing)]
        self._leaning = neighbours(physics, self._house.things, group)
        self._hand.take(thing)
        load = self._hand.load
        tries, thrown, forced = 0, False, False
        landed = False
        while not landed and tries < TRIES:
            tries += 1
            thrown, landed = self._attempt(self._base(cells), state)
        if not landed:
            thrown, forced = False, True
            landed = any(self._fall(self._base(cells), state) for _ in range(TRIES))
        self._hand.let_go()
        if not landed:
            physics.restore(state)
            return None
        now = physics.boxes()
        moved = np.linalg.norm(now.mean(1) - boxes.mean(1), axis=1) > _MOVED_M
        others = tuple(t.id for t in self._house.things if t.movable and moved[t.index] and t not in load)
        carried = tuple(t.id for t in load[1:])
        there = _centre(now[thing.index]), self._holders(thing)
        return Displaced(thing.id, thing.category, before, holders, *there, tries, thrown, forced, carried, others)

    def _base(self, cells: Floats) -> Base:
        x, y = cells[self._rng.integers(len(cells))]
        return Base(float(x), float(y), 45.0 * int(self._rng.integers(8)))

    def _attempt(self, base: Base, state: Snapshot) -> tuple[bool, bool]:
        """Drop or throw once; (thrown, whether it was accepted). A refused attempt changes nothing."""
        thrown = bool(self._rng.random() >= 0.5)
        if not self._hand.release(base, _HOLD_M):
            return thrown, False
        if thrown:
            c, s = cos_sin(base.yaw_deg)
            mass = sum(t.shape.mass_kg for t in self._hand.load)
            speed = min(THROW_MAGNITUDE * _THROW_STEP_SECS / mass, _MAX_SPEED_M_S)
            for thing in self._hand.load:
                self._physics.push(thing, speed * np.array([c, s, 0.0]))
        return thrown, self._land(state)

    def _fall(self, base: Base, state: Snapshot) -> bool:
        """Drop where the robot itself would stand, which is free."""
        lo, hi = self._hand.bounds()
        spot = np.array([base.x_m, base.y_m, _FORCED_M]) - [*(lo + hi)[:2] / 2, lo[2]]
        self._hand.set_solid(solid=True)
        self._hand.put(Pose(spot, np.array([1.0, 0.0, 0.0, 0.0])))
        return self._land(state)

    def _land(self, state: Snapshot) -> bool:
        self._physics.wake(self._leaning)
        self._physics.settle(_SETTLE_SECS)
        if all(self._indoors(t) for t in self._hand.load):
            return True
        self._physics.restore(state)
        self._hand.set_solid(solid=False)
        return False

    def _indoors(self, thing: Thing) -> bool:
        lo, hi = self._physics.box(thing)
        x, y = (lo + hi)[:2] / 2
        rooms = self._house.spec.rooms
        return bool(lo[2] > -_SUNK_M and any(r.x0 < x < r.x1 and r.y0 < y < r.y1 for r in rooms))

    def _holders(self, thing: Thing) -> tuple[str, ...]:
        return tuple(self._house.things[k].id for k in self._regions.receptacles(thing))


def _centre(box: Floats) -> tuple[float, float, float]:
    x, y, z = (round(float(v), 4) for v in box.mean(0))
    return x, y, z
