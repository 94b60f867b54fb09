"""Which granularity to trust for a query: the one whose scores single something out (MemGAS, arXiv 2505.19549)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def certainty(scores: Floats, temperature: float = 0.1) -> float:
    """Return 1 - H(softmax(scores / temperature)) / ln n, in [0, 1].

    The paper writes 1 - H, which is negative for large stores; divided by the entropy of n equal scores it is not.
    """
    if len(scores) < 2:
        return 1.0
    z = (scores - scores.max()) / temperature
    p = np.exp(z)
    log_sum = np.log(p.sum())
    entropy = log_sum - float(np.sum(p * z)) / p.sum()
    return float(np.clip(1 - entropy / np.log(len(scores)), 0, 1))


def route(scores: Sequence[Floats], temperature: float = 0.1) -> list[float]:
    """Return the weights of granularities, which sum to 1: by certainty, equal when nothing is certain."""
    found = [certainty(values, temperature) for values in scores]
    total = sum(found)
    return [value / total for value in found] if total > 0 else [1 / len(found)] * len(found)
