from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys

import pytest

from engram.evaluation.contract import Job, RunFolder
from engram.evaluation.ray import RayPool, _compare, _source
from engram.evaluation.workers import WorkersError

JOBS = [Job("base/1", "base", 1)]
ENGRAM = [sys.executable, "-c", "import sys; from engram.agents.cli import main; sys.exit(main())"]


def pool(path, address):
    return RayPool("toy_protocol:Toy", RunFolder(path), address, 60.0, True)


def test_without_ray_it_says_what_to_install(tmp_path, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(WorkersError, match=r'pip install "engram\[ray\]"'):
        list(pool(tmp_path, "auto").run(JOBS))


def test_another_engram_on_the_cluster_is_refused():
    versions, revision = _source()
    _compare((versions, revision))
    with pytest.raises(WorkersError, match=r"the Ray cluster has numpy 0.1, and this machine"):
        _compare(({**versions, "numpy": "0.1"}, revision))
    with pytest.raises(WorkersError, match="runs revision unknown"):
        _compare((versions, "" if revision else "abc"))


@pytest.mark.slow
def test_a_local_cluster_gives_what_processes_give(toy_on_path, tmp_path, monkeypatch):
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install engram[ray]")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(toy_on_path), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    suite = tmp_path / "toys.yaml"
    suite.write_text(
        "schema_version: 1\nname: toys\nprotocol: toy_protocol:Toy\nseeds: 1:5\noptions: {crash_at: 2, die_at: 3}\n"
    )
    cluster = ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False).address_info["address"]
    try:
        for name, extra in (("ray", ["--ray", cluster]), ("here", ["--workers", "2"])):
            command = [*ENGRAM, "eval", str(suite), "--out", str(tmp_path / name), *extra]
            subprocess.run(command, timeout=100, check=True)  # noqa: S603
    finally:
        ray.shutdown()
    ours, theirs = (
        [json.loads(line) for line in (tmp_path / name / "episodes.jsonl").read_text().splitlines()]
        for name in ("here", "ray")
    )
    assert [r["ended"] for r in theirs] == ["done", "crashed", "crashed", "done"]
    assert theirs[2]["error"] == "the process of the episode died (WorkerCrashedError)"
    assert [{**r, "error": ""} for r in theirs] == [{**r, "error": ""} for r in ours]
    assert theirs[1] == ours[1]
    assert (tmp_path / "ray" / "traces" / "base_4.mcap").read_text() == "trace of 4"
