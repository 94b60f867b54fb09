"""Who is who: the seam between the object map, which tells instances apart, and the stores that speak of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engram.memory.contract import Percepts


@dataclass(frozen=True)
class Association:
    """What the things in view were recognised as."""

    ids: tuple[str, ...]  # instance id of each of ``Percepts.things``, in order
    absent: tuple[str, ...] = ()  # known instances whose place is in clear view, and who are not there
    target: str = ""  # known instance that the last action was aimed at


Associate = Callable[[Percepts], Association]  # changes nothing; the same percepts and state give the same answer


def by_label(percepts: Percepts) -> Association:
    """Identity by name, for a graph without an object map: all things with a label are one thing."""
    return Association(tuple(thing.label for thing in percepts.things))
