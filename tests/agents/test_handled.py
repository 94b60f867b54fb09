from __future__ import annotations

import math

import numpy as np
import pytest

from engram.agents.handled import Deed, HandledInMemory, HandledNow
from engram.agents.remember import Remember, RememberConfig
from engram.agents.situation import Budgets
from engram.agents.states import States
from engram.memory.contract import Recall
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.stores import default_stores
from engram.perception.tracker import Track

AT, X = np.array([1.0, 2.0, 0.8]), np.array([1.0, 0.0, 0.0])


@pytest.fixture
def opened(tmp_path):
    """Open the one memory of a test, again and again."""
    memories = []

    def again():
        for memory in memories:
            memory.close()
        config = HippocampusConfig(naps=False, deadline_secs=20.0)
        memory = Hippocampus(tmp_path / "memory.engram", default_stores(["semantic", "temporal"]), config)
        memories[:] = [memory]
        return memory

    yield again
    for memory in memories:
        memory.close()


def told(handled):
    handled.add(Deed("tried", "Mug", AT), 3, 30)
    handled.add(Deed("placed", "Mug", AT + 0.3 * X, "Desk"), 9, 90)
    handled.add(Deed("placed", "Mug", AT + 0.6 * X, "Shelf"), 12, 120)
    handled.add(Deed("failed", "Pan", AT, reason="no_path"), 15, 150)
    return handled


def plain(deeds):
    return [(d.what, d.label, d.target, d.reason, d.earlier, tuple(d.place.round(2))) for d in deeds]


def test_with_a_memory_and_without_the_robot_knows_the_same(opened):
    now, kept = told(HandledNow()), told(HandledInMemory(opened(), "r", "e1"))
    for label, place in (("Mug", AT), ("Mug", AT + 0.55 * X), ("Pan", AT), ("Pan", AT + 1), ("Cup", AT)):
        assert plain(now.about(label, place)) == plain(kept.about(label, place))
    assert [d.what for d in kept.about("Mug", AT)] == ["tried", "placed"]
    assert plain(kept.about("Pan", AT)) == [("failed", "Pan", "", "no_path", False, (1.0, 2.0, 0.8))]


def test_a_later_episode_in_the_same_memory_knows_it_in_its_own_frame(opened):
    told(HandledInMemory(opened(), "r", "e1"))
    turned = np.array([5.0, 0.0, math.pi / 2])  # where the second episode has its origin
    later = HandledInMemory(opened(), "r", "e2", lambda: turned)
    here = np.array([2.0, 4.0, 0.8])  # (5 - 4, 2) in the frame of the memory
    found = later.about("Mug", here)
    assert [(d.what, d.target, d.earlier) for d in found] == [("tried", "", True), ("placed", "Desk", True)]
    np.testing.assert_allclose(found[0].place, here, atol=1e-3)
    assert later.about("Mug", AT) == []


def test_nothing_is_written_before_the_robot_knows_where_it_is(opened):
    memory, pose = opened(), [None]
    handled = HandledInMemory(memory, "r", "e1", lambda: pose[0])
    handled.add(Deed("tried", "Mug", AT), 3, 30)
    assert (memory.version, len(handled.about("Mug", AT))) == (0, 1)
    pose[0] = np.zeros(3)
    assert len(handled.about("Mug", AT)) == 1
    handled.add(Deed("failed", "Mug", AT, reason="slipped"), 4, 40)
    assert memory.version == 2
    assert [d.reason for d in handled.about("Mug", AT)] == ["", "slipped"]


def test_a_memory_that_gives_no_answer_is_no_reason_to_forget(opened):
    memory = opened()
    handled = told(HandledInMemory(memory, "r", "e1"))
    memory.recall = lambda query: Recall(0, {}, frozenset({"semantic"}))
    assert len(handled.about("Mug", AT)) == 2


def test_a_robot_whose_memory_cannot_be_asked_keeps_the_episode_in_mind(opened):
    class Deaf:
        def write(self, percepts):
            return 0

    assert isinstance(Remember(Deaf()).handled(), HandledNow)
    kept = Remember(Deaf(), RememberConfig("r", "e"), opened()).handled()
    assert isinstance(kept, HandledInMemory)


def test_what_failed_long_ago_is_not_tried_again_and_what_was_taken_away_is(just_begun):
    sit, _ = just_begun
    mug = Track(9, {"Mug": 1.0}, AT - 0.05, AT + 0.05, 0, 0, out_of_place=1.0)
    sit.tracker.tracks = [mug]
    for what, chosen in (("failed", None), ("tried", mug), ("placed", mug)):
        deeds = [Deed(what, "Mug", AT, earlier=True)] * 2
        assert States(Budgets(), HandledNow(deeds)).next(sit) is chosen
    assert States(Budgets(), HandledNow([Deed("tried", "Mug", AT)] * 2)).next(sit) is None
