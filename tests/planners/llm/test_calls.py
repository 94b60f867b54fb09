from __future__ import annotations

import json

import pytest

from engram.memory.consolidation import Lesson
from engram.perception.language.contract import LanguageError
from engram.perception.language.prompts import read_prompt
from engram.planners.llm import calls

NAMES = ("compress", "critic", "episode", "lessons", "planner", "relations", "resolve", "summary", "update")


@pytest.mark.parametrize("name", NAMES)
def test_every_prompt_is_a_file_that_says_what_data_is_and_what_to_answer(name):
    prompt = read_prompt("engram.planners.llm.prompts", name)
    assert (prompt.name, prompt.version, len(prompt.digest)) == (name, 1, 16)
    assert "<data> tags" in prompt.system.template
    assert "Answer with JSON and nothing else:" in prompt.system.template


def test_prompts_have_digests_of_their_own():
    assert len({read_prompt("engram.planners.llm.prompts", name).digest for name in NAMES}) == len(NAMES)


def test_a_summary(told):
    model = told(json.dumps({"summary": " I picked the mug up. ", "outcome": "success", "visible": ["Mug", "Pan"]}))
    found = calls.summarise(model, "tidy", ["pick Mug: ok"])
    assert found == calls.StepSummary("I picked the mug up.", "success", ("Mug", "Pan"))
    assert '<data name="facts">\npick Mug: ok\n</data>' in model.requests[0].turns[0]


def test_entries_are_compressed_to_one_line_of_so_many_characters(told):
    model = told(json.dumps({"summary": "went\nto the  kitchen and back"}))
    assert calls.compress(model, ["a", "b"], 15) == "went to the kit"
    assert "At most 15 characters." in model.requests[0].system


def test_relations_are_of_known_names_only(told):
    rows = [["Mug_1", "inside of", "Fridge_1"], ["I", "Holds", "Mug_1"], ["Safe_1", "on", "Mug_1"],
            ["Mug_1", "on", "Mug_1"], ["I", "holds", "Mug_1"]]  # fmt: skip
    found = calls.find_relations(told(json.dumps({"triples": rows})), "I put it in.", {"Mug_1", "Fridge_1"})
    assert found == [("Mug_1", "inside of", "Fridge_1"), ("I", "holds", "Mug_1")]


def test_a_conflict_comes_as_the_graph_takes_it(told):
    change = {"add": [["a", "on", "b"]], "delete": [], "modify": [[["a", "on", "c"], ["a", "on", "d"]]]}
    model = told(json.dumps(change))
    assert calls.resolve_conflict(model, [("a", "on", "c")], [("a thing", "on", "b")]) == change
    assert '[a, on, c]\n</data>\nClaimed:\n<data name="new">\n["a thing", on, b]' in model.requests[0].turns[0]


def test_lessons(told):
    row = {"level": "action", "subject": " open Safe ", "claim": "fails, locked"}
    assert calls.find_lessons(told(json.dumps({"items": [row]})), "c", ["s"]) == [
        Lesson("action", "open Safe", "fails, locked")
    ]


@pytest.mark.parametrize(
    ("outcome", "said", "reason"),
    [("success", "it broke", ""), ("no_way", "a chair", "a chair"), ("no_way", " ", "no_way")],
)
def test_how_an_episode_ended_is_not_the_models_to_say(outcome, said, reason, told):
    model = told(json.dumps({"summary": "Went well.", "failure_reason": said}))
    assert calls.sum_up_episode(model, "tidy", ["a"], outcome) == calls.Episode("tidy", outcome, "Went well.", reason)


def test_operations_are_on_items_that_were_shown_only(told):
    rows = [
        {"op": "add", "id": "", "text": "new"},
        {"op": "add", "id": "", "text": " "},
        {"op": "update", "id": "l1", "text": "better"},
        {"op": "update", "id": "l1", "text": ""},
        {"op": "remove", "id": "l2", "text": "x"},
        {"op": "remove", "id": "l9", "text": ""},
        {"op": "noop", "id": "l1", "text": ""},
    ]
    found = calls.operations(told(json.dumps({"operations": rows})), "new", {"l1": "old", "l2": "older"})
    assert found == [
        {"op": "add", "text": "new"},
        {"op": "update", "id": "l1", "text": "better"},
        {"op": "remove", "id": "l2"},
        {"op": "noop"},
    ]


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda m: calls.summarise(m, "", []), {"summary": "x", "outcome": "maybe", "visible": []}),
        (lambda m: calls.compress(m, []), {"summary": ""}),
        (lambda m: calls.find_relations(m, "", ()), {"triples": [["a", "b"]]}),
        (lambda m: calls.resolve_conflict(m, [], []), {"add": [], "delete": []}),
        (lambda m: calls.find_lessons(m, "", []), {"items": [{"level": "world", "subject": "a", "claim": "b"}]}),
        (lambda m: calls.sum_up_episode(m, "", [], "ok"), {"summary": "x"}),
        (lambda m: calls.operations(m, "", {}), {"operations": [{"op": "drop", "id": "", "text": ""}]}),
        (lambda m: calls.read_draft(m.answers[0]), {"reasoning": "", "steps": [{"skill": "pick"}], "refusal": ""}),
    ],
)
def test_answers_of_another_form_are_refused(call, answer, told):
    with pytest.raises(LanguageError) as caught:
        call(told(json.dumps(answer)))
    assert caught.value.reason == "schema"
