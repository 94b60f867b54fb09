"""The topology graph for other tools: back from networkx, and as JSON, there and back."""

from __future__ import annotations

import json
from typing import Any

import networkx as nx

from engram.memory.contract import Source
from engram.memory.topology import Spot, TopologyError, TopologyStore, Way

VERSION = 1


def from_networkx(source: nx.DiGraph, into: TopologyStore | None = None) -> TopologyStore:
    """Return a store with the places and ways of a graph that :meth:`TopologyStore.to_networkx` made.

    Args:
        source: the graph.
        into: a store whose state is replaced; a new one by default.

    Raises:
        TopologyError: an attribute is missing or of the wrong kind, or a way leads nowhere.

    """
    try:
        spots = [_spot(id_, facts) for id_, facts in source.nodes(data=True)]
        ways = {
            (tail, head): Way(float(w["metres"]), float(w["bearing_rad"]), int(w["tries"]), int(w["passed"]))
            for tail, head, w in source.edges(data=True)
        }
        robot, episode = source.graph.get("episode", ("", ""))
        here = str(source.graph.get("here", ""))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise TopologyError(f"this is no topology graph of engram: {error!r} in its nodes or edges") from error
    store = into or TopologyStore()
    store.restore(spots, ways, here, (robot, episode))
    return store


def to_json(store: TopologyStore) -> str:
    """Return JSON text with sorted keys: ``{"version", "nodes": [...], "ways": [...], "here", "episode"}``."""
    graph = store.to_networkx()
    nodes = [{"id": id_, **facts} for id_, facts in graph.nodes(data=True)]
    ways = [{"from": tail, "to": head, **facts} for tail, head, facts in graph.edges(data=True)]
    data = {"version": VERSION, "nodes": nodes, "ways": ways, **graph.graph}
    return json.dumps(data, sort_keys=True, indent=1)


def from_json(text: str, into: TopologyStore | None = None) -> TopologyStore:
    """Return a store with the places and ways of :func:`to_json`.

    Raises:
        TopologyError: the text is something else, or of another version.

    """
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise TopologyError(f"topology graph of version {data['version']!r}; this engram reads {VERSION}")
        graph = nx.DiGraph(here=data["here"], episode=data["episode"])
        for node in data["nodes"]:
            graph.add_node(node["id"], **{k: v for k, v in node.items() if k != "id"})
        for way in data["ways"]:
            graph.add_edge(way["from"], way["to"], **{k: v for k, v in way.items() if k not in ("from", "to")})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TopologyError(f"this is no topology graph: {error!r}") from error
    return from_networkx(graph, into)


def _spot(id_: str, facts: dict[str, Any]) -> Spot:
    x, y, z = facts["position_m"]
    look = [float(v) for v in facts["descriptor"]]
    counts = int(facts["last_ns"]), int(facts["visits"])
    landmark = {"landmark": True, "place": False}[facts["kind"]]
    at = float(x), float(y), float(z)
    return Spot(id_, landmark, at, Source(*facts["source"]), *counts, facts["label"], facts["room"], look)
