"""Options of protocols: frozen dataclasses, nested, filled from plain values and checked.

A field whose metadata has ``given`` cannot be set; the metadata says by what it is given.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from engram.evaluation.contract import EvaluationError
from engram.evaluation.document import nearest

T = TypeVar("T")
Key = tuple[str, ...]


class OptionError(EvaluationError):
    """Raised for an option that is not known or has a value that does not fit; ``key`` says which."""

    def __init__(self, key: Key, text: str) -> None:
        super().__init__(text)
        self.key = key


def build(kind: type[T], values: Mapping[str, Any], at: Key = ()) -> T:
    """Return a dataclass with the given values; what is not given keeps its default.

    Raises:
        OptionError: a name is not known or a value does not fit.

    """
    fields, hints = _fields(kind), typing.get_type_hints(kind)
    made = {}
    for name, value in values.items():
        key = (*at, str(name))
        if name not in fields:
            raise OptionError(key, f"no option {'.'.join(key)!r}; {nearest('.'.join(key), _names_near(kind, at))}")
        if "given" in fields[name].metadata:
            raise OptionError(key, f"{'.'.join(key)} cannot be set: {fields[name].metadata['given']}")
        made[name] = _fit(hints[name], value, key)
    try:
        return kind(**made)
    except (ValueError, TypeError) as error:
        raise OptionError(at, f"{'.'.join(at)}: {error}" if at else str(error)) from error


def plain(options: Any) -> dict[str, Any]:
    """Return all values of a dataclass as JSON has them, without those that cannot be set."""
    result = {}
    for name, f in _fields(type(options)).items():
        if "given" not in f.metadata:
            result[name] = _plain(getattr(options, name))
    return result


def names(kind: type[Any]) -> Iterator[str]:
    """Yield the dotted names of all options that can be set."""
    hints = typing.get_type_hints(kind)
    for name, f in _fields(kind).items():
        if "given" in f.metadata:
            continue
        if dataclasses.is_dataclass(hints[name]):
            yield from (f"{name}.{inner}" for inner in names(typing.cast(type[Any], hints[name])))
        else:
            yield name


def merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested values with changes under dotted names."""
    result: dict[str, Any] = {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}
    for name, value in changes.items():
        head, _, rest = str(name).partition(".")
        if rest:
            inner = result.get(head, {})
            result[head] = merged(inner if isinstance(inner, Mapping) else {}, {rest: value})
        elif isinstance(value, Mapping) and isinstance(result.get(head), Mapping):
            result[head] = merged(result[head], value)
        else:
            result[head] = value
    return result


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values under dotted names."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result.update(flat(value, f"{prefix}{name}."))
        else:
            result[f"{prefix}{name}"] = value
    return result


def _fields(kind: type[Any]) -> dict[str, dataclasses.Field[Any]]:
    return {f.name: f for f in dataclasses.fields(kind)}


def _names_near(kind: type[Any], at: Key) -> list[str]:
    found = list(names(kind))
    groups = {name.partition(".")[0] for name in found}
    return [".".join((*at, name)) for name in (*found, *groups)]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return plain(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, Path) else value


def _fit(hint: Any, value: Any, key: Key) -> Any:
    """Return the value as the type has it."""
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise OptionError(key, f"{'.'.join(key)} must be a group of options, not {value!r}")
        return build(typing.cast(type[Any], hint), value, key)
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _fit_any(inner, value, key)
    if origin is Literal:
        if value in inner and type(value) in {type(v) for v in inner}:
            return value
        raise OptionError(key, f"{'.'.join(key)} cannot be {value!r}; {nearest(value, map(str, inner))}")
    if origin in (tuple, frozenset) and isinstance(value, (list, tuple)):
        return origin(_fit(inner[0], v, key) for v in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint in (bool, int, float, str) and type(value) is hint:
        return value
    raise OptionError(key, f"{'.'.join(key)} must be {_called(hint)}, not {value!r}")


def _fit_any(kinds: tuple[Any, ...], value: Any, key: Key) -> Any:
    if value is None and type(None) in kinds:
        return None
    rest = [k for k in kinds if k is not type(None)]
    for kind in rest[:-1]:
        try:
            return _fit(kind, value, key)
        except OptionError:
            continue
    return _fit(rest[-1], value, key)


def _called(hint: Any) -> str:
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text", Path: "a path"}
    return words.get(hint, "a list" if typing.get_origin(hint) in (tuple, frozenset) else str(hint))
