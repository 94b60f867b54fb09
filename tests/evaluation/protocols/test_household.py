"""Household and lifelong tasks as episodes of suites."""

from __future__ import annotations

import json

import pytest

from engram.evaluation.contract import EvaluationError
from engram.evaluation.household.episode import HouseholdEpisode, MindOptions, run_household
from engram.evaluation.household.lifelong import LifelongEpisode, run_lifelong
from engram.evaluation.options import build, plain
from engram.evaluation.protocols import load
from engram.evaluation.suite import load as load_suite

ORACLE = MindOptions(planner="oracle")
SEED = 11


def test_the_oracle_reaches_every_condition():
    outcome = load("household").run({"mind": {"planner": "oracle"}, "rooms": 2}, SEED, None)
    values = outcome.values
    assert (outcome.ended, values["success"], values["goal_condition"], values["false_success"]) == (
        "success", 1.0, 100.0, 0.0,
    )  # fmt: skip
    assert values["conditions_met"] == values["conditions"] >= 1
    assert values["moves"] == values["oracle_moves"] == values["moves_to_success"] > 0
    assert outcome.steps == values["steps"] > 0


def test_equal_episodes_give_equal_figures():
    protocol = load("household")
    one, two = (protocol.run({"mind": {"goal": "given"}, "rooms": 2}, SEED, None) for _ in range(2))
    assert (one.ended, one.steps, one.values, one.failures) == (two.ended, two.steps, two.values, two.failures)
    assert len(one.step_ms["decision"]) >= 1


def test_every_metric_has_its_figure():
    for name, run in (
        ("household", run_household(HouseholdEpisode(rooms=2, mind=ORACLE), SEED).result),
        ("lifelong", run_lifelong(LifelongEpisode(tasks=10, resident="none", rooms=2, mind=ORACLE), SEED)),
    ):
        values = run.values()
        for metric in load(name).metrics.values():
            assert metric.value in values
            assert not metric.total or metric.total in values


def test_a_dead_gripper_is_never_taken_for_success():
    run = run_household(HouseholdEpisode(rooms=2, dead="pick", mind=MindOptions(goal="given")), SEED)
    assert not run.result.checked.success
    assert not run.result.false_success
    assert run.result.ending.reason != "success"


def test_mixed_tasks_take_turns():
    options = HouseholdEpisode(subset="mixed")
    assert [options.subset_of(s) for s in (0, 1, 5, 6)] == ["base", "common_sense", "long_horizon", "base"]
    assert HouseholdEpisode(subset="spatial").subset_of(5) == "spatial"


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"dead": "hand"}, "dead must be one of pick, place"),
        ({"world": "pixels", "mind": {"planner": "oracle"}}, "words only"),
        ({"subset": "basic"}, "base"),
        ({"mind": {"brain": {"critics": False}}}, "mind.brain.critic"),
    ],
)
def test_what_makes_no_sense_is_refused(config, text):
    with pytest.raises(EvaluationError, match=text):
        load("household").run(config, SEED, None)


def test_options_can_be_written_down():
    for kind in (HouseholdEpisode, LifelongEpisode):
        content = plain(kind())
        assert build(kind, json.loads(json.dumps(content))) == kind()


def test_a_life_of_several_tasks():
    run = run_lifelong(LifelongEpisode(tasks=3, moved=2, rooms=2, mind=ORACLE), SEED)
    values = run.values()
    assert (values["tasks"], values["tasks_done"]) == (3.0, 3.0)
    assert values["moves"] == values["moves_1"] + values["moves_2"] + values["moves_3"]
    assert (values["moves_first"], values["moves_last"]) == (values["moves_1"], values["moves_3"])
    assert len({r.drawn.task.text for r in run.done}) > 1
    assert run_lifelong(LifelongEpisode(tasks=3, moved=2, rooms=2, mind=ORACLE), SEED).values() == values


@pytest.mark.slow
def test_a_memory_that_is_kept_saves_moves():
    given = MindOptions(goal="given")
    kept, wiped = (
        run_lifelong(LifelongEpisode(tasks=6, memory=memory, resident="none", mind=given), SEED).values()
        for memory in ("kept", "wiped")
    )
    assert kept["moves_first"] == wiped["moves_first"], "the first task begins alike"
    assert kept["moves"] < wiped["moves"]


def test_suites_have_fifty_tasks_of_each_kind_on_seeds_of_their_split():
    for name, first in (("household-test", 800_000), ("household-validation", 700_000)):
        suite = load_suite(name)
        assert suite.seeds == tuple(range(first, first + 50))
        assert sorted(v.config["subset"] for v in suite.variants) == [
            "base", "common_sense", "complex_instruction", "long_horizon", "spatial", "visual_appearance",
        ]  # fmt: skip
    lifelong = load_suite("lifelong-test")
    assert [(v.name, v.config["memory"], v.config["tasks"]) for v in lifelong.variants] == [
        ("base", "kept", 10), ("memory wiped", "wiped", 10),
    ]  # fmt: skip
    assert len(lifelong.seeds) == 50
