"""Associative completion of partial cues by a modern Hopfield network (Ramsauer et al., arXiv 2008.02217).

One step moves a cue to X^T softmax(beta X cue), the stored patterns weighted by likeness. By how much the best pattern
stands apart tells two things: where it, or a few nearly equal ones, takes all the weight, that is what the cue means;
and where it is no nearer to the cue than the bulk of patterns would be by chance, the cue is unknown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
_BULK = 8  # patterns from which on the bulk tells what chance gives
_NORMAL = 1.4826  # standard deviations of a normal distribution in one median absolute deviation


@dataclass(frozen=True)
class HopfieldConfig:
    """Sharpness and thresholds.

    The thresholds are set by 82 sentences about housework, 18 cues that paraphrase some or name a part of them, and 50
    sentences about anything else. Told to be known, of each kind, with MiniLM and with hashed n-grams:

    ====================================  ========  ===========  =========
    rule                                  verbatim  paraphrased  unrelated
    ====================================  ========  ===========  =========
    cosine >= 0.3                         82, 82    18, 18       7, 1
    cosine >= 0.5                         82, 82    18, 12       0, 0
    >= 0.3 and above chance               50, 42    9, 16        0, 1
    >= 0.5, or >= 0.3 and above chance    82, 82    18, 18       0, 1
    ====================================  ========  ===========  =========
    """

    enabled: bool = True
    beta: float = 32.0
    """Inverse temperature: low values average similar patterns, high ones pick one."""
    steps: int = 1
    same: float = 0.9
    """Patterns nearer than this cosine count as one when confidence is told."""
    certain: float = 0.5
    """A cue with a pattern at least so near is known, however many others are near it, too."""
    min_cosine: float = 0.3
    """One whose best pattern is farther than this is unknown."""
    margin: float = 3.5
    """... as is one between the two whose best is not so many deviations above the best that chance would give."""


@dataclass(frozen=True, eq=False)
class Completion:
    """What a cue was completed to."""

    pattern: Floats  # (D,) unit vector
    weights: Floats  # (N,) attention over patterns, sums to 1
    row: int  # of the best pattern, -1 when there are none
    cosine: float  # of the cue with it
    separation: float  # that cosine less the best of patterns that are not nearly the same
    cluster: NDArray[np.int64]  # rows nearly the same as the best, itself included
    confidence: float  # attention that the cluster gets, which grows with the separation; 0 when unknown
    known: bool


def complete(
    patterns: Floats,
    cue: Floats,
    config: HopfieldConfig | None = None,
    sample: Floats | None = None,
    total: int | None = None,
) -> Completion:
    """Complete a cue.

    Args:
        patterns: (N, D) rows of unit length.
        cue: (D,); zeros where it is not known are filled in.
        config: options.
        sample: (S, D) any patterns of a store of which ``patterns`` are only those nearest to the cue; they tell what
            chance gives.
        total: patterns in that store.

    """
    config = config or HopfieldConfig()
    if not len(patterns):
        return Completion(np.asarray(cue, float), np.zeros(0), -1, 0.0, 0.0, np.zeros(0, np.int64), 0.0, False)
    scores = _cosines(patterns, cue)
    first = scores
    state: Floats = np.asarray(cue, float)
    weights: Floats = np.zeros(0)
    for _ in range(config.steps):
        weights = _softmax(config.beta * scores)
        state = weights @ patterns
        scores = _cosines(patterns, state)
    row = int(np.argmax(weights))
    near = patterns @ patterns[row] >= config.same
    near[row] = True
    others = first[~near]
    best = float(first[row])
    known = best >= config.certain
    if not known and best >= config.min_cosine:
        bulk = others if sample is None else _cosines(sample, cue)
        known = above_chance(best, bulk, config.margin, patterns.shape[1], total)
    norm = np.linalg.norm(state)
    return Completion(
        pattern=state / norm if norm > 0 else state,
        weights=weights,
        row=row,
        cosine=best,
        separation=best - float(others.max(initial=0.0)),
        cluster=np.flatnonzero(near),
        confidence=float(np.clip(weights[near].sum(), 0, 1)) if known else 0.0,
        known=known,
    )


def above_chance(best: float, others: Floats, margin: float, dims: int, total: int | None = None) -> bool:
    """Whether a score is well above the best of ``total`` chance scores with the middle and spread of others.

    The best of n normal values lies about sqrt(2 ln n) deviations above their middle. Median and median deviation are
    not moved by the few others that are near the cue for a reason; a deviation is at least that of the cosines of
    random vectors, 1 / sqrt(dims). Few others rule nothing out.
    """
    if len(others) < _BULK:
        return True
    middle = float(np.median(others))
    spread = max(_NORMAL * float(np.median(np.abs(others - middle))), dims**-0.5)
    return bool((best - middle) / spread >= math.sqrt(2 * math.log(total or len(others))) + margin)


def _cosines(patterns: Floats, cue: Floats) -> Floats:
    norm = float(np.linalg.norm(cue))
    return np.asarray(patterns @ cue / norm if norm > 0 else np.zeros(len(patterns)))


def _softmax(z: Floats) -> Floats:
    p = np.exp(z - z.max())
    return np.asarray(p / p.sum())
