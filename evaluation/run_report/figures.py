"""Drawings of the report of a run as inline SVG. Colours are CSS variables; variant k has the class ``vk``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from engram.evaluation.contract import Metric
from engram.evaluation.run_report import words
from engram.evaluation.run_report.curves import Curve

COLOURS = 10
_ENDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # of scales of rates that are all small
BANDS = 3  # curves of more variants are drawn without
_WIDE, _HIGH = 320.0, 168.0  # of a curve, about its size on the page
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 10.0, 8.0, 22.0


@dataclass(frozen=True)
class Scale:
    """From values to a range of the drawing."""

    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """Return where a value lies: 0 at the low end, 1 at the high one; never outside."""
        low, high, value = (math.log(max(v, 1e-9)) if self.log else v for v in (self.low, self.high, value))
        return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5


def scale_of(metric: Metric, values: Sequence[float | None]) -> Scale:
    """Return a scale that holds all values: from 0 for rates and shares, else a little wider than the values."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    if not known:
        return Scale(0.0, 1.0)
    if metric.kind != "mean":
        return Scale(0.0, next((end for end in _ENDS if end >= max(known)), 1.0))
    low, high = min(known), max(known)
    if metric.unit == "%" and low >= 0.0 and high <= 100.0:
        return Scale(0.0, 100.0)
    room = 0.08 * (high - low) or 0.5 * abs(high) or 1.0
    return Scale(max(0.0, low - room) if low >= 0.0 else low - room, high + room)


def interval(scale: Scale, colour: int, values: Sequence[float | None], base: float | None = None) -> Markup:
    """Return a point with its interval, beside that which it is compared with."""
    value, low, high = values
    parts = [Markup('<svg class="forest v{}" aria-hidden="true">').format(colour % COLOURS)]
    parts.append(Markup('<line class="axis" x1="0" x2="100%" y1="10" y2="10"/>'))
    if base is not None:
        line = Markup('<line class="base" x1="{0:.2f}%" x2="{0:.2f}%" y1="0" y2="20"/>')
        parts.append(line.format(_percent(scale, base)))
    if low is not None and high is not None:
        ends = _percent(scale, low), _percent(scale, high)
        parts.append(Markup('<line class="span" x1="{:.2f}%" x2="{:.2f}%" y1="10" y2="10"/>').format(*ends))
    if value is not None:
        parts.append(Markup('<circle cx="{:.2f}%" cy="10" r="4.5"/>').format(_percent(scale, value)))
    return Markup("").join([*parts, Markup("</svg>")])


def quantiles(scale: Scale, colour: int, p50: float, p95: float, p99: float) -> Markup:
    """Return the median with a thick line to the 95th percentile and a thin one to the 99th."""
    return Markup(
        '<svg class="forest v{}" aria-hidden="true"><line class="axis" x1="0" x2="100%" y1="10" y2="10"/>'
        '<line class="tail" x1="{:.2f}%" x2="{:.2f}%" y1="10" y2="10"/>'
        '<line class="span" x1="{:.2f}%" x2="{:.2f}%" y1="10" y2="10"/><circle cx="{:.2f}%" cy="10" r="4.5"/></svg>'
    ).format(colour % COLOURS, *(_percent(scale, v) for v in (p95, p99, p50, p95, p50)))


def curves(metric: Metric, lines: Sequence[tuple[str, Curve]], last: float) -> Markup:
    """Return the curves of some variants, from x = 1 (or 0 for tasks) to ``last``."""
    values = [v for _, c in lines for v in c.value]
    ends = [v for _, c in lines for v in (*c.low[-1:], *c.high[-1:])]
    scale = scale_of(metric, values if metric.unit == "%" else [*values, *ends])
    first = min((float(c.x[0]) for _, c in lines if len(c.x)), default=1.0)
    along = Scale(min(first, 1.0), max(last, first + 1.0))
    name = Markup('<svg class="curve" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">')
    parts = [name.format(_WIDE, _HIGH, words.title(metric.name)), _grid(metric, scale, along)]
    bands = len(lines) <= BANDS
    for k, (variant, curve) in reversed(list(enumerate(lines))):
        parts.append(_line(scale, along, k, variant, curve, bands))
    return Markup("").join([*parts, Markup("</svg>")])


def _grid(metric: Metric, scale: Scale, along: Scale) -> Markup:
    rule = Markup(
        '<line class="rule" x1="{:.0f}" x2="{:.0f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        '<text x="{:.0f}" y="{:.1f}" text-anchor="end">{}</text>'
    )
    tick = Markup('<text x="{:.1f}" y="{:.0f}" text-anchor="{}">{:.0f}</text>')
    parts = []
    for share in (0.0, 0.5, 1.0):
        said, y = words.short(metric, scale.low + share * (scale.high - scale.low)), _y(share)
        parts.append(rule.format(_LEFT, _WIDE - _RIGHT, _LEFT - 6, y + 4, said, y=y))
    parts.append(tick.format(_LEFT, _HIGH - 5, "start", along.low))
    parts.append(tick.format(_WIDE - _RIGHT, _HIGH - 5, "end", along.high))
    return Markup("").join(parts)


def _line(scale: Scale, along: Scale, k: int, variant: str, curve: Curve, band: bool) -> Markup:
    if not len(curve.x):
        return Markup("")
    x = [_LEFT + along.share(v) * (_WIDE - _LEFT - _RIGHT) for v in curve.x]
    value = [_y(scale.share(v)) for v in curve.value]
    parts = [Markup('<g class="v{}"><title>{}</title>').format(k % COLOURS, variant)]
    known = ~np.isnan(curve.low)
    if band and known.any():
        upper = [(x[i], _y(scale.share(curve.high[i]))) for i in np.flatnonzero(known)]
        lower = [(x[i], _y(scale.share(curve.low[i]))) for i in np.flatnonzero(known)]
        parts.append(Markup('<polygon class="band" points="{}"/>').format(_points([*upper, *reversed(lower)])))
    parts.append(Markup('<polyline points="{}"/>').format(_points(list(zip(x, value, strict=True)))))
    parts.append(Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.5"/></g>').format(x[-1], value[-1]))
    return Markup("").join(parts)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _y(share: float) -> float:
    return _HIGH - _BOTTOM - share * (_HIGH - _TOP - _BOTTOM)


def _percent(scale: Scale, value: float) -> float:
    return 2.0 + 96.0 * scale.share(value)
