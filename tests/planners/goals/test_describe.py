import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.planners.contract import CLEAN, COLD, FILLED, HOT, ON, OPEN, SLICED, Goal, Noun, Want
from engram.planners.goals import COLOURS, describe, parse_goal
from engram.planners.goals.lexicon import lexicon

ROOMS = ("", "Kitchen", "LivingRoom", "Bedroom", "Bathroom")
KINDS = st.one_of(
    st.sampled_from(sorted(lexicon().names)).map(lambda kind: frozenset({kind})),
    st.sampled_from(sorted(lexicon().concepts, key=sorted)),
    st.sets(st.sampled_from(sorted(lexicon().names)), min_size=2, max_size=3).map(frozenset),
)
STATES = st.sets(st.sampled_from([CLEAN, HOT, COLD, FILLED, OPEN, ON]), max_size=2).map(frozenset)


def nouns(depth):
    other = st.none() | nouns(depth - 1) if depth else st.none()
    colours, rooms = st.sampled_from(("", *COLOURS)), st.sampled_from(ROOMS)
    return st.builds(Noun, KINDS, STATES, colours, rooms, other, other)


COUNTS = st.integers(1, 6)
WANTS = st.one_of(
    st.builds(Want, nouns(2), nouns(2), count=COUNTS),
    st.builds(Want, nouns(2), held=st.just(True), count=COUNTS),
    st.builds(Want, nouns(1), count=COUNTS),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(WANTS, min_size=1, max_size=2))
def test_what_is_said_of_a_goal_is_read_as_that_goal(wants):
    told = describe(Goal(tuple(wants)))

    assert parse_goal(told).wants == tuple(wants), told


@pytest.mark.parametrize(
    ("want", "text"),
    [
        (
            Want(Noun(frozenset({"Mug"}), frozenset({CLEAN})), Noun(frozenset({"Fridge"}))),
            "Put a clean mug into a fridge.",
        ),
        (Want(Noun(frozenset({"Book"}), colour="red"), held=True), "Bring me a red book."),
        (Want(Noun(frozenset({"BreadSliced"}), frozenset({SLICED}))), "Make sure that a bread slice is sliced."),
        (Want(Noun(frozenset({"DeskLamp", "FloorLamp"}), frozenset({ON}))), "Make sure that a lamp is lit."),
        (Want(Noun(frozenset({"Knife"})), count=2), "Find two knives."),
    ],
)
def test_goals_are_said_in_plain_words(want, text):
    assert describe(Goal((want,))) == text
    assert parse_goal(text).wants == (want,)


def test_a_goal_without_wants_is_told_by_its_text_and_a_nameless_kind_not_at_all():
    assert describe(Goal((), "tidy the house")) == "tidy the house"
    with pytest.raises(ValueError, match="Zorb"):
        describe(Goal((Want(Noun(frozenset({"Zorb"})), held=True),)))
