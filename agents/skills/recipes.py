"""The skills that use an appliance on what the hand holds: put it in, run it, take it out again.

Each looks at the world first, so that it goes on where an earlier try was cut off: what lies in the appliance already,
while the hand is empty, is what it is about.
"""

from __future__ import annotations

from engram.agents.motion import Skill
from engram.agents.skills.basic import Report, put, seek, switch, take
from engram.agents.skills.doors import close_it, look_into, open_it
from engram.agents.skills.known import Known
from engram.perception.tracker import Track
from engram.planners.contract import NOT_FOUND, OK, PRECONDITION
from engram.sims.contract import Outcome

_TAPS, _BASINS = ("Faucet", "ShowerHead"), ("SinkBasin", "BathtubBasin")
_AT_TAP = {*_TAPS, *_BASINS, "Sink", "Bathtub"}
_HOBS = {"StoveBurner", "StoveKnob"}
_VESSELS = ("Pot", "Pan", "Bowl", "Plate")
_HOB_M = 1.0  # a knob this near to a burner may be its own
_KNOBS = 6
_TAP_M = 1.5


def heat(k: Known, name: str) -> Skill[Report]:
    """Make the held thing hot: in a microwave, on a burner, in whatever else heats when it is switched on."""
    return (yield from _use(k, name, running=True))


def cool(k: Known, name: str) -> Skill[Report]:
    """Make the held thing cold in something that cools while it is closed."""
    return (yield from _use(k, name, running=False))


def clean(k: Known, name: str) -> Skill[Report]:
    """Wash the held thing under the tap of a basin."""
    return (yield from _use(k, name, running=True))


def fill(k: Known, name: str) -> Skill[Report]:
    """Fill the held thing: under a tap, in a coffee machine."""
    return (yield from _use(k, name, running=True))


def _use(k: Known, name: str, *, running: bool) -> Skill[Report]:
    """Put the held thing into an appliance, let it work, and take the thing again."""
    named = yield from seek(k, name)
    appliance = None if named is None else _place_of_work(k, named)
    if appliance is None:
        return Report(NOT_FOUND)
    outcome = yield from _put_in(k, appliance)
    if outcome == OK:
        outcome = yield from (_run(k, appliance) if running else _shut(k, appliance))
    if outcome == OK and k.closes(appliance):
        outcome = yield from open_it(k, appliance)
    if outcome == OK:
        outcome = yield from _take_out(k, appliance)
    if k.closes(appliance) and k.door(appliance).is_open and outcome != PRECONDITION:
        closed = yield from close_it(k, appliance)
        outcome = closed if outcome == OK else outcome
    return Report(outcome)


def _put_in(k: Known, appliance: Track) -> Skill[str]:
    """Put the held thing in; with an empty hand, find something there."""
    if k.closes(appliance):
        outcome = yield from open_it(k, appliance)
        if outcome != OK:
            return outcome
    if k.sit.holding:
        outcome = yield from put(k, appliance)
        for vessel in k.contents(appliance) if outcome == Outcome.NO_SPACE.code else []:
            if k.sit.holding and vessel.label in _VESSELS:  # a pot in the sink takes water, too
                outcome = yield from put(k, vessel)
        return outcome
    if k.closes(appliance):
        yield from look_into(k, appliance)
    if k.contents(appliance):
        return OK
    if k.closes(appliance):
        yield from close_it(k, appliance)
    return PRECONDITION


def _take_out(k: Known, appliance: Track) -> Skill[str]:
    if k.closes(appliance) and not k.contents(appliance):
        yield from look_into(k, appliance)
    things = k.contents(appliance)
    return (yield from take(k, things[0])) if things else NOT_FOUND


def _shut(k: Known, appliance: Track) -> Skill[str]:
    return (yield from close_it(k, appliance)) if k.closes(appliance) else OK


def _run(k: Known, appliance: Track) -> Skill[str]:
    """Close an appliance, and switch what makes it work on and off again."""
    outcome = yield from _shut(k, appliance)
    if outcome != OK:
        return outcome
    switches = _switches(k, appliance)
    outcome = OK if switches else NOT_FOUND
    for each in switches:
        outcome = yield from switch(k, each, on=True)
        if outcome == OK:
            outcome = yield from switch(k, each, on=False)
        if outcome != OK and appliance.label not in _HOBS:
            break
    return outcome


def _switches(k: Known, appliance: Track) -> list[Track]:
    """What makes an appliance work: itself, the tap over it, or the knobs of the stove, one of which is its own."""
    sit = k.sit
    if appliance.label in _AT_TAP:
        tap = _nearest(k, _TAPS, appliance, _TAP_M)
        return [tap] if tap is not None else []
    if appliance.label in _HOBS:
        knobs = [t for t in sit.tracker.labelled(["StoveKnob"]) if _away(t, appliance) < _HOB_M]
        return sorted(knobs, key=lambda t: (_away(t, appliance), t.number))[:_KNOBS]
    return [appliance]


def _place_of_work(k: Known, named: Track) -> Track | None:
    """Where a thing is put: the basin of a tap, the burner of a knob."""
    if named.label in _AT_TAP and named.label not in _BASINS:
        return _nearest(k, _BASINS, named, _TAP_M)
    if named.label == "StoveKnob":
        return _nearest(k, ("StoveBurner",), named, _HOB_M)
    return named


def _nearest(k: Known, labels: tuple[str, ...], track: Track, most_m: float) -> Track | None:
    near = [t for t in k.sit.tracker.labelled(labels) if _away(t, track) < most_m]
    return min(near, key=lambda t: (_away(t, track), t.number), default=None)


def _away(a: Track, b: Track) -> float:
    return float(((a.centre[:2] - b.centre[:2]) ** 2).sum() ** 0.5)
