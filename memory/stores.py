"""The stores of a robot: which there are by name. Which of them ask one another, they say themselves."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from engram.memory.contract import HippocampusError, Store
from engram.memory.errors import CorruptFileError
from engram.memory.log import UNREADABLE, Log
from engram.memory.packing import meta_of
from engram.perception import minilm
from engram.perception.text import TextConfig, TextEmbedder, TextModelError, text_embedder

if TYPE_CHECKING:
    from engram.memory.config import MemoryConfig

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
_OF_NAMES = frozenset({"objects", "graph", "topology"})  # ... and these by the meaning of names
_HASHED_NAME = re.compile(r"hashed-ngrams-(\d+)")
HASHED = TextConfig("hashed")  # needs no model, and no time to load one


def default_stores(names: Collection[str] | None = None, config: MemoryConfig | None = None) -> list[Store]:
    """Return new, empty stores: all, or those that are named.

    Args:
        names: of stores.
        config: settings; the default ones when not given.

    Raises:
        HippocampusError: a name is not known, or the embedder is not installed.

    """
    for name in names or ():
        if name not in STORES:
            near = get_close_matches(name, STORES, n=1) or list(STORES)
            raise HippocampusError(f"there is no store {name!r}; did you mean {' or '.join(near)}?")
    wanted = [name for name in STORES if names is None or name in names]
    embedder = embedder_of(config.text if config else HASHED) if (_OF_TEXT | _OF_NAMES) & set(wanted) else None
    return [_build(name, config, embedder) for name in wanted]


def embedder_of(text: TextConfig) -> TextEmbedder:
    """Return the embedder of a configuration; raises HippocampusError when it is not installed."""
    try:
        return text_embedder(text)
    except TextModelError as error:
        raise HippocampusError(str(error)) from error


def text_of(file: Log) -> TextConfig | None:
    """Return which embedder wrote a memory, from its newest snapshots; None when they tell of none that is here."""
    newest = next((s for s in reversed(file.snapshots()) if s.store in _OF_TEXT), None)
    if newest is None:
        return None
    try:
        name = str(meta_of(file.load_snapshot(newest.store, newest.seq))["embedder"])
    except (CorruptFileError, *UNREADABLE):  # `check` says what is wrong with it
        return None
    hashed = _HASHED_NAME.fullmatch(name)
    if hashed:
        return TextConfig("hashed", hashed_dims=int(hashed[1]))
    return TextConfig("minilm") if name == minilm.MiniLM.name and minilm.available() else None


def _build(name: str, config: MemoryConfig | None, embedder: TextEmbedder | None) -> Store:
    options: dict[str, Any] = {"config": getattr(config, name)} if hasattr(config, name) else {}
    if name in _OF_TEXT:
        options["embedder"] = embedder
    elif name in _OF_NAMES and embedder is not None:
        options["embed"] = embedder.embed
    module, _, kind = STORES[name].partition(":")
    store: Store = getattr(import_module(module), kind)(**options)
    return store
