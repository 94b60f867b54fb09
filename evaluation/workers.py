"""Episodes in processes of this machine. A process that dies or takes too long costs one episode and no more."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from engram.evaluation import protocols
from engram.evaluation.contract import EvaluationError, Job, RunFolder, TraceConfig, Tracing, UnavailableError
from engram.evaluation.worker import DiskFullError, Finished, perform, told

_STARTS = 3  # processes that may die before they are ready, one after the other
_TICK_SECS = 0.5


class WorkersError(EvaluationError):
    """Raised when no process can run episodes here; the message says why."""


@dataclass(frozen=True)
class Running:
    """A job under way."""

    job: Job
    since: float  # time.monotonic


@dataclass(frozen=True)
class LocalPool:
    """Runs jobs in processes of this machine."""

    protocol: str
    folder: RunFolder
    workers: int
    wall_secs: float
    keep: TraceConfig | None  # of a trace of each episode

    def run(self, jobs: Sequence[Job]) -> Iterator[Finished | list[Running]]:
        """Yield what has finished as it finishes, and now and then what is under way.

        Raises:
            WorkersError: processes cannot start.
            DiskFullError: a process found the disk full.

        """
        waiting = deque(jobs)
        staff: list[_Worker] = []
        try:
            while waiting or any(w.running for w in staff):
                self._hire(staff, len(waiting))
                connection.wait([x for w in staff for x in (w.pipe, w.process.sentinel)], _TICK_SECS)
                for worker in staff:
                    finished = worker.look()
                    if finished is not None:
                        yield finished
                    if worker.idle and waiting:
                        worker.give(waiting.popleft())
                self._dismiss(staff)
                yield [w.running for w in staff if w.running]
        finally:
            for worker in staff:
                worker.stop()

    def _hire(self, staff: list[_Worker], waiting: int) -> None:
        """Start processes until there is one for each job, or as many as there may be."""
        wanted = min(self.workers, waiting + sum(w.running is not None for w in staff))
        staff += [_Worker(self, attempt=0) for _ in range(wanted - len(staff))]

    def _dismiss(self, staff: list[_Worker]) -> None:
        """Let go of the dead; one that never got ready is followed by another, a few times."""
        for worker in [w for w in staff if w.gone]:
            staff.remove(worker)
            if not worker.ready:
                if worker.attempt + 1 >= _STARTS:
                    raise WorkersError(f"processes die before they can run an episode ({worker.fate()})")
                staff.append(_Worker(self, worker.attempt + 1))


class _Worker:
    """One process and the job that it has."""

    def __init__(self, pool: LocalPool, attempt: int) -> None:
        """Start it; ``attempt`` counts those before it that died too soon."""
        self.attempt = attempt
        context = get_context("spawn")
        self._pool = pool
        self.pipe, theirs = context.Pipe()
        log = pool.folder.path / "workers.log"
        self.process: BaseProcess = context.Process(
            target=_serve, args=(theirs, pool.protocol, str(log)), name="engram-episode"
        )
        self.process.start()
        theirs.close()
        self.ready = False
        self.gone = False
        self.running: Running | None = None

    @property
    def idle(self) -> bool:
        return self.ready and not self.gone and self.running is None

    def give(self, job: Job) -> None:
        self.running = Running(job, time.monotonic())
        keep = self._pool.keep
        trace = None if keep is None else Tracing(self._pool.folder.trace(job.id), keep)
        with suppress(BrokenPipeError):  # it has died; look() will see it
            self.pipe.send((job, trace))

    def look(self) -> Finished | None:
        """Take what the process has said; or find that it has died or is late."""
        alive = self.process.is_alive()  # asked first: what it said before it died is still in the pipe
        with suppress(EOFError, ConnectionResetError):
            if self.pipe.poll():
                return self._heard(*self.pipe.recv())
        if self.running is not None and time.monotonic() - self.running.since > self._pool.wall_secs:
            return self._lost(f"stopped after {self._pool.wall_secs:g} s", "timeout")
        if not alive:
            return self._lost(f"the process of the episode died ({self.fate()})", "died")
        return None

    def fate(self) -> str:
        self.process.join(5.0)
        code = self.process.exitcode or 0
        try:
            return signal.Signals(-code).name if code < 0 else f"exit code {code}"
        except ValueError:
            return f"signal {-code}"

    def stop(self) -> None:
        self.gone = True
        if self.ready:  # it leads a group of its own by now; what it has started goes with it
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid or 0, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def _heard(self, what: str, said: Any) -> Finished | None:
        if what == "ready":
            self.ready = True
            return None
        self.running = None
        if what == "full":
            raise DiskFullError(said)
        if what == "broken":
            raise WorkersError(said)
        return said if isinstance(said, Finished) else None

    def _lost(self, error: str, reason: str) -> Finished | None:
        running, self.running = self.running, None
        if reason == "timeout":
            self.process.kill()
        self.fate()
        self.stop()
        if running is None:
            return None
        return Finished(running.job, None, error, reason, time.monotonic() - running.since)


def _serve(pipe: Connection, name: str, log: str) -> None:
    """Run jobs until the pipe ends."""
    _detach(log)
    os.environ["OMP_NUM_THREADS"] = "1"  # of networks: processes share the cores, and sums do not depend on how many
    try:
        protocol = protocols.load(name)
        protocol.prepare()
    except Exception as error:  # noqa: BLE001 - told to the one who waits, and the run ends
        pipe.send(("broken", f"no episode can run here: {told(error)}"))
        return
    pipe.send(("ready", None))
    with suppress(EOFError, KeyboardInterrupt):
        while True:
            job, trace = pipe.recv()
            if trace is not None:
                trace.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                pipe.send(("finished", perform(protocol, job, trace)))
            except DiskFullError as error:
                pipe.send(("full", str(error)))
            except UnavailableError as error:
                pipe.send(("broken", f"no episode of {job.variant!r} can run here: {error}"))


def _detach(log: str) -> None:
    """Leave the terminal to the run, and end with it."""
    with suppress(OSError):
        os.setsid()  # Ctrl-C is the run's to handle
    try:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError:  # such as a full disk, which the episode or the run will tell of
        file = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(file, stream)
    faulthandler.enable()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
