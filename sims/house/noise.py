"""Imperfect sensors: odometry that drifts, depth like a Kinect's, frames that do not arrive. All off by default."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import Verb
from engram.sims.house.options import HouseConfig
from engram.sims.house.stance import Base, Stance

_DISPARITY = 35130.0  # disparity times depth in centimetres of the sensor that TIDEE models
_SMALLEST_M = 0.05


class Odometry:
    """What the robot believes about its stance: what it commanded, plus an error for each motion (TIDEE, section 3.4).

    Without noise it is the true stance to the bit.
    """

    def __init__(self, config: HouseConfig, rng: np.random.Generator) -> None:
        self._config, self._rng = config, rng
        self._exact = not (config.move_noise_m or config.turn_noise_deg)
        self.believed = Stance()

    def moved(self, verb: Verb, true: Stance) -> None:
        """Take in a motion that succeeded; ``true`` is the stance it led to."""
        if self._exact:
            self.believed = true
            return
        config, base = self._config, self.believed.base
        if verb <= Verb.MOVE_RIGHT:
            ex, ey = self._rng.normal(0.0, config.move_noise_m, 2)
            base = base.ahead(verb, config.move_m)
            self.believed = replace(self.believed, base=replace(base, x_m=base.x_m + ex, y_m=base.y_m + ey))
            return
        error = float(self._rng.normal(0.0, config.turn_noise_deg))
        if verb in (Verb.ROTATE_LEFT, Verb.ROTATE_RIGHT):
            turn = config.rotate_deg if verb is Verb.ROTATE_LEFT else -config.rotate_deg
            self.believed = replace(self.believed, base=Base(base.x_m, base.y_m, base.yaw_deg + turn + error))
        elif verb in (Verb.LOOK_UP, Verb.LOOK_DOWN):
            look = config.look_deg if verb is Verb.LOOK_DOWN else -config.look_deg
            self.believed = replace(self.believed, pitch_deg=self.believed.pitch_deg + look + error)
        else:
            self.believed = replace(self.believed, crouched=true.crouched)


def noisy_depth(depth: NDArray[np.float32], spread: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Depth as a structured-light camera reads it: quantised disparity with normal noise (TIDEE, section 3.4).

    Args:
        depth: (H, W) metres, 0 = invalid.
        spread: standard deviation of the disparity.
        rng: source of the noise.

    """
    disparity = _DISPARITY / np.maximum(np.round(100.0 * depth.astype(np.float64)), 1.0)
    noise = rng.normal(0.0, spread, depth.shape)
    read = _DISPARITY / np.maximum(np.round(disparity + noise + 0.5), 1.0) / 100.0
    return np.where((depth > 0.0) & (read > _SMALLEST_M), read, 0.0).astype(np.float32)
