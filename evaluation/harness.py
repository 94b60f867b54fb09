"""Runs a suite: gives its jobs to processes, keeps what comes of them, and makes the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from engram.evaluation.aggregate import CRASHED, table
from engram.evaluation.contract import Job, Outcome, Record, RunFolder, Timing, TraceConfig
from engram.evaluation.ledger import FolderError, Ledger, difference, opened, pretty, read_suite, replace
from engram.evaluation.metrics.latency import percentiles
from engram.evaluation.revision import revision
from engram.evaluation.suite import Suite
from engram.evaluation.worker import Finished
from engram.evaluation.workers import LocalPool, Running
from engram.sims.machine import versions


class Pool(Protocol):
    """Something that runs jobs."""

    def run(self, jobs: Sequence[Job]) -> Iterator[Finished | list[Running]]:
        """Yield what has finished as it finishes, and now and then what is under way."""
        ...


@dataclass(frozen=True)
class Plan:
    """How a suite is to be run."""

    suite: Suite
    folder: RunFolder
    workers: int = 1
    limit: int | None = None  # seeds
    shard: tuple[int, int] = (1, 1)  # this one, of how many
    resume: bool = False
    keep: TraceConfig | None = field(default_factory=TraceConfig)  # of a trace of each episode
    join: tuple[Path, ...] = ()  # folders of runs of the same suite to take episodes from

    def jobs(self) -> list[Job]:
        """Return the episodes of this run."""
        number, of = self.shard
        return self.suite.jobs(self.limit)[number - 1 :: of]


@dataclass(frozen=True)
class Progress:
    """What a watcher of a run is shown."""

    total: int
    records: Sequence[Record]  # so far, those of before included
    timing: Timing | None = None  # of the episode that has just finished
    running: Sequence[Running] = ()


@dataclass(frozen=True)
class Source:
    """What the episodes are run with."""

    versions: Mapping[str, str] = field(default_factory=versions)
    revision: str = field(default_factory=revision)


def run(plan: Plan, show: Callable[[Progress], None] = lambda _: None, pool: Pool | None = None) -> dict[str, Any]:
    """Run a suite, or what is left of it, and return the content of ``table.json``.

    Raises:
        EvaluationError: the folder cannot be used, or no episode can run here.
        DiskFullError: there is no space; the run can be resumed.

    """
    suite, source = plan.suite, Source()
    content = {**suite.document(), "began": {"versions": dict(source.versions), "revision": source.revision}}
    with opened(plan.folder, content, plan.resume) as ledger:
        for path in plan.join:
            join(ledger, RunFolder(path), content)
        jobs = plan.jobs()
        left = [job for job in jobs if job.id not in ledger.done()]
        pool = pool or LocalPool(suite.protocol, plan.folder, plan.workers, suite.wall_secs, plan.keep)
        show(Progress(len(jobs), ledger.records()))
        with closing(pool.run(left)) as events:  # type: ignore[type-var]
            for event in events:
                if isinstance(event, list):
                    show(Progress(len(jobs), ledger.records(), running=event))
                    continue
                record, timing = kept(suite.protocol, event, source)
                ledger.add(record, timing)
                show(Progress(len(jobs), ledger.records(), timing))
        return finish(ledger, suite)


def changes(folder: RunFolder) -> str:
    """Say what differs between this source and the one that a run began with; empty when nothing does."""
    if not folder.suite.exists():
        return ""
    source = Source()
    here = {"versions": dict(source.versions), "revision": source.revision}
    return difference(read_suite(folder).get("began", here), here, "its ")


def join(ledger: Ledger, other: RunFolder, content: Mapping[str, Any]) -> int:
    """Take the episodes of another folder; FolderError when it holds a run of another suite."""
    differs = difference(read_suite(other), content)
    if differs:
        raise FolderError(f"{other.path} holds a run of another suite: {differs}")
    return ledger.adopt(other)


def finish(ledger: Ledger, suite: Suite) -> dict[str, Any]:
    """Write the table and the report."""
    from engram.evaluation import run_report  # what draws it is not needed to run

    records = ledger.settle(suite.jobs())
    content = table(records, suite.metrics)
    replace(ledger.folder.table, pretty(content))
    log = ledger.folder.path / "workers.log"
    if log.exists() and not log.stat().st_size:
        log.unlink()
    run_report.write(ledger.folder)
    return content


def kept(protocol: str, finished: Finished, source: Source) -> tuple[Record, Timing]:
    """Make of what a job came to what is kept of it."""
    job = finished.job
    outcome = finished.outcome or Outcome(CRASHED, 0, {}, {finished.reason: 1}, {})
    record = Record(
        job.id, job.variant, job.seed, protocol, job.config_hash, outcome.ended, outcome.steps, dict(outcome.values),
        dict(outcome.failures), finished.error, dict(source.versions), source.revision,
    )  # fmt: skip
    secs = {**{k: round(v, 3) for k, v in outcome.secs.items()}, "total": round(finished.secs, 3)}
    return record, Timing(job.id, secs, percentiles(outcome.step_ms))
