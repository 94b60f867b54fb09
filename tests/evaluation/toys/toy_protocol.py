"""A kind of episode that takes no time, and fails in all ways on request."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import threading
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from engram.evaluation.contract import Metric, Outcome, UnavailableError


@dataclass(frozen=True)
class Inner:
    gain: float = 1.0
    kind: Literal["round", "square"] = "round"
    given: int = field(default=0, metadata={"given": "it is the world's"})


@dataclass(frozen=True)
class ToyOptions:
    base: int = 10
    inner: Inner = field(default_factory=Inner)
    crash_at: int = -1
    lack_at: int = -1
    die_at: int = -1
    hang_at: int = -1
    full_at: int = -1

    def __post_init__(self):
        if self.base < 0:
            raise ValueError("base must not be negative")


class Toy:
    name = "toy"
    options = ToyOptions
    metrics: ClassVar = {
        "even": Metric("even", "rate", "even"),
        "right": Metric("right", "share", "right", "things"),
        "points": Metric("points", "mean", "points", unit="m"),
    }

    def prepare(self):
        pass

    def run(self, config, seed, trace):
        if seed == config["crash_at"]:
            raise RuntimeError(f"fell over {object()} in {os.getcwd()}/house.json")
        if seed == config["lack_at"]:
            raise UnavailableError("no weights; run: engram train toy")
        if seed == config["die_at"]:
            ctypes.string_at(0)
        if seed == config["hang_at"]:
            threading.Event().wait()
        if seed == config["full_at"] and not os.environ.get("TOY_ROOM"):
            raise OSError(errno.ENOSPC, "No space left on device", "trace.mcap")
        if str(seed) == os.environ.get("TOY_KILL"):
            os.kill(os.getppid(), signal.SIGKILL)
        if trace is not None:
            trace.path.write_text(f"trace of {seed}")
        values = {
            "even": float(seed % 2 == 0), "right": seed % 4, "things": 4, "points": config["inner"]["gain"] * seed / 3,
        }  # fmt: skip
        return Outcome(
            "done", config["base"] + seed, values, {"slipped": seed % 3}, {"agent": 0.5}, {"agent": [1.0, 3.0]}
        )


class Broken(Toy):
    def prepare(self):
        raise RuntimeError("no camera here")


class Stillborn(Toy):
    def prepare(self):
        os._exit(7)
