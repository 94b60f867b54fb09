"""Commands about worlds and about this machine: ``engram worlds`` and ``engram doctor``."""

from __future__ import annotations

import json as json_format
import os
import shutil
from dataclasses import asdict, dataclass
from importlib.metadata import Distribution, entry_points
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_DONE, _MISSING = 0, 3


@dataclass(frozen=True)
class WorldsOptions:
    """Options of ``engram worlds``."""

    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class WorldEntry:
    """One registered world."""

    id: str  # for gymnasium.make
    package: str  # the distribution that registers it
    version: str
    entry_point: str
    installed: bool  # whether its code is there
    conformance: str  # the command that checks it against the contract


@dataclass(frozen=True)
class DoctorOptions:
    """Options of ``engram doctor``."""

    out: Path = Path()
    """Directory whose free disk space is looked at."""
    json: bool = False
    """Print JSON instead of a table."""


def worlds(options: WorldsOptions) -> int:
    """List the worlds that an agent can be put into."""
    entries = registered()
    if options.json:
        _write(json_format.dumps([asdict(e) for e in entries], indent=1))
        return _DONE
    table = Table("world", "from", "installed", "check it with", box=None, pad_edge=False)
    for e in entries:
        table.add_row(e.id, f"{e.package} {e.version}", "yes" if e.installed else "no", e.conformance)
    _console().print(table)
    return _DONE


def registered() -> list[WorldEntry]:
    """Return the worlds that engram, or a distribution that requires engram, registers with Gymnasium.

    Each does so by an entry point of the group ``gymnasium.envs``: its name is the namespace of the ids, its value a
    function that registers them. Gymnasium itself no longer calls these since version 1.0.
    """
    import gymnasium

    ours = [entry for entry in entry_points(group="gymnasium.envs") if _is_ours(entry.dist)]
    for entry in ours:
        entry.load()()
    makers = {entry.name: entry.dist for entry in ours}
    found = []
    for name, spec in sorted(gymnasium.registry.items()):
        maker = makers.get(spec.namespace or "")
        if maker is None:
            continue
        target = spec.entry_point if isinstance(spec.entry_point, str) else ""
        world = spec.name.lower() if spec.namespace == "engram" else name
        check = f"pytest tests/conformance --world {world}"
        found.append(WorldEntry(name, maker.name, maker.version, target, _is_there(target), check))
    return found


def doctor(options: DoctorOptions) -> int:
    """Say what this machine has, what is missing, and how to get it."""
    from engram.sims.machine import examine

    findings = examine(options.out)
    missing = any(f.status == "missing" for f in findings)
    if options.json:
        _write(json_format.dumps({"ok": not missing, "findings": [asdict(f) for f in findings]}, indent=1))
        return _MISSING if missing else _DONE
    table = Table("", "what", "found", "to do", box=None, pad_edge=False)
    marks = {"ok": "[green]ok[/]", "optional": "[yellow]optional[/]", "missing": "[red]missing[/]"}
    for f in findings:
        table.add_row(marks[f.status], *map(escape, (f.what, f.found, f.remedy)))
    console = _console()
    console.print(table)
    console.print("Something is missing; see the last column." if missing else "Ready.")
    return _MISSING if missing else _DONE


def _is_ours(dist: Distribution | None) -> bool:
    return dist is not None and (dist.name == "engram" or any(_names(r) == "engram" for r in dist.requires or ()))


def _names(requirement: str) -> str:
    from engram.sims.machine import parse_requirement

    return parse_requirement(requirement).name


def _is_there(entry_point: str) -> bool:
    module = entry_point.partition(":")[0]
    try:
        return bool(module) and find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _console() -> Console:
    width = None if os.isatty(1) else max(120, shutil.get_terminal_size().columns)
    return Console(width=width, highlight=False)


def _write(text: str) -> None:
    _console().out(text, highlight=False)
