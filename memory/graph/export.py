"""The knowledge graph for other tools: networkx and a scene graph as JSON, there and back, and GraphML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import networkx as nx

from engram.memory.contract import Point, Source
from engram.memory.graph.graph import Graph
from engram.memory.graph.knowledge import Change
from engram.memory.graph.model import FOREVER, Edge, GraphError, make_node

SCENE_VERSION = 1
_TIMES = ("valid_from", "valid_to", "known_from", "known_to", "last_ns")


def to_networkx(graph: Graph, at_ns: int | None = None, history: bool = False) -> nx.MultiDiGraph:
    """Return a copy as a networkx graph; the key of an edge is its id, its attributes are its fields.

    Args:
        graph: what to copy.
        at_ns: the facts that were true then; by default those that are true now.
        history: every version of every fact instead, and the nodes that no fact is about any more.

    """
    if history:
        edges = sorted(graph.versions(), key=lambda e: e.serial)
    else:
        edges = list(graph.current()) if at_ns is None else graph.as_of(at_ns)
    out = nx.MultiDiGraph()
    ids = sorted(graph.nodes) if history else sorted({end for e in edges for end in (e.subject, e.object)})
    for id_ in ids:
        n = graph.nodes[id_]
        out.add_node(id_, kind=n.kind.value, name=n.name, position_m=n.position_m, source=_row(n.source))
    for e in edges:
        out.add_edge(e.subject, e.object, e.id, **_attributes(e))
    return out


def from_networkx(source: nx.MultiDiGraph) -> Graph:
    """Build a graph from one that :func:`to_networkx` made; only its current facts can be written to.

    Raises:
        GraphError: an attribute is missing or of the wrong kind.

    """
    graph = Graph()
    try:
        for id_, n in source.nodes(data=True):
            graph.put_node(make_node(id_, n["kind"], n["name"], Source(*n["source"]), _point(n["position_m"])))
        edges = [_edge(subject, object_, facts) for subject, object_, facts in source.edges(data=True)]
    except (KeyError, TypeError, IndexError) as error:
        raise GraphError(f"this is no knowledge graph of engram: {error!r} in its nodes or edges") from error
    graph.restore(edges)
    graph.serial = 1 + max((e.serial for e in edges), default=-1)
    graph.touches = 1 + max((e.touched for e in edges), default=-1)
    times = [t for e in edges for t in (e.known_from, e.known_to, e.last_ns) if t != FOREVER]
    graph.clock_ns = max(times, default=0)
    return graph


def to_scene(graph: Graph, at_ns: int | None = None, history: bool = False) -> str:
    """Return a scene graph as JSON text with sorted keys: ``{"version", "nodes": [...], "edges": [...]}``.

    Open ends of intervals are null. Arguments as in :func:`to_networkx`.
    """
    source = to_networkx(graph, at_ns, history)
    nodes = [{"id": id_, **facts} for id_, facts in source.nodes(data=True)]
    edges = [
        {"subject": s, "object": o, **{k: None if v == FOREVER and k in _TIMES else v for k, v in facts.items()}}
        for s, o, facts in source.edges(data=True)
    ]
    edges.sort(key=lambda e: int(e["serial"]))
    return json.dumps({"version": SCENE_VERSION, "nodes": nodes, "edges": edges}, sort_keys=True, indent=1)


def from_scene(text: str) -> Graph:
    """Build a graph from the text of :func:`to_scene`.

    Raises:
        GraphError: the text is no scene graph, or one of another version.

    """
    try:
        scene = json.loads(text)
        if scene["version"] != SCENE_VERSION:
            raise GraphError(f"scene graph of version {scene['version']!r}; this engram reads {SCENE_VERSION}")
        source = nx.MultiDiGraph()
        for node in scene["nodes"]:
            source.add_node(node["id"], **{k: v for k, v in node.items() if k != "id"})
        for edge in scene["edges"]:
            facts = {k: FOREVER if v is None and k in _TIMES else v for k, v in edge.items()}
            source.add_edge(facts.pop("subject"), facts.pop("object"), **facts)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise GraphError(f"this is no scene graph: {error!r}") from error
    return from_networkx(source)


def as_changes(graph: Graph) -> list[Change]:
    """Return the changes that bring what is true now in a graph into another: for an import.

    They go into the event that ``GraphStore.event`` makes of them, whose source is then theirs: who imported it.
    """
    changes: list[Change] = []
    facts = sorted(graph.current(), key=lambda e: e.serial)
    for id_ in dict.fromkeys(end for e in facts for end in (e.subject, e.object)):
        n = graph.nodes[id_]
        changes.append({"op": "node", "id": id_, "kind": n.kind.value, "name": n.name, **_at(n.position_m)})
    for e in facts:
        told = {"triple": list(e.triple), "weight": e.log_odds, "valid_from": e.valid_from}
        changes.append({"op": "believe", **told, **_at(e.position_m)})
    return changes


def _at(position_m: Point | None) -> dict[str, list[float]]:
    return {} if position_m is None else {"position_m": list(position_m)}


def to_graphml(graph: Graph, at_ns: int | None = None, history: bool = False) -> str:
    """Return the graph as GraphML, for Gephi, yEd, Cytoscape and the like.

    GraphML has single values only: points become ``x_m``, ``y_m`` and ``z_m``, a source its four fields, and what is
    not known is left out. Arguments as in :func:`to_networkx`.
    """
    source = to_networkx(graph, at_ns, history)
    out = nx.MultiDiGraph()
    for id_, facts in source.nodes(data=True):
        out.add_node(id_, **_flat(facts))
    for subject, object_, key, facts in source.edges(keys=True, data=True):
        out.add_edge(subject, object_, key, **_flat(facts))
    return "\n".join(nx.generate_graphml(out))


def _flat(facts: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in facts.items():
        if key in ("source", "latest"):
            prefix = "" if key == "source" else "latest_"
            out |= {f"{prefix}{k}": v for k, v in zip(("robot", "episode", "step", "stamp_ns"), value, strict=True)}
        elif key == "position_m" and value is not None:
            out |= {k: float(v) for k, v in zip(("x_m", "y_m", "z_m"), value, strict=True)}
        elif isinstance(value, (str, int, float)) and not (value == FOREVER and key in _TIMES):
            out[key] = value
    return out


def _attributes(e: Edge) -> dict[str, Any]:
    return {
        "relation": e.relation,
        "serial": e.serial,
        **{name: getattr(e, name) for name in _TIMES},
        "log_odds": e.log_odds,
        "confidence": round(e.confidence(e.last_ns), 6),
        "seen": e.seen,
        "missed": e.missed,
        "touched": e.touched,
        "position_m": e.position_m,
        "source": _row(e.source),
        "latest": _row(e.latest),
        "sights": [_row(s) for s in e.sights],
    }


def _edge(subject: str, object_: str, facts: Mapping[str, Any]) -> Edge:
    return Edge(
        facts["serial"],
        subject,
        facts["relation"],
        object_,
        facts["valid_from"],
        facts["valid_to"],
        facts["known_from"],
        facts["known_to"],
        Source(*facts["source"]),
        Source(*facts.get("latest", facts["source"])),
        facts["log_odds"],
        facts["seen"],
        facts["missed"],
        facts["last_ns"],
        facts["touched"],
        _point(facts["position_m"]),
        tuple(Source(*row) for row in facts.get("sights", ())),
    )


def _row(source: Source) -> list[str | int]:
    return [source.robot, source.episode, source.step, source.stamp_ns]


def _point(values: Any) -> Point | None:
    return None if values is None else (float(values[0]), float(values[1]), float(values[2]))
