from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from engram.agents.cli import main
from engram.evaluation import harness, run_report
from engram.evaluation.revision import revision

ENGRAM = [sys.executable, "-c", "import sys; from engram.agents.cli import main; sys.exit(main())"]
TEXT = """\
schema_version: 1
name: toys
protocol: toy_protocol:Toy
seeds: 700000:700006
options: {crash_at: 700002}
"""


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """No report, which has its own tests, and no revision: the source may be committed to while tests run."""
    monkeypatch.setattr(run_report, "write", lambda folder: None)
    monkeypatch.setenv("GIT_DIR", "nowhere")
    revision.cache_clear()
    yield
    revision.cache_clear()


@pytest.fixture
def suite(toy_on_path, tmp_path):
    file = tmp_path / "toys.yaml"
    file.write_text(TEXT)
    return str(file)


def started(toy_on_path, words, **env):
    """Run the command in a process of its own."""
    path = os.pathsep.join([str(toy_on_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    full = [*ENGRAM, "eval", *words]
    env = {**os.environ, "PYTHONPATH": path, **env}
    return subprocess.run(full, env=env, capture_output=True, text=True, timeout=100, check=False)  # noqa: S603


def results(folder):
    return (folder / "episodes.jsonl").read_bytes(), (folder / "table.json").read_bytes()


@pytest.mark.parametrize("seed", [700004, pytest.param(700000, marks=pytest.mark.slow)])
def test_a_run_killed_and_resumed_is_as_one_unbroken(suite, toy_on_path, tmp_path, capsys, seed):
    assert main(["eval", suite, "--out", str(tmp_path / "whole"), "--workers", "2"]) == 0
    said = capsys.readouterr()
    assert said.err.splitlines()[0].startswith("[1/6] base/70000")
    assert "right" in said.out
    words = [suite, "--out", str(tmp_path / "killed"), "--workers", "2"]
    assert started(toy_on_path, words, TOY_KILL=str(seed)).returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "table.json").exists()
    assert main(["eval", *words, "--resume"]) == 0
    assert results(tmp_path / "killed") == results(tmp_path / "whole")


def test_a_full_disk_stops_the_run_which_goes_on_later(suite, tmp_path, capsys, monkeypatch):
    words = ["eval", suite, "--out", str(tmp_path / "run"), "--set", "full_at=700003"]
    assert main(words) == 3
    assert "the disk is full" in capsys.readouterr().err
    assert (tmp_path / "run" / "episodes.jsonl").read_text().count("\n") == 3
    monkeypatch.setenv("TOY_ROOM", "1")
    assert main([*words, "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["variants"]["base"]["episodes"] == 6


def test_one_seed_in_a_folder_that_is_named(suite, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["eval", suite, "--seed", "7"]) == 0
    assert "base/7" in (tmp_path / "runs" / "toys" / "episodes.jsonl").read_text()
    assert not (tmp_path / "runs" / "toys" / "workers.log").exists()
    assert main(["eval", suite, "--seed", "7"]) == 2
    assert "is not empty; go on with --resume" in capsys.readouterr().err


def test_an_interrupted_run_says_how_to_go_on(suite, tmp_path, capsys, monkeypatch):
    def interrupted(plan, show, pool):
        raise KeyboardInterrupt

    monkeypatch.setattr(harness, "run", interrupted)
    assert main(["eval", suite, "--out", str(tmp_path / "run")]) == 1
    assert capsys.readouterr().err == f"engram: interrupted; go on with --resume --out {tmp_path / 'run'}\n"


def test_a_run_that_goes_on_with_another_source_says_so(suite, tmp_path, capsys):
    words = ["eval", suite, "--out", str(tmp_path / "run"), "--limit", "1"]
    assert main(words) == 0
    content = json.loads((tmp_path / "run" / "suite.json").read_text())
    content["began"]["versions"]["numpy"] = "0.1"
    (tmp_path / "run" / "suite.json").write_text(json.dumps(content))
    capsys.readouterr()
    assert main([*words, "--resume"]) == 0
    assert 'the run began with another engram: its versions.numpy is "0.1" there and' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--workers", "0"], "--workers must be at least 1"),
        (["--limit", "0"], "--limit must be at least 1"),
        (["--shard", "3/2"], "--shard takes I/N with I from 1 to N, not '3/2'"),
        (["--seed", "900000"], "seed 900000 belongs to no split"),
        (["--seed", "3", "--seeds", "1:2"], "exclude each other"),
        (["--set", "bse=3"], "did you mean 'base'?"),
        (["--join", "nowhere"], "nowhere holds no run"),
    ],
)
def test_wrong_words_are_one_line(suite, tmp_path, capsys, words, said):
    assert main(["eval", suite, "--out", str(tmp_path / "run"), *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_no_such_suite(capsys):
    assert main(["eval", "tidy-tets"]) == 2
    assert capsys.readouterr().err == "engram: no suite 'tidy-tets'; did you mean 'tidy-test'?, or name a file\n"


@pytest.mark.slow
def test_tidying_killed_and_resumed_is_as_tidying_unbroken(toy_on_path, tmp_path):
    words = [
        "tidy-validation",
        "--limit",
        "2",
        "--set",
        "world.rooms=1",
        "perception=oracle",
        "max_steps=60",
        "--no-trace",
    ]
    assert started(toy_on_path, [*words, "--out", str(tmp_path / "whole"), "--workers", "2"]).returncode == 0
    out = tmp_path / "killed"
    command = [*ENGRAM, "eval", *words, "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr.readline().startswith("[1/2]")
        process.kill()
    assert started(toy_on_path, [*words, "--out", str(out), "--resume"]).returncode == 0
    assert results(out) == results(tmp_path / "whole")
