"""Making room: what is in the way of something is put elsewhere, once it has shown that it is.

A place may be full (``no_space``), what stands before a door may keep it shut (``blocked``), and what can be carried
may itself stand where nothing can be done with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from engram.planners.contract import FLOOR, NO_WAY, Goal, Step
from engram.planners.symbolic.affordances import OPENABLE, PICKUPABLE, RECEPTACLE
from engram.planners.symbolic.draft import SKILL_OF, Draft
from engram.planners.symbolic.match import Matcher, distance_m
from engram.planners.symbolic.places import Places
from engram.planners.symbolic.record import Record
from engram.planners.symbolic.state import State
from engram.sims.contract import Outcome

MOST = 4  # things that are put out of the way of one
_SWING_M = 0.9  # from the middle of what has a door; nearer things may be in its way
_LEVEL_M = 0.8  # higher or lower, they are not
_UNIT_M = 1.0  # from a tap, a sink or a basin to the others of its unit
_BASINS = frozenset({"SinkBasin", "BathtubBasin", "Sink", "Bathtub"})
_USES = frozenset(SKILL_OF.values())
_FULL, _STUCK = Outcome.NO_SPACE.code, frozenset({Outcome.BLOCKED.code, Outcome.UNREACHABLE.code, NO_WAY})
_HELPED = frozenset({"place", "open", "close", "search", *_USES})


def make_room(goal: Goal, state: State, record: Record, places: Places, again: Set[str] | None = None) -> list[Step]:
    """Return steps that put away what was in the way of steps that failed; none where nothing helps.

    The first time one thing is put away, later the rest of what may be in the way.

    Args:
        goal: its own things are left alone.
        state: what is believed; it changes as it would.
        record: what failed; failures that were for want of room are forgiven.
        places: where things can be put.
        again: names of what is about to be used again; ``None``: whatever failed.

    """
    for (skill, failed), code in sorted(record.codes.items()):
        if skill not in _HELPED or failed not in state.things or (again is not None and failed not in again):
            continue
        draft, cleared = Draft(state, places, record), record.cleared[failed]
        for name in _in_the_way(skill, failed, code, goal, state, record)[: MOST - cleared if cleared else 1]:
            away = _elsewhere(name, failed, state, places)
            if away:
                record.cleared[failed] += 1
                record.barred.setdefault(name, set()).update({failed, *state.around(name)} - {name})
                draft.take(name)
                draft.put(away)
        if draft.steps:
            record.forgive(failed)
            return draft.steps
    return []


def _in_the_way(skill: str, failed: str, code: str, goal: Goal, state: State, record: Record) -> list[str]:
    """Return what may be in the way, the likeliest first."""
    if code == _FULL:
        filled = _filled(skill, failed, state)
        found = [name for holder in filled for name in state.contents(holder)]
        kept = _belonging(filled, goal, state, Matcher(state, record))
        return [name for name in found if _loose(name, failed, state) and name not in kept]
    if code not in _STUCK:
        return []
    if PICKUPABLE in state.kind(failed):
        return [failed]
    return list(_before(failed, goal, state)) if code == Outcome.BLOCKED.code else _dropped(failed, state, record)


def _dropped(failed: str, state: State, record: Record) -> list[str]:
    """Return what lies on the floor and did not at first: it may be in the only way there is."""
    origins = ((name, record.origins.get(name)) for name in state.contents(FLOOR))
    return [
        n for n, origin in origins if origin is not None and FLOOR not in origin.around and _loose(n, failed, state)
    ]


def _before(failed: str, goal: Goal, state: State) -> Iterator[str]:
    """Yield what may be in the way of a door: beside it, and not within."""
    wanted = {kind for want in goal.wants for noun in (want.thing, want.at) if noun is not None for kind in noun.kinds}
    here = state.position(failed)
    gaps = {}
    for name in state.things:
        place = state.position(name)
        gap = distance_m(place, here)
        if place is None or here is None or gap is None or gap > _SWING_M or abs(place[2] - here[2]) > _LEVEL_M:
            continue
        if _loose(name, failed, state) and failed not in state.around(name) and state.things[name].kind not in wanted:
            gaps[name] = gap
    same = state.holder.get(failed, "")
    yield from sorted(gaps, key=lambda name: (state.holder.get(name, "") != same, gaps[name], name))


def _loose(name: str, failed: str, state: State) -> bool:
    return PICKUPABLE in state.kind(name) and name not in (state.held, failed)


def _belonging(holders: list[str], goal: Goal, state: State, matcher: Matcher) -> set[str]:
    """Return the names of what may be wanted in or on one of some holders, and of what things are wanted in."""
    kinds = {state.kind(holder).name for holder in holders}
    kept: set[str] = set()
    for want in goal.wants:
        if want.at is not None:
            nouns = [want.at, *([want.thing] if want.at.kinds & kinds else [])]
            kept.update(c.name for noun in nouns for c in matcher.candidates(noun))
    return kept


def _filled(skill: str, failed: str, state: State) -> list[str]:
    """What a thing should have gone in or on: of a tap or a sink, all of its unit."""
    if skill not in _USES and state.kind(failed).name not in _BASINS:
        return [failed]
    here = state.position(failed)
    gaps = {n: distance_m(state.position(n), here) for n, t in state.things.items() if t.kind in _BASINS}
    others = (n for n, gap in sorted(gaps.items()) if n != failed and gap is not None and gap <= _UNIT_M)
    return [failed, *(others if state.kind(failed).makes or state.kind(failed).name in _BASINS else ())]


def _elsewhere(name: str, failed: str, state: State, places: Places) -> str:
    """Where a thing is put that is in the way: on something open, not where it lies now."""
    shunned = {*state.around(name), failed}
    holders = []
    for holder, thing in state.things.items():
        kind = state.kind(holder)
        open_ = RECEPTACLE in kind and OPENABLE not in kind and PICKUPABLE not in kind and not kind.makes
        if open_ and holder not in shunned and thing.kind not in _BASINS:
            holders.append(holder)
    return places.proper(name, sorted(holders))
