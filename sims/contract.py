"""The world contract: what every world, simulated or real, gives to a brain and takes from it.

A world is a ``gymnasium.Env``. Observation and action are dictionaries of plain values, members of
``observation_space`` and ``action_space``. A new world subclasses :class:`World` and implements
``_begin``, ``_act``, ``_sense`` and ``truth``; validation, budgets and observations then follow the contract.

Convention
    * ``map`` and ``base`` frames: right-handed, x forward, y left, z up, metres, radians (REP-103, REP-105).
      ``map`` has its origin on the floor below the first pose of the episode and its x axis along the first heading.
    * Camera optical frame: x right, y down, z forward.
    * Depth is measured along the optical axis (z-depth, not ray length). 0 marks an invalid reading.
    * Image points are (u, v) in [0, 1]^2: u grows to the right, v grows downwards, (0, 0) is the top left corner.
    * ``map_T_camera`` maps homogeneous points of the optical frame into ``map``: it is the robot's own belief
      (odometry), so with a drifting pose model it is wrong in the way a robot's is.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple, Protocol, TypedDict

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

CONTRACT_VERSION = 1


class Verb(IntEnum):
    """What a robot can be told to do. One verb is one action of the discrete space."""

    MOVE_AHEAD = 0
    MOVE_BACK = 1
    MOVE_LEFT = 2
    MOVE_RIGHT = 3
    ROTATE_LEFT = 4
    ROTATE_RIGHT = 5
    LOOK_UP = 6
    LOOK_DOWN = 7
    CROUCH = 8
    STAND = 9
    PICK = 10
    PLACE = 11
    OPEN = 12
    CLOSE = 13
    TOGGLE_ON = 14
    TOGGLE_OFF = 15
    SLICE = 16
    DROP = 17
    DONE = 18

    @property
    def takes_point(self) -> bool:
        """Whether the verb acts on what lies at the image point of the action."""
        return Verb.PICK <= self <= Verb.SLICE


class Outcome(IntEnum):
    """What the last action came to. ``code`` is the reason code of logs and reports."""

    OK = 0
    BLOCKED = 1  # something solid is in the way of the motion
    UNREACHABLE = 2  # beyond the reach of the arm
    OCCLUDED = 3  # the point shows the held object, or glass in front of the target
    NOT_OPENABLE = 4
    HAND_FULL = 5
    HAND_EMPTY = 6
    NO_SPACE = 7  # no free patch for the held object
    CLOSED = 8  # the receptacle must be opened first
    NOTHING_THERE = 9  # nothing at the point that the verb applies to
    INVALID = 10  # understood, but impossible for this target or in this state
    TIMEOUT = 11  # the world gave no answer within its deadline

    @property
    def code(self) -> str:
        """Lower-case reason code, such as ``"hand_full"``."""
        return self.name.lower()


class Action(TypedDict):
    """One action. ``point`` is read by the verbs whose ``takes_point`` is true and ignored by the rest."""

    verb: int  # a Verb
    point: NDArray[np.float32]  # (2,) image point (u, v)


class Observation(TypedDict):
    """What the sensors give after ``reset`` or ``step``."""

    rgb: NDArray[np.uint8]  # (H, W, 3)
    depth: NDArray[np.float32]  # (H, W) metres along the optical axis, 0 = invalid
    camera: NDArray[np.float64]  # (6,) fx, fy, cx, cy, width, height in pixels; see Camera
    map_T_camera: NDArray[np.float64]  # (4, 4)
    base: NDArray[np.float64]  # (3,) x, y in metres and yaw in (-pi, pi] of the base in map, as odometry believes
    holding: int  # 1 while the hand holds something
    stamp_ns: NDArray[np.int64]  # () time since the episode began
    outcome: int  # Outcome of the last action; OK after reset


class Camera(NamedTuple):
    """Pinhole intrinsics in pixels; pixel (row i, column j) looks through (j + 0.5, i + 0.5)."""

    fx: float
    fy: float
    cx: float
    cy: float
    width: float
    height: float

    @classmethod
    def from_fov(cls, width: int, height: int, fov_deg: float) -> Camera:
        """Camera with square pixels and the given vertical field of view."""
        f = height / 2 / math.tan(math.radians(fov_deg) / 2)
        return cls(f, f, width / 2, height / 2, width, height)


class InvalidActionError(ValueError):
    """Raised when an action is not a member of the action space. The world is left as it was."""


def act(verb: Verb, u: float = 0.5, v: float = 0.5) -> Action:
    """Build an action; ``(u, v)`` is the image point for verbs that take one."""
    return {"verb": int(verb), "point": np.array([u, v], np.float32)}


@dataclass(frozen=True, kw_only=True)
class WorldConfig:
    """Options that every world understands."""

    width: int = 224
    height: int = 224
    fov_deg: float = 90.0  # vertical
    move_m: float = 0.25
    rotate_deg: float = 90.0
    look_deg: float = 30.0
    reach_m: float = 1.5  # horizontal, from the base to the point
    max_steps: int = 1000


@dataclass(frozen=True)
class Frame:
    """What a world's sensors deliver; ``World`` adds the bookkeeping fields."""

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    map_T_camera: NDArray[np.float64]
    base: NDArray[np.float64]
    holding: bool
    stamp_ns: int


@dataclass(frozen=True)
class TrueObject:
    """Ground truth of one thing in the world."""

    id: str
    category: str
    position: tuple[float, float, float]  # centre of the box, true map frame
    extent: tuple[float, float, float]  # full sides of the axis-aligned box, metres
    receptacles: tuple[str, ...]  # ids of what holds it, innermost first; empty for the floor
    room: str
    pickupable: bool
    receptacle: bool
    openable: bool
    state: dict[str, Any]  # open, toggled, sliced, dirty, filled, cooked, temperature: what applies


class Truth(Protocol):
    """Ground truth: for trainers, oracles, scoring and the conformance kit. No agent may touch it."""

    def objects(self) -> list[TrueObject]:
        """Return everything with an identity, fixtures included, sorted by id."""
        ...

    def instances(self) -> NDArray[np.int32]:
        """(H, W) index into :meth:`objects` at each pixel of the last observation; -1 = structure or nothing."""
        ...

    def map_T_camera(self) -> NDArray[np.float64]:
        """(4, 4) true camera pose of the last observation."""
        ...

    def reachable(self) -> NDArray[np.float64]:
        """(N, 2) x, y in metres of the grid cells where the base can stand and that it can get to."""
        ...


class World(gymnasium.Env[Observation, Action]):
    """Base class of all worlds.

    ``reset(seed=s, options=o)`` gives the same bytes for the same world, ``s`` and ``o``. ``options`` are named by
    the world; an unknown name raises ``ValueError``. ``step`` returns reward 0.0 (scoring is the evaluation's
    business), ``terminated`` after DONE and ``truncated`` when ``max_steps`` are spent.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"]}  # noqa: RUF012 - Gymnasium's own declaration
    option_names: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: WorldConfig, render_mode: str | None = None) -> None:
        """Declare the spaces; the world itself is built by ``reset``."""
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode must be None or 'rgb_array', not {render_mode!r}")
        self.config = config
        self.render_mode = render_mode
        self.camera = Camera.from_fov(config.width, config.height, config.fov_deg)
        self.observation_space = observation_space(config.width, config.height)  # type: ignore[assignment]
        self.action_space = action_space()  # type: ignore[assignment]
        self._steps = 0
        self._over = True
        self._last: Observation | None = None

    @property
    @abstractmethod
    def truth(self) -> Truth:
        """Ground truth of the running episode."""

    @abstractmethod
    def _begin(self, seed: int, options: dict[str, Any]) -> dict[str, Any]:
        """Start an episode; return what was really done, for ``info``."""

    @abstractmethod
    def _act(self, verb: Verb, point: tuple[float, float]) -> Outcome:
        """Carry out a valid action and say what it came to; on any outcome but OK the world is unchanged."""

    @abstractmethod
    def _sense(self) -> Frame:
        """Read the sensors."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode. Without a seed the next one is drawn from the previous seed's stream."""
        super().reset(seed=seed)
        options = dict(options or {})
        unknown = sorted(set(options) - self.option_names)
        if unknown:
            raise ValueError(f"unknown reset option {unknown[0]!r}; this world knows {sorted(self.option_names)}")
        effective = seed if seed is not None else int(self.np_random.integers(700_000))
        info = {"seed": effective, **self._begin(effective, options)}
        self._steps = 0
        self._over = False
        self._last = self._observe(Outcome.OK)
        return self._last, info

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Carry out one action.

        Raises:
            InvalidActionError: the action is no member of ``action_space``; nothing has happened.
            gymnasium.error.ResetNeeded: the episode is over.

        """
        verb, point = parse_action(action)
        if self._over:
            raise ResetNeeded("the episode is over (or was never begun): call reset() before step()")
        outcome = Outcome.OK if verb is Verb.DONE else self._act(verb, point)
        self._steps += 1
        terminated = verb is Verb.DONE
        truncated = not terminated and self._steps >= self.config.max_steps
        self._over = terminated or truncated
        self._last = self._observe(outcome)
        return self._last, 0.0, terminated, truncated, {"outcome": outcome.code, "steps": self._steps}

    def render(self) -> NDArray[np.uint8] | None:
        """Return the last camera image when ``render_mode="rgb_array"``."""
        if self.render_mode is None or self._last is None:
            return None
        return self._last["rgb"]

    def _observe(self, outcome: Outcome) -> Observation:
        frame = self._sense()
        return {
            "rgb": frame.rgb,
            "depth": frame.depth,
            "camera": np.array(self.camera, np.float64),
            "map_T_camera": frame.map_T_camera,
            "base": frame.base,
            "holding": int(frame.holding),
            "stamp_ns": np.array(frame.stamp_ns, np.int64),
            "outcome": int(outcome),
        }


def observation_space(width: int, height: int) -> spaces.Dict:
    """Space of :class:`Observation` for images of the given size."""
    inf = np.inf
    return spaces.Dict(
        {
            "rgb": spaces.Box(0, 255, (height, width, 3), np.uint8),
            "depth": spaces.Box(0.0, inf, (height, width), np.float32),
            "camera": spaces.Box(0.0, inf, (6,), np.float64),
            "map_T_camera": spaces.Box(-inf, inf, (4, 4), np.float64),
            "base": spaces.Box(-inf, inf, (3,), np.float64),
            "holding": spaces.Discrete(2),
            "stamp_ns": spaces.Box(0, np.iinfo(np.int64).max, (), np.int64),
            "outcome": spaces.Discrete(len(Outcome)),
        }
    )


def action_space() -> spaces.Dict:
    """Space of :class:`Action`."""
    return spaces.Dict({"verb": spaces.Discrete(len(Verb)), "point": spaces.Box(0.0, 1.0, (2,), np.float32)})


def parse_action(action: Action) -> tuple[Verb, tuple[float, float]]:
    """Check an action and return its verb and point; raise :class:`InvalidActionError` naming what is wrong."""
    if not isinstance(action, dict) or set(action) != {"verb", "point"}:
        raise InvalidActionError(f"an action is a dict with the keys 'verb' and 'point', not {action!r}")
    raw = action["verb"]
    if isinstance(raw, bool) or not isinstance(raw, (int, np.integer)) or not 0 <= int(raw) < len(Verb):
        raise InvalidActionError(f"unknown verb {raw!r}; known are {', '.join(f'{v.value}={v.name}' for v in Verb)}")
    try:
        point = np.asarray(action["point"], np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidActionError(f"point must be two numbers, not {action['point']!r}") from error
    if point.shape != (2,) or not np.all((point >= 0.0) & (point <= 1.0)):
        raise InvalidActionError(f"point must be (u, v) within [0, 1], not {action['point']!r}")
    return Verb(int(raw)), (float(point[0]), float(point[1]))
