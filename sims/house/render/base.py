"""What a camera of the house gives, and how to get one.

Convention
    A camera pose is the optical centre in the model's world frame and a rotation whose columns are the optical axes
    x right, y down, z forward in that frame. Depth is metres along the optical z axis, 0 where nothing was hit.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import mujoco
import numpy as np
from numpy.typing import NDArray

from engram.sims.contract import Camera

Kind = Literal["auto", "raster", "rays", "gl"]
VISIBLE_GROUPS: frozenset[int] = frozenset({0, 1, 2, 4, 5})  # 3 holds collision proxies
CEILING_GROUP = 4
NUM_GROUPS = 6


class RenderError(RuntimeError):
    """Raised when a renderer cannot run here, or not with this model; the message says what to do."""


@dataclass(frozen=True, eq=False)
class Image:
    """One camera reading."""

    rgb: NDArray[np.uint8]  # (H, W, 3)
    depth: NDArray[np.float32]  # (H, W) metres along the optical axis, 0 where nothing was hit
    geom: NDArray[np.int32]  # (H, W) MuJoCo geom id, -1 where nothing was hit


class Renderer(Protocol):
    """Makes images of one model. Colours, materials and groups are read from the model at every call."""

    def render(
        self, data: mujoco.MjData, position: NDArray[np.float64], rotation: NDArray[np.float64], camera: Camera
    ) -> Image:
        """Render the state of ``data``, whose kinematics must be up to date.

        Args:
            data: state of the model.
            position: (3,) optical centre, world frame, metres.
            rotation: (3, 3) columns are the optical x, y, z axes in the world frame.
            camera: intrinsics and size in pixels.

        """
        ...


def make_renderer(kind: Kind, model: mujoco.MjModel, groups: Collection[int] = VISIBLE_GROUPS) -> Renderer:
    """Build a renderer that sees the given geom groups.

    ``"auto"`` is the rasteriser, or ray casting where numba is not installed.

    Raises:
        RenderError: something the renderer needs is missing; the message holds the remedy.
        ValueError: unknown kind or group.

    """
    if not set(groups) <= set(range(NUM_GROUPS)):
        raise ValueError(f"geom groups are 0 to {NUM_GROUPS - 1}, not {sorted(groups)}")
    visible = frozenset(groups)
    if kind in ("raster", "auto"):
        try:
            return _load("raster").RasterRenderer(model, visible)  # type: ignore[no-any-return]
        except ModuleNotFoundError as error:
            if kind == "raster":
                raise _missing("raster", error, "pip install numba") from error
        kind = "rays"
    if kind == "rays":
        return _load("rays").RayRenderer(model, visible)  # type: ignore[no-any-return]
    if kind == "gl":
        try:
            return _load("gl").GLRenderer(model, visible)  # type: ignore[no-any-return]
        except ModuleNotFoundError as error:
            raise _missing("gl", error, "pip install pyopengl") from error
    raise ValueError(f"unknown renderer {kind!r}; known are 'auto', 'raster', 'rays', 'gl'")


def warm_up() -> float:
    """Compile the rasteriser into numba's cache and return the seconds that took; needed once a machine.

    Numba keeps its cache in ``__pycache__`` beside the sources where that is writable, else in a cache directory of
    the user; the environment variable ``NUMBA_CACHE_DIR`` names another place. Without numba there is nothing to do.
    """
    try:
        return float(_load("raster").warm_up())
    except ModuleNotFoundError:
        return 0.0


def _load(name: str) -> Any:
    # Late, because numba and OpenGL are slow to import and one of them may be missing.
    return importlib.import_module(f"engram.sims.house.render.{name}")


def _missing(kind: str, error: ModuleNotFoundError, remedy: str) -> RenderError:
    return RenderError(f"the {kind!r} renderer needs the Python package {error.name!r}; run: {remedy}")


def check_pose(position: NDArray[np.float64], rotation: NDArray[np.float64]) -> None:
    """Refuse camera poses of the wrong shape or with numbers that are not finite.

    Raises:
        ValueError: naming what is wrong.

    """
    if position.shape != (3,) or rotation.shape != (3, 3):
        raise ValueError(f"a camera pose is (3,) and (3, 3), not {position.shape} and {rotation.shape}")
    if not (np.isfinite(position).all() and np.isfinite(rotation).all()):
        raise ValueError("the camera pose holds numbers that are not finite")


def image_size(camera: Camera) -> tuple[int, int]:
    """Return (height, width) in whole pixels."""
    return round(camera.height), round(camera.width)


def shown(model: mujoco.MjModel, groups: frozenset[int]) -> NDArray[np.bool_]:
    """(ngeom,) whether a geom is in a visible group and not fully transparent."""
    table = np.zeros(NUM_GROUPS, bool)
    table[list(groups)] = True
    visible: NDArray[np.bool_] = table[np.clip(model.geom_group, 0, NUM_GROUPS - 1)]
    return np.asarray(visible & (model.geom_rgba[:, 3] > 0.0))
