"""Tidy episodes in traces: what their job says, and how they are decided again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engram.agents.tidy import TidyConfig
from engram.evaluation.contract import Tracing
from engram.evaluation.options import OptionError, build, plain
from engram.evaluation.revision import revision
from engram.evaluation.trace.format import TraceError, dump
from engram.evaluation.trace.reader import Trace
from engram.evaluation.trace.replay import Decided
from engram.evaluation.trace.writer import TraceWriter
from engram.planners.placement import PlacementPrior
from engram.sims.house.options import load_house
from engram.sims.machine import versions

if TYPE_CHECKING:
    from engram.evaluation.tidy import MakeWorld, TidyTask


def begin_trace(
    tracing: Tracing, task: TidyTask, options: Mapping[str, Any], agent: TidyConfig, prior: PlacementPrior
) -> TraceWriter:
    """Begin the trace of a tidy episode; a house from a file goes into it whole.

    Args:
        tracing: where it is written.
        task: what decides the episode.
        options: of the world's reset.
        agent: configuration, with what the world decides.
        prior: where things belong.

    """
    options = dict(options)
    if "house" in options:
        options["house"] = json.loads(load_house(options["house"]).to_json())
    job = {
        "protocol": "tidy",
        "seed": task.seed,
        "config": plain(task),
        "options": options,
        "agent": dataclasses.asdict(agent),
        "prior": digest(prior),
        "versions": versions(),
        "revision": revision(),
    }
    return TraceWriter(tracing.path, job, tracing.keep)


def decided(trace: Trace, prior: PlacementPrior | None = None, make: MakeWorld | None = None) -> Decided:
    """Return what decided the episode of a trace.

    Args:
        trace: of the episode.
        prior: the one that it was decided with; by default the one that comes with the package.
        make: makes its world; by default the embedded house.

    Raises:
        TraceError: its options, its prior or its configuration are not those of this engram.

    """
    from engram.evaluation.tidy import TidyTask, agent_config, make_agent, make_world

    prior = prior or PlacementPrior.load()
    if trace.job.prior != digest(prior):
        raise TraceError(trace.path, "was decided with another placement prior than the one at hand")
    try:
        task = build(TidyTask, trace.job.config)
    except OptionError as error:
        made = trace.job.versions.get("engram", "?")
        raise TraceError(trace.path, f"has a job for another engram ({made}): {error}") from error
    world = (make or make_world)(task)
    _check(trace, agent_config(world, task))
    return Decided(world, lambda see: make_agent(world, task, prior, watch=lambda _: see), task.oracle.rooms)


def digest(prior: PlacementPrior) -> str:
    """Return what tells one prior from another."""
    content = [prior.counts, prior.fixtures, dataclasses.asdict(prior.config)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _check(trace: Trace, config: TidyConfig) -> None:
    """Raise when the agent would be configured otherwise than it was."""
    now, then = json.loads(dump(dataclasses.asdict(config))), trace.job.agent
    differing = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
    if differing:
        name = differing[0]
        said = f"{name} was {then.get(name)!r} and is {now.get(name)!r}"
        raise TraceError(trace.path, f"was decided with another configuration of the agent: {said}")
