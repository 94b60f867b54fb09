from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.perception.relations import (
    BoxConfig,
    Placed,
    Relation,
    RelationConfig,
    above,
    aligned_with,
    box_relations,
    next_to,
    supported_by,
    supporter,
    text_relations,
    words_of,
)


def thing(label, centre, size, holds=False):
    c, s = np.array(centre, float), np.array(size, float)
    return Placed(label, c - s / 2, c + s / 2, holds)


TABLE = thing("DiningTable", (2.0, 0.0, 0.4), (1.0, 1.6, 0.8), holds=True)
APPLE = thing("Apple", (2.2, 0.3, 0.84), (0.08, 0.08, 0.08))
FALLEN = thing("Apple", (0.8, 0.3, 0.04), (0.08, 0.08, 0.08))
SHELF = thing("Shelf", (2.2, 0.3, 1.5), (0.8, 0.3, 0.04), holds=True)
SINK = thing("SinkBasin", (5.0, 0.0, 0.85), (0.5, 0.5, 0.2), holds=True)


def names(relations, name):
    return [r.other for r in relations if r.name == name]


def test_what_supports_is_below():
    assert supporter(APPLE, [SHELF, TABLE, SINK]) == "DiningTable"  # the shelf is nearer, but above
    assert supporter(APPLE, [SHELF]) is None
    assert supporter(FALLEN, [SHELF, TABLE, SINK]) == "Floor"
    assert supporter(FALLEN, [TABLE], floor_z_m=-1.0) is None


def test_sentences_of_an_apple_on_a_table():
    relations = text_relations(APPLE, [APPLE, SINK, TABLE, SHELF])
    assert [r.sentence for r in relations] == [
        "The apple is supported by the dining table",
        "The apple is closest to the dining table",
        "The apple is next to the dining table",
        "The apple is next to the shelf",
    ]
    assert text_relations(FALLEN, [])[0].sentence == "The apple is supported by the floor"


def test_receptacles_are_not_said_to_be_supported():
    plate = thing("Plate", (2.0, 0.0, 0.82), (0.2, 0.2, 0.03), holds=True)
    assert names(text_relations(plate, [TABLE]), "supported-by") == []
    assert names(text_relations(replace(plate, holds=False), [TABLE]), "supported-by") == ["DiningTable"]


def test_a_known_support_is_said():
    cup_on_plate = text_relations(APPLE, [TABLE], support="Plate")
    assert names(cup_on_plate, "supported-by") == ["Plate"]


def test_things_of_the_same_label_say_nothing():
    assert text_relations(APPLE, [replace(FALLEN), thing("Apple", (2.2, 0.4, 0.84), (0.1, 0.1, 0.1))]) == []


def test_at_most_fifty_and_each_once():
    crowd = [thing(f"Thing{k}", (2.2, 0.3 + k / 100, 0.84), (0.1, 0.1, 0.1)) for k in range(80)]
    relations = text_relations(APPLE, [*crowd, *crowd, TABLE])
    assert len(relations) == 50
    assert len(set(relations)) == 50
    assert names(relations, "supported-by") == ["DiningTable"]
    assert names(relations, "next-to")[0] == "Thing0"
    assert len(text_relations(APPLE, crowd, config=RelationConfig(most=3))) == 3


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("TVStand", "television stand"),
        ("CounterTop", "countertop"),
        ("RemoteControl", "remote control"),
        ("Apple", "apple"),
        ("CD", "cd"),
    ],
)
def test_labels_become_words(label, words):
    assert words_of(label) == words


def test_relation_names_lose_their_hyphens():
    assert Relation("Mug", "next-to", "TVStand").sentence == "The mug is next to the television stand"


def test_box_relations_of_the_apple():
    assert supported_by(APPLE, TABLE)
    assert not supported_by(TABLE, APPLE)
    assert not supported_by(APPLE, SHELF)
    assert above(SHELF, APPLE)
    assert not above(APPLE, SHELF)
    assert not above(APPLE, TABLE)  # it touches
    assert not next_to(APPLE, TABLE)  # wholly over it
    assert box_relations(APPLE, TABLE) == ["supported-by"]


def test_next_to_is_mutual_and_near():
    bin_ = thing("GarbageCan", (2.8, 0.0, 0.2), (0.3, 0.3, 0.4))
    assert next_to(bin_, TABLE, BoxConfig(next_to_m=0.95))
    assert next_to(TABLE, bin_, BoxConfig(next_to_m=0.95))
    assert not next_to(bin_, TABLE, BoxConfig(next_to_m=0.6))


def test_alignment_is_of_long_sides():
    sofa = thing("Sofa", (1.0, 0.0, 0.4), (0.8, 2.0, 0.8))
    stand = thing("TVStand", (2.3, 0.0, 0.3), (0.4, 1.5, 0.6))
    assert aligned_with(sofa, stand)
    assert not aligned_with(sofa, thing("Desk", (1.0, 1.2, 0.4), (1.2, 0.6, 0.8)))
    assert not aligned_with(sofa, thing("Ottoman", (1.8, 0.0, 0.2), (0.5, 0.5, 0.4)))
    assert not aligned_with(sofa, thing("TVStand", (4.0, 0.0, 0.3), (0.4, 1.5, 0.6)))


numbers = st.integers(-300, 300).map(lambda v: v / 100)
heights = st.integers(0, 200).map(lambda v: v / 100)
sizes = st.integers(5, 200).map(lambda v: v / 100)
things = st.builds(
    thing,
    st.sampled_from(["Mug", "Apple", "DiningTable", "Shelf", "Book", "Sofa"]),
    st.tuples(numbers, numbers, heights),
    st.tuples(sizes, sizes, sizes),
    st.booleans(),
)
scenes = st.tuples(things, st.lists(things, max_size=8))


def mirrored(placed):
    flip = np.array([1.0, -1.0, 1.0])
    lo, hi = placed.lo * flip, placed.hi * flip
    return Placed(placed.label, np.minimum(lo, hi), np.maximum(lo, hi), placed.holds)


def scaled(placed, by):
    return Placed(placed.label, placed.lo * by, placed.hi * by, placed.holds)


@given(scenes)
@settings(max_examples=60, deadline=None)
def test_a_mirror_changes_nothing(scene):
    target, others = scene
    there, around = mirrored(target), [mirrored(o) for o in others]
    assert text_relations(there, around) == text_relations(target, others)
    assert [box_relations(there, o) for o in around] == [box_relations(target, o) for o in others]


@given(scenes, st.sampled_from([0.5, 2.0, 4.0]))
@settings(max_examples=60, deadline=None)
def test_thresholds_are_lengths(scene, by):
    """In other units, with thresholds in those units, the same holds. Powers of two keep numbers exact."""
    target, others = scene
    text = RelationConfig(1.2 * by, 0.1 * by, 0.03 * by)
    box = BoxConfig(above_m=0.03 * by, next_to_m=0.5 * by, rest_m=0.2 * by, aligned_m=1.5 * by)
    there, around = scaled(target, by), [scaled(o, by) for o in others]
    assert text_relations(there, around, config=text) == text_relations(target, others)
    assert [box_relations(there, o, box) for o in around] == [box_relations(target, o) for o in others]


@given(scenes)
@settings(max_examples=60, deadline=None)
def test_signs(scene):
    target, others = scene
    for other in others:
        if other is not target and above(target, other):
            assert target.lo[2] > other.hi[2]
            assert not above(other, target)
    support = supporter(target, others)
    if support not in (None, "Floor"):
        assert min(o.centre[2] for o in others if o.label == support and o.holds) < target.centre[2] + 0.03
