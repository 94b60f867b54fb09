"""Rearranging as a kind of episode: two phases, and the metrics of RoomR."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from engram.evaluation.contract import Json, Metric, Outcome, Tracing
from engram.evaluation.options import build
from engram.evaluation.rearrange import RearrangeEpisode, run_rearrange
from engram.sims.house.render.base import warm_up

_ROOMR = "RoomR (Weihs et al., CVPR 2021)"

REARRANGE_METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        m.name: m
        for m in (
            Metric("success", "rate", "success", about=f"every thing is as it was; {_ROOMR}"),
            Metric(
                "fixed_strict",
                "mean",
                "fixed_strict",
                unit="%",
                about=f"of the misplaced things, those fixed; 0 when any other was newly misplaced; {_ROOMR}",
            ),
            Metric("energy", "mean", "energy", better="lower", unit="%", about=f"%E, energy end / start; {_ROOMR}"),
            Metric(
                "misplaced",
                "mean",
                "misplaced",
                better="lower",
                unit="%",
                about=f"%Misplaced, misplaced things end / start; {_ROOMR}",
            ),
            Metric("newly_misplaced", "mean", "newly_misplaced", better="lower", about="things put where none was"),
            Metric("moved_fixed", "share", "moved_fixed", "moved", about="things moved that are back in their pose"),
            Metric("swung_fixed", "share", "swung_fixed", "swung", about="things opened or shut, as they were"),
            Metric("noticed", "share", "noticed", "moved", about="things moved that the agent took for moved"),
            Metric("false_alarms", "mean", "false_alarms", better="lower", about="others that it took for moved"),
            Metric("incorrectly_moved", "mean", "incorrectly_moved", better="lower", about="picked up and not changed"),
            Metric(
                "false_success",
                "share",
                "false_success",
                "claimed",
                "lower",
                about="things that the robot says it has carried back and that are not in their pose",
            ),
            Metric("steps", "mean", "steps", better="lower", about="actions of the unshuffle"),
            Metric("walk_steps", "mean", "walk_steps", better="lower", about="actions of the walkthrough"),
        )
    }
)


class RearrangeProtocol:
    """Implements :class:`engram.evaluation.contract.EpisodeProtocol`."""

    name = "rearrange"
    options = RearrangeEpisode
    metrics: Mapping[str, Metric] = REARRANGE_METRICS

    def prepare(self) -> None:
        """Compile the renderer, once a machine."""
        warm_up()

    def run(self, config: Json, seed: int, trace: Tracing | None) -> Outcome:
        """Run an episode; its steps are those of the unshuffle."""
        run = run_rearrange(build(RearrangeEpisode, config), seed, trace)
        failures = Counter(e.reason for e in run.journal if e.kind == "failed") + Counter(run.bad_input)
        phases = (run.walk, run.unshuffle)
        secs = {name: sum(e.timing_secs.get(name, 0.0) for e in phases) for name in run.unshuffle.timing_secs}
        return Outcome(
            run.unshuffle.ended,
            len(run.unshuffle.steps),
            run.values,
            dict(sorted(failures.items())),
            {"setup": run.setup_secs, **secs},
            run.unshuffle.step_ms,
        )
