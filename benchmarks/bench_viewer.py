"""What looking on costs a run: ``python benchmarks/bench_viewer.py``.

A robot tidies the same house with a memory, by turns alone and with ``engram view --live`` and a client that asks for
all that an open page asks for, as often. Compared are the median times of a step, by the clock and of the CPU; the
turns are paired, so that what else the machine does falls on both. The clock is worth something on a quiet machine
only. On a busy one, the CPU time of a step tells whether the viewer slows it down, and the viewer's share of a core
what it takes away at most.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from statistics import median
from urllib.parse import parse_qs, urlsplit

import tyro

from engram.agents.remember import Remember, RememberConfig
from engram.evaluation.runner import Turn
from engram.evaluation.tidy import TidyTask, run_tidy
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores

FOLLOW_SECS = 1.5  # as app.js has it


@dataclass(frozen=True)
class Options:
    """Options of the benchmark."""

    seed: int = 21
    rooms: int = 2
    steps: int = 120
    turns: int = 4
    """Runs of each kind."""
    json: bool = False
    """Print JSON instead of text."""


def main(options: Options) -> None:
    """Run by turns and print the medians."""
    alone: list[tuple[float, float]] = []
    watched: list[tuple[float, float]] = []
    asked, shares = 0, []
    for turn in range(options.turns):
        for looked_at in (False, True) if turn % 2 == 0 else (True, False):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "memory.engram"
                if looked_at:
                    step_ms, requests, share = run_watched(options, path)
                    shares.append(share)
                    watched.append(step_ms)
                    asked += requests
                else:
                    alone.append(run(options, path))
    cost, cpu = (median(w[k] / a[k] for w, a in zip(watched, alone, strict=True)) - 1.0 for k in range(2))
    found = {
        "alone_ms": [[round(v, 2) for v in pair] for pair in alone],
        "watched_ms": [[round(v, 2) for v in pair] for pair in watched],
        "requests": asked,
        "cost": round(cost, 4),
        "cpu_cost": round(cpu, 4),
        "viewer_cpu": round(median(shares), 4),
        "cores": os.cpu_count(),
    }
    if options.json:
        print(json.dumps(found))
        return
    print(f"step alone   {median(a for a, _ in alone):7.1f} ms, CPU {median(c for _, c in alone):.1f} ms")
    print(f"step watched {median(w for w, _ in watched):7.1f} ms, CPU {median(c for _, c in watched):.1f} ms")
    print(f"cost of looking on {cost:+.1%} of step time, {cpu:+.1%} of its CPU time; {asked} requests")
    print(f"viewer       {median(shares):7.1%} of one of {os.cpu_count()} cores")


def run(options: Options, path: Path) -> tuple[float, float]:
    """Return the median time of a step in milliseconds, by the clock and of the CPU."""
    ticks: list[tuple[float, float]] = []

    def watch(turn: Turn) -> None:
        ticks.append((time.perf_counter(), time.process_time()))

    task = TidyTask(options.seed, options.rooms, perception="oracle", max_steps=options.steps)
    with Hippocampus(path, default_stores(), HippocampusConfig("tidy", deadline_secs=60.0)) as memory:
        run_tidy(task, [watch], remember=Remember(memory, RememberConfig("tidy", "bench")))
    clock, cpu = (1e3 * median(b[k] - a[k] for a, b in pairwise(ticks)) for k in range(2))
    return clock, cpu


def run_watched(options: Options, path: Path) -> tuple[tuple[float, float], int, float]:
    """Return the median time of a step while somebody looks on, the requests, and the viewer's share of a core."""
    with Hippocampus(path, default_stores(), HippocampusConfig("tidy")):
        pass  # the file is there before the viewer opens it
    with viewer(path) as (url, pid):
        done = threading.Event()
        count = [0]
        client = threading.Thread(target=look, args=(url, done, count))
        ask(urlsplit(url).netloc, "map?version=0", token_of(url))  # loads what is compiled, before the run begins
        client.start()
        begin, before = time.perf_counter(), cpu_secs(pid)
        try:
            step_ms = run(options, path)
            return step_ms, count[0], (cpu_secs(pid) - before) / (time.perf_counter() - begin)
        finally:
            done.set()
            client.join()


@contextmanager
def viewer(path: Path) -> Iterator[tuple[str, int]]:
    """Start ``engram view --live`` in a process of its own and give its address and id."""
    program = "import sys; from engram.agents.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "view", str(path), "--live", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not re.match(r"http://", line):
            raise RuntimeError("the viewer did not start")
        yield line.strip(), process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def token_of(url: str) -> str:
    """Return the token of an address."""
    return parse_qs(urlsplit(url).query)["token"][0]


def cpu_secs(pid: int) -> float:
    """Return the CPU time that a process has taken, on Linux."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def look(url: str, done: threading.Event, count: list[int]) -> None:
    """Ask for what an open page asks for, as often."""
    place, token = urlsplit(url), token_of(url)
    after = -1
    while not done.wait(FOLLOW_SECS):
        moments = ask(place.netloc, f"timeline?after={after}", token)["moments"]
        count[0] += 1
        if not moments:
            continue
        after = moments[-1]["version"]
        for route in ("state", "step", "map", "graph"):
            while "waiting" in ask(place.netloc, f"{route}?version={after}", token) and not done.is_set():
                count[0] += 1
            count[0] += 1


def ask(address: str, path: str, token: str) -> dict[str, list[dict[str, int]]]:
    """Return the answer of a route."""
    line = HTTPConnection(address, timeout=60)
    line.request("GET", f"/api/{path}&token={token}")
    found: dict[str, list[dict[str, int]]] = json.loads(line.getresponse().read())
    line.close()
    return found


if __name__ == "__main__":
    main(tyro.cli(Options))
