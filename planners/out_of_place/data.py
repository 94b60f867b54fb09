"""What the learned parts of out-of-place detection are trained on: one example is one track at one moment."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = 1


class ExamplesError(ValueError):
    """Raised for a file of examples that cannot be used; the message names the file and what to do."""


@dataclass(frozen=True)
class Example:
    """A track as the robot has it, and the truth about it."""

    house: int  # seed
    category: str  # true one
    sentences: tuple[str, ...]  # relations of the track
    oracle: tuple[str, ...]  # the same, told from true boxes of everything
    table: float | None  # belief by counts that it is out of place; None where nothing is known to hold it
    judged: tuple[float, ...]  # the detector's own belief in each view, when it gives one
    features: tuple[tuple[float, ...], ...]  # (V, F) appearance in the last views, when the detector gives it
    displaced: bool  # a mess moved it
    implausible: bool  # no row of the placement table has it where it is


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """Write a file at once: it is there whole or not at all."""
    lines = [json.dumps({"version": VERSION}), *(json.dumps(asdict(e), separators=(",", ":")) for e in examples)]
    unfinished = path.with_suffix(".part")
    unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
    unfinished.replace(path)


def read_examples(path: Path) -> list[Example]:
    """Read a file that :func:`write_examples` wrote; raise :class:`ExamplesError` for any other."""
    try:
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        if json.loads(head) != {"version": VERSION}:
            raise ExamplesError(f"{path}: not examples of version {VERSION}; delete it, and it is made again")
        return [_example(json.loads(line)) for line in lines]
    except (ValueError, TypeError, KeyError) as error:
        if isinstance(error, ExamplesError):
            raise
        raise ExamplesError(f"{path}: broken ({error}); delete it, and it is made again") from error


def appearance(example: Example) -> NDArray[np.float32] | None:
    """(V, F) appearance of an example, or ``None``."""
    return np.asarray(example.features, np.float32) if example.features else None


def with_oracle(example: Example) -> Example:
    """Return the example with relations told from true boxes."""
    return replace(example, sentences=example.oracle)


def _example(values: dict[str, Any]) -> Example:
    return Example(
        **{
            **values,
            "sentences": tuple(values["sentences"]),
            "oracle": tuple(values["oracle"]),
            "judged": tuple(values["judged"]),
            "features": tuple(tuple(row) for row in values["features"]),
        }
    )
