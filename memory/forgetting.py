"""Forgetting: what is not recalled fades, what is recalled fades more slowly (MemoryBank, arXiv 2305.10250).

Retention is R = exp(-dt / (tau * S)): dt since the last recall, tau of the class of the item, S its strength. (The
published code divides by tau and multiplies by S, so that strong items fade faster; here the product is the divisor.)
Nothing is drawn by chance, and what fades is archived, not deleted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

DAY_SECS = 86400.0


@dataclass(frozen=True)
class ForgettingConfig:
    """How fast what fades."""

    enabled: bool = True
    tau_secs: Mapping[str, float] = field(
        default_factory=lambda: {"action": 30 * DAY_SECS, "task": 60 * DAY_SECS, "episode": 14 * DAY_SECS}
    )
    """Time after which an item of a class that was never recalled is at 1/e."""
    default_tau_secs: float = 30 * DAY_SECS
    archive_below: float = 0.05
    """Retention under which an item is archived."""
    gain: float = 1.0
    """Strength that each recall adds."""


@dataclass(frozen=True)
class Trace:
    """How well an item is kept: time of the last recall (or of its making), and strength."""

    last_ns: int
    strength: float = 1.0


def retention(age_secs: float, strength: float, tau_secs: float) -> float:
    """Return exp(-age / (tau * strength)), in (0, 1]; an age before the last recall counts as none.

    Raises:
        ValueError: strength or tau is not positive.

    """
    if strength <= 0 or tau_secs <= 0:
        raise ValueError(f"strength and tau must be positive, got {strength} and {tau_secs} s")
    return math.exp(-max(0.0, age_secs) / (tau_secs * strength))


def retained(trace: Trace, kind: str, now_ns: int, config: ForgettingConfig) -> float:
    """Return the retention of an item of a class at a time; 1 when forgetting is off."""
    if not config.enabled:
        return 1.0
    tau_secs = config.tau_secs.get(kind, config.default_tau_secs)
    return retention((now_ns - trace.last_ns) * 1e-9, trace.strength, tau_secs)


def recalled(trace: Trace, now_ns: int, config: ForgettingConfig) -> Trace:
    """Return the trace of an item after it was recalled."""
    return replace(trace, last_ns=max(now_ns, trace.last_ns), strength=trace.strength + config.gain)
