"""Relations between things of the map, and the sentences that say them.

The frame is ``map``: z up, metres. Source of the relations and their thresholds: TIDEE (Sarch et al., ECCV 2022) and
its released code; there the axes of two frames were mixed up, so that what supports a thing lay above it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FLOOR = "Floor"
_WORDS = {"TV": "television"}
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float64)


@dataclass(frozen=True, eq=False)
class Placed:
    """A thing and where it is."""

    label: str
    lo: Floats  # (3,) its box
    hi: Floats
    holds: bool = False  # whether things are kept on or in its kind

    @property
    def centre(self) -> Floats:
        """(3,) centre of the box."""
        return (self.lo + self.hi) / 2


@dataclass(frozen=True)
class Relation:
    """``target`` is ``name`` the ``other``; both are labels."""

    target: str
    name: str
    other: str

    @property
    def sentence(self) -> str:
        """The relation in words: ``"The mug is next to the coffee machine"``."""
        return f"The {words_of(self.target)} is {self.name.replace('-', ' ')} the {words_of(self.other)}"


@dataclass(frozen=True)
class RelationConfig:
    """Thresholds of the relations that are told from centres."""

    next_to_m: float = 1.2
    floor_m: float = 0.1  # a centre lower than this above the floor lies on it
    slack_m: float = 0.03  # the centre of what supports may lie this much higher
    most: int = 50  # relations of one thing


def text_relations(
    target: Placed,
    others: Sequence[Placed],
    floor_z_m: float = 0.0,
    config: RelationConfig | None = None,
    support: str | None = None,
) -> list[Relation]:
    """Relations of a thing by centres alone, the most telling first, each said once.

    What supports it comes first (only where it is no receptacle itself), then what is closest, then what is next to
    it, near before far. What has the label of the target says nothing and is left out.

    Args:
        target: the thing.
        others: what else is known to be there.
        floor_z_m: height of the floor.
        config: thresholds.
        support: label of what supports the thing, where that is known better than centres tell.

    """
    c = config or RelationConfig()
    others = [o for o in others if o is not target and o.label != target.label]
    away = _distances(target, others)
    order = np.argsort(away, kind="stable")
    found: list[Relation] = []
    if support is None and not target.holds:
        support = supporter(target, others, floor_z_m, c)
    found += [Relation(target.label, "supported-by", support)] if support else []
    found += [Relation(target.label, "closest-to", others[order[0]].label)] if len(order) else []
    found += [Relation(target.label, "next-to", others[k].label) for k in order if away[k] < c.next_to_m]
    return list(dict.fromkeys(found))[: c.most]


def supporter(
    target: Placed, others: Sequence[Placed], floor_z_m: float = 0.0, config: RelationConfig | None = None
) -> str | None:
    """Label of what supports a thing, told from centres: the floor, or the nearest receptacle that is not higher."""
    c = config or RelationConfig()
    height = float(target.centre[2])
    if height - floor_z_m < c.floor_m:
        return FLOOR
    lower = [o for o in others if o.holds and o is not target and float(o.centre[2]) - height < c.slack_m]
    return lower[int(np.argmin(_distances(target, lower)))].label if lower else None


@dataclass(frozen=True)
class BoxConfig:
    """Thresholds of the relations that are told from boxes. Overlaps are shares of ground area."""

    above_m: float = 0.03
    above_overlap: float = 0.2
    next_to_m: float = 0.5
    next_to_overlap: float = 0.7  # more than this is over or under, not beside
    rest_m: float = 0.2
    rest_overlap: float = 0.1
    rest_area: float = 1.5  # what rests covers at most this many times the ground of what it rests on
    aligned: float = 0.2  # difference of unit directions
    aligned_m: float = 1.5


def above(target: Placed, other: Placed, config: BoxConfig | None = None) -> bool:
    """Whether the target is clear above the other and over it."""
    c = config or BoxConfig()
    clear = float(target.lo[2] - other.hi[2]) > c.above_m
    return clear and max(_overlaps(target, other)) > c.above_overlap


def next_to(target: Placed, other: Placed, config: BoxConfig | None = None) -> bool:
    """Whether the two are near and beside each other."""
    c = config or BoxConfig()
    if max(_overlaps(target, other)) >= c.next_to_overlap:
        return False
    gaps = _landmarks(target)[:, None] - _landmarks(other)[None]
    return float(np.linalg.norm(gaps, axis=-1).min()) < c.next_to_m


def supported_by(target: Placed, other: Placed, config: BoxConfig | None = None) -> bool:
    """Whether the target rests on the other: its underside is near the other's top, and it is not much larger."""
    c = config or BoxConfig()
    if abs(float(target.lo[2] - other.hi[2])) > c.rest_m or _area(target) >= c.rest_area * _area(other):
        return False
    return _overlaps(target, other)[0] > c.rest_overlap


def aligned_with(target: Placed, other: Placed, config: BoxConfig | None = None) -> bool:
    """Whether the long sides of two near boxes run the same way; one without a longer side has none."""
    c = config or BoxConfig()
    near = float(np.linalg.norm(target.centre - other.centre)) < c.aligned_m
    a, b = _direction(target), _direction(other)
    return near and a is not None and b is not None and float(np.linalg.norm(a - b)) < c.aligned


def box_relations(target: Placed, other: Placed, config: BoxConfig | None = None) -> list[str]:
    """Names of the box relations in which the target stands to the other."""
    tests = {"above": above, "next-to": next_to, "supported-by": supported_by, "aligned-with": aligned_with}
    return [name for name, holds in tests.items() if holds(target, other, config)]


@lru_cache(maxsize=4096)
def words_of(label: str) -> str:
    """Return a label as lower-case words: ``"TVStand"`` is ``"television stand"``."""
    if label == "CounterTop":
        return "countertop"
    parts = _PARTS.findall(label)
    return " ".join(_WORDS.get(part, part.lower()) for part in parts)


def _distances(target: Placed, others: Sequence[Placed]) -> Floats:
    """(N,) distances of the centres."""
    if not others:
        return np.empty(0)
    return np.asarray(np.linalg.norm([o.centre - target.centre for o in others], axis=1))


def _overlaps(a: Placed, b: Placed) -> tuple[float, float]:
    """Common ground as a share of that of each."""
    sides = np.minimum(a.hi, b.hi)[:2] - np.maximum(a.lo, b.lo)[:2]
    common = float(np.prod(np.maximum(sides, 0.0)))
    return _share(common, _area(a)), _share(common, _area(b))


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else 0.0


def _area(thing: Placed) -> float:
    return float(np.prod((thing.hi - thing.lo)[:2]))


def _landmarks(thing: Placed) -> Floats:
    """(9, 3) corners and centre of the box."""
    return np.vstack([thing.lo + _CORNERS * (thing.hi - thing.lo), thing.centre])


def _direction(thing: Placed) -> Floats | None:
    """(2,) unit vector along the longer side on the ground."""
    x, y = (thing.hi - thing.lo)[:2]
    if max(x, y) < 1.1 * min(x, y):
        return None
    return np.array([1.0, 0.0]) if x > y else np.array([0.0, 1.0])
