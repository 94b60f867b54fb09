from __future__ import annotations

import pytest

from engram.evaluation.metrics.latency import percentiles


def test_percentiles_by_stage():
    found = percentiles({"world": [float(v) for v in range(100, -1, -1)], "agent": [2.0, 4.0], "never": []})
    assert found["world"] == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
    assert found["agent"] == pytest.approx({"p50": 3.0, "p95": 3.9, "p99": 3.98})
    assert list(found) == ["agent", "world"]
