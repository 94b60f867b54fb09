from __future__ import annotations

import pytest

from engram.evaluation import protocols
from engram.evaluation.contract import Tracing
from engram.evaluation.options import OptionError, build, names, plain
from engram.evaluation.rearrange import RearrangeEpisode

SMALL = {
    "world": {"rooms": 1, "shuffle": 2, "ajar": 0, "width": 64, "height": 64},
    "perception": "oracle",
    "walk_steps": 12,
    "unshuffle_steps": 20,
}


def test_options_can_be_set_but_for_what_the_world_decides():
    found = set(names(RearrangeEpisode))
    assert {"world.snap_m", "agent.compare", "agent.change.ratio", "oracle.changes", "walk_steps"} <= found
    assert "agent.skills.step_m" not in found
    assert "agent.walk_steps" not in found


@pytest.mark.parametrize("wrong", [{"shuffle": 0}, {"opening": 2.0}, {"snap_m": -1.0}])
def test_options_that_make_no_sense(wrong):
    with pytest.raises(OptionError):
        build(RearrangeEpisode, {"world": wrong})


def test_an_episode_has_what_the_metrics_need(tmp_path):
    protocol = protocols.load("rearrange")
    trace = tmp_path / "trace.mcap"
    outcome = protocol.run(plain(build(RearrangeEpisode, SMALL)), 700_003, Tracing(trace))
    assert trace.stat().st_size > 1000
    assert outcome.ended in ("done", "out_of_steps")
    assert 1 < outcome.steps <= 20
    assert 1 < outcome.values["walk_steps"] <= 12
    assert {"agent", "world", "reset", "setup"} <= set(outcome.secs)
    for metric in protocol.metrics.values():
        assert metric.value in outcome.values
        assert not metric.total or metric.total in outcome.values
