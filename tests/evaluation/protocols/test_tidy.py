from __future__ import annotations

import pytest

from engram.evaluation import protocols
from engram.evaluation.contract import Tracing
from engram.evaluation.options import build, names, plain
from engram.evaluation.protocols.tidy import TidyEpisode
from engram.evaluation.tidy import TidyTask

SMALL = {"world": {"rooms": 1, "mess": 2, "width": 64, "height": 64}, "max_steps": 30}


def test_options_make_the_task():
    options = {"world": {"mess": 3}, "agent": {"room_prior": False}, "oracle": {"rooms": True}, "max_steps": 9}
    task = build(TidyEpisode, options).task(7)
    assert (task.seed, task.mess, task.max_steps) == (7, 3, 9)
    assert not task.agent.room_prior
    assert task.oracle.rooms
    assert build(TidyEpisode, {}).task(7) == TidyTask(7)


def test_what_the_world_decides_is_no_option():
    found = set(names(TidyEpisode))
    assert {"world.mess", "agent.explore", "oracle.placement", "perception", "max_steps"} <= found
    assert "agent.step_m" not in found
    assert "agent.max_steps" not in found


def test_an_episode_has_what_the_metrics_need(tmp_path):
    protocol = protocols.load("tidy")
    config = plain(build(TidyEpisode, SMALL))
    trace = tmp_path / "trace.mcap"
    outcome = protocol.run(config, 700_001, Tracing(trace))
    assert trace.stat().st_size > 1000
    assert outcome.ended in ("done", "out_of_steps")
    assert 1 < outcome.steps <= 30
    assert {"agent", "world", "reset", "setup"} <= set(outcome.secs)
    assert len(outcome.step_ms["agent"]) == len(outcome.step_ms["world"]) == outcome.steps
    for metric in protocol.metrics.values():
        assert metric.value in outcome.values
        assert not metric.total or metric.total in outcome.values


def test_no_such_protocol():
    with pytest.raises(protocols.ProtocolError, match="did you mean 'tidy'"):
        protocols.load("tydy")
