"""What skills know beside the situation: names of the memory, doors that were opened, and what was laid down last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engram.agents.situation import Situation
from engram.memory.occupancy import Occupancy
from engram.perception.geometry import Floats
from engram.perception.tracker import Track
from engram.planners.contract import Point
from engram.planners.navigation import Navigator, Node

Resolve = Callable[[str], tuple[str, Point | None]]  # kind and believed position of a name; a kind is its own name
NameOf = Callable[[str, Point], str]  # name of a thing of a kind at a position
_TOLERANCE_M = 0.4  # a thing lies this near to where it is believed, beside half its size
_LAYERS = ("low", "high", "bottom", "top", "bumped")
_FREE_M = 0.6  # what is known of obstacles within this of a robot that is stuck is forgotten
_WITHIN_M = 0.06  # what is this far out of the box of a receptacle may still be in it


@dataclass(frozen=True, eq=False)
class Patch:
    """What the map held of obstacles about a place, at some moment."""

    corner: NDArray[np.int64]  # (2,) cell of the plane
    layers: Mapping[str, NDArray[np.float32]]

    @classmethod
    def of(cls, grid: Occupancy, place: Floats, radius_m: float) -> Patch:
        """Copy the square of a map about a place (2,) or (3,)."""
        lo, hi = grid.cells(np.stack([place[:2] - radius_m, place[:2] + radius_m]))
        lo, hi = np.clip(lo, 0, grid.shape), np.clip(hi + 1, 0, grid.shape)
        part = np.s_[lo[0] : hi[0], lo[1] : hi[1]]
        return cls(lo + grid.origin, {name: getattr(grid, name)[part].copy() for name in _LAYERS})

    def restore(self, grid: Occupancy) -> None:
        """Write it back; the map may have grown meanwhile, but never shrinks."""
        x, y = self.corner - grid.origin
        for name, values in self.layers.items():
            getattr(grid, name)[x : x + values.shape[0], y : y + values.shape[1]] = values
        grid.version += 1


@dataclass
class Door:
    """What is known of an openable thing that was handled: its box while it is closed, and the side that opens."""

    lo: Floats  # (3,)
    hi: Floats
    front: tuple[int, float] | None = None  # axis, 0 or 1, and sign of the outward normal
    is_open: bool | None = None  # as it was left; ``None`` when not known
    riders: list[Track] = field(default_factory=list)  # what was shut in with a drawer, and so went back with it
    before: Patch | None = None  # the map before it was opened, for a leaf leaves no trace when it is closed

    def inside(self, holder: Track) -> tuple[Floats, Floats]:
        """Corners (3,) of what was seen of it but for the leaf: a drawer's inside comes out with it."""
        lo, hi = holder.lo.copy(), holder.hi.copy()
        if self.front is not None and holder.label != "Drawer":
            axis, sign = self.front
            if sign > 0:
                hi[axis] = self.hi[axis]
            else:
                lo[axis] = self.lo[axis]
        return lo, hi


@dataclass(eq=False)
class Known:
    """A situation seen through the names of the memory."""

    sit: Situation
    resolve: Resolve
    name_of: NameOf = lambda kind, _: kind
    doors: dict[int, Door] = field(default_factory=dict)  # by number of the track
    seen_from: set[tuple[Node, int]] = field(default_factory=set)  # poses that have shown all they can
    laid: tuple[str, Floats] | None = None  # label and place (3,) of what the hand let go of last

    def get_free(self) -> None:
        """Where no step seems possible, forget what stopped the base: it may have moved since, as a door does."""
        sit = self.sit
        sit.plan()
        if len(sit.navigator.reachable()) > 1:
            return
        sit.navigator = Navigator(sit.navigator.config)
        x, y, _ = (float(v) for v in sit.observation["base"])
        sit.grid.forget(x, y, _FREE_M)

    def kind(self, name: str) -> str:
        """Category of a name."""
        return self.resolve(name)[0]

    def track(self, name: str) -> Track | None:
        """Return the thing of a name's kind that is nearest to where it is believed, or to the robot if nowhere."""
        kind, position = self.resolve(name)
        tracks = self.sit.tracker.labelled([kind])
        if position is None:
            return self.nearest(tracks, self.sit.observation["base"][:2])
        near = [t for t in tracks if _off(t, np.array(position)) <= _TOLERANCE_M + float(t.size.max()) / 2]
        return min(near, key=lambda t: (_off(t, np.array(position)), t.number), default=None)

    def name(self, track: Track) -> str:
        """Name of a thing that is seen."""
        x, y, z = (float(v) for v in track.centre)
        return self.name_of(track.label, (x, y, z))

    def nearest(self, tracks: Iterable[Track], place: Floats) -> Track | None:
        """Return the track whose box is nearest to a place (2,) or (3,)."""
        return min(tracks, key=lambda t: (gap(t, place), t.number), default=None)

    def door(self, track: Track) -> Door:
        """Return what is known of an openable thing."""
        if track.number not in self.doors:
            self.doors[track.number] = Door(track.lo.copy(), track.hi.copy())
        return self.doors[track.number]

    def closes(self, track: Track) -> bool:
        """Whether a receptacle has an inside that must be opened."""
        return track.label in self.sit.config.closed

    def around(self, track: Track) -> Track | None:
        """Return the closable receptacle that a thing is in."""
        holders = [t for t in self.sit.tracker.labelled(self.sit.config.closed) if t is not track]
        return next((t for t in holders if self.within(t, track)), None)

    def within(self, holder: Track, track: Track) -> bool:
        """Whether a thing is in or on a receptacle."""
        if not self.closes(holder) and self.sit.support(track).track is holder:
            return True
        lo, hi = self.door(holder).inside(holder) if self.closes(holder) else (holder.lo, holder.hi)
        foot = np.array([*track.centre[:2], track.lo[2]])
        return bool(np.all(foot >= lo - _WITHIN_M) and np.all(foot <= hi + _WITHIN_M))

    def contents(self, holder: Track) -> list[Track]:
        """Things that are in or on a receptacle, what was laid down last first."""
        found = [t for t in self.sit.things() if t is not holder and self.within(holder, t)]
        return sorted(found, key=lambda t: (self._unlike_laid(t), t.number))

    def _unlike_laid(self, track: Track) -> float:
        if self.laid is None or self.laid[0] != track.label:
            return np.inf
        return float(np.linalg.norm(track.centre - self.laid[1]))


def gap(track: Track, place: Floats) -> float:
    """Distance in the plane, or in space, from a place (2,) or (3,) to the box of a thing."""
    lo, hi = track.lo[: len(place)], track.hi[: len(place)]
    return float(np.linalg.norm(np.maximum(0.0, np.maximum(lo - place, place - hi))))


def _off(track: Track, position: Floats) -> float:
    """How far a thing is from a position: mostly the distance of centres, for large ones less."""
    return gap(track, position) + 0.3 * float(np.linalg.norm(track.centre - position))
