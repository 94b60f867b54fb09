"""Numbers of metrics as people read them."""

from __future__ import annotations

from engram.evaluation.aggregate import CRASHED, counted
from engram.evaluation.contract import Metric, Record

NONE = "–"


def figure(metric: Metric, value: float | None, sign: str = "") -> str:
    """Return a value of a metric with its unit; rates and shares in percent."""
    if value is None:
        return NONE
    percent = metric.kind != "mean"
    shown = (100 * value if percent else value) + 0.0
    digits = 1 if percent or abs(shown) >= 10 else 2
    unit = "%" if percent else metric.unit
    return f"{shown:{sign}.{digits}f}{f' {unit}' if unit else ''}"


def change(metric: Metric, value: float | None) -> str:
    """Return a difference between two values of a metric; of percentages in points."""
    said = figure(metric, value, "+").replace("-", "−")
    return said.replace("%", "points") if "%" in said else said


def short(metric: Metric, value: float) -> str:
    """Return a value as it stands beside an axis."""
    return f"{100 * value:.3g} %" if metric.kind != "mean" else f"{value:.3g}"


def span(metric: Metric, low: float | None, high: float | None, sign: str = "") -> str:
    """Return an interval; empty where there is none."""
    if low is None or high is None:
        return ""
    unit = "%" if metric.kind != "mean" else metric.unit
    first = figure(metric, low, sign).removesuffix(f" {unit}" if unit else "")
    return f"{first} to {figure(metric, high, sign)}"


def title(name: str) -> str:
    """Return a name as words."""
    return name.replace("_", " ")


def of_episode(metric: Metric, record: Record) -> tuple[str, float | None]:
    """Return what an episode adds to a metric, as words and as a number to sort by."""
    pair = None if record.ended == CRASHED else counted(record, metric)
    if pair is None:
        return NONE, None
    value, total = pair
    if metric.kind == "rate":
        return "yes" if value else "no", value
    if metric.kind == "share":
        return f"{value:g}/{total:g}", value / total if total else None
    return f"{number(value)} {metric.unit}".rstrip(), value


def number(value: float) -> str:
    """Return a number with four digits of it."""
    return f"{value:.4g}"


def secs(value: float | None) -> str:
    """Return a time in seconds, minutes or hours."""
    if value is None:
        return NONE
    if value < 100:
        return f"{value:.3g} s"
    return f"{value / 60:.0f} min" if value < 6000 else f"{value / 3600:.1f} h"


def ms(value: float | None) -> str:
    """Return a time in milliseconds."""
    return NONE if value is None else f"{value:.3g} ms" if value < 1000 else f"{value / 1000:.3g} s"
