"""Decides an episode again from its trace, without the models that saw, and compares."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from engram.agents.base import Agent
from engram.evaluation.trace import format as f
from engram.evaluation.trace.reader import Trace
from engram.evaluation.trace.writer import images_crc
from engram.perception.contracts import Detection, Detector
from engram.sims.contract import Action, Observation, Outcome, World, parse_action

_DECIDED = {"tidy": "engram.evaluation.trace.tidy:decided"}  # protocol -> function of a trace
_SAME = 1e-6  # metres, radians: poses of two machines may differ in the last bit


@dataclass(frozen=True)
class Decided:
    """What decided an episode."""

    world: World  # before its reset
    agent: Callable[[Detector], Agent]
    asks_world: bool = False  # whether the agent is told the truth, so that the world must run


@dataclass(frozen=True)
class Difference:
    """The first thing that was not as recorded."""

    step: int
    what: Literal["action", "world", "perception"]  # chosen; what came of it; when the detector was asked
    recorded: Mapping[str, Any]
    now: Mapping[str, Any]


@dataclass(frozen=True)
class Replay:
    """What came of a replay."""

    steps: int  # that are the same
    recorded: int  # steps in the trace
    difference: Difference | None
    cut: bool  # the trace ends before its episode did
    world: Literal["rebuilt", "recorded"]  # where observations came from
    images_differ: int | None  # first observation whose images are not the recorded ones, bit by bit

    @property
    def identical(self) -> bool:
        """Whether every recorded action was chosen again, with the same outcome."""
        return self.difference is None

    def document(self) -> dict[str, Any]:
        """Return the replay as JSON's own types."""
        return {"identical": self.identical, **asdict(self)}


class RecordedDetector:
    """Gives what a detector gave when the trace was made, in the same order."""

    def __init__(self, trace: Trace) -> None:
        """Take the trace."""
        self._found = trace.detections()
        self.number = 0  # of the observation that the agent has now

    def detect(self, observation: Observation) -> list[Detection]:
        """Return the recorded detections; raise :class:`NotAskedError` when the detector was not asked then."""
        number, found = next(self._found, (None, []))
        if number != self.number:
            raise NotAskedError(number)
        return found


class NotAskedError(Exception):
    """An agent asks for what was not recorded; ``number`` is the observation that is recorded next."""

    def __init__(self, number: int | None) -> None:
        super().__init__(number)
        self.number = number


def replay(trace: Trace, decided: Decided | None = None, rebuild: bool = False) -> Replay:
    """Let the agent decide again, on the recorded detections.

    Args:
        trace: of the episode.
        decided: what is to decide; by default what the trace's job says.
        rebuild: run the world again even where the trace holds all that it showed.

    Raises:
        TraceError: the trace holds no step, or its episode cannot be decided here.

    """
    if not trace.steps:
        raise f.TraceError(trace.path, "holds no whole step")
    decided = decided or _decided(trace)
    with closing(decided.world) as world:
        if trace.job.observations == "all" and not rebuild and not decided.asks_world:
            return _compare(trace, decided, _Recorded(trace))
        return _compare(trace, decided, _Rebuilt(world, trace))


class _Rebuilt:
    """The world of the trace, run again."""

    kind: Literal["rebuilt", "recorded"] = "rebuilt"

    def __init__(self, world: World, trace: Trace) -> None:
        self._world, self._job = world, trace.job

    def begin(self) -> Observation:
        return self._world.reset(seed=self._job.seed, options=dict(self._job.options))[0]

    def step(self, action: Action) -> Observation:
        return self._world.step(action)[0]


class _Recorded:
    """What the world of the trace showed."""

    kind: Literal["rebuilt", "recorded"] = "recorded"

    def __init__(self, trace: Trace) -> None:
        self._path, self._cut, self._sensed = trace.path, trace.cut, trace.sensed()

    def begin(self) -> Observation | None:
        observation = next(self._sensed, None)
        if observation is None and not self._cut:
            raise f.TraceError(self._path, "lacks the images of a step")
        return observation

    def step(self, action: Action) -> Observation | None:
        return self.begin()


def _compare(trace: Trace, decided: Decided, world: _Rebuilt | _Recorded) -> Replay:
    detector = RecordedDetector(trace)
    agent, seen = decided.agent(detector), trace.observations
    observation = world.begin()
    if observation is None:
        raise f.TraceError(trace.path, "holds no whole step")
    difference, differ, done = _sensed(observation, seen[0], 0), None, 0
    agent.reset(observation)
    for step, after in zip(trace.steps, seen[1:], strict=True):
        if difference is not None or observation is None:  # what the last step of a cut trace showed may be missing
            break
        if differ is None and images_crc(observation) != seen[done]["images_crc"]:
            differ = done
        detector.number = done
        try:
            action = agent.act(observation)
        except NotAskedError as error:
            difference = Difference(done, "perception", {"observation": error.number}, {"observation": done})
            break
        difference = _action(action, step)
        if difference is None:
            observation = world.step(action)
            difference = None if observation is None else _sensed(observation, after, done)
        done += difference is None
    return Replay(done, len(trace.steps), difference, trace.cut, world.kind, differ)


def _action(action: Action, step: Mapping[str, Any]) -> Difference | None:
    verb, point = parse_action(action)
    now = {"verb": verb.name.lower(), "point": list(point) if verb.takes_point else None}
    recorded = {"verb": step["verb"], "point": step["point"]}
    return None if now == recorded else Difference(step["step"], "action", recorded, now)


def _sensed(o: Observation, recorded: Mapping[str, Any], step: int) -> Difference | None:
    now = {
        "outcome": Outcome(o["outcome"]).code,
        "holding": bool(o["holding"]),
        "base": o["base"].tolist(),
        "map_T_camera": o["map_T_camera"].ravel().tolist(),
    }
    then = {name: recorded[name] for name in now}
    same = all(then[k] == now[k] for k in ("outcome", "holding")) and all(
        np.allclose(then[k], now[k], rtol=0, atol=_SAME) for k in ("base", "map_T_camera")
    )
    return None if same else Difference(step, "world", then, now)


def _decided(trace: Trace) -> Decided:
    place = _DECIDED.get(trace.job.protocol)
    if place is None:
        known = ", ".join(sorted(_DECIDED))
        raise f.TraceError(trace.path, f"is of the protocol {trace.job.protocol!r}; only {known} can be replayed")
    module, _, name = place.partition(":")
    decided: Callable[[Trace], Decided] = getattr(importlib.import_module(module), name)
    return decided(trace)
