from __future__ import annotations

import json

import pytest

from engram.perception.language.contract import LanguageError
from engram.perception.language.schema import choice, faults, read_json, record, rows, text

STEP = record({"skill": choice("pick", "place"), "args": rows(text(5), 2)})
PLAN = record(
    {"steps": rows(STEP, 3, 1)}, {"why": text(10, 2), "sure": {"type": "number"}, "stop": {"type": "boolean"}}
)
GOOD = {"steps": [{"skill": "pick", "args": ["Mug"]}]}


@pytest.mark.parametrize("around", ["{}", "```json\n{}\n```", "Sure! {} Good luck."])
def test_what_stands_around_an_answer_is_cut_off(around):
    assert read_json(around.replace("{}", json.dumps(GOOD)), PLAN) == GOOD


@pytest.mark.parametrize("answer", ["", "no", "{'steps': []}", '{"steps": [', "{" * 5000, '{"sure": NaN}', "[]"])
def test_what_is_no_json(answer):
    with pytest.raises(LanguageError) as caught:
        read_json(answer, PLAN)
    assert caught.value.reason == "not_json"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"steps": []}, "answer.steps should have 1 to 3 items"),
        ({"steps": GOOD["steps"] * 4}, "answer.steps should have 1 to 3 items"),
        ({"steps": {}}, "answer.steps should be of type array"),
        ({"steps": [{"skill": "fly", "args": []}]}, "answer.steps[0].skill should be one of pick, place"),
        ({"steps": [{"skill": ["pick"], "args": []}]}, "answer.steps[0].skill should be of type string"),
        ({"steps": [{"skill": "pick", "args": ["Muggle"]}]}, "answer.steps[0].args[0] should have 0 to 5 characters"),
        ({"steps": [{"skill": "pick"}]}, "answer.steps[0] should have 'args'"),
        ({"more": 1}, "answer should have nothing but steps, why, sure, stop"),
        ({"why": "  a "}, "answer.why should have 2 to 10 characters"),
        ({"why": "a\x1b[2J"}, "answer.why should have no control characters"),
        ({"sure": True}, "answer.sure should be of type number"),
        ({"sure": "1"}, "answer.sure should be of type number"),
        ({"stop": 0}, "answer.stop should be of type boolean"),
    ],
)
def test_answers_of_another_form_are_told_apart(change, told):
    with pytest.raises(LanguageError) as caught:
        read_json(json.dumps({**GOOD, **change}), PLAN)
    assert caught.value.reason == "schema"
    assert told in str(caught.value)


def test_what_is_optional_may_be_there():
    full = {**GOOD, "why": "two\nlines", "sure": 0.5, "stop": False}
    assert list(faults(full, PLAN)) == []


def test_faults_do_not_repeat_what_was_said():
    with pytest.raises(LanguageError) as caught:
        read_json(json.dumps({"steps": [{"skill": "open the safe", "args": []}] * 3}), PLAN)
    assert "safe" not in str(caught.value)
