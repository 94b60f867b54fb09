"""What the stores of a memory hold, as JSON data for a page."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.memory.contract import Json, Source
from engram.memory.graph.model import FOREVER, Edge, NodeKind, probability
from engram.memory.graph.neighbourhood import NeighbourhoodConfig, Ranked, retrieve
from engram.memory.graph.store import GraphStore
from engram.memory.longterm import LongTermStore
from engram.memory.notebook import Note, Notebook
from engram.memory.objects import ObjectStore
from engram.memory.spatial.octree import KNOWN
from engram.memory.spatial.store import SpatialStore
from engram.memory.temporal import TemporalStore
from engram.memory.topology import TopologyStore

_MOST_NOTES = 200  # of each store, the newest
_MOST_STEPS = 40  # of an attempt
_MOST_HISTORY = 8  # former facts about a node
_CELLS = 4_000_000  # of a slice; a wider map is drawn coarser
_FAR_M = 1000.0  # a slice reaches so far about the origin


def objects(store: ObjectStore, now_ns: int) -> list[dict[str, Any]]:
    """Return all things, the latest seen first; ``confidence`` is that they are what and where it says."""
    things = sorted(store.things.values(), key=lambda t: (-t.last.stamp_ns, t.id))
    rows = store.columns.rows([t.id for t in things])
    sure = store.columns.certainty(rows, now_ns, store.config.half_life_secs)
    return [
        {
            "id": t.id,
            "label": t.label,
            "state": store.state(t),
            "support": t.support,
            "centre_m": t.centre_m,
            "extent_m": t.extent_m,
            "confidence": round(float(p), 4),
            "views": t.views,
            "misses": t.misses,
            "became": t.became,
            "first_step": t.first.step,
            "last_step": t.last.step,
            "last_ns": t.last.stamp_ns,
            "past": [_moment(m.source, m.state, m.support, m.centre_m) for m in t.past[-_MOST_HISTORY:]],
        }
        for t, p in zip(things, sure, strict=True)
    ]


def topology(store: TopologyStore) -> dict[str, Any]:
    """Return places, landmarks and ways; each pair of places once, with the chance to pass of its better direction."""
    ways: dict[tuple[str, str], dict[str, Any]] = {}
    for (tail, head), way in sorted(store.ways.items()):
        pair = (min(tail, head), max(tail, head))
        known = ways.setdefault(pair, {"from": tail, "to": head, "metres": way.metres, "success": 0.0})
        known["success"] = max(known["success"], round(way.success, 3))
    spots = [
        {
            "id": s.id,
            "landmark": s.landmark,
            "label": s.label,
            "room": s.room,
            "position_m": s.position_m,
            "visits": s.visits,
        }
        for s in store.spots.values()
    ]
    return {"here": store.here, "spots": spots, "ways": list(ways.values())}


def temporal(store: TemporalStore) -> list[dict[str, Any]]:
    """Return the list of what was done just now, oldest first."""
    return [{"text": e.text, "first_step": e.first.step, "last_step": e.last.step} for e in store.entries]


def notes(store: LongTermStore, now_ns: int) -> list[dict[str, Any]]:
    """Return the attempts or lessons of a long-term store, newest first."""
    newest = sorted(store.notebook.notes, key=lambda n: (-n.source.stamp_ns, n.id))[:_MOST_NOTES]
    return [_note(store.notebook, note, now_ns) for note in newest]


def graph(store: GraphStore, node: str, hops: int, budget: int) -> dict[str, Any]:
    """Return the facts around a node that matter most, its former facts, and the names of all nodes.

    Without a node, or with one that is not known, it is the robot, or what the latest evidence was about.
    """
    known = store.graph
    now_ns = known.clock_ns
    node = node if node in known.nodes else _foremost(store)
    found = retrieve(known, {node: 1.0}, now_ns, NeighbourhoodConfig(hops=hops, edges=budget)) if node else []
    ends = dict.fromkeys([node] if node else [])
    for ranked in found:
        ends |= dict.fromkeys((ranked.edge.subject, ranked.edge.object))
    past = [e for e in known.history(node) if e.valid_to != FOREVER or e.known_to != FOREVER] if node else []
    past.sort(key=lambda e: -e.serial)
    claims = [[*triple, round(probability(s.weight), 3)] for triple, s in sorted(store.knowledge.suspects.items())]
    return {
        "node": node,
        "nodes": [{"id": i, "kind": known.nodes[i].kind.value, "name": known.nodes[i].name} for i in ends],
        "edges": [_fact(r, now_ns) for r in found],
        "names": {i: known.nodes[i].name for i in ends if known.nodes[i].kind is NodeKind.ACTION},
        "past": [_past(e) for e in past[:_MOST_HISTORY]],
        "suspects": claims[:_MOST_NOTES],
        "all": sorted(known.nodes),
        "facts": len(known),
    }


def slice_of(store: SpatialStore, low_m: float, high_m: float) -> dict[str, Any]:
    """Return the map between two heights as seen from above.

    ``cells`` is base64 of one byte a cell, row by row from the least y, each row from the least x: 0 unknown, 1 free,
    and 2 to 255 occupied, by the height of the highest voxel between ``low_m`` and ``high_m``.
    """
    found = store.octree.box((-_FAR_M, -_FAR_M, low_m), (_FAR_M, _FAR_M, high_m), wanted=KNOWN)
    cells, odds, edge = found.cells, found.log_odds, found.edge_m
    if not len(cells):
        return {"edge_m": edge, "low": [0, 0], "size": [0, 0], "cells": "", "voxels": 0}
    low = cells[:, :2].min(axis=0)
    size = cells[:, :2].max(axis=0) - low + 1
    coarser = 1
    while int(size[0] // coarser) * int(size[1] // coarser) > _CELLS:
        coarser *= 2
    at = (cells[:, :2] - low) // coarser
    width, depth = ((size - 1) // coarser + 1).tolist()
    picture = _from_above(at, np.asarray(cells[:, 2] * edge, np.float64), odds >= 0.0, (width, depth), (low_m, high_m))
    return {
        "edge_m": edge * coarser,
        "low": [float(low[0] * edge), float(low[1] * edge)],
        "size": [width, depth],
        "cells": base64.b64encode(picture.tobytes()).decode(),
        "voxels": len(found),
    }


def _from_above(
    at: NDArray[np.int64],
    z_m: NDArray[np.float64],
    occupied: NDArray[np.bool_],
    size: tuple[int, int],
    band_m: tuple[float, float],
) -> NDArray[np.uint8]:
    """Return (depth * width,) bytes of cells at (N, 2) columns."""
    width, depth = size
    index = at[:, 1] * width + at[:, 0]
    picture = np.zeros(width * depth, np.uint8)
    picture[index] = 1
    share = np.clip((z_m - band_m[0]) / max(band_m[1] - band_m[0], 1e-6), 0.0, 1.0)
    height = (2 + np.round(253 * share)).astype(np.uint8)
    np.maximum.at(picture, index[occupied], height[occupied])
    return picture


def _moment(source: Source, state: str, support: str, centre_m: Any) -> dict[str, Any]:
    return {"step": source.step, "stamp_ns": source.stamp_ns, "state": state, "support": support, "centre_m": centre_m}


def _note(book: Notebook, note: Note, now_ns: int) -> dict[str, Any]:
    data: Json = note.data
    return {
        "id": note.id,
        "kind": note.kind,
        "text": note.text,
        "state": note.state,
        "version": note.version,
        "support": note.support,
        "against": note.against,
        "belief": round(note.belief, 3),
        "retention": round(book.retention(note, now_ns), 3),
        "step": note.source.step,
        "episode": note.source.episode,
        "links": len(note.links),
        "history": list(note.history[-3:]),
        "steps": [list(step) for step in data.get("steps", ())[-_MOST_STEPS:]],
    }


def _foremost(store: GraphStore) -> str:
    graph = store.graph
    named = (i for i, node in graph.nodes.items() if node.kind is NodeKind.ROBOT)
    robots = sorted(i for i in named if graph.successors(i) or graph.predecessors(i))
    latest = max(graph.current(), key=lambda e: e.touched, default=None)
    return robots[0] if robots else latest.subject if latest else ""


def _fact(ranked: Ranked, now_ns: int) -> dict[str, Any]:
    e = ranked.edge
    return {
        "id": e.id,
        "subject": e.subject,
        "relation": e.relation,
        "object": e.object,
        "score": round(ranked.score, 4),
        "confidence": round(e.confidence(now_ns), 3),
        "seen": e.seen,
        "missed": e.missed,
        "step": e.source.step,
        "last_step": e.latest.step,
    }


def _past(e: Edge) -> dict[str, Any]:
    ended = "ended" if e.known_to == FOREVER else "given up"
    return {
        "subject": e.subject,
        "relation": e.relation,
        "object": e.object,
        "how": ended,
        "from_ns": e.valid_from,
        "to_ns": None if e.valid_to == FOREVER else e.valid_to,
        "step": e.source.step,
    }
