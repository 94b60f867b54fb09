"""What a memory knows, as files for other tools: graphs as text, the map as a file of its own kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from engram.memory.contract import HippocampusError
from engram.memory.graph.export import to_graphml, to_scene
from engram.memory.graph.store import GraphStore
from engram.memory.log import Log
from engram.memory.spatial.octomap_io import write_octomap
from engram.memory.spatial.ply import write_ply
from engram.memory.spatial.store import SpatialStore
from engram.memory.topology import TopologyStore
from engram.memory.topology_export import to_json

TextFormat = Literal["scene-graph", "graphml", "topology"]
MapFormat = Literal["ply", "bt", "ot"]
_GRAPHS: Mapping[str, Callable[..., str]] = {"scene-graph": to_scene, "graphml": to_graphml}


class FormatError(HippocampusError):
    """Raised when a file of a format cannot be written as asked."""


def as_text(file: Log, form: TextFormat, history: bool = False) -> str:
    """Return what a memory knows now, as text.

    Args:
        file: the memory.
        form: the knowledge graph as JSON scene graph or GraphML, or places and ways as JSON.
        history: of the knowledge graph, every version of every fact.

    Raises:
        FormatError: the places have no history.
        MemoryFileError: the memory is damaged.

    """
    if form == "topology":
        if history:
            raise FormatError("places and ways have no history; leave it out, or export the events as jsonl")
        places = TopologyStore()
        file.replay(places, places.dump())
        return to_json(places)
    store = GraphStore()
    file.replay(store, store.dump())
    return _GRAPHS[form](store.graph, history=history)


def write_map(file: Log, form: MapFormat, path: Path) -> None:
    """Write the octree of a memory: occupied voxels as PLY, or all that is known as OctoMap's .bt or .ot.

    Raises:
        FormatError: the name of the file does not end as the format does, or the map is empty.
        MapFileError: the format cannot hold the map.
        MemoryFileError: the memory is damaged.
        OSError: the file cannot be written.

    """
    if path.suffix != f".{form}":
        raise FormatError(f"{path}: files of format {form} end in .{form}; rename it")
    store = SpatialStore()
    file.replay(store, store.dump())
    if form == "ply":
        write_ply(store.octree, path)
    else:
        write_octomap(store.octree, path)
