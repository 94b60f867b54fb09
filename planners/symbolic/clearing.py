"""Making room: what is in the way of something is put elsewhere, once it has shown that it is.

A place may be full (``no_space``), and what stands before a door may keep it shut (``blocked``).
"""

from __future__ import annotations

from collections.abc import Iterator

from engram.planners.contract import Goal, Step
from engram.planners.symbolic.affordances import OPENABLE, PICKUPABLE, RECEPTACLE
from engram.planners.symbolic.draft import SKILL_OF, Draft
from engram.planners.symbolic.match import distance_m
from engram.planners.symbolic.places import Places
from engram.planners.symbolic.record import Failure, Record
from engram.planners.symbolic.state import State
from engram.sims.contract import Outcome

MOST = 3  # things that are put out of the way of one
_SWING_M = 0.9  # from the middle of what has a door; nearer things may be in its way
_UNIT_M = 1.0  # from a tap, a sink or a basin to the others of its unit
_BASINS = frozenset({"SinkBasin", "BathtubBasin", "Sink", "Bathtub"})
_USES = frozenset(SKILL_OF.values())


def make_room(goal: Goal, state: State, record: Record, places: Places) -> list[Step]:
    """Return steps that put away one thing which was in the way of the last steps; none when there is none.

    Args:
        goal: its own things are left alone.
        state: what is believed; it changes as it would.
        record: what failed; failures that were for want of room are forgiven.
        places: where things can be put.

    """
    for failure in record.fresh:
        if record.cleared[failure.name] >= MOST or PICKUPABLE in state.kind(failure.name):
            continue
        for name in _in_the_way(failure, goal, state):
            away = _elsewhere(name, failure, state, places)
            if not away:
                continue
            record.cleared[failure.name] += 1
            record.forgive(failure.name)
            draft = Draft(state, places, record)
            draft.take(name)
            draft.put(away)
            return draft.steps
    return []


def _in_the_way(failure: Failure, goal: Goal, state: State) -> Iterator[str]:
    """Yield what may be in the way, the likeliest first."""
    wanted = {kind for want in goal.wants for kind in want.thing.kinds}
    wanted |= {kind for want in goal.wants if want.at is not None for kind in want.at.kinds}
    if failure.code == Outcome.NO_SPACE.code:
        found = [name for holder in _filled(failure, state) for name in state.contents(holder)]
    elif failure.code == Outcome.BLOCKED.code:
        gaps = {name: distance_m(state.position(name), state.position(failure.name)) for name in state.things}
        near = {name: gap for name, gap in gaps.items() if gap is not None and gap <= _SWING_M}
        found = sorted(near, key=lambda name: (near[name], name))
    else:
        return
    for name in found:
        inside = failure.name in state.around(name) and failure.code == Outcome.BLOCKED.code
        loose = PICKUPABLE in state.kind(name) and name not in (state.held, failure.name) and not inside
        if loose and state.things[name].kind not in wanted:
            yield name


def _filled(failure: Failure, state: State) -> list[str]:
    """What a thing should have gone in or on: of a tap or a sink, all of its unit."""
    if failure.skill not in _USES and state.things[failure.name].kind not in _BASINS:
        return [failure.name]
    here = state.position(failure.name)
    gaps = {n: distance_m(state.position(n), here) for n, t in state.things.items() if t.kind in _BASINS}
    return [failure.name, *(n for n, gap in sorted(gaps.items()) if gap is not None and gap <= _UNIT_M)]


def _elsewhere(name: str, failure: Failure, state: State, places: Places) -> str:
    """Where a thing is put that is in the way: on something open, not where it lies now."""
    shunned = {*state.around(name), failure.name}
    holders = []
    for holder, thing in state.things.items():
        kind = state.kind(holder)
        open_ = RECEPTACLE in kind and OPENABLE not in kind and PICKUPABLE not in kind and not kind.makes
        if open_ and holder not in shunned and thing.kind not in _BASINS:
            holders.append(holder)
    return places.proper(name, sorted(holders))
