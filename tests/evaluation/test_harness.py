from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from engram.evaluation import run_report
from engram.evaluation.contract import EvaluationError, RunFolder
from engram.evaluation.document import parse
from engram.evaluation.harness import Plan, run
from engram.evaluation.suite import read
from engram.evaluation.worker import perform

TEXT = """\
schema_version: 1
name: toys
protocol: toy_protocol:Toy
seeds: 700000:700004
options: {crash_at: 700001}
variants:
  twice: {inner.gain: 2}
"""


class Here:
    """Runs jobs in this process, the last first, and stops after some."""

    def __init__(self, most=99):
        import toy_protocol

        self.protocol, self.most, self.ran = toy_protocol.Toy(), most, []

    def run(self, jobs):
        for job in reversed(jobs):
            if len(self.ran) >= self.most:
                raise KeyboardInterrupt
            yield []
            self.ran.append(job.id)
            yield perform(self.protocol, job, None)


@pytest.fixture
def plan(toy_on_path, tmp_path, monkeypatch):
    monkeypatch.setattr(run_report, "write", lambda folder: None)
    return Plan(read(parse(TEXT, "toys.yaml")), RunFolder(tmp_path / "run"))


@pytest.fixture
def whole(plan, tmp_path):
    other = replace(plan, folder=RunFolder(tmp_path / "whole"))
    run(other, pool=Here())
    return results(other.folder)


def results(folder):
    return folder.episodes.read_bytes(), folder.table.read_bytes()


def test_records_come_in_the_order_of_the_jobs(plan):
    content = run(plan, pool=Here())
    records = [json.loads(line) for line in plan.folder.episodes.read_text().splitlines()]
    assert [r["id"] for r in records] == [j.id for j in plan.jobs()]
    assert [r["ended"] for r in records[:4]] == ["done", "done", "crashed", "crashed"]
    assert records[2]["failures"] == {"exception": 1}
    assert records[2]["error"].startswith("Traceback")
    assert records[1]["config_hash"] == plan.jobs()[1].config_hash
    assert content["variants"]["twice"]["metrics"]["even"]["count"] == 2
    assert json.loads(plan.folder.table.read_text()) == content


def test_timings_say_how_long_steps_took(plan):
    run(plan, pool=Here())
    timing = json.loads(plan.folder.timings.read_text().splitlines()[0])
    assert timing["id"] == "base/700000"
    assert timing["secs"]["agent"] == 0.5
    assert timing["step_ms"] == {"agent": {"p50": 2.0, "p95": 2.9, "p99": 2.98}}
    assert b"total" not in plan.folder.episodes.read_bytes()


@pytest.mark.parametrize("most", [0, 1, 5, 7])
def test_a_run_that_was_stopped_comes_to_the_same(plan, whole, most):
    with pytest.raises(KeyboardInterrupt):
        run(plan, pool=Here(most))
    rest = Here()
    run(replace(plan, resume=True), pool=rest)
    assert len(rest.ran) == 8 - most
    assert results(plan.folder) == whole


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 0.5, 0.77, 0.999])
def test_a_file_cut_anywhere_comes_to_the_same(plan, whole, share):
    run(plan, pool=Here())
    for path in (plan.folder.episodes, plan.folder.timings):
        os.truncate(path, int(share * path.stat().st_size))
    plan.folder.table.unlink()
    run(replace(plan, resume=True), pool=Here())
    assert results(plan.folder) == whole


def test_a_run_that_is_done_does_nothing(plan, whole):
    run(plan, pool=Here())
    rest = Here()
    run(replace(plan, resume=True), pool=rest)
    assert rest.ran == []
    assert results(plan.folder) == whole


def test_more_seeds_later(plan, whole):
    run(replace(plan, limit=1), pool=Here())
    assert plan.folder.episodes.read_bytes().count(b"\n") == 2
    run(replace(plan, resume=True), pool=Here())
    assert results(plan.folder) == whole


def test_shards_joined_are_one_run(plan, whole, tmp_path):
    parts = [RunFolder(tmp_path / f"part{k}") for k in (1, 2, 3)]
    for k, part in enumerate(parts, 1):
        run(replace(plan, folder=part, shard=(k, 3)), pool=Here())
    assert [p.episodes.read_bytes().count(b"\n") for p in parts] == [3, 3, 2]
    rest = Here()
    run(replace(plan, join=tuple(p.path for p in parts)), pool=rest)
    assert rest.ran == []
    assert results(plan.folder) == whole


def test_another_run_is_not_joined(plan, tmp_path):
    other = replace(plan, suite=replace(plan.suite, wall_secs=5.0), folder=RunFolder(tmp_path / "other"))
    run(other, pool=Here())
    with pytest.raises(EvaluationError, match=r"wall_secs is 5.0 there and 3600.0 here"):
        run(replace(plan, join=(other.folder.path,)), pool=Here())


def test_progress_is_shown(plan):
    seen = []
    run(plan, seen.append, Here())
    assert (seen[0].total, len(seen[0].records), seen[0].timing) == (8, 0, None)
    ended = [p for p in seen if p.timing is not None]
    assert [len(p.records) for p in ended] == list(range(1, 9))


def test_a_report_is_written(plan, monkeypatch):
    written = []
    monkeypatch.setattr(run_report, "write", written.append)
    run(plan, pool=Here())
    assert written == [plan.folder]
