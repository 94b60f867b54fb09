"""Tracks: things believed to be in the world, and what is known of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engram.perception.beliefs import Cell, Fusion, evidence_of
from engram.perception.contracts import Detection
from engram.perception.geometry import Floats

VOXEL_M = 0.05
PRESENCE_CAP = 4.0  # however often it was seen, a few clear views without it are enough
_ABSENCE_CAP = 1.6  # one clear view without it is worth no more than this
_FAINT_PX = 50.0  # a detector that is half sure finds half of what shows this many pixels
_BOXES = 24
_BIAS, _BITS = 1 << 15, 16

State = Literal["visible", "stale", "held", "placed", "removed"]


@dataclass(eq=False)
class Track:
    """One thing in the world. Positions are in the map frame, metres."""

    number: int
    belief: dict[str, float]  # probability of each likely label; what is left of 1 is any other
    lo: Floats  # (3,) box of all that was seen of it
    hi: Floats
    first_step: int
    last_step: int
    views: int = 1
    nearest_m: float = np.inf  # nearest horizontal distance it was seen from
    pixel_m2: float = 0.0  # pixels times squared depth: how large it shows
    out_of_place: float | None = None  # the detector's own judgement of all views, when it gives one
    surface: set[int] = field(default_factory=set)  # keys of 5 cm voxels with up-facing surface
    state: State = "stale"
    confirmed: bool = True  # it is sure enough to act upon
    presence: float = PRESENCE_CAP  # log-odds of being there, by the views that show it
    absence: float = 0.0  # ... and against it, by clear views without it
    sureness: float = 1.0  # mean score of its views
    samples: Floats = field(default_factory=lambda: np.empty((0, 3)))  # (N, 3) a few points of its surface
    boxes: Floats = field(default_factory=lambda: np.empty((0, 2, 3)))  # (N, 2, 3) corners of its last views in doubt
    misses: dict[Cell, int] = field(default_factory=dict)  # clear views without it since it was last seen, by place
    fusion: Fusion = field(default_factory=Fusion)
    _points: Floats | None = None

    @property
    def label(self) -> str:
        """The most believed label."""
        return max(self.belief, key=lambda name: self.belief[name], default="")

    @property
    def label_belief(self) -> float:
        """Probability of the most believed label."""
        return self.belief.get(self.label, 0.0)

    @property
    def missed(self) -> int:
        """Clear views without it since it was last seen."""
        return sum(self.misses.values())

    @property
    def existence(self) -> float:
        """Log-odds that there is such a thing."""
        return min(self.presence, PRESENCE_CAP) - self.absence

    @property
    def centre(self) -> Floats:
        """(3,) centre of the box."""
        return (self.lo + self.hi) / 2

    @property
    def size(self) -> Floats:
        """(3,) sides of the box."""
        return self.hi - self.lo

    def surface_points(self) -> Floats:
        """(N, 3) centres of its up-facing voxels."""
        if self._points is None or len(self._points) != len(self.surface):
            self._points = unpack_voxels(np.fromiter(self.surface, np.int64, len(self.surface)))
        return self._points

    def grow(self, lo: Floats, hi: Floats, *, sure: bool, small: bool) -> None:
        """Take in the box of a view; corners (3,).

        Masks in doubt spill over, so that not all is part of it that some of these views show.
        """
        if sure and self.sureness >= 1.0:
            self.lo, self.hi = np.minimum(self.lo, lo), np.maximum(self.hi, hi)
            return
        self.boxes = np.concatenate([self.boxes, np.stack([lo, hi])[None]])[-_BOXES:]
        ordered = np.sort(self.boxes, axis=0)
        extra = len(ordered) // (3 if small else 6)
        self.lo, self.hi = ordered[extra, 0], ordered[-1 - extra, 1]
        self.lo, self.hi = np.minimum(self.lo, self.hi), np.maximum(self.lo, self.hi)

    def join_boxes(self, other: Track) -> None:
        """Take in the box of another track, which was the same thing."""
        self.lo, self.hi = np.minimum(self.lo, other.lo), np.maximum(self.hi, other.hi)
        self.boxes = np.concatenate([self.boxes, other.boxes])[-_BOXES:]

    def believe(self) -> None:
        """Bring what is believed up to date with the views."""
        if self.fusion.places:
            self.belief, self.presence = self.fusion.belief(), self.fusion.presence
            self.out_of_place = self.fusion.out_of_place

    def saw(self, score: float) -> None:
        """Take back what spoke against it: it was seen."""
        self.absence = max(0.0, self.absence - evidence_of(score))
        self.misses.clear()
        self.views += 1
        self.sureness += (score - self.sureness) / self.views

    def miss(self, cell: Cell, pixels: float) -> None:
        """Count a clear view without it, from a place, that should have shown some pixels of it.

        The surer it was seen before, the more it should have been seen now; looking again from the same place tells
        the less, the more the detector wavers.
        """
        chance = self.sureness * pixels / (pixels + _FAINT_PX * (1.0 - self.sureness) + 1e-9)
        again = self.misses.get(cell, 0)
        self.misses[cell] = again + 1
        self.absence += min(_ABSENCE_CAP, evidence_of(chance)) * self.sureness**again


@dataclass(frozen=True, eq=False)
class Sighting:
    """One detection of the current frame and what it was matched to."""

    detection: Detection
    track: Track
    points: Floats  # (N, 3) map frame


def cell_of(point: Floats, side_m: float) -> Cell:
    """Return the cube that a point (3,) lies in."""
    x, y, z = (math.floor(float(v) / side_m) for v in point)
    return x, y, z


def pack_voxels(points: NDArray[np.floating]) -> NDArray[np.int64]:
    """(N,) keys of the 5 cm voxels of (N, 3) points."""
    cells = np.floor(points / VOXEL_M).astype(np.int64) + _BIAS
    return np.asarray((cells[:, 0] << 2 * _BITS) | (cells[:, 1] << _BITS) | cells[:, 2])


def unpack_voxels(keys: NDArray[np.int64]) -> Floats:
    """(N, 3) centres of voxels."""
    mask = (1 << _BITS) - 1
    cells = np.stack([keys >> 2 * _BITS, (keys >> _BITS) & mask, keys & mask], 1) - _BIAS
    return (cells + 0.5) * VOXEL_M
