"""Metrics of household tasks, one by one and one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engram.evaluation.contract import Metric

_ALFRED = "ALFRED (Shridhar et al., CVPR 2020), by the truth"
MOST_TASKS = 10  # that have figures of their own

HOUSEHOLD_METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        m.name: m
        for m in (
            Metric("success", "rate", "success", about=f"all conditions of the goal hold; {_ALFRED}"),
            Metric("goal_condition", "mean", "goal_condition", unit="%", about=f"conditions that hold; {_ALFRED}"),
            Metric(
                "conditions_met",
                "share",
                "conditions_met",
                "conditions",
                about="conditions that hold, of those of all tasks",
            ),
            Metric(
                "false_success",
                "share",
                "false_success",
                "claimed",
                "lower",
                about="tasks that the robot says it has done, and has not",
            ),
            Metric("steps", "mean", "steps", better="lower", about="skills carried out"),
            Metric("moves", "mean", "moves", better="lower", about="actions of the body, in words about so many"),
            Metric("moves_to_success", "mean", "moves_to_success", better="lower", about="... of tasks that were done"),
            Metric("oracle_moves", "mean", "oracle_moves", better="lower", about="... of one who is told the truth"),
        )
    }
)

LIFELONG_METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        m.name: m
        for m in (
            Metric("done", "share", "tasks_done", "tasks", about="tasks of which all conditions hold"),
            HOUSEHOLD_METRICS["conditions_met"],
            HOUSEHOLD_METRICS["false_success"],
            Metric("moves", "mean", "moves", better="lower", about="actions of the body, of all tasks together"),
            Metric("moves_first", "mean", "moves_first", better="lower", about="... of the first task"),
            Metric("moves_last", "mean", "moves_last", better="lower", about="... of the last task"),
            Metric("steps_first", "mean", "steps_first", better="lower", about="skills carried out in the first task"),
            Metric("steps_last", "mean", "steps_last", better="lower", about="skills carried out in the last task"),
            Metric("oracle_moves", "mean", "oracle_moves", better="lower", about="actions of one told the truth"),
            Metric("detour_first", "mean", "detour_first", better="lower", about="moves of the first task by those"),
            Metric("detour_last", "mean", "detour_last", better="lower", about="... of the last task, where done"),
            *(
                Metric(f"moves_{k}", "mean", f"moves_{k}", better="lower", about=f"actions in task {k}")
                for k in range(1, MOST_TASKS + 1)
            ),
        )
    }
)
