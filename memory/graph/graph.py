"""The bi-temporal graph: what is believed now in adjacency dictionaries, what was believed before beside it.

Nothing is ever deleted. ``believe`` writes a fact, ``close`` ends its truth, ``retract`` ends the belief in it. Each
takes microseconds; the neighbours of a node are the keys of a dictionary, least recently touched first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice

from engram.memory.contract import Point, Source
from engram.memory.graph.model import FOREVER, FREE, NOW, RELATIONS, Edge, GraphError, Node, Triple, clamp

_Adjacency = dict[str, dict[str, list[Edge]]]


class Graph:
    """Typed nodes and bi-temporal edges.

    Belief has a clock of its own: it follows the stamps of what is written and never runs backwards, so that late
    news do not change what was believed earlier.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self.nodes: dict[str, Node] = {}
        self.clock_ns = 0
        self.serial = 0  # of the next edge
        self.touches = 0  # pieces of evidence so far
        self._now: dict[Triple, Edge] = {}
        self._out: _Adjacency = {}
        self._into: _Adjacency = {}
        self._ties: dict[str, dict[Triple, Edge]] = {}  # current spatial and holding facts, by object
        self._holders: dict[str, dict[Triple, Edge]] = {}  # those of them that locate the object
        self._past: dict[str, list[Edge]] = {}  # versions that are no longer current, by subject
        self._past_into: dict[str, list[Edge]] = {}  # ... and by object

    def __len__(self) -> int:
        """Return the number of current edges."""
        return len(self._now)

    def put_node(self, node: Node) -> None:
        """Add a node, or correct what is known of it; its first source stays."""
        known = self.nodes.get(node.id)
        if known is not None:
            node = replace(node, source=known.source, position_m=node.position_m or known.position_m)
        self.nodes[node.id] = node

    def believe(
        self,
        triple: Triple,
        weight: float,
        source: Source,
        *,
        valid_from: int | None = None,
        valid_to: int = FOREVER,
        position_m: Point | None = None,
    ) -> Edge:
        """Write a fact, or, when it is believed already, evidence for it. Returns its current version.

        Args:
            triple: ids of nodes, and the relation between them.
            weight: evidence in log-odds.
            source: where it comes from; its stamp is the time of belief, and of truth unless ``valid_from`` is given.
            valid_from: since when it is true.
            valid_to: until when it was true, for a fact that is told of the past.
            position_m: of the thing that the fact locates.

        Raises:
            GraphError: one of the nodes does not exist, or the fact ends before it begins.

        """
        self._tick(source)
        current = self._now.get(triple)
        if current is not None and valid_to == FOREVER:
            return self._support(current, weight, source, position_m)
        for end in (triple[0], triple[2]):
            if end not in self.nodes:
                raise GraphError(f"the fact {' '.join(triple)} names the unknown node {end!r}; add the node first")
        start = source.stamp_ns if valid_from is None else valid_from
        if start >= valid_to:
            raise GraphError(f"the fact {' '.join(triple)} would end at {valid_to} ns, before its start at {start} ns")
        edge = Edge(
            self._next_serial(),
            *triple,
            start,
            valid_to,
            self.clock_ns,
            FOREVER,
            source,
            source,
            clamp(weight),
            last_ns=source.stamp_ns if valid_to == FOREVER else start,
            position_m=position_m,
        )
        self._file(edge)
        return edge

    def doubt(self, triple: Triple, weight: float, source: Source) -> Edge | None:
        """Count evidence against a current fact: looked, and not so. Returns the fact, None when it is not believed."""
        self._tick(source)
        edge = self._now.get(triple)
        if edge is not None:
            edge.log_odds = clamp(edge.log_odds - abs(weight))
            edge.missed += 1
            self._touch(edge)
        return edge

    def close(self, triple: Triple, source: Source, valid_to: int | None = None) -> Edge | None:
        """End the truth of a current fact, by default at the source's stamp; returns the version that says so.

        A fact that would end before it began was never true; it is retracted, and None is returned.
        """
        self._tick(source)
        end = source.stamp_ns if valid_to is None else valid_to
        edge = self._expire(triple)
        if edge is None or end <= edge.valid_from:
            return None
        closed = replace(edge, serial=self._next_serial(), valid_to=end, known_from=self.clock_ns, known_to=FOREVER)
        self._file(closed)
        return closed

    def retract(self, triple: Triple, source: Source, valid_to: int = FOREVER) -> Edge | None:
        """End the belief in a current fact, or in one that was true until a time: it was a mistake.

        Returns the version that was given up.
        """
        self._tick(source)
        if valid_to == FOREVER:
            return self._expire(triple)
        edge = next((e for e in self._versions(triple, valid_to) if e.known_to == FOREVER), None)
        if edge is not None:
            edge.known_to = self.clock_ns
        return edge

    def reopen(self, triple: Triple, source: Source, valid_to: int, until: int = FOREVER) -> Edge | None:
        """Let a fact go on, of which it was a mistake that it ended, or that it was given up; returns what says so.

        Args:
            triple: the fact; None is returned if it is current, or has no such version.
            source: its stamp is the time of belief.
            valid_to: when it was believed to have ended; FOREVER for one that was given up while true.
            until: when it ended really.

        """
        self._tick(source)
        edge = max(self._versions(triple, valid_to), key=lambda e: e.serial, default=None)
        if edge is None or triple in self._now:
            return None
        if edge.known_to == FOREVER:
            edge.known_to = self.clock_ns
        again = replace(edge, serial=self._next_serial(), valid_to=until, known_from=self.clock_ns, known_to=FOREVER)
        self._file(again)
        return again

    def discount(self, triple: Triple, weight: float, source: Source, counted: str) -> Edge | None:
        """Take evidence off a current fact, for it (``counted`` is "seen") or, by a weight below zero, against it."""
        self._tick(source)
        edge = self._now.get(triple)
        if edge is not None:
            edge.log_odds = clamp(edge.log_odds - weight)
            if counted == "seen":
                edge.seen = max(0, edge.seen - 1)
            else:
                edge.missed = max(0, edge.missed - 1)
            self._touch(edge)
        return edge

    def get(self, triple: Triple) -> Edge | None:
        """Return the current version of a fact."""
        return self._now.get(triple)

    def current(self) -> Iterable[Edge]:
        """All facts that are believed to be true now."""
        return self._now.values()

    def outgoing(self, node: str) -> Iterator[Edge]:
        """Current facts with this subject."""
        return chain.from_iterable(self._out.get(node, {}).values())

    def incoming(self, node: str) -> Iterator[Edge]:
        """Current facts with this object."""
        return chain.from_iterable(self._into.get(node, {}).values())

    def between(self, subject: str, object_: str) -> list[Edge]:
        """Return the current facts from one node to another."""
        return self._out.get(subject, {}).get(object_, [])

    def tied(self, thing: str, at_ns: int | None = None, known_ns: int = NOW) -> list[Edge]:
        """Return the facts that can have to do with where a thing is: all with it as subject, spatial ones and holds.

        With ``at_ns`` those that were true then, as believed at ``known_ns``. What a thing bears, and what was done to
        it, is not among them.
        """
        now = chain(self.outgoing(thing), self._ties.get(thing, {}).values())
        if at_ns is None:
            return list(now)
        past = chain(self._past.get(thing, ()), self._past_into.get(thing, ()))
        return [e for e in chain(now, past) if e.holds(at_ns, known_ns)]

    def locations(self, thing: str, at_ns: int | None = None, known_ns: int = NOW) -> list[Edge]:
        """Return the facts that say where a thing is, or was: on or in what, or in whose hand."""
        if at_ns is not None:
            return [e for e in self.tied(thing, at_ns, known_ns) if _located(e) == thing]
        return [*(e for e in self.outgoing(thing) if _located(e) == thing), *self._holders.get(thing, {}).values()]

    def ended_since(self, node: str, stamp_ns: int) -> Iterator[Edge]:
        """Yield the facts about a node whose truth ended after a time, the latest written first."""
        for versions in (self._past.get(node, []), self._past_into.get(node, [])):
            for edge in reversed(versions):
                if edge.known_to == FOREVER and edge.known_from < stamp_ns:
                    break
                if edge.known_to == FOREVER and edge.valid_to > stamp_ns:
                    yield edge

    def inside(self, nodes: Collection[str], inner: Collection[str]) -> list[Edge]:
        """Return the current facts with both ends among ``nodes`` and one among ``inner``, a part of them."""
        found: list[Edge] = []
        for table in (self._out, self._into):
            forward = table is self._out
            for node in inner:
                ways = table.get(node, _NONE)
                if len(ways) > len(nodes):
                    ways = {other: ways[other] for other in nodes if other in ways}
                for other, edges in ways.items():
                    if other in nodes and (forward or other not in inner):
                        found += edges
        return found

    def inside_then(
        self, nodes: Collection[str], inner: Collection[str], valid_ns: int, known_ns: int = NOW
    ) -> list[Edge]:
        """Return the facts as in :meth:`inside` that were true at a time, by what was known at another."""
        return [
            e
            for node in nodes
            for e in chain(self.outgoing(node), self._past.get(node, ()))
            if e.object in nodes and (node in inner or e.object in inner) and e.holds(valid_ns, known_ns)
        ]

    def latest_then(self, node: str, valid_ns: int, count: int, known_ns: int = NOW) -> Iterator[Edge]:
        """Yield facts about a node that were true at a time, of each kind at most ``count``, the latest first.

        The kinds are: with this subject or object, and current or past.
        """
        out, into = (chain.from_iterable(reversed(t.get(node, _NONE).values())) for t in (self._out, self._into))
        past, past_into = (reversed(t.get(node, [])) for t in (self._past, self._past_into))
        for edges in (out, into, past, past_into):
            yield from islice((e for e in edges if e.holds(valid_ns, known_ns)), count)

    def successors(self, node: str) -> dict[str, list[Edge]]:
        """Current facts with this subject by object, least recently touched first; not to be changed."""
        return self._out.get(node, _NONE)

    def predecessors(self, node: str) -> dict[str, list[Edge]]:
        """Current facts with this object by subject, least recently touched first; not to be changed."""
        return self._into.get(node, _NONE)

    def history(self, node: str) -> Iterator[Edge]:
        """Every version of every fact about a node, in no particular order; one about itself can come twice."""
        past = chain(self._past.get(node, ()), self._past_into.get(node, ()))
        return chain(self.outgoing(node), self.incoming(node), past)

    def versions(self) -> Iterator[Edge]:
        """Every version of every fact, in no particular order."""
        return chain(chain.from_iterable(self._past.values()), self._now.values())

    def as_of(self, valid_ns: int, known_ns: int = NOW, nodes: Iterable[str] | None = None) -> list[Edge]:
        """Return the facts that were true at ``valid_ns``, by what was known at ``known_ns``, in order of writing.

        Args:
            valid_ns: time of truth.
            known_ns: time of belief; the default is now.
            nodes: only facts about these; all when None.

        """
        versions = self.versions() if nodes is None else chain.from_iterable(map(self.history, nodes))
        found = {e.serial: e for e in versions if e.holds(valid_ns, known_ns)}
        return [found[serial] for serial in sorted(found)]

    def restore(self, edges: Iterable[Edge]) -> None:
        """Put versions back, as they were; for loading a state into an empty graph."""
        for edge in sorted(edges, key=lambda e: e.serial):
            if edge.known_to == FOREVER and edge.valid_to == FOREVER:
                self._now[edge.triple] = edge
            else:
                self._shelve(edge)
        for edge in sorted(self._now.values(), key=lambda e: e.touched):
            self._link(edge)

    def _versions(self, triple: Triple, valid_to: int) -> Iterator[Edge]:
        """Yield versions of a fact that are not current and end at a time."""
        return (e for e in self._past.get(triple[0], ()) if e.triple == triple and e.valid_to == valid_to)

    def _tick(self, source: Source) -> None:
        self.clock_ns = max(self.clock_ns, source.stamp_ns)

    def _next_serial(self) -> int:
        self.serial += 1
        return self.serial - 1

    def _file(self, edge: Edge) -> None:
        if edge.valid_to == FOREVER:
            self._link(edge)
            self._touch(edge)
        else:
            self._shelve(edge)

    def _support(self, edge: Edge, weight: float, source: Source, position_m: Point | None) -> Edge:
        edge.log_odds = clamp(edge.log_odds + weight)
        edge.seen += 1
        if source.stamp_ns >= edge.last_ns:
            edge.observe(source)
        edge.position_m = position_m or edge.position_m
        self._touch(edge)
        return edge

    def _touch(self, edge: Edge) -> None:
        """Move the edge to the recent end of the dictionaries that it is in."""
        edge.touched = self.touches
        self.touches += 1
        for table, key in ((self._out[edge.subject], edge.object), (self._into[edge.object], edge.subject)):
            table[key] = table.pop(key)
        pair = self._out[edge.subject][edge.object]
        if pair[-1] is not edge:
            pair.remove(edge)
            pair.append(edge)

    def _link(self, edge: Edge) -> None:
        self._now[edge.triple] = edge
        out, into = self._out.setdefault(edge.subject, {}), self._into.setdefault(edge.object, {})
        pair = out.pop(edge.object, [])
        into.pop(edge.subject, None)
        pair.append(edge)
        out[edge.object] = into[edge.subject] = pair  # at the recent end
        relation = RELATIONS.get(edge.relation, FREE)
        if relation.located == "object" or (relation.spatial and not relation.located):
            self._ties.setdefault(edge.object, {})[edge.triple] = edge
        if relation.located == "object":
            self._holders.setdefault(edge.object, {})[edge.triple] = edge

    def _expire(self, triple: Triple) -> Edge | None:
        edge = self._now.pop(triple, None)
        if edge is None:
            return None
        for table in (self._ties, self._holders):
            table.get(edge.object, {}).pop(triple, None)
        pair = self._out[edge.subject][edge.object]
        pair.remove(edge)
        if pair:
            self._touch(pair[-1])  # its place among the neighbours must follow from what is left
        else:
            del self._out[edge.subject][edge.object], self._into[edge.object][edge.subject]
        edge.known_to = self.clock_ns
        self._shelve(edge)
        return edge

    def _shelve(self, edge: Edge) -> None:
        self._past.setdefault(edge.subject, []).append(edge)
        self._past_into.setdefault(edge.object, []).append(edge)


_NONE: dict[str, list[Edge]] = {}


def _located(edge: Edge) -> str:
    end = RELATIONS.get(edge.relation, FREE).located
    return edge.subject if end == "subject" else edge.object if end == "object" else ""
