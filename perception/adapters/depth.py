"""Depth from colour: Depth Anything V2 (arXiv 2406.09414), brought to the scale of the sensor where that sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engram.perception.adapters.boxes import Floats
from engram.perception.adapters.config import ModelConfig
from engram.perception.adapters.loading import array, image_processor, load, picture
from engram.perception.contracts import DepthEstimator
from engram.sims.contract import Observation

_MIN_PIXELS = 64  # valid readings that an alignment needs
_ROUNDS = 3
_FAR_M = 100.0


def usable(depth: Floats) -> NDArray[np.bool_]:
    """(H, W) whether a depth is a distance at all."""
    return np.asarray(np.isfinite(depth) & (depth > 0.0))


def scaled(estimate: Floats, sensor: Floats) -> Floats:
    """Return an estimate in metres times the median ratio of sensor to estimate, where both are valid.

    Both are (H, W) metres. With too few valid readings the estimate is returned as it is, its invalid pixels 0.
    """
    clean = np.where(usable(estimate), estimate, 0.0).astype(np.float32)
    both = usable(estimate) & usable(sensor)
    if both.sum() < _MIN_PIXELS:
        return clean
    return clean * np.float32(np.median(sensor[both] / estimate[both]))


def metric_from_disparity(disparity: Floats, sensor: Floats) -> Floats:
    """Return (H, W) metres of a disparity that is known up to scale and shift (arXiv 1907.01341).

    Scale and shift are the least squares fit to the inverse of the (H, W) sensor depth, refitted without the worst
    tenth. All is 0 when the sensor gives too little to fit, or denies that near things have more disparity.
    """
    nothing = np.zeros(disparity.shape, np.float32)
    both = np.isfinite(disparity) & usable(sensor)
    if both.sum() < _MIN_PIXELS:
        return nothing
    x, y = disparity[both].astype(np.float64), 1.0 / sensor[both].astype(np.float64)
    slope = shift = 0.0
    for _ in range(_ROUNDS):
        spread = float(np.var(x))
        slope = float(np.mean((x - x.mean()) * (y - y.mean()))) / spread if spread > 0.0 else 0.0
        shift = float(y.mean() - slope * x.mean())
        error = np.abs(slope * x + shift - y)
        good = error <= np.quantile(error, 0.9)
        x, y = x[good], y[good]
    if not slope > 0.0:
        return nothing
    inverse = slope * np.where(np.isfinite(disparity), disparity, -np.inf) + shift
    return np.divide(1.0, inverse, out=nothing, where=inverse > 1.0 / _FAR_M, casting="unsafe")


def fill_depth(observation: Observation, estimator: DepthEstimator) -> Observation:
    """Return the observation with estimated depth where the sensor gave none."""
    valid = usable(observation["depth"])
    if valid.all():
        return observation
    filled = np.where(valid, observation["depth"], estimator.estimate(observation)).astype(np.float32)
    return {**observation, "depth": filled}


class DepthAnything:
    """Any ``AutoModelForDepthEstimation``.

    Checkpoints that say ``metric`` give metres and are scaled to the sensor where it sees; others give disparity, which
    means metres only together with a sensor.
    """

    def __init__(self, config: ModelConfig) -> None:
        """Load the model; raises :class:`AdapterError`."""
        self._loaded = load(config, "AutoModelForDepthEstimation")
        self._processor = image_processor(config)
        self.metric: bool = getattr(self._loaded.model.config, "depth_estimation_type", "relative") == "metric"

    def estimate(self, observation: Observation) -> Floats:
        """Return (H, W) metres along the optical axis, 0 = invalid."""
        rgb, sensor = observation["rgb"], observation["depth"]
        output = self._loaded.ask(self._processor(picture(rgb), return_tensors="pt"))
        resize = self._loaded.torch.nn.functional.interpolate
        size = (rgb.shape[0], rgb.shape[1])
        raw = resize(output.predicted_depth[:, None].float(), size, mode="bilinear", align_corners=False)
        return (scaled if self.metric else metric_from_disparity)(array(raw[0, 0]), sensor)
