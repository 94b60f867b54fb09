"""YAML and JSON files that know on which line each value stands, so that errors can say it."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import yaml

from engram.evaluation.contract import EvaluationError

Path = tuple[Hashable, ...]  # keys and indices from the top of a document


class DocumentError(EvaluationError):
    """Raised for a file that cannot be used; the message begins with file and line."""


@dataclass(frozen=True)
class Document:
    """Content of a file and the line of each value, by its path."""

    name: str
    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def error(self, path: Path, text: str) -> DocumentError:
        """Return an error about the value at ``path``, or about the nearest thing around it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        line = self.lines.get(path)
        return DocumentError(f"{self.name}:{line}: {text}" if line else f"{self.name}: {text}")


class _Loader(yaml.SafeLoader):
    """YAML of the JSON kind: ``on``, ``no`` and ``7:10`` are text and not truth values or base 60."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's declaration


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", "n~"),
    ("int", r"[-+]?(0|[1-9][0-9_]*)", "-+0123456789"),
    ("float", r"[-+]?([0-9][0-9_]*)?\.?[0-9]+([eE][-+]?[0-9]+)?|[-+]?[0-9]+\.", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^$"), [""])


def parse(text: str, name: str) -> Document:
    """Read a document.

    Raises:
        DocumentError: it is no YAML, or a key stands in it twice.

    """
    try:
        loader = _Loader(text)
    except yaml.YAMLError as error:  # characters that no text has
        raise DocumentError(f"{name}: {error}") from error
    try:
        node = loader.get_single_node()
        lines: dict[Path, int] = {}
        if node is not None:
            _locate(node, (), name, lines)
        value = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise DocumentError(f"{where}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise DocumentError(f"{name}: {error}") from error
    finally:
        loader.dispose()
    return Document(name, value, lines)


def scalar(text: str) -> Any:
    """Return the value that a word of a command line stands for."""
    return parse(text, "value").value


def nearest(name: object, known: Iterable[str]) -> str:
    """Hint at what may have been meant."""
    names = sorted(known)
    tails = {n.rpartition(".")[2]: n for n in names}
    near = get_close_matches(str(name), names, n=1, cutoff=0.5) or [
        tails[t] for t in get_close_matches(str(name).rpartition(".")[2], list(tails), n=1)
    ]
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"


def _locate(node: yaml.Node, path: Path, name: str, lines: dict[Path, int]) -> None:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for k, item in enumerate(node.value):
            _locate(item, (*path, k), name, lines)
    elif isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            here = (*path, key.value)
            if here in lines:
                line = key.start_mark.line + 1
                raise DocumentError(f"{name}:{line}: {key.value!r} already stands on line {lines[here]}")
            _locate(item, here, name, lines)
            lines[here] = key.start_mark.line + 1
