"""Oracles: parts of the agent that are told the truth, to see how much each part of the rest costs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from engram.evaluation.scoring import is_proper, locate
from engram.perception.contracts import Detection, Detector
from engram.perception.geometry import Floats
from engram.perception.oracle import MaskDetector
from engram.planners.placement import FLOOR, PlacementPrior, RoomBelief
from engram.sims.contract import Observation, World
from engram.sims.house import placement
from engram.sims.house.spec import RoomSpec
from engram.sims.house.truth import HouseTruth


@dataclass(frozen=True)
class OracleOptions:
    """Which parts are told the truth."""

    misplaced: bool = False  # which of the things in view are out of place
    rooms: bool = False  # the type of the room at each point
    placement: bool = False  # where things belong, by the table that scores


def mask_detector(world: World, judging: bool = False) -> MaskDetector:
    """Detections from the world's own masks; ``judging`` ones say, too, what is out of place."""

    def labels() -> list[str]:
        return [thing.category for thing in world.truth.objects()]

    def judge() -> list[float | None]:
        things = world.truth.objects()
        places = locate(things)
        return [float(not is_proper(t.category, places[t.id])) if t.id in places else None for t in things]

    return MaskDetector(lambda: world.truth.instances(), labels, judge=judge if judging else None)


class TrueJudge:
    """A detector that is told what is out of place: of each thing that it sees, what most of its mask really shows."""

    def __init__(self, detector: Detector, world: World) -> None:
        """Take the detector, and the world that it looks at."""
        self._detector, self._world = detector, world

    def detect(self, observation: Observation) -> list[Detection]:
        """Return what the detector sees, judged; of what is nothing or cannot be carried, nothing is said."""
        things, numbers = self._world.truth.objects(), self._world.truth.instances()
        places = locate(things)

        def judged(found: Detection) -> float | None:
            number = int(np.bincount(numbers[found.mask] + 1, minlength=1).argmax()) - 1
            thing = things[number] if number >= 0 else None
            if thing is None or thing.id not in places:
                return None
            return float(not is_proper(thing.category, places[thing.id]))

        return [replace(d, out_of_place=judged(d)) for d in self._detector.detect(observation)]


class TrueRooms:
    """Tells the type of the room at a point of the map."""

    def __init__(self, world: World) -> None:
        """Take the world; it is asked when a point is."""
        self._world = world

    def __call__(self, position: Floats) -> RoomBelief:
        """Certainty about the room at a position (2,) or (3,), or the one nearest to it."""
        truth = cast(HouseTruth, self._world.truth)
        point = truth.start.matrix() @ np.array([position[0], position[1], 0.0, 1.0])
        room = min(truth.house.rooms, key=lambda r: (_away_m(r, point), r.id))
        return {room.type: 1.0}


class TruePlaces(PlacementPrior):
    """The table that scores, as a prior."""

    def __init__(self, prior: PlacementPrior) -> None:
        """Take the names from a prior."""
        super().__init__({"version": 1, "counts": prior.counts, "rooms": prior.fixtures}, config=prior.config)

    def proper(self, category: str, receptacle: str | None, rooms: RoomBelief) -> float:
        """Probability that a row of the table says so."""
        return sum(p for room, p in rooms.items() if placement.proper(category, room, receptacle or FLOOR))


def _away_m(room: RoomSpec, point: Floats) -> float:
    return math.hypot(
        max(room.x0 - point[0], 0.0, point[0] - room.x1), max(room.y0 - point[1], 0.0, point[1] - room.y1)
    )
