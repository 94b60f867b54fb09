"""Episodes on a Ray cluster that is already there; engram must be installed on its machines, in this same version."""

from __future__ import annotations

import importlib
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engram.evaluation import protocols
from engram.evaluation.contract import EpisodeProtocol, Job, RunFolder, TraceConfig, Tracing, UnavailableError
from engram.evaluation.ledger import replace
from engram.evaluation.revision import revision
from engram.evaluation.worker import Finished, perform
from engram.evaluation.workers import Running, WorkersError
from engram.sims.machine import versions

_TICK_SECS = 0.5
_START_SECS = 120.0  # for a process to start and prepare itself, besides the time of its episode


@dataclass(frozen=True)
class RayPool:
    """Runs jobs on a Ray cluster, one a CPU."""

    protocol: str
    folder: RunFolder
    address: str
    wall_secs: float
    keep: TraceConfig | None  # of a trace of each episode

    def run(self, jobs: Sequence[Job]) -> Iterator[Finished | list[Running]]:
        """Yield what has finished as it finishes, and now and then what is under way.

        Raises:
            WorkersError: Ray is not installed, the cluster does not answer, or it has another engram.

        """
        if not jobs:
            return
        ray = _ray()
        try:
            ray.init(address=self.address, log_to_driver=False, logging_level="error")
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise WorkersError(f"no Ray cluster at {self.address!r}: {error}") from error
        try:
            _compare(ray.get(ray.remote(_source).remote()))
            yield from self._run(ray, deque(jobs))
        finally:
            ray.shutdown()

    def _run(self, ray: Any, waiting: deque[Job]) -> Iterator[Finished | list[Running]]:
        episode = ray.remote(num_cpus=1, max_retries=0)(_episode)
        room = max(1, int(ray.cluster_resources().get("CPU", 1)))
        under_way: dict[Any, Running] = {}
        while waiting or under_way:
            while waiting and len(under_way) < room:
                job = waiting.popleft()
                under_way[episode.remote(self.protocol, job, self.keep)] = Running(job, time.monotonic())
            done, _ = ray.wait(list(under_way), timeout=_TICK_SECS)
            for ref in done:
                yield self._result(ray, ref, under_way.pop(ref))
            for ref, running in list(under_way.items()):
                if time.monotonic() - running.since > self.wall_secs + _START_SECS:
                    ray.cancel(ref, force=True)
                    del under_way[ref]
                    yield _lost(running, f"stopped after {self.wall_secs:g} s", "timeout")
            yield list(under_way.values())

    def _result(self, ray: Any, ref: Any, running: Running) -> Finished:
        try:
            finished, trace = ray.get(ref)
        except UnavailableError as error:
            raise WorkersError(f"no episode of {running.job.variant!r} can run there: {error}") from error
        except ray.exceptions.RayError as error:
            return _lost(running, f"the process of the episode died ({type(error).__name__})", "died")
        if trace is not None:
            path = self.folder.trace(running.job.id)
            path.parent.mkdir(parents=True, exist_ok=True)
            replace(path, trace)
        result: Finished = finished
        return result


def _episode(name: str, job: Job, keep: TraceConfig | None) -> tuple[Finished, bytes | None]:
    """Run a job in a process of the cluster; returns its trace, too."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.mcap"
        finished = perform(_protocol(name), job, None if keep is None else Tracing(path, keep))
        return finished, path.read_bytes() if path.exists() else None


@cache
def _protocol(name: str) -> EpisodeProtocol:
    protocol = protocols.load(name)
    protocol.prepare()
    return protocol


def _source() -> tuple[Mapping[str, str], str]:
    return versions(), revision()


def _compare(there: tuple[Mapping[str, str], str]) -> None:
    here = _source()
    for name in sorted({*here[0], *there[0]}):
        if here[0].get(name) != there[0].get(name):
            a, b = there[0].get(name, "missing"), here[0].get(name, "missing")
            raise WorkersError(f"the Ray cluster has {name} {a}, and this machine {b}: install the same on both")
    if here[1] != there[1]:
        raise WorkersError(f"the Ray cluster runs revision {there[1] or 'unknown'}, and this machine {here[1]}")


def _lost(running: Running, error: str, reason: str) -> Finished:
    return Finished(running.job, None, error, reason, time.monotonic() - running.since)


def _ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise WorkersError('--ray needs Ray; run: pip install "engram[ray]"') from error
