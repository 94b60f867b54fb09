"""Somebody else who lives in the house: between two tasks, things are put elsewhere and dishes are used.

By habit a thing goes to another place that is proper for it, as often as tidy houses keep it there; or anything goes
anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from engram.sims.contract import Outcome
from engram.sims.house import placement
from engram.sims.house.interact import Arm, Hit
from engram.sims.house.model import HouseModel, Thing, compile_house
from engram.sims.house.physics import Physics
from engram.sims.house.regions import Place, Regions
from engram.sims.house.snapshot import spec_now, swing
from engram.sims.house.spec import HouseSpec
from engram.sims.house.stance import Base

Manner = Literal["habits", "random"]
_PLACES, _TRIES = 6, 40  # places tried for a thing, and things
_USED = 0.5  # share of the dishes moved that are dirty afterwards


@dataclass(frozen=True)
class Moved:
    """What was put elsewhere. Receptacles are ids; empty for the floor."""

    id: str
    before: str
    after: str


def live(house: HouseSpec, count: int, manner: Manner, rng: np.random.Generator) -> tuple[HouseSpec, tuple[Moved, ...]]:
    """Put up to ``count`` things elsewhere; return the house as it is then, and what was moved."""
    return _Resident(house, manner, rng).live(count)


class _Resident:
    def __init__(self, house: HouseSpec, manner: Manner, rng: np.random.Generator) -> None:
        self._house: HouseModel = compile_house(house)
        self._physics = Physics(self._house)
        self._regions = Regions(self._house, self._physics)
        self._arm = Arm(self._house, self._physics, self._regions, reach_m=np.inf)
        self._manner, self._rng = manner, rng

    def live(self, count: int) -> tuple[HouseSpec, tuple[Moved, ...]]:
        things = sorted((t for t in self._house.things if t.movable and not t.parked), key=lambda t: t.id)
        moved: list[Moved] = []
        for k in self._rng.permutation(len(things))[:_TRIES]:
            if len(moved) >= count:
                break
            if self._regions.contents(things[k]):
                continue
            before = self._holder(things[k])
            if self._move(things[k]):
                moved.append(Moved(things[k].id, before, self._holder(things[k])))
        self._use([m.id for m in moved])
        return spec_now(self._house, self._physics, self._regions), tuple(moved)

    def _use(self, ids: list[str]) -> None:
        for id_ in ids:
            thing = self._house.by_id[id_]
            if thing.kind.dirtyable and self._rng.random() < _USED:
                thing.dirty = True

    def _holder(self, thing: Thing) -> str:
        holders = self._regions.receptacles(thing)
        return self._house.things[holders[0]].id if holders else ""

    def _move(self, thing: Thing) -> bool:
        state = self._physics.save()
        opened = [self._house.things[k] for k in self._regions.receptacles(thing)]
        for owner in opened:
            if owner.kind.openable:
                swing(self._physics, self._regions, owner, 1.0)
        if self._arm.pick(Hit(thing, self._physics.box(thing).mean(0), 0.0)) is not Outcome.OK:
            self._physics.restore(state)
            return False
        for place in self._places(thing, {o.index for o in opened}):
            if self._put(place):
                return True
        self._arm.hand.let_go()
        self._physics.restore(state)
        return False

    def _put(self, place: Place) -> bool:
        if place.enclosed and place.owner.kind.openable:
            swing(self._physics, self._regions, place.owner, 1.0)
        turn, origin = self._regions.frame(place)
        local = self._rng.uniform(place.lo, place.hi) * [1, 1, 0] + place.lo * [0, 0, 1]
        # The resident stands anywhere: reach does not matter, and nothing is opened by hand.
        placed = self._arm.place(Hit(place.owner, turn @ local + origin, 0.0), Base()) is Outcome.OK
        if place.owner.openness > 0.0:
            swing(self._physics, self._regions, place.owner, 0.0)
        return placed

    def _places(self, thing: Thing, without: set[int]) -> Iterator[Place]:
        """Places to put a thing, in the order in which they are tried."""
        found = [p for p in self._regions.places if not p.owner.movable and p.owner.index not in without]
        if self._manner == "random":
            chances = np.ones(len(found))
        else:
            kinds = {r.id: r.type for r in self._house.spec.rooms}
            usual = placement.weights(thing.category)
            count = {p.owner.category: sum(q.owner.category == p.owner.category for q in found) for p in found}
            keys = [(str(kinds.get(p.owner.room, "")), p.owner.category) for p in found]
            chances = np.array([usual.get(key, 0.0) / count[key[1]] for key in keys])
        some = int(np.count_nonzero(chances))
        if some:
            for k in self._rng.choice(len(found), min(some, _PLACES), replace=False, p=chances / chances.sum()):
                yield found[int(k)]


def without(house: HouseSpec, x_m: float, y_m: float, radius_m: float) -> HouseSpec:
    """Return a house without what lies on the floor around a point of the house frame: somebody took it away."""
    kept = [o for o in house.objects if o.receptacle or np.hypot(o.pos[0] - x_m, o.pos[1] - y_m) > radius_m]
    return replace(house, objects=tuple(kept))
