"""Associative completion of partial cues by a modern Hopfield network (Ramsauer et al., arXiv 2008.02217).

One step moves a cue to X^T softmax(beta X cue), the stored patterns weighted by likeness. Where one pattern, or a few
nearly equal ones, takes all the weight, it was recognised; where the cue is no nearer to the best than the bulk of
patterns would be by chance, it is unknown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
_BULK = 8  # patterns from which on the bulk tells what chance gives


@dataclass(frozen=True)
class HopfieldConfig:
    """Sharpness and thresholds."""

    enabled: bool = True
    beta: float = 32.0
    """Inverse temperature: low values average similar patterns, high ones pick one."""
    steps: int = 1
    same: float = 0.9
    """Patterns nearer than this cosine count as one when confidence is told."""
    min_cosine: float = 0.25
    """A cue whose best pattern is farther than this is unknown."""
    margin: float = 1.0
    """... as is one whose best is not so many standard deviations above the best that chance would give."""


@dataclass(frozen=True, eq=False)
class Completion:
    """What a cue was completed to."""

    pattern: Floats  # (D,) unit vector
    weights: Floats  # (N,) attention over patterns, sums to 1
    row: int  # of the best pattern, -1 when there are none
    cosine: float  # of the cue with it, over the known coordinates
    separation: float  # that cosine less the best of patterns that are not nearly the same
    cluster: NDArray[np.int64]  # rows nearly the same as the best: candidates for merging
    confidence: float  # in [0, 1]; 0 when unknown
    known: bool


def complete(
    patterns: Floats,
    cue: Floats,
    config: HopfieldConfig | None = None,
    given: NDArray[np.bool_] | None = None,
    sample: Floats | None = None,
    total: int | None = None,
) -> Completion:
    """Complete a cue.

    Args:
        patterns: (N, D) rows of unit length.
        cue: (D,).
        config: options.
        given: (D,) coordinates of the cue that are known; all when not given. The others are filled in.
        sample: (S, D) any patterns of a store of which ``patterns`` are only those nearest to the cue; they tell what
            chance gives.
        total: patterns in that store.

    """
    config = config or HopfieldConfig()
    if not len(patterns):
        return Completion(np.asarray(cue, float), np.zeros(0), -1, 0.0, 0.0, np.zeros(0, np.int64), 0.0, False)
    scores = _cosines(patterns, cue, given)
    first = scores
    state: Floats = np.asarray(cue, float)
    weights: Floats = np.zeros(0)
    for _ in range(config.steps):
        weights = _softmax(config.beta * scores)
        state = weights @ patterns
        scores = _cosines(patterns, state, None)
    row = int(np.argmax(weights))
    near = patterns @ patterns[row] >= config.same
    near[row] = True
    others = first[~near]
    separation = float(first[row] - others.max()) if len(others) else float(first[row])
    bulk = others if sample is None else _cosines(sample, cue, given)
    likely = above_chance(float(first[row]), bulk, config.margin, total)
    known = bool(first[row] >= config.min_cosine) and likely
    confidence = float(np.clip(weights[near].sum(), 0, 1)) if known else 0.0
    norm = np.linalg.norm(state)
    pattern = state / norm if norm > 0 else state
    return Completion(pattern, weights, row, float(first[row]), separation, np.flatnonzero(near), confidence, known)


def above_chance(best: float, others: Floats, margin: float, total: int | None = None) -> bool:
    """Whether a score is above the best of ``total`` chance scores with the mean and spread of others.

    The best of n normal values lies about sqrt(2 ln n) deviations above their mean. Few others rule nothing out.
    """
    if len(others) < _BULK:
        return True
    spread = max(float(others.std()), 1e-6)
    return (best - float(others.mean())) / spread >= math.sqrt(2 * math.log(total or len(others))) + margin


def energy(patterns: Floats, state: Floats, beta: float) -> float:
    """Return -lse(beta, X s) + |s|^2 / 2, which a step never raises (up to a constant, equation 2 of the paper)."""
    z = beta * (patterns @ state)
    lse = (float(z.max()) + math.log(float(np.exp(z - z.max()).sum()))) / beta
    return -lse + 0.5 * float(state @ state)


def _cosines(patterns: Floats, cue: Floats, given: NDArray[np.bool_] | None) -> Floats:
    if given is None:
        norm = float(np.linalg.norm(cue))
        return np.asarray(patterns @ cue / norm if norm > 0 else np.zeros(len(patterns)))
    part, cue = patterns[:, given], cue[given]
    norms = np.linalg.norm(part, axis=1) * np.linalg.norm(cue)
    return np.asarray(np.divide(part @ cue, norms, out=np.zeros(len(part)), where=norms > 0))


def _softmax(z: Floats) -> Floats:
    p = np.exp(z - z.max())
    return np.asarray(p / p.sum())
