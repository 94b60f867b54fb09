"""The knowledge graph as a store of the hippocampus."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engram.memory.contract import Event, Hit, Percepts, Point, Query, Source
from engram.memory.graph.extract import ExtractConfig, Extractor
from engram.memory.graph.graph import Graph
from engram.memory.graph.knowledge import Change, Knowledge, Suspect
from engram.memory.graph.model import FLOOR, FOREVER, NOW, Edge, GraphError, Triple, probability
from engram.memory.graph.names import Embed
from engram.memory.graph.neighbourhood import NeighbourhoodConfig, Ranked, retrieve
from engram.memory.graph.resolver import Resolver
from engram.memory.graph.rules import RuleConfig, located_by, resolve
from engram.memory.graph.state import graph_of, graph_state
from engram.memory.graph.undo import undoing
from engram.memory.identity import Associate, Association, by_label
from engram.memory.packing import pack, unpack

if TYPE_CHECKING:
    from engram.memory.objects import ObjectStore

_WHERE = frozenset({"where", "find", "locate", "location"})


@dataclass(frozen=True)
class GraphConfig:
    """Options of the knowledge graph."""

    extract: ExtractConfig = field(default_factory=ExtractConfig)
    rules: RuleConfig = field(default_factory=RuleConfig)
    neighbourhood: NeighbourhoodConfig = field(default_factory=NeighbourhoodConfig)
    seeds: int = 3  # names nearest in meaning to the question
    seed_cosine: float = 0.3  # least cosine of such a name
    namesakes: int = 8  # things followed from one name: the latest acquaintances


class GraphStore:
    """What is where, since when and how surely.

    A step is one event, ``update``, with the changes that the rules made of its percepts: replaying them needs neither
    the rules nor a model.
    """

    name = "graph"
    asks = "objects"

    def __init__(
        self,
        config: GraphConfig | None = None,
        embed: Embed | None = None,
        associate: Associate = by_label,
        resolver: Resolver | None = None,
    ) -> None:
        """Start with nothing known.

        Args:
            config: options.
            embed: sentence vectors of N texts, (N, D) rows of length 1; without it, only names in the question count.
            associate: tells who the things in view are, when it is used without the object map.
            resolver: settles contradictions that no rule decides; without it they stay in quarantine.

        """
        self.config = config or GraphConfig()
        self.knowledge = Knowledge(embed)
        self._embed = embed
        self._associate = associate
        self._resolver = resolver

    @property
    def graph(self) -> Graph:
        """The graph, to read."""
        return self.knowledge.graph

    def propose(self, percepts: Percepts) -> list[Event]:
        """Return the changes that the percepts call for, as one event or none."""
        return self.propose_with(percepts, self._associate(percepts))

    def ask(self, other: ObjectStore, about: Percepts | Source) -> Association | None:
        """Ask the object map who the things in view are."""
        return other.associate(about) if isinstance(about, Percepts) else None

    def propose_with(self, percepts: Percepts, answer: Association | None) -> list[Event]:
        """Return the changes, given who the things in view are; when that is not known, of what was done and told."""
        who = Association(()) if answer is None else answer
        percepts = replace(percepts, things=()) if answer is None else percepts
        nodes, facts = Extractor(self.knowledge, percepts, who, self.config.extract).run()
        changes = [*nodes, *resolve(self.knowledge, facts, percepts.source, self.config.rules, self._resolver)]
        return [self.event(changes, percepts.source)] if changes else []

    def event(self, changes: Sequence[Change], source: Source) -> Event:
        """Return changes as an event, for corrections from outside, such as an alias or a retraction."""
        return Event(self.name, "update", source, {"changes": list(changes)})

    def undo(self, events: Sequence[Event], source: Source) -> list[Event]:
        """Return what takes back the events of one step, as one event or none."""
        changes = undoing(self.knowledge, [event for event in events if event.kind == "update"], source)
        return [Event(self.name, "undo", source, {"changes": changes})] if changes else []

    def apply(self, event: Event) -> None:
        """Make the changes of an event.

        Raises:
            GraphError: the event is not one of this store.

        """
        if event.kind not in ("update", "undo"):
            raise GraphError(f"the knowledge graph has no events of kind {event.kind!r}, only 'update' and 'undo'")
        for change in event.data["changes"]:
            self.knowledge.change(change, event.source)

    def recall(self, query: Query) -> list[Hit]:
        """Return the facts around what the question names or means, best first."""
        named, seeds = self._seeds(query.text)
        graph = self.graph
        then = query.at_ns if query.at_ns is not None else query.known_ns
        known_ns = NOW if query.known_ns is None else query.known_ns
        now = graph.clock_ns if then is None else then
        found = retrieve(graph, seeds, now, self.config.neighbourhood, then, known_ns)
        where = bool(_WHERE & set(query.text.lower().replace("?", " ").split()))
        worth = [(self._score(r, named, where), r.edge) for r in found if _within(self._position(r.edge), query)]
        best = heapq.nsmallest(query.limit, worth, key=lambda pair: (-pair[0], pair[1].serial))
        hits = [self._hit(edge, score, then, known_ns) for score, edge in best]
        if then is None and query.near_m is None:
            hits += [self._claim(t, s) for t, s in self.knowledge.suspects.items() if {t[0], t[2]} & named]
        return heapq.nsmallest(query.limit, hits, key=lambda h: (-h.score, h.id))

    def dump(self) -> bytes:
        """Return the whole state."""
        meta, arrays = graph_state(self.graph)
        suspects = [
            [*t, s.weight, s.steps, s.first_ns, s.last_ns, _row(s.source)]
            for t, s in sorted(self.knowledge.suspects.items())
        ]
        return pack({"graph": meta, "names": self.knowledge.names.state(), "suspects": suspects}, arrays)

    def load(self, state: bytes) -> None:
        """Replace the state by a dumped one."""
        meta, arrays = unpack(state)
        knowledge = Knowledge(self._embed)
        knowledge.graph = graph_of(meta["graph"], arrays)
        knowledge.names.restore(meta["names"])
        for subject, relation, object_, weight, steps, first, last, source in meta["suspects"]:
            knowledge.suspects[subject, relation, object_] = Suspect(weight, steps, first, last, Source(*source))
        self.knowledge = knowledge

    def where(self, thing: str, at_ns: int | None = None, known_ns: int = NOW) -> list[Edge]:
        """Return the chain of facts that says where a thing is or was, from its support outwards to the room.

        With ``at_ns``, where it was then, as believed at ``known_ns``.
        """
        chain: list[Edge] = []
        seen: set[str] = set()
        while thing not in seen:
            seen.add(thing)
            places, rooms = self._places(thing, at_ns, known_ns)
            for steps in (places, rooms):
                if steps:
                    chain.append(max(steps, key=lambda e: (e.last_ns, e.serial)))
            if rooms or not places:
                break
            thing = chain[-1].subject if chain[-1].relation == "holds" else chain[-1].object
        return chain

    def _places(self, thing: str, at_ns: int | None, known_ns: int) -> tuple[list[Edge], list[Edge]]:
        """Facts that say where a thing is or was, and those that say in which room."""
        graph = self.graph
        facts = graph.outgoing(thing) if at_ns is None else graph.tied(thing, at_ns, known_ns)
        rooms = [e for e in facts if e.subject == thing and e.relation == "in_room"]
        return graph.locations(thing, at_ns, known_ns), rooms

    def _seeds(self, text: str) -> tuple[set[str], dict[str, float]]:
        """Ids that the question names, and the relevance of all nodes to start from."""
        names = self.knowledge.names
        named: set[str] = set()
        seeds: dict[str, float] = {}
        for name in names.mentioned(text):
            named.update(names.candidates(name, self.config.namesakes))
        for name, cosine in names.nearest(text, self.config.seeds):
            if cosine >= self.config.seed_cosine:
                for id_ in names.candidates(name, self.config.namesakes):
                    seeds[id_] = max(seeds.get(id_, 0.0), min(cosine, 1.0))
        return named, {**seeds, **dict.fromkeys(sorted(named), 1.0)}

    def _score(self, ranked: Ranked, named: set[str], where: bool) -> float:
        """Worth of a fact; for questions about a place, what locates the thing in question comes first."""
        return ranked.score if not where or located_by(ranked.edge.triple) in named else 0.5 * ranked.score

    def _position(self, edge: Edge) -> Point | None:
        """Where the thing is that a fact is about."""
        if edge.position_m is not None or not edge.valid_to == edge.known_to == FOREVER:
            return edge.position_m
        return self.graph.nodes[located_by(edge.triple) or edge.subject].position_m

    def _hit(self, edge: Edge, score: float, at_ns: int | None, known_ns: int) -> Hit:
        thing = located_by(edge.triple)
        text = " ".join(_words(self.graph, edge.triple))
        chain = self.where(thing, at_ns, known_ns) if thing else []
        further = [e.triple for e in chain[1:] if e.object != FLOOR]
        sight = edge.sight(None if at_ns is None else min(at_ns, known_ns))
        now = self.graph.clock_ns if at_ns is None else at_ns
        text = ", ".join([text, *(" ".join(_words(self.graph, t)) for t in further)])
        data = {
            "triple": list(edge.triple),
            "thing": thing,  # whose place it tells
            "room": next((e.object for e in chain if e.relation == "in_room"), ""),
            "valid_from_ns": edge.valid_from,
            "valid_to_ns": None if edge.valid_to == FOREVER else edge.valid_to,
            "first_step": edge.source.step,
            "last_seen_ns": min(edge.last_ns, sight.stamp_ns),
            "seen": edge.seen,
            "missed": edge.missed,
            "confirmed": True,
        }
        return Hit(self.name, edge.id, text, score, edge.confidence(now), sight, self._position(edge), data)

    def _claim(self, triple: Triple, suspect: Suspect) -> Hit:
        """Build the answer that is still in quarantine, flagged and behind what is believed."""
        belief = probability(suspect.weight)
        data = {"triple": list(triple), "last_seen_ns": suspect.last_ns, "seen": suspect.steps, "confirmed": False}
        text = " ".join(_words(self.graph, triple)) + " (unconfirmed)"
        return Hit(self.name, "?" + "|".join(triple), text, 0.25 * belief, 0.5 * belief, suspect.source, None, data)


def _words(graph: Graph, triple: Triple) -> tuple[str, str, str]:
    """Readable form of a fact; actions are told by what was done."""
    subject, relation, object_ = triple
    names = [graph.nodes[i].name if i.startswith("act-") and i in graph.nodes else i for i in (subject, object_)]
    return names[0], relation.replace("_", " "), names[1]


def _row(source: Source) -> list[str | int]:
    return [source.robot, source.episode, source.step, source.stamp_ns]


def _within(position_m: Point | None, query: Query) -> bool:
    if query.near_m is None or query.within_m is None:
        return True
    if position_m is None:
        return False
    gap = sum((p - q) ** 2 for p, q in zip(position_m, query.near_m, strict=True))
    return gap <= query.within_m**2
