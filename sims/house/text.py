"""The embedded household in words: the house, physics and rules of ``HouseWorld``, with nothing rendered.

The robot is put down where it can do what it was told to, and told what it would see from there: furniture of the room
ahead of it, small things that are near and in line, what is in a container once it stands before it and it is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, cast

import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from engram.sims.contract import Outcome
from engram.sims.house.begin import begin
from engram.sims.house.generate import generate
from engram.sims.house.interact import SETTLE_SECS, Arm, Hit
from engram.sims.house.model import HouseModel, Thing
from engram.sims.house.motion import Floor
from engram.sims.house.options import RESET_OPTIONS, HouseConfig, ResetOptions, make_config, reset_options
from engram.sims.house.physics import Physics
from engram.sims.house.regions import Regions
from engram.sims.house.snapshot import mean_rgb, spec_now
from engram.sims.house.spec import RGB, HouseSpec, RoomType
from engram.sims.house.stance import Base, Stance, cos_sin, yaw_rad
from engram.sims.house.states import KNIVES, States
from engram.sims.house.text_ground import Aim, Ground, gap_m
from engram.sims.house.text_sight import Names, Sight, View, front, is_open
from engram.sims.house.truth import HouseTruth
from engram.sims.seeds import check_seed
from engram.sims.text import TextObservation, TextThing

FLOOR = "Floor"  # name of what holds what nothing else does
_STEP_NS = 500_000_000  # an action takes half a second, as in HouseWorld
_LOOK_MOVES, _USE_MOVES = 4, 2  # a turn about; aiming and doing
_APART_M = 0.45  # between two stances from which a thing is tried
_STANCES = 4
_AHEAD_M, _AHEAD_FREE_M = 0.45, 0.15
_KEPT = 64  # houses remembered by their seed

Floats = NDArray[np.float64]


@dataclass(eq=False)
class _Session:
    """All that one episode changes."""

    house: HouseModel
    physics: Physics
    regions: Regions
    floor: Floor
    ground: Ground
    arm: Arm
    states: States
    sight: Sight
    truth: HouseTruth
    names: Names
    start: Base
    base: Base  # true pose in the house frame
    last: dict[str, tuple[Floats, str]]  # box and room, by id, when it was last seen
    moves: int = 0
    beside: str = ""  # id of what was gone to last
    sides: list[Floats] = field(default_factory=list)  # places (2,) at it that were gone to since

    @property
    def room(self) -> str:
        """Id of the room that the robot is in."""
        return self.ground.room_at(self.base.point)


class TextHouse:
    """Implements :class:`engram.sims.text.TextWorld` on generated or given houses; options as ``HouseWorld`` has."""

    def __init__(
        self, config: HouseConfig | None = None, *, colour: Callable[[RGB], str] | None = None, **fields: Any
    ) -> None:
        """Take a configuration, single fields of it, and who turns a mean colour into a word."""
        self.config = make_config(config, fields)
        self._colour = colour
        self._words: dict[int, str] = {}  # colour of each thing, by index
        self._running: _Session | None = None

    @property
    def truth(self) -> HouseTruth:
        """Ground truth of the running episode."""
        return self._session.truth

    def reset(self, seed: int, options: Mapping[str, Any] | None = None) -> TextObservation:
        """Begin an episode.

        Raises:
            SeedError: the seed belongs to no split.
            ConfigError, HouseSpecError, HouseRequestError: there is no such house.
            ValueError: an option is unknown.

        """
        options = dict(options or {})
        unknown = sorted(set(options) - RESET_OPTIONS)
        if unknown:
            raise ValueError(f"unknown reset option {unknown[0]!r}; this world knows {sorted(RESET_OPTIONS)}")
        chosen = reset_options(self.config, options)
        self._running = _begin(check_seed(seed), chosen, self.config)
        self._words = {}
        return self._observe(Outcome.OK, "You are in a house.", 0)

    def step(self, skill: str, args: tuple[str, ...] = ()) -> TextObservation:
        """Carry out a skill."""
        session = self._session
        nullary: dict[str, Callable[[], TextObservation]] = {"look_around": self._look, "put_down": self._put_down}
        unary: dict[str, Callable[[Thing], TextObservation]] = {
            "pick": self._pick,
            "place": self._place,
            "open": lambda thing: self._swing(thing, 1.0),
            "close": lambda thing: self._swing(thing, 0.0),
            "toggle_on": lambda thing: self._toggle(thing, on=True),
            "toggle_off": lambda thing: self._toggle(thing, on=False),
            "slice": self._slice,
        }
        if skill in nullary and not args:
            return nullary[skill]()
        if skill not in unary and skill != "go_to":
            return self._observe(Outcome.INVALID, f"There is no skill {skill!r} with {len(args)} arguments.", 0)
        id_ = session.names.id(args[0]) if len(args) == 1 else None
        if id_ is None:
            return self._observe(Outcome.INVALID, f"{skill} needs the name of one thing that was told.", 0)
        if skill == "go_to":
            return self._go_to(id_)
        thing = session.house.by_id.get(id_)
        if thing is None:
            return self._observe(Outcome.INVALID, f"{args[0]} is a room.", 0)
        return unary[skill](thing)

    def true_name(self, id_: str) -> str:
        """Name of a true thing or room, for oracles and scoring only; it is given one when it has none yet."""
        session = self._session
        thing = session.house.by_id.get(id_)
        if thing is None:
            return session.names.of(id_, session.truth.rooms()[id_])
        session.last.setdefault(id_, (session.physics.box(thing).copy(), session.sight.room_of(thing)))
        return session.names.of(id_, thing.category)

    def true_id(self, name: str) -> str | None:
        """Id behind a name, for scoring only; ``None`` when nothing was told by this name."""
        return self._session.names.id(name)

    def true_spec(self) -> HouseSpec:
        """Return the house as it is now, to begin another episode in; what is in the hand is left out."""
        session = self._session
        held = frozenset(t.id for t in session.arm.hand.load)
        return spec_now(session.house, session.physics, session.regions, held)

    @property
    def _session(self) -> _Session:
        if self._running is None:
            raise ResetNeeded("no episode has begun: call reset() first")
        return self._running

    def _look(self) -> TextObservation:
        return self._observe(Outcome.OK, "You look around.", _LOOK_MOVES, around=True)

    def _go_to(self, id_: str) -> TextObservation:
        session = self._session
        thing = session.house.by_id.get(id_)
        name = self.true_name(id_)
        if thing is None:
            place = session.ground.middle(id_, session.base.point)
            if place is None:
                return self._observe(Outcome.UNREACHABLE, f"There is no way to {name}.", 0)
            return self._observe(Outcome.OK, f"You go to {name}.", self._walk(place, None))
        if thing in session.arm.hand.load:
            return self._observe(Outcome.INVALID, f"{name} is in your hand.", 0)
        places = self._stances(thing)
        if not places:
            return self._observe(Outcome.UNREACHABLE, f"There is no way to {name}.", 0)
        moves = self._walk(self._side(thing, places), session.last[id_][0].mean(0))
        if not session.sight.sees(thing, self._view(around=True)):
            return self._observe(Outcome.NOTHING_THERE, f"You go to where {name} was, and do not see it.", moves)
        return self._observe(Outcome.OK, f"You go to {name}.", moves)

    def _side(self, thing: Thing, places: Sequence[Floats]) -> Floats:
        """Place (2,) to go to: of furniture that was gone to just before, another side, to see what is hidden."""
        session = self._session
        tried = session.sides if session.beside == thing.id and not thing.movable else []
        gaps = [min((float(np.hypot(*(p - other))) for other in tried), default=0.0) for p in places]
        place = places[int(np.argmax(gaps))]
        session.beside, session.sides = thing.id, [*tried, place]
        return place

    def _stances(self, thing: Thing) -> list[Floats]:
        """Places to deal with a thing from, best first: those from which it is seen, where there are any."""
        session = self._session
        box, room = session.last[thing.id]
        facing = None if thing.movable else front(session.physics, thing)
        middle = np.stack([box.mean(0)] * 2)  # of what is small the arm must get to the middle
        places: list[Floats] = []
        for each in (middle, box) if thing.movable else (box,):
            aim = Aim(each, room, facing, opens=thing.kind.openable)
            places = places or session.ground.stances(aim, session.base.point, self.config.reach_m)
        for k, place in enumerate(places):
            there = replace(session.base, x_m=float(place[0]), y_m=float(place[1]))
            if session.sight.sees(thing, View(there, session.ground.room_at(place), around=True)):
                return places[k:]
        return places

    def _walk(self, place: Floats, towards: Floats | None) -> int:
        """Put the robot down at a place (2,), facing a point; return about how many actions that takes."""
        session = self._session
        steps, turns, last = session.ground.way(session.base.point, place)
        heading = last if np.isfinite(last) else np.radians(session.base.yaw_deg)
        if towards is not None:
            dx, dy = towards[:2] - place
            heading = float(np.arctan2(dy, dx))
        yaw = 90.0 * round(float(np.degrees(heading)) / 90.0)
        quarters = round(abs((yaw - session.base.yaw_deg + 180.0) % 360.0 - 180.0) / 90.0)
        session.base = Base(float(place[0]), float(place[1]), float((yaw + 180.0) % 360.0 - 180.0))
        self._moved()
        return steps + turns + quarters

    def _moved(self) -> None:
        session = self._session
        start, base = session.start, session.base
        c, s = cos_sin(start.yaw_deg)
        dx, dy = base.x_m - start.x_m, base.y_m - start.y_m
        turn = (base.yaw_deg - start.yaw_deg + 180.0) % 360.0 - 180.0
        session.truth.stance = Stance(Base(c * dx + s * dy, -s * dx + c * dy, turn))
        session.arm.hand.carry(Stance(base).camera())

    def _pick(self, thing: Thing) -> TextObservation:
        name = self.true_name(thing.id)
        if self._session.arm.hand.held is None and not self._in_sight(thing):
            return self._observe(Outcome.NOTHING_THERE, f"You do not see {name} from here.", 0)
        return self._done(self._session.arm.pick(self._hit(thing)), f"pick up {name}")

    def _place(self, thing: Thing) -> TextObservation:
        session, name = self._session, self.true_name(thing.id)
        arm = session.arm
        if not thing.kind.receptacle and not session.regions.with_parts(thing):
            return self._observe(Outcome.NOTHING_THERE, f"Nothing can be put on {name}.", 0)
        held = arm.hand.held
        if held is None:
            return self._done(Outcome.HAND_EMPTY, f"put it on {name}")
        if not self._in_sight(thing):
            return self._observe(Outcome.NOTHING_THERE, f"You do not see {name} from here.", 0)
        outcome, extra = self._from_stances(thing, Outcome.NO_SPACE, lambda: arm.place(self._hit(thing), session.base))
        if outcome is Outcome.OK:
            session.last[held.id] = (session.physics.box(held).copy(), session.room)  # it was seen to leave the hand
            extra += self._face(thing)
        return self._done(outcome, f"put it on {name}", extra)

    def _put_down(self) -> TextObservation:
        session = self._session
        base = session.base
        turned = [replace(base, yaw_deg=base.yaw_deg + 90.0 * k) for k in (0, 1, 3, 2)]
        outcome = Outcome.BLOCKED
        for there in sorted(turned, key=lambda b: not self._clear_ahead(b)):
            outcome = session.arm.drop(there)
            if outcome is not Outcome.BLOCKED:
                session.base = there
                self._moved()
                break
        return self._done(outcome, "put it down")

    def _clear_ahead(self, base: Base) -> bool:
        c, s = cos_sin(base.yaw_deg)
        spot = base.point + _AHEAD_M * np.array([c, s])
        return not len(self._session.floor.solids().blocking(spot[None], _AHEAD_FREE_M))

    def _swing(self, thing: Thing, openness: float) -> TextObservation:
        session, name = self._session, self.true_name(thing.id)
        words = f"{'open' if openness else 'close'} {name}"
        if not self._in_sight(thing) and thing not in session.arm.hand.load:
            return self._observe(Outcome.NOTHING_THERE, f"You do not see {name} from here.", 0)
        outcome, extra = self._from_stances(
            thing, Outcome.BLOCKED, lambda: session.arm.open(self._hit(thing), session.base, openness)
        )
        extra += self._face(thing) if outcome is Outcome.OK and openness else 0
        return self._done(outcome, words, extra)

    def _face(self, thing: Thing) -> int:
        """Step before what is open, so that all in it is seen; return how many actions that takes."""
        session = self._session
        if not thing.kind.openable or session.sight.stands_at(thing, self._view()):
            return 0
        session.ground.changed()
        for place in self._stances(thing):
            there = replace(session.base, x_m=float(place[0]), y_m=float(place[1]))
            if session.sight.stands_at(thing, View(there, session.ground.room_at(place))):
                return self._walk(place, session.physics.box(thing).mean(0))
        return 0

    def _from_stances(self, thing: Thing, unless: Outcome, do: Callable[[], Outcome]) -> tuple[Outcome, int]:
        """Do something from here and, as long as that comes to ``unless``, from some other places near the thing."""
        session = self._session
        outcome, home = do(), session.base
        if outcome is not unless:
            return outcome, 0
        tried, extra = [home.point], 0
        for place in self._stances(thing):
            if len(tried) > _STANCES:
                break
            if min(float(np.hypot(*(place - other))) for other in tried) < _APART_M:
                continue
            tried.append(place)
            extra += self._walk(place, session.physics.box(thing).mean(0))
            if self._in_sight(thing):
                outcome = do()
            if outcome is not unless:
                return outcome, extra
        extra += self._walk(home.point, session.physics.box(thing).mean(0))
        return outcome, extra

    def _toggle(self, thing: Thing, *, on: bool) -> TextObservation:
        session, name = self._session, self.true_name(thing.id)
        words = f"switch {name} {'on' if on else 'off'}"
        outcome = self._usable(thing, fits=thing.kind.toggleable)
        return self._done(session.states.toggle(thing, on=on) if outcome is Outcome.OK else outcome, words)

    def _slice(self, thing: Thing) -> TextObservation:
        session, name = self._session, self.true_name(thing.id)
        held = session.arm.hand.held
        if held is None:
            outcome = Outcome.HAND_EMPTY
        elif held.category not in KNIVES:
            outcome = Outcome.INVALID
        else:
            outcome = self._usable(thing, fits=thing.kind.sliceable)
        if outcome is Outcome.OK:
            outcome = session.states.slice(thing, SETTLE_SECS)
        return self._done(outcome, f"slice {name}")

    def _usable(self, thing: Thing, *, fits: bool) -> Outcome:
        session = self._session
        if thing in session.arm.hand.load:
            return Outcome.OCCLUDED
        if not fits or not self._in_sight(thing):
            return Outcome.NOTHING_THERE
        return Outcome.OK if session.arm.reaches(self._hit(thing)) else Outcome.UNREACHABLE

    def _in_sight(self, thing: Thing) -> bool:
        return self._session.sight.sees(thing, self._view(around=True))

    def _hit(self, thing: Thing) -> Hit:
        """What aiming at the nearest side of a thing comes to; at its middle when it is small."""
        session = self._session
        box = session.physics.box(thing)
        middle = box.mean(0)
        point = middle if thing.movable else np.array([*np.clip(session.base.point, box[0, :2], box[1, :2]), middle[2]])
        return Hit(thing, point, gap_m(session.base.point, np.stack([point, point])))

    def _done(self, outcome: Outcome, words: str, extra: int = 0) -> TextObservation:
        """Let what was done have its effects, and tell them."""
        session = self._session
        if outcome is not Outcome.OK:
            return self._observe(outcome, f"You cannot {words}: {outcome.code}.", _USE_MOVES + extra)
        session.states.react()
        session.arm.hand.carry(Stance(session.base).camera())
        session.floor.changed()
        session.ground.changed()
        session.truth.changes += 1
        return self._observe(outcome, f"You {words}.", _USE_MOVES + extra)

    def _view(self, *, around: bool = False) -> View:
        return View(self._session.base, self._session.room, around)

    def _observe(self, outcome: Outcome, text: str, moves: int, *, around: bool = False) -> TextObservation:
        session, view = self._session, self._view(around=around)
        session.moves += moves
        seen = session.sight.seen(view)
        true = {o.id: o for o in session.truth.objects()}
        for thing in seen:
            session.last[thing.id] = (session.physics.box(thing).copy(), view.room)
            self.true_name(thing.id)
        told = tuple(self._tell(thing, true[thing.id].position, true[thing.id].extent) for thing in seen)
        held, base = session.arm.hand.held, session.truth.stance.base
        return TextObservation(
            outcome=outcome.code,
            text=text,
            seen=told,
            looked_into=tuple(self.true_name(t.id) for t in session.sight.overlooked(view, seen)),
            holding=self.true_name(held.id) if held is not None else "",
            room=self._room_name(view.room),
            exits=tuple(self._room_name(r) for r in _next_door(session.house.spec, view.room)),
            base_m=(base.x_m, base.y_m, yaw_rad(base)),
            moves=moves,
            stamp_ns=session.moves * _STEP_NS,
        )

    def _room_name(self, room: str) -> str:
        return self.true_name(room) if room else ""

    def _tell(self, thing: Thing, position: tuple[float, ...], extent: tuple[float, ...]) -> TextThing:
        session = self._session
        holder = ""
        if thing.movable:
            holders = session.regions.receptacles(thing)
            holder = self.true_name(session.house.things[holders[0]].id) if holders else FLOOR
        states = {}
        if thing.kind.openable:
            states["open"] = is_open(thing)
        if thing.kind.toggleable or thing.category == "StoveBurner":
            states["on"] = thing.on
        if thing.kind.sliceable or thing.sliced:
            states["sliced"] = thing.sliced
        return TextThing(
            name=self.true_name(thing.id),
            kind=thing.category,
            holder=holder,
            room=session.truth.rooms().get(session.sight.room_of(thing), ""),
            position_m=cast(tuple[float, float, float], position),
            extent_m=cast(tuple[float, float, float], extent),
            colour=self._colour_of(thing),
            states=states,
        )

    def _colour_of(self, thing: Thing) -> str:
        if self._colour is None:
            return ""
        if thing.index not in self._words:
            self._words[thing.index] = self._colour(mean_rgb(thing.shape))
        return self._words[thing.index]


def _begin(seed: int, chosen: ResetOptions, config: HouseConfig) -> _Session:
    """Build the house, make the mess and put the robot in, as ``HouseWorld`` does."""
    rooms = chosen.rooms if chosen.rooms is None or isinstance(chosen.rooms, int) else tuple(chosen.rooms)
    spec = chosen.house or _generated(seed, rooms, chosen.area_m2, chosen.objects)
    begun = begin(spec, chosen, seed, config.reach_m)
    return _Session(
        house=begun.house,
        physics=begun.physics,
        regions=begun.regions,
        floor=begun.floor,
        ground=Ground(begun.floor, spec.rooms, begun.start.point, begun.cells if chosen.start is None else None),
        arm=begun.arm,
        states=begun.states,
        sight=Sight(begun.house, begun.physics, begun.regions, begun.arm.hand, config.reach_m),
        truth=begun.truth,
        names=Names(),
        start=begun.start,
        base=begun.start,
        last={},
    )


@lru_cache(maxsize=_KEPT)
def _generated(
    seed: int, rooms: int | tuple[RoomType, ...] | None, area_m2: float | None, objects: int | None
) -> HouseSpec:
    return generate(seed, rooms=rooms, area_m2=area_m2, objects=objects)


def _next_door(house: HouseSpec, room: str) -> Sequence[str]:
    """Ids of the rooms behind the doors of a room."""
    doors = [o.rooms for o in house.openings if o.kind == "door" and room in o.rooms]
    return sorted({other for pair in doors for other in pair if other != room})
