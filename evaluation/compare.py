"""The command that tells differences from noise: ``engram compare RUN_A RUN_B``, or ``engram compare RUN``."""

from __future__ import annotations

import json as json_format
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engram.agents.cli import DONE, CommandError

if TYPE_CHECKING:
    from engram.evaluation.comparison import Comparison, Difference, Run, Side

_BASE = "base"
_SHOWN = 8  # seeds or settings named at most
_STYLES = {"better": "green", "worse": "red"}


@dataclass(frozen=True)
class CompareOptions:
    """Options of ``engram compare``."""

    run_a: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN_A")]
    """Directory of a run (--out of engram eval)."""
    run_b: Annotated[tyro.conf.Positional[Path | None], tyro.conf.arg(metavar="RUN_B")] = None
    """Directory of another run of the same suite; without it, the variants of the one run are compared."""
    variant_a: str | None = None
    """Variant to compare with; "base" when not given."""
    variant_b: str | None = None
    """Variant that is judged. Not given: all others of one run, or each variant that two runs have in common."""
    metrics: tuple[str, ...] = ()
    """Metrics to compare; all when not given. The fewer are asked about, the smaller a difference can be told."""
    json: bool = False
    """Print JSON instead of tables."""


def compare(options: CompareOptions) -> int:
    """Say which differences between two runs are distinguishable from noise.

    Episodes are paired by seed. Rates are tested by McNemar's exact test, shares and means by swapping within pairs;
    Holm's correction holds over all that is printed.
    """
    from engram.evaluation.comparison import compare as compared
    from engram.evaluation.comparison import read_run
    from engram.evaluation.contract import EvaluationError

    try:
        a = read_run(options.run_a)
        b = a if options.run_b is None else read_run(options.run_b)
        found = compared(sides(a, b, options.variant_a, options.variant_b), options.metrics)
    except EvaluationError as error:
        raise CommandError(str(error)) from error
    if options.json:
        sys.stdout.write(json_format.dumps(document(found), indent=1, sort_keys=True) + "\n")
    else:
        show(found)
    return DONE


def sides(a: Run, b: Run, variant_a: str | None = None, variant_b: str | None = None) -> list[tuple[Side, Side]]:
    """Choose what to compare with what.

    Raises:
        CompareError: a variant is not there, or nothing is left to compare.

    """
    from engram.evaluation.comparison import CompareError, Side

    if variant_a or variant_b:
        first = _variant(a, variant_a or _BASE)
        chosen = [(first, _variant(b, variant_b or _BASE))] if variant_b or a is not b else _others(a, first)
    elif a is b:
        chosen = _others(a, _variant(a, _BASE))
    else:
        chosen = [(name, name) for name in a.variants if name in b.variants]
        if not chosen and len(a.variants) == len(b.variants) == 1:
            chosen = list(zip(a.variants, b.variants, strict=True))
        if not chosen:
            raise CompareError(
                f"the runs have no variant in common; choose by --variant-a ({', '.join(a.variants)}) "
                f"and --variant-b ({', '.join(b.variants)})"
            )
    if a is b and any(x == y for x, y in chosen):
        raise CompareError(f"{chosen[0][0]!r} would be compared with itself; name another --variant-b")
    return [(Side(a, x), Side(b, y)) for x, y in chosen]


def document(found: Sequence[Comparison]) -> dict[str, Any]:
    """Content of ``--json``."""
    from engram.evaluation.aggregate import CONFIDENCE
    from engram.evaluation.comparison import LEVEL

    return {
        "confidence": CONFIDENCE,
        "level": LEVEL,
        "comparisons": [
            {
                "a": _side(c, c.a),
                "b": _side(c, c.b),
                "pairs": len(c.seeds),
                "settings": {name: list(values) for name, values in c.settings.items()},
                "differences": [_row(d) for d in c.differences],
            }
            for c in found
        ],
    }


def show(found: Sequence[Comparison]) -> None:
    """Print a table for each comparison, and how to read them."""
    from engram.evaluation.comparison import pairs_needed

    width = None if os.isatty(1) else max(140, shutil.get_terminal_size().columns)
    console = Console(width=width, highlight=False)
    for c in found:
        console.print(escape("\n".join(_heading(c))))
        console.print(_table(c))
        console.print()
    tests = sum(d.p is not None for c in found for d in c.differences)
    needed, most = pairs_needed(tests), max(len(c.seeds) for c in found)
    console.print(
        f"Difference: B - A with a 95 % interval of its own. The verdict is on B, at 5 % after Holm's correction over "
        f"{tests} tests. A crash counts as a failure in rates; its pair is left out of shares and means."
    )
    if tests and most < needed:
        console.print(
            f"{most} pairs are too few to tell anything apart in {tests} tests: at least {needed} must differ. "
            "Intervals of so few are too narrow, too. Run more seeds, or ask for fewer --metrics."
        )


def _variant(run: Run, name: str) -> str:
    from engram.evaluation.comparison import CompareError

    if name not in run.variants:
        raise CompareError(f"the run in {run.path} has no variant {name!r}; it has {', '.join(run.variants)}")
    return name


def _others(run: Run, first: str) -> list[tuple[str, str]]:
    from engram.evaluation.comparison import CompareError

    others = [(first, name) for name in run.variants if name != first]
    if not others:
        raise CompareError(f"the run in {run.path} has one variant only; name a second run to compare it with")
    return others


def _side(c: Comparison, side: Side) -> dict[str, Any]:
    return {
        "run": str(side.run.path),
        "variant": side.variant,
        "episodes": len(side.records),
        "crashed": c.crashed(side),
        "unpaired_seeds": list(c.unpaired(side)),
    }


def _row(d: Difference) -> dict[str, Any]:
    return {
        "metric": d.metric.name,
        "kind": d.metric.kind,
        "better": d.metric.better,
        "unit": d.metric.unit,
        "pairs": d.pairs,
        "a": d.a,
        "b": d.b,
        "difference": d.difference,
        "low": d.low,
        "high": d.high,
        "p": d.p,
        "p_adjusted": d.p_adjusted,
        "verdict": d.verdict,
    }


def _heading(c: Comparison) -> list[str]:
    lines = [f"{name}: {side.variant} of {side.run.path}" for name, side in (("A", c.a), ("B", c.b))]
    paired = f"{len(c.seeds)} episodes pair by seed"
    for name, side in (("A", c.a), ("B", c.b)):
        alone, crashed = c.unpaired(side), c.crashed(side)
        paired += f"; only in {name}: {_listed(list(map(str, alone)))}" if alone else ""
        paired += f"; {crashed} crashed in {name}" if crashed else ""
    lines.append(paired)
    if c.settings:
        differ = [f"{name} {_word(a)} / {_word(b)}" for name, (a, b) in c.settings.items()]
        lines.append(f"differ in: {_listed(differ)}")
    return lines


def _listed(items: Sequence[str]) -> str:
    more = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _word(value: Any) -> str:
    return value if isinstance(value, str) and value else json_format.dumps(value)


def _table(c: Comparison) -> Table:
    table = Table("metric", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("A", "B", "difference", "95 % interval", "p", "p (Holm)", "pairs"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for d in c.differences:
        percent = d.metric.kind != "mean"
        table.add_row(
            f"{d.metric.name}{' %' if percent else f' {d.metric.unit}'.rstrip()}",
            _number(d.a, percent),
            _number(d.b, percent),
            _number(d.difference, percent, "+"),
            "" if d.low is None else f"{_number(d.low, percent, '+')} to {_number(d.high, percent, '+')}",
            _chance(d.p),
            _chance(d.p_adjusted),
            str(d.pairs),
            _verdict(d),
        )
    return table


def _number(value: float | None, percent: bool, sign: str = "") -> str:
    if value is None:
        return "-"
    value = (100 * value if percent else value) + 0.0
    return f"{value:{sign}.1f}" if percent or abs(value) >= 10 else f"{value:{sign}.2f}"


def _chance(p: float | None) -> str:
    if p is None:
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _verdict(d: Difference) -> str:
    if d.verdict in _STYLES:
        return f"[{_STYLES[d.verdict]}]distinguishable from noise: {d.verdict}[/]"
    return {"same": "the same in every pair"}.get(d.verdict, d.verdict)
