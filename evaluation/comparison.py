"""What distinguishes two configurations that ran the same episodes: pairs, differences, and whether they are noise."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engram.evaluation.aggregate import CONFIDENCE, CRASHED, counted, read_records, rounded
from engram.evaluation.contract import EvaluationError, Metric, Record, RunFolder
from engram.evaluation.options import flat, merged
from engram.evaluation.statistics import Interval, holm, mcnemar, rate_difference, ratio, ratio_difference, swap_test

LEVEL = 0.05
Verdict = Literal["better", "worse", "not distinguishable", "same", "nothing to compare"]
Pair = tuple[tuple[float, float], tuple[float, float]]  # (count, total) of a and of b


class CompareError(EvaluationError):
    """Raised for runs that cannot be compared; the message says why."""


@dataclass(frozen=True)
class Run:
    """A complete run, read from its files."""

    path: Path
    suite: str
    protocol: str
    metrics: Mapping[str, Metric]
    variants: Mapping[str, Mapping[int, Record]]  # name -> seed -> record
    settings: Mapping[str, Mapping[str, Any]]  # name -> options by dotted name


@dataclass(frozen=True)
class Side:
    """One variant of a run."""

    run: Run
    variant: str

    @property
    def records(self) -> Mapping[int, Record]:
        """Its episodes by seed."""
        return self.run.variants[self.variant]


@dataclass(frozen=True)
class Difference:
    """One metric of two sides over the pairs in which both have it."""

    metric: Metric
    pairs: int
    a: float | None
    b: float | None
    difference: float | None  # b - a
    low: float | None  # 95 % interval of the difference, by itself
    high: float | None
    p: float | None  # McNemar for rates, swaps within pairs for the rest
    p_adjusted: float | None = None  # Holm, over all metrics that are compared at once
    verdict: Verdict = "nothing to compare"  # on b


@dataclass(frozen=True)
class Comparison:
    """Two sides and what distinguishes them."""

    a: Side
    b: Side
    seeds: tuple[int, ...]  # of which both have an episode
    differences: tuple[Difference, ...]

    @property
    def settings(self) -> dict[str, tuple[Any, Any]]:
        """Options that differ: name -> (in a, in b)."""
        a, b = self.a.run.settings.get(self.a.variant, {}), self.b.run.settings.get(self.b.variant, {})
        return {name: (a.get(name), b.get(name)) for name in sorted({*a, *b}) if a.get(name) != b.get(name)}

    def unpaired(self, side: Side) -> tuple[int, ...]:
        """Seeds of which only this side has an episode."""
        return tuple(sorted(set(side.records) - set(self.seeds)))

    def crashed(self, side: Side) -> int:
        """How many of the side's paired episodes crashed."""
        return sum(side.records[seed].ended == CRASHED for seed in self.seeds)


def read_run(path: Path) -> Run:
    """Read a complete run.

    Raises:
        CompareError: it holds no run, or one that was not finished.
        EvaluationError: its records cannot be read.

    """
    folder = RunFolder(path)
    if not folder.suite.is_file():
        raise CompareError(f"{path} holds no run: there is no {folder.suite.name} in it")
    if not folder.table.is_file():
        raise CompareError(f"the run in {path} is not complete; finish it: engram eval SUITE --out {path} --resume")
    suite, table = _object(folder.suite), _object(folder.table)
    variants: dict[str, dict[int, Record]] = {}
    for record in read_records(folder.episodes):
        variants.setdefault(record.variant, {})[record.seed] = record
    try:
        counts = {name: variant["episodes"] for name, variant in table["variants"].items()}
        metrics = {name: Metric(**table["metrics"][name]) for name in suite["metrics"]}
        run = Run(path, suite["name"], suite["protocol"], metrics, variants, _settings(suite))
    except (KeyError, TypeError, AttributeError) as error:
        raise CompareError(f"the files in {path} are not those of a run of this version ({error})") from error
    if counts != {name: len(records) for name, records in variants.items()}:
        raise CompareError(f"the run in {path} has gone on since its table was made; finish it with --resume")
    return run


def compare(sides: Sequence[tuple[Side, Side]], names: Sequence[str] = ()) -> list[Comparison]:
    """Compare pairs of sides, each episode of one with that of the same seed of the other.

    All metrics of all pairs are one family: Holm's correction keeps the chance of any false alarm below 5 %.

    Args:
        sides: what to compare with what.
        names: metrics; all that both have when empty.

    Raises:
        CompareError: the sides are of different protocols or suites, share no seed, or a metric is not known.

    """
    found = [_compared(a, b, names) for a, b in sides]
    tested = [d.p for c in found for d in c.differences if d.p is not None]
    adjusted = iter(holm(tested))
    return [
        replace(c, differences=tuple(d if d.p is None else _judged(d, next(adjusted)) for d in c.differences))
        for c in found
    ]


def pairs_needed(tests: int) -> int:
    """How many pairs must differ before any of so many tests can say anything: ``m 2^(1 - n) <= 0.05``."""
    return math.ceil(math.log2(2 * tests / LEVEL)) if tests else 0


def _compared(a: Side, b: Side, names: Sequence[str]) -> Comparison:
    for what, in_a, in_b in (("protocols", a.run.protocol, b.run.protocol), ("suites", a.run.suite, b.run.suite)):
        if in_a != in_b:
            raise CompareError(f"the runs are of different {what}: {in_a!r} in {a.run.path}, {in_b!r} in {b.run.path}")
    seeds = tuple(sorted(set(a.records) & set(b.records)))
    if not seeds:
        raise CompareError(f"{a.variant!r} of {a.run.path} and {b.variant!r} of {b.run.path} have no seed in common")
    metrics = {name: m for name, m in a.run.metrics.items() if b.run.metrics.get(name) == m}
    unknown = [name for name in names if name not in metrics]
    if unknown:
        raise CompareError(f"the runs share no metric {unknown[0]!r}; they have {', '.join(metrics)}")
    differences = (_difference(metrics[name], a, b, seeds) for name in names or metrics)
    return Comparison(a, b, seeds, tuple(differences))


def _difference(metric: Metric, a: Side, b: Side, seeds: Sequence[int]) -> Difference:
    both = ((counted(a.records[seed], metric), counted(b.records[seed], metric)) for seed in seeds)
    pairs: list[Pair] = [(x, y) for x, y in both if x is not None and y is not None]
    rows_a, rows_b = (np.reshape([pair[k] for pair in pairs], (-1, 2)) for k in (0, 1))
    if not rows_a[:, 1].sum() or not rows_b[:, 1].sum():
        return Difference(metric, len(pairs), None, None, None, None, None, None)
    value_a, value_b = float(ratio(rows_a.mean(axis=0))), float(ratio(rows_b.mean(axis=0)))
    if metric.kind == "rate":
        (low, high), p = _rates(pairs)
    else:
        (low, high), p = ratio_difference(rows_a, rows_b, CONFIDENCE), swap_test(rows_a, rows_b)
    verdict: Verdict = "same" if np.array_equal(rows_a, rows_b) else "not distinguishable"
    a_, b_, change, low, high, p = map(rounded, (value_a, value_b, value_b - value_a, low, high, p))
    return Difference(metric, len(pairs), a_, b_, change, low, high, p, verdict=verdict)


def _rates(pairs: Sequence[Pair]) -> tuple[Interval, float]:
    cells = [(bool(x[0]), bool(y[0])) for x, y in pairs]
    only_a, only_b = cells.count((True, False)), cells.count((False, True))
    interval = rate_difference(cells.count((True, True)), only_a, only_b, cells.count((False, False)), CONFIDENCE)
    return interval, mcnemar(only_a, only_b)


def _judged(difference: Difference, p_adjusted: float) -> Difference:
    verdict = difference.verdict
    if p_adjusted <= LEVEL and difference.difference:
        higher = difference.difference > 0
        verdict = "better" if higher == (difference.metric.better == "higher") else "worse"
    return replace(difference, p_adjusted=rounded(p_adjusted), verdict=verdict)


def _settings(suite: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Options of each variant by dotted name, with the revision of the source that ran it, cut short."""
    full = suite.get("began", {}).get("revision", "")
    revision = full.rstrip("+")[:10] + "+" * full.endswith("+")
    return {
        name: {**flat(merged(suite["options"], changes)), "(revision)": revision}
        for name, changes in suite["variants"].items()
    }


def _object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CompareError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if not isinstance(content, dict):
        raise CompareError(f"cannot read {path}: it is no object")
    return content
