from __future__ import annotations

import json
from random import Random

import pytest

from engram.evaluation.aggregate import counted, read_records, table
from engram.evaluation.contract import EvaluationError, Metric, Record
from engram.evaluation.statistics import share_interval, wilson

SUCCESS = Metric("success", "rate", "success")
COLLIDED = Metric("collided", "rate", "collided", better="lower")
PROPER = Metric("proper", "share", "proper", "displaced")
STEPS = Metric("steps", "mean", "steps", better="lower")
METRICS = [SUCCESS, COLLIDED, PROPER, STEPS]


def record(seed, values=None, *, variant="base", ended="done", failures=None, protocol="tidy"):
    return Record(
        f"{variant}/{seed}", variant, seed, protocol, "0", ended, 3, values or {}, failures or {}, "", {}, ""
    )  # fmt: skip


def values(success, collided, proper, displaced, steps):
    return {"success": success, "collided": collided, "proper": proper, "displaced": displaced, "steps": steps}


RECORDS = [
    record(1, values(1, 0, 4, 4, 10.0), failures={"no_space": 2}),
    record(2, values(0, 0, 1, 2, 20.0), failures={"no_space": 1, "blocked": 1}),
    record(3, values(1, 0, 0, 0, None), ended="out_of_steps"),
    record(4, ended="crashed"),
    record(1, values(0, 1, 0, 4, 30.0), variant="no_prior=true"),
]


def test_hand_worked_table():
    content = table(RECORDS, METRICS)
    base = content["variants"]["base"]
    assert (base["episodes"], base["crashed"]) == (4, ["base/4"])
    assert base["ended"] == {"done": 2, "out_of_steps": 1, "crashed": 1}
    assert base["failures"] == {"no_space": 3, "blocked": 1}
    success, proper, steps = (base["metrics"][name] for name in ("success", "proper", "steps"))
    assert (success["value"], success["n"], success["count"]) == (0.5, 4, 2)  # the crash is a failure
    assert (success["low"], success["high"]) == pytest.approx(wilson(2, 4), abs=1e-6)
    assert (proper["value"], proper["n"], proper["count"], proper["total"]) == (pytest.approx(5 / 6, abs=1e-6), 3, 5, 6)
    assert (proper["low"], proper["high"]) == pytest.approx(share_interval([4, 1], [4, 2]), abs=1e-6)
    assert (steps["value"], steps["n"]) == (15.0, 2)
    assert 10 <= steps["low"] < 15 < steps["high"] <= 20
    assert "count" not in steps


def test_a_crash_is_a_failure_whichever_way_a_rate_points():
    assert table(RECORDS, METRICS)["variants"]["base"]["metrics"]["collided"]["value"] == 0.25
    assert counted(RECORDS[3], PROPER) is None


def test_one_episode_has_no_spread():
    other = table(RECORDS, METRICS)["variants"]["no_prior=true"]["metrics"]
    assert (other["steps"]["value"], other["steps"]["low"], other["steps"]["high"]) == (30.0, None, None)
    assert (other["proper"]["value"], other["proper"]["low"]) == (0.0, 0.0)
    assert other["proper"]["high"] == pytest.approx(wilson(0, 1)[1], abs=1e-6)


def test_bytes_do_not_depend_on_the_order_of_records():
    random = Random(3)
    records = [record(seed, values(1, 0, random.randint(0, 5), 5, random.random() * 90)) for seed in range(30)]
    once = json.dumps(table(records, METRICS), sort_keys=True)
    random.shuffle(records)
    assert json.dumps(table(records, METRICS), sort_keys=True) == once
    assert json.loads(once)["metrics"]["proper"]["total"] == "displaced"


def test_nothing_to_count():
    content = table([], METRICS)
    assert (content["protocol"], content["variants"]) == ("", {})
    only = table([record(1, values(None, None, 0, 0, None))], METRICS)["variants"]["base"]["metrics"]
    assert {name: column["value"] for name, column in only.items()} == dict.fromkeys(m.name for m in METRICS)
    assert (only["success"]["low"], only["success"]["high"], only["success"]["n"]) == (0.0, 1.0, 0)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"success": 1}, "base/1: no figure 'collided', which the metric 'collided' needs"),
        (values(0.5, 0, 1, 1, 1), "base/1: success must be 0 or 1 for the rate 'success', not 0.5"),
        (values(1, 0, 3, 2, 1), "base/1: proper must lie between 0 and displaced, not be 3.0"),
    ],
)
def test_records_that_do_not_fit(bad, said):
    with pytest.raises(EvaluationError) as caught:
        table([record(1, bad)], METRICS)
    assert str(caught.value) == said


def test_records_come_back_from_their_lines(tmp_path):
    path = tmp_path / "episodes.jsonl"
    path.write_text("".join(r.line() + "\n" for r in RECORDS))
    assert read_records(path) == RECORDS


@pytest.mark.parametrize("line", ['{"id": "base/1"', "[]", '{"id": "base/1"}', '"text"'])
def test_lines_that_are_no_records(tmp_path, line):
    path = tmp_path / "episodes.jsonl"
    path.write_text(f"{RECORDS[0].line()}\n{line}\n")
    with pytest.raises(EvaluationError, match=r"episodes.jsonl:2: is no record"):
        read_records(path)


def test_no_file_of_records(tmp_path):
    with pytest.raises(EvaluationError, match=r"cannot read .*episodes.jsonl: No such file"):
        read_records(tmp_path / "episodes.jsonl")


def test_one_table_holds_one_protocol():
    with pytest.raises(EvaluationError, match="several protocols: streets, tidy"):
        table([record(1, ended="crashed"), record(2, ended="crashed", protocol="streets")], METRICS)


@pytest.mark.slow
def test_a_thousand_episodes_are_quick():
    from time import perf_counter

    random = Random(5)
    records = [record(seed, values(1, 0, random.randint(0, 5), 5, random.random() * 90)) for seed in range(1000)]
    begin = perf_counter()
    table(records, METRICS)
    assert perf_counter() - begin < 3
