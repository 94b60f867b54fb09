"""Puts the page of a run together; the templates beside it lay it out, and escape all that they are given."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from engram.evaluation import suite as suites
from engram.evaluation.comparison import Difference, pairs_needed
from engram.evaluation.contract import Metric
from engram.evaluation.options import flat
from engram.evaluation.reasons import explain
from engram.evaluation.run_report import figures, words
from engram.evaluation.run_report.curves import by_task, cumulative, is_lifelong
from engram.evaluation.run_report.data import Kept, crashed
from engram.evaluation.run_report.episodes import sheets
from engram.evaluation.run_report.latency import Stage, latency
from engram.evaluation.run_report.scenes import Watched

_FIRST = 5  # metrics in sight; the rest unfolds
_CARDS = 9  # failures in sight
_COLUMNS = 4  # metrics in the table of episodes


@dataclass(frozen=True)
class Cell:
    """One metric of one variant."""

    variant: str
    colour: int
    value: str
    count: str  # "3 of 4"
    interval: str
    n: int
    drawing: Markup
    difference: Difference | None  # to the first variant


@dataclass(frozen=True)
class Group:
    """One metric of all variants."""

    metric: Metric
    low: str  # ends of the drawings
    high: str
    cells: Sequence[Cell]


def page(kept: Kept, watched: Watched) -> str:
    """Return the whole HTML file."""
    stages = latency(kept)
    lifelong, shown = is_lifelong(kept.records), sheets(kept, watched)
    template = _environment().get_template("run_report/report.html")
    return template.render(
        kept=kept,
        watched=watched,
        warnings=_warnings(kept),
        pictured=_pictured(kept, watched),
        bands=len(kept.variants) <= figures.BANDS,
        anchors={s.record.id: s.anchor for s in shown},
        colour={name: k % figures.COLOURS for k, name in enumerate(kept.variants)},
        tiles=_tiles(kept),
        groups=_groups(kept),
        first=_FIRST,
        cards=_CARDS,
        lifelong=lifelong,
        curves=_curves(kept, lifelong),
        tests=sum(d.p is not None for c in kept.comparisons for d in c.differences),
        needed=pairs_needed(sum(d.p is not None for c in kept.comparisons for d in c.differences)),
        most_pairs=max((len(c.seeds) for c in kept.comparisons), default=0),
        failures=_failures(kept),
        stages=list(stages.items()),
        timed=_timed(kept, stages),
        columns=kept.metrics[:_COLUMNS],
        sheets=shown,
        command=command(kept),
        config=flat(kept.suite["options"]),
    )


def command(kept: Kept) -> str:
    """Return the command that runs the same episodes; a suite of the user's own is named by its file there."""
    name, seeds = kept.run.suite, sorted({r.seed for r in kept.records})
    words_ = ["engram", "eval", name if name in suites.shipped() else f"{name}.yaml"]
    if name in suites.shipped():
        usual = suites.load(name)
        normal, now = flat(usual.document()["options"]), flat(kept.suite["options"])
        changes = [f"{k}={now[k]}" for k in sorted(now) if now[k] != normal.get(k)]
        words_ += ["--set", *changes] if changes else []
    wanted = list(kept.suite["seeds"])
    if seeds and seeds != sorted(wanted):
        prefix = sorted(wanted[: len(seeds)]) == seeds
        words_ += ["--limit", str(len(seeds))] if prefix else ["--seeds", f"{seeds[0]}:{seeds[-1] + 1}"]
    return " ".join([*words_, "--out", "DIR"])


@functools.cache
def _environment() -> Environment:
    env = Environment(
        loader=PackageLoader("engram.evaluation", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    env.globals.update(words=words, explain=explain, crashed=crashed)
    env.filters["capfirst"] = lambda text: text[:1].upper() + text[1:]
    return env


def _warnings(kept: Kept) -> list[str]:
    """Say what is not as it should be."""
    bad, planned = sum(map(crashed, kept.records)), len(kept.suite["seeds"]) * len(kept.suite["variants"])
    said = []
    if bad:
        said.append(f"{bad} of {len(kept.records)} episodes crashed.")
    if len(kept.records) < planned:
        said.append(f"{len(kept.records)} of the {planned} episodes of the suite were run.")
    return said


def _pictured(kept: Kept, watched: Watched) -> str:
    """Say of which episodes there are pictures; empty when it is all."""
    if not watched.traced and kept.records:
        return "No traces were kept: there are no pictures of what went wrong."
    if len(watched.scenes) < watched.traced:
        return f"Pictures and journals are those of {len(watched.scenes)} of {watched.traced} traces."
    return ""


def _tiles(kept: Kept) -> list[tuple[str, str, str, str]]:
    """Return value, words, interval and kind of what stands at the top."""
    if not kept.records:
        return []
    bad = sum(map(crashed, kept.records))
    tiles = [(str(len(kept.records)), "episodes", "", "")]
    if bad:
        tiles.append((str(bad), "crashed", "", "bad"))
    for metric in kept.metrics[:_FIRST]:
        row = kept.table["variants"][kept.variants[0]]["metrics"][metric.name]
        said = words.figure(metric, row["value"])
        tiles.append((said, words.title(metric.name), words.span(metric, row["low"], row["high"]), ""))
    times = [t.secs["total"] for r in kept.records if (t := kept.timings.get(r.id)) and "total" in t.secs]
    if times:
        tiles.append((words.secs(fmean(times)), "an episode, on the clock", "", ""))
    return tiles


def _groups(kept: Kept) -> list[Group]:
    differences = {(c.b.variant, d.metric.name): d for c in kept.comparisons for d in c.differences}
    return [_group(kept, metric, differences) for metric in kept.metrics]


def _group(kept: Kept, metric: Metric, differences: Mapping[tuple[str, str], Difference]) -> Group:
    rows = {name: kept.table["variants"][name]["metrics"][metric.name] for name in kept.variants}
    scale = figures.scale_of(metric, [row[k] for row in rows.values() for k in ("value", "low", "high")])
    cells = []
    for k, (name, row) in enumerate(rows.items()):
        base = rows[kept.variants[0]]["value"] if k else None
        drawing = figures.interval(scale, k, (row["value"], row["low"], row["high"]), base)
        count = f"{row['count']:g} of {row['total']:g}" if "total" in row else ""
        value, ends = words.figure(metric, row["value"]), words.span(metric, row["low"], row["high"])
        cells.append(Cell(name, k, value, count, ends, row["n"], drawing, differences.get((name, metric.name))))
    return Group(metric, words.short(metric, scale.low), words.short(metric, scale.high), cells)


def _curves(kept: Kept, lifelong: bool) -> list[tuple[Metric, Markup]]:
    groups = [(name, kept.of(name)) for name in kept.variants]
    last = float(max((len(records) for _, records in groups), default=0))
    if lifelong:
        last = float(max(r.values["task"] or 0 for r in kept.records if not crashed(r)))
    draw = by_task if lifelong else cumulative
    return [
        (metric, figures.curves(metric, [(name, draw(records, metric)) for name, records in groups], last))
        for metric in kept.metrics
    ]


def _failures(kept: Kept) -> list[tuple[str, list[tuple[str, int, float]]]]:
    """Return reasons, the most frequent first; for each, count and length of the bar of each variant."""
    table = kept.table["variants"]
    counts = {name: table[name]["failures"] for name in kept.variants}
    share = {(name, r): n / table[name]["episodes"] for name in counts for r, n in counts[name].items()}
    longest = max(share.values(), default=1.0) or 1.0
    reasons = sorted({r for _, r in share}, key=lambda r: (-sum(c.get(r, 0) for c in counts.values()), r))
    return [
        (r, [(name, counts[name].get(r, 0), share.get((name, r), 0.0) / longest) for name in kept.variants])
        for r in reasons
        if any(c.get(r) for c in counts.values())
    ]


def _timed(kept: Kept, stages: Mapping[str, Mapping[str, Stage]]) -> list[tuple[str, list[tuple[str, Stage, Markup]]]]:
    """Return the stages of which steps were timed, and a drawing of each variant that has some."""
    times = {name: [(v, s) for v, s in rows.items() if s.p50_ms is not None] for name, rows in stages.items()}
    known = [s for rows in times.values() for _, s in rows]
    low, high = min((s.p50_ms or 1.0 for s in known), default=1.0), max((s.p99_ms or 1.0 for s in known), default=1.0)
    scale = figures.Scale(low / 1.5, high * 1.2, log=True)
    colour = {name: k for k, name in enumerate(kept.variants)}

    def draw(variant: str, s: Stage) -> Markup:
        return figures.quantiles(scale, colour[variant], s.p50_ms or 0.0, s.p95_ms or 0.0, s.p99_ms or 0.0)

    return [(name, [(v, s, draw(v, s)) for v, s in rows]) for name, rows in times.items() if rows]
