"""What a brain believes of the world: the memory's things and facts, corrected by what is in view.

The state is estimated anew before each decision from the stores of the hippocampus. What memory does not have is
unknown, which is not false. Each kind of memory can be switched off, and then what it would have told is not known:

* spatial: positions, and what is in or on what, beyond the current view;
* knowledge graph: states of things, rooms, what was looked into, where a thing is not;
* long-term: everything from earlier episodes.

What an earlier episode says of doors, switches, dirt and heat is not believed: others live in the house.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engram.agents.scribe import COLOURED, IS, IS_NOT, Scribe, Sight
from engram.memory.graph.model import Edge, probability
from engram.memory.instances import Instance
from engram.planners.contract import AT, FLOOR, HOLDING, IN_ROOM, Beliefs, Fact, Thing

_THERE = ("seen", "placed")


@dataclass(frozen=True)
class Known:
    """Which memories are asked."""

    spatial: bool = True
    graph: bool = True
    long_term: bool = True


def estimate(scribe: Scribe, known: Known | None = None) -> Beliefs:
    """Return the state of the world by all that memory has; empty before the first view was taken in."""
    known, sight = known or Known(), scribe.sight
    if sight is None:
        return Beliefs()
    things = {t.id: t for t in _things(scribe, known, sight)}
    facts: dict[Fact, bool] = {}
    if known.graph and scribe.graph is not None:
        facts |= _told(scribe, things, sight)
    facts |= _places(things)
    facts |= in_view(sight)
    held = scribe.objects.held if sight.view.holding else ""
    if held:
        facts = {f: true for f, true in facts.items() if not (f[0] == AT and f[1] == held)}
        facts[HOLDING, held] = True
    colours = _colours(scribe, known, sight)
    base = sight.view.percepts.base
    return Beliefs(
        {name: _thing(t, sight, colours.get(name, "")) for name, t in things.items()},
        facts,
        sight.view.explored,
        None if base is None else (base[0], base[1], 0.0),
    )


def _things(scribe: Scribe, known: Known, sight: Sight) -> Iterator[Instance]:
    """Things that are known of: those that are not gone, or only those in view and in the hand."""
    held = scribe.objects.held if sight.view.holding else ""
    for thing in scribe.objects.things.values():
        present = thing.id == held or (thing.state in _THERE and not thing.became)
        shown = thing.id in sight.names or thing.id == held
        old = thing.last.episode != sight.episode
        if present and (known.spatial or shown) and (known.long_term or not old):
            yield thing


def _thing(thing: Instance, sight: Sight, colour: str) -> Thing:
    age = (sight.view.percepts.source.stamp_ns - thing.last.stamp_ns) / 1e9
    sure = probability(thing.presence * 0.5 ** (max(0.0, age) / 86_400.0))
    return Thing(thing.id, thing.label, thing.centre_m, colour, sure)


def _places(things: dict[str, Instance]) -> dict[Fact, bool]:
    return {(AT, t.id, t.support): True for t in things.values() if t.support == FLOOR or t.support in things}


def _told(scribe: Scribe, things: dict[str, Instance], sight: Sight) -> dict[Fact, bool]:
    """What the knowledge graph says of things that are known of."""
    facts: dict[Fact, bool] = {}
    graph = scribe.graph.graph if scribe.graph is not None else None
    for name in things if graph is not None else ():
        for edge in graph.outgoing(name) if graph is not None else ():
            facts |= _fact(edge, edge.latest.episode == sight.episode)
    return facts


def _fact(edge: Edge, now: bool) -> dict[Fact, bool]:
    """What an edge says; of the state of a thing only what was seen in this episode."""
    if edge.relation in (IS, IS_NOT):
        return {(edge.object, edge.subject): edge.relation == IS} if now else {}
    if edge.relation == "absent_from":
        return {(AT, edge.subject, edge.object): False} if now else {}
    return {(IN_ROOM, edge.subject, edge.object): True} if edge.relation == "in_room" else {}


def in_view(sight: Sight) -> dict[Fact, bool]:
    """Return the states that can be seen at this moment."""
    states = sight.view.states
    return {(s, sight.names[k]): true for k in states for s, true in states[k].items() if sight.names[k]}


def _colours(scribe: Scribe, known: Known, sight: Sight) -> dict[str, str]:
    found: dict[str, str] = {}
    if known.graph and scribe.graph is not None:
        found = {e.subject: e.object for e in scribe.graph.graph.current() if e.relation == COLOURED}
    return found | {sight.names[k]: colour for k, colour in sight.view.colours.items()}
