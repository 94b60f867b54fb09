"""The stores of a robot: which there are, by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from importlib import import_module

from engram.memory.contract import HippocampusError, Store

# Imported when they are built: a store brings its numerics with it.
STORES: Mapping[str, str] = {
    "graph": "engram.memory.graph.store:GraphStore",
}


def default_stores(names: Collection[str] | None = None) -> list[Store]:
    """Return new, empty stores: all, or those that are named.

    Raises HippocampusError for a name that is not known.
    """
    for name in names or ():
        if name not in STORES:
            near = get_close_matches(name, STORES, n=1) or list(STORES)
            raise HippocampusError(f"there is no store {name!r}; did you mean {' or '.join(near)}?")
    return [_build(entry) for name, entry in STORES.items() if names is None or name in names]


def _build(entry: str) -> Store:
    module, _, name = entry.partition(":")
    store: Store = getattr(import_module(module), name)()
    return store
