"""The tidy agent on houses it has never seen: ``python benchmarks/tidy.py`` prints a table with intervals.

Development uses validation seeds: ``python benchmarks/tidy.py --seeds 700000:700010``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

import tyro
from rich.console import Console
from rich.table import Table

from engram.evaluation.suite import SuiteRow, run_suite, table
from engram.evaluation.tidy import TidyTask
from engram.sims.machine import versions
from engram.sims.seeds import check_seed

TARGETS = {"displaced_proper": 0.85, "undisplaced_worse": 0.02}


@dataclass(frozen=True)
class TidyBenchmark:
    """Options."""

    seeds: str = "800000:800040"
    """Seeds of the houses: FIRST:END, the end excluded."""
    mess: int = 5
    """Things displaced in each house."""
    rooms: int | None = None
    """Rooms of each house; the house chooses when not given."""
    max_steps: int = 1000
    """Steps of each episode."""
    perception: Literal["oracle"] = "oracle"
    """Where detections come from."""
    processes: int = 2
    """Episodes at the same time."""
    json: bool = False
    """Print JSON instead of a table."""
    out: Path | None = None
    """Directory for episodes.jsonl and table.json."""


def main(options: TidyBenchmark) -> int:
    """Run the suite."""
    tasks = [
        TidyTask(seed, options.rooms, mess=options.mess, max_steps=options.max_steps, perception=options.perception)
        for seed in parse_seeds(options.seeds)
    ]
    console = Console(stderr=True, highlight=False)
    rows = run_suite(tasks, options.processes, lambda row: console.print(line(row)))
    figures = table(rows)
    if options.out is not None:
        write(options.out, options, rows, figures)
    if options.json:
        print(json.dumps({"table": figures, "secs": [round(r.secs, 2) for r in rows]}, indent=1, sort_keys=True))
    else:
        show(figures, rows)
    return 0


def parse_seeds(text: str) -> range:
    """Seeds of FIRST:END."""
    first, colon, end = text.partition(":")
    if not (colon and first.isdecimal() and end.isdecimal() and int(first) < int(end)):
        sys.exit(f"--seeds must be FIRST:END, such as 700000:700010, not {text!r}")
    for seed in (int(first), int(end) - 1):
        check_seed(seed)
    return range(int(first), int(end))


def line(row: SuiteRow) -> str:
    """One finished episode in words."""
    if not row.metrics:
        return f"{row.seed}  [red]crashed[/]  {row.error}"
    m = row.metrics
    return (
        f"{row.seed}  {m['displaced_proper']}/{m['displaced']} right  {m['undisplaced_worse']} worse  "
        f"{m['steps']} steps  {row.secs:.0f} s  {row.ended}  {row.failures or ''}"
    )


def show(figures: dict[str, Any], rows: list[SuiteRow]) -> None:
    """Print the table."""
    view = Table("figure", "value", "95 % interval", "target", box=None, pad_edge=False)
    better, worse = figures["displaced_proper"], figures["undisplaced_worse"]
    view.add_row("displaced on a proper receptacle", *shown(better), f">= {TARGETS['displaced_proper']:.0%}")
    view.add_row("undisplaced made worse", *shown(worse), f"<= {TARGETS['undisplaced_worse']:.0%}")
    view.add_row("placed, by its own word, and wrong", *shown(figures["false_success"]), "")
    view.add_row("crashes", str(figures["crashes"]), "", "0")
    view.add_row("out of steps", str(figures["out_of_steps"]), "", "")
    if figures["steps_mean"] is not None:
        view.add_row("steps", f"mean {figures['steps_mean']:.0f}, median {figures['steps_median']:.0f}", "", "")
        secs = [r.secs for r in rows if r.metrics]
        view.add_row("seconds an episode", f"mean {fmean(secs):.1f}, most {max(secs):.1f}", "", "< 90")
    if figures["energy_displaced"] is not None:
        view.add_row("mess left (energy, displaced)", f"{figures['energy_displaced']:.1%}", "", "")
    console = Console(highlight=False)
    console.print(f"{figures['houses']} houses")
    console.print(view)
    console.print("failures by reason:", figures["failures"] or "none")


def shown(share: dict[str, Any]) -> tuple[str, str]:
    """Share and interval as text."""
    if share["share"] is None:
        return "none", ""
    return f"{share['share']:.1%} ({share['count']}/{share['total']})", f"{share['low']:.1%} to {share['high']:.1%}"


def write(out: Path, options: TidyBenchmark, rows: list[SuiteRow], figures: dict[str, Any]) -> None:
    """Write the results; equal runs give equal bytes."""
    out.mkdir(parents=True, exist_ok=True)
    config = {k: v for k, v in asdict(options).items() if k not in ("json", "out", "processes")}
    lines = [json.dumps(row.result(), sort_keys=True) for row in rows]
    (out / "episodes.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    content = {"schema_version": 1, "config": config, "versions": versions(), "table": figures}
    (out / "table.json").write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(tyro.cli(TidyBenchmark, description=__doc__)))
