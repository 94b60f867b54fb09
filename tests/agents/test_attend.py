from __future__ import annotations

import json

import numpy as np
import pytest

from engram.agents import remember as remembering
from engram.agents.attend import Attend, AttendConfig, query_of
from engram.agents.events import Event
from engram.agents.remember import Remember
from engram.agents.situation import Situation, TidyConfig
from engram.agents.tidy import TidyAgent
from engram.memory.hippocampus import Hippocampus
from engram.memory.stores import STORES, default_stores
from engram.perception.language.contract import LanguageError, Reply
from engram.perception.oracle import MaskDetector
from engram.perception.thalamus.contract import Kind, Question
from engram.perception.thalamus.vlm import VlmConfig
from engram.perception.tracker import Track
from engram.planners.placement import PlacementPrior

KINDS: tuple[Kind, ...] = Kind.__args__


@pytest.fixture
def sit(box_world):
    observation, _ = box_world.reset(seed=0)
    made = Situation(TidyConfig(), MaskDetector(box_world.masks, box_world.labels), PlacementPrior.load())
    made.perceive(observation)
    return made


def test_an_episode_in_words(box_world, monkeypatch):
    attend, said = Attend(), []

    class Told:
        def write(self, percepts):
            said.append(percepts.summary)
            return 0

    monkeypatch.setattr(
        remembering, "_sentence", lambda sit, action: attend.summarise(sit, action, "").sentence, raising=False
    )
    agent = TidyAgent(MaskDetector(box_world.masks, box_world.labels), remember=Remember(Told()))
    observation, _ = box_world.reset(seed=0)
    agent.reset(observation)
    for _ in range(400):
        observation, _, terminated, _, _ = box_world.step(agent.act(observation))
        if terminated:
            break
    assert said[0] == "Began and found Laptop, Pillow."
    assert "took Pan on Bed for misplaced" in " ".join(said)
    for label, place in (("Mug", "CounterTop"), ("Pillow", "Bed"), ("Pan", "CounterTop")):
        assert f"Picked up {label}." in said
        assert f"Put {label} on {place}." in said
    assert not any("no longer saw" in s for s in said)  # what was picked up is in the hand


def test_what_is_no_longer_believed_in_is_gone_and_what_was_joined_is_not(sit):
    attend = Attend()
    attend.summarise(sit, {}, "")
    pillow = next(t for t in sit.tracker.tracks if t.label == "Pillow")
    laptop = next(t for t in sit.tracker.tracks if t.label == "Laptop")
    sit.tracker.remove(pillow)
    sit.tracker.remove(laptop)
    sit.tracker.tracks.append(Track(99, {"Laptop": 1.0}, laptop.lo - 0.1, laptop.hi + 0.1, 0, 0))
    sit.sightings, sit.step = [], 1
    summary = attend.summarise(sit, {"verb": "look_up", "outcome": "ok"}, "")
    assert summary.gone == ("Pillow",)
    assert summary.sentence == "Looked up and no longer saw Pillow."


def test_the_journal_is_told_once(sit):
    attend = Attend()
    attend.summarise(sit, {}, "")
    sit.step = 1
    sit.events.append(Event("failed", 0, "Mug", "no_path"))
    first = attend.summarise(sit, {"verb": "look_up", "outcome": "ok"}, "")
    sit.step = 2
    second = attend.summarise(sit, {"verb": "look_up", "outcome": "ok"}, "")
    assert (first.happened, second.happened) == (("gave up on Mug, no path",), ())


def test_nothing_is_asked_before_anything_has_happened(sit):
    assert Attend().queries(sit, "tidy the house") == []


def test_a_goal_is_asked_about_of_the_stores_that_can_tell(sit, tmp_path):
    attend = Attend(AttendConfig(hits=3))
    attend.summarise(sit, {}, "Bedroom")
    queries = attend.queries(sit, "bring the remote control to the sofa")
    assert [q.text for q in queries[:2]] == ["Where is the remote control?", "Where is the sofa?"]
    assert queries[0].stores == {"objects", "graph", "topology"}
    assert {q.limit for q in queries} == {3}
    with Hippocampus(tmp_path / "m.engram", default_stores()) as memory:
        recall = memory.recall(queries)
    assert not recall.failed
    assert set(recall.hits) == {"objects", "graph", "topology", *(name for q in queries for name in q.stores)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_question_goes_to_stores_that_there_are(kind):
    query = query_of(Question(kind, "the mug?", near_m=(1.0, 2.0, 0.0), within_m=3.0), 7)
    assert query.stores
    assert query.stores <= set(STORES)
    assert (query.text, query.limit, query.near_m, query.within_m) == ("the mug?", 7, (1.0, 2.0, 0.0), 3.0)


class Eyes:
    """A model that asks one thing."""

    def ask(self, request):
        self.rgb = request.rgb
        question = {"kind": "belongs", "text": "Where do pillows go?", "about": "pillow"}
        return Reply(json.dumps({"questions": [question]}))


def test_a_model_asks_by_configuration(sit):
    eyes = Eyes()
    attend = Attend(AttendConfig(vlm=VlmConfig()), eyes)
    attend.summarise(sit, {}, "")
    assert [q.text for q in attend.queries(sit, "tidy")] == ["Where do pillows go?"]
    np.testing.assert_array_equal(eyes.rgb, sit.observation["rgb"])


def test_a_model_without_an_address_is_refused(monkeypatch):
    monkeypatch.setenv("ENGRAM_VLM_URL", "gopher://x")
    with pytest.raises(LanguageError, match="ENGRAM_VLM_URL"):
        Attend(AttendConfig(vlm=VlmConfig()))
