"""Every block of the README does what it says."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engram.agents import cli

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
SHELL = [block.splitlines() for kind, block in BLOCKS if kind == "sh"]
LINES = [line for block in SHELL for line in block]
CODE = [block for kind, block in BLOCKS if kind == "python"]


def test_blocks_are_of_a_kind_that_is_run():
    assert {kind for kind, _ in BLOCKS} == {"sh", "python"}
    assert {line.split()[0] for line in LINES} == {"make", "engram", "pytest"}


@pytest.mark.parametrize("line", [x for x in LINES if x.startswith("make ")])
def test_make_knows_the_target(line):
    make = shutil.which("make")
    assert make is not None
    words = [make, "--dry-run", "--always-make", *line.split()[1:]]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    assert ".venv/bin/" in done.stdout


@pytest.mark.parametrize("block", [b for b in SHELL if any(x.startswith("engram ") for x in b)], ids=lambda b: b[0])
def test_engram_commands_run(block, tmp_path, monkeypatch, capsys):
    """The lines of a block run in one directory, one after the other."""
    if any(x.startswith(("engram tidy", "engram eval")) and "--perception oracle" not in x for x in block):
        pytest.importorskip("torch", reason="the robot sees with a network")
    monkeypatch.chdir(tmp_path)
    for line in block:
        words = shlex.split(line)[1:]
        assert cli.main(words) == cli.DONE, line
        said = capsys.readouterr().out
        if words[0] == "tidy":
            out = tmp_path / words[words.index("--out") + 1]
            assert {f.name for f in out.iterdir()} == {"report.json", "report.html", "episode.gif", "steps.jsonl"}
        if words[0] == "eval":
            assert (tmp_path / words[words.index("--out") + 1] / "report.html").stat().st_size > 10_000
        if words[0] == "replay":
            assert said.startswith("identical: ")
        if words[:2] == ["memory", "query"]:
            assert said.splitlines()[1].startswith("Mug_1 on CoffeeTable_1")
            assert "CoffeeTable_1, LivingRoom" in said
        if words[:2] == ["memory", "check"]:
            assert said.startswith("Sound: ")


@pytest.mark.parametrize("line", [x for x in LINES if x.startswith("pytest ")])
def test_pytest_lines_collect(line):
    words = [sys.executable, "-m", *line.split(), "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)  # noqa: S603
    assert int(re.findall(r"(\d+) tests collected", done.stdout)[0]) > 20


@pytest.mark.parametrize("code", CODE)
def test_python_blocks_run(code):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own text
    assert said.getvalue().startswith("(224, 224, 3) ")
    assert said.getvalue().splitlines()[-1].count("'") == 4  # two ids


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", TEXT))
def test_links_lead_somewhere(target):
    assert (ROOT / target).exists()
