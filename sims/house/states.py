"""What things do to one another, after AI2-THOR's rules: heat, cold, water, coffee, dirt; and how it looks.

A running tap cleans and fills what lies in its basin; a lit burner heats what stands on it and cooks what is in a pot
or pan; a running microwave heats and cooks; a closed fridge cools; a coffee machine fills; a toaster toasts. A
temperature lasts until another source changes it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engram.sims.contract import Outcome
from engram.sims.house.geometry import box_corners, quat_matrix, yaw_quat
from engram.sims.house.hand import neighbours, write
from engram.sims.house.model import HouseModel, Thing
from engram.sims.house.physics import Physics, Pose
from engram.sims.house.regions import OPEN_FRACTION, Regions

KNIVES = frozenset({"Knife", "ButterKnife"})
_TAPS = frozenset({"Faucet", "ShowerHead"})
_BASINS = frozenset({"SinkBasin", "BathtubBasin", "Sink", "Bathtub"})
_COOKWARE = frozenset({"Pot", "Pan"})
_NEAR_M = 0.8  # a tap without a basin of its own serves the nearest one within this
_PARKED_GRAVCOMP = 1.0
_DIRT_RGB, _DIRT = np.array([0.36, 0.27, 0.16]), 0.45  # how dirt tints a thing
_BROWN_RGB, _BROWN = np.array([0.3, 0.17, 0.08]), 0.55  # how cooking does
_SLICE_GAP_M = 0.003
# Colour of what shines while it is on; a shape's own colour is how it looks when it is off.
_HOT_RGB, _SCREEN_RGB, _WATER_RGB, _LIGHT_RGB = (
    (1.0, 0.32, 0.12),
    (0.5, 0.72, 0.95),
    (0.62, 0.82, 1.0),
    (1.0, 0.92, 0.7),
)
_SHINE = {
    **dict.fromkeys(("CoffeeMachine", "StoveBurner", "StoveKnob", "Toaster"), _HOT_RGB),
    **dict.fromkeys(("CellPhone", "Laptop", "Microwave", "Television"), _SCREEN_RGB),
    **dict.fromkeys(("Faucet", "ShowerHead"), _WATER_RGB),
}

_Test = Callable[[Thing], bool]


class States:
    """Carries out toggling and slicing, and lets things act on one another."""

    def __init__(self, house: HouseModel, physics: Physics, regions: Regions) -> None:
        self._house, self._physics, self._regions = house, physics, regions
        model = house.model
        self._rgba, self._material = model.geom_rgba.copy(), model.geom_matid.copy()
        self._glow, self._plain = int(model.material("glow").id), int(model.material("plain").id)
        self._sources = [t for t in house.things if t.kind.toggleable or t.category == "Fridge"]
        self._served = {t.index: self._serves(t) for t in house.things if t.category in _TAPS | {"StoveKnob"}}
        self.react()
        for thing in house.things:
            thing.on = thing.category == "LightSwitch"  # the lamps of the ceiling burn by default, as in AI2-THOR
            self._paint(thing)

    def toggle(self, thing: Thing, *, on: bool) -> Outcome:
        """Switch something on or off."""
        if not thing.kind.toggleable:
            return Outcome.NOTHING_THERE
        if thing.on == on or (on and thing.category == "Microwave" and _is_open(thing)):
            return Outcome.INVALID
        thing.on = on
        for other in self._served.get(thing.index, []):
            if other.category == "StoveBurner":
                other.on = on
                self._paint(other)
        self._paint(thing)
        return Outcome.OK

    def slice(self, thing: Thing, settle_secs: float) -> Outcome:
        """Replace a thing by its slices."""
        if not thing.kind.sliceable or not thing.slices:
            return Outcome.NOTHING_THERE
        count = 1 if thing.category == "Egg" else len(thing.slices)
        pieces = [self._house.things[k] for k in thing.slices[:count]]
        pose = self._physics.pose(thing)
        poses = _row(thing, pieces, pose)
        leaning = neighbours(self._physics, self._house.things, [thing])
        self._park(thing)
        for piece, place in poses:
            self._unpark(piece)
            piece.room = thing.room
            piece.sliced, piece.cooked, piece.temperature = True, thing.cooked, thing.temperature
            self._paint(piece)
            write(self._physics, [(piece, place)])
        self._physics.wake(leaning)
        self._physics.settle(settle_secs)
        return Outcome.OK

    def react(self) -> None:
        """Let everything that is running act on what it reaches."""
        for source in self._sources:
            if source.category in _TAPS and source.on:
                self._water(source)
            elif source.category == "StoveKnob" and source.on:
                for burner in self._served[source.index]:
                    self._heat(self._regions.contents(burner), cook=self._in_cookware)
            elif source.category == "Microwave" and source.on and not _is_open(source):
                self._heat(self._regions.contents(source), cook=lambda _: True)
            elif source.category == "Fridge" and not _is_open(source):
                for thing in self._regions.contents(source):
                    thing.temperature = "Cold"
            elif source.category == "CoffeeMachine" and source.on:
                self._brew(source)
            elif source.category == "Toaster" and source.on:
                self._heat(self._regions.contents(source), cook=lambda t: t.category == "BreadSliced")

    def _water(self, tap: Thing) -> None:
        for basin in self._served[tap.index]:
            for thing in self._regions.contents(basin):
                if thing.kind.dirtyable and thing.dirty:
                    thing.dirty = False
                    self._paint(thing)
                if thing.kind.fillable and not thing.filled:
                    thing.filled = "water"

    def _brew(self, machine: Thing) -> None:
        for thing in self._regions.contents(machine):
            if thing.category in ("Mug", "Cup") and not thing.filled:
                thing.filled, thing.temperature = "coffee", "Hot"

    def _heat(self, things: list[Thing], cook: _Test) -> None:
        for thing in things:
            thing.temperature = "Hot"
            if thing.kind.cookable and not thing.cooked and cook(thing):
                thing.cooked = True
                self._paint(thing)

    def _in_cookware(self, thing: Thing) -> bool:
        return any(self._house.things[k].category in _COOKWARE for k in self._regions.receptacles(thing))

    def _serves(self, source: Thing) -> list[Thing]:
        """The basins under a tap, or the burner of a knob: of the same unit, else the nearest."""
        wanted = frozenset({"StoveBurner"}) if source.category == "StoveKnob" else _BASINS
        unit = source.id.rpartition("/")[0]
        family = [t for t in self._house.things if t.category in wanted and unit and t.part_of(unit)]
        if source.category == "StoveKnob":
            number = source.id.rpartition("_")[2]
            numbered = [t for t in family if t.id.rpartition("_")[2] == number]
            return numbered or self._nearest(source, wanted)[:1]
        return family or self._nearest(source, wanted)

    def _nearest(self, source: Thing, wanted: frozenset[str]) -> list[Thing]:
        boxes = self._physics.boxes()
        centre = boxes[source.index].mean(0)[:2]
        gaps = {}
        for t in self._house.things:
            if t.category in wanted:
                lo, hi = boxes[t.index][:, :2]
                gaps[t.index] = float(np.linalg.norm(np.maximum(lo - centre, 0.0) + np.maximum(centre - hi, 0.0)))
        return [self._house.things[k] for k in sorted(gaps, key=lambda k: gaps[k]) if gaps[k] <= _NEAR_M]

    def _park(self, thing: Thing) -> None:
        model = self._house.model
        model.geom_contype[thing.geoms] = model.geom_conaffinity[thing.geoms] = 0
        model.body_gravcomp[thing.body] = _PARKED_GRAVCOMP
        thing.parked = True
        spare = self._physics.pose(self._house.things[thing.slices[0]]).pos - [2.0, 0.0, 0.0]
        write(self._physics, [(thing, Pose(spare, np.array([1.0, 0.0, 0.0, 0.0])))])

    def _unpark(self, thing: Thing) -> None:
        thing.parked = False
        self._house.model.body_gravcomp[thing.body] = 0.0
        self._physics.set_solid(thing, solid=True)

    def _paint(self, thing: Thing) -> None:
        """Give a thing's geoms the colours of its state."""
        model, geoms = self._house.model, thing.geoms
        rgba = self._rgba[geoms].copy()
        if thing.dirty:
            rgba[:, :3] += _DIRT * (_DIRT_RGB - rgba[:, :3])
        if thing.cooked:
            rgba[:, :3] += _BROWN * (_BROWN_RGB - rgba[:, :3])
        material = self._material[geoms].copy()
        if thing.kind.toggleable or thing.category == "StoveBurner":
            light = material == self._glow
            if thing.on:
                rgba[light, :3] = _SHINE.get(thing.category, _LIGHT_RGB)
            else:
                material[light] = self._plain
        model.geom_rgba[geoms], model.geom_matid[geoms] = rgba, material


def _is_open(thing: Thing) -> bool:
    return thing.openness >= OPEN_FRACTION


def _row(thing: Thing, pieces: list[Thing], pose: Pose) -> list[tuple[Thing, Pose]]:
    """Poses of slices side by side, about where the whole thing lay and as low as it did."""
    lo, hi = pieces[0].shape.bounds()
    whole_lo, whole_hi = thing.shape.bounds()
    axis = int(np.argmax((whole_hi - whole_lo)[:2]))  # along the loaf
    turn = quat_matrix(pose.quat)
    yaw = float(np.arctan2(turn[1, axis], turn[0, axis])) - (np.pi / 2 if axis else 0.0)
    quat = np.array(yaw_quat(yaw))
    width = float(hi[axis] - lo[axis]) + _SLICE_GAP_M
    corners = box_corners(whole_lo, whole_hi) @ turn.T + pose.pos
    foot = np.array([*(corners.min(0) + corners.max(0))[:2] / 2, corners[:, 2].min() + _SLICE_GAP_M])
    along = np.zeros(3)
    along[axis] = 1.0
    along = quat_matrix(quat) @ along
    offsets = (np.arange(len(pieces)) - (len(pieces) - 1) / 2) * width
    return [(p, Pose(foot + o * along - [0.0, 0.0, lo[2]], quat)) for p, o in zip(pieces, offsets, strict=True)]
