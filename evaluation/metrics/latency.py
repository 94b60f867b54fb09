"""Latency of the stages of a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

QUANTILES = (50, 95, 99)


def percentiles(step_ms: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Percentiles by stage: stage -> ``p50``, ``p95``, ``p99`` in milliseconds; stages never run are left out.

    Between two steps the value is interpolated: the q-th percentile of n sorted values lies at ``(n - 1) q / 100``.

    Source: R. J. Hyndman and Y. Fan, Sample quantiles in statistical packages, The American Statistician 50 (1996),
    type 7.
    """
    return {
        stage: {
            f"p{q}": round(float(value), 3) for q, value in zip(QUANTILES, np.percentile(ms, QUANTILES), strict=True)
        }
        for stage, ms in sorted(step_ms.items())
        if len(ms)
    }
