"""Writes the report of a run into its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engram.evaluation.compare import document as compared
from engram.evaluation.contract import RunFolder
from engram.evaluation.ledger import pretty, replace
from engram.evaluation.run_report.data import Kept, load
from engram.evaluation.run_report.latency import latency
from engram.evaluation.run_report.page import page
from engram.evaluation.run_report.scenes import watch

SCHEMA_VERSION = 1


def write(folder: RunFolder) -> None:
    """Write ``report.json`` and ``report.html`` of a run that has its table.

    Raises:
        EvaluationError: its records, timings or table cannot be read or do not agree.

    """
    kept = load(folder)
    replace(folder.report, pretty(document(kept)))
    replace(folder.page, page(kept, watch(kept)).encode())


def document(kept: Kept) -> dict[str, Any]:
    """Content of ``report.json``. All but ``latency_ms`` and ``timing_secs`` is the same for equal runs.

    Keys: ``schema_version``, ``command``, ``suite``, ``about``, ``protocol``, ``config`` (options of ``base``),
    ``variants`` (name -> what differs), ``versions``, ``revision``, ``seeds``, ``perception`` (variant -> ``kind`` and
    ``weights``), ``episodes``, ``table`` (content of ``table.json``), ``comparison`` (that of ``engram compare``, the
    variants against the first), ``latency_ms`` (stage -> variant -> medians over episodes), ``timing_secs``
    (stage -> variant -> mean of an episode).
    """
    suite = kept.suite
    stages = latency(kept)
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "eval",
        "suite": suite["name"],
        "about": suite["about"],
        "protocol": suite["protocol"],
        "config": suite["options"],
        "variants": suite["variants"],
        "versions": kept.versions,
        "revision": kept.revision,
        "seeds": sorted({r.seed for r in kept.records}),
        "perception": {name: _perception(kept.settings(name)) for name in kept.variants},
        "episodes": len(kept.records),
        "table": kept.table,
        "comparison": compared(kept.comparisons),
        "latency_ms": {
            stage: {v: {"p50": t.p50_ms, "p95": t.p95_ms, "p99": t.p99_ms} for v, t in rows.items() if t.p50_ms}
            for stage, rows in stages.items()
        },
        "timing_secs": {stage: {v: t.episode_secs for v, t in rows.items()} for stage, rows in stages.items()},
    }


def _perception(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Which perception a variant used; the truth that it was told besides stands in its settings."""
    weights: Sequence[str] = [str(v) for k, v in settings.items() if k.rpartition(".")[2] == "weights" and v]
    return {"kind": settings.get("perception"), "weights": weights[0] if weights else None}
