"""Examples for out-of-place detection: messed-up houses as the robot has them after a look around.

A tour goes to points spread over the floor and turns once at each. Everything that the robot has is computed by the
agent's own situation; truth only leads the way and gives the labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engram.agents.relate import sentences, whereabouts
from engram.agents.situation import Situation, TidyConfig
from engram.evaluation.oracles import mask_detector
from engram.evaluation.scoring import is_proper, locate
from engram.evaluation.training.frames import Studio
from engram.evaluation.training.houses import Use, check_use
from engram.perception.contracts import Detector
from engram.perception.relations import FLOOR, Placed, text_relations
from engram.perception.tracker import Track
from engram.planners.out_of_place.data import Example
from engram.planners.placement import PlacementPrior
from engram.sims.contract import TrueObject, World
from engram.sims.house.stance import Base, Stance
from engram.sims.house.truth import HouseTruth

_SAME_M = 0.35  # a track and the true thing that it shows are nearer than this
_VIEWS = 8  # views of a track whose appearance is kept
_YAWS_DEG = (0.0, 90.0, 180.0, 270.0)
_PITCH_DEG = 30.0


@dataclass(frozen=True)
class TourConfig:
    """How the robot looks around."""

    mess: int = 8  # things displaced
    spacing_m: float = 2.0  # every reachable cell is within this of a point where the robot turns
    most_stops: int = 40
    moments: tuple[float, ...] = (0.5, 1.0)  # shares of the tour after which examples are taken
    size: int = 224  # pixels


@dataclass(eq=False)
class _Views:
    """What the detector said of a track, view by view."""

    judged: list[float] = field(default_factory=list)
    features: list[NDArray[np.float32]] = field(default_factory=list)


def examples(
    seed: int,
    use: Use,
    config: TourConfig | None = None,
    detector: Callable[[World], Detector] = mask_detector,
    prior: PlacementPrior | None = None,
) -> list[Example]:
    """Look around in the messed-up house of a seed and return its tracks with their labels.

    What was carried along with a displaced thing or knocked about by it is left out: it is neither displaced nor as it
    was.

    Raises:
        SeedError: the seed may not be used so.

    """
    config = config or TourConfig()
    studio = Studio(width=config.size, height=config.size)
    try:
        studio.reset(seed=check_use(seed, use), options={"mess": config.mess})
        sit = Situation(TidyConfig(), detector(studio), prior or PlacementPrior.load())
        found: list[Example] = []
        views: dict[int, _Views] = {}
        stops = _stops(studio.truth.reachable(), config)
        due = {max(1, round(share * len(stops))) for share in config.moments}
        for number, (x, y) in enumerate(stops, 1):
            for yaw in _YAWS_DEG:
                sit.perceive(studio.view(Stance(Base(float(x), float(y), yaw), _PITCH_DEG)))
                sit.step += 1
                _remember(sit, views)
            if number in due:
                found += _labelled(seed, sit, studio.truth, views)
        return found
    finally:
        studio.close()


def _stops(cells: NDArray[np.float64], config: TourConfig) -> NDArray[np.float64]:
    """(N, 2) cells spread evenly, each time the one farthest from those before, beginning at the start."""
    away = np.hypot(cells[:, 0], cells[:, 1])
    chosen = [int(away.argmin())]
    while len(chosen) < config.most_stops and float(away.max()) > config.spacing_m:
        chosen.append(int(away.argmax()))
        away = np.minimum(away, np.hypot(*(cells - cells[chosen[-1]]).T))
    return np.asarray(cells[chosen])


def _remember(sit: Situation, views: dict[int, _Views]) -> None:
    for sighting in sit.sightings:
        kept = views.setdefault(sighting.track.number, _Views())
        if sighting.detection.out_of_place is not None:
            kept.judged.append(float(sighting.detection.out_of_place))
        if sighting.detection.feature is not None:
            kept.features.append(sighting.detection.feature)


def _labelled(seed: int, sit: Situation, truth: HouseTruth, views: dict[int, _Views]) -> list[Example]:
    things = truth.objects()
    places = locate(things)
    displaced = set(truth.displaced())
    doubtful = {name for d in truth.mess for name in (*d.carried, *d.disturbed)} - displaced
    found = []
    for track, thing in _matched(sit, things):
        if thing.id in doubtful:
            continue
        kept = views.get(track.number, _Views())
        found.append(
            Example(
                house=seed,
                category=thing.category,
                sentences=tuple(whereabouts(sit, track)),
                oracle=tuple(true_whereabouts(sit, thing, things)),
                table=sit.misplaced_by_counts(track),
                judged=tuple(kept.judged),
                features=tuple(tuple(round(float(v), 4) for v in f) for f in kept.features[-_VIEWS:]),
                displaced=thing.id in displaced,
                implausible=not is_proper(thing.category, places[thing.id]),
            )
        )
    return found


def true_whereabouts(sit: Situation, thing: TrueObject, things: Sequence[TrueObject]) -> list[str]:
    """Sentences about a thing as the robot would say them if it saw every thing as it is."""
    known = {t.id: t for t in things}
    holder = known[thing.receptacles[0]].category if thing.receptacles else FLOOR
    target = _true(sit, thing)
    others = [_true(sit, t) for t in things if t.id != thing.id]
    room = thing.room.partition("_")[0]
    return sentences(thing.category, text_relations(target, others, support=holder), room, "")


def _true(sit: Situation, thing: TrueObject) -> Placed:
    centre, extent = np.array(thing.position), np.array(thing.extent)
    return Placed(thing.category, centre - extent / 2, centre + extent / 2, sit.prior.is_receptacle(thing.category))


def _matched(sit: Situation, things: Sequence[TrueObject]) -> list[tuple[Track, TrueObject]]:
    """Tracks of what can be put away, each with the true thing of its label that is nearest; one track a thing."""
    pairs = [
        (away, t.number, thing.id, t, thing)
        for t in sit.tracker.tracks
        if sit.prior.knows(t.label)
        for thing in things
        if thing.pickupable
        and thing.category == t.label
        and (away := float(np.linalg.norm(t.centre - np.array(thing.position)))) < _SAME_M
    ]
    used: set[int | str] = set()
    found = []
    for _, number, name, track, thing in sorted(pairs, key=lambda p: p[:3]):
        if number not in used and name not in used:
            used |= {number, name}
            found.append((track, thing))
    return found
