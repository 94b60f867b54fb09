from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.planners.contract import CLEAN, COLD, FILLED, HOT, ON, OPEN, SLICED, Noun, Want
from engram.planners.goals import GoalParser, Unparsed, is_search, is_tidy, parse_goal
from engram.planners.goals.lexicon import lexicon
from engram.sims.house.categories import CATEGORIES

LAMPS = ("DeskLamp", "FloorLamp")
TABLES = ("CoffeeTable", "DiningTable", "SideTable")
SINKS = ("Sink", "SinkBasin")
SHELVES = ("Shelf", "ShelvingUnit")


def noun(*kinds, **parts):
    return Noun(frozenset(kinds), frozenset(parts.pop("states", ())), **parts)


def put(thing, *place, count=1, **parts):
    return Want(thing, noun(*place, **parts), count=count)


CASES = {
    "put a clean mug in the coffee machine": [put(noun("Mug", states=[CLEAN]), "CoffeeMachine")],
    "bring me the red book": [Want(noun("Book", colour="red"), held=True)],
    "put two pillows on the sofa": [put(noun("Pillow"), "Sofa", count=2)],
    "heat a potato and put it in the fridge": [put(noun("Potato", states=[HOT]), "Fridge")],
    "place a chilled tomato on the counter": [put(noun("Tomato", states=[COLD]), "CounterTop")],
    "put a washed apple in the fridge": [put(noun("Apple", states=[CLEAN]), "Fridge")],
    "put a bowl with an apple in it in the fridge": [put(noun("Apple"), "Bowl"), put(noun("Bowl"), "Fridge")],
    "put an apple in a bowl and put the bowl in the fridge": [put(noun("Apple"), "Bowl"), put(noun("Bowl"), "Fridge")],
    "look at the book under the desk lamp": [Want(noun("Book"), held=True), Want(noun("DeskLamp", states=[ON]))],
    "examine the watch by the light of the lamp": [Want(noun("Watch"), held=True), Want(noun(*LAMPS, states=[ON]))],
    "turn on the lamp": [Want(noun(*LAMPS, states=[ON]))],
    "switch the television on": [Want(noun("Television", states=[ON]))],
    "open the fridge": [Want(noun("Fridge", states=[OPEN]))],
    "put the book that is next to the laptop on the bed": [put(noun("Book", beside=noun("Laptop")), "Bed")],
    "move the mug from the desk to the sink": [put(noun("Mug", place=noun("Desk")), *SINKS)],
    "put the red book from the bedroom on the shelf": [put(noun("Book", colour="red", room="Bedroom"), *SHELVES)],
    "put the book on the desk on the bed": [put(noun("Book", place=noun("Desk")), "Bed")],
    "put the mug on the table in the kitchen": [put(noun("Mug"), *TABLES, room="Kitchen")],
    "slice the bread and put a slice on a plate": [put(noun("BreadSliced"), "Plate")],
    "cut the apple with the knife": [Want(noun("AppleSliced", states=[SLICED]))],
    "fill the vase with water and put it on the table": [put(noun("Vase", states=[FILLED]), *TABLES)],
    "put the mug in the coffee machine and turn it on": [
        put(noun("Mug"), "CoffeeMachine"),
        Want(noun("CoffeeMachine", states=[ON])),
    ],
    "put the mug in the sink and the plate on the shelf": [put(noun("Mug"), *SINKS), put(noun("Plate"), *SHELVES)],
    "Put a fork, a knife and a spoon on the desk, then turn on the tap.": [
        put(noun("Fork"), "Desk"),
        put(noun("Knife"), "Desk"),
        put(noun("Spoon"), "Desk"),
        Want(noun("Faucet", states=[ON])),
    ],
    "Take the apple out of the fridge, wash it, slice it and put a slice on the plate.": [
        put(noun("AppleSliced", states=[CLEAN], place=noun("Fridge")), "Plate")
    ],
    "Open the fridge, take out the apple, close the fridge and put the apple on the counter.": [
        put(noun("Apple"), "CounterTop")
    ],
    "open the fridge and put the apple in it": [put(noun("Apple"), "Fridge")],
    "open the laptop and bring me a mug": [Want(noun("Laptop", states=[OPEN])), Want(noun("Mug"), held=True)],
    "wash the mug in the sink": [Want(noun("Mug", states=[CLEAN]))],
    "After washing the mug, put it on the shelf.": [put(noun("Mug", states=[CLEAN]), *SHELVES)],
    "wash a fork and a spoon and put them in the drawer": [
        put(noun("Fork", states=[CLEAN]), "Drawer"),
        put(noun("Spoon", states=[CLEAN]), "Drawer"),
    ],
    "make sure that the mug is clean and on the desk": [put(noun("Mug", states=[CLEAN]), "Desk")],
    "there should be two pillows on the sofa": [put(noun("Pillow"), "Sofa", count=2)],
    "I had a long day. Could you please put a mug in the fridge, thanks!": [put(noun("Mug"), "Fridge")],
    "I'm thirsty, so please bring me something to drink from.": [Want(noun("Cup", "Mug"), held=True)],
    "Guests arrive at eight, put two plates on the desk": [put(noun("Plate"), "Desk", count=2)],
    "I put the mug in the sink yesterday. Bring me a book": [Want(noun("Book"), held=True)],
    "put something to write with on the desk": [put(noun("Pen", "Pencil"), "Desk")],
    "put an apple where food is kept cold": [put(noun("Apple"), "Fridge")],
    "bring me a piece of fruit": [Want(noun("Apple"), held=True)],
    "put the teddy bear on something soft to sit on": [put(noun("TeddyBear"), "ArmChair", "Sofa")],
    "put the pan on the floor": [put(noun("Pan"), "Floor")],
    "put the keys in the safe and close it": [put(noun("KeyChain"), "Safe")],
    "open the fridge, take the tomato and put it in the sink": [put(noun("Tomato"), *SINKS)],
    "Grab a knife, slice the tomato, and put the slice in the fridge.": [put(noun("TomatoSliced"), "Fridge")],
    "put a hot slice of bread on a clean plate": [put(noun("BreadSliced", states=[HOT]), "Plate", states=[CLEAN])],
    "put the mug in the microwave, turn it on, take the mug out and put it on the desk": [
        put(noun("Mug", states=[HOT]), "Desk")
    ],
    "the apple needs to be washed and put in the fridge": [put(noun("Apple", states=[CLEAN]), "Fridge")],
    "I would like the apple to be in the fridge": [put(noun("Apple"), "Fridge")],
    "inspect the pillow with the floor lamp on": [
        Want(noun("Pillow"), held=True),
        Want(noun("FloorLamp", states=[ON])),
    ],
    "find a mug": [Want(noun("Mug"))],
    "where's the remote?": [Want(noun("RemoteControl"))],
}


@pytest.mark.parametrize("text", CASES)
def test_requests_mean_what_people_mean(text):
    assert parse_goal(text).wants == tuple(CASES[text])


FAULTS = {
    "": ("empty", ""),
    "hello there": ("no_request", ""),
    "put the mogg in the sink": ("unknown_word", "mogg"),
    "frobnicate the mug": ("unknown_word", "frobnicate"),
    "put the mug in the sink, polish the table": ("unknown_word", "polish"),
    "don't put the mug in the sink": ("unsupported", "not"),
    "bring me a book. never put the mug in the sink": ("unsupported", "never"),
    "put all mugs in the sink": ("unsupported", "all"),
    "if the apple is dirty, wash it": ("unsupported", "if"),
    "put the big mug in the sink": ("unsupported", "big"),
    "put the mug next to the laptop": ("unsupported", "next"),
    "turn off the lamp": ("unsupported", "off"),
    "put the mug on the desk and close the laptop": ("unsupported", "close"),
    "put a vase on the desk, next to the statue": ("unsupported", "next"),
    "put it in the sink": ("no_referent", "it"),
    "put the mug": ("structure", ""),
    "a mug " * 300: ("too_long", ""),
}


@pytest.mark.parametrize("text", FAULTS)
def test_what_is_not_understood_is_refused_with_the_reason(text):
    with pytest.raises(Unparsed) as caught:
        parse_goal(text)

    assert (caught.value.reason, caught.value.word) == FAULTS[text]


def test_an_unknown_word_comes_with_the_nearest_known_one():
    with pytest.raises(Unparsed, match="did you mean 'pillow'") as caught:
        parse_goal("put the pilow on the bed")

    assert caught.value.nearest == "pillow"


class Meanings:
    """Knows that a chalice is much like a cup and a little like a mug, and nothing else."""

    name, dims = "meanings", 3

    def embed(self, texts):
        known = {"chalice": (1.0, 0.0, 0.0), "cup": (0.8, 0.6, 0.0), "mug": (0.5, 0.866, 0.0)}
        return np.array([known.get(text, (0.0, 0.0, 0.0)) for text in texts], np.float32)


def test_an_embedder_reads_unknown_words_where_it_is_sure_enough():
    parser = GoalParser(Meanings())

    assert parser.parse("put a clean chalice on the desk").wants == (put(noun("Cup", states=[CLEAN]), "Desk"),)
    with pytest.raises(Unparsed, match="grommet"):
        parser.parse("put a grommet on the desk")


def test_tidying_is_told_from_cleaning_and_from_reaching_nothing():
    assert is_tidy(parse_goal("Please tidy up the living room"))
    assert is_tidy(parse_goal("clean up the house"))
    assert parse_goal("tidy the house").wants == ()
    assert not is_tidy(parse_goal("clean the mug"))


def test_only_a_want_of_nothing_is_a_search():
    assert is_search(parse_goal("find a mug").wants[0])
    assert not is_search(parse_goal("wash a mug").wants[0])
    assert not is_search(parse_goal("bring me a mug").wants[0])


def test_the_words_are_of_categories_that_the_house_has():
    lex = lexicon()
    named = set(lex.names) | {
        kind
        for _, sense in [(0, s) for p in lex.nouns.phrases() for _, s in lex.nouns.at(tuple(p.split()), 0)[:1]]
        for kind in sense.kinds
    }

    assert named - {"Floor"} == set(CATEGORIES)
    assert lex.slices == {c.name: c.sliced for c in CATEGORIES.values() if c.sliced}
    assert lex.openable == {c.name for c in CATEGORIES.values() if c.openable}
    assert lex.switchable == {c.name for c in CATEGORIES.values() if c.toggleable}
    assert all(CATEGORIES[kind].receptacle for kind in lex.anywhere)
    assert lex.portable == {c.name for c in CATEGORIES.values() if c.pickupable}
    assert lex.receptacles - {"Floor"} == {c.name for c in CATEGORIES.values() if c.receptacle}


def test_long_chains_of_places_are_read_in_bounded_time():
    text = "put the mug " + "on the desk in the box next to the lamp " * 24 + "in the sink"

    with pytest.raises(Unparsed):
        parse_goal(text)


WORDS = "put the a mug red in on sink and it , . bring me is that next to with two slice i not zorb"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS.split(" ")), max_size=20))
def test_no_text_breaks_the_parser(said):
    with suppress(Unparsed):
        assert all(want.thing.kinds for want in parse_goal(" ".join(said)).wants)


def test_a_thing_is_not_described_by_itself():
    with pytest.raises(Unparsed):
        parse_goal("move something with music on it so that it ends up on the dresser")


def test_take_your_time_is_no_request():
    goal = parse_goal("Put a cup on a side table. Take your time with it.")
    assert [sorted(w.thing.kinds) for w in goal.wants] == [["Cup"]]
