"""The ``engram`` command line.

A command is an entry point of the group ``engram.commands``: a function that takes one frozen dataclass, its options,
and returns an exit code. Options, their help and their defaults come from the dataclass. Modules of commands import
what is heavy only when a command runs, so that ``engram --help`` stays quick.

Exit codes: 0 done, 1 the task ended without its goal, 2 bad usage or configuration, 3 something is missing here.
"""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import engram

GROUP = "engram.commands"
DONE, ENDED, USAGE, MISSING = 0, 1, 2, 3

Command = Callable[[Any], int]


class CommandError(Exception):
    """Raised by a command that cannot go on; the message is one line and says what to do.

    ``exit_code`` is USAGE or MISSING.
    """

    def __init__(self, message: str, exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    found = commands()
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(overview(found))
        return DONE if words else USAGE
    if words[0] == "--version":
        sys.stdout.write(f"engram {engram.__version__}\n")
        return DONE
    if words[0] not in found:
        return _fail(_unknown(words[0], found), USAGE)
    try:
        return _run(found[words[0]], words[1:])
    except CommandError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted", ENDED)


def commands() -> dict[str, EntryPoint]:
    """Return the installed commands by name; the first distribution to claim a name has it."""
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
        found.setdefault(entry.name, entry)
    return found


def overview(found: dict[str, EntryPoint]) -> str:
    """Text of ``engram --help``."""
    width = max((len(name) for name in found), default=0)
    lines = ["usage: engram COMMAND [options]", "", "A brain for robots that remembers.", "", "commands:"]
    lines += [f"  {name:<{width}}  {_summary(entry)}" for name, entry in found.items()]
    lines += ["", "engram COMMAND --help describes a command; engram --version prints the version.", ""]
    return "\n".join(lines)


def _summary(entry: EntryPoint) -> str:
    try:
        text = inspect.getdoc(_load(entry)) or ""
    except CommandError as error:
        return str(error)
    line = text.partition("\n")[0].rstrip(".")
    maker = entry.dist.name if entry.dist is not None else ""
    return line if maker in ("", "engram") else f"{line} (from {maker})"


def _load(entry: EntryPoint) -> Command:
    try:
        command: Command = entry.load()
    except (ImportError, AttributeError) as error:
        raise CommandError(f"{entry.name} ({entry.value}) cannot be loaded: {error}", MISSING) from error
    return command


def _run(entry: EntryPoint, words: list[str]) -> int:
    import tyro

    command = _load(entry)
    options = next(t for name, t in typing.get_type_hints(command).items() if name != "return")
    try:
        config = tyro.cli(options, args=words, prog=f"engram {entry.name}", description=inspect.getdoc(command))
    except SystemExit as stop:  # tyro has explained itself
        return DONE if stop.code in (None, 0) else USAGE
    return command(config)


def _unknown(word: str, found: dict[str, EntryPoint]) -> str:
    near = get_close_matches(word, found, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"commands are {', '.join(found)}"
    return f"no command {word!r}; {hint}"


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"engram: {message}\n")
    return code
