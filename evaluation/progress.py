"""What the one who waits for a suite sees: a table that is kept up to date, or a line an episode without a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from engram.evaluation.aggregate import CRASHED, counted
from engram.evaluation.contract import Metric, Record, Timing
from engram.evaluation.harness import Progress
from engram.evaluation.suite import Suite

_LAST = 8  # episodes shown
_FIGURES = 4  # metrics shown of an episode
_REFRESH_HZ = 4

Show = Callable[[Progress], None]


@contextmanager
def shown(suite: Suite, live: bool = True) -> Iterator[Show]:
    """Give what shows the progress of a run on standard error."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal or not live:
        yield Lines(suite, console)
        return
    view = View(suite)
    with Live(view.draw(), console=console, refresh_per_second=_REFRESH_HZ) as display:

        def show(progress: Progress) -> None:
            view.take(progress)
            display.update(view.draw())

        yield show


class Lines:
    """Writes one line an episode."""

    def __init__(self, suite: Suite, console: Console) -> None:
        """Take where to write."""
        self._suite, self._console = suite, console

    def __call__(self, progress: Progress) -> None:
        """Write the episode that has just finished, if one has."""
        if progress.timing is not None:
            record = progress.records[-1]
            words = "  ".join((*_figures(self._suite.metrics, record), _how(record, progress.timing)))
            place = f"[{len(progress.records)}/{progress.total}]"
            self._console.print(f"{place} {record.id}  {words}", markup=False, soft_wrap=True)


class View:
    """A bar, what is under way, and the last episodes."""

    def __init__(self, suite: Suite) -> None:
        """Start before the first episode."""
        self._suite = suite
        self._begin = time.monotonic()
        self._before: int | None = None  # episodes of an earlier run
        self._progress = Progress(0, ())
        self._timings: dict[str, Timing] = {}

    def take(self, progress: Progress) -> None:
        """Take news in."""
        if self._before is None:
            self._before = len(progress.records)
        if progress.timing is not None:
            self._timings[progress.timing.id] = progress.timing
        self._progress = progress

    def draw(self) -> RenderableType:
        """Return what to show now."""
        p = self._progress
        done = len(p.records)
        top = Table.grid(padding=(0, 2))
        crashed = sum(r.ended == CRASHED for r in p.records)
        top.add_row(
            Text(self._suite.name, style="bold"),
            ProgressBar(total=max(1, p.total), completed=done, width=30),
            f"{done}/{p.total}",
            f"[red]{crashed} crashed[/]" if crashed else "",
            self._left(done),
        )
        rows = Table(*("episode", *self._names(), "steps", "s", "ended"), box=None, pad_edge=False)
        for record in p.records[-_LAST:]:
            rows.add_row(*self._row(record))
        for running in p.running:
            wait = time.monotonic() - running.since
            blank = [""] * (len(self._names()) + 1)
            rows.add_row(Text(running.job.id, style="cyan"), *blank, f"{wait:.0f}", "[cyan]running[/]")
        return Group(top, rows)

    def _names(self) -> list[str]:
        return [m.name.replace("_", " ") for m in self._suite.metrics[:_FIGURES]]

    def _row(self, record: Record) -> list[str | Text]:
        timing = self._timings.get(record.id)
        figures = [_figure(m, record) for m in self._suite.metrics[:_FIGURES]]
        style = "red" if record.ended == CRASHED else ""
        secs = f"{timing.secs.get('total', 0.0):.1f}" if timing else ""
        why = _last_line(record.error) if record.error else record.ended
        return [record.id, *figures, str(record.steps), secs, Text(escape(why), style=style, overflow="ellipsis")]

    def _left(self, done: int) -> str:
        new = done - (self._before or 0)
        if new <= 0 or done >= self._progress.total:
            return ""
        secs = (time.monotonic() - self._begin) / new * (self._progress.total - done)
        return f"about {timedelta(seconds=round(secs))} left"


def summary(suite: Suite, content: Mapping[str, Any]) -> Table:
    """Return the table of a finished run: one row a variant and metric."""
    groups = {v.name: content["variants"][v.name] for v in suite.variants if v.name in content["variants"]}
    many = len(groups) > 1
    view = Table("figure", "value", "95 % interval", "n", box=None, pad_edge=False)
    if many:
        view = Table(Column("variant", no_wrap=True), *view.columns, box=None, pad_edge=False)
    for variant, group in groups.items():
        first = (escape(variant),) if many else ()
        for metric in suite.metrics:
            found = group["metrics"][metric.name]
            view.add_row(*first, metric.name.replace("_", " "), *_cells(metric, found))
            first = ("",) if many else ()
        bad = len(group["crashed"])
        view.add_row(*first, "crashed", str(bad), "", str(group["episodes"]), style="red" if bad else "")
    return view


def _cells(metric: Metric, found: dict[str, Any]) -> Sequence[str]:
    if found["value"] is None:
        return "none", "", str(found["n"])

    def text(value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:.1%}" if metric.kind != "mean" else f"{value:.4g}{f' {metric.unit}' if metric.unit else ''}"

    value = text(found["value"])
    if "total" in found:
        value += f" ({found['count']:g}/{found['total']:g})"
    interval = f"{text(found['low'])} to {text(found['high'])}" if found["low"] is not None else ""
    return value, interval, str(found["n"])


def _figures(metrics: Sequence[Metric], record: Record) -> Iterator[str]:
    if record.ended != CRASHED:
        yield from (f"{m.name.replace('_', ' ')} {_figure(m, record)}" for m in metrics[:_FIGURES])


def _figure(metric: Metric, record: Record) -> str:
    pair = counted(record, metric) if record.ended != CRASHED else None
    if pair is None:
        return "-"
    return f"{pair[0]:g}/{pair[1]:g}" if metric.kind == "share" else f"{pair[0]:.3g}"


def _how(record: Record, timing: Timing) -> str:
    failures = ", ".join(f"{reason} {n}" for reason, n in record.failures.items())
    why = f"crashed: {_last_line(record.error)}" if record.error else f"{record.ended}  {failures}".rstrip()
    return f"{record.steps} steps  {timing.secs['total']:.1f} s  {why}"


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2]
