"""The state of the knowledge graph and the changes it knows: graph, alias table and quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engram.memory.contract import Point, Source
from engram.memory.graph.graph import Graph
from engram.memory.graph.model import FOREVER, GraphError, NodeKind, Triple, clamp, make_node
from engram.memory.graph.names import Embed, Names

Change = dict[str, Any]  # plain data: "op" and what it applies to


@dataclass(slots=True)
class Suspect:
    """A fact in quarantine: claimed, and not yet seen again or acted on."""

    weight: float  # log-odds so far
    steps: int  # different steps that claimed it
    first_ns: int
    last_ns: int
    source: Source  # of the last claim


class Knowledge:
    """What the graph store keeps. Changes are named by triples, so a log of them reads, and can be merged."""

    def __init__(self, embed: Embed | None = None) -> None:
        """Start with nothing known."""
        self.graph = Graph()
        self.names = Names(embed)
        self.suspects: dict[Triple, Suspect] = {}

    def change(self, change: Mapping[str, Any], source: Source) -> None:
        """Make one change.

        Raises:
            GraphError: there is no such change.

        """
        op = change["op"]
        if op == "node":
            self.graph.put_node(make_node(change["id"], change["kind"], change["name"], source, _point(change)))
            if change["kind"] != NodeKind.ACTION.value:  # actions are found through what they were done to
                self.names.add(change["name"], change["id"])
                self.names.add(change["id"], change["id"])
        elif op == "alias":
            self.names.add(change["name"], change["id"])
        else:
            subject, relation, object_ = change["triple"]
            self._change_fact(op, (subject, relation, object_), change, source)

    def _change_fact(self, op: str, triple: Triple, change: Mapping[str, Any], source: Source) -> None:
        graph = self.graph
        if op == "believe":
            self.suspects.pop(triple, None)
            since, until = change.get("valid_from"), change.get("valid_to", FOREVER)
            at = _point(change)
            graph.believe(triple, change["weight"], source, valid_from=since, valid_to=until, position_m=at)
        elif op == "doubt":
            graph.doubt(triple, change["weight"], source)
        elif op == "close":
            graph.close(triple, source, change.get("valid_to"))
        elif op == "retract":
            graph.retract(triple, source, change.get("valid_to", FOREVER))
        elif op == "reopen":
            graph.reopen(triple, source, change["valid_to"], change["until"])
        elif op == "discount":
            graph.discount(triple, change["weight"], source, change["counted"])
        elif op == "suspect":
            self._suspect(triple, change["weight"], source)
        elif op == "acquit":  # out of quarantine without being believed
            self.suspects.pop(triple, None)
        else:
            raise GraphError(f"unknown change {op!r} of the knowledge graph; was it written by a newer version?")

    def _suspect(self, triple: Triple, weight: float, source: Source) -> None:
        known = self.suspects.get(triple)
        now = source.stamp_ns
        if known is None:
            self.suspects[triple] = Suspect(clamp(weight), 1, now, now, source)
            return
        known.weight = clamp(known.weight + weight)
        known.steps += step_of(source) != step_of(known.source)
        known.last_ns, known.source = max(now, known.last_ns), source


def step_of(source: Source) -> tuple[str, str, int]:
    """Tell one step from another."""
    return source.robot, source.episode, source.step


def _point(change: Mapping[str, Any]) -> Point | None:
    position = change.get("position_m")
    return None if position is None else (position[0], position[1], position[2])
