from __future__ import annotations

import json

import pytest

from engram.evaluation.trace.format import TraceError
from engram.evaluation.trace.reader import Trace


def cut(path, share, to):
    """Write the first share of a file."""
    data = path.read_bytes()
    to.write_bytes(data[: int(len(data) * share)])
    return to


def test_a_killed_writer_leaves_whole_chunks(trace, tmp_path):
    part = Trace(cut(trace.path, 0.5, tmp_path / "cut.mcap"))
    assert part.cut
    assert part.result is None
    assert 0 < len(part.steps) < len(trace.steps)
    assert part.steps == trace.steps[: len(part.steps)]
    assert part.frames == {k: v for k, v in trace.frames.items() if k in part.frames}


def test_the_later_the_cut_the_more_is_read(trace, tmp_path):
    steps = [len(Trace(cut(trace.path, k / 40, tmp_path / "cut.mcap")).steps) for k in range(10, 41)]
    assert steps == sorted(steps)
    assert steps[-1] == len(trace.steps)


@pytest.mark.parametrize("size", [9, 100, 1000])
def test_cut_before_anything_was_whole(trace, tmp_path, size):
    (tmp_path / "cut.mcap").write_bytes(trace.path.read_bytes()[:size])
    with pytest.raises(TraceError, match=r"cut\.mcap: ends before its first chunk was whole"):
        Trace(tmp_path / "cut.mcap")


def test_a_flipped_byte_is_damage(recorded, tmp_path):
    data = bytearray(recorded[1].read_bytes())
    data[2000] ^= 0xFF
    (tmp_path / "x.mcap").write_bytes(data)
    with pytest.raises(TraceError, match=r"x\.mcap: is damaged at byte \d+"):
        Trace(tmp_path / "x.mcap")


def test_what_is_no_trace(tmp_path, recorded, rewrite):
    (tmp_path / "text.mcap").write_text("hello, world")
    with pytest.raises(TraceError, match=r"text\.mcap: is no MCAP file"):
        Trace(tmp_path / "text.mcap")
    (tmp_path / "empty.mcap").touch()
    with pytest.raises(TraceError, match="is empty"):
        Trace(tmp_path / "empty.mcap")
    other = rewrite(recorded[1], tmp_path / "o.mcap", lambda topic, n, data: data if topic == "/tf" else None)
    with pytest.raises(TraceError, match="no trace of engram"):
        Trace(other)


def test_what_is_missing_in_a_job_is_named(recorded, tmp_path, rewrite):
    def less(topic, number, data):
        return b'{"schema_version": 1}' if topic == "/engram/job" else data

    with pytest.raises(TraceError, match=r"is damaged: /engram/job: .*protocol"):
        Trace(rewrite(recorded[1], tmp_path / "x.mcap", less))


def test_another_version_is_named(recorded, tmp_path, rewrite):
    def newer(topic, number, data):
        return json.dumps({**json.loads(data), "schema_version": 99}).encode() if topic == "/engram/job" else data

    with pytest.raises(TraceError, match="has schema version 99; this engram reads version 1"):
        Trace(rewrite(recorded[1], tmp_path / "new.mcap", newer))


def test_images_are_not_read_unless_asked_for(trace, monkeypatch):
    asked = []
    read = Trace.messages
    monkeypatch.setattr(Trace, "messages", lambda self, topics: asked.append(set(topics)) or read(self, topics))
    fresh = Trace(trace.path)
    assert not any("/camera/image" in topics for topics in asked)
    assert fresh.frames
    assert asked[-1] == {"/camera/image"}


def test_no_truth_in_a_trace(trace):
    """Ids and ground truth stay out: what a trace says of things comes from the detector and the agent."""
    said = next(trace.messages(("/engram/detections",)))
    known = {"number", "maps", "labels", "scores", "boxes", "pixels", "masks"}
    assert set(json.loads(said.data)) == known
    topics = {said.topic for said in trace.messages(tuple(TOPICS))}
    assert topics <= TOPICS


TOPICS = {
    "/engram/job", "/engram/start", "/engram/step", "/engram/detections", "/engram/journal", "/engram/result",
    "/camera/image", "/camera/masks", "/camera/calibration", "/tf", "/log",
}  # fmt: skip
