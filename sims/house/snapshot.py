"""What one episode leaves to the next: the house as a spec, as it is now; and the colour of things."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engram.sims.house.geometry import Part, Shape, part_corners
from engram.sims.house.model import HouseModel, Thing
from engram.sims.house.physics import Physics
from engram.sims.house.regions import Regions
from engram.sims.house.spec import RGB, HouseSpec, ObjectSpec


def spec_now(house: HouseModel, physics: Physics, regions: Regions, hidden: frozenset[str] = frozenset()) -> HouseSpec:
    """Return a house with its objects where they are now, slices for what was sliced.

    Heat, water and what was cooked are gone by the next episode; appliances are off, and all is shut. What lies in a
    drawer that was open is moved back with it. What was cut is whole again, where it lay when the house was compiled.

    Args:
        house: as it was compiled.
        physics: says where everything is.
        regions: say what holds what.
        hidden: ids of objects to leave out.

    """
    before = physics.save()
    for thing in house.things:
        if thing.openness > 0.0:
            swing(physics, regions, thing, 0.0)
    specs = {o.id: o for o in house.spec.objects}
    objects = []
    for thing in house.things:
        if thing.id in specs and thing.id not in hidden:
            objects.append(specs[thing.id] if thing.parked else _object(house, physics, regions, thing))
    physics.restore(before)
    return replace(house.spec, objects=tuple(objects))


def swing(physics: Physics, regions: Regions, thing: Thing, openness: float) -> None:
    """Open or shut something whatever is in the way; what lies in a drawer goes with it."""
    place = next((p for p in regions.of(thing) if p.moving), None)
    joint = thing.shape.joint
    if place is None or joint is None or joint.kind != "slide":
        physics.set_open(thing, openness)
        return
    inside, before = regions.contents(thing), regions.frame(place)[1].copy()
    physics.set_open(thing, openness)
    shift = regions.frame(place)[1] - before
    for other in inside:
        pose = physics.pose(other)
        physics.move(other, pose._replace(pos=pose.pos + shift))


def mean_rgb(shape: Shape) -> RGB:
    """Mean colour of what is seen of a clean thing: its visible parts by the surface of their boxes."""
    parts = [p for p in (*shape.parts, *shape.moving) if p.visible]
    weights = np.array([_surface_m2(p) for p in parts])
    mean = (np.array([p.rgb for p in parts]) * weights[:, None]).sum(0) / weights.sum()
    return float(mean[0]), float(mean[1]), float(mean[2])


def _object(house: HouseModel, physics: Physics, regions: Regions, thing: Thing) -> ObjectSpec:
    pose, holders = physics.pose(thing), regions.receptacles(thing)
    x, y, z = (round(float(v), 5) for v in pose.pos)
    w, i, j, k = (round(float(v), 6) for v in pose.quat)
    receptacle = house.things[holders[0]].id if holders else ""
    return ObjectSpec(
        thing.id, thing.category, thing.variant, _room(house.spec, pose.pos, thing.room), receptacle,
        (x, y, z), (w, i, j, k), thing.dirty,
    )  # fmt: skip


def _room(spec: HouseSpec, point: NDArray[np.float64], usual: str) -> str:
    x, y, _ = point
    return next((r.id for r in spec.rooms if r.x0 <= x <= r.x1 and r.y0 <= y <= r.y1), usual)


def _surface_m2(part: Part) -> float:
    points = part_corners(part)
    a, b, c = np.maximum(points.max(0) - points.min(0), 1e-4)
    return float(2 * (a * b + b * c + a * c))
