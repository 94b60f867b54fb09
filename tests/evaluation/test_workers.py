from __future__ import annotations

import pytest

from engram.evaluation.contract import Job, RunFolder
from engram.evaluation.worker import DiskFullError, Finished
from engram.evaluation.workers import LocalPool, WorkersError

CONFIG = {
    "base": 10, "inner": {"gain": 1.0}, "crash_at": -1, "lack_at": -1, "die_at": -1, "hang_at": -1, "full_at": -1,
}  # fmt: skip


@pytest.fixture
def run(toy_on_path, tmp_path):
    def run(seeds, workers=2, protocol="Toy", wall_secs=60.0, **config):
        pool = LocalPool(f"toy_protocol:{protocol}", RunFolder(tmp_path), workers, wall_secs, True)
        jobs = [Job(f"base/{seed}", "base", seed, {**CONFIG, **config}) for seed in seeds]
        found = [f for f in pool.run(jobs) if isinstance(f, Finished)]
        return {f.job.seed: f for f in found}

    return run


def test_a_dead_process_costs_one_episode(run, tmp_path):
    found = run(range(1, 6), crash_at=2, die_at=3)
    assert {seed: f.reason for seed, f in found.items()} == {1: "", 2: "exception", 3: "died", 4: "", 5: ""}
    assert found[3].error == "the process of the episode died (SIGSEGV)"
    assert found[5].outcome.steps == 15
    assert (tmp_path / "traces" / "base_5.mcap").read_text() == "trace of 5"
    assert "Segmentation fault" in (tmp_path / "workers.log").read_text()


def test_an_episode_beyond_its_time_is_stopped(run):
    found = run([1, 2, 3], workers=1, wall_secs=0.4, hang_at=2)
    assert {seed: f.reason for seed, f in found.items()} == {1: "", 2: "timeout", 3: ""}
    assert found[2].error == "stopped after 0.4 s"


def test_a_full_disk_stops_all(run):
    with pytest.raises(DiskFullError):
        run([1, 2, 3], workers=1, full_at=2)


def test_what_no_episode_can_do_without_stops_all(run):
    with pytest.raises(WorkersError, match="no episode of 'base' can run here: no weights; run: engram train toy"):
        run([1, 2, 3], workers=1, lack_at=2)


def test_a_process_that_cannot_prepare_says_why(run):
    with pytest.raises(WorkersError, match="no camera here"):
        run([1, 2], protocol="Broken")


def test_processes_that_die_before_they_are_ready(run):
    with pytest.raises(WorkersError, match=r"before they can run an episode \(exit code 7\)"):
        run([1, 2, 3, 4], workers=1, protocol="Stillborn")


def test_nothing_to_do_starts_nothing(run):
    assert run([]) == {}
