"""What the knowledge graph is made of: typed nodes, bi-temporal edges and the vocabulary of relations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from engram.memory.contract import HippocampusError, Point, Source

FOREVER = 2**63 - 1  # open end of an interval, nanoseconds
NOW = FOREVER - 1  # as a time of belief: by all that is known
LOG_ODDS_LIMIT = 6.0  # belief stays within this, so that some counter-evidence can always change it
FLOOR = "Floor"  # id of the one node that stands for the floor
_SECOND = 1_000_000_000
_SIGHTS = 32  # observations kept of a fact between the first and the last
_SIGHTS_APART_NS = 60 * _SECOND

Triple = tuple[str, str, str]  # subject id, relation, object id


class GraphError(HippocampusError):
    """Raised when a change does not fit the graph."""


class NodeKind(Enum):
    """What a node stands for."""

    OBJECT = "object"
    PLACE = "place"
    ROOM = "room"
    ROBOT = "robot"
    PERSON = "person"
    ACTION = "action"
    TASK = "task"


@dataclass(slots=True, eq=False)
class Node:
    """Something with an identity. ``name`` is what it is called; several nodes can share one."""

    id: str
    kind: NodeKind
    name: str
    source: Source
    position_m: Point | None = None  # last known, map frame


@dataclass(slots=True, eq=False)
class Edge:
    """One version of one fact: ``subject relation object`` held in the valid interval, as believed in the known one.

    Intervals are half open, nanoseconds; an open end is :data:`FOREVER`. A change of mind ends the known interval and
    appends a new version, so that no answer that was once right gets lost. Evidence for a fact that stays as it is
    accumulates in place.
    """

    serial: int  # unique, in order of writing
    subject: str
    relation: str
    object: str
    valid_from: int
    valid_to: int
    known_from: int
    known_to: int
    source: Source  # where it was first observed
    latest: Source  # where it was observed last
    log_odds: float
    seen: int = 1  # observations for it
    missed: int = 0  # looked, and not so
    last_ns: int = 0  # of the last observation for it
    touched: int = 0  # order of the last evidence, for or against
    position_m: Point | None = None  # of the thing it locates, when last observed
    sights: tuple[Source, ...] = ()  # some of the observations between the first and the last, oldest first

    @property
    def id(self) -> str:
        """Unique name of this version."""
        return f"e{self.serial}"

    @property
    def triple(self) -> Triple:
        """Subject, relation, object."""
        return self.subject, self.relation, self.object

    def holds(self, valid_ns: int, known_ns: int = NOW) -> bool:
        """Whether the fact was true at ``valid_ns``, by what was known at ``known_ns`` (default: now)."""
        return self.valid_from <= valid_ns < self.valid_to and self.known_from <= known_ns < self.known_to

    def sight(self, at_ns: int | None = None) -> Source:
        """Return the last observation, or the last that is kept of those up to a time; the first when all are later."""
        if at_ns is None:
            return self.latest
        return next((s for s in (self.latest, *reversed(self.sights)) if s.stamp_ns <= at_ns), self.source)

    def observe(self, source: Source) -> None:
        """Take in an observation that is the newest, and keep some of those before, spread over time."""
        before = self.sights[-1] if self.sights else self.source
        if self.latest.stamp_ns - before.stamp_ns >= _SIGHTS_APART_NS:
            kept = [*self.sights, self.latest]
            if len(kept) > _SIGHTS:
                stamps = [self.source.stamp_ns, *(s.stamp_ns for s in kept)]
                del kept[min(range(_SIGHTS), key=lambda k: stamps[k + 2] - stamps[k])]
            self.sights = tuple(kept)
        self.last_ns, self.latest = source.stamp_ns, source

    def confidence(self, at_ns: int) -> float:
        """Belief in [0, 1] at a time: certainty fades with the time since the last observation."""
        age = at_ns - self.last_ns
        if age <= 0:
            return probability(self.log_odds)
        half_life = RELATIONS.get(self.relation, FREE).half_life_secs * _SECOND
        return probability(self.log_odds * 0.5 ** (age / half_life))


@dataclass(frozen=True)
class Relation:
    """What a relation means for the rules."""

    located: str = ""  # "subject" or "object": the thing whose one and only location it tells
    single_object: bool = False  # a subject has at most one object
    spatial: bool = False  # ends when a thing it is about is moved
    half_life_secs: float = 30 * 86_400.0  # certainty halves in this time without observation


_HOUR = 3600.0
FREE = Relation(half_life_secs=_HOUR)  # a relation that the vocabulary does not know
RELATIONS: dict[str, Relation] = {
    "on": Relation(located="subject", single_object=True, spatial=True, half_life_secs=24 * _HOUR),
    "in": Relation(located="subject", single_object=True, spatial=True, half_life_secs=24 * _HOUR),
    "holds": Relation(located="object", single_object=True, half_life_secs=_HOUR),
    "near": Relation(spatial=True, half_life_secs=_HOUR),
    "left_of": Relation(spatial=True, half_life_secs=_HOUR),
    "right_of": Relation(spatial=True, half_life_secs=_HOUR),
    "above": Relation(spatial=True, half_life_secs=_HOUR),
    "below": Relation(spatial=True, half_life_secs=_HOUR),
    "absent_from": Relation(half_life_secs=4 * _HOUR),  # looked there, and it was not
    "in_room": Relation(single_object=True, spatial=True),
    "at": Relation(single_object=True, spatial=True, half_life_secs=_HOUR),
    "connects": Relation(),  # of rooms: the robot went from one to the other
    "belongs_in": Relation(),  # told, never concluded
    "by": Relation(),  # an action by a robot: kept at the action, so that what a robot is and has stays quick to find
    "target": Relation(),
    "part_of": Relation(),
}


def make_node(id_: str, kind: str, name: str, source: Source, position_m: Point | None = None) -> Node:
    """Build a node.

    Raises:
        GraphError: ``kind`` is the value of no :class:`NodeKind`.

    """
    try:
        return Node(id_, NodeKind(kind), name, source, position_m)
    except ValueError as error:
        kinds = ", ".join(k.value for k in NodeKind)
        raise GraphError(f"unknown kind of node {kind!r}; known are {kinds}") from error


def log_odds(belief: float) -> float:
    """Log-odds of a probability, within :data:`LOG_ODDS_LIMIT`."""
    limited = min(max(belief, 1e-6), 1.0 - 1e-6)
    return clamp(math.log(limited / (1.0 - limited)))


def probability(odds: float) -> float:
    """Probability of log-odds."""
    return 1.0 / (1.0 + math.exp(-odds))


def clamp(odds: float) -> float:
    """Log-odds within :data:`LOG_ODDS_LIMIT`."""
    return min(max(odds, -LOG_ODDS_LIMIT), LOG_ODDS_LIMIT)
