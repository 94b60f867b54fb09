from __future__ import annotations

import json

import pytest

from engram.memory.consolidation import Lesson
from engram.memory.contract import Percepts, Query, Seen, Source
from engram.memory.graph.resolver import ResolverError, check
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import STORES
from engram.perception.language.contract import LanguageError, Reply
from engram.perception.language.server import ServerConfig
from engram.perception.language.testing import FakeServer, says
from engram.perception.thalamus.ask import RuleAsker
from engram.perception.thalamus.contract import Step
from engram.perception.thalamus.summary import Summariser
from engram.perception.thalamus.vlm import VlmAsker
from engram.planners.llm.critic import LLMCritic
from engram.planners.llm.everywhere import Everywhere, LLMEverywhere
from engram.planners.llm.planner import LLMPlanner

SWITCHES = ("summaries", "questions", "compress", "relations", "resolve", "lessons", "episodes", "update")
NONE = LLMEverywhere(planner=None, critic=None, **dict.fromkeys(SWITCHES, False))
ANSWERS = {
    "summary.v1": {"summary": "I looked up.", "outcome": "success", "visible": []},
    "compress.v1": {"summary": "Much was done."},
    "relations.v1": {"triples": [["Mug_1", "on", "Table_1"]]},
    "resolve.v1": {"add": [["Mug_1", "on", "Table_1"]], "delete": [], "modify": []},
    "lessons.v1": {"items": [{"level": "action", "subject": "open Safe", "claim": "needs a key"}]},
    "episode.v1": {"summary": "It went well.", "failure_reason": ""},
    "update.v1": {"operations": [{"op": "add", "id": "", "text": "Safes need a key."}]},
}


class Model:
    """Answers each prompt as above, and counts."""

    def __init__(self):
        self.asked = []

    def ask(self, request):
        self.asked.append(request.prompt)
        return Reply(json.dumps(ANSWERS[request.prompt]))


class Broken:
    def ask(self, request):
        raise LanguageError("timeout", "late")


def percepts(number, **choices):
    return Percepts(Source("r", "e", number, number * 10**9), summary=f"Step {number}.", **choices)


def run(parts, folder, steps):
    with Hippocampus(folder / "m.engram", parts.stores(), HippocampusConfig(deadline_secs=20.0, naps=False)) as memory:
        for each in steps:
            memory.write(each)
        return memory.recall([Query("safe", limit=20)])


def test_the_memory_asks_the_model_where_it_has_a_place_for_one(tmp_path):
    model = Model()
    parts = Everywhere(model=model)
    assert [store.name for store in parts.stores()] == list(STORES)
    steps = [percepts(n) for n in range(1, 6)]
    steps += [percepts(6, action={"verb": "open", "target": "Safe", "outcome": "blocked"})]
    recall = run(parts, tmp_path, steps)
    assert model.asked == ["compress.v1", "lessons.v1", "update.v1"]
    assert [hit.text for hit in recall.hits["semantic"]] == ["Safes need a key."]
    assert [hit.text for hit in recall.hits["temporal"]] == ["Step 6.", "Step 5.", "Much was done."]
    assert parts.failures == {}


def test_where_it_fails_the_rules_stand_in_and_it_is_counted(tmp_path):
    parts = Everywhere(model=Broken())
    steps = [percepts(n) for n in range(1, 6)]
    steps += [percepts(6, action={"verb": "open", "target": "Safe", "outcome": "blocked"})]
    recall = run(parts, tmp_path, steps)
    assert [hit.text for hit in recall.hits["semantic"]] == ["open Safe: fails, blocked"]
    assert recall.hits["temporal"][-1].text == "Step 1; Step 2; Step 3; Step 4"
    assert parts.failures == {"compress: timeout": 1, "lessons: timeout": 1, "update: timeout": 1}


def test_the_model_settles_what_no_rule_decides(tmp_path):
    model = Model()
    mug = {"centre_m": (1.0, 0.0, 1.0), "extent_m": (0.1, 0.1, 0.1)}
    steps = [
        percepts(1, things=[Seen("Mug", 0.95, support="Counter", **mug)]),
        percepts(2, relations=[("Mug", "on", "Table")]),
    ]
    run(Everywhere(model=model), tmp_path, steps)
    assert model.asked == ["resolve.v1"]


def test_a_conflict_without_an_answer_stays_one():
    with pytest.raises(ResolverError):
        Everywhere(model=Broken()).resolve([("a", "on", "b")], [("a", "on", "c")])
    local, new = [("Mug_1", "on", "Shelf_1")], [("Mug_1", "on", "Table_1")]
    verdict = check(Everywhere(model=Model()).resolve(local, new), local, new)
    assert verdict.add == (("Mug_1", "on", "Table_1"),)


def test_plain_steps_teach_nothing():
    model = Model()
    assert Everywhere(model=model).lessons(percepts(1, action={"verb": "open", "outcome": "ok"})) == []
    assert model.asked == []
    assert Everywhere(model=model).lessons(percepts(1, outcome="success", task="t")) == [
        Lesson("action", "open Safe", "needs a key")
    ]


def test_a_summary_keeps_the_record_and_takes_the_models_sentence():
    step = Step(1, "look_up", held="Mug")
    record = Summariser().summarise(step)
    said = Everywhere(model=Model()).summariser().summarise(step, "tidy")
    assert (record.sentence, said.sentence) == ("Looked up.", "I looked up.")
    assert said.plain() | {"sentence": ""} == record.plain() | {"sentence": ""}
    assert Everywhere(model=Broken()).summariser().summarise(step) == record


def test_relations_and_episodes():
    parts = Everywhere(model=Model())
    assert parts.relations("The mug is on the table.", ["Mug_1", "Table_1"]) == [("Mug_1", "on", "Table_1")]
    assert parts.relations("", ["Mug_1"]) == []
    assert parts.episode("tidy", ["a"], "success").summary == "It went well."
    broken = Everywhere(model=Broken())
    assert broken.relations("x", ["Mug_1"]) == []
    assert broken.episode("tidy", ["a", "b"], "no_way").failure_reason == "no_way"
    assert broken.failures == {"relations: timeout": 1, "episode: timeout": 1}


def test_planner_critic_and_asker_are_there_when_they_are_wanted():
    parts, rules = Everywhere(model=Model()), RuleAsker()
    assert isinstance(parts.planner(fallback := object()), LLMPlanner)
    assert isinstance(parts.critic(), LLMCritic)
    assert isinstance(parts.asker(rules), VlmAsker)
    without = Everywhere(NONE, Model())
    assert without.planner(fallback) is fallback
    assert without.critic() is None
    assert without.asker(rules) is rules


def test_what_is_switched_off_asks_no_model(tmp_path):
    model = Model()
    parts = Everywhere(NONE, model)
    run(
        parts, tmp_path, [percepts(n, action={"verb": "open", "target": "Safe", "outcome": "closed"}) for n in range(9)]
    )
    parts.summariser().summarise(Step(1, "look_up"))
    parts.episode("tidy", ["a"], "success")
    parts.relations("x", ["Mug_1"])
    assert model.asked == []


def test_a_model_that_keeps_failing_is_left_alone():
    parts = Everywhere(LLMEverywhere(patience=2, pause_calls=3), Broken())
    for _ in range(5):
        parts.relations("x", ["Mug_1"])
    assert parts.failures == {"relations: timeout": 2, "relations: paused": 3}


def test_calls_of_a_server_are_accounted_by_prompt():
    with FakeServer(says(json.dumps(ANSWERS["relations.v1"]), usage=(11, 5))) as server:
        parts = Everywhere(LLMEverywhere(ServerConfig(url=server.url)))
        parts.relations("x", ["Mug_1", "Table_1"])
    account = parts.ledger.plain()["relations.v1"]
    assert (account["calls"], account["prompt_tokens"], account["completion_tokens"]) == (1, 11, 5)
