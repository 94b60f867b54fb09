from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engram.evaluation.contract import EvaluationError
from engram.evaluation.document import parse
from engram.evaluation.suite import load, read, shipped
from engram.sims.seeds import split_of

HEAD = """\
schema_version: 1
name: small
protocol: toy_protocol:Toy
seeds: 700000:700003
"""


def suite(text="", head=HEAD, changes=(), seeds=""):
    return read(parse(head + text, "small.yaml"), changes, seeds)


@pytest.fixture(autouse=True)
def _toy(toy_on_path):
    """The toy protocol can be imported."""


def test_without_variants_there_is_one():
    found = suite()
    assert [j.id for j in found.jobs()] == ["base/700000", "base/700001", "base/700002"]
    assert found.jobs()[0].config["inner"] == {"gain": 1.0, "kind": "round"}
    assert [m.name for m in found.metrics] == ["even", "right", "points"]


def test_axes_are_a_grid():
    found = suite("options: {base: 5}\naxes:\n  inner.kind: [round, square]\n  base: [5, 6]\n")
    assert [v.name for v in found.variants] == ["base", "base=6", "inner.kind=square", "inner.kind=square,base=6"]
    assert found.variants[3].config["base"] == 6
    assert found.variants[3].config["inner"]["kind"] == "square"


def test_base_comes_first_though_no_point_of_the_grid():
    assert [v.name for v in suite("axes: {base: [1, 2]}\n").variants] == ["base", "base=1", "base=2"]


def test_rungs_of_a_ladder_add_up():
    found = suite(
        "variants: {low: {base: 1}}\nladder:\n  a: {base: 2}\n  b: {inner.gain: 3}\n  c: {inner: {gain: 4}}\n"
    )
    assert [(v.name, v.config["base"], v.config["inner"]["gain"]) for v in found.variants] == [
        ("base", 10, 1.0), ("low", 1, 1.0), ("a", 2, 1.0), ("b", 2, 3.0), ("c", 2, 4.0),
    ]  # fmt: skip


def test_a_seed_is_done_in_all_variants_before_the_next():
    jobs = suite("variants: {low: {base: 1}}\n").jobs(limit=2)
    assert [j.id for j in jobs] == ["base/700000", "low/700000", "base/700001", "low/700001"]
    assert len({j.config_hash for j in jobs}) == 4


def test_seeds_may_be_listed():
    head = HEAD.replace("700000:700003", "[5, 700:702]")
    assert suite(head=head).seeds == (5, 700, 701)
    assert suite(seeds="800000:800002").seeds == (800000, 800001)


def test_options_of_the_command_line_come_last():
    found = suite("options: {inner.gain: 2}\n", changes=["inner.gain=4", "inner.kind=square"])
    assert found.variants[0].config["inner"] == {"gain": 4.0, "kind": "square"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("metrcs: []\n", "small.yaml:5: a suite has no key 'metrcs'; did you mean 'metrics'?"),
        ("metrics:\n- even\n- rigt\n", "small.yaml:7: toy has no metric 'rigt'; did you mean 'right'?"),
        ("metrics: [even, even]\n", "small.yaml:5: the metric 'even' is named twice"),
        (
            "options:\n  base: 1\n  inner:\n    gian: 3\n",
            "small.yaml:8: no option 'inner.gian'; did you mean 'inner.gain'?",
        ),
        ("options:\n  inner.kind: oval\n", "small.yaml:6: inner.kind cannot be 'oval'; known are round, square"),
        ("options:\n  inner.given: 1\n", "small.yaml:6: inner.given cannot be set: it is the world's"),
        ("options:\n  base: -1\n", "small.yaml:5: base must not be negative"),
        ("options: 3\n", "small.yaml:5: options must be a mapping"),
        ("axes:\n  bas: [1]\n", "small.yaml:6: no option 'bas'; did you mean 'base'?"),
        ("axes:\n  base: 3\n", "small.yaml:6: the axis 'base' must be a list of values"),
        ("variants:\n  a: {base: 1}\n  b: {base: 1}\n", "small.yaml:7: the variant 'b' is the same as 'a'"),
        ("variants:\n  a/b: {base: 1}\n", "small.yaml:6: a variant is named by text without '/', not 'a/b'"),
        ("variants:\n  a: {base: x}\n", "small.yaml:6: base must be a whole number, not 'x'"),
        ("wall_secs: 0\n", "small.yaml:5: wall_secs must be a number above 0, not 0"),
        ("split: test\n", "small.yaml:4: seed 700000 is of the validation split, and the suite says test"),
        ("split: tset\n", "small.yaml:5: no split 'tset'; did you mean 'test'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, said):
    with pytest.raises(EvaluationError) as caught:
        suite(text)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema_version: 1", "schema_version: 2", "small.yaml:1: schema_version must be 1"),
        ("toy_protocol:Toy", "tydi", "small.yaml:3: no protocol 'tydi'; did you mean 'tidy'?"),
        ("toy_protocol:Toy", "toy_protocol:Toi", "small.yaml:3: the protocol 'toy_protocol:Toi'"),
        ("700000:700003", "900000:900002", "small.yaml:4: seed 900000 belongs to no split"),
        ("700000:700003", "699999:700001", "small.yaml:4: the seeds 699999:700001 are of two splits"),
        ("700000:700003", "[1, 700000]", "small.yaml:4: the seeds must all be of one split"),
        ("700000:700003", "[7, 7]", "small.yaml:4: seed 7 is named twice"),
        ("700000:700003", "[]", "small.yaml:4: no seeds"),
        ("700000:700003", "seven", "small.yaml:4: seeds are FIRST:END"),
        ("name: small", "about: x", "small.yaml:1: name must be given"),
    ],
)
def test_what_is_wrong_in_the_head(old, new, said):
    with pytest.raises(EvaluationError) as caught:
        suite(head=HEAD.replace(old, new))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["base"], "--set takes OPTION=VALUE, not 'base'"),
        (["bse=1"], "--set bse: no option 'bse'; did you mean 'base'?"),
    ],
)
def test_wrong_options_of_the_command_line(changes, said):
    with pytest.raises(EvaluationError, match=said.replace("?", r"\?")):
        suite(changes=changes)


def test_a_suite_may_be_json(tmp_path):
    file = tmp_path / "small.json"
    file.write_text(json.dumps({"schema_version": 1, "name": "j", "protocol": "toy_protocol:Toy", "seeds": "7:9"}))
    assert load(str(file)).seeds == (7, 8)


@pytest.mark.parametrize(
    ("name", "said"),
    [("tidy-tset", "did you mean 'tidy-test'?"), ("none.yaml", "cannot read the suite 'none.yaml': No such file")],
)
def test_no_such_suite(name, said):
    with pytest.raises(EvaluationError) as caught:
        load(name)
    assert said in str(caught.value)


def test_document_says_what_differs():
    content = suite("variants: {low: {base: 1}}\n").document()
    assert content["variants"] == {"base": {}, "low": {"base": 1}}
    assert content["seeds"] == [700000, 700001, 700002]
    assert json.loads(json.dumps(content)) == content


def test_suites_that_come_with_engram():
    assert {"tidy-test", "tidy-validation", "tidy-ablations"} <= set(shipped())
    for name in shipped():
        found = load(name)
        assert found.name == name
        split = "test" if name.endswith("-test") else "validation"
        assert {split_of(s) for s in found.seeds} == {split}
    assert load("tidy-test").seeds == tuple(range(800_000, 800_040))
    assert [v.name for v in load("tidy-ablations").variants][:2] == ["base", "no placement prior"]


def test_the_suite_of_the_documents_is_one():
    text = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    found = read(parse(block, "docs/evaluation.md"))
    assert [v.name for v in found.variants] == [
        "base", "no room prior", "true rooms", "and true places", "agent.explore=nearest"
    ]  # fmt: skip
