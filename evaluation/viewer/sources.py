"""What there is to see: the memory file of a run, its log of steps, and its trace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engram.evaluation.contract import EvaluationError

_SQLITE = b"SQLite format 3\x00"
_MOST_BYTES = 64_000_000  # of a log of steps


class ViewError(EvaluationError):
    """Raised when there is nothing to see, or it cannot be shown here; the message says what to do."""


@dataclass(frozen=True)
class Source:
    """Files of one run; at least one of memory and trace is there."""

    memory: str | None = None  # path, or URL of a memory server
    trace: Path | None = None
    steps: Path | None = None  # steps.jsonl of a run


def find_source(place: str, memory: str | None = None) -> Source:
    """Return what a memory file, the URL of a memory, a trace, or the folder of a run stands for.

    Args:
        place: the file, folder or URL.
        memory: the memory that belongs to it, where it lies elsewhere.

    Raises:
        ViewError: there is nothing of the kind.

    """
    if "://" in place:
        return Source(place)
    path = Path(place)
    if path.is_dir():
        return _of_folder(path, memory)
    if not path.is_file():
        raise ViewError(f"{place}: there is no such file or folder; name a memory file, a trace or the folder of a run")
    if path.suffix == ".mcap":
        return Source(memory, path)
    if not _is_memory(path):
        raise ViewError(f"{place} is no memory file and no trace (.mcap)")
    steps = path.parent / "steps.jsonl"
    return Source(memory or place, None, steps if steps.is_file() else None)


def read_steps(path: Path | None) -> dict[int, Mapping[str, Any]]:
    """Return the lines of a log of steps by step; a line that is still being written is left out."""
    if path is None or not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return {}
    found: dict[int, Mapping[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
            found[int(row["step"])] = row
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _of_folder(folder: Path, memory: str | None) -> Source:
    files = sorted(p for p in folder.iterdir() if p.is_file())
    memories = [p for p in files if _is_memory(p)]
    traces = [p for p in files if p.suffix == ".mcap"]
    traces += sorted((folder / "traces").glob("*.mcap")) if (folder / "traces").is_dir() else []
    if memory is None and len(memories) > 1:
        names = ", ".join(p.name for p in memories)
        raise ViewError(f"{folder} holds several memories ({names}); name the file")
    if memory is None and not memories and len(traces) > 1:
        raise ViewError(f"{folder} holds {len(traces)} traces and no memory; name one of them, such as {traces[0]}")
    memory = memory or (str(memories[0]) if memories else None)
    steps = folder / "steps.jsonl"
    found = Source(memory, traces[0] if len(traces) == 1 else None, steps if steps.is_file() else None)
    if found.memory is None and found.trace is None:
        raise ViewError(f"{folder} holds no memory file and no trace; name the memory of the run with --memory FILE")
    return found


def _is_memory(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE
