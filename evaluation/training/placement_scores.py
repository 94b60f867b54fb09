"""Placing every thing of unseen tidy houses by each prior, and how well that does.

A robot that has looked around, and sees no better than in training, holds one thing after the other and puts each on
the receptacle that a prior ranks first. Of the rest of an agent there is only the way: it costs a step for each 0.25 m
of the straight line. What is put is taken to stay where it is put.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram.agents.situation import TidyConfig
from engram.evaluation.metrics import tidy
from engram.evaluation.scoring import FLOOR, Location, is_proper
from engram.evaluation.statistics import Interval, ratio_difference, share_interval
from engram.evaluation.training.placement_houses import Kept, Look, TidyHouse, holder_label, look
from engram.planners.associative.graph import SceneNode
from engram.planners.placement import Candidate, PlacementPrior
from engram.sims.house.mess import SPARED

Floats = NDArray[np.float64]
_STEP_M = 0.25
_MESS = 5  # things that are displaced together, for the energy
_CLOSED = TidyConfig().closed
See = Callable[[Sequence[SceneNode]], None]
LEAVE = "leave"


@dataclass(frozen=True)
class Put:
    """Where one thing went."""

    house: int
    category: str
    proper: bool
    proper_of_three: bool  # whether one of the three best is
    likely: float  # how likely tidy houses keep it on such a receptacle
    likely_tidy: float  # ... where the tidy house had it
    likely_messy: float  # ... on the floor


@dataclass(frozen=True)
class Case:
    """A thing in the hand, and what it could be put on."""

    house: TidyHouse
    thing: Kept
    candidates: tuple[Candidate, ...]
    truth: tuple[tuple[str, str], ...]  # true label and type of room of each candidate
    messy_room: str  # type of the room on whose floor the mess left it


@dataclass(frozen=True)
class Row:
    """How well one way of placing does; gains are those of the first row over it, in the same houses."""

    variant: str
    things: int
    proper: float  # share of the things
    proper_interval: Interval
    proper_gain: Interval
    proper_of_three: float
    energy_removed: float  # %
    energy_interval: Interval
    energy_gain: Interval


def cases(house: TidyHouse, view: Look, prior: PlacementPrior, rng: np.random.Generator) -> list[Case]:
    """Return the things that a mess may displace, each with the receptacles that the robot knows.

    The robot stands beside a piece of furniture drawn by chance. What is closed is left out, as the agent leaves it
    out.
    """
    usable = [
        k for k, n in enumerate(view.nodes)
        if prior.is_receptacle(n.label) and n.label not in _CLOSED and not prior.knows(n.label)
    ]  # fmt: skip
    found = []
    rooms = sorted(house.rooms)
    for thing in house.kept:
        x, y, _ = view.nodes[int(rng.integers(len(view.nodes)))].centre or (0.0, 0.0, 0.0)
        messy = house.room_type(rooms[int(rng.integers(len(rooms)))])
        if holder_label(thing.holder) in SPARED or not usable:
            continue
        candidates = [_candidate(view.nodes[k], x, y) for k in usable]
        found.append(Case(house, thing, tuple(candidates), tuple(view.truth[k] for k in usable), messy))
    return found


def validation_cases(
    tidy_houses: Sequence[TidyHouse], prior: PlacementPrior, seed: int = 0
) -> list[tuple[Look, list[Case]]]:
    """Return what the robot has seen of each house, and the things in it."""
    found = []
    for house in tidy_houses:
        rng = np.random.default_rng([seed, house.seed])
        view = look(house, prior, rng)
        if view.nodes:
            found.append((view, cases(house, view, prior, rng)))
    return found


def put_all(
    asked: Sequence[tuple[Look, Sequence[Case]]],
    placer: PlacementPrior | None,
    counts: PlacementPrior,
    see: See | None = None,
) -> list[Put]:
    """Place everything.

    Args:
        asked: houses and things.
        placer: ranks receptacles; ``None`` leaves things where the mess put them.
        counts: how often tidy houses keep what where, for the energy.
        see: told what furniture there is, house by house.

    """
    puts = []
    for view, things in asked:
        if see is not None:
            see(view.nodes)
        present = {f.label for f in things[0].house.furniture} | {FLOOR} if things else {FLOOR}
        puts += [_put(case, placer, counts, present) for case in things]
    return puts


def rows(results: Mapping[str, Sequence[Put]], only: Collection[str] | None = None) -> list[Row]:
    """Return a row for each way of placing; ``only`` takes the things of some categories."""
    picked = {name: [p for p in puts if only is None or p.category in only] for name, puts in results.items()}
    tables = {name: (_by_house(puts), _energies(puts)) for name, puts in picked.items()}
    first = next(iter(tables.values()))
    return [_row(name, picked[name], tables[name], first) for name in picked]


def _candidate(node: SceneNode, x: float, y: float) -> Candidate:
    cx, cy, _ = node.centre or (x, y, 0.0)
    return Candidate(node.label, node.rooms, float(np.hypot(cx - x, cy - y)) / _STEP_M)


def _put(case: Case, placer: PlacementPrior | None, counts: PlacementPrior, present: Collection[str]) -> Put:
    thing = case.thing
    if placer is None:
        spots = [(FLOOR, case.messy_room)]
    else:
        spots = [case.truth[k] for k, _ in placer.rank_receptacles(thing.label, case.candidates)]
    proper = [is_proper(thing.label, Location(room, (label,))) for label, room in spots[:3]]
    held = {r: sum(rooms.values()) for r, rooms in counts.counts.get(thing.label, {}).items()}
    now, before, messy = (
        tidy.likelihood(held, (label,), present) for label in (spots[0][0], holder_label(thing.holder), FLOOR)
    )
    return Put(case.house.seed, thing.label, proper[0], any(proper), now, before, messy)


def _by_house(puts: Sequence[Put]) -> Floats:
    """(H, 2) things put on a proper place, and things, of each house."""
    numbers = sorted({p.house for p in puts})
    return np.array(
        [[sum(p.proper for p in puts if p.house == n), sum(p.house == n for p in puts)] for n in numbers], float
    )


def _energies(puts: Sequence[Put]) -> Floats:
    """(H, 2) summed share of energy removed, and number of messes where that is defined, of each house."""
    found = []
    for number in sorted({p.house for p in puts}):
        own = [p for p in puts if p.house == number]
        own = [own[k] for k in np.random.default_rng([number, 5]).permutation(len(own))]
        left = [
            tidy.energy(sum(p.likely for p in m), sum(p.likely_tidy for p in m), sum(p.likely_messy for p in m))
            for m in (own[k : k + _MESS] for k in range(0, len(own), _MESS))
        ]
        removed = [1.0 - e for e in left if e is not None]
        found.append([sum(removed), len(removed)])
    return np.array(found, float)


def _row(name: str, puts: Sequence[Put], own: tuple[Floats, Floats], first: tuple[Floats, Floats]) -> Row:
    proper, energy = own
    there = energy[:, 1] > 0
    return Row(
        variant=name,
        things=len(puts),
        proper=float(proper[:, 0].sum() / proper[:, 1].sum()),
        proper_interval=share_interval(*proper.T),
        proper_gain=ratio_difference(proper, first[0]),
        proper_of_three=float(np.mean([p.proper_of_three for p in puts])),
        energy_removed=100.0 * float(energy[:, 0].sum() / energy[:, 1].sum()),
        energy_interval=_percent(share_interval(*energy.T)),
        energy_gain=_percent(ratio_difference(energy[there], first[1][there])),
    )


def _percent(interval: Interval) -> Interval:
    return 100.0 * interval[0], 100.0 * interval[1]
