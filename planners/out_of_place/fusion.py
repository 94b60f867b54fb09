"""Several beliefs that a thing is out of place, made into one: log-odds, weighed and calibrated.

Each source gives log-odds. Views of the detector are fused over time first: their mean, times a power of their
number, since views of the same thing from the same room repeat each other. Views that say "in place" lower the sum as
those that say "out of place" raise it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
LIMIT = 7.0  # log-odds beyond this are taken for this: nobody is surer than 1 in 1000
REPEATS = (0.0, 0.25, 0.5, 0.75, 1.0)
_RIDGE = 1e-2
SOURCES = ("language", "table", "looks")


def log_odds(belief: float) -> float:
    """Log-odds of a probability, within ``LIMIT``."""
    with np.errstate(divide="ignore"):
        return float(np.clip(np.log(belief) - np.log1p(-belief), -LIMIT, LIMIT))


def probability(odds: float) -> float:
    """Probability of log-odds."""
    return float(1.0 / (1.0 + np.exp(-odds)))


@dataclass
class Views:
    """What single views said of one thing."""

    total: float = 0.0  # summed log-odds
    count: int = 0

    def add(self, odds: float) -> None:
        """Take one more view in."""
        self.total += float(np.clip(odds, -LIMIT, LIMIT))
        self.count += 1

    def fused(self, repeat: float) -> float | None:
        """Log-odds of all views: n equal ones count as ``n ** repeat``; ``None`` without views."""
        return self.total / self.count * self.count**repeat if self.count else None


@dataclass(frozen=True)
class Fusion:
    """How sources are weighed. A source that says nothing counts as it does on average."""

    sources: tuple[str, ...]
    weights: tuple[float, ...]
    centres: tuple[float, ...]  # mean log-odds of each source
    bias: float
    repeat: float = 0.5  # exponent of the number of views

    def odds(self, evidence: Mapping[str, float | None]) -> float:
        """Log-odds that a thing is out of place, from those of the sources; other sources are not looked at."""
        total = self.bias
        for name, weight, centre in zip(self.sources, self.weights, self.centres, strict=True):
            said = evidence.get(name)
            total += weight * ((centre if said is None else said) - centre)
        return total

    def belief(self, evidence: Mapping[str, float | None]) -> float:
        """Probability that a thing is out of place."""
        return probability(self.odds(evidence))

    def to_json(self) -> str:
        """Return it as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Fusion:
        """Return what :meth:`to_json` wrote."""
        values: dict[str, Any] = json.loads(text)
        for name in ("sources", "weights", "centres"):
            values[name] = tuple(values[name])
        return cls(**values)


def calibrate(evidence: Sequence[Mapping[str, float | None]], labels: Sequence[bool], repeat: float = 0.5) -> Fusion:
    """Fit a fusion of the sources that say anything, by logistic regression; one source alone is Platt's scaling.

    Source: J. Platt, Probabilistic outputs for support vector machines (1999).
    """
    names = tuple(n for n in SOURCES if any(e.get(n) is not None for e in evidence))
    said = np.array([[np.nan if (v := e.get(n)) is None else v for n in names] for e in evidence], np.float64)
    said = said.reshape(len(evidence), len(names))
    centres = np.nanmean(said, axis=0) if len(said) else np.zeros(len(names))
    x, y = np.where(np.isnan(said), 0.0, said - centres), np.asarray(labels, np.float64)
    start = np.append(np.zeros(len(names)), log_odds(float(y.mean())) if len(y) else 0.0)
    found = minimize(_loss, start, args=(x, y), jac=True, method="L-BFGS-B").x
    return Fusion(names, tuple(found[:-1].tolist()), tuple(centres.tolist()), float(found[-1]), repeat)


def cross_entropy(fusion: Fusion, evidence: Sequence[Mapping[str, float | None]], labels: Sequence[bool]) -> float:
    """Mean negative log-likelihood of labels, in nats."""
    odds = np.array([fusion.odds(e) for e in evidence])
    return float(np.mean(np.logaddexp(0.0, odds) - np.asarray(labels, np.float64) * odds))


def _loss(weights: Floats, x: Floats, y: Floats) -> tuple[float, Floats]:
    odds = x @ weights[:-1] + weights[-1]
    wrong = 1.0 / (1.0 + np.exp(-odds)) - y
    loss = np.sum(np.logaddexp(0.0, odds) - y * odds) + _RIDGE * np.sum(weights[:-1] ** 2)
    slope = np.append(x.T @ wrong + 2 * _RIDGE * weights[:-1], wrong.sum())
    return float(loss), slope
