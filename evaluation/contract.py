"""The evaluation contract: what a suite asks for, what an episode leaves behind, and where that lies.

A suite names a *protocol* (a kind of episode, such as ``tidy``), its options, seeds and axes of variants. Each variant
and seed is one *job*; a job runs in any process of any machine and gives an *outcome*, of which a *record* is made.
Equal jobs give equal records: what the clock says is kept apart, in :class:`Timing`.

Directory of a run
    ``suite.json``      the suite as it was resolved; what a resumed run must agree with
    ``episodes.jsonl``  one record an episode, in the order of the jobs once the run is complete
    ``timings.jsonl``   one timing an episode
    ``table.json``      the figures of all variants
    ``report.json``, ``report.html``
    ``traces/ID.mcap``  what each episode did, step by step; ``/`` in an id becomes ``_``
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

SCHEMA_VERSION = 1
Json = Mapping[str, Any]
Observations = Literal["none", "keyframes", "all"]
Values = Mapping[str, float | None]  # figures of an episode by name; None where there is nothing to count


class EvaluationError(Exception):
    """Base of the errors of evaluation; the message names the cause and the remedy."""


class UnavailableError(EvaluationError):
    """Raised by an episode that needs what this machine has not: a run ends with it, for all others need it too."""


@dataclass(frozen=True)
class Metric:
    """One column of the table of a run, and how it is made of the figures of its episodes.

    ``rate``: share of episodes whose ``value`` is 1, with Wilson's interval. ``share``: sum of ``value`` over sum of
    ``total``, with an interval by bootstrap over episodes, since things of one house are not independent. ``mean``:
    mean of ``value`` over the episodes that have one, by bootstrap.
    """

    name: str
    kind: Literal["rate", "share", "mean"]
    value: str  # name of a figure of an episode
    total: str = ""  # figure below the line, of a share
    better: Literal["higher", "lower"] = "higher"
    unit: str = ""
    about: str = ""  # formula and source


@dataclass(frozen=True)
class Job:
    """One episode to run."""

    id: str  # "VARIANT/SEED", unique in a run
    variant: str  # "base", or "key=value,..." of what differs from the suite's configuration
    seed: int
    config: Json = field(default_factory=dict)  # options of the protocol

    @property
    def config_hash(self) -> str:
        """Digest of what the job is to do."""
        text = json.dumps({"seed": self.seed, "config": self.config}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class TraceConfig:
    """What a trace keeps of the images, and how."""

    observations: Observations = "keyframes"  # all: colour and depth of each step, without loss
    every: int = 25  # steps between keyframes, besides those of picks, places and failures
    jpeg_quality: int = 80
    chunk_bytes: int = 65536  # a killed episode loses at most about this much


@dataclass(frozen=True)
class Tracing:
    """Where an episode is written to, and what is kept of it."""

    path: Path
    keep: TraceConfig = field(default_factory=TraceConfig)


@dataclass(frozen=True)
class Outcome:
    """What running a job gave."""

    ended: str  # done, out_of_steps, interrupted
    steps: int
    values: Values
    failures: Mapping[str, int]  # reason -> count
    secs: Mapping[str, float]  # wall time by stage
    step_ms: Mapping[str, Sequence[float]] = field(default_factory=dict)  # of each step, by stage


@dataclass(frozen=True)
class Record:
    """One line of ``episodes.jsonl``."""

    id: str
    variant: str
    seed: int
    protocol: str
    config_hash: str
    ended: str  # as in Outcome, or "crashed"
    steps: int
    values: Values  # empty when it crashed
    failures: Mapping[str, int]
    error: str  # traceback of a crash
    versions: Mapping[str, str]
    revision: str  # of the source; empty when it is no checkout
    schema_version: int = SCHEMA_VERSION

    def line(self) -> str:
        """Return the record as JSON with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class Timing:
    """One line of ``timings.jsonl``: what the clock said."""

    id: str
    secs: Mapping[str, float]  # by stage; "total" is all of it
    step_ms: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # stage -> p50, p95, p99


class EpisodeProtocol(Protocol):
    """A kind of episode."""

    name: str
    options: type[Any]  # frozen dataclass of what can be configured, besides the seed
    metrics: Mapping[str, Metric]

    def prepare(self) -> None:
        """Do what a process must do once and no episode should wait for, such as compiling."""
        ...

    def run(self, config: Json, seed: int, trace: Tracing | None) -> Outcome:
        """Run an episode; with ``trace``, write down what it did.

        Raises:
            EvaluationError: the configuration does not fit.
            UnavailableError: something that the episodes of the configuration need is missing.

        """
        ...


@dataclass(frozen=True)
class RunFolder:
    """The files of a run."""

    path: Path

    @property
    def suite(self) -> Path:
        """The resolved suite."""
        return self.path / "suite.json"

    @property
    def episodes(self) -> Path:
        """The records."""
        return self.path / "episodes.jsonl"

    @property
    def timings(self) -> Path:
        """The timings."""
        return self.path / "timings.jsonl"

    @property
    def table(self) -> Path:
        """The figures."""
        return self.path / "table.json"

    @property
    def report(self) -> Path:
        """The report for programs."""
        return self.path / "report.json"

    @property
    def page(self) -> Path:
        """The report for people."""
        return self.path / "report.html"

    def trace(self, id_: str) -> Path:
        """Trace of an episode."""
        return self.path / "traces" / f"{id_.replace('/', '_')}.mcap"
