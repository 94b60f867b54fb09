from __future__ import annotations

import json

import pytest

from engram.memory.temporal import compress_by_rule
from engram.perception.thalamus.contract import Happening, Step, Thing
from engram.perception.thalamus.summary import Summariser, SummaryConfig


def said(*steps):
    summariser = Summariser()
    return [summariser.summarise(step).sentence for step in steps]


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (Step(0), "Began."),
        (Step(1, "move_ahead"), "Moved ahead."),
        (Step(1, "move_ahead", "blocked"), "Could not move ahead, blocked."),
        (Step(1, "pick", target="Mug"), "Picked up Mug."),
        (Step(1, "pick", "hand_full", target=""), "Could not pick something, hand full."),
        (Step(1, "place", target="Bed", held="Pillow"), "Put Pillow on Bed."),
        (Step(1, "toggle_on", target="DeskLamp"), "Switched DeskLamp on."),
        (Step(1, "wave", target="Mug"), "Did wave Mug."),
    ],
)
def test_an_action_and_its_outcome_in_words(step, sentence):
    assert said(step) == [sentence]


def test_what_is_new_is_named_once_and_not_all_of_it():
    things = [Thing(label) for label in ("Pan", "Mug", "Mug", "Egg", "Cup", "Pot", "Pen")]
    assert said(Step(1, "rotate_left", new=things)) == ["Turned left and found Cup, Egg, Mug, Pan and 2 more."]


def test_what_the_action_explains_is_no_news():
    put = Step(1, "place", target="Bed", held="Pillow", new=[Thing("Pillow"), Thing("Book")])
    taken = Step(2, "move_back", held="Mug", gone=[Thing("Mug")])
    assert said(put, taken) == ["Put Pillow on Bed and found Book.", "Moved back."]
    failed = Step(1, "pick", "occluded", target="Mug", new=[Thing("Mug")])
    assert said(failed) == ["Could not pick Mug, occluded and found Mug."]


def test_a_room_is_named_when_it_is_another():
    rooms = ["Kitchen", "Kitchen", "", "Kitchen", "Bedroom"]
    told = said(*[Step(k, "move_ahead", room=room) for k, room in enumerate(rooms)])
    assert told == [
        "Moved ahead and came into the Kitchen.", *["Moved ahead."] * 3, "Moved ahead and came into the Bedroom."
    ]  # fmt: skip


def test_a_thing_that_turns_up_elsewhere_has_moved():
    gone = Step(1, "move_ahead", gone=[Thing("Mug", (1.0, 0.0, 0.8))])
    there = Step(5, "move_ahead", new=[Thing("Mug", (3.0, 0.0, 0.8))])
    again = Step(5, "move_ahead", new=[Thing("Mug", (1.1, 0.0, 0.8))])
    assert said(gone, there) == ["Moved ahead and no longer saw Mug.", "Moved ahead and saw that Mug moved."]
    assert said(gone, again)[1] == "Moved ahead and found Mug."
    long_after = Step(90, "move_ahead", new=[Thing("Mug", (3.0, 0.0, 0.8))])
    assert said(gone, long_after)[1] == "Moved ahead and found Mug."


def test_the_journal_is_told_unless_the_action_tells_it():
    happened = [
        Happening("picked", "Mug"),
        Happening("failed", "Mug", "no_path"),
        Happening("found", "Pan", "misplaced 0.92", "Bed"),
        Happening("phase", "tidy"),
    ]
    step = Step(1, "look_up", happened=happened)
    assert said(step) == [
        "Looked up, gave up on Mug, no path, took Pan on Bed for misplaced and began to tidy."
    ]  # fmt: skip
    few = Summariser(SummaryConfig(happenings=1)).summarise(step)
    assert few.happened == ("began to tidy",)


def test_a_record_is_json_and_equal_steps_give_equal_words():
    step = Step(3, "pick", target="Mug", room="Kitchen", new=[Thing("Pan"), Thing("Egg")], gone=[Thing("Cup")])
    a, b = Summariser().summarise(step), Summariser().summarise(step)
    assert a == b
    plain = json.loads(json.dumps(a.plain()))
    assert (plain["new"], plain["gone"], plain["entered"]) == (["Egg", "Pan"], ["Cup"], True)
    assert plain["sentence"] == "Picked up Mug, came into the Kitchen, found Egg, Pan and no longer saw Cup."


def test_steps_that_are_alike_are_counted_by_temporal_memory():
    told = said(*[Step(k, "move_ahead", room="Kitchen") for k in range(5)])
    assert compress_by_rule(told) == "Moved ahead and came into the Kitchen; Moved ahead (x4)"
