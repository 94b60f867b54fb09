"""Decomposes a goal into errands, and errands into steps: fast, and good for nearly everything that is asked for.

Things that are not known are looked for once all that can be done without them is done. The plan ends where it depends
on what is not known yet: after a look, and where slices, whose names the world gives, would be taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from engram.planners.contract import FLOOR, HOT, NOT_FOUND, ON, OPEN, SLICED, Goal, Noun, Plan, Step, Want
from engram.planners.placement import PlacementPrior
from engram.planners.symbolic.affordances import KNIFE, OPENABLE, PICKUPABLE, kinds, slices
from engram.planners.symbolic.draft import MADE, Draft
from engram.planners.symbolic.match import Candidate, Matcher, can_be, impossible
from engram.planners.symbolic.places import Places, Where
from engram.planners.symbolic.record import MAX_FAILURES, Record
from engram.planners.symbolic.state import State

NO_PLAN = "no_plan"  # reason code: no order of steps is known
NEAR_M = 2.0  # nearer than this, something that was to be found need not be gone to
_THERE_M = 50.0  # metres of way that it is worth to use a place where some of what is wanted lies already
_FAILED_M = 20.0
_SHARED_M = 10.0  # and to leave a thing to another want that it would serve, too
_DOORS_M = 2.0
_NO_MAKER_M = 1000.0  # and to take what there is an appliance for
_IN_HAND, _FETCH, _HOLD, _SWITCH = range(4)  # errands in the order in which they are run


@dataclass(eq=False)
class Errands:
    """A want, and how far it is fulfilled."""

    want: Want
    wanted: frozenset[str]  # states
    place: str = ""  # chosen
    done: list[str] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether something is left to do."""
        return len(self.done) < self.want.count

    @property
    def on_spot(self) -> bool:
        """Whether what is wanted is done where the thing is."""
        return self.want.at is None and not self.want.held and not self.wanted & frozenset(MADE)

    @property
    def search(self) -> bool:
        """Whether it only has to be found."""
        return self.on_spot and not self.wanted


@dataclass(frozen=True)
class _Errand:
    """One thing to see to."""

    rank: int
    cost_m: float
    of: Errands = field(compare=False)
    name: str = ""
    place: str = ""


@dataclass(frozen=True)
class _Blocked:
    """An errand that cannot be run before something is found."""

    noun: Noun


class Decomposition:
    """One run over one goal."""

    def __init__(
        self, goal: Goal, state: State, record: Record, prior: PlacementPrior, where: Where | None = None
    ) -> None:
        """Take the goal, a state that may be changed, and what is known about the task and about houses."""
        self._state, self._record = state, record
        self._known = frozenset(state.things)
        self._matcher = Matcher(state, record)
        self._places = Places(state, record, prior, where)
        self._draft = Draft(state, self._places, record)
        self._bound: dict[Noun, str] = {}
        self._used: set[str] = set()
        self._began_with = state.held
        self.complete = False  # whether the plan is thought to reach the goal
        self._all = [Errands(want, want.thing.states) for want in _wants(goal)]

    @property
    def reached(self) -> bool:
        """Whether nothing is left to do; ask before planning."""
        self._count()
        return not any(errands.open for errands in self._all)

    def plan(self) -> Plan:
        """Return the steps, or a refusal."""
        self._count()
        blocked = self._run()
        draft = self._draft
        self.complete = blocked is None and not any(e.open for e in self._all)
        if self.complete:
            self._finish()
        steps = list(self._sure(draft.steps))
        self.complete &= len(steps) == len(draft.steps)
        if blocked is not None and len(steps) == len(draft.steps):
            look = self._places.look(blocked.noun, self._matcher)
            if look is None and not steps:
                return self._refuse(blocked.noun)
            steps += [look] if look is not None else []
        if not steps and any(e.open for e in self._all):
            return Plan(refusal=NO_PLAN, text="What is wanted cannot be brought about in any order.")
        return Plan(tuple(steps))

    def _count(self) -> None:
        """Count what is as it shall be already, for the wants with the least choice first."""
        for errands in sorted(self._all, key=lambda e: len(self._matcher.candidates(e.want.thing))):
            self._fulfilled(errands)

    def _run(self) -> _Blocked | None:
        """Run errands, the nearest first, until none is left or something has to be found."""
        for _ in range(3 * sum(e.want.count for e in self._all) + 1):
            ready, blocked = self._next()
            if ready is None or (blocked is not None and ready.rank == _HOLD):
                return blocked
            self._do(ready)
        return None

    def _next(self) -> tuple[_Errand | None, _Blocked | None]:
        ready: list[_Errand] = []
        blocked = None
        for errands in self._all:
            if not errands.open or self._waits(errands):
                continue
            errand = self._errand(errands)
            if isinstance(errand, _Errand):
                ready.append(errand)
            else:
                blocked = blocked or errand
        best = min(ready, key=lambda errand: (errand.rank, errand.cost_m), default=None)
        return best, blocked

    def _waits(self, errands: Errands) -> bool:
        """Whether others come first: what is put in something goes there before that is moved, or after it is made."""
        key = _key(errands.want.thing)
        at = _at_key(errands.want)
        moves = errands.want.at is not None or errands.want.held
        for other in self._all:
            if other is errands or not other.open:
                continue
            if moves and _at_key(other.want) == key:
                return True
            if at is not None and other.want.at is None and not other.want.held and _key(other.want.thing) == at:
                return True
        return False

    def _errand(self, errands: Errands) -> _Errand | _Blocked:
        """Return the cheapest errand of a want."""
        want = errands.want
        if want.at is not None and not errands.place:
            errands.place = self._choose_place(errands)
            if not errands.place:
                return _Blocked(want.at)
        found = [self._cost(errands, c) for c in self._suited(errands)]
        if not found:
            return _Blocked(self._whole(want.thing))
        errand = min(found, key=lambda e: (e.rank, e.cost_m, e.name))
        if self._cuts(errands, errand.name):
            return errand if self._knife() else _Blocked(Noun(_knives()))
        for state in MADE:
            lacking = state in errands.wanted and self._state.truth((state, errand.name)) is not True
            if lacking and not self._draft.maker(state, errand.name, errands.wanted):
                return _Blocked(Noun(_makers(state, self._state.kind(errand.name).name)))
        return errand

    def _suited(self, errands: Errands) -> Iterator[Candidate]:
        """Things that would do: of those that have to be cut first, only where there are no slices."""
        noun = errands.want.thing
        if _key(noun) in self._bound:
            yield Candidate(self._bound[_key(noun)], 0.0)
            return
        found = [c for c in self._matcher.candidates(noun) if self._free(c.name, errands)]
        if not found and (noun.kinds & set(slices()) or SLICED in noun.states):
            found = [c for c in self._matcher.candidates(self._whole(noun)) if self._free(c.name, errands)]
        if SLICED in errands.wanted:
            done = [c for c in found if self._state.truth((SLICED, c.name))]
            found = done or found
        yield from found

    def _free(self, name: str, errands: Errands) -> bool:
        kind, place = self._state.kind(name), errands.place
        if name in self._used or name in (FLOOR, place) or name in self._state.around(place):
            return False
        if not all(can_be(kind.name, state) for state in errands.wanted):
            return False
        if errands.on_spot:
            return True
        piece = kind.pieces if kind.pieces and self._cuts(errands, name) else kind.name
        fits = not place or self._state.kind(place).takes(piece)
        return fits and PICKUPABLE in kind

    def _cuts(self, errands: Errands, name: str) -> bool:
        kind = self._state.kind(name)
        return bool(kind.pieces) and (SLICED in errands.wanted or kind.name not in errands.want.thing.kinds)

    def _whole(self, noun: Noun) -> Noun:
        """Return the noun with what slices are cut from beside them."""
        wholes = {slices()[kind] for kind in noun.kinds if kind in slices()}
        return replace(noun, kinds=noun.kinds | wholes, states=frozenset()) if wholes else noun

    def _cost(self, errands: Errands, candidate: Candidate) -> _Errand:
        name = candidate.name
        rank = _SWITCH if errands.on_spot and not self._cuts(errands, name) else _FETCH
        if errands.want.held and not self._cuts(errands, name):
            rank = _HOLD
        if name == self._state.held and rank == _FETCH:
            rank = _IN_HAND
        if name == self._state.held:
            cost = candidate.cost_m - _THERE_M + self._unfit(errands, name)
            return _Errand(rank, cost, errands, name, errands.place)
        cost = candidate.cost_m + self._places.way_m(name)
        cost += sum(_DOORS_M for h in self._state.around(name) if not self._state.truth((OPEN, h)))
        cost += self._unfit(errands, name)
        others = (o for o in self._all if o is not errands and o.open and name_in(o.want.thing, self._state, name))
        cost += _SHARED_M * sum(1 for _ in others)
        return _Errand(rank, cost, errands, name, errands.place)

    def _unfit(self, errands: Errands, name: str) -> float:
        """What speaks against a thing because there was no room for it, where another may be smaller; metres."""
        if not self._record.misfits:
            return 0.0
        makers = [self._draft.maker(s, name, errands.wanted) for s in MADE if s in errands.wanted]
        places = [*makers, *([errands.place] if errands.place else [])]
        return sum(_FAILED_M * self._record.unfit(name, p) if p else _NO_MAKER_M for p in places)

    def _choose_place(self, errands: Errands) -> str:
        """Return the place for all things of a want: where most lie already, near, and where nothing failed."""
        at = errands.want.at
        if at is None:
            return ""
        if _key(at) in self._bound:
            return self._bound[_key(at)]
        costs = {c.name: c.cost_m + self._against(errands, c.name) for c in self._matcher.candidates(at)}
        costs = {name: cost for name, cost in costs.items() if self._takes(errands, name)}
        best = min(sorted(costs), key=lambda name: costs[name], default="")
        if best and any(_key(other.want.thing) == _key(at) for other in self._all):
            self._bound[_key(at)] = best
        return best

    def _takes(self, errands: Errands, place: str) -> bool:
        if self._record.failed(place, "place", "open") >= MAX_FAILURES:
            return False
        return any(self._state.kind(place).takes(kind) for kind in errands.want.thing.kinds)

    def _against(self, errands: Errands, place: str) -> float:
        if place == FLOOR:
            return 0.0
        names = {c.name for c in self._matcher.candidates(errands.want.thing)}
        there = [name for name in self._state.contents(place) if name in names]
        lying = sum(all(self._state.truth((s, name)) for s in errands.wanted) for name in there)
        many = len(errands.want.at.kinds) > _FEW if errands.want.at is not None else False
        kind = self._state.kind(place)
        odd = (_SHARED_M if kind.makes or PICKUPABLE in kind else _DOORS_M * (OPENABLE in kind)) if many else 0.0
        failed = _FAILED_M * self._record.failed(place, "place", "open")
        return self._places.way_m(place) + failed + odd - _THERE_M * min(lying, errands.want.count)

    def _fulfilled(self, errands: Errands) -> None:
        """Count what is as it shall be already."""
        want = errands.want
        if want.at is not None:
            errands.place = self._choose_place(errands)
        for candidate in sorted(self._suited(errands), key=lambda c: (c.cost_m, c.name)):
            if errands.open and self._is_done(errands, candidate.name):
                self._finished(errands, candidate.name)

    def _is_done(self, errands: Errands, name: str) -> bool:
        state, want = self._state, errands.want
        if self._cuts(errands, name) or not all(state.truth((s, name)) for s in errands.wanted):
            return False
        if want.held:
            return state.held == name
        if want.at is not None:
            return bool(errands.place) and state.holder.get(name) == errands.place
        if errands.search:
            near = state.here is not None and self._places.way_m(name) <= NEAR_M
            return near or state.held == name or Step("go_to", (name,)) in self._record.planned
        return True

    def _finished(self, errands: Errands, name: str) -> None:
        errands.done.append(name)
        key = _key(errands.want.thing)
        if any(_at_key(o.want) == key for o in self._all):
            self._bound[key] = name
        if errands.want.at is not None or errands.want.held or not self._again(errands):
            self._used.add(name)

    def _again(self, errands: Errands) -> bool:
        """Whether another want is about the very same thing."""
        key = _key(errands.want.thing)
        return any(o is not errands and key in (_key(o.want.thing), _at_key(o.want)) for o in self._all)

    def _do(self, errand: _Errand) -> None:
        errands, name, draft, state = errand.of, errand.name, self._draft, self._state
        if self._cuts(errands, name):
            self._cut(name)
            return
        if errands.on_spot:
            self._on_spot(errands, name)
        else:
            draft.take(name)
            draft.make(errands.wanted)
            if errands.want.at is not None:
                draft.put(errands.place)
            elif not errands.want.held:
                draft.free_hand()
        self._finished(errands, name)
        for other in self._all:
            if other.want.held and other.done and other.done != [state.held]:
                self._used.difference_update(other.done)
                other.done.clear()

    def _on_spot(self, errands: Errands, name: str) -> None:
        draft, state = self._draft, self._state
        draft.reach(name)
        if errands.search:
            draft.do("go_to", name)
        if OPEN in errands.wanted:
            draft.left_open.add(name)
            if not state.truth((OPEN, name)):
                draft.do("open", name)
        if ON in errands.wanted and not state.truth((ON, name)):
            if state.kind(name).shuts_to_run and state.truth((OPEN, name)) is not False:
                draft.do("close", name)
            draft.do("toggle_on", name)

    def _cut(self, name: str) -> None:
        """Slice a thing, which has to lie somewhere for that, with the nearest knife."""
        draft, state = self._draft, self._state
        if state.held == name:
            draft.put(self._places.back(name))
        draft.take(self._knife())
        draft.reach(name)
        draft.do("slice", name)
        draft.close_up()
        self._matcher.forget()

    def _knife(self) -> str:
        found = self._matcher.candidates(Noun(_knives()))
        if self._state.held and KNIFE in self._state.kind(self._state.held):
            return self._state.held
        best = min(found, key=lambda c: (c.cost_m + self._places.way_m(c.name), c.name), default=None)
        return best.name if best is not None else ""

    def _finish(self) -> None:
        """Free the hand of what was only a means, and close what was opened on the way."""
        held, draft = self._state.held, self._draft
        if held and held != self._began_with and not any(e.want.held and held in e.done for e in self._all):
            draft.free_hand()
        for name in self._record.opened:
            if self._state.truth((OPEN, name)) and OPENABLE in self._state.kind(name) and not self._stays_open(name):
                draft.do("close", name)

    def _stays_open(self, name: str) -> bool:
        if name in self._draft.left_open or any(OPEN in e.wanted and name in e.done for e in self._all):
            return True
        hot = [e for e in self._all if HOT in e.wanted and e.place == name]
        return bool(hot) and HOT not in self._state.kind(name).makes

    def _sure(self, steps: Sequence[Step]) -> Iterator[Step]:
        """Yield the steps up to the first about a thing whose name is a guess."""
        for step in steps:
            if any(arg not in self._known and arg in self._state.things for arg in step.args):
                return
            yield step

    def _refuse(self, noun: Noun) -> Plan:
        code = self._matcher.failing(noun)
        kinds_ = " or ".join(sorted(noun.kinds)[:3])
        if code == NOT_FOUND:
            return Plan(refusal=NOT_FOUND, text=f"There is no {kinds_} to be found.")
        return Plan(refusal=code, text=f"Nothing can be done with any {kinds_}: {code}.")


_FEW = 3  # more kinds of places than this, and any place is meant


def decompose(
    goal: Goal, state: State, record: Record, prior: PlacementPrior, where: Where | None = None
) -> tuple[Plan, bool]:
    """Return a plan, and whether it is thought to reach the goal; ``state`` changes as it would."""
    refusal = impossible(goal)
    if refusal is not None:
        return refusal, False
    decomposition = Decomposition(goal, state, record, prior, where)
    return decomposition.plan(), decomposition.complete


def name_in(noun: Noun, state: State, name: str) -> bool:
    """Whether a noun is about things of a thing's kind."""
    return state.things[name].kind in noun.kinds


def _wants(goal: Goal) -> list[Want]:
    """Return the wants, and before them what is wanted of the places that they name."""
    places = {want.at: None for want in goal.wants if want.at is not None and want.at.states}
    return [*(Want(place) for place in places if place is not None), *goal.wants]


def _key(noun: Noun) -> Noun:
    return replace(noun, states=frozenset())


def _at_key(want: Want) -> Noun | None:
    return None if want.at is None else _key(want.at)


def _knives() -> frozenset[str]:
    return frozenset(kind.name for kind in kinds().values() if KNIFE in kind)


def _makers(state: str, thing: str) -> frozenset[str]:
    """Kinds of appliances that bring a thing of a kind into a state; what heats and fills is no use for heat."""
    makers = (k for k in kinds().values() if state in k.makes and k.takes(thing))
    return frozenset(k.name for k in makers if not (state == HOT and len(k.makes) > 1))
