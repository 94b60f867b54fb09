"""Tidying as a kind of episode: the options of a suite, and what an episode of it comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engram.agents.situation import TidyConfig
from engram.evaluation.contract import Json, Metric, Outcome, Tracing
from engram.evaluation.detector_options import DEFAULT_PERCEPTION, DetectionNoise, DetectorOptions, Perception
from engram.evaluation.metrics.tidy import TIDY_METRICS
from engram.evaluation.options import build
from engram.evaluation.oracles import OracleOptions
from engram.evaluation.report import metrics
from engram.evaluation.tidy import TidyTask, run_tidy
from engram.sims.house.render.base import warm_up


@dataclass(frozen=True)
class HouseOptions:
    """The house and its camera."""

    rooms: int | None = None  # None: the generator chooses
    objects: int | None = None
    mess: int = 5  # things displaced
    house: Path | None = None  # a HouseSpec file in place of a generated house
    width: int = 224  # pixels
    height: int = 224
    move_noise_m: float = 0.0  # standard deviation of believed position a move
    turn_noise_deg: float = 0.0  # ... of believed yaw a turn, and of pitch a look
    depth_noise: float = 0.0  # ... of disparity

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("move_noise_m", "turn_noise_deg", "depth_noise"):
            if not 0.0 <= getattr(self, name) < 1e3:
                raise ValueError(f"{name} must not be negative, it is {getattr(self, name)!r}")


@dataclass(frozen=True)
class TidyEpisode:
    """Options of an episode."""

    world: HouseOptions = field(default_factory=HouseOptions)
    agent: TidyConfig = field(default_factory=TidyConfig)
    oracle: OracleOptions = field(default_factory=OracleOptions)
    perception: Perception = DEFAULT_PERCEPTION
    detector: DetectorOptions = field(default_factory=DetectorOptions)
    noise: DetectionNoise = field(default_factory=DetectionNoise)
    max_steps: int = 1000

    def task(self, seed: int) -> TidyTask:
        """Return what decides the episode of a seed."""
        w = self.world
        return TidyTask(
            seed, w.rooms, w.objects, w.mess, w.house, self.perception, self.max_steps, w.width, w.height,
            self.agent, self.oracle, self.detector, self.noise, w.move_noise_m, w.turn_noise_deg, w.depth_noise,
        )  # fmt: skip


class TidyProtocol:
    """Implements :class:`engram.evaluation.contract.EpisodeProtocol`."""

    name = "tidy"
    options = TidyEpisode
    metrics: Mapping[str, Metric] = TIDY_METRICS

    def prepare(self) -> None:
        """Compile the renderer, once a machine."""
        warm_up()

    def run(self, config: Json, seed: int, trace: Tracing | None) -> Outcome:
        """Run an episode."""
        run = run_tidy(build(TidyEpisode, config).task(seed), tracing=trace)
        failures = Counter(e.reason for e in run.agent.journal() if e.kind == "failed") + Counter(run.bad_input)
        return Outcome(
            run.episode.ended,
            len(run.episode.steps),
            metrics(run),
            dict(sorted(failures.items())),
            {"setup": run.setup_secs, **run.episode.timing_secs},
            run.episode.step_ms,
        )
