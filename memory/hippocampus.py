"""The hippocampus: all stores of a robot behind one door, over one memory file or server.

A write asks all stores in parallel what they propose, commits their events in one transaction, and then has them
applied. The version of memory is the sequence number of its newest event. Changes and questions are handed to all
stores under one lock and each store works them off in order (see `lanes`), so that every recall reads all stores at
the same version, though none of them waits for another.

A store that is slow or fails is on its own: a recall goes without it, with its last answer to the same question where
there is one; what it proposes too late is committed with the next write; a proposal that fails is dropped and
reported; and after a change that failed halfway it is quarantined until `reload`, or the next opening, has rebuilt it
from the log. A store that rests on another (see `asking`) is told what that one says, or after three quarters of the
deadline nothing, and so is not held up either. What one proposes on the word of another is never committed without
what that one proposes.

After a task, and on close, the stores that can do so sleep: in the background, beside steps and questions. A sleep
interrupted at any point has changed nothing, and the next one makes up for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from engram.memory.contract import Event, HippocampusError, Hit, Percepts, Query, Recall, Source, Store
from engram.memory.errors import MemoryFileError, ReadOnlyFileError
from engram.memory.lanes import Lane, StoreHealth
from engram.memory.log import Synchronous, open_log
from engram.memory.records import Draft, to_draft
from engram.memory.times import dated
from engram.memory.worker import Worker

_log = logging.getLogger(__name__)
_RECENT = 1000  # events among which the newest stamp is looked for on opening


class ClockError(HippocampusError, ValueError):
    """Raised for a step of before the newest of what memory holds: what is believed since when would not be true."""


@dataclass(frozen=True)
class HippocampusConfig:
    """Settings of the facade."""

    robot: str = "robot"
    """Name of the robot that a new file belongs to, or whose memory on a server it is."""
    deadline_secs: float = 0.5
    """How long a write or a recall waits for each store."""
    synchronous: Synchronous = "NORMAL"
    """NORMAL keeps acknowledged writes when the process is killed, FULL also when the power fails."""
    snapshot_events: int = 0
    """A write that brings this many events since the last snapshot takes one, and waits for it; 0: only flush and close
    do, so that no step waits. After a kill, memory opens by replaying what came since the last snapshot."""
    snapshot_secs: float = 60.0
    """How long a snapshot waits for each store."""
    restore_secs: float = 600.0
    """How long opening and `reload` wait for each store to be rebuilt; a later one joins in when it is."""
    naps: bool = True
    """Sleep in the background after each task; otherwise on close only, and when asked to, which makes two equal runs
    equal event for event."""
    nap_after_secs: float = 0.2
    """A nap waits until nothing has been written or asked for so long, so that no step waits for it."""
    nap_within_secs: float = 60.0
    """A robot that never pauses naps nevertheless when a task ended so long ago."""
    sleep_secs: float = 5.0
    """How long a sleep, and the questions before it, wait for each store."""
    keep_snapshots: int = 2
    """Snapshots kept of each store."""
    parallel: bool = True
    """Give each store a thread of its own; otherwise they work one after the other."""
    read_only: bool = False
    """Open an existing file for recall only."""
    dates: bool = True
    """Take words about time in a question, such as "at 9:00" or "yesterday", for the time that it asks about."""


class Hippocampus:
    """An open memory. Its methods may be called from any thread; writes take turns."""

    def __init__(self, path: str | Path, stores: Sequence[Store], config: HippocampusConfig | None = None) -> None:
        """Open or make a memory file, or the memory at a URL, and bring the (new, empty) stores to its newest version.

        Raises a MemoryFileError when it cannot be used, ValueError for two stores of one name. A store whose
        replay fails is quarantined.
        """
        names = [store.name for store in stores]
        if len(set(names)) < len(names):
            raise ValueError(f"stores need different names, not {names}")
        self.config = c = config or HippocampusConfig()
        self._workers = [Worker() for _ in range(len(names) if c.parallel else 1)]
        self._lanes = {s.name: Lane(s, self._workers[k % len(self._workers)]) for k, s in enumerate(stores)}
        self._sleeper = Worker("memory-sleep") if c.naps and any(n.sleeper for n in self._lanes.values()) else None
        self.file = open_log(
            path, robot=c.robot, create=not c.read_only, read_only=c.read_only, synchronous=c.synchronous
        )
        self._writing = threading.RLock()
        self._sleeping = threading.Lock()
        self._view = threading.Lock()  # held while jobs of one version are handed out
        self._version = self.file.last
        self._saved = max((s.seq for s in self.file.snapshots()), default=self.file.base)
        self._slept = self._version  # version that all sleepers have looked at
        self._nap: Future[None] | None = None
        self._busy = 0.0  # when something was last written or asked, by the monotonic clock
        self._closing = threading.Event()
        self._newest = self._read_newest()
        self._restore(self._lanes.values())

    @property
    def version(self) -> int:
        """The committed version: the sequence number of the newest event."""
        return self._version

    @property
    def newest(self) -> Source | None:
        """Source of the newest event, by its stamp; None in an empty memory."""
        return self._newest

    @property
    def _now_ns(self) -> int:
        return self._newest.stamp_ns if self._newest else 0

    def write(self, percepts: Percepts) -> int:
        """Take in a step and return the new version; what it brought is on the disk then.

        Steps come in the order of their stamps; equal ones may follow each other. Raises ClockError for one that is
        earlier than the newest event, DiskFullError or another MemoryFileError when it could not be committed; then
        memory is as before.
        """
        if self.config.read_only:
            raise ReadOnlyFileError(self.file.name, "was opened read-only", "open it for writing")
        self._busy = time.monotonic()
        with self._writing:
            if percepts.source.stamp_ns < self._now_ns:
                raise ClockError(
                    f"{self.file.name}: step {percepts.source.step} of {percepts.source.episode!r} is stamped"
                    f" {percepts.source.stamp_ns} ns, before the newest event, {self._now_ns} ns; leave it out, or set"
                    " the clock of a new episode later (`agents.relocate` does)"
                )
            self._take_late()
            self._commit(self._propose(percepts))
            if 0 < self.config.snapshot_events <= self._version - self._saved:
                self._snapshot()
            version = self._version
        if percepts.outcome and self._sleeper is not None and (self._nap is None or self._nap.done()):
            self._nap = self._sleeper.submit(self._take_nap)
        return version

    def sleep(self) -> int:
        """Let the stores that can do so draw on what they know, commit what comes of it, and return the version.

        A store that is late, or that a step has changed meanwhile, is left for the next sleep.

        Raises a MemoryFileError when the changes could not be committed; then memory is as before.
        """
        if self.config.read_only:
            raise ReadOnlyFileError(self.file.name, "was opened read-only", "open it for writing")
        with self._sleeping:
            with self._writing:
                self._take_late()
            source, sleepers = self._newest, [lane for lane in self._lanes.values() if lane.sleeper]
            if source is None or not sleepers:
                return self._version
            lanes = [lane for lane in sleepers if not (lane.late or lane.torn)]
            answers = self._ask(lanes, source, self.config.sleep_secs)
            with self._view:
                version, before = self._version, {lane.name: lane.changes for lane in lanes}
                jobs = {n.name: n.executor.submit(n.sleep, source, answers.get(n.name)) for n in lanes}
            self._wait(jobs, self.config.sleep_secs)
            self._failures(jobs, "sleep")
            with self._writing:
                sound = [n for n in lanes if _succeeded(jobs[n.name]) and n.is_unchanged(before[n.name])]
                complete = self._version == version and len(sound) == len(sleepers)
                self._commit([draft for lane in sound for draft in jobs[lane.name].result()])
                if complete:
                    self._slept = self._version
                return self._version

    def change(self, events: Sequence[Event]) -> int:
        """Commit changes that no step brought, such as an alias, an imported scene or the lessons of a sleep.

        Returns the new version. Raises HippocampusError for a store that there is not, MemoryFileError when it could
        not be committed, TypeError or ValueError for data that is not plain JSON; then memory is as before.
        """
        if self.config.read_only:
            raise ReadOnlyFileError(self.file.name, "was opened read-only", "open it for writing")
        for event in events:
            if event.store not in self._lanes:
                raise HippocampusError(f"there is no store {event.store!r} to change; open {', '.join(self._lanes)}")
        drafts = [to_draft(event) for event in events]
        with self._writing:
            self._take_late()
            self._commit(drafts)
            return self._version

    def undo(self, episode: str, step: int, robot: str = "") -> int:
        """Take back what a step of a robot, by default the file's, brought to the stores that can do so.

        Returns the new version, which is the old one when there was nothing to take back.

        Nothing is erased: the log keeps the step, and the graph what was believed in between.

        Raises:
            HippocampusError: a store failed at it, or was late; then memory is as before.
            MemoryFileError: the change could not be committed, or the log not be read.

        """
        if self.config.read_only:
            raise ReadOnlyFileError(self.file.name, "was opened read-only", "open it for writing")
        with self._writing:
            self._take_late()
            source = Source(robot or self.file.robot, episode, step, self._now_ns)
            made = [e for _, e in self.file.events() if replace(e.source, stamp_ns=self._now_ns) == source]
            jobs = {n: lane.executor.submit(lane.undo, made, source) for n, lane in self._lanes.items()}
            wait(jobs.values(), self.config.deadline_secs)
            errors = self._failures(jobs, "undo")
            if errors:
                raise HippocampusError(f"step {step} of {episode!r} stays: {_describe(errors[0])}") from errors[0]
            self._commit([draft for job in jobs.values() for draft in job.result()])
            return self._version

    def dated(self, query: Query) -> Query:
        """Return a question as it will be asked: its words about time, if any, counted from the newest event."""
        return dated(query, self._now_ns) if self.config.dates and self._now_ns else query

    def recall(self, queries: Query | Iterable[Query]) -> Recall:
        """Ask all stores, or those that the queries name; never waits longer than the deadline."""
        self._busy = time.monotonic()
        asked = tuple(map(self.dated, (queries,) if isinstance(queries, Query) else queries))
        jobs: dict[str, Future[Sequence[Hit]]] = {}
        mine: dict[str, tuple[Query, ...]] = {}
        with self._view:
            version = self._version
            for lane in self._lanes.values():
                wanted = tuple(q for q in asked if q.stores is None or lane.name in q.stores)
                if wanted:
                    mine[lane.name] = wanted
                    if not lane.late:
                        jobs[lane.name] = lane.executor.submit(lane.recall, wanted)
        self._wait(jobs, self.config.deadline_secs)
        return self._collect(version, jobs, mine)

    def health(self) -> Mapping[str, StoreHealth]:
        """Return how each store is doing."""
        return {name: lane.health for name, lane in self._lanes.items()}

    def reload(self, name: str) -> StoreHealth:
        """Rebuild a store from its snapshot and the log, which ends its quarantine unless it fails again."""
        with self._writing:
            lane = self._lanes[name]
            self._restore([lane])
            return lane.health

    def flush(self) -> int:
        """Commit what is late and take a snapshot of all stores; return the version.

        Raises a MemoryFileError when a snapshot could not be written; the log has everything nevertheless.
        """
        with self._writing:
            if not self.config.read_only:
                wait([lane.proposal for lane in self._lanes.values() if lane.proposal], self.config.deadline_secs)
                self._take_late()
                for error in self._snapshot() if self._version > self._saved else ():
                    if isinstance(error, MemoryFileError):
                        raise error
            return self._version

    def close(self) -> None:
        """Sleep if there is anything new, flush, let the threads end and close the file.

        Waits for a store that hangs no longer than any other method does.
        """
        self._closing.set()
        with ExitStack() as last:
            last.callback(self.file.close)
            last.callback(self._stop)
            last.callback(self.flush)
            if self._nap is not None and not self._nap.cancel():
                wait([self._nap])  # it keeps to its own deadlines
            if self._version > self._slept and not self.config.read_only:
                self.sleep()

    def __enter__(self) -> Hippocampus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_newest(self) -> Source | None:
        try:
            rows = list(self.file.rows(max(self.file.base, self._version - _RECENT)))
        except MemoryFileError as error:
            _log.warning("%s", error)
            return None
        row = max(rows, key=lambda row: row.stamp_ns, default=None)
        return None if row is None else Source(row.robot, row.episode, row.step, row.stamp_ns)

    def _propose(self, percepts: Percepts) -> list[Draft]:
        end = time.monotonic() + self.config.deadline_secs
        free = [lane for lane in self._lanes.values() if self._is_free(lane)]
        heeding = [lane for lane in free if lane.heeds and lane.asks in self._lanes]
        jobs = {n.name: n.executor.submit(n.propose, percepts) for n in free if n not in heeding}
        asking = [lane for lane in heeding if lane.asks in jobs]
        answers = self._ask(asking, percepts, 0.75 * self.config.deadline_secs)
        for lane in heeding:
            told = answers.get(lane.name) if lane.name in answers and _succeeded(jobs[lane.asks]) else None
            jobs[lane.name] = lane.executor.submit(lane.propose, percepts, told)
        wait(jobs.values(), max(0.0, end - time.monotonic()))
        return [draft for lane in free for draft in self._proposed(lane, jobs[lane.name])]

    def _is_free(self, lane: Lane) -> bool:
        """Whether a store can take in a step; if it cannot, it goes without."""
        if lane.proposal is not None:
            self._drop(lane, "still busy with an earlier step")
        elif lane.torn:
            lane.dropped += 1
        return lane.proposal is None and not lane.torn

    def _ask(self, askers: Iterable[Lane], about: Percepts | Source, secs: float) -> dict[str, Any]:
        """Return what the stores that are asked answered in time, by the name of the one that asks."""
        jobs = {}
        for lane in askers:
            other = self._lanes.get(lane.asks)
            if other is not None:
                jobs[lane.name] = other.executor.submit(other.answer, lane.store, about)
        wait(jobs.values(), secs)
        for name, job in jobs.items():
            if not job.done():
                job.cancel()
                self._report(self._lanes[name], f"{self._lanes[name].asks!r} did not answer within {secs} s")
            elif (error := job.exception()) is not None:
                self._report(self._lanes[name], f"{self._lanes[name].asks!r} did not answer: {_describe(error)}")
        return {name: job.result() for name, job in jobs.items() if _succeeded(job)}

    def _take_nap(self) -> None:
        latest = time.monotonic() + self.config.nap_within_secs
        while (rest := min(self._busy + self.config.nap_after_secs, latest) - time.monotonic()) > 0:
            if self._closing.wait(rest):
                return  # closing sleeps itself
        try:
            self.sleep()
        except HippocampusError as error:
            _log.warning("sleep failed: %s", error)

    def _proposed(self, lane: Lane, job: Future[list[Draft]]) -> list[Draft]:
        lane.proposal = None if job.done() else job
        if lane.proposal is not None:
            self._report(lane, f"proposed nothing within {self.config.deadline_secs} s")
            return []
        error = job.exception()
        if error is not None:
            self._drop(lane, f"propose failed: {_describe(error)}")
            return []
        return job.result()

    def _take_late(self) -> None:
        """Commit proposals that came after their deadline; no other change of their stores came between."""
        drafts: list[Draft] = []
        for lane in self._lanes.values():
            if lane.proposal is not None and lane.proposal.done():
                drafts += self._proposed(lane, lane.proposal)
        self._commit(drafts)

    def _commit(self, drafts: Sequence[Draft]) -> None:
        if not drafts:
            return
        version = self.file.commit(drafts)
        by_store: dict[str, list[Event]] = {}
        for event, _ in drafts:
            by_store.setdefault(event.store, []).append(event)
        last = max((event.source for event, _ in drafts), key=lambda source: source.stamp_ns)
        self._newest = last if last.stamp_ns >= self._now_ns else self._newest
        with self._view:
            self._version = version
            jobs = {name: self._submit_apply(name, changes) for name, changes in by_store.items()}
        self._wait(jobs, self.config.deadline_secs)
        for name, job in jobs.items():
            error = job.exception() if job.done() else None
            if error is not None:
                self._report(self._lanes[name], f"apply failed: {_describe(error)}")

    def _submit_apply(self, name: str, events: list[Event]) -> Future[None]:
        lane = self._lanes[name]
        lane.changes += 1
        return lane.executor.submit(lane.apply, events)

    def _wait(self, jobs: Mapping[str, Future[Any]], secs: float) -> None:
        """Wait for jobs, by store; a store whose job is not done counts as late until it is."""
        wait(jobs.values(), secs)
        for name, job in jobs.items():
            if not job.done():
                self._lanes[name].overdue.append(job)

    def _collect(
        self, version: int, jobs: Mapping[str, Future[Sequence[Hit]]], asked: Mapping[str, tuple[Query, ...]]
    ) -> Recall:
        hits: dict[str, Sequence[Hit]] = {}
        stale: set[str] = set()
        failed: dict[str, str] = {}
        for name, queries in asked.items():
            lane, job = self._lanes[name], jobs.get(name)
            if job is None or not job.done():
                stale.add(name)
                hits[name] = lane.answers.get(queries, ())
                continue
            error = job.exception()
            hits[name] = () if error is not None else job.result()
            if error is not None:
                failed[name] = _describe(error)
        return Recall(version, hits, frozenset(stale), failed)

    def _snapshot(self) -> list[BaseException]:
        """Save all stores that are not late at the present version; return what went wrong."""
        args = (self.file, self._version, self.config.keep_snapshots)
        jobs = {n: lane.executor.submit(lane.save, *args) for n, lane in self._lanes.items() if not lane.late}
        self._wait(jobs, self.config.snapshot_secs)
        self._saved = self._version
        return self._failures(jobs, "snapshot")

    def _restore(self, lanes: Iterable[Lane]) -> None:
        with self._view:
            version = self._version
            jobs = {lane.name: lane.executor.submit(lane.restore, self.file, version) for lane in lanes}
        self._wait(jobs, self.config.restore_secs)
        self._failures(jobs, "replay")

    def _stop(self) -> None:
        for worker in [*self._workers, *([self._sleeper] if self._sleeper else [])]:
            worker.stop()

    def _failures(self, jobs: Mapping[str, Future[Any]], what: str) -> list[BaseException]:
        errors = []
        for name, job in jobs.items():
            error = job.exception() if job.done() else HippocampusError(f"{what} of store {name!r} is late")
            if error is not None:
                self._report(self._lanes[name], f"{what} failed: {_describe(error)}")
                errors.append(error)
        return errors

    def _drop(self, lane: Lane, why: str) -> None:
        lane.dropped += 1
        self._report(lane, f"step dropped: {why}")

    def _report(self, lane: Lane, fault: str) -> None:
        lane.fault = fault
        _log.warning("store %r: %s", lane.name, fault)


def _succeeded(job: Future[Any]) -> bool:
    return job.done() and not job.cancelled() and job.exception() is None


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
