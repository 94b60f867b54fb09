"""How an episode in a house begins, seen or told: it is compiled, the mess is made, and the robot is put in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram.sims.house.interact import Arm
from engram.sims.house.mess import Mess
from engram.sims.house.model import HouseModel, compile_house
from engram.sims.house.motion import Floor, NoStandingRoomError, choose_start
from engram.sims.house.options import ResetOptions
from engram.sims.house.physics import Physics
from engram.sims.house.regions import Regions
from engram.sims.house.spec import HouseSpec
from engram.sims.house.stance import Base
from engram.sims.house.states import States
from engram.sims.house.truth import HouseTruth

_START, _MESS = 100, 101  # streams of random numbers; the generator and the sensors have their own


@dataclass(frozen=True, eq=False)
class Begun:
    """A house in which an episode begins."""

    house: HouseModel
    physics: Physics
    regions: Regions
    floor: Floor
    states: States
    arm: Arm
    truth: HouseTruth
    start: Base  # house frame
    cells: NDArray[np.float64]  # (N, 2) places to stand, house frame; of where the robot would begin if nobody said


def begin(spec: HouseSpec, chosen: ResetOptions, seed: int, reach_m: float) -> Begun:
    """Compile a house, make the mess and put the robot in: the same arguments always give the same beginning.

    Raises:
        NoStandingRoomError: the robot cannot stand where it shall begin.

    """
    house = compile_house(spec)
    physics = Physics(house)
    regions, floor = Regions(house, physics), Floor(physics)
    states = States(house, physics, regions)
    starts, tidy = np.random.default_rng([seed, _START]), physics.save()
    place, cells = choose_start(floor, spec.rooms, starts)
    record = Mess(house, physics, regions, np.random.default_rng([seed, _MESS])).make(chosen.mess, cells)
    if record:
        floor.changed()
        states.react()
        place, cells = choose_start(floor, spec.rooms, starts)
    start = Base(float(place[0]), float(place[1]), 90.0 * int(starts.integers(4)))
    if chosen.start is not None:
        start = Base(*chosen.start)
        if not floor.free(start.point):
            raise NoStandingRoomError(f"the robot cannot stand at the start {chosen.start[:2]}")
    arm = Arm(house, physics, regions, reach_m)
    truth = HouseTruth(house, physics, regions, floor, arm.hand, start)
    truth.remember(tidy, record)
    return Begun(house, physics, regions, floor, states, arm, truth, start, cells)
