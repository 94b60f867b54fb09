"""The hippocampus: all stores of a robot behind one door, over one memory file or server.

A write asks all stores in parallel what they propose, commits their events in one transaction, and then has them
applied. The version of memory is the sequence number of its newest event. Changes and questions are handed to all
stores under one lock and each store works them off in order (see `lanes`), so that every recall reads all stores at
the same version, though none of them waits for another.

A store that is slow or fails is on its own: a recall goes without it, with its last answer to the same question where
there is one; what it proposes too late is committed with the next write; a proposal that fails is dropped and
reported; and after a change that failed halfway it is quarantined until `reload`, or the next opening, has rebuilt it
from the log.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
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

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HippocampusConfig:
    """Settings of the facade."""

    robot: str = "robot"
    """Name of the robot that a new file belongs to, or whose memory on a server it is."""
    deadline_secs: float = 0.5
    """How long a write or a recall waits for each store."""
    synchronous: Synchronous = "NORMAL"
    """NORMAL keeps acknowledged writes when the process is killed, FULL also when the power fails."""
    snapshot_events: int = 50_000
    """A write that brings this many events since the last snapshot takes one; 0: only flush and close do."""
    snapshot_secs: float = 60.0
    """How long a snapshot waits for each store."""
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
        self._pools = [ThreadPoolExecutor(1, "memory") for _ in range(len(names) if c.parallel else 1)]
        self._lanes = {s.name: Lane(s, self._pools[k % len(self._pools)]) for k, s in enumerate(stores)}
        self.file = open_log(
            path, robot=c.robot, create=not c.read_only, read_only=c.read_only, synchronous=c.synchronous
        )
        self._writing = threading.RLock()
        self._view = threading.Lock()  # held while jobs of one version are handed out
        self._version = self.file.last
        self._saved = max((s.seq for s in self.file.snapshots()), default=self.file.base)
        self._now_ns = self._newest_ns()
        self._restore(self._lanes.values())

    @property
    def version(self) -> int:
        """The committed version: the sequence number of the newest event."""
        return self._version

    def write(self, percepts: Percepts) -> int:
        """Take in a step and return the new version; what it brought is on the disk then.

        Raises DiskFullError or another MemoryFileError when it could not be committed; then memory is as before.
        """
        if self.config.read_only:
            raise ReadOnlyFileError(self.file.name, "was opened read-only", "open it for writing")
        with self._writing:
            self._take_late()
            self._commit(self._propose(percepts))
            if 0 < self.config.snapshot_events <= self._version - self._saved:
                self._snapshot()
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
        wait(jobs.values(), self.config.deadline_secs)
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
        """Flush, let the threads end and close the file; does not wait for a store that hangs."""
        try:
            self.flush()
        finally:
            for pool in self._pools:
                pool.shutdown(wait=False, cancel_futures=True)
            self.file.close()

    def __enter__(self) -> Hippocampus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _newest_ns(self) -> int:
        """Return the stamp of the newest event; 0 when there is none, or none that can be read."""
        try:
            return max((row.stamp_ns for row in self.file.rows(self._version - 1)), default=0)
        except MemoryFileError as error:
            _log.warning("%s", error)
            return 0

    def _propose(self, percepts: Percepts) -> list[Draft]:
        jobs = {}
        for lane in self._lanes.values():
            if lane.proposal is not None:
                self._drop(lane, "still busy with an earlier step")
            elif lane.torn:
                lane.dropped += 1
            else:
                jobs[lane.name] = lane.executor.submit(lane.propose, percepts)
        wait(jobs.values(), self.config.deadline_secs)
        drafts: list[Draft] = []
        for name, job in jobs.items():
            drafts += self._proposed(self._lanes[name], job)
        return drafts

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
        self._now_ns = max(self._now_ns, *(event.source.stamp_ns for event, _ in drafts))
        with self._view:
            self._version = version
            jobs = {name: self._submit_apply(name, changes) for name, changes in by_store.items()}
        wait(jobs.values(), self.config.deadline_secs)
        for name, job in jobs.items():
            error = job.exception() if job.done() else None
            if error is not None:
                self._report(self._lanes[name], f"apply failed: {_describe(error)}")

    def _submit_apply(self, name: str, events: list[Event]) -> Future[None]:
        lane = self._lanes[name]
        return lane.executor.submit(lane.apply, events)

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
                if job is not None:
                    lane.overdue.append(job)
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
        wait(jobs.values(), self.config.snapshot_secs)
        self._saved = self._version
        return self._failures(jobs, "snapshot")

    def _restore(self, lanes: Iterable[Lane]) -> None:
        with self._view:
            version = self._version
            jobs = {lane.name: lane.executor.submit(lane.restore, self.file, version) for lane in lanes}
        wait(jobs.values())
        self._failures(jobs, "replay")

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


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
