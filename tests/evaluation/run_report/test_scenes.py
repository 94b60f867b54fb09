from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from engram.agents.events import Event
from engram.evaluation.contract import RunFolder
from engram.evaluation.run_report.album import Album
from engram.evaluation.run_report.data import load
from engram.evaluation.run_report.scenes import Budget, choose, in_turns, told, watch


@pytest.fixture
def watched(toys):
    return watch(load(toys))


def brightness(album, picture) -> float:
    """Mean of a picture, in observations: number k has brightness 5 k."""
    data = re.search(
        rf"^\.p{picture.number}{{background-image:url\(data:image/jpeg;base64,([^)]+)\)", album.style(), re.M
    )
    return float(np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1])))).mean()) / 5


def test_a_failure_is_shown_by_its_last_try(watched):
    failure = next(f for f in watched.gallery if f.record.id == "base/700000" and f.reason == "no_space")
    assert (failure.label, failure.target, failure.step) == ("Mug", "Shelf", 12)
    assert failure.tried == ["place 3 times"]
    assert failure.before.spot == (0.25, 0.75)
    assert brightness(watched.album, failure.before) == pytest.approx(11, abs=0.5)  # step 11 acted on it
    assert brightness(watched.album, failure.after) == pytest.approx(12, abs=0.5)


def test_a_failure_without_a_try_is_shown_where_it_was_written_down(watched, make):
    failure = next(f for f in watched.gallery if f.record.id == "base/700000" and f.reason == make["evil"])
    assert failure.tried == []
    assert failure.before.spot is None
    assert brightness(watched.album, failure.before) == pytest.approx(20, abs=0.5)


def test_a_crash_is_shown_by_the_last_line_of_its_error(watched, make):
    (crash,) = [f for f in watched.gallery if f.reason == "exception"]
    assert crash.tried == [f"E: {make['evil']}"]
    assert (crash.before, crash.label) == (None, "")


def test_variants_that_fail_alike_in_one_house_are_shown_once(watched):
    alike = [f.record.id for f in watched.gallery if f.record.seed == 700000 and f.reason == "no_space"]
    assert alike == ["base/700000"]


def test_the_common_reasons_come_first(watched):
    reasons = [f.reason for f in watched.gallery]
    assert reasons[-1] == "exception"
    assert reasons == sorted(reasons, key=reasons.index)  # grouped


def test_budgets_hold(toys):
    kept = load(toys)
    few = watch(kept, Budget(traces=2, pictures=3, failures=3))
    assert len(few.scenes) == 2
    assert len(few.album) <= 3
    assert len(few.gallery) == 3
    assert few.traced == 5
    none = watch(kept, Budget(pictures=0))
    assert none.album.style() == ""
    assert all(f.before is None for f in none.gallery)


def test_rare_failures_are_chosen_first(make):
    def record(seed, failures):
        return make["episode"]("base", 700000 + seed, failures=failures)

    records = [
        record(0, {}),
        record(1, {"a": 1}),
        record(2, {"a": 1}),
        record(3, {"a": 1, "b": 9}),
        record(4, {"a": 2}),
    ]
    assert [r.seed - 700000 for r in choose(records, 4)] == [3, 1, 2, 4]
    assert [r.seed - 700000 for r in choose(records, 9)] == [3, 1, 2, 4, 0]


def test_queues_take_turns():
    assert list(in_turns([[1, 2, 3], [], [10], [20, 21]])) == [1, 10, 20, 2, 21, 3]


def test_tries_are_told_with_their_reason_where_it_is_another():
    tries = [{"verb": "place", "outcome": "no_space"}] * 2 + [{"verb": "move_ahead", "outcome": "blocked"}]
    assert told(tries, "no_space") == ["place 2 times", "move ahead (something solid was in the way)"]


def test_pages_show_picks_and_places_or_else_the_way(make, tmp_path):
    folder = RunFolder(tmp_path / "run")
    make["run"](folder, [make["episode"]("base", 700001), make["episode"]("base", 700002)])
    make["trace"](folder.trace("base/700001"), events=[Event("picked", 2, "Mug"), Event("placed", 24, "Mug")])
    make["trace"](folder.trace("base/700002"))
    scenes = watch(load(folder)).scenes
    assert [p.caption for p in scenes["base/700001"].strip] == ["picked Mug", "placed Mug"]
    assert [p.caption for p in scenes["base/700002"].strip] == ["step 0", "step 25"]


def test_pictures_are_small_and_kept_once():
    def jpeg(size):
        out = io.BytesIO()
        Image.new("RGB", size, (200, 10, 10)).save(out, "JPEG")
        return out.getvalue()

    album = Album(2)
    assert [album.keep("a", jpeg((640, 480))), album.keep("a", b""), album.keep("b", jpeg((10, 20)))] == [0, 0, 1]
    assert album.keep("c", jpeg((10, 10))) is None  # full
    first = re.search(r"base64,([^)]+)", album.style())[1]
    assert Image.open(io.BytesIO(base64.b64decode(first))).size == (192, 144)
    assert Album(2).keep("a", b"no picture") is None
