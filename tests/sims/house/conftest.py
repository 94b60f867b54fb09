"""A small kitchen in which every verb has something to do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from engram.sims.contract import Outcome, TrueObject, Verb, act
from engram.sims.house.spec import FixtureSpec, HouseSpec, ObjectSpec, RoomSpec
from engram.sims.house.world import HouseWorld

ROOM = "Kitchen_1"
# A place to stand before each fixture: x, y in metres, yaw in degrees; house frame.
STANDS = {
    "counter": (1.4, 1.0, 180.0),
    "fridge": (1.7, 2.4, 180.0),
    "microwave": (1.4, 4.3, 180.0),
    "sink": (3.6, 1.0, 0.0),
    "stove": (3.6, 3.0, 0.0),
    "coffee": (3.6, 4.3, 0.0),
    "middle": (2.5, 2.5, 0.0),
}
FIXTURES = (
    ("CounterTop_1", "CounterTop", 0, (0.36, 1.0, 0.0), 0.0),
    ("Fridge_1", "Fridge", 0, (0.42, 2.7, 0.0), 0.0),
    ("CounterTop_2", "CounterTop", 4, (0.36, 4.3, 0.0), 0.0),
    ("Microwave_1", "Microwave", 0, (0.3, 4.3, 0.9), 0.0),
    ("Sink_1", "Sink", 0, (4.64, 1.0, 0.0), math.pi),
    ("CounterTop_3", "CounterTop", 12, (4.63, 3.0, 0.0), math.pi),
    ("CounterTop_4", "CounterTop", 4, (4.64, 4.3, 0.0), math.pi),
    ("CoffeeMachine_1", "CoffeeMachine", 0, (4.7, 4.15, 0.9), math.pi),
    ("Toaster_1", "Toaster", 0, (4.7, 4.5, 0.9), math.pi),
)


def thing(name: str, x: float, y: float, z: float = 0.0, *, dirty: bool = False, variant: int = 0) -> ObjectSpec:
    return ObjectSpec(
        name, name.split("_")[0], variant, ROOM, "", (float(x), float(y), float(z)), (1.0, 0.0, 0.0, 0.0), dirty
    )


def kitchen(*objects: ObjectSpec) -> HouseSpec:
    grey = (0.8, 0.8, 0.8)
    room = RoomSpec(ROOM, "Kitchen", 0.0, 0.0, 5.0, 5.0, "tile", grey, grey)
    fixtures = tuple(FixtureSpec(id_, cat, v, ROOM, pos, yaw) for id_, cat, v, pos, yaw in FIXTURES)
    return HouseSpec(1, (room,), (), fixtures, objects)


class Lab:
    """A world in the kitchen, and ways to aim at things in it."""

    def __init__(self, *objects: ObjectSpec, stand: str = "counter", pitch: int = 1, **fields: Any) -> None:
        self.world = HouseWorld(width=160, height=160, **fields)
        self.observation, self.info = self.world.reset(
            seed=3, options={"house": kitchen(*objects), "start": STANDS[stand]}
        )
        for _ in range(pitch):
            self.do(Verb.LOOK_DOWN)

    def do(self, verb: Verb, target: str | tuple[float, float] = (0.5, 0.5)) -> Outcome:
        point = self.find(target) if isinstance(target, str) else target
        self.observation = self.world.step(act(verb, *point))[0]
        return Outcome(self.observation["outcome"])

    def find(self, name: str) -> tuple[float, float]:
        """Image point in the middle of what shows of a thing."""
        names = [o.id for o in self.world.truth.objects()]
        rows, cols = np.nonzero(self.world.truth.instances() == names.index(name))
        assert len(rows), f"{name} is not in view"
        k = np.argmin((rows - np.median(rows)) ** 2 + (cols - np.median(cols)) ** 2)
        return (cols[k] + 0.5) / 160, (rows[k] + 0.5) / 160

    def point_of(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Image point of a position of the house frame."""
        truth = self.world.truth
        pose = np.linalg.inv(truth.start.matrix() @ truth.map_T_camera())
        p = pose[:3, :3] @ [x, y, z] + pose[:3, 3]
        c = self.world.camera
        return (c.fx * p[0] / p[2] + c.cx) / c.width, (c.fy * p[1] / p[2] + c.cy) / c.height

    def wall(self) -> tuple[float, float]:
        """Image point of structure."""
        rows, cols = np.nonzero((self.world.truth.instances() < 0) & (self.observation["depth"] > 0))
        return (cols[0] + 0.5) / 160, (rows[0] + 0.5) / 160

    def object(self, name: str) -> TrueObject:
        return next(o for o in self.world.truth.objects() if o.id == name)

    def state(self, name: str) -> dict[str, Any]:
        return self.object(name).state

    def freeze(self) -> tuple[Any, ...]:
        """Everything that an action may change."""
        e = self.world._episode
        states = [(t.openness, t.on, t.dirty, t.cooked, t.filled, t.temperature, t.parked) for t in e.house.things]
        load = [t.id for t in e.arm.hand.load]
        e.physics.refresh()
        model = e.house.model
        return (
            e.physics.data.qpos.tobytes(),
            model.geom_contype.tobytes(),
            model.geom_rgba.tobytes(),
            states,
            load,
            e.stance,
        )

    def close(self) -> None:
        self.world.close()


@pytest.fixture
def lab() -> Iterator[Callable[..., Lab]]:
    made: list[Lab] = []

    def make(*objects: ObjectSpec, **options: Any) -> Lab:
        made.append(Lab(*objects, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def on_counter() -> dict[str, ObjectSpec]:
    """Things on the first counter, by id."""
    places = {
        "Mug_1": (0.5, 1.0),
        "Apple_1": (0.5, 0.85),
        "Knife_1": (0.3, 1.15),
        "Bread_1": (0.35, 0.95),
        "Plate_1": (0.4, 1.0),
        "Egg_1": (0.5, 1.0),
        "Potato_1": (0.45, 1.0),
        "Pot_1": (0.42, 1.0),
        "BreadSliced_1": (0.42, 1.0),
    }
    return {name: thing(name, x, y, 0.901) for name, (x, y) in places.items()}


@pytest.fixture
def put() -> Callable[..., ObjectSpec]:
    return thing


@pytest.fixture
def plan() -> Callable[..., HouseSpec]:
    return kitchen
