from __future__ import annotations

import io

import pytest
from PIL import Image

from engram.agents.remember import Remember, RememberConfig
from engram.evaluation.contract import TraceConfig, Tracing
from engram.evaluation.tidy import run_tidy
from engram.evaluation.trace.format import TraceError
from engram.evaluation.viewer.api import BadRequestError, View
from engram.evaluation.viewer.sources import Source, find_source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores


@pytest.fixture(scope="module")
def run(tmp_path_factory, make_world):
    """Folder of a run in the house of boxes, with memory and trace."""
    from engram.evaluation.tidy import TidyTask

    folder = tmp_path_factory.mktemp("run")
    task = TidyTask(seed=7, mess=3, perception="oracle", width=96, height=96, max_steps=60)
    with Hippocampus(folder / "m.engram", default_stores(), HippocampusConfig("tidy", deadline_secs=60.0)) as memory:
        remember = Remember(memory, RememberConfig("tidy", "tidy-7"))
        tracing = Tracing(folder / "run.mcap", TraceConfig(every=5))
        done = run_tidy(task, make=make_world, remember=remember, tracing=tracing)
        remember.ended(done.episode.ended)
    return folder, done.episode


def at(view, step):
    return {"version": str(next(m.version for m in view.timeline.moments if m.step == step))}


def test_a_folder_shows_memory_and_trace_together(run):
    folder, episode = run
    with View(find_source(str(folder))) as view:
        assert view.answer("timeline", {})["frames"] is True
        for step in (0, 7, 31):
            found = view.answer("step", at(view, step))
            assert found["plan"]["verb"] == episode.steps[step].verb
            assert found["pose"] == pytest.approx(episode.steps[step - 1].base if step else found["pose"])
            assert found["changes"]["objects"]
        journal = [line for step in range(50) for line in view.answer("step", at(view, step))["journal"]]
        assert {"phase", "found"} & {line["kind"] for line in journal}


def test_the_image_is_the_last_one_kept_with_what_was_detected_in_it(run):
    folder, _ = run
    with View(find_source(str(folder))) as view:
        numbers = [view.answer("camera", at(view, step))["number"] for step in range(20)]
        found = view.answer("camera", at(view, 5))
        image = Image.open(io.BytesIO(view.frame(5)))
        assert view.frame(found["number"]) == view.frame(5)
    assert numbers == sorted(numbers)
    assert all(0 <= step - number < 5 for step, number in enumerate(numbers))
    assert found["wanted"] == 5
    assert image.size == (96, 96)
    for d in found["detections"]:
        top, left, bottom, right = d["box"]
        assert 0 <= top < bottom <= 96
        assert 0 <= left < right <= 96
        assert d["label"]


def test_a_trace_alone_can_be_seen(run):
    folder, episode = run
    with View(Source(trace=folder / "run.mcap")) as view:
        told = view.answer("timeline", {})
        assert told["memory"] is False
        assert len(told["moments"]) == len(episode.steps) + 1
        assert told["moments"][3]["text"].startswith(episode.steps[3].verb.replace("_", " "))
        assert view.answer("step", at(view, 3))["plan"]["verb"] == episode.steps[3].verb
        for route in ("state", "map", "graph", "health"):
            assert "--memory" in " ".join(view.answer(route, {})["failed"].values())
        with pytest.raises(BadRequestError, match="--memory"):
            view.answer("ask", {"text": "where is the mug?"})


def test_what_is_no_trace_is_refused(tmp_path):
    (tmp_path / "x.mcap").write_bytes(b"not an mcap file")
    with pytest.raises(TraceError, match="MCAP"):
        View(find_source(str(tmp_path / "x.mcap")))


def test_a_recording_for_rerun_holds_the_run(run, tmp_path):
    pytest.importorskip("rerun")
    from engram.evaluation.viewer.rerun_export import write_recording

    folder, _ = run
    with View(find_source(str(folder))) as view:
        assert write_recording(view, tmp_path / "out" / "run.rrd") == len(view.timeline.moments)
    content = (tmp_path / "out" / "run.rrd").read_bytes()
    assert content.startswith(b"RRF2")
    for name in (b"/map/things", b"/map/voxels", b"/camera/detections", b"/map/way", b"/said"):
        assert name in content


def test_without_the_sdk_it_is_said_how_to_get_it(memory, tmp_path, monkeypatch, capsys):
    import sys

    from engram.agents.cli import MISSING, main

    monkeypatch.setitem(sys.modules, "rerun", None)
    assert main(["view", memory, "--rerun", "--out", str(tmp_path / "x.rrd")]) == MISSING
    assert "pip install 'engram[view]'" in capsys.readouterr().err
    assert not (tmp_path / "x.rrd").exists()
