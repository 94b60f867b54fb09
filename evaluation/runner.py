"""Runs one episode and keeps what scoring and reports need."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engram.agents.base import Agent
from engram.sims.contract import Action, Observation, Outcome, TrueObject, Truth, Verb, World, parse_action

Ended = Literal["done", "out_of_steps", "interrupted"]


@dataclass(frozen=True)
class StepRecord:
    """One line of the log of steps."""

    step: int
    phase: str  # of the agent
    verb: str
    point: tuple[float, float] | None  # image point, for verbs that take one
    outcome: str
    base: tuple[float, float, float]  # x, y, yaw in map after the step, as odometry believes
    holding: bool  # after the step


@dataclass(frozen=True)
class Turn:
    """What a watcher is shown after each step; ``record`` and ``action`` are ``None`` right after the reset."""

    record: StepRecord | None
    observation: Observation
    agent: Agent
    action: Action | None = None


Watcher = Callable[[Turn], None]


@runtime_checkable
class MessTruth(Protocol):
    """What the truth of a world that makes a mess offers besides."""

    def displaced(self) -> list[str]:
        """Return the ids of what the mess displaced."""
        ...

    def original(self) -> list[TrueObject]:
        """Everything as it was before the mess."""
        ...


@dataclass(frozen=True, eq=False)
class Episode:
    """What happened."""

    seed: int
    info: dict[str, Any]  # what the world's reset did
    ended: Ended
    steps: tuple[StepRecord, ...]
    start: Sequence[TrueObject]
    end: Sequence[TrueObject]
    displaced: tuple[str, ...]
    original: Sequence[TrueObject] | None  # before the mess; None where the world makes none
    picked: tuple[tuple[int, str], ...]  # (step, object id) of each successful pick
    timing_secs: dict[str, float]  # by stage; this and the next are all that differs between equal runs
    step_ms: dict[str, list[float]] = field(default_factory=dict)  # of each step, by stage

    def outcomes(self) -> dict[str, int]:
        """How often each outcome occurred, sorted by code."""
        return dict(sorted(Counter(s.outcome for s in self.steps).items()))


def run_episode(
    world: World, agent: Agent, seed: int, options: dict[str, Any], watchers: Sequence[Watcher] = ()
) -> Episode:
    """Run an agent in a world until it says DONE, the world's steps are spent, or Ctrl-C.

    The first Ctrl-C lets the current step finish and ends the episode; a second one raises ``KeyboardInterrupt``.
    """
    timing: dict[str, float] = defaultdict(float)
    laps: dict[str, list[float]] = {"agent": [], "world": []}
    with _timed(timing, "reset"):
        observation, info = world.reset(seed=seed, options=options)
        start = list(world.truth.objects())
    with _timed(timing, "agent"):
        agent.reset(observation)
    _show(watchers, timing, Turn(None, observation, agent))
    steps: list[StepRecord] = []
    picked: list[tuple[int, str]] = []
    ended: Ended | None = None
    with interruptible() as interrupted:
        while ended is None:
            with _timed(timing, "agent", laps["agent"]):
                action = agent.act(observation)
            verb, point = parse_action(action)
            aimed = _object_at(world.truth, point) if verb is Verb.PICK else None
            with _timed(timing, "world", laps["world"]):
                observation, _, terminated, truncated, _ = world.step(action)
            record = _record(len(steps), agent, verb, point, observation)
            if aimed is not None and record.outcome == Outcome.OK.code:
                picked.append((record.step, aimed))
            steps.append(record)
            _show(watchers, timing, Turn(record, observation, agent, action))
            ended = _ended(terminated, truncated, interrupted())
    truth = world.truth
    return Episode(
        seed=seed,
        info=info,
        ended=ended,
        steps=tuple(steps),
        start=start,
        end=list(truth.objects()),
        displaced=tuple(sorted(truth.displaced())) if isinstance(truth, MessTruth) else (),
        original=truth.original() if isinstance(truth, MessTruth) else None,
        picked=tuple(picked),
        timing_secs={name: round(value, 3) for name, value in sorted(timing.items())},
        step_ms=laps,
    )


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a flag; outside the main thread, where signals do not arrive, change nothing."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def _ended(terminated: bool, truncated: bool, interrupted: bool) -> Ended | None:
    if terminated:
        return "done"
    if truncated:
        return "out_of_steps"
    return "interrupted" if interrupted else None


def _record(step: int, agent: Agent, verb: Verb, point: tuple[float, float], observation: Observation) -> StepRecord:
    x, y, yaw = (round(float(v), 4) for v in observation["base"])
    return StepRecord(
        step,
        str(agent.status()["phase"]),
        verb.name.lower(),
        (round(point[0], 4), round(point[1], 4)) if verb.takes_point else None,
        Outcome(observation["outcome"]).code,
        (x, y, yaw),
        bool(observation["holding"]),
    )


def _object_at(truth: Truth, point: tuple[float, float]) -> str | None:
    """Id of the object at an image point of the last observation."""
    numbers: NDArray[np.int32] = truth.instances()
    height, width = numbers.shape
    number = int(numbers[min(int(point[1] * height), height - 1), min(int(point[0] * width), width - 1)])
    return truth.objects()[number].id if number >= 0 else None


def _show(watchers: Sequence[Watcher], timing: dict[str, float], turn: Turn) -> None:
    with _timed(timing, "watching"):
        for watcher in watchers:
            watcher(turn)


@contextmanager
def _timed(timing: dict[str, float], stage: str, laps_ms: list[float] | None = None) -> Iterator[None]:
    begin = time.perf_counter()
    try:
        yield
    finally:
        secs = time.perf_counter() - begin
        timing[stage] += secs
        if laps_ms is not None:
            laps_ms.append(1000.0 * secs)
