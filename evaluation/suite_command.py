"""The command that runs suites: ``engram eval SUITE --workers N --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from engram.agents.cli import DONE, ENDED, MISSING, CommandError

if TYPE_CHECKING:
    from engram.evaluation.harness import Plan, Pool


@dataclass(frozen=True)
class EvalOptions:
    """Options of ``engram eval``."""

    suite: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SUITE")]
    """Name of a suite that comes with engram (tidy-test, object-search, ...), or a YAML or JSON file."""
    out: Path | None = None
    """Directory of the run; runs/SUITE when not given."""
    workers: int = 1
    """Episodes at the same time, each in a process of its own."""
    limit: int | None = None
    """Run the first so many seeds only."""
    seeds: str = ""
    """Seeds in place of those of the suite: FIRST:END, the end excluded."""
    seed: int | None = None
    """Run this seed only."""
    set: Annotated[tuple[str, ...], tyro.conf.arg(metavar="OPTION=VALUE ...")] = ()
    """Options in place of those of the suite, as OPTION=VALUE."""
    resume: bool = False
    """Go on with the run in the directory."""
    shard: Annotated[str, tyro.conf.arg(metavar="I/N")] = "1/1"
    """Run every N-th episode from the I-th on; join the directories of all shards afterwards."""
    join: tuple[Path, ...] = ()
    """Directories of runs of the same suite to take finished episodes from."""
    ray: str = ""
    """Address of a Ray cluster to run the episodes on, in place of processes of this machine."""
    trace: Literal["off", "none", "keyframes", "all"] = "keyframes"
    """Keep what each episode did, step by step, with these of its pictures; "all" includes depth."""
    json: bool = False
    """Print the table as JSON."""


def run_suite(options: EvalOptions) -> int:
    """Run a suite of episodes, and report how they went.

    Episodes that crash are recorded and counted. A run that was stopped, however it was, goes on with --resume where
    it was, and comes to the same files as one that never was.
    """
    from engram.evaluation.harness import changes, run
    from engram.evaluation.progress import shown

    with known_errors():
        plan, pool = _plan(options)
        changed = changes(plan.folder) if plan.resume else ""
        if changed:
            sys.stderr.write(f"engram: the run began with another engram: {changed}\n")
        try:
            with shown(plan.suite) as show:
                content = run(plan, show, pool)
        except KeyboardInterrupt:
            sys.stderr.write(f"engram: interrupted; go on with --resume --out {plan.folder.path}\n")
            return ENDED
        _print(options, plan, content)
    return DONE


def _plan(options: EvalOptions) -> tuple[Plan, Pool | None]:
    from engram.evaluation import suite as suites
    from engram.evaluation.contract import RunFolder, TraceConfig
    from engram.evaluation.harness import Plan

    if options.seed is not None and options.seeds:
        raise CommandError("--seed and --seeds exclude each other")
    seeds = options.seeds or ("" if options.seed is None else f"{options.seed}:{options.seed + 1}")
    suite = suites.load(options.suite, options.set, seeds)
    if options.workers < 1:
        raise CommandError(f"--workers must be at least 1, not {options.workers}")
    if options.limit is not None and options.limit < 1:
        raise CommandError(f"--limit must be at least 1, not {options.limit}")
    folder = RunFolder(options.out or Path("runs") / suite.name)
    shard = _shard(options.shard)
    keep = None if options.trace == "off" else TraceConfig(options.trace)
    plan = Plan(suite, folder, options.workers, options.limit, shard, options.resume, keep, options.join)
    if not options.ray:
        return plan, None
    from engram.evaluation.ray import RayPool

    return plan, RayPool(suite.protocol, folder, options.ray, suite.wall_secs, keep)


def _shard(text: str) -> tuple[int, int]:
    number, slash, of = text.partition("/")
    if slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
        return int(number), int(of)
    raise CommandError(f"--shard takes I/N with I from 1 to N, not {text!r}")


def _print(options: EvalOptions, plan: Plan, content: Mapping[str, Any]) -> None:
    from rich.console import Console

    from engram.evaluation.progress import summary

    if options.json:
        sys.stdout.write(plan.folder.table.read_text(encoding="utf-8"))
        return
    console = Console(highlight=False)
    console.print(summary(plan.suite, content))
    console.print(str(plan.folder.page), markup=False, soft_wrap=True)


@contextmanager
def known_errors() -> Iterator[None]:
    """Turn errors that the user can do something about into one line each."""
    from engram.evaluation.contract import EvaluationError
    from engram.evaluation.worker import DiskFullError
    from engram.evaluation.workers import WorkersError
    from engram.sims.seeds import SeedError

    try:
        yield
    except DiskFullError as error:
        text = f"the disk is full ({error}); what was done is kept: make room, and go on with --resume"
        raise CommandError(text, MISSING) from error
    except WorkersError as error:
        raise CommandError(str(error), MISSING) from error
    except (EvaluationError, SeedError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        if error.filename is None:
            raise
        raise CommandError(f"{error.filename}: {error.strerror}") from error
