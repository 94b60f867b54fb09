"""Which things of several robots are one thing, once their maps share a frame.

Robots have clocks of their own, so it is not compared who saw what when. Two things are one only if each robot has seen
its own at one place and nowhere else, it is the same place, they are called alike and look alike, and rest on the same
thing. What was carried about, removed or lost by one of them stays two things.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from engram.memory.instances import Cells, Instance, gap_m
from engram.memory.matching import MatchConfig
from engram.memory.objects import ObjectStore

Same = dict[str, tuple[str, str]]  # id -> (robot, id) of the earlier robot that knows the thing


def same_things(
    maps: Sequence[tuple[str, ObjectStore]], config: MatchConfig | None = None
) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Return, by robot, which of its things are things of an earlier robot: id -> (robot, id).

    Args:
        maps: name of the robot and its object map, all in one frame; each thing is named after the first that knows it.
        config: how far views of one thing may differ.

    """
    known = _Known(config or MatchConfig())
    out: dict[str, Same] = {}
    for robot, store in maps:
        still = [t for _, t in sorted(store.things.items()) if _still(t)]
        out[robot] = _supported(store, known.things, known.pairs(still))
        for thing in still:
            if thing.id not in out[robot]:
                known.put((robot, thing.id), thing)
    return out


class _Known:
    """Things of the robots so far, by the first that knows each."""

    def __init__(self, config: MatchConfig) -> None:
        self.things: dict[tuple[str, str], Instance] = {}
        self._config = config
        self._keys: list[tuple[str, str]] = []
        self._cells = Cells()
        self._largest_m = 0.0

    def put(self, key: tuple[str, str], thing: Instance) -> None:
        self._cells.put(str(len(self._keys)), thing.centre_m)
        self._keys.append(key)
        self.things[key] = thing
        self._largest_m = max(self._largest_m, *thing.extent_m)

    def pairs(self, things: Sequence[Instance]) -> Same:
        """Pair things with known ones, the best fits first, each once."""
        rows = []
        for thing in things:
            reach_m = self._config.radius_m + 0.75 * max(self._largest_m, *thing.extent_m)
            for key in (self._keys[int(n)] for n in self._cells.around(thing.centre_m, reach_m)):
                rows.append((-_fit(thing, self.things[key], self._config), thing.id, key))
        out: Same = {}
        taken: set[tuple[str, str]] = set()
        for fit, id_, key in sorted(rows):
            if fit < 0.0 and id_ not in out and key not in taken:
                out[id_] = key
                taken.add(key)
        return out


def _still(thing: Instance) -> bool:
    """Whether a thing was only ever seen, and at one place."""
    return thing.state == "seen" and not thing.became and len({(m.state, m.support) for m in thing.past}) == 1


def _fit(thing: Instance, other: Instance, c: MatchConfig) -> float:
    """Return how well two things fit each other, in [0, 1]; 0 for different things."""
    distance = math.dist(thing.centre_m, other.centre_m)
    allowed = c.radius_m + 0.5 * min(max(thing.extent_m), max(other.extent_m))
    large = max(*thing.extent_m, *other.extent_m) > c.movable_m  # of which each may have seen another part
    inside = not gap_m(other.centre_m, other.extent_m, thing.centre_m)
    inside = inside or not gap_m(thing.centre_m, thing.extent_m, other.centre_m)
    if large and inside:
        allowed = max(allowed, distance + c.radius_m)
    alike = thing.likeness(other.feature)
    if thing.label != other.label or distance > allowed or (alike is not None and alike < c.different):
        return 0.0
    return (0.75 if alike is None else 0.5 + 0.5 * alike) * (1.0 - 0.9 * distance / allowed)


def _supported(store: ObjectStore, known: Mapping[tuple[str, str], Instance], same: Same) -> Same:
    """Drop pairs until the two of each rest on one thing, as far as both supports are known."""
    while True:
        kept = {}
        for id_, (robot, other) in same.items():
            mine, its = store.things[id_].support, known[robot, other].support
            agree = (robot, its) == same.get(mine) if mine in store.things else mine == its
            if agree or not mine or not its:
                kept[id_] = robot, other
        if len(kept) == len(same):
            return kept
        same = kept
