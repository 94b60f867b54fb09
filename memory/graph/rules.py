"""The conflict resolver: rules first, a language model for what they cannot decide.

Rules (RoboMemory leaves all of this to a language model at every step):
    * a thing is in one place: on or in one other thing, or in one hand; a hand holds one thing;
    * what the robot did or felt is believed at once, and what it contradicts ends;
    * what was seen clearly, or claimed in two steps, is believed, and what it contradicts ends;
    * anything else is quarantined until it is claimed again; it displaces nothing;
    * sight alone does not take a thing out of the hand, a second look does;
    * "looked and not there" weighs against a fact until it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from engram.memory.contract import Point, Source
from engram.memory.graph.knowledge import Change, Knowledge, Suspect, step_of
from engram.memory.graph.model import FREE, RELATIONS, Relation, Triple, log_odds
from engram.memory.graph.resolver import Resolver, ask


@dataclass(frozen=True)
class RuleConfig:
    """When facts are believed and given up."""

    believe_log_odds: float = 2.0  # evidence that lifts a claim out of quarantine
    believe_steps: int = 2  # ... or different steps that claimed it
    close_belief: float = 0.5  # a doubted fact ends when belief in it falls below
    quarantine_secs: float = 600.0  # an unconfirmed claim is dropped after this
    quarantine_size: int = 1024  # oldest claims beyond this are dropped
    resolver_facts: int = 64  # local facts shown to the language model


@dataclass(frozen=True)
class Fact:
    """One claim about the world. ``weight`` is evidence in log-odds; below zero: looked, and not so."""

    triple: Triple
    weight: float
    acted: bool = False  # done or felt by the robot itself, rather than seen or told
    valid_from: int | None = None
    position_m: Point | None = None  # of the thing that it locates


class Draft:
    """Changes to come, and what the graph will believe once they are made."""

    def __init__(self, knowledge: Knowledge, source: Source) -> None:
        """Start with no changes."""
        self.knowledge = knowledge
        self.source = source
        self.changes: list[Change] = []
        self.added: dict[Triple, Fact] = {}
        self.ended: set[Triple] = set()

    def believes(self, triple: Triple) -> bool:
        """Whether a fact will be current."""
        return triple in self.added or (triple not in self.ended and self.knowledge.graph.get(triple) is not None)

    def about(self, node: str) -> list[Triple]:
        """Facts about a node that will be current."""
        graph = self.knowledge.graph
        old = [e.triple for way in (graph.outgoing(node), graph.incoming(node)) for e in way]
        return self._updated(old, lambda t: node in (t[0], t[2]))

    def tied(self, thing: str) -> list[Triple]:
        """Facts that can have to do with where a thing is."""
        old = [e.triple for e in self.knowledge.graph.tied(thing)]
        return self._updated(old, lambda t: thing in (t[0], t[2]))

    def of(self, node: str, relation: str) -> list[Triple]:
        """Facts with this relation from a node."""
        old = [e.triple for e in self.knowledge.graph.outgoing(node) if e.relation == relation]
        return self._updated(old, lambda t: t[1] == relation and t[0] == node)

    def locations(self, thing: str) -> list[Triple]:
        """Facts that say where a thing is."""
        old = [e.triple for e in self.knowledge.graph.locations(thing)]
        return self._updated(old, lambda t: located_by(t) == thing)

    def _updated(self, old: Iterable[Triple], fits: Callable[[Triple], bool]) -> list[Triple]:
        return list(dict.fromkeys([*(t for t in old if t not in self.ended), *filter(fits, self.added)]))

    def believe(self, fact: Fact, valid_to: int | None = None) -> None:
        """Write a fact or evidence for it."""
        change: Change = {"op": "believe", "triple": list(fact.triple), "weight": round(fact.weight, 4)}
        if fact.valid_from is not None:
            change["valid_from"] = fact.valid_from
        if fact.position_m is not None:
            change["position_m"] = list(fact.position_m)
        self.changes.append(change)
        if valid_to is not None:
            change["valid_to"] = valid_to
        elif self.knowledge.graph.get(fact.triple) is None or fact.triple in self.ended:
            self.added[fact.triple] = fact

    def put(self, op: str, triple: Triple, weight: float | None = None) -> None:
        """Add a change of another kind."""
        change: Change = {"op": op, "triple": list(triple)}
        if weight is not None:
            change["weight"] = round(weight, 4)
        self.changes.append(change)

    def close(self, triples: Iterable[Triple], valid_to: int | None = None) -> None:
        """End facts, by default now."""
        for triple in triples:
            self.put("close", triple)
            if valid_to is not None:
                self.changes[-1]["valid_to"] = valid_to
            self.ended.add(triple)
            self.added.pop(triple, None)


def resolve(
    knowledge: Knowledge,
    facts: Sequence[Fact],
    source: Source,
    config: RuleConfig,
    resolver: Resolver | None = None,
) -> list[Change]:
    """Return the changes that claims of one step call for; nothing is changed yet.

    Acts come first, then denials, then what was seen, the surest first: of two contradicting claims of one step the
    surer one stands and the other goes into quarantine.
    """
    draft = Draft(knowledge, source)
    residue: list[Fact] = []
    order = sorted(facts, key=lambda f: (not f.acted, f.weight >= 0, -f.weight if f.weight >= 0 else 0.0))
    for fact in _merged(order):
        if fact.weight < 0:
            _deny(draft, fact, config)
        elif fact.acted:
            _establish(draft, fact)
        else:
            residue += _weigh(draft, fact, config)
    if residue and resolver is not None:
        _ask(draft, residue, resolver, config)
    _clean(draft, config)
    return draft.changes


def relation_of(name: str) -> Relation:
    """Meaning of a relation."""
    return RELATIONS.get(name, FREE)


def located_by(triple: Triple) -> str:
    """Id of the thing whose place the fact tells; empty for other facts."""
    end = relation_of(triple[1]).located
    return {"subject": triple[0], "object": triple[2]}.get(end, "")


def rivals(draft: Draft, triple: Triple) -> list[Triple]:
    """Facts that cannot be true together with this one."""
    subject, name, object_ = triple
    relation = relation_of(name)
    found: list[Triple] = []
    thing = located_by(triple)
    if thing:
        found += draft.locations(thing)
        found += [t for t in draft.of(thing, "absent_from") if t[2] == object_]
    if relation.single_object:
        found += draft.of(subject, name)
    if name == "absent_from":
        found += [t for t in draft.locations(subject) if t[2] == object_]
    return [t for t in dict.fromkeys(found) if t != triple]


def _merged(facts: Iterable[Fact]) -> list[Fact]:
    """One claim a triple and kind: a step counts once, with its surest claim."""
    first: dict[tuple[Triple, bool], Fact] = {}
    for fact in facts:
        first.setdefault((fact.triple, fact.weight < 0), fact)
    return list(first.values())


def _establish(draft: Draft, fact: Fact) -> None:
    """Believe a fact, end what contradicts it, and what was said of the old place of a thing that moved."""
    if not draft.believes(fact.triple):
        against = rivals(draft, fact.triple)
        later = [e.valid_from for t in against if (e := draft.knowledge.graph.get(t)) and t not in draft.added]
        if fact.valid_from is not None and any(start > fact.valid_from for start in later):
            draft.believe(fact, valid_to=min(start for start in later if start > fact.valid_from))
            return  # news of the past: what is true by now is known better
        thing = located_by(fact.triple)
        moved = fact.triple[1] == "holds" or any(located_by(t) == thing for t in against if thing)
        draft.close(against, fact.valid_from)
        if moved:
            draft.close((t for t in left_behind(draft, thing) if t not in draft.added), fact.valid_from)
    draft.believe(fact)


def left_behind(draft: Draft, thing: str) -> list[Triple]:
    """Spatial facts that end when a thing is moved; what lies on or in it goes along."""
    return [
        t for t in draft.tied(thing) if relation_of(t[1]).spatial and (t[0] == thing or not relation_of(t[1]).located)
    ]


def _deny(draft: Draft, fact: Fact, config: RuleConfig) -> None:
    edge = draft.knowledge.graph.get(fact.triple)
    if fact.triple in draft.knowledge.suspects:
        draft.put("acquit", fact.triple)
    thing = located_by(fact.triple)
    if edge is not None and draft.believes(fact.triple) and fact.triple not in draft.added:
        if log_odds(edge.confidence(draft.source.stamp_ns)) + fact.weight > log_odds(config.close_belief):
            draft.put("doubt", fact.triple, -fact.weight)
            return
        draft.close([fact.triple])
    if thing and thing == fact.triple[0]:
        draft.believe(Fact((thing, "absent_from", fact.triple[2]), -fact.weight))


def _weigh(draft: Draft, fact: Fact, config: RuleConfig) -> list[Fact]:
    """Believe or quarantine something seen or told; returns it when it lost against another claim."""
    if draft.believes(fact.triple):
        draft.believe(fact)
        return []
    against = rivals(draft, fact.triple)
    suspect = draft.knowledge.suspects.get(fact.triple)
    weight = fact.weight + (suspect.weight if suspect else 0.0)
    again = suspect is not None and _claimed_before(suspect, draft.source, config)
    sure = again or (weight >= config.believe_log_odds and not any(t[1] == "holds" for t in against))
    if sure and not any(t in draft.added for t in against):
        since = fact.valid_from
        if suspect is not None and since is None and not against and _was_free(draft, fact.triple, suspect.first_ns):
            since = suspect.first_ns
        _establish(draft, Fact(fact.triple, weight, False, since, fact.position_m))
        return []
    draft.put("suspect", fact.triple, fact.weight)
    return [fact] if against or _unclear(draft, fact) else []


def _claimed_before(suspect: Suspect, source: Source, config: RuleConfig) -> bool:
    """Whether this step's claim makes enough different steps."""
    return suspect.steps + (step_of(suspect.source) != step_of(source)) >= config.believe_steps


def _was_free(draft: Draft, triple: Triple, since_ns: int) -> bool:
    """Whether nothing that excludes a fact was true after a time: then it can have been true since."""
    thing, single = located_by(triple), relation_of(triple[1]).single_object
    graph = draft.knowledge.graph
    over = {e.triple for node in {triple[0], thing or triple[0]} for e in graph.ended_since(node, since_ns)}
    return not any((thing and located_by(t) == thing) or (single and t[:2] == triple[:2]) for t in over | draft.ended)


def _unclear(draft: Draft, fact: Fact) -> bool:
    """Whether a free relation stands beside another between the same two nodes: no rule says if both can be true."""
    if fact.triple[1] in RELATIONS:
        return False
    graph = draft.knowledge.graph
    ends = fact.triple[0], fact.triple[2]
    return any(e.relation not in RELATIONS for e in [*graph.between(*ends), *graph.between(*reversed(ends))])


def _ask(draft: Draft, residue: Sequence[Fact], resolver: Resolver, config: RuleConfig) -> None:
    """Let the language model judge; what it does not decide stays in quarantine."""
    nodes = dict.fromkeys(end for fact in residue for end in (fact.triple[0], fact.triple[2]))
    local = list(dict.fromkeys(t for node in nodes for t in draft.about(node)))[: config.resolver_facts]
    verdict = ask(resolver, local, [fact.triple for fact in residue])
    if verdict is None:
        return
    claims = {fact.triple: fact for fact in residue}
    draft.close(verdict.delete)
    for triple in verdict.add:
        claim = claims.get(triple)
        weight = max(config.believe_log_odds, claim.weight if claim else 0.0)
        _establish(draft, Fact(triple, weight, position_m=claim.position_m if claim else None))


def _clean(draft: Draft, config: RuleConfig) -> None:
    """Drop claims that were not confirmed in time, and the oldest of too many."""
    suspects = draft.knowledge.suspects
    too_old = draft.source.stamp_ns - config.quarantine_secs * 1e9
    busy = {tuple(c["triple"]) for c in draft.changes if "triple" in c}
    old = [t for t, s in suspects.items() if s.last_ns < too_old and t not in busy]
    if len(suspects) - len(old) > config.quarantine_size:
        rest = sorted((s.last_ns, t) for t, s in suspects.items() if t not in busy and s.last_ns >= too_old)
        old += [t for _, t in rest[: len(suspects) - len(old) - config.quarantine_size]]
    for triple in sorted(old):
        draft.put("acquit", triple)
