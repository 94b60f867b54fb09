"""Ways of asking, each with words of its own."""

import pytest

from engram.planners.contract import CLEAN, COLD, FILLED, HOT, ON, Noun, Want
from engram.planners.goals import Unparsed, parse_goal

SINKS, SHELVES, TABLES = ("Sink", "SinkBasin"), ("Shelf", "ShelvingUnit"), ("CoffeeTable", "DiningTable", "SideTable")


def noun(*kinds, **parts):
    return Noun(frozenset(kinds), frozenset(parts.pop("states", ())), **parts)


def put(thing, *place, count=1, **parts):
    return Want(thing, noun(*place, **parts), count=count)


def wants(text):
    return parse_goal(text).wants


CONNECTED = {
    "Place a fork on the bed. Once this is finished, put a watch on the desk.": [
        put(noun("Fork"), "Bed"),
        put(noun("Watch"), "Desk"),
    ],
    "To begin with, put a pan on the stove; secondly, put a pot on the stove, and last of all, open the safe.": [
        put(noun("Pan"), "StoveBurner"),
        put(noun("Pot"), "StoveBurner"),
        Want(noun("Safe", states=["open"])),
    ],
    "As soon as you are done with that, turn on the television. In addition, bring me a pen.": [
        Want(noun("Television", states=[ON])),
        Want(noun("Pen"), held=True),
    ],
    "Put a book on the bed and, while you are at it, put a vase there too.": [
        put(noun("Book"), "Bed"),
        put(noun("Vase"), "Bed"),
    ],
}
LIGHT_VERBS = {
    "Would you give the forks a quick rinse and put them in the drawer?": [
        put(noun("Fork", states=[CLEAN]), "Drawer", count=2)
    ],
    "Give the spoon a scrub before you lay it on the desk.": [put(noun("Spoon", states=[CLEAN]), "Desk")],
    "Give the kettle a refill.": [Want(noun("Kettle", states=[FILLED]))],
    "Run the plate under the tap and stow it in the cabinet.": [put(noun("Plate", states=[CLEAN]), "Cabinet")],
    "Get the egg nice and hot, then set it on the desk.": [put(noun("Egg", states=[HOT]), "Desk")],
    "Let the pot cool down and leave it on the bed.": [put(noun("Pot", states=[COLD]), "Bed")],
    "Have the tomato washed and put it on the desk.": [put(noun("Tomato", states=[CLEAN]), "Desk")],
    "Warm the potato up until it is hot, then put it on a plate.": [put(noun("Potato", states=[HOT]), "Plate")],
    "Once you have washed the pan, put it on the bed.": [put(noun("Pan", states=[CLEAN]), "Bed")],
    "Put a bowl on the desk once it has been washed.": [put(noun("Bowl", states=[CLEAN]), "Desk")],
}
RESULTS = {
    "Shift the statue on the dresser such that it ends up on the sofa.": [
        put(noun("Statue", place=noun("Dresser")), "Sofa")
    ],
    "Carry the pillow over so that it lies on the bed.": [put(noun("Pillow"), "Bed")],
    "Make sure a clean mug ends up in the cabinet.": [put(noun("Mug", states=[CLEAN]), "Cabinet")],
    "See to it that an apple gets cold and is put on the desk.": [put(noun("Apple", states=[COLD]), "Desk")],
    "Fetch the pan in the sink and stow it in the cabinet.": [put(noun("Pan", place=noun(*SINKS)), "Cabinet")],
    "Find the bowl on the shelf, rinse it and drop it in the sink.": [
        put(noun("Bowl", states=[CLEAN], place=noun(*SHELVES)), *SINKS)
    ],
    "Gather three pencils together on the desk.": [put(noun("Pencil"), "Desk", count=3)],
    "Turn on the floor lamp and study a newspaper.": [
        Want(noun("FloorLamp", states=[ON])),
        Want(noun("Newspaper"), held=True),
    ],
    "With the desk lamp switched on, inspect a statue.": [
        Want(noun("DeskLamp", states=[ON])),
        Want(noun("Statue"), held=True),
    ],
}
ASIDE = {
    "Do not bother with the forks, just bring me a spoon.": [Want(noun("Spoon"), held=True)],
    "Leave the pillows where they are and put a book on the bed.": [put(noun("Book"), "Bed")],
    "Pay no attention to the towels. Put a watch on the desk but leave the pens alone.": [put(noun("Watch"), "Desk")],
    "You need not clean the pans; put a pot on the bed.": [put(noun("Pot"), "Bed")],
    "Somebody else will see to the boots. Bring me a book. The laptops can stay where they are.": [
        Want(noun("Book"), held=True)
    ],
    "Never mind washing the mug, just put it in the sink.": [put(noun("Mug"), *SINKS)],
    "There is a cup on the bed. Please wash it.": [Want(noun("Cup", states=[CLEAN], place=noun("Bed")))],
}
USES = {
    "Place the device that I call people with on the bed.": [put(noun("CellPhone"), "Bed")],
    "Move a crunchy fruit to the place where we sleep.": [put(noun("Apple"), "Bed")],
    "Put something to stir my coffee with on the furniture I work at.": [put(noun("Spoon"), "Desk")],
    "Put a tool for flipping pancakes where cups are stored.": [put(noun("Spatula"), "Cabinet")],
    "Bring me something to eat noodles with.": [Want(noun("Fork"), held=True)],
    "Bring me something to eat porridge from.": [Want(noun("Bowl"), held=True)],
    "Put what I wear on my wrist into the box.": [put(noun("Watch"), "Box")],
    "Put the blue thing for drinking on the desk.": [put(noun("Cup", "Mug", colour="blue"), "Desk")],
    "Put a plate on the table where we eat.": [put(noun("Plate"), "DiningTable")],
    "Switch on something that gives light.": [Want(noun("DeskLamp", "FloorLamp", states=[ON]))],
    "Put something to write with on the desk in the bedroom.": [put(noun("Pen", "Pencil"), "Desk", room="Bedroom")],
}


@pytest.mark.parametrize("text", [*CONNECTED, *LIGHT_VERBS, *RESULTS, *ASIDE, *USES])
def test_each_way_of_asking_is_understood(text):
    assert wants(text) == tuple((CONNECTED | LIGHT_VERBS | RESULTS | ASIDE | USES)[text])


@pytest.mark.parametrize(
    "text",
    [
        "Put the flowers on the desk.",  # a vase is for flowers, and is none
        "Bring me the brown thing.",
        "Bring me something to sit on.",  # nothing that is for it can be carried
        "Put the mug on something to drink from the moon with.",
        "Put the thing with which I brush my hair on the bed.",
        "Put the mug in a flurb where we eat.",
    ],
)
def test_descriptions_that_fit_nothing_or_too_much_are_refused(text):
    with pytest.raises(Unparsed):
        parse_goal(text)


@pytest.mark.parametrize(
    "text",
    [
        "I need you to frobnicate the mug. Put a mug on the desk.",
        "Put a fork in a bowl and frobnicate the table.",
        "You really should polish the plate. Put a mug on the desk.",
        "Get a mug cleaned and put away in the cabinet.",
        "Please do not put the mug in the sink. Put a fork on the desk.",
        "Never mind the forks and frobnicate the spoons.",
    ],
)
def test_a_request_that_is_not_understood_is_not_passed_over_as_talk(text):
    with pytest.raises(Unparsed):
        parse_goal(text)


def test_leaving_a_thing_somewhere_is_a_request_and_leaving_it_alone_is_none():
    assert wants("Leave the bowl on the desk.") == (put(noun("Bowl"), "Desk"),)
    with pytest.raises(Unparsed):
        parse_goal("Leave the bowl on the desk alone.")


def test_what_is_taken_to_a_room_is_not_told_by_it():
    (want,) = wants("Take a towel to the bathroom.")

    assert want.thing == noun("Towel")
    assert want.at is not None
    assert want.at.room == "Bathroom"
