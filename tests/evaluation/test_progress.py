from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from engram.evaluation.contract import Job, Record, Timing
from engram.evaluation.document import parse
from engram.evaluation.harness import Progress
from engram.evaluation.progress import Lines, View, shown, summary
from engram.evaluation.suite import read
from engram.evaluation.workers import Running

TEXT = "schema_version: 1\nname: toys\nprotocol: toy_protocol:Toy\nseeds: 1:4\nvariants: {low: {base: 1}}\n"
GOOD = Record(
    "base/1", "base", 1, "toy", "h", "done", 12, {"even": 0.0, "right": 3, "things": 4, "points": 2.5}, {"slipped": 2},
    "", {}, "",
)  # fmt: skip
BAD = Record("base/2", "base", 2, "toy", "h", "crashed", 0, {}, {"exception": 1}, "Traceback\nKeyError: 'mug'", {}, "")


@pytest.fixture
def suite(toy_on_path):
    return read(parse(TEXT, "toys.yaml"))


def drawn(what, terminal=False):
    console = Console(file=io.StringIO(), width=120, force_terminal=terminal, color_system=None)
    console.print(what)
    return console.file.getvalue()


def test_a_line_an_episode(suite):
    console = Console(file=io.StringIO(), width=60)
    lines = Lines(suite, console)
    lines(Progress(6, ()))
    lines(Progress(6, (GOOD,), Timing("base/1", {"total": 2.04})))
    lines(Progress(6, (GOOD, BAD), Timing("base/2", {"total": 0.5})))
    assert console.file.getvalue().splitlines() == [
        "[1/6] base/1  even 0  right 3/4  points 2.5  12 steps  2.0 s  done  slipped 2",
        "[2/6] base/2  0 steps  0.5 s  crashed: KeyError: 'mug'",
    ]


def test_the_table_shows_what_is_done_and_under_way(suite):
    view = View(suite)
    view.take(Progress(6, ()))
    view.take(Progress(6, (GOOD,), Timing("base/1", {"total": 2.04})))
    running = Running(Job("low/3", "low", 3), time.monotonic() - 65)
    view.take(Progress(6, (GOOD, BAD), Timing("base/2", {"total": 0.5}), [running]))
    text = drawn(view.draw())
    top, *rest = text.splitlines()
    assert "2/6" in top
    assert "1 crashed" in top
    assert "left" in top
    assert rest[1].split() == ["base/1", "0", "3/4", "2.5", "12", "2.0", "done"]
    assert rest[2].split() == ["base/2", "-", "-", "-", "0", "0.5", "KeyError:", "'mug'"]
    assert rest[3].split() == ["low/3", "65", "running"]


def test_without_a_terminal_there_are_lines(suite):
    with shown(suite) as show:
        assert isinstance(show, Lines)


def test_the_table_of_a_run(suite):
    good = {"value": 0.75, "low": 0.3, "high": 0.954, "n": 1, "count": 3, "total": 4}
    mean = {"value": 2.5, "low": None, "high": None, "n": 1}
    none = {"value": None, "low": None, "high": None, "n": 0}
    group = {"metrics": {"even": none, "right": good, "points": mean}, "crashed": ["base/2"], "episodes": 2}
    lines = drawn(summary(suite, {"variants": {"base": group, "low": group}})).splitlines()
    assert lines[1].split() == ["base", "even", "none", "0"]
    assert lines[2].split() == ["right", "75.0%", "(3/4)", "30.0%", "to", "95.4%", "1"]
    assert lines[3].split() == ["points", "2.5", "m", "1"]
    assert lines[4].split() == ["crashed", "1", "2"]
    assert lines[5].split()[0] == "low"
