"""House files: what is written is read back, and what is broken is named by its path."""

from __future__ import annotations

import dataclasses
import json

import pytest

from engram.sims.house.spec import (
    SCHEMA_VERSION,
    FixtureSpec,
    HouseSpec,
    HouseSpecError,
    ObjectSpec,
    OpeningSpec,
    RoomSpec,
)

ROOM = RoomSpec("Kitchen_1", "Kitchen", 0.0, 0.0, 4.0, 3.5, "tile", (0.8, 0.8, 0.8), (0.9, 0.9, 0.85))
WINDOW = OpeningSpec("window", ("Kitchen_1",), "x", 2.0, 0.0, 1.2, 0.9, 2.1)
TABLE = FixtureSpec("DiningTable_1", "DiningTable", 2, "Kitchen_1", (2.0, 1.5, 0.0), 1.5707963267948966)
MUG = ObjectSpec("Mug_1", "Mug", 1, "Kitchen_1", "DiningTable_1", (2.1, 1.6, 0.741), (1.0, 0.0, 0.0, 0.0), dirty=True)
HOUSE = HouseSpec(7, (ROOM,), (WINDOW,), (TABLE,), (MUG,))


def changed(**kind):
    """The house as a file, with values put at paths such as objects__0__category."""
    raw = json.loads(HOUSE.to_json())
    for path, value in kind.items():
        *steps, last = [int(s) if s.isdigit() else s for s in path.split("__")]
        at = raw
        for step in steps:
            at = at[step]
        at[last] = value
    return json.dumps(raw)


def test_round_trip_is_exact():
    assert HouseSpec.from_json(HOUSE.to_json()) == HOUSE


def test_defaults_may_be_left_out():
    raw = json.loads(HOUSE.to_json())
    del raw["ceiling_m"], raw["schema_version"], raw["objects"][0]["dirty"]
    read = HouseSpec.from_json(json.dumps(raw))
    assert read.ceiling_m == 2.6
    assert read.schema_version == SCHEMA_VERSION
    assert read.objects == (dataclasses.replace(MUG, dirty=False),)


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"objects__0__category": "Mugg"}, "$.objects[0].category", "did you mean 'Mug'"),
        ({"fixtures__0__category": "DinigTable"}, "$.fixtures[0].category", "did you mean 'DiningTable'"),
        ({"fixtures__0__category": "Mug"}, "$.fixtures[0].category", "Mug belongs in objects"),
        ({"objects__0__category": "Sofa"}, "$.objects[0].category", "Sofa belongs in fixtures"),
        ({"objects__0__room": "Attic_1"}, "$.objects[0].room", "no room 'Attic_1'"),
        ({"openings__0__rooms": ["Attic_1"]}, "$.openings[0].rooms[0]", "no room 'Attic_1'"),
        ({"rooms__0__type": "Attic"}, "$.rooms[0].type", "'Kitchen'"),
        ({"rooms__0__x1": "wide"}, "$.rooms[0].x1", "must be float"),
        ({"rooms__0__x1": float("nan")}, "$.rooms[0].x1", "finite"),
        ({"rooms__0__colour": 1}, "$.rooms[0].colour", "unknown key"),
        ({"rooms": []}, "$.rooms", "at least one room"),
        ({"fixtures__0__pos": [1.0, 2.0]}, "$.fixtures[0].pos", "must have 3 values, not 2"),
        ({"fixtures__0__variant": True}, "$.fixtures[0].variant", "must be int"),
        ({"objects__0__id": "DiningTable_1"}, "$.objects[0].id", "occurs twice"),
        ({"objects__0__dirty": "no"}, "$.objects[0].dirty", "must be bool"),
        ({"schema_version": 99}, "$.schema_version", "reads version 1"),
        ({"objects": {}}, "$.objects", "must be a list"),
    ],
)
def test_error_names_the_path(change, path, says):
    with pytest.raises(HouseSpecError) as caught:
        HouseSpec.from_json(changed(**change))
    assert caught.value.path == path
    assert says in str(caught.value)


def test_missing_key_is_named():
    raw = json.loads(HOUSE.to_json())
    del raw["rooms"][0]["y1"]
    with pytest.raises(HouseSpecError, match=r"^\$\.rooms\[0\]\.y1: is missing$"):
        HouseSpec.from_json(json.dumps(raw))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3"])
def test_text_that_is_no_house_is_refused(text):
    with pytest.raises(HouseSpecError) as caught:
        HouseSpec.from_json(text)
    assert caught.value.path == "$"
