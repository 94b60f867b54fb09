"""Household tasks as kinds of episodes: one task in a house, or several in the same house."""

from __future__ import annotations

from collections.abc import Mapping

from engram.evaluation.contract import Json, Metric, Outcome, Tracing
from engram.evaluation.household.episode import HouseholdEpisode, run_household
from engram.evaluation.household.lifelong import LifelongEpisode, run_lifelong
from engram.evaluation.metrics.household import HOUSEHOLD_METRICS, LIFELONG_METRICS
from engram.evaluation.options import build


class HouseholdProtocol:
    """Implements :class:`engram.evaluation.contract.EpisodeProtocol`."""

    name = "household"
    options = HouseholdEpisode
    metrics: Mapping[str, Metric] = HOUSEHOLD_METRICS

    def prepare(self) -> None:
        """Do nothing: what sees pixels compiles its renderer itself, and words need none."""

    def run(self, config: Json, seed: int, trace: Tracing | None) -> Outcome:
        """Run a task; it is not traced. It ends as the agent says, and timings have what its decisions took."""
        run = run_household(build(HouseholdEpisode, config), seed)
        ended = run.result.ending
        laps = {"decision": ended.decision_ms}
        return Outcome(ended.reason, ended.steps, run.result.values(), run.failures, run.secs, laps)


class LifelongProtocol:
    """Implements :class:`engram.evaluation.contract.EpisodeProtocol`."""

    name = "lifelong"
    options = LifelongEpisode
    metrics: Mapping[str, Metric] = LIFELONG_METRICS

    def prepare(self) -> None:
        """Do nothing: the houses are told in words."""

    def run(self, config: Json, seed: int, trace: Tracing | None) -> Outcome:
        """Run the tasks of a house; they are not traced."""
        run = run_lifelong(build(LifelongEpisode, config), seed)
        steps = sum(r.ending.steps for r in run.done)
        laps = {"decision": [ms for r in run.done for ms in r.ending.decision_ms]}
        return Outcome("done", steps, run.values(), run.failures, run.secs, laps)
