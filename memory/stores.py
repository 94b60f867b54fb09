"""The stores of a robot: which there are by name. Which of them ask one another, they say themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from engram.memory.contract import HippocampusError, Store
from engram.perception.text import TextConfig, TextEmbedder, TextModelError, text_embedder

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
_OF_TEXT = frozenset({"episodic", "semantic"})  # these find what they keep by its words and their meaning
HASHED = TextConfig("hashed")  # needs no model, and no time to load one


def default_stores(names: Collection[str] | None = None, text: TextConfig = HASHED) -> list[Store]:
    """Return new, empty stores: all, or those that are named.

    Args:
        names: of stores.
        text: which embedder the stores of text share. A memory that another one wrote can be opened: its vectors are
            then made anew from its texts, which takes the embedder's time for each of them.

    Raises:
        HippocampusError: a name is not known, or the embedder is not installed.

    """
    for name in names or ():
        if name not in STORES:
            near = get_close_matches(name, STORES, n=1) or list(STORES)
            raise HippocampusError(f"there is no store {name!r}; did you mean {' or '.join(near)}?")
    wanted = [name for name in STORES if names is None or name in names]
    shared = {"embedder": _embedder(text)} if _OF_TEXT & set(wanted) else {}
    return [_build(STORES[name], shared if name in _OF_TEXT else {}) for name in wanted]


def _embedder(text: TextConfig) -> TextEmbedder:
    try:
        return text_embedder(text)
    except TextModelError as error:
        raise HippocampusError(str(error)) from error


def _build(entry: str, options: Mapping[str, Any]) -> Store:
    module, _, name = entry.partition(":")
    store: Store = getattr(import_module(module), name)(**options)
    return store
