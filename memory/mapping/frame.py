"""One colour and depth image with the pose from which it was taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram.memory.mapping.errors import FrameError
from engram.perception.geometry import camera_of
from engram.sims.contract import Camera, Observation


@dataclass(frozen=True, eq=False)
class RgbdFrame:
    """An image; depth runs along the optical axis, 0 marks an invalid reading."""

    depth: NDArray[np.float32]  # (H, W) metres
    rgb: NDArray[np.uint8]  # (H, W, 3)
    camera: Camera
    map_T_camera: NDArray[np.float64]  # (4, 4)

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together."""
        shapes = ((*self.depth.shape, 3), (4, 4))
        if self.depth.ndim != 2 or (self.rgb.shape, self.map_T_camera.shape) != shapes:
            raise FrameError(
                f"a frame has depth (H, W), rgb (H, W, 3) and a pose (4, 4), not {self.depth.shape}, {self.rgb.shape} "
                f"and {self.map_T_camera.shape}"
            )
        if not np.isfinite(self.map_T_camera).all():
            raise FrameError("the pose of a frame must be finite")

    @classmethod
    def of(cls, observation: Observation) -> RgbdFrame:
        """Return the images and the pose of an observation."""
        return cls(
            np.ascontiguousarray(observation["depth"], np.float32),
            np.ascontiguousarray(observation["rgb"], np.uint8),
            camera_of(observation),
            np.asarray(observation["map_T_camera"], np.float64),
        )
