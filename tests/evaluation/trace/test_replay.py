from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from engram.agents.cli import main
from engram.evaluation.contract import TraceConfig, Tracing
from engram.evaluation.options import build
from engram.evaluation.tidy import TidyTask, make_agent, run_tidy
from engram.evaluation.trace import format as f
from engram.evaluation.trace.commands import told
from engram.evaluation.trace.format import TraceError
from engram.evaluation.trace.reader import Trace
from engram.evaluation.trace.replay import Decided, replay
from engram.planners.placement import PlacementConfig, PlacementPrior
from engram.sims.house.generate import generate

HOUSE = TidyTask(7, rooms=1, mess=2, perception="oracle", width=64, height=64, max_steps=18)


def test_decides_the_same_again(trace, boxes):
    done = replay(trace, boxes(trace))
    assert done.identical
    assert done.steps == done.recorded == len(trace.steps) > 30
    assert (done.world, done.images_differ, done.cut) == ("rebuilt", None, False)


def test_decides_without_the_world_where_all_was_kept(whole, boxes):
    decided = boxes(whole)

    def refuse(*args, **kwargs):
        raise AssertionError("the world runs")

    decided.world.reset = decided.world.step = refuse
    done = replay(whole, decided)
    assert (done.identical, done.world, done.steps) == (True, "recorded", len(whole.steps))
    again = replay(whole, boxes(whole), rebuild=True)
    assert (again.identical, again.world) == (True, "rebuilt")
    asking = replay(whole, replace(boxes(whole), asks_world=True))
    assert asking.world == "rebuilt"


def test_observations_are_kept_bit_by_bit(whole, make_world):
    world = make_world(build(TidyTask, whole.job.config))
    observation, _ = world.reset(seed=7, options={})
    sensed = list(whole.sensed())
    assert len(sensed) == len(whole.steps) + 1
    assert set(sensed[0]) == set(observation)
    for name, value in observation.items():
        assert np.array_equal(sensed[0][name], value), name
        assert np.asarray(sensed[0][name]).dtype == np.asarray(value).dtype, name
    assert not np.array_equal(sensed[3]["rgb"], sensed[0]["rgb"])


def test_a_cut_trace_may_lack_its_last_images(whole, boxes, rewrite, tmp_path):
    last = len(whole.steps)
    short = rewrite(whole.path, tmp_path / "x.mcap", lambda topic, n, d: None if (topic, n) == (f.DEPTH, last) else d)
    with pytest.raises(TraceError, match="lacks the images of a step"):
        replay(Trace(short), boxes(whole))
    trace = Trace(short)
    trace.cut = True
    assert replay(trace, boxes(whole)).identical


def test_images_that_were_not_kept_are_missed(trace):
    with pytest.raises(TraceError, match="keeps observations 'keyframes', not 'all'"):
        next(trace.sensed())


def test_another_agent_is_found_out(trace, boxes):
    same = boxes(trace)
    task = build(TidyTask, trace.job.config)
    other = replace(task, agent=replace(task.agent, pitch_deg=0.0))
    changed = Decided(same.world, lambda see: make_agent(same.world, other, watch=lambda _: see))
    done = replay(trace, changed)
    assert not done.identical
    assert done.difference.what == "action"
    assert done.difference.recorded["verb"] != done.difference.now["verb"]
    assert done.difference.step == done.steps < done.recorded


def test_a_tampered_action_is_found(trace, boxes, rewrite, tmp_path):
    def tamper(topic, number, data):
        if (topic, number) != ("/engram/step", 11):
            return data
        return json.dumps({**json.loads(data), "verb": "crouch"}).encode()

    bad = Trace(rewrite(trace.path, tmp_path / "x.mcap", tamper))
    done = replay(bad, boxes(bad))
    assert (done.identical, done.steps, done.difference.step, done.difference.what) == (False, 11, 11, "action")
    assert done.difference.recorded["verb"] == "crouch"
    assert done.difference.now["verb"] == trace.steps[11]["verb"]


def test_a_tampered_outcome_is_found(trace, boxes, rewrite, tmp_path):
    def tamper(topic, number, data):
        if (topic, number) != ("/engram/step", 5):
            return data
        return json.dumps({**json.loads(data), "outcome": "blocked"}).encode()

    bad = Trace(rewrite(trace.path, tmp_path / "x.mcap", tamper))
    done = replay(bad, boxes(bad))
    assert (done.difference.step, done.difference.what) == (5, "world")


def test_missing_detections_are_found(trace, boxes, rewrite, tmp_path):
    def tamper(topic, number, data):
        return None if topic in ("/engram/detections", "/camera/masks") and number == 9 else data

    bad = Trace(rewrite(trace.path, tmp_path / "x.mcap", tamper))
    done = replay(bad, boxes(bad))
    assert (done.difference.step, done.difference.what) == (9, "perception")
    assert done.difference.recorded == {"observation": 10}


def test_decisions_follow_the_recorded_detections(trace, boxes, rewrite, tmp_path):
    """Nothing of the truth gets past the detector: an agent that is shown nothing finds nothing to do."""

    def blind(topic, number, data):
        if topic == "/engram/detections":
            return json.dumps({"number": number, "maps": 0}).encode()
        return data

    bad = Trace(rewrite(trace.path, tmp_path / "x.mcap", blind))
    done = replay(bad, boxes(bad))
    picks = [s["step"] for s in trace.steps if s["verb"] == "pick"]
    assert not done.identical
    assert done.difference.step <= picks[0]


def test_a_cut_trace_is_decided_as_far_as_it_goes(trace, boxes, tmp_path):
    data = trace.path.read_bytes()
    (tmp_path / "cut.mcap").write_bytes(data[: len(data) // 2])
    part = Trace(tmp_path / "cut.mcap")
    done = replay(part, boxes(part))
    assert (done.identical, done.cut) == (True, True)
    assert 0 < done.recorded < len(trace.steps)
    assert told(done).endswith(f"the trace is cut after step {done.recorded - 1}: its writer was stopped\n")


def test_another_prior_is_refused(trace, boxes):
    prior = PlacementPrior.load(config=PlacementConfig(doubt=2.0))
    with pytest.raises(TraceError, match="another placement prior"):
        boxes(trace, prior)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"config": {"seed": 7, "speed": 2}}, "no option 'speed'"),
        ({"agent": {"stands": 9}}, "another configuration of the agent"),
        ({"protocol": "fly"}, "protocol 'fly'; only tidy can be replayed"),
    ],
)
def test_other_jobs_are_refused(trace, rewrite, tmp_path, changed, said):
    def change(topic, number, data):
        return json.dumps({**json.loads(data), **changed}).encode() if topic == "/engram/job" else data

    with pytest.raises(TraceError, match=said):
        replay(Trace(rewrite(trace.path, tmp_path / "x.mcap", change)))


def test_command_on_a_real_house(tmp_path, capsys, rewrite):
    path = tmp_path / "house.mcap"
    run_tidy(HOUSE, tracing=Tracing(path, TraceConfig("none")))
    assert [o["stamp_ns"] for o in Trace(path).observations] == [k * 500_000_000 for k in range(15)]
    assert [said.stamp_ns for said in Trace(path).messages(("/tf",))] == [k * 500_000_000 for k in range(15)]
    assert main(["replay", str(path)]) == 0
    assert capsys.readouterr().out == "identical: 14 of 14 steps decided as recorded (world rebuilt)\n"

    def tamper(topic, number, data):
        changed = (topic, number) == ("/engram/step", 4)
        return json.dumps({**json.loads(data), "verb": "stand"}).encode() if changed else data

    bad = rewrite(path, tmp_path / "bad.mcap", tamper)
    assert main(["replay", str(bad), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["identical"] is False
    assert said["difference"]["step"] == 4
    assert said["difference"]["recorded"]["verb"] == "stand"
    assert main(["replay", str(bad)]) == 1
    assert capsys.readouterr().out.startswith("differs at step 4: another action was chosen\n  recorded {")


def test_a_house_from_a_file_goes_into_the_trace(tmp_path):
    file, path = tmp_path / "house.json", tmp_path / "house.mcap"
    file.write_text(generate(11, rooms=1).to_json())
    run_tidy(
        TidyTask(7, house=file, mess=1, perception="oracle", width=32, height=32, max_steps=9), tracing=Tracing(path)
    )
    file.unlink()
    assert Trace(path).job.options["house"]["seed"] == 11
    assert replay(Trace(path)).identical


def test_command_on_what_is_no_trace(tmp_path, capsys):
    assert main(["replay", str(tmp_path / "none.mcap")]) == 3
    assert "none.mcap: no such file" in capsys.readouterr().err
    (tmp_path / "x.mcap").write_bytes(b"\x89MCAP0\r\n")
    assert main(["replay", str(tmp_path / "x.mcap")]) == 2
    assert capsys.readouterr().err == f"engram: {tmp_path / 'x.mcap'}: ends before its first chunk was whole\n"
