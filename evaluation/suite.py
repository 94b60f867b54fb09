"""Many tidy episodes at once, and the table of what came out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import fmean, median
from typing import Any

from engram.evaluation.report import metrics
from engram.evaluation.statistics import wilson
from engram.evaluation.tidy import TidyTask, run_tidy


@dataclass(frozen=True)
class SuiteRow:
    """What one episode of a suite came to."""

    seed: int
    ended: str  # done, out_of_steps or crashed
    metrics: dict[str, Any]  # empty when it crashed
    failures: dict[str, int]  # reason -> count, of the agent's journal
    error: str = ""
    secs: float = 0.0  # by the clock; not part of the deterministic results

    def result(self) -> dict[str, Any]:
        """Return what is the same for equal suites."""
        return {
            "seed": self.seed,
            "ended": self.ended,
            "metrics": self.metrics,
            "failures": self.failures,
            "error": self.error,
        }


def run_row(task: TidyTask) -> SuiteRow:
    """Run one episode of a suite."""
    begin = time.perf_counter()
    run = run_tidy(task)
    failures: dict[str, int] = {}
    for event in run.agent.journal():
        if event.kind == "failed":
            failures[event.reason] = failures.get(event.reason, 0) + 1
    secs = time.perf_counter() - begin
    return SuiteRow(task.seed, run.episode.ended, metrics(run), dict(sorted(failures.items())), "", secs)


def run_suite(
    tasks: Sequence[TidyTask],
    processes: int = 2,
    done: Callable[[SuiteRow], None] = lambda row: None,
    run: Callable[[TidyTask], SuiteRow] = run_row,
) -> list[SuiteRow]:
    """Run the episodes in processes of their own; rows come in the order of the tasks.

    An episode that raises becomes a row whose ``ended`` is ``"crashed"``; ``done`` is called with each row as it comes.
    """
    rows: list[SuiteRow] = []
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        futures = [pool.submit(run, task) for task in tasks]
        for task, future in zip(tasks, futures, strict=True):
            rows.append(_row(task, future))
            done(rows[-1])
    return rows


def table(rows: Sequence[SuiteRow]) -> dict[str, Any]:
    """Aggregate figures; shares come with Wilson 95 % intervals, which take objects for independent."""
    ran = [r for r in rows if r.metrics]
    total = {
        name: sum(r.metrics[name] for r in ran)
        for name in ("displaced", "displaced_proper", "undisplaced", "undisplaced_worse", "false_success")
    }
    steps = [r.metrics["steps"] for r in ran]
    energies = [r.metrics["energy_displaced"] for r in ran if r.metrics["energy_displaced"] is not None]
    return {
        "houses": len(rows),
        "crashes": sum(r.ended == "crashed" for r in rows),
        "out_of_steps": sum(r.ended == "out_of_steps" for r in rows),
        "displaced_proper": share(total["displaced_proper"], total["displaced"]),
        "undisplaced_worse": share(total["undisplaced_worse"], total["undisplaced"]),
        "false_success": share(total["false_success"], sum(r.metrics["correctly_moved"] for r in ran)),
        "energy_displaced": fmean(energies) if energies else None,
        "steps_mean": fmean(steps) if steps else None,
        "steps_median": median(steps) if steps else None,
        "failures": {
            reason: sum(r.failures.get(reason, 0) for r in ran)
            for reason in sorted({reason for r in ran for reason in r.failures})
        },
    }


def share(count: int, total: int) -> dict[str, Any]:
    """Count, total, share and its interval."""
    low, high = wilson(count, total) if count <= total else (0.0, 1.0)
    return {"count": count, "total": total, "share": count / total if total else None, "low": low, "high": high}


def _row(task: TidyTask, future: Future[SuiteRow]) -> SuiteRow:
    error = future.exception()
    if error is None:
        return future.result()
    return SuiteRow(task.seed, "crashed", {}, {}, f"{type(error).__name__}: {error}")
