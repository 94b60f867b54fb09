"""A plan in the making: steps, and the state that they lead to; and the errands that plans are made of."""

from __future__ import annotations

from collections.abc import Iterable

from engram.planners.contract import COLD, FILLED, FLOOR, HOT, ON, OPEN, Step
from engram.planners.symbolic.affordances import RECEPTACLE
from engram.planners.symbolic.domain import MAKER, advance, is_a
from engram.planners.symbolic.places import Places
from engram.planners.symbolic.record import MAX_FAILURES, Record
from engram.planners.symbolic.state import State

SKILL_OF = {"clean": "clean", FILLED: "fill", HOT: "heat", COLD: "cool"}
MADE = tuple(SKILL_OF)  # in the order in which they are brought about
_FAILED_M = 20.0  # metres of way that are worth to use an appliance which did not fail
_BASINS = frozenset({"SinkBasin", "BathtubBasin"})
_DEEP = frozenset({"BathtubBasin", "Bathtub"})  # behind whose rim things are out of sight
_UNFIT = 3  # times that there was no room for a thing, after which it is thought to be too big


class Draft:
    """Appends steps and thinks them through."""

    def __init__(self, state: State, places: Places, record: Record) -> None:
        self.state, self._places, self._record = state, places, record
        self.steps: list[Step] = []
        self._opened: list[str] = []  # by this plan, and still open
        self.left_open: set[str] = set()  # what must not be closed

    def do(self, skill: str, *args: str) -> None:
        """Append a step."""
        step = Step(skill, args)
        self.steps.append(step)
        advance(step, self.state)

    def reach(self, name: str) -> None:
        """Open what a thing lies in, from without."""
        for holder in reversed(list(self.state.around(name))):
            self.open(holder)

    def open(self, name: str) -> None:
        """Open something that has a door and is not known to be open, to close it again."""
        if self.state.truth((OPEN, name)):
            return
        if self.state.kind(name).shuts_to_run and self.state.truth((ON, name)):
            self.do("toggle_off", name)
        self.do("open", name)
        self._opened.append(name)

    def close_up(self) -> None:
        """Close what this plan opened."""
        for name in reversed(self._opened):
            if self.state.truth((OPEN, name)) and name not in self.left_open:
                self.do("close", name)
        self._opened = []

    def take(self, name: str) -> None:
        """Get a thing into the hand, which is freed first."""
        if self.state.held == name:
            return
        self.free_hand()
        self.reach(name)
        self.do("pick", name)
        self.close_up()

    def put(self, holder: str) -> None:
        """Put what is held in or on something."""
        if holder == FLOOR:
            self.do("put_down")
            return
        if COLD in self.state.kind(holder).makes and self.state.truth((HOT, self.state.held)):
            self.left_open.add(holder)  # closed, it would cool it
        self.reach(holder)
        self.open(holder)
        self.do("place", holder)
        self.close_up()

    def free_hand(self) -> None:
        """Put what is held back."""
        if self.state.held:
            self.put(self._places.back(self.state.held))

    def make(self, wanted: Iterable[str]) -> None:
        """Bring the thing in the hand into states, each by the best appliance that is known."""
        wanted = frozenset(wanted)
        for state in MADE:
            if state in wanted and self.state.truth((state, self.state.held)) is not True:
                maker = self.maker(state, self.state.held, wanted)
                self.reach(maker)
                self.do(SKILL_OF[state], maker)
                self.close_up()

    def maker(self, made: str, thing: str, wanted: frozenset[str]) -> str:
        """Name of the appliance that brings a thing into a state best; empty when none is known."""
        found = [name for name in self.state.things if self._works(name, made, thing)]
        return min(found, key=lambda name: (self._against(name, made, thing, wanted), name), default="")

    def _works(self, name: str, made: str, thing: str) -> bool:
        kind = self.state.kind(name)
        if made not in kind.makes or not is_a(self.state, name, MAKER + made):
            return False
        if made == HOT and FILLED in kind.makes:
            return False  # that fills it
        fits = kind.takes(self.state.kind(thing).name) or RECEPTACLE not in kind
        failed = self._record.failed(name, SKILL_OF[made]) >= MAX_FAILURES
        failed |= self._record.unfit(thing, name) >= _UNFIT
        return fits and not failed and self.state.position(name) is not None

    def _against(self, name: str, made: str, thing: str, wanted: frozenset[str]) -> float:
        """What speaks against an appliance, in metres."""
        kind = self.state.kind(name)
        failed = self._record.failed(name, SKILL_OF[made]) + self._record.unfit(thing, name)
        against = self._places.way_m(name) + _FAILED_M * failed
        if made in (FILLED, "clean") and kind.name not in _BASINS:
            against += 5 * _FAILED_M
        if kind.name in _DEEP:
            against += 2 * _FAILED_M
        if made == FILLED and (HOT in kind.makes) is (HOT in wanted):
            against -= 10 * _FAILED_M  # coffee is hot, and water is not
        return against
