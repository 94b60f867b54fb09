"""The command about memories: ``engram memory show|query|export|check|compact|sleep|merge|undo FILE``,
or a URL."""

from __future__ import annotations

import json as json_format
import os
import shutil
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engram.memory import contract
from engram.memory.times import YEAR_2000_NS

if TYPE_CHECKING:
    from engram.memory.log import Log

_DONE, _DAMAGED, _USAGE = 0, 1, 2
_SPARE = 20  # hits of each store that the fused ranking may pass over


@dataclass(frozen=True)
class Show:
    """Say whose memory it is, and what is in it."""

    file: tyro.conf.Positional[str]
    """Memory file, or URL of a memory server (postgresql://user@host/database?robot=NAME)."""
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Query:
    """Ask memory: what, where, when, how sure, and from which step."""

    file: tyro.conf.Positional[str]
    """Memory file, or URL of a memory server (postgresql://user@host/database?robot=NAME)."""
    text: tyro.conf.Positional[str]
    """The question, such as "where is the mug?" or "where was the mug yesterday at 9:00?"."""
    limit: int = 5
    """Answers at most."""
    at_ns: int | None = None
    """Ask what was true at this time of the robot's clock, in nanoseconds, whatever the question says of time."""
    deadline_secs: float = 60.0
    """How long to wait for each store."""
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Export:
    """Write the events, or what they come to, for other tools."""

    file: tyro.conf.Positional[str]
    """Memory file, or URL of a memory server (postgresql://user@host/database?robot=NAME)."""
    format: Literal["jsonl", "scene-graph", "graphml", "topology", "ply", "bt", "ot"] = "jsonl"
    """Events as JSON Lines; the knowledge graph as JSON scene graph or GraphML; places and ways as JSON; the map as
    point cloud (ply) or for OctoMap (bt, ot)."""
    out: Path | None = None
    """File to write instead of standard output; maps need one."""
    history: bool = False
    """Of the knowledge graph, also what was true or believed before."""


@dataclass(frozen=True)
class Check:
    """Look for damage: pages, checksums, numbering, and that replay gives the snapshots."""

    file: tyro.conf.Positional[str]
    """Memory file, or URL of a memory server (postgresql://user@host/database?robot=NAME)."""
    json: bool = False
    """Print JSON instead of text."""


@dataclass(frozen=True)
class Compact:
    """Make the file smaller."""

    file: tyro.conf.Positional[str]
    """Memory file, or URL of a memory server (postgresql://user@host/database?robot=NAME)."""
    keep: int = 1
    """Snapshots kept of each store."""
    drop_events: bool = False
    """Also drop the events that snapshots have made dispensable: the past can then no longer be replayed."""


@dataclass(frozen=True)
class Merge:
    """Write the memories of several robots into a new file."""

    out: tyro.conf.Positional[Path]
    """The new file."""
    files: tyro.conf.Positional[tuple[str, ...]]
    """Memory files, or URLs of memory servers, each of another robot."""
    frame: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """ROBOT=X,Y,YAW: where the origin of this robot's map lies in the merged map, in metres and radians; 0,0,0 for the
    robot whose map that is. Rooms of robots with a frame become one. May be given again for each robot."""


@dataclass(frozen=True)
class Undo:
    """Take back what a wrong step brought to the knowledge graph; the log keeps it."""

    file: tyro.conf.Positional[str]
    """Memory file, or URL of a memory server (postgresql://user@host/database?robot=NAME)."""
    episode: tyro.conf.Positional[str]
    """Episode of the step, as answers name it."""
    step: tyro.conf.Positional[int]
    """Number of the step."""
    robot: str = ""
    """Robot whose step it is; that of the file by default."""


@dataclass(frozen=True)
class Sleep:
    """Draw the lessons of many attempts and archive what has faded, as a robot does after each task."""

    file: tyro.conf.Positional[str]
    """Memory file, or URL of a memory server (postgresql://user@host/database?robot=NAME)."""
    deadline_secs: float = 600.0
    """How long to wait for each store."""


Options = Show | Query | Export | Check | Compact | Merge | Undo | Sleep


def memory(options: Options) -> int:
    """Look into a memory file, ask it, check it, export it, make it smaller or merge it with others."""
    from engram.memory.errors import CorruptFileError

    try:
        return _run(options)
    except (contract.HippocampusError, OSError) as error:
        sys.stderr.write(f"engram: {error}\n")
        return _DAMAGED if isinstance(error, CorruptFileError) else _USAGE


def _run(options: Options) -> int:
    if isinstance(options, Show):
        return show(options)
    if isinstance(options, Query):
        return query(options)
    if isinstance(options, Export):
        return export(options)
    if isinstance(options, Check):
        return check(options)
    if isinstance(options, (Compact, Sleep)):
        return compact(options) if isinstance(options, Compact) else sleep(options)
    return merge(options) if isinstance(options, Merge) else undo(options)


def show(options: Show) -> int:
    """Print what is in the file."""
    from engram.memory.log import open_log

    with open_log(options.file, read_only=True) as file:
        events, snapshots = file.counts(), file.snapshots()
        found = {
            "file": file.name,
            "schema_version": contract.SCHEMA_VERSION,
            "robot": file.robot,
            "created": _when(int(file.meta("created_ns"))),
            "bytes": file.size_bytes(),
            "version": file.last,
            "dropped_upto": file.base,
            **{key.replace(" ", "_"): value for key, value in file.health().items()},
        }
    if options.json:
        listed = {"events": events, "snapshots": [s._asdict() for s in snapshots]}
        _write(json_format.dumps({**found, **listed}, indent=1))
        return _DONE
    table = Table(box=None, pad_edge=False, show_header=False)
    for key, value in found.items():
        table.add_row(key.replace("_", " "), escape(str(value)))
    for store, count in events.items():
        table.add_row(f"events of {escape(store)}", str(count))
    for snapshot in snapshots:
        table.add_row(f"snapshot of {escape(snapshot.store)}", f"at {snapshot.seq}, {snapshot.size} bytes")
    _console().print(table)
    return _DONE


def query(options: Query) -> int:
    """Print the best answers of all stores."""
    from engram.memory.answers import answers
    from engram.memory.hippocampus import Hippocampus, HippocampusConfig
    from engram.memory.stores import default_stores

    config = HippocampusConfig(read_only=True, deadline_secs=options.deadline_secs)
    with Hippocampus(options.file, default_stores(), config) as opened:
        asked = opened.dated(contract.Query(options.text, options.limit + _SPARE, options.at_ns))
        recall = opened.recall(asked)
    hits = answers(recall, asked.text, options.limit, asked.at_ns)
    for name, why in sorted(recall.failed.items()):
        sys.stderr.write(f"engram: store {name!r} did not answer ({why})\n")
    for name in sorted(recall.stale):
        sys.stderr.write(f"engram: store {name!r} did not answer within {options.deadline_secs} s\n")
    if options.json:
        found = {"version": recall.version, "at_ns": asked.at_ns, "hits": [asdict(h) for h in hits]}
        _write(json_format.dumps(found, indent=1))
        return _DONE
    if asked.at_ns is not None:
        _write(f"As of {_when(asked.at_ns)}:")
    if not hits:
        _write("Nothing is known about that.")
        return _DONE
    table = Table("what", "where", "when", "confidence", "source", "from", box=None, pad_edge=False)
    for hit in hits:
        s = hit.source
        step = f"{s.robot}, {s.episode}, step {s.step}"
        what = (hit.text, _where(hit), _when(s.stamp_ns), f"{hit.confidence:.2f}", step, hit.store)
        table.add_row(*map(escape, what))
    _console().print(table)
    return _DONE


def export(options: Export) -> int:
    """Write the memory in a format."""
    from engram.memory.log import open_log

    with open_log(options.file, read_only=True) as file:
        if options.format == "jsonl":
            return _export_lines(file, options.out)
        from engram.memory.formats import FormatError, as_text, write_map

        if options.format in ("scene-graph", "graphml", "topology"):
            text = as_text(file, options.format, options.history)
            with _opened(options.out) as out:
                out.write(f"{text}\n")
        elif options.format in ("ply", "bt", "ot"):
            if options.out is None:
                raise FormatError(f"a map is no text; name a file: --out map.{options.format}")
            write_map(file, options.format, options.out)
    return _DONE


def _export_lines(file: Log, path: Path | None) -> int:
    """Write the events as JSON Lines; say so when damaged ones were left out."""
    from engram.memory.export import lines

    expected, written = file.last - file.base, -1  # the header is no event
    with _opened(path) as out:
        for line in lines(file):
            out.write(f"{line}\n")
            written += 1
    if written < expected:
        sys.stderr.write(f"engram: {file.name}: {expected - written} damaged events were left out\n")
        return _DAMAGED
    return _DONE


def _opened(path: Path | None) -> AbstractContextManager[TextIO]:
    return nullcontext(sys.stdout) if path is None else path.open("w", encoding="utf-8")


def check(options: Check) -> int:
    """Check the file with all stores that there are."""
    from engram.memory.check import check as examine
    from engram.memory.log import open_log
    from engram.memory.stores import default_stores

    with open_log(options.file, read_only=True) as file:
        report = examine(file, default_stores())
    if options.json:
        _write(json_format.dumps({"ok": report.ok, **asdict(report)}, indent=1))
    else:
        for finding in (*report.problems, *report.notes):
            _write(finding)
        replayed = ", ".join(report.replayed) or "no store"
        found = f"{report.events} events, {report.snapshots} snapshots; replayed: {replayed}"
        _write(f"{'Sound' if report.ok else 'Damaged'}: {found}.")
    return _DONE if report.ok else _DAMAGED


def compact(options: Compact) -> int:
    """Take a snapshot when events are to go, and drop what is not needed."""
    from engram.memory.hippocampus import Hippocampus, HippocampusConfig
    from engram.memory.log import open_log
    from engram.memory.stores import default_stores

    with open_log(options.file, read_only=True) as file:
        before = file.size_bytes()
    if options.drop_events:
        with Hippocampus(options.file, default_stores(), HippocampusConfig(deadline_secs=60.0)):
            pass  # closing takes the snapshot
    with open_log(options.file, create=False) as file:
        file.compact(options.keep, options.drop_events)
        kept, after = sum(file.counts().values()), file.size_bytes()
    _write(f"{before} bytes before, {after} now; {kept} events kept.")
    return _DONE


def merge(options: Merge) -> int:
    """Merge the files, and say how many events there are."""
    from engram.memory.merge import merge as unite

    frames: dict[str, tuple[float, float, float]] = {}
    for text in options.frame:
        robot, _, pose = text.rpartition("=")
        try:
            x, y, yaw = map(float, pose.split(","))
        except ValueError as error:
            raise contract.HippocampusError(f"a frame is ROBOT=X,Y,YAW, not {text!r}") from error
        frames[robot] = (x, y, yaw)
    _write(f"{options.out}: {unite(options.out, options.files, frames)} events.")
    return _DONE


def undo(options: Undo) -> int:
    """Undo the step, and say whether there was anything to take back."""
    from engram.memory.hippocampus import Hippocampus, HippocampusConfig
    from engram.memory.log import open_log
    from engram.memory.stores import default_stores

    open_log(options.file, read_only=True).close()  # a file that is not there must not be made
    with Hippocampus(options.file, default_stores(), HippocampusConfig(deadline_secs=60.0)) as opened:
        before = opened.version
        done = opened.undo(options.episode, options.step, options.robot) > before
    _write("Undone." if done else "That step brought nothing that can be taken back.")
    return _DONE


def sleep(options: Sleep) -> int:
    """Sleep, and say how many events that brought."""
    from engram.memory.hippocampus import Hippocampus, HippocampusConfig
    from engram.memory.log import open_log
    from engram.memory.stores import default_stores

    open_log(options.file, read_only=True).close()  # a file that is not there must not be made
    config = HippocampusConfig(deadline_secs=options.deadline_secs, sleep_secs=options.deadline_secs)
    with Hippocampus(options.file, default_stores(), config) as opened:
        before = opened.version
        brought = opened.sleep() - before
    _write(f"{brought} events.")
    return _DONE


def _where(hit: contract.Hit) -> str:
    named = [value for key in ("support", "room") if (value := hit.data.get(key)) and isinstance(value, str)]
    point = [] if hit.position_m is None else ["({:.2f}, {:.2f}, {:.2f}) m".format(*hit.position_m)]
    return ", ".join([*named, *point]) or "-"


def _when(stamp_ns: int) -> str:
    if stamp_ns < YEAR_2000_NS:
        return f"{stamp_ns / 1e9:.1f} s"
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(stamp_ns / 1e9))


def _console() -> Console:
    width = None if os.isatty(1) else max(120, shutil.get_terminal_size().columns)
    return Console(width=width, highlight=False)


def _write(text: str) -> None:
    _console().out(text, highlight=False)
