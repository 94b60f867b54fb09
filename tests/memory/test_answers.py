from __future__ import annotations

import pytest

from engram.memory.answers import answers
from engram.memory.contract import Hit, Recall, Source


def hit(store, id_, text, score=0.5, confidence=0.9, step=0, at=(0.0, 0.0, 0.0), **data):
    return Hit(store, id_, text, score, confidence, Source("r", "e", step, step * 10**9), at, data)


def mug(number=1, score=0.9, **changes):
    return hit("objects", f"Mug_{number}", f"Mug_{number} on Desk_1", score, label="Mug", support="Desk_1", **changes)


def recalled(*hits):
    by_store: dict[str, list[Hit]] = {}
    for h in hits:
        by_store.setdefault(h.store, []).append(h)
    return Recall(1, by_store)


def fact(id_, thing, text, room="", **changes):
    return hit("graph", id_, text, 1.0, 1.0, thing=thing, room=room, **changes)


def test_the_thing_that_is_asked_for_comes_first_with_its_room():
    found = answers(
        recalled(
            hit("spatial", "s", "Mug: 5 voxels", 1.0, at=(3.0, 0.0, 0.0), label="Mug"),
            fact("e1", "Mug_1", "Mug_1 on Desk_1, Desk_1 in room Bedroom", "Bedroom"),
            mug(step=7),
        ),
        "where is the mug?",
    )
    assert [h.id for h in found] == ["Mug_1", "s"]
    assert (found[0].data["room"], found[0].data["support"], found[0].source.step) == ("Bedroom", "Desk_1", 7)
    assert found[0].score > 1.0 >= found[1].score


def test_a_thing_that_is_meant_comes_before_what_speaks_of_little_of_the_question():
    meant, other = mug(1, 0.55), hit("objects", "Desk_1", "Desk_1", 0.45, label="Desk")
    facts = [fact("e2", "Desk_1", "Desk_1 in room Study", "Study"), fact("e1", "Mug_1", "Mug_1 on Desk_1", "Study")]
    found = answers(recalled(meant, other, *facts), "where is the cup?")
    assert [h.id for h in found] == ["Mug_1", "e2", "Desk_1"]  # what is said of the mug is in its own answer
    assert (found[0].data["room"], found[0].confidence) == ("Study", 0.55)
    lesson = hit("semantic", "n", "pick cup: works")
    assert [h.id for h in answers(recalled(meant, lesson), "pick cup")] == ["n", "Mug_1"]


def test_the_room_is_that_of_the_thing_and_not_of_another():
    one, two = answers(
        recalled(
            fact("e1", "Mug_2", "Mug_2 on Bed_1", "Bedroom"),
            fact("e2", "Mug_1", "Mug_1 on Desk_1", "Kitchen"),
            mug(1, 0.9),
            mug(2, 0.4),
        ),
        "mugs",
    )
    assert [(h.id, h.data["room"]) for h in (one, two)] == [("Mug_1", "Kitchen"), ("Mug_2", "Bedroom")]


def test_of_equally_sure_things_the_one_seen_last_comes_first():
    found = answers(recalled(mug(1, step=3), mug(2, step=9)), "mug")
    assert [h.id for h in found] == ["Mug_2", "Mug_1"]


def test_voxels_of_a_thing_repeat_it_and_those_elsewhere_do_not():
    near = hit("spatial", "near", "Mug: 5 voxels", at=(0.3, 0.0, 0.0), label="Mug")
    far = hit("spatial", "far", "Mug: 5 voxels", at=(0.6, 0.0, 0.0), label="Mug")
    plate = hit("spatial", "plate", "Plate: 5 voxels", label="Plate")
    assert [h.id for h in answers(recalled(mug(), near, far, plate), "mug")] == ["Mug_1", "far", "plate"]


@pytest.mark.parametrize("question", ["where is the remote control?", "RemoteControl", "remote_control"])
def test_names_are_words(question):
    remote = hit("objects", "RemoteControl_1", "RemoteControl_1, stale", 0.2, label="RemoteControl")
    desk = hit("objects", "Desk_1", "Desk_1, stale", 0.9, label="Desk")
    note = hit("semantic", "n", "pick RemoteControl: works")
    assert answers(recalled(desk, note, remote), question)[0].id == "RemoteControl_1"


def test_what_was_done_just_now_counts_when_it_is_about_the_question():
    steps = [hit("temporal", "t1", "Moved ahead."), hit("temporal", "t0", "Picked up Mug.")]
    assert [h.id for h in answers(recalled(*steps), "what happened to the mug?")] == ["t0"]
    assert answers(recalled(*steps), "elephant") == []


def test_steps_after_the_time_that_is_asked_about_tell_nothing_of_it():
    steps = [hit("temporal", "t1", "Put Mug on Desk.", step=9), hit("temporal", "t0", "Picked up Mug.", step=4)]
    assert [h.id for h in answers(recalled(*steps), "mug", at_ns=5 * 10**9)] == ["t0"]
    seen_later = mug(step=9)  # the object map says where it was then
    assert [h.id for h in answers(recalled(seen_later, *steps), "mug", at_ns=5 * 10**9)] == ["Mug_1", "t0"]


def test_others_are_ordered_by_shared_words_rank_and_confidence():
    found = answers(
        recalled(
            hit("semantic", "n1", "pick Mug: works"),
            hit("semantic", "n2", "pick Mug: fails"),
            hit("episodic", "x", "tidy the house", confidence=0.4),
            hit("topology", "nothing", "place_1", confidence=0.0),
        ),
        "pick mug",
    )
    assert [(h.id, h.score) for h in found] == [("n1", 1.0), ("n2", 0.5), ("x", 0.2)]
    assert [h.id for h in answers(recalled(mug(), mug(2)), "mug", limit=1)] == ["Mug_1"]
