from __future__ import annotations

import numpy as np
import pytest

from engram.sims.house.catalog.registry import VARIANTS, build, built_categories, variants
from engram.sims.house.categories import CATEGORIES, FIXTURES, PICKUPABLE, category
from engram.sims.house.geometry import part_corners, quat_matrix
from engram.sims.house.model import compile_house
from engram.sims.house.physics import Physics
from engram.sims.house.spec import HouseSpec, ObjectSpec, RoomSpec

ALL = [(name, v) for name in CATEGORIES for v in range(variants(name))]


def test_every_category_is_built():
    assert built_categories() == set(CATEGORIES)
    assert len(PICKUPABLE) >= 60
    assert len(FIXTURES) >= 30


def looks(shape):
    """What a shape shows, as plain values."""
    shown = [p for p in (*shape.parts, *shape.moving) if p.visible]
    return [(p.kind, p.size, p.pos, p.rgb, None if p.mesh is None else p.mesh.vertices.tobytes()) for p in shown]


@pytest.mark.parametrize("name", CATEGORIES)
def test_variants_differ_in_form_and_colour(name):
    shapes = [build(name, v) for v in range(variants(name))]
    assert len(shapes) >= VARIANTS
    seen = {repr(looks(s)) + repr([repr(looks(c.shape)) for c in s.children]) for s in shapes}
    assert len(seen) == len(shapes)
    units = [(s, *(c.shape for c in s.children)) for s in shapes]
    colours = {repr([p.rgb for part in unit for p in (*part.parts, *part.moving)]) for unit in units}
    assert len(colours) >= 2


@pytest.mark.parametrize("name", CATEGORIES)
def test_affordances_have_their_parts(name):
    kind = category(name)
    for v in range(variants(name)):
        shape = build(name, v)
        assert shape.category == name
        assert bool(shape.regions) == kind.receptacle
        assert (shape.joint is not None) == kind.openable
        assert bool(shape.moving) == kind.openable
        for region in shape.regions:
            assert np.all(np.subtract(region.hi, region.lo) > 0.0)
            assert not region.moving or shape.joint is not None


@pytest.mark.parametrize("name", CATEGORIES)
def test_sizes_are_those_of_a_household(name):
    for v in range(variants(name)):
        lo, hi = build(name, v).bounds()
        size = hi - lo
        assert 0.005 < size.max() < (1.0 if category(name).pickupable else 2.6), (v, size)
        if category(name).pickupable:
            assert abs(lo[2]) < 0.005, (v, lo)
            assert np.abs((lo + hi)[:2] / 2).max() < 0.06, (v, lo, hi)
            assert 0.005 <= build(name, v).mass_kg <= 8.0


@pytest.mark.parametrize("name", PICKUPABLE)
def test_objects_rest_where_they_are_put(name):
    room = RoomSpec("Kitchen_1", "Kitchen", 0.0, 0.0, 8.0, 4.0, "wood", (0.5, 0.5, 0.5), (0.9, 0.9, 0.9))
    count = variants(name)
    items = tuple(
        ObjectSpec(f"{name}_{v}", name, v, room.id, "", (1.0 + 1.2 * v, 2.0, 0.002), (1.0, 0.0, 0.0, 0.0))
        for v in range(count)
    )
    house = compile_house(HouseSpec(0, (room,), (), (), items))
    physics = Physics(house)
    physics.wake([house.by_id[item.id] for item in items])
    physics.settle(2.0)
    for item in items:
        pose = physics.pose(house.by_id[item.id])
        assert np.hypot(*(pose.pos[:2] - item.pos[:2])) < 0.04, item.id
        assert quat_matrix(pose.quat)[2, 2] > 0.97, f"{item.id} tipped over"
        assert abs(pose.pos[2]) < 0.02, item.id


FLOOR_STANDING = """
ArmChair Bathtub Bed Chair CoffeeTable CounterTop Desk DiningTable DogBed Dresser FloorLamp Footstool Fridge GarbageCan
HousePlant LaundryHamper Ottoman Safe ShelvingUnit SideTable Sink Sofa Stool TVStand Toilet VacuumCleaner
"""


def in_the_way(part):
    """Points of a part between ankle and head height."""
    if part.mesh is not None or part.kind not in ("sphere", "ellipsoid"):
        points = part_corners(part)
    else:
        half = (part.size[0],) * 3 if part.kind == "sphere" else part.size
        way = np.random.default_rng(0).normal(size=(400, 3))
        points = way / np.linalg.norm(way, axis=1, keepdims=True) * half @ quat_matrix(part.quat).T + part.pos
    return points[(points[:, 2] > 0.03) & (points[:, 2] < 1.7)]


@pytest.mark.parametrize("name", FLOOR_STANDING.split())
def test_nobody_drives_through_what_shows(name):
    for v in range(variants(name)):
        shape = build(name, v)
        parts = (*shape.parts, *shape.moving)
        shown = np.concatenate([in_the_way(p) for p in parts if p.visible])
        solid = np.concatenate([in_the_way(p) for p in parts if p.solid and p.mesh is None])
        assert np.all(solid.min(0)[:2] - shown.min(0)[:2] < 0.09), v
        assert np.all(shown.max(0)[:2] - solid.max(0)[:2] < 0.09), v
