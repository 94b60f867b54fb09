"""What geoms look like: colours, finishes and patterns by the names of their materials; and the light."""

from __future__ import annotations

from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.house.render._scene import Scene
from engram.sims.house.render._texture import BRUSHED, PERIOD_M, PLANKS, SIDE, TILES, WEAVE, WOOD, patterns

# name: pattern or -1, reflectance ahead, reflectance at grazing angles, strength of highlights, glow
_FINISHES: dict[str, tuple[int, float, float, float, float]] = {
    "plain": (-1, 0.02, 0.10, 0.05, 0.0),
    "wood": (WOOD, 0.03, 0.25, 0.12, 0.0),
    "tile": (TILES, 0.04, 0.45, 0.25, 0.0),
    "cloth": (WEAVE, 0.0, 0.10, 0.0, 0.0),
    "metal": (BRUSHED, 0.55, 0.85, 0.8, 0.0),
    "glass": (-1, 0.15, 0.80, 0.9, 0.0),
    "glow": (-1, 0.0, 0.0, 0.0, 1.0),
}
_SKY_RGB = (0.79, 0.87, 0.94)  # where nothing was hit
_BELOW, _ABOVE, _KEY, _LAMP, _ROOM = (  # linear light; the last is what mirrors show
    (0.54, 0.51, 0.47),
    (0.62, 0.63, 0.65),
    (0.58, 0.54, 0.46),
    (0.16, 0.16, 0.16),
    (0.95, 0.95, 0.93),
)
_KEY_FROM = (0.48, 0.29, 0.83)


class Look(NamedTuple):
    """Colours and finishes of the geoms, and what lights them."""

    rgb: NDArray[np.float32]  # (G, 3) linear
    layer: NDArray[np.int32]  # (G,) pattern, -1 for none
    finish: NDArray[np.float32]  # (G, 4) reflectance ahead and at grazing angles, highlights, glow
    sky: NDArray[np.float32]  # (3,) linear
    light: NDArray[np.float32]  # (5, 3) from below, from above, key light, the robot's lamp, what mirrors show
    key: NDArray[np.float32]  # (3,) unit vector towards the key light, world frame
    patterns: NDArray[np.uint8]  # (layers, levels, SIDE, SIDE)
    texels: NDArray[np.float32]  # (layers, 2) texels a metre along and across


class Palette:
    """Finishes of a model's materials; a material of an unknown name, or none, is plain."""

    def __init__(self, model: mujoco.MjModel, scene: Scene) -> None:
        names = [model.mat(m).name for m in range(model.nmat)]
        rows = [_FINISHES.get(name, _FINISHES["plain"]) for name in names]
        table = np.array([*rows, _FINISHES["plain"]])  # the last row is what material -1 picks
        self._layer = table[:, 0].astype(np.int32)
        self._finish = table[:, 1:].astype(np.float32)
        self._flat = scene.flat
        self._sky = np.square(np.array(_SKY_RGB, np.float32))
        self._light = np.array([_BELOW, _ABOVE, _KEY, _LAMP, _ROOM], np.float32)
        self._key = (np.array(_KEY_FROM) / np.linalg.norm(_KEY_FROM)).astype(np.float32)
        self._texels = (SIDE / np.array(PERIOD_M)).astype(np.float32)

    def look(self, model: mujoco.MjModel) -> Look:
        """Read the colours and materials that the geoms have now."""
        material = model.geom_matid
        layer = self._layer[material]
        layer[(layer == WOOD) & self._flat] = PLANKS
        rgb = np.square(model.geom_rgba[:, :3], dtype=np.float32)
        finish = self._finish[material]
        return Look(rgb, layer, finish, self._sky, self._light, self._key, patterns(), self._texels)
