"""The stores of a robot: which there are by name, and which of them ask one another."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from engram.memory.contract import HippocampusError, Store

# Imported when they are built: a store brings its numerics with it.
STORES: Mapping[str, str] = {
    "objects": "engram.memory.objects:ObjectStore",
    "graph": "engram.memory.graph.store:GraphStore",
    "topology": "engram.memory.topology:TopologyStore",
    "spatial": "engram.memory.spatial.store:SpatialStore",
    "temporal": "engram.memory.temporal:TemporalStore",
    "episodic": "engram.memory.episodic:EpisodicStore",
    "semantic": "engram.memory.semantic:SemanticStore",
}
# Who the things in view are, the graph hears from the object map; of which attempts there were, lessons are drawn.
_ASKS: Mapping[str, tuple[str, str]] = {"graph": ("objects", "associate"), "semantic": ("episodic", "attempts")}


def default_stores(names: Collection[str] | None = None) -> list[Store]:
    """Return new, empty stores: all, or those that are named; one asks another where both are there.

    Raises HippocampusError for a name that is not known.
    """
    for name in names or ():
        if name not in STORES:
            near = get_close_matches(name, STORES, n=1) or list(STORES)
            raise HippocampusError(f"there is no store {name!r}; did you mean {' or '.join(near)}?")
    built: dict[str, Store] = {}
    for name, entry in STORES.items():
        if names is None or name in names:
            asked, method = _ASKS.get(name, ("", ""))
            built[name] = _build(entry, {method: getattr(built[asked], method)} if asked in built else {})
    return list(built.values())


def _build(entry: str, options: Mapping[str, Any]) -> Store:
    module, _, name = entry.partition(":")
    store: Store = getattr(import_module(module), name)(**options)
    return store
