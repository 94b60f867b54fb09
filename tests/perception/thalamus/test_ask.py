from __future__ import annotations

import pytest

from engram.perception.thalamus.ask import AskConfig, RuleAsker
from engram.perception.thalamus.contract import Step, Thing
from engram.perception.thalamus.summary import Summariser

LABELS = ("Mug", "Table", "CoffeeTable", "CounterTop", "RemoteControl")


def asked(step, task="", config=None, labels=LABELS):
    return RuleAsker(labels, config).ask(task, step, Summariser().summarise(step))


def texts(questions):
    return [q.text for q in questions]


def test_a_goal_asks_for_what_it_names_and_how_it_went_before():
    found = asked(Step(0), "Bring the mugs to the coffee table.")
    assert texts(found) == [
        "Where is the coffee table?",
        "Where is the mug?",
        "What happened when the task was to Bring the mugs to the coffee table?",
    ]
    assert [(q.kind, q.about) for q in found[:2]] == [("where", "CoffeeTable"), ("where", "Mug")]


def test_what_is_in_view_or_in_the_hand_is_not_looked_for():
    found = asked(Step(4, "rotate_left", held="RemoteControl", seen=[Thing("Mug")]), "mug and remote control")
    assert texts(found)[0] == "Where does the remote control belong?"
    assert not any(q.kind == "where" for q in found)


def test_a_failure_comes_first_and_a_thing_that_was_let_go_is_not_asked_about():
    failed = asked(Step(9, "place", "no_space", target="CounterTop", held="Mug"))
    assert texts(failed) == [
        "What helped when trying to place on the countertop failed: no space?", "Where does the mug belong?"
    ]  # fmt: skip
    assert failed[0].kind == "failure"
    assert asked(Step(9, "place", "ok", target="CounterTop", held="Mug")) == []


def test_news_asks_for_the_past_and_a_room_for_what_is_in_it():
    step = Step(
        2, "move_ahead", room="Kitchen", base=(1.0, 2.0, 0.5), new=[Thing("Mug")], gone=[Thing("Pan", (1.0, 0.0, 0.8))]
    )
    found = asked(step)
    assert texts(found) == ["Where is the pan now?", "Where was the mug before?", "What is in the kitchen?"]
    assert (found[2].near_m, found[2].within_m) == ((1.0, 2.0, 0.0), 3.0)


def test_a_question_is_asked_again_only_after_a_while():
    asker, summariser = RuleAsker(LABELS, AskConfig(again_steps=10)), Summariser()
    when = []
    for k in range(25):
        step = Step(k, "move_ahead")
        if asker.ask("find the mug", step, summariser.summarise(step)):
            when.append(k)
    assert when == [0, 10, 20]


@pytest.mark.parametrize("most", [0, 1, 3])
def test_there_is_a_most_and_what_was_left_out_comes_next(most):
    asker, summariser = RuleAsker((), AskConfig(most=most)), Summariser()
    things = [Thing(label) for label in ("Egg", "Mug", "Pan", "Pen", "Pot")]
    first, second = (
        asker.ask("", step, summariser.summarise(step)) for step in (Step(k, "look_up", new=things) for k in (1, 2))
    )
    assert len(first) == most
    assert len(second) == min(most, 5 - most)
    assert not set(texts(first)) & set(texts(second))
