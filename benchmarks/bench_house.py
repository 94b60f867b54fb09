"""Speed of the embedded house: ``python benchmarks/bench_house.py``.

One step is ``env.step`` with RGB, depth and the instance masks; the walk is the same for every renderer. CPU seconds
are those of all threads of the process, so that a renderer that spreads over cores is not flattered.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median
from typing import Any

import gymnasium
import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from engram.sims.contract import Verb, act
from engram.sims.house.generate import generate
from engram.sims.house.render.base import RenderError

SEED = 700_000
TARGETS = {"steps_per_cpu_sec": ">= 250", "scaling": ">= 1.8", "generation_secs": "< 2"}
WALK = (Verb.MOVE_AHEAD, Verb.MOVE_AHEAD, Verb.ROTATE_LEFT, Verb.MOVE_LEFT, Verb.LOOK_DOWN, Verb.MOVE_RIGHT)
_PROBE = "from engram.sims.house.render.base import warm_up; print(warm_up())"


@dataclass(frozen=True)
class HouseBenchmark:
    """Options."""

    steps: int = 1000
    """Steps of each measurement."""
    size: int = 224
    """Width and height of the images in pixels."""
    rooms: int = 4
    """Rooms of the house."""
    objects: int = 150
    """Things in the house that can be picked up."""
    houses: int = 5
    """Houses of the measurement of generation."""
    cold: bool = True
    """Also measure how long the kernels take to compile."""
    json: bool = False
    """Print JSON instead of a table."""


def main(options: HouseBenchmark) -> int:
    """Measure and print."""
    figures: dict[str, Any] = {"raster": walk(options, "raster")}
    figures["things"] = figures["raster"].pop("things")
    try:
        figures["gl"] = walk(options, "gl")
        figures["gl"].pop("things")
        figures["ratio_to_gl"] = figures["raster"]["steps_per_cpu_sec"] / figures["gl"]["steps_per_cpu_sec"]
    except RenderError as error:
        figures["gl"] = {"error": str(error)}
    figures["scaling"] = scaling(options)
    figures["generation_secs"] = generation(options.houses)
    if options.cold:
        figures["warm_up_secs"] = compilation()
    if options.json:
        print(json.dumps(figures, indent=1, sort_keys=True))
    else:
        show(figures, options)
    return 0


def make(options: HouseBenchmark, renderer: str) -> gymnasium.Env:
    """House at its first step."""
    size = {"width": options.size, "height": options.size}
    env = gymnasium.make(
        "engram/House-v0", disable_env_checker=True, renderer=renderer, max_steps=10**9, **size
    ).unwrapped
    env.reset(seed=SEED, options={"rooms": options.rooms, "objects": options.objects})
    return env


def walk(options: HouseBenchmark, renderer: str) -> dict[str, Any]:
    """Steps a second of CPU and of the clock."""
    env = make(options, renderer)
    stroll(env, 30)
    cpu, clock = time.process_time(), time.perf_counter()
    steps = stroll(env, options.steps)
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    figures = {"steps_per_cpu_sec": steps / cpu, "steps_per_sec": steps / clock, "things": len(env.truth.objects())}
    if renderer == "gl":
        figures["device"] = gl_device()
    env.close()
    return figures


def gl_device() -> str:
    """What the current OpenGL context runs on: a GPU, or a software renderer such as llvmpipe."""
    from OpenGL.GL import GL_RENDERER, glGetString

    name = glGetString(GL_RENDERER)
    return name.decode() if name else "unknown"


def stroll(env: gymnasium.Env, steps: int) -> int:
    """Walk about for at least so many steps, turning where something is in the way; return the steps taken."""
    rng = np.random.default_rng(1)
    taken = 0
    while taken < steps:
        verb = WALK[int(rng.integers(len(WALK)))]
        ways = (verb, Verb.LOOK_UP) if verb is Verb.LOOK_DOWN else (verb,)
        for way in ways:
            _, _, _, _, info = env.step(act(way))
            env.truth.instances()
            taken += 1
        if info["outcome"] != "ok":
            env.step(act(Verb.ROTATE_RIGHT))
            env.truth.instances()
            taken += 1
    return taken


def scaling(options: HouseBenchmark, processes: int = 2) -> dict[str, float]:
    """Throughput of two processes over that of one: the middle one of three rounds, since other load disturbs."""
    rounds = [(throughput(options, 1), throughput(options, processes)) for _ in range(3)]
    one, many = sorted(rounds, key=lambda r: r[1] / r[0])[1]
    return {"one": one, "two": many, "ratio": many / one}


def throughput(options: HouseBenchmark, processes: int) -> float:
    """Steps a second of all processes together, which begin at the same time."""
    context = get_context("spawn")
    gate, results = context.Barrier(processes), context.Queue()
    workers = [context.Process(target=work, args=(options, gate, results)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    rates = [results.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join(timeout=30)
    return sum(rates)


def work(options: HouseBenchmark, gate: Any, results: Any) -> None:
    """One process of :func:`throughput`."""
    env = make(options, "raster")
    stroll(env, 30)
    gate.wait(timeout=120)
    begin = time.perf_counter()
    steps = stroll(env, options.steps)
    results.put(steps / (time.perf_counter() - begin))


def generation(houses: int) -> dict[str, float]:
    """Seconds to generate a house of six rooms; the catalogue is read before."""
    generate(SEED, rooms=1)
    spent = []
    for seed in range(SEED, SEED + houses):
        begin = time.perf_counter()
        generate(seed, rooms=6)
        spent.append(time.perf_counter() - begin)
    return {"median": median(spent), "most": max(spent)}


def compilation() -> dict[str, float]:
    """Seconds of the warm-up with an empty cache and with a full one."""
    with tempfile.TemporaryDirectory() as place:
        cold, warm = (_warm_up(place) for _ in range(2))
    return {"cold": cold, "warm": warm}


def _warm_up(cache: str) -> float:
    words = [sys.executable, "-c", _PROBE]
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    out = subprocess.run(words, capture_output=True, text=True, check=True, timeout=600, env=environment)  # noqa: S603
    return float(out.stdout)


def show(figures: dict[str, Any], options: HouseBenchmark) -> None:
    """Print the table."""
    view = Table("figure", "value", "target", box=None, pad_edge=False)
    raster, gl = figures["raster"], figures["gl"]
    view.add_row("steps per CPU second", f"{raster['steps_per_cpu_sec']:.0f}", TARGETS["steps_per_cpu_sec"])
    if "error" in gl:
        view.add_row("  MuJoCo's own renderer", gl["error"], "")
    else:
        view.add_row(f"  MuJoCo's own renderer on {gl['device']}", f"{gl['steps_per_cpu_sec']:.0f}", "")
        view.add_row("  ratio", f"{figures['ratio_to_gl']:.1f}x", "")
    scaled = figures["scaling"]
    view.add_row("steps a second, 1 and 2 processes", f"{scaled['one']:.0f}, {scaled['two']:.0f}", "")
    view.add_row("  ratio", f"{scaled['ratio']:.2f}x", TARGETS["scaling"])
    made = figures["generation_secs"]
    view.add_row(
        "generation of a 6-room house", f"median {made['median']:.2f} s, most {made['most']:.2f} s",
        TARGETS["generation_secs"],
    )  # fmt: skip
    if "warm_up_secs" in figures:
        warm = figures["warm_up_secs"]
        view.add_row("warm-up, first time and after", f"{warm['cold']:.1f} s, {warm['warm']:.1f} s", "")
    console = Console(highlight=False)
    console.print(f"{options.rooms} rooms, {figures['things']} things, {options.size} x {options.size} pixels")
    console.print(view)


if __name__ == "__main__":
    sys.exit(main(tyro.cli(HouseBenchmark, description=__doc__)))
