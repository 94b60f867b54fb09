"""The stores of a robot: which there are, by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec

from engram.memory.contract import HippocampusError, Store

# Imported when they are built: a store brings its numerics with it.
STORES: Mapping[str, str] = {
    "spatial": "engram.memory.spatial.store:SpatialStore",
    "topology": "engram.memory.topology:TopologyStore",
    "objects": "engram.memory.objects:ObjectStore",
    "graph": "engram.memory.graph.store:GraphStore",
    "temporal": "engram.memory.temporal:TemporalStore",
    "episodic": "engram.memory.episodic:EpisodicStore",
    "semantic": "engram.memory.semantic:SemanticStore",
}


def default_stores(names: Collection[str] | None = None) -> list[Store]:
    """Return new, empty stores: all that this installation has, or those that are named.

    Raises HippocampusError for a name that is not known.
    """
    for name in names or ():
        if name not in STORES:
            near = get_close_matches(name, STORES, n=1) or list(STORES)
            raise HippocampusError(f"there is no store {name!r}; did you mean {' or '.join(near)}?")
    wanted = [n for n in STORES if names is None or n in names]
    return [_build(STORES[name]) for name in wanted if _is_there(STORES[name])]


def _is_there(entry: str) -> bool:
    parent, _, _ = entry.partition(":")[0].rpartition(".")
    return find_spec(parent) is not None and find_spec(entry.partition(":")[0]) is not None


def _build(entry: str) -> Store:
    module, _, name = entry.partition(":")
    store: Store = getattr(import_module(module), name)()
    return store
