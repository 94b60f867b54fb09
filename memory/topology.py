"""Topology graph: places that the robot has been at, the ways between them, and the landmarks that are seen from them.

After the semantic topology graph of Mem4Nav (arXiv 2506.19433), with a gate that looks at position too: two views are
of one place iff the cosine of their descriptors is at least tau *and* they are within a radius *and* in one room; what
is not known of one of them, descriptor or room, speaks for nothing. Ways carry metres, bearing and how often they could
be passed.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from engram.memory.contract import Event, HippocampusError, Hit, Percepts, Point, Query, Source
from engram.memory.graph.names import Embed, Names
from engram.memory.instances import Cells
from engram.memory.packing import pack, unpack

Describe = Callable[[Percepts], Sequence[float]]  # appearance of a place; empty when there is none
_HEADINGS = {"move_ahead": 0.0, "move_left": math.pi / 2, "move_back": math.pi, "move_right": -math.pi / 2}


class TopologyError(HippocampusError):
    """Raised for places that are not known or not connected, and for events that do not fit."""


@dataclass(frozen=True)
class TopologyConfig:
    """Gates and sizes of the topology graph."""

    radius_m: float = 1.5  # one place reaches this far
    cosine: float = 0.8  # least similarity of two views of one place
    by_room: bool = True  # a place is in one room: the other side of a wall is another place
    landmark_m: float = 0.8  # things at least this large are landmarks
    landmark_radius_m: float = 1.0  # two sights of one landmark are this near
    landmark_cosine: float = 0.5
    sight_m: float = 5.0  # landmarks are linked to places from this near
    jump_m: float = 5.0  # no way is made between places farther apart: the robot was carried
    blocked_rad: float = math.pi / 4  # a blocked move counts against the way within this of its direction
    smoothing: int = 32  # visits that a position is averaged over


@dataclass(slots=True, eq=False)
class Spot:
    """A place or a landmark. The position is in the map frame, metres."""

    id: str
    landmark: bool
    position_m: Point
    source: Source  # of the first visit or sight
    last_ns: int
    visits: int = 1
    label: str = ""  # of a landmark
    room: str = ""
    descriptor: list[float] = field(default_factory=list)  # running mean, not normalised


@dataclass(slots=True, eq=False)
class Way:
    """A directed way between two places, or the sight of a landmark from a place."""

    metres: float
    bearing_rad: float  # direction in the map frame, counter-clockwise from x
    tries: int = 0
    passed: int = 0

    @property
    def success(self) -> float:
        """Belief that it can be passed: the mean of a Beta(1 + passed, 1 + failed) distribution."""
        return (1 + self.passed) / (2 + self.tries)

    @property
    def cost_m(self) -> float:
        """Metres to expect when a failed try has to be walked again."""
        return self.metres / self.success


class TopologyStore:
    """Places, landmarks and ways between them."""

    name = "topology"

    def __init__(
        self, config: TopologyConfig | None = None, describe: Describe | None = None, embed: Embed | None = None
    ) -> None:
        """Start with no places.

        Args:
            config: gates and sizes.
            describe: appearance of the present place, the same wherever the robot looks; without it places are told
                apart by position and room.
            embed: (N, D) sentence vectors of length 1, for questions by meaning.

        """
        self.config = config or TopologyConfig()
        self._describe = describe
        self._embed = embed
        self._clear()

    def _clear(self) -> None:
        self.spots: dict[str, Spot] = {}
        self.ways: dict[tuple[str, str], Way] = {}
        self.here = ""  # id of the place of the last visit
        self._episode = ("", "")
        self._links: dict[str, list[str]] = {}  # heads of the ways from a spot
        self._cells = {False: Cells(2.0), True: Cells(2.0)}  # by whether it is a landmark
        self._names = Names(self._embed)
        self._routes: nx.DiGraph | None = None

    def propose(self, percepts: Percepts) -> list[Event]:
        """Return where the robot came to and what it saw on the way, as one event or none."""
        if percepts.base is None:
            return []
        x, y, _ = percepts.base
        look = [round(float(v), 4) for v in self._describe(percepts)] if self._describe else []
        place = self.place_at((x, y, 0.0), look, percepts.room)
        changes = list(self._blocked(percepts))
        id_ = place.id if place else self._id("place", 0)
        named = place is not None and not place.room and percepts.room
        if id_ != self.here or percepts.source.episode != self._episode[1] or named:
            visit: dict[str, Any] = {"op": "visit", "id": id_, "position_m": [round(x, 3), round(y, 3), 0.0]}
            changes.append({**visit, "room": percepts.room, "descriptor": look})
        changes += self._landmarks(percepts, id_)
        return [Event(self.name, "update", percepts.source, {"changes": changes})] if changes else []

    def apply(self, event: Event) -> None:
        """Make the changes of an event.

        Raises:
            TopologyError: the event is not one of this store.

        """
        if event.kind != "update":
            raise TopologyError(f"the topology graph has no events of kind {event.kind!r}, only 'update'")
        self._routes = None
        for change in event.data["changes"]:
            op = change["op"]
            if op == "visit":
                self._visit(change, event.source)
            elif op == "landmark":
                self._sight(change, event.source)
            elif op == "blocked":
                way = self._way(change["from"], change["to"])
                way.tries += 1
            else:
                raise TopologyError(f"unknown change {op!r} of the topology graph; was it written by a newer version?")

    def recall(self, query: Query) -> list[Hit]:
        """Return places and landmarks that the question names or means, or those near a point, the nearest first."""
        worth = self._relevance(query)
        hits = []
        for id_, relevance in worth.items():
            spot = self.spots[id_]
            if query.at_ns is not None and spot.source.stamp_ns > query.at_ns:
                continue
            gap = 0.0 if query.near_m is None else math.dist(spot.position_m[:2], query.near_m[:2])
            if query.within_m is not None and gap > query.within_m:
                continue
            known = 1.0 - 0.5**spot.visits
            hits.append(
                Hit(
                    self.name, id_, self._text(spot), relevance * known / (1 + gap), known, spot.source, spot.position_m
                )
            )
        return heapq.nsmallest(query.limit, hits, key=lambda h: (-h.score, h.id))

    def dump(self) -> bytes:
        """Return the whole state."""
        spots = [_row(self.spots[i]) for i in sorted(self.spots)]
        ways = [[*pair, w.metres, w.bearing_rad, w.tries, w.passed] for pair, w in sorted(self.ways.items())]
        meta = {"spots": spots, "ways": ways, "here": self.here, "episode": list(self._episode)}
        return pack({**meta, "names": self._names.state()}, {})

    def load(self, state: bytes) -> None:
        """Replace the state by a dumped one."""
        meta, _ = unpack(state)
        spots = [
            Spot(id_, landmark, _point(at), Source(*source), last_ns, visits, label, room, descriptor)
            for id_, landmark, at, source, last_ns, visits, label, room, descriptor in meta["spots"]
        ]
        ways = {(tail, head): Way(*facts) for tail, head, *facts in meta["ways"]}
        self.restore(spots, ways, meta["here"], (meta["episode"][0], meta["episode"][1]))
        self._names.restore(meta["names"])

    def place_at(self, at_m: Point, descriptor: Sequence[float] = (), room: str = "") -> Spot | None:
        """Return the place that a position, a view and a room belong to: the present one while it fits, or the nearest.

        None when no place so near is in that room and looks like that.
        """
        c = self.config
        near = [self.spots[i] for i in self._cells[False].around(at_m, c.radius_m)]
        if c.by_room and room:
            near = [s for s in near if s.room in ("", room)]
        fits = [s for s in near if _alike(s.descriptor, descriptor, c.cosine)]
        return min(fits, key=lambda s: (s.id != self.here, math.dist(s.position_m[:2], at_m[:2]), s.id), default=None)

    def route(self, start: str, goal: str) -> tuple[list[str], float]:
        """Return (ids of places from start to goal, metres to expect), by Dijkstra over the cost of the ways.

        Raises:
            TopologyError: one of them is not known, or no way leads there.

        """
        for id_ in (start, goal):
            if id_ not in self.spots:
                raise TopologyError(f"there is no place {id_!r}; known are {', '.join(sorted(self.spots)[:5])}, ...")
        self._routes = self._routes or self.to_networkx()
        try:
            cost, path = nx.single_source_dijkstra(self._routes, start, goal, weight="cost_m")
        except nx.NetworkXNoPath as error:
            raise TopologyError(f"no known way leads from {start} to {goal}; explore on") from error
        return list(path), float(cost)

    def to_networkx(self) -> nx.DiGraph:
        """Return a copy as a networkx graph with the fields as attributes; `topology_export` brings it back."""
        out = nx.DiGraph(here=self.here, episode=list(self._episode))
        for id_ in sorted(self.spots):
            s = self.spots[id_]
            kind = "landmark" if s.landmark else "place"
            out.add_node(id_, kind=kind, position_m=s.position_m, visits=s.visits, label=s.label, room=s.room)
            out.nodes[id_].update(source=_row(s)[3], last_ns=s.last_ns, descriptor=list(s.descriptor))
        for (tail, head), w in sorted(self.ways.items()):
            facts = {"metres": w.metres, "bearing_rad": w.bearing_rad, "tries": w.tries, "passed": w.passed}
            out.add_edge(tail, head, **facts, success=w.success, cost_m=w.cost_m)
        return out

    def restore(
        self,
        spots: Iterable[Spot],
        ways: Mapping[tuple[str, str], Way],
        here: str = "",
        episode: tuple[str, str] = ("", ""),
    ) -> None:
        """Replace the state: by places and landmarks, the ways between them, and where the last visit was.

        Raises:
            TopologyError: a way, or the last visit, is of a place that is not among them.

        """
        self._clear()
        for spot in spots:
            self.spots[spot.id] = spot
            self._cells[spot.landmark].put(spot.id, spot.position_m)
            for name in (spot.id, spot.label, spot.room):
                self._names.add(name, spot.id)
        for id_ in (end for ends in [*ways, (here,) * bool(here)] for end in ends):
            if id_ not in self.spots:
                raise TopologyError(f"there is no place {id_!r} for a way or visit; known are {len(self.spots)} others")
        for pair in ways:
            self._links.setdefault(pair[0], []).append(pair[1])
        self.ways, self.here, self._episode = dict(ways), here, episode

    def _id(self, kind: str, taken: int) -> str:
        return f"{kind}_{len(self._cells[kind == 'landmark']) + taken + 1}"

    def _blocked(self, percepts: Percepts) -> Iterable[dict[str, Any]]:
        """What a blocked move says about the way in its direction."""
        verb = percepts.action.get("verb")
        if percepts.action.get("outcome") != "blocked" or verb not in _HEADINGS or percepts.base is None:
            return
        heading = percepts.base[2] + _HEADINGS[str(verb)]
        ahead = [
            (abs(_turn(self.ways[self.here, head].bearing_rad - heading)), head)
            for head in self._links.get(self.here, ())
            if not self.spots[head].landmark
        ]
        if ahead and min(ahead)[0] <= self.config.blocked_rad:
            yield {"op": "blocked", "from": self.here, "to": min(ahead)[1]}

    def _landmarks(self, percepts: Percepts, place: str) -> Iterable[dict[str, Any]]:
        """Return sights that are new, or new from this place; what is known from here already is not repeated."""
        c = self.config
        x, y, _ = percepts.base or (0.0, 0.0, 0.0)
        taken = 0
        told: set[str] = set()
        for thing in percepts.things:
            if max(thing.extent_m) < c.landmark_m or math.dist(thing.centre_m[:2], (x, y)) > c.sight_m or thing.held:
                continue
            near = [self.spots[i] for i in self._cells[True].around(thing.centre_m, c.landmark_radius_m)]
            known = next(
                (s for s in near if s.label == thing.label and _alike(s.descriptor, thing.feature, c.landmark_cosine)),
                None,
            )
            if known is not None and ((place, known.id) in self.ways or known.id in told):
                continue
            id_ = known.id if known else self._id("landmark", taken)
            taken += known is None
            told.add(id_)
            at = [round(float(v), 3) for v in thing.centre_m]
            look = [round(float(v), 4) for v in thing.feature]
            yield {
                "op": "landmark",
                "id": id_,
                "label": thing.label,
                "from": place,
                "position_m": at,
                "descriptor": look,
            }

    def _visit(self, change: Mapping[str, Any], source: Source) -> None:
        id_, before, at = change["id"], self.here, _point(change["position_m"])
        spot = self._meet(id_, False, at, change["descriptor"], source)
        if change["room"]:
            spot.room = change["room"]
            self._names.add(spot.room, id_)
        episode = (source.robot, source.episode)
        if before and before != id_ and episode == self._episode:
            gap = math.dist(self.spots[before].position_m[:2], spot.position_m[:2])
            if gap <= self.config.jump_m:
                way = self._way(before, id_)
                way.tries += 1
                way.passed += 1
                self._way(id_, before)  # most ways lead back; that it was never tried shows in its cost
        self.here, self._episode = id_, episode

    def _sight(self, change: Mapping[str, Any], source: Source) -> None:
        spot = self._meet(change["id"], True, _point(change["position_m"]), change["descriptor"], source)
        spot.label = change["label"]
        self._names.add(spot.label, spot.id)
        self._way(change["from"], spot.id)

    def _meet(self, id_: str, landmark: bool, at: Point, descriptor: Sequence[float], source: Source) -> Spot:
        spot = self.spots.get(id_)
        if spot is None:
            spot = Spot(id_, landmark, at, source, source.stamp_ns, descriptor=list(descriptor))
            self.spots[id_] = spot
            self._names.add(id_, id_)
        else:
            spot.visits += 1
            spot.last_ns = source.stamp_ns
            share = 1.0 / min(spot.visits, self.config.smoothing)
            x, y, z = (a + (b - a) * share for a, b in zip(spot.position_m, at, strict=True))
            spot.position_m = x, y, z
            spot.descriptor = _mean(spot.descriptor, descriptor, share)
        self._cells[landmark].put(id_, spot.position_m)
        return spot

    def _way(self, tail: str, head: str) -> Way:
        """Return a way, made if there was none, with its length and direction brought up to date."""
        a, b = self.spots[tail].position_m, self.spots[head].position_m
        way = self.ways.get((tail, head))
        if way is None:
            way = self.ways[tail, head] = Way(0.0, 0.0)
            self._links.setdefault(tail, []).append(head)
        way.metres, way.bearing_rad = math.dist(a[:2], b[:2]), math.atan2(b[1] - a[1], b[0] - a[0])
        return way

    def _relevance(self, query: Query) -> dict[str, float]:
        named = self._names.mentioned(query.text)
        worth = [(name, 1.0) for name in named] or [n for n in self._names.nearest(query.text, 3) if n[1] >= 0.3]
        out: dict[str, float] = {}
        for name, value in worth:
            for id_ in self._names.candidates(name):
                out[id_] = max(out.get(id_, 0.0), min(value, 1.0))
        if not worth and query.near_m is not None:
            reach = query.within_m or self.config.radius_m
            return dict.fromkeys([i for cells in self._cells.values() for i in cells.around(query.near_m, reach)], 1.0)
        return out

    def _text(self, spot: Spot) -> str:
        if spot.landmark:
            seen = sorted(tail for tail, head in self.ways if head == spot.id)
            return f"{spot.label} ({spot.id}), seen from {', '.join(seen[:3])}"
        heads = [self.spots[i] for i in self._links.get(spot.id, ())]
        marks, places = [s.label for s in heads if s.landmark], [s.id for s in heads if not s.landmark]
        parts = [spot.id, spot.room and f"in {spot.room}", marks and f"near {', '.join(sorted(set(marks))[:3])}"]
        return ", ".join(str(p) for p in [*parts, places and f"leads to {', '.join(sorted(places)[:4])}"] if p)


def _alike(a: Sequence[float], b: Sequence[float], least: float) -> bool:
    """Whether two appearances can be of one thing; one that is missing speaks for nothing."""
    if not a or len(a) != len(b):
        return True
    norm = math.sqrt(sum(v * v for v in a) * sum(v * v for v in b))
    return norm == 0.0 or sum(p * q for p, q in zip(a, b, strict=True)) >= least * norm


def _mean(old: Sequence[float], new: Sequence[float], share: float) -> list[float]:
    if not new or len(old) != len(new):
        return list(old or new)
    return [a + (b - a) * share for a, b in zip(old, new, strict=True)]


def _turn(angle: float) -> float:
    return (angle + math.pi) % (2 * math.pi) - math.pi


def _point(values: Sequence[float]) -> Point:
    return float(values[0]), float(values[1]), float(values[2])


def _row(s: Spot) -> list[Any]:
    source = [s.source.robot, s.source.episode, s.source.step, s.source.stamp_ns]
    return [s.id, s.landmark, s.position_m, source, s.last_ns, s.visits, s.label, s.room, s.descriptor]
