"""Tidy episodes in traces: what their job says, and how they are decided again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engram.agents.tidy import TidyAgent, TidyConfig
from engram.evaluation.revision import revision
from engram.evaluation.trace.format import TraceError, Tracing
from engram.evaluation.trace.reader import Trace
from engram.evaluation.trace.replay import Decided
from engram.evaluation.trace.writer import TraceWriter
from engram.perception.contracts import Detector
from engram.planners.placement import PlacementPrior
from engram.sims.house.options import load_house
from engram.sims.machine import versions

if TYPE_CHECKING:
    from engram.evaluation.tidy import TidyTask


def begin_trace(
    tracing: Tracing, task: TidyTask, options: Mapping[str, Any], agent: TidyConfig, prior: PlacementPrior
) -> TraceWriter:
    """Begin the trace of a tidy episode; a house from a file goes into it whole."""
    options = dict(options)
    if "house" in options:
        options["house"] = json.loads(load_house(options["house"]).to_json())
    job = {
        "protocol": "tidy",
        "seed": task.seed,
        "config": {k: v for k, v in dataclasses.asdict(task).items() if k != "seed"},
        "options": options,
        "agent": {**dataclasses.asdict(agent), "prior": digest(prior)},
        "versions": versions(),
        "revision": revision(),
    }
    return TraceWriter(tracing.path, {**job, **tracing.job}, tracing.keep)


def decided(trace: Trace, prior: PlacementPrior | None = None) -> Decided:
    """Return how to decide the episode of a trace again; ``prior``: the one that it was decided with.

    Raises:
        TraceError: its options or its prior are not those of this engram.

    """
    from engram.evaluation.tidy import TidyTask, make_world

    known = {field.name for field in dataclasses.fields(TidyTask)}
    task = _made(trace, TidyTask, {"seed": trace.job.seed, **{k: v for k, v in trace.job.config.items() if k in known}})
    said = dict(trace.job.agent)
    prior = prior or PlacementPrior.load()
    if said.pop("prior", None) != digest(prior):
        raise TraceError(trace.path, "was decided with another placement prior than the one at hand")
    config = _made(trace, TidyConfig, {**said, "closed": frozenset(said.get("closed", ()))})

    def agent(detector: Detector) -> TidyAgent:
        return TidyAgent(detector, config, prior)

    return Decided(lambda: make_world(task), agent)


def digest(prior: PlacementPrior) -> str:
    """Return what tells one prior from another."""
    content = [prior.counts, prior.fixtures, dataclasses.asdict(prior.config)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _made(trace: Trace, kind: type[Any], values: Mapping[str, Any]) -> Any:
    known = [field.name for field in dataclasses.fields(kind)]
    unknown, missing = sorted(set(values) - set(known)), sorted(set(known) - set(values))
    if unknown or missing:
        what = f"has the option {unknown[0]!r}, which" if unknown else f"lacks the option {missing[0]!r}, which"
        raise TraceError(trace.path, f"{what} {kind.__name__} {'does not know' if unknown else 'needs'}: it was "
                         f"written by engram {trace.job.versions.get('engram', '?')}")  # fmt: skip
    return kind(**values)
