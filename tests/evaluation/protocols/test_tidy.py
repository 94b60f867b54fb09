from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from engram.evaluation import protocols
from engram.evaluation.contract import Tracing
from engram.evaluation.options import OptionError, build, names, plain
from engram.evaluation.protocols import tidy
from engram.evaluation.protocols.tidy import TidyEpisode
from engram.evaluation.suite import load
from engram.evaluation.tidy import TidyTask, make_world, run_tidy

WORLD = {"rooms": 1, "mess": 2, "width": 64, "height": 64}
SMALL = {"world": WORLD, "perception": "oracle", "max_steps": 30}


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


def test_noise_of_sensors_reaches_the_world():
    noise = {"move_noise_m": 0.005, "turn_noise_deg": 0.5, "depth_noise": 0.2}
    task = build(TidyEpisode, {"world": {**WORLD, **noise}}).task(700_001)
    world = make_world(task)
    assert {name: getattr(world.config, name) for name in noise} == noise
    world.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"world": {"depth_noise": -0.2}}, "world: depth_noise must not be negative"),
        ({"noise": {"miss": 2.0}}, r"noise: miss must lie in \[0, 1\]"),
        ({"detector": {"least_score": 2.0}}, r"detector: least_score must lie in \[0, 1\]"),
        ({"perception": "learnt"}, "perception cannot be 'learnt'; did you mean 'learned'"),
    ],
)
def test_options_that_do_not_fit(options, said):
    with pytest.raises(OptionError, match=said):
        build(TidyEpisode, options)


def test_how_an_episode_sees_is_an_option():
    options = {"perception": "noisy", "noise": {"level": 0.5}, "detector": {"model": "owlv2", "masks": "sam2"}}
    task = build(TidyEpisode, options).task(7)
    assert (task.perception, task.noise.level) == ("noisy", 0.5)
    assert (task.detector.model, task.detector.masks, task.detector.depth) == ("owlv2", "sam2", "")


def test_rows_of_noise():
    base, pose, depth, both = (v.config["world"] for v in load("tidy-noise").variants)
    noise = [[w[name] for name in ("move_noise_m", "turn_noise_deg", "depth_noise")] for w in (base, pose, depth, both)]
    assert noise == [[0.0, 0.0, 0.0], [0.005, 0.5, 0.0], [0.0, 0.0, 0.2], [0.005, 0.5, 0.2]]


def test_a_record_counts_bad_input(monkeypatch):
    def darkened(task):
        world = make_world(task)
        sense = world._sense
        world._sense = lambda: replace(frame := sense(), rgb=frame.rgb * 0, depth=frame.depth * float("nan"))
        return world

    monkeypatch.setattr(tidy, "run_tidy", partial(run_tidy, make=darkened))
    outcome = protocols.load("tidy").run(plain(build(TidyEpisode, SMALL)), 700_001, None)
    assert outcome.ended == "done"
    bad = ("black_frame", "broken_depth", "no_depth")
    assert {name: outcome.failures[name] for name in bad} == dict.fromkeys(bad, outcome.steps)


def test_no_such_protocol():
    with pytest.raises(protocols.ProtocolError, match="did you mean 'tidy'"):
        protocols.load("tydy")
