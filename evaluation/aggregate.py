"""The table of a run: what the records of its episodes come to.

A crashed episode counts as a failure in rates. Its shares and means are not known, so it is left out of those; ``n`` of
each figure says how many episodes stand behind it. The bytes depend on the records alone, not on their order.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engram.evaluation.contract import SCHEMA_VERSION, EvaluationError, Metric, Record
from engram.evaluation.statistics import Interval, mean_interval, share_interval, wilson

CRASHED = "crashed"
CONFIDENCE = 0.95
_DIGITS = 6

Table = dict[str, Any]


def table(records: Iterable[Record], metrics: Sequence[Metric]) -> Table:
    """Aggregate figures by variant.

    Keys: ``schema_version``, ``protocol``, ``confidence``, ``metrics`` (name -> its definition), ``variants`` (name ->
    ``episodes``, ``ended`` (count by how), ``failures`` (count by reason), ``crashed`` (ids), ``metrics`` (name ->
    ``value``, ``low``, ``high``, ``n``, and ``count`` and ``total`` of rates and shares)).

    Raises:
        EvaluationError: the records are of several protocols, or lack a figure that a metric needs.

    """
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.seed, r.id)):
        groups[record.variant].append(record)
    protocols = sorted({r.protocol for group in groups.values() for r in group})
    if len(protocols) > 1:
        raise EvaluationError(f"records of several protocols: {', '.join(protocols)}; make a table of each")
    return {
        "schema_version": SCHEMA_VERSION,
        "protocol": protocols[0] if protocols else "",
        "confidence": CONFIDENCE,
        "metrics": {metric.name: asdict(metric) for metric in metrics},
        "variants": {variant: _variant(group, metrics) for variant, group in groups.items()},
    }


def read_records(path: Path) -> list[Record]:
    """Read ``episodes.jsonl``.

    Raises:
        EvaluationError: there is no such file, or a line of it is no record.

    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from error
    return [_parsed(line, f"{path}:{number}") for number, line in enumerate(lines, 1)]


def counted(record: Record, metric: Metric) -> tuple[float, float] | None:
    """What an episode adds above and below the line of a metric; ``None`` when it has nothing to say about it.

    The total of a rate and of a mean is 1. In a rate a crash counts as the worse of 0 and 1.

    Raises:
        EvaluationError: the record lacks the figure, or a rate's is neither 0 nor 1.

    """
    if record.ended == CRASHED:
        return (0.0 if metric.better == "higher" else 1.0, 1.0) if metric.kind == "rate" else None
    value = _figure(record, metric, metric.value)
    total = _figure(record, metric, metric.total) if metric.kind == "share" else 1.0
    if value is None or total is None:
        return None
    if metric.kind == "rate" and value not in (0.0, 1.0):
        raise EvaluationError(f"{record.id}: {metric.value} must be 0 or 1 for the rate {metric.name!r}, not {value}")
    if metric.kind == "share" and not 0.0 <= value <= total:
        raise EvaluationError(f"{record.id}: {metric.value} must lie between 0 and {metric.total}, not be {value}")
    return value, total


def rounded(value: float) -> float:
    """Return six significant digits: more would say what no interval can."""
    return float(f"{value:.{_DIGITS}g}")


def _parsed(line: str, place: str) -> Record:
    try:
        content = json.loads(line)
        return Record(**content)
    except (TypeError, ValueError) as error:
        raise EvaluationError(f"{place}: is no record ({error}); resume the run, or take the line out") from error


def _variant(records: Sequence[Record], metrics: Sequence[Metric]) -> dict[str, Any]:
    failures: Counter[str] = Counter()
    for record in records:
        failures.update(record.failures)
    return {
        "episodes": len(records),
        "ended": dict(Counter(r.ended for r in records)),
        "failures": dict(failures),
        "crashed": [r.id for r in records if r.ended == CRASHED],
        "metrics": {metric.name: _column(records, metric) for metric in metrics},
    }


def _column(records: Sequence[Record], metric: Metric) -> dict[str, Any]:
    pairs = [pair for pair in (counted(r, metric) for r in records) if pair is not None]
    count, total = sum(value for value, _ in pairs), sum(total for _, total in pairs)
    low, high = _interval(pairs, metric) or (None, None)
    column: dict[str, Any] = {
        "value": rounded(count / total) if total else None,
        "low": None if low is None else rounded(low),
        "high": None if high is None else rounded(high),
        "n": len(pairs),
    }
    return column if metric.kind == "mean" else {**column, "count": rounded(count), "total": rounded(total)}


def _interval(pairs: Sequence[tuple[float, float]], metric: Metric) -> Interval | None:
    values, totals = [value for value, _ in pairs], [total for _, total in pairs]
    if metric.kind == "rate":
        return wilson(int(sum(values)), len(pairs), CONFIDENCE)
    if metric.kind == "share":
        return share_interval(values, totals, CONFIDENCE)
    return mean_interval(values, CONFIDENCE)


def _figure(record: Record, metric: Metric, name: str) -> float | None:
    if name not in record.values:
        raise EvaluationError(f"{record.id}: no figure {name!r}, which the metric {metric.name!r} needs")
    value = record.values[name]
    return None if value is None else float(value)
