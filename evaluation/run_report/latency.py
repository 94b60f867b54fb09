"""How long the stages of episodes took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from engram.evaluation.contract import Timing
from engram.evaluation.run_report.data import Kept

TOTAL = "total"


@dataclass(frozen=True)
class Stage:
    """One stage of the episodes of a variant; ``None`` where no steps were timed."""

    episodes: int
    episode_secs: float | None  # mean of an episode
    p50_ms: float | None  # median over episodes of each episode's percentile over its steps
    p95_ms: float | None
    p99_ms: float | None


def latency(kept: Kept) -> dict[str, dict[str, Stage]]:
    """Return the stages by name and variant, those of which steps were timed first, the total last."""
    found: dict[str, dict[str, Stage]] = {}
    for variant in kept.variants:
        timings = [kept.timings[r.id] for r in kept.of(variant) if r.id in kept.timings]
        for name in dict.fromkeys(stage for t in timings for stage in (*t.step_ms, *t.secs)):
            found.setdefault(name, {})[variant] = _stage(name, timings)
    return dict(sorted(found.items(), key=lambda s: (s[0] == TOTAL, _untimed(s[1]), s[0])))


def _stage(name: str, timings: Sequence[Timing]) -> Stage:
    secs = [t.secs[name] for t in timings if name in t.secs]
    steps = [t.step_ms[name] for t in timings if name in t.step_ms]
    p50, p95, p99 = (_median([s[p] for s in steps if p in s]) for p in ("p50", "p95", "p99"))
    return Stage(max(len(secs), len(steps)), round(fmean(secs), 3) if secs else None, p50, p95, p99)


def _median(values: Sequence[float]) -> float | None:
    return round(median(values), 3) if values else None


def _untimed(stages: Mapping[str, Stage]) -> bool:
    return all(s.p50_ms is None for s in stages.values())
