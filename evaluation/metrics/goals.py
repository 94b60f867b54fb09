"""Metrics of tasks with goal conditions."""

from __future__ import annotations


def success(met: int, required: int) -> bool:
    """Whether all goal conditions are met: ``met = required``.

    Source: ALFRED (Shridhar et al., CVPR 2020); RoboMemory (arXiv 2508.01415), section of metrics (SR).
    """
    _check(met, required)
    return met == required


def goal_condition_rate(met: int, required: int) -> float:
    """Share of the goal conditions that are met: ``met / required``; 1 where none is required.

    Averaged over episodes, each with the same weight.

    Source: as :func:`success` (GC, with SCN the conditions met and GCN those required).
    """
    _check(met, required)
    return met / required if required else 1.0


def path_weighted(value: float, steps: int, expert_steps: int) -> float:
    """Weigh a success or goal-condition rate by the length of the way: ``value * L / max(L, steps)``.

    Args:
        value: in [0, 1].
        steps: what the agent took.
        expert_steps: L, what an expert takes, at least 1.

    Source: ALFRED (Shridhar et al., CVPR 2020), section 5.1.

    """
    if expert_steps < 1 or steps < 0:
        raise ValueError(f"steps must be 0 or more and expert_steps 1 or more, not {steps} and {expert_steps}")
    return value * expert_steps / max(expert_steps, steps)


def _check(met: int, required: int) -> None:
    if not 0 <= met <= required:
        raise ValueError(f"goal conditions met must lie between 0 and {required}, not be {met}")
