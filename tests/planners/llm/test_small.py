"""The model that comes with engram, asked in this process and over HTTP, with nothing downloaded."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from engram.perception.language.ledger import Ledger, Metered
from engram.perception.language.local import LocalConfig, LocalModel
from engram.perception.language.serve import LanguageServer, ServeConfig
from engram.perception.language.server import OpenAiServer, ServerConfig
from engram.planners.contract import OK, Goal, Noun, Plan, Step, Want
from engram.planners.llm.checks import faults
from engram.planners.llm.planner import LLMPlanner, LLMPlannerConfig
from engram.planners.llm.small import small_model

SMALL = LLMPlannerConfig(prompt="planner-small")
GOAL = Goal((Want(Noun(frozenset({"Mug"})), Noun(frozenset({"DiningTable"}))),), "put a mug on the dining table")


@pytest.fixture(scope="module")
def model():
    import torch

    torch.set_num_threads(1)
    return LocalModel(LocalConfig(str(small_model()), max_tokens=64))


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_its_plan_is_taken(model, symbolic, believe):
    planner = LLMPlanner(model, fallback := symbolic(), config=SMALL)
    plan = planner.plan(GOAL, believe())
    assert (plan.author, plan.steps) == ("llm", (Step("pick", ("Mug_1",)), Step("place", ("DiningTable_1",))))
    assert faults(plan.steps, GOAL, believe(), 20) == []
    assert fallback.asked == []


def test_its_plan_is_taken_over_http_as_well(model, symbolic, believe):
    ledger = Ledger()
    with LanguageServer(model, ServeConfig(port=0), {"ENGRAM_LLM_KEY": "sesame"}) as server:
        client = OpenAiServer(ServerConfig(url=server.url, retries=0), {"ENGRAM_LLM_KEY": "sesame"})
        planner = LLMPlanner(Metered(client, ledger), fallback := symbolic(), config=SMALL)
        plan = planner.plan(GOAL, believe())
    assert plan == LLMPlanner(model, symbolic(), config=SMALL).plan(GOAL, believe())
    assert (plan.author, dict(planner.counts), fallback.asked) == ("llm", {OK: 1}, [])
    account = ledger.plain()["planner-small.v1"]
    assert account["calls"] == 1
    assert 0 < account["completion_tokens"] < 30
    assert account["estimated"] == 0


def test_what_it_cannot_plan_is_planned_by_the_fallback(model, symbolic, believe):
    goal = Goal((Want(Noun(frozenset({"Zeppelin"})), held=True),), "bring me the zeppelin")
    planner = LLMPlanner(model, symbolic(Plan((Step("explore"),))), config=SMALL)
    plan = planner.plan(goal, believe(explored=False))
    assert plan.author in ("llm", "symbolic")
    assert faults(plan.steps, goal, believe(), 20) == []


def test_a_prompt_for_large_models_is_too_long_for_it_and_has_a_code(model, symbolic, believe):
    planner = LLMPlanner(LocalModel(LocalConfig(str(small_model()))), symbolic())
    assert planner.plan(GOAL, believe()).author == "symbolic"
    assert planner.notes[-1].outcome != OK


def test_the_folder_holds_a_plain_small_model():
    folder = small_model()
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == "llama"
    assert (folder / "model.safetensors").stat().st_size <= 8_000_000
    assert "engram train planner" in (folder / "planner.md").read_text(encoding="utf-8")
    assert not [f for f in folder.iterdir() if f.suffix not in (".json", ".safetensors", ".md", ".py", "")]
