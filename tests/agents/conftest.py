"""A house of boxes, seen by ray casting: small enough to read, real enough to tidy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from engram.agents.situation import Situation, TidyConfig
from engram.perception.oracle import MaskDetector
from engram.planners.placement import PlacementPrior
from engram.sims.contract import Frame, Outcome, Truth, Verb, World, WorldConfig

RADIUS_M, EYE_M, CROUCHED_EYE_M = 0.2, 1.576, 0.901
HEADINGS = ((1, 0), (0, 1), (-1, 0), (0, -1))


@dataclass
class Box:
    label: str  # "" is structure
    lo: np.ndarray
    hi: np.ndarray
    movable: bool = False
    holds: bool = False


def box(label, centre, size, **flags):
    c, s = np.array(centre, float), np.array(size, float)
    return Box(label, c - s / 2, c + s / 2, **flags)


def two_rooms() -> list[Box]:
    """A bedroom (x -1.5..2.5) and a kitchen (x 2.5..6), joined by a doorway, with three things out of place."""
    wall, top = 0.1, 2.6
    return [
        box("", (2.25, 0, -0.05), (7.5, 4, 0.1)),
        box("", (2.25, 0, top + 0.05), (7.5, 4, 0.1)),
        box("", (-1.5, 0, top / 2), (wall, 4, top)),
        box("", (6.0, 0, top / 2), (wall, 4, top)),
        box("", (2.25, -2, top / 2), (7.5, wall, top)),
        box("", (2.25, 2, top / 2), (7.5, wall, top)),
        box("", (2.5, -1.2, top / 2), (wall, 1.6, top)),
        box("", (2.5, 1.25, top / 2), (wall, 1.5, top)),
        box("", (2.5, 0.05, 2.35), (wall, 0.9, 0.5)),
        box("Bed", (-0.45, 1.3, 0.25), (1.9, 1.2, 0.5), holds=True),
        box("Desk", (1.6, -1.6, 0.68), (1.2, 0.6, 0.06), holds=True),
        box("CounterTop", (4.4, 1.65, 0.45), (2.0, 0.6, 0.9), holds=True),
        box("Fridge", (5.6, -1.5, 0.9), (0.7, 0.7, 1.8)),
        box("Sink", (5.7, 1.2, 0.45), (0.5, 0.5, 0.9), holds=True),
        box("DiningTable", (4.1, -1.2, 0.7), (1.0, 0.7, 0.06), holds=True),
        box("Laptop", (1.7, -1.6, 0.73), (0.3, 0.22, 0.04), movable=True),  # at home
        box("Bread", (4.0, 1.6, 0.95), (0.25, 0.12, 0.1), movable=True),  # at home
        box("Mug", (0.6, -0.9, 0.05), (0.09, 0.09, 0.1), movable=True),  # on the floor
        box("Pillow", (4.9, 0.1, 0.08), (0.45, 0.35, 0.16), movable=True),  # in the kitchen
        box("Pan", (-0.6, 1.2, 0.53), (0.28, 0.2, 0.06), movable=True),  # on the bed
    ]


class BoxWorld(World):
    """The contract over a list of boxes."""

    def __init__(self, size: int = 128, boxes: list[Box] | None = None) -> None:
        super().__init__(WorldConfig(width=size, height=size))
        self._make = boxes

    @property
    def truth(self) -> Truth:
        raise NotImplementedError

    @property
    def numbers(self) -> np.ndarray:
        return self._numbers

    def labels(self) -> list[str]:
        return [b.label for b in self.boxes]

    def where(self, label: str) -> Box:
        return next(b for b in self.boxes if b.label == label)

    def under(self, label: str) -> str:
        """Label of what a thing rests on."""
        thing = self.where(label)
        x, y = ((thing.lo + thing.hi) / 2)[:2]
        held = [
            b
            for b in self.boxes
            if b.holds and b.lo[0] <= x <= b.hi[0] and b.lo[1] <= y <= b.hi[1] and abs(b.hi[2] - thing.lo[2]) < 0.03
        ]
        return held[0].label if held else "Floor"

    def _begin(self, seed: int, options: dict[str, Any]) -> dict[str, Any]:
        self.boxes = self._make if self._make is not None else two_rooms()
        self.i = self.j = self.h = 0
        self.pitch, self.held, self.eye_m = 0.0, None, EYE_M
        return {}

    def _act(self, verb: Verb, point: tuple[float, float]) -> Outcome:
        if verb in (Verb.ROTATE_LEFT, Verb.ROTATE_RIGHT):
            self.h = (self.h + (1 if verb is Verb.ROTATE_LEFT else -1)) % 4
            return Outcome.OK
        if verb in (Verb.CROUCH, Verb.STAND):
            self.eye_m = CROUCHED_EYE_M if verb is Verb.CROUCH else EYE_M
            return Outcome.OK
        if verb in (Verb.LOOK_UP, Verb.LOOK_DOWN):
            pitch = self.pitch + (30 if verb is Verb.LOOK_DOWN else -30)
            if not -30 <= pitch <= 60:
                return Outcome.BLOCKED
            self.pitch = pitch
            return Outcome.OK
        if verb <= Verb.MOVE_RIGHT:
            turn = {Verb.MOVE_AHEAD: 0, Verb.MOVE_LEFT: 1, Verb.MOVE_BACK: 2, Verb.MOVE_RIGHT: 3}[verb]
            di, dj = HEADINGS[(self.h + turn) % 4]
            return self._move(self.i + di, self.j + dj)
        if verb is Verb.PICK:
            return self._pick(point)
        if verb is Verb.PLACE:
            return self._place(point)
        if verb is Verb.DROP:
            return self._drop()
        return Outcome.INVALID

    def _move(self, i: int, j: int) -> Outcome:
        p = np.array([i, j]) * 0.25
        for b in self.boxes:
            if b.lo[2] < 1.6 and b.hi[2] > 0.05 and b is not self.held:
                gap = np.maximum(0, np.maximum(b.lo[:2] - p, p - b.hi[:2]))
                if np.hypot(*gap) < RADIUS_M:
                    return Outcome.BLOCKED
        self.i, self.j = i, j
        return Outcome.OK

    def _target(self, point: tuple[float, float]):
        size = self.config.width
        row, col = min(int(point[1] * size), size - 1), min(int(point[0] * size), size - 1)
        hit = self._eye + self._rays[row, col] * self._depth[row, col]
        return self.boxes[self._numbers[row, col]], hit, float(np.hypot(*(hit[:2] - self._eye[:2])))

    def _pick(self, point: tuple[float, float]) -> Outcome:
        thing, _, away = self._target(point)
        if self.held is not None:
            return Outcome.HAND_FULL
        if not thing.movable:
            return Outcome.NOTHING_THERE
        if away > 1.5:
            return Outcome.UNREACHABLE
        self.held = thing
        thing.lo, thing.hi = thing.lo + 50, thing.hi + 50
        return Outcome.OK

    def _place(self, point: tuple[float, float]) -> Outcome:
        holder, hit, away = self._target(point)
        if self.held is None:
            return Outcome.HAND_EMPTY
        if not holder.holds:
            return Outcome.NOTHING_THERE
        if away > 1.5:
            return Outcome.UNREACHABLE
        size = self.held.hi - self.held.lo
        centre = np.clip(hit[:2], holder.lo[:2] + size[:2] / 2, holder.hi[:2] - size[:2] / 2)
        lo = np.array([*(centre - size[:2] / 2), holder.hi[2]])
        for b in self.boxes:
            if b.movable and np.all(b.lo < lo + size) and np.all(b.hi > lo):
                return Outcome.NO_SPACE
        self.held.lo, self.held.hi = lo, lo + size
        self.held = None
        return Outcome.OK

    def _drop(self) -> Outcome:
        if self.held is None:
            return Outcome.HAND_EMPTY
        half = (self.held.hi - self.held.lo) / 2
        centre = np.array([self.i, self.j]) * 0.25 + 0.45 * np.array(HEADINGS[self.h])
        self.held.lo = np.array([*(centre - half[:2]), 0.0])
        self.held.hi, self.held = self.held.lo + 2 * half, None
        return Outcome.OK

    def _sense(self) -> Frame:
        yaw, pitch = self.h * math.pi / 2, math.radians(self.pitch)
        forward = np.array([math.cos(yaw) * math.cos(pitch), math.sin(yaw) * math.cos(pitch), -math.sin(pitch)])
        right = np.array([math.sin(yaw), -math.cos(yaw), 0.0])
        pose = np.eye(4)
        pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], 1)
        pose[:3, 3] = self._eye = np.array([self.i * 0.25, self.j * 0.25, self.eye_m])
        self._cast(pose)
        rgb = np.stack([(self._numbers * 37 + 80 * k) % 256 for k in range(3)], -1).astype(np.uint8)
        base = np.array([self.i * 0.25, self.j * 0.25, math.remainder(yaw, 2 * math.pi)])
        return Frame(rgb, self._depth.astype(np.float32), pose, base, self.held is not None, 0)

    def _cast(self, pose: np.ndarray) -> None:
        c = self.camera
        across = (np.arange(self.config.width) + 0.5 - c.cx) / c.fx
        down = (np.arange(self.config.height) + 0.5 - c.cy) / c.fy
        rays = np.stack([*np.meshgrid(across, down), np.ones((len(down), len(across)))], -1) @ pose[:3, :3].T
        self._rays = rays
        self._depth = np.full(rays.shape[:2], np.inf)
        self._numbers = np.full(rays.shape[:2], -1, np.int32)
        inverse = 1.0 / np.where(np.abs(rays) < 1e-9, 1e-9, rays)
        for n, b in enumerate(self.boxes):
            a, z = (b.lo - pose[:3, 3]) * inverse, (b.hi - pose[:3, 3]) * inverse
            near, far = np.minimum(a, z).max(-1), np.maximum(a, z).min(-1)
            hit = (near < far) & (near > 0.01) & (near < self._depth)
            self._depth[hit], self._numbers[hit] = near[hit], n
        self._depth[~np.isfinite(self._depth)] = 0.0

    def masks(self) -> np.ndarray:
        """Instance numbers, structure left out."""
        structure = np.array([not b.label for b in self.boxes] + [True])
        return np.where(structure[self._numbers], -1, self._numbers).astype(np.int32)


@pytest.fixture
def box_world() -> BoxWorld:
    return BoxWorld()


@pytest.fixture
def just_begun(box_world):
    """The situation at the first sight of the house, and the house."""
    observation, _ = box_world.reset(seed=0)
    sit = Situation(TidyConfig(), MaskDetector(box_world.masks, box_world.labels), PlacementPrior.load())
    sit.perceive(observation)
    return sit, box_world
