"""The conformance kit runs on any world: it uses the contract and the truth, and nothing else of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

from engram.sims.contract import Observation, Outcome, Verb, World, act
from engram.sims.registration import register

SEED = 11
_QUICK: dict[str, dict[str, Any]] = {"engram/House-v0": {"rooms": 1}}


@pytest.fixture(scope="session")
def world_id(request: pytest.FixtureRequest) -> str:
    register()
    name = request.config.getoption("--world")
    if "/" in name or ":" in name or name in gymnasium.registry:
        return name
    known = {i.removeprefix("engram/").rpartition("-")[0].lower(): i for i in gymnasium.registry if "engram/" in i}
    if name.lower() not in known:
        raise pytest.UsageError(f"no world {name!r}; known are {', '.join(sorted(known))}, or give a Gymnasium id")
    return known[name.lower()]


@pytest.fixture(scope="session")
def make(world_id: str) -> Iterator[Callable[[], World]]:
    """Builds a fresh world."""
    built: list[World] = []

    def build() -> World:
        world = gymnasium.make(world_id, disable_env_checker=True, **_QUICK.get(world_id, {})).unwrapped
        assert isinstance(world, World)
        built.append(world)
        return world

    yield build
    for world in built:
        world.close()


@pytest.fixture(scope="session")
def shared(make: Callable[[], World]) -> World:
    return make()


@pytest.fixture
def pilot(shared: World) -> Pilot:
    """A pilot at the start of a fresh episode."""
    return Pilot(shared)


class Pilot:
    """Drives a world and finds things in its pictures."""

    def __init__(self, world: World, seed: int = SEED) -> None:
        self.world = world
        self.observation: Observation
        self.observation, self.info = world.reset(seed=seed)

    def do(self, verb: Verb, u: float = 0.5, v: float = 0.5) -> Outcome:
        self.observation, reward, _, _, self.info = self.world.step(act(verb, u, v))
        assert reward == 0.0
        outcome = Outcome(self.observation["outcome"])
        assert self.info["outcome"] == outcome.code
        return outcome

    def points(self) -> np.ndarray:
        """(H, W, 3) map position of each pixel, as the robot believes."""
        return unproject(self.observation)

    def pixel(self, mask: np.ndarray) -> tuple[float, float]:
        """Image point of the pixel of a mask that lies nearest to its middle."""
        rows, cols = np.nonzero(mask)
        k = np.argmin((rows - np.median(rows)) ** 2 + (cols - np.median(cols)) ** 2)
        height, width = mask.shape
        return (cols[k] + 0.5) / width, (rows[k] + 0.5) / height

    def structure(self) -> np.ndarray:
        """(H, W) whether a pixel shows walls, floor or ceiling."""
        return (self.world.truth.instances() < 0) & (self.observation["depth"] > 0)

    def away(self) -> np.ndarray:
        """(H, W) horizontal distance from the base to what each pixel shows."""
        return np.linalg.norm(self.points()[..., :2] - self.observation["base"][:2], axis=-1)

    def movable(self) -> np.ndarray:
        """(H, W) whether a pixel shows something that can be picked up."""
        table = np.array([o.pickupable for o in self.world.truth.objects()] + [False])
        return table[self.world.truth.instances()]

    def look_around(self) -> Iterator[None]:
        """Stop at each heading and pitch."""
        world = self.world
        for _ in range(round(360 / world.config.rotate_deg)):
            for verb in (Verb.LOOK_DOWN, Verb.LOOK_DOWN, Verb.LOOK_UP, Verb.LOOK_UP):
                yield
                self.do(verb)
            self.do(Verb.ROTATE_LEFT)

    def wander(self, steps: int, seed: int = 0) -> Iterator[None]:
        """Stop after each step of a random walk with the eyes cast down."""
        rng = np.random.default_rng(seed)
        self.do(Verb.LOOK_DOWN)
        for _ in range(steps):
            yield
            verb = Verb.MOVE_AHEAD if rng.random() < 0.7 else Verb.ROTATE_LEFT
            if self.do(verb) is Outcome.BLOCKED:
                self.do(Verb.ROTATE_RIGHT)

    def grasp(self) -> str | None:
        """Wander until something can be picked up, and pick it up; its id."""
        for _ in self.wander(150):
            within = self.movable() & (self.away() < self.world.config.reach_m - 0.1)
            if np.count_nonzero(within) < 30:
                continue
            u, v = self.pixel(within)
            height, width = within.shape
            number = self.world.truth.instances()[int(v * height), int(u * width)]
            name = self.world.truth.objects()[number].id
            if self.do(Verb.PICK, u, v) is Outcome.OK:
                return name
        return None


def unproject(observation: Observation) -> np.ndarray:
    fx, fy, cx, cy, width, height = observation["camera"]
    u, v = np.meshgrid(np.arange(int(width)) + 0.5, np.arange(int(height)) + 0.5)
    depth = observation["depth"].astype(np.float64)
    local = np.stack([(u - cx) / fx * depth, (v - cy) / fy * depth, depth, np.ones_like(depth)], -1)
    return (local @ observation["map_T_camera"].T)[..., :3]


@pytest.fixture
def start(shared: World) -> Callable[[int], Pilot]:
    """Begins an episode of a given seed."""
    return lambda seed: Pilot(shared, seed)


@pytest.fixture
def new_pilot(make: Callable[[], World]) -> Callable[[], Pilot]:
    """Begins an episode in a world of its own."""
    return lambda: Pilot(make())
