"""Percepts become claims: what was seen, told and done, in terms of instance ids."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from engram.memory.contract import Percepts, Point, Seen, Source
from engram.memory.graph.geometry import Boxes, GeometryConfig
from engram.memory.graph.knowledge import Change, Knowledge
from engram.memory.graph.model import FLOOR, LOG_ODDS_LIMIT, Edge, NodeKind, Triple, log_odds
from engram.memory.graph.names import canonical
from engram.memory.graph.rules import Fact
from engram.memory.identity import Association

_SELF = frozenset({"i", "me", "robot", "self", "agent"})
_SYNONYMS = {
    "inside": "in",
    "inside_of": "in",
    "on_top_of": "on",
    "next_to": "near",
    "beside": "near",
    "hold": "holds",
    "holding": "holds",
    "not_on": "absent_from",
    "not_in": "absent_from",
}
_KINDS = {"in_room": NodeKind.ROOM, "at": NodeKind.PLACE, "part_of": NodeKind.TASK, "by": NodeKind.ROBOT}
_PLACING = frozenset({"on", "in"})
_INTERACTIONS = frozenset({"pick", "place", "drop", "open", "close", "toggle_on", "toggle_off", "slice"})


@dataclass(frozen=True)
class ExtractConfig:
    """Weights of evidence, in log-odds, and what counts as a container."""

    told: float = 0.85  # a relation that somebody states
    absent: float = 2.8  # looked, and not there: a little less than one clear sight
    room: float = 0.85  # a thing near the robot is in the robot's room
    room_range_m: float = 2.0
    again_secs: float = 60.0  # a room or nearness that is believed is confirmed once in this time
    passage: float = 0.85  # two rooms connect, of going from one to the other
    passage_m: float = 3.0  # farther apart, the robot was carried, or went through a third room
    unsure: float = 0.5  # factor of claims about a name that may mean several things
    moved_m: float = 0.05  # positions are updated from this distance on
    containers: frozenset[str] = frozenset(
        {
            "Drawer",
            "Cabinet",
            "Fridge",
            "Microwave",
            "Safe",
            "Box",
            "GarbageCan",
            "Bowl",
            "Pot",
            "Sink",
            "LaundryHamper",
        }
    )
    people: frozenset[str] = frozenset({"Person", "Human", "Man", "Woman", "Child"})  # labels of persons
    actions: bool = True  # keep a node of every interaction
    geometry: GeometryConfig | None = field(default_factory=GeometryConfig)  # None: nothing is computed from boxes


class Extractor:
    """Turns the percepts of one step into nodes to add and claims to judge."""

    def __init__(self, knowledge: Knowledge, percepts: Percepts, who: Association, config: ExtractConfig) -> None:
        """Look at one step; nothing is changed."""
        self.knowledge = knowledge
        self.percepts = percepts
        self.config = config
        self.source: Source = percepts.source
        self.seen = dict(zip(who.ids, percepts.things, strict=True))
        self.absent = who.absent
        self.target = who.target
        self.changes: list[Change] = []
        self._new: set[str] = set()

    def run(self) -> tuple[list[Change], list[Fact]]:
        """Return (changes that add nodes and names, claims)."""
        self._node(self.source.robot, NodeKind.ROBOT)
        for id_, thing in self.seen.items():
            kind = NodeKind.PERSON if thing.label in self.config.people else NodeKind.OBJECT
            self._node(id_, kind, thing.label, thing.centre_m)
        facts = [*self._acts(), *self._sights(), *self._absences(), *self._told(), *self._rooms()]
        return self.changes, [*facts, *self._geometry(facts)]

    def resolve(self, name: str, near_m: Point | None = None, kind: NodeKind = NodeKind.OBJECT) -> tuple[str, bool]:
        """Return (id, whether it is the only one that can be meant); an unknown name becomes a new node."""
        if name in self.seen or name in self._new or name in self.knowledge.graph.nodes:
            return name, True
        key = canonical(name)
        if key in _SELF:
            return self.source.robot, True
        in_view = [id_ for id_, thing in self.seen.items() if canonical(thing.label) == key]
        if len(in_view) == 1:
            return in_view[0], True
        if in_view and near_m is not None:
            return min(in_view, key=lambda i: (_gap(self.seen[i], near_m), i)), True
        if in_view:
            return in_view[0], False
        known = list(self.knowledge.names.candidates(name))
        if len(known) <= 1:
            return (known[0], True) if known else (self._node(name, kind), True)
        nodes = self.knowledge.graph.nodes
        placed = [i for i in known if near_m is not None and nodes[i].position_m is not None]
        if placed and near_m is not None:
            return min(placed, key=lambda i: (math.dist(nodes[i].position_m or near_m, near_m), i)), True
        held = [i for i in known if any(e.relation == "holds" for e in self.knowledge.graph.locations(i))]
        return (held[0], True) if held else (known[-1], False)

    def _node(self, id_: str, kind: NodeKind, name: str = "", position_m: Point | None = None) -> str:
        node = self.knowledge.graph.nodes.get(id_)
        if node is None and id_ in self._new:
            return id_
        moved = position_m is not None and (
            node is None or node.position_m is None or math.dist(node.position_m, position_m) >= self.config.moved_m
        )
        if node is not None and not moved:
            return id_
        kind, name = (node.kind, node.name) if node is not None else (kind, name or id_)
        change: Change = {"op": "node", "id": id_, "kind": kind.value, "name": name}
        if position_m is not None:
            change["position_m"] = [round(float(x), 3) for x in position_m]
        self.changes.append(change)
        self._new.add(id_)
        return id_

    def _container(self, id_: str) -> bool:
        thing, node = self.seen.get(id_), self.knowledge.graph.nodes.get(id_)
        label = thing.label if thing else node.name if node else id_
        return label in self.config.containers

    def _sights(self) -> Iterator[Fact]:
        for id_, thing in self.seen.items():
            if thing.held:
                yield Fact((self.source.robot, "holds", id_), LOG_ODDS_LIMIT, acted=True, position_m=thing.centre_m)
            elif thing.support:
                x, y, z = thing.centre_m
                foot = (x, y, z - thing.extent_m[2] / 2)
                kind = NodeKind.PLACE if thing.support == FLOOR else NodeKind.OBJECT
                support, sure = self.resolve(thing.support, foot, kind)
                if support == id_:
                    continue
                weight = log_odds(thing.score) * (1.0 if sure else self.config.unsure)
                if weight > 0.0:
                    relation = "in" if self._container(support) else "on"
                    yield Fact((id_, relation, support), weight, position_m=thing.centre_m)

    def _geometry(self, facts: Sequence[Fact]) -> Iterator[Fact]:
        """What is near or above what, of things of which nothing says what they rest on, and what is so no more."""
        c, graph = self.config.geometry, self.knowledge.graph
        if c is None:
            return
        boxes = Boxes(self.seen, c)
        for id_ in boxes.ids:
            old = (e.triple for e in graph.outgoing(id_) if e.relation in ("near", "above"))
            yield from (Fact(triple, -LOG_ODDS_LIMIT) for triple in old if boxes.apart(triple))
        rests = [(f.triple[0], f.triple[2]) for f in facts if f.triple[1] in _PLACING and f.weight > 0.0]
        rests += [(i, e.object) for i in boxes.ids for e in graph.locations(i)]
        bare = {i for i in boxes.ids if not self.seen[i].support} - {thing for thing, _ in rests}
        borne = {i: {thing for thing, support in rests if support == i} for i in bare}
        found = (pair for i in boxes.ids if i in bare for pair in boxes.around(i, borne[i]))
        for triple in islice((t for t in dict.fromkeys(found) if self._news(t)), c.facts):
            yield Fact(triple, c.weight)

    def _news(self, triple: Triple) -> bool:
        """Whether a fact is not believed, or was not confirmed for a while."""
        known = self.knowledge.graph.get(triple)
        return known is None or self.source.stamp_ns - known.last_ns >= self.config.again_secs * 1e9

    def _absences(self) -> Iterator[Fact]:
        for id_ in self.absent:
            for edge in self.knowledge.graph.outgoing(id_):
                if edge.relation in ("on", "in"):
                    yield Fact(edge.triple, -self.config.absent)

    def _told(self) -> Iterator[Fact]:
        for subject, name, object_ in self.percepts.relations:
            relation = canonical(name).replace(" ", "_")
            relation = _SYNONYMS.get(relation, relation)
            s, sure = self.resolve(subject, kind=_subject_kind(relation))
            o, sure_too = self.resolve(object_, kind=_KINDS.get(relation, NodeKind.OBJECT))
            weight = self.config.told * (1.0 if sure and sure_too else self.config.unsure)
            if s == o:
                continue
            if relation == "absent_from":
                edges = [e for e in self.knowledge.graph.between(s, o) if e.relation in ("on", "in")]
                yield from (Fact(e.triple, -self.config.absent) for e in edges)
                if edges:
                    continue
            yield Fact((s, relation, o), weight)

    def _rooms(self) -> Iterator[Fact]:
        for id_, thing in self.seen.items():
            if thing.room and not thing.held and not self._rests_in_room(thing):
                triple = (id_, "in_room", self._node(thing.room, NodeKind.ROOM))
                if self._news(triple):
                    yield Fact(triple, self.config.room)
        if self.percepts.room:
            yield from self._room_here(self._node(self.percepts.room, NodeKind.ROOM))

    def _rests_in_room(self, thing: Seen) -> bool:
        """Whether a thing rests on another whose room is known: where that is, it is too."""
        if thing.support in ("", FLOOR):
            return False
        support, _ = self.resolve(thing.support, thing.centre_m)
        seen = self.seen.get(support)
        return bool(seen and seen.room) or bool(self._known_rooms(support))

    def _room_here(self, room: str) -> Iterator[Fact]:
        """What the room of the robot says of it and of the things near it of which nothing better is known."""
        base = self.percepts.base
        here = None if base is None else (round(float(base[0]), 3), round(float(base[1]), 3), 0.0)
        yield Fact((self.source.robot, "in_room", room), LOG_ODDS_LIMIT / 2, acted=True, position_m=here)
        if here is None:
            return
        yield from self._passage(room, here)
        x, y, _ = here
        for id_, thing in self.seen.items():
            near = math.hypot(thing.centre_m[0] - x, thing.centre_m[1] - y) < self.config.room_range_m
            homeless = not thing.room and not self._known_rooms(id_)
            if near and homeless and thing.support in ("", FLOOR) and not thing.held:
                yield Fact((id_, "in_room", room), self.config.room)

    def _passage(self, room: str, here: Point) -> Iterator[Fact]:
        """What going from one room to another says: that they connect."""
        for edge in self._of_robot("in_room"):
            fresh = edge.latest.episode == self.source.episode and edge.position_m is not None
            if edge.object != room and fresh and math.dist(edge.position_m or here, here) <= self.config.passage_m:
                first, second = sorted((edge.object, room))
                yield Fact((first, "connects", second), self.config.passage, acted=True)

    def _known_rooms(self, id_: str) -> list[Edge]:
        return [e for e in self.knowledge.graph.outgoing(id_) if e.relation == "in_room"]

    def _acts(self) -> Iterator[Fact]:
        action = self.percepts.action
        verb, outcome = str(action.get("verb", "")), str(action.get("outcome", ""))
        if verb.startswith(("move", "go", "navigate")) and outcome == "ok":
            yield from self._left()
        if verb not in _INTERACTIONS:
            return
        target = str(action.get("target", "") or "")
        held = next((e.object for e in self._of_robot("holds")), "")
        thing = self.target or (self.resolve(target)[0] if target else "")
        if outcome == "ok":
            yield from self._effects(verb, thing, held)
        elif verb == "pick" and outcome == "nothing_there" and thing:
            edges = self.knowledge.graph.outgoing(thing)
            yield from (Fact(e.triple, -self.config.absent) for e in edges if e.relation in ("on", "in"))
        if self.config.actions:
            yield from self._record(verb, thing or held, outcome)

    def _effects(self, verb: str, target: str, held: str) -> Iterator[Fact]:
        """What a successful interaction makes true."""
        sure = 2 * LOG_ODDS_LIMIT / 3
        if verb == "pick" and target:
            yield Fact((self.source.robot, "holds", target), LOG_ODDS_LIMIT, acted=True)
        elif verb == "place" and target and held and target != held:
            at = self.seen[held].centre_m if held in self.seen else None
            relation = "in" if self._container(target) else "on"
            yield Fact((held, relation, target), sure, acted=True, position_m=at)
        elif verb == "drop" and held:
            yield Fact((held, "on", self._node(FLOOR, NodeKind.PLACE)), sure, acted=True)

    def _left(self) -> Iterator[Fact]:
        """What the robot was near of, it is not any more; what still is, is seen again."""
        for edge in self._of_robot("near", "left_of", "right_of", "above", "below"):
            yield Fact(edge.triple, -LOG_ODDS_LIMIT)

    def _of_robot(self, *relations: str) -> list[Edge]:
        return [e for e in self.knowledge.graph.outgoing(self.source.robot) if e.relation in relations]

    def _record(self, verb: str, target: str, outcome: str) -> Iterator[Fact]:
        s = self.source
        name = f"{verb} {target}: {outcome}" if outcome else f"{verb} {target}"
        act = self._node(f"act-{s.robot}-{s.episode}-{s.step}", NodeKind.ACTION, name)
        facts: list[Triple] = [(act, "by", s.robot)]
        if target:
            facts.append((act, "target", target))
        if self.percepts.task:
            facts.append((act, "part_of", self._node(self.percepts.task, NodeKind.TASK)))
        yield from (Fact(triple, LOG_ODDS_LIMIT, acted=True) for triple in facts)


def _subject_kind(relation: str) -> NodeKind:
    """Kind of a subject that is not known yet; robots are, by their own steps."""
    return NodeKind.PERSON if relation == "holds" else NodeKind.OBJECT


def _gap(thing: Seen, point: Point) -> float:
    """Distance in metres of a point from the box of a thing."""
    sides: Sequence[float] = [
        max(0.0, abs(p - c) - e / 2) for p, c, e in zip(point, thing.centre_m, thing.extent_m, strict=True)
    ]
    return math.hypot(*sides)
