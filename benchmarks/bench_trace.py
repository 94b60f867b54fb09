"""What a trace costs: time of a step and bytes, by what is kept of the images.

Run ``python benchmarks/bench_trace.py``. Times are those of the processor, so that other work on the machine counts
less. No model runs: detections are the simulator's masks, so steps are as quick as they get.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from engram.agents.tidy import TidyAgent
from engram.evaluation.contract import TraceConfig, Tracing
from engram.evaluation.tidy import TidyTask, run_tidy
from engram.evaluation.trace.reader import Trace
from engram.evaluation.trace.replay import replay
from engram.evaluation.trace.writer import TraceWriter
from engram.sims.contract import World

TASK = TidyTask(7, rooms=3, mess=5, perception="oracle", max_steps=200)
TIMED = ((TidyAgent, "act"), (World, "step"), (TraceWriter, "detected"), (TraceWriter, "__call__"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.mcap"
        run_tidy(TASK, tracing=Tracing(path))  # what is compiled, is compiled
        for observations in ("none", "keyframes", "all"):
            measure(path, observations)


def measure(path: Path, observations: Any) -> None:
    spent: Counter[str] = Counter()
    with ExitStack() as stack:
        for kind, name in TIMED:
            stack.enter_context(patch.object(kind, name, timed(getattr(kind, name), spent, name)))
        steps = len(run_tidy(TASK, tracing=Tracing(path, TraceConfig(observations))).episode.steps)
    trace_secs = spent["detected"] + spent["__call__"]
    step_secs = spent["act"] + spent["step"] - spent["detected"]
    begin = time.perf_counter()
    trace = Trace(path)
    opened = time.perf_counter() - begin
    done = replay(trace)
    print(
        f"{observations:<10} {steps} steps of {1e3 * step_secs / steps:.1f} ms, "
        f"trace {1e3 * trace_secs / steps:.2f} ms ({trace_secs / step_secs:.1%}), "
        f"{path.stat().st_size / steps:.0f} bytes a step, opened in {1e3 * opened:.0f} ms, "
        f"replay {'identical' if done.identical else 'differs'}"
    )


def timed(function: Any, spent: Counter[str], name: str) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        begin = time.thread_time()
        try:
            return function(*args, **kwargs)
        finally:
            spent[name] += time.thread_time() - begin

    return call


if __name__ == "__main__":
    main()
