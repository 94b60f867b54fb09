from __future__ import annotations

import pytest

from engram.evaluation.metrics.goals import goal_condition_rate, path_weighted, success


@pytest.mark.parametrize(("met", "required", "whole", "share"), [(3, 4, False, 0.75), (4, 4, True, 1), (0, 0, True, 1)])
def test_goal_conditions(met, required, whole, share):
    assert success(met, required) is whole
    assert goal_condition_rate(met, required) == share


@pytest.mark.parametrize("rate", [success, goal_condition_rate])
@pytest.mark.parametrize(("met", "required"), [(3, 2), (-1, 2)])
def test_refuses_more_than_there_are(rate, met, required):
    with pytest.raises(ValueError, match="between 0 and 2"):
        rate(met, required)


def test_weight_of_the_way():
    assert path_weighted(0.75, steps=40, expert_steps=30) == pytest.approx(0.5625)
    assert path_weighted(1.0, steps=20, expert_steps=30) == 1.0
    with pytest.raises(ValueError, match="expert_steps 1 or more"):
        path_weighted(1.0, 20, 0)
