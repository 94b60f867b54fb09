from __future__ import annotations

import errno
import json
import os

import pytest

from engram.evaluation import ledger as module
from engram.evaluation.contract import Job, Record, RunFolder, Timing
from engram.evaluation.ledger import FolderError, difference, opened
from engram.evaluation.worker import DiskFullError

SUITE = {"name": "s", "seeds": [1, 2, 3], "options": {"mess": 5}}


def record(seed, steps=3):
    return Record(f"base/{seed}", "base", seed, "toy", "ab", "done", steps, {"x": 0.1}, {}, "", {}, "")


def timing(seed, secs=1.5):
    return Timing(f"base/{seed}", {"total": secs})


JOBS = [Job(f"base/{seed}", "base", seed) for seed in (1, 2, 3)]


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


def test_what_was_added_is_there_again(folder):
    with opened(folder, SUITE, False) as ledger:
        ledger.add(record(2), timing(2))
        ledger.add(record(1), timing(1))
    with opened(folder, SUITE, True) as ledger:
        assert ledger.done() == {"base/1", "base/2"}
        assert ledger.settle(JOBS) == [record(1), record(2)]
    assert [json.loads(line)["seed"] for line in folder.episodes.read_text().splitlines()] == [1, 2]
    assert json.loads(folder.suite.read_text()) == SUITE


def test_a_line_cut_short_is_dropped(folder):
    with opened(folder, SUITE, False) as ledger:
        for seed in (1, 2):
            ledger.add(record(seed), timing(seed))
    size = folder.episodes.stat().st_size
    os.truncate(folder.episodes, size - 1)
    with opened(folder, SUITE, True) as ledger:
        assert ledger.done() == {"base/1"}
        ledger.add(record(2), timing(2, 9.0))
        ledger.settle(JOBS)
    assert folder.episodes.stat().st_size == size
    assert [json.loads(t)["secs"]["total"] for t in folder.timings.read_text().splitlines()] == [1.5, 9.0]


def test_a_line_that_is_no_record_is_named(folder):
    with opened(folder, SUITE, False) as ledger:
        ledger.add(record(1), timing(1))
    folder.episodes.write_text('{"id": "base/1"}\n' + folder.episodes.read_text())
    with pytest.raises(FolderError, match=r"episodes.jsonl:1: is no record"), opened(folder, SUITE, True):
        pass


def test_two_runs_do_not_write_one_folder(folder):
    with (
        opened(folder, SUITE, False),
        pytest.raises(FolderError, match="another run is writing"),
        opened(folder, SUITE, True),
    ):
        pass


def test_a_folder_that_is_not_empty_needs_resume(folder):
    folder.path.mkdir()
    (folder.path / "notes.txt").touch()
    with pytest.raises(FolderError, match="is not empty; go on with --resume"), opened(folder, SUITE, False):
        pass
    with pytest.raises(FolderError, match="holds no run"), opened(folder, SUITE, True):
        pass


def test_another_suite_is_refused_and_the_difference_named(folder):
    with opened(folder, SUITE, False):
        pass
    other = {**SUITE, "options": {"mess": 6}, "began": {"revision": "b"}}
    with pytest.raises(FolderError, match=r"options.mess is 5 there and 6 here"), opened(folder, other, True):
        pass


def test_when_it_began_is_no_difference():
    assert difference({**SUITE, "began": 1}, {**SUITE, "began": 2}) == ""
    assert difference(SUITE, {**SUITE, "wall_secs": 3.0}) == "wall_secs is missing there and 3.0 here"
    assert len(difference({"seeds": list(range(100))}, {"seeds": list(range(101))})) < 200


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(FolderError, match="File exists"), opened(RunFolder(tmp_path / "run"), SUITE, False):
        pass


def test_a_full_disk_leaves_whole_lines(folder, monkeypatch):
    with opened(folder, SUITE, False) as ledger:
        ledger.add(record(1), timing(1))
    before = folder.episodes.read_bytes()
    sync = os.fsync
    calls = []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:  # the record, after its timing
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(DiskFullError, match="run"), opened(folder, SUITE, True) as ledger:
        ledger.add(record(2), timing(2))
    assert folder.episodes.read_bytes() == before


def test_episodes_of_other_folders_are_taken_once(folder, tmp_path):
    other = RunFolder(tmp_path / "other")
    with opened(other, SUITE, False) as ledger:
        for seed in (2, 3):
            ledger.add(record(seed, steps=9), timing(seed))
    other.trace("base/3").parent.mkdir()
    other.trace("base/3").write_bytes(b"trace")
    with opened(folder, SUITE, False) as ledger:
        ledger.add(record(2), timing(2))
        assert ledger.adopt(other) == 1
        assert [r.steps for r in ledger.settle(JOBS)] == [3, 9]
    assert folder.trace("base/3").read_bytes() == b"trace"
