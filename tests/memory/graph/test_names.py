from __future__ import annotations

import numpy as np
import pytest

from engram.memory.graph.names import Names, canonical


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CoffeeTable", "coffee table"),
        ("coffee_table", "coffee table"),
        ("CD_2", "cd 2"),
        ("CDs", "cds"),
        ("TVStand", "tv stand"),
        ("Mug_12", "mug 12"),
        ("Küche", "küche"),
        ("", ""),
    ],
)
def test_canonical(name, words):
    assert canonical(name) == words


def test_a_name_leads_to_candidates_and_an_instance_to_itself():
    names = Names()
    for id_ in ("CD_1", "CD_2"):
        names.add("CD", id_)
        names.add(id_, id_)
    assert names.candidates("CD") == ["CD_1", "CD_2"]
    assert names.candidates("cd 2") == ["CD_2"]
    assert names.candidates("disc") == []
    names.add("disc", "CD_2")
    assert names.candidates("Disc") == ["CD_2"]


def test_mentions_are_the_longest_names():
    names = Names()
    for name in ("Table", "CoffeeTable", "Mug", "Box", "CD_2", "CD"):
        names.add(name, name)
    assert names.mentioned("Is the mug on the coffee table?") == ["mug", "coffee table"]
    assert names.mentioned("Where are the mugs and boxes?") == ["mug", "box"]
    assert names.mentioned("put CD_2 down") == ["cd 2"]
    assert names.mentioned("tablecloth") == []


def test_nearest_in_meaning_and_late_names():
    vectors = {"mug": (1, 0), "cup": (0.8, 0.6), "sofa": (0, 1), "a drink": (0.9, 0.43589)}
    asked = []

    def embed(texts):
        asked.extend(texts)
        return np.array([vectors[t] for t in texts], np.float32)

    names = Names(embed)
    names.add("Mug", "Mug_1")
    assert names.nearest("a drink", 3) == [("mug", pytest.approx(0.9))]
    names.add("Cup", "Cup_1")
    names.add("Sofa", "Sofa_1")
    assert [name for name, _ in names.nearest("a drink", 2)] == ["cup", "mug"]
    assert asked.count("mug") == 1
    assert names.nearest("a drink", 0) == []


def test_numbered_names_have_no_meaning_of_their_own():
    asked = []

    def embed(texts):
        asked.extend(texts)
        return np.ones((len(texts), 1), np.float32)

    names = Names(embed)
    for name, id_ in (("Mug", "Mug_1"), ("Mug_1", "Mug_1"), ("Mug_2", "Mug_2"), ("CD_2", "CD_2")):
        names.add(name, id_)
    assert [name for name, _ in names.nearest("x", 9)] == ["mug"]
    names.add("Cup", "CD_2")
    assert [name for name, _ in names.nearest("x", 9)] == ["cup", "mug"]
    names.drop("CD_2")
    assert [name for name, _ in names.nearest("x", 9)] == ["mug"]
    assert set(asked) == {"mug", "cup", "x"}
    names.restore({"bed": ["Bed_1"]})
    assert [name for name, _ in names.nearest("x", 9)] == ["bed"]


def test_without_vectors_nothing_is_near():
    names = Names()
    names.add("Mug", "Mug_1")
    assert names.nearest("mug", 3) == []


def test_state_round_trip():
    names, back = Names(), Names()
    names.add("CD", "CD_2")
    names.add("CD", "CD_1")
    back.restore(names.state())
    assert back.candidates("cd") == ["CD_2", "CD_1"]
