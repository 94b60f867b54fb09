"""The placement table and the errors of a faulty one."""

from __future__ import annotations

import pytest

from engram.sims.house.categories import CATEGORIES, PICKUPABLE, UnknownCategoryError
from engram.sims.house.placement import FLOOR, PlacementTableError, kept_in, load, parse, proper, weights

HEADER = "category,room,receptacle,weight,source\n"


def test_every_pickupable_category_has_a_proper_place():
    assert {row.category for row in load()} == set(PICKUPABLE)


def test_common_sense():
    assert proper("Pillow", "Bedroom", "Bed")
    assert proper("Egg", "Kitchen", "Fridge")
    assert proper("Plunger", "Bathroom", FLOOR)
    assert not proper("Pillow", "Bathroom", "Toilet")
    assert not proper("Egg", "Kitchen", FLOOR)
    assert not proper("ToiletPaper", "Kitchen", "CounterTop")


def test_weights_are_those_of_the_rows():
    rows = {(r.room, r.receptacle): r.weight for r in load() if r.category == "Kettle"}
    assert weights("Kettle") == rows
    kitchen = sum(w for (room, _), w in rows.items() if room == "Kitchen")
    assert kept_in("Kitchen")["Kettle"] == pytest.approx(kitchen)
    assert "Pillow" not in kept_in("Bathroom")


def test_receptacles_hold_things():
    assert all(row.receptacle == FLOOR or CATEGORIES[row.receptacle].receptacle for row in load())


def test_unknown_category_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownCategoryError, match="did you mean 'Kettle'"):
        weights("Kettel")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("Mugg,Kitchen,CounterTop,1,x", "did you mean 'Mug'"),
        ("Mug,Attic,CounterTop,1,x", "unknown room type 'Attic'"),
        ("Mug,Kitchen,Painting,1,x", "Painting holds nothing"),
        ("Sofa,Kitchen,CounterTop,1,x", "Sofa cannot be picked up"),
        ("Mug,Kitchen,CounterTop,much,x", "must be a number"),
        ("Mug,Kitchen,CounterTop,0,x", "above 0"),
        ("Mug,Kitchen,CounterTop,nan,x", "above 0"),
        ("Mug,Kitchen,CounterTop,1,", "source is missing"),
        ("Mug,Kitchen,CounterTop", "has 5 cells"),
    ],
)
def test_faulty_row_is_named_by_file_and_line(row, says):
    with pytest.raises(PlacementTableError, match=r"^mine\.csv:3: ") as caught:
        parse(HEADER + "Cup,Kitchen,CounterTop,1,x\n" + row + "\n", "mine.csv")
    assert says in str(caught.value)


def test_double_row_names_the_first():
    row = "Cup,Kitchen,CounterTop,1,x\n"
    with pytest.raises(PlacementTableError, match=r"^mine\.csv:3: .* already on line 2$"):
        parse(HEADER + row + row, "mine.csv")


def test_wrong_header_is_refused():
    with pytest.raises(PlacementTableError, match="the columns must be"):
        parse("a,b\n", "mine.csv")
