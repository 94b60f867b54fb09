"""One tidy run at the terminal: progress while it goes on, and its files at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from engram.agents.events import Event
from engram.agents.relocate import Relocate
from engram.agents.remember import Remember, RememberConfig
from engram.evaluation.commands import TidyOptions
from engram.evaluation.contract import TraceConfig, Tracing
from engram.evaluation.recording import Recorder, Surface
from engram.evaluation.report import StepLog, document, summary, write_html, write_json
from engram.evaluation.runner import Ended, Turn, Watcher
from engram.evaluation.tidy import MakeWorld, make_world, run_tidy
from engram.memory.contract import Store
from engram.memory.mapping.errors import EmptyMapError, LostError

if TYPE_CHECKING:
    from engram.memory.hippocampus import Hippocampus

_SHOWN_EVENTS = 5
_REFRESH_HZ = 8
_DEADLINE_SECS = 60.0  # a simulated world waits for the memory; nothing is left out for want of time
_COLOURS = {"found": "cyan", "picked": "yellow", "placed": "green", "failed": "red", "phase": "bold"}


def run_and_report(options: TidyOptions, make: MakeWorld = make_world) -> Ended:
    """Run a tidy episode, write its files into ``options.out``, say in one line how it went.

    Raises:
        LostError: all that is done, but the episode is not in the memory, in whose map the robot did not find itself.

    """
    options.out.mkdir(parents=True, exist_ok=True)
    recorder = Recorder()
    begin = time.perf_counter()
    with remembering(options) as remember:
        with (options.out / "steps.jsonl").open("w", encoding="utf-8") as file, progress(options) as shown:
            surface = [Surface()] if options.mesh else []
            watchers: list[Watcher] = [StepLog(file), recorder, *shown, *surface]
            tracing = None
            if options.trace != "off":
                tracing = Tracing(options.out / "trace.mcap", TraceConfig(options.trace))
            run = run_tidy(options.task(), watchers, make, remember=remember, tracing=tracing)
        if remember is not None:
            remember.ended(run.episode.ended)  # unless the robot itself has said how
        total = time.perf_counter() - begin
        recorder.write(options.out / "episode.gif")
        for fused in surface:
            fused.write(options.out / "mesh.ply")
        timing = {"setup": round(run.setup_secs, 3), **run.episode.timing_secs, "total": round(total, 3)}
        content = document(run, {**timing, "gif": round(time.perf_counter() - begin - total, 3)})
        write_json(options.out / "report.json", content)
        write_html(options.out / "report.html", run, content)
        if options.json:
            sys.stdout.write((options.out / "report.json").read_text(encoding="utf-8"))
        else:
            sys.stdout.write(f"{summary(run, total)}\n{options.out / 'report.html'}\n")
    return run.episode.ended


@contextmanager
def remembering(options: TidyOptions) -> Iterator[Remember | None]:
    """Open the memory that the options name; it is whole and closed afterwards, whatever happens.

    In a memory that holds something, the robot first has to find itself.

    Raises:
        HippocampusError: it cannot be opened, or holds something and no map.
        LostError: at the end, if the robot did not find itself in the map; memory is as before.

    """
    if options.memory is None:
        yield None
        return
    from engram.memory.hippocampus import Hippocampus, HippocampusConfig
    from engram.memory.stores import default_stores

    config = HippocampusConfig(robot="tidy", deadline_secs=_DEADLINE_SECS)
    stores = default_stores()
    with Hippocampus(options.memory, stores, config) as memory:
        episode = f"tidy-{options.seed}"
        if not memory.version:
            yield Remember(memory, RememberConfig(config.robot, episode))
            return
        relocate = _resumed(memory, stores)
        later = RememberConfig(config.robot, f"{episode}-{memory.version}")
        yield Remember(relocate, later, memory, lambda: relocate.pose)
        if relocate.pose is None:
            cause = f"this run is not in it, for the robot did not find itself in its map: {relocate.reason}"
            raise LostError(options.memory, cause)


def _resumed(memory: Hippocampus, stores: Sequence[Store]) -> Relocate:
    """Return what an episode is written through into a memory that holds others."""
    from engram.memory.mapping.relocalise import StoredMap
    from engram.memory.spatial.store import SpatialStore

    file, trees = memory.file, [store.octree for store in stores if isinstance(store, SpatialStore)]
    health = memory.health()["spatial"]
    if health.state != "ready":
        raise LostError(file.name, f"its map cannot be used: {health.fault}", "engram memory check says more")
    newest_ns = memory.newest.stamp_ns if memory.newest is not None else 0
    try:
        return Relocate(memory, StoredMap.of(trees[0]), newest_ns)
    except EmptyMapError as error:
        raise LostError(file.name, "holds no map in which the robot could find itself", "name a new file") from error


@contextmanager
def progress(options: TidyOptions) -> Iterator[Sequence[Watcher]]:
    """Watchers that keep a display up to date; none when nobody would see it."""
    console = Console(stderr=True)
    if not (options.progress and console.is_terminal):
        yield ()
        return
    display = Display(options.max_steps)
    with Live(display.draw(), console=console, refresh_per_second=_REFRESH_HZ, transient=True) as live:
        yield (display.watcher(live.update),)


class Display:
    """The live display: a bar of steps, figures, and the last events."""

    def __init__(self, max_steps: int) -> None:
        """Start before the first step."""
        self._max_steps = max_steps
        self._turn: Turn | None = None
        self._drawn = 0.0

    def watcher(self, update: Callable[[RenderableType], None]) -> Watcher:
        """Return a watcher that redraws at most as often as the terminal is refreshed."""

        def watch(turn: Turn) -> None:
            self._turn = turn
            now = time.monotonic()
            if now - self._drawn > 1 / _REFRESH_HZ:
                self._drawn = now
                update(self.draw())

        return watch

    def draw(self) -> RenderableType:
        """Return what to show now."""
        if self._turn is None:
            return Text("Building the house; the first run on a machine also compiles the renderer.")
        status = self._turn.agent.status()
        figures = Table.grid(padding=(0, 3))
        figures.add_row(
            Text(str(status["phase"]), style="bold"),
            f"step {status['step']}/{self._max_steps}",
            ProgressBar(total=self._max_steps, completed=status["step"], width=30),
            f"found {status['found']}",
            f"[green]tidied {status['tidied']}[/]",
            f"[red]failed {status['failed']}[/]" if status["failed"] else "failed 0",
            f"holds {status['holding']}" if status["holding"] else "",
        )
        return Group(figures, *map(_line, self._turn.agent.journal()[-_SHOWN_EVENTS:]))


def _line(event: Event) -> Text:
    said = f"  {event.step:>4}  {event.kind:<7} {event.label}"
    if event.target:
        said += f" ({event.target})"
    if event.reason and event.kind in ("failed", "found"):
        said += f": {event.reason.replace('_', ' ')}"
    return Text(said, style=_COLOURS[event.kind])
