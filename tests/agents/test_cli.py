from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pytest

import engram
from engram.agents import cli


@dataclass(frozen=True)
class GreetOptions:
    """Options of the command below."""

    name: str = "robot"
    """Who is greeted."""
    times: int = 1
    """How often."""


def greet(options: GreetOptions) -> int:
    """Greet somebody.

    More about it.
    """
    if options.name == "nobody":
        raise cli.CommandError("there is nobody; give --name", cli.USAGE)
    if options.name == "ghost":
        raise cli.CommandError("no ghosts here", cli.MISSING)
    if options.name == "ctrl-c":
        raise KeyboardInterrupt
    sys.stdout.write(f"hello {options.name}\n" * options.times)
    return cli.ENDED if options.times > 2 else cli.DONE


class Greet(EntryPoint):
    def load(self):
        return greet


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    entries = [
        Greet("greet", "greeting:greet", cli.GROUP),
        EntryPoint("broken", "engram.no_such_module:run", cli.GROUP),
    ]
    monkeypatch.setattr(cli, "entry_points", lambda group: entries)


def test_help_lists_commands_and_what_they_are_for(capsys):
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert "  greet   Greet somebody\n" in out
    assert "broken (engram.no_such_module:run) cannot be loaded: No module named" in out


def test_no_command_is_bad_usage(capsys):
    assert cli.main([]) == 2
    assert "commands:" in capsys.readouterr().out


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"engram {engram.__version__}\n"


def test_options_come_from_the_dataclass(capsys):
    assert cli.main(["greet", "--name", "you", "--times", "2"]) == 0
    assert capsys.readouterr().out == "hello you\nhello you\n"


def test_help_of_a_command(capsys):
    assert cli.main(["greet", "--help"]) == 0
    out = capsys.readouterr().out
    assert "engram greet" in out
    assert "Who is greeted." in out
    assert "More about it." in out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["great"], 2, "engram: no command 'great'; did you mean 'greet'?\n"),
        (["xyzzy"], 2, "engram: no command 'xyzzy'; commands are broken, greet\n"),
        (["greet", "--name", "nobody"], 2, "engram: there is nobody; give --name\n"),
        (["greet", "--name", "ghost"], 3, "engram: no ghosts here\n"),
        (["greet", "--name", "ctrl-c"], 1, "engram: interrupted\n"),
        (["greet", "--times", "3"], 1, ""),
    ],
)
def test_exit_codes_and_one_line_of_explanation(capsys, words, code, said):
    assert cli.main(words) == code
    assert capsys.readouterr().err == said


def test_broken_command_is_missing_something(capsys):
    assert cli.main(["broken"]) == 3
    assert "cannot be loaded" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["greet", "--tims", "2"], ["greet", "--times", "often"]])
def test_bad_options_are_bad_usage(capsys, words):
    assert cli.main(words) == 2
    captured = capsys.readouterr()
    assert "--times" in captured.err + captured.out


def probe(code: str) -> str:
    words = [sys.executable, "-c", code]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout  # noqa: S603 - our own


def test_import_is_light_and_quick():
    code = (
        "import sys, time; begin = time.process_time(); import engram; spent = time.process_time() - begin;"
        "print([m for m in ('torch', 'mujoco', 'rclpy', 'numba', 'scipy') if m in sys.modules], spent)"
    )
    answers = [probe(code).rsplit(" ", 1) for _ in range(5)]  # the quickest counts: the machine may be busy
    assert {loaded for loaded, _ in answers} == {"[]"}
    assert min(float(spent) for _, spent in answers) < 0.2


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from engram.agents.cli import main; main(['--help']);"
        "print([m for m in ('torch', 'mujoco', 'rclpy', 'numba', 'scipy') if m in sys.modules])"
    )
    lines = probe(code).splitlines()
    assert lines[-1] == "[]"
    assert {line.split()[0] for line in lines if line.startswith("  ")} >= {"doctor", "tidy", "worlds"}
