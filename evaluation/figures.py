"""Drawings of a report as inline SVG; colours are CSS variables of the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engram.agents.events import Event
from engram.evaluation.runner import StepRecord

_LANES = ("found", "picked", "placed", "failed")


@dataclass(frozen=True)
class Mark:
    """A numbered point of the map: pixels of the map picture."""

    kind: str  # picked, placed or failed
    number: int
    at: tuple[float, float]
    title: str


def data_uri(image: NDArray[np.uint8], kind: str = "PNG") -> str:
    """Image (H, W, 3) as a ``data:`` address; ``kind`` is PNG or JPEG."""
    out = io.BytesIO()
    picture = Image.fromarray(image)
    if kind == "PNG":
        picture.quantize(64, dither=Image.Dither.NONE).save(out, kind, optimize=True)
    else:
        picture.save(out, kind, quality=88)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


def map_figure(picture: NDArray[np.uint8], marks: Sequence[Mark], pairs: Sequence[tuple[Mark, Mark]]) -> str:
    """Return the map with numbered marks, and a line from where each thing was to where it went."""
    height, width = picture.shape[:2]
    r = max(width, height) / 75
    parts = [
        f'<svg class="map" viewBox="0 0 {width} {height}" role="img" aria-label="Map from above">',
        f'<image href="{data_uri(picture)}" width="{width}" height="{height}"/>',
    ]
    for a, b in pairs:
        (x0, y0), (x1, y1) = a.at, b.at
        bend = (x0 + x1) / 2 + (y1 - y0) * 0.15, (y0 + y1) / 2 - (x1 - x0) * 0.15
        curve = f"M{x0:.1f} {y0:.1f}Q{bend[0]:.1f} {bend[1]:.1f} {x1:.1f} {y1:.1f}"
        parts.append(f'<path class="carry" d="{curve}" stroke-width="{r / 4:.1f}" stroke-dasharray="{r / 1.5:.1f}"/>')
    for mark in marks:
        x, y = mark.at
        parts.append(
            f'<g class="mark {mark.kind}"><title>{escape(mark.title)}</title>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" stroke-width="{r / 5:.1f}"/>'
            f'<text x="{x:.1f}" y="{y + r * 0.4:.1f}" font-size="{r * 1.15:.1f}">{mark.number}</text></g>'
        )
    return "".join([*parts, "</svg>"])


def timeline_figure(steps: Sequence[StepRecord], journal: Sequence[Event]) -> str:
    """Return the phases as a band and the events as dots along the steps."""
    total = max(1, len(steps))
    left, right, band, lane = 64.0, 12.0, 22.0, 24.0
    wide = 1000.0 - left - right
    high = band + lane * len(_LANES) + 40

    def x(step: float) -> float:
        return left + wide * step / total

    parts = [f'<svg class="timeline" viewBox="0 0 1000 {high:.0f}" role="img" aria-label="Timeline">']
    for phase, run in groupby(enumerate(steps), key=lambda s: s[1].phase):
        members = [k for k, _ in run]
        begin, end = x(members[0]), x(members[-1] + 1)
        name = f"<title>{escape(phase)}: steps {members[0]} to {members[-1]}</title>"
        parts.append(
            f'<g>{name}<rect class="phase {escape(phase)}" x="{begin:.1f}" y="4" '
            f'width="{max(0.8, end - begin):.1f}" height="{band:.0f}"/></g>'
        )
        if end - begin > 7.5 * len(phase):
            parts.append(f'<text class="in" x="{(begin + end) / 2:.1f}" y="{band - 3:.0f}">{escape(phase)}</text>')
    for k, kind in enumerate(_LANES):
        y = band + 8 + lane * (k + 0.5)
        parts.append(f'<line class="rule" x1="{left}" x2="{1000 - right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="lane" x="{left - 10}" y="{y + 4:.1f}">{kind}</text>')
        for event in journal:
            if event.kind == kind:
                said = f"step {event.step}: {event.label} {event.reason}".strip()
                parts.append(
                    f'<circle class="dot {kind}" cx="{x(event.step + 0.5):.1f}" cy="{y:.1f}" r="5.5">'
                    f"<title>{escape(said)}</title></circle>"
                )
    y = high - 10
    for step in range(0, total + 1, _tick(total)):
        parts.append(f'<text class="tick" x="{x(step):.1f}" y="{y:.1f}">{step}</text>')
    return "".join([*parts, "</svg>"])


def _tick(total: int) -> int:
    """Return a round distance between ticks that gives at most twelve."""
    return next((t for t in (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 2000, 5000) if total / t <= 12), total)
