"""The command about memories: ``engram memory show|query|export|check|compact|sleep|merge|undo FILE``,
or a URL."""

from __future__ import annotations

import json as json_format
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engram.memory import contract
from engram.memory.times import YEAR_2000_NS

if TYPE_CHECKING:
    from engram.memory.config import MemoryConfig
    from engram.memory.log import Log

_DONE, _DAMAGED, _USAGE = 0, 1, 2
_SPARE = 20  # hits of each store that the fused ranking may pass over


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the stores are set up."""

    text: str = ""
    """Embedder of texts: hashed, minilm, or the name or folder of a model. By default the one that wrote the memory, if
    it is one of the first two."""
    memory_config: Path | None = None
    """JSON or YAML file of settings of the stores, such as {"episodic": {"links": 0}}."""


@dataclass(frozen=True)
class Show:
    """Say whose memory it is, and what is in it."""

    file: tyro.conf.Positional[str]
    """Memory file, or URL of a memory server (postgresql://user@host/database?robot=NAME)."""
    json: bool = False
    """Print JSON instead of a table."""


@dataclass(frozen=True)
class Query(Settings):
    """Ask memory: what, where, when, how sure, and from which step."""

    file: tyro.conf.Positional[str]
    """Memory file, or URL of a memory server (postgresql://user@host/database?robot=NAME)."""
    question: tyro.conf.Positional[str]
    """The question, such as "where is the mug?" or "where was the mug yesterday at 9:00?"."""
    limit: int = 5
    """Answers at most."""
    at_ns: int | None = None
    """Ask what was true at this time of the robot's clock, in nanoseconds, whatever the question says of time."""
    deadline_secs: float = 60.0
    """How long to wait for each store."""
    fleet: bool = False
    """Ask the robots of a memory server that know most about it, whichever the URL names."""
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
class Check(Settings):
    """Look for damage: pages, checksums, numbering, and that replay gives the snapshots."""

    file: tyro.conf.Positional[str]
    """Memory file, or URL of a memory server (postgresql://user@host/database?robot=NAME)."""
    json: bool = False
    """Print JSON instead of text."""


@dataclass(frozen=True)
class Compact(Settings):
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
class Undo(Settings):
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
class Sleep(Settings):
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


@dataclass(frozen=True)
class _Found:
    """What was answered, by one memory or by several robots' memories."""

    recalls: Mapping[str, contract.Recall]  # by robot
    hits: Sequence[contract.Hit]
    at_ns: int | None = None


def query(options: Query) -> int:
    """Print the best answers of all stores."""
    found = _ask_fleet(options) if options.fleet else _ask(options)
    for robot, recall in found.recalls.items():
        for name, why in sorted(recall.failed.items()):
            sys.stderr.write(f"engram: {robot}: store {name!r} did not answer ({why})\n")
        for name in sorted(recall.stale):
            sys.stderr.write(f"engram: {robot}: store {name!r} did not answer within {options.deadline_secs} s\n")
    if options.json:
        versions = {robot: recall.version for robot, recall in found.recalls.items()}
        read = {"versions": versions} if options.fleet else {"version": next(iter(versions.values()))}
        _write(json_format.dumps({**read, "at_ns": found.at_ns, "hits": [asdict(h) for h in found.hits]}, indent=1))
        return _DONE
    if found.at_ns is not None:
        _write(f"As of {_when(found.at_ns)}:")
    if not found.hits:
        _write("Nothing is known about that.")
        return _DONE
    table = Table("what", "where", "when", "confidence", "source", "from", box=None, pad_edge=False)
    for hit in found.hits:
        s = hit.source
        step = f"{s.robot}, {s.episode}, step {s.step}"
        what = (hit.text, _where(hit), _when(s.stamp_ns), f"{hit.confidence:.2f}", step, hit.store)
        table.add_row(*map(escape, what))
    _console().print(table)
    return _DONE


def _ask(options: Query) -> _Found:
    from engram.memory.answers import answers
    from engram.memory.hippocampus import Hippocampus, HippocampusConfig

    config = HippocampusConfig(read_only=True, deadline_secs=options.deadline_secs)
    with Hippocampus(options.file, _stores(options), config) as opened:
        asked = opened.dated(contract.Query(options.question, options.limit + _SPARE, options.at_ns))
        recall = opened.recall(asked)
        robot = opened.file.robot
    return _Found({robot: recall}, answers(recall, asked.text, options.limit, asked.at_ns), asked.at_ns)


def _ask_fleet(options: Query) -> _Found:
    from engram.memory.server.fleet import Fleet, fleet_answers
    from engram.memory.stores import HASHED, default_stores, embedder_of

    if "://" not in options.file:
        raise contract.HippocampusError(f"{options.file} is no memory server; a fleet is asked by the URL of one")
    config = _settings(options)
    asked = contract.Query(options.question, options.limit + _SPARE, options.at_ns)
    with Fleet(options.file) as fleet:
        recalls = fleet.recall(
            asked,
            lambda: default_stores(config=config),
            embedder_of(config.text if config else HASHED),
            deadline_secs=options.deadline_secs,
        )
    return _Found(recalls, fleet_answers(recalls, asked.text, options.limit), options.at_ns)


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

    with open_log(options.file, read_only=True) as file:
        report = examine(file, _stores(options))
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

    with open_log(options.file, read_only=True) as file:
        before = file.size_bytes()
    if options.drop_events:
        with Hippocampus(options.file, _stores(options), HippocampusConfig(deadline_secs=60.0)):
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

    open_log(options.file, read_only=True).close()  # a file that is not there must not be made
    with Hippocampus(options.file, _stores(options), HippocampusConfig(deadline_secs=60.0)) as opened:
        before = opened.version
        done = opened.undo(options.episode, options.step, options.robot) > before
    _write("Undone." if done else "That step brought nothing that can be taken back.")
    return _DONE


def sleep(options: Sleep) -> int:
    """Sleep, and say how many events that brought."""
    from engram.memory.hippocampus import Hippocampus, HippocampusConfig
    from engram.memory.log import open_log

    open_log(options.file, read_only=True).close()  # a file that is not there must not be made
    config = HippocampusConfig(deadline_secs=options.deadline_secs, sleep_secs=options.deadline_secs)
    with Hippocampus(options.file, _stores(options), config) as opened:
        before = opened.version
        brought = opened.sleep() - before
    _write(f"{brought} events.")
    return _DONE


def _stores(options: Query | Check | Compact | Undo | Sleep) -> list[contract.Store]:
    """Return new stores, set up as the options say, and otherwise as those that wrote the memory."""
    from engram.memory.config import MemoryConfig
    from engram.memory.log import open_log
    from engram.memory.stores import default_stores, text_of

    config = _settings(options)
    if config is None:
        with open_log(options.file, read_only=True) as file:
            written = text_of(file)
        config = None if written is None else MemoryConfig(text=written)
    return default_stores(config=config)


def _settings(options: Settings) -> MemoryConfig | None:
    """Return the settings that the options give; None when they leave all as it is."""
    from engram.memory.config import MemoryConfig, read_config
    from engram.perception.text import TextConfig

    if options.memory_config is None:
        return MemoryConfig(text=TextConfig(options.text)) if options.text else None
    config = read_config(options.memory_config)
    return replace(config, text=TextConfig(options.text)) if options.text else config


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
