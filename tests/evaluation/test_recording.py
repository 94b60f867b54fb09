from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engram.evaluation.recording import Recorder, RecordingConfig
from engram.evaluation.runner import StepRecord, Turn


class Painter:
    """An agent whose map grows to the left by a cell a step; its origin is marked red."""

    def __init__(self) -> None:
        self.step = 0

    def status(self):
        return {"phase": "explore", "holding": "Mug"}

    def map_image(self):
        picture = np.full((40, 40 + 2 * self.step, 3), 200, np.uint8)
        column = 2 * self.step + 20
        picture[18:22, column - 2 : column + 2] = (255, 0, 0)
        return picture

    def map_to_pixel(self, x, y):
        return 2.0 * self.step + 20, 20.0


def film(recorder, steps, verbs=()):
    agent = Painter()
    rng = np.random.default_rng(0)
    for step in range(steps):
        agent.step = step
        record = StepRecord(step, "explore", dict(verbs).get(step, "move_ahead"), None, "ok", (0, 0, 0), False)
        observation = {"rgb": rng.integers(0, 255, (48, 48, 3), dtype=np.uint8)}
        recorder(Turn(record, observation, agent))


def test_long_episodes_are_thinned_but_picks_stay(tmp_path):
    recorder = Recorder(RecordingConfig(frames=10, height=48))
    film(recorder, 101, {37: "pick", 53: "place"}.items())
    kept = [s.step for s in recorder._shots]
    assert len(kept) <= 12
    assert {37, 53} <= set(kept)
    assert {s for s in kept if s not in (37, 53)} == {s for s in range(101) if s % recorder._stride == 0}
    recorder.write(tmp_path / "a.gif")
    assert Image.open(tmp_path / "a.gif").n_frames == len(kept) + (100 not in kept)


def test_map_grows_in_place(tmp_path):
    recorder = Recorder(RecordingConfig(frames=50, height=60, reduce=1))
    film(recorder, 8)
    recorder.write(tmp_path / "a.gif")
    picture = Image.open(tmp_path / "a.gif")
    where = []
    for k in range(picture.n_frames):
        picture.seek(k)
        pixels = np.asarray(picture.convert("RGB")).astype(int)[:60, 60:]
        red = np.argwhere((pixels[..., 0] > 200) & (pixels[..., 1] < 100))
        where.append(red.mean(0).round())
    assert all(np.array_equal(w, where[0]) for w in where)


def test_size_is_bounded(tmp_path):
    recorder = Recorder(RecordingConfig(frames=60, height=96, max_bytes=60_000))
    film(recorder, 60)
    recorder.write(tmp_path / "a.gif")
    assert (tmp_path / "a.gif").stat().st_size < 200_000
    assert Image.open(tmp_path / "a.gif").n_frames >= 5


def test_nothing_to_write(tmp_path):
    with pytest.raises(ValueError, match="nothing was recorded"):
        Recorder().write(tmp_path / "a.gif")
