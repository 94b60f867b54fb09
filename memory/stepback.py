"""Undo in the object map: what one step said of things is taken back.

A thing that only the step saw is forgotten; its id is not given again. One that the step moved is again where it was
before, unless a later step has seen it there; evidence that the step gave is taken off. Not taken back are what it
added to mean appearances, sizes and, within one place, positions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engram.memory.contract import Source
from engram.memory.graph.model import clamp, log_odds
from engram.memory.instances import Instance

Step = tuple[str, str, int]


def step_of(source: Source) -> Step:
    """Tell one step from another."""
    return source.robot, source.episode, source.step


def forgotten(things: Mapping[str, Instance], step: Step) -> list[str]:
    """Return the ids of things that no other step has seen or handled."""
    return [t.id for t in things.values() if step_of(t.first) == step == step_of(t.last)]


def moved_back(things: Mapping[str, Instance], step: Step) -> Iterator[Instance]:
    """Put things back to where they were before a step, and yield them."""
    for thing in things.values():
        newest = thing.past[-1]
        kept = [m for m in thing.past if step_of(m.source) != step]
        confirmed = step_of(newest.source) == step and thing.last.stamp_ns > newest.source.stamp_ns
        if confirmed or not kept or (len(kept) == len(thing.past) and step_of(thing.last) != step):
            continue
        if kept[-1] is not newest:
            thing.state, thing.centre_m, thing.support = kept[-1].state, kept[-1].centre_m, kept[-1].support
        if step_of(thing.last) == step:
            thing.last = kept[-1].source  # sights since then that changed nothing are not on record
        thing.past = kept
        yield thing


def discount(thing: Instance, changes: Sequence[Mapping[str, Any]], missed: float, limit: float) -> None:
    """Take evidence off again: views, and looks at the empty place, which weighed ``missed``."""
    for change in changes:
        if change["op"] == "see":
            weight = log_odds(change["score"])
            for label in thing.labels:
                given = weight if label == change["label"] else -0.5 * max(weight, 0.0)
                thing.labels[label] = clamp(thing.labels[label] - given)
            thing.presence -= max(weight, 0.5)
            thing.views = max(thing.views - 1, 1)
        elif change["op"] == "miss":
            thing.misses -= 1
            thing.presence = min(thing.presence + missed, limit)
        elif change["op"] == "became" and thing.became == change["other"]:
            thing.became = ""
