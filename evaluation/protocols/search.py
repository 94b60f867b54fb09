"""Object search as a kind of episode: a house, a few categories, and how soon each is found."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engram.evaluation.contract import Json, Metric, Outcome, Tracing
from engram.evaluation.options import build
from engram.evaluation.search import SearchEpisode, run_search
from engram.sims.house.render.base import warm_up

_TIDEE = "object-goal search of TIDEE (ECCV 2022)"

SEARCH_METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        m.name: m
        for m in (
            Metric("found", "share", "found", "targets", about=f"in view within 1 m when the robot says so; {_TIDEE}"),
            Metric(
                "search_steps",
                "mean",
                "search_steps",
                better="lower",
                about=f"actions after exploration, the whole budget where it failed; {_TIDEE}",
            ),
            Metric(
                "false_success",
                "share",
                "false_success",
                "claimed",
                "lower",
                about="things that the robot says it has found and that are not there",
            ),
            Metric("path", "mean", "path_m", better="lower", unit="m", about="way of the base, exploration included"),
        )
    }
)


class SearchProtocol:
    """Implements :class:`engram.evaluation.contract.EpisodeProtocol`."""

    name = "search"
    options = SearchEpisode
    metrics: Mapping[str, Metric] = SEARCH_METRICS

    def prepare(self) -> None:
        """Compile the renderer, once a machine."""
        warm_up()

    def run(self, config: Json, seed: int, trace: Tracing | None) -> Outcome:
        """Run an episode: all its categories, one after the other; searches are not traced."""
        run = run_search(build(SearchEpisode, config), seed)
        stages = sorted({stage for e in run.episodes for stage in e.timing_secs})
        secs = {stage: round(sum(e.timing_secs.get(stage, 0.0) for e in run.episodes), 3) for stage in stages}
        laps = {
            stage: [ms for e in run.episodes for ms in e.step_ms.get(stage, ())]
            for stage in sorted({stage for e in run.episodes for stage in e.step_ms})
        }
        interrupted = any(e.ended == "interrupted" for e in run.episodes)
        ended = "interrupted" if interrupted else "done" if all(h.claimed for h in run.hunts) else "out_of_steps"
        steps = sum(len(e.steps) for e in run.episodes)
        return Outcome(ended, steps, run.values, run.failures, {"setup": run.setup_secs, **secs}, laps)
