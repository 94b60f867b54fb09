"""How well a language model plans, beside the symbolic planner that it learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engram.evaluation.training.planner_traces import LOOKS, Case
from engram.perception.language.contract import LanguageModel
from engram.planners.contract import Beliefs, Goal, Plan
from engram.planners.llm.planner import AUTHOR, LLMPlanner, LLMPlannerConfig


@dataclass(frozen=True)
class Row:
    """Scores of some cases."""

    cases: str  # which
    count: int
    exact: float  # share of the answers that are the very plan of the symbolic planner
    validated: float  # share of the plans that pass the checks and are taken


class _Nobody:
    """Stands in with no plan."""

    def plan(self, goal: Goal, beliefs: Beliefs, feedback: Sequence[str] = ()) -> Plan:
        return Plan(refusal="no_plan")


def judge(model: LanguageModel, cases: Sequence[Case]) -> list[Row]:
    """Return how well a model plans, by sort of case; it has one answer for each."""
    planner = LLMPlanner(model, _Nobody(), config=LLMPlannerConfig(prompt="planner-small", repairs=0))
    results = []
    for case in cases:
        plan = planner.plan(case.goal, case.beliefs, case.feedback)
        taken, outcome = plan.author == AUTHOR, planner.notes[-1].outcome
        exact = plan.steps == case.steps if case.steps else outcome == "empty"
        results.append((case, exact, taken))
    sorts = {
        "all with something to do": [r for r in results if r[0].steps],
        "one want": [r for r in results if r[0].steps and len(r[0].goal.wants) == 1],
        "several wants": [r for r in results if r[0].steps and len(r[0].goal.wants) > 1],
        "ends with a look": [r for r in results if r[0].steps and r[0].steps[-1].skill in LOOKS],
        "four steps or more": [r for r in results if len(r[0].steps) >= 4],
        "after a failure": [r for r in results if r[0].steps and r[0].feedback],
        "nothing left to do": [r for r in results if not r[0].steps],
    }
    return [_row(name, found) for name, found in sorts.items() if found]


def _row(name: str, found: Sequence[tuple[Case, bool, bool]]) -> Row:
    count = len(found)
    return Row(name, count, sum(r[1] for r in found) / count, sum(r[2] for r in found) / count)
