"""Furniture: nothing overlaps, doors and windows stay free, rooms have what their type needs."""

from __future__ import annotations

from functools import cache
from math import cos, pi, sin

import numpy as np
import pytest

from engram.sims.house.arrange import Arrangement, item, overlaps, turn_box
from engram.sims.house.catalog.registry import build
from engram.sims.house.components import walk
from engram.sims.house.furnish import furnish
from engram.sims.house.layout import make_layout
from engram.sims.house.spec import OpeningSpec, RoomSpec

TYPES = ("Kitchen", "LivingRoom", "Bedroom", "Bathroom")
SEEDS = range(6)
SEATS = ("Chair", "Stool")


@cache
def house(seed):
    rooms, openings = make_layout(TYPES, None, np.random.default_rng(seed))
    return rooms, openings, furnish(rooms, openings, np.random.default_rng(seed + 100))


def box_of(fixture):
    it = item(fixture.category, fixture.variant)
    return turn_box(it.lo, it.hi, fixture.pos, round(fixture.yaw / (pi / 2)))


def of(fixtures, *names):
    return [f for f in fixtures if f.category in names]


@pytest.mark.parametrize("seed", SEEDS)
def test_fixtures_stay_in_their_room(seed):
    rooms, _, fixtures = house(seed)
    by_id = {r.id: r for r in rooms}
    for fixture in fixtures:
        room, box = by_id[fixture.room], box_of(fixture)
        assert room.x0 + 0.049 <= box[0], fixture
        assert box[3] <= room.x1 - 0.049, fixture
        assert room.y0 + 0.049 <= box[1], fixture
        assert box[4] <= room.y1 - 0.049, fixture
        assert box[2] >= -0.005, fixture


@pytest.mark.parametrize("seed", SEEDS)
def test_only_seats_reach_below_other_furniture(seed):
    _, _, fixtures = house(seed)
    boxes = np.array([box_of(f) for f in fixtures])
    for k, fixture in enumerate(fixtures):
        for n in np.flatnonzero(overlaps(boxes, boxes[k : k + 1])):
            other = fixtures[int(n)]
            tucked = {fixture.category in SEATS, other.category in SEATS} == {True, False}
            stands_on = {fixture.pos[2] > 0.2, other.pos[2] > 0.2} == {True, False}
            assert n == k or tucked or stands_on, (fixture.id, other.id)


@pytest.mark.parametrize("seed", SEEDS)
def test_floor_before_doors_is_clear(seed):
    _, openings, fixtures = house(seed)
    boxes = np.array([box_of(f) for f in fixtures])
    for o in (o for o in openings if o.kind == "door"):
        along, across = (o.width / 2, 0.65) if o.axis == "x" else (0.65, o.width / 2)
        zone = np.array([[o.x - along, o.y - across, 0.0, o.x + along, o.y + across, 1.9]])
        assert not overlaps(zone, boxes).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_only_curtains_and_low_things_stand_before_windows(seed):
    _, openings, fixtures = house(seed)
    for o in (o for o in openings if o.kind == "window"):
        along, across = (o.width / 2, 0.3) if o.axis == "x" else (0.3, o.width / 2)
        zone = np.array([[o.x - along, o.y - across, 1.45, o.x + along, o.y + across, o.top]])
        hidden = [f.id for f in fixtures if overlaps(zone, box_of(f)[None]).any()]
        assert all(name.startswith("Curtains") for name in hidden)


@pytest.mark.parametrize("seed", SEEDS)
def test_rooms_have_what_their_type_needs(seed):
    rooms, _, fixtures = house(seed)
    needed = {
        "Kitchen": {"Fridge", "Sink", "SinkBasin", "Faucet", "CounterTop", "StoveBurner", "StoveKnob", "LightSwitch"},
        "LivingRoom": {"Sofa", "Television", "TVStand", "LightSwitch"},
        "Bedroom": {"Bed", "LightSwitch"},
        "Bathroom": {"Toilet", "Sink", "Mirror", "ToiletPaperHanger", "LightSwitch"},
    }
    for room in rooms:
        inside = [f for f in fixtures if f.room == room.id]
        shapes = [(f, build(f.category, f.variant)) for f in inside]
        names = {c.shape.category for f, shape in shapes for c in walk(f.id, shape, f.pos, f.yaw)}
        assert needed[room.type] <= names


@pytest.mark.parametrize("seed", SEEDS)
def test_sofa_faces_the_television(seed):
    _, _, fixtures = house(seed)
    living = [f for f in fixtures if f.room == "LivingRoom_1"]
    (sofa,), (screen,) = of(living, "Sofa"), of(living, "Television")
    ahead, gaze = np.array([cos(sofa.yaw), sin(sofa.yaw)]), np.array([cos(screen.yaw), sin(screen.yaw)])
    away = np.array(screen.pos[:2]) - sofa.pos[:2]
    assert ahead @ gaze == pytest.approx(-1.0)
    assert 1.2 < away @ ahead < 5.5
    assert abs(away @ [-ahead[1], ahead[0]]) < 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_chairs_face_a_table_close_by(seed):
    _, _, fixtures = house(seed)
    tables = [box_of(f) for f in of(fixtures, "DiningTable", "Desk")]
    for chair in of(fixtures, "Chair"):
        x, y = chair.pos[0] + 0.45 * cos(chair.yaw), chair.pos[1] + 0.45 * sin(chair.yaw)
        assert any(t[0] <= x <= t[3] and t[1] <= y <= t[4] for t in tables), chair.id


@pytest.mark.parametrize("seed", SEEDS)
def test_kitchen_has_one_style_at_the_height_of_one_worktop(seed):
    _, _, fixtures = house(seed)
    kitchen = [f for f in fixtures if f.room == "Kitchen_1"]
    assert len({f.variant % 4 for f in of(kitchen, "CounterTop", "Sink", "Cabinet")}) == 1
    assert all(f.variant < 4 for f in of(kitchen, "Sink"))


@pytest.mark.parametrize("seed", SEEDS)
def test_rooms_are_usable(seed):
    rooms, openings, fixtures = house(seed)
    for room in rooms:
        again = Arrangement(room, openings, np.random.default_rng(0))
        for f in (f for f in fixtures if f.room == room.id):
            again.put(item(f.category, f.variant), *f.pos[:2], round(f.yaw / (pi / 2)), z=f.pos[2], check=False)
        assert again.usable()


def bare_room():
    room = RoomSpec("Bedroom_1", "Bedroom", 0.0, 0.0, 4.0, 3.0, "wood", (0.5, 0.5, 0.5), (0.9, 0.9, 0.9))
    doors = tuple(OpeningSpec("door", ("Bedroom_1", f"Hall_{x}"), "y", x, 1.5, 0.9, 0.0, 2.05) for x in (0.0, 4.0))
    return Arrangement(room, doors, np.random.default_rng(0))


@pytest.mark.parametrize(("x", "y"), [(0.45, 1.5), (3.5, 1.4)])
def test_what_blocks_a_door_is_not_put(x, y):
    room = bare_room()
    assert room.usable()
    assert room.put(item("Fridge", 0), x, y, 0) is None
    assert room.placed == []


def test_what_leaves_no_way_between_two_doors_is_not_put():
    room, it = bare_room(), item("Sofa", 0)
    middle = [1.5 - it.width / 2 + 0.2, 1.5 + it.width / 2 - 0.2]
    assert room.put(it, 2.0, middle[0], 0) is not None
    assert room.put(it, 2.0, middle[1], 0) is None
    assert len(room.placed) == 1


def test_floor_before_doors_and_fixtures_does_not_fit_anything():
    room, it = bare_room(), item("Stool", 0)
    assert not room.fits(turn_box(it.lo, it.hi, (0.4, 1.5, 0.0), 0)[None])[0]
    dresser = room.put(item("Dresser", 0), 2.0, 0.4, 1, front_m=0.7)
    before = turn_box(it.lo, it.hi, (2.0, dresser.box[4] + 0.4, 0.0), 0)[None]
    assert not room.fits(before)[0]
    assert room.fits(before, share=[dresser])[0]
