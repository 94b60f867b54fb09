"""Truncated signed distances: many depth images fused into one coloured surface.

Voxels lie in hashed blocks of 8^3, as those of the octree do. Each holds the mean distance to the nearest surface along
the rays that saw it: positive in front of it, negative behind, cut off at ``truncation_m``. The surface is where the
distance is zero. All blocks in view are updated, so what has been taken away vanishes.

Source: Curless and Levoy, A volumetric method for building complex models from range images, SIGGRAPH 1996; blocks
after Niessner et al., Real-time 3D reconstruction at scale using voxel hashing, TOG 32, 2013.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.memory.mapping import fusing
from engram.memory.mapping.frame import RgbdFrame
from engram.memory.mapping.mesh import Mesh
from engram.memory.mapping.surface import extract
from engram.memory.packing import pack, unpack
from engram.memory.spatial.blocks import CELLS, Blocks
from engram.memory.spatial.errors import OutOfBoundsError
from engram.memory.spatial.morton import OFFSET, Cells, decode, encode


@dataclass(frozen=True)
class TsdfConfig:
    """Resolution and evidence."""

    voxel_m: float = 0.04
    truncation_voxels: float = 4.0
    near_m: float = 0.3  # what is nearer is a held object
    far_m: float = 5.0
    max_frames: int = 64  # a changed world is believed after about as many

    @property
    def truncation_m(self) -> float:
        """Distance at which distances are cut off."""
        return self.voxel_m * self.truncation_voxels


@dataclass(eq=False)
class Tsdf:
    """A fused map. One thread changes it at a time.

    Voxel (i, j, k) stands for its centre, (i + 0.5, j + 0.5, k + 0.5) times the edge, in the map frame.
    """

    config: TsdfConfig = field(default_factory=TsdfConfig)
    blocks: Blocks = field(default_factory=Blocks, repr=False)  # distances in metres, NaN = never seen
    weights: NDArray[np.uint16] = field(default_factory=lambda: np.zeros((0, CELLS), np.uint16), repr=False)
    colours: NDArray[np.uint16] = field(default_factory=lambda: np.zeros((0, CELLS, 3), np.uint16), repr=False)

    def integrate(self, frame: RgbdFrame) -> int:
        """Fuse a frame; return how many blocks it touched.

        Raises:
            OutOfBoundsError: the frame reaches outside of what keys can name.

        """
        c = self.config
        view = fusing.View(*fusing.view_of(frame, c.near_m, c.far_m))
        reach = np.abs(frame.map_T_camera[:3, 3]).max() + c.far_m * math.hypot(1.0, *view.tangents)
        if reach > (OFFSET - 8) * c.voxel_m:
            raise OutOfBoundsError("the frame reaches outside the map; move the origin or coarsen the map")
        stride = max(1, int(4 * c.voxel_m * frame.camera.fx / c.far_m))  # two rays a block at the far end
        keys = fusing.new_blocks(self.blocks.table, frame.depth, view, c.voxel_m, c.truncation_m, stride)
        self.blocks.add(np.unique(keys))
        self._grow()
        slots = fusing.blocks_in_view(self.blocks.keys[: self.blocks.count], view, c.voxel_m)
        store = (self.blocks.keys, self.blocks.values, self.weights, self.colours)
        limits = (c.voxel_m, c.truncation_m, fusing.WHOLE * c.max_frames)
        image = (frame.depth, fusing.slant(frame.depth, view), frame.rgb)
        return int(fusing.fuse(store, slots, image, view, limits))

    def distance_m(self, cells: Cells) -> NDArray[np.float32]:
        """Return signed distances, (N,), of voxels, integers (N, 3); NaN where nothing was seen."""
        return self.blocks.look_up(encode(cells))

    def mesh(self, min_frames: float = 0.25) -> Mesh:
        """Return the surface between voxels seen in at least ``min_frames`` frames that face it."""
        return extract(self.blocks, self.weights, self.colours, self.config.voxel_m, int(fusing.WHOLE * min_frames))

    @property
    def nbytes(self) -> int:
        """Bytes of memory, spare room included."""
        return self.blocks.nbytes + self.weights.nbytes + self.colours.nbytes

    def dump(self) -> bytes:
        """Return the map as bytes; the order in which blocks were made does not show."""
        order = self.blocks.order()
        c = self.config
        meta = {
            "voxel_m": c.voxel_m,
            "truncation_voxels": c.truncation_voxels,
            "near_m": c.near_m,
            "far_m": c.far_m,
            "max_frames": c.max_frames,
        }
        arrays: dict[str, NDArray[Any]] = {
            "keys": self.blocks.keys[order],
            "distances": self.blocks.values[order],
            "weights": self.weights[order].astype("<u2").view(np.uint8),
            "colours": self.colours[order].astype("<u2").view(np.uint8),
        }
        return pack(meta, arrays)

    @classmethod
    def load(cls, state: bytes) -> Tsdf:
        """Return the map of ``dump``."""
        meta, arrays = unpack(state)
        tsdf = cls(TsdfConfig(**meta))
        slots = tsdf.blocks.add(arrays["keys"])
        tsdf._grow()
        tsdf.blocks.values[slots] = arrays["distances"]
        tsdf.weights[slots], tsdf.colours[slots] = arrays["weights"].view("<u2"), arrays["colours"].view("<u2")
        return tsdf

    def occupied(self) -> Cells:
        """Return voxels, int64 (N, 3), next to the surface on its far side."""
        keys, values = self.blocks.known()
        return decode(keys[(values <= 0) & (values > -self.config.voxel_m)])

    def _grow(self) -> None:
        missing = len(self.blocks.keys) - len(self.weights)
        if missing > 0:
            self.weights = np.concatenate([self.weights, np.zeros((missing, CELLS), np.uint16)])
            self.colours = np.concatenate([self.colours, np.zeros((missing, CELLS, 3), np.uint16)])
