"""The graph as plain data: JSON for what is text, one array a column of the edges."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.memory.contract import Point, Source
from engram.memory.graph.graph import Graph
from engram.memory.graph.model import Edge, make_node

_LONGS = ("serial", "valid_from", "valid_to", "known_from", "known_to", "seen", "missed", "last_ns", "touched")


def graph_state(graph: Graph) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return (meta, arrays) of a graph; equal graphs give equal data."""
    edges = sorted(graph.versions(), key=lambda e: e.serial)
    nodes = [graph.nodes[id_] for id_ in sorted(graph.nodes)]
    number = {node.id: i for i, node in enumerate(nodes)}
    sights = [s for e in edges for s in (e.source, e.latest, *e.sights)]
    sources = _numbered([*(n.source for n in nodes), *sights])
    relations = {name: i for i, name in enumerate(sorted({e.relation for e in edges}))}
    meta = {
        "clock_ns": graph.clock_ns,
        "serial": graph.serial,
        "touches": graph.touches,
        "sources": [[s.robot, s.episode, s.step, s.stamp_ns] for s in sources],
        "relations": list(relations),
        "nodes": [[n.id, n.kind.value, n.name, sources[n.source], n.position_m] for n in nodes],
    }
    longs = attrgetter(*_LONGS)
    arrays: dict[str, NDArray[Any]] = {
        "edge_longs": np.array([longs(e) for e in edges], np.int64).reshape(-1, len(_LONGS))
    }
    arrays["edge_log_odds"] = np.array([e.log_odds for e in edges], np.float64)
    arrays["edge_position_m"] = np.array([e.position_m or (np.nan,) * 3 for e in edges], np.float64).reshape(-1, 3)
    ends = [(number[e.subject], relations[e.relation], number[e.object]) for e in edges]
    arrays["edge_triple"] = np.array(ends, np.int32).reshape(-1, 3)
    seen = [(sources[e.source], sources[e.latest]) for e in edges]
    arrays["edge_sources"] = np.array(seen, np.int32).reshape(-1, 2)
    between = [(row, sources[s]) for row, e in enumerate(edges) for s in e.sights]
    arrays["edge_sights"] = np.array(between, np.int32).reshape(-1, 2)
    return meta, arrays


def graph_of(meta: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Graph:
    """Build the graph that :func:`graph_state` described."""
    graph = Graph()
    sources = [Source(*row) for row in meta["sources"]]
    for id_, kind, name, source, position in meta["nodes"]:
        graph.put_node(make_node(id_, kind, name, sources[source], _point(position)))
    ids = [row[0] for row in meta["nodes"]]
    relations = meta["relations"]
    columns = (arrays["edge_" + name].tolist() for name in ("triple", "sources", "longs", "log_odds", "position_m"))
    edges = []
    for (s, r, o), (first, last), longs, log_odds, at in zip(*columns, strict=True):
        serial, a, b, c, d, seen, missed, last_ns, touched = longs
        place = None if at[0] != at[0] else (at[0], at[1], at[2])
        counts = (seen, missed, last_ns, touched)
        triple, came = (ids[s], relations[r], ids[o]), (sources[first], sources[last])
        edges.append(Edge(serial, *triple, a, b, c, d, *came, log_odds, *counts, place))
    for row, number in arrays.get("edge_sights", np.empty((0, 2), np.int32)).tolist():  # earlier states have none
        edges[row].sights += (sources[number],)
    graph.restore(edges)
    graph.clock_ns, graph.serial, graph.touches = meta["clock_ns"], meta["serial"], meta["touches"]
    return graph


def _numbered(sources: list[Source]) -> dict[Source, int]:
    ordered = sorted(set(sources), key=lambda s: (s.robot, s.episode, s.step, s.stamp_ns))
    return {source: i for i, source in enumerate(ordered)}


def _point(values: Any) -> Point | None:
    return None if values is None else (float(values[0]), float(values[1]), float(values[2]))
