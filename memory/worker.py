"""A thread that does jobs in order, and that nobody has to wait for when the program ends.

The interpreter joins the threads of a ThreadPoolExecutor before it ends, and so a job that hangs would keep the program
from ending. This thread is a daemon; what it was about to do is lost then, as after a kill.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from engram.memory.contract import HippocampusError

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Jobs = SimpleQueue[tuple["Future[Any]", Callable[[], Any]] | None]


class Worker:
    """One thread and the queue of its jobs; it ends when this object goes."""

    def __init__(self, name: str = "memory") -> None:
        self._jobs: _Jobs = SimpleQueue()
        self._thread = Thread(target=_work, args=(self._jobs,), name=name, daemon=True)
        self._thread.start()
        self._end = weakref.finalize(self, self._jobs.put, None)

    def submit(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Queue a call and return where its result, or its error, will be.

        Raises HippocampusError after `stop`.
        """
        if not self._end.alive:
            raise HippocampusError("the memory is closed; open it again")
        future: Future[_T] = Future()
        self._jobs.put((future, partial(call, *args, **kwargs)))
        return future

    def stop(self, wait_secs: float = 0.0) -> bool:
        """Take no more jobs, and let the thread end after those there are; return whether it has, after a wait."""
        self._end()
        self._thread.join(wait_secs)
        return not self._thread.is_alive()


class _Settling:
    """Hands an error of a job to its future."""

    def __init__(self, future: Future[Any]) -> None:
        self._future = future

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is not None:
            self._future.set_exception(error)
        return error is not None


def _work(jobs: _Jobs) -> None:
    while (job := jobs.get()) is not None:
        future, call = job
        if future.set_running_or_notify_cancel():
            with _Settling(future):
                future.set_result(call())
        del job, future, call  # the result is not to outlive those who asked for it
