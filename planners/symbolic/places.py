"""Where things belong and where they may be: the placement counts, asked about what is believed of a house."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from engram.planners.contract import FLOOR, NOT_FOUND, SEARCHED, Noun, Step
from engram.planners.placement import PlacementPrior
from engram.planners.symbolic.affordances import OPENABLE, PICKUPABLE, kind_of
from engram.planners.symbolic.domain import HOLDER, is_a
from engram.planners.symbolic.match import Matcher, distance_m, same_room
from engram.planners.symbolic.record import MAX_FAILURES, Record
from engram.planners.symbolic.state import State

Where = Callable[[str], Sequence[str]]
"""Names of what a kind may be in or on, the likeliest first."""
_LIKELY = 0.25  # chance to be in something known beyond which it is looked into before the rest of the house is seen
_PLAUSIBLE = 0.03  # share of the things of a kind on such furniture beyond which it is looked over once more
_PER_M = 0.01  # chance that a metre of way is worth
_RECALLED = 0.6  # chance to be where it is remembered best
_FAR_M = 5.0  # a way that is not known
_SHUT, _MACHINE, _CARRIED = 0.2, 0.6, 0.9  # proper belief that it takes off to be closed, an appliance, a thing


class Places:
    """Ranks receptacles: to look for a thing, and to put one away."""

    def __init__(self, state: State, record: Record, prior: PlacementPrior, where: Where | None = None) -> None:
        self._state, self._record, self._prior, self._where = state, record, prior, where

    def way_m(self, name: str) -> float:
        """Rough way from where the robot stands."""
        gap = distance_m(self._state.here, self._state.position(name))
        return _FAR_M if gap is None else gap

    def proper(self, name: str, holders: Sequence[str]) -> str:
        """Where a thing is best put away; the floor if nothing will do."""
        kind = self._state.things[name].kind if name in self._state.things else ""
        worth = {h: self._worth(kind, h) for h in holders if self._room_for(name, h)}
        return max(sorted(worth), key=lambda h: worth[h], default=FLOOR)

    def back(self, name: str) -> str:
        """Where a thing is put that is not needed: where it was at first, else where it belongs."""
        origin = self._record.origins.get(name)
        home = next(iter(origin.around), "") if origin is not None else ""
        if home in self._state.things and self._room_for(name, home):
            return home
        return self.proper(name, sorted(self._state.things))

    def look(self, noun: Noun, matcher: Matcher) -> Step | None:
        """Return the next step of looking for what a noun means; ``None`` when there is nowhere left to look."""
        chances = self._chances(noun, matcher)
        best = max(sorted(chances), key=lambda h: chances[h], default="")
        if not self._state.explored and (not best or chances[best] < _LIKELY):
            step = self._find(noun, matcher)
            if step is not None:
                return step
        return Step("search", (best,)) if best else None

    def _find(self, noun: Noun, matcher: Matcher) -> Step | None:
        """Look for the commonest of the kinds that was not looked for in vain; else have a look at everything.

        Where another thing of these kinds is known, looking for a kind would find only that.
        """
        tried = {kind: self._record.failed(kind, "find") for kind in noun.kinds}
        left = [kind for kind in sorted(noun.kinds) if tried[kind] < MAX_FAILURES and kind != FLOOR]
        if any(self._record.codes.get(("find", kind)) == NOT_FOUND for kind in noun.kinds):
            return None  # all was seen, and only closed things are left
        known = any(not matcher.gone(name) for name in matcher.of_kinds(noun.kinds))
        if left and not known:
            return Step("find", (min(left, key=lambda kind: (tried[kind], -self._common(kind))),))
        return Step("explore") if self._record.failed("", "explore") < MAX_FAILURES else None

    def _chances(self, noun: Noun, matcher: Matcher) -> dict[str, float]:
        names = [name for name in self._state.things if self._unsearched(name)]
        kinds = sorted(kind for kind in noun.kinds if PICKUPABLE in kind_of(kind))  # no table lies in a cupboard
        names = [name for name in names if any(self._state.kind(name).takes(kind) for kind in kinds)]
        recalled = self._recalled(noun)
        told = {c.name for c in matcher.candidates(noun.place)} if noun.place is not None else None
        number = Counter(self._state.things[name].kind for name in names)
        chances = {}
        for name in names:
            room = self._state.room(name)
            if noun.room and room and not same_room(room, noun.room):
                continue
            doors = OPENABLE in self._state.kind(name)
            meant = told is not None and name in told
            share = max(self._share(kind, name) for kind in kinds)
            overlooked = self._state.explored and share >= _PLAUSIBLE
            if not (doors or meant or recalled.get(name) or overlooked):
                continue
            share /= number[self._state.things[name].kind]
            chance = max(share, recalled.get(name, 0.0)) + float(meant) - (0.0 if doors or meant else 0.5)
            chances[name] = chance - _PER_M * self.way_m(name)
        return chances

    def _recalled(self, noun: Noun) -> dict[str, float]:
        recalled: dict[str, float] = {}
        if self._where is not None:
            for kind in sorted(noun.kinds):
                for rank, name in enumerate(self._where(kind)):
                    recalled[name] = max(recalled.get(name, 0.0), _RECALLED / (1 + rank))
        return recalled

    def _unsearched(self, name: str) -> bool:
        state = self._state
        if not is_a(state, name, HOLDER) or state.truth((SEARCHED, name)) or name == state.held:
            return False
        if PICKUPABLE in state.kind(name) and OPENABLE not in state.kind(name):
            return False
        failures = self._record.failed(name, "search", "open")
        return failures < MAX_FAILURES and state.position(name) is not None

    def _share(self, kind: str, holder: str) -> float:
        """Share of the things of a kind that lie in such receptacles, in tidy houses."""
        counts = self._prior.counts.get(kind, {})
        total = sum(sum(rooms.values()) for rooms in counts.values())
        there = counts.get(self._state.things[holder].kind, {})
        return sum(there.values()) / total if total else 0.0

    def _common(self, kind: str) -> float:
        """How often a kind was counted, as a thing or as a receptacle."""
        own = sum(sum(rooms.values()) for rooms in self._prior.counts.get(kind, {}).values())
        return own + sum(rooms.get(kind, 0.0) for rooms in self._prior.fixtures.values())

    def _worth(self, kind: str, holder: str) -> float:
        holder_kind, room = self._state.kind(holder), self._state.room(holder)
        types = self._prior.room_types
        rooms = {t: 1.0 for t in types if same_room(room, t)} or dict.fromkeys(types, 1.0 / max(1, len(types)))
        worth = self._prior.proper(kind, holder_kind.name, rooms) - _PER_M * self.way_m(holder)
        worth -= _SHUT * (OPENABLE in holder_kind) + _MACHINE * bool(holder_kind.makes)
        return worth - _CARRIED * (PICKUPABLE in holder_kind) - self._record.failed(holder, "place", "open")

    def _room_for(self, name: str, holder: str) -> bool:
        state = self._state
        if not is_a(state, holder, HOLDER) or holder == name or name in state.around(holder):
            return False
        fits = state.kind(holder).takes(state.kind(name).name) and (name, holder) not in self._record.crowded
        fits = fits and holder not in self._record.barred.get(name, ())
        return fits and not self._record.failed(holder, "place", "open") and state.position(holder) is not None
