from __future__ import annotations

import json

import numpy as np
from rich.console import Console

from engram.agents.events import Event
from engram.agents.handled import Deed
from engram.evaluation import session
from engram.evaluation.commands import TidyOptions
from engram.evaluation.runner import Turn
from engram.evaluation.session import Display, progress, remembering, run_and_report
from engram.evaluation.tidy import run_tidy
from engram.evaluation.trace.reader import Trace
from engram.memory.file import MemoryFile
from engram.memory.mapping.mesh import read_ply
from engram.memory.mapping.planar import inverse, matrix


class Stub:
    def status(self):
        return {"phase": "fetch", "step": 250, "found": 4, "tidied": 2, "failed": 1, "holding": "Mug"}

    def journal(self):
        events = [Event("found", k, f"Thing{k}", "misplaced 0.90", target="Floor") for k in range(8)]
        return [*events, Event("failed", 240, "Pen[1]", "no_path", target="Desk")]


def drawn(display: Display) -> str:
    console = Console(width=140)
    with console.capture() as capture:
        console.print(display.draw())
    return capture.get()


def test_display_before_and_during_the_episode():
    display = Display(1000)
    assert "Building the house" in drawn(display)
    updates = []
    display.watcher(updates.append)(Turn(None, {"rgb": np.zeros((2, 2, 3), np.uint8)}, Stub()))
    assert len(updates) == 1
    text = drawn(display)
    for part in ("fetch", "step 250/1000", "found 4", "tidied 2", "failed 1", "holds Mug"):
        assert part in text
    assert "240  failed  Pen[1] (Desk): no path" in text
    assert "Thing7" in text
    assert "Thing2" not in text  # only the last few


def test_redraws_are_limited(monkeypatch):
    clock = iter([100.0, 100.01, 100.02, 100.3])
    monkeypatch.setattr(session.time, "monotonic", lambda: next(clock))
    updates = []
    watch = Display(10).watcher(updates.append)
    for _ in range(4):
        watch(Turn(None, {}, Stub()))
    assert len(updates) == 2


def test_no_display_where_nobody_looks():
    with progress(TidyOptions(progress=True)) as watchers:
        assert watchers == ()


def test_a_run_leaves_a_trace_when_asked(tmp_path, make_world, capsys):
    run_and_report(
        TidyOptions(perception="oracle", out=tmp_path, trace="all", width=64, height=64, max_steps=12), make_world
    )
    trace = Trace(tmp_path / "trace.mcap")
    logged = [json.loads(line)["verb"] for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert [step["verb"] for step in trace.steps] == logged
    assert len(logged) == 12 or logged[-1] == "done"


def test_a_run_leaves_the_surfaces_that_were_seen(tmp_path, make_world, capsys):
    run_and_report(
        TidyOptions(perception="oracle", out=tmp_path, mesh=True, width=64, height=64, max_steps=20), make_world
    )
    mesh = read_ply(tmp_path / "mesh.ply")
    assert len(mesh.triangles) > 500
    lowest, highest = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    assert abs(lowest[2]) < 0.1  # the floor
    assert np.all(highest - lowest > 1.0)


def test_an_episode_knows_the_deeds_of_an_earlier_one_and_tells_its_own(tmp_path, make_world, from_elsewhere):
    options = TidyOptions(perception="oracle", memory=str(tmp_path / "m.mem"), width=64, height=64, max_steps=70)
    mug = np.array([0.6, -0.9, 0.05])
    with remembering(options) as remember:
        run_tidy(options.task(), make=make_world, remember=remember)
        remember.handled().add(Deed("placed", "Mug", mug, "Desk"), 70, 0)
    start = np.array([3.5, 0.25, np.pi / 2])  # of the second episode, in the map of the first
    with remembering(options) as remember:
        run_tidy(options.task(), make=from_elsewhere, remember=remember)
        here = (matrix(inverse(start)) @ [*mug, 1.0])[:3]
        (deed,) = remember.handled().about("Mug", here)
        assert (deed.what, deed.target, deed.earlier) == ("placed", "Desk", True)
        np.testing.assert_allclose(deed.place, here, atol=0.1)
        remember.handled().add(Deed("failed", "Mug", here, reason="no_path"), 70, 0)
        known = remember.handled().about("Mug", here)
    assert [(d.what, d.earlier) for d in known] == [("placed", True), ("failed", False)]
    with MemoryFile(tmp_path / "m.mem", read_only=True) as file:
        told = [row.episode for row in file.rows() if row.store == "semantic" and row.kind == "lessons"]
    assert told[0] == "tidy-7"
    assert told[-1].startswith("tidy-7-")
