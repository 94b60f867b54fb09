"""Pages of single episodes, and their rows in the table."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from engram.agents.events import Event
from engram.evaluation.contract import Metric, Record, Timing
from engram.evaluation.figures import timeline_figure
from engram.evaluation.run_report.data import Kept, crashed
from engram.evaluation.run_report.scenes import Failure, Scene, Watched
from engram.evaluation.run_report.words import of_episode
from engram.evaluation.runner import StepRecord

_JOURNAL = 200  # entries shown


@dataclass(frozen=True)
class Sheet:
    """What is shown of an episode."""

    record: Record
    anchor: str  # its page within the file
    metrics: Sequence[tuple[Metric, str, float | None]]  # in words, and to sort by
    timing: Timing | None
    kind: str  # of the chip that says how it ended
    scene: Scene | None
    lack: str  # why there is no scene
    timeline: Markup
    journal: Sequence[Mapping[str, Any]]
    failures: Sequence[Failure]  # those with pictures
    replay: str  # command; empty without a trace


def sheets(kept: Kept, watched: Watched) -> list[Sheet]:
    """Return a sheet for each episode, in the order of the records."""
    failures: dict[str, list[Failure]] = {}
    for failure in watched.gallery:
        failures.setdefault(failure.record.id, []).append(failure)
    return [_sheet(kept, watched, k, record, failures.get(record.id, [])) for k, record in enumerate(kept.records)]


def _sheet(kept: Kept, watched: Watched, k: int, record: Record, failures: Sequence[Failure]) -> Sheet:
    scene, trace = watched.scenes.get(record.id), kept.folder.trace(record.id)
    file = trace.relative_to(kept.folder.path).as_posix()
    there = trace.is_file()
    return Sheet(
        record,
        f"run-{k}",
        [(m, *of_episode(m, record)) for m in kept.metrics],
        kept.timings.get(record.id),
        "bad" if crashed(record) else "good" if record.ended == "done" else "warn",
        scene,
        watched.problems.get(record.id, _lack(there)) if scene is None else "",
        _timeline(scene) if scene else Markup(""),
        scene.journal[:_JOURNAL] if scene else (),
        sorted(failures, key=lambda f: f.step),
        f"engram replay {shlex.quote(file)}" if there else "",
    )


def _lack(there: bool) -> str:
    if not there:
        return "It left no trace, so there is nothing to see of what it did."
    return "It has a trace, but only some traces of a run go into its report; replay it, or open it in engram view."


def _timeline(scene: Scene) -> Markup:
    steps = [
        StepRecord(s["step"], s["phase"], s["verb"], None, s["outcome"], tuple(s["base"]), s["holding"])
        for s in scene.steps
    ]
    events = [Event(e["kind"], e["step"], e["label"], e["reason"], target=e["target"]) for e in scene.journal]
    return Markup(timeline_figure(steps, events))  # noqa: S704 - it escapes what it is given
