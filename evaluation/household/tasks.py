"""Household tasks by seed: the six subsets of EmbodiedBench on embedded houses.

Source of the subsets: EmbodiedBench (Yang et al., 2025, section 4): base skills, common sense, complex instructions,
spatial awareness, visual appearance and long horizons, over the families of ALFRED. What is asked for is drawn on the
truth of a house, so that it exists and is not so yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engram.evaluation.household import kinds, words
from engram.evaluation.household.check import Scene, check, meant
from engram.evaluation.household.families import FAMILIES, PLACED, Draft, Drawing, Named
from engram.evaluation.scoring import away_m
from engram.planners.contract import Goal, Noun
from engram.sims.contract import TrueObject
from engram.sims.house.categories import category
from engram.sims.house.generate import generate
from engram.sims.house.spec import HouseSpec
from engram.sims.seeds import check_seed

Floats = NDArray[np.float64]
Subset = Literal["base", "common_sense", "complex_instruction", "spatial", "visual_appearance", "long_horizon"]
SUBSETS: tuple[Subset, ...] = get_args(Subset)
ROOM_WORDS = {"Kitchen": "kitchen", "LivingRoom": "living room", "Bedroom": "bedroom", "Bathroom": "bathroom"}
_DIRT, _TASKS = 300, 310  # streams of random numbers
_TRIES = 400
_KEPT = 8  # houses remembered, since the variants of a suite share their seeds
_DIRTY = 0.5  # share of what can be dirty that is
_REACH_M = 1.5
_SPATIAL_PLACES = (
    "ArmChair", "Bed", "Cabinet", "CoffeeTable", "CounterTop", "Desk", "DiningTable", "Drawer", "Dresser", "Fridge",
    "SideTable", "SinkBasin", "Sofa", "TVStand",
)  # fmt: skip


class NoTaskError(ValueError):
    """Raised where a house has nothing that a subset could be about."""


@dataclass(frozen=True)
class HouseholdTask:
    """What is asked for."""

    subset: Subset
    family: str
    goal: Goal

    @property
    def text(self) -> str:
        """The instruction, in English."""
        return self.goal.text


@lru_cache(maxsize=_KEPT)
def household(seed: int, rooms: int | None = 3, objects: int | None = None) -> HouseSpec:
    """Return the house of a seed, lived in: half of what can be dirty is.

    Raises:
        SeedError, HouseRequestError: there is no such house.

    """
    spec = generate(check_seed(seed), rooms=rooms, objects=objects)
    rng = np.random.default_rng([seed, _DIRT])
    objects_ = [replace(o, dirty=category(o.category).dirtyable and bool(rng.random() < _DIRTY)) for o in spec.objects]
    return replace(spec, objects=tuple(objects_))


def make_task(seed: int, subset: Subset, scene: Scene, reachable: Floats, number: int = 0) -> HouseholdTask:
    """Draw a task.

    Args:
        seed: with the subset and the number, decides it.
        subset: what kind of difficulty it has.
        scene: the house as it is now.
        reachable: (N, 2) places to stand, in the frame of the scene.
        number: which of several tasks of one seed.

    Raises:
        NoTaskError: none of many draws can be done here and is not done yet.

    """
    rng = np.random.default_rng([seed, _TASKS + SUBSETS.index(subset), number])
    near = [t for t in scene.things if away_m(t, reachable) <= _REACH_M]
    drawing = Drawing(replace(scene, things=near), rng)
    family = FAMILIES[int(rng.integers(len(FAMILIES)))]
    for k in range(_TRIES):
        if k and k % 20 == 0:
            family = FAMILIES[int(rng.integers(len(FAMILIES)))]
        made = _DRAW[subset](drawing, family)
        if made is not None and not check(made.goal, scene, scene).success:
            return made
    raise NoTaskError(f"house {seed} has nothing for a task of the subset {subset!r}")


def _base(drawing: Drawing, family: str) -> HouseholdTask | None:
    draft = drawing.family(family)
    return None if draft is None else _task("base", draft, words.sentence(draft.order, drawing.rng))


def _complex(drawing: Drawing, family: str) -> HouseholdTask | None:
    draft = drawing.family(family)
    if draft is None:
        return None
    idle = [k for k in kinds.DESTINATIONS if drawing.count[k] and k not in _all_kinds(draft)]
    if not idle:
        return None
    others = f"the {words.noun(idle[int(drawing.rng.integers(len(idle)))], 2)}"
    said = words.with_distractions(words.sentence(draft.order, drawing.rng), others, drawing.rng)
    return _task("complex_instruction", draft, said)


def _common_sense(drawing: Drawing, family: str) -> HouseholdTask | None:
    rng = drawing.rng
    uses = [u for u, (_, served) in words.USES.items() if any(drawing.count[k] for k in served)]
    if not uses:
        return None
    phrases, served = words.USES[uses[int(rng.integers(len(uses)))]]
    kind = drawing.one([k for k in served if k in kinds.DESTINATIONS])
    if kind is None:
        return None
    thing = Named(Noun(frozenset(served)), phrases[int(rng.integers(len(phrases)))])
    if family == "light":
        draft = drawing.light(thing) if set(served) <= set(kinds.EXAMINED) else None
    else:
        family = family if family in PLACED and set(served) <= set(drawing.fitting(family)) else "place"
        draft = drawing.put(family, thing, kind, _place_by_use(drawing, kind, family))
    return None if draft is None else _task("common_sense", draft, words.sentence(draft.order, rng))


def _place_by_use(drawing: Drawing, kind: str, family: str) -> Named | None:
    """Say half of the places by what they are for."""
    place = drawing.place(kind, family)
    if place is None or drawing.rng.random() < 0.5:
        return place
    said = next((words.PLACE_USES[k] for k in place.noun.kinds if k in words.PLACE_USES), None)
    return place if said is None else replace(place, words=said[int(drawing.rng.integers(len(said)))])


def _spatial(drawing: Drawing, family: str) -> HouseholdTask | None:
    rng = drawing.rng
    family = family if family in PLACED else "place"
    kind = drawing.one(drawing.fitting(family))
    if kind is None:
        return None
    told = (_in_room, _in_place, _next_to)[int(rng.integers(3))]
    thing = told(drawing, kind)
    if thing is None:
        return None
    at = _place_in_room(drawing, kind, family) if rng.random() < 0.3 else None
    draft = drawing.put(family, thing, kind, at)
    return None if draft is None else _task("spatial", draft, words.sentence(draft.order, rng))


def _in_room(drawing: Drawing, kind: str) -> Named | None:
    room = _drawn(drawing, sorted({t.room for t in _of(drawing, kind) if t.room}))
    type_ = drawing.scene.rooms.get(room, "")
    noun = Noun(frozenset({kind}), room=type_)
    return _telling(drawing, noun, f"the {words.noun(kind)} in the {ROOM_WORDS[type_]}") if type_ else None


def _in_place(drawing: Drawing, kind: str) -> Named | None:
    by_id = drawing.scene.by_id()
    holders = {by_id[t.receptacles[0]].category for t in _of(drawing, kind) if t.receptacles[:1] and
               t.receptacles[0] in by_id}  # fmt: skip
    place = _drawn(drawing, sorted(holders & set(_SPATIAL_PLACES)))
    noun = Noun(frozenset({kind}), place=Noun(frozenset({place})))
    said = f"the {words.noun(kind)} {words.at(place)} the {words.noun(place)}" if place else ""
    return _telling(drawing, noun, said) if place else None


def _next_to(drawing: Drawing, kind: str) -> Named | None:
    neighbour = _drawn(drawing, sorted({t.category for t in drawing.scene.things if t.category != kind}))
    noun = Noun(frozenset({kind}), beside=Noun(frozenset({neighbour})))
    preposition = _drawn(drawing, words.BESIDE)
    return _telling(drawing, noun, f"the {words.noun(kind)} {preposition} the {words.noun(neighbour)}")


def _telling(drawing: Drawing, noun: Noun, said: str) -> Named | None:
    """Take a description only if it leaves out others of the kind."""
    all_ = sum(drawing.count[k] for k in noun.kinds)
    return Named(noun, said) if 0 < len(meant(noun, drawing.scene)) < all_ else None


def _place_in_room(drawing: Drawing, kind: str, family: str) -> Named | None:
    at = drawing.place(kind, family)
    if at is None:
        return None
    places = [t for t in drawing.scene.things if t.category in at.noun.kinds and t.room]
    room = drawing.scene.rooms.get(_drawn(drawing, sorted({t.room for t in places})), "")
    place = next(iter(sorted(at.noun.kinds)))
    said = f"{words.at(place)} the {words.noun(place)} in the {ROOM_WORDS.get(room, '')}"
    return Named(replace(at.noun, room=room), said) if room else None


def _visual(drawing: Drawing, family: str) -> HouseholdTask | None:
    colours = drawing.scene.colours
    family = family if family in ("place", "heat", "cool", "light") else "place"
    kind = drawing.one(kinds.EXAMINED if family == "light" else drawing.fitting(family))
    if kind is None:
        return None
    things = [t for t in _of(drawing, kind) if not t.state.get("dirty")]
    colour = _drawn(drawing, sorted({colours[t.id] for t in things if colours.get(t.id)}))
    thing = _telling(drawing, Noun(frozenset({kind}), colour=colour), f"the {colour} {words.noun(kind)}")
    if not colour or thing is None:
        return None
    draft = drawing.light(thing) if family == "light" else drawing.put(family, thing, kind)
    return None if draft is None else _task("visual_appearance", draft, words.sentence(draft.order, drawing.rng))


def _long(drawing: Drawing, _: str) -> HouseholdTask | None:
    count, drafts, used = int(drawing.rng.integers(3, 5)), list[Draft](), set[str]()
    for _attempt in range(20):
        family = (*PLACED, "two", "switch")[int(drawing.rng.integers(6))]
        draft = drawing.switch() if family == "switch" else drawing.family(family)
        if draft is None or used & _all_kinds(draft) or not _open_yet(draft, drawing.scene):
            continue
        drafts.append(draft)
        used |= _handled(draft)
        if len(drafts) == count:
            goal = Goal(
                tuple(w for d in drafts for w in d.wants), words.in_order([d.order for d in drafts], drawing.rng)
            )
            return HouseholdTask("long_horizon", "+".join(d.family for d in drafts), goal)
    return None


def _handled(draft: Draft) -> set[str]:
    whole = {piece: kind for kind, piece in kinds.SLICED.items()}
    return {name for kind in draft.kinds for name in (kind, whole.get(kind, kind), kinds.SLICED.get(kind, kind))}


def _all_kinds(draft: Draft) -> set[str]:
    return _handled(draft) | {k for w in draft.wants if w.at is not None for k in w.at.kinds if category(k).pickupable}


def _open_yet(draft: Draft, scene: Scene) -> bool:
    return not check(Goal(draft.wants), scene, scene).success


def _task(subset: Subset, draft: Draft, text: str) -> HouseholdTask:
    return HouseholdTask(subset, draft.family, Goal(draft.wants, text))


def _of(drawing: Drawing, kind: str) -> list[TrueObject]:
    return [t for t in drawing.scene.things if t.category == kind]


def _drawn(drawing: Drawing, among: list[str] | tuple[str, ...]) -> str:
    return among[int(drawing.rng.integers(len(among)))] if among else ""


_Draw = Callable[[Drawing, str], HouseholdTask | None]
_DRAW: dict[Subset, _Draw] = {
    "base": _base,
    "common_sense": _common_sense,
    "complex_instruction": _complex,
    "spatial": _spatial,
    "visual_appearance": _visual,
    "long_horizon": _long,
}
