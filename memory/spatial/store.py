"""The spatial map as a store of the hippocampus.

A frame is one event: the distinct end cells of its rays, a few bytes a hundred cells, and the boxes of the things in
view, whose occupied voxels take their labels, and a token: the number of the step that saw them so, by which the map
leads to what the other stores remember of it. The map is of the present: it answers nothing about the past.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from engram.memory.contract import Event, Hit, Percepts, Point, Query, Seen, Source
from engram.memory.packing import pack, unpack
from engram.memory.spatial.blocks import CELLS
from engram.memory.spatial.coding import decode_scan, encode_scan
from engram.memory.spatial.errors import SpatialError
from engram.memory.spatial.morton import decode
from engram.memory.spatial.octree import Octree, Voxels
from engram.memory.spatial.payload import NO_TOKEN, Payload
from engram.memory.spatial.scan import quantise
from engram.perception.words import words

_STEPS = 4096
_TOUCHING = 1.75  # between centres of cells that share a corner


@dataclass(frozen=True)
class SpatialConfig:
    """Geometry of the map."""

    resolution_m: float = 0.05
    """Edge of a voxel."""
    max_range_m: float = 8.0
    """Depth beyond this carves free space only."""
    within_m: float = 1.0
    """Radius of a question that names a place but none."""
    group_level: int = 2
    """Voxels of a label are one answer where their parents so many levels up touch."""


class SpatialStore:
    """The octree of a memory file."""

    def __init__(self, config: SpatialConfig | None = None, name: str = "spatial") -> None:
        """Start with an empty map."""
        self.name = name
        self.config = config or SpatialConfig()
        self.octree = Octree(self.config.resolution_m)
        self._seen: dict[str, Source] = {}  # by label, when it was last given; "" is the last frame
        self._steps: list[Source] = []  # by token
        self._full = _STEPS  # from this many on, those that no voxel has are dropped

    def propose(self, percepts: Percepts) -> Sequence[Event]:
        """Return one event for a step with depth or things in view.

        Raises:
            OutOfBoundsError, ScanTooWideError: the points do not fit into a map.

        """
        data: dict[str, Any] = {}
        if percepts.points is not None and percepts.camera_m is not None:
            c = self.config
            data["scan"] = encode_scan(quantise(percepts.points, percepts.camera_m, c.resolution_m, c.max_range_m))
        things = [self._thing_data(thing) for thing in percepts.things if not thing.held and thing.score > 0]
        if things:
            data["things"] = things
        return [self._event("frame", percepts.source, data)] if data else []

    def apply(self, event: Event) -> None:
        """Integrate a frame.

        Raises:
            SpatialError: the event is of a map of another resolution, or of an unknown kind.

        """
        data = event.data
        if data.get("resolution_m") != self.config.resolution_m:
            raise SpatialError(
                f"event {event.kind!r} is of a map with {data.get('resolution_m')} m voxels, this one has"
                f" {self.config.resolution_m} m; set resolution_m to that of the memory file"
            )
        if event.kind == "frame":
            if "scan" in data:
                self.octree.integrate(decode_scan(data["scan"]))
            for thing in data.get("things", ()):
                self._label(thing, event.source)
            self._seen[""] = event.source
            if len(self._steps) >= self._full:
                self._steps, self.octree.payload.tokens = self._numbered()
                self._full = max(_STEPS, 2 * len(self._steps))
        else:
            raise SpatialError(f"unknown event {event.kind!r}; upgrade engram")

    def recall(self, query: Query) -> Sequence[Hit]:
        """Return groups of occupied voxels: those near a place, or those whose label the text names.

        Near a place all labels answer, and those that the text names come first; unlabelled matter answers as well.
        """
        last = self._seen.get("")
        if last is None or (query.at_ns is not None and query.at_ns < last.stamp_ns) or query.limit < 1:
            return []
        payload, asked = self.octree.payload, set(words(query.text))
        named = [n for n, label in enumerate(payload.names) if _parts(label) and _parts(label) <= asked]
        found = self._candidates(query, named)
        labels, beliefs = payload.best(found.keys)
        hits: list[Hit] = []
        for number in np.unique(labels).tolist():
            if number in named or query.near_m is not None:
                label = payload.names[number] if number >= 0 else ""
                rows = np.flatnonzero(labels == number)
                members = _touching(found.keys[rows], self.config.group_level)
                groups = [rows[members == group] for group in range(int(members.max()) + 1)]
                weight = 1.0 if number in named else 0.3
                hits += [self._hit(label, weight, found.chosen(g), beliefs[g], query.near_m) for g in groups]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[: query.limit]

    def dump(self) -> bytes:
        """Return the state: blocks in the order of their keys, compressed, and the payload rows."""
        blocks, payload = self.octree.blocks, self.octree.payload
        order = blocks.order()
        values = zlib.compress(blocks.values[order].astype("<f4").tobytes(), 1)
        seen = {label: list(astuple(source)) for label, source in self._seen.items()}
        steps, tokens = self._numbered()
        meta = {"resolution_m": self.config.resolution_m, "labels": payload.names, "seen": seen}
        meta["steps"] = [list(astuple(source)) for source in steps]
        arrays: dict[str, NDArray[Any]] = {f"payload_{k}": v for k, v in payload.arrays().items()}
        arrays["payload_tokens"] = tokens
        arrays["blocks"] = blocks.keys[order]
        arrays["log_odds"] = np.frombuffer(values, np.uint8)
        return pack(meta, arrays)

    def load(self, state: bytes) -> None:
        """Replace the map by a dumped one.

        Raises:
            StateError: the bytes are not a dumped state.
            SpatialError: it is a map of another resolution.

        """
        meta, arrays = unpack(state)
        if meta["resolution_m"] != self.config.resolution_m:
            raise SpatialError(f"the map has {meta['resolution_m']} m voxels; set resolution_m to that")
        rows = {name.removeprefix("payload_"): a for name, a in arrays.items() if name.startswith("payload_")}
        octree = Octree(self.config.resolution_m, payload=Payload(list(meta["labels"]), **rows))
        slots = octree.blocks.add(arrays["blocks"])
        values = np.frombuffer(zlib.decompress(arrays["log_odds"].tobytes()), "<f4")
        octree.blocks.values[slots] = values.reshape(-1, CELLS)
        self.octree = octree
        self._seen = {label: Source(*row) for label, row in meta["seen"].items()}
        self._steps = [Source(*row) for row in meta.get("steps", ())]  # earlier states have none
        self._full = max(_STEPS, 2 * len(self._steps))

    def _numbered(self) -> tuple[list[Source], NDArray[np.int64]]:
        """Return the steps that voxels have as tokens, and (N,) the tokens of the voxels as numbers of those."""
        tokens = self.octree.payload.tokens
        used = np.unique(tokens[tokens >= 0])
        numbers = np.where(tokens >= 0, np.searchsorted(used, tokens), NO_TOKEN)
        return [self._steps[k] for k in used.tolist()], numbers

    def _event(self, kind: str, source: Source, data: Mapping[str, Any]) -> Event:
        return Event(self.name, kind, source, {"resolution_m": self.config.resolution_m, **data})

    def _thing_data(self, thing: Seen) -> dict[str, Any]:
        """Return label, score and the cells whose centres lie in the box; along a flat side, the middle cells."""
        edge = self.config.resolution_m
        low, high = [], []
        for centre, extent in zip(thing.centre_m, thing.extent_m, strict=True):
            first = math.ceil((centre - extent / 2) / edge - 0.5)
            last = math.floor((centre + extent / 2) / edge - 0.5)
            low.append(min(first, math.floor(centre / edge)))
            high.append(max(last, math.floor(centre / edge)))
        return {"label": thing.label, "score": thing.score, "low": low, "high": high}

    def _label(self, thing: Mapping[str, Any], source: Source) -> None:
        edge = self.config.resolution_m
        low, high = ((np.array(thing[side]) + 0.5) * edge for side in ("low", "high"))
        keys = self.octree.box(low, high).keys
        if len(keys):
            self.octree.payload.add_label(keys, thing["label"], thing["score"])
            self._seen[thing["label"]] = source
            if not self._steps or self._steps[-1] != source:
                self._steps.append(source)
            self.octree.payload.set_token(keys, len(self._steps) - 1)

    def _candidates(self, query: Query, named: Sequence[int]) -> Voxels:
        """Return the occupied voxels near the place, or else those with some belief in a named label."""
        if query.near_m is not None:
            return self.octree.radius(query.near_m, query.within_m or self.config.within_m)
        payload = self.octree.payload
        keys = payload.keys[np.isin(payload.labels, named).any(axis=1)]
        return Voxels(keys, self.octree.blocks.look_up(keys), 0, self.octree.resolution_m)

    def _hit(self, label: str, weight: float, group: Voxels, beliefs: NDArray[np.float32], near: Point | None) -> Hit:
        centres, half = group.centres_m, group.edge_m / 2
        x, y, z = (round(v, 4) for v in centres.mean(axis=0).tolist())
        gap = 0.0 if near is None else float(np.linalg.norm(centres - np.array(near), axis=1).min())
        solid = float((1.0 / (1.0 + np.exp(-group.log_odds.astype(np.float64)))).mean())
        belief = float(beliefs.mean(dtype=np.float64)) if label else 0.0
        token = int(self.octree.payload.token(group.keys).max())
        data = {
            "label": label,
            "belief": belief,
            "voxels": len(group),
            "low_m": (centres.min(axis=0) - half).tolist(),
            "high_m": (centres.max(axis=0) + half).tolist(),
        }
        text = f"{label or 'something unlabelled'}: {len(group)} voxels"
        text += "" if near is None else f", {gap:.2f} m away"
        id_ = f"{self.name}:{label}:{group.keys[0]:x}"
        score = weight / (1.0 + gap)
        source = self._steps[token] if label and token >= 0 else self._seen.get(label, self._seen[""])
        return Hit(self.name, id_, text, score, solid * (belief if label else 1.0), source, (x, y, z), data)


@lru_cache(maxsize=4096)
def _parts(label: str) -> frozenset[str]:
    """Return the words that a text must have to name a label: "the coffee tables" names CoffeeTable."""
    return frozenset(words(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label)))


def _touching(keys: NDArray[np.int64], level: int) -> NDArray[np.int64]:
    """Return the number of the group of each voxel: groups are voxels whose parents touch, corners included."""
    parents, parent_of = np.unique(keys >> 3 * level, return_inverse=True)
    cells = decode(parents << 3 * level) >> level
    pairs = cKDTree(cells).query_pairs(_TOUCHING, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(len(parents),) * 2)
    group_of: NDArray[np.int64] = connected_components(graph, directed=False)[1]
    return group_of[parent_of]
