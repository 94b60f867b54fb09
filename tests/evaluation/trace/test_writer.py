from __future__ import annotations

import errno
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from mcap.reader import make_reader
from PIL import Image

from engram.evaluation.contract import TraceConfig
from engram.evaluation.tidy import TidyTask
from engram.evaluation.trace import writer as module
from engram.evaluation.trace.reader import Trace
from engram.evaluation.trace.writer import TraceWriter


def test_a_run_comes_back(recorded, trace):
    run, _ = recorded
    assert not trace.cut
    assert trace.job.protocol == "tidy"
    assert trace.job.seed == 7
    assert trace.job.config["width"] == 64
    assert trace.job.agent["step_m"] == 0.25
    assert trace.job.versions["engram"]
    assert [(s["step"], s["verb"], s["outcome"], s["phase"]) for s in trace.steps] == [
        (s.step, s.verb, s.outcome, s.phase) for s in run.episode.steps
    ]
    assert [[round(v, 4) for v in s["base"]] for s in trace.steps] == [list(s.base) for s in run.episode.steps]
    assert [(e["step"], e["kind"], e["label"], e["reason"], e["target"]) for e in trace.journal] == [
        (e.step, e.kind, e.label, e.reason, e.target) for e in run.agent.journal()
    ]
    assert trace.result["ended"] == run.episode.ended
    assert trace.result["metrics"] == run.score.metrics()
    assert len(trace.observations) == len(trace.steps) + 1


def test_equal_episodes_give_equal_bytes(record, recorded, tmp_path):
    record(tmp_path / "again.mcap", chunk_bytes=8192)
    assert (tmp_path / "again.mcap").read_bytes() == recorded[1].read_bytes()


def test_keyframes_show_what_was_touched_and_every_nth(trace):
    touched = {s["step"] for s in trace.steps if s["point"] is not None}
    failed = {e["step"] for e in trace.journal if e["kind"] == "failed"}
    assert touched
    wanted = touched | {k + 1 for k in touched | failed} | set(range(0, len(trace.steps) + 1, 25))
    assert set(trace.frames) >= wanted
    assert len(trace.frames) < len(trace.steps)
    image = Image.open(io.BytesIO(trace.frames[0]))
    assert (image.format, image.size) == ("JPEG", (64, 64))


def test_no_images(record, tmp_path):
    record(tmp_path / "none.mcap", replace(TASK, max_steps=12), observations="none")
    assert Trace(tmp_path / "none.mcap").frames == {}


def test_other_readers_know_the_channels(recorded):
    with recorded[1].open("rb") as file:
        summary = make_reader(file).get_summary()
    schemas = {c.topic: (summary.schemas[c.schema_id].name, c.message_encoding) for c in summary.channels.values()}
    assert schemas["/camera/image"] == ("foxglove.CompressedImage", "protobuf")
    assert schemas["/camera/masks"] == ("foxglove.CompressedImage", "protobuf")
    assert schemas["/tf"] == ("foxglove.FrameTransforms", "protobuf")
    assert schemas["/log"] == ("foxglove.Log", "protobuf")
    assert schemas["/engram/step"] == ("engram.step", "json")
    fields = {c.topic: json.loads(summary.schemas[c.schema_id].data)["properties"] for c in summary.channels.values()
              if c.message_encoding == "json"}  # fmt: skip
    with recorded[1].open("rb") as file:
        for _, channel, message in make_reader(file).iter_messages():
            if channel.message_encoding == "json":
                assert set(json.loads(message.data)) <= set(fields[channel.topic]), channel.topic


def test_a_crash_is_the_result(tmp_path):
    def crash():
        with TraceWriter(tmp_path / "x.mcap", JOB):
            raise ZeroDivisionError("of the agent")

    with pytest.raises(ZeroDivisionError):
        crash()
    trace = Trace(tmp_path / "x.mcap")
    assert (trace.result["ended"], trace.result["error"]) == ("crashed", "ZeroDivisionError: of the agent")
    assert not trace.cut


def test_recalls_come_back(tmp_path):
    with TraceWriter(tmp_path / "x.mcap", JOB) as writer:
        writer.recalled("where is the mug?", [{"label": "Mug", "score": 0.5}])
    expected = [{"step": 0, "query": "where is the mug?", "answers": [{"label": "Mug", "score": 0.5}]}]
    assert Trace(tmp_path / "x.mcap").recalls == expected


def test_a_full_disk_names_the_file(tmp_path):
    writer = TraceWriter(tmp_path / "x.mcap", JOB, TraceConfig(chunk_bytes=1))

    class Full:
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self):
            pass

    writer._file._file = Full()
    with pytest.raises(OSError, match="No space left") as caught:
        writer.result("done")
    assert caught.value.filename == str(tmp_path / "x.mcap")
    assert caught.value.errno == errno.ENOSPC


def test_fingerprint_of_images_sees_a_pixel():
    o = {"rgb": np.zeros((16, 16, 3), np.uint8), "depth": np.ones((16, 16), np.float32)}
    before = module.images_crc(o)
    o["depth"][8, 3] = np.nextafter(np.float32(1), np.float32(2))
    assert module.images_crc(o) != before


TASK = TidyTask(seed=7, mess=3, perception="oracle", width=64, height=64)
JOB = {
    "protocol": "tidy", "seed": 1, "config": {}, "options": {}, "agent": {}, "prior": "", "versions": {},
    "revision": "",
}  # fmt: skip
