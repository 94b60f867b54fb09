"""Metrics of tidying up: what was moved, what of the mess is left, and whether the robot's word holds.

Source, where not said otherwise: the automatic scoring of the tidy task of TIDEE (Sarch et al., ECCV 2022) as HELPER-X
(2024) uses it. That lists a thing as often as it was picked up; here each counts once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from engram.evaluation.contract import Metric


def correctly_moved(displaced: Collection[str], picked: Collection[str]) -> int:
    """Number of displaced things that were picked up: ``|displaced & picked|``."""
    return len(set(displaced) & set(picked))


def incorrectly_moved(displaced: Collection[str], picked: Collection[str]) -> int:
    """Number of things picked up that nobody had displaced: ``|picked - displaced|``."""
    return len(set(picked) - set(displaced))


def missed(displaced: Collection[str], picked: Collection[str]) -> int:
    """Number of displaced things that were never picked up: ``|displaced - picked|``."""
    return len(set(displaced) - set(picked))


def likelihood(counts: Mapping[str, float], holders: Collection[str], present: Collection[str]) -> float:
    """How likely tidy houses keep a thing on what holds it: ``count / sum of counts of the receptacles present``.

    Of several holders (a plate on a table) the likeliest counts; 0 where nothing is known.

    Args:
        counts: how often tidy houses keep things of its category on each receptacle category.
        holders: receptacle categories that hold it; empty in the hand.
        present: receptacle categories of this house, the floor included.

    """
    places = {name: count for name, count in counts.items() if name in present}
    total = sum(places.values())
    return max((places.get(holder, 0.0) for holder in holders), default=0.0) / total if total else 0.0


def energy(now: float, original: float, messy: float) -> float | None:
    """How much of the mess is left: 0 as good as the original, 1 as bad as the mess; ``None`` where undefined.

    ``E = clip((1 - now / original) / (1 - messy / original), 0, 1)``, undefined when ``original`` is 0 or the mess
    did not lower it.

    Args:
        now: sum over things of their :func:`likelihood` at the end.
        original: the same before the mess.
        messy: the same when the robot began.

    """
    if original <= 0.0 or messy >= original:
        return None
    return min(1.0, max(0.0, (1 - now / original) / (1 - messy / original)))


def energy_removed(energy_left: float | None) -> float | None:
    """``100 - Energy %``, as HELPER-X (2024) prints it: 100 as good as the original, 0 as bad as the mess."""
    return None if energy_left is None else 100.0 * (1.0 - energy_left)


def false_successes(claimed: Collection[str], proper: Collection[str]) -> int:
    """Number of things that the robot says it has put right and that are not: ``|claimed - proper|``."""
    return len(set(claimed) - set(proper))


def tidied(displaced: int, displaced_proper: int, undisplaced_worse: int) -> bool:
    """Whether the house is tidy: every displaced thing is proper, and nothing else was made worse."""
    return displaced_proper == displaced and undisplaced_worse == 0


_TIDEE = "TIDEE (ECCV 2022), automatic scoring, each thing once"
_ENERGY = "100 (1 - E), E the energy of HELPER-X (2024), as 100 - Energy %, over"

TIDY_METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        m.name: m
        for m in (
            Metric("success", "rate", "success", about="all displaced things proper and nothing else worse"),
            Metric(
                "displaced_proper",
                "share",
                "displaced_proper",
                "displaced",
                about="displaced things that are in a proper place at the end",
            ),
            Metric(
                "undisplaced_worse",
                "share",
                "undisplaced_worse",
                "undisplaced",
                "lower",
                about="other things that were proper when the robot began and are not at the end",
            ),
            Metric(
                "false_success",
                "share",
                "false_success",
                "claimed",
                "lower",
                about="things that the robot says it has put right and that are not",
            ),
            Metric("energy_removed", "mean", "energy_removed_displaced", unit="%", about=f"{_ENERGY} displaced things"),
            Metric(
                "energy_removed_handled",
                "mean",
                "energy_removed_handled",
                unit="%",
                about=f"{_ENERGY} things displaced or picked up",
            ),
            Metric("energy_removed_all", "mean", "energy_removed_all", unit="%", about=f"{_ENERGY} all that can move"),
            Metric("correctly_moved", "mean", "correctly_moved", about=f"displaced and picked up; {_TIDEE}"),
            Metric(
                "incorrectly_moved",
                "mean",
                "incorrectly_moved",
                better="lower",
                about=f"picked up and not displaced; {_TIDEE}",
            ),
            Metric("missed", "mean", "missed", better="lower", about=f"displaced and never picked up; {_TIDEE}"),
            Metric("steps", "mean", "steps", better="lower", about="actions until the episode ended"),
            Metric("path", "mean", "path_m", better="lower", unit="m", about="way of the base by odometry"),
            Metric("action_errors", "mean", "action_errors", better="lower", about="actions whose outcome was not ok"),
        )
    }
)
