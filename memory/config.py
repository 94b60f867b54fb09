"""The settings of a whole memory in one place: of each store, and of the embedder that they share.

Every mechanism can be switched off here: by a file, say, with ``{"semantic": {"consolidation": {"enabled": false}}}``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import yaml

from engram.memory.contract import HippocampusError
from engram.memory.episodic import EpisodicConfig
from engram.memory.graph.store import GraphConfig
from engram.memory.objects import ObjectConfig
from engram.memory.semantic import SemanticConfig
from engram.memory.spatial.store import SpatialConfig
from engram.memory.stores import HASHED
from engram.memory.temporal import TemporalConfig
from engram.memory.topology import TopologyConfig
from engram.perception.text import TextConfig

T = TypeVar("T")


class ConfigError(HippocampusError):
    """Raised for settings that there are not; the message names the place and what may stand there."""


@dataclass(frozen=True)
class MemoryConfig:
    """Settings of all stores, by their names."""

    text: TextConfig = HASHED
    """Embedder of all stores that find what they keep by meaning. A memory that another one wrote can be opened: its
    vectors are then made anew from its texts, which takes the embedder's time for each of them."""
    objects: ObjectConfig = field(default_factory=ObjectConfig)
    graph: GraphConfig = field(default_factory=GraphConfig)
    topology: TopologyConfig = field(default_factory=TopologyConfig)
    spatial: SpatialConfig = field(default_factory=SpatialConfig)
    temporal: TemporalConfig = field(default_factory=TemporalConfig)
    episodic: EpisodicConfig = field(default_factory=EpisodicConfig)
    semantic: SemanticConfig = field(default_factory=SemanticConfig)


def read_config(path: Path) -> MemoryConfig:
    """Read settings from a JSON or YAML file; what it does not name stays as it is by default.

    Raises:
        ConfigError: the file is not there or not readable as one, or a setting is unknown or of another type.

    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))  # JSON is YAML
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"the memory settings {str(path)!r} cannot be read: {error}") from error
    return changed(MemoryConfig(), found or {}, str(path))


def changed(default: T, changes: Any, where: str = "memory") -> T:
    """Return a configuration with the settings of a nested mapping changed.

    Raises:
        ConfigError: a setting is unknown, or its value is of another type or out of range.

    """
    if not isinstance(changes, Mapping):
        raise ConfigError(f"{where}: expected settings by name, not {json.dumps(changes, default=str)}")
    old = {f.name: getattr(default, f.name) for f in fields(default)}  # type: ignore[arg-type]
    for name in changes:
        if name not in old:
            near = get_close_matches(str(name), old, n=1) or list(old)
            raise ConfigError(f"{where}: there is no setting {name!r}; did you mean {' or '.join(near)}?")
    hints = get_type_hints(type(default))
    new = {name: _value(old[name], value, hints[name], f"{where}: {name}") for name, value in changes.items()}
    try:
        return type(default)(**{**old, **new})
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error


def _value(old: Any, value: Any, hint: Any, where: str) -> Any:
    """Return a value in the type that the setting has."""
    if is_dataclass(old):
        return changed(old, value, where)
    if isinstance(old, (tuple, frozenset)) and isinstance(value, list):
        return type(old)(value)
    if isinstance(old, Mapping) and isinstance(value, Mapping):
        return {**old, **value}
    kinds = (int, float) if isinstance(old, float) or "float" in str(hint) else type(old)
    if not isinstance(value, kinds) or isinstance(value, bool) != isinstance(old, bool):
        raise ConfigError(f"{where}: expected {hint if old is None else type(old).__name__}, not {value!r}")
    return value
