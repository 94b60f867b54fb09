"""What a tidy run leaves behind: ``report.json``, ``report.html``, ``episode.gif`` and ``steps.jsonl``."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np

from engram.agents.events import Event
from engram.evaluation.detectors import weights_of
from engram.evaluation.metrics.tidy import false_successes
from engram.evaluation.page import page
from engram.evaluation.runner import StepRecord, Turn
from engram.evaluation.scoring import ObjectScore
from engram.evaluation.tidy import WORLD_ID, TidyRun
from engram.sims.contract import CONTRACT_VERSION
from engram.sims.machine import versions

SCHEMA_VERSION = 1


class StepLog:
    """A watcher that writes each step to a file as it happens, so that a crash loses none."""

    def __init__(self, file: IO[str]) -> None:
        """Take an open text file."""
        self._file = file

    def __call__(self, turn: Turn) -> None:
        """Write a line."""
        if turn.record is not None:
            self._file.write(json.dumps(dataclasses.asdict(turn.record)) + "\n")
            self._file.flush()


def document(run: TidyRun, timing_secs: Mapping[str, float] | None = None) -> dict[str, Any]:
    """Content of ``report.json``. All but ``timing_secs`` is the same for equal tasks.

    Keys: ``schema_version``, ``command``, ``world``, ``contract_version``, ``config``, ``versions``, ``seeds``,
    ``perception`` (its ``kind``, digest or name of the ``weights``, and ``bad_input``: what was wrong with frames,
    detections and grip, and got over, counted by reason), ``ended`` (done, out_of_steps or interrupted), ``metrics``,
    ``objects`` (displaced or picked ones), ``outcomes`` (counts of action outcomes), ``journal``, ``info`` (what the
    world's reset did), ``timing_secs``.
    """
    config = dataclasses.asdict(run.task)
    content: dict[str, Any] = plain(
        {
            "schema_version": SCHEMA_VERSION,
            "command": "tidy",
            "world": WORLD_ID,
            "contract_version": CONTRACT_VERSION,
            "config": config,
            "versions": versions(),
            "seeds": {"house": run.task.seed},
            "perception": _perception(run),
            "ended": run.episode.ended,
            "metrics": metrics(run),
            "objects": [
                _object(o) for o in run.score.objects if o.displaced or o.picked or o.proper_start != o.proper_end
            ],
            "outcomes": run.episode.outcomes(),
            "journal": [_event(e) for e in run.agent.journal()],
            "info": run.episode.info,
            "timing_secs": timing_secs if timing_secs is not None else run.episode.timing_secs,
        }
    )
    return content


def metrics(run: TidyRun) -> dict[str, Any]:
    """Return the score and the cost of an episode.

    ``steps`` counts actions; ``action_errors`` those whose outcome was not ok (TIDEE section 3.2); ``path_m`` is the
    length of the base's way by odometry; ``claimed`` counts things that the agent's journal calls placed, and
    ``false_success`` those of them that are out of place at the end.
    """
    steps = run.episode.steps
    picked_by_step = dict(run.episode.picked)
    proper = {o.id for o in run.score.objects if o.proper_end}
    placed: set[str] = set()
    current = ""
    for event in run.agent.journal():
        if event.kind == "picked":
            current = picked_by_step.get(event.step, "")
        elif event.kind == "placed" and current:
            placed.add(current)
    return {
        **run.score.metrics(),
        "steps": len(steps),
        "action_errors": sum(s.outcome != "ok" for s in steps),
        "path_m": round(_path_m(steps), 2),
        "claimed": len(placed),
        "false_success": false_successes(placed, proper),
    }


def summary(run: TidyRun, total_secs: float) -> str:
    """One line for people."""
    s, steps = run.score, len(run.episode.steps)
    text = (
        f"{s.displaced_proper} of {s.displaced} displaced things in a proper place, "
        f"{s.undisplaced_worse} of {s.undisplaced} others made worse, {steps} steps, {total_secs:.1f} s"
    )
    return {"interrupted": f"interrupted: {text}", "out_of_steps": f"out of steps: {text}"}.get(run.episode.ended, text)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file with sorted keys."""
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def write_html(path: Path, run: TidyRun, content: Mapping[str, Any]) -> None:
    """Write the page; ``content`` is the :func:`document`."""
    path.write_text(page(run, content), encoding="utf-8")


def plain(value: Any) -> Any:
    """Return a value made of JSON's own types; arrays become lists, what JSON cannot say becomes ``None`` or text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _perception(run: TidyRun) -> dict[str, Any]:
    learned = run.task.perception == "learned"
    weights = weights_of(run.task.detector) if learned else None
    return {"kind": run.task.perception, "weights": weights, "bad_input": dict(run.bad_input)}


def _path_m(steps: tuple[StepRecord, ...]) -> float:
    return sum(math.dist(a.base[:2], b.base[:2]) for a, b in pairwise(steps))


def _object(thing: ObjectScore) -> dict[str, Any]:
    return {**dataclasses.asdict(thing), "start": thing.start.text, "end": thing.end.text}


def _event(event: Event) -> dict[str, Any]:
    position = None if event.position is None else [round(v, 3) for v in event.position]
    return {
        "step": event.step,
        "kind": event.kind,
        "label": event.label,
        "reason": event.reason,
        "target": event.target,
        "position": position,
    }
