"""What runs in the process of an episode: run a job, and say what came of it in plain values."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from engram.evaluation.contract import EpisodeProtocol, Job, Outcome, Tracing, UnavailableError

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{4,}\b")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SITE = re.compile(r".*/(?:site|dist)-packages/")


class DiskFullError(Exception):
    """Raised when a file of the run cannot be written for want of space."""


@dataclass(frozen=True)
class Finished:
    """How a job ended; ``outcome`` is None when ``error`` says why there is none."""

    job: Job
    outcome: Outcome | None
    error: str = ""
    reason: str = ""  # exception, died or timeout, where there is no outcome
    secs: float = field(default=0.0, compare=False)  # by the clock


def perform(protocol: EpisodeProtocol, job: Job, trace: Tracing | None) -> Finished:
    """Run a job; what it raises is told in the result.

    Raises:
        DiskFullError: there is no space for its trace.
        UnavailableError: no episode of its kind can run here.

    """
    begin = time.perf_counter()
    try:
        outcome = protocol.run(job.config, job.seed, trace)
        json.dumps([outcome.values, outcome.failures, outcome.secs], allow_nan=False)  # what cannot be kept is a crash
    except UnavailableError:
        raise
    except Exception as error:
        if is_full(error):
            raise DiskFullError(str(trace.path if trace else job.id)) from error
        return Finished(job, None, told(error), "exception", time.perf_counter() - begin)
    return Finished(job, outcome, secs=time.perf_counter() - begin)


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or what it came of, says that the disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


def told(error: BaseException) -> str:
    """Traceback without paths and addresses of this machine, so that equal crashes are equal text."""
    return _clean("\n".join(_told(error, set()))).rstrip()


def _told(error: BaseException, seen: set[int]) -> list[str]:
    if id(error) in seen:
        return []
    seen.add(id(error))
    lines = []
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        lines = [*_told(cause, seen), "", "which led to:" if error.__cause__ is None else "which caused:", ""]
    lines.append("Traceback (most recent call last):")
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).name == "worker.py" and frame.name == "perform":
            continue
        lines.append(f"  {_short(frame.filename)}:{frame.lineno} in {frame.name}")
        if frame.line:
            lines.append(f"    {frame.line}")
    return [*lines, *"".join(traceback.format_exception_only(error)).splitlines()]


def _short(filename: str) -> str:
    """Path from the package on; files of no package by their name."""
    path = filename.replace(os.sep, "/")
    if _SITE.match(path):
        return _SITE.sub("", path)
    roots = sorted((str(Path(p).resolve()) for p in sys.path if p), key=len, reverse=True)
    root = next((r for r in roots if path.startswith(f"{r}/")), None)
    return path[len(root) + 1 :] if root else Path(path).name


def _clean(text: str) -> str:
    text = _ADDRESS.sub("0x...", text)
    roots = {str(Path(p).resolve()) for p in (*sys.path, str(Path.cwd()), str(Path.home())) if p and Path(p).is_dir()}
    for root in sorted(roots - {"/"}, key=len, reverse=True):
        text = text.replace(f"{root}/", "")
    return text
