import numpy as np
import pytest

from engram.perception.adapters.depth import metric_from_disparity, scaled

RNG = np.random.default_rng(1)
TRUE_M = RNG.uniform(0.5, 6.0, (40, 50)).astype(np.float32)


def test_an_estimate_takes_the_scale_of_the_sensor_in_spite_of_outliers() -> None:
    sensor = TRUE_M.copy()
    sensor[:20] = 0.0
    sensor[20:24] = 9.0
    sensor[39] = np.nan
    assert scaled(TRUE_M / 1.7, sensor) == pytest.approx(TRUE_M, rel=1e-4)


def test_without_a_sensor_the_estimate_is_believed() -> None:
    estimate = TRUE_M.copy()
    estimate[0, :3] = [np.nan, -1.0, np.inf]
    out = scaled(estimate, np.zeros_like(TRUE_M))
    assert (out[0, :3] == 0.0).all()
    assert np.array_equal(out[1:], TRUE_M[1:])


def test_disparity_becomes_metres_by_a_sensor_with_outliers() -> None:
    sensor = TRUE_M.copy()
    sensor[:10] = 0.0
    sensor[10:12] = 0.3
    assert metric_from_disparity(40.0 / TRUE_M - 3.0, sensor) == pytest.approx(TRUE_M, rel=2e-3)


def test_disparity_that_cannot_be_fitted_is_no_depth() -> None:
    nothing = np.zeros_like(TRUE_M)
    assert np.array_equal(metric_from_disparity(1.0 / TRUE_M, nothing), nothing)
    assert np.array_equal(metric_from_disparity(TRUE_M, TRUE_M), nothing)  # the nearer, the less: nonsense
    assert np.array_equal(metric_from_disparity(np.ones_like(TRUE_M), TRUE_M), nothing)


def test_places_too_far_or_without_disparity_are_invalid() -> None:
    disparity = 1.0 / TRUE_M
    disparity[0, :3] = [np.nan, 0.0, -2.0]
    sensor = TRUE_M.copy()
    sensor[0, :3] = 0.0
    out = metric_from_disparity(disparity, sensor)
    assert (out[0, :3] == 0.0).all()
    assert out[1:] == pytest.approx(TRUE_M[1:], rel=1e-3)
