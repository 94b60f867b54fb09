from __future__ import annotations

import json
from dataclasses import asdict

from engram.evaluation.contract import RunFolder, Timing
from engram.evaluation.run_report.data import load
from engram.evaluation.run_report.latency import Stage, latency


def test_stages_are_medians_of_percentiles_and_means_of_seconds(make, tmp_path):
    folder = RunFolder(tmp_path / "run")
    make["run"](folder, [make["episode"]("base", 700000 + k) for k in range(4)])
    timings = [
        Timing(
            f"base/{700000 + k}", {"reset": 1.0, "total": 2.0 + k, "agent": 1.0 * k}, {"agent": {"p50": p, "p95": 9.0}}
        )
        for k, p in enumerate((1.0, 2.0, 100.0))
    ]
    folder.timings.write_text("".join(json.dumps(asdict(t)) + "\n" for t in timings))
    found = latency(load(folder))
    assert list(found) == ["agent", "reset", "total"]
    assert found["agent"] == {"base": Stage(3, 1.0, 2.0, 9.0, None)}  # the fourth episode has no timing
    assert found["reset"] == {"base": Stage(3, 1.0, None, None, None)}
    assert found["total"] == {"base": Stage(3, 3.0, None, None, None)}
