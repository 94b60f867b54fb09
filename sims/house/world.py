"""The embedded household as a world: AI2-THOR's actions and rules on a MuJoCo house.

The robot is kinematic: a disc of 0.2 m radius with a camera above it. Everything else obeys physics, which runs only
while things settle. Headings are multiples of ``rotate_deg``; with 90 degrees the base stays on a 0.25 m grid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from engram.sims.contract import Frame, Outcome, Verb, World
from engram.sims.house.begin import begin
from engram.sims.house.generate import generate
from engram.sims.house.interact import SETTLE_SECS, Arm, Hit
from engram.sims.house.model import HouseModel
from engram.sims.house.motion import Floor, NoStandingRoomError
from engram.sims.house.noise import Odometry, noisy_depth
from engram.sims.house.options import RESET_OPTIONS, ConfigError, HouseConfig, ResetOptions, make_config, reset_options
from engram.sims.house.physics import Physics
from engram.sims.house.regions import Regions
from engram.sims.house.render.base import Image, Renderer, make_renderer
from engram.sims.house.spec import HouseSpec
from engram.sims.house.stance import Base, Stance, yaw_rad
from engram.sims.house.states import KNIVES, States
from engram.sims.house.truth import HouseTruth, Shown
from engram.sims.seeds import check_seed

STEP_NS = 500_000_000  # an action takes half a second
_MOVES = frozenset({Verb.MOVE_AHEAD, Verb.MOVE_BACK, Verb.MOVE_LEFT, Verb.MOVE_RIGHT})
_ODOMETRY, _DEPTH, _FRAMES = range(102, 105)  # streams of random numbers; generator and beginning have their own

__all__ = ["ConfigError", "HouseConfig", "HouseWorld", "NoStandingRoomError"]


@dataclass(eq=False)
class _Episode:
    """All that one episode changes."""

    house: HouseModel
    physics: Physics
    regions: Regions
    floor: Floor
    arm: Arm
    states: States
    truth: HouseTruth
    renderer: Renderer
    odometry: Odometry
    depth_rng: np.random.Generator
    frame_rng: np.random.Generator
    start: Base
    stance: Stance
    image: Image | None = None  # what the camera sees now
    shown: Frame | None = None  # what was delivered last

    @property
    def base(self) -> Base:
        """True pose of the base in the house frame."""
        return self.start.then(self.stance.base)

    @property
    def camera(self) -> NDArray[np.float64]:
        """(4, 4) true pose of the camera in the house frame."""
        return replace(self.stance, base=self.base).camera()


class HouseWorld(World):
    """A procedural or given house.

    ``reset`` takes the options ``house`` (a ``HouseSpec``, its JSON as a dict, or the path of a JSON file) or
    ``rooms`` (a number, or room types), ``area_m2`` and ``objects`` for a generated one; ``mess``, how many things are
    displaced first; and ``start``, the first pose as (x, y, yaw in degrees) in the house frame.
    """

    metadata: dict[str, Any] = {**World.metadata, "render_fps": 10}  # noqa: RUF012 - Gymnasium's own declaration
    option_names = RESET_OPTIONS
    config: HouseConfig

    def __init__(self, config: HouseConfig | None = None, *, render_mode: str | None = None, **fields: Any) -> None:
        """Take a configuration, single fields of it, or both; raise ``ConfigError`` for an unknown name."""
        super().__init__(make_config(config, fields), render_mode)
        self._running: _Episode | None = None

    def close(self) -> None:
        """End the episode and free what the renderer holds."""
        close = getattr(self._running.renderer, "close", None) if self._running is not None else None
        if close is not None:
            close()
        self._running = None

    @property
    def truth(self) -> HouseTruth:
        """Ground truth of the running episode."""
        return self._episode.truth

    @property
    def _episode(self) -> _Episode:
        if self._running is None:
            raise ResetNeeded("no episode has begun: call reset() first")
        return self._running

    def _begin(self, seed: int, options: dict[str, Any]) -> dict[str, Any]:
        chosen = reset_options(self.config, options)
        seed = check_seed(seed)
        spec = chosen.house or generate(seed, rooms=chosen.rooms, area_m2=chosen.area_m2, objects=chosen.objects)
        episode = _build(spec, self.config, chosen, seed)
        self.close()
        self._running = episode
        return {
            "house_seed": spec.seed,
            "rooms": [room.type for room in spec.rooms],
            "objects": len(spec.objects),
            "displaced": len(episode.truth.mess),
        }

    def _act(self, verb: Verb, point: tuple[float, float]) -> Outcome:
        episode = self._episode
        if verb in _MOVES:
            outcome = self._move(verb)
        elif verb.takes_point or verb is Verb.DROP:
            outcome = self._handle(verb, point)
        else:
            outcome = self._turn(verb)
        episode.truth.stance = episode.stance
        return outcome

    def _move(self, verb: Verb) -> Outcome:
        episode = self._episode
        base = episode.stance.base.ahead(verb, self.config.move_m)
        if episode.floor.blocked(episode.base.point, episode.start.then(base).point):
            return Outcome.BLOCKED
        episode.stance = replace(episode.stance, base=base)
        self._went(verb)
        return Outcome.OK

    def _turn(self, verb: Verb) -> Outcome:
        stance = self._episode.stance.turned(verb, self.config.rotate_deg, self.config.look_deg)
        if stance is None:
            return Outcome.INVALID
        self._episode.stance = stance
        self._went(verb)
        return Outcome.OK

    def _went(self, verb: Verb) -> None:
        episode = self._episode
        episode.odometry.moved(verb, episode.stance)
        episode.arm.hand.carry(episode.camera)

    def _handle(self, verb: Verb, point: tuple[float, float]) -> Outcome:
        episode = self._episode
        outcome = self._use(verb, point)
        if outcome is Outcome.OK:
            episode.states.react()
            episode.arm.hand.carry(episode.camera)
            episode.floor.changed()
            episode.truth.changes += 1
        return outcome

    def _use(self, verb: Verb, point: tuple[float, float]) -> Outcome:
        arm, base = self._episode.arm, self._episode.base
        if verb is Verb.DROP:
            return arm.drop(base)
        hit = self._aim(point)
        if verb is Verb.PICK:
            return arm.pick(hit)
        if verb is Verb.PLACE:
            return arm.place(hit, base)
        if verb in (Verb.OPEN, Verb.CLOSE):
            return arm.open(hit, base, 1.0 if verb is Verb.OPEN else 0.0)
        return self._switch_or_slice(verb, hit)

    def _switch_or_slice(self, verb: Verb, hit: Hit) -> Outcome:
        episode = self._episode
        arm, states, thing = episode.arm, episode.states, hit.thing
        held = arm.hand.held
        if verb is Verb.SLICE and held is None:
            return Outcome.HAND_EMPTY
        if verb is Verb.SLICE and held is not None and held.category not in KNIVES:
            return Outcome.INVALID
        if thing is None:
            return Outcome.NOTHING_THERE
        if thing in arm.hand.load:
            return Outcome.OCCLUDED
        if not (thing.kind.sliceable if verb is Verb.SLICE else thing.kind.toggleable):
            return Outcome.NOTHING_THERE
        if not arm.reaches(hit):
            return Outcome.UNREACHABLE
        if verb is Verb.SLICE:
            return states.slice(thing, SETTLE_SECS)
        return states.toggle(thing, on=verb is Verb.TOGGLE_ON)

    def _aim(self, point: tuple[float, float]) -> Hit:
        """What an image point shows in the true image of this moment."""
        episode, image = self._episode, self._look()
        height, width = image.geom.shape
        row, col = min(int(point[1] * height), height - 1), min(int(point[0] * width), width - 1)
        geom, depth = int(image.geom[row, col]), float(image.depth[row, col])
        if geom < 0 or depth <= 0.0:
            return Hit(None, np.full(3, np.inf), np.inf)
        c = self.camera
        ray = np.array([(col + 0.5 - c.cx) / c.fx, (row + 0.5 - c.cy) / c.fy, 1.0])
        pose = episode.camera
        there = pose[:3, :3] @ (ray * depth) + pose[:3, 3]
        owner = int(episode.house.owner[geom])
        thing = episode.house.things[owner] if owner >= 0 else None
        return Hit(thing, there, float(np.linalg.norm(there[:2] - episode.base.point)))

    def _look(self) -> Image:
        episode = self._episode
        if episode.image is None:
            pose = episode.camera
            episode.image = episode.renderer.render(episode.physics.data, pose[:3, 3], pose[:3, :3], self.camera)
        return episode.image

    def _sense(self) -> Frame:
        episode, config = self._episode, self.config
        episode.image = None
        image = self._look()
        believed = episode.odometry.believed
        base = np.array([believed.base.x_m, believed.base.y_m, yaw_rad(believed.base)])
        holding = episode.arm.hand.held is not None
        if config.drop_rate and episode.frame_rng.random() < config.drop_rate and episode.shown is not None:
            # The last picture comes again, with the pose and time that belong to it.
            episode.shown = replace(episode.shown, base=base, holding=holding)
            return episode.shown
        depth = image.depth
        if config.depth_noise:
            depth = noisy_depth(depth, config.depth_noise, episode.depth_rng)
        stamp = self._steps * STEP_NS
        episode.shown = Frame(image.rgb, depth, believed.camera(), base, holding, stamp)
        episode.truth.shown = Shown(image.geom, episode.stance)
        return episode.shown


def _build(spec: HouseSpec, config: HouseConfig, chosen: ResetOptions, seed: int) -> _Episode:
    """Begin in a house, and give the robot its senses."""

    def stream(number: int) -> np.random.Generator:
        return np.random.default_rng([seed, number])

    begun = begin(spec, chosen, seed, config.reach_m)
    return _Episode(
        house=begun.house,
        physics=begun.physics,
        regions=begun.regions,
        floor=begun.floor,
        arm=begun.arm,
        states=begun.states,
        truth=begun.truth,
        renderer=make_renderer(config.renderer, begun.house.model),
        odometry=Odometry(config, stream(_ODOMETRY)),
        depth_rng=stream(_DEPTH),
        frame_rng=stream(_FRAMES),
        start=begun.start,
        stance=Stance(),
    )
